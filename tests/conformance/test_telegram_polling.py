"""Long polling beside others: two processes, a webhook that is set, unreadable updates; and the traps of the SDK."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from telegram import Update
from telegram.error import BadRequest, Conflict, NetworkError, RetryAfter

from bot.adapters.base import Answer, Json, Permanent, RateLimited, Slash, Transient
from bot.adapters.telegram import TelegramAdapter, TelegramSettings, polling
from bot.adapters.telegram.outcome import outcome
from bot.backplane import Budgets
from bot.engine.model import MINUTE, SECOND
from bot.playground.hosting import serving
from bot.playground.quota import Meter
from bot.playground.telegram.api import OVERALL, PER_CHAT, PER_GROUP
from tests.conformance.platform_kit import Desk, at_work, until
from tests.conformance.rig_telegram import RIGS, TelegramRig


@pytest.fixture
async def rig() -> AsyncIterator[TelegramRig]:
    async with RIGS["telegram_polling"]() as opened:
        assert isinstance(opened, TelegramRig)
        yield opened


async def taken(rig: TelegramRig) -> list[Any]:
    return [*rig.stage.desk.heard]


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


# -- beside others ----------------------------------------------------------------------------------------------------


async def test_two_processes_lose_nothing_and_say_so(rig: TelegramRig, caplog: pytest.LogCaptureFixture):
    second = rig.another(listens=True)
    async with at_work(second, rig.stage.desk):
        await until(lambda: state_of(caplog), bool, "nobody complained")
        for number in range(3):
            await rig.stage.act("say", text=f"/toc ack {number}", user=7001, chat_id=-1001)
        heard = await until(lambda: taken(rig), lambda heard: len({said.key for said in heard}) == 3)
        assert {said.text for said in heard} == {"ack 0", "ack 1", "ack 2"}
    assert "Another process receives" in complaints(caplog)[0]


async def state_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return complaints(caplog)


async def test_whoever_is_left_takes_over_within_ten_seconds(monkeypatch: pytest.MonkeyPatch):
    """At the longest pause that a long duel leads to."""
    monkeypatch.setattr(polling, "PAUSE_FIRST_S", polling.PAUSE_MAX_S)
    async with RIGS["telegram_polling"]() as rig:
        assert isinstance(rig, TelegramRig)
        second = rig.another(listens=True)
        async with at_work(second, rig.stage.desk):
            await until(lambda: conflicts(rig), bool, "the first was not pushed out")
        began = time.monotonic()
        await rig.stage.act("say", text="/toc list", user=7001, chat_id=-1001)
        await until(lambda: taken(rig), bool, "nobody took over")
        assert time.monotonic() - began < 10


async def conflicts(rig: TelegramRig) -> bool:
    return rig.adapter._polled.trouble == "conflict"


async def test_a_webhook_of_somebody_else_is_left_alone(rig: TelegramRig, caplog: pytest.LogCaptureFixture):
    settings = rig.adapter.settings
    call = f"{settings.base_url}{settings.token}"
    await rig.stage.http.post(f"{call}/setWebhook", json={"url": rig.stage.callback_url, "secret_token": "x"})
    await until(lambda: state_of(caplog), bool, "nothing was said")
    assert "a webhook is set" in complaints(caplog)[0].lower()
    assert "deleteWebhook" in complaints(caplog)[0]
    (finding,) = [one for one in await rig.adapter.check() if one.check == "updates"]
    assert not finding.ok
    assert (await rig.stage.state())["webhook_url"] == rig.stage.callback_url
    await rig.stage.http.post(f"{call}/deleteWebhook")
    await rig.stage.act("say", text="/toc list", user=7001, chat_id=-1001)
    await until(lambda: taken(rig), bool, "polling did not go on")
    (finding,) = [one for one in await rig.adapter.check() if one.check == "updates"]
    assert finding.ok


async def test_doctor_tells_of_the_other_process(rig: TelegramRig):
    rig.adapter._polled.trouble = "conflict"
    (finding,) = [one for one in await rig.adapter.check() if one.check == "updates"]
    assert "another process" in finding.detail


async def test_a_slow_update_holds_up_none_behind_it(rig: TelegramRig):
    """The SDK's own queue would: it hands on one after the other."""
    desk = rig.stage.desk
    desk.gate.clear()
    for number in range(3):
        await rig.stage.act("say", text=f"/toc ack {number}", user=7001, chat_id=-1001)
    await until(lambda: taken(rig), lambda heard: len(heard) == 3, "they wait for each other")
    desk.gate.set()


# -- updates that the SDK cannot read ---------------------------------------------------------------------------------


