"""Which vendor sends next: the order of the region, breakers that rest a broken one, a second call when time runs out.

Everything is a value: breakers and attempts go in with `now`, a decision with a named reason comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from bot.engine.model import MINUTE, SECOND, Instant, Severity, Span

FAILURES_TO_OPEN: Final = 3
REST_FIRST: Final[Span] = 30 * SECOND
REST_MAX: Final[Span] = 10 * MINUTE
"""A broken vendor rests 30 s, then twice as long each time that a probe fails, ten minutes at most. Our own choice: an
outage costs one slow page in each rest, and a vendor that is back is found within the time of a loop."""
ACCOUNT_REST: Final[Span] = 10 * MINUTE
"""Credentials and balances are mended by people."""
PROBE_WITHIN: Final[Span] = 15 * SECOND
"""After this a probe without an answer is taken for lost, and another may go: twice the longest call of an adapter."""
HEDGE_AFTER: Final[Span] = 2_500
"""A Critical call that was not even taken in this time goes out by a second vendor too. Two calls are a nuisance; a
quarter of an hour of sleep is worse."""
PROVEN_WITHIN: Final[Mapping[str, Span]] = {"sms": 60 * SECOND, "voice": 45 * SECOND}
"""How long a vendor's word "taken" is believed without a receipt: a text is mostly delivered within seconds; a call
rings for 30 s, and its state takes some more."""
SILENT_MAX: Final[Span] = 12 * SECOND
"""A Critical page of which its vendor says nothing at all for so long goes out by the next one too: a vendor that takes
pages and loses them looks like this. Whoever does report on the way keeps the whole time above."""
RINGS_MAX: Final = 2
RING_AGAIN: Final[Span] = 20 * SECOND
"""A call that was engaged, not picked up, or answered by a machine rings once more, a little later: a second call in a
row is also what most phones let through Do Not Disturb."""
ROUNDS_MAX: Final = 8
ROUND_AFTER: Final[Span] = 10 * SECOND
ROUND_MAX: Final[Span] = 2 * MINUTE
"""When every vendor failed for now, all are asked again after 10 s, then after twice as long each time, 2 minutes at
most. The person's next medium has taken over meanwhile. Eight rounds last some eight minutes, within a page's life."""


class Verdict(StrEnum):
    """What an attempt came to, as far as the next one is concerned."""

    TAKEN = "taken"
    """Accepted; a receipt may still say otherwise."""
    NUMBER = "recipient_unreachable"
    """The number is bad, or its owner refuses us: no vendor will do better."""
    REFUSED = "sender_refused"
    """This vendor will not carry this: another may. The vendor is well."""
    THROTTLED = "rate_limited"
    """This vendor wants a pause: another one goes at once. The vendor is well."""
    ACCOUNT = "auth_broken"
    """Credentials or balance: nothing goes out there until somebody mends it."""
    DOWN = "unavailable"
    """The vendor failed; nothing was sent."""
    UNKNOWN = "unknown"
    """It may have been sent: another vendor goes all the same, and the page may come twice."""
    NO_ANSWER = "no_answer"
    """The telephone rang, and nobody took it: the vendor did its work."""
    UNPROVEN = "not_delivered"
    """Taken, and then reported as failed, or not proven in time."""


_FOR_NOW: Final = frozenset({Verdict.DOWN, Verdict.UNKNOWN, Verdict.THROTTLED, Verdict.ACCOUNT})
_CARRIED: Final = frozenset({Verdict.TAKEN, Verdict.UNPROVEN, Verdict.NO_ANSWER})


class Why(StrEnum):
    """The named reason of a decision, for timeline, log and metric."""

    FIRST = "first_of_region"
    FAILED_OVER = "vendor_failed_over"
    HEDGED = "vendor_hedged"
    NO_PROOF = "vendor_unproven"
    RING_AGAIN = "rung_again"
    NOBODY_ANSWERED = "no_answer"
    NEXT_ROUND = "vendors_asked_again"
    PROBE = "vendor_probed"
    LAST_RESORT = "vendor_last_resort"
    UNDER_WAY = "vendor_under_way"
    PROOF_AWAITED = "vendor_proof_awaited"
    ALL_PAUSED = "vendors_paused"
    BAD_NUMBER = "recipient_unreachable"
    EXHAUSTED = "vendors_exhausted"
    NO_VENDOR = "no_vendor_for_region"
    DELIVERED = "delivered"


# --- breakers ---------------------------------------------------------------------------------------------------------


class Gate(StrEnum):
    """Whether a vendor may be used now."""

    OPEN = "open"
    """It is well."""
    PROBE = "probe"
    """It rested long enough: one try, and its outcome decides."""
    SHUT = "shut"
    """It rests, or a probe is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """What is known of one vendor for one medium and region. A fresh one is well."""

    failures: int = 0
    rests: int = 0
    """How often in a row it was put to rest."""
    until: Instant = 0
    """It rests until then."""
    paused_until: Instant = 0
    """It asked for a pause until then: no fault of its own."""
    probe_until: Instant = 0
    """A probe is under way, and counts as lost after this."""

    def gate(self, now: Instant) -> Gate:
        """Whether it may be used now."""
        if now < max(self.until, self.paused_until, self.probe_until):
            return Gate.SHUT
        return Gate.PROBE if self.rests else Gate.OPEN

    def opens_at(self, now: Instant) -> Instant:
        """When it may be used again; `now` when it may be used already."""
        return max(now, self.until, self.paused_until, self.probe_until)

    def begun(self, now: Instant) -> Breaker:
        """As an attempt begins: a probe is marked, so that only one goes at a time."""
        return replace(self, probe_until=now + PROBE_WITHIN) if self.gate(now) is Gate.PROBE else self

    def after(self, verdict: Verdict, now: Instant, *, wait: Span = 0, whole: bool = True) -> Breaker:
        """What an outcome makes of it. `wait` is the pause that the vendor asked for; `whole` false: for one number.

        An unproven message says nothing of the vendor's service: the phone may have been off.
        """
        match verdict:
            case Verdict.THROTTLED:
                paused = max(self.paused_until, now + wait) if whole else self.paused_until
                return replace(self, paused_until=paused, failures=0, probe_until=0)
            case Verdict.ACCOUNT:
                return Breaker(rests=self.rests + 1, until=now + ACCOUNT_REST, paused_until=self.paused_until)
            case Verdict.DOWN | Verdict.UNKNOWN:
                failures = self.failures + 1
                if failures < FAILURES_TO_OPEN and not self.rests:
                    return replace(self, failures=failures)
                if now < self.until:  # a straggler from before the rest: it is resting already
                    return replace(self, probe_until=0)
                rest = min(REST_MAX, REST_FIRST << min(self.rests, 10))
                return Breaker(rests=self.rests + 1, until=now + rest, paused_until=self.paused_until)
            case Verdict.UNPROVEN:
                return self
            case Verdict.TAKEN | Verdict.NUMBER | Verdict.REFUSED | Verdict.NO_ANSWER:
                return Breaker(paused_until=self.paused_until)


