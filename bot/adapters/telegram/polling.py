"""Long polling: fetch updates, hand each on, and move past it only when it was taken.

Source: https://core.telegram.org/bots/api#getupdates. Polling excludes a webhook and other pollers; a webhook that
somebody has set is never taken away, because another Tocsin may live by it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.adapters.base import Json, RateLimited, SendError
from bot.adapters.telegram.decode import Malformed
from bot.adapters.telegram.outcome import CONFLICT, WEBHOOK_SET, outcome

if TYPE_CHECKING:
    from telegram import Bot

Handle = Callable[[Json], Awaitable[None]]

ALLOWED = ("message", "callback_query")
POLL_S = 25
"""How long Telegram may hold a request open while nothing happens."""
MARGIN_S = 5.0
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 30.0
YIELD_S = 6.0
"""How long whoever lost the updates to another process lets it have them; so long at most nobody has them when that one
is gone. Less than 10 s, the time in which a dead process's work is taken over."""
SAY_AGAIN = 10
"""The sentence about another process is logged once in so many tries: once a minute."""
TRY_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""An update that cannot be taken is tried again after these pauses, then passed over: others wait behind it."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Polled:
    """How polling fares, for `doctor`: what keeps it from the updates now, and how often in a row."""

    trouble: str = ""
    times: int = 0


async def poll(bot: Bot, handle: Handle, polled: Polled) -> None:
    """Fetch and hand on until cancelled; trouble is waited out with growing pauses, a conflict up to `YIELD_S`.

    `handle` raises when an update was not taken. Telegram keeps what it was not told to forget for 24 hours.
    """
    offset: int | None = None
    pause_s = PAUSE_FIRST_S
    while True:
        try:
            updates = await _fetch(bot, offset)
        except SendError as error:
            await _wait_out(error, pause_s, polled)
            pause_s = min(pause_s * 2, PAUSE_MAX_S)
            continue
        pause_s = PAUSE_FIRST_S
        polled.trouble, polled.times = "", 0
        # together, as a webhook would bring them: a slow one must not hold up a press that waits for its toast
        await asyncio.gather(*(_take(update, handle) for update in updates))
        if updates:
            offset = max(_number(update) for update in updates) + 1


async def _fetch(bot: Bot, offset: int | None) -> list[Json]:
    """The updates as they are. The SDK's own method would build its objects, and fail for good on one unknown to it.

    The Bot API's methods are case-insensitive; written like this, the SDK takes it for one that it does not know.
    """
    wait_s = POLL_S + MARGIN_S
    arguments: dict[str, Any] = {"timeout": POLL_S, "allowed_updates": list(ALLOWED)}
    if offset is not None:
        arguments["offset"] = offset
    async with outcome(wait_s, ambiguous=False):
        updates = await bot.do_api_request("GetUpdates", arguments, read_timeout=wait_s)
        if not isinstance(updates, list) or not all(isinstance(_number(update), int) for update in updates):
            raise TypeError
        return updates


def _number(update: Any) -> int:
    number: int = update["update_id"]
    return number


async def _wait_out(error: SendError, pause_s: float, polled: Polled) -> None:
    polled.times = polled.times + 1 if polled.trouble == error.reason else 1
    polled.trouble = error.reason
    if error.reason in (CONFLICT, WEBHOOK_SET):
        if polled.times % SAY_AGAIN == 1:
            _say_who(error)
        pause_s = min(pause_s, YIELD_S)
    else:
        log.warning("Telegram could not be polled (%s); trying again soon.", error)
    await asyncio.sleep(error.after_s if isinstance(error, RateLimited) else pause_s)


def _say_who(error: SendError) -> None:
    if error.reason == WEBHOOK_SET:
        log.error(
            "A webhook is set for this Telegram bot, so that nothing can be polled; it was left alone, another program "
            "may live by it. Give this Tocsin a bot of its own, use mode: webhook, or remove the webhook by calling "
            "deleteWebhook. Trying again every few seconds.",
        )
    else:
        log.error(
            "Another process receives the messages of this Telegram bot (%s). Only one may: stop the other one, or "
            "give it a bot of its own. Trying again every few seconds.",
            error.detail,
        )


async def _take(update: Json, handle: Handle) -> None:
    for pause_s in TRY_PAUSES_S:
        try:
            await handle(update)
            return
        except Malformed as error:
            log.warning("An update of Telegram could not be read and is passed over: %.200s", error)
            return
        except Exception as error:  # noqa: BLE001  # whatever it was, the update is not saved, so it is tried again
            log.warning("A Telegram update was not taken (%s); trying again in %.1f s.", type(error).__name__, pause_s)
            await asyncio.sleep(pause_s)
    log.error(
        "Telegram update %s was not taken after %s tries and is passed over.", update["update_id"], len(TRY_PAUSES_S)
    )
