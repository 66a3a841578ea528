"""Webhooks, push and Apprise: what is sent arrives, what is refused is named, and doctor looks without posting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.adapters.base import AuthBroken, EditTargetGone, Permanent, RateLimited, SendError, Transient
from bot.adapters.hooks import (
    DiscordAdapter,
    DiscordSettings,
    GoogleChatAdapter,
    GoogleChatSettings,
    MattermostAdapter,
    MattermostSettings,
)
from bot.cards.build import text_card
from bot.cards.sample import STATES, sample_card
from bot.playground.hosting import loopback_socket, serving, url_of
from bot.playground.hub import Outage
from bot.registry import CARRIERS
from tests.conformance import hook_house
from tests.conformance.hook_house import ADDRESSES, ANN, MAKERS, House, house, working

GROUPS = ("discord", "mattermost", "google_chat")


@pytest.fixture
async def rig() -> AsyncIterator[House]:
    async with house() as built:
        yield built


def card(name: str, state: str = "triggered", lang: str = "en") -> dict:
    return CARRIERS[name].render(sample_card(state, lang, name))


def shown(rig: House, name: str) -> list[dict]:
    """What people see there."""
    emulator = getattr(rig, name)
    places = {
        "discord": lambda: emulator.messages.get("1", []),
        "mattermost": lambda: emulator.posts.get("ops", []),
        "google_chat": lambda: emulator.messages.get("OPS", []),
        "ntfy": lambda: emulator.topics.get("tocsin-ann", []),
        "pushover": lambda: emulator.messages,
    }
    return list(places[name]())


@pytest.mark.parametrize("name", MAKERS)
async def test_every_state_in_both_languages_arrives(rig: House, name: str):
    for emulator in (rig.discord, rig.mattermost, rig.google_chat, rig.ntfy):
        emulator.rate_limits = False
    adapter = MAKERS[name](rig)
    async with working(rig, adapter):
        for state in STATES:
            for lang in ("en", "zh"):
                await adapter.send(ADDRESSES[name], card(name, state, lang), key="k")
        await adapter.send(
            ADDRESSES[name], CARRIERS[name].render(text_card("@everyone, a <!here> test", "en")), key="k"
        )
    assert len(shown(rig, name)) == 2 * len(STATES) + 1
    assert not [each for each in shown(rig, name) if each.get("pings") or each.get("mentions")]


@pytest.mark.parametrize("name", MAKERS)
async def test_a_vendor_in_trouble_is_named_and_tried_later(rig: House, name: str):
    adapter = MAKERS[name](rig, timeout_s=0.3)
    rig.google_chat.rate_limits = False
    async with working(rig, adapter):
        rig.hub.switch(name, Outage.DOWN)
        with pytest.raises(Transient) as down:
            await adapter.send(ADDRESSES[name], card(name), key="k")
        assert down.value.reason == "platform_down"
        rig.hub.switch(name, Outage.SLOW)
        with pytest.raises(Transient) as slow:
            await adapter.send(ADDRESSES[name], card(name), key="k")
        assert (slow.value.reason, slow.value.ambiguous) == ("timeout", True)
        rig.hub.switch(name, Outage.RATE_LIMITED)
        with pytest.raises(RateLimited) as fast:
            await adapter.send(ADDRESSES[name], card(name), key="k")
        assert fast.value.after_s >= 1
        rig.hub.switch(name, Outage.REVOKED)
        with pytest.raises(AuthBroken):
            await adapter.send(ADDRESSES[name], card(name), key="k")
        rig.hub.switch(name, Outage.NONE)
        with pytest.raises(Permanent) as card_refused:
            await adapter.send(ADDRESSES[name], {"embeds": [{}], "text": 5, "message": ""}, key="k")
        assert card_refused.value.reason == "card_invalid"
    assert shown(rig, name) == []


@pytest.mark.parametrize("name", MAKERS)
async def test_nobody_there_is_a_failure_that_leaves_no_doubt(rig: House, name: str):
    nobody = loopback_socket()
    base = rig.base
    rig.base = url_of(nobody)
    nobody.close()
    adapter = MAKERS[name](rig)
    rig.base = base
    async with working(rig, adapter):
        with pytest.raises(Transient) as gone:
            await adapter.send(ADDRESSES[name], card(name), key="k")
    assert (gone.value.reason, gone.value.ambiguous) == ("unreachable", False)


@pytest.mark.parametrize("name", MAKERS)
async def test_who_has_no_business_calling_is_sent_away(rig: House, name: str):
    adapter = MAKERS[name](rig)
    async with working(rig, adapter):
        answer = await adapter.receive(hook_house.HttpRequest(method="POST", path="/", query="", headers={}, body=b""))
    assert answer.status in {403, 404}


@pytest.mark.parametrize("name", GROUPS)
async def test_a_webhook_that_is_gone_or_unknown_is_named(rig: House, name: str):
    adapter = MAKERS[name](rig)
    reasons = {}
    async with working(rig, adapter):
        for address in ("gone", "wrong", "nobody"):
            with pytest.raises(SendError) as failure:
                await adapter.send(address, card(name), key="k")
            reasons[address] = failure.value.reason
    expected = {
        "discord": ("chat_unreachable", "auth_broken"),
        "mattermost": ("auth_broken", "chat_unreachable"),  # it has no second secret
        "google_chat": ("chat_unreachable", "chat_unreachable"),
    }
    assert (reasons["gone"], reasons["wrong"]) == expected[name]
    assert reasons["nobody"] == "chat_unreachable"
    assert "s3cret" not in repr(adapter.settings)


async def test_discord_edits_in_place_and_posts_anew_where_the_message_is_gone(rig: House):
    adapter = MAKERS["discord"](rig)
    async with working(rig, adapter):
        sent = await adapter.send("ops", card("discord"), key="k")
        assert sent.ref.startswith("ops/")
        again = await adapter.edit(sent.ref, card("discord", "closed"))
        assert again.ref == sent.ref
        (message,) = rig.discord.messages["1"]
        assert message["edits"] == 1
        assert "Closed" in message["embeds"][0]["description"]
        await rig.discord.act("delete_message", {"hook": "1", "message": message["id"]})
        with pytest.raises(EditTargetGone):
            await adapter.edit(sent.ref, card("discord", "closed"))


async def test_discord_says_how_long_to_wait(rig: House):
    adapter = MAKERS["discord"](rig)
    async with working(rig, adapter):
        for _ in range(5):
            await adapter.send("ops", card("discord"), key="k")
        with pytest.raises(RateLimited) as fast:
            await adapter.send("ops", card("discord"), key="k")
    assert not fast.value.whole


@pytest.mark.parametrize("name", ["mattermost", "google_chat", "ntfy"])
async def test_what_cannot_be_edited_says_so(rig: House, name: str):
    adapter = MAKERS[name](rig)
    assert not adapter.caps.edit
    async with working(rig, adapter):
        sent = await adapter.send(ADDRESSES[name], card(name), key="k")
        assert sent.ref == ""
        with pytest.raises(Permanent):
            await adapter.edit("x", card(name))


async def test_google_chat_keeps_an_incident_in_its_thread_and_its_pace(rig: House):
    adapter = MAKERS["google_chat"](rig)
    async with working(rig, adapter):
        await adapter.send("ops", card("google_chat"), key="k")
        with pytest.raises(RateLimited):
            await adapter.send("ops", card("google_chat"), key="k")
        rig.google_chat.rate_limits = False
        await adapter.send("ops", card("google_chat", "closed"), key="k")
    one, two = rig.google_chat.messages["OPS"]
    assert one["thread"] == two["thread"]


async def test_ntfy_logs_in_with_a_token_or_a_password_or_not_at_all(rig: House):
    for given in ({}, {"token": "", "username": "tocsin", "password": "pw"}):
        adapter = MAKERS["ntfy"](rig, **given)
        async with working(rig, adapter):
            await adapter.send("tocsin-ann", card("ntfy"), key="k")
    for given, reason in (
        ({"token": "tk_wrong"}, "auth_broken"),
        ({"token": "", "username": "tocsin", "password": "no"}, "auth_broken"),
        ({"token": ""}, "recipient_unreachable"),
    ):
        adapter = MAKERS["ntfy"](rig, **given)
        async with working(rig, adapter):
            with pytest.raises(SendError) as failure:
                await adapter.send("tocsin-ann", card("ntfy"), key="k")
        assert failure.value.reason == reason


async def test_ntfy_names_topics_that_take_nothing(rig: House):
    adapter = MAKERS["ntfy"](rig)
    async with working(rig, adapter):
        await rig.ntfy.act("forbid", {"topic": "secret"})
        for topic in ("secret", "not a topic", ""):
            with pytest.raises(Permanent) as failure:
                await adapter.send(topic, card("ntfy"), key="k")
            assert failure.value.reason == "recipient_unreachable"
        rig.ntfy.daily = 1
        await adapter.send("tocsin-ann", card("ntfy"), key="k")
        with pytest.raises(RateLimited) as spent:
            await adapter.send("tocsin-ann", card("ntfy"), key="k")
        assert spent.value.after_s >= 60


# -- the doctor -------------------------------------------------------------------------------------------------------


async def test_the_doctor_looks_at_webhooks_without_posting(rig: House):
    for name, kind in (
        ("discord", lambda urls: DiscordAdapter(DiscordSettings(webhooks=urls))),
        ("mattermost", lambda urls: MattermostAdapter(MattermostSettings(webhooks=urls))),
        ("google_chat", lambda urls: GoogleChatAdapter(GoogleChatSettings(webhooks=urls))),
    ):
        adapter = kind({"ops": rig.hooks(name)["ops"], "odd": f"{rig.base}/nothing", "gone": rig.hooks(name)["gone"]})
        async with working(rig, adapter):
            found = await adapter.check()
        # Google says nothing about a webhook unless it is posted to.
        assert [finding.ok for finding in found] == [True, False, name == "google_chat"], name
        assert all(finding.cure for finding in found if not finding.ok)
        assert shown(rig, name) == []


async def test_the_doctor_knows_who_is_not_the_vendor(rig: House):
    stranger = {
        "discord": f"{rig.base}/mattermost/api/webhooks/1/x",
        "mattermost": f"{rig.base}/discord/hooks/abc",
    }
    for name, url in stranger.items():
        settings = {"discord": DiscordSettings, "mattermost": MattermostSettings}[name](webhooks={"ops": url})
        adapter = {"discord": DiscordAdapter, "mattermost": MattermostAdapter}[name](settings)
        async with working(rig, adapter):
            (found,) = await adapter.check()
        assert not found.ok


async def test_the_doctor_looks_at_ntfy_and_its_login(rig: House):
    adapter = MAKERS["ntfy"](rig, people=("tocsin-ann", "not a topic"))
    async with working(rig, adapter):
        assert [finding.ok for finding in await adapter.check()] == [True, True, True, False]
        rig.hub.switch("ntfy", Outage.DOWN)
        assert not (await adapter.check())[0].ok
    wrong = MAKERS["ntfy"](rig, token="tk_wrong")
    rig.hub.switch("ntfy", Outage.NONE)
    async with working(rig, wrong):
        assert [finding.ok for finding in await wrong.check()] == [True, False]
    assert shown(rig, "ntfy") == []


async def test_the_doctor_looks_at_pushover_and_its_people(rig: House):
    adapter = MAKERS["pushover"](rig, people=(ANN, "x" * 30))
    async with working(rig, adapter):
        assert [finding.ok for finding in await adapter.check()] == [True, True, False]
        rig.pushover.remaining = 0
        assert not (await adapter.check())[0].ok
    wrong = MAKERS["pushover"](rig, token="w" * 30)
    async with working(rig, wrong):
        (found,) = await wrong.check()
    assert not found.ok
    assert shown(rig, "pushover") == []


async def test_a_secret_address_answers_for_itself(rig: House):
    async def elsewhere(_: Request) -> Response:
        return RedirectResponse(rig.hooks("mattermost")["ops"])

    app = Starlette(routes=[Route("/hooks/abc", elsewhere, methods=["POST"])])
    async with serving(app) as base:
        adapter = MattermostAdapter(MattermostSettings(webhooks={"ops": f"{base}/hooks/abc"}))
        async with working(rig, adapter):
            with pytest.raises(Permanent) as led_away:
                await adapter.send("ops", card("mattermost"), key="k")
    assert led_away.value.reason == "refused"
    assert shown(rig, "mattermost") == []


async def test_many_calls_at_once_are_all_made(rig: House):
    adapter = MAKERS["mattermost"](rig)
    async with working(rig, adapter):
        await asyncio.gather(*(adapter.send("ops", card("mattermost"), key=str(n)) for n in range(20)))
    assert len(shown(rig, "mattermost")) == 20
