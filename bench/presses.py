"""From the press of a button to its answer, at 100 presses a second on all platforms together.

Everything runs as one `serve` process, against the emulators over the real SDKs, with the budgets lifted on both sides
(`unpaced.py`). The people and the emulators share this process, so their own work is in the figures.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import aiohttp

from bot.cards.token import Token
from bot.cli import boot
from bot.clock import SystemClock
from bot.engine.model import SECOND
from bot.playground.hosting import loopback_socket, serving, url_of
from bot.playground.hub import Hub, Json
from bot.playground.mail import MailEmulator
from bot.playground.server import Playground
from tests.conformance.everywhere import INTEGRATION, Member, manifest, tokens_of
from tests.conformance.sides import SIDES, STAFF, Side
from tests.e2e.processes import ROOT, Fleet

PER_S = 100
SECONDS = 10.0
WARM = 100
INCIDENTS = 12
"""Below the number at which a channel's storm becomes one digest."""
WAIT_S = 30.0
CLOCK = SystemClock()
WHISPERED = "slack"
"""Where a press is acknowledged first, and answered by a message of its own."""


@dataclass(slots=True)
class Watched:
    """Presses and their answers as they happen, in seconds by one clock."""

    acknowledged: dict[str, list[float]] = field(default_factory=dict)
    """Platform → how long each press took until the platform was satisfied."""
    begun: dict[str, deque[float]] = field(default_factory=dict)
    """Person → when they pressed, where the answer is a message."""
    whispers: list[tuple[str, float]] = field(default_factory=list)
    """Person and instant of each such message."""
    refused: int = 0

    def heard(self) -> bool:
        """Whether every press has its message."""
        return len(self.whispers) >= sum(map(len, self.begun.values()))


def measure(folder: Path) -> dict[str, object]:
    """Percentiles in milliseconds by platform, and how many presses were never answered."""
    fleet = Fleet(folder, folder / "tocsin.yaml")
    try:
        return asyncio.run(_measured(fleet))
    finally:
        fleet.stop()


async def _measured(fleet: Fleet) -> dict[str, object]:
    house, smtp = loopback_socket(), loopback_socket()
    base = url_of(house)
    watched = Watched()
    hub = Hub(now=lambda: CLOCK.now() / SECOND, notices=_Whispers(watched))
    mail = MailEmulator(hub, port=smtp.getsockname()[1])
    smtp.close()
    sides: dict[str, Side] = {}
    for name, make in SIDES.items():
        made: Any = make
        sides[name] = made(hub, base, fleet.url, rate_limits=False)
    members = {name: Member(on=sides, first="email", email=f"{name}@example.com") for name in STAFF}
    fleet.manifest.write_text(json.dumps(manifest(sides, base, fleet.url, mail.port, members)), encoding="utf-8")
    async with AsyncExitStack() as opened:
        playground = Playground(hub, [*(side.emulator for side in sides.values()), mail])
        await opened.enter_async_context(serving(playground.app, house))
        http = await opened.enter_async_context(aiohttp.ClientSession())
        _serve(fleet)
        await fleet.ready(http, "serve")
        key = _key(fleet)
        await _opened(http, fleet, sides)
        await _pressed(sides, key, watched, WARM)
        watched.acknowledged.clear()
        watched.begun.clear()
        watched.whispers.clear()
        await _pressed(sides, key, watched, int(PER_S * SECONDS))
        return _summary(watched)


def _serve(fleet: Fleet) -> None:
    with fleet.log("serve").open("ab") as log:
        fleet.running["serve"] = subprocess.Popen(
            [sys.executable, "-m", "bench.unpaced", "serve"], cwd=ROOT, env=fleet.environment(), stderr=log
        )


class _Whispers(deque[Json]):
    """The notices of the hub: when each answer was shown that is a message of its own."""

    def __init__(self, watched: Watched) -> None:
        super().__init__()
        self._watched = watched

    def append(self, notice: Json) -> None:
        """Keep the instant alone, by the timer that the presses go by."""
        if notice["platform"] == WHISPERED and notice["kind"] == "ephemeral":
            self._watched.whispers.append((notice["data"]["user"], time.perf_counter()))


