"""One Tocsin on every platform at once: the real App, web server and SDKs, before the strict emulators of `sides.py`.

Everything runs in the loop of the test; the clock of the product and of the platforms is one, and can be moved.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.app import App
from bot.cards.token import Key, Token
from bot.cards.token import read as read_token
from bot.cli import boot
from bot.clock import SystemClock
from bot.engine.effects import Entry
from bot.engine.model import SECOND, Incident
from bot.manifest.load import read
from bot.playground.hosting import loopback_socket, serving, url_of
from bot.playground.hub import Hub, Json
from bot.playground.mail import MailEmulator
from bot.playground.server import Playground
from bot.playground.twilio import TwilioEmulator
from bot.settings import Settings
from bot.store.base import Store
from tests.conformance.platform_kit import until
from tests.conformance.sides import SIDES, STAFF, Side, strings
from webhooks.app import web_app
from webhooks.sources import SOURCES

INTEGRATION = "everywhere-integration-key"
WARDEN = "warden@example.com"
ACCOUNT = "AC00000000000000000000000000000001"
SHOWN = {"message", "update", "edited"}
"""The notices by which a platform tells that a message is there, or was changed."""


class Shown(deque[Json]):
    """The notices of a hub; a message is kept as it was at that moment, not as it is changed later."""

    def append(self, notice: Json) -> None:
        if notice["kind"] in SHOWN and "message" in notice["data"]:
            super().append(json.loads(json.dumps(notice)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of `STAFF` as the manifest has them."""

    on: Iterable[str]
    first: str = ""
    phone: str = ""
    email: str = ""

    def declared(self, name: str, sides: dict[str, Side]) -> Json:
        ways = {"notify": {"critical": [self.first]}} if self.first else {}
        own = {key: value for key, value in (("phone", self.phone), ("email", self.email)) if value}
        accounts = {each: sides[each].account(name) for each in self.on}
        return {"name": f"{name.title()} Lee", "identities": accounts, **own, **ways}


@dataclass(slots=True)
class Everywhere:
    """What a test looks at, and how it lets things happen."""

    product: str
    app: App
    clock: SystemClock
    hub: Hub
    sides: dict[str, Side]
    mail: MailEmulator
    phones: TwilioEmulator
    http: aiohttp.ClientSession
    environment: dict[str, str] = field(default_factory=dict)
    """What the command line needs to work on the same manifest and database."""

    async def fire(self, title: str = "disk full") -> None:
        """A monitoring system reports trouble."""
        body = {"event_status": "Critical", "title_rule": title, "alert_key": title}
        async with self.http.post(f"{self.product}/in/standard/{INTEGRATION}", json=body) as answer:
            assert answer.status == 200, await answer.text()

    def later(self, seconds: float) -> None:
        """Move the clock of everything forward."""
        self.clock.advance(int(seconds * SECOND))
        self.app.wake()

    def incident(self, num: int = 1) -> Incident | None:
        return self.app.parts.store.read(lambda tx: tx.incident_by_num(num))

    def timeline(self, num: int = 1) -> list[Entry]:
        incident = self.incident(num)
        return list(self.app.parts.store.read(lambda tx: tx.timeline(incident.id))) if incident else []

    def alarms(self) -> list[str]:
        return [row.code for row in self.app.parts.store.read(lambda tx: tx.alarms(100))]

    def mails(self, address: str) -> list[Json]:
        boxes = self.mail.state()["mailboxes"]
        return [mail for box in boxes if box["address"] == address for mail in box["mails"]]

    def texts(self, number: str) -> list[str]:
        return [m["body"] for m in self.phones.state()["messages"] if m["to"] == number]

    def tokens(self, message: Json) -> list[tuple[Token, str]]:
        """What the buttons of a message carry."""
        return tokens_of(message, self.app.parts.key)

    def rev(self, message: Json) -> int:
        """The revision that a card shows; 0 for what has no buttons."""
        return max((token.rev for token, _ in self.tokens(message)), default=0)

    def card(self, side: Side, num: int = 1) -> Json:
        """The incident's card in the group of a platform, as it is now."""
        incident = self.incident(num)
        cards = [m for m in side.group() if incident and any(t.incident == incident.id for t, _ in self.tokens(m))]
        return cards[-1] if cards else {}

    def button(self, message: Json, verb: str) -> str:
        """The token of the first button of a card that does this."""
        return next(text for token, text in self.tokens(message) if token.verb == verb)

    def history(self, side: Side) -> dict[str, list[int]]:
        """Every card that the platform showed anywhere, with the revisions in the order that people saw them."""
        found: dict[str, list[int]] = {}
        for notice in self.hub.notices:
            message = notice["data"]["message"]
            if notice["platform"] == side.name and (rev := self.rev(message)):
                place = str(notice["data"].get("channel") or notice["data"].get("chat_id") or message["conversation"])
                number = message.get("ts") or message.get("message_id") or message.get("id")
                found.setdefault(f"{place} {number}", []).append(rev)
        return found

    async def settled(self, why: str, *sides: Side) -> int:
        """Wait until each platform's card shows the incident as it is; the revision."""

        async def stale() -> list[str]:
            incident = self.incident()
            rev = incident.rev if incident else -1
            return [f"{s.name} {self.rev(self.card(s))}<{rev}" for s in shown if self.rev(self.card(s)) != rev]

        shown = sides or tuple(self.sides.values())
        await until(stale, lambda found: not found, why)
        incident = self.incident()
        assert incident is not None
        return incident.rev


