"""Calls from the first ring to the last word: what proves that a person heard it, and what a key leads to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.adapters.base import Permanent
from bot.adapters.vendors.contract import KeyPress, Words, mark
from tests.emulators.vendor_world import CALLS, TEXTS, WORDS, Rig, rig

TELLS = ("twilio_voice", "vonage_voice")
"""Those that tell a mailbox from a person."""


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rig(request.param) as made:
        yield made


def each(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("world", kinds, indirect=True)


async def settle(world: Rig, requests: int) -> None:
    await world.until(lambda: len(world.requests) >= requests)
    assert world.forged == []


@each("twilio", "vonage", "aws", "twilio_voice", "vonage_voice", "aliyun_voice")
async def test_a_vendor_that_is_at_work_shows_it(world: Rig):
    sent = await world.send()
    await world.until(lambda: bool(world.alive()))
    told = {(news.provider_id, news.carrier, news.mark) for news in world.alive()}
    assert told == {(sent.provider_id, world.vendor.medium, mark("delivery-1"))}


@each("aws")
async def test_the_carriers_word_is_not_the_phones(world: Rig):
    await world.emulator.act("power", {"number": world.person, "on": False})
    await world.send()
    await world.until(lambda: bool(world.receipts()))
    assert [told.state for told in world.receipts()] == ["failed"]
    assert len(world.alive()) == 3


@each(*CALLS)
async def test_a_mailbox_is_never_a_delivery(world: Rig):
    sent = await world.send()
    await world.until(lambda: bool(world.alive()) or world.vendor.name == "tencent")
    await world.emulator.act("machine", {"id": sent.provider_id})
    await world.until(lambda: bool(world.receipts()) or world.vendor.name not in ("twilio", "vonage"))
    told = [(receipt.provider_id, receipt.state, receipt.reason) for receipt in world.receipts()]
    machine = [(sent.provider_id, "failed", "answered_by_machine")]
    assert told == (machine if world.vendor.name in ("twilio", "vonage") else [])
    assert [press.key for press in world.pressed() if press.key] == []


@each(*TELLS)
async def test_a_person_is_proof_before_any_key(world: Rig):
    sent = await world.send()
    await world.emulator.act("press", {"id": sent.provider_id, "key": ""})
    await settle(world, 6)
    states = [each.state if not isinstance(each, KeyPress) else f"key {each.key}" for each in world.news]
    assert sorted(set(states)) == ["alive", "delivered", "key "]
    assert states.index("delivered") < states.index("key ")


@each(*TELLS)
async def test_no_callback_no_key_is_asked_for(world: Rig):
    world.callback_url = ""
    world.emulator.callback_url = ""
    sent = await world.send()
    item = world.emulator.items[0]
    assert (item["id"], item["detects"]) == (sent.provider_id, world.vendor.name == "twilio")
    assert not item.get("action")
    assert not item.get("keys_to")
    await world.emulator.act("press", {"id": sent.provider_id, "key": "1"})
    assert world.requests == []
    told = await world.line.ask(sent.provider_id)
    assert told is not None
    assert told.state == ("delivered" if world.vendor.name == "twilio" else "alive")


@each(*TELLS)
async def test_star_says_it_again_and_waits_for_another_key(world: Rig):
    sent = await world.send("delivery-9")
    world.said, world.again = "", WORDS
    for _ in range(2):
        await world.emulator.act("press", {"id": sent.provider_id, "key": "*"})
        assert world.emulator.items[0]["then"] == WORDS.text
        assert world.emulator.items[0]["status"] == "listening"
    world.said, world.again = "Acknowledged. Goodbye.", None
    await world.emulator.act("press", {"id": sent.provider_id, "key": "1"})
    assert world.emulator.items[0]["then"] == world.said
    assert world.forged == []
    assert [press.key for press in world.pressed()] == ["*", "*", "1"]
    assert {press.attempt for press in world.pressed()} == {mark("delivery-9")}
    assert [receipt.state for receipt in world.receipts()] == ["delivered"]
    with pytest.raises(Exception, match="no such call"):
        await world.emulator.act("press", {"id": sent.provider_id, "key": "1"})


@each(*TELLS)
async def test_when_the_time_for_a_key_is_over_it_says_goodbye(world: Rig):
    sent = await world.send()
    world.said = "No key came. Goodbye."
    await world.emulator.act("press", {"id": sent.provider_id, "key": ""})
    assert [press.key for press in world.pressed()] == [""]
    assert world.emulator.items[0]["then"] == "No key came. Goodbye."


@each(*TELLS)
async def test_an_answer_may_say_something_first_and_then_all_of_it_again(world: Rig):
    sent = await world.send()
    world.said, world.again = "That key means nothing.", replace(WORDS, text="磁盘满")
    await world.emulator.act("press", {"id": sent.provider_id, "key": "7"})
    assert world.emulator.items[0]["then"] == "That key means nothing. 磁盘满"


@each("aliyun_voice", "tencent_voice")
async def test_templates_speak_for_themselves(world: Rig):
    sent = await world.send()
    world.said, world.again = "not spoken", Words(text="nor this")
    await world.emulator.act("press", {"id": sent.provider_id, "key": "1"})
    await world.until(lambda: bool(world.pressed()))
    assert all("spoken" not in heard.text and "this" not in heard.text for heard in world.emulator.heard)
    assert all(heard.status == 200 for heard in world.emulator.heard)


@each(*CALLS)
async def test_callbacks_that_come_late_and_twice_tell_the_same(world: Rig):
    sent = await world.send()
    await world.emulator.act("press", {"id": sent.provider_id, "key": "1"})
    await world.until(lambda: bool(world.pressed()))
    at = int(world.hub.now())
    for came in reversed(world.requests):
        assert world.vendor.receipt(came, at=at + 200) == world.vendor.receipt(came, at=at)


@each(*TEXTS)
async def test_receipts_that_come_late_and_twice_tell_the_same(world: Rig):
    await world.send()
    await world.until(lambda: bool(world.receipts()))
    at = int(world.hub.now())
    told = [world.vendor.receipt(came, at=at + 200) for came in world.requests]
    assert [each for news in told for each in news] == world.news


@each("vonage")
async def test_an_address_that_is_too_long_is_told_before_anything_is_sent(world: Rig):
    world.callback_url = "https://tocsin.example/" + "x" * 90
    with pytest.raises(Permanent, match="100 characters"):
        await world.send()
    assert world.emulator.items == []
