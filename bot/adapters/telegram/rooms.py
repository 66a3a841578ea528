"""War rooms as topics of a forum: a bot of Telegram cannot make a group, but a topic in one that it helps to run.

Source: https://core.telegram.org/bots/api#createforumtopic and the methods after it; the bot must be an administrator
with `can_manage_topics`. A topic has a name and no more, so what is said in its head replaces its name.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from bot.adapters.base import Permanent, Room, RoomLine, SendError
from bot.adapters.telegram.outcome import outcome

if TYPE_CHECKING:
    from telegram import Bot

NAME_MAX = 128
"""Characters: https://core.telegram.org/bots/api#createforumtopic"""
RED = 0xFB6F5F
"""One of the six colours that a topic may have."""
MENTIONS_MAX = 50
"""People in one message; an entity each, of 100, and a text that can still be read."""
OPENED_MAX = 500
NO_ROOMS = "no_rooms"
MISSING_RIGHT = "missing_right"
UNTOUCHED = "topic_not_modified"
GONE_MEMBERS = frozenset({"left", "kicked"})


class Topics:
    """The rooms of one bot. All methods raise SendError, and are called in the loop of the adapter."""

    def __init__(self, bot: Callable[[], Bot], timeout_s: float) -> None:
        """`bot` gives the open session; `timeout_s` bounds every call."""
        self._bot = bot
        self._timeout_s = timeout_s
        self._opened: OrderedDict[str, Room] = OrderedDict()

    async def open_room(self, name: str, parent: str, *, key: str) -> Room:
        """Make a topic in the forum `parent`. Raises Permanent("no_rooms") where it is none, or the right is missing.

        Telegram lists no topics, so a room that another process opened under `key` cannot be found again.
        """
        if (known := self._opened.get(key)) is not None:
            return known
        chat = parent.partition("/")[0]
        if not chat.startswith("-"):
            raise Permanent(NO_ROOMS, "a private chat has no topics")
        try:
            async with outcome(self._timeout_s, address=chat):
                topic = await self._bot().create_forum_topic(chat, _name(name), icon_color=RED)
        except Permanent as error:
            if _says(error, "not a forum", "not enough rights", "topics_disabled", "forums_disabled"):
                raise Permanent(NO_ROOMS, error.detail) from error
            raise
        thread = topic.message_thread_id
        room = Room(address=f"{chat}/{thread}", name=topic.name, url=_url(chat, thread))
        self._opened[key] = room
        if len(self._opened) > OPENED_MAX:
            self._opened.popitem(last=False)
        return room

    async def invite(self, address: str, users: tuple[str, ...]) -> tuple[str, ...]:
        """Mention everybody in one message; a topic has no members of its own, and a bot cannot add people to a group.

        Returns those who are not in the group: they would neither see the topic nor hear of it.
        """
        chat, _, thread = address.partition("/")
        async with outcome(self._timeout_s, address=chat):
            found = await asyncio.gather(*(self._name_in(chat, user) for user in users))
            names = {user: name for user, name in zip(users, found, strict=True) if name}
            mentions = [_mention(user, name) for user, name in names.items()]
            for index in range(0, len(mentions), MENTIONS_MAX):
                text = ", ".join(mentions[index : index + MENTIONS_MAX])
                kwargs = {"message_thread_id": thread or None}
                await self._bot().send_message(chat, text, parse_mode="HTML", api_kwargs=kwargs)
        return tuple(user for user in users if user not in names)

    async def _name_in(self, chat: str, user: str) -> str:
        """How somebody is called, if they are in the group; empty if not, or if Telegram does not know them there."""
        if not (user.isascii() and user.isdecimal()):
            return ""
        try:
            async with outcome(self._timeout_s, ambiguous=False, address=user):
                member = await self._bot().get_chat_member(chat, int(user))
        except Permanent as error:
            if _says(error, "user not found", "member not found", "participant_id_invalid", "user_id_invalid"):
                return ""
            raise
        gone = member.status in GONE_MEMBERS or getattr(member, "is_member", True) is False
        return "" if gone else (member.user.first_name or member.user.username or user)

    async def set_topic(self, address: str, topic: str) -> None:
        """Rename the topic: its name is all that Telegram shows of it."""
        chat, _, thread = address.partition("/")
        try:
            async with outcome(self._timeout_s, address=chat):
                await self._bot().edit_forum_topic(chat, int(thread or 0), name=_name(topic))
        except SendError as error:
            if not _says(error, UNTOUCHED):
                raise

    async def pin(self, ref: str) -> None:
        """Pin a message quietly; in a forum it is pinned in its own topic."""
        chat, _, number = ref.partition(":")
        try:
            async with outcome(self._timeout_s, address=chat):
                await self._bot().pin_chat_message(chat, int(number), disable_notification=True)
        except Permanent as error:
            if _says(error, "not enough rights"):
                raise Permanent(MISSING_RIGHT, error.detail) from error
            raise

    async def close_room(self, address: str) -> None:
        """Close the topic: it can be read, and only administrators write there."""
        chat, _, thread = address.partition("/")
        try:
            async with outcome(self._timeout_s, address=chat):
                await self._bot().close_forum_topic(chat, int(thread or 0))
        except SendError as error:
            if not _says(error, UNTOUCHED):
                raise

    async def transcript(self) -> list[RoomLine]:
        """Nothing: the Bot API gives a bot no history (https://core.telegram.org/bots/faq), only what is new."""
        return []


def _mention(user: str, name: str) -> str:
    return f'<a href="tg://user?id={user}">{escape(name, quote=False)}</a>'


def _name(text: str) -> str:
    line = " ".join(text.encode("utf-8", "replace").decode().split()) or "?"
    return line if len(line) <= NAME_MAX else line[: NAME_MAX - 1] + "\u2026"


def _url(chat: str, thread: int) -> str:
    """How a member opens a topic of a private supergroup: https://core.telegram.org/api/links#private-message-links."""
    return f"https://t.me/c/{chat.removeprefix('-100')}/{thread}" if chat.startswith("-100") else ""


def _says(error: SendError, *words: str) -> bool:
    said = error.detail.lower()
    return any(word in said for word in words)
