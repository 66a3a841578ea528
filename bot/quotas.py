"""The organization's quotas as they are used: counted in the store by medium and month, told of before they run out.

Who is paged does not matter here: members with and without a seat share them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from bot.adapters.base import Sent, Transient
from bot.cards.sms import segments
from bot.engine import quotas
from bot.engine.model import Incident, Instant, Severity, medium_of
from bot.engine.quotas import Forecast, Quota, Quotas
from bot.observe import QUOTA_USED
from bot.service import Service
from bot.store.base import Delivery, Tx

REFUSED: Final = quotas.Verdict.REFUSED.value
"""The named reason of a delivery that its quota stopped: the engine then goes on to the next medium."""


ALARM_KEY: Final = "alarm:"
"""Begins the key of a delivery by which Tocsin tells of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one medium used in one month."""

    days: Mapping[date, int] = field(default_factory=dict)
    vendors: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0
    told: frozenset[str] = frozenset()
    """The marks that people were warned of."""

    @property
    def used(self) -> int:
        """Everything that was counted in the month."""
        return sum(self.days.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one medium stands in the month of `now`."""

    medium: str
    month: str
    quota: Quota
    usage: Usage
    forecast: Forecast
    cost: float | None
    """An estimate from the prices of the quota; None where a vendor that was used has none."""

    @property
    def used_up(self) -> bool:
        """Whether nothing is left for everybody."""
        return self.usage.used >= self.quota.open


def allows(tx: Tx, service: Service, medium: str, severity: Severity, now: Instant, *, count: int = 1) -> bool:
    """Whether `count` more of a medium may go. Counts nothing; true where no quota is declared.

    `count` is segments for texts, else 1. What is asked at once by many is allowed together: the quota may be passed
    by as many as are under way.
    """
    declared = service.world().quotas
    quota = declared.media.get(medium)
    if quota is None:
        return True
    month = quotas.month_of(quotas.day_of(now, declared.zone))
    return quotas.take(quota, _read(tx, medium, month).used, count, severity).goes


def spend(tx: Tx, service: Service, medium: str, vendor: str, now: Instant, *, count: int = 1) -> None:
    """Count `count` more that a vendor took, or may have taken. People hear of each mark once a month."""
    declared = service.world().quotas
    quota = declared.media.get(medium)
    if quota is None:
        return
    today = quotas.day_of(now, declared.zone)
    usage = _read(tx, medium, quotas.month_of(today))
    after = replace(
        usage,
        days={**usage.days, today: usage.days.get(today, 0) + count},
        vendors={**usage.vendors, vendor: usage.vendors.get(vendor, 0) + count},
    )
    _keep(tx, service, medium, usage, after, quotas.marks(quota, after.used), now)


def refused(tx: Tx, service: Service, medium: str, severity: Severity, now: Instant, *, count: int = 1) -> None:
    """Note that `count` were refused. People hear of it once a month."""
    declared = service.world().quotas
    quota = declared.media.get(medium)
    if quota is None:
        return
    usage = _read(tx, medium, quotas.month_of(quotas.day_of(now, declared.zone)))
    reached = quotas.take(quota, usage.used, count, severity).reached
    _keep(tx, service, medium, usage, replace(usage, refused=usage.refused + count), reached, now)


def take(
    tx: Tx, service: Service, medium: str, vendor: str, severity: Severity, now: Instant, *, count: int = 1
) -> bool:
    """`allows`, and then `spend` or `refused`, in one transaction: for whoever counts a try before it is made."""
    goes = allows(tx, service, medium, severity, now, count=count)
    if goes:
        spend(tx, service, medium, vendor, now, count=count)
    else:
        refused(tx, service, medium, severity, now, count=count)
    return goes


def severity_of(row: Delivery, incident: Incident | None) -> Severity:
    """How urgent a delivery is to its quota: as its incident; Tocsin's own alarms are Critical, other news Info."""
    if incident is not None:
        return incident.severity
    return Severity.CRITICAL if row.key.startswith(ALARM_KEY) else Severity.INFO


def units(carrier: str, message: Mapping[str, Any]) -> int:
    """What a message counts: its segments as a text, else 1."""
    return segments(str(message.get("text", ""))) if medium_of(carrier) == "sms" else 1


def stops(
    tx: Tx, service: Service, row: Delivery, incident: Incident | None, message: Mapping[str, Any], now: Instant
) -> bool:
    """Whether a quota keeps this delivery from being sent: it is then to be settled as failed for `REFUSED`."""
    medium = medium_of(row.carrier)
    if medium not in service.world().quotas.media:
        return False
    severity, count = severity_of(row, incident), units(row.carrier, message)
    return not allows(tx, service, medium, severity, now, count=count)


def note(tx: Tx, service: Service, settled: Delivery, now: Instant) -> None:
    """Remember, and tell once a month, that a delivery was settled for `REFUSED`; any other leaves no trace here."""
    if settled.error == REFUSED:
        incident = tx.incidents([settled.incident]).get(settled.incident) if settled.incident else None
        refused(tx, service, medium_of(settled.carrier), severity_of(settled, incident), now)


