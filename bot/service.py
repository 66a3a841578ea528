"""One happening, one transaction: load, step, save, and queue what was decided.

The service decides nothing. It is synchronous and runs inside a transaction that somebody else commits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot import bursts, remarks, replying, rooms, silences, turns
from bot.clock import Clock, Ids
from bot.engine import dispatching, enrichment, inhibition, merging, preference, processing, routing
from bot.engine.effects import (
    Alarm,
    CloseAlerts,
    Effect,
    Page,
    Refresh,
    Reply,
    RoomWork,
    ShowCards,
    Step,
    TakeTurn,
    Withdraw,
)
from bot.engine.enrichment import NO_ANSWERS, Answers
from bot.engine.events import Fresh, Happening, Raised, SplitOff
from bot.engine.incident import step
from bot.engine.model import DAY, HOUR, MINUTE, Alert, Chat, Event, EventStatus, Incident, Severity, Span, Target, Way
from bot.engine.notices import Notice
from bot.engine.world import Integration, Member, World
from bot.noise import Absorbed, Noise
from bot.store.base import AlarmRow, Delivery, Lane, Tx

PAGE_LIFE: Span = 15 * MINUTE
"""A page that could not be sent for so long no longer helps: repeats and levels have gone on meanwhile."""
CARD_LIFE: Span = 7 * DAY
LAST_TEST = "last_test:"
"""Begins the name of the setting that holds the deliveries of a member's latest test."""
ACTIVE_MAX = 5_000
"""How many active alerts of an integration are looked at, the latest first, for one that inhibits another."""


