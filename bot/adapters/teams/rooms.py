"""War rooms: a thread of the incident's channel, because a bot can make no channel and no group chat in Teams.

"You can't create a new group chat or a new channel in a team with proactive messaging":
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from bot.adapters.base import Json, Permanent, Room
from bot.adapters.teams.places import is_channel, parts_of, ref_of
from bot.adapters.teams.post import Post

ROOMS_MAX = 1_000
MENTIONS_MAX = 20
LINK = "https://teams.microsoft.com/l/message/{channel}/{root}"
"""https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/deep-link-teams."""


@dataclass(slots=True)
class _Thread:
    name: str
    topic: str
    closed: bool = False


class Threads:
    """Each method raises SendError. What was opened is remembered until a restart; after one, a thread's first message
    is rewritten from the topic alone, and the same key opens a second thread.
    """

    def __init__(self, post: Post, timeout_s: float) -> None:
        """Nothing is open yet."""
        self._post = post
        self._timeout_s = timeout_s
        self._by_key: dict[str, Room] = {}
        self._threads: dict[str, _Thread] = {}

    async def open_room(self, name: str, topic: str, parent: str, *, key: str) -> Room:
        """A first message in the channel, and the address of its thread. Group chats have no threads."""
        if key in self._by_key:
            return self._by_key[key]
        if not is_channel(parent):
            raise Permanent("no_room_there", "only channels of a team have threads")
        thread = _Thread(name, topic)
        sent = await self._post.send(parent, _said(_head(thread)), self._deadline())
        address, root = parts_of(sent.ref)
        room = Room(address=address, name=name, url=LINK.format(channel=parent, root=root))
        if len(self._by_key) >= ROOMS_MAX:
            self._by_key.pop(next(iter(self._by_key)))
            self._threads.pop(next(iter(self._threads)), None)
        self._by_key[key], self._threads[address] = room, thread
        return room

    async def invite(self, address: str, users: tuple[str, ...]) -> tuple[str, ...]:
        """One message that mentions everybody; whoever is not in the channel cannot be mentioned."""
        roster = address.partition(";")[0]
        there: list[Any] = []
        missing: list[str] = []
        for user in users[:MENTIONS_MAX]:
            try:
                there.append(await self._post.member(roster, user, self._deadline()))
            except Permanent:
                missing.append(user)
        if there:
            names = [str(member.name or "").replace("<", "").replace(">", "") or "…" for member in there]
            entities = [
                {"type": "mention", "text": f"<at>{name}</at>", "mentioned": {"id": member.id, "name": name}}
                for member, name in zip(there, names, strict=True)
            ]
            text = " ".join(f"<at>{name}</at>" for name in names)
            await self._post.send(address, {"type": "message", "text": text, "entities": entities}, self._deadline())
        return (*missing, *users[MENTIONS_MAX:])

    async def set_topic(self, address: str, topic: str) -> None:
        """The thread's first message, anew."""
        thread = self._thread(address)
        thread.topic = topic
        await self._rewrite(address, thread)

    async def close_room(self, address: str) -> None:
        """A closing line, and a lock in front of the first message; nothing where it is closed already."""
        thread = self._thread(address)
        if thread.closed:
            return
        await self._post.send(address, _said(f"🔒 {thread.name}".strip()), self._deadline())
        thread.closed = True
        await self._rewrite(address, thread)

    def _thread(self, address: str) -> _Thread:
        return self._threads.setdefault(address, _Thread("", ""))

    async def _rewrite(self, address: str, thread: _Thread) -> None:
        root = address.rpartition("=")[2]
        await self._post.edit(ref_of(address, root), _said(_head(thread)), self._deadline())

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._timeout_s


def _head(thread: _Thread) -> str:
    lines = (f"{'🔒 ' if thread.closed else ''}{thread.name}".strip(), thread.topic.strip())
    return "\n".join(line for line in lines if line) or "…"


def _said(text: str) -> Json:
    return {"type": "message", "textFormat": "plain", "text": text}