@asynccontextmanager
async def telegram_that_sends(*updates: Json) -> AsyncIterator[tuple[TelegramAdapter, Desk, list[str]]]:
    """A platform that holds these updates until they are confirmed."""
    offsets: list[str] = []
    never = asyncio.Event()

    async def answer(request: Request) -> Response:
        form = await request.form()
        method = request.path_params["method"].lower()
        if method == "getupdates":
            offset = str(form.get("offset", ""))
            offsets.append(offset)
            waiting = [one for one in updates if one["update_id"] >= int(offset or 0)]
            if not waiting:
                await never.wait()
            return JSONResponse({"ok": True, "result": waiting})
        me = {"id": 42, "is_bot": True, "first_name": "T", "username": "tocsin_bot"}
        return JSONResponse({"ok": True, "result": me if method == "getme" else True})

    desk = Desk()
    app = Starlette(routes=[Route("/bot{token}/{method}", answer, methods=["POST"])])
    async with serving(app) as base:
        adapter = TelegramAdapter(TelegramSettings(token="42:AAplayground", base_url=f"{base}/bot", polling=True))
        async with at_work(adapter, desk):
            yield adapter, desk, offsets
        never.set()


async def test_an_update_that_breaks_the_sdk_blocks_nothing():
    said = {
        "message_id": 2, "date": 1, "text": "/toc list", "chat": {"id": 7, "type": "private"},
        "from": {"id": 7, "is_bot": False, "first_name": "Ann"},
    }  # fmt: skip
    poison = {"update_id": 1, "message": {**said, "date": "a day of the next API", "chat": {"id": 7}}}
    with pytest.raises(Exception):  # noqa: B017  # whatever it is: the SDK's own reader fails on it
        Update.de_json(json.loads(json.dumps(poison)), None)
    async with telegram_that_sends(poison, {"update_id": 2, "message": said}) as (_, desk, offsets):

        async def heard() -> list[Any]:
            return [*desk.heard] if "3" in offsets else []

        (slash,) = await until(heard, len)
        assert isinstance(slash, Slash)
        assert slash.text == "list"


# -- traps of the SDK -------------------------------------------------------------------------------------------------


async def test_a_bad_request_is_not_taken_for_the_network():
    assert issubclass(BadRequest, NetworkError), "the reason for the order in which errors are asked for"
    with pytest.raises(Permanent) as failure:
        async with outcome(1.0):
            raise BadRequest("Can't parse entities: unclosed tag")
    assert failure.value.reason == "card_invalid"


@pytest.mark.parametrize("wait", [7, timedelta(seconds=7)])
async def test_both_kinds_of_waiting_time_are_read(wait: Any):
    error = RetryAfter(7)
    error._retry_after = wait
    with pytest.raises(RateLimited) as failure:
        async with outcome(1.0):
            raise error
    assert failure.value.after_s == 7


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Conflict: terminated by other getUpdates request", "conflict"),
        ("Conflict: can't use getUpdates method while webhook is active", "webhook_set"),
        ("Conflict: terminated by setWebhook request", "webhook_set"),
    ],
)
async def test_who_has_the_updates_is_told_apart(words: str, reason: str):
    with pytest.raises(Transient) as failure:
        async with outcome(1.0, ambiguous=False):
            raise Conflict(words)
    assert failure.value.reason == reason


async def test_what_the_sdk_would_send_unchecked_the_platform_refuses(rig: TelegramRig):
    """It checks nothing by itself; so the renderer must, and the emulator does."""
    for card in (
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]}},
        {"text": "x" * 4097},
        {"text": f'<a href="https://x.example/{"y" * 9600}">x</a>', "parse_mode": "HTML"},
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "b"}] * 9]}},
    ):
        with pytest.raises(Permanent) as failure:
            await rig.adapter.send(rig.chat, card, key="k1")
        assert failure.value.reason == "card_invalid", failure.value


async def test_an_answer_that_fails_leaves_the_bot_alive(rig: TelegramRig):
    """A handler's exception is nobody's but the log's, and the next press works."""
    rig.stage.desk.answer = Answer(message={"text": "<b>never closed", "parse_mode": "HTML"})
    await rig.command("list", rig.ann)
    rig.stage.desk.answer = Answer(message=rig.card("fine"))
    await rig.command("list", rig.ann)
    await until(lambda: rig.whispers(rig.ann), lambda said: said == ["fine"], "no answer")


# -- budgets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chats", [("-1001",), ("-1001", "-1002"), tuple(f"-{n}" for n in range(1, 60)), ("7001",)])
def test_our_budget_never_meets_the_platforms(chats: tuple[str, ...]):
    """Ten minutes of as many messages as `Budgets` lets through, against the meter that plays Telegram's limits."""
    now = 0.0
    meter = Meter(lambda: now / SECOND)
    budgets = Budgets()
    caps = TelegramAdapter.caps
    for at in range(0, 10 * MINUTE, 50):
        now = float(at)
        for chat in chats:
            if budgets.take("telegram", chat, caps, at) == 0:
                claims = [("all", OVERALL), (f"chat:{chat}", PER_CHAT)]
                claims += [(f"group:{chat}", PER_GROUP)] if chat.startswith("-") else []
                assert meter.take(*claims) == 0, f"{chat} after {at} ms"
