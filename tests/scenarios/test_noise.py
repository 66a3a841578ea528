"""Alerts that come and go, that belong together, that explain each other, and that are many."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.flapping import Flapping
from bot.engine.grouping import Branch, Grouping
from bot.engine.inhibition import Inhibition
from bot.engine.model import MINUTE, Condition, Level, Rule, Severity
from bot.engine.world import Rung
from tests.scenarios.company import company, member
from tests.scenarios.story import Story, changed

BY_SERVICE = Grouping(method="rules", by=("labels.service",))


def ops(**fields):
    return changed(company(), "ops", **fields)


def having(key, *vals):
    return ((Condition(key=key, oper="IN", vals=vals),),)


# --- coming and going -------------------------------------------------------------------------------------------------


def test_an_alert_that_is_soon_back_reopens_its_incident_and_pages_nobody_anew():
    t = Story()
    t.at("0m").fire("disk full").want("0m").page("bo", via="slack", times=1)
    t.at("1m").say("bo", "ack 1")
    t.at("2m").recover("disk full")
    assert t.at("2m5s").incident().closed_at is not None
    t.at("4m").fire("disk full")
    t.want("4m").nobody()
    assert t.count() == 1
    incident = t.incident()
    assert (incident.progress, incident.alerts_total, incident.alerts_open) == ("Processing", 2, 1)
    assert [r.member for r in incident.responders if r.acked_at] == ["bo"]
    assert t.kinds()[-1] == "i_reopen:flapped"
    t.never_after("4m").page()


def test_the_ladder_of_a_flapping_incident_goes_on_where_it_stood():
    """Up for a minute, down for a minute, and nobody acknowledges: level two is paged when its time has come."""
    t = Story()
    for minute in range(0, 14, 2):
        t.at(f"{minute}m").fire("disk full")
        t.at(f"{minute + 1}m").recover("disk full")
    t.at("14m").fire("disk full")
    t.want("15m").page("cy")
    assert t.count() == 1
    assert sum(page.who == "bo" for page in t.pages) <= 3, "the first page and its repeats, however often it flapped"


def test_a_page_that_had_not_arrived_is_sent_again_when_the_alert_is_back():
    t = Story()
    for via in ("slack", "telegram", "sms", "email"):
        t.down(via)
    t.at("0m").fire("disk full")
    t.at("0m20s").recover("disk full")
    for via in ("slack", "telegram", "sms", "email"):
        t.up(via)
    t.at("1m").fire("disk full")
    t.want("1m").page("bo")
    assert t.count() == 1


def test_a_text_that_was_waited_for_is_no_step_of_the_own_ladder_when_the_alert_is_back():
    """Bo's phone is off; the ladder has a text once more. What was asked for already is not asked for twice."""
    level = Level(targets=(member("bo"),), ways={Severity.WARNING: ("slack",)}, escalate_after=30 * MINUTE)
    world = company()
    ladder = {Severity.CRITICAL: (Rung(after=2 * MINUTE, ways=("sms",)), Rung(after=5 * MINUTE, ways=("email",)))}
    bo = replace(world.members["bo"], ways={Severity.CRITICAL: ("sms",)}, ladder=ladder)
    world = replace(world, members={**world.members, "bo": bo})
    t = Story(changed(world, "ops", rules=(Rule(id="ops/one", name="One", levels=(level,), rounds=1),)))
    t.phone_off("bo")
    t.fire("disk full").at("30s").recover("disk full").at("1m").fire("disk full")
    t.want("5m").page("bo", via="email", times=1)
    one = t.incident().id
    told = t.store.read(lambda tx: tx.timeline(one))
    steps = [entry.way for entry in told if entry.reason == "own_ladder"]
    assert steps == ["email"]


def test_what_is_back_later_is_a_new_incident():
    t = Story()
    t.at("0m").fire("disk full")
    t.at("2m").recover("disk full")
    t.at("7m5s").fire("disk full")
    t.want("7m5s").page("bo", num=2)
    assert t.count() == 2


def test_what_a_person_closed_stays_closed():
    t = Story()
    t.at("0m").fire("disk full")
    t.at("1m").say("bo", "resolve 1")
    t.at("2m").fire("disk full")
    t.want("2m").page("bo", num=2)


def test_without_flapping_nothing_is_reopened():
    t = Story(ops(flapping=None))
    t.at("0m").fire("disk full")
    t.at("1m").recover("disk full")
    t.at("2m").fire("disk full")
    t.want("2m").page("bo", num=2)
    assert t.store.read(lambda tx: tx.flaps([("scripts", "ops", "disk full")])) == {}