def last_test(tx: Tx, member: str) -> list[Delivery]:
    """What became of the latest test that a member asked for."""
    ids = filter(None, tx.get_meta(LAST_TEST + member).split(","))
    return [row for one in ids if (row := tx.delivery(one)) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What became of a happening: the incident as saved, and the reply for whoever asked."""

    incident: Incident
    reply: Reply | None


class Service:
    """Applies happenings to the store. `worlds` gives the world that is in force now."""

    def __init__(self, worlds: Callable[[], World], clock: Clock, ids: Ids) -> None:
        """Keep the parts; nothing is read before it is needed."""
        self._worlds = worlds
        self._clock = clock
        self._ids = ids
        self._noise = Noise(worlds, clock, ids, self._take_step)

    def absorb(
        self, tx: Tx, integration: Integration, events: Sequence[Event], answers: Answers = NO_ANSWERS
    ) -> list[Absorbed]:
        """Lead events, in order, through the pipeline into alerts and incidents: at least one outcome for each event.

        `answers` are what the integration's lookups were told before the transaction.
        """
        opened: defaultdict[str, dict[str, Alert]] = defaultdict(dict)
        for (_, channel, key), alert in tx.open_alerts({(integration.id, event.alert_key) for event in events}).items():
            opened[key][channel] = alert
        absorbed = []
        for event in events:
            absorbed += self._through_the_pipeline(tx, integration, event, answers, opened[event.alert_key])
        return absorbed

    def _through_the_pipeline(
        self, tx: Tx, integration: Integration, event: Event, answers: Answers, opened: dict[str, Alert]
    ) -> list[Absorbed]:
        """Enrich → process → route, then in each channel: drop → merge → silence → inhibit → flapping → group.

        `opened` are the open alerts of the event's key by channel; it is kept current.
        """
        world, now = self._worlds(), self._clock.now()
        event = enrichment.enrich(event, integration.enrich, integration.id, answers).event
        processed = processing.process(
            event,
            integration.process,
            integration.id,
            integration.source,
            lambda: tx.active_alerts(integration.id, now - inhibition.ACTIVE_FOR, ACTIVE_MAX),
            known=bool(opened),
        )
        if processed.reason:
            return [Absorbed(alert_key=event.alert_key, reason=processed.reason, by=str(processed.rule))]
        event = processed.event
        channels = dispatching.targets(event, integration, world.channels, opened)
        if not channels:
            reason = "recovery_without_alert" if event.status is EventStatus.OK else "no_route"
            return [Absorbed(alert_key=event.alert_key, reason=reason)]
        absorbed = []
        for channel in channels:
            if channel in world.channels and not dispatching.lets_in(world.channels[channel], event, integration.id):
                absorbed.append(Absorbed(alert_key=event.alert_key, reason="dropped", channel=channel))
                continue
            merged = merging.merge(opened.get(channel), event, integration, channel, self._ids.short(), now)
            alert, result = self._noise.changed(tx, merged, event.alert_key)
            absorbed.append(replace(result, channel=channel))
            if alert is None or alert.closed_at is not None:
                opened.pop(channel, None)
            else:
                opened[channel] = alert
        return absorbed

    def alert_due(self, tx: Tx, alert_id: str) -> None:
        """Recover an alert that its source stopped resending, or ask again about a muted one."""
        now, alert = self._clock.now(), tx.alerts([alert_id]).get(alert_id)
        if alert is None or alert.closed_at is not None or alert.due_at is None or alert.due_at > now:
            return
        if alert.resolve_at is not None and alert.resolve_at <= now:
            self._noise.changed(tx, merging.expired(alert, now), alert.alert_key)
        else:
            self._noise.ask_again(tx, alert)

    def sweep(self, tx: Tx) -> None:
        """Delete the quick silences that are over."""
        for silence in silences.over(tx, self._clock.now()):
            silences.lift(tx, silence, self._clock.now())

    def happen(self, tx: Tx, incident_id: str, event: Happening) -> Handled | None:
        """Let something happen to an incident. None when there is no such incident."""
        before = tx.incidents([incident_id]).get(incident_id)
        if before is None:
            return None
        return self._take_step(tx, before, event)

    def open(self, tx: Tx, event: Raised | SplitOff) -> Handled:
        """A person's word opens an incident. Raises KeyError for a channel that the world does not know."""
        return self._take_step(tx, None, event)

    def fresh(self, tx: Tx) -> Fresh:
        """The identity of an incident that is about to open."""
        return Fresh(id=self._ids.short(), num=tx.next_num())

    def open_by_hand(
        self,
        tx: Tx,
        *,
        channel: str,
        title: str,
        severity: Severity,
        by: str,
        targets: tuple[Target, ...] = (),
    ) -> Handled:
        """A person opens an incident. Raises KeyError for a channel that the world does not know."""
        event = Raised(
            fresh=self.fresh(tx),
            channel=self._worlds().channels[channel].id,
            title=title,
            severity=severity,
            by=by,
            targets=targets,
        )
        return self.open(tx, event)

    def world(self) -> World:
        """The world that is in force now."""
        return self._worlds()

    def _take_step(self, tx: Tx, before: Incident | None, event: Happening) -> Handled:
        made = step(before, event, self.world_for(tx, before, event), self._clock.now())
        self.save(tx, before, event, made)
        return Handled(incident=made.incident, reply=made.reply)

    def world_for(self, tx: Tx, before: Incident | None, event: Happening) -> World:
        """The world that is in force, with whose turn it is where somebody's may come."""
        world = self._worlds()
        return turns.for_opening(tx, world, event) if before is None else turns.for_incident(tx, world, before)

    def save(self, tx: Tx, before: Incident | None, event: Happening, made: Step) -> None:
        """Write one step: the incident, its timeline, and a row for everything that was decided."""
        del event  # the simulator's journal wants it; the database does not
        incident = made.incident
        if incident is not before:
            tx.put_incident(incident, before)
        if made.entries:
            tx.append_timeline(incident.id, made.entries)
        rows = [row for effect in made.effects for row in self._rows(incident, effect)]
        rows += remarks.rows(tx, incident, made.effects, self._clock.now(), self._ids.short)
        for effect in made.effects:
            match effect:
                case Withdraw():
                    tx.withdraw_pages(incident.id, incident.cycle)
                case CloseAlerts():
                    tx.close_alerts(incident.id, incident.last_at)
                case Alarm(code=code, text=text):
                    self.alarm(tx, code, text, incident=incident.id)
                case TakeTurn(turn=turn, last=last):
                    tx.put_turn(turn, last)
                case Refresh():
                    tx.want_cards(incident.id, incident.rev, self._clock.now())
                case _:
                    pass
        if rows:
            tx.enqueue(rows)
        for row in rows:
            replying.queued(tx, row, incident)
            bursts.enter(tx, row, incident.severity)

    def _rows(self, incident: Incident, effect: Effect) -> list[Delivery]:
        """What has to be sent, or done with a war room."""
        match effect:
            case Page():
                return [self._page_row(incident, effect)]
            case ShowCards(chats=chats):
                return [self._card_row(incident, chat) for chat in chats]
            case RoomWork():
                return [self._room_row(incident, effect)]
            case _:
                return []

    def alarm(self, tx: Tx, code: str, text: str, *, incident: str = "", about: Way = "") -> None:
        """Tell the people of the catch-all that Tocsin needs them: once an hour for each code and incident.

        What is wrong with the way `about` is told by another one, wherever a person has another.
        """
        world, now = self._worlds(), self._clock.now()
        once = f"alarm:{code}:{incident}:{now // HOUR}"
        rows = [
            self._text_row(member, way, f"{once}:{member.id}:{way}", text)
            for called in routing.people(world, world.catch_all, now)
            if (member := world.member(called.member))
            for way in _alarm_ways(member, about)
        ]
        if not rows or tx.enqueue(rows):
            tx.raise_alarm(AlarmRow(code=code, text=text, at=now, incident=incident))

    def announce(self, tx: Tx, notice: Notice, text: str) -> None:
        """Queue a notice about shifts to its member or chat; the same news is never queued twice."""
        member = self._worlds().member(notice.member) if notice.member else None
        if member is not None:
            ways = preference.first_ways(member, Severity.INFO, None)
            tx.enqueue([self._text_row(member, way, f"{notice.key}:{way}", text) for way in ways])
        elif notice.chat is not None:
            tx.enqueue([self._chat_row("", notice.chat, notice.key, text=text)])

    def tell(self, tx: Tx, member: Member, key: str, text: str, *, about: Way = "") -> None:
        """Queue news that are about no incident to a member; the same `key` is never queued twice.

        What is wrong with the way `about` is not told by it.
        """
        ways = tuple(way for way in preference.first_ways(member, Severity.INFO, None) if way != about)
        ways = ways or (preference.fallback_ways(member, (about,)) if about else ())
        tx.enqueue([self._text_row(member, way, f"{key}:{way}", text) for way in ways])

    def test_message(self, tx: Tx, member: Member, ways: Sequence[Way], text: str) -> None:
        """Queue a marked test to a member by each of these ways. `last_test` finds it again."""
        unique = self._ids.short()
        rows = [self._text_row(member, way, f"test:{unique}:{way}", text) for way in ways]
        tx.enqueue(rows)
        tx.put_meta(LAST_TEST + member.id, ",".join(row.id for row in rows))

    def confide(self, tx: Tx, member: Member, way: Way, text: str, key: str = "") -> None:
        """Queue a text for one member alone, by a way that they have; the same `key`, if any, is never queued twice."""
        tx.enqueue([self._text_row(member, way, key or f"confide:{self._ids.short()}", text)])

    def _text_row(self, member: Member, way: Way, key: str, text: str) -> Delivery:
        now = self._clock.now()
        return Delivery(
            id=self._ids.short(),
            key=key,
            incident="",
            carrier=way,
            address=_address(member, way),
            lane=Lane.PAGE,
            due_at=now,
            created_at=now,
            expires_at=now + PAGE_LIFE,
            member=member.id,
            way=way,
            lang=member.lang,
            zone=member.zone,
            text=text,
        )

    def _page_row(self, incident: Incident, page: Page) -> Delivery:
        member = self._worlds().member(page.member)
        if member is None:
            raise KeyError(page.member)
        now = self._clock.now()
        return Delivery(
            id=self._ids.short(),
            key=f"page:{incident.id}:{page.firing}:{page.member}:{page.way}",
            incident=incident.id,
            carrier=page.way,
            address=_address(member, page.way),
            lane=Lane.PAGE,
            due_at=now,
            created_at=now,
            expires_at=now + PAGE_LIFE,
            member=page.member,
            way=page.way,
            firing=page.firing,
            cycle=page.cycle,
            reason=page.reason.value,
            lang=member.lang,
            zone=member.zone,
            wanted_rev=incident.rev,
        )

    def _card_row(self, incident: Incident, chat: Chat) -> Delivery:
        key = f"card:{incident.id}:{chat.platform}:{chat.address}"
        return self._chat_row(incident.id, chat, key, rev=incident.rev)

    def _room_row(self, incident: Incident, work: RoomWork) -> Delivery:
        room, now = work.room, self._clock.now()
        key = f"room:{work.do}:{incident.id}:{room.platform}:{incident.rev}"
        row = self._chat_row(incident.id, Chat(platform=room.platform, address=room.address or room.parent), key)
        members = ",".join(work.members)
        return replace(row, lang=room.lang, zone=room.zone, op=work.do.value, text=members, expires_at=now + rooms.LIFE)

    def _chat_row(self, incident: str, chat: Chat, key: str, *, rev: int = 0, text: str = "") -> Delivery:
        now = self._clock.now()
        return Delivery(
            id=self._ids.short(),
            key=key,
            incident=incident,
            carrier=chat.platform,
            address=chat.address,
            lane=Lane.CARD,
            due_at=now,
            created_at=now,
            expires_at=now + CARD_LIFE,
            lang=chat.lang,
            zone=chat.zone,
            wanted_rev=rev,
            text=text,
        )


def _alarm_ways(member: Member, broken: Way) -> tuple[Way, ...]:
    first = preference.first_ways(member, Severity.CRITICAL, None)
    others = tuple(way for way in first if way != broken)
    return others or preference.fallback_ways(member, first) or first


def _address(member: Member, way: Way) -> str:
    """Where a way leads for a member, as the carrier wants it."""
    direct = {"sms": member.phone, "voice": member.phone, "email": member.email}
    return direct[way] if way in direct else member.identities[way]
