"""What became of a call to Telegram: every way it can fail, as one of the outcomes of the contract.

Errors: https://core.telegram.org/bots/api#making-requests; there are no codes, so sentences are matched.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.adapters.base import AuthBroken, EditTargetGone, Moved, Permanent, RateLimited, SendError, Transient

if TYPE_CHECKING:
    from telegram.error import NetworkError, RetryAfter, TelegramError

UNCHANGED = "message is not modified"
CONFLICT, WEBHOOK_SET = "conflict", "webhook_set"
GONE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
)
PLACE = (
    "chat not found", "thread not found", "topic_closed", "topic_deleted", "not enough rights", "have no rights",
    "need administrator rights", "chat_write_forbidden", "chat_restricted", "peer_id_invalid", "user not found",
    "group chat was deactivated", "chat was upgraded", "chat_id_invalid", "topic_id_invalid", "not a forum",
)  # fmt: skip
CARD = (
    "can't parse", "text is empty", "text must be non-empty", "too long", "too_long", "button", "reply markup",
    "keyboard", "entit", "object expected", "invalid utf", "strings must be encoded", "reply_markup",
)  # fmt: skip

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{8,}")


@asynccontextmanager
async def outcome(timeout_s: float, *, ambiguous: bool = True, address: str = "") -> AsyncIterator[None]:
    """Bounds what is done inside by `timeout_s` seconds, and raises each of its failures as a `SendError`.

    `ambiguous=False` is for calls that write nothing: their timeout leaves no doubt. `address` tells whose
    refusal it is: a group's id is negative.
    """
    from telegram.error import TelegramError

    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise Transient("timeout", f"no answer within {timeout_s:g} s", ambiguous=ambiguous) from error
    except TelegramError as error:
        raise _refused(error, address, ambiguous=ambiguous) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # python-telegram-bot stumbles over a `null` or a misshapen result, as a proxy may send it
        raise Transient("bad_answer", "the answer was not Telegram's", ambiguous=ambiguous) from error


def _refused(error: TelegramError, address: str, *, ambiguous: bool) -> SendError:
    """The order matters: BadRequest and TimedOut are NetworkErrors to the SDK."""
    from telegram import error as sdk

    detail = _TOKEN.sub("***", error.message)
    unreachable = "chat_unreachable" if address.startswith(("-", "@")) else "recipient_unreachable"
    match error:
        case sdk.RetryAfter():
            return RateLimited(_seconds(error), detail)
        case sdk.ChatMigrated():
            return Moved(str(error.new_chat_id))
        case sdk.Forbidden():
            return Permanent(unreachable, detail)
        case sdk.InvalidToken():
            return AuthBroken("auth_broken", "Telegram refused the bot token")
        case sdk.BadRequest():
            return _bad_request(detail, unreachable)
        case sdk.Conflict():
            return Transient(WEBHOOK_SET if "webhook" in detail.lower() else CONFLICT, detail)
        case sdk.NetworkError():
            return _network(error, detail, ambiguous=ambiguous)
        case _:
            return Transient("bad_answer", detail, ambiguous=ambiguous)


def _seconds(error: RetryAfter) -> float:
    """The SDK hands out a timedelta since the adapter asks for it; a number where somebody forbade that."""
    wait = error.retry_after
    return float(wait.total_seconds() if isinstance(wait, timedelta) else wait)


def _bad_request(detail: str, unreachable: str) -> SendError:
    said = detail.lower()
    if any(word in said for word in GONE):
        return EditTargetGone("edit_target_gone", detail)
    if any(word in said for word in PLACE):
        return Permanent(unreachable, detail)
    return Permanent("card_invalid" if any(word in said for word in CARD) else "refused", detail)


def _network(error: NetworkError, detail: str, *, ambiguous: bool) -> SendError:
    import httpx
    from telegram.error import TimedOut

    cause = error.__cause__
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Transient("unreachable", detail)  # nothing was sent: no connection came about
    if isinstance(error, TimedOut):
        return Transient("timeout", detail, ambiguous=ambiguous)
    if isinstance(cause, httpx.HTTPError):
        return Transient("connection_lost", detail, ambiguous=ambiguous)
    return Transient("platform_down", detail, ambiguous=ambiguous and "Service Unavailable" not in detail)
