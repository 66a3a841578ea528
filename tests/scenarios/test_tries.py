"""Stories of single tries: a vendor's answer that comes late, never, or after its own receipt, and what follows.

The test itself answers for the vendors here, at the moment it chooses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.adapters.base import Receipt, SendError, Sent, Transient
from bot.deliver import Job, Outcome
from bot.engine.model import MINUTE, SECOND, Span
from bot.engine.vendors import Why
from bot.phones import Phones
from bot.store.base import Delivery, DeliveryState
from bot.store.base_tries import Try
from bot.switchboard import Carried, Placed
from tests.scenarios.test_phones import night
from tests.sim.phones import SLOW

TAKEN = Sent(ref="", provider_id="p1")
REFUSED = Transient("connection_refused")
TIMEOUT = Transient("timeout", ambiguous=True)


class Held:
    """A night of Bo's, paged one way, in which every vendor is silent until the test answers for it."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.story = night(way)
        self.asked: list[tuple[Job, Callable[[Outcome], None]]] = []
        self.story.carriers[way].begin = lambda job, done: self.asked.append((job, done))
        self.story.fire("disk full").at("1s")

    @property
    def vendors(self) -> list[str]:
        """Who was chosen each time, without the one who is asked beside."""
        return [job.choice.vendor for job, _ in self.asked if job.choice]

    @property
    def row(self) -> Delivery:
        """The page as it is now."""
        row = self.story.store.read(lambda tx: tx.delivery(self.asked[0][0].row.id))
        assert row is not None
        return row

    @property
    def tries(self) -> list[Try]:
        """What it has been through so far."""
        return self.story.store.read(lambda tx: tx.tries(self.asked[0][0].row.id))

    @property
    def phones(self) -> Phones:
        """Whoever understands receipts here."""
        return self.story.process.workers[0].deliver.phones

    def answer(self, outcome: Sent | SendError, *, hedge: Sent | SendError | None = None, took: Span = 1) -> None:
        """What became of the newest request; `hedge` of the one beside it, where a second vendor was asked as well."""
        job, done = self.asked[-1]
        assert job.choice is not None
        now, choice = self.story.line.clock.now(), job.choice
        first = Placed(
            vendor=choice.vendor, why=choice.why, key=choice.key, began_at=now - took, ended_at=now, outcome=outcome
        )
        if hedge is None:
            done(Carried(placed=(first,)))
            return
        second = replace(first, vendor=choice.hedge, why=Why.HEDGED, key=f"{choice.key}h", outcome=hedge)
        done(Carried(placed=(first, second)))

    def news(self, state: str, reason: str = "") -> Receipt:
        """What alpha has to tell of it, under both of its names."""
        job, _ = self.asked[0]
        assert job.choice is not None
        mark = self.story.carriers[self.way].mark(job.choice.key)
        return Receipt(carrier=self.way, state=state, reason=reason, vendor="alpha", provider_id="p1", mark=mark)

    def left_to_do(self) -> int:
        """What the ticker still finds due: for as long as it finds something, it does not rest."""
        return self.story.process.workers[0].ticker.step(self.story.store)


def test_what_the_first_vendor_took_late_is_watched_though_the_second_one_failed():
    held = Held("voice")
    held.story.at("4s")
    held.answer(TAKEN, hedge=REFUSED, took=3 * SECOND)
    held.story.at("5s")
    assert held.row.state is DeliveryState.SENT
    assert [one.vendor for one in held.tries if one.look_at] == ["alpha"]
    held.story.at("20s")
    assert held.vendors == ["alpha", "gamma"], "nothing came of the call, and nobody else was asked"


def test_a_vendor_that_fails_at_the_second_ring_hands_over_to_the_next():
    held = Held("voice")
    held.answer(TAKEN)
    held.story._receipt(held.news("failed", "no_answer"))
    held.story.at("30s")
    assert held.vendors == ["alpha", "alpha"]
    held.answer(REFUSED)
    held.story.at("35s")
    assert held.vendors == ["alpha", "alpha", "beta"]


def test_a_sign_of_life_right_before_the_next_vendor_is_asked_puts_that_off_and_not_away():
    held = Held("voice")
    held.answer(TAKEN)
    held.story.at("2s").clock_step("13s")
    (one,) = held.tries

    def looked_at_and_heard_of(tx):
        held.phones.look(tx, one)
        assert tx.delivery(one.delivery).state is DeliveryState.QUEUED
        held.phones.receipt(tx, held.news("alive"))

    held.story.store.inner.run(looked_at_and_heard_of)
    held.story.at("10s")
    assert held.vendors == ["alpha"], "a second vendor calls while it rings"
    held.story.clock_step("2m").at("20s")
    assert held.vendors == ["alpha", "beta"], "nobody looks again, ever"


def test_a_look_that_read_the_try_before_the_news_does_not_undo_them():
    held = Held("voice")
    held.answer(TAKEN)
    held.story.at("2s").clock_step("13s")
    (stale,) = held.tries
    held.story.store.inner.run(lambda tx: held.phones.receipt(tx, held.news("alive")))
    held.story.store.inner.run(lambda tx: held.phones.look(tx, stale))
    assert held.tries[0].alive_at, "the ringing phone was forgotten"
    assert held.row.state is DeliveryState.SENT, "a second vendor calls while it rings"


def test_a_receipt_that_overtakes_the_timeout_of_its_own_request_counts():
    held = Held("sms")
    held.story._receipt(held.news("delivered"))
    held.story.at("4s")
    held.answer(TIMEOUT)
    held.story.at("20s")
    assert held.vendors == ["alpha"]
    assert held.row.state is DeliveryState.DELIVERED


def test_a_medium_that_is_taken_out_of_the_manifest_leaves_nothing_to_wait_for():
    held = Held("sms")
    held.answer(TAKEN)
    held.story.at("2s")
    held.story.env.carriers = {name: each for name, each in held.story.carriers.items() if name != "sms"}
    held.story.edit(held.story.world)
    held.story.clock_step("2m")
    held.left_to_do()
    assert held.left_to_do() == 0
    assert held.row.state is DeliveryState.FAILED


def test_a_try_that_cannot_be_understood_is_put_off_and_holds_up_no_other():
    """Such as one of a later release, after somebody went back to this one."""
    held = Held("sms")
    held.answer(TAKEN)
    held.story.at("2s")
    (one,) = held.tries
    held.story.store.inner.run(lambda tx: tx.put_try(replace(one, verdict="parked")))
    held.story.clock_step("2m")
    held.left_to_do()
    assert held.left_to_do() == 0
    assert held.tries[0].look_at == held.story.line.clock.now() + MINUTE


def test_whoever_runs_tocsin_hears_that_all_vendors_of_a_medium_are_down():
    t = night("sms").down("sms")
    for minute in range(10):
        t.at(f"{minute}m").fire(f"disk {minute}")
    t.at("15m")
    assert [alarm.code for alarm in t.alarms() if "outage" in alarm.code]


def test_no_second_vendor_calls_after_the_acknowledgement_while_the_first_is_still_silent():
    t = night("voice")
    t.carriers["voice"].ailing["alpha"] = SLOW
    t.fire("disk full").at("1s").say("bo", "/toc ack #1")
    t.at("1m")
    assert [known.vendors for known in t.carriers["voice"].tries.values()] == [["alpha"]]
