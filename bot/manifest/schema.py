"""The JSON Schema of tocsin.yaml, for editors: `python -m bot.manifest.schema > docs/tocsin.schema.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

from bot.manifest.model import Manifest
from bot.manifest.values import human


def manifest_schema() -> dict[str, Any]:
    """The schema (draft 2020-12). It knows shapes; names, limits of durations and variables are for `check`."""
    schema = Manifest.model_json_schema(by_alias=True)
    for part in schema["$defs"].values():
        for key in part.get("properties", {}).values():
            if key.get("$comment") and isinstance(key.get("default"), int):
                key["default"] = human(key["default"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "tocsin.yaml"}


def as_text() -> str:
    """The schema as the file has it."""
    return json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_text())
