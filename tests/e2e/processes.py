"""The processes of the Procfile, started as an init system would: killed without a word, and started again at once."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parent.parent.parent
READY_S = 45.0
"""Generous: this machine may be busy with a whole test run, and a start imports a hundred thousand lines."""
STOP_S = 20.0
PROGRAM = "tocsin"
"""What the Procfile calls the console script; a clone that is not installed has `python -m bot` instead."""


def procfile() -> dict[str, list[str]]:
    """Process type → command line, with this interpreter for the console script."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "Procfile").read_text().splitlines():
        name, _, command = line.partition(":")
        program, *arguments = shlex.split(command)
        assert program == PROGRAM, f"The Procfile runs {program!r}, and these tests know {PROGRAM!r} only."
        found[name.strip()] = [sys.executable, "-m", "bot", *arguments]
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that is free now; the product binds it again after each kill."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Fleet:
    """The product on one SQLite file: any number of the Procfile's processes, each with a log in `folder`."""

    folder: Path
    manifest: Path
    port: int = field(default_factory=free_port)
    extra: Mapping[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where `web` and `serve` listen."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        """The one file that everything is kept in."""
        return self.folder / "tocsin.db"

    def environment(self) -> dict[str, str]:
        """What the product's processes see: nothing of ours but the settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        return {
            **kept,
            "TOCSIN_DATABASE": f"sqlite:///{self.database}",
            "TOCSIN_MANIFEST": str(self.manifest),
            "TOCSIN_LISTEN": f"127.0.0.1:{self.port}",
            "TOCSIN_LOG_FORMAT": "json",
            "TOCSIN_LOG_LEVEL": "warning",
            **self.extra,
        }

    def migrate(self) -> None:
        """Run the release phase to its end."""
        subprocess.run(procfile()["release"], cwd=ROOT, env=self.environment(), check=True, capture_output=True)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a process by its name in the Procfile, or by its verb; its log is appended to."""
        command = procfile().get(name, [sys.executable, "-m", "bot", name])
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=self.environment(), stdout=log, stderr=log)
        self.running[name] = process
        return process

    def log(self, name: str) -> Path:
        """What a process said."""
        return self.folder / f"{name}.log"

    def kill(self, name: str) -> float:
        """SIGKILL, and the instant at which it was dead (seconds since the epoch)."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(STOP_S)
        return time.time()

    def stop(self) -> dict[str, int]:
        """SIGTERM to whoever still runs: name → exit status. What does not stop in time is killed and fails."""
        for process in self.running.values():
            process.terminate()
        ended: dict[str, int] = {}
        try:
            for name, process in self.running.items():
                ended[name] = process.wait(STOP_S)
        finally:
            for process in self.running.values():
                if process.poll() is None:
                    process.kill()
                    process.wait()
            self.running.clear()
        return ended

    async def ready(self, http: aiohttp.ClientSession, name: str = "web") -> float:
        """Wait until `/readyz` says 200; returns how long that took, in seconds."""
        began = time.monotonic()
        while time.monotonic() - began < READY_S:
            if (status := self.running[name].poll()) is not None:
                raise RuntimeError(f"{name} ended with {status}:\n{self.log(name).read_text()[-4000:]}")
            try:
                async with http.get(f"{self.url}/readyz") as answer:
                    if answer.status == 200:
                        return time.monotonic() - began
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.02)
        raise RuntimeError(f"{name} was not ready within {READY_S:.0f} s:\n{self.log(name).read_text()[-4000:]}")
