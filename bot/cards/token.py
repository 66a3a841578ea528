"""What a button carries: verb, incident, revision and argument in 64 bytes, sealed so that nobody can make one up.

A token proves that Tocsin drew the button. It does not say who presses it: the platform does. A link in a mail says it
itself: it is sealed for one member, for one action, and for a time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from bot.engine.model import MINUTE, Instant

TOKEN_MAX = 64
"""Bytes. Telegram's `callback_data` is the tightest (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""

_SEAL_BYTES = 9
"""72 bits of HMAC-SHA256, which are exactly 12 base64 characters: no spare bits that could be flipped unnoticed."""

LINK_MAX = 128
"""Characters. Links stand in mails and texts, where nothing is as tight as in `callback_data`."""

HOLDER_MAX = 64
"""Characters of a member's id: the manifest allows 39."""

_PURPOSE = b"tocsin card token 1\0"
_LINK_PURPOSE = b"tocsin action link 1\0"
_WORD = re.compile(r"[a-z][a-z0-9_-]*\Z")
_PART = re.compile(r"[A-Za-z0-9_-]*\Z")
_INCIDENT = re.compile(r"[0-9a-f]{16}\Z")

Key = bytes | tuple[bytes, ...]
"""One key, or several while they are rotated: the first seals, all of them read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a button asked for."""

    verb: str
    incident: str
    rev: int
    arg: str = ""


def mint(key: Key, verb: str, incident: str, rev: int, arg: str = "") -> str:
    """The text for a button: at most 64 characters of `A-Za-z0-9_.-`.

    Raises `ValueError` for parts that such a text cannot carry, and where all together are too long.
    """
    if not _WORD.match(verb) or not _PART.match(arg):
        raise ValueError(f"A button cannot carry {verb!r} {arg!r}: only letters, digits, _ and - are safe.")
    if not _INCIDENT.match(incident) or rev < 0:
        raise ValueError(
            f"A button needs an incident of 16 hexadecimal digits and a revision, not {incident!r}, {rev}."
        )
    body = ".".join([verb, _pack(incident), str(rev), *([arg] if arg else [])])
    text = f"{body}.{_seal(_keys(key)[0], body)}"
    if len(text) > TOKEN_MAX:
        raise ValueError(f"The button {verb} {arg} takes {len(text)} bytes of {TOKEN_MAX}; shorten the argument.")
    return text


def read(key: Key, text: str) -> Token | None:
    """What a token says, or None where it was not sealed with one of these keys: forged, damaged, or too old."""
    if len(text) > TOKEN_MAX or not text.isascii():
        return None
    body, dot, seal = text.rpartition(".")
    if not dot or not any(hmac.compare_digest(_seal(each, body), seal) for each in _keys(key)):
        return None
    verb, incident, rev, *rest = body.split(".")
    return Token(verb=verb, incident=_unpack(incident), rev=int(rev), arg=rest[0] if rest else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One action for one member, until an instant. Sealed with another purpose: a button is no link."""

    verb: str
    incident: str
    rev: int
    holder: str
    until: Instant


def mint_link(key: Key, link: Link) -> str:
    """The text for a link: at most 128 characters of `A-Za-z0-9_.-`, and good to the minute.

    Raises `ValueError` for parts that such a text cannot carry.
    """
    if not _WORD.match(link.verb) or not link.holder or not _PART.match(link.holder):
        raise ValueError(f"A link cannot carry {link.verb!r} for {link.holder!r}: only letters, digits, _ and - are.")
    if not _INCIDENT.match(link.incident) or link.rev < 0 or link.until < 0:
        raise ValueError(f"A link needs an incident of 16 hexadecimal digits and a revision, not {link!r}.")
    body = f"{link.verb}.{_pack(link.incident)}.{link.rev}.{link.until // MINUTE:x}.{link.holder}"
    text = f"{body}.{_seal(_keys(key)[0], body, _LINK_PURPOSE)}"
    if len(text) > LINK_MAX:
        raise ValueError(f"The link takes {len(text)} characters of {LINK_MAX}; shorten the member's id.")
    return text


def read_link(key: Key, text: str) -> Link | None:
    """What a link says, or None where it was not sealed with one of these keys. Its time is for the caller to judge."""
    if len(text) > LINK_MAX or not text.isascii():
        return None
    body, dot, seal = text.rpartition(".")
    if not dot or not any(hmac.compare_digest(_seal(each, body, _LINK_PURPOSE), seal) for each in _keys(key)):
        return None
    verb, incident, rev, minutes, holder = body.split(".")
    return Link(verb=verb, incident=_unpack(incident), rev=int(rev), until=int(minutes, 16) * MINUTE, holder=holder)


def can_hold(holder: str) -> bool:
    """Whether a link can be made for this member: an address of somebody who is none cannot act."""
    return bool(holder and _PART.match(holder)) and len(holder) <= HOLDER_MAX


def _keys(key: Key) -> tuple[bytes, ...]:
    keys = (key,) if isinstance(key, bytes) else key
    if not keys or not all(keys):
        raise ValueError("Buttons cannot be sealed without a key; set one, or let the first start make one up.")
    return keys


def _seal(key: bytes, body: str, purpose: bytes = _PURPOSE) -> str:
    digest = hmac.new(key, purpose + body.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:_SEAL_BYTES]).decode()


def _pack(incident: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(incident)).decode().rstrip("=")


def _unpack(packed: str) -> str:
    return base64.urlsafe_b64decode(packed + "=").hex()
