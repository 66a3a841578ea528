from __future__ import annotations
import asyncio, time
from dataclasses import replace
import pytest
from bot.adapters.base import Receipt, Sent, Transient, RateLimited, Permanent
from bot.adapters.vendors.contract import Outgoing
from bot.adapters.vendors.line import Line
from bot.engine.model import SECOND, MINUTE, Severity
from bot.engine.vendors import *
from bot.phones import Carried, Choice, Placed, Phones
from bot.store.base import DeliveryState
from bot.clock import Ids
from tests.scenarios.test_phones import night
from tests.sim.phones import DEAD, LYING, SLOW

T = 1_000_000
CALL = Page(medium="voice", order=("a", "b", "c"), severity=Severity.CRITICAL)
TEXT = Page(medium="sms", order=("a",), severity=Severity.WARNING)
def ended(v, verdict, at=T, **m): return Attempt(vendor=v, began_at=at, verdict=verdict, ended_at=at, **m)

# D
@pytest.mark.parametrize("verdict", [Verdict.DOWN, Verdict.REFUSED, Verdict.ACCOUNT, Verdict.THROTTLED, Verdict.UNKNOWN])
def test_D_second_ring_fails_goes_to_next_vendor(verdict):
    a = [ended("a", Verdict.NO_ANSWER), ended("a", verdict, T + RING_AGAIN)]
    step = next_step(CALL, a, {}, T + RING_AGAIN + 1)
    assert isinstance(step, Send) and step.vendor == "b", step

def test_D_ring_vendor_gone():
    page = replace(CALL, order=("b",))
    step = next_step(page, [ended("a", Verdict.NO_ANSWER)], {}, T + RING_AGAIN)
    assert isinstance(step, Send) and step.vendor == "b", step

def test_D_story():
    t = night("voice")
    net = t.carriers["voice"]
    real = net._ask
    def ask(job, choice, answered):
        if len(net.tries.get(job.row.key, type("x", (), {"vendors": []})).vendors) >= 1:
            net.ailing["alpha"] = DEAD
        real(job, choice, answered)
    net._ask = ask
    def promise(vendor, name, address, by_mark):
        t.line.after(5000, lambda: net.on_receipt(Receipt(carrier="voice", state="failed", reason="no_answer", vendor=vendor, provider_id=name)))
    net._promise = promise
    t.fire("disk full")
    t.between("0m", "5m")
    print({k: v.vendors for k, v in net.tries.items()})
    assert "beta" in next(iter(net.tries.values())).vendors

# H
def test_H_retry_after_is_kept_in_rounds():
    b = Breaker().after(Verdict.THROTTLED, T, wait=120 * SECOND)
    step = next_step(TEXT, [ended("a", Verdict.THROTTLED)], {"a": b}, T + 11 * SECOND)
    assert isinstance(step, Wait) and step.until >= T + 120 * SECOND, step

# phones-level
def leased(t, way="voice"):
    """The first page of that way, claimed and prepared, not sent."""
    d = t.process.workers[0].deliver
    return d

class Grab:
    def __init__(self, t, way):
        self.t, self.jobs, net = t, [], t.carriers[way]
        self.net = net
        net.begin = lambda job, done: self.jobs.append((job, done))

def placed(job, vendor, outcome, why=Why.FIRST, key=None, dt=0, now=0):
    return Placed(vendor=vendor, why=why, key=key or job.choice.key, began_at=now + dt, ended_at=now + dt + 1, outcome=outcome)

def tries(t, row): return t.store.read(lambda tx: tx.tries(row))
def row_of(t, row): return t.store.read(lambda tx: tx.delivery(row))

# B
def test_B_first_takes_late_and_hedge_fails():
    t = night("voice"); g = Grab(t, "voice")
    t.fire("disk full").at("1s")
    job, done = g.jobs[0]
    t.at("4s")
    now = t.line.clock.now()
    done(Carried(placed=(placed(job, "alpha", Sent(ref="", provider_id="p1"), now=now - 3000),
                         placed(job, "beta", Transient("connection_refused"), Why.HEDGED, job.choice.key + "h", now=now - 400))))
    t.at("4500ms") if False else t.at("5s")
    row = row_of(t, job.row.id); tt = tries(t, job.row.id)
    print(row.state, [(x.vendor, x.verdict, x.look_at) for x in tt])
    assert row.state is DeliveryState.SENT
    assert any(x.look_at for x in tt), "SENT, unproven, and nobody will ever look"

def test_B_consequence_gamma_is_never_asked():
    t = night("voice"); g = Grab(t, "voice")
    t.fire("disk full").at("1s")
    job, done = g.jobs[0]
    t.at("4s")
    now = t.line.clock.now()
    done(Carried(placed=(placed(job, "alpha", Sent(ref="", provider_id="p1"), now=now - 3000),
                         placed(job, "beta", Transient("connection_refused"), Why.HEDGED, job.choice.key + "h", now=now - 400))))
    t.at("2m")
    assert len([j for j, _ in g.jobs if j.row.id == job.row.id]) > 1, "gamma was never asked"

