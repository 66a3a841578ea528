"""What the played Teams remembers: people, conversations with their messages, toasts, and open dialogs."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from dataclasses import dataclass, field, replace

from bot.playground.hub import Hub, Json
from bot.playground.teams.config import TeamsConfig, TeamsConversation, TeamsUser
from bot.playground.teams.refusals import no_conversation

TOASTS_KEPT = 100
_THREAD = re.compile(r"(?P<channel>19:[^;]+);messageid=(?P<root>\d+)\Z")


@dataclass(slots=True)
class Conversation:
    """A channel, a group chat, or the chat of one person with the bot; `messages` by their ids, oldest first."""

    id: str
    kind: str
    name: str
    members: list[str]
    installed: bool = True
    messages: dict[str, Json] = field(default_factory=dict)

    @property
    def is_channel(self) -> bool:
        """Whether messages here begin threads."""
        return self.kind == "channel"


class World:
    """The tenant. Ids of people are their object ids; what the app gets to see are the accounts of `TeamsConfig`."""

    def __init__(self, hub: Hub, config: TeamsConfig) -> None:
        """Seed people and conversations."""
        self.hub = hub
        self.config = config
        self.users: dict[str, TeamsUser] = {user.id: user for user in config.users}
        self.conversations: dict[str, Conversation] = {}
        for each in config.conversations:
            self.conversations[each.id] = _seeded(each)
        self.toasts: deque[Json] = deque(maxlen=TOASTS_KEPT)
        self.dialogs: dict[str, Json] = {}
        self._last_id = 0

    def publish(self, kind: str, data: Json) -> None:
        """Tell the page."""
        self.hub.publish("teams", kind, data)

    def new_id(self) -> str:
        """The id of a message: milliseconds, as Teams does it, and never twice."""
        self._last_id = max(self._last_id + 1, int(self.hub.now() * 1000))
        return str(self._last_id)

    def account(self, user: TeamsUser) -> Json:
        """A person as activities show them."""
        return {"id": self.config.account_of(user.id), "name": user.name, "aadObjectId": user.id}

    def person(self, named: str) -> TeamsUser | None:
        """The person behind an account of this app, an object id or a mail address."""
        for user in self.users.values():
            if named in {user.id, self.config.account_of(user.id)} or (user.email and named == user.email):
                return user
        return None

    def change(self, user: TeamsUser, *, installed: bool | None = None, blocked: bool | None = None) -> TeamsUser:
        """Install, remove, block: the person afterwards."""
        kept = user.installed if installed is None else installed
        self.users[user.id] = replace(user, installed=kept, blocked=user.blocked if blocked is None else blocked)
        return self.users[user.id]

    def personal(self, user: TeamsUser) -> Conversation:
        """The chat of a person with the bot; it has the same id for ever."""
        digest = hashlib.sha256(f"{self.config.app_id}:{user.id}".encode()).hexdigest()
        found = self.conversations.get(f"a:1{digest[:32]}")
        if found is None:
            found = Conversation(f"a:1{digest[:32]}", "personal", user.name, [user.id])
            self.conversations[found.id] = found
        return found

    def at(self, conversation: str) -> tuple[Conversation, str]:
        """A conversation and the root of the thread that its id names, if any. Raises `TeamsRefusal`."""
        thread = _THREAD.match(conversation)
        place = self.conversations.get(thread["channel"] if thread else conversation)
        if place is None or (thread and thread["root"] not in place.messages):
            raise no_conversation()
        return place, thread["root"] if thread else ""

    def reaches(self, user: TeamsUser) -> bool:
        """Whether the app may write to a person: it is installed for them, or in a team or chat that they are in."""
        shared = any(c.installed and user.id in c.members for c in self.conversations.values() if c.kind != "personal")
        return (user.installed or shared) and not user.blocked

    def keep(self, place: Conversation, message: Json, root: str = "") -> Json:
        """Show a new message; in a channel it begins a thread unless it answers in one."""
        message["id"] = self.new_id()
        thread = root or message["id"]
        message["conversation"] = f"{place.id};messageid={thread}" if place.is_channel else place.id
        place.messages[message["id"]] = message
        while len(place.messages) > self.config.messages_kept:
            place.messages.pop(next(iter(place.messages)))
        self.publish("message", {"conversation": place.id, "message": message})
        return message


def _seeded(each: TeamsConversation) -> Conversation:
    kind = "channel" if each.is_channel else "groupChat"
    return Conversation(each.id, kind, each.name, list(each.members), each.installed)
