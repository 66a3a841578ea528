"""What people do in the played Slack reaches a real Bolt app, signed, by HTTP or socket; its answer is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError

from bot.playground.emulator import ActRefused
from tests.emulators.moments import eventually
from tests.emulators.slack_world import (
    SlackWorld,
    actions,
    button,
    option,
    plain,
    section,
    slack_world,
)

MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "note",
    "title": plain("Add a note"),
    "submit": plain("Save"),
    "private_metadata": "C1:1.2",
    "blocks": [
        {"type": "input", "block_id": "n", "label": plain("Note"),
         "element": {"type": "plain_text_input", "action_id": "text", "max_length": 100}},
        {"type": "input", "block_id": "w", "label": plain("When"), "optional": True,
         "element": {"type": "static_select", "action_id": "when", "options": [option("15", "15 min")]}},
    ],
}  # fmt: skip


@pytest.fixture
async def world() -> AsyncIterator[SlackWorld]:
    async with slack_world() as opened:
        yield opened


async def card(world: SlackWorld) -> str:
    select = {"type": "static_select", "action_id": "snooze", "options": [option("INC-1:15"), option("INC-1:60")]}
    sent = await world.web.chat_postMessage(
        channel="C1",
        text="SEV1",
        attachments=[{"color": "#D72D30", "blocks": [section(), *actions(button(value="INC-1:3"), select)]}],
    )
    return str(sent["ts"])


async def test_a_press_is_signed_and_carries_the_whole_card(world: SlackWorld) -> None:
    heard: list[dict[str, Any]] = []

    async def on_ack(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        heard.append(body)
        answer = await respond(text="noted", response_type="ephemeral", replace_original=False)
        assert answer.status_code == 200

    world.bolt.action("ack")(on_ack)
    ts = await card(world)
    answer = await world.emulator.press("C1", ts, "ack", "U1")
    assert answer == {"ok": True, "seen": "", "status": 200}
    await eventually(lambda: bool(world.notices("ephemeral")))
    body = heard[0]
    assert body["actions"][0]["value"] == "INC-1:3"
    assert body["user"]["id"] == "U1"
    assert body["message"]["ts"] == ts
    assert body["container"]["type"] == "message_attachment"
    assert body["state"]["values"]["a"]["snooze"]["selected_option"] is None
    assert body["response_url"].startswith(f"{world.url}/slack/respond/")
    assert world.requests[0].headers["x-slack-signature"].startswith("v0=")


async def test_a_menu_sends_the_chosen_option(world: SlackWorld) -> None:
    heard: list[dict[str, Any]] = []

    async def on_snooze(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        heard.append(body)

    world.bolt.action("snooze")(on_snooze)
    ts = await card(world)
    await world.emulator.press("C1", ts, "snooze", "U2", option="INC-1:60")
    assert heard[0]["actions"][0]["selected_option"]["value"] == "INC-1:60"
    assert heard[0]["state"]["values"]["a"]["snooze"]["selected_option"]["value"] == "INC-1:60"


async def test_only_what_is_shown_can_be_pressed(world: SlackWorld) -> None:
    ts = await card(world)
    for wrong in (
        {"channel": "C1", "ts": ts, "action_id": "resolve", "user": "U1"},
        {"channel": "C1", "ts": "1.000001", "action_id": "ack", "user": "U1"},
        {"channel": "C4", "ts": ts, "action_id": "ack", "user": "U2"},
        {"channel": "C1", "ts": ts, "action_id": "ack", "user": "U3"},
        {"channel": "C1", "ts": ts, "action_id": "snooze", "user": "U1", "option": "INC-1:99"},
    ):
        with pytest.raises(ActRefused):
            await world.emulator.press(**wrong)
    answer = await world.act("press", channel="C1", ts=ts, action_id="resolve", user="U1")
    assert (answer["status"], answer["ok"]) == (400, False)
    assert (await world.act("press", channel="C1"))["status"] == 400
    assert (await world.act("dance"))["status"] == 400


async def test_an_app_with_another_secret_refuses_the_press(world: SlackWorld) -> None:
    ts = await card(world)
    world.emulator.config.signing_secret = "another"
    answer = await world.emulator.press("C1", ts, "ack", "U1")
    assert answer["ok"] is False
    assert "401" in answer["seen"]


async def test_an_answer_after_the_deadline_is_a_timeout_for_the_person() -> None:
    async with slack_world(deadline_s=0.2) as slow:
        slow.delay_s = 0.6
        ts = await card(slow)
        answer = await slow.emulator.press("C1", ts, "ack", "U1")
        assert answer == {"ok": False, "seen": "operation timed out"}
        assert slow.notices("trouble")[0]["seen"] == "operation timed out"


async def test_a_slash_command_shows_the_answer(world: SlackWorld) -> None:
    async def on_command(ack: Any, command: dict[str, Any]) -> None:
        await ack(text=f"on call: {command['text']}", response_type="in_channel" if "all" in command["text"] else None)

    world.bolt.command("/oncall")(on_command)
    answer = await world.emulator.slash("/oncall who", "U1", "C1")
    assert answer["seen"]["text"] == "on call: who"
    assert world.emulator.state()["ephemerals"][0]["user"] == "U1"
    await world.emulator.slash("/oncall all", "U1", "C2")
    random = next(channel for channel in world.emulator.state()["channels"] if channel["id"] == "C2")
    assert random["messages"][0]["text"] == "on call: all"
    with pytest.raises(ActRefused):
        await world.emulator.slash("/nonsense", "U1", "C1")


async def test_a_response_url_ends_after_five_uses_or_thirty_minutes(world: SlackWorld) -> None:
    urls: list[str] = []

    async def on_command(ack: Any, command: dict[str, Any]) -> None:
        urls.append(command["response_url"])
        await ack()

    world.bolt.command("/oncall")(on_command)
    await world.emulator.slash("/oncall", "U1", "C1")
    await world.emulator.slash("/oncall", "U1", "C1")

    async def use(url: str, body: dict[str, Any]) -> tuple[int, str]:
        async with world.session.post(url, json=body) as response:
            return response.status, await response.text()

    assert (await use(urls[0], {"text": ""}))[0] == 400
    for _ in range(4):
        assert await use(urls[0], {"text": "x"}) == (200, "ok")
    status, text = await use(urls[0], {"text": "x"})
    assert (status, "used_url" in text) == (404, True)
    world.clock.ahead += 1_801
    status, text = await use(urls[1], {"text": "x"})
    assert (status, "expired_url" in text) == (404, True)


async def test_a_modal_opens_once_in_three_seconds_and_is_submitted(world: SlackWorld) -> None:
    triggers: list[str] = []
    notes: list[Any] = []

    async def on_ack(ack: Any, body: dict[str, Any]) -> None:
        triggers.append(body["trigger_id"])
        await ack()

    async def on_note(ack: Any, view: dict[str, Any]) -> None:
        text = view["state"]["values"]["n"]["text"]["value"]
        if text == "bad":
            await ack(response_action="errors", errors={"n": "Say more."})
            return
        notes.append((text, view["state"]["values"]["w"]["when"]["selected_option"]["value"], view["private_metadata"]))
        await ack()

    world.bolt.action("ack")(on_ack)
    world.bolt.view("note")(on_note)
    ts = await card(world)
    await world.emulator.press("C1", ts, "ack", "U1")
    await world.emulator.press("C1", ts, "ack", "U1")
    opened = await world.web.views_open(trigger_id=triggers[0], view=MODAL)
    view_id = opened["view"]["id"]
    for trigger, error in ((triggers[0], "exchanged_trigger_id"), ("1.2.x", "invalid_trigger_id")):
        with pytest.raises(SlackApiError, match=error):
            await world.web.views_open(trigger_id=trigger, view=MODAL)
    world.clock.ahead += 3.1
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await world.web.views_open(trigger_id=triggers[1], view=MODAL)
    with pytest.raises(ActRefused, match="required field: Note"):
        await world.emulator.submit(view_id, {}, "U1")
    with pytest.raises(ActRefused, match="0 to 100"):
        await world.emulator.submit(view_id, {"n": {"text": "x" * 101}}, "U1")
    refused = await world.emulator.submit(view_id, {"n": {"text": "bad"}}, "U1")
    assert refused["errors"] == {"n": "Say more."}
    assert (await world.emulator.submit(view_id, {"n": {"text": "ok"}, "w": {"when": "15"}}, "U1"))["closed"]
    assert notes == [("ok", "15", "C1:1.2")]
    assert world.emulator.state()["views"] == []


async def test_a_modal_is_checked_and_updated_by_hash(world: SlackWorld) -> None:
    world.emulator.config.rate_limits = False

    def trigger() -> str:
        return world.emulator.space.new_trigger("U1")

    for change, finding in (
        ({"title": plain("x" * 25)}, "less than 25"),
        ({"private_metadata": "x" * 3001}, "less than 3001"),
        ({"blocks": [{"type": "divider"}] * 101}, "no more than 100"),
        ({"submit": None}, "submit is required"),
        ({"type": "home"}, "must be modal"),
        ({"surprise": 1}, "invalid additional property"),
    ):
        with pytest.raises(SlackApiError) as caught:
            await world.web.views_open(trigger_id=trigger(), view=MODAL | change)
        assert caught.value.response["error"] == "invalid_arguments"
        assert finding in " ".join(caught.value.response["response_metadata"]["messages"])
    view = (await world.web.views_open(trigger_id=trigger(), view=MODAL))["view"]
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await world.web.views_update(view_id=view["id"], hash="old", view=MODAL)
    fresh = await world.web.views_update(view_id=view["id"], hash=view["hash"], view=MODAL | {"title": plain("New")})
    assert fresh["view"]["id"] == view["id"]
    with pytest.raises(SlackApiError, match="not_found"):
        await world.web.views_update(view_id="V0", view=MODAL)


async def test_an_unacknowledged_mention_comes_three_times_more(world: SlackWorld) -> None:
    heard: list[str] = []

    async def on_mention(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    world.bolt.event("app_mention")(on_mention)
    world.status = 500
    assert (await world.emulator.mention("who", "U1", "C1"))["ok"] is False
    await eventually(lambda: len(world.requests) == 4)
    numbers = [request.headers.get("x-slack-retry-num") for request in world.requests]
    assert numbers == [None, "1", "2", "3"]
    assert world.requests[1].headers["x-slack-retry-reason"] == "http_error"
    await eventually(lambda: any(trouble.get("given_up") for trouble in world.notices("trouble")))
    world.status = None
    assert (await world.emulator.mention("who", "U1", "C1"))["ok"]
    assert len(world.requests) == 5
    assert heard[-1] == "<@UB> who"
    with pytest.raises(ActRefused, match="invite"):
        await world.emulator.mention("who", "U1", "C2")


async def test_the_second_retry_waits_a_minute_on_the_movable_clock() -> None:
    async with slack_world(event_retry_delays_s=(0.0, 60.0, 300.0)) as world:
        world.status = 500
        await world.emulator.mention("who", "U1", "C1")
        await eventually(lambda: len(world.notices("answer")) == 2)
        assert len(world.requests) == 2
        world.clock.ahead += 60
        await eventually(lambda: len(world.requests) == 3)


async def test_a_direct_message_is_an_event(world: SlackWorld) -> None:
    heard: list[dict[str, Any]] = []

    async def on_message(event: dict[str, Any]) -> None:
        heard.append(event)

    world.bolt.event("message")(on_message)
    direct = (await world.web.conversations_open(users="U1"))["channel"]["id"]
    await world.emulator.say("who is on call?", "U1", direct)
    await eventually(lambda: bool(heard))
    assert (heard[0]["channel_type"], heard[0]["text"]) == ("im", "who is on call?")


async def test_the_url_is_verified(world: SlackWorld) -> None:
    assert await world.emulator.verify() == {"ok": True}
    world.status = 500
    assert await world.emulator.verify() == {"ok": False}


async def test_socket_mode_carries_presses_commands_and_events(world: SlackWorld) -> None:
    heard: list[str] = []

    async def on_ack(ack: Any) -> None:
        heard.append("ack")
        await ack()

    async def on_command(ack: Any) -> None:
        await ack("nobody")

    async def on_mention() -> None:
        heard.append("mention")

    world.bolt.action("ack")(on_ack)
    world.bolt.command("/oncall")(on_command)
    world.bolt.event("app_mention")(on_mention)
    handler = AsyncSocketModeHandler(world.bolt, world.emulator.config.app_token, web_client=world.web)
    await handler.connect_async()
    await eventually(lambda: world.emulator.state()["sockets"] == 1)
    ts = await card(world)
    assert (await world.emulator.press("C1", ts, "ack", "U1"))["ok"]
    assert (await world.emulator.slash("/oncall", "U1", "C1"))["seen"]["text"] == "nobody"
    assert (await world.emulator.mention("who", "U1", "C1"))["ok"]
    await eventually(lambda: heard == ["ack", "mention"])
    assert world.requests == []
    await world.emulator.disconnect()
    await eventually(lambda: len(world.notices("socket")) >= 3 and world.emulator.state()["sockets"] == 1)
    await handler.close_async()


async def test_a_socket_that_stays_silent_times_out_and_tickets_work_once() -> None:
    async with slack_world(deadline_s=0.2) as world:
        with pytest.raises(SlackApiError, match="not_allowed_token_type"):
            await world.web.apps_connections_open(app_token="xoxb-playground")
        address = (await world.web.apps_connections_open(app_token="xapp-playground"))["url"]
        async with world.session.ws_connect(address) as socket:
            assert (await socket.receive_json())["type"] == "hello"
            ts = await card(world)
            assert (await world.emulator.press("C1", ts, "ack", "U1"))["seen"] == "operation timed out"
            envelope = await socket.receive_json()
            assert envelope["type"] == "interactive"
            assert envelope["payload"]["actions"][0]["action_id"] == "ack"
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await world.session.ws_connect(address)
