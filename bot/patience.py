"""How long a message that failed for now waits before it is tried again: pages briefly, cards as long as it takes."""

from __future__ import annotations

from bot.engine.model import HOUR, MINUTE, SECOND, Instant, Span
from bot.store.base import Delivery, Lane

PAGE_BACKOFF_MAX: Span = 10 * SECOND
CARD_BACKOFF_MAX: Span = 5 * MINUTE
SHUT_OUT_MAX: Span = HOUR
"""A chat that shut the bot out is tried again this often at the least, so that a hundred old cards cost no rate."""


def backoff(row: Delivery) -> Span:
    """After a failure that may be over soon: twice as long with each try."""
    longest = PAGE_BACKOFF_MAX if row.lane is Lane.PAGE else CARD_BACKOFF_MAX
    return min(SECOND << min(max(row.attempts - 1, 0), 10), longest)


def may_come_back(row: Delivery, now: Instant) -> bool:
    """Whether a card waits for the operators, who are told to bring the bot back to the chat."""
    return row.lane is not Lane.PAGE and not row.op and bool(row.incident) and now < row.expires_at


def until_let_in(row: Delivery) -> Span:
    """How long it waits for them."""
    return min(CARD_BACKOFF_MAX << min(max(row.attempts - 1, 0), 10), SHUT_OUT_MAX)
