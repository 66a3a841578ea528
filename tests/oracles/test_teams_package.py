"""Microsoft's own JSON schemas judge the app package for Teams: `@microsoft/app-manifest`, from `make oracles`."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.adapters.teams.package import VERSION, app_package

SCHEMAS = Path(__file__).parent / "node_modules/@microsoft/app-manifest/build/json-schemas/teams" / f"v{VERSION}"

pytestmark = pytest.mark.skipif(not SCHEMAS.exists(), reason="Microsoft's schemas are not here: make oracles")

APP = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def faults(content: dict[str, Any], schema: str) -> list[str]:
    rules = json.loads((SCHEMAS / f"MicrosoftTeams.{schema}schema.json").read_text(encoding="utf-8-sig"))
    kind = jsonschema.validators.validator_for(rules)
    return [error.message for error in kind(rules).iter_errors(content)]


@pytest.mark.parametrize(("file", "schema"), [("manifest.json", ""), ("zh-cn.json", "Localization.")])
def test_the_package_keeps_the_vendors_schema(file: str, schema: str):
    with zipfile.ZipFile(io.BytesIO(app_package(APP, "https://toc.example.com"))) as package:
        content = json.loads(package.read(file))
    assert faults(content, schema) == []
    assert faults({**content, "surprise": 1}, schema) != []
