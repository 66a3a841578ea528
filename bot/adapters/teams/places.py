"""Where people and conversations are: what Teams told in its callbacks, so that a page finds its way without a click.

A conversation reference is the conversation's id and the `serviceUrl` that an activity from there carried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

V = TypeVar("V")

MEMORY_MAX = 20_000
_OBJECT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.ASCII | re.IGNORECASE)
_CHANNEL = re.compile(r"19:[^;|]+@thread\.(?:tacv2|skype)\Z")


@dataclass(slots=True)
class Person:
    """What is known of a person, by their object id: their account for this app, and their chat with it."""

    account: str = ""
    chat: str = ""


@dataclass(slots=True)
class Places:
    """Grows with what is heard; forgets the oldest beyond `MEMORY_MAX`. Lost at a restart, and then learned anew."""

    default_url: str
    roster: str = ""
    """The conversation with everybody in it, where the manifest names one: asked first for anybody."""
    urls: dict[str, str] = field(default_factory=dict)
    """The service URL of a conversation, or under `""` the newest heard from anywhere."""
    people: dict[str, Person] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    """Object ids by accounts."""
    rosters: dict[str, None] = field(default_factory=dict)
    """Conversations of several people, where a person may be looked up; the newest last."""

    def url_of(self, conversation: str) -> str:
        """Where the Connector of a conversation is."""
        base = base_of(conversation)
        return self.urls.get(base) or self.urls.get("") or self.default_url

    def learn(self, conversation: str, service_url: str, *, group: bool) -> None:
        """An activity came from there."""
        base = base_of(conversation)
        _put(self.urls, base, service_url)
        self.urls[""] = service_url
        if group:
            _put(self.rosters, base, None)

    def meet(self, user: str, account: str = "", chat: str = "") -> None:
        """Somebody acted, or was looked up."""
        known = self.people.pop(user, None) or Person()
        _put(self.people, user, Person(account=account or known.account, chat=chat or known.chat))
        if account:
            _put(self.objects, account, user)

    def forget_chat(self, user: str) -> None:
        """The chat with a person is gone: the app was removed."""
        if user in self.people:
            self.people[user].chat = ""

    def forget(self, conversation: str) -> None:
        """The app was removed from there."""
        self.rosters.pop(base_of(conversation), None)

    def lookups(self) -> Iterator[str]:
        """Where to look for a person: the roster with everybody, then what else is known, the newest first."""
        if self.roster:
            yield self.roster
        yield from (each for each in reversed(self.rosters) if each != self.roster)


def _put(memory: dict[str, V], key: str, value: V) -> None:
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > MEMORY_MAX:
        memory.pop(next(iter(memory)))


def is_person(address: str) -> bool:
    """Whether an address is a person's: an object id of Entra ID, or an account of this app."""
    return address.startswith("29:") or bool(_OBJECT.match(address))


def is_channel(address: str) -> bool:
    """Whether an address is a channel of a team, where a new card begins a thread."""
    return bool(_CHANNEL.match(address))


def base_of(conversation: str) -> str:
    """The channel of a thread, or the chat itself."""
    return conversation.partition(";")[0]


def ref_of(conversation: str, activity: str) -> str:
    """A message: where it is and which."""
    return f"{conversation}|{activity}"


def parts_of(ref: str) -> tuple[str, str]:
    """The conversation and the id of a message."""
    conversation, _, activity = ref.rpartition("|")
    return conversation, activity
