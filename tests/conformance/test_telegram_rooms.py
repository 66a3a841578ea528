"""War rooms as forum topics, and what doctor says of the bot's place in its groups."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.adapters.base import Finding, Moved, Permanent, Rooms
from bot.adapters.telegram import TelegramAdapter
from bot.playground.hub import Outage
from tests.conformance.platform_kit import at_work
from tests.conformance.rig_telegram import FORUM, LEFT, PLAIN, POWERLESS, RIGS, SILENT, TelegramRig


@pytest.fixture
async def rig() -> AsyncIterator[TelegramRig]:
    async with RIGS["telegram_webhook"]() as opened:
        assert isinstance(opened, TelegramRig)
        yield opened


async def topics(rig: TelegramRig, chat: str = FORUM) -> list[tuple[str, bool]]:
    chats = (await rig.stage.state())["chats"]
    found = next(one["topics"] for one in chats if str(one["id"]) == chat)
    return [(topic["name"], topic["closed"]) for topic in found]


async def test_a_room_is_a_topic_that_takes_cards(rig: TelegramRig):
    rooms: Rooms = rig.adapter
    room = await rooms.open_room("INC-142 Checkout", "Critical", f"{FORUM}/5", key="r1")
    assert await topics(rig) == [("INC-142 Checkout", False)]
    assert room.address.startswith(f"{FORUM}/")
    assert room.url == "" or room.url.startswith("https://t.me/c/")
    sent = await rig.adapter.send(room.address, rig.card("triggered"), key="k1")
    assert f"/{(await rig.shown(sent.ref))['message_thread_id']}" in room.address
    await rooms.pin(sent.ref)
    await rooms.pin(sent.ref)
    pins = next(one["pins"] for one in (await rig.stage.state())["chats"] if str(one["id"]) == FORUM)
    assert pins == [int(sent.ref.partition(":")[2])]


async def test_the_same_key_finds_the_same_room(rig: TelegramRig):
    rooms: Rooms = rig.adapter
    assert await rooms.open_room("a", "", FORUM, key="r1") == await rooms.open_room("a", "", FORUM, key="r1")
    assert len(await topics(rig)) == 1


async def test_everybody_who_is_there_is_mentioned_once_together(rig: TelegramRig):
    rooms: Rooms = rig.adapter
    room = await rooms.open_room("INC-142", "", FORUM, key="r1")
    assert await rooms.invite(room.address, ("7001", "7003", "7002", "4711", "@ann")) == ("7003", "4711", "@ann")
    shown = await rig.shown(await rig.newest(FORUM))
    assert shown["text"] == "Ann, Bo"
    assert [entity["user"]["id"] for entity in shown["entities"]] == [7001, 7002]
    assert f"/{shown['message_thread_id']}" in room.address
    before = await rig.newest(FORUM)
    assert await rooms.invite(room.address, ("7003",)) == ("7003",)
    assert await rig.newest(FORUM) == before, "an empty invitation was sent"


async def test_the_head_of_a_room_is_its_name(rig: TelegramRig):
    rooms: Rooms = rig.adapter
    room = await rooms.open_room("INC-142", "", FORUM, key="r1")
    for _ in range(2):
        await rooms.set_topic(room.address, "x" * 200)
    assert await topics(rig) == [("x" * 127 + "…", False)]


async def test_a_closed_room_can_be_closed_again(rig: TelegramRig):
    rooms: Rooms = rig.adapter
    room = await rooms.open_room("INC-142", "", FORUM, key="r1")
    for _ in range(2):
        await rooms.close_room(room.address)
    assert await topics(rig) == [("INC-142", True)]
    assert await rooms.transcript(room.address, 100) == []


@pytest.mark.parametrize("parent", [PLAIN, POWERLESS, "7001"])
async def test_where_there_can_be_no_room_it_is_said(rig: TelegramRig, parent: str):
    with pytest.raises(Permanent) as failure:
        await rig.adapter.open_room("INC-142", "", parent, key="r1")
    assert failure.value.reason == "no_rooms"
    assert failure.value.detail


async def test_other_troubles_keep_their_names(rig: TelegramRig):
    rooms: Rooms = rig.adapter
    with pytest.raises(Permanent) as failure:
        await rooms.open_room("INC-142", "", LEFT, key="r1")
    assert failure.value.reason == "chat_unreachable"
    sent = await rig.adapter.send(PLAIN, rig.card("x"), key="k1")
    with pytest.raises(Permanent) as failure:
        await rooms.pin(sent.ref)
    assert failure.value.reason == "missing_right"
    for call in (rooms.set_topic(f"{FORUM}/777", "x"), rooms.close_room(f"{FORUM}/777")):
        with pytest.raises(Permanent) as failure:
            await call
        assert failure.value.reason == "chat_unreachable"
    await rig.stage.act("migrate", chat_id=int(FORUM), new_id=-1007)
    with pytest.raises(Moved) as moved:
        await rooms.open_room("INC-142", "", FORUM, key="r2")
    assert moved.value.address == "-1007"


# -- doctor -----------------------------------------------------------------------------------------------------------


async def findings(rig: TelegramRig, *chats: str, **settings: str) -> dict[str, Finding]:
    adapter = TelegramAdapter(replace(rig.adapter.settings, chats=chats, **settings))
    await adapter.start(rig.stage.desk.emit, rig.stage.desk.notice)
    found = await adapter.check()
    await adapter.stop()
    assert all(finding.ok or (finding.detail and finding.cure) for finding in found)
    return {finding.check: finding for finding in found}


async def test_doctor_looks_at_every_group(rig: TelegramRig):
    found = await findings(rig, rig.chat, f"{FORUM}/3", FORUM, PLAIN, POWERLESS, SILENT, LEFT, "-1009999")
    assert {check for check, finding in found.items() if not finding.ok} == {
        f"war rooms of {POWERLESS}", f"chat {SILENT}", f"chat {LEFT}", "chat -1009999",
    }  # fmt: skip
    assert "Manage Topics, Pin Messages" in found[f"war rooms of {POWERLESS}"].cure
    assert "may not write" in found[f"chat {SILENT}"].detail
    assert "kicked" in found[f"chat {LEFT}"].detail
    assert "not found" in found["chat -1009999"].detail


async def test_doctor_tells_who_has_blocked_the_bot(rig: TelegramRig):
    assert all(each.ok for each in (await findings(rig, people=(rig.ann,))).values())
    await rig.stage.act("block", user=int(rig.ann))
    found = await findings(rig, people=(rig.ann, "4242"))
    assert "blocked" in found[f"person {rig.ann}"].detail
    assert "Start" in found[f"person {rig.ann}"].cure
    assert not found["person 4242"].ok


async def test_doctor_knows_the_new_address_of_a_group(rig: TelegramRig):
    await rig.stage.act("migrate", chat_id=int(PLAIN), new_id=-1008)
    assert "-1008" in (await findings(rig, PLAIN))[f"chat {PLAIN}"].cure


async def test_doctor_says_what_privacy_mode_means(rig: TelegramRig):
    assert "no @mention" in (await findings(rig))["privacy mode"].detail


async def test_doctor_finds_a_webhook_that_is_not_ours_and_leaves_it(rig: TelegramRig):
    before = (await rig.stage.state())["webhook_url"]
    found = await findings(rig, webhook_url="https://tocsin.example/callbacks/telegram")
    assert before in found["updates"].detail
    assert not found["updates"].ok
    assert not (await findings(rig, webhook_url=""))["updates"].ok
    assert (await rig.stage.state())["webhook_url"] == before


async def test_doctor_finds_a_webhook_that_nobody_reaches(rig: TelegramRig):
    await rig.adapter.stop()
    async with at_work(rig.another(), rig.stage.desk):
        settings = rig.adapter.settings
        await rig.stage.http.post(
            f"{settings.base_url}{settings.token}/setWebhook", json={"url": "http://127.0.0.1:9/gone"}
        )
        await rig.stage.act("say", text="/toc list", user=7001, chat_id=-1001)
        found = await findings(rig, webhook_url="http://127.0.0.1:9/gone")
        assert "Connection" in found["updates"].detail
        assert not found["updates"].ok


async def test_doctor_blames_the_token_only_when_it_was_refused(rig: TelegramRig):
    wrong = await findings(rig, token="42:wrong-token")
    assert "BotFather" in wrong["bot token"].cure
    await rig.stage.outage(Outage.DOWN)
    assert "BotFather" not in (await findings(rig))["bot token"].cure
