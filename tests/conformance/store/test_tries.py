"""Tries of vendors: found by delivery, by either name, and by when they are to be looked at again."""

from __future__ import annotations

from dataclasses import replace

from bot.store.base import Delivery, DeliveryState, Lane, Store
from bot.store.base_tries import Try

ONE = Try(
    id="d1:1", delivery="d1", carrier="sms", vendor="twilio", began_at=5, ended_at=6, verdict="taken",
    provider_id="SM1", mark="m1", look_at=66,
)  # fmt: skip
TWO = replace(ONE, id="d1:2", vendor="vonage", began_at=70, provider_id="V1", mark="m2", look_at=None)


def page(**more: object) -> Delivery:
    fields = {
        "id": "d1", "key": "page:1", "incident": "i", "carrier": "sms", "address": "+15550100001", "lane": Lane.PAGE,
        "due_at": 1, "created_at": 1, "expires_at": 900_000, "member": "ann", "way": "sms",
    }  # fmt: skip
    return Delivery(**(fields | more))


def test_the_tries_of_a_delivery_come_in_order(store: Store):
    store.run(lambda tx: [tx.put_try(one) for one in (TWO, ONE, replace(ONE, id="d2:1", delivery="d2"))])
    assert store.read(lambda tx: tx.tries("d1")) == [ONE, TWO]
    assert store.read(lambda tx: tx.tries("unknown")) == []


def test_a_try_is_replaced_by_its_id(store: Store):
    store.run(lambda tx: tx.put_try(ONE))
    proven = replace(ONE, proven=True, look_at=None)
    store.run(lambda tx: tx.put_try(proven))
    assert store.read(lambda tx: tx.tries("d1")) == [proven]
    assert store.read(lambda tx: tx.due_tries(1_000, 10)) == []


def test_a_try_is_found_by_what_the_vendor_calls_it_and_by_what_we_call_it(store: Store):
    store.run(lambda tx: [tx.put_try(one) for one in (ONE, TWO)])
    assert store.read(lambda tx: tx.try_by_provider("sms", "twilio", "SM1")) == ONE
    assert store.read(lambda tx: tx.try_by_mark("sms", "vonage", "m2")) == TWO
    assert store.read(lambda tx: tx.try_by_provider("sms", "vonage", "SM1")) is None, "ids are the vendor's own"
    assert store.read(lambda tx: tx.try_by_provider("voice", "twilio", "SM1")) is None
    assert store.read(lambda tx: tx.try_by_provider("sms", "twilio", "")) is None
    assert store.read(lambda tx: tx.try_by_mark("sms", "twilio", "")) is None


def test_what_is_to_be_looked_at_is_due_and_wakes_the_ticker(store: Store):
    store.run(lambda tx: [tx.put_try(one) for one in (ONE, TWO)])
    assert store.read(lambda tx: tx.due_tries(65, 10)) == []
    assert store.read(lambda tx: tx.due_tries(66, 10)) == [ONE]
    assert store.read(lambda tx: tx.next_due()) == 66


def test_those_that_still_wait_can_be_asked_about_the_oldest_first(store: Store):
    lost = replace(TWO, id="d3:1", delivery="d3", provider_id="", look_at=90)
    late = replace(TWO, id="d4:1", delivery="d4", provider_id="V9", look_at=90)
    store.run(lambda tx: [tx.put_try(one) for one in (late, lost, TWO, ONE)])
    assert store.read(lambda tx: tx.waiting_tries(70, 10)) == [ONE, late]
    assert store.read(lambda tx: tx.waiting_tries(69, 10)) == [ONE]
    assert store.read(lambda tx: tx.waiting_tries(70, 1)) == [ONE]


def test_old_tries_are_pruned(store: Store):
    store.run(lambda tx: [tx.put_try(one) for one in (ONE, TWO)])
    assert store.run(lambda tx: tx.prune(70, 10)) == 1
    assert store.read(lambda tx: tx.tries("d1")) == [TWO]


def test_a_sent_page_goes_out_by_another_vendor(store: Store):
    store.run(lambda tx: tx.enqueue([page()]))
    [row] = store.run(lambda tx: tx.claim_deliveries(1, 5, 100, "t", [Lane.PAGE]))
    assert store.run(lambda tx: tx.try_again("d1", 50)) is False, "somebody is at it"
    store.run(lambda tx: tx.settle([replace(row, state=DeliveryState.SENT, provider_id="SM1")], "t"))
    assert store.run(lambda tx: tx.try_again("d1", 50)) is True
    assert store.run(lambda tx: tx.claim_deliveries(49, 5, 100, "t", [Lane.PAGE])) == []
    [again] = store.run(lambda tx: tx.claim_deliveries(50, 5, 100, "t", [Lane.PAGE]))
    assert (again.id, again.attempts) == ("d1", 1)


def test_a_repeat_that_is_not_wanted_any_more_was_sent_all_the_same(store: Store):
    rows = [page(provider_id="SM1", cycle=1), page(id="d2", key="page:2", cycle=1)]
    store.run(lambda tx: tx.enqueue(rows))
    store.run(lambda tx: tx.withdraw_pages("i", 2))
    states = [row.state for row in store.read(lambda tx: tx.deliveries_of("i"))]
    assert states == [DeliveryState.SENT, DeliveryState.SUPERSEDED]


def test_a_receipt_proves_a_page_whatever_was_thought_of_it(store: Store):
    for number, state in enumerate((DeliveryState.QUEUED, DeliveryState.SENT, DeliveryState.FAILED)):
        row = page(id=f"p{number}", key=f"page:{number}", state=state, error="not_delivered")
        store.run(lambda tx, row=row: tx.enqueue([row]))
        assert store.run(lambda tx, row=row: tx.prove(row.id)) is True
        assert store.run(lambda tx, row=row: tx.prove(row.id)) is False
        now = store.read(lambda tx, row=row: tx.delivery(row.id))
        assert now is not None
        assert (now.state, now.error) == (DeliveryState.DELIVERED, "")


def test_but_a_leased_one_is_left_to_its_holder(store: Store):
    store.run(lambda tx: tx.enqueue([page()]))
    store.run(lambda tx: tx.claim_deliveries(1, 5, 100, "t", [Lane.PAGE]))
    assert store.run(lambda tx: tx.prove("d1")) is False
