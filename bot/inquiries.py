"""Asks vendors what became of texts and calls of which no news has come: callbacks get lost, or have no way in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

from bot.adapters.base import Adapter, Permanent, Phone, Receipt, SendError
from bot.clock import Clock
from bot.engine.model import SECOND, Instant, Span
from bot.observe import log
from bot.store.base import Tx
from bot.store.base_tries import Try

PATIENCE: Span = 6 * SECOND
"""A callback has come by then, most often; it is half of how long a silent vendor is believed when it is Critical."""
GAP: Span = 8 * SECOND
"""How often one message is asked about."""
BATCH = 50
"""How many are asked about at a time, the oldest first."""

Read = Callable[[Callable[[Tx], list[Try]]], Awaitable[list[Try]]]


class Inquiries:
    """One round of questions at a time. What was asked is this process's own memory: a doubled question is cheap."""

    def __init__(
        self, adapters: Mapping[str, Adapter], read: Read, notice: Callable[[Receipt], Awaitable[None]], clock: Clock
    ) -> None:
        """Keep the parts."""
        self._adapters = adapters
        self._read = read
        self._notice = notice
        self._clock = clock
        self._asked: dict[str, Instant] = {}

    async def step(self) -> int:
        """Ask about everything that waits for too long. How many answers told something."""
        now = self._clock.now()
        waiting = await self._read(lambda tx: tx.waiting_tries(now - PATIENCE, BATCH))
        self._asked = {one.id: self._asked[one.id] for one in waiting if one.id in self._asked}
        due = [one for one in waiting if now - self._asked.get(one.id, 0) >= GAP]
        self._asked |= {one.id: now for one in due}
        places = dict.fromkeys((one.carrier, one.vendor) for one in due)
        groups = [[one for one in due if (one.carrier, one.vendor) == place] for place in places]
        return sum(await asyncio.gather(*(self._ask(group) for group in groups)))

    async def _ask(self, ones: Sequence[Try]) -> int:
        """One vendor, one question after the other; whoever does not answer is left alone until the next round."""
        told = 0
        for one in ones:
            adapter = self._adapters.get(one.carrier)
            if adapter is None or not adapter.caps.vendors:
                break
            try:
                receipt = await cast("Phone", adapter).ask(one.vendor, one.provider_id)
            except SendError as error:
                log.warning("vendor_not_asked", carrier=one.carrier, vendor=one.vendor, reason=error.reason)
                if isinstance(error, Permanent):  # of this message alone
                    continue
                break
            if receipt is not None:
                await self._notice(receipt)
                told += 1
        return told
