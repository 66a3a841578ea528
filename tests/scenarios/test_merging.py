"""Merging incidents and moving alerts, as people say it and as others see it."""

from __future__ import annotations

import pytest

from bot.engine.model import Progress, Rule, Severity
from bot.engine.world import Channel
from tests.scenarios.company import LADDER, OPS, company
from tests.scenarios.story import Story


def storm() -> Story:
    """Three alarms of one trouble, a minute old; Bo has been paged for the first two."""
    story = Story().fire("disk full", svc="db").fire("disk slow", svc="db").fire("queue long", "warning")
    return story.at("1m")


def alerts_of(story: Story, num: int) -> list[str]:
    """The short names that `alerts` shows, oldest first."""
    story.say("bo", f"alerts {num}")
    return [line[0].text for line in story.said.card.body[0].lines[::2]]


def test_what_is_merged_closes_and_its_alerts_count_in_the_target():
    story = storm()
    assert story.say("bo", "merge 2 3 into 1 it is one disk") == (
        "#2, #3: It is merged into #1: its alerts are there, and it is closed."
    )
    first, second = story.incident(1), story.incident(2)
    assert (first.progress, first.alerts_open, first.alerts_total) == (Progress.TRIGGERED, 3, 3)
    assert (second.progress, second.alerts_total, second.closed_by) == (Progress.CLOSED, 0, "bo")
    assert "i_merge:joined" in story.kinds(1)
    assert story.kinds(2)[-2:] == ["i_merge:merged", "i_rslv:merged"]
    story.want("1m").card("#ops", "merged it into #1", num=2).card("#ops", "3 of 3 open", num=1)


def test_the_target_keeps_its_ladder_and_the_emptied_one_pages_nobody():
    story = storm()
    story.say("ann", "merge 2 into 1")
    story.want("5m").page("bo", num=1, times=1)
    story.want("15m").page("cy", num=1, times=1)
    assert story.never_after("1m", until="2h").seen(num=2) == []


def test_merged_alerts_never_page_again_but_may_make_it_worse():
    story = Story().fire("queue long", "warning").fire("disk full")
    story.at("3m").say("bo", "ack 1")
    story.say("bo", "merge 2 into 1")
    assert story.incident(1).severity is Severity.CRITICAL
    assert story.incident(1).progress is Progress.PROCESSING
    story.never_after("3m", until="3h").nobody()


def test_a_severity_set_by_hand_stays_whatever_is_merged():
    story = Story().fire("queue long", "warning").fire("disk full").at("1m")
    story.say("bo", "sev 1 info")
    story.say("bo", "merge 2 into 1")
    assert story.incident(1).severity is Severity.INFO


def test_the_target_closes_when_the_last_moved_alert_recovers():
    story = storm()
    story.say("bo", "merge 2 3 into 1")
    story.recover("disk full").recover("queue long").at("2m")
    assert story.incident(1).progress is Progress.TRIGGERED
    story.recover("disk slow").at("3m")
    assert story.incident(1).progress is Progress.CLOSED


def test_a_later_event_of_a_moved_alert_finds_the_target():
    story = storm()
    story.say("bo", "merge 2 into 1")
    story.fire("disk slow", svc="db", text="worse now").at("2m")
    assert story.kinds(1)[-1] == "a_update:alert"
    assert story.count() == 3


def test_resolving_the_target_closes_the_moved_alerts_too():
    story = storm()
    story.say("bo", "merge 2 into 1")
    story.say("bo", "resolve 1")
    story.fire("disk slow", svc="db").at("2m")
    assert story.count() == 4, "the moved alert was closed, so the next event opens a new incident"


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("merge 1 into 1", "that is the same incident"),
        ("merge 2 into 3", "Nothing was changed: you closed it 0 s ago."),
        ("merge 3 into 1", "Nothing was changed: you closed it 0 s ago."),
        ("merge 2 into 99", "There is no incident #99."),
        ("merge 99 into 1", "There is no incident #99."),
        ("merge 2", "Write it like this: /toc merge <#num…> into <#num> [comment]"),
        ("merge into 2", "Say which incident"),
    ],
)
def test_what_cannot_be_merged_is_refused_with_the_truth(text: str, truth: str):
    story = storm()
    story.say("bo", "resolve 3")
    before = [story.incident(num) for num in (1, 2, 3)]
    assert truth in story.say("bo", text)
    assert [story.incident(num) for num in (1, 2, 3)] == before


def test_merging_twice_says_where_it_went():
    story = storm()
    story.say("bo", "merge 2 into 1")
    assert "merged into #1" in story.say("ann", "merge 2 into 3")
    assert "merged into #1" in story.say("ann", "ack 2")
    assert story.incident(3).alerts_total == 1