def test_flapping_is_told_once():
    t = Story()
    for minute in range(0, 12, 2):
        t.at(f"{minute}m").fire("disk full")
        t.at(f"{minute + 1}m").recover("disk full")
    assert t.kinds().count("i_m_flapping:flapping") == 1
    t.at("12m").fire("disk full")
    t.want("12m").card("#ops", "comes and goes")


def test_a_flapping_alert_may_be_kept_quiet_until_the_mute_is_over():
    t = Story(ops(flapping=Flapping(mute=30 * MINUTE)))
    for minute in (0, 8, 16):  # too far apart to reopen; the third is the fifth change
        t.at(f"{minute}m").fire("disk full")
        t.at(f"{minute + 1}m").recover("disk full")
    assert t.count() == 2, "the fourth change was told; the third alert stayed quiet"
    t.at("24m").fire("disk full")
    t.between("24m", "39m").nobody()
    t.want("39m").page("bo", num=3, times=1)
    assert t.kinds(3)[0] == "i_new:flapping_mute_over"
    t.at("40m").recover("disk full")
    t.at("50m").fire("disk full")
    t.want("50m").page("bo", num=4)
    assert not t.incident(4).flapping, "after a mute the changes are counted anew"


# --- belonging together -----------------------------------------------------------------------------------------------


def test_equal_values_make_one_incident_and_merged_alerts_page_nobody():
    t = Story(ops(grouping=BY_SERVICE))
    t.at("0m").fire("one", svc="db").want("0m").page("bo", times=1)
    t.at("1m").fire("two", svc="db").fire("three", svc="web")
    t.want("1m").page("bo", times=1, num=2)
    assert (t.count(), t.incident(1).alerts_total) == (2, 2)


def test_strict_grouping_keeps_what_has_no_value_apart():
    for strict, count in ((False, 1), (True, 2)):
        t = Story(ops(grouping=replace(BY_SERVICE, strict=strict)))
        t.at("0m").fire("one").fire("two")
        t.at("1m")
        assert t.count() == count


def test_the_first_branch_that_matches_decides():
    branches = (
        Branch(filter=having("title", "disk*"), by=("severity",)),
        Branch(filter=having("title", "*"), by=("title",)),
    )
    t = Story(ops(grouping=replace(BY_SERVICE, branches=branches)))
    t.at("0m").fire("disk one", svc="a").fire("disk two", svc="b").fire("net", svc="a", key="x")
    t.at("1m").fire("net", svc="b", key="y")
    t.at("2m")
    assert [t.incident(num).alerts_total for num in (1, 2)] == [2, 2]


def test_a_tumbling_window_is_counted_from_the_opening():
    t = Story(ops(grouping=replace(BY_SERVICE, window=10 * MINUTE)))
    t.at("0m").fire("one", svc="db")
    t.at("8m").fire("two", svc="db")
    t.at("10m1s").fire("three", svc="db")
    t.want("10m1s").page("bo", num=2)
    assert [t.incident(num).alerts_total for num in (1, 2)] == [2, 1]
    assert t.incident(1).group_key.startswith("retired:")
    assert "i_retire:window_over" in t.kinds(1)
    t.at("11m").recover("one").recover("two")
    assert t.at("12m").incident(1).closed_at is not None, "it lives on, and ends as any other"


def test_a_sliding_window_is_counted_from_the_last_merge():
    t = Story(ops(grouping=replace(BY_SERVICE, window=10 * MINUTE, sliding=True)))
    for minute, name in ((0, "one"), (8, "two"), (16, "three")):
        t.at(f"{minute}m").fire(name, svc="db")
    t.at("27m").fire("four", svc="db")
    t.at("28m")
    assert [t.incident(num).alerts_total for num in (1, 2)] == [3, 1]


def test_likeness_says_why():
    t = Story(ops(grouping=Grouping(method="similar")))
    t.at("0m").fire("Disk space low on kafka-3", text="/var/lib/kafka is 91.2% full", svc="kafka", key="a")
    t.at("1m").fire("Disk space low on kafka-7", text="/var/lib/kafka is 88.0% full", svc="kafka", key="b")
    t.at("1m").fire("Disk space low on web-7", text="/var/log is 88.0% full", svc="web", key="c")
    t.at("2m")
    assert (t.count(), t.incident(1).alerts_total) == (2, 2)
    assert "a_merge:alike" in t.kinds(1)
    assert "another alert joined by likeness 1.00: title, description, labels.service" in t.say("bo", "why 1")


def test_similar_past_incidents():
    t = Story()
    t.at("0m").fire("Disk space low on kafka-3", svc="kafka", key="a")
    t.at("1m").recover("x", key="a")
    t.at("9m").fire("Interface Gi1/0/2 is down", svc="net", key="n")
    t.at("10m").recover("x", key="n")
    t.at("20m").fire("Disk space low on kafka-9", svc="kafka", key="b")
    said = t.at("21m").say("bo", "similar 3")
    assert said.startswith("Like #3\n#1 Disk space low on kafka-3: 1.00 (title, labels.service), closed")
    assert "#2" not in said
    assert "Nothing like #2" in t.say("bo", "similar #2")


