"""Telegram, once with a webhook and once by long polling."""

from __future__ import annotations

import html
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.adapters.base import Json
from bot.adapters.telegram import TelegramAdapter, TelegramSettings
from bot.cards.card import Card
from bot.cards.telegram import render
from bot.playground.hub import Hub
from bot.playground.telegram import TelegramChat, TelegramConfig, TelegramEmulator, TelegramUser
from tests.conformance.platform_kit import OpenRig, Stage, at_work, stage, until

SECRET = "a_secret-token"
PEOPLE = (
    TelegramUser(7001, "Ann", "ann", "en", started=True),
    TelegramUser(7002, "Bo", "", "de", started=True),
    TelegramUser(7003, "Cy"),
)
FORUM, PLAIN, POWERLESS, SILENT, LEFT = "-1002", "-1003", "-1004", "-1005", "-1006"
GROUPS = (
    TelegramChat(-1001, "ops", (7001, 7002, 7003)),
    TelegramChat(int(FORUM), "rooms", (7001, 7002), is_forum=True),
    TelegramChat(int(PLAIN), "plain", (7001,), bot_is_admin=False, can_manage_topics=False, can_pin_messages=False),
    TelegramChat(int(POWERLESS), "forum", (7001,), is_forum=True, can_manage_topics=False, can_pin_messages=False),
    TelegramChat(int(SILENT), "silent", (7001,), bot_is_admin=False, members_may_write=False),
    TelegramChat(int(LEFT), "left", (7001,), bot_in=False),
)


