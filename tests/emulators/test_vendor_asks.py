"""What we ask the vendors, and what people tell us through them: the fate of a message, the account, replies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.adapters.vendors.contract import Forged, Said
from bot.adapters.vendors.line import Line
from bot.playground.hub import Outage
from bot.playground.twilio import TwilioEmulator
from bot.playground.vendors.aws import AwsEmulator
from tests.emulators.vendor_world import ANN, CALLS, TEXTS, WEI, Rig, rig, vendor_of

ASKED = ("twilio", "twilio_voice", "vonage_voice", "aliyun_voice")
"""Those that tell what became of a message when they are asked."""
CHECKED = ("twilio", "vonage", "aws", "aliyun", "tencent", "twilio_voice", "vonage_voice")
"""Those that have something to ask that sends nothing."""


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rig(request.param) as made:
        yield made


def each(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("world", kinds, indirect=True)


def kind_of(world: Rig) -> str:
    return world.vendor.name + ("_voice" if world.vendor.medium == "voice" else "")


# --- what became of it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*TEXTS, *CALLS])
def test_only_those_that_can_tell_are_asked_and_no_answer_tells_nothing(kind: str):
    vendor = vendor_of(kind, "http://127.0.0.1:9", "")
    assert (vendor.poll("an-id", at=0, nonce="n") is not None) == (kind in ASKED)
    for status in (200, 404, 500):
        for body in (
            b"",
            b"{}",
            b"[]",
            b"null",
            b"<html>",
            b'{"sid": ""}',
            b'{"Data": "x"}',
            b'{"status": "delivered"}',
        ):
            assert vendor.polled(status, body, {}) is None


@each("twilio")
async def test_a_text_is_found_again(world: Rig):
    await world.emulator.act("power", {"number": ANN, "on": False})
    sent = await world.send()
    await world.until(lambda: bool(world.receipts()))
    assert await world.line.ask(sent.provider_id) == replace(world.receipts()[0], mark="")


@each("twilio_voice", "vonage_voice", "aliyun_voice")
@pytest.mark.parametrize(
    ("act", "state", "reason"), [("miss", "failed", "no_answer"), ("machine", "failed", "machine")]
)
async def test_a_call_is_found_again(world: Rig, act: str, state: str, reason: str):
    sent = await world.send()
    assert await world.line.ask("unknown") is None
    ringing = await world.line.ask(sent.provider_id)
    assert ringing is None or ringing.state == "alive"
    await world.emulator.act(act, {"id": sent.provider_id})
    told = await world.line.ask(sent.provider_id)
    assert told is not None
    assert told.provider_id == sent.provider_id
    if act == "machine" and world.vendor.name != "twilio":  # the others keep only the last state of a call
        assert told.state == "alive"
    else:
        assert (told.state, reason in told.reason) == (state, True)


CARRIERS_WORD = {
    30002: "no_balance", 30003: "recipient_unreachable", 30004: "sender_refused", 30005: "recipient_unreachable",
    30006: "recipient_unreachable", 30007: "sender_refused", 30008: "sender_refused", 30034: "sender_refused",
}  # fmt: skip


@each("twilio")
async def test_what_the_carrier_says_later_has_its_names(world: Rig):
    for code, reason in CARRIERS_WORD.items():
        await world.emulator.act("trouble", {"number": ANN, "code": code})
        sent = await world.send()
        await world.until(lambda sent=sent: any(told.provider_id == sent.provider_id for told in world.receipts()))
        assert (code, world.receipts()[-1].state, world.receipts()[-1].reason) == (code, "failed", reason)


# --- the account ------------------------------------------------------------------------------------------------------


@each(*TEXTS, *CALLS)
async def test_good_credentials_are_proven_without_sending(world: Rig):
    found = await world.line.check()
    assert found.ok, found
    assert not found.cure
    kept = world.emulator.state()["messages"] if isinstance(world.emulator, TwilioEmulator) else world.emulator.items
    assert kept == []
    assert (world.vendor.balance(at=0, nonce="n") is not None) == (kind_of(world) in CHECKED)


@each(*CHECKED)
async def test_wrong_credentials_and_a_vendor_that_is_down_are_told_with_a_cure(world: Rig):
    base = str(getattr(world.vendor, "account", None) or getattr(world.vendor, "application", None))
    base = base.partition("base_url='")[2].partition("'")[0]
    line = Line(vendor=vendor_of(kind_of(world), base, "", "-wrong"), now=lambda: int(world.hub.now()))
    await line.start()
    found = await line.check()
    await line.stop()
    assert not found.ok
    assert "auth_broken" in found.detail
    assert found.cure.endswith(".")
    assert world.vendor.medium in found.check
    world.hub.switch("twilio" if isinstance(world.emulator, TwilioEmulator) else world.emulator.name, Outage.DOWN)
    down = await world.line.check()
    assert not down.ok
    assert down.cure


async def test_a_signature_that_is_not_approved_and_a_sandbox_are_told():
    for kind, wrong in (("aliyun", b"AUDIT_STATE_NOT_PASS"), ("tencent", b"")):
        vendor = vendor_of(kind, "", "")
        body = {
            "aliyun": '{"Code": "OK", "SmsSignList": [{"SignName": "示例", "AuditStatus": "AUDIT_STATE_NOT_PASS"}]}',
            "tencent": '{"Response": {"DescribeSignListStatusSet": [{"SignName": "示例", "StatusCode": -1}]}}',
        }[kind]
        found = vendor.checked(200, body.encode(), {})
        assert (found.ok, "示例" in found.cure) == (False, True), wrong
    async with rig("aws") as world:
        assert isinstance(world.emulator, AwsEmulator)
        world.emulator.tier = "SANDBOX"
        found = await world.line.check()
        assert (found.ok, "sandbox" in found.cure) == (False, True)


# --- what people say --------------------------------------------------------------------------------------------------


@each("vonage", "aws", "aliyun", "tencent", "huawei")
async def test_a_persons_text_comes_in(world: Rig):
    person, text = ANN if world.vendor.name in ("vonage", "aws") else WEI, "认领 7 & more"
    heard = await world.emulator.act("say", {"from": person, "text": text})
    assert heard["status"] == 200
    (said,) = world.news
    assert isinstance(said, Said)
    assert (said.carrier, said.user, said.text, bool(said.key)) == ("sms", person, text, True)
    assert world.vendor.receipt(world.requests[0], at=int(world.hub.now())) == (said,), "doubled, it is the same"
    assert not world.vendor.replies
    assert world.said not in heard["text"]
    signed = world.vendor.name in ("vonage", "aws")
    forged = replace(world.requests[0], body=world.requests[0].body.replace(b"e", b"b")) if signed else None
    with pytest.raises(Forged):
        world.vendor.receipt(forged or replace(world.requests[0], path="/x"), at=int(world.hub.now()))


@each("twilio")
async def test_a_reply_to_a_text_goes_back_in_the_answer(world: Rig):
    assert isinstance(world.emulator, TwilioEmulator)
    world.emulator.inbound_url = world.callback_url
    world.said = "INC-7 <acknowledged> & closed"
    result = await world.emulator.act("reply", {"from": ANN, "body": "ACK 4711"})
    assert (result["status"], result["answers"], result["error"]) == (200, [world.said], None)
    (said,) = world.news
    assert said == Said(carrier="sms", user=ANN, text="ACK 4711", key=result["sid"])
    world.said = ""
    result = await world.emulator.act("reply", {"from": ANN, "body": "1"})
    assert (result["status"], result["answers"]) == (200, [])


@each("twilio")
async def test_who_opts_out_is_heard_and_the_vendor_answers(world: Rig):
    assert isinstance(world.emulator, TwilioEmulator)
    world.emulator.inbound_url = world.callback_url
    result = await world.emulator.act("reply", {"from": ANN, "body": "STOP"})
    assert len(result["answers"]) == 1
    assert world.said not in result["answers"]
    assert [each.text for each in world.news if isinstance(each, Said)] == ["STOP"]
