"""War rooms and user groups of Slack: opened once, found again, filled, pinned, read, archived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.adapters.base import AuthBroken, Permanent, RateLimited, Transient
from bot.adapters.slack import rooms
from bot.adapters.slack.rooms import room_name
from bot.playground.hub import Outage
from tests.conformance.rig_slack import RIGS, SlackRig


@pytest.fixture
async def rig() -> AsyncIterator[SlackRig]:
    async with RIGS["slack_http"]() as opened:
        assert isinstance(opened, SlackRig)
        yield opened


async def place(rig: SlackRig, address: str) -> dict[str, Any]:
    (found,) = [each for each in (await rig.stage.state())["channels"] if each["id"] == address]
    return found


async def test_a_room_is_opened_filled_and_closed(rig: SlackRig):
    room = await rig.adapter.open_room("INC-142 Checkout API", "SEV1 · triggered", rig.chat, key="room:1")
    assert room.name == "inc-142-checkout-api"
    assert room.url.endswith(room.address)
    sent = await rig.adapter.send(room.address, rig.card("the card"), key="k1")
    await rig.adapter.pin(sent.ref)
    await rig.adapter.pin(sent.ref)
    await rig.adapter.set_topic(room.address, "x" * 300)
    seen = await place(rig, room.address)
    assert (seen["name"], seen["topic"]["value"], seen["is_private"]) == ("inc-142-checkout-api", "x" * 250, False)
    assert seen["pins"] == [sent.ref.partition(":")[2]]
    for _ in range(2):
        await rig.adapter.close_room(room.address)
    assert (await place(rig, room.address))["is_archived"]
    with pytest.raises(Permanent) as failure:
        await rig.adapter.send(room.address, rig.card("late"), key="k2")
    assert failure.value.reason == "chat_unreachable"


async def test_the_same_key_finds_its_room_and_another_key_does_not(rig: SlackRig):
    first = await rig.adapter.open_room("inc-1", "a", rig.chat, key="room:1")
    again = await rig.adapter.open_room("inc-1", "b", rig.chat, key="room:1")
    other = await rig.adapter.open_room("inc-1", "c", rig.chat, key="room:2")
    assert again == first
    assert (await place(rig, first.address))["topic"]["value"] == "b"
    assert other.address != first.address
    assert other.name.startswith("inc-1-")
    assert await rig.adapter.open_room("inc-1", "d", rig.chat, key="room:2") == other
    await rig.adapter.close_room(first.address)
    third = await rig.adapter.open_room("inc-1", "e", rig.chat, key="room:1")  # an archived room takes nothing any more
    assert third.address not in {first.address, other.address}


async def test_a_room_of_which_only_the_name_was_made_is_found_again(rig: SlackRig):
    web, _ = rig.adapter._opened()
    made = (await web.conversations_create(name="inc-7"))["channel"]["id"]  # and here the process died
    assert (await rig.adapter.open_room("inc-7", "t", rig.chat, key="room:7")).address == made


async def test_a_room_that_somebody_else_made_is_not_taken_for_ours(rig: SlackRig):
    # the workspace has one called `ops`, without a purpose, where the bot is a member
    room = await rig.adapter.open_room("ops", "t", rig.chat, key="room:7")
    assert room.address != rig.chat
    assert room.name.startswith("ops-")


async def test_many_rooms_are_looked_through_page_by_page(rig: SlackRig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rooms, "PAGE", 2)
    rig.config.rate_limits = False
    opened = [await rig.adapter.open_room(f"inc-{num}", "", "", key=f"room:{num}") for num in range(7)]
    assert [await rig.adapter.open_room(f"inc-{num}", "", "", key=f"room:{num}") for num in range(7)] == opened


@pytest.mark.parametrize(("parent", "private"), [("C1OPS", False), ("C2SECRET", True), ("C0NOWHERE", True)])
async def test_a_room_is_as_private_as_the_chat_it_belongs_to(rig: SlackRig, parent: str, private: bool):
    room = await rig.adapter.open_room("inc-1", "t", parent, key="room:1")
    assert (await place(rig, room.address))["is_private"] is private


async def test_people_are_invited_once_and_the_others_are_named(rig: SlackRig):
    room = await rig.adapter.open_room("inc-1", "t", rig.chat, key="room:1")
    assert await rig.adapter.invite(room.address, (rig.ann,)) == ()
    assert await rig.adapter.invite(room.address, (rig.ann,)) == ()
    assert await rig.adapter.invite(room.address, (rig.ann, rig.bo, "U9GONE", "U0NOBODY")) == ("U9GONE", "U0NOBODY")
    assert await rig.adapter.invite(room.address, ("UB",)) == ()
    assert await rig.adapter.invite(room.address, ("U9GONE",)) == ("U9GONE",)
    assert await rig.adapter.invite(room.address, ("U9GONE", "U0NOBODY")) == ("U9GONE", "U0NOBODY")
    assert (await place(rig, room.address))["members"] == ["UB", rig.ann, rig.bo]


async def test_a_crowd_is_invited_in_parts(rig: SlackRig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rooms, "INVITES_MAX", 2)
    room = await rig.adapter.open_room("inc-1", "t", rig.chat, key="room:1")
    assert await rig.adapter.invite(room.address, (rig.ann, "U9GONE", rig.bo)) == ("U9GONE",)


async def test_a_room_that_is_closed_or_not_there_is_named(rig: SlackRig):
    for address in ("C4MUSEUM", "C0NOWHERE", "C3FOREIGN"):
        for call in (rig.adapter.invite(address, (rig.bo,)), rig.adapter.set_topic(address, "t")):
            with pytest.raises(Permanent) as failure:
                await call
            assert failure.value.reason == "chat_unreachable", address


async def test_what_was_said_is_read_with_its_threads_oldest_first(rig: SlackRig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rooms, "PAGE", 2)
    room = await rig.adapter.open_room("inc-1", "t", rig.chat, key="room:1")
    await rig.adapter.invite(room.address, (rig.ann, rig.bo))
    card = await rig.adapter.send(room.address, rig.card("the card"), key="k1")
    said = await rig.stage.act("say", text="I look &amp; see", user=rig.ann, channel=room.address)
    await rig.stage.act("say", text="one", user=rig.bo, channel=room.address, thread_ts=said["ts"])
    await rig.stage.act("say", text="two <@U1ANN>", user=rig.bo, channel=room.address, thread_ts=said["ts"])
    await rig.stage.act("say", text="fixed", user=rig.ann, channel=room.address)
    lines = await rig.adapter.transcript(room.address, 100)
    assert [(line.user, line.text) for line in lines] == [
        ("UB", "the card"), (rig.ann, "I look & see"), (rig.bo, "one"), (rig.bo, "two @U1ANN"), (rig.ann, "fixed"),
    ]  # fmt: skip
    assert lines[0].at == float(card.ref.partition(":")[2])
    assert [line.text for line in await rig.adapter.transcript(room.address, 2)] == ["two @U1ANN", "fixed"]
    await rig.adapter.close_room(room.address)
    assert await rig.adapter.transcript(room.address, 100) == lines  # also when it is archived


async def test_the_scope_that_is_missing_is_named(rig: SlackRig):
    room = await rig.adapter.open_room("inc-1", "t", rig.chat, key="room:1")
    sent = await rig.adapter.send(room.address, rig.card("x"), key="k1")
    needs = {
        "channels:manage": lambda: rig.adapter.close_room(room.address),
        "channels:history": lambda: rig.adapter.transcript(room.address, 5),
        "pins:write": lambda: rig.adapter.pin(sent.ref),
        "usergroups:write": lambda: rig.adapter.set_group("S1DB", (rig.ann,)),
        "usergroups:read": lambda: rig.adapter.set_group("db-oncall", (rig.ann,)),
        "groups:read": lambda: rig.adapter.open_room("inc-2", "t", "C2SECRET", key="room:2"),
    }
    everything = rig.config.scopes
    for scope, call in needs.items():
        rig.config.scopes = everything - {scope}
        with pytest.raises(AuthBroken) as failure:
            await call()
        assert f"the scope {scope} is missing" in failure.value.detail


async def test_a_vendor_in_trouble_is_told_apart(rig: SlackRig):
    room = await rig.adapter.open_room("inc-1", "t", rig.chat, key="room:1")
    for outage, kind in ((Outage.DOWN, Transient), (Outage.RATE_LIMITED, RateLimited), (Outage.REVOKED, AuthBroken)):
        await rig.stage.outage(outage)
        calls = (
            rig.adapter.open_room("inc-2", "t", rig.chat, key="room:2"),
            rig.adapter.invite(room.address, (rig.bo,)),
            rig.adapter.transcript(room.address, 5),
            rig.adapter.set_group("S1DB", (rig.ann,)),
        )
        raised = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(error) for error in raised] == [kind] * len(calls), outage
        await rig.stage.outage(Outage.NONE)


async def test_a_group_follows_who_is_on_call(rig: SlackRig):
    async def members() -> list[str]:
        groups: dict[str, list[str]] = (await rig.stage.state())["groups"]
        return groups["db-oncall"]

    await rig.adapter.set_group("@db-oncall", (rig.ann, rig.bo, rig.ann))
    assert await members() == [rig.ann, rig.bo]
    await rig.adapter.set_group("S1DB", (rig.ann,))
    assert await members() == [rig.ann]
    await rig.adapter.set_group("db-oncall", ())  # Slack takes no empty group: the last ones stay
    assert await members() == [rig.ann]
    with pytest.raises(Permanent) as unknown:
        await rig.adapter.set_group("nobody-here", (rig.ann,))
    assert unknown.value.reason == "group_unknown"
    with pytest.raises(Permanent):
        await rig.adapter.set_group("S1DB", ("U9GONE",))
    rig.config.paid_plan = False
    with pytest.raises(Permanent) as free:
        await rig.adapter.set_group("S1DB", (rig.ann,))
    assert "plan_upgrade_required" in free.value.detail


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("INC-142: Checkout API 5xx > 5 %!", "inc-142-checkout-api-5xx-5"),
        ("数据库 down", "down"),
        ("数据库", "incident"),
        ("", "incident"),
        ("--__--", "incident"),
        ("x" * 200, "x" * 80),
        ("a" * 79 + " b", "a" * 79),
    ],
)
def test_names_are_what_slack_takes(wanted: str, name: str):
    assert room_name(wanted) == name
    assert len(room_name(wanted, "abc123")) <= 80
    assert room_name(wanted, "abc123").endswith("-abc123")
