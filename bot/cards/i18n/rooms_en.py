"""What is said about war rooms, in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "help.room": "open a war room for an incident, or close it",
    "fact.room": "War room",
    "room.asked": "{platform}: being opened",
    "room.closing": "{name}: being closed",
    "entry.by_hand.i_wr_ask": "{actor} asked for a war room: {platforms}",
    "entry.by_hand.i_wr_close": "{actor} asked to close {room}",
    "entry.room.i_wr_create": "war room opened: {room}",
    "entry.room.i_wr_delete": "war room closed: {room}, {count} messages kept",
    "entry.room.i_wr_failed": "war room on {platform}: {do} failed ({why})",
    "entry.room.i_wr_said": "{user} in the war room: {text}",
    "reply.room_asked": "A war room is being opened. Whoever responds is brought in.",
    "reply.room_there": "There is one already: {room}.",
    "reply.room_closing": "Closing {room}. What was said in it is kept with the incident.",
    "reply.no_room": "There is no open war room. To open one: /toc room #NUM",
    "reply.no_rooms": (
        "No chat of this channel is on a platform that has war rooms. Add a Slack, Teams or Telegram chat to it."
    ),
}
