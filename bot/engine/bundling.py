"""A burst of texts to one person: the first few go out one by one, what follows goes together.

Nothing is dropped here: whatever waits goes out with the next text, and every page is still proven or failed by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.engine.model import MINUTE, SECOND, Instant, Severity, Span

ALONE_MAX = 3
"""Texts to one person within `WINDOW` that go out one by one; a phone that buzzes oftener is put away."""
WINDOW: Span = MINUTE
HOLD: Span = 20 * SECOND
"""The longest that a page waits for others to go with it."""
HOLD_CRITICAL: Span = 10 * SECOND
"""The same while a critical one waits."""
LOOK_AGAIN: Span = 2 * SECOND
"""How soon a page asks again that is about to be carried by another one."""
BUNDLE_MAX = 20
"""Pages in one text; it names as many as fit into two segments and counts them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A page by text that is queued. `since` is when it was decided."""

    id: str
    since: Instant
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class SendNow:
    """This page goes out by itself."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTogether:
    """These pages go out in one text, the oldest first; at least two."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUntil:
    """It does not go out yet: ask again at `at`."""

    at: Instant


Decision = SendNow | SendTogether | WaitUntil


def decide(mine: str, queued: Sequence[Waiting], sent: Sequence[Instant], now: Instant) -> Decision:
    """What becomes now of the page `mine`, which is one of `queued`.

    `queued` are the person's pages that no text has carried yet, `sent` the instants of the texts that went out to
    them (a bundle is one). As many as are still free to go alone may be asked about at the same time. Where several go
    together the oldest is told so; the others wait, and are carried by it, or decide anew when it failed.
    Raises `ValueError` for a page that is not queued.
    """
    waiting = sorted(queued, key=lambda page: (page.since, page.id))
    place = [page.id for page in waiting].index(mine)
    free = max(0, ALONE_MAX - sum(now - WINDOW < at <= now for at in sent))
    if place < free:
        return SendNow(id=mine)
    together = waiting[free:]
    due = _deadline(together, [*sent, *[now] * min(free, len(waiting))], now)
    if now < due:
        return WaitUntil(at=due)
    if place > free:
        return WaitUntil(at=now + LOOK_AGAIN)
    ids = tuple(page.id for page in together[:BUNDLE_MAX])
    return SendTogether(ids=ids) if len(ids) > 1 else SendNow(id=mine)


def _deadline(waiting: Sequence[Waiting], sent: Sequence[Instant], now: Instant) -> Instant:
    """When the pages that wait go out at the latest: the soonest of their own ends, or when the burst is over."""
    ends = [page.since + (HOLD_CRITICAL if page.severity is Severity.CRITICAL else HOLD) for page in waiting]
    recent = sorted(at for at in sent if now - WINDOW < at <= now)
    return min(*ends, recent[-ALONE_MAX] + WINDOW)
