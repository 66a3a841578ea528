"""Emergencies of Pushover: they ring until somebody acknowledges on the phone, or until nobody needs them any more."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from bot.adapters.base import Answer, AuthBroken, HttpRequest, Permanent, Receipt, Slash, Transient
from bot.cards.push import pushover as renderer
from bot.cards.sample import sample_card
from bot.playground.hub import Outage
from tests.conformance.hook_house import ANN, BO, MAKERS, House, eventually, house, working

RINGING = renderer.render(sample_card("triggered", "en", "pushover"))
TAKEN = renderer.render(sample_card("processing", "en", "pushover"))


@pytest.fixture
async def rig() -> AsyncIterator[House]:
    async with house() as built:
        yield built


async def test_an_acknowledgement_on_the_phone_acknowledges_the_incident(rig: House):
    adapter = MAKERS["pushover"](rig)
    async with working(rig, adapter):
        sent = await adapter.send(ANN, RINGING, key="k")
        (shown,) = rig.pushover.messages
        assert (shown["retry"], shown["expire"]) == ("60", "1800")
        assert rig.pushover.state()["ringing"] == [sent.ref]
        await rig.pushover.act("acknowledge", {"receipt": sent.ref})
        await eventually(lambda: rig.told, "nobody asked about the receipt")
    (ack,) = rig.heard
    assert ack == Slash(
        platform="pushover", user=ANN, text="ack 142", key=f"receipt:{sent.ref}", reply_to=sent.ref
    )  # fmt: skip
    assert rig.told == [Receipt(carrier="pushover", provider_id=sent.ref, state="delivered")]


async def test_whoever_of_a_group_acknowledges_is_the_one(rig: House):
    adapter = MAKERS["pushover"](rig)
    async with working(rig, adapter):
        sent = await adapter.send(ANN, RINGING, key="k")
        await rig.pushover.act("acknowledge", {"receipt": sent.ref, "user": BO})
        await eventually(lambda: rig.heard, "nobody asked about the receipt")
    assert rig.heard[0].user == BO


async def test_a_message_that_is_no_emergency_has_no_receipt(rig: House):
    adapter = MAKERS["pushover"](rig)
    async with working(rig, adapter):
        sent = await adapter.send(ANN, TAKEN, key="k")
    assert sent.ref == ""
    assert rig.pushover.state()["ringing"] == []


async def test_it_stops_ringing_as_soon_as_somebody_else_has_it(rig: House):
    adapter = MAKERS["pushover"](rig)
    async with working(rig, adapter):
        sent = await adapter.send(ANN, RINGING, key="k")
        assert (await adapter.edit(sent.ref, RINGING)).ref == sent.ref
        assert rig.pushover.state()["ringing"] == [sent.ref]
        rig.hub.switch("pushover", Outage.DOWN)
        with pytest.raises(Transient):
            await adapter.edit(sent.ref, TAKEN)  # so that it is tried again
        rig.hub.switch("pushover", Outage.NONE)
        await adapter.edit(sent.ref, TAKEN)
        assert rig.pushover.state()["ringing"] == []
        rig.hub.switch("pushover", Outage.DOWN)
        assert (await adapter.edit(sent.ref, TAKEN)).ref == sent.ref  # nothing is left to do, so nobody is asked
        assert adapter._receipts.open == 0


async def test_a_cancelled_or_unknown_receipt_is_no_failure(rig: House):
    adapter = MAKERS["pushover"](rig)
    async with working(rig, adapter):
        assert (await adapter.edit("R" * 30, TAKEN)).ref == "R" * 30


async def test_a_restarted_process_finds_the_receipt_again_by_the_next_refresh(rig: House):
    before, after = MAKERS["pushover"](rig, poll_s=60.0), MAKERS["pushover"](rig)
    async with working(rig, before):
        sent = await before.send(ANN, RINGING, key="k")
    async with working(rig, after):
        await after.edit(sent.ref, RINGING)
        await rig.pushover.act("acknowledge", {"receipt": sent.ref})
        await eventually(lambda: rig.heard, "nobody asked about the receipt")
    assert rig.heard[0].text == "ack 142"


async def test_the_callback_tells_at_once_and_survives_a_restart(rig: House):
    before = MAKERS["pushover"](rig, poll_s=60.0, callback_base=rig.front)
    after = MAKERS["pushover"](rig, poll_s=60.0, callback_base=rig.front)
    async with working(rig, before):
        sent = await before.send(ANN, RINGING, key="k")
    async with working(rig, after):
        answer = await rig.pushover.act("acknowledge", {"receipt": sent.ref})
        assert answer["callback"] == 200
        assert [(each.user, each.text) for each in rig.heard] == [(ANN, "ack 142")]
        again = await after.receive(rig.calls[-1])
        assert again.status == 200
        assert len(rig.heard) == 1


async def test_a_callback_is_only_a_reason_to_ask(rig: House):
    adapter = MAKERS["pushover"](rig, poll_s=60.0, callback_base=rig.front)
    async with working(rig, adapter):
        sent = await adapter.send(ANN, RINGING, key="k")
        url = rig.pushover.receipts[sent.ref]["callback"]
        body = f"receipt={sent.ref}&acknowledged=1&acknowledged_by={BO}".encode()
        query = url.partition("?")[2]
        told = {"method": "POST", "path": "/callbacks/pushover", "headers": {}}
        lie = await adapter.receive(HttpRequest(**told, query=query, body=body))
        assert (lie.status, rig.heard) == (200, [])  # Pushover itself says that nobody has acknowledged
        for forged in ("", "n=142&k=", "n=142&k=" + "0" * 32, query.replace("n=142", "n=143")):
            assert (await adapter.receive(HttpRequest(**told, query=forged, body=body))).status == 403
        assert (await adapter.receive(HttpRequest(**told, query=query, body=b"receipt=../x"))).status == 400


async def test_receipts_are_asked_about_no_faster_than_allowed_and_let_go(rig: House):
    rig.pushover.gap_s = 5.0
    adapter = MAKERS["pushover"](rig, expire_s=60)
    async with working(rig, adapter):
        sent = await adapter.send(ANN, RINGING, key="k")
        await eventually(lambda: rig.pushover._asked, "nobody asked")
        await rig.pushover.act("acknowledge", {"receipt": sent.ref})
        rig.pushover.gap_s = 0.0  # it was told "too fast" meanwhile, and goes on asking
        await eventually(lambda: rig.heard, "it gave up")
        await eventually(lambda: adapter._receipts.open == 0, "it is still asked about")


async def test_what_runs_out_is_let_go(rig: House):
    rig.hub.now = lambda: time.time() + 4000.0  # half an hour is over
    rig.pushover.gap_s = 0.0
    adapter = MAKERS["pushover"](rig)
    async with working(rig, adapter):
        sent = await adapter.send(ANN, RINGING, key="k")
        rig.pushover.receipts[sent.ref]["expires_at"] = 1
        await eventually(lambda: adapter._receipts.open == 0, "it is still asked about")
    assert rig.heard == []


async def test_an_acknowledgement_that_could_not_be_saved_is_brought_again(rig: House):
    adapter = MAKERS["pushover"](rig)
    rig.answer = Answer(toast="The database is away.", alert=True)
    async with working(rig, adapter):
        sent = await adapter.send(ANN, RINGING, key="k")
        await rig.pushover.act("acknowledge", {"receipt": sent.ref})
        await eventually(lambda: len(rig.heard) >= 2, "it was brought once only")
        rig.answer = Answer(toast="done")
        await eventually(lambda: adapter._receipts.open == 0, "it is brought for ever")
    assert len({each.key for each in rig.heard}) == 1


async def test_refusals_are_told_apart(rig: House):
    rig.pushover.homeless = frozenset({BO})
    adapter = MAKERS["pushover"](rig)
    async with working(rig, adapter):
        for user in (BO, "x" * 30, "short"):
            with pytest.raises(Permanent) as failure:
                await adapter.send(user, RINGING, key="k")
            assert failure.value.reason == "recipient_unreachable"
        rig.pushover.remaining = 0
        with pytest.raises(Permanent) as spent:
            await adapter.send(ANN, RINGING, key="k")
        assert spent.value.reason == "quota_exhausted"  # so that the next medium takes over at once
    wrong = MAKERS["pushover"](rig, token="w" * 30)
    async with working(rig, wrong):
        with pytest.raises(AuthBroken):
            await wrong.send(ANN, RINGING, key="k")
        assert "w" * 30 not in repr(wrong.settings)
