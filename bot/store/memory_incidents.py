"""Inbox, alerts, incidents and timelines in memory; the SQL store's behaviour, told in dictionaries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice

from bot.engine.effects import Entry
from bot.engine.model import Alert, Incident, Instant, Progress, Span
from bot.engine.turns import Turn, TurnSlot
from bot.store.base import AlertSlot, Inbound, InboxState, StaleRevision
from bot.store.memory_tables import Body, Journal, Tables


class MemoryInbox:
    """The inbox part of a transaction; `Tx` says what each method promises."""

    def __init__(self, tables: Tables, journal: Journal) -> None:
        """Write to `tables` at once, and to `journal` how to undo it."""
        self._tables = tables
        self._journal = journal

    def append_inbox(self, rows: Sequence[Inbound]) -> None:
        """Due at once."""
        for inbound in rows:
            self._journal.put(self._tables.body_seq, inbound.id, next(self._tables.seq))
            self._put_body(Body(inbound, InboxState.WAITING, inbound.received_at, "", None))

    def claim_inbox(self, now: Instant, limit: int, lease: Span, token: str) -> list[Inbound]:
        """In the order in which they arrived."""
        waiting = list(self._bodies(InboxState.WAITING))
        held_up = {body.inbound.integration for body in waiting if body.due_at > now}
        due = [body for body in waiting if body.inbound.integration not in held_up][:limit]
        claimed = [replace(body.inbound, token=token, attempts=body.inbound.attempts + 1) for body in due]
        for body, inbound in zip(due, claimed, strict=True):
            self._put_body(body._replace(inbound=inbound, due_at=now + lease))
        return claimed

    def finish_inbox(self, ids: Collection[str], token: str, state: InboxState, outcome: str, now: Instant) -> int:
        """Fenced by the token."""
        held = self._held(ids, token)
        for body in held:
            freed = replace(body.inbound, token="")
            self._put_body(Body(freed, state, body.due_at, outcome, now))
        return len(held)

    def release_inbox(self, ids: Collection[str], token: str, due_at: Instant) -> None:
        """Fenced by the token."""
        for body in self._held(ids, token):
            self._put_body(body._replace(inbound=replace(body.inbound, token=""), due_at=due_at))

    def inbox_by_state(self, state: InboxState, limit: int) -> list[Inbound]:
        """In the order in which they arrived."""
        return [body.inbound for body in self._bodies(state)[:limit]]

    def revive_inbox(self, ids: Collection[str], now: Instant) -> int:
        """Due at once, with their attempts forgotten."""
        dead = [self._tables.bodies[one] for one in set(ids) if one in self._tables.by_state[InboxState.DEAD]]
        for body in dead:
            self._put_body(Body(replace(body.inbound, attempts=0), InboxState.WAITING, now, "", None))
        return len(dead)

    def _bodies(self, state: InboxState) -> list[Body]:
        tables = self._tables
        return [tables.bodies[one] for one in sorted(tables.by_state[state], key=tables.body_seq.__getitem__)]

    def _held(self, ids: Collection[str], token: str) -> list[Body]:
        waiting = self._tables.by_state[InboxState.WAITING]
        bodies = (self._tables.bodies[one] for one in set(ids) if one in waiting)
        return [body for body in bodies if token and body.inbound.token == token]

    def _put_body(self, body: Body) -> None:
        one = body.inbound.id
        old = self._tables.bodies.get(one)
        if old is not None and old.state is not body.state:
            self._journal.drop(self._tables.by_state[old.state], one)
        if old is None or old.state is not body.state:
            self._journal.put(self._tables.by_state[body.state], one, None)
        self._journal.put(self._tables.bodies, one, body)
        if body.state is InboxState.WAITING:
            self._journal.put(self._tables.waiting, one, body.due_at)
        else:
            self._journal.drop(self._tables.waiting, one)


class MemoryAlerts(MemoryInbox):
    """The alert part of a transaction; `Tx` says what each method promises."""

    def open_alerts(self, keys: Collection[tuple[str, str]]) -> dict[AlertSlot, Alert]:
        """By their slots."""
        tables = self._tables
        slots = ((feed, channel, key) for feed, key in keys for channel in tables.open_channels.get((feed, key), ()))
        return {slot: tables.alerts[tables.open_slots[slot]] for slot in slots}

    def active_alerts(self, integration: str, since: Instant, limit: int) -> list[Alert]:
        """Among all that are open."""
        tables = self._tables
        opened = (tables.alerts[one] for (feed, _, _), one in tables.open_slots.items() if feed == integration)
        latest = sorted(
            (alert for alert in opened if alert.last_at >= since),
            key=lambda alert: (alert.last_at, tables.alert_seq[alert.id]),
            reverse=True,
        )
        return latest[:limit]

    def put_alerts(self, alerts: Sequence[Alert]) -> None:
        """Raises StaleRevision where another alert is open for the same key."""
        for alert in alerts:
            self._put_alert(alert)

    def alerts_of(self, incident: str, limit: int) -> list[Alert]:
        """By the instant at which they began."""
        tables = self._tables
        alerts = [tables.alerts[one] for one in tables.alerts_by_incident.get(incident, ())]
        return sorted(alerts, key=lambda alert: (alert.first_at, tables.alert_seq[alert.id]))[:limit]

    def close_alerts(self, incident: str, now: Instant) -> None:
        """Put back closed."""
        tables = self._tables
        for alert in [tables.alerts[one] for one in tables.alerts_by_incident.get(incident, ())]:
            if alert.closed_at is None:
                self._put_alert(replace(alert, closed_at=now))

    def due_alerts(self, now: Instant, limit: int) -> list[Alert]:
        """Among those that have a time."""
        tables = self._tables
        due = tables.timed_alerts.until(now)
        due.sort(key=lambda one: (tables.timed_alerts[one], tables.alert_seq[one]))
        return [tables.alerts[one] for one in due[:limit]]

    def _put_alert(self, alert: Alert) -> None:
        tables, journal = self._tables, self._journal
        slot = (alert.integration, alert.channel, alert.alert_key)
        holder = tables.open_slots.get(slot)
        if alert.closed_at is None and holder not in (None, alert.id):
            raise StaleRevision(
                f"Another alert is open already in {alert.channel} for {alert.alert_key!r} of {alert.integration}."
            )
        old = tables.alerts.get(alert.id)
        if old is None:
            journal.put(tables.alert_seq, alert.id, next(tables.seq))
        elif old.incident != alert.incident:
            journal.drop(tables.alerts_by_incident[old.incident], alert.id)
        journal.put(tables.alerts, alert.id, alert)
        if old is None or old.incident != alert.incident:
            journal.put(tables.alerts_by_incident[alert.incident], alert.id, None)
        if alert.closed_at is None:
            journal.put(tables.open_slots, slot, alert.id)
            journal.put(tables.open_channels[alert.integration, alert.alert_key], alert.channel, None)
        elif holder == alert.id:
            journal.drop(tables.open_slots, slot)
            journal.drop(tables.open_channels[alert.integration, alert.alert_key], alert.channel)
        if alert.closed_at is None and alert.due_at is not None:
            journal.put(tables.timed_alerts, alert.id, alert.due_at)
        else:
            journal.drop(tables.timed_alerts, alert.id)
        if old is not None and old.muted:
            journal.drop(tables.muted[old.muted], alert.id)
        if alert.closed_at is None and alert.muted:
            journal.put(tables.muted[alert.muted], alert.id, None)


def _asks(incident: Incident, member: str) -> bool:
    return any(responder.member == member for responder in incident.responders)


class MemoryIncidents(MemoryAlerts):
    """The incident part of a transaction; `Tx` says what each method promises."""

    def incidents(self, ids: Collection[str]) -> dict[str, Incident]:
        """By their ids."""
        return {one: self._tables.incidents[one] for one in ids if one in self._tables.incidents}

    def incident_by_num(self, num: int) -> Incident | None:
        """The last one that was inserted."""
        one = self._tables.by_num.get(num)
        return None if one is None else self._tables.incidents[one]

    def open_incidents(self, groups: Collection[tuple[str, str]]) -> dict[tuple[str, str], Incident]:
        """By their groups. An empty group_key is no group."""
        tables = self._tables
        return {group: tables.incidents[tables.open_groups[group]] for group in groups if group in tables.open_groups}

    def list_incidents(self, *, open_only: bool, limit: int, channel: str = "", responder: str = "") -> list[Incident]:
        """By the order in which they were inserted, the last one first."""
        tables = self._tables
        unclosed = sorted(tables.unclosed, key=tables.incident_seq.__getitem__, reverse=True)
        ids = unclosed if open_only else reversed(tables.incidents)
        incidents = (tables.incidents[one] for one in ids)
        within = (incident for incident in incidents if channel in ("", incident.channel))
        asked = (incident for incident in within if not responder or _asks(incident, responder))
        return list(islice(asked, limit))

    def put_incident(self, incident: Incident, before: Incident | None) -> None:
        """Compared with the whole incident that is stored, as `rev` is too coarse.

        Raises StaleRevision also where another incident is open for the same group.
        """
        tables, journal = self._tables, self._journal
        stored = tables.incidents.get(incident.id)
        if stored is not before and stored != before:
            raise StaleRevision(f"Incident {incident.id} is not what it was when this decision was made.")
        is_open = incident.progress is not Progress.CLOSED
        group = (incident.channel, incident.group_key)
        if is_open and tables.open_groups.get(group) not in (None, incident.id):
            raise StaleRevision(
                f"Another incident is open already for group {incident.group_key!r} of channel {incident.channel}."
            )
        if stored is None:
            journal.put(tables.incident_seq, incident.id, next(tables.seq))
            journal.put(tables.by_num, incident.num, incident.id)
        elif tables.open_groups.get((stored.channel, stored.group_key)) == incident.id:
            journal.drop(tables.open_groups, (stored.channel, stored.group_key))
        journal.put(tables.incidents, incident.id, incident)
        if is_open:
            journal.put(tables.unclosed, incident.id, None)
        else:
            journal.drop(tables.unclosed, incident.id)
        if is_open and incident.group_key:
            journal.put(tables.open_groups, group, incident.id)
        if incident.next_wake is None:
            journal.drop(tables.waking, incident.id)
        else:
            journal.put(tables.waking, incident.id, incident.next_wake)

    def due_incidents(self, now: Instant, limit: int) -> list[Incident]:
        """Among those that have a `next_wake`."""
        tables = self._tables
        due = tables.waking.until(now)
        due.sort(key=lambda one: (tables.waking[one], tables.incident_seq[one]))
        return [tables.incidents[one] for one in due[:limit]]

    def turns(self, channel: str) -> dict[TurnSlot, Turn]:
        """By their slots."""
        return {slot: turn for slot, turn in self._tables.turns.items() if turn.channel == channel}

    def put_turn(self, turn: Turn, last: Turn | None) -> None:
        """Compared with the one that is stored."""
        if self._tables.turns.get(turn.slot) != last:
            raise StaleRevision(f"Somebody else took a turn of {turn.rule} meanwhile.")
        self._journal.put(self._tables.turns, turn.slot, turn)

    def append_timeline(self, incident: str, entries: Sequence[Entry]) -> None:
        """In order."""
        lines = self._tables.timelines[incident]
        for entry in entries:
            self._journal.put(lines, next(self._tables.seq), entry)

    def timeline(self, incident: str, limit: int = 1000) -> list[Entry]:
        """In the order in which they were appended."""
        lines = list(self._tables.timelines.get(incident, {}).values())
        return lines if len(lines) <= limit else [lines[0], *lines[len(lines) - limit + 1 :]]