# --- decisions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of one page by one vendor. `verdict` None: it is under way."""

    vendor: str
    began_at: Instant
    verdict: Verdict | None = None
    ended_at: Instant = 0
    alive_at: Instant = 0
    """When the vendor last reported something on the way: the telephone rings, the carrier has the text. 0: never."""
    proven: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is to be carried: the vendors that are set up in the order of the region, and how urgent it is."""

    medium: str
    order: tuple[str, ...]
    severity: Severity
    expects_proof: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Use this vendor now. `duplicate` tells that the person may hear of it twice."""

    vendor: str
    why: Why
    duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Look again at `until`, or when there is news."""

    until: Instant
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Nothing more to do by this medium: it was delivered, or the next medium has to take over."""

    why: Why


Decision = Send | Wait | Stop


def next_step(page: Page, attempts: Sequence[Attempt], breakers: Mapping[str, Breaker], now: Instant) -> Decision:
    """What to do about one page now. Total and pure: the same question has the same answer.

    An attempt without an outcome after `PROBE_WITHIN` is lost: its process died, and nobody will ever say more of it.
    """
    attempts = [_or_lost(attempt, now) for attempt in attempts]
    if any(attempt.proven for attempt in attempts):
        return Stop(why=Why.DELIVERED)
    if any(attempt.verdict is Verdict.NUMBER for attempt in attempts):
        return Stop(why=Why.BAD_NUMBER)
    if not page.order:
        return Stop(why=Why.NO_VENDOR)
    under_way = [attempt for attempt in attempts if attempt.verdict is None]
    if under_way:
        return _hedge(page, attempts, under_way, breakers, now)
    taken = [attempt for attempt in attempts if attempt.verdict is Verdict.TAKEN]
    if taken:
        if not page.expects_proof:
            return Stop(why=Why.DELIVERED)
        due = max(_believed_until(page, attempt) for attempt in taken)
        if now < due:
            return Wait(until=due, why=Why.PROOF_AWAITED)
    rung = [attempt for attempt in attempts if attempt.verdict is Verdict.NO_ANSWER]
    if rung and (len(rung) >= RINGS_MAX or _rings_on(page, attempts, rung[-1], breakers, now)):
        return _ring_again(rung, now)
    unproven = bool(taken) or any(attempt.verdict is Verdict.UNPROVEN for attempt in attempts)
    why = Why.NO_PROOF if unproven else Why.FAILED_OVER if attempts else Why.FIRST
    return _next_vendor(page, attempts, breakers, now, why)


