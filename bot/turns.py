"""The turns of round robin, as far as an incident needs them: read into the world before it takes a step."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.events import AlertSeen, Happening, Raised, SplitOff
from bot.engine.model import Incident, Rule
from bot.engine.world import World
from bot.store.base import Tx


def for_incident(tx: Tx, world: World, incident: Incident) -> World:
    """The world in which an incident goes on. A rule without round robin costs nothing."""
    return _with_turns(tx, world, incident.channel, (incident.rule,))


def for_opening(tx: Tx, world: World, event: Happening) -> World:
    """The world in which something opens an incident, whichever rule of its channel will take it."""
    channel = world.channels.get(_channel_of(event))
    return world if channel is None else _with_turns(tx, world, channel.id, channel.rules)


def _with_turns(tx: Tx, world: World, channel: str, rules: tuple[Rule, ...]) -> World:
    if not any(level.round_robin for rule in rules for level in rule.levels):
        return world
    return replace(world, turns=tx.turns(channel))


def _channel_of(event: Happening) -> str:
    match event:
        case AlertSeen(alert=alert):
            return alert.channel
        case Raised(channel=channel):
            return channel
        case SplitOff(alerts=alerts):
            return alerts[0].channel
        case _:
            return ""
