"""From the POST of an alert to its card in the chat and its page to a person, at 50 new incidents a second.

Everything runs as one `serve` process, against the Slack emulator over the real SDK. Slack's limits are lifted on both
sides, see `unpaced.py`; the emulator and the sender share this process, so their own work is in the figures.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import aiohttp

from bot.clock import SystemClock
from bot.engine.model import SECOND
from tests.e2e.load import BURST, Post
from tests.e2e.processes import ROOT, Fleet
from tests.e2e.stage import Place, Stage, stage

PER_S = 50
SECONDS = 15.0
WARM = 50
PLACES = 50
WAIT_S = 30.0
CLOCK = SystemClock()


class SlackPlace(Place):
    """A channel whose cards and pages all go to Slack."""

    way = "slack"  # type: ignore[assignment]


def measure(folder: Path) -> dict[str, object]:
    """Percentiles in milliseconds, and how many never came."""
    fleet = Fleet(folder, folder / "tocsin.yaml")
    places = tuple(SlackPlace(index, only_slack=True) for index in range(PLACES))
    with stage(places, fleet.url, answer_s=0.0) as played:
        fleet.manifest.write_text(played.manifest(fleet.url), encoding="utf-8")
        with fleet.log("serve").open("ab") as log:
            fleet.running["serve"] = subprocess.Popen(
                [sys.executable, "-m", "bench.unpaced", "serve"], cwd=ROOT, env=fleet.environment(), stderr=log
            )
        try:
            posted = asyncio.run(_post(fleet, places))
            return _summary(played, posted)
        finally:
            fleet.stop()


async def _post(fleet: Fleet, places: tuple[Place, ...]) -> dict[str, float]:
    """Open loop: a request starts when its time has come, whether or not earlier ones were answered."""
    posted: dict[str, float] = {}
    async with aiohttp.ClientSession() as http:
        await fleet.ready(http, "serve")

        async def one(number: int) -> None:
            place, burst = places[number % len(places)], f"Burst{number:05d}"
            body = Post(place=place, burst=burst, alerts=(f"{number:016x}",)).body()
            began = CLOCK.now() / SECOND
            async with http.post(f"{fleet.url}/in/prometheus/{place.key}", json=body) as answer:
                assert answer.status == 200, answer.status
            if number >= WARM:
                posted[burst] = began

        under_way = []
        began = time.monotonic()
        for number in range(WARM + int(PER_S * SECONDS)):
            await asyncio.sleep(max(0.0, began + number / PER_S - time.monotonic()))
            under_way.append(asyncio.create_task(one(number)))
        await asyncio.gather(*under_way)
    return posted


def _summary(played: Stage, posted: dict[str, float]) -> dict[str, object]:
    deadline = time.monotonic() + WAIT_S
    while True:
        cards, pages = _first(played, "C"), _first(played, "U")
        whole = posted.keys() <= cards.keys() and posted.keys() <= pages.keys()
        if whole or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    return {
        "incidents_per_s": PER_S,
        "incidents": len(posted),
        "card": _percentiles(posted, cards),
        "page": _percentiles(posted, pages),
    }


def _first(played: Stage, kind: str) -> dict[str, float]:
    """Burst → when its first message arrived: in a channel (C…), or with a person (U…)."""
    found: dict[str, float] = {}
    for _, place, at, text in played.arrivals():
        burst = BURST.search(text)
        if place.startswith(kind) and burst is not None:
            found.setdefault(burst[0], at)
    return found


def _percentiles(posted: dict[str, float], arrived: dict[str, float]) -> dict[str, float]:
    spans = sorted(1000 * (arrived[burst] - at) for burst, at in posted.items() if burst in arrived)
    if not spans:
        return {"missing": len(posted)}
    return {
        "p50_ms": spans[len(spans) // 2],
        "p99_ms": spans[int(len(spans) * 0.99)],
        "max_ms": spans[-1],
        "missing": len(posted) - len(spans),
    }
