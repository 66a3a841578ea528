"""Long polling: fetch updates, hand each on, and move past it only when it was taken.

Source: https://core.telegram.org/bots/api#getupdates
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from bot.adapters.base import Json, RateLimited, SendError
from bot.adapters.telegram.outcome import outcome

if TYPE_CHECKING:
    from telegram import Bot, Update

Handle = Callable[[Json], Awaitable[None]]

ALLOWED = ("message", "callback_query")
POLL_S = 25
"""How long Telegram may hold a request open while nothing happens."""
MARGIN_S = 5.0
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 30.0
TRY_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""An update that cannot be taken is tried again after these pauses, then passed over: others wait behind it."""

log = logging.getLogger(__name__)


async def poll(bot: Bot, handle: Handle, timeout_s: float) -> None:
    """Fetch and hand on until cancelled; trouble is waited out with growing pauses.

    `handle` raises when an update was not taken. Telegram keeps what it was not told to forget for 24 hours.
    """
    offset: int | None = None
    hooked = True
    pause_s = PAUSE_FIRST_S
    while True:
        try:
            if hooked:  # polling and a webhook exclude each other
                async with outcome(timeout_s, ambiguous=False):
                    await bot.delete_webhook()
                hooked = False
            updates = await _fetch(bot, offset)
        except SendError as error:
            hooked = hooked or error.reason == "conflict"
            await _wait_out(error, pause_s)
            pause_s = min(pause_s * 2, PAUSE_MAX_S)
            continue
        pause_s = PAUSE_FIRST_S
        # together, as a webhook would bring them: a slow one must not hold up a press that waits for its toast
        await asyncio.gather(*(_take(update.to_dict(), handle) for update in updates))
        if updates:
            offset = updates[-1].update_id + 1


async def _fetch(bot: Bot, offset: int | None) -> tuple[Update, ...]:
    wait_s = POLL_S + MARGIN_S
    async with outcome(wait_s, ambiguous=False):
        return await bot.get_updates(offset=offset, timeout=POLL_S, allowed_updates=list(ALLOWED), read_timeout=wait_s)


async def _wait_out(error: SendError, pause_s: float) -> None:
    if error.reason == "conflict":
        log.error(
            "Another process receives the messages of this Telegram bot (%s). Only one may: stop the other one, or "
            "give it a bot of its own. Trying again in %.0f s.",
            error.detail,
            pause_s,
        )
    else:
        log.warning("Telegram could not be polled (%s); trying again soon.", error)
    await asyncio.sleep(error.after_s if isinstance(error, RateLimited) else pause_s)


async def _take(update: Json, handle: Handle) -> None:
    for pause_s in TRY_PAUSES_S:
        try:
            await handle(update)
            return
        except Exception as error:  # noqa: BLE001  # whatever it was, the update is not saved, so it is tried again
            log.warning("A Telegram update was not taken (%s); trying again in %.1f s.", type(error).__name__, pause_s)
            await asyncio.sleep(pause_s)
    log.error(
        "Telegram update %s was not taken after %s tries and is passed over.", update["update_id"], len(TRY_PAUSES_S)
    )