def test_one_that_cannot_be_merged_does_not_stop_the_others():
    story = storm()
    story.say("ann", "resolve 2")
    said = story.say("bo", "merge 2 3 into 1")
    assert "#2: Nothing was changed: Ann Ames closed it 0 s ago." in said
    assert "#3: It is merged into #1" in said
    assert story.incident(1).alerts_total == 2


def test_a_merged_incident_can_be_reopened_and_is_its_own_again():
    story = storm()
    story.say("bo", "merge 2 into 1")
    story.say("bo", "reopen 2 it was another disk")
    again = story.incident(2)
    assert (again.progress, again.merged_into, again.alerts_total) == (Progress.TRIGGERED, 0, 0)


def test_one_raised_by_hand_can_be_merged_too():
    story = storm()
    story.say("bo", "trigger the shop is down")
    story.say("bo", "merge 4 into 1")
    assert (story.incident(1).alerts_total, story.incident(4).merged_into) == (1, 1)


def test_alerts_move_to_another_incident():
    story = storm()
    story.say("bo", "merge 2 into 1")
    name = alerts_of(story, 1)[1]
    assert story.say("bo", f"move 1 {name} to 3") == "Alerts moved to #3: 1."
    assert (story.incident(1).alerts_total, story.incident(3).alerts_total) == (1, 2)
    assert story.incident(3).severity is Severity.CRITICAL
    assert "i_merge:moved" in story.kinds(1)
    assert "i_merge:joined" in story.kinds(3)


def test_alerts_become_an_incident_of_their_own_which_pages_by_the_rules():
    story = storm()
    story.say("bo", "merge 2 into 1")
    name = alerts_of(story, 1)[1]
    assert "#4 is open" in story.say("ann", f"move 1 {name} to new The slow disk")
    made = story.incident(4)
    assert (made.title, made.alerts_total, made.creator, made.labels) == ("The slow disk", 1, "ann", {"service": "db"})
    story.want("1m").page("bo", num=4)
    story.recover("disk slow").at("2m")
    assert story.incident(4).progress is Progress.CLOSED
    assert story.incident(1).progress is Progress.TRIGGERED


def test_several_alerts_become_one_incident():
    story = storm()
    story.say("bo", "merge 2 3 into 1")
    _, slow, queue = alerts_of(story, 1)
    story.say("bo", f"move 1 {queue} {slow} to new")
    made = story.incident(4)
    assert (made.alerts_open, made.alerts_total, made.severity) == (2, 2, Severity.CRITICAL)
    assert (story.incident(1).alerts_open, story.incident(1).alerts_total) == (1, 1)
    story.recover("disk slow").recover("queue long").at("2m")
    assert story.incident(4).progress is Progress.CLOSED


def test_an_incident_that_lost_its_last_alert_closes():
    story = storm()
    story.say("bo", f"move 2 {alerts_of(story, 2)[0]} to 1")
    assert (story.incident(2).progress, story.incident(2).merged_into) == (Progress.CLOSED, 1)


def test_an_incident_that_lost_its_last_open_alert_has_recovered():
    story = storm()
    story.say("bo", "merge 2 into 1")
    story.recover("disk full").at("2m")
    story.say("bo", f"move 1 {alerts_of(story, 1)[1]} to 3")
    assert story.kinds(1)[-1] == "i_rslv:recovered"


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("move 1 zzzzzz to 3", "#1 has no alert zzzzzz"),
        ("move 1 zz to 3", "#1 has no alert zz"),
        ("move 1 {name} to 1", "that is the same incident"),
        ("move 1 {name} to 99", "There is no incident #99."),
        ("move 1 {name}", "Write it like this: /toc move"),
        ("move 1 to 3", "Write it like this: /toc move"),
        ("move 1 {name} to here", "Write it like this: /toc move"),
    ],
)
def test_alerts_that_cannot_be_moved_stay(text: str, truth: str):
    story = storm()
    before = [story.incident(num) for num in (1, 3)]
    assert truth in story.say("bo", text.replace("{name}", alerts_of(story, 1)[0]))
    assert [story.incident(num) for num in (1, 3)] == before


def test_recovered_alerts_alone_open_nothing():
    story = storm()
    story.say("bo", "merge 2 into 1")
    story.recover("disk slow").at("2m")
    assert "none of these alerts is open" in story.say("bo", f"move 1 {alerts_of(story, 1)[1]} to new")
    assert story.count() == 3


def test_an_alert_can_be_named_by_the_key_of_its_source():
    story = storm()
    story.fire("fan dead", key="fan-7").at("2m")
    assert story.say("bo", "move 4 fan-7 to 1") == "Alerts moved to #1: 1."


def test_incidents_of_different_channels_can_be_merged():
    world = company(web=Channel(id="web", name="Web", chats=(OPS,), rules=(Rule(id="w", name="W", levels=LADDER),)))
    story = Story(world).fire("disk full").at("1m")
    story.say("bo", "trigger the shop is down in web")
    assert "merged into #2" in story.say("bo", "merge 1 into 2")
    assert story.incident(2).alerts_total == 1
