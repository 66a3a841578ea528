"""Incidents and timelines in SQL. What a transaction has read or written is kept, and saved together at the end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import select

from bot.engine.effects import Entry
from bot.engine.model import Incident, Instant
from bot.store.base import StaleRevision
from bot.store.dialect import Cursor, Dialect
from bot.store.mapping import Row, entry_from, entry_row, incident_from, incident_row, is_open, needle, plain
from bot.store.session import Session
from bot.store.statement import Statement, constant, insert_row, limit, param, upsert_row
from bot.store.tables import INCIDENT, TIMELINE

Group = tuple[str, str]

_FIELDS = (INCIDENT.c.id, INCIDENT.c.whole)
_OPEN = INCIDENT.c.progress != constant("Closed")

_UPSERT: Final = upsert_row(INCIDENT, "id")
_BY_ID: Final = Statement(lambda d: select(*_FIELDS).where(d.among(INCIDENT.c.id, "ids")))
_BY_NUM: Final = Statement(
    lambda _: select(*_FIELDS).where(INCIDENT.c.num == param("wanted")).order_by(INCIDENT.c.seq.desc()).limit(limit())
)
_BY_GROUP: Final = Statement(
    lambda d: select(*_FIELDS).where(
        _OPEN, INCIDENT.c.group_key != constant(""), d.pairs(INCIDENT.c.channel, INCIDENT.c.group_key, "groups")
    )
)
_DUE: Final = Statement(
    lambda _: (
        select(*_FIELDS)
        .where(INCIDENT.c.next_wake <= param("now"))
        .order_by(INCIDENT.c.next_wake, INCIDENT.c.seq)
        .limit(limit())
    )
)


@cache
def _listing(*, open_only: bool, by_channel: bool, by_responder: bool) -> Statement:
    def build(dialect: Dialect) -> Any:
        query = select(*_FIELDS).order_by(INCIDENT.c.seq.desc()).limit(limit())
        if open_only:
            query = query.where(_OPEN)
        if by_channel:
            query = query.where(INCIDENT.c.channel == param("within"))
        if by_responder:
            query = query.where(dialect.holds(INCIDENT.c.responders, "needle"))
        return query

    return Statement(build)


_APPEND_ENTRY: Final = insert_row(TIMELINE)


def _entries(*, latest: bool) -> Statement:
    order = TIMELINE.c.seq.desc() if latest else TIMELINE.c.seq
    return Statement(
        lambda _: select(TIMELINE.c.whole).where(TIMELINE.c.incident == param("of")).order_by(order).limit(limit())
    )


_LATEST_ENTRIES: Final = _entries(latest=True)
_FIRST_ENTRIES: Final = _entries(latest=False)


def _group_of(incident: Incident) -> Group:
    """What only one open incident may have, as the columns hold it."""
    return plain(incident.channel), plain(incident.group_key)


class IncidentRows(Session):
    """The incident part of a transaction; `Tx` says what each method promises."""

    def __init__(self, cursor: Cursor, dialect: Dialect, *, reading: bool) -> None:
        """Begin with nothing read."""
        super().__init__(cursor, dialect, reading=reading)
        self._incidents: dict[str, Incident | None] = {}
        self._groups: dict[Group, str | None] = {}
        self._left_groups: set[Group] = set()
        self._changed_incidents: dict[str, Incident] = {}
        self._new_entries: list[Row] = []

    def incidents(self, ids: Collection[str]) -> dict[str, Incident]:
        """One query for those that this transaction has not met yet."""
        unknown = {one for one in ids if one not in self._incidents}
        if unknown:
            rows = self._fetch(_BY_ID, ids=self._dialect.listed(unknown))
            self._incidents.update(dict.fromkeys(unknown))
            self._meet(rows)
        known = ((one, self._incidents[one]) for one in ids)
        return {one: incident for one, incident in known if incident is not None}

    def incident_by_num(self, num: int) -> Incident | None:
        """The last one that was inserted."""
        self._flush_incidents()
        return next(iter(self._meet(self._fetch(_BY_NUM, wanted=num, limit=1))), None)

    def open_incidents(self, groups: Collection[tuple[str, str]]) -> dict[tuple[str, str], Incident]:
        """One query for those that this transaction has not met yet. An empty group_key is no group."""
        wanted = {group: (plain(group[0]), plain(group[1])) for group in groups if group[1]}
        self._load_groups(wanted.values())
        holders = {group: self._groups[key] for group, key in wanted.items()}
        held = {group: self._incidents[holder] for group, holder in holders.items() if holder is not None}
        return {group: incident for group, incident in held.items() if incident is not None}

    def list_incidents(self, *, open_only: bool, limit: int, channel: str = "", responder: str = "") -> list[Incident]:
        """By the order in which they were inserted, the last one first."""
        self._flush_incidents()
        query = _listing(open_only=open_only, by_channel=bool(channel), by_responder=bool(responder))
        return self._meet(self._fetch(query, limit=limit, within=plain(channel), needle=needle(responder)))

    def put_incident(self, incident: Incident, before: Incident | None) -> None:
        """Saved at the end of the work; compared now with the whole incident that is stored, as `rev` is too coarse.

        Raises StaleRevision also where another incident is open for the same group.
        """
        stored = self.incidents((incident.id,)).get(incident.id)
        if stored is not before and stored != before:
            raise StaleRevision(f"Incident {incident.id} is not what it was when this decision was made.")
        if is_open(incident) and incident.group_key:
            self._make_room(incident)
        if before is not None and is_open(before):
            self._groups[_group_of(before)] = None
            self._left_groups.add(_group_of(before))
        if is_open(incident):
            self._groups[_group_of(incident)] = incident.id
        self._incidents[incident.id] = incident
        self._changed_incidents[incident.id] = incident

    def due_incidents(self, now: Instant, limit: int) -> list[Incident]:
        """Through a partial index."""
        self._flush_incidents()
        return self._meet(self._fetch(_DUE, now=now, limit=limit))

    def append_timeline(self, incident: str, entries: Sequence[Entry]) -> None:
        """Saved at the end of the work."""
        self._new_entries.extend(entry_row(incident, entry) for entry in entries)

    def timeline(self, incident: str, limit: int = 1000) -> list[Entry]:
        """In the order in which they were appended."""
        self._flush_timeline()
        rows = self._fetch(_LATEST_ENTRIES, of=incident, limit=limit + 1)
        if len(rows) > limit:
            rows = [*rows[: limit - 1], *self._fetch(_FIRST_ENTRIES, of=incident, limit=1)]
        return [entry_from(text) for (text,) in reversed(rows)]

    def _meet(self, rows: Iterable[tuple[Any, ...]]) -> list[Incident]:
        """Incidents from (id, whole); one that this transaction knows is the very same object."""
        met = []
        for one, text in rows:
            incident = self._incidents.get(one)
            if incident is None:
                incident = self._incidents[one] = incident_from(text)
            met.append(incident)
        return met

    def _load_groups(self, groups: Iterable[Group]) -> None:
        """Learn who holds each group. An unknown one was not written either, so the table is right about it."""
        unknown = {group for group in groups if group not in self._groups}
        if not unknown:
            return
        rows = self._fetch(_BY_GROUP, groups=self._dialect.listed(unknown))
        self._groups.update(dict.fromkeys(unknown))
        for incident in self._meet(rows):
            self._groups[_group_of(incident)] = incident.id

    def _make_room(self, incident: Incident) -> None:
        """See that an incident may open in its group, whose last holder's leaving must be written first."""
        group = _group_of(incident)
        self._load_groups((group,))
        if self._groups[group] not in (None, incident.id):
            raise StaleRevision(
                f"Another incident is open already for group {incident.group_key!r} of channel {incident.channel}."
            )
        if self._groups[group] is None and group in self._left_groups:
            self._flush_incidents()

    def _flush_incidents(self) -> None:
        """In the order of the first change. No group changes hands in it, so the unique index is content with any."""
        self._change_many(_UPSERT, [incident_row(incident) for incident in self._changed_incidents.values()])
        self._changed_incidents.clear()
        self._left_groups.clear()

    def _flush_timeline(self) -> None:
        self._change_many(_APPEND_ENTRY, self._new_entries)
        self._new_entries.clear()