def _hedge(
    page: Page, attempts: Sequence[Attempt], under_way: Sequence[Attempt], breakers: Mapping[str, Breaker], now: Instant
) -> Decision:
    """A Critical call gets one second vendor when the first does not even answer."""
    oldest = min(attempt.began_at for attempt in under_way)
    patient = Wait(until=oldest + PROBE_WITHIN, why=Why.UNDER_WAY)
    left = _untried(page, attempts)
    well = [vendor for vendor in left if breakers.get(vendor, Breaker()).gate(now) is Gate.OPEN]
    answered = any(attempt.verdict is Verdict.TAKEN for attempt in attempts)
    urgent = page.medium == "voice" and page.severity is Severity.CRITICAL
    if not urgent or answered or len(under_way) > 1 or not well:
        return patient
    if now < oldest + HEDGE_AFTER:
        return Wait(until=oldest + HEDGE_AFTER, why=Why.UNDER_WAY)
    return Send(vendor=well[0], why=Why.HEDGED, duplicate=True)


def _believed_until(page: Page, attempt: Attempt) -> Instant:
    """How long an attempt that was taken may go without a proof."""
    whole = PROVEN_WITHIN[page.medium]
    if attempt.alive_at:  # somebody may be listening: counted from the latest news, and at most twice as long
        return min(max(attempt.alive_at, attempt.ended_at) + whole, attempt.ended_at + 2 * whole)
    return attempt.ended_at + (min(SILENT_MAX, whole) if page.severity is Severity.CRITICAL else whole)


def _ring_again(rung: Sequence[Attempt], now: Instant) -> Decision:
    """Once more by the same vendor, since its calls do ring; then the person's next medium."""
    if len(rung) >= RINGS_MAX:
        return Stop(why=Why.NOBODY_ANSWERED)
    due = rung[-1].ended_at + RING_AGAIN
    return Send(vendor=rung[-1].vendor, why=Why.RING_AGAIN) if now >= due else Wait(until=due, why=Why.RING_AGAIN)


def _rings_on(
    page: Page, attempts: Sequence[Attempt], rung: Attempt, breakers: Mapping[str, Breaker], now: Instant
) -> bool:
    """Whether the vendor of a call that nobody took may ring again: still set up, not paused, not in vain since."""
    since = any(each.verdict is not Verdict.NO_ANSWER and each.began_at > rung.ended_at for each in attempts)
    paused = breakers.get(rung.vendor, Breaker()).paused_until > now
    return rung.vendor in page.order and not paused and not since


def _next_vendor(
    page: Page, attempts: Sequence[Attempt], breakers: Mapping[str, Breaker], now: Instant, why: Why
) -> Decision:
    """The first vendor left that is well; else one that may be probed; else, rather than silence, one that rests."""
    duplicate = any(attempt.verdict in (Verdict.UNKNOWN, Verdict.TAKEN) for attempt in attempts)
    left = _untried(page, attempts)
    if not left:
        return _next_round(page, attempts, breakers, now)
    gates = {vendor: breakers.get(vendor, Breaker()).gate(now) for vendor in left}
    first = next((vendor for vendor in left if gates[vendor] is not Gate.SHUT), "")
    if first:
        probing = gates[first] is Gate.PROBE
        return Send(vendor=first, why=Why.PROBE if probing else why, duplicate=duplicate)
    broken = [vendor for vendor in left if breakers[vendor].paused_until <= now]
    if broken:  # a breaker is a guess, a page is not: it may be well again
        return Send(vendor=broken[0], why=Why.LAST_RESORT, duplicate=duplicate)
    return Wait(until=min(breakers[vendor].opens_at(now) for vendor in left), why=Why.ALL_PAUSED)


def _next_round(page: Page, attempts: Sequence[Attempt], breakers: Mapping[str, Breaker], now: Instant) -> Decision:
    """All were tried in vain: those that failed only for now are asked again, unless somebody may have carried it."""
    if any(attempt.verdict in _CARRIED for attempt in attempts):
        return Stop(why=Why.EXHAUSTED)
    last = {attempt.vendor: attempt for attempt in attempts}
    count = Counter(attempt.vendor for attempt in attempts)
    left = [vendor for vendor in page.order if last[vendor].verdict in _FOR_NOW and count[vendor] < ROUNDS_MAX]
    if not left:
        return Stop(why=Why.EXHAUSTED)
    paused = {each: breakers.get(each, Breaker()).paused_until for each in left}
    vendor = min(left, key=lambda each: (paused[each] > now, count[each]))  # the first of those that were asked least
    newest = max(attempt.ended_at for attempt in attempts)
    begun = count[vendor] < max(count[each] for each in left)
    due = newest if begun else newest + min(ROUND_MAX, ROUND_AFTER << (count[vendor] - 1))
    due = max(due, paused[vendor])
    duplicate = any(attempt.verdict is Verdict.UNKNOWN for attempt in attempts)
    if now < due:
        return Wait(until=due, why=Why.NEXT_ROUND)
    return Send(vendor=vendor, why=Why.NEXT_ROUND, duplicate=duplicate)


def _or_lost(attempt: Attempt, now: Instant) -> Attempt:
    lost = attempt.verdict is None and now >= attempt.began_at + PROBE_WITHIN
    return replace(attempt, verdict=Verdict.UNKNOWN, ended_at=now) if lost else attempt


def _untried(page: Page, attempts: Sequence[Attempt]) -> list[str]:
    tried = {attempt.vendor for attempt in attempts}
    return [vendor for vendor in page.order if vendor not in tried]
