"""The sealed address of a schedule's calendar feed: whoever holds it may read the shifts, and nothing else."""

from __future__ import annotations

from hashlib import sha256

from bot.cards.token import Key, mint, read

_VERB = "ical"
_HEX = 16
"""What a token says it is about has 16 hexadecimal digits: here those of the schedule's id, hashed."""


def feed_url(key: Key, url: str, schedule: str) -> str:
    """Where a calendar subscribes to a schedule; empty where Tocsin has no public URL."""
    return f"{url.rstrip('/')}/oncall/{schedule}.ics?t={mint(key, _VERB, _about(schedule), 0)}" if url else ""


def may_read(key: Key, schedule: str, seal: str) -> bool:
    """Whether a seal was made for this schedule's feed."""
    token = read(key, seal)
    return token is not None and (token.verb, token.incident) == (_VERB, _about(schedule))


def _about(schedule: str) -> str:
    return sha256(schedule.encode()).hexdigest()[:_HEX]
