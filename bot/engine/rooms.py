"""War rooms: a conversation of its own for one incident, on each platform where people want one.

A room shows the incident's card like any chat, takes in whoever becomes a responder, and stays until it is closed.
"""

from __future__ import annotations

from dataclasses import replace

from bot.engine.draft import Draft
from bot.engine.effects import Kind, Reason, Reply, RoomDo, RoomWork, ShowCards
from bot.engine.events import CloseRoom, OpenRoom, RoomClosed, RoomFailed, RoomNews, RoomOpened
from bot.engine.model import Chat, Progress, Room, RoomState

LINES_KEPT = 200
"""Messages of a room that are kept for the postmortem, the latest ones."""


def open_rooms(draft: Draft, command: OpenRoom) -> Reply:
    """Ask for a room on each of these platforms; one that is there already is named instead of opened twice."""
    incident = draft.incident
    if incident.progress is Progress.CLOSED:
        return Reply(code="already_closed", done=False, facts={"by": incident.closed_by, "at": str(incident.closed_at)})
    parents = _parents(draft, command.able)
    if not parents:
        return Reply(code="no_rooms", done=False)
    there = {room.platform: room for room in incident.rooms if room.state is not RoomState.CLOSED}
    wanted = [chat for chat in parents if chat.platform not in there]
    if not wanted:
        named = ", ".join(room.name or room.platform for room in there.values())
        return Reply(code="room_there", done=False, facts={"room": named})
    rooms = tuple(room for room in incident.rooms if room.platform not in {chat.platform for chat in wanted})
    asked = tuple(Room(platform=chat.platform, parent=chat.address, lang=chat.lang, zone=chat.zone) for chat in wanted)
    draft.show(rooms=rooms + asked)
    for room in asked:
        draft.emit(RoomWork(do=RoomDo.OPEN, room=room))
    platforms = ",".join(room.platform for room in asked)
    draft.log(Kind.ROOM_ASKED, Reason.BY_HAND, actor=command.by, facts={"platforms": platforms, "via": command.via})
    return Reply(code="room_asked", facts={"platforms": platforms})


def close_rooms(draft: Draft, command: CloseRoom) -> Reply:
    """Close every room that is open; what was said in it is kept first."""
    opened = [room for room in draft.incident.rooms if room.state is RoomState.OPEN]
    if not opened:
        return Reply(code="no_room", done=False)
    _put(draft, *(replace(room, state=RoomState.CLOSING) for room in opened))
    for room in opened:
        draft.emit(RoomWork(do=RoomDo.CLOSE, room=room))
    names = ", ".join(room.name for room in opened)
    draft.log(Kind.ROOM_CLOSE_ASKED, Reason.BY_HAND, actor=command.by, facts={"room": names, "via": command.via})
    return Reply(code="room_closing", facts={"room": names})


def heard(draft: Draft, event: RoomNews) -> None:
    """A platform has done, or refused, what it was asked to."""
    match event:
        case RoomOpened():
            opened(draft, event)
        case RoomFailed():
            failed(draft, event)
        case RoomClosed():
            closed(draft, event)


def opened(draft: Draft, event: RoomOpened) -> None:
    """The room is there: it shows the card, at its top, and the responders are brought in."""
    room = _room(draft, event.platform)
    if room is None or room.state is not RoomState.ASKED:
        return
    room = replace(room, state=RoomState.OPEN, address=event.address, name=event.name, url=event.url)
    _put(draft, room)
    draft.log(Kind.ROOM_OPEN, Reason.ROOM, facts={"room": room.name, "platform": room.platform})
    chat = Chat(platform=room.platform, address=room.address, name=room.name, lang=room.lang, zone=room.zone)
    draft.emit(ShowCards(chats=(chat,)))
    draft.emit(RoomWork(do=RoomDo.PIN, room=room))
    _bring_in(draft, room, tuple(responder.member for responder in draft.incident.responders))


def failed(draft: Draft, event: RoomFailed) -> None:
    """What was asked of the platform will not happen: it is said, and the room can be asked for again."""
    room = _room(draft, event.platform)
    if room is None:
        return
    draft.log(Kind.ROOM_FAILED, Reason.ROOM, facts={"platform": room.platform, "why": event.reason, "do": event.do})
    if room.state is RoomState.ASKED and event.do == RoomDo.OPEN:
        draft.show(rooms=tuple(each for each in draft.incident.rooms if each is not room))
    elif room.state is RoomState.CLOSING and event.do == RoomDo.CLOSE:
        _put(draft, replace(room, state=RoomState.OPEN))


def closed(draft: Draft, event: RoomClosed) -> None:
    """The room is closed, and what was said in it belongs to the timeline now."""
    room = _room(draft, event.platform)
    if room is None or room.state is RoomState.CLOSED:
        return
    for line in event.lines[-LINES_KEPT:]:
        facts = {"user": line.user, "text": line.text, "said_at": str(line.at)}
        draft.log(Kind.ROOM_SAID, Reason.ROOM, facts=facts)
    _put(draft, replace(room, state=RoomState.CLOSED))
    draft.log(Kind.ROOM_CLOSE, Reason.ROOM, facts={"room": room.name, "count": str(len(event.lines))})


def keep_in_step(draft: Draft) -> None:
    """Whoever has just become a responder is brought in; a new state is said in the room's head."""
    before, incident = draft.before, draft.incident
    if not incident.rooms or before.rooms != incident.rooms:
        return
    known = {responder.member for responder in before.responders}
    new = tuple(responder.member for responder in incident.responders if responder.member not in known)
    for room in incident.rooms:
        if room.state is RoomState.OPEN:
            _bring_in(draft, room, new)
            if incident.progress is not before.progress or incident.severity is not before.severity:
                draft.emit(RoomWork(do=RoomDo.TOPIC, room=room))


def _parents(draft: Draft, able: tuple[str, ...]) -> list[Chat]:
    """The chats that rooms are opened beside, the first of each platform."""
    channel = draft.world.channels.get(draft.incident.channel)
    if channel is None:
        return []
    chats = {chat.platform: chat for chat in reversed(channel.chats) if chat.platform in able}
    if channel.rooms:
        return [chats[platform] for platform in channel.rooms if platform in chats]
    return [chats[platform] for platform in able if platform in chats][:1]


def _bring_in(draft: Draft, room: Room, members: tuple[str, ...]) -> None:
    if members:
        draft.emit(RoomWork(do=RoomDo.INVITE, room=room, members=members))


def _room(draft: Draft, platform: str) -> Room | None:
    return next((room for room in draft.incident.rooms if room.platform == platform), None)


def _put(draft: Draft, *changed: Room) -> None:
    new = {room.platform: room for room in changed}
    draft.show(rooms=tuple(new.get(room.platform, room) for room in draft.incident.rooms))
