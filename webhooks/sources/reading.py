"""A body as JSON, read as forgivingly as is safe: an alert with a broken byte in it still has to arrive."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from webhooks.sources.base import Rejected, Request

_CHARSET = re.compile(r"charset\s*=\s*\"?([\w-]+)", re.IGNORECASE)

_CODECS = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "iso-8859-1": "cp1252", "latin1": "cp1252"}
"""What a declared charset means in practice; everything else is UTF-8, whatever it is called."""


def read_json(request: Request) -> Any | Rejected:
    """The JSON value of the body, or the rejection of a body that is none (a dead letter: its sender may be deaf)."""
    try:
        return msgspec.json.decode(request.body)
    except (ValueError, RecursionError):
        return _read_forgivingly(request)


def _read_forgivingly(request: Request) -> Any | Rejected:
    # A byte order mark, broken UTF-8, raw line breaks in strings, NaN, half a surrogate pair: all seen in the wild.
    text = request.body.decode(_codec(request), errors="replace").removeprefix("\ufeff")
    if not text.strip():
        return unreadable("The body is empty; send the alert as JSON.")
    try:
        return json.loads(text, strict=False, parse_constant=str)
    except json.JSONDecodeError as broken:
        return unreadable(f"The body is not JSON: {broken.msg} at line {broken.lineno}, column {broken.colno}.")
    except (ValueError, RecursionError):
        return unreadable("The body is not JSON that can be read: it nests too deeply or holds an absurd number.")


def _codec(request: Request) -> str:
    declared = _CHARSET.search(request.headers.get("content-type", ""))
    if declared is not None and declared[1].lower() in _CODECS:
        return _CODECS[declared[1].lower()]
    return json.detect_encoding(request.body)  # UTF-8, or UTF-16/32 by the pattern of zero bytes


def unreadable(why: str) -> Rejected:
    """The rejection of a body that nobody can read: answered 400, kept as a dead letter, and alarmed."""
    return Rejected(status=400, why=why, keep=True)
