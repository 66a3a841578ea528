"""Silences and flapping as plain functions: when it is quiet, until when, and what comes and goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine import flapping, silence
from bot.engine.calendars import Calendar
from bot.engine.conditions import fault, matches
from bot.engine.flapping import Flapping, Flaps
from bot.engine.grouping import Branch, Grouping, facts_of, key_of
from bot.engine.model import DAY, HOUR, MINUTE, Condition, Incident, Pause, Progress, Severity, TimeWindow
from bot.engine.silence import Silence
from tests.conformance.store.samples import alert, incident
from tests.sim.world import instant

ANY = ((Condition(key="title", oper="IN", vals=("*",)),),)
AT = instant("2026-03-29T00:00")
"""A Sunday on which Berlin's clocks leave out the hour from two to three."""
CALENDARS = {"work": Calendar(id="work", zone="Europe/Berlin", off=frozenset({date(2026, 3, 30)}))}

clocks = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.sampled_from((0, 30, 59)))
windows = st.builds(
    TimeWindow,
    start=clocks,
    end=clocks,
    days=st.sets(st.integers(0, 6)).map(tuple),
    calendar=st.sampled_from(("", "work")),
    off=st.just(False),
)
around = st.integers(-2 * DAY, 5 * DAY).map(lambda off: AT + off)


def quiet(**changes):
    return Silence(**{"id": "s", "channel": "c", "filter": ANY, **changes})


def test_once_is_half_open():
    once = quiet(start=AT, end=AT + HOUR)
    assert [silence.active(once, {}, at) for at in (AT - 1, AT, AT + HOUR - 1, AT + HOUR)] == [False, True, True, False]
    assert silence.ends_at(once, {}, AT) == AT + HOUR
    assert silence.ends_at(once, {}, AT - 1) == AT - 1, "it is not quiet then"
    assert silence.ends_at(quiet(end=AT + 90 * DAY), {}, AT) == AT + silence.AHEAD


def test_a_calendar_silence_follows_days_off():
    holidays = quiet(when=(TimeWindow(calendar="work", off=True),), zone="Europe/Berlin")
    monday = instant("2026-03-30T10:00")
    assert silence.active(holidays, CALENDARS, monday)
    assert not silence.active(holidays, CALENDARS, monday + DAY)
    assert silence.ends_at(holidays, CALENDARS, monday) == instant("2026-03-30T22:00"), "midnight in Berlin"


def test_windows_that_touch_end_together():
    hours = (TimeWindow(start="01:00", end="02:00"), TimeWindow(start="02:00", end="05:00"))
    assert silence.ends_at(quiet(when=hours), {}, instant("2026-03-03T01:30")) == instant("2026-03-03T05:00")


@given(st.lists(windows, max_size=3).map(tuple), around, st.none() | around, st.none() | around)
def test_the_end_is_the_first_minute_that_is_not_quiet(when, at, start, end):
    """Against the slow way: asking minute by minute."""
    one = quiet(when=when, zone="Europe/Berlin", start=start, end=end)
    ahead = 12 * HOUR
    found = silence.ends_at(one, CALENDARS, at, ahead)
    assert at <= found <= at + ahead
    assert found == at + ahead or not silence.active(one, CALENDARS, found)
    minutes = range(at, found, 7 * MINUTE)
    assert all(silence.active(one, CALENDARS, minute) for minute in minutes)
    if found > at:
        assert silence.active(one, CALENDARS, found - 1)


def test_a_dropping_silence_hides_first_and_an_empty_filter_hides_nothing():
    facts = facts_of(alert("a"))
    silences = (quiet(id="mark"), quiet(id="drop", mode="drop"), quiet(id="empty", filter=(), mode="drop"))
    assert silence.that_hides(silences, {}, facts, AT).id == "drop"
    assert silence.that_hides(silences[2:], {}, facts, AT) is None


values = st.sampled_from(("web", "/var/log/", "cidr:10.0.0.0/8", "num:gt:9", "a*b?", "//", "x" * 3000)) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30
)


@given(st.dictionaries(st.sampled_from(("host", "path", "n")), values), values)
def test_a_quick_silence_hides_what_it_was_made_from(labels, title):
    one = incident("i", labels=labels, title=title)
    (group,) = tests = silence.like(one)
    assert group
    assert not any(fault(value) for condition in group for value in condition.vals)
    assert matches(tests, facts_of(alert("a", labels=labels, title=title)))


