"""Stories of platforms that fail: which medium takes over, how soon, and what the card says when none is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.model import Severity
from tests.scenarios.company import company
from tests.scenarios.story import Story


def test_slack_is_down_so_a_text_and_a_mail_go_out_within_half_a_minute():
    t = Story()
    t.down("slack").fire("disk full")
    t.between("0m", "36s").page("bo", "sms", times=1).page("bo", "email", times=1).nobody(via="slack")


def test_slack_hangs_and_it_makes_no_difference():
    t = Story()
    t.down("slack", "hang").fire("disk full")
    t.between("0m", "36s").page("bo", "sms", times=1).page("bo", "email", times=1)


def test_a_blocked_bot_is_known_at_once():
    t = Story()
    t.unreachable("bo", "slack").fire("disk full")
    t.want("0m").page("bo", "sms", times=1).page("bo", "email", times=1)


def test_broken_credentials_are_known_at_once_and_the_operators_hear_of_it():
    t = Story()
    t.revoke("slack").fire("disk full")
    t.want("0m").page("bo", "sms", times=1)
    assert any("auth_broken" in alarm.code for alarm in t.alarms())


def test_a_text_that_nobody_confirms_leads_on():
    ways = {Severity.CRITICAL: ("sms",)}
    people = {**company().members, "bo": replace(company().members["bo"], ways=ways)}
    t = Story(replace(company(), members=people))
    t.phone_off("bo").fire("disk full")
    t.want("0m").page("bo", "sms", times=1).nobody("bo", "email")
    t.between("0m", "2m10s").page("bo", "email", times=1)


def test_when_every_medium_fails_the_card_names_who_was_not_reached():
    t = Story()
    t.unreachable("bo", "slack", "telegram", "sms", "email").fire("disk full")
    t.at("3m")
    assert t.incident().unreachable == ("bo",)
    t.want("3m").nobody("bo").card("night watch", shows="Bo Berg")
    t.want("15m").page("cy", times=1)


def test_somebody_who_is_reached_after_all_is_no_longer_named():
    t = Story()
    for platform in ("slack", "telegram", "sms", "email"):
        t.down(platform)
    t.fire("disk full")
    t.at("4m")
    assert t.incident().unreachable == ("bo",)
    for platform in ("slack", "telegram", "sms", "email"):
        t.up(platform)
    t.want("5m").page("bo", "slack")
    assert t.incident().unreachable == ()
    t.want("6m").card("#ops", hides="Not reached")


def test_a_page_that_comes_late_takes_the_name_off_the_card_too():
    t = Story()
    for platform in ("slack", "telegram", "sms", "email"):
        t.down(platform)
    t.fire("disk full")
    t.at("4m")
    assert t.incident().unreachable == ("bo",)
    t.up("slack").between("4m", "4m30s").page("bo", "slack", times=1)  # the first page, before any repetition
    assert t.incident().unreachable == ()
    t.want("4m40s").card("#ops", hides="Not reached")


def test_a_page_that_could_not_be_sent_before_the_acknowledgement_is_never_sent():
    t = Story()
    t.down("slack").fire("disk full")
    t.at("50s").say("bo", "ack #1", on="telegram")
    t.up("slack")
    t.never_after("51s").page()


def test_cards_catch_up_when_their_platform_works_again():
    t = Story()
    t.fire("disk full")
    t.at("1m").down("slack")
    t.at("2m").say("bo", "ack #1", on="telegram")
    t.want("3m").card("#ops", shows="nobody has it").card("night watch", shows="Bo Berg")
    t.at("20m").up("slack")
    t.want("26m").card("#ops", shows="Bo Berg", hides="nobody has it")


def test_a_direct_message_shows_the_truth_long_after_its_page():
    t = Story()
    t.fire("disk full")
    t.at("1m").press("bo", "ack")
    t.at("3h").say("bo", "resolve #1 emptied the bin")
    t.at("3h1m")
    assert "emptied the bin" in str(t.dm("bo").message)


def test_a_deleted_card_is_posted_anew():
    t = Story()
    t.fire("disk full")
    t.at("1m")
    first = t.card_on("slack", "C0OPS")
    t.carriers["slack"].delete(first.ref)
    t.at("2m").say("bo", "ack #1")
    t.want("2m").card("#ops", shows="Bo Berg")
    assert t.card_on("slack", "C0OPS").ref != first.ref


def test_a_chat_that_moved_is_followed():
    t = Story()
    t.carriers["telegram"].moved["-1001"] = "-1009"
    t.fire("disk full")
    t.at("10s")
    assert t.card_on("telegram", "-1009")
    t.say("bo", "ack #1")
    t.at("20s")
    assert "Bo Berg" in str(t.card_on("telegram", "-1009").message)


def test_a_mail_leads_to_the_incident_and_offers_to_take_it():
    t = Story()
    t.down("slack").fire("disk full")
    t.at("40s")
    mail = next(page for page in t.pages if page.via == "email")
    assert "https://tocsin.example.com" in mail.text


def test_a_rate_limit_delays_and_does_not_lose():
    t = Story()
    t.carriers["slack"].weather.throttle = 1.0
    t.fire("disk full")
    t.at("5s").up("slack")
    t.between("5s", "36s").page("bo", "slack", times=1)


@pytest.mark.parametrize("early", [0.0, 1.0], ids=["after the answer", "before the answer"])
def test_a_receipt_proves_the_page_whenever_it_comes(early):
    """A vendor may report the delivery before it has answered the call that sent the message."""
    t = Story()
    t.down("slack").down("telegram")
    t.carriers["sms"].receipts_overtake = early
    t.at("0m").fire("disk full").at("4m50s")
    incident = t.incident()
    proven = [entry.way for entry in t.store.read(lambda tx: tx.timeline(incident.id)) if entry.reason == "proven"]
    assert sorted(proven) == ["email", "sms"]
    assert len(t.pages) == 2, "nothing follows a page that is proven"
