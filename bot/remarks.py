"""Lines below cards on their way to a chat: a row for each card, where each is said, and the one call.

A line waits for its card and for the lines before it; after `LIFE` it is of no help any more and is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import cast

import msgspec

from bot import rooms
from bot.adapters.abilities import Threads
from bot.adapters.base import Adapter, Json, Permanent, Sent
from bot.engine.effects import Effect, Remark
from bot.engine.escalation import still_wanted
from bot.engine.model import HOUR, SECOND, Incident, Instant, Span
from bot.engine.values import altered
from bot.registry import CARRIERS
from bot.store.base import Delivery, DeliveryState, Lane, Tx

OP = "thread"
"""Marks the row of a line, in the place of what a platform does with a war room."""
LIFE: Span = HOUR
LOOK_AGAIN: Span = SECOND
"""How soon it is looked again whether the card, or the line before, has been posted."""
_SHOWN = (DeliveryState.QUEUED, DeliveryState.SENT, DeliveryState.DELIVERED)
_remark_from = msgspec.json.Decoder(Remark).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a line is said: in the conversation `address`, below the card `ref`, or by itself where that is empty."""

    address: str
    ref: str


def rows(
    tx: Tx, incident: Incident, effects: Iterable[Effect], now: Instant, fresh_id: Callable[[], str]
) -> list[Delivery]:
    """A row for each line and each chat that has a card on a platform with threads."""
    said = [effect for effect in effects if isinstance(effect, Remark)]
    cards = [row for row in tx.deliveries_of(incident.id) if _takes_lines(row)] if said else []
    return [
        Delivery(
            id=fresh_id(),
            key=f"{OP}:{card.id}:{remark.number}",
            incident=incident.id,
            carrier=card.carrier,
            address=card.address,
            lane=Lane.REFRESH,  # behind new cards and by age, so that many notes hold up nothing that is worth more
            due_at=now,
            created_at=now,
            expires_at=now + LIFE,
            cycle=incident.cycle,
            lang=card.lang,
            zone=card.zone,
            op=OP,
            text=msgspec.json.encode(remark).decode(),
        )
        for remark in said
        for card in cards
    ]


def place(tx: Tx, incident: Incident, row: Delivery, now: Instant) -> Place | Delivery:
    """Where a line is said now, or the row as it is to be settled instead."""
    card = tx.delivery(_card_of(row))
    if card is None or card.state not in _SHOWN or rooms.is_over(tx, card):
        return altered(row, state=DeliveryState.SUPERSEDED, error="card_gone")
    if not card.ref and not card.token and said_of(row).code != "note":
        # the card has yet to be posted: it will show all this, and mention whom it asks
        return altered(row, state=DeliveryState.SUPERSEDED, error="card_says_it")
    before = card if not card.ref else _earlier(tx, row)
    if before is not None:
        wait = LOOK_AGAIN if before.token else max(before.due_at - now, LOOK_AGAIN)
        return altered(row, due_at=now + wait, attempts=row.attempts - 1, error="not_its_turn")
    room = rooms.room_of(incident, card.carrier)
    own = room is not None and room.address == card.address
    return Place(address=card.address, ref="" if own else card.ref)


def said_of(row: Delivery) -> Remark:
    """What a row says."""
    return _remark_from(row.text)


def due(incident: Incident, row: Delivery) -> Remark:
    """What a row says now: whoever is not wanted any more is named without being mentioned."""
    remark = said_of(row)
    wanted = tuple(member for member in remark.pinged if still_wanted(incident, row.cycle, member))
    return replace(remark, pinged=wanted)


async def perform(adapter: Adapter, where: Place, message: Json, key: str) -> Sent:
    """Ask the platform. Raises SendError."""
    if not where.ref:
        return await adapter.send(where.address, message, key=key)
    if not adapter.caps.threads:
        raise Permanent("no_threads", "this platform has no threads")
    return await cast("Threads", adapter).reply(where.address, where.ref, message, key=key)


def _takes_lines(row: Delivery) -> bool:
    """Whether a row is a card in a chat, shown or about to be, on a platform with threads."""
    return not row.member and not row.op and row.state in _SHOWN and CARRIERS[row.carrier].threads


def _card_of(row: Delivery) -> str:
    return row.key.split(":")[1]


def _earlier(tx: Tx, row: Delivery) -> Delivery | None:
    """A line below the same card that comes first and has not been said yet."""
    stem = f"{OP}:{_card_of(row)}:"
    for each in tx.deliveries_of(row.incident):
        if each.id == row.id:
            return None
        if each.state is DeliveryState.QUEUED and each.key.startswith(stem):
            return each
    return None
