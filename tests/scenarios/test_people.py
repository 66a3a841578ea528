"""Stories of what people do: take it, give it back, put it off, pass it on, end it, and press too late."""

from __future__ import annotations

from tests.scenarios.story import Story


def ringing() -> Story:
    """Bo has just been paged."""
    t = Story()
    t.fire("disk full")
    t.want("0m").page("bo", times=1)
    return t


def test_giving_it_back_pages_again():
    t = ringing()
    t.at("1m").press("bo", "ack")
    t.at("3m").say("bo", "unack #1")
    t.want("3m").page("bo", times=1)
    t.want("18m").page("cy", times=1)


def test_the_second_person_to_acknowledge_hears_who_was_first():
    t = ringing()
    t.at("1m").press("bo", "ack")
    told = t.at("1m10s").say("cy", "ack #1", on="telegram")
    assert "Bo" in told
    t.want("1m10s").card("#ops", shows="Cy Cole")


def test_a_double_press_changes_it_once():
    t = ringing()
    card = t.card_on("slack")
    t.at("1m").press("bo", "ack")
    rev = t.incident().rev
    told = t.press("bo", "ack", seen=card)
    assert t.incident().rev == rev
    assert told
    assert t.said.alert


def test_a_press_that_the_platform_delivers_twice_counts_once():
    t = ringing()
    t.at("1m").press("bo", "escalate", key="same")
    level = t.incident().level
    t.want("1m").page("cy", times=1)
    card = t.card_on("slack")
    t.press("bo", "escalate", seen=card, key="same")
    assert t.incident().level == level
    t.between("1m6s", "2m").nobody("cy")


def test_escalating_by_hand_asks_the_next_level_at_once():
    t = ringing()
    t.at("1m").press("bo", "escalate")
    t.want("1m").page("cy", "telegram", times=1).nobody("bo")
    t.want("6m").page("cy", times=1).nobody("bo")


def test_two_people_who_escalate_from_the_same_card_climb_one_level():
    t = ringing()
    card = t.card_on("slack")
    t.at("1m").press("bo", "escalate", seen=card)
    told = t.press("di", "escalate", seen=card)
    assert t.incident().level == 1
    assert t.said.alert, told


def test_escalating_takes_it_away_from_whoever_has_it():
    t = ringing()
    t.at("1m").press("bo", "ack")
    t.at("2m").press("di", "escalate")
    t.want("2m").page("cy", times=1)
    t.want("2m").card("#ops", shows="Cy Cole")
    assert t.incident().progress == "Triggered"


def test_snoozing_is_quiet_and_then_asks_again():
    t = ringing()
    t.at("1m").press("bo", "snooze", arg="2h")
    t.between("1m", "2h1m").quiet()
    t.want("2h1m").page("bo", times=1)
    assert t.incident().progress == "Triggered"


def test_ending_a_snooze_leaves_it_with_whoever_has_it():
    t = ringing()
    t.at("1m").say("bo", "snooze #1 2h")
    t.at("10m").press("bo", "wake")
    t.never_after("10m").page()
    assert t.incident().progress == "Processing"


def test_a_snooze_ends_when_the_incident_does():
    t = ringing()
    t.at("1m").say("bo", "snooze #1 2h")
    t.at("30m").recover("disk full")
    t.never_after("1m").page()
    t.want("30h").card("#ops", hides="snoozed")


def test_giving_back_a_snoozed_incident_ends_the_snooze():
    t = ringing()
    t.at("1m").say("bo", "snooze #1 2h")
    t.at("5m").say("bo", "unack #1")
    t.want("5m").page("bo", times=1)
    assert t.incident().snoozed_until is None


def test_a_snooze_of_two_days_is_refused_and_changes_nothing():
    t = ringing()
    t.at("1m").say("bo", "snooze #1 48h")
    assert t.said.alert
    assert t.incident().progress == "Triggered"
    t.want("5m").page("bo", times=1)


def test_reassigning_asks_somebody_else_instead():
    t = ringing()
    t.at("1m").say("bo", "assign #1 @Di")
    t.want("1m").page("di", "slack", times=1)
    t.between("2m", "30m").nobody("bo").nobody("cy").page("di")


