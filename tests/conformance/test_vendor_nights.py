"""Nights with texts and calls on the real App: who is still called after an acknowledgement, and what proves a page.

Every phone is rung by a strict exchange, and answered by its keypad.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.engine.effects import Reason
from bot.playground.hub import Json, Outage
from bot.store.base import DeliveryState
from tests.conformance.sides import SIDES
from tests.conformance.vendor_house import ANN, BO, CALLS, TEXTS, House, house, on_call

MAIL = "ann@example.com"
RING_AGAIN_S, NEXT_MEDIUM_S, PROOF_S, LONG_S = 20.1, 61.0, 31.0, 3_600.0
ACKED = "You have it now"


async def test_with_every_chat_platform_down_a_text_and_a_mail_come_within_a_minute(tmp_path: Path):
    async with house(tmp_path, {"ann": on_call(ANN, "slack", email=MAIL, on=SIDES)}) as home:
        await blackout(home)
        assert not home.took(ANN, CALLS)


async def test_and_the_phone_rings_as_well_where_the_rule_says_so(tmp_path: Path):
    async with house(tmp_path, {"ann": on_call(ANN, "slack", email=MAIL, on=SIDES)}, change=calls_too) as home:
        await blackout(home)
        await home.rings(ANN)
        assert "disk full" in home.items("twilio_voice", ANN)[0]["said"]


def calls_too(declared: Json) -> Json:
    level = declared["channels"]["pay"]["rules"][0]["levels"][0]
    level["via"] = {"critical": ["im", "voice"]}
    return declared


async def blackout(home: House) -> None:
    for side in home.town.sides:
        home.town.hub.switch(side, Outage.DOWN)
    fired_at = home.town.clock.now()
    await home.town.fire()
    await home.shows(home.town.timeline, "nobody was paged")
    home.town.later(PROOF_S)
    await home.shows(lambda: home.took(ANN, TEXTS) and home.town.mails(MAIL), "Ann was not reached")
    assert home.town.clock.now() - fired_at < 60_000


@pytest.mark.parametrize("acked", [True, False])
async def test_nobody_is_called_by_the_next_vendor_after_the_acknowledgement(tmp_path: Path, acked: bool):
    """The first vendor took the call and lost it; before the next one is asked, somebody presses the card's button."""
    members = {"bo": on_call(BO, "voice"), "ann": on_call(ANN, "slack", on=["slack"])}
    async with house(tmp_path, members) as home:
        home.lie()
        await home.town.fire()
        await home.tried("bo", "voice", lambda tries: [one.verdict for one in tries] == ["taken"])
        if acked:
            side = home.town.sides["slack"]
            await home.town.settled("no card", side)
            card = home.town.card(side)
            await side.press(card, home.town.button(card, "ack"), "ann")
            await home.shows(lambda: home.told(Reason.ACKED), "nobody has it")
        home.town.later(12.1)
        if not acked:
            await home.shows(lambda: "vonage_voice" in home.took(BO), "the next vendor was not asked")
            return
        await home.tried("bo", "voice", lambda tries: tries[0].look_at is None)
        assert len(await what_else_is_said(home)) == 1


@pytest.mark.parametrize("acked", [True, False])
async def test_a_call_that_waits_is_withdrawn_when_somebody_else_presses_1(tmp_path: Path, acked: bool):
    """Both vendors want a pause for Bo's number; Ann's phone rings."""
    members = {"ann": on_call(ANN, "voice"), "bo": on_call(BO, "voice")}
    async with house(tmp_path, members) as home:
        await trouble(home, "20429", "voice/rate-limited")
        await home.town.fire()
        await home.tried("bo", "voice", lambda tries: {t.verdict for t in tries} == {"rate_limited"})
        if acked:
            assert ACKED in await home.key(ANN, "1")
        await trouble(home, "", "")
        home.town.later(NEXT_MEDIUM_S)
        if not acked:
            await home.rings(BO)
            return
        assert await what_else_is_said(home) == []
        assert [row.state for row in home.rows("bo", "voice")] == [DeliveryState.SUPERSEDED]


