"""Which language a person has set in Slack: payloads do not tell, so it is asked aside, and known the next time.

Nobody waits for it: a `trigger_id` lives three seconds, and a form in English is better than none.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.adapters.base import Errands, SendError
from bot.adapters.slack.outcome import outcome

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

KEPT_S = 12 * 3600.0
"""People seldom change it: twice a day is soon enough."""
FAILED_KEPT_S = 600.0
"""After a failure, or an answer without a locale, a person is not asked about for so long."""
PEOPLE_MAX = 5_000
"""Our own bound on memory; whoever was learned first is forgotten first."""
AT_ONCE_MAX = 5
"""Questions under way; beyond, a person is asked about another time. `users.info` is tier 4, 100 a minute and more:
https://docs.slack.dev/apis/web-api/rate-limits"""
ASK_S = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Learned:
    locale: str
    until: float


class Locales:
    """What is known of each person's locale (`zh-CN`), in the memory of this process."""

    def __init__(self, web: AsyncWebClient, errands: Errands) -> None:
        """Know nothing yet."""
        self._web = web
        self._errands = errands
        self._learned: dict[str, _Learned] = {}
        self._asked: set[str] = set()

    def of(self, user: str) -> str:
        """What is known now, empty while that is nothing. What is not known, or old, is asked in the background."""
        known = self._learned.get(user)
        if known is None or asyncio.get_running_loop().time() >= known.until:
            self._ask(user)
        return known.locale if known else ""

    def _ask(self, user: str) -> None:
        if user and user not in self._asked and len(self._asked) < AT_ONCE_MAX:
            self._asked.add(user)
            self._errands.begin(self._learn(user))

    async def _learn(self, user: str) -> None:
        """Ask https://docs.slack.dev/reference/methods/users.info; an old answer outlives a failure."""
        try:
            async with outcome(ASK_S, ambiguous=False):
                answer = await self._web.users_info(user=user, include_locale=True)
                about = answer.get("user")
        except SendError as error:
            log.info("Slack did not tell the language of %s (%s): English, where nothing else is known.", user, error)
            about = None
        finally:
            self._asked.discard(user)
        found = about.get("locale") if isinstance(about, dict) else None
        known = self._learned.pop(user, None)
        locale = found if isinstance(found, str) else (known.locale if known else "")
        kept_s = KEPT_S if isinstance(found, str) else FAILED_KEPT_S
        self._learned[user] = _Learned(locale, asyncio.get_running_loop().time() + kept_s)
        while len(self._learned) > PEOPLE_MAX:
            del self._learned[next(iter(self._learned))]
