"""What only Telegram has: deep links, topics, groups that move, people who never pressed Start, and toasts."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import NetworkError, TimedOut

from bot.adapters.base import Answer, Form, HttpRequest, Json, Moved, Permanent, Press, RateLimited, Slash, Transient
from bot.adapters.telegram.decode import Malformed, Me, decode
from bot.adapters.telegram.outcome import outcome
from tests.conformance.platform_kit import at_work, until
from tests.conformance.rig_telegram import RIGS, TelegramRig

ME = Me(id=42, username="tocsin_bot")


@pytest.fixture(params=["telegram_webhook"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[TelegramRig]:
    async with RIGS[request.param]() as opened:
        assert isinstance(opened, TelegramRig)
        yield opened


async def test_the_menu_and_the_webhook_are_set(rig: TelegramRig):
    state = await rig.stage.state()
    assert state["webhook_url"] == rig.stage.callback_url
    state = await until(rig.stage.state, lambda state: len(state["commands"]) == 2, "a language is missing")
    menus = {menu["language_code"]: menu["commands"] for menu in state["commands"]}
    assert [[command["command"] for command in menu] for menu in menus.values()] == [["toc"], ["toc"]]
    assert menus[""][0]["description"].startswith("On call")
    assert menus["zh"][0]["description"].startswith("值班")


async def test_a_deep_link_is_the_link_command(rig: TelegramRig):
    await rig.stage.act("start", user=7003, payload="Abc-12_x")
    await rig.stage.act("start", user=7003)
    await rig.stage.act("say", user=7003, chat_id=7003, text="who is on call")
    heard = await until(lambda: taken(rig), lambda heard: len(heard) == 3)
    assert [(said.text, said.user, said.chat) for said in heard] == [
        ("link Abc-12_x", "7003", "7003"),
        ("help", "7003", "7003"),
        ("who is on call", "7003", "7003"),
    ]


async def taken(rig: TelegramRig) -> list[Any]:
    return [*rig.stage.desk.heard]


async def test_a_private_answer_falls_back_to_the_chat_for_who_never_pressed_start(rig: TelegramRig):
    rig.stage.desk.answer = Answer(toast="Ann is on call")
    await rig.stage.act("say", user=7003, chat_id=-1001, text="/toc oncall")
    await until(lambda: rig.seen(rig.chat), lambda said: said == ["Ann is on call"], "no answer")


async def test_bad_news_stays_on_the_screen_and_long_news_is_cut(rig: TelegramRig):
    rig.stage.desk.answer = Answer(toast="é" * 300, alert=True)
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, rig.ann)
    (toast,) = (await rig.stage.state())["toasts"]
    assert toast["show_alert"] is True
    assert toast["text"] == "é" * 199 + "…"


async def test_a_group_that_became_a_supergroup_names_its_new_address(rig: TelegramRig):
    sent = await rig.adapter.send(rig.chat, rig.card("card"), key="k1")
    await rig.stage.act("migrate", chat_id=-1001, new_id=-100555)
    for call in (rig.adapter.send(rig.chat, rig.card("x"), key="k2"), rig.adapter.edit(sent.ref, rig.card("x"))):
        with pytest.raises(Moved) as moved:
            await call
        assert moved.value.address == "-100555"
    await rig.adapter.send("-100555", rig.card("arrived"), key="k3")


async def test_a_topic_that_is_not_there_is_named(rig: TelegramRig):
    for topic in ("77", "no-number"):
        with pytest.raises(Permanent) as failure:
            await rig.adapter.send(f"{rig.chat}/{topic}", rig.card("x"), key="k1")
        assert failure.value.reason == "chat_unreachable"


async def test_a_message_without_text_is_an_invalid_card(rig: TelegramRig):
    for card in ({}, {"text": ""}, {"text": "x" * 4097}):
        with pytest.raises(Permanent) as failure:
            await rig.adapter.send(rig.chat, card, key="k1")
        assert failure.value.reason == "card_invalid", card


@pytest.mark.parametrize("rig", RIGS, indirect=True)
async def test_an_update_that_was_not_taken_comes_again_with_the_same_key(rig: TelegramRig):
    rig.stage.desk.trouble = OSError("the database is gone")
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    press = asyncio.create_task(rig.press(sent.ref, rig.ann))
    await until(lambda: taken(rig), bool)
    rig.stage.desk.trouble = None
    assert await press
    assert len({said.key for said in rig.stage.desk.heard}) == 1
    assert len(rig.stage.desk.heard) == 2


async def test_a_bot_without_a_secret_believes_nobody(rig: TelegramRig):
    open_door = rig.another()
    async with at_work(open_door, rig.stage.desk):
        for headers in ({}, {"x-telegram-bot-api-secret-token": ""}):
            call = HttpRequest(method="POST", path="/", query="", headers=headers, body=rig.press_body("t"))
            assert (await open_door.receive(call)).status == 401
    assert rig.stage.desk.heard == []


async def test_the_token_is_in_no_log(rig: TelegramRig, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    await rig.adapter.send(rig.chat, rig.card("x"), key="k1")
    wrong = rig.another(base_url=f"{rig.stage.base}/nowhere/bot")
    await wrong.start(rig.stage.desk.emit, rig.stage.desk.notice)
    findings = await wrong.check()
    await wrong.stop()
    secret = rig.adapter.settings.token.partition(":")[2]
    assert secret not in caplog.text
    assert secret not in repr(findings)
    assert secret not in repr(rig.adapter.settings)


# -- pieces -----------------------------------------------------------------------------------------------------------


def message(text: str, **more: Any) -> Json:
    said: Json = {"message_id": 9, "date": 1, "chat": {"id": -5, "type": "supergroup"}, "text": text}
    person = {"id": 7, "is_bot": False, "first_name": "Ann", "last_name": "Lee", "language_code": "zh-hans"}
    return {"update_id": 1, "message": {**said, "from": person, **more}}


def asked(text: str, **more: Any) -> str | None:
    heard = decode(message(text, **more), ME)
    assert heard is None or isinstance(heard.inbound, Slash)
    return heard.inbound.text if heard is not None and isinstance(heard.inbound, Slash) else None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/toc ack 3", "ack 3"),
        ("/TOC@Tocsin_Bot  list mine ", "list mine"),
        ("/tocsin", ""),
        ("/toc\nnote 3 two\nlines", "note 3 two\nlines"),
        ("/toc@other_bot ack 3", None),
        ("/tocs ack", None),
        ("/ack 3", None),
        ("@tocsin_bot, who", "who"),
        ("hello @tocsin_bot", None),
        ("just talking", None),
        ("", None),
    ],
)
def test_who_is_spoken_to_in_a_group(text: str, words: str | None):
    assert asked(text) == words


def test_a_reply_to_the_bot_names_its_message():
    def update(**answered: Any) -> Json:
        return message("on it", reply_to_message={"message_id": 4, **answered})

    bot, somebody = {"id": 42, "is_bot": True}, {"id": 8, "is_bot": False}
    heard = decode(update(**{"from": bot}), ME)
    assert heard is not None
    assert isinstance(heard.inbound, Slash)
    assert (heard.inbound.reply_to, heard.inbound.text) == ("-5:4", "on it")
    assert decode(update(**{"from": somebody}), ME) is None
    assert decode(update(**{"from": bot}, forum_topic_created={"name": "INC-4"}), ME) is None


def test_topics_people_and_tongues_are_kept():
    heard = decode(message("/toc me", message_thread_id=77, is_topic_message=True), ME)
    assert heard is not None
    assert isinstance(heard.inbound, Slash)
    assert (heard.inbound.chat, heard.inbound.user_name, heard.inbound.lang) == ("-5/77", "Ann Lee", "zh-hans")


def test_a_person_without_a_name_of_their_own_is_told_by_id():
    who = {"type": "text_mention", "offset": 15, "length": 3, "user": {"id": 77}}
    assert asked("/toc assign 😀 Bob later", entities=[who]) == "assign 😀 @77 later"


@pytest.mark.parametrize("kind", ["edited_message", "channel_post", "my_chat_member"])
def test_other_updates_are_nobodys_words(kind: str):
    assert decode({"update_id": 1, kind: message("/toc x")["message"]}, ME) is None


def test_what_bots_say_is_no_command():
    assert decode(message("/toc x", **{"from": {"id": 3, "is_bot": True}}), ME) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["update_id", "message", "callback_query", "from", "chat", "id", "text", "data", "entities", "type", "offset",
         "length", "user", "message_id", "reply_to_message", "reply_markup", "inline_keyboard",
         "url"]), inner, max_size=6),
    max_leaves=25,
)  # fmt: skip


@given(json_values)
def test_any_json_is_decoded_or_malformed(value: object):
    try:
        heard = decode(json.dumps(value).encode(), ME)
    except Malformed:
        return
    assert heard is None or isinstance(heard.inbound, Press | Slash | Form | None)


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_malformed(body: bytes):
    try:
        decode(body, ME)
    except Malformed:
        return


@pytest.mark.parametrize(
    ("cause", "error", "reason", "ambiguous"),
    [
        (httpx.ConnectError("refused"), NetworkError("x"), "unreachable", False),
        (httpx.ConnectTimeout("slow"), TimedOut(), "unreachable", False),
        (httpx.PoolTimeout("full"), TimedOut(), "unreachable", False),
        (httpx.ReadTimeout("slow"), TimedOut(), "timeout", True),
        (httpx.RemoteProtocolError("cut"), NetworkError("x"), "connection_lost", True),
        (None, NetworkError("Bad Gateway"), "platform_down", True),
        (None, NetworkError("Service Unavailable (503)"), "platform_down", False),
    ],
)
async def test_network_trouble_says_whether_it_may_have_arrived(
    cause: Exception | None, error: NetworkError, reason: str, ambiguous: bool
):
    with pytest.raises(Transient) as failure:
        async with outcome(1.0):
            raise error from cause
    assert (failure.value.reason, failure.value.ambiguous) == (reason, ambiguous)


async def test_too_many_is_not_mistaken_for_a_network_error(rig: TelegramRig):
    for _ in range(5):
        await rig.adapter.send(rig.ann, rig.card("x"), key="k")
    with pytest.raises(RateLimited) as failure:
        await rig.adapter.send(rig.ann, rig.card("x"), key="k")
    assert 1 <= failure.value.after_s <= 5
