"""Bursts of texts: the first goes at once, a critical one waits ten seconds at most, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import bursts
from bot.engine import bundling
from bot.engine.bundling import SendNow, SendTogether, Waiting, WaitUntil, decide
from bot.engine.model import SECOND, Severity
from bot.store.base import Delivery, DeliveryState, Lane
from bot.store.memory import MemoryStore

CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO
T0 = 1_800_000_000_000


def page(name: str, at: int, severity: Severity = CRITICAL) -> Waiting:
    return Waiting(id=name, since=T0 + at * SECOND, severity=severity)


def sent(*seconds: int) -> list[int]:
    return [T0 + at * SECOND for at in seconds]


def until(second: int) -> WaitUntil:
    return WaitUntil(at=T0 + second * SECOND)


@pytest.mark.parametrize("already", [(), (0,), (0, 1)])
def test_the_first_three_of_a_minute_go_alone_and_at_once(already: tuple[int, ...]):
    assert decide("a", [page("b", 2), page("a", 1)], sent(*already), T0 + 2 * SECOND) == SendNow(id="a")


def test_three_go_at_the_same_time_and_the_fourth_waits():
    queued = [page(name, 0) for name in "abcde"]
    now = [decide(name, queued, [], T0) for name in "abcde"]
    assert now == [SendNow(id="a"), SendNow(id="b"), SendNow(id="c"), until(10), until(10)]


def test_the_fourth_waits_for_company_and_no_longer_than_its_severity_allows():
    gone = sent(0, 1, 2)
    assert decide("d", [page("d", 5)], gone, T0 + 5 * SECOND) == until(15)
    assert decide("d", [page("d", 5, WARNING)], gone, T0 + 5 * SECOND) == until(25)
    assert decide("d", [page("d", 5, WARNING), page("e", 7)], gone, T0 + 7 * SECOND) == until(17)


def test_what_waited_goes_together_oldest_first_and_the_others_look_again():
    queued = [page("e", 7), page("d", 5), page("f", 14, INFO)]
    assert decide("d", queued, sent(0, 1, 2), T0 + 15 * SECOND) == SendTogether(ids=("d", "e", "f"))
    assert decide("e", queued, sent(0, 1, 2), T0 + 15 * SECOND) == until(17)


def test_one_that_nobody_joined_goes_alone():
    assert decide("d", [page("d", 5)], sent(0, 1, 2), T0 + 15 * SECOND) == SendNow(id="d")


def test_when_the_minute_is_over_nothing_waits_any_more():
    assert decide("d", [page("d", 55, WARNING)], sent(0, 1, 2), T0 + 56 * SECOND) == until(60)
    assert decide("d", [page("d", 55, WARNING)], sent(0, 1, 2), T0 + 60 * SECOND) == SendNow(id="d")


def test_a_bundle_counts_as_one_text_and_holds_twenty():
    queued = [page(f"{n:02}", 5) for n in range(25)]
    first = decide("00", queued, sent(0, 1, 2), T0 + 15 * SECOND)
    assert isinstance(first, SendTogether)
    assert len(first.ids) == bundling.BUNDLE_MAX
    rest = [one for one in queued if one.id not in first.ids]
    assert decide("20", rest, sent(0, 1, 2, 15), T0 + 15 * SECOND) == SendTogether(ids=tuple(p.id for p in rest))


burst = st.lists(st.tuples(st.integers(0, 200), st.sampled_from((CRITICAL, WARNING, INFO))), min_size=1, max_size=40)


@settings(max_examples=100, deadline=None)
@given(burst)
def test_in_every_burst_each_page_goes_out_once_and_in_time(pages: list[tuple[int, Severity]]):
    """Second by second, every page that waits is asked about; one text at a time goes out."""
    coming = {f"p{n:02}": page(f"p{n:02}", at, severity) for n, (at, severity) in enumerate(pages)}
    gone: dict[str, int] = {}
    texts: list[int] = []
    for now in range(T0, T0 + 240 * SECOND, SECOND):
        while True:
            queued = [one for one in coming.values() if one.since <= now and one.id not in gone]
            answers = [decide(one.id, queued, texts, now) for one in queued]
            leaders = [each for each in answers if isinstance(each, SendTogether)]
            assert len(leaders) <= 1
            chosen = next((each for each in answers if not isinstance(each, WaitUntil)), None)
            if chosen is None:
                break
            ids = (chosen.id,) if isinstance(chosen, SendNow) else chosen.ids
            assert not set(ids) & gone.keys()
            gone |= dict.fromkeys(ids, now)
            texts.append(now)
    assert gone.keys() == coming.keys()
    for one in coming.values():
        assert 0 <= gone[one.id] - one.since <= (10 if one.severity is CRITICAL else 20) * SECOND
    assert min(gone.values()) == min(one.since for one in coming.values())
    for at in texts:
        assert sum(at <= other < at + bundling.WINDOW for other in texts) <= bundling.ALONE_MAX + 6


# --- what the store remembers -----------------------------------------------------------------------------------------


def row(name: str, at: int) -> Delivery:
    since = T0 + at * SECOND
    return Delivery(
        id=name, key=name, incident="i", carrier="sms", address="+1", lane=Lane.PAGE, due_at=since, created_at=since,
        expires_at=since + 900 * SECOND, member="bo", way="sms",
    )  # fmt: skip


def test_the_store_remembers_who_waits_and_who_was_carried():
    store = MemoryStore()

    def night(tx) -> None:
        for number, name in enumerate("abcdef"):
            tx.enqueue([row(name, number)])
            bursts.enter(tx, row(name, number), CRITICAL)
        for name in "abc":
            assert bursts.asked(tx, row(name, 0), T0 + 5 * SECOND) == SendNow(id=name)
        for name in "abc":
            bursts.went(tx, replace(row(name, 0), state=DeliveryState.SENT), (), T0 + 5 * SECOND)
        bursts.went(tx, row("d", 3), (), T0 + 5 * SECOND)  # nobody took it
        assert bursts.asked(tx, row("d", 3), T0 + 5 * SECOND) == until(13)
        tx.claim_deliveries(T0 + 13 * SECOND, 10, 12 * SECOND, "t", (Lane.PAGE,))
        tx.settle([replace(row("e", 4), state=DeliveryState.SUPERSEDED)], "t")  # somebody acknowledged it meanwhile
        assert bursts.asked(tx, row("d", 3), T0 + 13 * SECOND) == SendTogether(ids=("d", "f"))
        bursts.went(tx, replace(row("d", 3), state=DeliveryState.SENT), ("d", "f"), T0 + 13 * SECOND)
        assert [one.id for one in bursts.carried_by(tx, "d")] == ["f"]
        assert bursts.carried_by(tx, "a") == []
        followed = bursts.asked(tx, row("f", 5), T0 + 15 * SECOND)
        assert isinstance(followed, bursts.Carried)
        assert followed.by.id == "d"

    store.run(night)


def test_people_do_not_share_a_burst():
    store = MemoryStore()

    def night(tx) -> None:
        for name in "abcd":
            one = replace(row(name, 0), member=name)
            tx.enqueue([one])
            bursts.enter(tx, one, INFO)
            assert bursts.asked(tx, one, T0) == SendNow(id=name)

    store.run(night)
