"""The addresses to which a mail is answered: `reply+TOKEN@…` from people, `bounce+ID@…` from mail servers.

Everything is lower-case base32: some mail servers fold the case of a local part, which RFC 5321 §2.4 lets them do with
their own. A local part has 64 octets at most (§4.5.3.1.1); these take 38 and 33.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.engine.model import DAY, HOUR, Instant, Span

REPLY: Final = "reply"
BOUNCE: Final = "bounce"
REPLY_LIFE: Final[Span] = 7 * DAY
"""So long a mail can be answered: over a weekend and a holiday, not for years."""

_SEAL_BYTES: Final = 9  # 72 bits, as on buttons
_HOUR_BYTES: Final = 3  # the hours since 1970 need 19 bits now
_INCIDENT: Final = re.compile(r"[0-9a-f]{16}\Z")
_TOKEN: Final = re.compile(r"[a-z2-7]{32}\Z")
_MAIL_ID: Final = re.compile(r"[a-z2-7]{26}\Z")
_MAIL_ID_BYTES: Final = 16
_ANSWER: Final = b"tocsin mail answer 1\0"
_NAME: Final = b"tocsin mail id 1\0"

Key = bytes | tuple[bytes, ...]
"""One key, or several while they are rotated: the first seals, all of them open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a reply's token says: which incident, whose answer, and until when it counts."""

    incident: str
    member: str
    until: Instant


def seal(key: Key, incident: str, member: str, now: Instant) -> str:
    """The token of a mail to `member` about `incident`: 32 characters of `a-z2-7`, good for `REPLY_LIFE`.

    Raises `ValueError` for an incident that is not 16 hexadecimal digits.
    """
    if not _INCIDENT.match(incident):
        raise ValueError(f"A mail can be answered only for an incident of 16 hexadecimal digits, not {incident!r}.")
    hours = -(-(now + REPLY_LIFE) // HOUR)
    body = bytes.fromhex(incident) + hours.to_bytes(_HOUR_BYTES)
    return _text(body + _stamp(_keys(key)[0], body, member))


def unseal(key: Key, token: str, members: Iterable[str]) -> Opened | None:
    """What a token says, if it was sealed for one of these members; whether its time is over is for the caller."""
    token = token.casefold()
    if not _TOKEN.match(token):
        return None
    raw = base64.b32decode(token.upper())
    body, stamp = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
    for member in members:
        if any(hmac.compare_digest(_stamp(each, body, member), stamp) for each in _keys(key)):
            until = int.from_bytes(body[8:]) * HOUR
            return Opened(incident=body[:8].hex(), member=member, until=until)
    return None


def mail_id(key: Key, delivery: str) -> str:
    """The name of a delivery in mail: the same for the same delivery, and nobody guesses it who has not seen it.

    It is the left side of the Message-ID, and what a `bounce+…` address carries.
    """
    keys = _keys(key) if key else (b"",)
    return _text(hmac.new(keys[0], _NAME + delivery.encode(), hashlib.sha256).digest()[:_MAIL_ID_BYTES])


def is_mail_id(text: str) -> bool:
    """Whether this has the shape of a `mail_id`."""
    return bool(_MAIL_ID.match(text))


def tagged(address: str) -> tuple[str, str]:
    """What stands before and behind the `+` of an address: `("reply", "2kq…")`, both lower-case.

    A mailbox without a `+` gives an empty second part.
    """
    local = address.strip().strip("<>").rpartition("@")[0].casefold()
    before, _, behind = local.partition("+")
    return before, behind


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _stamp(key: bytes, body: bytes, member: str) -> bytes:
    return hmac.new(key, _ANSWER + body + member.encode(), hashlib.sha256).digest()[:_SEAL_BYTES]


def _keys(key: Key) -> tuple[bytes, ...]:
    keys = (key,) if isinstance(key, bytes) else key
    if not keys or not all(keys):
        raise ValueError("Mail addresses cannot be sealed without a key; set one, or let the first start make one up.")
    return keys
