"""The played Slack's rooms, user groups, Home tab, shortcuts and webhooks, driven by the real SDK."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground.slack import SlackGroup
from bot.playground.slack.config import SCOPES_DEFAULT
from tests.emulators.slack_world import SlackWorld, actions, button, plain, section, slack_world

GROUPS = (SlackGroup("S1", "db", "DB on call", ("U1",)), SlackGroup("S2", "old", "Old", disabled=True))


async def refused(call: Any) -> Any:
    """The answer of a call that Slack refuses."""
    with pytest.raises(SlackApiError) as failure:
        await call
    return failure.value.response


async def test_history_leaves_threads_out_and_pages_newest_first():
    async with slack_world() as slack:
        texts = [f"m{number}" for number in range(5)]
        stamps = [(await slack.act("say", text=text, user="U1", channel="C1"))["ts"] for text in texts]
        await slack.act("say", text="in the thread", user="U2", channel="C1", thread_ts=stamps[0])
        first = await slack.web.conversations_history(channel="C1", limit=3)
        assert [message["text"] for message in first["messages"]] == ["m4", "m3", "m2"]
        assert first["has_more"] is True
        rest = await slack.web.conversations_history(
            channel="C1", limit=3, cursor=first["response_metadata"]["next_cursor"]
        )
        assert [(message["text"], message.get("reply_count")) for message in rest["messages"]] == [
            ("m1", None),
            ("m0", 1),
        ]
        assert rest["has_more"] is False
        thread = await slack.web.conversations_replies(channel="C1", ts=stamps[0])
        assert [message["text"] for message in thread["messages"]] == ["m0", "in the thread"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C1", "limit": 0}, "invalid_limit"),
        ({"channel": "C1", "limit": 1000}, "invalid_limit"),
        ({"channel": "C1", "cursor": "nonsense"}, "invalid_cursor"),
        ({"channel": "C2"}, "not_in_channel"),
        ({"channel": "C3"}, "channel_not_found"),
    ],
)
async def test_history_that_cannot_be_read(arguments: dict[str, Any], error: str):
    async with slack_world() as slack:
        assert (await refused(slack.web.conversations_history(**arguments)))["error"] == error


async def test_a_scope_goes_with_the_kind_of_conversation():
    async with slack_world(scopes=SCOPES_DEFAULT - {"groups:write", "channels:read"}) as slack:
        await slack.web.conversations_create(name="open-room")
        private = await refused(slack.web.conversations_create(name="closed-room", is_private=True))
        assert (private["error"], private["needed"]) == ("missing_scope", "groups:write")
        assert "chat:write" in private["provided"]
        listed = await refused(slack.web.users_conversations(types="private_channel,public_channel"))
        assert (listed["error"], listed["needed"]) == ("missing_scope", "channels:read")
        assert (await refused(slack.web.conversations_info(channel="C1")))["needed"] == "channels:read"


async def test_every_answer_says_what_the_token_may():
    async with slack_world() as slack:
        answer = await slack.web.auth_test()
        assert set(answer.headers["x-oauth-scopes"].split(",")) == SCOPES_DEFAULT
        refusal = await refused(slack.web.conversations_info(channel="C0"))
        assert refusal.headers["x-accepted-oauth-scopes"] == "channels:read,groups:read,im:read"


async def test_what_slack_says_in_a_room_is_marked():
    async with slack_world() as slack:
        room = (await slack.web.conversations_create(name="room"))["channel"]
        assert room["creator"] == "UB"
        await slack.web.conversations_setTopic(channel=room["id"], topic="t")
        await slack.web.conversations_setPurpose(channel=room["id"], purpose="p")
        await slack.web.conversations_invite(channel=room["id"], users=["U1"])
        messages = (await slack.web.conversations_history(channel=room["id"]))["messages"]
        assert [each["subtype"] for each in messages] == ["channel_join", "channel_purpose", "channel_topic"]
        long = slack.web.conversations_setPurpose(channel=room["id"], purpose="x" * 251)
        assert (await refused(long))["error"] == "too_long"
        crowd = slack.web.conversations_invite(channel=room["id"], users=[f"U{number}" for number in range(101)])
        assert (await refused(crowd))["error"] == "too_many_users"


async def test_a_user_group_is_replaced_as_a_whole():
    async with slack_world(groups=GROUPS) as slack:
        assert [group["handle"] for group in (await slack.web.usergroups_list())["usergroups"]] == ["db"]
        every = await slack.web.usergroups_list(include_disabled=True, include_users=True)
        assert [group["users"] for group in every["usergroups"]] == [["U1"], []]
        answer = await slack.web.usergroups_users_update(usergroup="S1", users=["U2"])
        assert answer["usergroup"]["users"] == ["U2"]
        for arguments, error in (
            ({"usergroup": "S1", "users": ""}, "no_users_provided"),
            ({"usergroup": "S1", "users": "U2,U3"}, "invalid_users"),
            ({"usergroup": "S9", "users": "U2"}, "no_such_subteam"),
        ):
            assert (await refused(slack.web.usergroups_users_update(**arguments)))["error"] == error
    async with slack_world(groups=GROUPS, paid_plan=False) as slack:
        free = slack.web.usergroups_users_update(usergroup="S1", users=["U2"])
        assert (await refused(free))["error"] == "plan_upgrade_required"


async def test_a_home_tab_is_published_and_pressed():
    async with slack_world() as slack:
        heard: list[dict[str, Any]] = []

        @slack.bolt.event("app_home_opened")
        async def opened(event: dict[str, Any]) -> None:
            heard.append(event)

        @slack.bolt.action("go")
        async def pressed(ack: Any, body: dict[str, Any]) -> None:
            heard.append(body)
            await ack()

        assert (await slack.act("open_home", user="U1"))["ok"]
        view = {"type": "home", "blocks": [section("hello"), *actions(button("go"))]}
        published = (await slack.web.views_publish(user_id="U1", view=view))["view"]
        assert (await slack.act("press", view_id=published["id"], action_id="go", user="U1"))["ok"]
        await slack.act("open_home", user="U1")
        first, press, second = heard
        assert (first["user"], first["tab"], "view" in first) == ("U1", "home", False)
        assert second["view"]["id"] == published["id"]
        assert (press["view"]["type"], "response_url" in press, "channel" in press) == ("home", False, False)
        assert press["container"] == {"type": "view", "view_id": published["id"]}


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ({"type": "modal", "title": plain("x"), "blocks": []}, "must be home"),
        ({"type": "home", "title": plain("x"), "blocks": []}, "title"),
        ({"type": "home", "blocks": [section("x")] * 101}, "no more than 100"),
    ],
)
async def test_a_home_tab_that_slack_refuses(view: dict[str, Any], said: str):
    async with slack_world() as slack:
        answer = await refused(slack.web.views_publish(user_id="U1", view=view))
        assert answer["error"] == "invalid_arguments"
        assert said in str(answer["response_metadata"])


async def test_a_home_tab_is_for_people_and_must_be_enabled():
    view = {"type": "home", "blocks": [section("x")]}
    async with slack_world() as slack:
        for user in ("UB", "U0"):
            answer = await refused(slack.web.views_publish(user_id=user, view=view))
            assert answer["error"] == "invalid_arguments"
        old = (await slack.web.views_publish(user_id="U1", view=view))["view"]["hash"]
        await slack.web.views_publish(user_id="U1", view=view, hash=old)
        stale = slack.web.views_publish(user_id="U1", view=view, hash=old)
        assert (await refused(stale))["error"] == "hash_conflict"
    async with slack_world(home_tab=False) as slack:
        assert (await refused(slack.web.views_publish(user_id="U1", view=view)))["error"] == "not_enabled"


async def test_a_message_shortcut_carries_the_message():
    async with slack_world(shortcuts=frozenset({"keep"})) as slack:
        heard: list[dict[str, Any]] = []

        @slack.bolt.shortcut("keep")
        async def chosen(ack: Any, body: dict[str, Any]) -> None:
            heard.append(body)
            await ack()
            title = {"type": "modal", "title": plain("x"), "blocks": [section("x")]}
            await slack.web.views_open(trigger_id=body["trigger_id"], view=title)

        said = await slack.act("say", text="keep me", user="U2", channel="C1")
        place = {"channel": "C1", "ts": said["ts"], "user": "U1"}
        assert (await slack.act("shortcut", callback_id="keep", **place))["ok"]
        (body,) = heard
        assert (body["type"], body["message"]["text"], body["message_ts"]) == ("message_action", "keep me", said["ts"])
        assert body["response_url"].startswith(slack.url)
        unknown = await slack.act("shortcut", callback_id="other", **place)
        assert unknown["status"] == 400


async def posted(slack: SlackWorld, path: str, **body: Any) -> tuple[int, str]:
    client = AsyncWebhookClient(f"{slack.url}/slack/services/{path}", session=slack.session, retry_handlers=[])
    answer = await client.send_dict(body)
    return answer.status_code, answer.body


async def test_incoming_webhooks_answer_in_words():
    hooks = {"T1/B1/secret": "C2", "T1/B2/secret": "C4", "T1/B3/secret": "C0"}
    async with slack_world(webhooks=hooks) as slack:
        assert await posted(slack, "T1/B1/secret", text="hi") == (200, "ok")
        assert await posted(slack, "T1/B1/secret", blocks=[]) == (400, "no_text")
        assert await posted(slack, "T1/B1/secret", blocks=[{"type": "nonsense"}]) == (400, "invalid_blocks")
        assert await posted(slack, "T1/B1/wrong", text="hi") == (403, "invalid_token")
        assert await posted(slack, "T9/B9/gone", text="hi") == (404, "no_service")
        assert await posted(slack, "T1/B3/secret", text="hi") == (404, "channel_not_found")
        assert await posted(slack, "T1/B2/secret", text="hi") == (410, "channel_is_archived")
        for _ in range(2):
            await posted(slack, "T1/B1/secret", text="hi")
        status, _ = await posted(slack, "T1/B1/secret", text="one too many")
        assert status == 429
        (message, *_) = slack.emulator.space.channels["C2"].messages.values()
        assert (message["text"], message["subtype"]) == ("hi", "bot_message")
