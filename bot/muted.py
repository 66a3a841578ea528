"""Alerts that nobody hears of, as the store has them: found by key or id, and what `muting` needs to explain them."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.model import Alert, Incident, Instant
from bot.engine.muting import Around, explain_alert
from bot.engine.verdicts import Verdicts
from bot.engine.world import World
from bot.noise import that_explain
from bot.store.base import Tx


def named(tx: Tx, world: World, text: str) -> list[Alert]:
    """The alert with this id, or every open one with this key, in whatever channel and from whatever integration."""
    if known := tx.alerts([text]):
        return list(known.values())
    return list(tx.open_alerts({(integration, text) for integration in world.integrations}).values())


def explained(tx: Tx, world: World, alert: Alert, now: Instant) -> tuple[Incident, Verdicts]:
    """As `explain_alert`, with what the store knows around the alert."""
    slot = (alert.integration, alert.channel, alert.alert_key)
    around = Around(
        actives=tuple(that_explain(tx, alert.channel, now)),
        cause=tx.alerts([alert.cause]).get(alert.cause) if alert.cause else None,
        flaps=tx.flaps([slot]).get(slot),
    )
    return explain_alert(alert, around, replace(world, turns=tx.turns(alert.channel)), now)
