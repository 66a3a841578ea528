"""A running Tocsin whose only way to people is mail: a real relay on loopback, and members who write back."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import make_msgid
from typing import Any

from bot.adapters.email import SmtpAdapter, SmtpSettings
from bot.app import App, Parts
from bot.clock import Ids, VirtualClock
from bot.engine.model import SECOND, Incident, Severity
from bot.engine.world import World
from bot.playground.hub import Hub
from bot.playground.mail import MailEmulator
from bot.store.base import DeliveryState
from bot.store.memory import MemoryStore
from tests.scenarios.company import company
from tests.sim.world import instant

KEY = b"the key of mails"
DOMAIN = "in.example.net"
MORNING = instant("2026-03-03T10:00")


class Keeping(MailEmulator):
    """A relay that also keeps what it was given, byte for byte."""

    raws: list[bytes]

    def keep(self, envelope_from: str, recipients: Any, content: bytes) -> str | None:
        """Keep the bytes first."""
        self.raws.append(content)
        return super().keep(envelope_from, recipients, content)


def by_mail_only() -> World:
    """Nobody has an account or a phone; Bo is on call, Cy comes next."""
    world = company()
    members = {name: replace(each, identities={}, phone="") for name, each in world.members.items()}
    return replace(world, members=members, mail_domain=DOMAIN)


@dataclass
class PostOffice:
    """What happens to mail, and what came of it."""

    app: App
    clock: VirtualClock
    relay: Keeping
    store: MemoryStore
    read: list[int] = field(default_factory=list)

    async def open(self, title: str = "磁盘 disk full") -> Incident:
        """Somebody opens an incident: Bo is paged."""
        handled = await self.app.transact(
            lambda tx: self.app.service.open_by_hand(
                tx, channel="ops", title=title, severity=Severity.CRITICAL, by="ann"
            )
        )
        return handled.incident

    async def later(self, span: int) -> None:
        """Time passes."""
        self.clock.set(self.clock.now() + span)
        self.app.wake()

    async def mails(self, count: int, to: str = "bo@example.com") -> list[EmailMessage]:
        """The first `count` mails to somebody, oldest first, as soon as they are there; no more may have come."""
        found: list[EmailMessage] = []

        def there() -> bool:
            found[:] = [mail for raw in self.relay.raws if (mail := parsed(raw))["To"] == to]
            return len(found) >= count

        await until(there, f"{count} mails to {to}")
        await until(self._recorded, "the pages written down")
        assert len(found) == count, [mail["Subject"] for mail in found]
        return found

    def _recorded(self) -> bool:
        rows = self.store._tx._tables.deliveries.values()
        return all(row.state is not DeliveryState.QUEUED for row in rows if row.member)

    def envelope(self, mail: EmailMessage) -> str:
        """The envelope sender that a mail came with."""
        boxes = [mail for box in self.relay.state()["mailboxes"] for mail in box["mails"]]
        wanted = str(mail["Message-ID"])
        return next(b["envelope_from"] for b in boxes if ["Message-ID", wanted] in b["headers"])

    async def answer(
        self, mail: EmailMessage, text: str, *, sender: str = "Bo <bo@example.com>", **headers: str
    ) -> EmailMessage:
        """Write back as a mail program does: to Reply-To, with the quoted mail below."""
        back = EmailMessage(policy=SMTP)
        back["From"], back["To"] = sender, str(mail["Reply-To"])
        back["Subject"] = headers.pop("Subject", f"Re: {mail['Subject']}")
        back["Message-ID"] = make_msgid(domain="mail.gmail.com")
        back["In-Reply-To"] = str(mail["Message-ID"])
        back["References"] = f"{mail['References']} {mail['Message-ID']}"
        for name, value in headers.items():
            back[name.replace("_", "-")] = value
        quoted = "\n".join(f"> {line}" for line in mail.get_body(("plain",)).get_content().splitlines())
        back.set_content(f"{text}\n\nOn Tue, Mar 3, 2026 at 10:01 AM Tocsin <t@example.com>\nwrote:\n\n{quoted}\n")
        envelope = re.search(r"[^<\s]+@[^>\s]+", sender)
        await self.app.mailbox.take(envelope[0] if envelope else "", str(mail["Reply-To"]), back.as_bytes())
        return back

    async def incident(self, num: int = 1) -> Incident:
        """An incident as it is now."""
        found = await self.app.committer.read(lambda tx: tx.incident_by_num(num))
        assert found is not None
        return found

    async def told(self, num: int = 1) -> list[tuple[str, dict[str, str]]]:
        """The timeline as kinds and facts."""
        one = await self.incident(num)
        entries = await self.app.committer.read(lambda tx: tx.timeline(one.id))
        return [(entry.kind.name.casefold(), {"reason": entry.reason.value, **entry.facts}) for entry in entries]


def parsed(raw: bytes) -> EmailMessage:
    """A mail as Python reads it."""
    return message_from_bytes(raw, policy=default)


async def until(there: Callable[[], bool], what: str) -> None:
    """Wait for something that other tasks do."""
    for _ in range(500):
        if there():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"not in time: {what}")


@asynccontextmanager
async def post_office(world: World | None = None) -> AsyncIterator[PostOffice]:
    """Open the doors, and close them again."""
    clock, store = VirtualClock(MORNING), MemoryStore()
    relay = Keeping(Hub(time.time))
    relay.raws = []
    await relay.start()
    settings = SmtpSettings(
        relays=({"host": "127.0.0.1", "port": relay.port, "starttls": False},),
        sender="Tocsin <tocsin@example.com>",
        clock=lambda: clock.now() / SECOND,
        mail_domain=DOMAIN,
        mail_key=KEY,
    )
    parts = Parts(
        world=world or by_mail_only(),
        store=store,
        adapters={"email": SmtpAdapter(settings)},
        parsers={},
        key=KEY,
        clock=clock,
        ids=Ids(seed=1),
    )
    app = App(parts)
    await app.start()
    app.work()
    try:
        yield PostOffice(app, clock, relay, store)
    finally:
        await app.stop()
        await relay.stop()
