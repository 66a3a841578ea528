"""What the machine is, and how fast it is just now: a measurement on a busy machine must be able to say so."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

NOISY = 0.20
"""A change of either speed between the two calibrations beyond which the run says nothing certain."""
SPAN_S = 1.0
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Two speeds that do not depend on the product: of the disk, and of one core running Python."""

    fsyncs_per_s: float
    loops_per_s: float

    def moved(self, other: Speed) -> float:
        """The larger change of the two, as a share."""
        pairs = ((self.fsyncs_per_s, other.fsyncs_per_s), (self.loops_per_s, other.loops_per_s))
        return max(abs(after - before) / before for before, after in pairs)


def calibrate(folder: Path) -> Speed:
    """Six seconds of both, the median of three rounds."""
    return Speed(
        fsyncs_per_s=statistics.median(_fsyncs(folder) for _ in range(ROUNDS)),
        loops_per_s=statistics.median(_loops() for _ in range(ROUNDS)),
    )


def _fsyncs(folder: Path) -> float:
    """4 KiB appended and synced, over and over, in the folder that the databases will be in."""
    count, block = 0, os.urandom(4096)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        began = time.perf_counter()
        while (spent := time.perf_counter() - began) < SPAN_S:
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            count += 1
    return count / spent


def _loops() -> float:
    """A thousand additions, over and over."""
    count, total = 0, 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < SPAN_S:
        for number in range(1000):
            total += number
        count += 1
    return count / spent


def facts() -> dict[str, object]:
    """What ran, and on what."""
    packages = ("uvicorn", "uvloop", "httptools", "starlette", "msgspec", "sqlalchemy", "aiohttp", "slack-sdk")
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: version(name) for name in packages},
    }


def load() -> float:
    """The load average of the last minute: what else this machine is doing."""
    return os.getloadavg()[0]


def _cpu() -> str:
    found = Path("/proc/cpuinfo")
    lines = found.read_text().splitlines() if found.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
