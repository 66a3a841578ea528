"""Personal ladders, turns, acknowledgements that run out, and targets that an alert names: told as nights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.model import MINUTE, Level, Rule, Severity, Target
from bot.engine.world import Rung, World
from tests.scenarios.company import company, member
from tests.scenarios.story import Story, changed

SMS_THEN_MAIL = (Rung(after=2 * MINUTE, ways=("sms",)), Rung(after=5 * MINUTE, ways=("email",)))


def climbing(*rungs: Rung, who: str = "bo", world: World | None = None) -> World:
    """A company where one person has a ladder of their own: Slack now, a text after 2 minutes, mail after 5."""
    base = world or company()
    person = replace(base.members[who], ladder={Severity.CRITICAL: rungs or SMS_THEN_MAIL})
    return replace(base, members={**base.members, who: person})


def ruled(*levels: Level, world: World | None = None, **rule: object) -> World:
    """A company whose one rule has these levels."""
    made = Rule(id="ops/one", name="One", levels=levels, **({"rounds": 1} | rule))
    return changed(world or company(), "ops", rules=(made,))


def once(*targets: Target, **level: object) -> Level:
    return Level(targets=targets, **({"escalate_after": 30 * MINUTE} | level))


# -- personal ladders --------------------------------------------------------------------------------------------------


def test_slack_now_sms_after_two_minutes_mail_after_five():
    t = Story(ruled(once(member("bo")), world=climbing()))
    t.fire("disk full")
    t.want("0s").page("bo", via="slack", times=1).nobody("bo", via="sms")
    t.between("4s", "2m").quiet()
    t.want("2m").page("bo", via="sms", times=1).nobody("bo", via="slack")
    t.want("5m").page("bo", via="email", times=1)
    t.between("5m4s", "30m").quiet()
    assert t.kinds().count("i_notify:own_ladder") == 2


def test_the_person_is_told_why_it_is_another_way():
    t = Story(ruled(once(member("bo")), world=climbing()))
    t.fire("disk full").at("5m4s")
    assert "as you asked for it" in next(p.text for p in t.pages if p.via == "email")


def test_an_acknowledgement_ends_the_ladder():
    t = Story(ruled(once(member("bo")), world=climbing()))
    t.fire("disk full").at("3m")
    t.press("bo", "ack")
    t.never_after("3m", until="29m").page("bo")


def test_somebody_elses_acknowledgement_ends_it_too():
    t = Story(ruled(once(member("bo"), member("ann")), world=climbing()))
    t.fire("disk full").at("1m")
    t.press("ann", "ack")
    t.never_after("1m", until="29m").page("bo")


def test_a_way_that_stood_in_already_is_not_used_again():
    """Slack is down: text and mail stood in within the minute, so both steps are done."""
    t = Story(ruled(once(member("bo")), world=climbing()))
    t.down("slack").fire("disk full")
    t.between("0s", "1m").page("bo", via="sms", times=1).page("bo", via="email", times=1)
    t.between("1m", "29m").nobody("bo")


def test_a_step_that_fails_leads_on_at_once():
    """Nothing is known of the phone but a refusal: mail takes over, and is not sent again at five minutes."""
    t = Story(ruled(once(member("bo")), world=climbing()))
    t.unreachable("bo", "sms").fire("disk full")
    t.want("2m").page("bo", via="email", times=1)
    t.between("2m5s", "29m").quiet()


def test_another_severity_has_no_ladder():
    t = Story(ruled(once(member("bo")), world=climbing()))
    t.fire("slow", "warning")
    t.want("0s").page("bo", via="slack", times=1)
    t.between("4s", "29m").quiet()


def test_unified_media_overrule_the_ladder():
    t = Story(ruled(once(member("bo"), ways={Severity.CRITICAL: ("telegram",)}), world=climbing()))
    t.fire("disk full")
    t.want("0s").page("bo", via="telegram", times=1)
    t.between("4s", "29m").quiet()


def test_repeats_do_not_pile_up_ladders():
    """Every minute Slack; one text at two minutes and one mail at five, then the next ladder begins."""
    t = Story(ruled(once(member("bo"), repeat_every=MINUTE, repeat_times=6), world=climbing()))
    t.fire("disk full")
    seen = t.between("0s", "5m30s")
    seen.page("bo", via="slack", times=6).page("bo", via="sms", times=1).page("bo", via="email", times=1)


def test_a_repeat_after_the_last_step_begins_the_ladder_anew():
    t = Story(ruled(once(member("bo"), repeat_every=6 * MINUTE, repeat_times=1), world=climbing()))
    t.fire("disk full")
    t.want("6m").page("bo", via="slack", times=1)
    t.want("8m").page("bo", via="sms", times=1)


def test_the_ladder_goes_on_when_the_next_level_is_paged():
    t = Story(ruled(once(member("bo"), escalate_after=3 * MINUTE), once(member("cy")), world=climbing()))
    t.fire("disk full")
    t.want("3m").page("cy")
    t.want("5m").page("bo", via="email", times=1)


def test_somebody_higher_begins_a_new_story():
    """Escalated by hand: what was to come for the level before is not wanted any more."""
    t = Story(ruled(once(member("bo")), once(member("cy")), world=climbing()))
    t.fire("disk full").at("1m")
    t.press("ann", "escalate")
    t.never_after("1m", until="29m").page("bo")


def test_an_added_responder_climbs_the_own_ladder():
    t = Story(climbing(who="ann"))
    t.fire("disk full").at("1m")
    t.say("bo", "/toc add #1 @ann")
    t.want("1m").page("ann", via="slack", times=1)
    t.want("3m").page("ann", via="sms", times=1)


def test_an_added_responder_who_has_it_too_is_left_alone():
    """Bo has it and adds Ann; she acknowledges as well, and her ladder ends there."""
    t = Story(climbing(who="ann"))
    t.fire("disk full").at("1m")
    t.press("bo", "ack")
    t.say("bo", "/toc add #1 @ann")
    t.at("2m").say("ann", "ack #1")
    t.never_after("2m", until="59m").page("ann")
    assert "i_notify:own_ladder" not in t.kinds()


def test_an_alert_that_flaps_takes_the_ladder_up_where_it_stood():
    t = Story(ruled(once(member("bo")), world=climbing()))
    t.fire("disk full").at("30s").recover("disk full").at("1m").fire("disk full")
    t.want("2m").page("bo", via="sms", times=1)
    t.want("5m").page("bo", via="email", times=1)


def test_a_phone_that_is_taken_off_the_manifest_is_not_a_step():
    """The manifest changes between the page and the step: what is gone cannot be used, and stops nothing."""
    world = ruled(once(member("bo"), escalate_after=10 * MINUTE), once(member("cy")), world=climbing())
    t = Story(world)
    t.fire("disk full").at("1m")
    bare = replace(world.members["bo"], identities={"slack": "U0BO"}, phone="", ladder={})
    t.edit(replace(world, members={**world.members, "bo": bare}, version="2"))
    t.between("1m", "4m59s").nobody("bo")
    t.want("5m").page("bo", via="email", times=1)
    t.want("10m").page("cy")


def test_a_person_who_is_taken_off_the_manifest_stops_nothing():
    world = ruled(once(member("bo"), escalate_after=10 * MINUTE), once(member("cy")), world=climbing())
    t = Story(world)
    t.fire("disk full").at("1m")
    t.edit(replace(world, members={k: v for k, v in world.members.items() if k != "bo"}, version="2"))
    t.want("10m").page("cy")


# -- acknowledgements that run out -------------------------------------------------------------------------------------


def watched(*levels: Level, **rule: object) -> World:
    return ruled(*(levels or (once(member("bo")),)), ack_timeout=20 * MINUTE, **rule)


def test_acknowledged_and_still_open_is_paged_again():
    t = Story(watched())
    t.fire("disk full").at("1m")
    t.press("bo", "ack")
    t.want("1m").card("#ops", "pages again at 02:21")
    t.never_after("1m", until="20m").page("bo")
    t.want("21m").page("bo", times=1).card("#ops", "Triggered")
    assert "acknowledged long ago" in t.pages[-1].text
    assert "i_unack:ack_timeout" in t.kinds()


def test_then_the_ladder_climbs_as_ever():
    t = Story(watched(once(member("bo"), escalate_after=10 * MINUTE), once(member("cy"))))
    t.fire("disk full").at("1m")
    t.press("bo", "ack")
    t.want("31m").page("cy")


def test_a_volunteer_is_asked_again_too():
    """Cy was never asked, and took it: forgotten, it comes back to Cy and to the level."""
    t = Story(watched())
    t.fire("disk full").at("1m")
    t.say("cy", "ack #1", on="telegram")
    t.want("21m").page("cy", via="telegram", times=1).page("bo", times=1)


def test_the_turn_of_somebody_else_does_not_hide_the_one_who_had_it():
    t = Story(watched(once(member("ann"), member("bo"), round_robin=True)))
    t.fire("disk full").at("1m")
    t.press("bo", "ack")
    t.want("21m").page("ann", times=1).page("bo", times=1)


def test_another_acknowledgement_renews_it():
    t = Story(watched())
    t.fire("disk full").at("1m")
    t.press("bo", "ack")
    t.at("15m").say("ann", "ack #1")
    t.between("15m", "35m").quiet()
    t.want("35m").page("bo", times=1)


@pytest.mark.parametrize("verb", ["resolve", "unack"])
def test_what_ends_the_acknowledgement_ends_its_clock(verb):
    t = Story(watched())
    t.fire("disk full").at("1m")
    t.press("bo", "ack")
    t.at("2m").press("bo", verb)
    assert t.incident().ack_until is None
    t.between("21m", "29m").quiet()


def test_a_snooze_has_its_own_end():
    t = Story(watched())
    t.fire("disk full").at("1m")
    t.press("bo", "ack")
    t.say("bo", "snooze #1 2h")
    t.between("1m5s", "2h").quiet()
    t.want("2h1m").page("bo", times=1)


def test_a_snooze_that_is_ended_early_leaves_an_acknowledgement_that_runs_out():
    t = Story(watched())
    t.fire("disk full").at("1m")
    t.say("bo", "snooze #1 2h")
    t.at("10m").say("bo", "wake #1")
    t.want("30m").page("bo", times=1)


def test_an_acknowledgement_during_a_snooze_does_not_end_the_quiet():
    t = Story(watched())
    t.fire("disk full").at("1m")
    t.say("bo", "snooze #1 2h")
    t.say("ann", "ack #1")
    t.between("1m5s", "2h").quiet()


def test_given_to_somebody_else_it_still_runs_out():
    t = Story(watched())
    t.fire("disk full").at("1m")
    t.say("bo", "assign #1 @ann")
    t.at("2m").press("ann", "ack")
    t.want("22m").page("ann", times=1).nobody("bo")


def test_a_pause_of_the_alert_does_not_forget_it():
    t = Story(watched())
    t.fire("disk full").at("1m")
    t.press("bo", "ack")
    t.at("2m").recover("disk full").at("3m").fire("disk full")
    t.between("3m", "20m").quiet()
    t.want("21m").page("bo", times=1)