def charge(
    tx: Tx, service: Service, carrier: str, vendors: Iterable[str], message: Mapping[str, Any], now: Instant
) -> None:
    """Count a message once for each vendor that took it, or may have taken it."""
    medium = medium_of(carrier)
    for vendor in vendors if medium in service.world().quotas.media else ():
        spend(tx, service, medium, vendor, now, count=units(carrier, message))


def takers(carrier: str, outcome: object) -> tuple[str, ...]:
    """Who charges for a message where the carrier has no vendors: the carrier itself, if it took it or may have."""
    taken = isinstance(outcome, Sent) or (isinstance(outcome, Transient) and outcome.ambiguous)
    return (carrier,) if taken else ()


def give_back(tx: Tx, service: Service, medium: str, vendor: str, taken_at: Instant, *, count: int = 1) -> None:
    """Uncount what a vendor refused outright, and so does not charge. `taken_at` is when it was counted."""
    declared = service.world().quotas
    if medium not in declared.media:
        return
    day = quotas.day_of(taken_at, declared.zone)
    usage = _read(tx, medium, quotas.month_of(day))
    less = replace(
        usage,
        days={**usage.days, day: max(0, usage.days.get(day, 0) - count)},
        vendors={**usage.vendors, vendor: max(0, usage.vendors.get(vendor, 0) - count)},
    )
    _write(tx, medium, quotas.month_of(day), less)


def standings(tx: Tx, declared: Quotas, now: Instant) -> list[Standing]:
    """Every medium that has a quota, as it stands now. Sets the metric as well."""
    found = [_standing(tx, declared, medium, quota, now) for medium, quota in declared.media.items()]
    for each in found:
        QUOTA_USED.labels(each.medium).set(each.usage.used / each.quota.per_month)
    return found


def warning(standing: Standing, mark: str) -> str:
    """What people hear at a mark: how much is used, when it runs out, what goes on, and what to do."""
    quota, used = standing.quota, standing.usage.used
    words = f"{standing.medium}: {used} of this month's {quota.per_month} are used"
    words += f" (the last {quota.reserve} are for Critical)." if quota.reserve else "."
    critical = "Critical pages still go out" + (", from the reserve." if quota.reserve and mark == "100" else ".")
    if mark == "all" or (mark == "100" and not quota.reserve):
        critical = "Nothing more goes out this way." if quota.hard else "Critical pages still go out."
    if mark in ("100", "all"):
        words += f" Everything else takes another way now. {critical}"
    elif standing.forecast.soonest:
        words += f" At this pace the share for everybody runs out on {standing.forecast.soonest.isoformat()}."
    return f"{words} Raise quotas.{standing.medium}.per_month in the manifest, or look at: tocsin quota"


def _keep(
    tx: Tx, service: Service, medium: str, before: Usage, after: Usage, reached: tuple[str, ...], now: Instant
) -> None:
    """Write the month down, and tell of the highest mark that is new."""
    declared = service.world().quotas
    quota = declared.media[medium]
    month = quotas.month_of(quotas.day_of(now, declared.zone))
    _write(tx, medium, month, replace(after, told=before.told | frozenset(reached)))
    QUOTA_USED.labels(medium).set(after.used / quota.per_month)
    fresh = [mark for mark in reached if mark not in before.told]
    if fresh:
        standing = _standing(tx, declared, medium, quota, now)
        service.alarm(tx, f"quota_{medium}_{fresh[-1]}", warning(standing, fresh[-1]), about=medium)


def _standing(tx: Tx, declared: Quotas, medium: str, quota: Quota, now: Instant) -> Standing:
    today = quotas.day_of(now, declared.zone)
    month, before = quotas.month_of(today), quotas.month_of(today.replace(day=1) - timedelta(days=1))
    usage = _read(tx, medium, month)
    days = {**_read(tx, medium, before).days, **usage.days}
    priced = all(vendor in quota.prices for vendor, count in usage.vendors.items() if count)
    cost = sum(count * quota.prices.get(vendor, 0.0) for vendor, count in usage.vendors.items())
    return Standing(
        medium=medium,
        month=month,
        quota=quota,
        usage=usage,
        forecast=quotas.forecast(quota, days, now, declared.zone),
        cost=cost if priced and quota.prices else None,
    )


def _key(medium: str, month: str) -> str:
    return f"quota:{medium}:{month}"


def _read(tx: Tx, medium: str, month: str) -> Usage:
    kept = tx.get_meta(_key(medium, month))
    if not kept:
        return Usage()
    data = json.loads(kept)
    return Usage(
        days={date.fromisoformat(day): count for day, count in data["days"].items()},
        vendors=data["vendors"],
        refused=data["refused"],
        told=frozenset(data["told"]),
    )


def _write(tx: Tx, medium: str, month: str, usage: Usage) -> None:
    data = {
        "days": {day.isoformat(): count for day, count in usage.days.items()},
        "vendors": dict(usage.vendors),
        "refused": usage.refused,
        "told": sorted(usage.told),
    }
    tx.put_meta(_key(medium, month), json.dumps(data, separators=(",", ":")))
