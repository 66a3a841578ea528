"""Inhibition: an alert that another one explains. While the cause is on the table, its consequences page nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.engine.conditions import matches
from bot.engine.model import MINUTE, Alert, Filter, Span
from bot.engine.silence import Mode

ACTIVE_FOR: Span = 10 * MINUTE
"""A cause that has not been heard of for so long explains nothing new."""
LOOK_AT = 1000
"""Active alerts of a channel that are considered as causes, the latest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """One rule: alerts like `target` are not wanted while one like `source`, with these labels alike, is active."""

    id: str
    source: Filter
    target: Filter
    equals: tuple[str, ...] = ()
    """Labels that both must have, with equal values; none: any source explains any target."""
    mode: Mode = "mark"


def cause_of(
    rule: Inhibition, target: Alert, facts: Mapping[str, str], actives: Iterable[tuple[Alert, Mapping[str, str]]]
) -> Alert | None:
    """The active alert that explains `target` by this rule. `actives` come with their facts, the latest first.

    What fits the source itself is never inhibited: no alert explains itself, and no two explain each other away.
    """
    if not matches(rule.target, facts) or matches(rule.source, facts):
        return None
    for alert, known in actives:
        if matches(rule.source, known) and _agree(rule.equals, alert, target):
            return alert
    return None


def _agree(names: Iterable[str], one: Alert, other: Alert) -> bool:
    return all(name in one.labels and one.labels[name] == other.labels.get(name) for name in names)
