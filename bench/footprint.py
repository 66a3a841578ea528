"""What Tocsin costs when nothing happens: the wait for `--help`, what is imported, memory and CPU of an idle server."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import psutil

from tests.e2e.processes import ROOT, Fleet
from tests.e2e.stage import Place, stage

STARTS = 5
IDLE_S = 10.0
SDKS = ("slack_bolt", "slack_sdk", "telegram", "aiosmtplib", "twilio", "lark_oapi")
UNCONFIGURED = {
    "organization": "Bench",
    "members": {"ann": {"name": "Ann", "email": "ann@bench.example"}},
    "channels": {"quiet": {"name": "Quiet"}},
    "catch_all": ["member:ann"],
}
LISTING = """
import json, sys
from pathlib import Path
from bot.cli import boot
from bot.settings import Settings
from webhooks.app import web_app
loaded = boot.manifest(Path(sys.argv[1]))
app = boot.build(Settings(), loaded, boot.store_of(sys.argv[2], migrate=True))
web_app(app, lambda: None)
print(json.dumps(sorted(sys.modules)))
"""
HELP_LISTING = """
import json, sys
sys.argv = ["tocsin", "--help"]
from bot.cli import main
try:
    main()
except SystemExit:
    pass
print()
print(json.dumps(sorted(sys.modules)))
"""


def measure(folder: Path) -> dict[str, object]:
    """Seconds, module names, MiB."""
    folder.mkdir(parents=True)
    return {"help_s": _help(), "imports": _imports(folder), "idle": _idle(folder)}


def _help() -> dict[str, float]:
    """The median of five starts, the first of which may have to read the files from disk."""
    spans = []
    for _ in range(STARTS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bot", "--help"], cwd=ROOT, check=True, capture_output=True)
        spans.append(time.perf_counter() - began)
    return {"median": statistics.median(spans), "min": min(spans), "max": max(spans)}


def _imports(folder: Path) -> dict[str, object]:
    """Which SDKs `--help`, and a server without any platform, have loaded: none, if all is well."""
    manifest = folder / "unconfigured.yaml"
    manifest.write_text(json.dumps(UNCONFIGURED), encoding="utf-8")
    url = f"sqlite:///{folder / 'unconfigured.db'}"
    shown, served = _modules(HELP_LISTING), _modules(LISTING, str(manifest), url)
    return {
        "help_modules": len(shown),
        "help_sdks": [name for name in SDKS if name in shown],
        "server_modules": len(served),
        "server_sdks": [name for name in SDKS if name in served],
    }


def _modules(program: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return list(json.loads(done.stdout.splitlines()[-1]))


def _idle(folder: Path) -> dict[str, float]:
    """`serve` with Slack and Telegram configured, against the emulators, ten seconds after its start."""
    fleet = Fleet(folder, folder / "tocsin.yaml")
    with stage((Place(0), Place(1)), fleet.url, answer_s=0.0) as played:
        fleet.manifest.write_text(played.manifest(fleet.url), encoding="utf-8")
        process = psutil.Process(fleet.start("serve").pid)
        try:
            ready_s = asyncio.run(_ready(fleet))
            before = process.cpu_times()
            time.sleep(IDLE_S)
            after = process.cpu_times()
            memory = process.memory_info().rss / 2**20
        finally:
            fleet.stop()
    spent = after.user + after.system - before.user - before.system
    return {"rss_mib": memory, "cpu_percent": 100 * spent / IDLE_S, "ready_s": ready_s}


async def _ready(fleet: Fleet) -> float:
    async with aiohttp.ClientSession() as http:
        return await fleet.ready(http, "serve")
