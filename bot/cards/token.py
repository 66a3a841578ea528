"""What a button carries: verb, incident, revision and argument in 64 bytes, sealed so that nobody can make one up.

A token proves that Tocsin drew the button. It does not say who presses it: the platform does, or its `holder` (links).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

TOKEN_MAX = 64
"""Bytes. Telegram's `callback_data` is the tightest (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""

_SEAL_BYTES = 9
"""72 bits of HMAC-SHA256, which are exactly 12 base64 characters: no spare bits that could be flipped unnoticed."""

_PURPOSE = b"tocsin card token 1\0"
_WORD = re.compile(r"[a-z][a-z0-9_-]*\Z")
_PART = re.compile(r"[A-Za-z0-9_-]*\Z")
_INCIDENT = re.compile(r"[0-9a-f]{16}\Z")

Key = bytes | tuple[bytes, ...]
"""One key, or several while they are rotated: the first seals, all of them read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a button asked for. `holder` is the member that a link was made for; empty on buttons."""

    verb: str
    incident: str
    rev: int
    arg: str = ""
    holder: str = ""


def mint(key: Key, verb: str, incident: str, rev: int, arg: str = "", *, holder: str = "") -> str:
    """The text for a button or a link: at most 64 characters of `A-Za-z0-9_.-`.

    Raises `ValueError` for parts that such a text cannot carry, and where all together are too long.
    """
    if not _WORD.match(verb) or not _PART.match(arg) or not _PART.match(holder):
        raise ValueError(f"A button cannot carry {verb!r} {arg!r} {holder!r}: only letters, digits, _ and - are safe.")
    if not _INCIDENT.match(incident) or rev < 0:
        raise ValueError(
            f"A button needs an incident of 16 hexadecimal digits and a revision, not {incident!r}, {rev}."
        )
    parts = [verb, _pack(incident), str(rev), arg, holder]
    while not parts[-1]:
        parts.pop()
    body = ".".join(parts)
    text = f"{body}.{_seal(_keys(key)[0], body)}"
    if len(text) > TOKEN_MAX:
        raise ValueError(
            f"The button {verb} {arg} {holder} takes {len(text)} bytes of {TOKEN_MAX}; shorten the argument."
        )
    return text


def fits(verb: str, incident: str, rev: int, arg: str = "", *, holder: str = "") -> bool:
    """Whether `mint` can make this one."""
    try:
        mint(b"-", verb, incident, rev, arg, holder=holder)
    except ValueError:
        return False
    return True


def read(key: Key, text: str) -> Token | None:
    """What a token says, or None where it was not sealed with one of these keys: forged, damaged, or too old."""
    if len(text) > TOKEN_MAX or not text.isascii():
        return None
    body, dot, seal = text.rpartition(".")
    if not dot or not any(hmac.compare_digest(_seal(each, body), seal) for each in _keys(key)):
        return None
    verb, incident, rev, *rest = body.split(".")
    arg, holder = [*rest, "", ""][:2]
    return Token(verb=verb, incident=_unpack(incident), rev=int(rev), arg=arg, holder=holder)


def _keys(key: Key) -> tuple[bytes, ...]:
    keys = (key,) if isinstance(key, bytes) else key
    if not keys or not all(keys):
        raise ValueError("Buttons cannot be sealed without a key; set one, or let the first start make one up.")
    return keys


def _seal(key: bytes, body: str) -> str:
    digest = hmac.new(key, _PURPOSE + body.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:_SEAL_BYTES]).decode()


def _pack(incident: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(incident)).decode().rstrip("=")


def _unpack(packed: str) -> str:
    return base64.urlsafe_b64decode(packed + "=").hex()
