"""One rig for every vendor: its emulator on loopback, the product's vendor with its line, and who hears the callbacks.

A test asks for a rig by name, so that every vendor is held to the same promises.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette

from bot.adapters.base import HttpRequest, Receipt
from bot.adapters.vendors import aliyun, aws, huawei, tencent, twilio, twilio_voice, vonage, vonage_voice
from bot.adapters.vendors.contract import CertificateNeeded, Forged, KeyPress, News, Slot, Vendor, Words
from bot.adapters.vendors.line import Line
from bot.playground.hosting import serving
from bot.playground.hub import Hub
from bot.playground.twilio import TwilioEmulator
from bot.playground.vendors.aliyun import AliyunEmulator
from bot.playground.vendors.aws import AwsEmulator
from bot.playground.vendors.exchange import Exchange
from bot.playground.vendors.huawei import HuaweiEmulator
from bot.playground.vendors.tencent import TencentEmulator
from bot.playground.vendors.twilio_voice import TwilioVoiceEmulator
from bot.playground.vendors.vonage import VonageEmulator

OWN, ANN, WEI = "+15550100000", "+15550100001", "+8613800000001"
SECRET = "an-unguessable-end-of-32-letters"
SIGNATURE = "a-signature-secret-of-32-letters"
ACCOUNT = "AC" + "0" * 32
TOPIC = "arn:aws:sns:eu-west-1:000000000000:tocsin"
SLOTS = (
    Slot(name="severity", value="severity", length_max=6),
    Slot(name="number", value="incident", length_max=12),
)
WORDS = Words(
    text="Critical INC-7 disk full. Press 1 to acknowledge. https://tocsin.example/a/1",
    values={"severity": "Critical", "incident": "INC-7 https://tocsin.example/i/7", "title": "disk full"},
)

TEXTS = ("twilio", "vonage", "aws", "aliyun", "tencent", "huawei")
CALLS = ("twilio_voice", "vonage_voice", "aliyun_voice", "tencent_voice")


@dataclass
class Rig:
    """What a test plays with."""

    vendor: Vendor
    line: Line
    emulator: Exchange | TwilioEmulator
    person: str
    hub: Hub
    callback_url: str = ""
    news: list[News] = field(default_factory=list)
    requests: list[HttpRequest] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    said: str = "You have it, goodbye."
    again: Words | None = None

    async def send(self, key: str = "delivery-1", to: str = "") -> Any:
        return await self.line.send(to or self.person, WORDS, key=key, callback_url=self.callback_url)

    def receipts(self) -> list[Receipt]:
        """The final ones."""
        return [each for each in self.news if isinstance(each, Receipt) and each.state != "alive"]

    def alive(self) -> list[Receipt]:
        return [each for each in self.news if isinstance(each, Receipt) and each.state == "alive"]

    def pressed(self) -> list[KeyPress]:
        return [each for each in self.news if isinstance(each, KeyPress)]

    async def until(self, done: Callable[[], bool]) -> None:
        await settled(done, lambda: (self.news, self.forged, list(self.hub.notices)[-3:]))

    def _fetch(self, url: str) -> None:
        """Instead of a GET of Amazon's own address, which a test may not make."""
        assert isinstance(self.vendor, aws.AwsSms)
        assert isinstance(self.emulator, AwsEmulator)
        assert url == self.emulator.certificate_url
        self.vendor.certificates[url] = self.emulator.certificate

    async def handle(self, request: web.Request) -> web.Response:
        """The product's side of a callback, as whoever wires it will write it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        came = HttpRequest(
            method=request.method,
            path=request.rel_url.raw_path,
            query=request.rel_url.raw_query_string,
            headers=headers,
            body=await request.read(),
        )
        self.requests.append(came)
        try:
            news = self.vendor.receipt(came, at=int(self.hub.now()))
        except CertificateNeeded as needed:
            self._fetch(needed.url)
            news = self.vendor.receipt(came, at=int(self.hub.now()))
        except Forged as forged:
            self.forged.append(str(forged))
            return web.Response(status=401)
        self.news += news
        answer = self.vendor.answer(news, self.said, "en", again=self.again, callback_url=self.callback_url)
        return web.Response(status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type})


async def settled(done: Callable[[], bool], seen: Callable[[], object]) -> None:
    """Wait for what comes by itself; what was `seen` instead is told."""
    deadline = time.monotonic() + 5
    while not done():
        assert time.monotonic() < deadline, seen()
        await asyncio.sleep(0.01)


@cache
def rsa_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def _emulator(kind: str, hub: Hub, callback: str) -> Exchange | TwilioEmulator:
    common: dict[str, Any] = {"hub": hub, "people": {ANN: "Ann", WEI: "Wei"}, "callback_url": callback}
    match kind.removesuffix("_voice"):
        case "twilio" if kind == "twilio":
            return TwilioEmulator(hub, ACCOUNT, "token", [OWN], people={ANN: "Ann"}, step_s=0)
        case "twilio":
            return TwilioVoiceEmulator(**common, account_sid=ACCOUNT, auth_token="token", numbers=[OWN])
        case "vonage":
            return VonageEmulator(
                **common,
                api_key="abcd1234",
                api_secret="api-secret",
                signature_secret=SIGNATURE,
                application_id="app-1",
                public_key=rsa_pair()[1],
                numbers=[OWN],
            )
        case "aws":
            return AwsEmulator(
                **common,
                access_key="AKID",
                secret_key="aws-secret",
                region="eu-west-1",
                identities=[OWN],
                configuration_sets=["tocsin"],
                topic_arn=TOPIC,
            )
        case "aliyun":
            return AliyunEmulator(
                **common,
                access_key="AKID",
                secret_key="ali-secret",
                signatures=["示例"],
                templates={
                    "SMS_1": ["severity", "number"],
                    "TTS_1": ["severity", "number"],
                    "TTS_2": [],
                    "SMS_9": ["severity", "number"],
                },
                abroad=["SMS_9"],
                show_numbers=["057100000000"],
            )
        case "tencent":
            return TencentEmulator(
                **common,
                secret_id="AKID",
                secret_key="tc-secret",
                sms_app="1400006666",
                voice_app="1400007777",
                signatures=["示例"],
                templates={"449739": 2, "999": 2},
                abroad=["999"],
            )
        case _:
            return HuaweiEmulator(
                **common,
                app_key="key-1",
                app_secret="hw-secret",
                channels={"8820": "示例"},
                templates={"t1": 2, "t9": 2},
                abroad=["t9"],
            )


def vendor_of(kind: str, base: str, public: str, wrong: str = "") -> Vendor:
    """The product's vendor against `base`; `wrong` is put behind every secret."""
    match kind:
        case "twilio" | "twilio_voice":
            account = twilio.TwilioAccount(
                account_sid=ACCOUNT, auth_token=f"token{wrong}", sender=OWN, base_url=base, callback_base=public
            )
            return twilio.TwilioSms(account) if kind == "twilio" else twilio_voice.TwilioVoice(account)
        case "vonage":
            return vonage.VonageSms(
                vonage.VonageAccount(
                    api_key="abcd1234",
                    api_secret=f"api-secret{wrong}",
                    sender=OWN,
                    signature_secret=SIGNATURE + wrong,
                    base_url=base,
                )
            )
        case "vonage_voice":
            return vonage_voice.VonageVoice(
                vonage_voice.VonageApplication(
                    application_id=f"app-1{wrong}",
                    private_key=rsa_pair()[0],
                    sender=OWN,
                    api_key="abcd1234",
                    signature_secret=SIGNATURE + wrong,
                    base_url=base,
                )
            )
        case "aws":
            return aws.AwsSms(
                aws.AwsAccount(
                    access_key="AKID",
                    secret_key=f"aws-secret{wrong}",
                    region="eu-west-1",
                    sender=OWN,
                    configuration_set="tocsin",
                    topic_arn=TOPIC + wrong,
                    base_url=base,
                )
            )
        case _:
            return _chinese(kind, base, wrong)


