"""What would happen: alerts on a virtual clock, with answers and outages given. The real service, and nobody is paged.

The store is in memory and forgotten afterwards; lookups are not asked, as they would leave the machine.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from bot.clock import Ids, VirtualClock
from bot.engine import dispatching, enrichment, inhibition, processing, silence
from bot.engine.effects import Entry, Kind, Page, Step
from bot.engine.events import Command, Happening, Order, PageFailed, PageProven, Proof, Wake
from bot.engine.model import DAY, SECOND, Alert, Condition, Event, EventStatus, Incident, Instant, Span, Way, medium_of
from bot.engine.verdicts import RouteWhy
from bot.engine.world import Integration, World
from bot.noise import SILENCED
from bot.service import ACTIVE_MAX, Service
from bot.store.base import Tx
from bot.store.memory import MemoryStore

SPAN_MAX: Span = 7 * DAY
"""How far a story goes after its last alert."""
STEPS_MAX = 20_000
"""More than a week of two alerts that are asked about every two minutes."""
REFUSED_AFTER: Span = 2 * SECOND
"""How soon a way that is down is taken to fail: about one call."""

_MUTED = {"silence": "silenced", "inhibit": "inhibited", "flapping": "flapping_muted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """An event, at its own instant, and the integration that brings it."""

    integration: Integration
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody does so long after the first page of an incident that reaches them; `order` takes its way."""

    member: str
    after: Span
    order: Callable[[Way], Order]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A way, or every way of a medium, that fails from `start` until `end`, the end not included."""

    way: Way
    start: Instant | None = None
    end: Instant | None = None

    def hits(self, way: Way, at: Instant) -> bool:
        """Whether a page by this way fails at that instant."""
        begun = self.start is None or self.start <= at
        return self.way in (way, medium_of(way)) and begun and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of a story: of an incident's timeline, or what became of an alert or of a case that routes it."""

    at: Instant
    kind: Kind
    reason: str
    channel: str = ""
    incident: int = 0
    """Its number; 0 where the line is of none."""
    alert: str = ""
    """The key of the alert that the line is about."""
    title: str = ""
    level: int | None = None
    loop: int | None = None
    member: str = ""
    actor: str = ""
    way: Way = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    """What hides the alert, as in `Absorbed`."""
    until: Instant | None = None
    """How long that lasts, where one can see it."""
    cause: str = ""
    """The title of the alert that explains it."""
    case: int | None = None
    """The case of a shared integration, from 1; 0 is its default route."""
    channels: tuple[str, ...] = ()
    """Where that leads."""
    fails: tuple[Condition, ...] = ()
    """What of it does not hold."""


def simulate(
    world: World, fired: Sequence[Fired], answers: Sequence[Answer] = (), outages: Sequence[Outage] = ()
) -> tuple[Told, ...]:
    """The story of these events, until nothing more would happen, or for a week after the last of them."""
    return _Night(world, answers, outages).tell(fired)


class _Witness(Service):
    """The service, telling what it saves."""

    def __init__(self, world: World, clock: VirtualClock, saved: Callable[[Step], None]) -> None:
        super().__init__(lambda: world, clock, Ids(seed=0))
        self._saved = saved

    def save(self, tx: Tx, before: Incident | None, event: Happening, made: Step) -> None:
        """As ever, and told."""
        super().save(tx, before, event, made)
        self._saved(made)


