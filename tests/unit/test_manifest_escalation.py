"""Personal ladders, turns, timeouts, mailboxes and rules that are off: declared, refused, and warned of."""

from __future__ import annotations

import pytest

from bot.engine.model import HOUR, MINUTE, SECOND, Severity, Target, TargetKind
from bot.engine.world import Rung
from bot.manifest import load
from tests.unit.manifests import problems_of, small
from tests.unit.test_manifest_lint import codes, fine, warnings

MAIL = {"platforms": {"email": {"host": "smtp.example.com", "from": "t@example.com"}}}
LEVEL = {"notify": ["member:ann"]}
RULE = "channels.pay.rules[0]"
CRITICAL = "members.ann.ladder.critical"


def rule(*levels: dict, **changes: object) -> dict:
    return {"channels": {"pay": {"rules": [{"name": "All", "levels": list(levels) or [LEVEL], **changes}]}}}


def ladder(*rungs: dict, **more: object) -> dict:
    return {"members": {"ann": {"ladder": {"critical": list(rungs)}, **more}}}


def rung(after: str, *via: str) -> dict:
    return {"after": after, "via": list(via) or ["im"]}


def test_everything_reaches_the_world():
    change = {
        **ladder(rung("1s"), rung("2m", "email"), rung("60m", "slack"), email="Ann@Example.com"),
        **rule(
            {"notify": ["email:duty@partner.example", "member:ann"], "round_robin": True},
            ack_timeout="24h",
            enabled=False,
        ),
        **MAIL,
    }
    world = load.read(small(change), file="t", env={}).world
    assert world.members["ann"].ladder == {
        Severity.CRITICAL: (
            Rung(after=SECOND, ways=("im",)),
            Rung(after=2 * MINUTE, ways=("email",)),
            Rung(after=HOUR, ways=("slack",)),
        )
    }
    (made,) = world.channels["pay"].rules
    assert (made.enabled, made.ack_timeout, made.levels[0].round_robin) == (False, 24 * HOUR, True)
    assert made.levels[0].targets[0] == Target(kind=TargetKind.EMAIL, id="duty@partner.example")
    assert world.by_email == {"ann@example.com": "ann"}


@pytest.mark.parametrize(
    ("change", "path", "code", "said"),
    [
        (ladder(rung("0s")), f"{CRITICAL}[0].after", "out_of_range", "1s to 1h"),
        (ladder(rung("61m")), f"{CRITICAL}[0].after", "out_of_range", "1s to 1h"),
        (ladder({"after": 2, "via": ["im"]}), f"{CRITICAL}[0].after", "duration", "2"),
        (ladder(rung("5m"), rung("5m")), CRITICAL, "not_rising", "5m is not later than 5m"),
        (ladder(rung("5m"), rung("2m")), CRITICAL, "not_rising", "2m is not later than 5m"),
        (ladder({"after": "2m", "via": []}), f"{CRITICAL}[0].via", "too_short", "is empty"),
        (ladder(rung("2m", "sms")), f"{CRITICAL}[0].via[0]", "unknown_platform", "platforms"),
        (ladder(rung("2m", "voice")), f"{CRITICAL}[0].via[0]", "unknown_platform", "platforms"),
        (ladder(*(rung(f"{n}m") for n in range(1, 12))), CRITICAL, "too_long", "longer than 10"),
        (rule(ack_timeout="4m"), f"{RULE}.ack_timeout", "out_of_range", "5m to 1d"),
        (rule(ack_timeout="25h"), f"{RULE}.ack_timeout", "out_of_range", "5m to 1d"),
        (rule(enabled="no"), f"{RULE}.enabled", "bool_type", "true nor false"),
        (rule({**LEVEL, "round_robin": 1}), f"{RULE}.levels[0].round_robin", "bool_type", "true nor false"),
        (rule({"notify": ["email:ops"]}) | MAIL, f"{RULE}.levels[0].notify[0]", "target", "email:ADDRESS"),
        (rule({"notify": ["email:a@b.c, d@e.f"]}) | MAIL, f"{RULE}.levels[0].notify[0]", "target", "email:ADDRESS"),
        (rule({"notify": ["email:a@b.example"]}), f"{RULE}.levels[0].notify[0]", "unknown_platform", "platforms.email"),
        ({"catch_all": ["email:a@b.example"]}, "catch_all[0]", "unknown_platform", "platforms.email"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_cure(change, path, code, said):
    (problem,) = problems_of(small(change))
    assert (problem.path, problem.code) == (path, code)
    assert said in str(problem)
    assert problem.cure


@pytest.mark.parametrize("change", [ladder(rung("1s"), rung("60m")), rule(ack_timeout="5m"), rule(ack_timeout="24h")])
def test_the_limits_are_allowed(change):
    assert problems_of(small(change)) == ()


def people(**ann: object) -> dict:
    bo = {"name": "Bo", "identities": {"slack": "U2"}}
    return {"members": {"ann": {"name": "Ann", "identities": {"slack": "U1"}, **ann}, "bo": bo}}


def climbing(escalate_after: str, **level: object) -> dict:
    first = {"notify": ["schedule:s"], "escalate_after": escalate_after, **level}
    levels = [first, {"notify": ["member:bo"]}]
    return {"channels": {"pay": {"name": "P", "rules": [{"name": "All", "levels": levels}]}}}


@pytest.mark.parametrize(
    ("after", "level", "found"),
    [
        ("4m", climbing("5m"), []),
        ("5m", climbing("5m"), ["late_rung"]),
        ("6m", climbing("5m"), ["late_rung"]),
        ("6m", climbing("5m", via={"critical": ["im"]}), []),  # unified media: the ladder is not asked
    ],
)
def test_a_step_that_comes_after_every_level_is_a_warning(after, level, found):
    assert codes(fine(people(ladder={"critical": [rung(after)]}) | level)) == found


def test_the_most_patient_level_decides():
    levels = [{"notify": ["schedule:s"], "escalate_after": "5m"}, {"notify": ["team:t"], "escalate_after": "20m"}]
    patient = {"channels": {"pay": {"name": "P", "rules": [{"name": "All", "levels": levels}]}}}
    assert codes(fine(people(ladder={"critical": [rung("19m")]}) | patient)) == []
    assert codes(fine(people(ladder={"critical": [rung("20m")]}) | patient)) == ["late_rung"]


def test_a_step_by_a_way_that_the_person_lacks_is_a_warning():
    (problem,) = warnings(fine(people(ladder={"critical": [rung("1m", "im", "email")]}) | MAIL))
    assert (problem.code, problem.path) == ("missing_way", f"{CRITICAL}[0].via[1]")


def test_a_rule_that_is_off_shadows_nothing_and_takes_nothing():
    level = {"levels": [{"notify": ["schedule:s"]}]}
    two = [{"name": "Off", "enabled": False, **level}, {"name": "On", **level}]
    assert codes(fine({"channels": {"pay": {"name": "P", "rules": two}}})) == []
    assert codes(fine({"channels": {"pay": {"name": "P", "rules": two[:1]}}})) == ["no_rules"]
    swapped = [two[1], two[0]]
    assert codes(fine({"channels": {"pay": {"name": "P", "rules": swapped}}})) == ["shadowed_rule"]


def test_a_mailbox_is_somebody():
    one = {"name": "All", "levels": [{"notify": ["email:a@b.example"]}]}
    mailbox = {"channels": {"pay": {"name": "P", "rules": [one]}}}
    assert "level_reaches_nobody" not in codes(fine(mailbox | MAIL))
