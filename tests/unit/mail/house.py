"""A mail server with a memory instead of a database, on a free port of this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.clock import Ids, VirtualClock
from bot.engine.world import Integration, World
from bot.store.base import Inbound, StoreUnavailable
from webhooks.mail.addresses import Book, token_of
from webhooks.mail.receiver import Receiver
from webhooks.pace import Pace

NOW = 1_790_000_000_000
DOMAIN = "alerts.acme.example"
KEY = "nas-key-0123456789AB"
TOKEN = token_of(KEY)
NAS = Integration(id="nas", key=KEY, source="email", channel="web", config={"email": {"address": "nas"}})
OTHER = Integration(id="other", key="other-key-0123456789", source="monit", channel="web")
WEB = Integration(id="web", key="web-key-0123456789ab", source="prometheus", channel="web")
WORLD = World(
    members={},
    teams={},
    schedules={},
    channels={},
    integrations={each.id: each for each in (NAS, OTHER, WEB)},
    catch_all=(),
    mail_domain=DOMAIN,
)
MAIL = b"From: a@mon.example\r\nSubject: hi\r\nMessage-ID: <1@mon.example>\r\n\r\nbody\r\n"


@dataclass(slots=True)
class Inbox:
    """What was kept. `broken`: the database is gone. `gate`: appending waits for it."""

    rows: list[Inbound] = field(default_factory=list)
    broken: bool = False
    gate: asyncio.Event | None = None
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def append(self, rows: Sequence[Inbound]) -> None:
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()
        if self.broken:
            raise StoreUnavailable("gone")
        self.rows += rows


@dataclass(slots=True)
class Answers:
    """Takes what people answer to Tocsin's mails."""

    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    broken: bool = False

    async def take(self, envelope_from: str, rcpt: str, raw: bytes) -> None:
        if self.broken:
            raise StoreUnavailable("gone")
        self.taken.append((envelope_from, rcpt, raw))


@dataclass(slots=True)
class House:
    """The running server and what is behind it."""

    receiver: Receiver
    inbox: Inbox
    answers: Answers
    clock: VirtualClock

    @property
    def port(self) -> int:
        return self.receiver.port


@asynccontextmanager
async def house(*, tls=None, pace: Pace | None = None, mailbox: bool = True) -> AsyncIterator[House]:
    """A server that listens, until the block ends."""
    inbox, answers, clock = Inbox(), Answers(), VirtualClock(NOW)
    receiver = Receiver(
        book=Book(lambda: WORLD),
        append=inbox.append,
        clock=clock,
        ids=Ids(1),
        mailbox=answers if mailbox else None,
        tls=tls,
        pace=pace,
    )
    await receiver.start("127.0.0.1", 0)
    try:
        yield House(receiver, inbox, answers, clock)
    finally:
        await receiver.stop()


class Wire:
    """A client that says exactly the bytes it is told to."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply()

    def reply(self) -> str:
        """One reply, its lines joined; empty when the server hung up."""
        lines: list[str] = []
        while line := self.file.readline():
            lines.append(line.decode().rstrip("\r\n"))
            if line[3:4] != b"-":
                break
        return "\n".join(lines)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, line: str) -> str:
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def begin(self, *recipients: str) -> str:
        """As far as 354."""
        self.ask("EHLO client.example")
        self.ask("MAIL FROM:<a@mon.example>")
        for recipient in recipients or (f"nas@{DOMAIN}",):
            self.ask(f"RCPT TO:<{recipient}>")
        return self.ask("DATA")

    def close(self) -> None:
        self.file.close()
        self.socket.close()
