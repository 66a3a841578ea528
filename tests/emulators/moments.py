"""Time in the tests of emulators: a clock that can be moved, and waiting for what another task does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class MovableClock:
    """Real seconds plus what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


async def eventually(holds: Callable[[], bool]) -> None:
    """Return once `holds()`; a test that waits five seconds in vain fails."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110  # the other side is a server, which sets no event of ours
            await asyncio.sleep(0.01)
