"""The outbox: lanes, leases, fences, cards that want a newer revision, pages that nobody wants any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.store.base import DeliveryState, Lane
from tests.conformance.store.kit import LEASE, claim_deliveries, ids
from tests.conformance.store.samples import card, page

SENT, QUEUED = DeliveryState.SENT, DeliveryState.QUEUED


def enqueue(store, *rows):
    return store.run(lambda tx: tx.enqueue(rows))


def settle(store, *rows, token="w1"):
    return store.run(lambda tx: tx.settle(rows, token))


def stored(store, one):
    return store.read(lambda tx: tx.delivery(one))


def shown(store, row, *, rev=1):
    """Enqueue a card, send it, and return it as it is stored."""
    enqueue(store, row)
    (claimed,) = claim_deliveries(store, row.due_at, "w0")
    settle(store, replace(claimed, state=SENT, ref="C1/1.1", shown_rev=rev), token="w0")
    return stored(store, row.id)


def test_the_same_decision_never_makes_two_rows(store):
    assert enqueue(store, page("a", key="k"), page("b", key="k"), page("c")) == 2
    assert enqueue(store, page("d", key="k", address="elsewhere")) == 0
    assert ids(store.read(lambda tx: tx.deliveries_of("i"))) == ["a", "c"]
    assert stored(store, "a") == page("a", key="k")
    assert stored(store, "d") is None


def test_pages_go_first_then_new_cards_then_refreshes(store):
    enqueue(
        store,
        card("refresh", lane=Lane.REFRESH, due_at=1),
        card("card", due_at=2),
        page("late", due_at=4),
        page("early", due_at=3),
        page("tie", due_at=4),
        page("not yet", due_at=1_001),
        page("over", due_at=1, state=DeliveryState.EXPIRED),
    )
    assert ids(claim_deliveries(store, 1_000, limit=2)) == ["early", "late"]
    assert ids(claim_deliveries(store, 1_000)) == ["tie", "card", "refresh"]


def test_a_worker_may_claim_some_lanes_only(store):
    enqueue(store, page("p"), card("c"), card("r", lane=Lane.REFRESH))
    assert claim_deliveries(store, 1_000, lanes=()) == []
    assert ids(claim_deliveries(store, 1_000, lanes=[Lane.REFRESH])) == ["r"]
    assert ids(claim_deliveries(store, 1_000, lanes={Lane.CARD, Lane.PAGE})) == ["p", "c"]


def test_a_claim_is_a_lease(store):
    enqueue(store, page("a"))
    (claimed,) = claim_deliveries(store, 1_000)
    assert claimed == page("a", due_at=1_000 + LEASE, token="w1", attempts=1)
    assert stored(store, "a") == claimed
    assert claim_deliveries(store, 1_000 + LEASE - 1, "w2") == []
    assert store.read(lambda tx: tx.next_due()) == 1_000 + LEASE
    (again,) = claim_deliveries(store, 1_000 + LEASE, "w2")
    assert (again.attempts, again.token) == (2, "w2")


def test_whoever_lost_the_lease_saves_nothing(store):
    enqueue(store, page("a"), page("b"))
    mine, other = claim_deliveries(store, 1_000)
    settle(store, replace(other, state=SENT))
    (theirs,) = claim_deliveries(store, 1_000 + LEASE, "w2")
    assert settle(store, replace(mine, state=DeliveryState.FAILED), replace(other, error="late")) == set()
    assert stored(store, "a") == theirs
    assert settle(store, replace(theirs, state=SENT), token="w2") == {"a"}
    assert stored(store, "a") == replace(theirs, state=SENT, token="")
    assert settle(store, replace(theirs, state=QUEUED), token="w2") == set()


@pytest.mark.parametrize("token", ["", "w1"])
def test_nobody_settles_what_was_never_claimed(store, token):
    enqueue(store, page("a"))
    assert settle(store, page("a", state=SENT), page("unknown"), token=token) == set()
    assert stored(store, "a") == page("a")


def test_an_expired_lease_that_nobody_took_can_still_be_settled(store):
    """The token is the fence, not the clock: the page went out, and must not go out again."""
    enqueue(store, page("a"))
    (mine,) = claim_deliveries(store, 1_000)
    assert settle(store, replace(mine, state=SENT)) == {"a"}
    assert claim_deliveries(store, 1_000 + 2 * LEASE) == []


def test_a_retry_waits_until_it_is_due(store):
    enqueue(store, page("a"))
    (mine,) = claim_deliveries(store, 1_000)
    settle(store, replace(mine, due_at=5_000, error="http_500"))
    assert claim_deliveries(store, 4_999) == []
    (again,) = claim_deliveries(store, 5_000)
    assert (again.attempts, again.error) == (2, "http_500")


# -- cards


def test_a_shown_card_goes_back_to_the_queue_when_it_is_old(store):
    before = shown(store, card("c"))
    assert store.run(lambda tx: tx.want_cards("i", 2, 7_000)) == 1
    wanted = replace(before, state=QUEUED, lane=Lane.REFRESH, due_at=7_000, wanted_rev=2, attempts=0)
    assert stored(store, "c") == wanted
    assert ids(claim_deliveries(store, 7_000)) == ["c"]


def test_a_card_that_was_delivered_goes_back_too(store):
    shown(store, card("c"))
    assert store.run(lambda tx: tx.put_receipt("c", DeliveryState.DELIVERED, ""))
    store.run(lambda tx: tx.want_cards("i", 2, 7_000))
    assert stored(store, "c").state is QUEUED


def test_what_is_wanted_already_is_left_alone(store):
    before = shown(store, card("c"), rev=1)
    assert store.run(lambda tx: tx.want_cards("i", 1, 7_000)) == 0
    assert store.run(lambda tx: tx.want_cards("other", 5, 7_000)) == 0
    assert stored(store, "c") == before


def test_a_card_that_shows_the_revision_already_stays_where_it_is(store):
    """A card is drawn from the state at the moment of sending, which may be newer than what was asked for."""
    before = shown(store, card("c"), rev=3)
    assert store.run(lambda tx: tx.want_cards("i", 3, 7_000)) == 1
    assert stored(store, "c") == replace(before, wanted_rev=3)


def test_an_edit_that_came_too_late_is_edited_over(store):
    """Whoever lost its lease, and edited all the same, has put an older revision over a newer one."""
    before = shown(store, card("c"), rev=3)
    assert not store.run(lambda tx: tx.show_again("c", 3, 7_000)), "it shows what it should"
    assert not store.run(lambda tx: tx.show_again("nobody", 1, 7_000))
    assert store.run(lambda tx: tx.show_again("c", 2, 7_000))
    again = replace(before, state=QUEUED, lane=Lane.REFRESH, due_at=7_000, shown_rev=2, attempts=0)
    assert stored(store, "c") == again
    assert not store.run(lambda tx: tx.show_again("c", 1, 8_000)), "a refresh is on its way"
    assert ids(claim_deliveries(store, 7_000)) == ["c"]


@pytest.mark.parametrize("carrier", ["sms", "email", "voice"])
def test_phone_and_mail_are_never_refreshed(store, carrier):
    before = shown(store, page("p", carrier=carrier))
    assert store.run(lambda tx: tx.want_cards("i", 2, 7_000)) == 0
    assert stored(store, "p") == before


def test_a_message_without_a_handle_cannot_be_refreshed(store):
    enqueue(store, card("c"))
    (mine,) = claim_deliveries(store, 1_000)
    settle(store, replace(mine, state=SENT))
    assert store.run(lambda tx: tx.want_cards("i", 2, 7_000)) == 0


@pytest.mark.parametrize("over", [DeliveryState.FAILED, DeliveryState.SUPERSEDED, DeliveryState.EXPIRED])
def test_a_card_that_is_given_up_stays_given_up(store, over):
    enqueue(store, card("c"))
    (mine,) = claim_deliveries(store, 1_000)
    settle(store, replace(mine, state=over, ref="C1/1.1"))
    assert store.run(lambda tx: tx.want_cards("i", 2, 7_000)) == 0


def test_queued_and_leased_cards_only_want_more(store):
    enqueue(store, card("queued", due_at=5_000), card("leased"))
    (leased,) = claim_deliveries(store, 1_000)
    assert store.run(lambda tx: tx.want_cards("i", 4, 2_000)) == 2
    assert stored(store, "queued") == card("queued", due_at=5_000, wanted_rev=4)
    assert stored(store, "leased") == replace(leased, wanted_rev=4)


def test_a_revision_that_rose_during_the_sending_is_shown_at_once(store):
    enqueue(store, card("c"))
    (mine,) = claim_deliveries(store, 2_000)
    store.run(lambda tx: tx.want_cards("i", 3, 2_500))
    assert settle(store, replace(mine, state=SENT, ref="C1/1.1", shown_rev=1)) == {"c"}
    after = stored(store, "c")
    assert (after.state, after.lane, after.wanted_rev, after.attempts) == (QUEUED, Lane.REFRESH, 3, 0)
    assert (after.ref, after.token) == ("C1/1.1", "")
    assert ids(claim_deliveries(store, 2_500)) == ["c"]


def test_the_next_refresh_is_no_sooner_than_the_sender_said(store):
    enqueue(store, card("c"))
    (mine,) = claim_deliveries(store, 2_000)
    store.run(lambda tx: tx.want_cards("i", 3, 2_500))
    settle(store, replace(mine, state=SENT, ref="C1/1.1", shown_rev=1, due_at=4_000))
    assert claim_deliveries(store, 3_999) == []
    assert ids(claim_deliveries(store, 4_000)) == ["c"]


def test_a_card_drawn_late_enough_needs_no_second_sending(store):
    enqueue(store, card("c"))
    (mine,) = claim_deliveries(store, 2_000)
    store.run(lambda tx: tx.want_cards("i", 3, 2_500))
    settle(store, replace(mine, state=SENT, ref="C1/1.1", shown_rev=3))
    after = stored(store, "c")
    assert (after.state, after.wanted_rev, after.shown_rev) == (SENT, 3, 3)


def test_a_failed_try_keeps_the_higher_revision(store):
    enqueue(store, card("c"))
    (mine,) = claim_deliveries(store, 2_000)
    store.run(lambda tx: tx.want_cards("i", 3, 2_500))
    settle(store, replace(mine, due_at=6_000))
    assert stored(store, "c") == replace(mine, due_at=6_000, wanted_rev=3, token="")


def test_a_direct_message_that_paged_is_refreshed_like_a_card(store):
    shown(store, page("p"))
    store.run(lambda tx: tx.want_cards("i", 2, 7_000))
    assert (stored(store, "p").lane, stored(store, "p").state) == (Lane.REFRESH, QUEUED)
    assert store.run(lambda tx: tx.withdraw_pages("i", 99)) == 0


# -- pages that nobody wants any more


def test_pages_of_older_cycles_are_withdrawn(store):
    enqueue(
        store,
        page("old", cycle=1, due_at=9_000),
        page("current", cycle=2, due_at=9_000),
        card("card", cycle=1),
        page("other", incident="other", cycle=1),
        page("leased", cycle=1),
    )
    claim_deliveries(store, 1_000, lanes=[Lane.PAGE])
    assert store.run(lambda tx: tx.withdraw_pages("i", 2)) == 1
    states = {row.id: row.state for row in store.read(lambda tx: tx.deliveries_of("i"))}
    assert states == {"old": DeliveryState.SUPERSEDED, "current": QUEUED, "card": QUEUED, "leased": QUEUED}
    assert store.run(lambda tx: tx.withdraw_pages("i", 2)) == 0
    assert ids(claim_deliveries(store, 9_000, limit=1)) == ["current"]


# -- receipts


@pytest.mark.parametrize("said", [DeliveryState.DELIVERED, DeliveryState.FAILED])
def test_a_receipt_is_recorded_once(store, said):
    before = shown(store, page("p", carrier="sms"))
    assert store.run(lambda tx: tx.put_receipt("p", said, "why")) is True
    assert stored(store, "p") == replace(before, state=said, error="why")
    for again in (DeliveryState.DELIVERED, DeliveryState.FAILED):
        assert store.run(lambda tx, again=again: tx.put_receipt("p", again, "")) is False


def test_a_receipt_changes_only_what_was_sent(store):
    before = shown(store, page("p", carrier="sms"))
    for nonsense in (QUEUED, SENT, DeliveryState.SUPERSEDED):
        assert store.run(lambda tx, nonsense=nonsense: tx.put_receipt("p", nonsense, "")) is False
    assert store.run(lambda tx: tx.put_receipt("unknown", DeliveryState.DELIVERED, "")) is False
    enqueue(store, page("queued"))
    assert store.run(lambda tx: tx.put_receipt("queued", DeliveryState.DELIVERED, "")) is False
    assert stored(store, "p") == before


def test_a_delivery_is_found_by_what_outsiders_call_it(store):
    enqueue(store, page("a", carrier="sms", provider_id="SM1"), page("b", carrier="sms", provider_id="SM1"))
    enqueue(store, card("c", ref="C1/7", provider_id="x"), card("d"))

    def found(carrier, provider_id):
        row = store.read(lambda tx: tx.delivery_by_provider(carrier, provider_id))
        return row.id if row else None

    assert found("sms", "SM1") == "b"
    assert found("slack", "SM1") is None
    assert found("slack", "") is None
    assert store.read(lambda tx: tx.delivery_by_ref("slack", "C1/7")).id == "c"
    assert store.read(lambda tx: tx.delivery_by_ref("telegram", "C1/7")) is None
    assert store.read(lambda tx: tx.delivery_by_ref("slack", "")) is None
    (mine,) = [row for row in claim_deliveries(store, 1_000) if row.id == "c"]
    settle(store, replace(mine, state=SENT, ref="C1/8"))
    assert store.read(lambda tx: tx.delivery_by_ref("slack", "C1/7")) is None
    assert store.read(lambda tx: tx.delivery_by_ref("slack", "C1/8")).id == "c"
