"""The played Slack holds what the real one promises, seen through the real SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.hub import Outage
from tests.emulators.slack_world import (
    SlackWorld,
    actions,
    button,
    mrkdwn,
    option,
    plain,
    section,
    slack_world,
)


@pytest.fixture
async def world() -> AsyncIterator[SlackWorld]:
    async with slack_world() as opened:
        yield opened


async def refusal(call: Any) -> Any:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response


async def test_post_then_update_keeps_what_the_sdk_sent(world: SlackWorld) -> None:
    sent = await world.web.chat_postMessage(
        channel="C1",
        text="SEV1 INC-1",
        attachments=[
            {"color": "#D72D30", "fallback": "SEV1", "blocks": [section(), *actions(button(value="INC-1:1"))]}
        ],
        metadata={"event_type": "tocsin_incident", "event_payload": {"incident": "INC-1"}},
        unfurl_links=False,
    )
    assert sent["channel"] == "C1"
    assert sent["message"]["attachments"][0]["color"] == "D72D30"
    assert sent["message"]["attachments"][0]["blocks"][0]["block_id"]
    changed = await world.web.chat_update(channel="C1", ts=sent["ts"], text="SEV1 INC-1 acked", attachments=[])
    assert changed["text"] == "SEV1 INC-1 acked"
    shown = world.emulator.state()["channels"][0]["messages"]
    assert [message["text"] for message in shown] == ["SEV1 INC-1 acked"]
    assert "attachments" not in shown[0]
    assert shown[0]["metadata"]["event_type"] == "tocsin_incident"


async def test_text_without_blocks_removes_the_old_blocks(world: SlackWorld) -> None:
    sent = await world.web.chat_postMessage(channel="C1", text="a", blocks=[section()])
    changed = await world.web.chat_update(channel="C1", ts=sent["ts"], text="b")
    assert "blocks" not in changed["message"]


TOO_MUCH: list[tuple[str, list[dict[str, Any]]]] = [
    ("no more than 50 items", [{"type": "divider"}] * 51),
    ("less than 151", [{"type": "header", "text": plain("x" * 151)}]),
    ("must be plain_text", [{"type": "header", "text": mrkdwn("x")}]),
    ("less than 3001", [section("x" * 3001)]),
    ("text or fields", [{"type": "section"}]),
    ("no more than 10 items", [{"type": "section", "fields": [mrkdwn("x")] * 11}]),
    ("less than 2001", [{"type": "section", "fields": [mrkdwn("x" * 2001)]}]),
    ("no more than 10 items", [{"type": "context", "elements": [mrkdwn("x")] * 11}]),
    ("no more than 25 items", actions(*(button(f"b{n}") for n in range(26)))),
    ("less than 76", actions(button(text="x" * 76))),
    ("less than 2001", actions(button(value="x" * 2001))),
    ("less than 256", actions(button(action_id="x" * 256))),
    ("less than 256", [section(block_id="x" * 256)]),
    ("must be one of", actions(button(style="green"))),
    ("`block_id` same already exists", [section(block_id="same"), section(block_id="same")]),
    ("`action_id` ack already exists", actions(button(), button())),
    ("unsupported type: marquee", [{"type": "marquee"}]),
    ("invalid additional property: colour", [section(colour="red")]),
    ("must be more than 0", [section("")]),
    ("less than 12001", [{"type": "markdown", "text": "x" * 12_001}]),
    ("missing required field: alt_text", [{"type": "image", "image_url": "https://example.com/a.png"}]),
    ("no more than 5 items", actions({"type": "overflow", "options": [option(str(n)) for n in range(6)]})),
    ("no more than 100 items", actions({"type": "static_select", "options": [option(str(n)) for n in range(101)]})),
    ("less than 76", actions({"type": "static_select", "options": [option("v", "x" * 76)]})),
    ("less than 151", actions({"type": "static_select", "options": [option("v" * 151)]})),
    ("less than 31", actions(button(confirm={"title": plain("t"), "text": mrkdwn("t"), "confirm": plain("x" * 31),
                                             "deny": plain("no")}))),
]  # fmt: skip


async def test_each_block_limit_refuses(world: SlackWorld) -> None:
    world.emulator.config.rate_limits = False
    for finding, blocks in TOO_MUCH:
        answer = await refusal(world.web.chat_postMessage(channel="C1", text="x", blocks=blocks))
        assert answer["error"] == "invalid_blocks", finding
        assert finding in " ".join(answer["response_metadata"]["messages"])
        inside = [{"color": "#D72D30", "blocks": blocks}]
        answer = await refusal(world.web.chat_postMessage(channel="C1", text="x", attachments=inside))
        assert answer["error"] == "invalid_attachments", finding


async def test_everything_at_its_limit_passes(world: SlackWorld) -> None:
    blocks = [
        {"type": "header", "block_id": "x" * 255, "text": plain("x" * 150)},
        section("x" * 3000, fields=[mrkdwn("x" * 2000)] * 10),
        {"type": "context", "elements": [mrkdwn("x")] * 10},
        *actions(*(button(f"b{n}", "x" * 75, value="x" * 2000) for n in range(25))),
        *actions({"type": "static_select", "options": [option("v" * 149 + str(n)) for n in range(10)]}, block_id="s"),
        *actions({"type": "overflow", "options": [option(str(n), "x" * 75) for n in range(5)]}, block_id="o"),
        *({"type": "divider"} for _ in range(44)),
    ]
    assert (await world.web.chat_postMessage(channel="C1", text="x", blocks=blocks))["ok"]


async def test_content_errors(world: SlackWorld) -> None:
    post = world.web.chat_postMessage
    assert (await refusal(world.web.api_call("chat.postMessage", json={"channel": "C1", "text": ""})))[
        "error"
    ] == "no_text"
    assert (await refusal(post(channel="C1", text="x", blocks="{broken")))["error"] == "invalid_blocks_format"
    wrong = {"event_type": "x"}
    assert (await refusal(post(channel="C1", text="x", metadata=wrong)))["error"] == "invalid_metadata_schema"
    red = [{"color": "reddish", "text": "x"}]
    assert (await refusal(post(channel="C1", text="x", attachments=red)))["error"] == "invalid_attachments"
    many = [{"fallback": "x"}] * 101
    assert (await refusal(post(channel="C1", text="x", attachments=many)))["error"] == "too_many_attachments"


async def test_long_text_is_cut_on_posting_and_refused_on_update(world: SlackWorld) -> None:
    sent = await world.web.chat_postMessage(channel="C1", text="x" * 40_001)
    assert len(sent["message"]["text"]) == 40_000
    assert sent["response_metadata"]["warnings"] == ["message_truncated"]
    changed = world.web.chat_update(channel="C1", ts=sent["ts"], text="x" * 4_001)
    assert (await refusal(changed))["error"] == "msg_too_long"


async def test_closed_places(world: SlackWorld) -> None:
    for channel, error in (
        ("C9", "channel_not_found"),
        ("C2", "not_in_channel"),
        ("C3", "channel_not_found"),
        ("C4", "is_archived"),
        ("U3", "user_disabled"),
        ("UB", "cannot_dm_bot"),
    ):
        assert (await refusal(world.web.chat_postMessage(channel=channel, text="x")))["error"] == error


async def test_messages_of_others_and_lost_ones_cannot_be_edited(world: SlackWorld) -> None:
    said = await world.act("say", text="hello", user="U1", channel="C1")
    update = world.web.chat_update
    assert (await refusal(update(channel="C1", ts="1.000001", text="x")))["error"] == "message_not_found"
    assert (await refusal(update(channel="C1", ts=said["ts"], text="x")))["error"] == "cant_update_message"
    assert (await refusal(update(channel="C4", ts="1.000001", text="x")))["error"] == "is_inactive"
    assert (await refusal(world.web.chat_delete(channel="C1", ts=said["ts"])))["error"] == "cant_delete_message"


async def test_tokens_scopes_and_methods(world: SlackWorld) -> None:
    base = f"{world.url}/slack/api/"
    for token, error in (("xoxb-wrong", "invalid_auth"), ("xapp-playground", "not_allowed_token_type")):
        web = AsyncWebClient(token=token, base_url=base, session=world.session, retry_handlers=[])
        assert (await refusal(web.auth_test()))["error"] == error
    async with world.session.post(f"{base}auth.test") as response:
        assert (await response.json())["error"] == "not_authed"
    assert (await refusal(world.web.api_call("chat.sing")))["error"] == "unknown_method"
    assert (await refusal(world.web.api_call("chat.postMessage", json={})))["error"] == "invalid_arguments"
    world.emulator.config.scopes = frozenset({"chat:write"})
    answer = await refusal(world.web.users_info(user="U1"))
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "users:read", "chat:write")


async def test_people(world: SlackWorld) -> None:
    found = await world.web.users_lookupByEmail(email="ANN@example.com")
    assert found["user"]["id"] == "U1"
    assert (await refusal(world.web.users_lookupByEmail(email="cy@example.com")))["error"] == "users_not_found"
    info = await world.web.users_info(user="U1", include_locale=True)
    assert (info["user"]["locale"], info["user"]["profile"]["email"]) == ("de-DE", "ann@example.com")
    assert "locale" not in (await world.web.users_info(user="U1"))["user"]
    assert (await refusal(world.web.users_info(user="U9")))["error"] == "user_not_found"
    opened = await world.web.conversations_open(users=["U1"])
    again = await world.web.conversations_open(users="U1")
    assert opened["channel"]["id"] == again["channel"]["id"]
    assert again["already_open"]
    sent = await world.web.chat_postMessage(channel=opened["channel"]["id"], text="page")
    assert sent["channel"].startswith("D")


async def test_war_room(world: SlackWorld) -> None:
    created = await world.web.conversations_create(name="inc-142", is_private=True)
    room = created["channel"]["id"]
    assert (await refusal(world.web.conversations_create(name="inc-142")))["error"] == "name_taken"
    for name, error in (
        ("Inc 142", "invalid_name_specials"),
        ("x" * 81, "invalid_name_maxlength"),
        ("", "invalid_name_required"),
        ("--", "invalid_name_punctuation"),
    ):
        assert (await refusal(world.web.conversations_create(name=name)))["error"] == error
    await world.web.conversations_invite(channel=room, users=["U1", "U2"])
    assert (await refusal(world.web.conversations_invite(channel=room, users=["U1"])))["error"] == "already_in_channel"
    assert (await refusal(world.web.conversations_invite(channel=room, users=["U9"])))["error"] == "user_not_found"
    assert (await refusal(world.web.conversations_setTopic(channel=room, topic="x" * 251)))["error"] == "too_long"
    await world.web.conversations_setTopic(channel=room, topic="SEV1")
    sent = await world.web.chat_postMessage(channel=room, text="status")
    await world.web.pins_add(channel=room, timestamp=sent["ts"])
    assert (await refusal(world.web.pins_add(channel=room, timestamp=sent["ts"])))["error"] == "already_pinned"
    await world.web.bookmarks_add(channel_id=room, title="Timeline", type="link", link="https://tocsin.example/i/1")
    assert (await world.web.conversations_info(channel=room))["channel"]["topic"]["value"] == "SEV1"
    await world.web.conversations_archive(channel=room)
    assert (await refusal(world.web.conversations_archive(channel=room)))["error"] == "already_archived"
    assert (await refusal(world.web.chat_postMessage(channel=room, text="x")))["error"] == "is_archived"


async def test_whispers_reach_members_only(world: SlackWorld) -> None:
    await world.web.chat_postEphemeral(channel="C1", user="U1", text="psst")
    assert world.emulator.state()["ephemerals"][0]["user"] == "U1"
    answer = await refusal(world.web.chat_postEphemeral(channel="C1", user="U3", text="psst"))
    assert answer["error"] == "user_not_in_channel"


async def test_posting_is_limited_to_one_a_second_with_a_burst(world: SlackWorld) -> None:
    for _ in range(5):
        await world.web.chat_postMessage(channel="C1", text="x")
    answer = await refusal(world.web.chat_postMessage(channel="C1", text="x"))
    assert (answer.status_code, answer["error"]) == (429, "ratelimited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 5
    assert (await world.web.chat_postMessage(channel="U1", text="another place"))["ok"]
    world.clock.ahead += int(answer.headers["Retry-After"])
    assert (await world.web.chat_postMessage(channel="C1", text="x"))["ok"]


async def test_a_tier_is_limited_for_each_method_and_can_be_switched_off(world: SlackWorld) -> None:
    for _ in range(20):
        await refusal(world.web.pins_add(channel="C1", timestamp="1.1"))
    assert (await refusal(world.web.pins_add(channel="C1", timestamp="1.1"))).status_code == 429
    assert (await world.web.conversations_info(channel="C1"))["ok"]
    world.emulator.config.rate_limits = False
    assert (await refusal(world.web.pins_add(channel="C1", timestamp="1.1")))["error"] == "message_not_found"


async def test_outages(world: SlackWorld) -> None:
    direct = (await world.web.conversations_open(users="U1"))["channel"]["id"]
    for outage, status, error in (
        (Outage.REVOKED, 200, "token_revoked"),
        (Outage.RATE_LIMITED, 429, "ratelimited"),
    ):
        world.hub.switch("slack", outage)
        answer = await refusal(world.web.chat_postMessage(channel="C1", text="x"))
        assert (answer.status_code, answer["error"]) == (status, error)
    world.hub.switch("slack", Outage.BLOCKED)
    assert (await refusal(world.web.chat_postMessage(channel=direct, text="x")))["error"] == "cannot_dm_bot"
    assert (await refusal(world.web.conversations_open(users="U2")))["error"] == "user_disabled"
    assert (await world.web.chat_postMessage(channel="C1", text="x"))["ok"]
    world.hub.switch("slack", Outage.DOWN)
    with pytest.raises(SlackApiError) as caught:
        await world.web.chat_postMessage(channel="C1", text="x")
    assert caught.value.response.status_code == 503
    assert (await world.act("slash", text="/oncall", user="U1", channel="C1"))["status"] == 400
    world.hub.switch("slack", Outage.NONE)
    world.hub.slow_s = 0.2
    world.hub.switch("slack", Outage.SLOW)
    before = world.clock()
    await world.web.auth_test()
    assert world.clock() - before >= 0.2