def test_what_was_never_seen_before_is_marked():
    t = Story()
    t.at("0m").fire("Disk space low on kafka-3", key="a").want("0m").card("#ops", "never seen before", num=1)
    t.at("10m").fire("Disk space low on kafka-4", key="b").want("10m").card("#ops", hides="never seen before", num=2)


# --- explaining each other --------------------------------------------------------------------------------------------

SWITCH = Inhibition(
    id="switch", source=having("title", "switch*"), target=having("title", "host*"), equals=("service",)
)


def test_an_alert_that_another_explains_is_not_heard_and_is_when_that_is_over():
    t = Story(ops(inhibitions=(SWITCH,)))
    t.at("0m").fire("switch down", svc="rack1").want("0m").page("bo", times=1)
    t.at("1m").fire("host down", svc="rack1").fire("host down", svc="rack2", key="other")
    t.want("1m").page("bo", times=1, num=2)
    assert t.count() == 2
    t.at("1m30s").say("bo", "ack 1")
    t.at("1m40s").say("bo", "ack 2")
    t.between("2m", "30m").nobody()
    t.at("30m").recover("switch down")
    t.between("30m", "32m10s").page("bo", times=1, num=3)
    assert t.kinds(3)[0] == "i_new:inhibition_over"


def test_what_recovers_while_it_is_inhibited_is_never_heard_of():
    t = Story(ops(inhibitions=(SWITCH,)))
    t.at("0m").fire("switch down", svc="rack1")
    t.at("1m").fire("host down", svc="rack1")
    t.at("5m").recover("host down")
    t.at("6m").recover("switch down")
    t.at("20m")
    assert t.count() == 1


def test_a_cause_that_somebody_has_or_that_was_not_heard_of_lately_explains_nothing_new():
    t = Story(ops(inhibitions=(SWITCH,)))
    t.at("0m").fire("switch down", svc="rack1")
    t.at("1m").say("bo", "ack 1")
    t.at("2m").fire("host down", svc="rack1")
    t.want("2m").page("bo", num=2)
    t = Story(ops(inhibitions=(SWITCH,)))
    t.at("0m").fire("switch down", svc="rack1")
    t.at("11m").fire("host down", svc="rack1")
    t.want("11m").page("bo", num=2)


def test_two_alerts_never_explain_each_other_into_silence():
    there = replace(SWITCH, id="there", source=having("title", "a*"), target=having("title", "b*"), equals=())
    back = replace(SWITCH, id="back", source=having("title", "b*"), target=having("title", "a*"), equals=())
    t = Story(ops(inhibitions=(there, back)))
    t.at("0m").fire("a").want("0m").page("bo", num=1)
    t.at("1m").fire("b")
    t.at("2m").recover("a")
    t.at("2m30s").fire("a", key="another a")
    t.at("10m")
    assert t.count() >= 2, "something is heard"
    assert any(not alert.muted for alert in t.store.read(lambda tx: tx.alerts_in("ops", 0, 9)))


def test_a_cause_is_never_a_consequence():
    same = replace(SWITCH, source=having("title", "*"), target=having("title", "*"))
    t = Story(ops(inhibitions=(same,)))
    t.at("0m").fire("switch down", svc="rack1")
    t.at("1m").fire("host down", svc="rack1")
    t.want("1m").page("bo", num=2)


def test_inhibition_may_drop():
    t = Story(ops(inhibitions=(replace(SWITCH, mode="drop"),)))
    t.at("0m").fire("switch down", svc="rack1")
    t.at("1m").fire("host down", svc="rack1")
    t.at("2m").recover("switch down")
    t.at("20m")
    assert t.count() == 1
    assert t.store.read(lambda tx: tx.alerts_in("ops", 0, 9)) == []


# --- many -------------------------------------------------------------------------------------------------------------


def test_a_storm_is_told_at_each_threshold_unless_somebody_has_it():
    t = Story(ops(grouping=BY_SERVICE, storm=(3, 5, 7)))
    t.at("0m").fire("1", svc="db").want("0m").page("bo", times=1)
    t.at("1m").fire("2", svc="db").want("1m").nobody()
    t.at("2m").fire("3", svc="db").want("2m").page("bo", times=1)
    t.want("2m").card("#ops", "storm of 3 alerts")
    t.at("3m").say("bo", "ack 1")
    t.at("4m").fire("4", svc="db").fire("5", svc="db").want("4m").nobody()
    assert t.kinds().count("i_storm:storm") == 2
    assert "a storm: 5 alerts" in t.say("bo", "why 1")
    assert t.incident().storm == 5
