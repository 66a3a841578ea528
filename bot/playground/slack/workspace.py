"""The memory of the played Slack: people, conversations, messages, open modals, and the ids handed to the app.

Everything here is bounded; the oldest entry goes first.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

from bot.playground.hub import Hub, Json, Outage
from bot.playground.slack.config import SlackConfig, SlackUser
from bot.playground.slack.refusals import SlackRefusal

HANDLES_MAX = 1_000
TRIGGER_LIFE_S = 3.0  # https://docs.slack.dev/interactivity/handling-user-interaction#trigger_id
RESPONSE_URL_LIFE_S = 1_800.0  # 30 minutes and 5 uses: .../handling-user-interaction#async_responses
RESPONSE_URL_USES = 5


@dataclass(slots=True)
class Conversation:
    """A channel or a direct message; `messages` maps ts to the raw message, `user` is a direct message's partner."""

    id: str
    name: str
    members: list[str]
    is_private: bool = False
    is_archived: bool = False
    user: str | None = None
    topic: str = ""
    purpose: str = ""
    created: int = 0
    creator: str = ""
    messages: OrderedDict[str, Json] = field(default_factory=OrderedDict)
    pins: list[str] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)

    def raw(self) -> Json:
        """The conversation object: https://docs.slack.dev/reference/objects/conversation-object."""
        if self.user is not None:
            return {"id": self.id, "created": self.created, "is_im": True, "is_org_shared": False, "user": self.user,
                    "is_archived": self.is_archived}  # fmt: skip
        return {
            "id": self.id, "name": self.name, "name_normalized": self.name, "created": self.created,
            "is_channel": not self.is_private, "is_group": self.is_private, "is_im": False, "is_mpim": False,
            "is_private": self.is_private, "is_archived": self.is_archived, "is_general": False, "is_shared": False,
            "creator": self.creator, "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": self.purpose, "creator": "", "last_set": 0}, "num_members": len(self.members),
        }  # fmt: skip


@dataclass(slots=True)
class Group:
    """A user group: people who are mentioned together."""

    id: str
    handle: str
    name: str
    users: list[str]
    disabled: bool = False


@dataclass(slots=True)
class Trigger:
    """A `trigger_id`: opens one modal for `user` within three seconds."""

    user: str
    expires: float
    exchanged: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """Where a `response_url` points: the conversation, the person, and the message it may replace."""

    channel: str
    user: str
    expires: float
    ts: str | None = None
    uses: int = 0


