"""Each platform as a visitor of all of them sees it: who lives there, what a chat shows, how a button is pressed.

A new platform is one more class, and one more line in `SIDES`: every test of all platforms together then includes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Protocol

from bot.playground.hub import Hub, Json
from bot.playground.slack import SlackChannel, SlackConfig, SlackEmulator, SlackUser
from bot.playground.teams import TeamsConfig, TeamsConversation, TeamsEmulator, TeamsUser
from bot.playground.teams.cards import buttons
from bot.playground.telegram import TelegramChat, TelegramConfig, TelegramEmulator, TelegramUser

STAFF = ("ann", "bo", "cy", "dee", "eve")
SECRET = "a_secret_of_this_platform"


class Side(Protocol):
    """One platform with its emulator. A person is named as in `STAFF`; the side knows their account."""

    name: ClassVar[str]
    chat: str
    """The address of a group with everybody in it, where the bot may write."""
    emulator: Any

    def account(self, person: str) -> str:
        """The person's id on this platform, as the manifest has it."""
        ...

    def declared(self) -> Json:
        """What the manifest says of the platform."""
        ...

    def group(self) -> list[Json]:
        """What the bot wrote in the group, as everybody sees it now, oldest first."""
        ...

    def below(self, message: Json) -> list[Json]:
        """What the bot wrote below a message of the group: in its thread, or as answers to it."""
        ...

    def pinged(self, message: Json) -> list[str]:
        """The accounts that a message pings, each as often as it does."""
        ...

    def direct(self, person: str) -> list[Json]:
        """What the bot wrote to this person alone."""
        ...

    async def press(self, message: Json, token: str, person: str) -> Json:
        """Press the very button of the group's message that carries `token`; how the platform took the answer."""
        ...

    def answered(self, pressed: Json) -> bool:
        """Whether the platform got what it waits for, within its own time."""
        ...

    def heard(self) -> list[tuple[str, str]]:
        """Each answer to a press, with the account of whoever was shown it."""
        ...

    def remove(self, *, back: bool = False) -> None:
        """Somebody removes the bot from the group, or brings it back."""
        ...


class SlackSide:
    """Slack, with callbacks by HTTP."""

    name = "slack"
    chat = "C1OPS"

    def __init__(self, hub: Hub, base: str, product: str, *, rate_limits: bool = True) -> None:
        self._base = base
        self.emulator = SlackEmulator(
            hub,
            SlackConfig(
                callback_url=f"{product}/callbacks/slack",
                public_url=f"{base}/slack",
                signing_secret=SECRET,
                users=tuple(SlackUser(self.account(p), p, p.title(), f"{p}@slack.example") for p in STAFF),
                channels=(SlackChannel(self.chat, "ops", ("UB", *map(self.account, STAFF)), is_private=True),),
                rate_limits=rate_limits,
                messages_kept=5_000,
            ),
        )
        self._space = self.emulator.space

    def account(self, person: str) -> str:
        return f"U0{person.upper()}"

    def declared(self) -> Json:
        return {"bot_token": "xoxb-playground", "signing_secret": SECRET, "base_url": f"{self._base}/slack/api"}

    def group(self) -> list[Json]:
        return [m for m in self._space.channels[self.chat].messages.values() if "bot_id" in m]

    def below(self, message: Json) -> list[Json]:
        return [m for m in self.group() if m.get("thread_ts") == message["ts"] and m is not message]

    def pinged(self, message: Json) -> list[str]:
        """Of a message with blocks Slack shows these, and the text in notifications only."""
        shown = list(strings(message["blocks"])) if message.get("blocks") else [message["text"]]
        return [user for text in shown for user in re.findall(r"<@(\w+)>", text)]

    def direct(self, person: str) -> list[Json]:
        user = self.account(person)
        return [m for c in self._space.channels.values() if c.user == user for m in c.messages.values()]

    async def press(self, message: Json, token: str, person: str) -> Json:
        found = next(each for each in _within(message) if each.get("value") == token and "action_id" in each)
        where = {"channel": self.chat, "ts": message["ts"], "user": self.account(person)}
        return await self.emulator.act("press", {**where, "action_id": found["action_id"]})

    def answered(self, pressed: Json) -> bool:
        return bool(pressed["ok"])

    def heard(self) -> list[tuple[str, str]]:
        return [(note["user"], note["message"]["text"]) for note in self._space.ephemerals]

    def remove(self, *, back: bool = False) -> None:
        members = self._space.channels[self.chat].members
        members.append("UB") if back else members.remove("UB")