def test_adding_a_responder_pages_them_once_and_leaves_the_ladder_alone():
    t = ringing()
    t.at("1m").say("bo", "add #1 @Ann")
    t.want("1m").page("ann", "slack", times=1)
    t.want("5m").page("bo", times=1).nobody("ann")


def test_adding_somebody_who_is_there_pages_nobody():
    t = ringing()
    t.at("1m").say("di", "add #1 @Bo")
    t.between("1m", "4m").quiet()
    assert t.said.alert


def test_resolving_by_hand_closes_the_alerts_and_a_later_event_opens_a_new_incident():
    t = ringing()
    t.at("1m").press("bo", "resolve")
    t.at("2m").fire("disk full")
    t.want("2m").page("bo", num=2, times=1)
    assert t.count() == 2


def test_resolving_ends_everything_with_a_note_on_the_card():
    t = ringing()
    t.at("1m").say("bo", "resolve #1 emptied the bin")
    t.never_after("1m").page()
    t.want("26h").card("#ops", shows="emptied the bin")


def test_reopening_needs_a_reason_and_begins_anew():
    t = ringing()
    t.at("1m").press("bo", "resolve")
    t.at("2m").say("bo", "reopen #1")
    assert t.said.alert
    t.say("bo", "reopen #1 it is back")
    t.want("2m").page("bo", num=1, times=1)
    t.want("17m").page("cy", num=1, times=1)


def test_a_reopened_incident_does_not_take_the_alerts_of_its_successor():
    t = ringing()
    t.at("1m").press("bo", "resolve")
    t.at("2m").fire("disk full")
    t.at("3m").say("bo", "reopen #1 not sure")
    t.at("4m").recover("disk full")
    assert t.at("5m").incident(2).progress == "Closed"
    assert t.incident(1).progress == "Triggered"


def test_a_button_of_a_story_that_is_over_does_nothing():
    t = ringing()
    card = t.card_on("slack")
    t.at("1m").press("bo", "resolve")
    t.at("2m").say("bo", "reopen #1 it is back")
    t.at("3m").press("bo", "resolve", seen=card)
    assert t.incident().progress == "Triggered"
    assert t.said.alert


def test_whoever_acknowledges_too_late_hears_who_closed_it():
    t = ringing()
    card = t.card_on("slack")
    t.at("1m").press("bo", "resolve")
    told = t.at("2m").press("di", "ack", seen=card)
    assert "Bo" in told
    assert t.said.alert


def test_a_forged_button_is_refused():
    t = ringing()
    rev = t.incident().rev
    t.press_token("bo", "resolve.AAAAAAAAAAA.1.AAAAAAAAAAAA")
    assert t.said.outcome == "forged"
    assert t.incident().rev == rev


def test_a_member_without_a_seat_is_told_so():
    t = ringing()
    t.at("1m").press("ed", "ack")
    assert t.said.outcome == "no_seat"
    t.want("5m").page("bo", times=1)


def test_a_stranger_is_shown_how_to_link():
    t = ringing()
    t.at("1m").press("U0NOBODY", "ack")
    assert t.said.outcome == "unlinked"
    assert t.incident().progress == "Triggered"


def test_severity_set_by_hand_stays_whatever_alerts_say():
    t = Story()
    t.fire("slow", "warning")
    t.at("1m").say("bo", "sev #1 info")
    t.at("90s").fire("slow", "critical")
    assert t.at("2m").incident().severity == "Info"


def test_a_note_is_for_the_timeline_and_pages_nobody():
    t = ringing()
    t.at("1m").say("bo", "note #1 looking at it")
    t.between("1m", "5m").quiet()
    assert "i_comm:by_hand" in t.kinds()


def test_raising_by_hand_pages_whoever_is_named():
    t = Story()
    t.say("bo", "trigger the lift is stuck for @Di")
    t.want("0m").page("di", "slack", times=1).nobody("bo").card("#ops", shows="the lift is stuck")


def test_raising_by_hand_without_a_name_follows_the_rules():
    t = Story()
    t.say("di", "trigger the lift is stuck sev critical")
    t.want("0m").page("bo", "slack", times=1)
