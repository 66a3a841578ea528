"""A manifest that changes while Tocsin runs: a good one comes into force, a bad one is refused aloud."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from bot.app import App
from bot.clock import SystemClock
from bot.engine.model import DAY
from bot.engine.world import World
from bot.manifest.load import load
from bot.manifest.problems import ManifestError
from bot.observe import log
from webhooks.sources import SOURCES

LOOK_EVERY_S = 2.0


def watcher(app: App, file: Path) -> Callable[[], Awaitable[None]]:
    """A loop that puts each good version of the file in force. Credentials of platforms need a restart."""

    async def watch() -> None:
        seen = _stamp(file)
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            stamp = _stamp(file)
            if stamp == seen:
                continue
            seen = stamp
            world = await asyncio.to_thread(_read, file)
            if isinstance(world, World):
                app.directory.declare(replace(world, url=app.parts.world.url))
                app.wake()
                log.info("manifest_in_force", version=world.version)
            else:
                log.error("manifest_refused", problems=world)
                await _tell(app, f"{file} was changed and is refused; the last good one stays in force. {world}")

    return watch


async def _tell(app: App, text: str) -> None:
    await app.transact(lambda tx: app.service.alarm(tx, "manifest_refused", text))


def _stamp(file: Path) -> tuple[int, tuple[tuple[int, int], ...]]:
    """What changes when the manifest changes, or a table or calendar beside it; and every day.

    Holidays and imported shifts are worked out around the day on which they are read.
    """
    beside = sorted((*file.parent.glob("*.csv"), *file.parent.glob("*.ics")))
    return SystemClock().now() // DAY, tuple(map(_stamp_of, (file, *beside)))


def _stamp_of(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)


def _read(file: Path) -> World | str:
    """The world of the file, or the first of what is wrong with it."""
    try:
        return load(file, os.environ, SOURCES).world
    except ManifestError as error:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        return f"{error.problems[0]}{more}"
