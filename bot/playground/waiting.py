"""Waits on the product's clock, which the playground can move: a plain sleep would not notice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

POLL_S = 0.05


async def until(ready: Callable[[], bool]) -> None:
    """Return once `ready()` holds, e.g. `lambda: hub.now() >= due`; looks again twenty times a second."""
    while not ready():  # noqa: ASYNC110  # a clock that is moved by hand sends no event
        await asyncio.sleep(POLL_S)
