"""Plain dictionaries in place of tables, with a journal that can undo what was written to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, NamedTuple, TypeVar

from bot.engine.effects import Entry
from bot.engine.flapping import Flaps
from bot.engine.model import Alert, Incident, Instant
from bot.engine.silence import Silence
from bot.engine.turns import Turn, TurnSlot
from bot.store.base import AlarmRow, AlertSlot, Delivery, Identity, Inbound, InboxState, Token

K = TypeVar("K")
V = TypeVar("V")

Handles = defaultdict[tuple[str, str], dict[str, None]]
"""Delivery ids by carrier and the name that an outsider gave the message."""

_ABSENT: Final = object()


class Body(NamedTuple):
    """A row of the inbox."""

    inbound: Inbound
    state: InboxState
    due_at: Instant
    outcome: str
    settled_at: Instant | None


class Journal:
    """What each change replaced, oldest first."""

    def __init__(self) -> None:
        """Nothing to undo."""
        self._replaced: list[tuple[dict[Any, Any], Any, Any]] = []

    def __len__(self) -> int:
        return len(self._replaced)

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        """Insert or replace."""
        self._replaced.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def drop(self, table: dict[K, V], key: K) -> None:
        """Delete, if it is there."""
        if key in table:
            self._replaced.append((table, key, table.pop(key)))

    def undo(self, mark: int = 0) -> None:
        """Go back to when the journal had `mark` entries."""
        while len(self._replaced) > mark:
            table, key, old = self._replaced.pop()
            if old is _ABSENT:
                del table[key]
            else:
                table[key] = old

    def keep(self) -> None:
        """What was written stays."""
        self._replaced.clear()


@dataclass(slots=True)
class Tables:
    """All rows by their ids, and beside them what the SQL store has indexes for.

    A number from `seq` is a row's place in the order of arrival.
    """

    seq: count[int] = field(default_factory=count)

    bodies: dict[str, Body] = field(default_factory=dict)
    body_seq: dict[str, int] = field(default_factory=dict)
    by_state: dict[InboxState, dict[str, None]] = field(default_factory=lambda: {state: {} for state in InboxState})

    alerts: dict[str, Alert] = field(default_factory=dict)
    alert_seq: dict[str, int] = field(default_factory=dict)
    alerts_by_incident: defaultdict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    open_slots: dict[AlertSlot, str] = field(default_factory=dict)
    open_channels: defaultdict[tuple[str, str], dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    timed_alerts: dict[str, Instant] = field(default_factory=dict)
    muted: defaultdict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    silences: dict[tuple[str, str], Silence] = field(default_factory=dict)
    flaps: dict[AlertSlot, Flaps] = field(default_factory=dict)
    sights: dict[tuple[str, str], Instant] = field(default_factory=dict)

    incidents: dict[str, Incident] = field(default_factory=dict)
    incident_seq: dict[str, int] = field(default_factory=dict)
    by_num: dict[int, str] = field(default_factory=dict)
    unclosed: dict[str, None] = field(default_factory=dict)
    open_groups: dict[tuple[str, str], str] = field(default_factory=dict)
    waking: dict[str, Instant] = field(default_factory=dict)
    turns: dict[TurnSlot, Turn] = field(default_factory=dict)
    timelines: defaultdict[str, dict[int, Entry]] = field(default_factory=lambda: defaultdict(dict))

    deliveries: dict[str, Delivery] = field(default_factory=dict)
    delivery_seq: dict[str, int] = field(default_factory=dict)
    delivery_keys: dict[str, str] = field(default_factory=dict)
    deliveries_by_incident: defaultdict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    queued: dict[str, None] = field(default_factory=dict)
    providers: Handles = field(default_factory=lambda: defaultdict(dict))
    refs: Handles = field(default_factory=lambda: defaultdict(dict))

    identities: dict[tuple[str, str], Identity] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    seen: dict[tuple[str, str], Instant] = field(default_factory=dict)
    alarms: dict[int, AlarmRow] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
