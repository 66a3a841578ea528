"""How late timers are: 10,000 incidents that close by themselves, evenly over ten seconds, and then all at one instant.

The product's own service makes the incidents, in bulk and with its clock set back; the real `worker` process then finds
them in the database. Lateness is from the instant that was due to the instant of the decision that the timeline holds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from bot.clock import Ids, SystemClock, VirtualClock
from bot.engine.model import MINUTE, SECOND, Event, EventStatus, Instant, Severity
from bot.manifest.load import load
from bot.service import Service
from bot.store.base import Store, Tx
from bot.store.opening import open_store
from tests.e2e.processes import Fleet
from tests.e2e.verdict import rows
from webhooks.sources import SOURCES

COUNT = 10_000
BATCH = 500
SPAN_S = 10
LIFE = 30 * MINUTE
"""`auto_close` of the channel, which is the timer."""
HEAD_S = 25
"""From the first incident made to the first timer due: all are made, and the worker starts, in between."""
START_S = 5.0
"""What the worker needs to start, at the least."""
WAIT_S = 60.0

MANIFEST = {
    "organization": "Bench",
    "members": {"ann": {"name": "Ann", "email": "ann@bench.example"}},
    "channels": {
        "timers": {
            "digest": {"enabled": False},
            "name": "Timers",
            "auto_close": "30m",
            "rules": [{"name": "Later", "delay": "3600s", "levels": [{"notify": ["member:ann"]}]}],
        }
    },
    "integrations": {"timers": {"source": "standard", "channel": "timers", "key": "bench-timers-key-0000"}},
    "catch_all": ["member:ann"],
}


def measure(folder: Path) -> dict[str, object]:
    """Lateness in milliseconds of both shapes."""
    return {
        "count": COUNT,
        "spread": _measure(folder / "spread", lambda number: number * SPAN_S * SECOND // COUNT),
        "at_once": _measure(folder / "at_once", lambda _: 0),
    }


def _measure(folder: Path, offset: Callable[[int], int]) -> dict[str, float]:
    folder.mkdir(parents=True)
    fleet = Fleet(folder, folder / "tocsin.yaml")
    fleet.manifest.write_text(json.dumps(MANIFEST), encoding="utf-8")
    fleet.migrate()
    store = open_store(f"sqlite:///{fleet.database}")
    try:
        began = time.perf_counter()
        first = _fill(store, fleet.manifest, offset)
        made_s = time.perf_counter() - began
    finally:
        store.close()
    left_s = (first - SystemClock().now()) / SECOND
    if left_s < START_S:
        raise RuntimeError(f"Making {COUNT} incidents took {made_s:.0f} s, so the first timers would be due already.")
    fleet.start("worker")
    try:
        return {"made_per_s": COUNT / made_s, **_lateness(fleet)}
    finally:
        fleet.stop()


def _fill(store: Store, manifest: Path, offset: Callable[[int], int]) -> Instant:
    """Open the incidents at instants that lie `LIFE` before those at which they are to close; the first of those."""
    world = load(manifest, {}, SOURCES).world
    clock = VirtualClock(0)
    service = Service(lambda: world, clock, Ids())
    integration = world.integrations["timers"]
    first = SystemClock().now() + HEAD_S * SECOND

    for start in range(0, COUNT, BATCH):

        def work(tx: Tx, start: int = start) -> None:
            for number in range(start, start + BATCH):
                clock.set(first + offset(number) - LIFE)
                service.absorb(tx, integration, [_event(number, clock.now())])

        store.run(work)
    return first


def _event(number: int, at: Instant) -> Event:
    return Event(
        alert_key=f"timer-{number}",
        status=EventStatus.TRIGGER,
        severity=Severity.WARNING,
        title=f"Timer {number}",
        at=at,
    )


def _lateness(fleet: Fleet) -> dict[str, float]:
    deadline = time.monotonic() + HEAD_S + SPAN_S + WAIT_S
    query = "SELECT whole FROM incident WHERE progress = 'Closed'"
    while rows(fleet.database, "SELECT count(*) FROM incident WHERE progress <> 'Closed'")[0][0]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    closed = [json.loads(whole) for (whole,) in rows(fleet.database, query)]
    late = sorted(incident["closed_at"] - incident["opened_at"] - LIFE for incident in closed)
    if not late:
        return {"missing": COUNT}
    return {
        "p50_ms": late[len(late) // 2],
        "p99_ms": late[int(len(late) * 0.99)],
        "max_ms": late[-1],
        "missing": COUNT - len(late),
    }
