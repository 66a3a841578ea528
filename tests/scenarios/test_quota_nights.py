"""Nights on which a quota runs out: what goes on, what takes over, and who hears of it."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.model import Severity
from bot.engine.quotas import Quota, Quotas
from bot.quotas import Standing, standings
from tests.scenarios.company import company
from tests.scenarios.story import Story


def night(**quota: object) -> Story:
    """Everybody wants texts, of which a month has three segments; the last one is for Critical."""
    quotas = Quotas(media={"sms": replace(Quota(per_month=3, reserve=1), **quota)})
    ways = dict.fromkeys(Severity, ("sms",))
    members = {name: replace(member, ways=ways) for name, member in company().members.items()}
    return Story(replace(company(), members=members, quotas=quotas))


def standing(t: Story) -> Standing:
    return t.store.read(lambda tx: standings(tx, t.world.quotas, t.line.clock.now()))[0]


def test_what_is_refused_takes_the_next_medium_and_the_timeline_says_why():
    t = night(per_month=1, reserve=1)
    t.fire("cart is slow", "warning")
    t.want("2m").nobody(via="sms").page("bo", "email", times=1)
    incident = t.incident().id
    entries = t.store.read(lambda tx: tx.timeline(incident))
    assert any("quota_used_up" in entry.facts.values() for entry in entries)
    assert (standing(t).usage.used, standing(t).usage.refused) == (0, 1)


def test_critical_pages_use_the_reserve_and_then_go_beyond_it():
    t = night(per_month=2, reserve=1)
    for minute, title in enumerate(("disk full", "queue stuck", "shop is down")):
        t.at(f"{minute}m").fire(title)
    t.at("4m")
    assert len([page for page in t.pages if page.via == "sms"]) >= 3
    codes = [alarm.code for alarm in t.alarms()]
    assert codes.count("quota_sms_100") == 1
    assert codes.count("quota_sms_all") == 1
    assert standing(t).usage.used >= 3


def test_a_hard_quota_lets_the_next_medium_carry_even_critical_pages():
    t = night(per_month=1, reserve=0, hard=True)
    t.fire("disk full").at("1m").fire("shop is down")
    t.at("2m")
    by_text = [page for page in t.pages if page.via == "sms"]
    assert len(by_text) <= 1
    assert {page.incident for page in t.pages} >= {1, 2}, "each incident still reached somebody"
    assert standing(t).usage.used == 1
