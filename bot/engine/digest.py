"""The digest: when a channel drowns in new incidents, what would be one more is counted in a single one instead.

Each severity of each rule has a digest of its own, so whoever would have been paged for an alert is paged for its
digest; and alerts that name their own people never share one with alerts that name others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from bot.engine.model import MINUTE, SECOND, Alert, Incident, Instant, Rule, Span

QUIET: Span = 5 * MINUTE
"""A digest that nothing has joined for so long collects no more: what comes then opens an incident of its own."""
EACH: Span = 30 * SECOND
"""What an alert that joins adds to that time, which never exceeds `QUIET`: two alerts in a minute keep a digest. What
comes more seldom is no storm any more, and must not vanish in a digest that somebody took hours ago."""
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

    Where a channel drowns in fewer than two incidents a minute, its digests last with as few.
    """
    each = max(EACH, digest.within // digest.incidents) if digest else EACH
    return min(before + each, now + QUIET)
