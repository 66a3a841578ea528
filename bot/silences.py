"""Quick silences: put in force, edited by asking again, lifted by hand, deleted when they are over.

What a silence hid is asked about again at once when it is lifted or edited: whatever still fires then pages somebody.
"""

from __future__ import annotations

from dataclasses import replace

from bot.engine.grouping import ALERTS_MAX
from bot.engine.model import Instant
from bot.engine.silence import Silence
from bot.noise import SILENCED
from bot.store.base import Tx


def hides(tx: Tx, silence: Silence) -> int:
    """How many alerts it keeps quiet now; at most as many as one incident holds are counted."""
    return len(tx.muted_alerts(SILENCED + silence.id, ALERTS_MAX))


def keep(tx: Tx, silence: Silence, now: Instant) -> bool:
    """Put a silence in force. True when it edits one that was there: then what that one hid is asked about again."""
    known = any(each.id == silence.id and each.channel == silence.channel for each in tx.silences())
    tx.put_silence(silence)
    if known:
        _ask_again(tx, silence, now)
    return known


def lift(tx: Tx, silence: Silence, now: Instant) -> int:
    """End a silence. Returns how many alerts it hid."""
    tx.drop_silence(silence.channel, silence.id)
    return _ask_again(tx, silence, now)


def over(tx: Tx, now: Instant) -> list[Silence]:
    """Those whose end has come: nothing is hidden by them any more, and their alerts have woken by themselves."""
    return [silence for silence in tx.silences() if silence.end is not None and silence.end <= now]


def _ask_again(tx: Tx, silence: Silence, now: Instant) -> int:
    hidden = tx.muted_alerts(SILENCED + silence.id, ALERTS_MAX)
    tx.put_alerts([replace(alert, muted_until=now) for alert in hidden])
    return len(hidden)
