"""Slack's other places: the Home tab, the shortcut of a message, incoming webhooks, and what the doctor finds there."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.adapters.base import Answer, AuthBroken, Finding, Json, Permanent, Press, RateLimited, SendError, Slash
from bot.adapters.slack import SlackAdapter, SlackBotAdapter, SlackBotSettings
from bot.adapters.slack.manifest import app_manifest
from bot.adapters.slack.scopes import SCOPES
from bot.cards.sample import STATES, sample_card
from bot.playground.hosting import serving
from bot.playground.hub import Outage
from bot.playground.slack import workspace
from tests.conformance.platform_kit import at_work, until
from tests.conformance.rig_slack import RIGS, SlackRig


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[SlackRig]:
    async with RIGS[request.param]() as opened:
        assert isinstance(opened, SlackRig)
        yield opened


@asynccontextmanager
async def by_http() -> AsyncIterator[SlackRig]:
    async with RIGS["slack_http"]() as opened:
        assert isinstance(opened, SlackRig)
        yield opened


# -- the Home tab -----------------------------------------------------------------------------------------------------


async def home(rig: SlackRig, user: str) -> Json:
    homes: dict[str, Json] = (await rig.stage.state())["homes"]
    return homes.get(user, {})


async def test_the_home_tab_shows_what_me_answers(rig: SlackRig):
    rig.stage.desk.answer = Answer(message=rig.card("Your shifts", "t.1"))
    for _ in range(2):
        assert (await rig.stage.act("open_home", user=rig.ann))["ok"]
    view = await until(lambda: home(rig, rig.ann), bool, "no Home tab")
    assert view["blocks"][0]["text"]["text"] == "Your shifts"
    assert await home(rig, rig.bo) == {}
    said = [each for each in rig.stage.desk.heard if isinstance(each, Slash)]
    assert [(each.text, each.user) for each in said] == [("me", rig.ann)] * 2
    assert len({each.key for each in said}) == 2  # a question that is repeated is answered again


async def test_a_press_at_home_is_answered_directly_and_renews_the_tab(rig: SlackRig):
    rig.stage.desk.answer = Answer(message=rig.card("one open", "t.1"))
    await rig.stage.act("open_home", user=rig.ann)
    view = await until(lambda: home(rig, rig.ann), bool, "no Home tab")
    rig.stage.desk.answer = Answer(message=rig.card("none open"))
    assert (await rig.stage.act("press", view_id=view["id"], action_id="act", user=rig.ann))["ok"]
    await until(lambda: rig.seen(rig.ann), lambda said: said == ["none open"], "no answer")
    await until(lambda: home(rig, rig.ann), lambda shown: len(shown["blocks"]) == 1, "the old tab")
    (press,) = [each for each in rig.stage.desk.heard if isinstance(each, Press)]
    assert (press.token, press.user, press.chat) == ("t.1", rig.ann, "")


@pytest.mark.parametrize("state", STATES)
async def test_every_card_of_the_product_fits_the_home_tab(state: str):
    async with by_http() as rig:
        rig.stage.desk.answer = Answer(message=rig.render(sample_card(state, "en", "slack")))
        await rig.stage.act("open_home", user=rig.ann)
        await until(lambda: home(rig, rig.ann), bool, "no Home tab")


async def test_bare_text_fits_the_home_tab(rig: SlackRig):
    rig.stage.desk.answer = Answer(message={"text": "You are not linked. &lt;3"})
    await rig.stage.act("open_home", user=rig.ann)
    view = await until(lambda: home(rig, rig.ann), bool, "no Home tab")
    assert view["blocks"][0]["text"]["text"] == "You are not linked. &lt;3"


# -- the shortcut of a message ----------------------------------------------------------------------------------------


async def asked_of(rig: SlackRig) -> Json:
    said = await rig.stage.act("say", text="latency &lt; 1 s again, thanks <@U2BO>", user=rig.ann, channel=rig.chat)
    pressed = await rig.stage.act("shortcut", channel=rig.chat, ts=said["ts"], callback_id="toc_keep", user=rig.bo)
    assert pressed["ok"], pressed

    async def views() -> list[Json]:
        shown: list[Json] = (await rig.stage.state())["views"]
        return shown

    (view,) = await until(views, lambda shown: len(shown) == 1, "no form")
    return {**view["view"], "ts": said["ts"]}


async def test_a_message_is_kept_with_an_incident(rig: SlackRig):
    view = await asked_of(rig)
    rig.stage.desk.answer = Answer(message=rig.card("Noted."))
    done = await rig.stage.act("submit", view_id=view["id"], user=rig.bo, values={"ref": {"ref": " #142 "}})
    assert done["closed"]
    await until(lambda: rig.whispers(rig.bo), lambda said: said == ["Noted."], "no answer")
    (said,) = rig.stage.desk.heard
    assert isinstance(said, Slash)
    link = f"https://playground.slack.com/archives/{rig.chat}/p{view['ts'].replace('.', '')}"
    assert (said.user, said.chat) == (rig.bo, rig.chat)
    assert said.text == f"note #142 “latency < 1 s again, thanks @U2BO” {link}"


async def test_a_number_that_is_none_is_told_beside_its_field(rig: SlackRig):
    view = await asked_of(rig)
    rig.stage.desk.answer = Answer(message={"text": "There is no incident #9."}, alert=True)
    shown = await rig.stage.act("submit", view_id=view["id"], user=rig.bo, values={"ref": {"ref": "9"}})
    assert shown["errors"] == {"ref": "There is no incident #9."}


async def test_a_shortcut_whose_form_comes_too_late_is_told_in_words(rig: SlackRig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workspace, "TRIGGER_LIFE_S", -1.0)
    said = await rig.stage.act("say", text="x", user=rig.ann, channel=rig.chat)
    await rig.stage.act("shortcut", channel=rig.chat, ts=said["ts"], callback_id="toc_keep", user=rig.bo)
    await until(
        lambda: rig.whispers(rig.bo), lambda told: len(told) == 1 and "/toc note" in told[0], "nothing was said"
    )


# -- incoming webhooks ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def hooked(**webhooks: str) -> AsyncIterator[tuple[SlackRig, SlackBotAdapter]]:
    async with by_http() as rig:
        base = f"{rig.stage.base}/slack/services"
        urls = {name: f"{base}/{path}" for name, path in webhooks.items()}
        adapter = SlackBotAdapter(SlackBotSettings(webhooks=urls, timeout_s=3.0))
        async with at_work(adapter, rig.stage.desk):
            yield rig, adapter


async def test_a_webhook_posts_every_card_without_its_buttons():
    async with hooked(ops="T1/B1/s3cret") as (rig, adapter):
        rig.config.rate_limits = False
        for state in STATES:
            sent = await adapter.send("ops", rig.render(sample_card(state, "en", "slack")), key="k")
            assert sent.ref == ""  # so nothing will ever be edited
        channels = (await rig.stage.state())["channels"]
        messages = next(each["messages"] for each in channels if each["id"] == rig.chat)
        assert len(messages) == len(STATES)
        assert '"actions"' not in json.dumps(messages)
        assert "metadata" not in json.dumps(messages)


async def test_what_a_webhook_refuses_is_named():
    async with hooked(ops="T1/B1/s3cret", old="T1/B2/s3cret", wrong="T1/B1/other", gone="T9/B9/x") as (rig, adapter):
        expected: dict[str, tuple[type[SendError], str]] = {
            "old": (Permanent, "chat_unreachable"),
            "wrong": (AuthBroken, "auth_broken"),
            "gone": (AuthBroken, "auth_broken"),
            "unknown": (Permanent, "chat_unreachable"),
        }
        for address, (kind, reason) in expected.items():
            with pytest.raises(kind) as failure:
                await adapter.send(address, {"text": "x"}, key="k")
            assert failure.value.reason == reason, address
        with pytest.raises(Permanent) as broken:
            await adapter.send("ops", rig.broken_card(), key="k")
        assert broken.value.reason == "card_invalid"
        for _ in range(4):  # one of the five at once was spent on the broken card
            await adapter.send("ops", {"text": "x"}, key="k")
        with pytest.raises(RateLimited):
            await adapter.send("ops", {"text": "x"}, key="k")


async def test_the_doctor_tries_a_webhook_without_posting():
    async with hooked(ops="T1/B1/s3cret", gone="T9/B9/x", odd="nothing") as (rig, adapter):
        found = await adapter.check()
        assert [finding.ok for finding in found] == [True, False, False]
        assert all(finding.cure for finding in found if not finding.ok)
        assert await rig.seen(rig.chat) == []
        assert "s3cret" not in repr(adapter.settings)


# -- the doctor -------------------------------------------------------------------------------------------------------


async def reached(rig: SlackRig, chats: tuple[str, ...], people: tuple[str, ...]) -> list[Finding]:
    """What the doctor says about each of these places."""
    adapter = SlackAdapter(replace(rig.adapter.settings, chats=chats, people=people))
    async with at_work(adapter, rig.stage.desk):
        return [f for f in await adapter.check() if f.check.startswith(("chat ", "person "))]


async def test_the_doctor_says_who_and_what_is_not_reached():
    async with by_http() as rig:
        chats = ("C1OPS", "C3FOREIGN", "C4MUSEUM", "C0NOWHERE")
        found = await reached(rig, chats, ("U1ANN", "U9GONE"))
        assert [finding.ok for finding in found] == [True, False, False, False, True, False]
        assert "/invite" in found[1].cure
        assert all(finding.cure and finding.detail for finding in found if not finding.ok)
        await rig.stage.outage(Outage.BLOCKED)
        assert not (await reached(rig, (), ("U2BO",)))[0].ok
        await rig.stage.outage(Outage.NONE)
        rig.config.scopes -= {"channels:read"}
        (lacking,) = await reached(rig, ("C1OPS",), ())
        assert "channels:read" in lacking.detail
        assert await rig.seen(rig.chat) == []  # nothing was posted to find out


async def test_the_doctor_asks_no_more_than_slack_answers():
    async with by_http() as rig:
        found = await reached(rig, ("C1OPS", *(f"C9{number:05}" for number in range(60))), ())
        assert [finding.ok for finding in found] == [True, *[False] * 44]  # and none is called broken that is not
        again = await reached(rig, tuple(f"C8{number:05}" for number in range(45)), ())
        assert [finding.ok for finding in again].count(True) == 40
        assert "was not looked at" in again[-1].detail


async def test_the_doctor_reads_the_scopes_from_the_answer():
    async with by_http() as rig:
        rig.config.scopes -= {"im:write", "usergroups:write"}
        found = {finding.check: finding for finding in await rig.adapter.check()}
        assert not found["scopes"].ok
        assert "im:write" in found["scopes"].cure
        assert "tocsin manifest slack" in found["scopes"].cure
        assert (found["scopes for user groups"].ok, "usergroups:write" in found["scopes for user groups"].cure) == (
            True,
            True,
        )


async def callback(rig: SlackRig, **changes: Any) -> Finding:
    """What the doctor says about the way in."""
    adapter = SlackAdapter(replace(rig.adapter.settings, **changes))
    async with at_work(adapter, rig.stage.desk):
        return (await adapter.check())[-1]


async def test_the_doctor_walks_the_way_that_a_callback_takes():
    async with by_http() as rig:

        async def front(request: Request) -> Response:
            if request.url.path != "/callbacks/slack":
                return PlainTextResponse("not here", 404)
            status = await rig.stage.post(await request.body(), dict(request.headers))
            call = rig.stage.calls[-1]
            answer = await rig.adapter.receive(call) if status == 200 else None
            return Response(answer.body if answer else b"", status)

        app = Starlette(routes=[Route("/{path:path}", front, methods=["POST"])])
        async with serving(app) as base:
            plain = await callback(rig, callback_base=base)
            assert "HTTPS" in plain.detail  # it is Tocsin, and Slack would not call it
            other = await callback(rig, callback_base=base, signing_secret="another secret")
            assert (other.ok, "signing secret" in other.detail) == (False, True)
            lost = await callback(rig, callback_base=f"{base}/elsewhere")
            assert (lost.ok, "404" in lost.detail) == (False, True)
        nobody = await callback(rig, callback_base=base)
        assert (nobody.ok, "unreachable" in nobody.detail) == (False, True)
        token = await callback(rig, signing_secret="xoxb-1")
        assert (token.check, token.ok) == ("signing secret", False)


async def test_a_wrong_signing_secret_is_told_in_the_log_and_not_too_often(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    async with by_http() as rig:
        body = rig.press_body("t")
        for _ in range(5):
            assert await rig.stage.post(body, rig.signed(body, secret="another secret")) == 401
    assert caplog.text.count("compare signing_secret") == 1


# -- the app's manifest -----------------------------------------------------------------------------------------------


def test_the_manifest_asks_for_what_the_doctor_looks_for():
    made = app_manifest("https://toc.example", socket_mode=False)
    assert set(made["oauth_config"]["scopes"]["bot"]) == set(SCOPES)
    (command,) = made["features"]["slash_commands"]
    addresses = [command["url"], made["settings"]["interactivity"]["request_url"],
                 made["settings"]["event_subscriptions"]["request_url"]]  # fmt: skip
    assert addresses == ["https://toc.example/callbacks/slack"] * 3
    assert made["settings"]["socket_mode_enabled"] is False


def test_the_manifest_of_socket_mode_names_no_address():
    made = app_manifest("", socket_mode=True)
    assert "callbacks" not in json.dumps(made)
    assert made["settings"]["socket_mode_enabled"] is True


@pytest.mark.parametrize("url", ["", "http://toc.example", "toc.example"])
def test_an_address_that_slack_would_not_call_is_refused(url: str):
    with pytest.raises(ValueError, match="HTTPS"):
        app_manifest(url, socket_mode=False)


def test_the_manifest_keeps_slacks_lengths():
    """https://docs.slack.dev/reference/app-manifest."""
    made = app_manifest("https://toc.example", socket_mode=False, name="N" * 200)
    assert len(made["display_information"]["name"]) <= 35
    assert len(made["display_information"]["description"]) <= 140
    assert len(made["features"]["bot_user"]["display_name"]) <= 80
    (shortcut,) = made["features"]["shortcuts"]
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150
