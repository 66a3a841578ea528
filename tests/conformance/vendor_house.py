"""Tocsin with every vendor of texts and calls at once: the App of `everywhere`, and an exchange behind each vendor.

The first of each region can be made ill in every way; what the people hear is in the exchanges.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.engine.effects import Reason
from bot.playground.hosting import loopback_socket, url_of
from bot.playground.hub import Hub, Json, Outage
from bot.playground.vendors.twilio_voice import TwilioVoiceEmulator
from bot.store.base import Delivery
from bot.store.base_tries import Try
from tests.conformance.everywhere import Everywhere, Member, everywhere
from tests.conformance.platform_kit import until
from tests.emulators.test_phone_adapter import BEHIND_A_SECRET, GUID, declared
from tests.emulators.vendor_world import ACCOUNT, OWN, SECRET, _emulator

ANN, BO, CY, WEI, XIA = "+14155550101", "+14155550102", "+14155550103", "+8613800000001", "+8613800000002"
TEXTS = ("twilio", "vonage", "aliyun", "tencent", "huawei")
CALLS = ("twilio_voice", "vonage_voice", "aliyun_voice", "tencent_voice")
FIRST = ("twilio", "twilio_voice", "aliyun", "aliyun_voice")
"""The first choice of the people's regions: texts and calls in America, texts and calls in mainland China."""
EMPTY = {
    "twilio": "20005",
    "twilio_voice": "20005",
    "aliyun": "isv.AMOUNT_NOT_ENOUGH",
    "aliyun_voice": "isv.AMOUNT_NOT_ENOUGH",
}
"""What each of them says when there is no balance left."""
LIFE_S = 3_600.0


class TwilioCalls(TwilioVoiceEmulator):
    """Twilio's exchange, which can take calls and lose them."""

    lies = False

    async def _begun(self, item: Json) -> None:
        if not self.lies:
            await TwilioVoiceEmulator._begun(self, item)


class Named:
    """An exchange under another name, since a vendor's console is set up for texts and for calls apart."""

    def __init__(self, name: str, exchange: Any) -> None:
        self.name = name
        self.exchange = exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self.exchange, name)


@dataclass(slots=True)
class House:
    """What a test looks at."""

    town: Everywhere
    exchanges: Mapping[str, Any]

    def switch(self, kind: str, outage: Outage) -> None:
        """Make a vendor ill, or well again; at whom nobody answers is declared before: see `house`."""
        self.town.hub.switch(getattr(self.exchanges[kind], "exchange", self.exchanges[kind]).name, outage)

    async def empty(self, kind: str, *numbers: str) -> None:
        """There is no balance left for these."""
        for number in numbers:
            await self.exchanges[kind].act("trouble", {"number": number, "code": EMPTY[kind]})

    def lie(self) -> None:
        """The first of each region takes everything, and nothing comes of it."""
        self.town.phones.step_s = LIFE_S
        self.exchanges["twilio_voice"].lies = True
        for aliyun in (self.exchanges["aliyun"], self.exchanges["aliyun_voice"].exchange):
            aliyun.callback_url = ""

    def items(self, kind: str, number: str = "") -> list[Json]:
        """The texts or calls that a vendor took, oldest first."""
        if kind == "twilio":
            found = [
                m | {"said": m["body"]} for m in self.town.phones.state()["messages"] if m["direction"] != "inbound"
            ]
        else:
            wanted = "call" if kind.endswith("_voice") else "text"
            found = [item for item in self.exchanges[kind].items if item["kind"] == wanted]
        return [item for item in found if number in ("", item["to"])]

    def took(self, number: str, kinds: Iterable[str] = (*TEXTS, *CALLS)) -> list[str]:
        """Which vendors took something for a number, each as often as they did."""
        return [kind for kind in kinds for _ in self.items(kind, number)]

    def ringing(self, number: str) -> tuple[str, str] | None:
        """The vendor and the id of the call that rings or listens at a number."""
        open_ = ("ringing", "listening")
        found = [(kind, item) for kind in CALLS for item in self.items(kind, number) if item["status"] in open_]
        return (found[-1][0], found[-1][1]["id"]) if found else None

    async def rings(self, number: str) -> tuple[str, str]:
        """Wait until a phone rings."""
        found: tuple[str, str] = await until(self._asked(lambda: self.ringing(number)), bool, f"{number} does not ring")
        return found

    async def key(self, number: str, key: str) -> str:
        """Answer the call and press a key; the words that are spoken then, as the vendor was told them."""
        kind, call = await self.rings(number)
        heard = await self.exchanges[kind].act("press", {"id": call, "key": key})
        assert heard["status"] == 200, heard
        return str(heard["text"])

    async def end(self, number: str, act: str) -> None:
        """`miss` a call, or let a `machine` answer it."""
        kind, call = await self.rings(number)
        await self.exchanges[kind].act(act, {"id": call})

    def rows(self, member: str, carrier: str) -> list[Delivery]:
        incident = self.town.incident()
        rows = self.town.app.parts.store.read(lambda tx: tx.deliveries_of(incident.id)) if incident else []
        return [row for row in rows if (row.member, row.carrier) == (member, carrier)]

    def tries(self, member: str, carrier: str) -> list[Try]:
        """The tries of a person's pages, oldest first."""
        rows = self.rows(member, carrier)
        return self.town.app.parts.store.read(lambda tx: [one for row in rows for one in tx.tries(row.id)])

    async def tried(self, member: str, carrier: str, done: Callable[[list[Try]], bool]) -> list[Try]:
        """Wait until the tries are so."""
        found: list[Try] = await until(
            self._asked(lambda: self.tries(member, carrier)), done, f"the {carrier} of {member} is not so"
        )
        return found

    def told(self, reason: Reason) -> list[tuple[str, str, Mapping[str, Any]]]:
        """The timeline's lines of one reason: member, way, facts."""
        return [(e.member, e.way, e.facts) for e in self.town.timeline() if e.reason is reason]

    async def shows(self, what: Callable[[], Any], why: str) -> Any:
        """Wait for something."""
        return await until(self._asked(what), bool, why)

    @staticmethod
    def _asked(what: Callable[[], Any]) -> Callable[[], Any]:
        async def ask() -> Any:
            return what()

        return ask


