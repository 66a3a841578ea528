"""Every vendor of the product against its emulator: what is sent, told, refused and forged, by the same promises."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qsl

import jwt
import pytest
from twilio.request_validator import RequestValidator

from bot.adapters.base import AuthBroken, Permanent, RateLimited, SendError, Transient
from bot.adapters.vendors.contract import Forged, Subscription, mark
from bot.adapters.vendors.line import Line, verdict_of
from bot.adapters.vendors.twilio import VALIDITY_S
from bot.engine.vendors import Verdict
from bot.playground.emulator import Emulator
from bot.playground.hub import Outage
from bot.playground.vendors.aws import AwsEmulator
from bot.playground.vendors.exchange import Exchange
from tests.emulators.vendor_world import ANN, CALLS, SIGNATURE, TEXTS, WORDS, Rig, rig, vendor_of

EVERY = (*TEXTS, *CALLS)
TEMPLATED = ("aliyun", "tencent", "huawei", "aliyun_voice", "tencent_voice")


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rig(request.param) as made:
        yield made


def each(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("world", kinds, indirect=True)


def items(world: Rig) -> list[dict]:
    if isinstance(world.emulator, Exchange):
        return world.emulator.items
    return [{"id": m["sid"], "said": m["body"], "to": m["to"]} for m in world.emulator.state()["messages"]]


def kind_of(world: Rig) -> str:
    return world.vendor.name + ("_voice" if world.vendor.medium == "voice" else "")


@each(*EVERY)
async def test_it_is_an_emulator(world: Rig):
    assert isinstance(world.emulator, Emulator)


@each(*TEXTS)
async def test_a_text_arrives_and_its_receipt_is_believed(world: Rig):
    sent = await world.send()
    assert sent.provider_id
    kept = items(world)[0]
    assert (kept["id"], kept["to"]) == (sent.provider_id, world.person)
    await world.until(lambda: bool(world.receipts()))
    assert world.forged == []
    receipt = world.receipts()[0]
    assert (receipt.provider_id, receipt.state, receipt.carrier) == (sent.provider_id, "delivered", "sms")
    assert receipt.mark == ("" if world.vendor.name == "tencent" else mark("delivery-1"))
    assert verdict_of(sent) is Verdict.TAKEN


@each(*TEXTS)
async def test_a_phone_that_is_off_is_told(world: Rig):
    await world.emulator.act("power", {"number": world.person, "on": False})
    sent = await world.send()
    await world.until(lambda: bool(world.receipts()))
    receipt = world.receipts()[0]
    assert (receipt.provider_id, receipt.state) == (sent.provider_id, "failed")
    assert receipt.reason


@each(*TEMPLATED)
async def test_templates_get_no_link_and_no_value_that_is_too_long(world: Rig):
    await world.send()
    said = items(world)[0]["said"]
    assert "://" not in said
    assert said.endswith("Criti… INC-7")


@each("aliyun", "tencent", "huawei")
async def test_numbers_abroad_get_the_template_for_abroad(world: Rig):
    hong_kong = "+85251234567"
    sent = await world.send(to=hong_kong)
    assert (items(world)[0]["id"], items(world)[0]["to"]) == (sent.provider_id, hong_kong)
    wrong = replace(world.vendor, template_abroad=world.vendor.template)
    world.line.vendor = wrong
    with pytest.raises(Permanent, match="sender_refused"):
        await world.send(to=hong_kong)
    world.line.vendor = replace(world.vendor, template_abroad="")
    with pytest.raises(Permanent, match="No template"):
        await world.send(to=hong_kong)
    assert len(items(world)) == 1


@each("twilio", "vonage", "aws", "twilio_voice", "vonage_voice")
async def test_free_text_goes_out_whole(world: Rig):
    await world.send()
    assert items(world)[0]["said"].startswith("Critical INC-7 disk full. Press 1 to acknowledge. https://")


@each(*CALLS)
async def test_a_key_is_heard_and_answered(world: Rig):
    sent = await world.send("delivery-9")
    await world.emulator.act("press", {"id": sent.provider_id, "key": "1"})
    await world.until(lambda: bool(world.pressed() and world.alive()))
    assert world.forged == []
    key = world.pressed()[0]
    assert (key.provider_id, key.key, key.carrier) == (sent.provider_id, "1", "voice")
    assert key.attempt == ("" if world.vendor.name == "tencent" else mark("delivery-9"))
    assert {receipt.state for receipt in world.receipts()} <= {"delivered"}
    assert all(200 <= heard.status < 300 for heard in world.emulator.heard)
    if world.vendor.name in ("twilio", "vonage"):
        assert items(world)[0]["then"] == world.said


@each(*CALLS)
async def test_no_key_is_no_acknowledgement(world: Rig):
    sent = await world.send()
    await world.emulator.act("press", {"id": sent.provider_id, "key": ""})
    await world.until(lambda: bool(world.alive()))
    assert [key.key for key in world.pressed()] in ([], [""])
    told = [receipt.state for receipt in world.receipts()]
    assert told == (["delivered"] if world.vendor.name in ("twilio", "vonage") else []), "only some tell a person"


@each(*CALLS)
async def test_a_call_that_nobody_takes_is_told(world: Rig):
    sent = await world.send()
    await world.emulator.act("miss", {"id": sent.provider_id})
    await world.until(lambda: bool(world.receipts()))
    assert [(r.state, r.reason) for r in world.receipts()] == [("failed", "no_answer")]


@each(*EVERY)
async def test_a_forged_callback_is_refused_and_a_doubled_one_is_not(world: Rig):
    sent = await world.send()
    if world.vendor.medium == "voice":
        await world.emulator.act("press", {"id": sent.provider_id, "key": "1"})
    await world.until(lambda: bool(world.receipts() or world.pressed()))
    at = int(world.hub.now())
    true = world.requests[-1]
    told = world.vendor.receipt(true, at=at)
    assert told == world.vendor.receipt(true, at=at)
    forgeries = (
        [replace(true, path=true.path[:-1] + "x")] if world.vendor.name in ("aliyun", "tencent", "huawei") else []
    )
    if not forgeries:
        forgeries = [
            replace(true, body=true.body.replace(b"deliver", b"Deliver").replace(b"DELIVERED", b"DELIVERY") + b" "),
            replace(true, body=true.body[:-1] + b"&x=1"),
            replace(true, headers={}, body=b"{}"),
        ]
    for forged in forgeries:
        with pytest.raises(Forged):
            world.vendor.receipt(forged, at=at)
    public = world.callback_url.partition("/callbacks")[0]
    other = vendor_of(kind_of(world), "", public, "-wrong")
    with pytest.raises(Forged):
        other.receipt(true, at=at)


@each("vonage", "vonage_voice", "aws")
async def test_an_old_callback_is_refused(world: Rig):
    sent = await world.send()
    if world.vendor.medium == "voice":
        await world.emulator.act("press", {"id": sent.provider_id, "key": "1"})
    await world.until(lambda: bool(world.receipts()))
    assert world.vendor.receipt(world.requests[-1], at=int(world.hub.now()) + 60)
    with pytest.raises(Forged):
        world.vendor.receipt(world.requests[-1], at=int(world.hub.now()) + 7_200)


@each(*EVERY)
async def test_wrong_credentials_break_the_account(world: Rig):
    base = str(getattr(world.vendor, "account", None) or getattr(world.vendor, "application", None))
    base = base.partition("base_url='")[2].partition("'")[0]
    wrong = vendor_of(kind_of(world), base, "", "-wrong")
    line = Line(vendor=wrong, now=lambda: int(world.hub.now()))
    await line.start()
    try:
        with pytest.raises(AuthBroken) as caught:
            await line.send(world.person, WORDS, key="k", callback_url=world.callback_url)
    finally:
        await line.stop()
    assert verdict_of(caught.value) is Verdict.ACCOUNT
    assert items(world) == []


@each(*EVERY)
async def test_a_vendor_that_is_down_or_too_fast_or_slow(world: Rig):
    name = "twilio" if world.vendor.name == "twilio" and world.vendor.medium == "sms" else world.emulator.name
    world.hub.switch(name, Outage.DOWN)
    with pytest.raises(Transient) as down:
        await world.send()
    assert (down.value.reason, down.value.ambiguous) == ("unavailable", True)
    world.hub.switch(name, Outage.RATE_LIMITED)
    with pytest.raises(RateLimited) as fast:
        await world.send()
    assert fast.value.after_s >= 1
    assert items(world) == []
    world.hub.switch(name, Outage.SLOW)
    await world.line.stop()
    world.line.call_s = 0.2
    await world.line.start()
    with pytest.raises(Transient) as slow:
        await world.send()
    assert (slow.value.reason, slow.value.ambiguous) == ("timeout", True)
    assert len(items(world)) == 1


@each("vonage", "aliyun_voice")
async def test_a_closed_door_means_that_nothing_was_sent(world: Rig):
    vendor = vendor_of("huawei", "http://127.0.0.1:9", "")
    line = Line(vendor=vendor, now=lambda: int(world.hub.now()))
    await line.start()
    with pytest.raises(Transient) as closed:
        await line.send(world.person, WORDS, key="k")
    await line.stop()
    assert (closed.value.reason, closed.value.ambiguous) == ("unavailable", False)
    with pytest.raises(Transient, match="not_started"):
        await line.send(world.person, WORDS, key="k")


EXPECTED = {
    "twilio": {
        "20003": "auth_broken", "20005": "no_balance", "20429": "rate_limited", "20500": "unavailable",
        "21211": "recipient_unreachable", "21408": "sender_refused", "21606": "sender_refused",
        "21608": "sender_refused", "21610": "recipient_blocked", "21611": "rate_limited", "21612": "sender_refused",
        "21614": "recipient_unreachable", "21617": "sender_refused",
    },
    "vonage": {
        "1": "rate_limited", "2": "sender_refused", "3": "sender_refused", "4": "auth_broken", "5": "unavailable",
        "6": "recipient_unreachable", "7": "recipient_blocked", "8": "auth_broken", "9": "no_balance",
        "14": "auth_broken", "15": "sender_refused", "29": "sender_refused",
    },
    "vonage_voice": {
        "voice/unauthorized": "auth_broken", "voice/low-balance": "no_balance",
        "voice/destination-not-permitted": "sender_refused", "voice/invalid-number": "recipient_unreachable",
        "voice/invalid-parameters": "sender_refused", "voice/rate-limited": "rate_limited",
        "voice/internal": "unavailable",
    },
    "aws": {
        "ThrottlingException": "rate_limited",
        "ServiceQuotaExceededException/MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT": "no_balance",
        "ConflictException/DESTINATION_PHONE_NUMBER_OPTED_OUT": "recipient_blocked",
        "ConflictException/DESTINATION_PHONE_NUMBER_NOT_VERIFIED": "sender_refused",
        "ConflictException/DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION": "sender_refused",
        "ValidationException/FIELD_VALIDATION_FAILED": "sender_refused",
        "ValidationException/SENDER_ID_NOT_SUPPORTED": "sender_refused",
        "ResourceNotFoundException": "sender_refused", "AccessDeniedException/ACCOUNT_DISABLED": "auth_broken",
        "UnrecognizedClientException": "auth_broken", "InternalServerException": "unavailable",
    },
    "aliyun": {
        "isv.BUSINESS_LIMIT_CONTROL": "rate_limited", "isv.MOBILE_NUMBER_ILLEGAL": "recipient_unreachable",
        "isv.AMOUNT_NOT_ENOUGH": "no_balance", "isv.OUT_OF_SERVICE": "no_balance",
        "isv.SMS_TEMPLATE_ILLEGAL": "sender_refused", "isv.SMS_SIGNATURE_ILLEGAL": "sender_refused",
        "isv.INVALID_PARAMETERS": "sender_refused", "isv.PARAM_LENGTH_LIMIT": "sender_refused",
        "isv.MOBILE_IN_BLACK": "recipient_blocked", "isp.SYSTEM_ERROR": "unavailable",
        "isp.RAM_PERMISSION_DENY": "auth_broken", "Throttling.User": "rate_limited",
        "InvalidTimeStamp.Expired": "auth_broken",
    },
    "tencent": {
        "LimitExceeded.PhoneNumberThirtySecondLimit": "rate_limited",
        "LimitExceeded.PhoneNumberSameContentDailyLimit": "rate_limited",
        "FailedOperation.PhoneNumberInBlacklist": "recipient_blocked",
        "FailedOperation.InsufficientBalanceInSmsPackage": "no_balance",
        "FailedOperation.SignatureIncorrectOrUnapproved": "sender_refused",
        "FailedOperation.TemplateIncorrectOrUnapproved": "sender_refused",
        "FailedOperation.ContainSensitiveWord": "sender_refused",
        "InvalidParameterValue.IncorrectPhoneNumber": "recipient_unreachable",
        "UnauthorizedOperation.ServiceSuspendDueToArrears": "no_balance", "InternalError.Timeout": "unavailable",
        "AuthFailure.SignatureExpire": "auth_broken", "RequestLimitExceeded": "rate_limited",
    },
    "huawei": {
        "E000000": "unavailable", "E000001": "auth_broken", "E000102": "auth_broken", "E000103": "auth_broken",
        "E000112": "no_balance", "E000503": "sender_refused", "E000629": "no_balance", "E200015": "rate_limited",
        "E200018": "sender_refused", "E200028": "sender_refused", "E200030": "sender_refused",
    },
    "twilio_voice": {
        "20003": "auth_broken", "20005": "no_balance", "20429": "rate_limited", "21210": "sender_refused",
        "21211": "recipient_unreachable", "21215": "sender_refused", "21218": "sender_refused",
        "13224": "recipient_unreachable", "21614": "recipient_unreachable", "20500": "unavailable",
    },
}  # fmt: skip
EXPECTED["aliyun_voice"] = EXPECTED["aliyun"]
EXPECTED["tencent_voice"] = {
    code: reason for code, reason in EXPECTED["tencent"].items() if "InSmsPackage" not in code
} | {"FailedOperation.InsufficientBalanceInVoicePackage": "no_balance"}


@each(*EXPECTED)
async def test_the_commonest_errors_have_their_names(world: Rig):
    kind = kind_of(world)
    for code, reason in EXPECTED[kind].items():
        await world.emulator.act("trouble", {"number": world.person, "code": code})
        with pytest.raises(SendError) as caught:
            await world.send()
        assert (code, caught.value.reason) == (code, reason)
    await world.emulator.act("trouble", {"number": world.person, "code": ""})
    await world.send()


@each("aws")
async def test_the_topic_asks_first_and_only_its_own_address_is_called(world: Rig):
    emulator = world.emulator
    assert isinstance(emulator, AwsEmulator)
    await emulator.subscribe()
    assert [type(news) for news in world.news] == [Subscription]
    assert world.news[0].url.startswith("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&")
    for change in (
        {"SigningCertURL": "https://sns.evil.example/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem"},
        {"SignatureVersion": "1"},
        {"TopicArn": "arn:aws:sns:eu-west-1:000000000000:other"},
    ):
        envelope = emulator.sealed(emulator.envelope("Notification", "{}") | change)
        with pytest.raises(Forged):
            world.vendor.receipt(
                replace(world.requests[0], body=json.dumps(envelope).encode()), at=int(world.hub.now())
            )


@each("twilio")
async def test_the_same_form_as_the_adapter_in_service(world: Rig):
    asked = world.vendor.request(ANN, WORDS, key="k", callback_url="https://x.example/c", at=0, nonce="")
    assert dict(parse_qsl(asked.body.decode())) == {
        "To": ANN,
        "From": "+15550100000",
        "Body": WORDS.text,
        "ValidityPeriod": str(VALIDITY_S),
        "StatusCallback": f"https://x.example/c?try={mark('k')}",
    }


@each("twilio_voice", "vonage_voice")
async def test_the_vendors_own_libraries_accept_the_callbacks(world: Rig):
    """The emulator signs with code of its own: here a third party says whether it signs as the vendor does."""
    sent = await world.send()
    await world.emulator.act("press", {"id": sent.provider_id, "key": "1"})
    await world.until(lambda: len(world.requests) == 6)
    for came in world.requests:
        if world.vendor.name == "twilio":
            url = f"{world.callback_url.partition('/callbacks')[0]}{came.path}?{came.query}"
            form = dict(parse_qsl(came.body.decode(), keep_blank_values=True))
            assert RequestValidator("token").validate(url, form, came.headers["x-twilio-signature"])
        else:
            token = came.headers["authorization"].removeprefix("Bearer ")
            claims = jwt.decode(token, SIGNATURE, algorithms=["HS256"])
            assert claims["payload_hash"] == hashlib.sha256(came.body).hexdigest()


@each("vonage_voice")
async def test_a_captured_token_cannot_carry_another_body(world: Rig):
    sent = await world.send()
    await world.emulator.act("press", {"id": sent.provider_id, "key": ""})
    await world.until(lambda: len(world.requests) == 6)
    pressed = next(came for came in world.requests if b"dtmf" in came.body)
    other = pressed.body.replace(b'"digits": ""', b'"digits": "1"')
    assert other != pressed.body
    with pytest.raises(Forged, match="body"):
        world.vendor.receipt(replace(pressed, body=other), at=int(world.hub.now()))