def tokens_of(message: Json, key: Key) -> list[tuple[Token, str]]:
    """Every text of a message that is sealed with the product's key, and what it says."""
    own = {name: part for name, part in message.items() if name != "reply_to_message"}  # what it answers is another one
    found = ((read_token(key, text), text) for text in strings(own))
    return [(token, text) for token, text in found if token is not None]


OPERATOR = Member(on=(), email=WARDEN)


def manifest(
    sides: dict[str, Side],
    base: str,
    product: str,
    smtp_port: int,
    members: dict[str, Member],
    warden: Member = OPERATOR,
) -> Json:
    """Everybody in `members` is paged at once, and every platform's group shows the card. The warden is Eve."""
    return {
        "organization": "Everywhere",
        "public_url": product,
        "members": {
            "warden": warden.declared("eve", sides),
            **{name: member.declared(name, sides) for name, member in members.items()},
        },
        "channels": {
            "pay": {
                "name": "Payments",
                "chats": [{"platform": side.name, "id": side.chat} for side in sides.values()],
                "rules": [
                    {"name": "All", "levels": [{"notify": [f"member:{m}" for m in members], "escalate_after": "12h"}]}
                ],
            }
        },
        "integrations": {"p": {"source": "standard", "channel": "pay", "key": INTEGRATION}},
        "catch_all": ["member:warden"],
        "platforms": {
            **{side.name: side.declared() for side in sides.values()},
            "sms": {
                "vendor": "twilio",
                "account_sid": ACCOUNT,
                "auth_token": "playground-auth-token",
                "from": "+14155550100",
                "base_url": f"{base}/twilio",
            },
            "email": {"host": "127.0.0.1", "port": smtp_port, "from": "tocsin@example.com", "starttls": False},
        },
    }


@asynccontextmanager
async def everywhere(
    folder: Path,
    members: dict[str, Member] | None = None,
    *,
    warden: Member = OPERATOR,
    wrap: Callable[[Store], Store] = lambda store: store,
    rate_limits: bool = True,
    declare: Callable[[Json], Json] = lambda declared: declared,
    also: Callable[[Hub, str], Sequence[Any]] = lambda _hub, _product: (),
) -> AsyncIterator[Everywhere]:
    """Open it all on SQLite in `folder`; `wrap` puts something between the product and its database.

    `also` brings more emulators, for a hub and the address that callbacks go to; `declare` may change what the manifest
    declares.
    """
    clock, house, door, smtp = SystemClock(), loopback_socket(), loopback_socket(), loopback_socket()
    base, product = url_of(house), url_of(door)
    hub = Hub(now=lambda: clock.now() / SECOND, notices=Shown())
    mail = MailEmulator(hub, port=smtp.getsockname()[1])
    smtp.close()
    phones = TwilioEmulator(
        hub, account_sid=ACCOUNT, auth_token="playground-auth-token", numbers=("+14155550100",), step_s=0.01
    )
    sides: dict[str, Side] = {}
    for name, make in SIDES.items():
        made: Any = make
        sides[name] = made(hub, base, product, rate_limits=rate_limits)
    members = members or {name: Member(on=sides, first="email", email=f"{name}@example.com") for name in STAFF}
    others = also(hub, product)
    file, database = folder / "tocsin.yaml", f"sqlite:///{(folder / 'tocsin.db').absolute()}"
    declared = declare(manifest(sides, base, product, mail.port, members, warden))
    file.write_text(json.dumps(declared, indent=1), encoding="utf-8")
    loaded = read(file.read_text(encoding="utf-8"), file=str(file), env={}, sources=SOURCES)
    store = wrap(boot.store_of(database, migrate=True))
    app = boot.build(Settings(manifest=file, database=database), loaded, store, clock)
    playground = Playground(hub, [*(side.emulator for side in sides.values()), phones, mail, *others])
    timeout = aiohttp.ClientTimeout(total=20)
    try:
        async with (
            serving(playground.app, house),
            serving(web_app(app, app.work), door),
            aiohttp.ClientSession(timeout=timeout) as http,
        ):
            place = Everywhere(product, app, clock, hub, sides, mail, phones, http)
            place.environment = {"TOCSIN_MANIFEST": str(file), "TOCSIN_DATABASE": database}
            await until(place_of(place, declared), bool, "Telegram's webhook was not registered")
            yield place
    finally:
        store.close()


def place_of(place: Everywhere, declared: Json) -> Callable[[], Any]:
    """Asks whether each platform that is declared knows by now where its callbacks go."""
    sides = [side for name, side in place.sides.items() if name in declared["platforms"]]

    async def registered() -> bool:
        return all(side.emulator.state().get("webhook_url", "-") for side in sides)

    return registered


async def at_once(*work: Any) -> list[Any]:
    """All of it at the same time."""
    return list(await asyncio.gather(*work))
