"""Plain dictionaries in place of tables, with a journal that can undo what was written to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any, Final, NamedTuple, TypeVar

from bot.engine.effects import Entry
from bot.engine.flapping import Flaps
from bot.engine.model import Alert, Incident, Instant
from bot.engine.silence import Silence
from bot.engine.turns import Turn, TurnSlot
from bot.store.base import AlarmRow, AlertSlot, Delivery, Identity, Inbound, InboxState, Token
from bot.store.base_rota import ChatOverride
from bot.store.base_tries import Try

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


class Timed(dict[str, Instant]):
    """When each row is due; knows the earliest without a look at all the others.

    The heap has an entry for every pair that was ever set. One that is no longer true is dropped when it comes first;
    what the journal restores is set anew, so nothing true is ever missing.
    """

    def __init__(self) -> None:
        """Nothing is due."""
        super().__init__()
        self._heap: list[tuple[Instant, str]] = []

    def __setitem__(self, row: str, at: Instant) -> None:
        """Let a row be due at an instant, and at no other."""
        if self.get(row) != at:
            super().__setitem__(row, at)
            heappush(self._heap, (at, row))

    def earliest(self) -> Instant | None:
        """When the first row is due."""
        heap = self._heap
        while heap and self.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def until(self, now: Instant) -> list[str]:
        """The rows that are due at `now`, by their instants."""
        due: dict[str, Instant] = {}
        while (at := self.earliest()) is not None and at <= now:
            due[heappop(self._heap)[1]] = at
        for row, at in due.items():
            heappush(self._heap, (at, row))
        return list(due)


@dataclass(slots=True)
class Tables:
    """All rows by their ids, and beside them what the SQL store has indexes for.

    A number from `seq` is a row's place in the order of arrival.
    """

    seq: count[int] = field(default_factory=count)

    bodies: dict[str, Body] = field(default_factory=dict)
    body_seq: dict[str, int] = field(default_factory=dict)
    waiting: Timed = field(default_factory=Timed)
    by_state: dict[InboxState, dict[str, None]] = field(default_factory=lambda: {state: {} for state in InboxState})

    alerts: dict[str, Alert] = field(default_factory=dict)
    alert_seq: dict[str, int] = field(default_factory=dict)
    alerts_by_incident: defaultdict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    open_slots: dict[AlertSlot, str] = field(default_factory=dict)
    open_channels: defaultdict[tuple[str, str], dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    timed_alerts: Timed = field(default_factory=Timed)
    muted: defaultdict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    silences: dict[tuple[str, str], Silence] = field(default_factory=dict)
    chat_overrides: dict[str, ChatOverride] = field(default_factory=dict)
    flaps: dict[AlertSlot, Flaps] = field(default_factory=dict)
    sights: dict[tuple[str, str], Instant] = field(default_factory=dict)

    incidents: dict[str, Incident] = field(default_factory=dict)
    incident_seq: dict[str, int] = field(default_factory=dict)
    by_num: dict[int, str] = field(default_factory=dict)
    unclosed: dict[str, None] = field(default_factory=dict)
    open_groups: dict[tuple[str, str], str] = field(default_factory=dict)
    waking: Timed = field(default_factory=Timed)
    turns: dict[TurnSlot, Turn] = field(default_factory=dict)
    timelines: defaultdict[str, dict[int, Entry]] = field(default_factory=lambda: defaultdict(dict))

    deliveries: dict[str, Delivery] = field(default_factory=dict)
    delivery_seq: dict[str, int] = field(default_factory=dict)
    delivery_keys: dict[str, str] = field(default_factory=dict)
    deliveries_by_incident: defaultdict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    queued: Timed = field(default_factory=Timed)
    providers: Handles = field(default_factory=lambda: defaultdict(dict))
    refs: Handles = field(default_factory=lambda: defaultdict(dict))

    tries: dict[str, Try] = field(default_factory=dict)
    tries_by_delivery: defaultdict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    tries_by_name: defaultdict[tuple[str, str, str], dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    watched: Timed = field(default_factory=Timed)

    identities: dict[tuple[str, str], Identity] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    seen: dict[tuple[str, str], Instant] = field(default_factory=dict)
    alarms: dict[int, AlarmRow] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
