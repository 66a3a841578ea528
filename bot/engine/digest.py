"""The digest: when a channel drowns in new incidents, what would be one more is counted in a single one instead.

Each severity of each rule has a digest of its own, so whoever would have been paged for an alert is paged for its
digest; and alerts that name their own people never share one with alerts that name others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from bot.engine.model import MINUTE, Alert, Incident, Instant, Rule, Span

QUIET: Span = 5 * MINUTE
"""A digest that nothing has joined for so long collects no more: what comes then opens an incident of its own."""
LOOK_AT = 5
"""Closed incidents of a channel, the youngest first, among which a digest that has just closed is looked for."""
STEPS = (100, 1_000)
"""Numbers of alerts at which a digest pages again, beside those of the channel: what everybody ignored has grown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """From when on a channel drowns: so many incidents that open within so long."""

    incidents: int = 20
    """What a Telegram group takes in a minute, the least of all chats (https://core.telegram.org/bots/faq)."""
    within: Span = MINUTE


def key_of(rule: Rule | None, alert: Alert, named: Mapping[str, str]) -> str:
    """The group of the digest that counts an alert. `named` are the labels with which it names its own people."""
    key = f"digest:{alert.severity}:{rule.id if rule else 'catch_all'}"
    if not named:
        return key
    text = "\x1f".join(f"{label}={value}" for label, value in sorted(named.items()))
    return f"{key}#{sha256(text.encode(errors='replace')).hexdigest()[:16]}"


def drowns(digest: Digest, nth_newest: Incident | None, now: Instant) -> bool:
    """Whether the channel has opened as many incidents lately; `nth_newest` is the one that many places back."""
    return nth_newest is not None and nth_newest.opened_at > now - digest.within


def collects_until(digest: Digest | None, before: Instant, now: Instant) -> Instant:
    """Until when a digest that collected until `before` goes on after an alert that joins it at `now`.

    Each alert adds its share of the rate at which the channel drowns: a storm keeps its digest, and what comes more
    seldom is no storm any more, and must not vanish in a digest that somebody took hours ago.
    """
    return min(before + digest.within // digest.incidents, now + QUIET) if digest else before


def goes_on(digest: Digest, closed_at: Instant | None, now: Instant) -> bool:
    """Whether the storm outlives a digest whose alerts have all recovered: it closed less than `within` ago."""
    return closed_at is not None and now - closed_at < digest.within
