"""When failures in a row are an outage that somebody must hear of."""

from __future__ import annotations

from bot.engine.model import MINUTE
from bot.engine.outages import LONG, SEPARATE, Outage, failed


def after(*at: int) -> Outage:
    outage = None
    for now in at:
        outage = failed(outage, now)
    assert outage is not None
    return outage


def test_one_failure_is_no_outage():
    assert not after(0).is_long


def test_failures_all_along_for_five_minutes_are_one():
    assert not after(0, MINUTE, LONG - 1).is_long
    assert after(0, MINUTE, LONG).is_long


def test_failures_that_have_nothing_to_do_with_each_other_are_none():
    assert after(0, SEPARATE).is_long
    assert not after(0, SEPARATE + 1).is_long
    assert after(0, SEPARATE + 1).since == SEPARATE + 1


def test_a_clock_that_is_set_back_makes_no_outage_longer():
    assert after(10 * MINUTE, 0) == Outage(since=10 * MINUTE, latest=10 * MINUTE)
