"""Several pages in one text: which of them go now, which are carried by another, and the words of them all.

`prepare` is asked right before a page by text goes out; `bot.bursts` remembers, `bot.engine.bundling` decides.
"""

from __future__ import annotations

from bot import bursts
from bot.adapters.base import Json
from bot.engine.bundling import SendTogether, WaitUntil
from bot.engine.escalation import still_wanted
from bot.engine.model import Instant
from bot.engine.values import altered
from bot.rendering import Rendering
from bot.store.base import Delivery, DeliveryState, Tx

ALONE: tuple[str, ...] = ()
_CARRIED = frozenset({DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.FAILED})
"""What became of a text, and so of every page that it carries."""


def held(tx: Tx, row: Delivery, now: Instant) -> tuple[str, ...] | Delivery:
    """The pages that go out with this one, itself first, or `ALONE`; or the row as it is to be settled instead.

    Every row but a page by text goes alone.
    """
    if row.way != "sms" or not row.incident:
        return ALONE
    if before := bursts.carried_by(tx, row.id):  # another vendor says it all again: its receipt speaks for all of them
        return (row.id, *(page.id for page in before))
    match bursts.asked(tx, row, now):
        case bursts.Carried(by=by):
            state = by.state if by.state in _CARRIED else DeliveryState.SENT
            return altered(row, state=state, attempts=0, error=by.error)
        case WaitUntil(at=at):
            return altered(row, due_at=at, attempts=row.attempts - 1, error="burst")
        case SendTogether(ids=ids):
            return ids
        case _:
            return ALONE


def worded(tx: Tx, rendering: Rendering, ids: tuple[str, ...], now: Instant) -> tuple[Json, tuple[str, ...]] | None:
    """One text for those of the pages that are still wanted, and which these are; None for fewer than two."""
    rows = [row for one in ids if (row := tx.delivery(one)) is not None]
    found = tx.incidents([row.incident for row in rows])
    wanted = [
        row
        for row in rows
        if (incident := found.get(row.incident)) is not None and still_wanted(incident, row.cycle, row.member)
    ]
    return (rendering.bundle(tx, wanted, now), tuple(row.id for row in wanted)) if len(wanted) > 1 else None
