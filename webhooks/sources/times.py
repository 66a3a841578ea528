"""Moments as monitoring systems write them: RFC 3339 at any precision, or a number whose size gives its unit away."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from bot.engine.model import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_LAST = 253_402_300_799_999
"""The last millisecond of the year 9999: what a sender puts beyond it is nonsense, and no calendar can show it."""


def moment(value: Any, zone: tzinfo = UTC) -> Instant | None:
    """What a field says about time, or None when it says nothing: absent, unreadable, or zero (`0001-01-01`, 0).

    Text without an offset is read in `zone`.
    """
    if isinstance(value, str):
        text = value.strip()
        return _from_number_text(text) if text.replace(".", "", 1).isdecimal() else rfc3339(text, zone)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return epoch(value)
    return None


def rfc3339(text: str, zone: tzinfo = UTC) -> Instant | None:
    """An ISO date and time, with any number of fraction digits; None for the zero time and for what is not one."""
    try:
        stamp = datetime.fromisoformat(text[:-1] + "Z" if text.endswith("z") else text)
    except ValueError:
        return None
    return _known((_with_zone(stamp, zone) - _EPOCH) // _MILLISECOND)


def epoch(number: float) -> Instant | None:
    """A count since 1970 in seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude.

    Seconds reach to the year 5138; each finer unit begins where its number of digits does, in 1973.
    """
    if not (math.isfinite(number) and number > 0):
        return None
    if number < 1e11:
        return _known(round(number * 1000))
    if number < 1e14:
        return _known(int(number))
    return _known(int(number) // (1_000 if number < 1e17 else 1_000_000))


def _from_number_text(text: str) -> Instant | None:
    # Whole numbers stay exact; a text of thousands of digits is no time, and Python would refuse to count it.
    if len(text) > 32:
        return None
    return epoch(float(text) if "." in text else int(text))


def _with_zone(stamp: datetime, zone: tzinfo) -> datetime:
    return stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=zone)


def _known(instant: Instant) -> Instant | None:
    return instant if 0 < instant <= _LAST else None


def written(instant: Instant) -> str:
    """An instant as RFC 3339 in UTC, to the millisecond."""
    return (_EPOCH + instant * _MILLISECOND).isoformat(timespec="milliseconds")