def _key(fleet: Fleet) -> tuple[bytes, ...]:
    """What the product seals its buttons with, to tell them apart."""
    store = boot.store_of(f"sqlite:///{fleet.database}", migrate=False)
    try:
        return boot.key_of(store, ())
    finally:
        store.close()


async def _opened(http: aiohttp.ClientSession, fleet: Fleet, sides: Mapping[str, Side]) -> None:
    """Incidents, each with its card on every platform."""
    for number in range(INCIDENTS):
        body = {"event_status": "Critical", "title_rule": f"disk {number} full", "alert_key": str(number)}
        async with http.post(f"{fleet.url}/in/standard/{INTEGRATION}", json=body) as answer:
            assert answer.status == 200, answer.status
    deadline = time.monotonic() + WAIT_S
    while any(len(side.group()) < INCIDENTS for side in sides.values()):
        if time.monotonic() > deadline:
            raise RuntimeError({name: len(side.group()) for name, side in sides.items()})
        await asyncio.sleep(0.05)


async def _pressed(sides: Mapping[str, Side], key: tuple[bytes, ...], watched: Watched, count: int) -> None:
    """Open loop: a press starts when its time has come, whether or not earlier ones were answered.

    Each takes an incident, or gives it back, by the button that its card shows at that moment.
    """

    async def one(side: Side, person: str, number: int) -> None:
        cards = side.group()
        card = cards[number % len(cards)]
        token = _taking(tokens_of(card, key))
        began = time.perf_counter()
        if side.name == WHISPERED:
            watched.begun.setdefault(side.account(person), deque()).append(began)
        answer = await side.press(card, token, person)
        watched.acknowledged.setdefault(side.name, []).append(time.perf_counter() - began)
        watched.refused += not side.answered(answer)

    under_way = []
    began = time.monotonic()
    turns = islice(zip(cycle(sides.values()), cycle(STAFF), strict=False), count)
    for number, (side, person) in enumerate(turns):
        await asyncio.sleep(max(0.0, began + number / PER_S - time.monotonic()))
        under_way.append(asyncio.create_task(one(side, person, number)))
    await asyncio.gather(*under_way)
    deadline = time.monotonic() + WAIT_S
    while not watched.heard() and time.monotonic() < deadline:  # noqa: ASYNC110 (a deadline makes it a poll)
        await asyncio.sleep(0.05)


def _taking(tokens: list[tuple[Token, str]]) -> str:
    found = {token.verb: text for token, text in reversed(tokens)}
    return found.get("ack") or found["unack"]


def _summary(watched: Watched) -> dict[str, object]:
    """A message is the answer to the earliest press of its person that has none yet: they come in order, or nearly."""
    whispered = []
    for person, at in watched.whispers:
        if begun := watched.begun.get(person):
            whispered.append(at - begun.popleft())
    answered = {
        f"{WHISPERED}, acknowledged" if name == WHISPERED else name: spans
        for name, spans in watched.acknowledged.items()
    }
    answered[f"{WHISPERED}, answered"] = whispered
    every = [span for name, spans in answered.items() if not name.endswith("acknowledged") for span in spans]
    return {
        "presses_per_s": PER_S,
        "presses": sum(map(len, watched.acknowledged.values())),
        "missing": watched.refused + sum(map(len, watched.begun.values())),
        "all": _percentiles(every),
        "by_platform": {name: _percentiles(spans) for name, spans in sorted(answered.items()) if spans},
    }


def _percentiles(spans: list[float]) -> dict[str, float]:
    ordered = sorted(1000 * span for span in spans)
    return {
        "p50_ms": ordered[len(ordered) // 2],
        "p99_ms": ordered[int(len(ordered) * 0.99)],
        "max_ms": ordered[-1],
    }