def test_a_quick_silence_hides_nothing_else():
    tests = silence.like(incident("i", labels={"path": "/var/log/", "host": "db1"}))
    near = ({"path": "/var/log/messages", "host": "db1"}, {"path": "/var/log/"}, {"path": "/var/log/", "host": "x"})
    for labels in near:
        assert not matches(tests, facts_of(alert("a", labels=labels)))


def test_a_quick_silence_asks_no_alert_for_the_severity_that_a_person_set():
    judged = incident("i", labels={"host": "db1"}, severity=Severity.INFO, frozen=frozenset({"severity"}))
    facts = facts_of(alert("a", labels={"host": "db1"}, severity=Severity.WARNING))
    assert matches(silence.like(judged), facts)
    assert not matches(silence.like(replace(judged, frozen=frozenset())), facts)


# --- coming and going -------------------------------------------------------------------------------------------------

RULE = Flapping()
FLAPS = Flaps(integration="i", channel="c", alert_key="k")


def after(*instants, rule=RULE):
    flaps = FLAPS
    for at in instants:
        flaps = flapping.changed(flaps, rule, at)
    return flaps


def test_four_changes_within_an_hour_are_flapping():
    assert after(0, 1, 2).noticed_at is None
    assert after(0, 1, 2, 3).noticed_at == 3
    assert after(0, 1, 2, 3, 4).noticed_at == 3, "the first notice stays"
    assert after(0, 1, 2, HOUR).noticed_at is None, "the first change is an hour ago"
    assert after(0, 1, 2, 3, 2 * HOUR).noticed_at is None, "it has calmed down"


def test_what_is_remembered_is_bounded():
    assert len(after(*range(500), rule=Flapping(changes=2, within=DAY)).changes) == flapping.CHANGES_MAX


def test_a_mute_begins_after_the_notice_and_ends():
    rule = Flapping(mute=30 * MINUTE)
    flaps = after(0, 1, 2, 3, rule=rule)
    assert flapping.muted_until(flaps, rule, 3) is None, "somebody hears of it once"
    assert flapping.muted_until(flaps, rule, 4) == 3 + 30 * MINUTE
    assert flapping.muted_until(flaps, rule, 3 + 30 * MINUTE) is None
    assert flapping.muted_until(flaps, RULE, 4) is None
    assert flapping.heard(flaps).noticed_at is None


def closed(**changes) -> Incident:
    pause = Pause(progress=Progress.TRIGGERED)
    return incident("i", **{"progress": Progress.CLOSED, "closed_at": AT, "pause": pause, "loop": 0, **changes})


@pytest.mark.parametrize(
    ("one", "at", "goes_on"),
    [
        (closed(), AT, True),
        (closed(), AT + 5 * MINUTE - 1, True),
        (closed(), AT + 5 * MINUTE, False),
        (closed(), AT - 1, False),
        (closed(pause=None), AT, False),
        (closed(loop=-1), AT, False),
        (closed(exhausted=True), AT, False),
        (closed(progress=Progress.TRIGGERED), AT, False),
        (closed(auto_close_after=MINUTE, opened_at=AT - MINUTE), AT, False),
        (closed(auto_close_after=HOUR, opened_at=AT - MINUTE), AT, True),
    ],
)
def test_which_incidents_go_on(one, at, goes_on):
    assert flapping.goes_on(one, at) is goes_on


# --- groups -----------------------------------------------------------------------------------------------------------


def key(rule, **labels):
    one = alert("x", labels=labels)
    return key_of(rule, one, facts_of(one))


def test_group_keys():
    by = Grouping(method="rules", by=("labels.a", "labels.b"))
    assert key(by, a="1", b="2") == key(by, a="1", b="2", c="3") != key(by, a="12")
    assert key(by, a="1\x1flabels.b=2") != key(by, a="1", b="2"), "a value cannot fake another dimension"
    assert key(by) == key(by, a="") != key(Grouping(method="rules", by=by.by, strict=True))
    assert key(Grouping()) == key(Grouping(method="rules")) == "alert:prom:x"
    long = [key(by, a="v" * 3000 + tail) for tail in "xy"]
    assert long[0] != long[1]
    assert max(map(len, long)) < 300


def test_two_branches_by_the_same_dimension_are_two_groups():
    branches = tuple(
        Branch(filter=((Condition(key="labels.env", oper="IN", vals=(env,)),),), by=("labels.a",)) for env in ("p", "d")
    )
    rule = Grouping(method="rules", by=("labels.a",), branches=branches)
    assert len({key(rule, a="1", env=env) for env in ("p", "d", "q")}) == 3