class _Night:
    """One story as it unfolds."""

    def __init__(self, world: World, answers: Sequence[Answer], outages: Sequence[Outage]) -> None:
        self._world, self._answers, self._outages = world, answers, outages
        self._clock, self._store = VirtualClock(0), MemoryStore()
        self._service = _Witness(world, self._clock, self._saved)
        self._told: list[Told] = []
        self._coming: list[tuple[Instant, int, Callable[[], None]]] = []
        self._serial = count()
        self._answered: set[tuple[str, str]] = set()

    def tell(self, fired: Sequence[Fired]) -> tuple[Told, ...]:
        """Everything, in order."""
        for each in fired:
            self._plan(each.event.at, self._firing(each))
        end = max((each.event.at for each in fired), default=0) + SPAN_MAX
        for _ in range(STEPS_MAX):
            head = self._coming[0][0] if self._coming else None
            at = min((each for each in (head, self._next_wake(end)) if each is not None), default=None)
            if at is None or at > end:
                break
            self._clock.set(at)
            if at == head:
                heapq.heappop(self._coming)[2]()
            else:
                self._wake(at)
        return tuple(self._told)

    def _plan(self, at: Instant, happens: Callable[[], None]) -> None:
        heapq.heappush(self._coming, (at, next(self._serial), happens))

    def _next_wake(self, end: Instant) -> Instant | None:
        def look(tx: Tx) -> list[Instant | None]:
            return [
                *(one.next_wake for one in tx.due_incidents(end, 1)),
                *(one.due_at for one in tx.due_alerts(end, 1)),
            ]

        return min((at for at in self._store.read(look) if at is not None), default=None)

    def _wake(self, now: Instant) -> None:
        """Whatever is due: incidents before alerts, as the timers have it."""
        for incident in self._store.read(lambda tx: tx.due_incidents(now, STEPS_MAX)):
            self._happen(incident.id, Wake())
        for alert in self._store.read(lambda tx: tx.due_alerts(now, STEPS_MAX)):
            self._store.run(self._asking(alert))

    def _asking(self, before: Alert) -> Callable[[Tx], None]:
        """What hides an alert may have changed, or its life is over; whether it is heard, its incident tells."""

        def work(tx: Tx) -> None:
            self._service.alert_due(tx, before.id)
            after = tx.alerts([before.id])[before.id]
            if after.incident or after == before:
                return
            if after.closed_at is not None:
                self._tell(Kind.ALERT_CLOSE, "not_resent", after.channel, after.alert_key, after.title)
            elif after.muted != before.muted:
                self._hidden(tx, after.channel, after.alert_key, after.title, after.muted, after.cause)

        return work

    def _firing(self, fired: Fired) -> Callable[[], None]:
        def work(tx: Tx) -> None:
            event = self._routed(tx, fired)
            for each in self._service.absorb(tx, fired.integration, [fired.event]):
                if each.by and each.channel:
                    self._hidden(tx, each.channel, each.alert_key, event.title, each.by, each.cause)
                elif not each.incident or each.reason == "duplicate":
                    self._tell(_KIND.get(each.reason, Kind.ALERT_NEW), each.reason, each.channel, each.alert_key,
                               event.title, by=each.by)  # fmt: skip

        return lambda: self._store.run(work)

    def _routed(self, tx: Tx, fired: Fired) -> Event:
        """The event as it leaves the integration's own steps; of a shared one, what became of each case."""
        feed, now = fired.integration, self._clock.now()
        event = enrichment.enrich(fired.event, feed.enrich, feed.id).event
        known = bool(tx.open_alerts({(feed.id, event.alert_key)}))
        processed = processing.process(
            event,
            feed.process,
            feed.id,
            feed.source,
            lambda: tx.active_alerts(feed.id, now - inhibition.ACTIVE_FOR, ACTIVE_MAX),
            known=known,
        )
        event = processed.event
        if feed.channel or processed.reason or event.status is EventStatus.OK:
            return event
        for case in dispatching.cases(event, feed, self._world.channels):
            if case.why is not RouteWhy.NOT_ASKED or case.case:
                self._tell(Kind.ALERT_NEW, case.why.value, "", event.alert_key, event.title, case=case.case,
                           channels=case.channels, fails=case.fails)  # fmt: skip
        return event

    def _hidden(self, tx: Tx, channel: str, key: str, title: str, by: str, cause: str) -> None:
        kind, _, what = by.partition(":")
        explains = tx.alerts([cause]).get(cause) if cause else None
        self._tell(
            Kind.ALERT_NEW,
            _MUTED[kind],
            channel,
            key,
            title,
            by=by,
            until=self._until(tx, channel, key, kind, what),
            cause=explains.title if explains else "",
        )

    def _until(self, tx: Tx, channel: str, key: str, kind: str, what: str) -> Instant | None:
        """When the silence is over, or the mute of a key that flaps; None where that is not to be seen yet."""
        now = self._clock.now()
        if kind == "flapping":
            muted = tx.muted_alerts(kind, STEPS_MAX)
            return next((one.muted_until for one in muted if (one.channel, one.alert_key) == (channel, key)), None)
        quiet = next((one for one in self._world.silences.get(channel, ()) if one.id == what), None)
        if kind != SILENCED.rstrip(":") or quiet is None:
            return None
        return silence.end_in_sight(quiet, self._world.calendars, now)

    def _happen(self, incident: str, event: Happening) -> None:
        handled = self._store.run(lambda tx: self._service.happen(tx, incident, event))
        if handled and handled.reply and not handled.reply.done and isinstance(event, Command):
            refused = handled.incident
            self._tell(Kind.COMMENT, handled.reply.code, refused.channel, incident=refused.num, actor=event.by)

    def _saved(self, made: Step) -> None:
        self._told += [_line(made.incident, entry) for entry in made.entries]
        for page in (effect for effect in made.effects if isinstance(effect, Page)):
            for after, event in self._news(made.incident, page):
                self._plan(self._clock.now() + after, self._happening(made.incident.id, event))

    def _happening(self, incident: str, event: Happening) -> Callable[[], None]:
        return lambda: self._happen(incident, event)

    def _news(self, incident: Incident, page: Page) -> Iterator[tuple[Span, Happening]]:
        """What follows a page: it fails or arrives, and whoever gets it may answer."""
        if any(outage.hits(page.way, self._clock.now()) for outage in self._outages):
            failed = PageFailed(member=page.member, firing=page.firing, way=page.way, reason="unavailable")
            yield REFUSED_AFTER, failed
            return
        yield 0, PageProven(member=page.member, firing=page.firing, way=page.way, proof=Proof.DELIVERED)
        if (incident.id, page.member) in self._answered:
            return
        self._answered.add((incident.id, page.member))
        for answer in self._answers:
            if answer.member == page.member:
                yield answer.after, answer.order(page.way)

    def _tell(self, kind: Kind, reason: str, channel: str, alert: str = "", title: str = "", **more: object) -> None:
        line = Told(at=self._clock.now(), kind=kind, reason=reason, channel=channel, alert=alert, title=title)
        self._told.append(replace(line, **more))  # type: ignore[arg-type]


_KIND = {
    "duplicate": Kind.ALERT_UPDATE,
    "recovered": Kind.ALERT_CLOSE,
    "recovery_without_alert": Kind.ALERT_CLOSE,
}


def _line(incident: Incident, entry: Entry) -> Told:
    return Told(
        at=entry.at,
        kind=entry.kind,
        reason=entry.reason.value,
        channel=incident.channel,
        incident=incident.num,
        alert=entry.facts.get("alert_key", ""),
        title=incident.title,
        level=entry.level,
        loop=entry.loop,
        member=entry.member,
        actor=entry.actor,
        way=entry.way,
        facts=entry.facts,
    )
