"""Warnings: each is found where it should be, says what to do, and is silent where all is well."""

from __future__ import annotations

import json

import pytest

from bot.engine.model import DAY
from bot.manifest import load
from bot.manifest.lint import lint, report
from bot.manifest.problems import Problem
from tests.unit.manifests import SMALL, small

NOW = 1_795_000_000_000  # 2026-11-18T11:06:40Z
FINE = {
    "members": {"bo": {"name": "Bo", "identities": {"slack": "U2"}}},
    "teams": {"t": {"name": "T", "members": ["ann", "bo"]}},
    "channels": {"pay": {"rules": [{"name": "All", "levels": [{"notify": ["schedule:s"]}]}]}},
}


def fine(change: dict) -> str:
    """Nothing to complain about, with `change` on top."""
    merged = {key: FINE.get(key, {}) | change.get(key, {}) for key in FINE.keys() | change.keys() if key != "catch_all"}
    return small(merged | ({"catch_all": change["catch_all"]} if "catch_all" in change else {}))


def warnings(text: str, now: int = NOW) -> list[Problem]:
    return list(lint(load.read(text, file="tocsin.yaml", env={}), now))


def codes(text: str, now: int = NOW) -> list[str]:
    return [problem.code for problem in warnings(text, now)]


def rules(*some: dict) -> dict:
    return {
        "channels": {"pay": {"name": "P", "rules": [{"levels": [{"notify": ["schedule:s"]}], **one} for one in some]}}
    }


def level(**changes: object) -> dict:
    return rules({"name": "All", "levels": [{"notify": ["schedule:s"], **changes}]})


def schedule(*layers: dict, overrides: tuple = ()) -> dict:
    timed = [{"start": "2026-01-05T09:00", **one} for one in layers]
    return {
        "schedules": {"s": {"name": "S", "timezone": "Europe/Berlin", "layers": timed, "overrides": list(overrides)}}
    }


def asks(key: str, oper: str, *vals: str) -> dict:
    return {"key": key, "oper": oper, "vals": list(vals)}


def test_where_all_is_well_there_is_nothing_to_say():
    assert warnings(fine({})) == []


BACKUP = {"notify": ["schedule:s/backup"]}
ALONE = {"start": "2026-12-01T00:00", "end": "2026-12-02T00:00", "member": "bo"}


@pytest.mark.parametrize(
    ("change", "code", "path", "said"),
    [
        (schedule(), "coverage_gap", "schedules.s", "2160 hours"),
        (schedule({"members": ["ann"], "end": "2026-12-01T09:00"}), "coverage_gap", "schedules.s",
         "2026-12-01T09:00:00+01:00 to"),
        (schedule({"groups": [{"primary": ["ann"]}, {"primary": []}]}), "coverage_gap", "schedules.s", "and 4 more"),
        (schedule({"groups": [{"primary": ["ann"], "backup": ["bo"]}]}, overrides=(ALONE,))
         | rules({"name": "All", "levels": [BACKUP]}), "role_gap", "schedules.s", "24 hours"),
        ({"members": {"bo": {"name": "Bo"}}}, "unreachable_member", "members.bo", "Bo cannot be reached"),
        ({"members": {"bo": {"name": "Bo", "phone": "+12025550101"}}}, "unreachable_member", "members.bo", "vendor"),
        ({"members": {"cy": {"name": "Cy", "identities": {"slack": "U3"}}}}, "no_team", "members.cy", "no team"),
        ({"members": {"bo": {"name": "Bo", "identities": {"slack": "U2"}, "notify": {"critical": ["slack", "email"]}}},
          "platforms": {"email": {"host": "localhost", "from": "t@example.com"}}},
         "missing_way", "members.bo.notify.critical[1]", "by email"),
        ({"schedules": {"u": {"name": "U", "timezone": "UTC", "layers": [{"start": "2026-01-05T09:00",
          "members": ["ann"]}]}}}, "unused_schedule", "schedules.u", "No rule"),
        ({"channels": {"x": {"name": "X"}}}, "no_rules", "channels.x", "catch-all"),
        ({"channels": {"x": {"name": "X"}}}, "no_integrations", "channels.x", "no integration"),
        (rules({"name": "All"}, {"name": "More"}), "shadowed_rule", "channels.pay.rules[1]", "All (line"),
        (rules({"name": "Low", "priority": 9}, {"name": "All"}), "shadowed_rule", "channels.pay.rules[0]", "All"),
        (rules({"name": "A", "filter": [[asks("title", "IN", "*")]]}, {"name": "B"}), "shadowed_rule",
         "channels.pay.rules[1]", "A (line"),
        (rules({"name": "A", "filter": [[asks("labels.e", "IN", "p")]]},
               {"name": "B", "filter": [[asks("title", "IN", "x"), asks("labels.e", "IN", "p")]]}),
         "shadowed_rule", "channels.pay.rules[1]", "never takes"),
        (level(repeat={"every": "10m", "times": 4}, escalate_after="30m"), "repeats_cut",
         "channels.pay.rules[0].levels[0].repeat", "repeats for 40m, but escalates after 30m"),
        ({"members": {"bo": {"name": "Bo"}}} | level(notify=["member:bo"]), "level_reaches_nobody",
         "channels.pay.rules[0].levels[0].notify", "reaches nobody"),
        ({"members": {"bo": {"name": "Bo"}}} | schedule({"groups": [{"primary": ["ann"], "backup": ["bo"]}]})
         | level(notify=["schedule:s/backup"]), "level_reaches_nobody", "channels.pay.rules[0].levels[0].notify",
         "reaches nobody"),
        ({"members": {"bo": {"name": "Bo"}}, "catch_all": ["member:bo"]}, "catch_all_reaches_nobody", "catch_all",
         "silent"),
        (schedule({"members": ["ann"], "end": "2026-12-01T09:00"}) | {"catch_all": ["schedule:s"]}, "catch_all_gap",
         "catch_all", "schedules alone"),
    ],
)  # fmt: skip
def test_a_warning(change: dict, code: str, path: str, said: str):
    text = fine(change)
    (problem,) = [each for each in warnings(text) if each.code == code]
    assert problem.path == path
    assert said in problem.message
    assert problem.cure.endswith(".")
    assert problem.line > 1


