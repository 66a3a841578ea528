"""A mail that a server took and then sent back did not arrive: the person's other ways take over, once."""

from __future__ import annotations

from dataclasses import replace

from bot.adapters.base import Receipt
from bot.engine.model import Severity
from tests.scenarios.company import company
from tests.scenarios.story import Story


def night(*ways: str) -> Story:
    """Bo is on call, and wants to be paged these ways."""
    world = company()
    bo = replace(world.members["bo"], ways={Severity.CRITICAL: ways})
    return Story(replace(world, members={**world.members, "bo": bo})).fire("disk full")


def bounce(story: Story, who: str = "bo") -> Story:
    one = story.incident().id
    rows = story.store.read(lambda tx: tx.deliveries_of(one))
    (row,) = [row for row in rows if row.member == who and row.carrier == "email"]
    assert row.provider_id
    story.process.receive(
        Receipt(carrier="email", provider_id=row.provider_id, state="failed", reason="recipient_unreachable")
    )
    story._rung("pages")
    return story


def test_the_next_medium_takes_over_when_a_mail_comes_back():
    t = night("email")
    t.want("0s").page("bo", via="email", times=1).nobody("bo", via="sms")
    bounce(t.at("20s"))
    t.want("20s").page("bo", via="sms", times=1)
    bounce(t.at("40s"))
    t.want("40s").quiet()


def test_who_was_reached_another_way_is_not_called_unreachable():
    t = night("slack", "email", "sms")
    t.want("0s").page("bo", via="slack", times=1).page("bo", via="email", times=1)
    bounce(t.at("30s"))
    t.want("30s").nobody("bo", via="slack").nobody("bo", via="email")
    assert t.incident().unreachable == ()


def test_a_bounce_of_somebody_who_has_it_changes_nothing():
    t = night("email").at("10s")
    t.say("bo", "ack 1")
    before = t.kinds()
    bounce(t.at("20s"))
    t.never_after("20s", until="2m").page("bo")
    assert t.kinds() == before


def test_a_bounce_of_an_earlier_round_is_of_no_use():
    t = night("email").at("10s")
    t.say("bo", "resolve 1")
    t.say("bo", "reopen 1 not over")
    before = t.kinds()
    one = t.incident().id
    first = next(row for row in t.store.read(lambda tx: tx.deliveries_of(one)) if row.carrier == "email")
    t.process.receive(Receipt(carrier="email", provider_id=first.provider_id, state="failed", reason="refused"))
    assert t.kinds() == before
