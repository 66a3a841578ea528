"""From the manifest to the telephone and back: every vendor behind the adapter of its medium, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette

from bot.adapters.base import Answer, Inbound, Keyed, Permanent, Receipt, Slash
from bot.adapters.phone import PhoneAdapter
from bot.adapters.vendors.contract import mark
from bot.manifest import load
from bot.playground.hosting import serving
from bot.playground.hub import Hub
from bot.playground.twilio import TwilioEmulator
from bot.playground.vendors.aws import AwsEmulator
from bot.playground.vendors.huawei import HuaweiEmulator
from bot.playground.vendors.vonage import VonageEmulator
from bot.registry import CARRIERS
from tests.emulators.vendor_world import (
    ACCOUNT,
    ANN,
    CALLS,
    OWN,
    SECRET,
    SIGNATURE,
    TEXTS,
    TOPIC,
    WEI,
    _emulator,
    rsa_pair,
    settled,
)
from tests.unit.manifests import small
from webhooks import callbacks

GUID = "00000000-0000-4000-8000-000000000001"
SLOTS = [
    {"name": "severity", "value": "severity", "length_max": 6},
    {"name": "number", "value": "incident", "length_max": 12},
]
MESSAGE = {"text": "Critical INC-7", "values": {"severity": "Critical", "incident": "INC-7"}, "lang": "en"}
BEHIND_A_SECRET = ("aliyun", "tencent", "huawei")


def declared(kind: str, base: str) -> dict[str, Any]:
    """What an operator writes for a vendor."""
    name = kind.removesuffix("_voice")
    common = {"vendor": name, "base_url": base}
    templates = common | {"callback_secret": SECRET, "slots": SLOTS}
    match name:
        case "twilio":
            return common | {"account_sid": ACCOUNT, "auth_token": "token", "from": OWN}
        case "vonage":
            proof = common | {"api_key": "abcd1234", "signature_secret": SIGNATURE, "from": OWN}
            calls = {"application_id": GUID, "private_key": rsa_pair()[0].replace("\n", "\\n")}
            return proof | (calls if kind.endswith("_voice") else {"api_secret": "api-secret"})
        case "aws":
            key = {"access_key": "AKID", "secret_key": "aws-secret", "region": "eu-west-1", "from": OWN}
            return common | key | {"configuration_set": "tocsin", "topic_arn": TOPIC}
        case "aliyun":
            key = templates | {"access_key": "AKID", "secret_key": "ali-secret"}
            calls = {"show_number": "057100000000", "template": "TTS_1", "taken_template": "TTS_2"}
            return key | (calls if kind.endswith("_voice") else {"signature": "示例", "template": "SMS_1"})
        case "tencent":
            key = templates | {"secret_id": "AKID", "secret_key": "tc-secret", "template": 449739}
            texts = {"app_id": 1400006666, "signature": "示例"}
            return key | ({"app_id": 1400007777} if kind.endswith("_voice") else texts)
        case _:
            key = templates | {"app_key": "key-1", "app_secret": "hw-secret", "template": "t1"}
            return key | {"channel": "8820000000", "signature": "示例"}


@dataclass
class Line:
    """A vendor, its adapter, and all that came in."""

    adapter: PhoneAdapter
    emulator: Any
    vendor: str
    public: str
    person: str
    receipts: list[Receipt] = field(default_factory=list)
    inbound: list[Inbound | Keyed] = field(default_factory=list)
    answer: Answer = field(default_factory=lambda: Answer(message={"text": "Acknowledged."}))

    async def until(self, done: Callable[[], bool]) -> None:
        await settled(done, lambda: (self.receipts, self.inbound))

    async def post(self, path: str, body: bytes = b"[]") -> int:
        async with aiohttp.ClientSession() as http, http.post(self.public + path, data=body) as response:
            return response.status


@asynccontextmanager
async def opened(kind: str) -> AsyncIterator[Line]:
    medium = "voice" if kind.endswith("_voice") else "sms"
    vendor = kind.removesuffix("_voice")
    made: dict[str, Any] = {}
    refused: list[str] = []

    async def hear(name: str) -> None:
        refused.append(name)

    application = Starlette(routes=callbacks.routes(made, hear))
    async with AsyncExitStack() as stack:
        public = await stack.enter_async_context(serving(application))
        end = f"/{SECRET}" if vendor in BEHIND_A_SECRET else ""
        hub = Hub(time.time, slow_s=0.6)
        emulator: Any = _emulator(kind, hub, f"{public}/callbacks/{medium}/{vendor}{end}")
        if isinstance(emulator, VonageEmulator):
            emulator.application_id = GUID
        if isinstance(emulator, HuaweiEmulator):
            emulator.channels = {"8820000000": "示例"}
        await emulator.start()
        stack.push_async_callback(emulator.stop)
        base = await stack.enter_async_context(serving(Starlette(routes=list(emulator.routes()))))
        text = small({"platforms": {medium: declared(kind, base)}})
        settings = load.read(text, file="t", env={}).platforms.settings()[medium]
        adapter = CARRIERS[medium].make({**settings, "clock": hub.now, "callback_base": public})
        assert isinstance(adapter, PhoneAdapter)
        line = Line(adapter, emulator, vendor, public, WEI if vendor in BEHIND_A_SECRET else ANN)
        made[medium] = adapter

        async def emit(inbound: Inbound | Keyed) -> Answer:
            line.inbound.append(inbound)
            return line.answer

        async def notice(receipt: Receipt) -> None:
            line.receipts.append(receipt)

        await adapter.start(emit, notice)
        stack.push_async_callback(adapter.stop)
        if isinstance(emulator, AwsEmulator):  # instead of a GET of Amazon's own address
            adapter._lines["aws"].learn(emulator.certificate_url, emulator.certificate)
        yield line


@pytest.fixture
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    async with opened(request.param) as made:
        yield made


def each(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("line", kinds, indirect=True)


@each(*TEXTS)
async def test_a_text_goes_out_and_its_receipt_and_a_reply_come_back(line: Line):
    assert line.adapter.route(line.person) == (line.vendor,)
    assert [found.ok for found in await line.adapter.check()] == [True]
    sent = await line.adapter.send(line.person, MESSAGE, key="row:1")
    await line.until(lambda: any(receipt.state == "delivered" for receipt in line.receipts))
    receipt = line.receipts[-1]
    assert (receipt.vendor, receipt.provider_id, receipt.carrier) == (line.vendor, sent.provider_id, "sms")
    assert receipt.mark == ("" if line.vendor == "tencent" else mark("row:1"))
    if isinstance(line.emulator, TwilioEmulator):
        line.emulator.inbound_url = f"{line.public}/callbacks/sms/twilio"
        result = await line.emulator.act("reply", {"from": line.person, "body": "ack 7"})
        assert result["answers"] == ["Acknowledged."]
    else:
        heard = await line.emulator.act("say", {"from": line.person, "text": "ack 7"})
        assert heard["status"] == 200
    (said,) = line.inbound
    assert isinstance(said, Slash)
    assert (said.platform, said.user, said.text) == ("sms", line.person, "ack 7")
    assert said.key.startswith(f"{line.vendor}:")


@each(*CALLS)
async def test_a_call_goes_out_and_its_key_comes_back(line: Line):
    assert [found.ok for found in await line.adapter.check()] == [True]
    sent = await line.adapter.call(line.vendor, line.person, MESSAGE, key="row:1")
    await line.emulator.act("press", {"id": sent.provider_id, "key": "1"})
    await line.until(lambda: bool(line.inbound) and any(each.state == "delivered" for each in line.receipts))
    keyed = line.inbound[0]
    assert isinstance(keyed, Keyed)
    assert (keyed.platform, keyed.vendor, keyed.provider_id, keyed.digit) == (
        "voice", line.vendor, sent.provider_id, "1",
    )  # fmt: skip
    assert keyed.mark == ("" if line.vendor == "tencent" else mark("row:1"))
    if line.vendor in ("twilio", "vonage"):
        assert line.emulator.items[0]["then"] == "Acknowledged."


@each("twilio_voice", "vonage_voice")
async def test_star_is_answered_with_all_of_it_again(line: Line):
    line.answer = Answer(message={**MESSAGE, "more": True})
    sent = await line.adapter.call(line.vendor, line.person, MESSAGE, key="row:1")
    await line.emulator.act("press", {"id": sent.provider_id, "key": "*"})
    assert line.emulator.items[0]["then"] == "Critical INC-7"
    line.answer = Answer(message={"text": "Acknowledged."})
    await line.emulator.act("press", {"id": sent.provider_id, "key": "1"})
    assert line.emulator.items[0]["then"] == "Acknowledged."
    assert [each.digit for each in line.inbound if isinstance(each, Keyed)] == ["*", "1"]


@each("twilio", "aliyun", "huawei")
async def test_callbacks_of_strangers_are_refused(line: Line):
    right = f"/callbacks/sms/{line.vendor}"
    assert await line.post(f"{right}/{SECRET[:-1]}x") == 401
    assert await line.post(right) == 401
    assert await line.post("/callbacks/sms/acme") == 404
    assert await line.post("/callbacks/voice/twilio") == 404
    assert line.receipts == []
    assert line.inbound == []


@each("twilio")
async def test_nobody_goes_where_none_of_them_goes(line: Line):
    assert line.adapter.route(WEI) == ()
    with pytest.raises(Permanent, match="no_vendor_for_region"):
        await line.adapter.send(WEI, MESSAGE, key="k")
