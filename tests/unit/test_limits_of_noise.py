"""Numbers and defaults of grouping, storms, flapping, silences, inhibition, drop rules and auto-close, by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine import conditions, dispatching
from bot.engine.flapping import Flapping
from bot.engine.grouping import ALONE, Grouping, key_of
from bot.engine.inhibition import Inhibition
from bot.engine.model import DAY, HOUR, MINUTE, Severity
from tests.scenarios.company import company
from tests.scenarios.story import Story, changed
from tests.unit.boundaries import FILTER, Limit, channel, is_refused, passes, refused, taken, world_of
from tests.unit.house import House, event, ok

PAY = "channels.pay"
DISKS = world_of(channel(drop=FILTER)).channels["pay"].drop


EXPLAINED = {"name": "i", "source": FILTER, "target": FILTER}


def by(count: int) -> dict:
    return channel(grouping={"by": [f"labels.l{n}" for n in range(count)]})


def branches(count: int) -> dict:
    return channel(grouping={"branches": [{"filter": FILTER, "by": ["title"]}] * count})


def similar(**keys: object) -> dict:
    return channel(grouping={"method": "similar", **keys})


def silences(count: int) -> dict:
    return channel(silences=[{"name": f"s{n}", "filter": FILTER, "end": "2030-01-01T00:00"} for n in range(count)])


def inhibitions(count: int) -> dict:
    return channel(inhibit=[{"name": f"i{n}", "source": FILTER, "target": FILTER} for n in range(count)])


def source(value: str) -> dict:
    asks = [[{"key": "labels.x", "oper": "IN", "vals": [value]}]]
    return channel(inhibit=[{"name": "i", "source": asks, "target": FILTER}])


LIMITS = (
    Limit("a group has up to 5 dimensions", by, f"{PAY}.grouping.by", (1, 5), (6,), "5"),
    Limit("group_by has up to 5 labels", lambda n: channel(group_by=[f"l{k}" for k in range(n)]), f"{PAY}.group_by",
          (1, 5), (6,), "longer than 5"),
    Limit("a branch has up to 5 dimensions",
          lambda n: channel(grouping={"branches": [{"filter": FILTER, "by": [f"labels.l{k}" for k in range(n)]}]}),
          f"{PAY}.grouping.branches[0].by", (5,), (6,), "5"),
    Limit("a grouping has up to 100 branches", branches, f"{PAY}.grouping.branches", (1, 100), (101,), "100"),
    Limit("likeness compares up to 10 fields", lambda n: similar(fields=[f"labels.l{k}" for k in range(n)]),
          f"{PAY}.grouping.fields", (1, 10), (11,), "10"),
    Limit("likeness has a threshold of 0.5-1", lambda t: similar(threshold=t), f"{PAY}.grouping.threshold",
          (0.5, 0.55, 1.0), (0.49,), "below 0.5"),
    Limit("a threshold is at most 1", lambda t: similar(threshold=t), f"{PAY}.grouping.threshold", (), (1.01,),
          "above 1"),
    Limit("a window lasts 1-1440 min, or 0", lambda s: channel(grouping={"by": ["title"], "window": s}),
          f"{PAY}.grouping.window", (0, "1m", "1440m", "24h"), ("1441m", "2d"), "1d"),
    Limit("a window is whole minutes", lambda s: channel(grouping={"by": ["title"], "window": s}),
          f"{PAY}.grouping.window", (), ("30s", "90s"), "steps of 1m"),
    Limit("a storm has up to 5 thresholds", lambda n: channel(storm=list(range(2, 2 + n))), f"{PAY}.storm",
          (0, 1, 5), (6,), "5"),
    Limit("a storm begins at 2 alerts", lambda n: channel(storm=[n]), f"{PAY}.storm[0]", (2,), (1,), "below 2"),
    Limit("a storm ends at 10000 alerts", lambda n: channel(storm=[n]), f"{PAY}.storm[0]", (10_000,), (10_001,),
          "above 10000"),
    Limit("flapping takes 2-100 changes", lambda n: channel(flapping={"changes": n}), f"{PAY}.flapping.changes",
          (2, 100), (101,), "above 100"),
    Limit("one change is no flapping", lambda n: channel(flapping={"changes": n}), f"{PAY}.flapping.changes", (),
          (1,), "below 2"),
    Limit("flapping is within 1-1440 min", lambda s: channel(flapping={"within": s}), f"{PAY}.flapping.within",
          ("1m", "1440m"), (0, "30s", "1441m"), "1m to 1d"),
    Limit("a mute lasts at most 1440 min", lambda s: channel(flapping={"mute": s}), f"{PAY}.flapping.mute",
          (0, "30m", "120m", "1440m"), ("1441m",), "1d"),
    Limit("a mute lasts at least 30 min, or 0", lambda s: channel(flapping={"mute": s}), f"{PAY}.flapping",
          (), ("1m", "29m"), "mute: 30m, or 0"),
    Limit("a channel has up to 100 silences", silences, f"{PAY}.silences", (100,), (101,), "100"),
    Limit("a channel has up to 100 inhibitions", inhibitions, f"{PAY}.inhibit", (100,), (101,), "100"),
    Limit("an alert and its cause agree in up to 5 labels",
          lambda n: channel(inhibit=[{**EXPLAINED, "equals": [f"l{k}" for k in range(n)]}]),
          f"{PAY}.inhibit[0].equals", (0, 5), (6,), "5"),
    Limit("cidr and num ask nothing of the active alert of an inhibition", source,
          f"{PAY}.inhibit[0].source", ("web*", "/web/", "web"), ("cidr:10.0.0.0/8", "num:gt:90"), "another alert"),
    Limit("an incident closes by itself after 0 (never) to 30 days", lambda s: channel(auto_close=s),
          f"{PAY}.auto_close", (0, "1s", "30d", "720h"), ("31d", "30d1s"), "0s to 30d"),
    Limit("auto_close_mode is trigger or update", lambda m: channel(auto_close_mode=m), f"{PAY}.auto_close_mode",
          ("trigger", "update"), ("merge",), "'trigger' or 'update'"),
)  # fmt: skip


@taken(LIMITS)
def test_the_limit_itself_passes(change):
    passes(change)


@refused(LIMITS)
def test_beyond_the_limit_is_refused_with_the_field_and_the_cure(change, path, said):
    is_refused(change, path, said)


@pytest.mark.parametrize(("part", "keys"), [("silences", ("filter",)), ("inhibit", ("source", "target"))])
def test_the_filters_of_silences_and_inhibitions_are_never_empty(part, keys):
    whole = EXPLAINED if part == "inhibit" else {"name": "n", "filter": FILTER, "end": "2030-01-01T00:00"}
    for key in keys:
        is_refused(channel(**{part: [{**whole, key: []}]}), f"{PAY}.{part}[0].{key}", "at least one")


# --- defaults


def test_by_default_each_alert_is_alone_without_storms_and_flapping_is_4_changes_in_60_minutes_and_only_marked():
    pay = world_of({}).channels["pay"]
    assert (pay.grouping, pay.grouping.method, pay.storm) == (ALONE, "none", ())
    assert (pay.flapping.changes, pay.flapping.within, pay.flapping.mute) == (4, 60 * MINUTE, 0)
    assert (pay.close_with_alerts, pay.auto_close_after, pay.auto_close_on_update) == (True, 0, False)


def test_likeness_compares_title_description_service_and_resource_by_default_without_a_window():
    grouping = world_of(similar()).channels["pay"].grouping
    assert grouping.fields == ("title", "description", "labels.service", "labels.resource")
    assert (grouping.window, grouping.sliding, grouping.strict) == (0, False, False)
    assert 0.5 <= grouping.threshold <= 1


def test_an_empty_value_equals_an_empty_value_unless_strict_and_then_differs():
    house = House()
    house.absorb(event("a"), event("b"))
    loose, strict = (Grouping(method="rules", by=("labels.rack",), strict=each) for each in (False, True))
    assert len({key_of(loose, each, {}) for each in house.alerts()}) == 1
    assert len({key_of(strict, each, {}) for each in house.alerts()}) == 2


# --- flapping, on the whole product


def flap(story: Story, times: int) -> None:
    for minute in range(times):
        story.at(f"{minute}m")
        story.fire("disk") if minute % 2 == 0 else story.recover("disk")
    story.at(f"{times}m")


def test_4_changes_flap_and_3_do_not():
    three, four = Story(), Story()
    flap(three, 3)
    flap(four, 4)
    assert (three.incident().flapping, four.incident().flapping) == (False, True)


def test_after_the_first_notice_a_mute_of_120_minutes_hears_nothing_new_and_then_does():
    story = Story(changed(company(), "ops", flapping=Flapping(mute=120 * MINUTE)))
    flap(story, 4)
    story.at("30m").fire("disk").between("30m", "122m").nobody()
    story.between("122m", "124m").page("bo", times=1)


# --- inhibition, 10 minutes


@pytest.mark.parametrize(("minute", "paged"), [("9m50s", 0), ("10m10s", 1)])
def test_a_cause_that_was_heard_of_within_10_minutes_explains_and_after_that_does_not(minute, paged):
    switch = Inhibition(id="i", source=having("title", "switch"), target=having("title", "host"), equals=("service",))
    story = Story(changed(company(), "ops", inhibitions=(switch,)))
    story.at("0m").fire("switch", svc="rack")
    story.at(minute).fire("host", svc="rack")
    story.at("11m")
    assert story.count() == 1 + paged


def having(key: str, value: str):
    return ((conditions.Condition(key=key, oper="IN", vals=(value,)),),)


# --- drop rule


def test_a_drop_rule_erases_without_trace_and_lets_recoveries_in():
    ops = replace(company().channels["ops"], drop=DISKS)
    story = Story(changed(company(), "ops", drop=DISKS)).fire("disk full").at("1m")
    assert (story.count(), story.store.read(lambda tx: tx.alerts_in("ops", 0, 9))) == (0, [])
    assert not dispatching.lets_in(ops, event(title="disk full"), "scripts")
    assert dispatching.lets_in(ops, replace(ok(), title="disk full"), "scripts")


# --- auto-close


def closing(mode: bool) -> Story:
    world = changed(
        company(), "ops", auto_close_after=30 * MINUTE, auto_close_on_update=mode, flapping=Flapping(changes=100)
    )
    return Story(world).fire("disk full").at("20m").fire("disk fuller", key="disk full")


def test_auto_close_counts_30_minutes_from_the_opening_and_a_later_update_changes_nothing():
    story = closing(mode=False)
    assert story.at("29m").incident().closed_at is None
    assert story.at("31m").incident().closed_at is not None
    assert "i_rslv:auto_closed" in story.kinds()


def test_auto_close_in_mode_update_counts_30_minutes_from_the_last_news_of_an_alert():
    story = closing(mode=True)
    assert story.at("49m").incident().closed_at is None
    assert story.at("51m").incident().closed_at is not None
    assert "i_rslv:auto_closed" in story.kinds()


def test_auto_close_in_mode_update_begins_anew_with_an_alert_that_is_back_and_takes_no_notice_of_a_repeat():
    story = closing(mode=True)
    story.at("40m").recover("disk full")
    story.at("43m").fire("disk fuller", key="disk full")
    story.at("60m").fire("disk fuller", key="disk full")
    assert story.at("72m").incident().closed_at is None
    assert story.at("74m").incident().closed_at is not None
    assert story.count() == 1


def test_what_auto_close_closed_absorbs_no_more_events():
    story = closing(mode=False).at("40m").fire("disk fullest", key="disk full").at("41m")
    assert story.count() == 2


# --- silences


@pytest.mark.parametrize(
    ("said", "span"),
    [("", DAY), ("30m", 30 * MINUTE), ("1h", HOUR), ("12h", 12 * HOUR), ("1d", DAY), ("1w", 7 * DAY), ("2w", 14 * DAY)],
)
def test_a_quick_silence_lasts_1_day_unless_told(said, span):
    story = Story().fire("disk full", svc="db").at("1m")
    story.say("bo", f"silence 1 {said}")
    (quiet,) = story.store.read(lambda tx: tx.silences())
    assert quiet.end - quiet.start == span


def test_a_quick_silence_lasts_90_days_at_most():
    story = Story().fire("disk full").at("1m")
    assert "90" in story.say("bo", "silence 1 91d")
    assert story.store.read(lambda tx: tx.silences()) == []
    story.say("bo", "silence 1 90d")
    assert len(story.store.read(lambda tx: tx.silences())) == 1


def test_a_quick_silence_has_the_incidents_severity_and_labels_and_is_edited_on_repeat():
    story = Story().fire("disk full", svc="db").at("1m")
    story.say("bo", "silence 1 1h")
    story.say("bo", "silence 1 2h")
    (quiet,) = story.store.read(lambda tx: tx.silences())
    assert {(each.key, *each.vals) for each in quiet.filter[0]} == {("severity", "Critical"), ("labels.service", "db")}
    assert quiet.end - quiet.start == 2 * HOUR
    story.at("3h")
    assert story.store.read(lambda tx: tx.silences()) == [], "it deletes itself"


# --- storms


@pytest.mark.parametrize(("alerts", "told"), [(1, 0), (2, 1), (3, 1)])
def test_reaching_a_storm_threshold_of_2_writes_the_timeline_once_and_notifies(alerts, told):
    grouped = Grouping(method="rules", by=("severity",))
    story = Story(changed(company(), "ops", grouping=grouped, storm=(2,)))
    for number in range(alerts):
        story.fire(f"disk {number}")
    story.at("1m")
    assert story.kinds().count("i_storm:storm") == told
    assert len(story.between("0m", "1m").seen("bo", "slack")) == 1 + told
    assert story.incident().severity is Severity.CRITICAL
