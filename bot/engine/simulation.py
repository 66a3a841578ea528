"""What would happen: one alert on a virtual clock, with answers and outages given. The real engine, nobody is paged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.engine import dispatching, enrichment, grouping, merging, processing, silence
from bot.engine.effects import Entry, Page
from bot.engine.events import Acknowledge, AlertChange, AlertSeen, Fresh, Happening, PageFailed, PageProven, Proof, Wake
from bot.engine.incident import step
from bot.engine.model import DAY, SECOND, Event, Incident, Instant, Span, Way
from bot.engine.world import Channel, Integration, World

SPAN_MAX: Span = 7 * DAY
STEPS_MAX = 2_000
REFUSED_AFTER: Span = 2 * SECOND
"""How soon a way that is down is taken to fail: about one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What the simulation takes for granted: who acknowledges how long after a first page, and which ways are down."""

    answers: Mapping[str, Span]
    down: frozenset[Way] = frozenset()


def simulate(world: World, integration: Integration, event: Event, at: Instant, assumed: Assumed) -> tuple[Entry, ...]:
    """The timeline of one alert that fires at `at`, until nothing more would happen, or for a week.

    It goes through the integration's pipeline first, without its lookups; one that reaches several channels has a
    story in each, and their lines are told together.
    """
    event = enrichment.enrich(event, integration.enrich, integration.id).event
    made = processing.process(event, integration.process, integration.id, integration.source, tuple, known=False)
    if made.reason:
        return ()
    told = [
        entry
        for channel in dispatching.targets(made.event, integration, world.channels, ())
        if dispatching.lets_in(world.channels[channel], made.event, integration.id)
        for entry in _story(world, integration, world.channels[channel], made.event, at, assumed)
    ]
    return tuple(sorted(told, key=lambda entry: entry.at))


def _story(
    world: World, integration: Integration, channel: Channel, event: Event, at: Instant, assumed: Assumed
) -> tuple[Entry, ...]:
    merged = merging.merge(None, event, integration, channel.id, "a" * 16, at)
    if merged.alert is None:
        return ()
    facts = grouping.facts_of(merged.alert)
    if silence.that_hides(world.silences.get(channel.id, ()), world.calendars, facts, at):
        return ()
    seen = AlertSeen(
        alert=merged.alert,
        change=AlertChange.NEW,
        group_key=grouping.key_of(channel.grouping, merged.alert, facts),
        fresh=Fresh(id="0" * 16, num=1),
    )
    incident: Incident | None = None
    coming: list[tuple[Instant, int, Happening]] = [(at, 0, seen)]
    answered: set[str] = set()
    entries: list[Entry] = []
    for serial in range(1, STEPS_MAX):
        coming.sort(key=lambda each: each[:2])
        wake_at = incident.next_wake if incident else None
        if wake_at is not None and (not coming or wake_at < coming[0][0]):
            coming.insert(0, (wake_at, 0, Wake()))
        if not coming or coming[0][0] > at + SPAN_MAX:
            break
        now, _, happening = coming.pop(0)
        made = step(incident, happening, world, now)
        incident = made.incident
        entries += made.entries
        for page in (e for e in made.effects if isinstance(e, Page)):
            coming += _news(page, now, serial, assumed, answered)
    return tuple(entries)


def _news(
    page: Page, now: Instant, serial: int, assumed: Assumed, answered: set[str]
) -> list[tuple[Instant, int, Happening]]:
    """What follows a page: it fails or arrives, and whoever gets it may answer."""
    where = {"member": page.member, "firing": page.firing, "way": page.way}
    if page.way in assumed.down:
        return [(now + REFUSED_AFTER, serial, PageFailed(**where, reason="unavailable"))]
    news: list[tuple[Instant, int, Happening]] = [(now, serial, PageProven(**where, proof=Proof.DELIVERED))]
    if page.member in assumed.answers and page.member not in answered:
        answered.add(page.member)
        news.append((now + assumed.answers[page.member], serial, Acknowledge(by=page.member, via=page.way)))
    return news
