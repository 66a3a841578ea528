"""Targets that an alert names, and which rule takes what and when: told as nights."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.dynamic import QUERY_MAX, TARGETS_MAX, VALUE_MAX, from_query, retarget
from bot.engine.model import MINUTE, Rule, TimeWindow
from tests.scenarios.company import company, member, schedule
from tests.scenarios.story import Story, changed
from tests.scenarios.test_escalation import once, ruled

# -- targets that an alert names ---------------------------------------------------------------------------------------


def named(t: Story, title: str, **labels: str) -> Story:
    t.post({"event_status": "Critical", "title_rule": title, "alert_key": title, "labels": {"service": "db", **labels}})
    return t


def test_labels_replace_the_people_of_a_level():
    t = Story(ruled(once(member("bo"), escalate_after=5 * MINUTE), once(member("bo"))))
    named(t, "disk full", layer_person_reset_0_emails="ANN@example.com", layer_person_reset_1_team_names="leads")
    t.want("0s").page("ann", via="slack", times=1).nobody("bo")
    t.want("5m").page("di", times=1).nobody("bo")
    assert t.incident().labels == {"service": "db"}


def test_labels_that_name_nobody_leave_the_level_as_it_is():
    t = Story(ruled(once(member("bo"))))
    named(t, "disk full", layer_person_reset_0_emails="nobody, a b@c.d", layer_person_reset_0_team_names="no such team")
    t.want("0s").page("bo", times=1)


def test_an_address_of_nobody_gets_mail_and_the_ladder_goes_on():
    t = Story(ruled(once(member("bo"), escalate_after=5 * MINUTE), once(member("cy"))))
    named(t, "disk full", layer_person_reset_0_emails="duty@partner.example, Duty@Partner.example")
    t.want("0s").page("mailto:duty@partner.example", via="email", times=1).nobody("bo")
    t.want("0s").card("#ops", "duty@partner.example")
    assert "/a/" not in t.pages[0].text
    t.want("5m").page("cy", times=1)


def test_a_member_is_found_by_an_address_that_no_mail_server_carries():
    """Mail is not declared, so nobody has a mailbox; the address still names Ann, and she is asked in Slack."""
    world = ruled(once(member("bo")))
    ann = replace(world.members["ann"], email="")
    world = replace(world, members={**world.members, "ann": ann}, by_email={"ann@example.com": "ann"})
    named(t := Story(world), "disk full", layer_person_reset_0_emails="Ann@example.com")
    t.want("0s").page("ann", via="slack", times=1).page("mailto:ann@example.com", times=0)


def test_a_name_that_is_there_twice_counts_once():
    rule = Rule(id="r", name="R", levels=(once(member("bo")),))
    names = ", ".join(["ann@example.com"] * TARGETS_MAX + ["cy@example.com"])
    (level,) = retarget(rule, {"layer_person_reset_0_emails": names}, company()).levels
    assert level.targets == (member("ann"), member("cy"))


def test_without_a_rule_they_replace_the_catch_all():
    t = Story(changed(company(), "ops", rules=()))
    named(t, "disk full", layer_person_reset_0_emails="ann@example.com")
    t.want("0s").page("ann", times=1).nobody("di")


def test_the_address_that_the_sender_calls_may_name_them_too():
    """For a source whose labels nobody can change; what an alert says itself comes first."""
    t = Story(ruled(once(member("bo"), escalate_after=5 * MINUTE), once(member("bo"))))
    query = "?layer_person_reset_0_emails=ann%40example.com&layer_person_reset_1_team_names=leads&other=1"
    body = {"event_status": "Critical", "title_rule": "disk full", "alert_key": "d"}
    t.post(body, query=query)
    t.want("0s").page("ann", times=1).nobody("bo")
    t.want("5m").page("di", times=1).nobody("bo")
    assert t.incident().labels == {}
    t.post(body | {"alert_key": "e", "labels": {"layer_person_reset_0_emails": "cy@example.com"}}, query=query)
    t.want("5m4s").page("cy", num=2).nobody("bo")


def test_the_query_is_bounded():
    pairs = "&".join(f"layer_person_reset_{n}_emails={'x' * 3000}" for n in range(99))
    found = from_query(f"/in/standard/k?{pairs}")
    assert len(found) == QUERY_MAX
    assert {len(value) for value in found.values()} == {VALUE_MAX}
    assert from_query(f"/in?{'a=1&' * 100}layer_person_reset_0_emails=a@b.c") == {}
    assert from_query("/in/standard/k") == {}


# -- rules -------------------------------------------------------------------------------------------------------------


def test_a_rule_that_is_off_takes_nothing():
    off = Rule(id="ops/off", name="Off", levels=(once(member("cy")),), enabled=False)
    on = Rule(id="ops/on", name="On", levels=(once(member("bo")),))
    t = Story(changed(company(), "ops", rules=(off, on)))
    t.fire("disk full")
    t.want("0s").page("bo").nobody("cy")


def test_hours_decide_which_rule_takes_it():
    day = Rule(id="ops/day", name="Day", levels=(once(member("cy")),), when=(TimeWindow(start="09:00", end="18:00"),))
    night = Rule(id="ops/night", name="Night", levels=(once(member("bo")),), priority=1)
    t = Story(changed(company(), "ops", rules=(day, night)))
    t.fire("disk full")
    t.want("0s").page("bo").nobody("cy")
    t.at("7h").fire("late")
    t.want("7h").page("cy", num=2).nobody("bo")


def test_what_closes_during_the_delay_pages_nobody():
    t = Story(ruled(once(member("bo")), delay=2 * MINUTE))
    t.fire("disk full").at("1m").recover("disk full")
    t.never_after("0s").page()


def test_a_forced_climb_goes_on_after_an_acknowledgement():
    t = Story(ruled(once(member("bo"), escalate_after=5 * MINUTE, even_if_acked=True), once(member("cy"))))
    t.fire("disk full").at("1m")
    t.press("bo", "ack")
    t.want("5m").page("cy", times=1)


def test_a_direct_assignment_cannot_be_escalated():
    t = Story(ruled(once(member("bo")), once(member("cy"))))
    t.fire("disk full").at("1m")
    t.say("bo", "assign #1 @ann")
    t.say("bo", "escalate #1")
    t.between("1m", "5m").page("ann", times=1).nobody("cy")


def test_nobody_on_call_means_the_catch_all():
    t = Story(ruled(once(schedule("primary", "shadow"))))
    t.fire("disk full")
    t.want("0s").page("di", times=1)
    assert "i_notify:nobody_on_call" in t.kinds()


# -- why ---------------------------------------------------------------------------------------------------------------


def test_why_tells_the_rule_that_took_it_and_the_verdict_about_a_person():
    t = Story(ruled(once(member("ann"), member("bo"), round_robin=True)))
    t.fire("disk full").at("1m")
    t.say("ann", "why #1")
    assert "The rule “One” takes it." in body(t)
    t.say("ann", "why #1 @ann")
    assert "Ann Ames is paged at level 1 through member:ann; by Slack, the default." in body(t)
    t.say("ann", "why #1 @bo")
    assert "Bo Berg is not paged: it is the turn of Ann Ames." in body(t)
    t.say("ann", "why #1 @cy")
    assert "Cy Cole is not paged: no level names Cy Cole." in body(t)


def body(t: Story) -> str:
    return "\n".join("".join(span.text for span in line) for block in t.said.card.body for line in block.lines)


def silenced(title: str = "disk full") -> Story:
    t = Story(ruled(once(member("bo"))))
    t.say("ann", f'silence title="{title}" in ops 2h deploy')
    t.fire(title).at("1m")
    return t


def test_why_tells_what_hides_an_alert_that_is_in_no_incident():
    t = silenced()
    t.say("ann", "why disk full")
    assert body(t).splitlines()[0] == "“disk full” in Ops is in no incident:"
    assert "The silence “deploy” hides it until 04:00." in body(t).replace("3 Mar ", "")
    assert "The rule “One” would take it." in body(t)
    t.say("ann", "why disk full @bo")
    assert "Bo Berg is not paged, and would be at level 1 through member:bo if nothing hid it" in body(t)
    assert t.say("ann", "why disk full @zed") == "Tocsin knows nobody called @zed."
    assert t.say("ann", "why mem") == "There is no open alert with the key or id mem."


def test_why_of_an_alert_that_an_incident_has_is_that_of_the_incident():
    t = Story(ruled(once(member("bo"))))
    t.fire("disk full").at("1m")
    t.say("ann", "why #1 @bo")
    told = body(t)
    t.say("ann", "why disk full @bo")
    assert body(t) == told
