"""The memory of the played Telegram: people, chats, topics, messages, and the callback queries that wait for an answer.

Everything here is bounded; the oldest entry goes first.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from typing import Any

from bot.playground.hub import Hub, Json, Outage
from bot.playground.telegram.config import TelegramChat, TelegramConfig, TelegramUser
from bot.playground.telegram.refusals import bad_request, forbidden

QUERIES_MAX = 500
TOASTS_MAX = 100


@dataclass(slots=True)
class Chat:
    """One chat; `group` holds the bot's place in a group, `user` is the partner of a private chat."""

    id: int
    group: TelegramChat | None = None
    user: int | None = None
    migrated_to: int | None = None
    messages: OrderedDict[int, Json] = field(default_factory=OrderedDict)
    topics: dict[int, Json] = field(default_factory=dict)
    pins: list[int] = field(default_factory=list)
    reply_requests: dict[int, Json] = field(default_factory=dict)
    last_message_id: int = 0


@dataclass(slots=True)
class Query:
    """A pressed button until the bot answers; `answered` gets `{text, show_alert}`."""

    user: int
    expires: float
    answered: asyncio.Future[Json]


@dataclass(slots=True)
class World:
    """Everything the API methods and the acts of people work on."""

    hub: Hub
    config: TelegramConfig
    users: dict[int, TelegramUser] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    queries: OrderedDict[str, Query] = field(default_factory=OrderedDict)
    toasts: deque[Json] = field(default_factory=lambda: deque(maxlen=TOASTS_MAX))
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Seed people and groups; a private chat with each person exists from the start, whether used or not."""
        for user in self.config.users:
            self.users[user.id] = user
            self.chats[user.id] = Chat(user.id, user=user.id)
        for group in self.config.chats:
            self.chats[group.id] = Chat(group.id, group=group)

    def publish(self, kind: str, data: Json) -> None:
        """Put a notice of this platform on the board."""
        self.hub.publish("telegram", kind, data)

    def bot(self) -> Json:
        """The bot as a User object: https://core.telegram.org/bots/api#user."""
        return {"id": self.config.bot_id, "is_bot": True, "first_name": self.config.bot_name,
                "username": self.config.bot_username}  # fmt: skip

    def person(self, user_id: int) -> Json:
        """A person as a User object."""
        user = self.users[user_id]
        raw: Json = {"id": user.id, "is_bot": False, "first_name": user.first_name, "language_code": user.language_code}
        return {**raw, "username": user.username} if user.username else raw

    def raw_chat(self, chat: Chat) -> Json:
        """A Chat object: https://core.telegram.org/bots/api#chat."""
        if chat.group is None:
            user = self.users[chat.id]
            raw: Json = {"id": chat.id, "type": "private", "first_name": user.first_name}
            return {**raw, "username": user.username} if user.username else raw
        raw = {"id": chat.id, "type": chat.group.kind, "title": chat.group.title}
        return {**raw, "is_forum": True} if chat.group.is_forum else raw

    def chat_of(self, reference: Any) -> Chat:
        """The chat of a `chat_id` argument when the bot may write there.

        Raises `TelegramRefusal`: 400 for an unknown or upgraded chat, 403 when the person or group shut the bot out.
        """
        if reference in (None, ""):
            raise bad_request("chat_id is empty")
        try:
            chat = self.chats.get(int(str(reference)))
        except ValueError:
            chat = None
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to is not None:
            raise bad_request("group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": chat.migrated_to})
        if chat.group is not None:
            if not chat.group.bot_in:
                word = "supergroup" if chat.group.kind == "supergroup" else "group"
                raise forbidden(f"bot was kicked from the {word} chat")
            return chat
        self._reachable(self.users[chat.id])
        return chat

    def _reachable(self, user: TelegramUser) -> None:
        if user.deactivated:
            raise forbidden("user is deactivated")
        if user.blocked or self.hub.outage("telegram") is Outage.BLOCKED:
            raise forbidden("bot was blocked by the user")
        if not user.started:
            if any(chat.group and chat.group.bot_in and user.id in chat.group.members for chat in self.chats.values()):
                raise forbidden("bot can't initiate conversation with a user")
            raise bad_request("chat not found")  # a person whom the bot never met does not exist for it

    def change(self, user_id: int, *, started: bool | None = None, blocked: bool | None = None) -> None:
        """A person presses Start, blocks or unblocks the bot."""
        user = self.users[user_id]
        self.users[user_id] = replace(
            user,
            started=user.started if started is None else started,
            blocked=user.blocked if blocked is None else blocked,
        )

    def store(self, chat: Chat, sender: Json, content: Json) -> Json:
        """Add a message with the next id of its chat, and announce it: https://core.telegram.org/bots/api#message."""
        chat.last_message_id += 1
        message: Json = {"message_id": chat.last_message_id, "from": sender, "chat": self.raw_chat(chat),
                         "date": int(self.hub.now()), **content}  # fmt: skip
        chat.messages[message["message_id"]] = message
        while len(chat.messages) > self.config.messages_kept:
            gone, _ = chat.messages.popitem(last=False)
            chat.reply_requests.pop(gone, None)
        self.publish("message", {"chat_id": chat.id, "message": message})
        return message

    def migrate(self, chat_id: int, new_id: int) -> None:
        """Upgrade a basic group to a supergroup under a new id, as happens when it grows or gets topics.

        Source: https://core.telegram.org/bots/api#responseparameters. Raises `KeyError` for an unknown group.
        """
        old = self.chats[chat_id]
        if old.group is None:
            raise KeyError(chat_id)
        self.chats[new_id] = Chat(new_id, group=replace(old.group, id=new_id, kind="supergroup"))
        old.migrated_to = new_id
        self.publish("migrate", {"chat_id": chat_id, "migrate_to_chat_id": new_id})

    def new_query(self, user: int) -> str:
        """The id of a fresh callback query."""
        query_id = str(secrets.randbelow(10**18))
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.queries[query_id] = Query(user, self.hub.now() + self.config.query_life_s, future)
        while len(self.queries) > QUERIES_MAX:
            self.queries.popitem(last=False)
        return query_id
