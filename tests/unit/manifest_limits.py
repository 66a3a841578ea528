"""Limits and defaults of every key of a manifest, in words, read from its JSON Schema: what docs/limits.md must say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.manifest.schema import manifest_schema
from bot.manifest.values import human

Schema = dict[str, Any]
_SCHEMA = manifest_schema()
_SEVERITY = re.compile(r"ladder\.(?:critical|warning|info)")
_MEDIUM = re.compile(r"quotas\.(?:sms|voice|email)")


def keys() -> dict[str, tuple[str, str]]:
    """Path of a key (`channels.ID.rules[].delay`) → its limit and its default, for all that have a greatest value."""
    found = _below(_SCHEMA, "", frozenset())
    return {_MEDIUM.sub("quotas.MEDIUM", _SEVERITY.sub("ladder.SEVERITY", path)): said for path, said in found}


def _below(schema: Schema, path: str, seen: frozenset[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, raw in schema.get("properties", {}).items():
        yield from _key(raw, f"{path}.{name}".lstrip("."), seen, required=name in schema.get("required", ()))


def _key(raw: Schema, path: str, seen: frozenset[str], *, required: bool) -> Iterator[tuple[str, tuple[str, str]]]:
    name = _named(raw)
    schema = _resolved(raw)
    limit = _limit(schema)
    if limit:
        yield path, (limit, "required" if required else _default(raw))
    if name in seen:
        return
    inside = seen | {name} if name else seen
    yield from _below(schema, path, inside)
    if isinstance(schema.get("items"), dict):
        yield from _key({**schema["items"], "default": None}, f"{path}[]", inside, required=False)
    for part in (schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()):
        if isinstance(part, dict):
            yield from _key({**part, "default": None}, f"{path}.ID", inside, required=False)


def _named(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _resolved(schema: Schema) -> Schema:
    """Without references, and without the alternative of nothing at all."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolved(choice)
    return _resolved(_SCHEMA["$defs"][_named(schema)]) if "$ref" in schema else schema


def _limit(schema: Schema) -> str:
    if comment := schema.get("$comment"):
        span, _, step = comment.partition(", in steps of ")
        return span.replace(" to ", "–") + (f" in steps of {step}" if step != "1s" else "")
    for low, high, unit in (
        ("minLength", "maxLength", " characters"), ("minimum", "maximum", ""), ("minItems", "maxItems", ""),
        ("minProperties", "maxProperties", ""),
    ):  # fmt: skip
        if high in schema:
            most = f"{schema[high]:,}".replace(",", " ") if schema[high] >= 10_000 else f"{schema[high]:g}"
            said = f"{schema[low]:g}–{most}" if low in schema else f"up to {most}"
            return said if schema.get("type") == "array" else said + unit
    return ""


def _default(schema: Schema) -> str:
    value = schema.get("default")
    if value in (None, "", [], {}):
        return "none"
    if isinstance(value, list):
        spans = schema.get("items", {}).get("$comment")
        return ", ".join(human(each) if spans else str(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
