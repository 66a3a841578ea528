"""Stories of round robin: one of them, the next one for each incident, and nobody is passed over."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.model import MINUTE, Rule, Target, TargetKind
from bot.engine.world import Channel, Member, World
from tests.scenarios.company import company, member
from tests.scenarios.story import Story
from tests.scenarios.test_escalation import once, ruled


def turns(world: World, count: int) -> list[set[str]]:
    """Who is paged for each of several incidents."""
    t = Story(world)
    for n in range(count):
        t.at(f"{n}m").fire(f"disk {n}")
    t.at(f"{count}m")
    return [{p.who for p in t.pages if p.incident == n + 1} for n in range(count)]


def test_one_of_them_the_next_one_for_each_incident():
    level = once(member("ann"), member("bo"), member("cy"), round_robin=True)
    assert turns(ruled(level), 6) == [{"ann"}, {"bo"}, {"cy"}] * 2


def both_in_turn() -> World:
    """Two channels with round robin over the same three people."""
    level = once(member("ann"), member("bo"), member("cy"), round_robin=True)
    world = ruled(level)
    web = Channel(id="web", name="Web", rules=(Rule(id="web/all", name="All", levels=(level,)),))
    feed = replace(world.integrations["scripts"], id="web", channel="web")
    channels = {**world.channels, "web": web}
    return replace(world, channels=channels, integrations={**world.integrations, "web": feed})


def fire_in(t: Story, when: str, title: str, feed: str) -> None:
    t.at(when).post({"event_status": "Critical", "title_rule": title, "alert_key": title}, to=feed)


def test_turns_are_counted_for_each_rule_however_incidents_are_mixed():
    t = Story(both_in_turn())
    for minute, feed in enumerate(("scripts", "web", "scripts", "web", "web", "scripts")):
        fire_in(t, f"{minute}m", f"disk {minute}", feed)
    t.at("6m")
    assert [page.who for page in t.pages] == ["ann", "ann", "bo", "bo", "cy", "cy"]


def test_no_turn_is_lost_or_taken_twice_when_the_process_dies():
    t = Story(both_in_turn())
    for minute, crash in enumerate((t.crash_after_send, t.crash, lambda: None)):
        fire_in(t, f"{minute}m", f"disk {minute}", "scripts")
        crash()
    t.at("20m")
    assert {page.who for page in t.pages if page.incident == 1} == {"ann"}
    assert [{p.who for p in t.pages if p.incident == num} for num in (2, 3)] == [{"bo"}, {"cy"}]


def test_a_commit_that_fails_takes_no_turn():
    t = Story(both_in_turn())
    t.fire("disk 1").at("1m")
    t.fire("disk 2")
    fates = iter(("before", "before"))
    t.store.fate = lambda: next(fates, "")
    t.at("5m").fire("disk 3").at("6m")
    assert [{p.who for p in t.pages if p.incident == num} for num in (1, 2, 3)] == [{"ann"}, {"bo"}, {"cy"}]


def test_a_higher_level_counts_only_those_that_reach_it():
    levels = (once(member("di"), escalate_after=10 * MINUTE), once(member("ann"), member("bo"), round_robin=True))
    t = Story(ruled(*levels))
    for hour in range(3):
        t.at(f"{hour}h").fire(f"disk {hour}").at(f"{hour}h1m")
        if hour == 1:
            t.say("di", "ack #2")
    t.at("2h11m")
    assert [(p.incident, p.who) for p in t.pages if p.who != "di"] == [(1, "ann"), (3, "bo")]


def test_asked_again_after_a_snooze_it_is_still_the_same_persons():
    t = Story(both_in_turn())
    t.fire("disk 1").at("1m").say("ann", "ack #1")
    t.say("ann", "snooze #1 1h")
    t.at("30m").fire("disk 2")
    t.want("30m").page("bo", num=2, times=1)
    t.want("1h1m").page("ann", num=1, times=1).nobody("bo").nobody("cy", "telegram")
    t.at("1h2m").fire("disk 3")
    t.want("1h2m").page("cy", num=3, times=1)


def test_whoever_has_the_turn_hears_the_repeats_too():
    t = Story(ruled(once(member("ann"), member("bo"), round_robin=True, repeat_every=5 * MINUTE, repeat_times=2)))
    t.fire("disk full")
    t.between("0s", "29m").page("ann", times=3).nobody("bo")


def test_the_next_round_is_the_next_ones_turn():
    t = Story(ruled(once(member("ann"), member("bo"), round_robin=True, escalate_after=10 * MINUTE), rounds=2))
    t.fire("disk full")
    t.want("0s").page("ann").nobody("bo")
    t.want("10m").page("bo", times=1).nobody("ann")


def test_who_cannot_be_reached_has_no_turn():
    world = company()
    mute = Member(id="mute", name="Mute")
    world = replace(world, members={**world.members, "mute": mute})
    level = once(member("mute"), member("bo"), round_robin=True)
    assert turns(ruled(level, world=world), 2) == [{"bo"}, {"bo"}]


def test_a_mailbox_takes_no_turn_and_gets_a_copy():
    box = Target(kind=TargetKind.EMAIL, id="duty@partner.example")
    found = turns(ruled(once(box, member("ann"), member("bo"), round_robin=True)), 2)
    assert found == [{"ann", "mailto:duty@partner.example"}, {"bo", "mailto:duty@partner.example"}]
