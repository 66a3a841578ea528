"""Noise reduction in a manifest: what is read, and what is refused with its place and its cure."""

from __future__ import annotations

import pytest

from bot.engine.flapping import Flapping
from bot.engine.grouping import ALONE
from bot.engine.model import DAY, HOUR, MINUTE
from bot.manifest import load
from tests.unit.manifests import problems_of, small

FILTER = [[{"key": "title", "oper": "IN", "vals": ["disk*"]}]]


def channel(**keys):
    return {"channels": {"pay": keys}}


def loaded(change):
    return load.read(small(change), file="tocsin.yaml", env={}, sources=["standard"])


def test_the_defaults():
    world = loaded({}).world
    pay = world.channels["pay"]
    assert (pay.flapping, pay.storm, pay.inhibitions) == (Flapping(), (), ())
    assert world.silences == {}


def test_everything_at_once():
    world = loaded(
        channel(
            grouping={
                "by": ["labels.service", "severity"],
                "branches": [{"filter": FILTER, "by": ["title"]}],
                "strict": True,
                "window": "24h",
                "sliding": True,
            },
            storm=[10, 100],
            flapping={"changes": 6, "within": "2h", "mute": "1h"},
            silences=[
                {"name": "Once", "filter": FILTER, "start": "2026-01-01T00:00", "end": "2026-01-02T00:00+00:00"},
                {"name": "Nights", "filter": FILTER, "when": [{"from": "22:00", "to": "06:00"}], "mode": "drop"},
            ],
            inhibit=[{"name": "I", "source": FILTER, "target": FILTER, "equals": ["rack"]}],
        )
    ).world
    pay = world.channels["pay"]
    assert (pay.grouping.by, pay.grouping.window, pay.grouping.sliding) == (("labels.service", "severity"), DAY, True)
    assert pay.grouping.branches[0].by == ("title",)
    assert pay.storm == (10, 100)
    assert pay.flapping == Flapping(changes=6, within=2 * HOUR, mute=60 * MINUTE)
    once, nights = world.silences["pay"]
    assert (once.id, once.end - once.start, once.mode) == ("pay/Once", DAY, "mark")
    assert (nights.when[0].start, nights.mode, nights.end) == ("22:00", "drop", None)
    assert pay.inhibitions[0].equals == ("rack",)


def test_flapping_may_be_off_and_alerts_alone():
    pay = loaded(channel(flapping={"enabled": False}, grouping={"method": "none"})).world.channels["pay"]
    assert pay.flapping is None
    assert pay.grouping.by == ALONE.by


@pytest.mark.parametrize(
    ("keys", "path", "code"),
    [
        ({"group_by": ["a"], "grouping": {"by": ["title"]}}, "channels.pay", "grouped_twice"),
        ({"grouping": {}}, "channels.pay.grouping", "groups_nothing"),
        ({"grouping": {"by": ["colour"]}}, "channels.pay.grouping.by[0]", "dimension"),
        ({"grouping": {"by": [f"labels.{n}" for n in "abcdef"]}}, "channels.pay.grouping.by", "too_long"),
        ({"grouping": {"method": "similar", "fields": ["severity"]}}, "channels.pay.grouping.fields[0]", "field"),
        ({"grouping": {"method": "similar", "threshold": 0.4}}, "channels.pay.grouping.threshold", ""),
        ({"grouping": {"by": ["title"], "window": "25h"}}, "channels.pay.grouping.window", "out_of_range"),
        ({"storm": [100, 10]}, "channels.pay.storm", "ascending"),
        ({"storm": [1]}, "channels.pay.storm[0]", ""),
        ({"storm": [2, 3, 4, 5, 6, 7]}, "channels.pay.storm", "too_long"),
        ({"flapping": {"mute": "29m"}}, "channels.pay.flapping", "mute"),
        ({"flapping": {"changes": 1}}, "channels.pay.flapping.changes", ""),
        ({"silences": [{"name": "S", "filter": FILTER}]}, "channels.pay.silences[0]", "for_ever"),
        ({"silences": [{"name": "S", "filter": [], "end": "2030-01-01T00:00"}]}, "channels.pay.silences[0].filter", ""),
        ({"silences": [{"name": "S", "end": "2030-01-01T00:00"}]}, "channels.pay.silences[0].filter", "missing"),
        (
            {"silences": [{"name": "S", "filter": FILTER, "start": "2030-01-01T00:00", "end": "2029-01-01T00:00"}]},
            "channels.pay.silences[0]",
            "ends_first",
        ),
        ({"silences": [{"name": "S", "filter": FILTER, "end": "2030-01-01T00:00"}] * 2}, "channels.pay", "twice"),
        ({"inhibit": [{"name": "I", "source": [], "target": FILTER}]}, "channels.pay.inhibit[0].source", ""),
        (
            {"silences": [{"name": "S", "filter": FILTER, "when": [{"calendar": "nowhere"}]}]},
            "channels.pay.silences[0].when[0].calendar",
            "unknown_calendar",
        ),
    ],
)
def test_what_is_refused(keys, path, code):
    (problem,) = problems_of(small(channel(**keys)))
    assert problem.path == path
    assert not code or problem.code == code
    assert problem.cure
