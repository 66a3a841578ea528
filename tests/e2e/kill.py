"""Kill the real processes under a storm of alerts, and see that nothing that was promised is lost.

`python -m tests.e2e.kill --alerts 10000 --kills 20` prints the report and exits 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.e2e.load import Chain, Post, Sender, storm
from tests.e2e.processes import READY_S, Fleet
from tests.e2e.stage import Arrival, Place, Stage, stage
from tests.e2e.verdict import Kill, Verdict, backlog, judge, leases

PLACES = 60
VICTIMS = (("worker",), ("web",), ("worker",), ("web", "worker"))
"""Who dies in successive rounds: the worker more often, because only it can send twice."""
DRAIN_S = 600.0
QUIET_S = 1.0


@dataclass(slots=True, kw_only=True)
class Run:
    """A storm as it happened."""

    alerts: int
    wanted_kills: int
    seed: int
    kills: list[Kill] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    storm_s: float = 0.0
    drain_s: float = 0.0
    back_s: list[float] = field(default_factory=list)
    """How long `web` took to answer again after each of its deaths."""
    said: Counter[str] = field(default_factory=Counter)
    accepted: list[Post] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    def report(self) -> str:
        """What was done and what was found, for people."""
        killed = Counter(kill.process for kill in self.kills)
        lines = [
            (
                f"{self.alerts} distinct alerts under {len(self.kills)} SIGKILLs "
                f"({', '.join(f'{name} {count}' for name, count in sorted(killed.items()))}); seed {self.seed}"
            ),
            (
                f"storm {self.storm_s:.1f} s, backlog drained in {self.drain_s:.1f} s more; "
                f"web answered again after {max(self.back_s, default=0):.1f} s at most"
            ),
            "answers: " + ", ".join(f"{count} × {answer}" for answer, count in sorted(self.answers.items())),
            *(f"{name}: {count}" for name, count in self.verdict.counts.items()),
            *(f"alarm raised: {code} × {count}" for code, count in self.verdict.alarms.items()),
            *(f"logged: {event} × {count}" for event, count in self.said.items()),
            *(f"duplicate: {line}" for line in self.verdict.duplicates[:10]),
            *(f"WRONG: {line}" for line in self.verdict.wrong),
            "nothing was lost" if not self.verdict.wrong else f"{len(self.verdict.wrong)} promises were broken",
        ]
        return "\n".join(lines)


async def run(folder: Path, *, alerts: int, kills: int, seed: int) -> Run:
    """The whole storm: start, post while killing, drain, judge."""
    places = tuple(Place(index) for index in range(PLACES))
    fleet = Fleet(folder, folder / "tocsin.yaml")
    found = Run(alerts=alerts, wanted_kills=kills, seed=seed)
    with stage(places, fleet.url) as played:
        fleet.manifest.write_text(played.manifest(fleet.url), encoding="utf-8")
        fleet.migrate()
        try:
            for name in ("web", "worker", "stream"):
                fleet.start(name)
            await _storm(fleet, played, found, storm(places, alerts, seed))
        finally:
            ended = fleet.stop()
        # uvicorn hands the signal on to whoever waits for the process, once everything is closed
        bad = {name: status for name, status in ended.items() if status not in (0, -signal.SIGTERM)}
        found.verdict.wrong += [f"{name} ended with {status} when it was asked to stop" for name, status in bad.items()]
        found.said = _said(fleet)
    return found


async def _storm(fleet: Fleet, played: Stage, found: Run, chains: list[Chain]) -> None:
    async with aiohttp.ClientSession() as http:
        await fleet.ready(http)
        sender = Sender(http, fleet.url)
        began = time.monotonic()
        await _kill_while_sending(fleet, sender, found, chains)
        found.storm_s = time.monotonic() - began
        began = time.monotonic()
        await _drain(fleet)
        found.drain_s = time.monotonic() - began
        found.answers = sender.answers
        found.accepted, found.arrivals = sender.accepted, played.arrivals()
        found.verdict = judge(fleet.database, found.accepted, found.arrivals, found.kills)


async def _kill_while_sending(fleet: Fleet, sender: Sender, found: Run, chains: list[Chain]) -> None:
    """One share of the storm a round; somebody dies in the middle of each, and comes back at once."""
    chance = random.Random(found.seed)
    rounds: list[tuple[str, ...]] = []
    while sum(map(len, rounds)) < found.wanted_kills:
        rounds.append(VICTIMS[len(rounds) % len(VICTIMS)])
    share = -(-len(chains) // len(rounds))
    dead: frozenset[tuple[str, str]] = frozenset()
    for number, victims in enumerate(rounds):
        sending = asyncio.create_task(sender.send(chains[number * share : (number + 1) * share]))
        if "worker" in victims:
            await _sends(fleet, dead)
        await asyncio.sleep(chance.uniform(0.0, 0.1 if "web" in victims else 0.6))
        for name in victims:
            at = fleet.kill(name)
            left = leases(fleet.database) - dead if name == "worker" else frozenset()
            dead |= left
            found.kills.append(Kill(process=name, at=at, held=frozenset(one for one, _ in left)))
        for name in victims:
            fleet.start(name)
        found.back_s += [await fleet.ready(sender.http)] if "web" in victims else []
        await sending


async def _sends(fleet: Fleet, dead: frozenset[tuple[str, str]]) -> None:
    """Until the worker that runs now has claimed something to send: a kill while it starts would prove little."""
    began = time.monotonic()
    while time.monotonic() - began < READY_S:
        if leases(fleet.database) - dead:
            return
        await asyncio.sleep(0.01)


async def _drain(fleet: Fleet) -> None:
    """Until nothing waits, and nothing has begun to wait a moment later. A backlog that stays is for the judge."""
    began = time.monotonic()
    empty = 0
    while empty < 2 and time.monotonic() - began < DRAIN_S:
        empty = empty + 1 if backlog(fleet.database) == 0 else 0
        await asyncio.sleep(QUIET_S)


def _said(fleet: Fleet) -> Counter[str]:
    """What the processes logged at warning and above, by event."""
    lines = (line for log in fleet.folder.glob("*.log") for line in log.read_text(errors="replace").splitlines())
    events = (line.split('"event": "', 1)[1].split('"', 1)[0] for line in lines if '"event": "' in line)
    return Counter(event[:60] for event in events)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keeps the database and the logs there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-kill-") as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        found = asyncio.run(run(folder, alerts=given.alerts, kills=given.kills, seed=given.seed))
    print(found.report())
    return 1 if found.verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