@pytest.mark.parametrize(
    "change",
    [
        level(repeat={"every": "10m", "times": 3}, escalate_after="30m"),
        rules({"name": "A", "filter": [[asks("severity", "IN", "Critical")]]}, {"name": "B"}),
        rules({"name": "A", "filter": [[asks("labels.e", "IN", "*")]]}, {"name": "B"}),
        rules({"name": "A", "filter": [[asks("title", "NOTIN", "*")]]}, {"name": "B"}),
        rules({"name": "A", "filter": [[asks("labels.e", "IN", "p"), asks("title", "IN", "x")]]},
              {"name": "B", "filter": [[asks("labels.e", "IN", "p")], [asks("title", "IN", "y")]]}),
        rules({"name": "A", "filter": [[asks("labels.e", "IN", "p")]]},
              {"name": "B", "filter": [[asks("labels.e", "IN", "p"), asks("title", "IN", "x")],
                                       [asks("title", "IN", "y")]]}),
        schedule({"members": ["ann"], "end": "2026-12-01T09:00"}, {"members": ["bo"], "start": "2026-12-01T09:00"}),
        {"catch_all": ["schedule:s"]},
        {"members": {"bo": {"name": "Bo", "identities": {"slack": "U2"}, "notify": {"info": ["im"]}}}},
    ],
)  # fmt: skip
def test_no_false_alarm(change: dict):
    assert codes(fine(change)) == []


def test_only_the_next_ninety_days_count():
    text = fine(schedule({"members": ["ann"], "end": "2027-02-16T13:00"}))
    assert codes(text, NOW) == []
    assert codes(text, NOW + DAY) == ["coverage_gap"]


def test_the_report_is_what_check_prints():
    found = warnings(small({}))
    printed = json.loads(json.dumps(report([], found)))
    assert printed["errors"] == []
    assert [set(each) >= {"line", "path", "code", "message", "cure"} for each in printed["warnings"]] == [True] * 2
    assert [(each["code"], each["path"]) for each in printed["warnings"]] == [
        ("no_team", "members.ann"),
        ("unused_schedule", "schedules.s"),
    ]
    lines = small({}).splitlines()
    assert [lines[each["line"] - 1].strip() for each in printed["warnings"]] == ["ann:", "s:"]
    assert load.read(SMALL, file="t", env={}).world.members
