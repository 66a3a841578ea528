"""E-mail through SMTP relays: one connection a message, encrypted before anything is said, every step timed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.adapters.base import (
    Budget,
    Capabilities,
    Emit,
    Finding,
    HttpAnswer,
    HttpRequest,
    Json,
    Notice,
    Permanent,
    Sent,
)
from bot.adapters.email.mail import Writer
from bot.adapters.email.relays import TOTAL_S, Post, Relay, Relays
from bot.engine.mail_address import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """The relays in their order, as `Relay` has them, and the address that mail comes from; `Writer` has the rest."""

    relays: tuple[Mapping[str, Any], ...]
    sender: str
    clock: Callable[[], float]
    mail_domain: str = ""
    mail_key: Key = b""


class SmtpAdapter:
    """Hands mail to a relay. Its 250 is the last that is heard of most mail, so it counts as proof until a bounce."""

    name = "email"
    caps = Capabilities(
        im=False,
        direct=True,
        proof="accepted",
        per_chat=Budget(per_s=1.0, burst=10),
        overall=Budget(per_s=10.0, burst=20),
        text_max=100_000,
    )

    def __init__(self, settings: SmtpSettings) -> None:
        """Keep the settings; nothing is opened yet."""
        self._writer = Writer(
            sender=settings.sender, clock=settings.clock, mail_domain=settings.mail_domain, key=settings.mail_key
        )
        self._relays = Relays([Relay(**each) for each in settings.relays], settings.clock)
        self._slots = asyncio.Semaphore(8)  # connections at once: relays commonly refuse more from one client

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Nothing to open: each mail has a connection of its own."""

    async def listen(self) -> None:
        """Nothing comes in this way: answers and bounces arrive as mail (`bot.mailbox`)."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Hand one mail to a relay. The same key gives the same Message-ID, so that a mailbox can fold a repeat.

        `provider_id` is the mail's own name, which its bounce address carries too.
        """
        try:
            mail = self._writer.compose(address, message, key)
        except ValueError as error:
            raise Permanent("recipient_unreachable", str(error)) from error
        post = Post(
            sender=self._writer.envelope(key),
            plain_sender=self._writer.address,
            recipient=address,
            raw=mail.as_bytes(),
        )
        loop = asyncio.get_running_loop()
        deadline = loop.time() + TOTAL_S
        async with self._slots:
            await self._relays.carry(post, deadline - loop.time())
        return Sent(ref="", provider_id=self._writer.name_of(key))

    async def edit(self, ref: str, message: Json) -> Sent:
        """Mail cannot be taken back."""
        del ref, message
        raise Permanent("not_editable")

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """No callbacks."""
        del request
        return HttpAnswer(status=404)

    async def check(self) -> list[Finding]:
        """Connect and log in at each relay without sending, and say what only the sender's DNS can grant."""
        return [*await self._relays.check(), self._standing()]

    def _standing(self) -> Finding:
        """What nobody can see from here, and what decides whether mail lands among the junk."""
        domain = self._writer.address.rpartition("@")[2]
        bounces = self._writer.mail_domain
        detail = (
            f"from {self._writer.address}: not looked at from here is whether SPF of {bounces or domain} names every "
            f"relay, whether the relays sign with DKIM for {domain}, and whether {domain} has a DMARC record"
        )
        return Finding(check="email: sender", ok=True, detail=detail)
