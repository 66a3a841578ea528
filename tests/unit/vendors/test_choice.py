"""Which vendor sends next, on a clock that the test moves: failover, breakers, probes, hedging, last resorts."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.base import AuthBroken, Permanent, RateLimited, Sent, Transient
from bot.adapters.vendors.line import verdict_of
from bot.engine.model import MINUTE, SECOND, Severity
from bot.engine.vendors import (
    ACCOUNT_REST,
    FAILURES_TO_OPEN,
    HEDGE_AFTER,
    PROBE_WITHIN,
    PROVEN_WITHIN,
    REST_FIRST,
    REST_MAX,
    RING_AGAIN,
    ROUND_AFTER,
    ROUNDS_MAX,
    SILENT_MAX,
    Attempt,
    Breaker,
    Gate,
    Page,
    Send,
    Stop,
    Verdict,
    Wait,
    Why,
    next_step,
)

T = 1_000_000
CALL = Page(medium="voice", order=("a", "b", "c"), severity=Severity.CRITICAL)
TEXT = Page(medium="sms", order=("a", "b", "c"), severity=Severity.WARNING)


def ended(vendor: str, verdict: Verdict, at: int = T, **more: int) -> Attempt:
    return Attempt(vendor=vendor, began_at=at, verdict=verdict, ended_at=at, **more)


def broken(at: int = T) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN):
        breaker = breaker.after(Verdict.DOWN, at)
    return breaker


# --- the next vendor --------------------------------------------------------------------------------------------------


def test_the_first_of_the_region_goes_first():
    assert next_step(TEXT, (), {}, T) == Send(vendor="a", why=Why.FIRST)


@pytest.mark.parametrize(
    "verdict", [Verdict.DOWN, Verdict.REFUSED, Verdict.THROTTLED, Verdict.ACCOUNT, Verdict.UNKNOWN]
)
def test_a_failure_hands_over_at_once(verdict: Verdict):
    step = next_step(TEXT, [ended("a", verdict)], {}, T)
    assert step == Send(vendor="b", why=Why.FAILED_OVER, duplicate=verdict is Verdict.UNKNOWN)


def test_a_bad_number_stops_the_medium():
    assert next_step(TEXT, [ended("a", Verdict.DOWN), ended("b", Verdict.NUMBER)], {}, T) == Stop(why=Why.BAD_NUMBER)


def test_when_all_failed_the_next_medium_takes_over():
    attempts = [ended(vendor, Verdict.REFUSED) for vendor in "abc"]
    assert next_step(TEXT, attempts, {}, T) == Stop(why=Why.EXHAUSTED)


def test_when_all_failed_only_for_now_all_are_asked_again_after_a_while():
    attempts = [ended("a", Verdict.DOWN), ended("b", Verdict.REFUSED), ended("c", Verdict.ACCOUNT)]
    due = T + ROUND_AFTER
    assert next_step(TEXT, attempts, {}, T) == Wait(until=due, why=Why.NEXT_ROUND)
    assert next_step(TEXT, attempts, {}, due) == Send(vendor="a", why=Why.NEXT_ROUND)
    attempts.append(ended("a", Verdict.DOWN, due))
    assert next_step(TEXT, attempts, {}, due) == Send(vendor="c", why=Why.NEXT_ROUND)
    attempts.append(ended("c", Verdict.ACCOUNT, due))
    assert next_step(TEXT, attempts, {}, due) == Wait(until=due + 2 * ROUND_AFTER, why=Why.NEXT_ROUND)


def test_the_rounds_have_an_end():
    page, attempts, now = Page(medium="sms", order=("a",), severity=Severity.INFO), [], T
    while not isinstance(step := next_step(page, attempts, {}, now), Stop):
        now = step.until if isinstance(step, Wait) else now
        if isinstance(step, Send):
            attempts.append(ended("a", Verdict.DOWN, now))
    assert (step.why, len(attempts)) == (Why.EXHAUSTED, ROUNDS_MAX)
    assert 8 * MINUTE < now - T < 15 * MINUTE, "longer than an outage of minutes, shorter than a page lives"


def test_a_pause_that_a_vendor_asked_for_is_kept_in_the_rounds_too():
    page, pause = Page(medium="sms", order=("a",), severity=Severity.WARNING), 2 * MINUTE
    paused = {"a": Breaker().after(Verdict.THROTTLED, T, wait=pause)}
    step = next_step(page, [ended("a", Verdict.THROTTLED)], paused, T + ROUND_AFTER)
    assert step == Wait(until=T + pause, why=Why.NEXT_ROUND)


def test_what_somebody_may_have_carried_is_not_carried_round_and_round():
    attempts = [ended("a", Verdict.DOWN), ended("b", Verdict.UNPROVEN), ended("c", Verdict.DOWN)]
    assert next_step(TEXT, attempts, {}, T + MINUTE) == Stop(why=Why.EXHAUSTED)


def test_a_region_without_vendors_is_said_at_once():
    page = Page(medium="sms", order=(), severity=Severity.CRITICAL)
    assert next_step(page, (), {}, T) == Stop(why=Why.NO_VENDOR)


def test_taken_is_believed_for_a_while_and_then_another_vendor_goes():
    taken = [ended("a", Verdict.TAKEN)]
    due = T + PROVEN_WITHIN["sms"]
    assert next_step(TEXT, taken, {}, T) == Wait(until=due, why=Why.PROOF_AWAITED)
    assert next_step(TEXT, taken, {}, due) == Send(vendor="b", why=Why.NO_PROOF, duplicate=True)


def test_a_receipt_ends_it():
    attempts = [ended("a", Verdict.UNPROVEN), ended("b", Verdict.TAKEN, proven=True)]
    assert next_step(TEXT, attempts, {}, T + MINUTE) == Stop(why=Why.DELIVERED)


def test_a_negative_receipt_hands_over_at_once():
    assert next_step(TEXT, [ended("a", Verdict.UNPROVEN)], {}, T) == Send(vendor="b", why=Why.NO_PROOF)


def test_where_no_receipts_exist_taken_is_the_end():
    page = Page(medium="sms", order=("a",), severity=Severity.INFO, expects_proof=False)
    assert next_step(page, [ended("a", Verdict.TAKEN)], {}, T) == Stop(why=Why.DELIVERED)


def test_a_critical_page_of_which_a_vendor_says_nothing_goes_by_the_next():
    page = Page(medium="sms", order=("a", "b"), severity=Severity.CRITICAL)
    silent, due = [ended("a", Verdict.TAKEN)], T + SILENT_MAX
    assert next_step(page, silent, {}, due - 1) == Wait(until=due, why=Why.PROOF_AWAITED)
    assert next_step(page, silent, {}, due) == Send(vendor="b", why=Why.NO_PROOF, duplicate=True)
    alive = [ended("a", Verdict.TAKEN, alive_at=T + 5 * SECOND)]
    assert next_step(page, alive, {}, due) == Wait(until=T + 65 * SECOND, why=Why.PROOF_AWAITED)
    for_ever = [ended("a", Verdict.TAKEN, alive_at=T + 119 * SECOND)]
    assert next_step(page, for_ever, {}, T + 2 * MINUTE) == Send(vendor="b", why=Why.NO_PROOF, duplicate=True)


def test_a_call_that_nobody_took_rings_once_more_and_then_the_next_medium_has_to():
    once = [ended("a", Verdict.DOWN), ended("b", Verdict.NO_ANSWER)]
    assert next_step(CALL, once, {}, T) == Wait(until=T + RING_AGAIN, why=Why.RING_AGAIN)
    assert next_step(CALL, once, {}, T + RING_AGAIN) == Send(vendor="b", why=Why.RING_AGAIN)
    assert next_step(CALL, [*once, ended("b", Verdict.NO_ANSWER)], {}, T + MINUTE) == Stop(why=Why.NOBODY_ANSWERED)


@pytest.mark.parametrize(
    "verdict", [Verdict.DOWN, Verdict.REFUSED, Verdict.ACCOUNT, Verdict.THROTTLED, Verdict.UNKNOWN]
)
def test_a_second_ring_that_fails_hands_over_at_once(verdict: Verdict):
    attempts = [ended("a", Verdict.NO_ANSWER), ended("a", verdict, T + RING_AGAIN)]
    step = next_step(CALL, attempts, {}, T + RING_AGAIN)
    assert step == Send(vendor="b", why=Why.FAILED_OVER, duplicate=verdict is Verdict.UNKNOWN)


def test_a_vendor_that_is_no_longer_set_up_does_not_ring_again():
    page = Page(medium="voice", order=("b",), severity=Severity.CRITICAL)
    step = next_step(page, [ended("a", Verdict.NO_ANSWER)], {}, T + RING_AGAIN)
    assert step == Send(vendor="b", why=Why.FAILED_OVER)


# --- hedging ----------------------------------------------------------------------------------------------------------


def test_a_critical_call_gets_a_second_vendor_when_the_first_is_silent():
    under_way = [Attempt(vendor="a", began_at=T)]
    due = T + HEDGE_AFTER
    assert next_step(CALL, under_way, {}, due - 1) == Wait(until=due, why=Why.UNDER_WAY)
    assert next_step(CALL, under_way, {}, due) == Send(vendor="b", why=Why.HEDGED, duplicate=True)


def test_a_hedge_is_never_hedged():
    both = [Attempt(vendor="a", began_at=T), Attempt(vendor="b", began_at=T + HEDGE_AFTER)]
    assert isinstance(next_step(CALL, both, {}, T + 2 * HEDGE_AFTER), Wait)
    answered = [ended("a", Verdict.TAKEN), Attempt(vendor="b", began_at=T)]
    assert isinstance(next_step(CALL, answered, {}, T + HEDGE_AFTER), Wait)


@pytest.mark.parametrize(
    "page",
    [
        Page(medium="voice", order=("a", "b"), severity=Severity.WARNING),
        Page(medium="sms", order=("a", "b"), severity=Severity.CRITICAL),
        Page(medium="voice", order=("a",), severity=Severity.CRITICAL),
    ],
)
def test_nothing_else_is_hedged(page: Page):
    step = next_step(page, [Attempt(vendor="a", began_at=T)], {}, T + HEDGE_AFTER)
    assert step == Wait(until=T + PROBE_WITHIN, why=Why.UNDER_WAY)


def test_a_hedge_goes_to_nobody_who_rests():
    breakers = {"b": broken()}
    step = next_step(CALL, [Attempt(vendor="a", began_at=T)], breakers, T + HEDGE_AFTER)
    assert step == Send(vendor="c", why=Why.HEDGED, duplicate=True)


def test_an_attempt_that_nobody_will_ever_end_is_lost():
    lost = [Attempt(vendor="a", began_at=T)]
    step = next_step(TEXT, lost, {}, T + PROBE_WITHIN)
    assert step == Send(vendor="b", why=Why.FAILED_OVER, duplicate=True)


# --- breakers ---------------------------------------------------------------------------------------------------------


def test_a_few_failures_in_a_row_put_a_vendor_to_rest():
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker = breaker.after(Verdict.UNKNOWN, T)
    assert breaker.gate(T) is Gate.OPEN
    assert breaker.after(Verdict.TAKEN, T) == Breaker()
    assert breaker.after(Verdict.DOWN, T).gate(T) is Gate.SHUT


def test_after_the_rest_one_probe_decides():
    breaker, back = broken(), T + REST_FIRST
    assert breaker.gate(back - 1) is Gate.SHUT
    assert breaker.gate(back) is Gate.PROBE
    assert next_step(TEXT, (), {"a": breaker}, back) == Send(vendor="a", why=Why.PROBE)
    probing = breaker.begun(back)
    assert probing.gate(back) is Gate.SHUT, "one probe at a time"
    assert next_step(TEXT, (), {"a": probing}, back) == Send(vendor="b", why=Why.FIRST)
    assert probing.after(Verdict.TAKEN, back + 1) == Breaker()
    again = probing.after(Verdict.DOWN, back + 1)
    assert again.until == back + 1 + 2 * REST_FIRST


def test_a_probe_that_was_lost_does_not_shut_the_vendor_for_ever():
    probing = broken().begun(T + REST_FIRST)
    assert probing.gate(T + REST_FIRST + PROBE_WITHIN) is Gate.PROBE


def test_the_rest_has_an_end():
    breaker, now = broken(), T
    for _ in range(40):
        now = breaker.opens_at(now)
        breaker = breaker.begun(now).after(Verdict.DOWN, now)
        assert breaker.until - now <= REST_MAX
    assert breaker.until - now == REST_MAX


def test_a_straggler_does_not_lengthen_the_rest():
    assert broken().after(Verdict.DOWN, T + 1).until == broken().until


def test_credentials_are_mended_by_people():
    assert Breaker().after(Verdict.ACCOUNT, T).until == T + ACCOUNT_REST


def test_a_pause_is_no_failure():
    paused = Breaker().after(Verdict.THROTTLED, T, wait=4 * SECOND)
    assert (paused.gate(T), paused.gate(T + 4 * SECOND)) == (Gate.SHUT, Gate.OPEN)
    assert Breaker().after(Verdict.THROTTLED, T, wait=4 * SECOND, whole=False).gate(T) is Gate.OPEN


def test_a_phone_that_is_off_says_nothing_of_the_vendor():
    assert broken().after(Verdict.UNPROVEN, T) == broken()


def test_a_page_never_waits_for_a_breaker():
    breakers = dict.fromkeys("abc", broken())
    assert next_step(TEXT, (), breakers, T + 1) == Send(vendor="a", why=Why.LAST_RESORT)


def test_but_a_pause_that_a_vendor_asked_for_is_kept():
    breakers = {
        v: Breaker().after(Verdict.THROTTLED, T, wait=w) for v, w in zip("abc", (9_000, 4_000, 7_000), strict=True)
    }
    assert next_step(TEXT, (), breakers, T) == Wait(until=T + 4_000, why=Why.ALL_PAUSED)


# --- whole stories ----------------------------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from([v for v in Verdict if v is not Verdict.TAKEN]), min_size=1, max_size=12),
    st.sampled_from(["sms", "voice"]),
    st.sampled_from([Severity.CRITICAL, Severity.WARNING]),
)
def test_every_story_ends_and_no_vendor_is_used_twice(verdicts: list[Verdict], medium: str, severity: Severity):
    page = Page(medium=medium, order=("a", "b", "c"), severity=severity)
    outcomes, attempts, breakers, now = itertools.cycle(verdicts), [], {}, T
    for _ in range(100):
        step = next_step(page, attempts, breakers, now)
        if isinstance(step, Stop):
            assert step.why in (Why.BAD_NUMBER, Why.EXHAUSTED, Why.NOBODY_ANSWERED)
            return
        if isinstance(step, Wait):
            assert step.until > now, "a wait until the past is a busy loop"
            now = step.until
            continue
        if step.why not in (Why.RING_AGAIN, Why.NEXT_ROUND, Why.PROBE, Why.LAST_RESORT):
            assert step.vendor not in {attempt.vendor for attempt in attempts}
        verdict = next(outcomes)
        breaker = breakers.get(step.vendor, Breaker()).begun(now)
        breakers[step.vendor] = breaker.after(verdict, now, wait=2 * SECOND)
        attempts.append(ended(step.vendor, verdict, now))
        now += 500
    pytest.fail("the story did not end")


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Sent(ref="", provider_id="x"), Verdict.TAKEN),
        (RateLimited(1.0), Verdict.THROTTLED),
        (AuthBroken("no_balance"), Verdict.ACCOUNT),
        (Transient("unavailable"), Verdict.DOWN),
        (Transient("timeout", ambiguous=True), Verdict.UNKNOWN),
        (Permanent("recipient_unreachable"), Verdict.NUMBER),
        (Permanent("recipient_blocked"), Verdict.NUMBER),
        (Permanent("sender_refused"), Verdict.REFUSED),
    ],
)
def test_every_outcome_has_a_verdict(outcome, verdict: Verdict):
    assert verdict_of(outcome) is verdict