def on_call(phone: str, *ways: str, email: str = "", on: Iterable[str] = ()) -> Member:
    """Somebody with a phone whose Critical pages go by the first of these ways."""
    return Member(on=on, first=ways[0], phone=phone, email=email)


@asynccontextmanager
async def house(
    folder: Path,
    members: dict[str, Member],
    *,
    dead: Iterable[str] = (),
    slow: Iterable[str] = (),
    texts: Iterable[str] = TEXTS,
    calls: Iterable[str] = CALLS,
    change: Callable[[Json], Json] = lambda declared: declared,
) -> AsyncIterator[House]:
    """`dead` vendors refuse every connection, `slow` ones take it and never answer."""
    closed, silent = loopback_socket(), loopback_socket()
    silent.listen(64)
    nobody, mute = url_of(closed), url_of(silent)
    exchanges: dict[str, Any] = {}

    def also(hub: Hub, product: str) -> list[Any]:
        exchanges.update(_exchanges(hub, product))
        return [exchanges[kind] for kind in exchanges if kind != "vonage_voice"]

    def declare(found: Json) -> Json:
        base = found["platforms"]["sms"]["base_url"].removesuffix("/twilio")
        own = found["platforms"]["sms"]

        def one(kind: str) -> Json:
            place = "vonage" if kind == "vonage_voice" else kind
            said: Json = dict(own) if kind == "twilio" else declared(kind, f"{base}/{place}")
            if kind in dead or kind in slow:
                said["base_url"] = nobody if kind in dead else mute
            return said

        found["platforms"]["sms"] = {"vendors": [one(kind) for kind in texts]}
        found["platforms"]["voice"] = {"vendors": [one(kind) for kind in calls]}
        return change(found)

    closed.close()
    try:
        async with everywhere(folder, members, declare=declare, also=also) as town:
            town.phones.inbound_url = f"{town.product}/callbacks/sms/twilio"
            exchanges["twilio"] = town.phones
            yield House(town, exchanges)
    finally:
        silent.close()


def _exchanges(hub: Hub, product: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "twilio_voice": TwilioCalls(hub=hub, account_sid=ACCOUNT, auth_token="token", numbers=[OWN])
    }
    for kind in ("vonage", "aliyun", "aliyun_voice", "tencent", "tencent_voice", "huawei"):
        vendor, _, call = kind.partition("_")
        end = f"/{SECRET}" if vendor in BEHIND_A_SECRET else ""
        exchange: Any = _emulator(kind, hub, f"{product}/callbacks/{'voice' if call else 'sms'}/{vendor}{end}")
        made[kind] = Named(kind, exchange) if call else exchange
    made["vonage"].application_id = GUID
    made["huawei"].channels = {"8820000000": "示例"}
    made["vonage_voice"] = made["vonage"]
    return made
