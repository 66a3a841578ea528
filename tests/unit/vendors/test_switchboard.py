"""How long vendors may take, and what the slow one beside it does to a call that was placed: nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from bot import deliver, switchboard
from bot.adapters.base import Sent
from bot.adapters.vendors.contract import Outgoing, Words
from bot.adapters.vendors.line import Line, verdict_of
from bot.backplane import Budgets
from bot.clock import Ids
from bot.deliver import CALL_MAX_S, Deliver, Job
from bot.engine.model import SECOND
from bot.engine.vendors import HEDGE_AFTER, Verdict, Why
from bot.playground.hosting import loopback_socket, url_of
from bot.store.base import Delivery, Lane
from bot.switchboard import ASK_MAX_S, Carried, Choice
from tests.scenarios.story import Story

ROW = Delivery(
    id="1", key="k", incident="i", carrier="voice", address="+14155550101", lane=Lane.PAGE,
    due_at=0, created_at=0, expires_at=0,
)  # fmt: skip
CHOICE = Choice(vendor="alpha", why=Why.FIRST, key="k:1", hedge="beta")
HEDGED_S, ASKED_S, BOTH_S = 0.1, 0.5, 3.0
"""In these tests: when the second vendor is asked, how long either may take, and when both would be dropped."""
FOR_EVER_S = 60.0


@dataclass
class Vendors:
    """Alpha takes the call once it is `late`; beta is a line to a server that takes the connection and says nothing."""

    beta: Line
    receipts: bool = True
    caps: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(vendors=True))
    asked: list[str] = field(default_factory=list)
    late: asyncio.Event = field(default_factory=asyncio.Event)

    def route(self, _: str) -> tuple[str, ...]:
        return ("alpha", "beta")

    async def call(self, vendor: str, address: str, _: object, *, key: str) -> Sent:
        self.asked.append(vendor)
        if vendor == "beta":
            self.late.set()
            return await self.beta.send(address, Words(text="x", values={}, lang="en"), key=key)
        await self.late.wait()
        return Sent(ref="", provider_id="p1")


@asynccontextmanager
async def exchange() -> AsyncIterator[tuple[Vendors, Deliver]]:
    """Both vendors, and whoever asks them."""
    hung = loopback_socket()
    hung.listen()
    url = url_of(hung)
    request: Callable[..., Outgoing] = lambda *_, **__: Outgoing(method="POST", url=url, headers={}, body=b"x")  # noqa: E731
    line = Line(vendor=SimpleNamespace(name="beta", request=request), now=lambda: 0, call_s=FOR_EVER_S)
    await line.start()
    vendors, process = Vendors(line), Story().process
    clock = process.env.line.clock
    try:
        yield vendors, Deliver(process.service, process.rendering, {"voice": vendors}, Budgets(), clock, Ids(seed=1))
    finally:
        await line.stop()
        hung.close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(switchboard, "HEDGE_AFTER", HEDGED_S * SECOND)
    monkeypatch.setattr(switchboard, "ASK_MAX_S", ASKED_S)
    monkeypatch.setattr(deliver, "CALL_MAX_S", BOTH_S)


def test_a_second_vendor_has_ended_before_both_are_dropped():
    assert HEDGE_AFTER / SECOND + ASK_MAX_S < CALL_MAX_S


async def test_what_the_first_vendor_took_is_known_though_the_second_one_hangs():
    async with exchange() as (vendors, asking):
        outcome = await asking.send(Job(row=ROW, message={}, plain={}, rev=1, choice=CHOICE))
    assert vendors.asked == ["alpha", "beta"]
    assert isinstance(outcome, Carried), outcome
    assert [(one.vendor, verdict_of(one.outcome)) for one in outcome.placed] == [
        ("alpha", Verdict.TAKEN),
        ("beta", Verdict.UNKNOWN),
    ]


async def test_no_second_vendor_is_asked_once_nobody_wants_the_call_any_more():
    async with exchange() as (vendors, asking):

        async def no(_: Delivery) -> bool:
            vendors.late.set()
            return False

        asking.still = no
        outcome = await asking.send(Job(row=ROW, message={}, plain={}, rev=1, choice=CHOICE))
    assert vendors.asked == ["alpha"]
    assert isinstance(outcome, Carried)
    assert outcome.takers == ("alpha",)