def _chinese(kind: str, base: str, wrong: str) -> Vendor:
    match kind:
        case "aliyun" | "aliyun_voice":
            key = aliyun.AliyunAccount(
                access_key="AKID", secret_key=f"ali-secret{wrong}", callback_secret=SECRET + wrong, base_url=base
            )
            if kind == "aliyun":
                return aliyun.AliyunSms(
                    account=key, signature="示例", template="SMS_1", slots=SLOTS, template_abroad="SMS_9"
                )
            return aliyun.AliyunVoice(
                account=key, show_number="057100000000", template="TTS_1", slots=SLOTS, taken_template="TTS_2"
            )
        case "tencent" | "tencent_voice":
            user = tencent.TencentAccount(
                secret_id="AKID", secret_key=f"tc-secret{wrong}", callback_secret=SECRET + wrong, base_url=base
            )
            if kind == "tencent":
                return tencent.TencentSms(
                    account=user,
                    app_id="1400006666",
                    signature="示例",
                    template="449739",
                    slots=SLOTS,
                    template_abroad="999",
                )
            return tencent.TencentVoice(account=user, app_id="1400007777", template="449739", slots=SLOTS)
        case _:
            app = huawei.HuaweiAccount(
                app_key="key-1", app_secret=f"hw-secret{wrong}", callback_secret=SECRET + wrong, base_url=base
            )
            return huawei.HuaweiSms(
                account=app, channel="8820", signature="示例", template="t1", slots=SLOTS, template_abroad="t9"
            )


@asynccontextmanager
async def rig(kind: str) -> AsyncIterator[Rig]:
    """Everything up, and everything down again."""
    async with AsyncExitStack() as stack:
        hub = Hub(time.time, slow_s=0.6)
        application = web.Application()
        runner = web.AppRunner(application)
        holder: list[Rig] = []

        async def handle(request: web.Request) -> web.Response:
            return await holder[0].handle(request)

        application.router.add_route("*", "/{tail:.*}", handle)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        public = f"http://127.0.0.1:{runner.addresses[0][1]}"
        callback = f"{public}/callbacks/{kind}/{SECRET}"
        emulator = _emulator(kind, hub, callback)
        await emulator.start()
        stack.push_async_callback(emulator.stop)
        base = await stack.enter_async_context(serving(Starlette(routes=list(emulator.routes()))))
        vendor = vendor_of(kind, base, public)
        line = Line(vendor=vendor, now=lambda: int(hub.now()), call_s=2.0)
        await line.start()
        stack.push_async_callback(line.stop)
        person = WEI if kind.startswith(("aliyun", "tencent", "huawei")) else ANN
        holder.append(Rig(vendor, line, emulator, person, hub, callback_url=callback))
        yield holder[0]
