"""What every chat platform passes when people speak to it: presses, commands, lines, and callbacks that nobody sent.

The second half of the suite of `test_platforms.py`, with the same rigs.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from bot.adapters.base import Answer, Inbound, Press, Slash
from tests.conformance.platform_kit import HOSTILE, Rig, until

MALFORMED = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"{}",
    b"\xff\xfe\x00",
    b"payload=%7B",
    b"payload=[]",
    b"payload=",
    b"payload=%ff%fe",
    b"=",
    b"a",
    b'{"type": 7}',
    b'{"type": "block_actions"}',
    b'{"type": "event_callback", "event": []}',
    b'{"update_id": "x"}',
    b'{"update_id": 1, "message": []}',
    b'{"update_id": 1, "callback_query": {"id": 5}}',
    b'{"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1, "type": "private"}, "from": {"id": "x"}}}',
    b"[" * 100_000,
    b"command=%2Ftoc",
)


async def heard(rig: Rig) -> list[Inbound]:
    return [*rig.stage.desk.heard]


# -- presses, commands, lines -----------------------------------------------------------------------------------------


async def test_a_press_says_who_pressed_what(rig: Rig):
    sent = await rig.adapter.send(rig.chat, rig.card("card", "v1.token~X"), key="k1")
    assert await rig.press(sent.ref, rig.bo)
    assert await rig.press(sent.ref, rig.bo)
    assert await rig.press(sent.ref, rig.ann)
    presses = [press for press in rig.stage.desk.heard if isinstance(press, Press)]
    assert [(press.platform, press.user, press.token) for press in presses] == [
        (rig.adapter.name, user, "v1.token~X") for user in (rig.bo, rig.bo, rig.ann)
    ]
    assert len({press.key for press in presses}) == 3
    assert {press.chat for press in presses} == {rig.chat}
    assert presses[0].user_name.lower().startswith("bo")


async def test_a_toast_is_for_the_one_who_pressed(rig: Rig):
    rig.stage.desk.answer = Answer(toast=HOSTILE)
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, rig.bo)
    await until(lambda: rig.whispers(rig.bo), lambda said: said == [HOSTILE], "the toast did not come")
    assert await rig.whispers(rig.ann) == []
    assert await rig.seen(rig.chat) == ["card"]


async def test_a_private_message_is_for_the_one_who_pressed(rig: Rig):
    rig.stage.desk.answer = Answer(toast="Why?", message=rig.card("because"))
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, rig.bo)
    await until(lambda: rig.whispers(rig.bo), lambda said: said == ["Why?", "because"], "no answer")
    assert await rig.whispers(rig.ann) == []
    assert await rig.seen(rig.chat) == ["card"]


async def test_an_answer_in_the_open_is_for_everybody(rig: Rig):
    rig.stage.desk.answer = Answer(message=rig.card("here"), here=True)
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, rig.bo)
    await until(lambda: rig.seen(rig.chat), lambda said: said == ["card", "here"], "no answer")


async def test_a_press_in_a_direct_message_is_answered_there(rig: Rig):
    rig.stage.desk.answer = Answer(message=rig.card("done"))
    sent = await rig.adapter.send(rig.ann, rig.card("paged", "t"), key="k1")
    assert await rig.press(sent.ref, rig.ann)

    async def everything() -> set[str]:
        return {*await rig.seen(rig.ann), *await rig.whispers(rig.ann)}

    await until(everything, lambda said: said == {"paged", "done"}, "no answer")


async def test_a_press_with_nothing_to_say_is_still_acknowledged(rig: Rig):
    sent = await rig.adapter.send(rig.chat, rig.card("card", "unknown-to-everybody"), key="k1")
    assert await rig.press(sent.ref, rig.ann)
    assert await rig.seen(rig.chat) == ["card"]


async def test_a_command_is_answered_in_private(rig: Rig):
    if not (rig.adapter.caps.slash or rig.adapter.caps.mentions):
        pytest.skip("no commands")
    rig.stage.desk.answer = Answer(message=rig.card("Ann is on call"))
    assert await rig.command("oncall  db", rig.bo)
    await until(lambda: rig.whispers(rig.bo), lambda said: said == ["Ann is on call"], "no answer")
    assert await rig.seen(rig.chat) == []
    (slash,) = rig.stage.desk.heard
    assert isinstance(slash, Slash)
    assert (slash.platform, slash.user, slash.text, slash.chat) == (rig.adapter.name, rig.bo, "oncall  db", rig.chat)
    assert slash.key


async def test_a_command_is_answered_in_the_open_when_asked(rig: Rig):
    if not (rig.adapter.caps.slash or rig.adapter.caps.mentions):
        pytest.skip("no commands")
    rig.stage.desk.answer = Answer(toast="see below", message=rig.card("Ann is on call"), here=True)
    assert await rig.command("oncall --here", rig.bo)
    await until(lambda: rig.seen(rig.chat), lambda said: said == ["see below", "Ann is on call"], "no answer")
    assert await rig.whispers(rig.ann) == []


async def test_words_in_reply_to_a_card_name_the_card(rig: Rig):
    sent = await rig.adapter.send(rig.chat, rig.card("card"), key="k1")
    await rig.answer_to(sent.ref, "ack & go", rig.bo)

    (said,) = await until(lambda: heard(rig), len, "nothing was heard")
    assert (said.user, said.text, said.reply_to, said.chat) == (rig.bo, "ack & go", sent.ref, rig.chat)


# -- deadlines and trouble on our side --------------------------------------------------------------------------------


async def test_a_slow_emit_meets_the_deadline_and_is_answered_later(rig: Rig):
    desk = rig.stage.desk
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    desk.answer = Answer(message=rig.card("at last"), toast="")
    desk.gate.clear()
    began = time.monotonic()
    press = asyncio.create_task(rig.press(sent.ref, rig.ann))
    command = asyncio.create_task(rig.command("oncall", rig.bo))
    if rig.by_http:
        await until(lambda: settled(rig), bool, "nothing was acknowledged")
        assert time.monotonic() - began < rig.adapter.caps.answer_within_s
    assert await command
    assert time.monotonic() - began < 2 * rig.adapter.caps.answer_within_s
    desk.gate.set()
    await press
    await until(lambda: rig.whispers(rig.ann), lambda said: said == ["at last"], "no answer to the press")
    await until(lambda: rig.whispers(rig.bo), lambda said: said == ["at last"], "no answer to the command")
    assert len(desk.heard) == 2


async def settled(rig: Rig) -> bool:
    """Whether both callbacks were acknowledged, the platform's own log says."""
    return sum(1 for notice in list(rig.stage.hub.notices) if notice["kind"] == "answer") >= 2