@dataclass(slots=True)
class TelegramRig:
    stage: Stage
    adapter: TelegramAdapter
    by_http: bool
    chat: str = "-1001"
    ann: str = "7001"
    bo: str = "7002"
    unreachable: str = "7003"
    nowhere: str = "-1009999"
    missing_ref: str = "-1001:4242"
    signs_time: bool = False

    def another(self, *, base_url: str = "", timeout_s: float = 7.0, listens: bool = False) -> TelegramAdapter:
        settings = self.adapter.settings
        return TelegramAdapter(
            TelegramSettings(
                token=settings.token,
                base_url=base_url or settings.base_url,
                polling=settings.polling and listens,
                timeout_s=timeout_s,
            )
        )

    def render(self, card: Card) -> Json:
        return render(card)

    def card(self, text: str, token: str = "") -> Json:
        card: Json = {"text": html.escape(text, quote=False), "parse_mode": "HTML"}
        if token:
            card["reply_markup"] = {"inline_keyboard": [[{"text": "Act", "callback_data": token}]]}
        return card

    def broken_card(self) -> Json:
        return {"text": "<b>never closed", "parse_mode": "HTML"}

    async def seen(self, address: str) -> list[str]:
        chats = (await self.stage.state())["chats"]
        messages = [chat["messages"] for chat in chats if str(chat["id"]) == address]
        return [m["text"] for chat in messages for m in chat if m["from"]["is_bot"] and "text" in m]

    async def below(self, ref: str) -> list[str]:
        chat, _, number = ref.partition(":")
        chats = (await self.stage.state())["chats"]
        messages = next(one["messages"] for one in chats if str(one["id"]) == chat)
        return [m["text"] for m in messages if str(m.get("reply_to_message", {}).get("message_id")) == number]

    async def whispers(self, user: str) -> list[str]:
        toasts = (await self.stage.state())["toasts"]
        return [toast["text"] for toast in toasts if str(toast["user"]) == user] + await self.seen(user)

    async def press(self, ref: str, user: str) -> bool:
        chat, _, message = ref.partition(":")
        shown = next(c for c in (await self.stage.state())["chats"] if str(c["id"]) == chat)["messages"]
        card = next(m for m in shown if str(m["message_id"]) == message)
        token = card["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        pressed = await self.stage.act(
            "press", chat_id=int(chat), message_id=int(message), callback_data=token, user=int(user)
        )
        return bool(pressed["answered"])

    async def command(self, text: str, user: str) -> bool:
        said = await self.stage.act("say", text=f"/toc@tocsin_bot {text}", user=int(user), chat_id=int(self.chat))
        await until(self.stage.state, lambda state: state["pending_updates"] == 0, "the update was not taken")
        return bool(said["heard"])

    async def answer_to(self, ref: str, text: str, user: str) -> None:
        chat, _, message = ref.partition(":")
        await self.stage.act("say", text=text, user=int(user), chat_id=int(chat), reply_to=int(message))

    async def shown(self, ref: str) -> Json:
        """A message as everybody sees it now."""
        chat, _, number = ref.partition(":")
        chats = (await self.stage.state())["chats"]
        messages = next(one["messages"] for one in chats if str(one["id"]) == chat)
        found: Json = next(one for one in messages if str(one["message_id"]) == number)
        return found

    async def keys(self, ref: str) -> list[list[str]]:
        """The labels of the buttons of a message, row by row."""
        rows = (await self.shown(ref)).get("reply_markup", {}).get("inline_keyboard", [])
        return [[button["text"] for button in row] for row in rows]

    async def tap(self, ref: str, label: str, user: str) -> Json:
        """Press the button that says `label`, and what the person sees of it."""
        rows = (await self.shown(ref))["reply_markup"]["inline_keyboard"]
        data = next(button["callback_data"] for row in rows for button in row if label in button["text"])
        chat, _, number = ref.partition(":")
        return await self.stage.act(
            "press", chat_id=int(chat), message_id=int(number), callback_data=data, user=int(user)
        )

    async def newest(self, chat: str, *, by_bot: bool = True) -> str:
        """The ref of the newest message of a chat."""
        chats = (await self.stage.state())["chats"]
        messages = next(one["messages"] for one in chats if str(one["id"]) == chat.partition("/")[0])
        own = [one for one in messages if one["from"]["is_bot"] is by_bot]
        return f"{chat.partition('/')[0]}:{own[-1]['message_id']}" if own else ""

    async def listeners(self, count: int) -> None:
        """Telegram tells nobody who polls."""

    async def cut(self) -> None:
        settings = self.adapter.settings
        async with self.stage.http.get(f"{settings.base_url}{settings.token}/getUpdates") as another_poller:
            assert another_poller.status == 200

    def press_body(self, token: str) -> bytes:
        message = {"message_id": 1, "date": 1, "chat": {"id": int(self.chat), "type": "supergroup"}}
        person = {"id": int(self.ann), "is_bot": False, "first_name": "Ann"}
        query = {"id": "99", "from": person, "chat_instance": "1", "data": token, "message": message}
        return json.dumps({"update_id": 77, "callback_query": query}).encode()

    def signed(self, body: bytes, *, age_s: float = 0.0) -> dict[str, str]:
        return {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}

    def forged(self, body: bytes) -> Iterable[dict[str, str]]:
        yield {"Content-Type": "application/json"}
        for secret in ("", "wrong", SECRET[:-1], f"{SECRET}x", "\u00e4"):
            yield {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}


@asynccontextmanager
async def _open(*, by_http: bool) -> AsyncIterator[TelegramRig]:
    config = TelegramConfig(users=PEOPLE, chats=GROUPS, webhook_retry_delays_s=(0.2,))

    def make(hub: Hub, _base: str, _callback_url: str) -> TelegramEmulator:
        return TelegramEmulator(hub, config)

    async with stage(make) as (place, adapters):
        settings = TelegramSettings(
            token=config.token,
            secret_token=SECRET,
            base_url=f"{place.base}/telegram/bot",
            webhook_url=place.callback_url if by_http else "",
            polling=not by_http,
        )
        adapter = TelegramAdapter(settings)
        adapters.append(adapter)
        async with at_work(adapter, place.desk):
            await until(place.state, lambda state: state["commands"], "the bot did not introduce itself")
            yield TelegramRig(place, adapter, by_http)
        async with place.http.get(f"{settings.base_url}{config.token}/getUpdates"):
            pass  # ends the long poll that the server still holds for the adapter, and that would delay its shutdown


RIGS: dict[str, OpenRig] = {
    "telegram_webhook": lambda: _open(by_http=True),
    "telegram_polling": lambda: _open(by_http=False),
}
