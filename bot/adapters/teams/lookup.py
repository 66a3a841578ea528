"""Whom Teams calls what: a person is looked up in every conversation that is known, a bounded number at a time.

Without rights in the whole tenant there is no other way: only a conversation with the person in it tells their account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from bot.adapters.base import Permanent, RateLimited, SendError, Transient

AT_ONCE = 5
"""Questions at a time. An app may ask 30 a second in a tenant, and it has messages to send besides:
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit"""
EACH_TIME_MAX = 40
"""Conversations that are asked before one send; the next try of the same page goes on where this one stopped."""
SHARE = 0.5
"""Of the time that a send has: what is left is for the message itself."""
MISS_KEPT_S = 600.0
"""How long a search that did not come to its end is gone on with; then it begins anew: people join."""
PEOPLE_MAX = 1_000
"""People whose vain lookups are remembered; the oldest are forgotten first, and only asked for anew."""

Ask = Callable[[str, float], Awaitable[str]]
"""From a conversation and a deadline to the person's account; raises SendError, Permanent where they are not in it."""


@dataclass(slots=True)
class _Misses:
    since: float
    asked: set[str] = field(default_factory=set)


class Lookup:
    """Remembers where somebody was not found, so that repeated tries come through all conversations in the end."""

    def __init__(self) -> None:
        """Nobody was looked for yet."""
        self._misses: dict[str, _Misses] = {}

    async def find(self, user: str, rosters: Iterable[str], ask: Ask, deadline: float) -> str:
        """The account, or nothing where no conversation has the person. `deadline` is a time of the loop, in seconds.

        Raises `Transient` while some conversations are still to be asked, and whatever else kept one from answering.
        """
        loop = asyncio.get_running_loop()
        misses = self._since(user, loop.time())
        todo = [roster for roster in dict.fromkeys(rosters) if roster not in misses.asked]
        until = loop.time() + (deadline - loop.time()) * SHARE
        trouble: SendError | None = None
        now, later = todo[:EACH_TIME_MAX], todo[EACH_TIME_MAX:]
        while now and loop.time() < until:
            batch, now = now[:AT_ONCE], now[AT_ONCE:]
            answers = await asyncio.gather(*(ask(roster, until) for roster in batch), return_exceptions=True)
            for roster, answer in zip(batch, answers, strict=True):
                if isinstance(answer, str):
                    del self._misses[user]
                    return answer
                if isinstance(answer, Permanent):
                    misses.asked.add(roster)
                elif isinstance(answer, Transient | RateLimited):
                    trouble = answer
                else:
                    raise answer  # a refused token, or a fault of our own
        if trouble is not None:
            raise trouble
        if now or later:
            raise Transient("still_looking", f"{len(now) + len(later)} conversations were not asked for the person yet")
        del self._misses[user]  # asked everywhere: the next time begins anew, as somebody may have brought them in
        return ""

    def _since(self, user: str, now: float) -> _Misses:
        misses = self._misses.pop(user, None)
        if misses is None or now - misses.since > MISS_KEPT_S:
            misses = _Misses(now)
        self._misses[user] = misses
        while len(self._misses) > PEOPLE_MAX:
            del self._misses[next(iter(self._misses))]
        return misses
