"""How many alerts a second are accepted durably, against a server that accepts everything and keeps nothing.

Both run at the same time and take turns, so that whatever else the machine does hits both alike.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

from tests.e2e.processes import ROOT, Fleet, free_port
from tests.e2e.stage import Place, stage
from tests.e2e.verdict import rows

INTEGRATIONS = 600
"""Each may send 100 requests a second and 1000 a minute; the load is spread over many, as the limits want it."""
CONNECTIONS = 32
ROUNDS = 3
SECONDS = 3.0
SIZES = (1, 64)


@dataclass(slots=True, kw_only=True)
class Server:
    """Something that takes alerts."""

    name: str
    port: int
    process: psutil.Process
    rates: dict[int, list[float]] = field(default_factory=dict)
    cpu_us: dict[int, list[float]] = field(default_factory=dict)
    p99_ms: dict[int, list[float]] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    refused: dict[str, int] = field(default_factory=dict)


def measure(folder: Path) -> dict[str, object]:
    """Requests and alerts a second, as the median of three rounds, and what was found in the inbox afterwards."""
    fleet = Fleet(folder, folder / "tocsin.yaml")
    places = tuple(Place(index) for index in range(INTEGRATIONS))
    with stage(places, fleet.url) as played:
        fleet.manifest.write_text(played.manifest(fleet.url), encoding="utf-8")
    keys = folder / "keys"
    keys.write_text("\n".join(place.key for place in places))
    fleet.migrate()
    web = psutil.Process(fleet.start("web").pid)
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "bench.bare", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL) as bare:
        try:
            asyncio.run(_both_up(fleet, port))
            servers = [
                Server(name="bare", port=port, process=psutil.Process(bare.pid)),
                Server(name="tocsin", port=fleet.port, process=web),
            ]
            first = 0
            for number in range(ROUNDS):
                for size in SIZES:
                    for server in servers if number % 2 else reversed(servers):
                        first = _load(server, keys, size, first)
        finally:
            bare.terminate()
            fleet.stop()
    return _summary(servers, fleet)


async def _both_up(fleet: Fleet, port: int) -> None:
    async with aiohttp.ClientSession() as http:
        await fleet.ready(http)
        while True:
            try:
                async with http.get(f"http://127.0.0.1:{port}/"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


def _load(server: Server, keys: Path, size: int, first: int) -> int:
    """One stretch of load; returns the number that the next request may have."""
    command = [
        sys.executable, "-m", "bench.generator", "--port", str(server.port), "--keys", str(keys), "--alerts", str(size),
        "--connections", str(CONNECTIONS), "--seconds", str(SECONDS), "--first", str(first),
    ]  # fmt: skip
    before = _cpu_s(server.process)
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=SECONDS + 20).stdout
    found = json.loads(output)
    spent = _cpu_s(server.process) - before
    good = len(found["accepted"])
    server.rates.setdefault(size, []).append(good / found["seconds"])
    server.cpu_us.setdefault(size, []).append(1e6 * spent / max(found["answered"], 1))
    server.p99_ms.setdefault(size, []).append(found["p99_ms"])
    server.accepted |= set(found["accepted"])
    for status, count in found["statuses"].items():
        if not status.startswith("2"):
            server.refused[status] = server.refused.get(status, 0) + count
    return int(found["next"])


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _summary(servers: list[Server], fleet: Fleet) -> dict[str, object]:
    bare, tocsin = servers
    kept = {path.rpartition("n=")[2] for (path,) in rows(fleet.database, "SELECT path FROM inbox")}
    found: dict[str, object] = {
        "accepted": len(tocsin.accepted),
        "accepted_and_not_kept": len(tocsin.accepted - kept),
        "not_2xx": tocsin.refused,
        "connections": CONNECTIONS,
    }
    for size in SIZES:
        rate, bare_rate = statistics.median(tocsin.rates[size]), statistics.median(bare.rates[size])
        cpu, bare_cpu = statistics.median(tocsin.cpu_us[size]), statistics.median(bare.cpu_us[size])
        found[f"alerts_{size}"] = {
            "requests_per_s": rate,
            "alerts_per_s": rate * size,
            "p99_ms": statistics.median(tocsin.p99_ms[size]),
            "cpu_us_per_request": cpu,
            "bare_requests_per_s": bare_rate,
            "bare_cpu_us_per_request": bare_cpu,
            "ratio_to_bare": rate / bare_rate,
            "rounds": tocsin.rates[size],
            "bare_rounds": bare.rates[size],
        }
    return found
