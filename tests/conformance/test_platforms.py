"""The suite that every chat platform passes, through its real SDK, its strict emulator and real HTTP.

Cases that need something are skipped by capability or flag of the rig, never by the name of a platform. A new platform is
one file `rig_<platform>.py` beside this one: see `platform_kit.py`.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
import warnings
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import pytest

from bot.adapters.base import (
    Adapter,
    Answer,
    AuthBroken,
    EditTargetGone,
    Permanent,
    Press,
    RateLimited,
    SendError,
    Slash,
    Transient,
)
from bot.playground.hosting import loopback_socket, url_of
from bot.playground.hub import Outage
from tests.conformance.platform_kit import OpenRig, Rig, at_work, until

HERE = Path(__file__).parent
RIGS: dict[str, OpenRig] = {
    name: opened
    for file in sorted(HERE.glob("rig_*.py"))
    for name, opened in import_module(f"tests.conformance.{file.stem}").RIGS.items()
}
HOSTILE = "<!channel> <b>&amp; 1 < 2 & <@U2BO> *_`~ @all [x](http://e.com) \u202etxt"
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


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with RIGS[request.param]() as opened:
        yield opened


# -- messages out ---------------------------------------------------------------------------------------------------------


async def test_a_card_reaches_the_chat_and_nobody_elses(rig: Rig):
    sent = await rig.adapter.send(rig.chat, rig.card("disk full"), key="k1")
    assert sent.ref
    assert await rig.seen(rig.chat) == ["disk full"]
    assert await rig.seen(rig.ann) == []


async def test_a_direct_message_reaches_one_person(rig: Rig):
    first = await rig.adapter.send(rig.ann, rig.card("you are paged"), key="k1")
    second = await rig.adapter.send(rig.ann, rig.card("again"), key="k2")
    assert first.ref != second.ref
    assert await rig.seen(rig.ann) == ["you are paged", "again"]
    assert await rig.seen(rig.bo) == []
    assert await rig.seen(rig.chat) == []


async def test_an_edit_replaces_the_card_in_place(rig: Rig):
    sent = await rig.adapter.send(rig.chat, rig.card("triggered", "t"), key="k1")
    edited = await rig.adapter.edit(sent.ref, rig.card("closed"))
    assert edited.ref == sent.ref
    assert await rig.seen(rig.chat) == ["closed"]
    with pytest.raises((AssertionError, KeyError)):  # the button went with the old card
        await rig.press(sent.ref, rig.ann)


async def test_an_edit_that_changes_nothing_is_fine(rig: Rig):
    sent = await rig.adapter.send(rig.chat, rig.card("same", "t"), key="k1")
    for _ in range(2):
        assert (await rig.adapter.edit(sent.ref, rig.card("same", "t"))).ref == sent.ref
    assert await rig.seen(rig.chat) == ["same"]


async def test_a_message_that_is_gone_says_so(rig: Rig):
    with pytest.raises(EditTargetGone):
        await rig.adapter.edit(rig.missing_ref, rig.card("late"))


async def test_hostile_text_is_shown_literally(rig: Rig):
    await rig.adapter.send(rig.chat, rig.card(HOSTILE), key="k1")
    assert await rig.seen(rig.chat) == [HOSTILE]


async def test_a_card_that_the_platform_refuses_is_named(rig: Rig):
    with pytest.raises(Permanent) as failure:
        await rig.adapter.send(rig.chat, rig.broken_card(), key="k1")
    assert failure.value.reason == "card_invalid"
    assert failure.value.detail
    assert await rig.seen(rig.chat) == []


async def test_a_refused_edit_leaves_the_card_as_it_was(rig: Rig):
    sent = await rig.adapter.send(rig.chat, rig.card("good"), key="k1")
    with pytest.raises(Permanent) as failure:
        await rig.adapter.edit(sent.ref, rig.broken_card())
    assert failure.value.reason == "card_invalid"
    assert await rig.seen(rig.chat) == ["good"]


async def test_a_chat_that_is_not_there_is_named(rig: Rig):
    with pytest.raises(Permanent) as failure:
        await rig.adapter.send(rig.nowhere, rig.card("hello"), key="k1")
    assert failure.value.reason == "chat_unreachable"


async def test_a_person_who_cannot_be_reached_is_named(rig: Rig):
    with pytest.raises(Permanent) as failure:
        await rig.adapter.send(rig.unreachable, rig.card("hello"), key="k1")
    assert failure.value.reason == "recipient_unreachable"


# -- outages: each class of the taxonomy, for a new card, a direct message and an edit --------------------------------------


async def failures(rig: Rig, outage: Outage, adapter: Adapter | None = None) -> list[SendError]:
    """What a send to a chat, to a person and an edit raise while the switch is on."""
    adapter = adapter or rig.adapter
    sent = await rig.adapter.send(rig.chat, rig.card("before"), key="k0")
    await rig.adapter.send(rig.ann, rig.card("before"), key="k1")
    await rig.stage.outage(outage)
    calls = (
        adapter.send(rig.chat, rig.card("x"), key="k2"),
        adapter.send(rig.ann, rig.card("x"), key="k3"),
        adapter.edit(sent.ref, rig.card("y")),
    )
    raised = await asyncio.gather(*calls, return_exceptions=True)
    await rig.stage.outage(Outage.NONE)
    assert all(isinstance(error, SendError) for error in raised), raised
    return [error for error in raised if isinstance(error, SendError)]


async def test_a_platform_that_is_down_may_work_later(rig: Rig):
    for error in await failures(rig, Outage.DOWN):
        assert isinstance(error, Transient)
        assert not error.ambiguous
    assert await rig.seen(rig.chat) == ["before"]


async def test_too_fast_says_how_long_to_wait(rig: Rig):
    for error in await failures(rig, Outage.RATE_LIMITED):
        assert isinstance(error, RateLimited)
        assert error.after_s == rig.stage.hub.retry_after_s


async def test_a_revoked_token_is_named(rig: Rig):
    for error in await failures(rig, Outage.REVOKED):
        assert isinstance(error, AuthBroken)


async def test_no_answer_in_time_leaves_the_outcome_unknown(rig: Rig):
    hasty = rig.another(timeout_s=0.5)
    async with at_work(hasty, rig.stage.desk):
        began = time.monotonic()
        raised = await failures(rig, Outage.SLOW, hasty)
        assert time.monotonic() - began < 1.9
    assert [type(error) for error in raised] == [Transient] * 3
    assert [error.ambiguous for error in raised if isinstance(error, Transient)][::2] == [True, True]


async def test_a_person_who_blocked_the_bot_is_named(rig: Rig):
    await rig.adapter.send(rig.ann, rig.card("before"), key="k1")
    await rig.stage.outage(Outage.BLOCKED)
    for _ in range(2):
        with pytest.raises(Permanent) as failure:
            await rig.adapter.send(rig.ann, rig.card("x"), key="k1")
        assert failure.value.reason == "recipient_unreachable"
    await rig.adapter.send(rig.chat, rig.card("the chat still works"), key="k2")
    await rig.stage.outage(Outage.NONE)
    await rig.adapter.send(rig.ann, rig.card("healed"), key="k3")
    assert await rig.seen(rig.ann) == ["before", "healed"]


async def test_nobody_there_is_no_ambiguity_and_no_obstacle_to_a_start(rig: Rig):
    closed = loopback_socket()
    address = url_of(closed)
    closed.close()
    alone = rig.another(base_url=f"{address}/api/")
    began = time.monotonic()
    async with at_work(alone, rig.stage.desk):
        with pytest.raises(Transient) as failure:
            await alone.send(rig.chat, rig.card("x"), key="k1")
        findings = await alone.check()
    assert time.monotonic() - began < 2
    assert not failure.value.ambiguous
    assert [finding.ok for finding in findings][:1] == [False]


# -- presses, commands, lines -------------------------------------------------------------------------------------------


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
    if not rig.adapter.caps.slash:
        pytest.skip("no slash commands")
    rig.stage.desk.answer = Answer(message=rig.card("Ann is on call"))
    assert await rig.command("oncall  db", rig.bo)
    await until(lambda: rig.whispers(rig.bo), lambda said: said == ["Ann is on call"], "no answer")
    assert await rig.seen(rig.chat) == []
    (slash,) = rig.stage.desk.heard
    assert isinstance(slash, Slash)
    assert (slash.platform, slash.user, slash.text, slash.chat) == (rig.adapter.name, rig.bo, "oncall  db", rig.chat)
    assert slash.key


async def test_a_command_is_answered_in_the_open_when_asked(rig: Rig):
    if not rig.adapter.caps.slash:
        pytest.skip("no slash commands")
    rig.stage.desk.answer = Answer(toast="see below", message=rig.card("Ann is on call"), here=True)
    assert await rig.command("oncall --here", rig.bo)
    await until(lambda: rig.seen(rig.chat), lambda said: said == ["see below", "Ann is on call"], "no answer")
    assert await rig.whispers(rig.ann) == []


async def test_words_in_reply_to_a_card_name_the_card(rig: Rig):
    sent = await rig.adapter.send(rig.chat, rig.card("card"), key="k1")
    await rig.answer_to(sent.ref, "ack & go", rig.bo)

    async def heard() -> list[object]:
        return [*rig.stage.desk.heard]

    (said,) = await until(heard, len, "nothing was heard")
    assert (said.user, said.text, said.reply_to, said.chat) == (rig.bo, "ack & go", sent.ref, rig.chat)


# -- deadlines and trouble on our side --------------------------------------------------------------------------------------


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
    await command
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
        await until(_heard(rig), bool, "nothing was heard")
        assert not await press or len({press.key for press in rig.stage.desk.heard}) == 1
    rig.stage.desk.trouble = None
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k2")
    assert await rig.press(sent.ref, rig.bo)  # and the next one works


def _heard(rig: Rig):
    async def heard() -> list[object]:
        return [*rig.stage.desk.heard]

    return heard


async def test_a_repeated_callback_has_the_same_key(rig: Rig):
    if not rig.by_http:
        pytest.skip("callbacks do not come by HTTP")
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, rig.ann)
    assert await rig.stage.again() == 200
    await rig.command("me", rig.ann)
    await until(_heard(rig), lambda heard: len(heard) == 3)
    assert await rig.stage.again() == 200
    first, second, third, fourth = rig.stage.desk.heard
    assert first == second
    assert third == fourth
    assert first.key != third.key


# -- what is not from the platform --------------------------------------------------------------------------------------------


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


# -- life ---------------------------------------------------------------------------------------------------------------


async def test_a_stop_leaves_nothing_behind(rig: Rig):
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, rig.ann)
    before = asyncio.all_tasks()
    with warnings.catch_warnings(record=True) as leaks:
        warnings.simplefilter("always")
        second = rig.another()
        async with at_work(second, rig.stage.desk):
            await second.send(rig.chat, rig.card("card"), key="k2")
            began = time.monotonic()
        assert time.monotonic() - began < 1
        await second.stop()
        del second
        gc.collect()
    assert [str(leak.message) for leak in leaks] == []
    assert asyncio.all_tasks() - before == set()


async def test_a_stop_waits_for_the_answer_under_way(rig: Rig):
    rig.stage.desk.answer = Answer(message=rig.card("said before leaving"))
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    await rig.press(sent.ref, rig.ann)
    await rig.adapter.stop()
    assert await rig.whispers(rig.ann) == ["said before leaving"]


async def test_the_doctor_is_content_with_a_healthy_platform(rig: Rig):
    findings = await rig.adapter.check()
    assert findings
    assert [finding for finding in findings if not finding.ok] == []


async def test_the_doctor_names_a_cure(rig: Rig):
    await rig.stage.outage(Outage.REVOKED)
    findings = await rig.adapter.check()
    assert [finding.ok for finding in findings if finding.check == "bot token"] == [False]
    assert all(finding.cure and finding.detail for finding in findings if not finding.ok)


async def test_listening_goes_on_after_the_connection_was_cut(rig: Rig):
    if rig.by_http:
        pytest.skip("callbacks come by HTTP")
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    for _ in range(2):
        assert await rig.press(sent.ref, rig.ann)
        await rig.cut()
    assert await rig.press(sent.ref, rig.ann)
    assert len({press.key for press in rig.stage.desk.heard}) == 3


@pytest.mark.parametrize(
    ("module", "sdks"),
    [("bot.adapters.slack", "slack_sdk slack_bolt aiohttp"), ("bot.adapters.telegram", "telegram httpx")],
)
def test_an_adapter_nobody_configured_costs_no_sdk(module: str, sdks: str):
    code = f"import sys, {module}; sys.exit(', '.join(set({sdks.split()!r}) & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=HERE.parents[1], check=False)
    assert (done.returncode, done.stderr) == (0, "")
