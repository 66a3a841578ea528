"""What people do in the played Telegram reaches the bot, by long polling or by webhook, and the toast comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from telegram.error import BadRequest, Conflict
from telegram.ext import CallbackQueryHandler, CommandHandler

from bot.playground.emulator import ActRefused
from bot.playground.hosting import serving
from tests.emulators.moments import eventually
from tests.emulators.telegram_world import (
    ANN,
    BO,
    CY,
    GROUP,
    PLAIN,
    TelegramWorld,
    keyboard,
    telegram_world,
)


@pytest.fixture
async def world() -> AsyncIterator[TelegramWorld]:
    async with telegram_world(webhook_retry_delays_s=(0.0, 0.0)) as opened:
        yield opened


class Webhook:
    """The product's endpoint: keeps what came, answers as told."""

    def __init__(self) -> None:
        self.status = 200
        self.reply: dict[str, Any] | None = None
        self.updates: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []

    async def __call__(self, request: Request) -> Response:
        self.updates.append(await request.json())
        self.secrets.append(request.headers.get("x-telegram-bot-api-secret-token"))
        return JSONResponse(self.reply) if self.reply else PlainTextResponse("", self.status)


@contextlib.asynccontextmanager
async def webhook_of(world: TelegramWorld) -> AsyncIterator[Webhook]:
    hook = Webhook()

    async def endpoint(request: Request) -> Response:
        return await hook(request)

    async with serving(Starlette(routes=[Route("/tg", endpoint, methods=["POST"])])) as url:
        await world.bot.set_webhook(f"{url}/tg", secret_token="s3cret")
        yield hook


async def test_polling_carries_presses_and_commands(world: TelegramWorld) -> None:
    heard: list[Any] = []

    async def pressed(update: Any, _context: Any) -> None:
        heard.append((update.callback_query.data, update.callback_query.from_user.id))
        await update.callback_query.answer("Acknowledged", show_alert=True)

    async def commanded(update: Any, context: Any) -> None:
        heard.append(context.args)
        await update.message.reply_text("Ann")

    world.app.add_handler(CallbackQueryHandler(pressed))
    world.app.add_handler(CommandHandler("oncall", commanded))
    await world.app.start()
    await world.app.updater.start_polling(poll_interval=0, timeout=5)
    sent = await world.bot.send_message(GROUP, "card", reply_markup=keyboard("a:INC-1:3"))
    answer = await world.emulator.press(GROUP, sent.message_id, "a:INC-1:3", ANN)
    assert answer["toast"] == {"text": "Acknowledged", "show_alert": True}
    assert heard == [("a:INC-1:3", ANN)]
    said = await world.emulator.say("/oncall@tocsin_bot who", BO, GROUP)
    assert said["heard"]
    await eventually(lambda: len(heard) == 2)
    assert heard[1] == ["who"]
    await eventually(lambda: world.emulator.world.chats[GROUP].last_message_id == 3)
    await world.app.updater.stop()
    await world.app.stop()
    assert world.emulator.updates.pending == {}


async def test_a_second_poller_ends_the_first(world: TelegramWorld) -> None:
    first = asyncio.create_task(world.bot.get_updates(timeout=20))
    await eventually(lambda: world.emulator.updates._poll == 1)
    async with world.application() as other:
        second = asyncio.create_task(other.bot.get_updates(timeout=20))
        with pytest.raises(Conflict, match="other getUpdates request"):
            await first
        await world.emulator.say("/help", ANN, GROUP)
        assert (await second)[0].message.text == "/help"


async def test_polling_and_webhook_exclude_each_other(world: TelegramWorld) -> None:
    poller = asyncio.create_task(world.bot.get_updates(timeout=20))
    await eventually(lambda: world.emulator.updates._poll == 1)
    async with webhook_of(world):
        with pytest.raises(Conflict, match="setWebhook"):
            await poller
        with pytest.raises(Conflict, match="webhook is active"):
            await world.bot.get_updates()
        assert (await world.bot.get_webhook_info()).url.endswith("/tg")
        await world.bot.delete_webhook()
        assert await world.bot.get_updates() == ()


async def test_offsets_confirm_and_kinds_can_be_declined(world: TelegramWorld) -> None:
    for text in ("/a", "/b", "/c"):
        await world.emulator.say(text, ANN, GROUP)
    updates = await world.bot.get_updates(limit=2)
    assert [update.message.text for update in updates] == ["/a", "/b"]
    rest = await world.bot.get_updates(offset=updates[-1].update_id + 1)
    assert [update.message.text for update in rest] == ["/c"]
    await world.bot.get_updates(offset=rest[-1].update_id + 1, allowed_updates=["callback_query"])
    assert (await world.emulator.say("/d", ANN, GROUP))["heard"] is False


