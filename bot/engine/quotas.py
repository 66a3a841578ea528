"""What a month may cost: quotas by medium, a reserve for Critical, marks at which people are warned, and a forecast.

A quota guards a budget, and a page that never came is worse than a bill: Critical pages go out even beyond it, unless
the quota is declared hard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from bot.engine.model import Instant, Severity
from bot.engine.wall import shown

WARNED_AT: Final = (80, 95, 100)
"""Percent of what is open to everybody at which people are warned. At 100 only Critical goes out."""
WEEK_DAYS: Final = 7
"""The second forecast looks at so many days, today among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What one medium may carry in a calendar month. Counted in segments of texts, calls, and mails.

    `per_month` is all of it; the last `reserve` of it are kept for Critical.
    """

    per_month: int
    reserve: int = 0
    hard: bool = False
    """Not even Critical goes beyond it."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """What a vendor asks for one, where the team wants to see an estimate."""

    @property
    def open(self) -> int:
        """How many of them are for everybody."""
        return self.per_month - self.reserve


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The quotas of the organization. Months begin by the clocks of `zone`; an absent medium has no limit."""

    zone: str = "UTC"
    currency: str = "USD"
    media: Mapping[str, Quota] = field(default_factory=dict)


class Verdict(StrEnum):
    """What a quota says of one message."""

    ALLOWED = "allowed"
    RESERVE = "quota_reserve"
    """It is Critical, and goes at the cost of the reserve."""
    BEYOND = "quota_exceeded"
    """It is Critical, and goes although nothing is left."""
    REFUSED = "quota_used_up"
    """It does not go: another medium may take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A verdict, how much of the month is used after it, and the marks that are reached by now, low first."""

    verdict: Verdict
    used: int
    reached: tuple[str, ...]
    """As `marks` has them; a refusal reaches the mark that refuses."""

    @property
    def goes(self) -> bool:
        """Whether the message may be sent."""
        return self.verdict is not Verdict.REFUSED


def take(quota: Quota, used: int, count: int, severity: Severity) -> Taken:
    """Whether `count` more may go when `used` have gone this month. A refusal uses nothing."""
    after, critical = used + count, severity is Severity.CRITICAL
    if after <= quota.open:
        verdict = Verdict.ALLOWED
    elif critical and after <= quota.per_month:
        verdict = Verdict.RESERVE
    elif critical and not quota.hard:
        verdict = Verdict.BEYOND
    else:
        reached = (*marks(quota, max(used, quota.open)), *(("all",) if critical else ()))
        return Taken(verdict=Verdict.REFUSED, used=used, reached=tuple(dict.fromkeys(reached)))
    return Taken(verdict=verdict, used=after, reached=marks(quota, after))


def marks(quota: Quota, used: int) -> tuple[str, ...]:
    """The marks that are reached, low first: `80`, `95`, `100` percent of what is open to everybody, then `all`.

    With nothing open to everybody there is nothing to warn of before the reserve is gone.
    """
    percents = tuple(str(percent) for percent in WARNED_AT if quota.open and used * 100 >= quota.open * percent)
    return (*percents, "all") if quota.reserve and used >= quota.per_month else percents


def day_of(at: Instant, zone: str) -> date:
    """The day that the zone's clock shows."""
    return shown(at, ZoneInfo(zone)).date()


def month_of(day: date) -> str:
    """`2026-11`."""
    return f"{day:%Y-%m}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The days on which what is open to everybody runs out at two paces. None: it lasts until the month is over."""

    by_month: date | None
    """At the pace of this month so far."""
    by_week: date | None
    """At the pace of the last seven days."""

    @property
    def soonest(self) -> date | None:
        """The earlier of the two."""
        return min((day for day in (self.by_month, self.by_week) if day is not None), default=None)


def forecast(quota: Quota, days: Mapping[date, int], now: Instant, zone: str) -> Forecast:
    """When the month's share for everybody runs out. `days` is what was used on each day, of last month as well.

    A pace is counted over one day at the least: a storm in the first hour of a month is not a month of storms.
    """
    clock = shown(now, ZoneInfo(zone))
    today, begun = clock.date(), (clock.hour * 60 + clock.minute) / 1440
    used = sum(count for day, count in days.items() if month_of(day) == month_of(today))
    first = max(today - timedelta(days=WEEK_DAYS - 1), min(days, default=today))
    lately = sum(count for day, count in days.items() if first <= day <= today)

    def runs_out(pace: float) -> date | None:
        left = quota.open - used
        if left <= 0:
            return today
        if pace * 31 < left:
            return None
        day = (clock + timedelta(days=left / pace)).date()
        return day if month_of(day) == month_of(today) else None

    return Forecast(
        by_month=runs_out(used / max(1.0, today.day - 1 + begun)),
        by_week=runs_out(lately / max(1.0, (today - first).days + begun)),
    )
