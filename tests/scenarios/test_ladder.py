"""Stories of the ladder: who is asked, who is asked next, and what happens when nobody answers."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.model import MINUTE, Level, Rule
from bot.engine.world import Channel
from tests.scenarios.company import LADDER, OPS, company, member, schedule, team
from tests.scenarios.story import Story, changed


def test_an_acknowledgement_stops_everything():
    t = Story()
    t.at("0m").fire("disk full", svc="db")
    t.want("0m").page("bo", "slack", times=1).card("#ops", shows="disk full").card("night watch", shows="disk full")
    assert t.at("2m").press("bo", "ack") == "You have it now."
    t.never_after("2m").page()
    t.want("26h").card("#ops", shows="Bo Berg", hides="nobody has it")


def test_an_untouched_incident_repeats_and_climbs():
    t = Story()
    t.fire("disk full")
    t.want("0m").page("bo", times=1)
    t.want("5m").page("bo", times=1)
    t.want("10m").page("bo", times=1).nobody("cy")
    t.want("15m").page("cy", "telegram", times=1).nobody("bo").card("#bosses", shows="disk full")
    t.want("20m").page("cy", times=1)


def test_the_second_round_begins_at_the_first_level_again():
    t = Story()
    t.fire("disk full")
    t.want("25m").page("bo", times=1).nobody("cy")
    t.want("40m").page("cy", times=1)


def test_after_the_last_round_the_last_resort_is_asked_and_then_the_operators():
    t = Story()
    t.fire("disk full")
    t.want("50m").page("di", "slack", times=1)
    assert "i_notify:last_resort" in t.kinds()
    t.between("51m", "4h19m").page("di", times=6)
    t.at("4h21m")
    assert t.incident().exhausted
    assert [alarm.code for alarm in t.alarms()] == ["nobody_answers"]
    t.never_after("4h22m", until="30h").page(num=1)


def test_nobody_on_call_goes_to_the_catch_all():
    t = Story(start="2026-03-01T02:00")  # the rotation begins on the 2nd
    t.fire("disk full")
    t.want("0m").page("di", times=1).nobody("bo")
    assert "i_notify:nobody_on_call" in t.kinds()


def test_what_no_rule_matches_goes_to_the_catch_all():
    t = Story()
    t.fire("hm", "info")
    t.want("0m").page("di", times=1)
    t.want("5m").page("di", times=1)
    assert "i_assign:no_rule_matched" in t.kinds()


def test_the_handoff_in_the_middle_pages_the_new_person():
    t = Story(start="2026-03-09T08:56")  # Ann takes over at nine
    t.fire("disk full")
    t.want("0m").page("bo", times=1).nobody("ann")
    t.want("5m").page("ann", times=1).nobody("bo")


def test_the_handoff_follows_the_clocks_when_they_change():
    t = Story(start="2026-03-30T07:58")  # nine in London is eight UTC by now; the fifth week is Bo's
    t.fire("before")
    t.want("0m").page("ann", times=1)
    t.at("2m10s").fire("after")
    t.want("2m10s").page("bo", times=1, num=2)


def test_a_warning_that_recovers_within_its_delay_wakes_nobody():
    t = Story()
    t.fire("slow", "warning")
    t.at("90s").recover("slow")
    t.never_after("0m").page()
    assert t.incident().progress == "Closed"


def test_a_warning_that_lasts_longer_than_its_delay_pages():
    t = Story()
    t.fire("slow", "warning")
    t.between("0m", "2m").quiet()
    t.want("2m").page("bo", times=1)


def test_an_acknowledgement_within_the_delay_keeps_everybody_asleep():
    t = Story()
    t.fire("slow", "warning")
    t.at("30s").say("bo", "ack #1")
    t.never_after("0m").page()


def test_a_level_can_climb_although_somebody_has_it():
    levels = (replace(LADDER[0], even_if_acked=True), LADDER[1])
    t = Story(changed(company(), "ops", rules=(Rule(id="r", name="R", levels=levels),)))
    t.fire("disk full")
    t.at("1m").say("bo", "ack #1")
    t.between("2m", "15m").quiet()
    t.want("15m").page("cy", times=1).nobody("bo")
    t.never_after("16m").page("bo")


def test_a_level_that_asks_several_asks_each_once():
    everyone = Level(targets=(team("leads"), member("di"), schedule("primary")))
    t = Story(changed(company(), "ops", rules=(Rule(id="r", name="R", levels=(everyone,), rounds=1),)))
    t.fire("disk full")
    t.want("0m").page("di", times=1).page("bo", times=1).page("ann", times=1).nobody("cy")


def test_an_edit_of_the_policy_does_not_change_an_open_incident():
    t = Story()
    t.fire("disk full")
    rules = (Rule(id="ops/critical", name="Critical", levels=(Level(targets=(member("ann"),)),)),)
    t.at("7m").edit(changed(t.world, "ops", rules=rules))
    t.want("10m").page("bo", times=1)
    t.want("15m").page("cy", times=1)
    t.at("16m").fire("a new one")
    t.want("16m").page("ann", num=2, times=1)


def test_an_edit_of_the_schedule_changes_who_is_asked_next():
    t = Story()
    t.fire("disk full")
    swapped = replace(
        t.world.schedules["primary"],
        layers=(replace(t.world.schedules["primary"].layers[0], start="2026-02-23T09:00"),),
    )
    t.at("3m").edit(replace(t.world, schedules={"primary": swapped}))
    t.want("5m").page("ann", times=1).nobody("bo")


def test_an_incident_closes_by_itself_after_its_time():
    channel = replace(company().channels["ops"], auto_close_after=30 * MINUTE)
    t = Story(replace(company(), channels={"ops": channel}))
    t.fire("disk full")
    t.never_after("30m").page()
    t.want("30m").card("#ops", hides="nobody has it")
    assert t.incident().closed_by == ""
    assert "i_rslv:auto_closed" in t.kinds()
    t.fire("disk full")
    t.want("24h30m").page("bo", num=2, times=1)
    assert t.count() == 2


def test_a_channel_without_rules_still_asks_somebody():
    t = Story(company(ops=Channel(id="ops", name="Ops", chats=(OPS,))))
    t.fire("disk full")
    t.want("0m").page("di", times=1)
