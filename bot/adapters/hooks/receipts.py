"""Receipts of Pushover's emergencies: looked at until somebody acknowledges, they run out, or nobody needs them.

Source: https://pushover.net/api/receipts. A receipt may be asked about every five seconds; all of them are asked about
in one round, so that none is asked about more often.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.adapters.base import Json

log = logging.getLogger(__name__)

RECEIPT = re.compile(r"[A-Za-z0-9]{30}")
WATCHED_MAX = 200
"""At once: in a storm the oldest are let go, and their incidents are still acknowledged everywhere else."""
SETTLED_MAX = 2_000
TRIES_MAX = 5
"""How often an acknowledgement that could not be saved is brought again."""
GRACE_S = 60.0
"""So long after its end a receipt may still tell of an acknowledgement in the last second."""


@dataclass(slots=True)
class Watched:
    """One receipt: which incident it is about, until when it counts (seconds of the loop's clock), tries so far."""

    number: str
    until: float
    tries: int = 0


class Receipts:
    """The receipts of one process. `look` asks about one, and returns whether there is nothing more to learn of it."""

    def __init__(self, gap_s: float, look: Callable[[str, Watched], Awaitable[bool]]) -> None:
        """Watch nothing yet."""
        self._gap_s = gap_s
        self._look = look
        self._watched: dict[str, Watched] = {}
        self._settled: dict[str, None] = {}
        self._task: asyncio.Task[None] | None = None

    def watch(self, receipt: str, number: str, life_s: float) -> None:
        """Begin to look at a receipt, for `life_s` seconds and a little more. One that is settled stays so."""
        if receipt in self._settled or receipt in self._watched or not RECEIPT.fullmatch(receipt):
            return
        until = asyncio.get_running_loop().time() + life_s + GRACE_S
        self._watched[receipt] = Watched(number=number, until=until)
        while len(self._watched) > WATCHED_MAX:
            del self._watched[next(iter(self._watched))]
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._rounds())

    def settle(self, receipt: str) -> None:
        """Nothing more is wanted of it."""
        self._watched.pop(receipt, None)
        self._settled[receipt] = None
        while len(self._settled) > SETTLED_MAX:
            del self._settled[next(iter(self._settled))]

    def is_settled(self, receipt: str) -> bool:
        """Whether it is known that nothing more comes of it."""
        return receipt in self._settled

    @property
    def open(self) -> int:
        """How many are looked at."""
        return len(self._watched)

    async def stop(self) -> None:
        """End the rounds."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def ask(self, receipt: str, watched: Watched) -> None:
        """Look at one now."""
        if await self._look(receipt, watched):
            self.settle(receipt)

    async def _rounds(self) -> None:
        """Ends with the last receipt; the next one begins it anew."""
        while self._watched:
            await asyncio.sleep(self._gap_s)
            for receipt, watched in list(self._watched.items()):
                if asyncio.get_running_loop().time() > watched.until:
                    self.settle(receipt)
                elif receipt in self._watched:
                    await self._ask_in_round(receipt, watched)

    async def _ask_in_round(self, receipt: str, watched: Watched) -> None:
        try:
            await self.ask(receipt, watched)
        except Exception:  # whatever it is, the other receipts must be heard, and this one is asked about again
            log.exception("What a receipt of Pushover says could not be passed on; it is asked about again.")


def flag(told: Json, name: str) -> bool:
    """A field that is 1 or 0."""
    return told.get(name) in (1, "1", True)
