"""The suite that every chat platform passes, through its real SDK, its strict emulator and real HTTP.

Cases that need something are skipped by capability or flag of the rig, never by the name of a platform. A new platform
is one file `rig_<platform>.py` beside this one: see `platform_kit.py`.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.adapters.base import (
    Adapter,
    Answer,
    AuthBroken,
    EditTargetGone,
    Permanent,
    Press,
    RateLimited,
    SendError,
    Transient,
)
from bot.cards.card import Card, Quote
from bot.cards.sample import sample_card
from bot.playground.hosting import loopback_socket, serving, url_of
from bot.playground.hub import Outage
from tests.conformance.platform_kit import HOSTILE, Rig, at_work

HERE = Path(__file__).parent

# -- messages out -----------------------------------------------------------------------------------------------------


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
    with pytest.raises(LookupError):  # the button went with the old card
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


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_the_products_own_card_lives_through_an_incident(rig: Rig, lang: str):
    first, *later = (
        sample_card(state, lang, rig.adapter.name) for state in ("triggered", "processing", "snoozed", "closed")
    )
    sent = await rig.adapter.send(rig.chat, rig.render(first), key="k1")
    assert await rig.press(sent.ref, rig.ann)
    (press,) = rig.stage.desk.heard
    assert isinstance(press, Press)
    assert press.token in {action.token for action in first.actions}
    for card in later:
        assert (await rig.adapter.edit(sent.ref, rig.render(card))).ref == sent.ref
    (text,) = await rig.seen(rig.chat)
    assert later[-1].title in text


async def test_the_products_own_card_bears_hostile_text(rig: Rig):
    card = Card(kind="text", title=HOSTILE, fallback=HOSTILE, body=(Quote(text=HOSTILE * 200),))
    sent = await rig.adapter.send(rig.chat, rig.render(card), key="k1")
    await rig.adapter.edit(sent.ref, rig.render(replace(card, title="calm")))


# -- outages: each class of the taxonomy, for a new card, a direct message and an edit --------------------------------


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


@pytest.mark.parametrize(
    ("status", "kind", "body", "outcome"),
    [
        (200, "text/plain", "Welcome to the hotel's network", Transient),
        (200, "text/html", "<html>Sign in</html>", Transient),
        (200, "application/json", "[1]", Transient),
        (200, "application/json", "null", Transient),
        (200, "application/json", '{"ok": true', Transient),
        (200, "application/json", '{"ok": true, "result": null}', Transient),
        (500, "application/json", "{}", Transient),
        (502, "text/html", "<html>Bad Gateway</html>", Transient),
        (429, "application/json", '{"ok": false, "parameters": {"retry_after": 7}}', RateLimited),
    ],
)
async def test_an_answer_that_is_not_the_platforms_is_waited_out(
    rig: Rig, status: int, kind: str, body: str, outcome: type[SendError]
):
    async def proxy(_request: Request) -> Response:
        return Response(body, status, {"Retry-After": "7"}, kind)

    app = Starlette(routes=[Route("/{path:path}", proxy, methods=["GET", "POST"])])
    async with serving(app) as base:
        misled = rig.another(base_url=f"{base}/api/")
        async with at_work(misled, rig.stage.desk):
            calls = (misled.send(rig.chat, rig.card("x"), key="k1"), misled.edit(rig.missing_ref, rig.card("x")))
            raised = await asyncio.gather(*calls, return_exceptions=True)
            assert [finding.ok for finding in await misled.check()][:1] == [False]
    assert [type(error) for error in raised] == [outcome] * 2, raised
    assert all(error.after_s == 7 for error in raised if isinstance(error, RateLimited))


# -- life -------------------------------------------------------------------------------------------------------------


async def test_a_stop_leaves_nothing_behind(rig: Rig):
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, rig.ann)
    before = asyncio.all_tasks()
    with warnings.catch_warnings(record=True) as leaks:
        warnings.simplefilter("always")
        second = rig.another(listens=True)
        async with at_work(second, rig.stage.desk):
            await rig.listeners(2)
            await second.send(rig.chat, rig.card("card"), key="k2")
            began = time.monotonic()
        assert time.monotonic() - began < 1.5
        await rig.listeners(1)
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


@pytest.mark.parametrize(
    ("module", "sdks"),
    [
        ("bot.adapters.slack", "slack_sdk slack_bolt aiohttp"),
        ("bot.adapters.teams", "botbuilder botframework msrest jwt aiohttp"),
        ("bot.adapters.telegram", "telegram httpx"),
    ],
)
def test_an_adapter_nobody_configured_costs_no_sdk(module: str, sdks: str):
    code = f"import sys, {module}; sys.exit(', '.join(set({sdks.split()!r}) & set(sys.modules)) or 0)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=HERE.parents[1], check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