async def trouble(home: House, twilio: str, vonage: str) -> None:
    await home.exchanges["twilio_voice"].act("trouble", {"number": BO, "code": twilio})
    await home.exchanges["vonage"].act("trouble", {"number": BO, "code": vonage})


async def what_else_is_said(home: House) -> list[str]:
    """On Bo's phone, besides two later incidents: one at once, whose call comes behind all that is due, one later."""
    for wait_s, later in ((0.0, "memory full"), (LONG_S, "network down")):
        home.town.later(wait_s)
        await home.town.fire(later)
        await home.shows(lambda later=later: any(later in each for each in said(home)), "the loops stand still")
    return [each for each in said(home) if "memory full" not in each and "network down" not in each]


def said(home: House) -> list[str]:
    return [item["said"] for kind in CALLS for item in home.items(kind, BO)]


async def test_the_keys_of_a_call(tmp_path: Path):
    """The star says it again, a key without meaning changes nothing, and 1 takes it, once."""
    async with house(tmp_path, {"ann": on_call(ANN, "voice")}) as home:
        await home.town.fire()
        assert "disk full" in await home.key(ANN, "*")
        incident = home.town.incident()
        assert incident
        assert incident.acked_at is None
        await home.key(ANN, "7")
        assert ACKED in await home.key(ANN, "1")
        incident = home.town.incident()
        assert incident
        assert [r.member for r in incident.responders if r.acked_at] == ["ann"]
        assert home.ringing(ANN) is None
        assert len(home.told(Reason.ACKED)) == 1
        assert len(home.told(Reason.PROVEN)) == 1


async def test_a_phone_that_nobody_answers_is_rung_twice_and_then_the_next_medium(tmp_path: Path):
    async with house(tmp_path, {"ann": on_call(ANN, "voice", email=MAIL)}) as home:
        await home.town.fire()
        await rung_out(home, "miss", "no_answer")


async def test_voicemail_is_no_acknowledgement_and_no_proof(tmp_path: Path):
    async with house(tmp_path, {"ann": on_call(ANN, "voice", email=MAIL)}) as home:
        await home.town.fire()
        await rung_out(home, "machine", "answered_by_machine")


async def rung_out(home: House, act: str, why: str) -> None:
    await home.end(ANN, act)
    await home.tried("ann", "voice", lambda tries: [one.reason for one in tries] == [why])
    assert not home.town.mails(MAIL)
    home.town.later(RING_AGAIN_S)
    await home.end(ANN, act)
    await home.shows(lambda: home.town.mails(MAIL) and home.took(ANN, TEXTS), "no other medium took over")
    assert home.took(ANN, CALLS) == ["twilio_voice"] * 2
    assert [(t.why, t.verdict) for t in home.tries("ann", "voice")][1] == ("rung_again", "no_answer")
    assert ("ann", "voice") not in [(who, way) for who, way, _ in home.told(Reason.PROVEN)]
    failed = [facts["why"] for who, way, facts in home.told(Reason.FALLBACK_FAILED) if way == "voice"]
    assert failed == [why]
    incident = home.town.incident()
    assert incident
    assert incident.acked_at is None


async def test_a_text_answers_a_text_and_after_stop_the_next_medium_goes_at_once(tmp_path: Path):
    async with house(tmp_path, {"ann": on_call(ANN, "sms", email=MAIL)}) as home:
        await home.town.fire()
        await home.shows(lambda: home.town.texts(ANN), "no text came")
        code = re.search(r"Reply (\w+) ack", home.town.texts(ANN)[0])
        assert code
        answered = await home.town.phones.reply(ANN, code[1])
        assert ACKED in answered["twiml"]
        assert [entry.actor for entry in home.town.timeline() if entry.reason is Reason.ACKED] == ["ann"]
        await home.town.phones.reply(ANN, "STOP")
        await home.town.fire("disk fuller")
        await home.shows(lambda: any("disk fuller" in mail["subject"] for mail in home.town.mails(MAIL)), "no mail")
        first = [e.way for e in home.town.timeline(2) if e.reason is Reason.LEVEL_FIRED and e.member == "ann"]
        assert first == ["email"]
        assert not [text for text in home.town.texts(ANN) if "disk fuller" in text]
        assert not [kind for kind in TEXTS if kind != "twilio" and home.items(kind, ANN)]
