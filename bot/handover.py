"""News of coming shifts: what is due since the last look becomes rows, each once, also after an outage."""

from __future__ import annotations

from bot.cards.build.notices import notice_text
from bot.engine.model import Instant
from bot.engine.notices import due
from bot.engine.world import World
from bot.service import Service
from bot.store.base import Tx

LAST_RUN = "notices_until"


def announce(tx: Tx, service: Service, world: World, now: Instant) -> int:
    """Queue every notice that became due since the last run. Returns how many. The first run ever tells nothing old."""
    last_run = int(tx.get_meta(LAST_RUN) or now)
    found = list(due(world, last_run, now))
    for notice in found:
        service.announce(tx, notice, notice_text(notice, world))
    tx.put_meta(LAST_RUN, str(max(last_run, now)))
    return len(found)