class TelegramSide:
    """Telegram, with a webhook."""

    name = "telegram"
    chat = "-1001"

    def __init__(self, hub: Hub, base: str, product: str, *, rate_limits: bool = True) -> None:
        self._base = base
        users = tuple(TelegramUser(int(self.account(p)), p.title(), started=True) for p in STAFF)
        chats = (TelegramChat(int(self.chat), "ops", tuple(user.id for user in users)),)
        self.emulator = TelegramEmulator(
            hub, TelegramConfig(users=users, chats=chats, rate_limits=rate_limits, messages_kept=5_000)
        )
        self._world = self.emulator.world

    def account(self, person: str) -> str:
        return str(7001 + STAFF.index(person))

    def declared(self) -> Json:
        own = {"token": "42:AAplayground", "mode": "webhook", "secret_token": SECRET}
        return {**own, "base_url": f"{self._base}/telegram"}

    def group(self) -> list[Json]:
        return [m for m in self._world.chats[int(self.chat)].messages.values() if m["from"]["is_bot"]]

    def below(self, message: Json) -> list[Json]:
        number = message["message_id"]
        return [m for m in self.group() if m.get("reply_to_message", {}).get("message_id") == number]

    def pinged(self, message: Json) -> list[str]:
        return [str(e["user"]["id"]) for e in message.get("entities", ()) if e["type"] == "text_mention"]

    def direct(self, person: str) -> list[Json]:
        chat = self._world.chats[int(self.account(person))]
        return [m for m in chat.messages.values() if m["from"]["is_bot"]]

    async def press(self, message: Json, token: str, person: str) -> Json:
        where = {"chat_id": int(self.chat), "message_id": message["message_id"], "user": int(self.account(person))}
        return await self.emulator.act("press", {**where, "callback_data": token})

    def answered(self, pressed: Json) -> bool:
        return bool(pressed["answered"])

    def heard(self) -> list[tuple[str, str]]:
        return [(str(toast["user"]), toast["text"]) for toast in self._world.toasts]

    def remove(self, *, back: bool = False) -> None:
        chat = self._world.chats[int(self.chat)]
        assert chat.group is not None
        chat.group = replace(chat.group, bot_in=back)


class TeamsSide:
    """Microsoft Teams."""

    name = "teams"
    chat = "19:ops@thread.tacv2"
    _roster = "19:everybody@thread.v2"

    def __init__(self, hub: Hub, base: str, product: str, *, rate_limits: bool = True) -> None:
        self._base = base
        users = tuple(TeamsUser(self.account(p), p.title(), f"{p}@teams.example") for p in STAFF)
        self._config = TeamsConfig(
            callback_url=f"{product}/callbacks/teams",
            public_url=f"{base}/teams",
            users=users,
            conversations=tuple(
                TeamsConversation(each, name, tuple(user.id for user in users))
                for each, name in ((self.chat, "ops"), (self._roster, "everybody"))
            ),
            rate_limits=rate_limits,
            messages_kept=5_000,
        )
        self.emulator = TeamsEmulator(hub, self._config)
        self._world = self.emulator.world

    def account(self, person: str) -> str:
        return f"0000000{STAFF.index(person)}-0000-4000-8000-000000000000"

    def declared(self) -> Json:
        config, base = self._config, f"{self._base}/teams"
        own = {"app_id": config.app_id, "client_secret": config.app_secret, "tenant_id": config.tenant_id}
        metadata = f"{base}/openid/v1/.well-known/openidconfiguration"
        places = {"service_url": f"{base}/smba", "login_url": f"{base}/login", "metadata_url": metadata}
        return {**own, **places, "roster": self._roster}

    def group(self) -> list[Json]:
        return [m for m in self._world.conversations[self.chat].messages.values() if m["from"].get("role") == "bot"]

    def below(self, message: Json) -> list[Json]:
        return [m for m in self.group() if m["conversation"] == message["conversation"] and m is not message]

    def pinged(self, message: Json) -> list[str]:
        return list(message["pings"])

    def direct(self, person: str) -> list[Json]:
        personal = self._world.personal(self._world.users[self.account(person)])
        return [m for m in personal.messages.values() if m["from"].get("role") == "bot"]

    async def press(self, message: Json, token: str, person: str) -> Json:
        actions = [each for card in message["attachments"] for each in buttons(card["content"])]
        action = next(each for each in actions if token in strings(each))
        where = {"conversation": self.chat, "message_id": message["id"], "user": self.account(person)}
        return await self.emulator.act("press", {**where, "action": action})

    def answered(self, pressed: Json) -> bool:
        return bool(pressed["ok"])

    def heard(self) -> list[tuple[str, str]]:
        return [(toast["user"], toast["text"]) for toast in self._world.toasts]

    def remove(self, *, back: bool = False) -> None:
        self._world.conversations[self.chat].installed = back


SIDES: Mapping[str, type[Side]] = {"slack": SlackSide, "telegram": TelegramSide, "teams": TeamsSide}
"""Every platform that one incident is shown on at once."""


def strings(thing: Any) -> Iterator[str]:
    """Every text in a message, wherever it stands."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict | list):
        for each in thing.values() if isinstance(thing, dict) else thing:
            yield from strings(each)


def _within(thing: Any) -> Iterator[Json]:
    """Every object in a message."""
    if isinstance(thing, dict):
        yield thing
    for each in (thing.values() if isinstance(thing, dict) else thing) if isinstance(thing, dict | list) else ():
        yield from _within(each)