@dataclass(slots=True)
class Workspace:
    """One team and its content; the API methods and the acts of people work on it."""

    hub: Hub
    config: SlackConfig
    users: dict[str, SlackUser] = field(default_factory=dict)
    channels: dict[str, Conversation] = field(default_factory=dict)
    ephemerals: deque[Json] = field(default_factory=lambda: deque(maxlen=HANDLES_MAX))
    views: OrderedDict[str, Json] = field(default_factory=OrderedDict)
    homes: dict[str, Json] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    triggers: OrderedDict[str, Trigger] = field(default_factory=OrderedDict)
    response_urls: OrderedDict[str, ResponseUrl] = field(default_factory=OrderedDict)
    _last_ts: int = 0

    def __post_init__(self) -> None:
        """Seed the team from its configuration."""
        config = self.config
        bot = SlackUser(config.bot_user_id, config.bot_name, config.bot_name, "", is_bot=True)
        self.users = {user.id: user for user in (*config.users, bot)}
        for seed in config.channels:
            self.channels[seed.id] = Conversation(
                seed.id, seed.name, list(seed.members), seed.is_private, seed.is_archived, created=int(self.hub.now())
            )

        self.groups = {
            seed.id: Group(seed.id, seed.handle, seed.name, list(seed.users), seed.disabled) for seed in config.groups
        }

    def publish(self, kind: str, data: Json) -> None:
        """Put a notice of this platform on the board."""
        self.hub.publish("slack", kind, data)

    def next_ts(self) -> str:
        """A message timestamp `seconds.micros`, unique and rising within the team."""
        self._last_ts = max(self._last_ts + 1, int(self.hub.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def conversation(self, reference: Any) -> Conversation:
        """The conversation by id or `#name`; raises `channel_not_found`."""
        key = str(reference or "")
        if key in self.channels:
            return self.channels[key]
        for channel in self.channels.values():
            if channel.user is None and not channel.is_private and key == f"#{channel.name}":
                return channel
        raise SlackRefusal("channel_not_found")

    def person(self, user_id: Any) -> SlackUser:
        """The user by id; raises `user_not_found`."""
        user = self.users.get(str(user_id or ""))
        if user is None:
            raise SlackRefusal("user_not_found")
        return user

    def direct(self, user_id: Any) -> Conversation:
        """The bot's direct message with a person, opened if need be.

        Raises `user_not_found`, `cannot_dm_bot`, `user_disabled`: https://docs.slack.dev/reference/methods/conversations.open
        """
        user = self.person(user_id)
        if user.is_bot:
            raise SlackRefusal("cannot_dm_bot")
        if user.deleted or self.hub.outage("slack") is Outage.BLOCKED:
            raise SlackRefusal("user_disabled")
        for channel in self.channels.values():
            if channel.user == user.id:
                return channel
        members = [user.id, self.config.bot_user_id]
        channel = Conversation(self.fresh_id("D"), "", members, user=user.id, created=int(self.hub.now()))
        self.channels[channel.id] = channel
        self.publish("channel", {"channel": channel.raw()})
        return channel

    def open_to_bot(self, reference: Any) -> Conversation:
        """The conversation, when the bot may write there; raises the errors of chat.postMessage.

        A private channel without the bot does not exist for the bot; a public one answers `not_in_channel` unless the
        app holds `chat:write.public` (https://docs.slack.dev/reference/scopes/chat.write.public).
        """
        key = str(reference or "")
        channel = self.direct(key) if key in self.users else self.conversation(reference)
        if self.config.bot_user_id not in channel.members:
            if channel.is_private or channel.user is not None:
                raise SlackRefusal("channel_not_found")
            if "chat:write.public" not in self.config.scopes:
                raise SlackRefusal("not_in_channel")
        if channel.is_archived:
            raise SlackRefusal("is_archived")
        blocked = self.hub.outage("slack") is Outage.BLOCKED
        if channel.user is not None and (blocked or self.users[channel.user].deleted):
            raise SlackRefusal("cannot_dm_bot")
        return channel

    def keep(self, channel: Conversation, message: Json) -> Json:
        """Store a message and announce it; the oldest of the conversation is forgotten beyond `messages_kept`."""
        channel.messages[message["ts"]] = message
        while len(channel.messages) > self.config.messages_kept:
            channel.messages.popitem(last=False)
        self.publish("message", {"channel": channel.id, "message": message})
        return message

    def from_bot(self, content: Json) -> Json:
        """A new message of the bot with a fresh timestamp: https://docs.slack.dev/reference/events/message."""
        config = self.config
        return {"type": "message", "user": config.bot_user_id, "bot_id": config.bot_id, "app_id": config.app_id,
                "team": config.team_id, "text": "", "ts": self.next_ts(), **content}  # fmt: skip

    def whisper(self, channel: Conversation, user: str, content: Json) -> Json:
        """Show an ephemeral message to one person; it is no part of the conversation's history."""
        note: Json = {"channel": channel.id, "user": user, "message": {**self.from_bot(content), "is_ephemeral": True}}
        self.ephemerals.append(note)
        self.publish("ephemeral", note)
        return note

    def fresh_id(self, prefix: str) -> str:
        """An id in Slack's style."""
        return prefix + secrets.token_hex(5).upper()

    def new_trigger(self, user: str) -> str:
        """A fresh `trigger_id` for one person."""
        trigger_id = f"{secrets.randbelow(10**10)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(user, self.hub.now() + TRIGGER_LIFE_S)
        _bound(self.triggers)
        return trigger_id

    def new_response_url(self, channel: str, user: str, ts: str | None) -> str:
        """The secret last part of a fresh `response_url`."""
        key = secrets.token_urlsafe(18)
        self.response_urls[key] = ResponseUrl(channel, user, self.hub.now() + RESPONSE_URL_LIFE_S, ts)
        _bound(self.response_urls)
        return key

    def show_view(self, view: Json, user: str) -> None:
        """Put a modal on a person's screen (or replace it by id)."""
        self.views[view["id"]] = {"user": user, "view": view}
        _bound(self.views)
        self.publish("view", {"user": user, "view": view})

    def close_view(self, view_id: str) -> None:
        """Take a modal off the screen."""
        if self.views.pop(view_id, None) is not None:
            self.publish("view_closed", {"view_id": view_id})


def _bound(mapping: OrderedDict[str, Any]) -> None:
    while len(mapping) > HANDLES_MAX:
        mapping.popitem(last=False)
