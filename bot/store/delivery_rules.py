"""What happens to a delivery, as pure functions on one row: every store applies the same ones.

A lease is a queued row with a token whose `due_at` lies at the lease's end; a dead worker's rows are simply due again.
"""

from __future__ import annotations

from bot.engine.model import Instant, Span, medium_of
from bot.engine.values import altered
from bot.store.base import Delivery, DeliveryState, Lane

SHOWN = (DeliveryState.SENT, DeliveryState.DELIVERED)
"""The states of a message that has arrived, as far as anybody knows."""


def is_card(row: Delivery) -> bool:
    """Whether a delivery is one that is edited later: all but phone, mail, and what is said or done once."""
    return medium_of(row.carrier) == "im" and not row.op


def leased(row: Delivery, now: Instant, lease: Span, token: str) -> Delivery:
    """The row in the hands of whoever holds `token`."""
    return altered(row, due_at=now + lease, token=token, attempts=row.attempts + 1)


def settled(stored: Delivery, given: Delivery) -> Delivery:
    """What to save when the holder of the lease gives a row back.

    The holder did not see a `wanted_rev` that rose after the claim: it is kept, and a card that shows less than it
    goes back to the queue. It is due when the holder said (a pause that the platform asked for), else at once.
    """
    row = altered(given, token="", wanted_rev=max(stored.wanted_rev, given.wanted_rev))
    rose = stored.wanted_rev > given.wanted_rev
    if not (rose and row.ref and is_card(row) and row.state in SHOWN and row.shown_rev < row.wanted_rev):
        return row
    due_at = given.due_at if given.due_at != stored.due_at else given.created_at
    return altered(row, state=DeliveryState.QUEUED, lane=Lane.REFRESH, due_at=due_at, attempts=0)


def wanting(row: Delivery, rev: int, now: Instant) -> Delivery | None:
    """The row once its card is to show `rev`; None when that changes nothing."""
    if not is_card(row) or row.wanted_rev >= rev:
        return None
    if row.state is DeliveryState.QUEUED:
        return altered(row, wanted_rev=rev)
    if row.state not in SHOWN or not row.ref:
        return None
    if row.shown_rev >= rev:
        return altered(row, wanted_rev=rev)
    return altered(row, wanted_rev=rev, state=DeliveryState.QUEUED, lane=Lane.REFRESH, due_at=now, attempts=0)


def overwritten(row: Delivery, rev: int, now: Instant) -> Delivery | None:
    """The row once an edit to `rev` has come through that was no longer wanted; None where it does no harm.

    A card that was brought further meanwhile shows the older revision again, and has to be brought there once more.
    """
    if not is_card(row) or not row.ref or row.state not in SHOWN or row.shown_rev <= rev:
        return None
    return altered(row, shown_rev=rev, state=DeliveryState.QUEUED, lane=Lane.REFRESH, due_at=now, attempts=0)


def withdrawn(row: Delivery, cycle: int) -> Delivery | None:
    """The row once pages of cycles before `cycle` are not wanted; None when it may stay.

    A leased row stays: its holder looks again before it sends.
    """
    unsent = row.state is DeliveryState.QUEUED and row.lane is Lane.PAGE and not row.token
    return unwanted(row) if unsent and row.cycle < cycle else None


def unwanted(row: Delivery, error: str = "") -> Delivery:
    """A queued page that nobody wants any more; one that a vendor took already, and another was to repeat, was sent."""
    state = DeliveryState.SENT if row.provider_id else DeliveryState.SUPERSEDED
    return altered(row, state=state, error=error)


def tried_again(row: Delivery, now: Instant) -> Delivery | None:
    """The row once another vendor is to carry it as well; None when it is not one that was merely sent."""
    if row.state is not DeliveryState.SENT:
        return None
    return altered(row, state=DeliveryState.QUEUED, lane=Lane.PAGE, due_at=now, attempts=0)


def proven(row: Delivery) -> Delivery | None:
    """The row once one of its vendors has a receipt; None when that is no news, or its holder has to say so."""
    if row.token or row.state is DeliveryState.DELIVERED:
        return None
    return altered(row, state=DeliveryState.DELIVERED, error="")


def receipted(row: Delivery, state: DeliveryState, error: str) -> Delivery | None:
    """The row after a receipt; None when the receipt is no news. Only a sent message can arrive or fail."""
    news = row.state is DeliveryState.SENT and state in (DeliveryState.DELIVERED, DeliveryState.FAILED)
    return altered(row, state=state, error=error) if news else None
