"""Grouping: which alerts make one incident. By equal values, by likeness, or not at all; for a while or to the end.

A group is a key that one open incident of a channel may hold. An incident that is full, or whose window is over, gives
its key up and lives on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from bot.engine import similarity
from bot.engine.conditions import facts, matches
from bot.engine.effects import Reason
from bot.engine.model import Alert, Filter, Incident, Instant, Span
from bot.engine.similarity import Likeness

ALERTS_MAX = 5_000
"""Alerts of one incident."""
CANDIDATES_MAX = 200
"""Open incidents that a new alert is compared with, the newest first."""
KEY_MAX = 200
"""Characters of a group key; a longer one is cut and told apart by its hash."""

Method = Literal["none", "rules", "similar"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Alerts that pass the filter are grouped by these dimensions."""

    filter: Filter
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """How a channel makes incidents of alerts. A dimension is a key of a condition: `severity`, `labels.service`…"""

    method: Method = "none"
    by: tuple[str, ...] = ()
    """The dimensions of what no branch takes; none: each alert alone."""
    branches: tuple[Branch, ...] = ()
    """The first that matches decides."""
    strict: bool = False
    """Whether an alert that lacks a value, or has an empty one, stays alone; else empty equals empty."""
    fields: tuple[str, ...] = similarity.FIELDS
    """What is compared by likeness."""
    threshold: float = similarity.THRESHOLD
    window: Span = 0
    """How long an incident collects alerts; 0: until it closes."""
    sliding: bool = False
    """Whether the window begins anew with each alert that joins; else it is counted from the opening."""


ALONE = Grouping()


def facts_of(alert: Alert) -> dict[str, str]:
    """The facts of an alert, as filters and dimensions ask for them."""
    return facts(
        title=alert.title,
        description=alert.description,
        severity=alert.status,
        labels=alert.labels,
        integration=alert.integration,
    )


def key_of(grouping: Grouping, alert: Alert, known: Mapping[str, str]) -> str:
    """The group of an alert, where equal values decide; by likeness no two alerts share a key beforehand."""
    alone = f"alert:{alert.integration}:{alert.alert_key}"
    if grouping.method == "similar":
        return f"alike:{alert.id}"
    if grouping.method == "none":
        return alone
    names, mark = grouping.by, "*"
    for place, branch in enumerate(grouping.branches):
        if matches(branch.filter, known):
            names, mark = branch.by, str(place)
            break
    values = [known.get(name, "") for name in names]
    if not names or (grouping.strict and not all(values)):
        return alone
    key = f"rules:{mark}:" + "\x1f".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
    return key if len(key) <= KEY_MAX else f"{key[:KEY_MAX]}#{sha256(key.encode(errors='replace')).hexdigest()[:16]}"


def most_alike(
    grouping: Grouping, alert: Alert, candidates: Iterable[Incident], now: Instant
) -> tuple[Incident, Likeness] | None:
    """The open incident that an alert belongs to by likeness, and why; of equals the newest. None when none is near."""
    best: tuple[Incident, Likeness] | None = None
    for incident in candidates:
        if not incident.group_key.startswith("alike:") or not collects(incident, now):
            continue
        found = similarity.compare(alert, incident, grouping.fields)
        if found.score >= grouping.threshold and (best is None or found.score > best[1].score):
            best = incident, found
    return best


def collects(incident: Incident, now: Instant) -> bool:
    """Whether an open incident still takes new alerts."""
    return why_not(incident, now) is None


def why_not(incident: Incident, now: Instant) -> Reason | None:
    """The named reason why an open incident takes no more alerts; None when it does."""
    if incident.alerts_total >= ALERTS_MAX:
        return Reason.GROUP_FULL
    if incident.collects_until is not None and incident.collects_until <= now:
        return Reason.WINDOW_OVER
    return None


def window_from(grouping: Grouping, now: Instant) -> Instant | None:
    """When a window that begins now is over; None where there is no window."""
    return now + grouping.window if grouping.window else None
