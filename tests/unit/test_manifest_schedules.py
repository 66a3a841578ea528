"""Hours, days and turns of a layer in the manifest: what is refused, what reaches the engine, and the examples."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.engine.schedule import gaps, on_call
from bot.engine.world import DailyPeriod, WeeklyPeriod
from bot.manifest import load
from bot.manifest.lint import lint
from bot.manifest.schema import manifest_schema
from bot.manifest.source import parse
from tests.unit.manifests import ENV, problems_of, small
from tests.unit.rota_model import utc

NAMES = ("day-night", "primary-backup", "follow-the-sun", "quarter", "holiday-cover")
EXAMPLES = [Path(__file__).parents[2] / f"docs/examples/{name}.yaml" for name in NAMES]
NOW = utc(2026, 10, 2)
HOURS = {"daily": [{"from": "21:00", "to": "09:00"}]}
WEEKLY = {"weekly": [{"from": "fri 18:00", "to": "mon 09:00"}]}


def layer(**changes: object) -> str:
    return small({"schedules": {"s": {"layers": [{"start": "2026-01-05T09:00", "members": ["ann"], **changes}]}}})


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"handoff": "9am"}, ".handoff", "clock"),
        ({"handoff": "09:00", "unit": "hour"}, "", "handoff"),
        ({"restriction": {}}, ".restriction", "restriction"),
        ({"restriction": {**HOURS, **WEEKLY}}, ".restriction", "restriction"),
        ({"restriction": {"daily": [{"from": "24:00", "to": "09:00"}]}}, ".restriction.daily[0].from", "clock"),
        ({"restriction": {"daily": [{"from": "09:00"}]}}, ".restriction.daily[0].to", "missing"),
        ({"restriction": {"weekly": [{"from": "09:00", "to": "mon 10:00"}]}}, ".restriction.weekly[0].from",
         "week_time"),
        ({"days": ["mon"], "restriction": WEEKLY}, "", "days"),
        ({"days": ["Monday"]}, ".days[0]", "weekday"),
        ({"continuous": True}, "", "continuous"),
        ({"fair": "yes"}, ".fair", "bool_type"),
        ({"weight": 201}, ".weight", "less_than_equal"),
    ],
)  # fmt: skip
def test_a_layer_that_is_refused(changes: dict, path: str, code: str):
    found = problems_of(layer(**changes))
    assert [(each.path, each.code) for each in found] == [(f"schedules.s.layers[0]{path}", code)]
    assert all(each.cure[-1] in ".?" and each.line > 1 for each in found)


def test_what_a_layer_says_reaches_the_engine():
    text = layer(
        handoff="10:30", days=["fri", "mon", "fri"], continuous=True, fair=True, weight=3, end="2026-12-01T00:00",
        restriction={"daily": [{"from": "21:00", "to": "09:00"}, {"from": "12:00", "to": "24:00"}]},
    )  # fmt: skip
    (found,) = load.read(text, file="t", env={}).world.schedules["s"].layers
    assert (found.handoff, found.day_mask, found.mask_continuous, found.fair) == ("10:30", (1, 5), True, True)
    assert (found.weight, found.end) == (3, "2026-12-01T00:00")
    assert found.restriction == (DailyPeriod(start="21:00", end="09:00"), DailyPeriod(start="12:00", end="24:00"))
    (weekly,) = load.read(layer(restriction=WEEKLY), file="t", env={}).world.schedules["s"].layers
    assert weekly.restriction == (WeeklyPeriod(start_day=5, start="18:00", end_day=1, end="09:00"),)
    (plain,) = load.read(layer(), file="t", env={}).world.schedules["s"].layers
    assert (plain.restriction, plain.day_mask, plain.handoff, plain.fair) == ((), (), "", False)


def test_layers_and_imports_are_told_apart_by_name():
    imported = {"schedules": {"s": {"layers": [{"name": "a", "start": "2026-01-05T09:00", "members": ["ann"]}],
                                    "imports": [{"ical": "x.ics", "name": "a"}]}}}  # fmt: skip
    assert "twice" in {each.code for each in problems_of(small(imported))}


def test_the_gaps_of_a_restriction_are_a_warning():
    found = lint(load.read(layer(restriction=HOURS), file="t", env={}), NOW)
    (gap,) = [each for each in found if each.code == "coverage_gap"]
    assert "1080 hours" in gap.message
    whole = {"daily": [*HOURS["daily"], {"from": "09:00", "to": "21:00"}]}
    covered = lint(load.read(layer(restriction=whole), file="t", env={}), NOW)
    assert [each for each in covered if each.code == "coverage_gap"] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_in_order(example: Path):
    loaded = load.load(example, ENV, ["standard"], now=NOW)
    assert lint(loaded, NOW) == ()
    jsonschema.validate(parse(example.read_text(encoding="utf-8"), "t").data, manifest_schema())
    for schedule in loaded.world.schedules.values():
        assert list(gaps(schedule, utc(2026, 10, 1, 14), utc(2028, 1, 1))) == []


def who(example: str, schedule: str, at: int) -> list[str]:
    (path,) = [each for each in EXAMPLES if each.stem == example]
    plan = load.load(path, ENV, now=NOW).world.schedules[schedule]
    return [f"{duty.member}/{duty.role}" for duty in on_call(plan, at)]


@pytest.mark.parametrize(
    ("example", "schedule", "at", "expected"),
    [
        ("day-night", "web", utc(2026, 7, 6, 8), ["ann/primary"]),  # 09:00 in London: the day begins
        ("day-night", "web", utc(2026, 7, 6, 8) - 1, ["chen/primary"]),  # the night that began 181 days after the first
        ("day-night", "web", utc(2026, 7, 6, 20), ["bo/primary"]),
        ("primary-backup", "web", utc(2026, 1, 12, 9), ["bo/primary", "dana/backup"]),
        ("follow-the-sun", "web", utc(2026, 3, 29, 0, 59), ["bo/primary"]),
        ("follow-the-sun", "web", utc(2026, 3, 29, 1), ["chen/primary"]),
        ("quarter", "web", utc(2027, 1, 1, 14) - 1, ["bo/primary"]),  # turn 46 of two days
        ("quarter", "web", utc(2027, 1, 8, 14), ["ann/primary"]),
        ("holiday-cover", "cover", utc(2026, 2, 17), ["ann/primary"]),
        ("holiday-cover", "cover", utc(2026, 2, 24), ["dana/primary"]),
    ],
)
def test_an_example_says_who(example: str, schedule: str, at: int, expected: list[str]):
    assert who(example, schedule, at) == expected


def test_the_command_line_prints_a_calendar_file(monkeypatch: pytest.MonkeyPatch):
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    (example,) = [str(each) for each in EXAMPLES if each.stem == "quarter"]
    window = ["--from", "2026-10-01T09:00", "--to", "2026-10-11T09:00"]
    printed = CliRunner().invoke(app, ["oncall", "web", "--ical", "-m", example, *window])
    assert printed.exit_code == 0, printed.output
    assert printed.output.count("BEGIN:VEVENT") == 5
    assert "SUMMARY:陈伟" in printed.output
    assert CliRunner().invoke(app, ["oncall", "web", "--ical", "-m", example]).output.count("BEGIN:VEVENT") > 5
    for wrong in (["oncall", "--ical"], ["oncall", "none", "--ical"]):
        refused = CliRunner().invoke(app, [*wrong, "-m", example])
        assert refused.exit_code == 2
