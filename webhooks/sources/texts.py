"""Untrusted values become text that every store, log and platform can take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

TITLE_LIMIT = 512
DESCRIPTION_LIMIT = 2048
"""Characters, as the custom event standard has them for every source."""

# Control characters break terminals and PostgreSQL (NUL); lone surrogates cannot be written as UTF-8 at all.
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def plain(value: Any) -> str:
    """A JSON value as text: numbers and booleans as JSON writes them, lists of scalars joined by commas, null as "".

    An object, or a list that holds one, stays readable as JSON. The result has no control characters but tab and
    line breaks, and no surrogates.
    """
    text = value if isinstance(value, str) else _written(value)
    return text if text.isprintable() else _UNSAFE.sub("", text)


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() if not any(isinstance(item, list | dict) for item in value):
            return ",".join(filter(None, (plain(item) for item in value)))
        case _:
            return _as_json(value)


def _as_json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (ValueError, RecursionError):  # lone surrogates, or nested deeper than anybody would read
        return ""


def cut(text: str, limit: int) -> str:
    """The text within `limit` characters; an ellipsis stands for what is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def title(value: Any) -> str:
    """One line within the limit of titles, or "" when there is nothing to show."""
    return cut(" ".join(plain(value).split()), TITLE_LIMIT)


def description(parts: Sequence[Any]) -> str:
    """The parts that say something, each once, one below the other, within the limit of descriptions."""
    said: dict[str, None] = {}
    for part in parts:
        text = plain(part).strip()
        if text:
            said[text] = None
    return cut("\n".join(said), DESCRIPTION_LIMIT)