async def test_an_emit_that_fails_is_not_called_saved(rig: Rig):
    rig.stage.desk.trouble = OSError("the database is gone")
    if rig.by_http:
        body = rig.press_body("t")
        began = time.monotonic()
        assert await rig.stage.post(body, rig.signed(body)) == 500
        assert time.monotonic() - began < 1
    else:
        sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
        press = asyncio.create_task(rig.press(sent.ref, rig.ann))
        await until(lambda: heard(rig), bool, "nothing was heard")
        assert not await press or len({press.key for press in rig.stage.desk.heard}) == 1
    rig.stage.desk.trouble = None
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k2")
    assert await rig.press(sent.ref, rig.bo)  # and the next one works


async def test_a_repeated_callback_has_the_same_key(rig: Rig):
    if not rig.by_http:
        pytest.skip("callbacks do not come by HTTP")
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, rig.ann)
    assert await rig.stage.again() == 200
    await rig.command("me", rig.ann)
    await until(lambda: heard(rig), lambda all_heard: len(all_heard) == 3)
    assert await rig.stage.again() == 200
    first, second, third, fourth = rig.stage.desk.heard
    assert replace(second, lang=first.lang) == first, "a language may be learnt in between, and nothing else"
    assert replace(fourth, lang=third.lang) == third
    assert first.key != third.key


# -- what is not from the platform ------------------------------------------------------------------------------------


async def test_a_forged_callback_is_refused_unread(rig: Rig):
    for body in (rig.press_body("t"), b"{", b"\xff", b"ssl_check=1"):
        for headers in rig.forged(body):
            assert await rig.stage.post(body, headers) == 401, (body, headers)
    assert rig.stage.desk.heard == []
    genuine = rig.press_body("t")
    assert await rig.stage.post(genuine, rig.signed(genuine)) == 200  # the same body in good order is heard
    assert [press.token for press in rig.stage.desk.heard if isinstance(press, Press)] == ["t"]


async def test_a_stale_signature_is_refused(rig: Rig):
    if not rig.signs_time:
        pytest.skip("signatures carry no time")
    body = rig.press_body("t")
    for age_s, status in ((290, 200), (-290, 200), (310, 401), (-310, 401), (86_400, 401)):
        assert await rig.stage.post(body, rig.signed(body, age_s=age_s)) == status, age_s
    assert len(rig.stage.desk.heard) == 2


async def test_a_malformed_body_is_refused_with_4xx(rig: Rig):
    for body in MALFORMED:
        status = await rig.stage.post(body, rig.signed(body))
        assert 200 <= status < 500, (body[:80], status)
        assert status >= 400 or rig.stage.desk.heard == [], body[:80]
    assert await rig.stage.post(b"{", rig.signed(b"{")) == 400
    assert rig.stage.desk.heard == []


async def test_listening_goes_on_after_the_connection_was_cut(rig: Rig):
    if rig.by_http:
        pytest.skip("callbacks come by HTTP")
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    for _ in range(2):
        assert await rig.press(sent.ref, rig.ann)
        await rig.cut()
    assert await rig.press(sent.ref, rig.ann)
    assert len({press.key for press in rig.stage.desk.heard}) == 3
