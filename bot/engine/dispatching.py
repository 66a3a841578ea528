"""Which channels an event goes to, and what a channel does not let in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from bot.engine import conditions
from bot.engine.model import Event, EventStatus
from bot.engine.verdicts import RouteVerdict, RouteWhy
from bot.engine.world import Channel, Integration


def targets(
    event: Event, integration: Integration, channels: Mapping[str, Channel], open_in: Collection[str]
) -> tuple[str, ...]:
    """The ids of the channels that an event goes to, each once; none: nobody wants it.

    `open_in` are the channels in which an alert of its key is open. A recovery goes to these and nowhere else: it may
    lack the very labels that led the alert there.
    """
    if event.status is EventStatus.OK:
        return tuple(open_in)
    if integration.channel:
        return (integration.channel,)
    found = tuple(dict.fromkeys(_routed(event, integration, channels)))
    return found or integration.default_route


def lets_in(channel: Channel, event: Event, integration: str) -> bool:
    """Whether no drop rule of the channel takes the event. A recovery is always let in."""
    if event.status is EventStatus.OK or not channel.drop:
        return True
    return not conditions.matches(channel.drop, conditions.facts_of(event, integration))


def cases(event: Event, integration: Integration, channels: Mapping[str, Channel]) -> tuple[RouteVerdict, ...]:
    """What became of each case of a shared integration, and of its default, for an event that reports trouble."""
    found = tuple(_cases(event, integration, channels))
    taken = any(each.why is RouteWhy.TAKEN for each in found)
    why = RouteWhy.NOT_ASKED if taken else RouteWhy.DEFAULT if integration.default_route else RouteWhy.NO_DEFAULT
    return (*found, RouteVerdict(case=0, why=why, channels=integration.default_route))


def _routed(event: Event, integration: Integration, channels: Mapping[str, Channel]) -> Iterator[str]:
    for each in _cases(event, integration, channels):
        if each.why is RouteWhy.TAKEN:
            yield from each.channels


def _cases(event: Event, integration: Integration, channels: Mapping[str, Channel]) -> Iterator[RouteVerdict]:
    """The cases in order. A name that no channel has is no match, so the next case is tried."""
    known = conditions.facts_of(event, integration.id)
    stopped = False
    for number, route in enumerate(integration.routes, 1):
        if stopped:
            yield RouteVerdict(case=number, why=RouteWhy.NOT_ASKED)
        elif fails := conditions.failing(route.filter, known):
            yield RouteVerdict(case=number, why=RouteWhy.FILTER, fails=fails)
        elif named := route.channels or tuple(_named(event.labels.get(route.name_label, ""), channels)):
            yield RouteVerdict(case=number, why=RouteWhy.TAKEN, channels=named)
            stopped = route.stop
        else:
            yield RouteVerdict(case=number, why=RouteWhy.NO_CHANNEL)


def _named(name: str, channels: Mapping[str, Channel]) -> Iterator[str]:
    return (channel.id for channel in channels.values() if channel.name == name)
