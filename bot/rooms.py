"""War rooms on their way to a platform: what a queued row asks for, the one call, and the news for the incident."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from bot.adapters.base import Adapter, Permanent, RoomLine, Rooms
from bot.adapters.base import Room as Opened
from bot.cards.build import View, incident_card
from bot.cards.build.outlook import holders
from bot.cards.text import one_line, shorten
from bot.engine.effects import RoomDo
from bot.engine.events import RoomClosed, RoomFailed, RoomOpened, Said
from bot.engine.model import MINUTE, SECOND, Incident, Instant, Room, RoomState, Span
from bot.store.base import Delivery, DeliveryState, Tx

LIFE: Span = 15 * MINUTE
"""What a platform could not be asked within this time is given up, aloud."""
NAME_MAX = 80
"""Of a Slack channel, the tightest (https://api.slack.com/methods/conversations.create)."""
TOPIC_MAX = 250
"""Of a Slack channel (https://api.slack.com/methods/conversations.setTopic)."""
LINES_READ = 500
LINE_MAX = 500
CARD_SOON: Span = 2 * SECOND
"""How soon it is looked again whether the card that is to be pinned has been posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomCall:
    """Everything that one call needs, read from the state that the store shows now."""

    do: RoomDo
    parent: str
    address: str
    name: str
    topic: str
    users: tuple[str, ...] = ()
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomDone:
    """What the platform did. `missing` are the users whom it could not bring in."""

    opened: Opened | None = None
    missing: tuple[str, ...] = ()
    lines: tuple[RoomLine, ...] = ()


def known_as(platform: str, address: str) -> str:
    """Under which stored setting the incident of a room is found by where the room is."""
    return f"room:{platform}:{address}"


def room_of(incident: Incident, platform: str) -> Room | None:
    """The incident's room on a platform."""
    return next((room for room in incident.rooms if room.platform == platform), None)


def is_over(tx: Tx, row: Delivery) -> bool:
    """Whether a row is the card of a war room that is closed, or about to be: some platforms let nobody write there."""
    incident = tx.incidents([row.incident]).get(row.incident) if not row.op else None
    room = room_of(incident, row.carrier) if incident else None
    return room is not None and room.address == row.address and room.state in (RoomState.CLOSING, RoomState.CLOSED)


def prepare(tx: Tx, view: View, row: Delivery) -> RoomCall | Delivery:
    """The call that a row asks for, or the row as it is to be settled instead."""
    incident, room, do = view.incident, room_of(view.incident, row.carrier), RoomDo(row.op)
    if room is None or not _still_meant(room, do, row.address):
        return replace(row, state=DeliveryState.SUPERSEDED, error="room_gone")
    users, ref = _users(view, row), ""
    if do is RoomDo.INVITE and not users:
        return replace(row, state=DeliveryState.SUPERSEDED, error="nobody_to_invite")
    if do is RoomDo.PIN:
        ref = next((each.ref for each in tx.deliveries_of(incident.id) if _is_card(each, room)), "")
        if not ref:
            return replace(row, due_at=view.now + CARD_SOON, attempts=row.attempts - 1, error="card_not_posted")
    return RoomCall(
        do=do,
        parent=row.address if do is RoomDo.OPEN else room.parent,  # the chat may have moved since it was asked
        address=room.address,
        name=shorten(f"{view.ref} {one_line(incident.title)}", NAME_MAX),
        topic=_topic(view),
        users=users,
        ref=ref,
    )


async def perform(adapter: Adapter, call: RoomCall, key: str) -> RoomDone:
    """Ask the platform. Raises SendError."""
    if not adapter.caps.rooms:
        raise Permanent("no_rooms", "this platform has no war rooms")
    rooms = cast("Rooms", adapter)
    match call.do:
        case RoomDo.OPEN:
            return RoomDone(opened=await rooms.open_room(call.name, call.topic, call.parent, key=key))
        case RoomDo.INVITE:
            return RoomDone(missing=await rooms.invite(call.address, call.users))
        case RoomDo.TOPIC:
            await rooms.set_topic(call.address, call.topic)
        case RoomDo.PIN:
            await rooms.pin(call.ref)
        case RoomDo.CLOSE:
            lines = tuple(await rooms.transcript(call.address, LINES_READ))
            await rooms.close_room(call.address)
            return RoomDone(lines=lines)
    return RoomDone()


def news(row: Delivery, settled: Delivery, done: RoomDone | None) -> RoomOpened | RoomClosed | RoomFailed | None:
    """What the incident must hear of a row that is settled; nothing while it is tried again."""
    if settled.state in (DeliveryState.FAILED, DeliveryState.EXPIRED):
        return RoomFailed(platform=row.carrier, reason=settled.error, do=row.op)
    if done is None:
        return None
    if done.opened is not None:
        found = done.opened
        return RoomOpened(platform=row.carrier, address=found.address, name=found.name, url=found.url)
    if row.op == RoomDo.CLOSE:
        said = (
            Said(at=_millis(line.at), user=line.user, text=shorten(one_line(line.text), LINE_MAX))
            for line in done.lines
        )
        return RoomClosed(platform=row.carrier, lines=tuple(said))
    if done.missing:
        return RoomFailed(platform=row.carrier, reason=f"not_invited:{','.join(done.missing)}", do=row.op)
    return None


def _still_meant(room: Room, do: RoomDo, address: str) -> bool:
    """Whether a row is about this room as it is now, and not about one before it that is closed."""
    if do is RoomDo.OPEN:
        return room.state is RoomState.ASKED
    wanted = RoomState.CLOSING if do is RoomDo.CLOSE else RoomState.OPEN
    return room.state is wanted and room.address == address


def _topic(view: View) -> str:
    """How it stands, shortest first: `#142 Critical · Acknowledged · Bo Berg · disk full`."""
    card = incident_card(view)
    who = view.names([responder.member for responder in holders(view.incident)])
    stands = " · ".join(filter(None, (f"{card.ref} {card.severity}", card.status, who, card.title)))
    return shorten(stands, TOPIC_MAX)


def _users(view: View, row: Delivery) -> tuple[str, ...]:
    """The accounts on the platform of the members that the row names; who has none cannot be brought in."""
    members = (view.world.member(name) for name in row.text.split(",") if name)
    return tuple(user for member in members if member and (user := member.identities.get(row.carrier)))


def _is_card(row: Delivery, room: Room) -> bool:
    return not row.op and row.carrier == room.platform and row.address == room.address and bool(row.ref)


def _millis(seconds: float) -> Instant:
    return int(seconds * SECOND)
