"""The played Telegram as one emulator: the Bot API with its updates, and the acts of its people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.routing import BaseRoute, Route

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json
from bot.playground.quota import Meter
from bot.playground.telegram.api import BotApi
from bot.playground.telegram.config import TelegramConfig
from bot.playground.telegram.people import People
from bot.playground.telegram.updates import Updates
from bot.playground.telegram.world import Chat, World


class TelegramEmulator:
    """One strict Telegram on loopback; mount `routes()` below `/telegram`.

    The product's SDK uses `base_url=".../telegram/bot"`. All methods run in the event loop that called `start`.
    """

    def __init__(self, hub: Hub, config: TelegramConfig) -> None:
        """Seed people and groups; nothing is opened before `start`."""
        self.config = config
        self.world = World(hub, config)
        self._api = BotApi(self.world, Meter(hub.now))
        self.updates = Updates(self.world, self._api.call)
        self._api.updates = self.updates
        self._people = People(self.world, self.updates)

    @property
    def name(self) -> str:
        """`telegram`."""
        return "telegram"

    def routes(self) -> Sequence[BaseRoute]:
        """The Bot API."""
        return [Route("/bot{token}/{method}", self._api.__call__, methods=["GET", "POST"])]

    async def start(self) -> None:
        """Open the way to the bot's webhook."""
        await self.updates.start()

    async def stop(self) -> None:
        """End deliveries and polls."""
        await self.updates.stop()

    def state(self) -> Json:
        """What Telegram shows now: people, chats with their messages and topics, toasts, and the command menu."""
        world = self.world
        return {
            "bot": world.bot(),
            "users": [{**world.person(user.id), "started": user.started, "blocked": user.blocked,
                       "deactivated": user.deactivated} for user in world.users.values()],
            "chats": [
                {**world.raw_chat(chat), "members": list(chat.group.members) if chat.group else [chat.id],
                 "messages": [_as_seen(chat, message) for message in chat.messages.values()], "pins": chat.pins,
                 "migrated_to": chat.migrated_to,
                 "topics": [{"message_thread_id": thread, **topic} for thread, topic in chat.topics.items()]}
                for chat in world.chats.values()
            ],
            "toasts": list(world.toasts),
            "commands": [{"scope": scope, "language_code": language, "commands": commands}
                         for (scope, language), commands in world.commands.items()],
            "pending_updates": len(self.updates.pending),
            "webhook_url": self.updates.webhook.get("url", ""),
        }  # fmt: skip

    async def act(self, act: str, data: Json) -> Json:
        """`press`, `say`, `start`, `block`, `unblock`, `migrate` with the arguments in `data`."""
        acts: dict[str, Callable[..., Awaitable[Json]]] = {
            "press": self.press, "say": self.say, "start": self.start_chat, "block": self.block,
            "unblock": self.unblock, "migrate": self.migrate,
        }  # fmt: skip
        if act not in acts:
            raise ActRefused(f"Nobody can {act!r} in Telegram; possible are {', '.join(acts)}.")
        try:
            pending = acts[act](**data)
        except TypeError as error:
            raise ActRefused(f"The act {act!r} has wrong arguments: {error}") from error
        return await pending

    async def press(self, chat_id: int, message_id: int, callback_data: str, user: int, wait_s: float = 3.0) -> Json:
        """A person presses a shown button; see `People.press`."""
        return await self._people.press(chat_id, message_id, callback_data, user, wait_s)

    async def say(
        self, text: str, user: int, chat_id: int, reply_to: int | None = None, message_thread_id: int | None = None
    ) -> Json:
        """A person writes; see `People.say`."""
        return await self._people.say(text, user, chat_id, reply_to, message_thread_id)

    async def start_chat(self, user: int, payload: str = "") -> Json:
        """A person presses Start in the bot's private chat; see `People.start`."""
        return await self._people.start(user, payload)

    async def block(self, user: int) -> Json:
        """A person blocks the bot."""
        return await self._people.block(user)

    async def unblock(self, user: int) -> Json:
        """A person takes the block back."""
        return await self._people.block(user, blocked=False)

    async def migrate(self, chat_id: int, new_id: int) -> Json:
        """A group becomes a supergroup with a new id; see `People.migrate`."""
        return await self._people.migrate(chat_id, new_id)


def _as_seen(chat: Chat, message: Json) -> Json:
    """A message as a client shows it: with the request for a reply, which the Bot API's answer leaves out."""
    asked = chat.reply_requests.get(message["message_id"])
    return message if asked is None else {**message, "reply_markup": asked}
