"""Quotas: what may go, when people are warned, when a month runs out, and how it is counted in the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from bot import quotas as counted
from bot.clock import Ids, VirtualClock
from bot.engine import quotas
from bot.engine.model import DAY, HOUR, Severity
from bot.engine.quotas import Quota, Quotas, Verdict
from bot.observe import REGISTRY
from bot.service import Service
from bot.store.base import Delivery, Lane
from bot.store.memory import MemoryStore
from tests.cards.hostile import unhurried
from tests.conformance.store.samples import incident
from tests.scenarios.company import company
from tests.sim.world import instant

CRITICAL, INFO = Severity.CRITICAL, Severity.INFO
NOON = instant("2026-11-10T12:00")
QUOTA = Quota(per_month=100, reserve=20)


# --- pure -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used", "count", "severity", "hard", "verdict"),
    [
        (79, 1, INFO, False, Verdict.ALLOWED),
        (80, 1, INFO, False, Verdict.REFUSED),
        (79, 2, INFO, False, Verdict.REFUSED),
        (79, 1, CRITICAL, False, Verdict.ALLOWED),
        (80, 1, CRITICAL, False, Verdict.RESERVE),
        (99, 1, CRITICAL, False, Verdict.RESERVE),
        (100, 1, CRITICAL, False, Verdict.BEYOND),
        (99, 2, CRITICAL, False, Verdict.BEYOND),
        (100, 1, CRITICAL, True, Verdict.REFUSED),
        (80, 1, Severity.WARNING, True, Verdict.REFUSED),
    ],
)
def test_the_reserve_is_for_critical_and_critical_goes_beyond_unless_the_quota_is_hard(
    used: int, count: int, severity: Severity, hard: bool, verdict: Verdict
):
    taken = quotas.take(replace(QUOTA, hard=hard), used, count, severity)
    assert taken.verdict is verdict
    assert taken.used == (used if verdict is Verdict.REFUSED else used + count)


def test_marks_are_those_of_the_share_for_everybody_and_then_of_all():
    reached = {used: quotas.take(QUOTA, used - 1, 1, CRITICAL).reached for used in (63, 64, 75, 76, 79, 80, 99, 100)}
    assert reached[63] == ()
    assert reached[64] == reached[75] == ("80",)
    assert reached[76] == reached[79] == ("80", "95")
    assert reached[80] == reached[99] == ("80", "95", "100")
    assert reached[100] == ("80", "95", "100", "all")
    assert quotas.take(QUOTA, 79, 2, INFO).reached == ("80", "95", "100"), "a refusal is told as well"
    assert quotas.take(Quota(per_month=10, reserve=10), 0, 1, CRITICAL).reached == (), (
        "nothing open, nothing to warn of"
    )
    assert quotas.take(Quota(per_month=10), 9, 1, INFO).reached == ("80", "95", "100"), "without a reserve: no `all`"


sends = st.lists(st.tuples(st.integers(1, 5), st.sampled_from(list(Severity))), max_size=60)


@unhurried
@given(st.integers(1, 60), st.integers(0, 60), st.booleans(), sends)
def test_no_order_of_messages_breaks_a_quota(
    per_month: int, reserve: int, hard: bool, sent: list[tuple[int, Severity]]
):
    quota = Quota(per_month=per_month, reserve=min(reserve, per_month), hard=hard)
    used, seen = 0, ()
    for count, severity in sent:
        taken = quotas.take(quota, used, count, severity)
        if severity is not CRITICAL and taken.goes:
            assert taken.used <= quota.open, "what is not Critical never touches the reserve"
        if hard:
            assert taken.used <= quota.per_month
        if severity is CRITICAL and not hard:
            assert taken.goes, "a Critical page is never refused"
        assert taken.used == used + (count if taken.goes else 0)
        assert set(seen) <= set(taken.reached) or not taken.goes, "a mark that was reached stays reached"
        used, seen = taken.used, taken.reached if taken.goes else seen


@pytest.mark.parametrize(
    ("days", "by_month", "by_week"),
    [
        ({}, None, None),
        # 9.5 days begun on the 10th at noon: 38 in all are 4 a day; 42 left last 10.5 days, to the 21st at midnight.
        ({date(2026, 11, 1): 38}, date(2026, 11, 21), None),
        # All of it today: the month's pace is the same, the week's has 6.5 days.
        ({date(2026, 10, 1): 0, date(2026, 11, 10): 38}, date(2026, 11, 21), date(2026, 11, 17)),
        # The end of last month counts for the week at the beginning of this one, and not for what is used.
        ({date(2026, 11, 1): 80}, date(2026, 11, 10), date(2026, 11, 10)),
        ({date(2026, 11, 10): 79}, date(2026, 11, 10), date(2026, 11, 10)),
        ({date(2026, 11, 1): 38, date(2026, 11, 4): 1}, date(2026, 11, 20), None),
    ],
)
def test_the_forecast_counts_this_month_and_the_last_seven_days(
    days: dict[date, int], by_month: date | None, by_week: date | None
):
    found = quotas.forecast(QUOTA, days, NOON, "UTC")
    assert (found.by_month, found.by_week) == (by_month, by_week)
    assert found.soonest == min(filter(None, (by_month, by_week)), default=None)


def test_a_month_begins_with_the_pace_of_the_week_before_and_without_its_use():
    days = {date(2026, 10, day): 40 for day in range(25, 32)}
    found = quotas.forecast(QUOTA, days, instant("2026-11-01T06:00"), "UTC")
    assert found.by_month is None
    assert found.by_week == date(2026, 11, 3), "six days of 40 in 6.25: 80 are gone in two days"


@unhurried
@given(
    st.dictionaries(st.dates(date(2026, 10, 1), date(2026, 11, 10)), st.integers(0, 1000)),
    st.integers(1, 10_000),
    st.sampled_from(("UTC", "Asia/Shanghai", "America/New_York")),
)
def test_a_forecast_is_a_day_of_this_month_and_not_before_today(days: dict[date, int], per_month: int, zone: str):
    quota = Quota(per_month=per_month)
    found = quotas.forecast(quota, days, NOON, zone)
    for day in filter(None, (found.by_month, found.by_week)):
        assert date(2026, 11, 10) <= day <= date(2026, 11, 30)
    if sum(count for day, count in days.items() if day.month == 11) >= per_month:
        assert found.soonest == date(2026, 11, 10)


# --- counted ----------------------------------------------------------------------------------------------------------


class Month:
    """A company with a quota, and its clock."""

    def __init__(self, zone: str = "UTC", **quota: object) -> None:
        declared = Quotas(zone=zone, media={"sms": replace(QUOTA, **quota)})
        self.world = replace(company(), quotas=declared)
        self.store, self.clock = MemoryStore(), VirtualClock(NOON)
        self.service = Service(lambda: self.world, self.clock, Ids(seed=1))

    def take(self, count: int = 1, severity: Severity = INFO, *, medium: str = "sms", vendor: str = "twilio") -> bool:
        now = self.clock.now()
        return self.store.run(lambda tx: counted.take(tx, self.service, medium, vendor, severity, now, count=count))

    @property
    def standing(self) -> counted.Standing:
        return self.store.read(lambda tx: counted.standings(tx, self.world.quotas, self.clock.now()))[0]

    def alarms(self) -> list[str]:
        return [alarm.code for alarm in reversed(self.store.read(lambda tx: tx.alarms(100)))]


def test_what_has_no_quota_is_not_counted_and_always_goes():
    month = Month()
    assert month.take(10_000, medium="voice")
    assert month.store.read(lambda tx: tx.get_meta("quota:voice:2026-11")) == ""


def test_vendors_share_the_quota_and_are_counted_apart():
    month = Month(prices={"twilio": 0.5, "vonage": 0.25})
    assert all([month.take(3), month.take(4, vendor="vonage"), month.take(2)])
    assert month.standing.usage.vendors == {"twilio": 5, "vonage": 4}
    assert month.standing.usage.used == 9
    assert month.standing.cost == pytest.approx(3.5)
    assert month.take(vendor="aws")
    assert month.standing.cost is None, "no price, no estimate that looks complete"


def test_people_hear_of_each_mark_once_a_month():
    month = Month()
    for hour in range(90):
        month.clock.set(NOON + hour * HOUR)
        month.take()
    assert month.alarms() == ["quota_sms_80", "quota_sms_95", "quota_sms_100"]
    assert (month.standing.usage.used, month.standing.usage.refused) == (80, 10)
    for hour in range(90, 120):
        month.clock.set(NOON + hour * HOUR)
        assert month.take(severity=CRITICAL)
    assert month.alarms()[3:] == ["quota_sms_all"]
    assert month.standing.usage.used == 110
    month.clock.set(instant("2026-12-01T00:00"))
    assert month.take()
    assert month.standing.usage.used == 1
    for hour in range(90):
        month.clock.set(instant("2026-12-01T00:00") + hour * HOUR)
        month.take()
    assert month.alarms()[4:] == ["quota_sms_80", "quota_sms_95", "quota_sms_100"]


def test_people_hear_of_it_by_another_medium():
    month = Month()
    ways = {CRITICAL: ("sms",)}
    members = {name: replace(member, ways=ways) for name, member in month.world.members.items()}
    month.world = replace(month.world, members=members)
    month.take(64)
    rows = month.store.run(lambda tx: tx.claim_deliveries(NOON, 99, 1000, "t", (Lane.PAGE,)))
    assert rows
    assert "sms" not in {row.carrier for row in rows}


def test_a_jump_over_several_marks_is_told_once():
    month = Month()
    assert month.take(79)
    assert month.alarms() == ["quota_sms_95"]


def test_who_asks_first_and_counts_later_is_told_the_same():
    month = Month()
    now = month.clock.now()

    def asked(count: int, severity: Severity = INFO) -> bool:
        return month.store.read(lambda tx: counted.allows(tx, month.service, "sms", severity, now, count=count))

    assert asked(80)
    assert not asked(81)
    assert month.standing.usage.used == 0, "asking counts nothing"
    month.store.run(lambda tx: counted.spend(tx, month.service, "sms", "twilio", now, count=80))
    assert not asked(1)
    assert asked(1, CRITICAL)
    month.store.run(lambda tx: counted.refused(tx, month.service, "sms", INFO, now))
    assert (month.standing.usage.used, month.standing.usage.refused) == (80, 1)
    assert month.alarms() == ["quota_sms_100"]


def test_how_urgent_a_delivery_is_to_its_quota():
    month = Month()
    month.take(64)
    (alarm, *_) = month.store.run(lambda tx: tx.claim_deliveries(NOON, 99, 1000, "t", (Lane.PAGE,)))
    assert counted.severity_of(alarm, None) is CRITICAL, "Tocsin's own alarms are not what a quota is to save"
    test: Delivery = replace(alarm, key="test:1:sms")
    assert counted.severity_of(test, None) is INFO
    assert counted.severity_of(test, incident("c0ffee0000000001", severity=Severity.WARNING)) is Severity.WARNING


def test_a_hard_quota_refuses_critical_pages_too():
    month = Month(hard=True, reserve=0)
    assert month.take(100, CRITICAL)
    assert not month.take(1, CRITICAL)


def test_a_month_is_one_of_the_organizations_own_clocks():
    month = Month(zone="Asia/Shanghai")
    month.clock.set(instant("2026-11-30T15:59"))
    month.take()
    month.clock.set(instant("2026-11-30T16:00"))
    assert month.standing.usage.used == 0
    assert month.standing.month == "2026-12"


def test_what_a_vendor_refused_is_given_back_to_the_month_it_came_from():
    month = Month()
    month.take(5)
    at = month.clock.now()
    month.clock.set(NOON + 25 * DAY)
    month.take(2)
    month.store.run(lambda tx: counted.give_back(tx, month.service, "sms", "twilio", at, count=3))
    assert month.standing.usage.used == 2
    month.store.run(lambda tx: counted.give_back(tx, month.service, "sms", "twilio", month.clock.now(), count=9))
    assert month.standing.usage.used == 0, "never below nothing"


def test_a_quota_that_is_lowered_is_in_force_at_once():
    month = Month()
    month.take(60)
    month.world = replace(month.world, quotas=Quotas(media={"sms": Quota(per_month=50)}))
    assert not month.take()
    assert month.alarms() == ["quota_sms_100"]


@pytest.mark.parametrize("seat", [True, False])
def test_members_without_a_seat_share_it(seat: bool):
    month = Month()
    members = {name: replace(member, seat=seat) for name, member in month.world.members.items()}
    month.world = replace(month.world, members=members)
    assert month.take(80)
    assert not month.take()


def test_the_warning_says_what_is_used_when_it_ends_what_goes_on_and_the_cure():
    month = Month()
    month.take(64)
    early = counted.warning(month.standing, "80")
    assert early.startswith("sms: 64 of this month's 100 are used (the last 20 are for Critical).")
    assert "runs out on 2026-11-1" in early
    month.take(16)
    late = counted.warning(month.standing, "100")
    assert "Everything else takes another way now. Critical pages still go out, from the reserve." in late
    hard = replace(month.standing, quota=replace(QUOTA, hard=True))
    assert "Nothing more goes out this way." in counted.warning(hard, "all")
    assert late.endswith("Raise quotas.sms.per_month in the manifest, or look at: tocsin quota")


def test_the_metric_says_how_much_is_used():
    month = Month()
    month.take(25)
    assert b'tocsin_quota_used_ratio{medium="sms"} 0.25' in generate_latest(REGISTRY)
    month.clock.set(NOON + HOUR)
    month.take(75, CRITICAL)
    assert b'tocsin_quota_used_ratio{medium="sms"} 1.0' in generate_latest(REGISTRY)