async def test_a_webhook_gets_the_secret_and_may_answer_with_a_method(world: TelegramWorld) -> None:
    async with webhook_of(world) as hook:
        sent = await world.bot.send_message(GROUP, "card", reply_markup=keyboard("a"))
        pressing = asyncio.create_task(world.emulator.press(GROUP, sent.message_id, "a", ANN))
        await eventually(lambda: bool(hook.updates))
        query = hook.updates[0]["callback_query"]
        assert (hook.secrets, query["data"], query["message"]["text"]) == (["s3cret"], "a", "card")
        await world.bot.answer_callback_query(query["id"], "done")
        assert (await pressing)["seen"] == "done"
        hook.reply = {"method": "sendMessage", "chat_id": GROUP, "text": "from the body"}
        await world.emulator.say("/oncall", ANN, GROUP)
        await eventually(lambda: world.emulator.world.chats[GROUP].last_message_id == 3)


async def test_a_webhook_that_fails_is_tried_again_then_given_up(world: TelegramWorld) -> None:
    async with webhook_of(world) as hook:
        hook.status = 500
        await world.emulator.say("/oncall", ANN, GROUP)
        await eventually(lambda: bool(world.notices("trouble")))
        assert len(hook.updates) == 3
        assert len({update["update_id"] for update in hook.updates}) == 1
        info = await world.bot.get_webhook_info()
        assert (info.pending_update_count, "500" in info.last_error_message) == (0, True)


async def test_webhook_arguments(world: TelegramWorld) -> None:
    for arguments, fault in (
        ({"url": "http://bot.example.com/"}, "https url must be provided"),
        ({"url": "https://bot.example.com:9000/"}, "ports 80, 88, 443 or 8443"),
        ({"url": "https://bot.example.com/", "secret_token": "no spaces please"}, "unallowed characters"),
        ({"url": "https://bot.example.com/", "max_connections": 101}, "between 1 and 100"),
    ):
        with pytest.raises(BadRequest, match=fault):
            await world.bot.set_webhook(**arguments)


async def test_a_query_is_answered_once_in_time_and_in_few_words(world: TelegramWorld) -> None:
    sent = await world.bot.send_message(ANN, "card", reply_markup=keyboard("a"))
    queries = [
        (await world.emulator.press(ANN, sent.message_id, "a", ANN, wait_s=0))["callback_query_id"] for _ in "12"
    ]
    with pytest.raises(BadRequest, match="Message_too_long"):
        await world.bot.answer_callback_query(queries[0], "x" * 201)
    await world.bot.answer_callback_query(queries[0], "x" * 200)
    for query in (queries[0], "1"):
        with pytest.raises(BadRequest, match="too old"):
            await world.bot.answer_callback_query(query)
    world.clock.ahead += 31
    with pytest.raises(BadRequest, match="too old"):
        await world.bot.answer_callback_query(queries[1])


async def test_only_what_is_shown_can_be_pressed(world: TelegramWorld) -> None:
    sent = await world.bot.send_message(GROUP, "card", reply_markup=keyboard("a"))
    for message_id, data, user in ((sent.message_id, "b", ANN), (999, "a", ANN), (sent.message_id, "a", CY)):
        with pytest.raises(ActRefused):
            await world.emulator.press(GROUP, message_id, data, user, wait_s=0)
    body = {
        "platform": "telegram",
        "act": "press",
        "chat_id": GROUP,
        "message_id": 999,
        "callback_data": "a",
        "user": ANN,
    }
    async with world.session.post(f"{world.url}/pg/act", json=body) as response:
        assert (response.status, (await response.json())["ok"]) == (400, False)


async def test_the_private_chat_opens_with_start(world: TelegramWorld) -> None:
    with pytest.raises(ActRefused, match="Start"):
        await world.emulator.say("hello", BO, BO)
    await world.emulator.start_chat(BO, "token-1")
    assert (await world.bot.get_updates())[0].message.text == "/start token-1"
    assert await world.bot.send_message(BO, "welcome")


async def test_privacy_mode_hides_chatter(world: TelegramWorld) -> None:
    sent = await world.bot.send_message(PLAIN, "note?")
    heard = [
        (await world.emulator.say(text, ANN, PLAIN, **more))["heard"]
        for text, more in (
            ("hello", {}),
            ("/oncall", {}),
            ("/oncall@other_bot", {}),
            ("/oncall@tocsin_bot", {}),
            ("my note", {"reply_to": sent.message_id}),
        )
    ]
    assert heard == [False, True, False, True, True]
    assert (await world.emulator.say("hello", ANN, GROUP))["heard"], "an admin bot hears everything"