# C
def test_C_alive_comes_between_look_and_claim():
    t = night("voice"); g = Grab(t, "voice")
    t.fire("disk full").at("1s")
    job, done = g.jobs[0]
    now = t.line.clock.now()
    done(Carried(placed=(placed(job, "alpha", Sent(ref="", provider_id="p1"), now=now),)))
    t.at("2s")
    one = tries(t, job.row.id)[0]
    phones = t.process.workers[0].deliver.phones
    deliver = t.process.workers[0].deliver
    t.line.skew += 13 * SECOND   # the silent time is over
    def story(tx):
        phones.look(tx, one)
        assert tx.delivery(job.row.id).state is DeliveryState.QUEUED
        phones.receipt(tx, Receipt(carrier="voice", state="alive", vendor="alpha", provider_id="p1"))
    t.store.inner.run(story)
    t.process.ring_all()
    t.at("10s")
    row = row_of(t, job.row.id); tt = tries(t, job.row.id)
    print(row.state, row.due_at, [(x.vendor, x.verdict, x.look_at) for x in tt])
    t.line.skew += 2 * MINUTE
    t.process.ring_all(); t.at("20s")
    assert len([j for j, _ in g.jobs if j.row.id == job.row.id]) > 1, "nobody looks again, ever"

# E
def test_E_sms_removed_from_manifest_the_ticker_spins():
    t = night("sms"); g = Grab(t, "sms")
    t.fire("disk full").at("1s")
    job, done = g.jobs[0]
    done(Carried(placed=(placed(job, "alpha", Sent(ref="", provider_id="p1"), now=t.line.clock.now()),)))
    t.at("2s")
    t.process.alive = False
    t.env.carriers = {k: v for k, v in t.carriers.items() if k != "sms"}
    t._begin()
    t.line.skew += 2 * MINUTE
    tick = t.process.workers[0].ticker
    counts = [tick.step(t.store) for _ in range(5)]
    print(counts)
    assert counts[-1] == 0
    assert row_of(t, job.row.id).state is DeliveryState.FAILED

def test_E2_unknown_verdict_of_another_release():
    t = night("sms"); g = Grab(t, "sms")
    t.fire("disk full").at("1s")
    job, done = g.jobs[0]
    done(Carried(placed=(placed(job, "alpha", Sent(ref="", provider_id="p1"), now=t.line.clock.now()),)))
    t.at("2s")
    one = tries(t, job.row.id)[0]
    t.store.inner.run(lambda tx: tx.put_try(replace(one, verdict="parked")))
    t.line.skew += 2 * MINUTE
    tick = t.process.workers[0].ticker
    counts = [tick.step(t.store) for _ in range(5)]
    assert counts[-1] == 0, counts

# F
def test_F_a_receipt_that_overtakes_a_timeout_counts():
    t = night("sms"); g = Grab(t, "sms")
    t.fire("disk full").at("1s")
    job, done = g.jobs[0]
    mark = t.carriers["sms"].mark(job.choice.key)
    t._receipt(Receipt(carrier="sms", state="delivered", vendor="alpha", provider_id="p1", mark=mark))
    t.at("4s")
    done(Carried(placed=(placed(job, "alpha", Transient("timeout", ambiguous=True), now=t.line.clock.now()),)))
    t.at("20s")
    print([j.choice.vendor for j, _ in g.jobs], row_of(t, job.row.id).state)
    assert len(g.jobs) == 1 and row_of(t, job.row.id).state is DeliveryState.DELIVERED

# G
def test_G_a_stale_look_forgets_the_news_since():
    t = night("voice"); g = Grab(t, "voice")
    t.fire("disk full").at("1s")
    job, done = g.jobs[0]
    done(Carried(placed=(placed(job, "alpha", Sent(ref="", provider_id="p1"), now=t.line.clock.now()),)))
    t.at("2s")
    stale = tries(t, job.row.id)[0]
    t.line.skew += 13 * SECOND
    phones = t.process.workers[0].deliver.phones
    t.store.inner.run(lambda tx: phones.receipt(tx, Receipt(carrier="voice", state="alive", vendor="alpha", provider_id="p1")))
    t.store.inner.run(lambda tx: phones.look(tx, stale))  # read by the ticker right before
    assert tries(t, job.row.id)[0].alive_at, "the ringing phone was forgotten"
    assert row_of(t, job.row.id).state is DeliveryState.SENT, "a second vendor calls while it rings"

# I
def test_I_all_vendors_down_for_long_is_told():
    t = night("sms")
    t.down("sms")
    for n in range(10):
        t.at(f"{n}m").fire(f"disk {n}")
    t.at("15m")
    print([a.code for a in t.alarms()])
    assert any("outage" in a.code for a in t.alarms())

# J
def test_J_no_hedged_call_after_the_ack():
    t = night("voice")
    t.carriers["voice"].ailing["alpha"] = SLOW
    t.fire("disk full").at("1s").say("bo", "/toc ack #1")
    t.at("1m")
    print(t.carriers["voice"].tries)
    assert all(v.vendors == ["alpha"] for v in t.carriers["voice"].tries.values())
