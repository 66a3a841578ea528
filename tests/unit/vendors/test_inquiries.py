"""Whom Tocsin asks what became of a message, and what a vendor that does not answer keeps it from: nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace

from bot.adapters.base import Permanent, Receipt, SendError, Transient
from bot.inquiries import PATIENCE, Inquiries
from bot.store.base_tries import Try

NOW = 1_000_000_000
LONG_S = 2.0
"""What a test waits for at most; all goes well without waiting."""


@dataclass
class Vendors:
    """Two vendors of texts: `well` knows everything, `ill` fails once the other one has been heard."""

    failure: SendError
    caps: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(vendors=True))
    asked: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, vendor: str, provider_id: str) -> Receipt:
        self.asked.append(provider_id)
        if vendor == "ill":
            async with asyncio.timeout(LONG_S):
                await self.told.wait()
            raise self.failure
        return Receipt(carrier="sms", state="delivered", vendor=vendor, provider_id=provider_id)

    async def notice(self, receipt: Receipt) -> None:
        self.heard.append(receipt.provider_id)
        self.told.set()

    async def inquire(self, *names: str) -> int:
        """Ask about messages in this order; each is called by its vendor and a number."""
        began = NOW - 2 * PATIENCE
        waiting = [
            Try(
                id=name, delivery="d", carrier="sms", vendor=name.rstrip("0123456789"), verdict="taken",
                began_at=began, ended_at=began, provider_id=name, look_at=NOW + PATIENCE,
            )
            for name in names
        ]  # fmt: skip

        async def read(_: object) -> list[Try]:
            return waiting

        clock = SimpleNamespace(now=lambda: NOW)
        return await Inquiries({"sms": self}, read, self.notice, clock).step()


async def test_a_vendor_that_hangs_holds_up_no_question_to_another_and_is_asked_once_a_round():
    vendors = Vendors(Transient("timeout"))
    assert await vendors.inquire("ill1", "ill2", "ill3", "well1", "well2") == 2
    assert vendors.heard == ["well1", "well2"]
    assert [name for name in vendors.asked if name.startswith("ill")] == ["ill1"]


async def test_a_refusal_of_one_message_says_nothing_of_the_others():
    vendors = Vendors(Permanent("unknown_message"))
    assert await vendors.inquire("ill1", "ill2", "well1") == 1
    assert vendors.asked.count("ill2") == 1
