"""The manifest: the example is in order, and everything that can be wrong is told at once, with line and cure."""

from __future__ import annotations

import copy
from dataclasses import fields
from pathlib import Path

import pytest

from bot import registry
from bot.engine.model import DAY, MINUTE, Condition, Severity, Target, TargetKind
from bot.manifest import load
from bot.manifest.lint import lint
from bot.manifest.problems import ManifestError, Problem
from bot.manifest.values import SecretsLater
from tests.unit.manifests import ENV, SMALL, problems_of, small

ROOT = Path(__file__).parents[2]
NOW = 1_795_000_000_000  # 2026-11-18


def test_the_example_passes_without_a_word():
    loaded = load.load(ROOT / "tocsin.example.yaml", ENV, ["prometheus", "standard"])
    for year in range(9):
        assert lint(loaded, NOW + year * 365 * DAY) == ()


def test_the_example_names_every_variable_that_it_wants():
    with pytest.raises(ManifestError) as refused:
        load.load(ROOT / "tocsin.example.yaml", {})
    assert {p.code for p in refused.value.problems} == {"env_missing"}
    named = {name for name in ENV for p in refused.value.problems if name in p.message and name in p.cure}
    assert named == set(ENV)


def test_what_was_declared_reaches_the_world():
    world = load.load(ROOT / "tocsin.example.yaml", ENV).world
    ann = world.members["ann"]
    assert (ann.lang, ann.zone, ann.phone, ann.seat) == ("en", "Europe/London", "+12025550101", True)
    assert dict(ann.identities) == {"slack": "U0000000ANN", "telegram": "100000001"}
    assert dict(ann.ways) == {
        Severity.CRITICAL: ("telegram", "sms"),
        Severity.WARNING: ("slack",),
        Severity.INFO: ("email",),
    }
    channel = world.channels["platform"]
    assert [(chat.platform, chat.address, chat.lang) for chat in channel.chats] == [
        ("slack", "C0000PLATFORM", "en"),
        ("telegram", "-1001000000001", "zh"),
    ]
    assert (channel.grouping.by, channel.auto_close_after) == (("labels.service", "labels.cluster"), 7 * DAY)
    critical, rest = channel.rules
    assert critical.id == "platform/Critical"
    assert critical.filter[0][1] == Condition(key="labels.env", oper="NOTIN", vals=("dev", "test-*"))
    first, second = critical.levels
    assert first.targets == (Target(kind=TargetKind.SCHEDULE, id="platform", role="primary"),)
    assert (first.repeat_every, first.repeat_times, first.escalate_after) == (5 * MINUTE, 2, 15 * MINUTE)
    assert (first.ways, second.ways) == (None, {Severity.CRITICAL: ("sms", "im")})
    assert (rest.delay, rest.rounds, critical.rounds) == (2 * MINUTE, 3, 2)
    assert world.by_key[ENV["TOCSIN_KEY_PROMETHEUS"]].id == "prometheus"
    assert world.catch_all == (Target(kind=TargetKind.TEAM, id="leads"),)
    assert world.url == "https://tocsin.example.com"
    assert world.version


def test_defaults_are_those_of_a_new_rule():
    world = load.read(SMALL, file="t", env={}).world
    (rule,) = world.channels["pay"].rules
    (level,) = rule.levels
    assert (rule.rounds, rule.delay, rule.priority, rule.filter) == (3, 0, 0, ())
    assert (level.escalate_after, level.repeat_times, level.even_if_acked, level.ways) == (30 * MINUTE, 0, False, None)


def test_a_phone_that_no_vendor_carries_does_not_reach_the_world():
    world = load.read(
        SMALL.replace("ann: {", 'ann: {phone: "+12025550101", email: a@b.example, '), file="t", env={}
    ).world
    assert (world.members["ann"].phone, world.members["ann"].email) == ("", "")


def test_every_adapter_is_made_from_what_was_declared():
    settings = load.load(ROOT / "tocsin.example.yaml", ENV).platforms.settings()
    assert settings.keys() == registry.CARRIERS.keys()
    slack = registry.CARRIERS["slack"].make({**settings["slack"], "clock": lambda: 0.0}).settings
    assert (slack.bot_token, slack.app_token, slack.base_url) == (
        ENV["SLACK_BOT_TOKEN"], ENV["SLACK_APP_TOKEN"], "https://slack.com/api/",
    )  # fmt: skip
    teams = registry.CARRIERS["teams"].make({**settings["teams"], "clock": lambda: 0.0}).settings
    assert (teams.client_secret, teams.service_url) == (
        ENV["TEAMS_CLIENT_SECRET"], "https://smba.trafficmanager.net/teams/",
    )  # fmt: skip
    telegram = registry.CARRIERS["telegram"].make(settings["telegram"]).settings
    assert (telegram.token, telegram.base_url) == (ENV["TELEGRAM_TOKEN"], "https://api.telegram.org/bot")
    for name in ("sms", "voice", "email"):
        wanted = {each.name for each in fields(registry._load(registry.CARRIERS[name].settings))}
        assert settings[name].keys() <= wanted


@pytest.mark.parametrize("end", ["", "/", "/bot", "/bot/"])
def test_a_base_url_is_given_to_the_sdk_as_it_wants_it(end: str):
    here = "http://127.0.0.1:8400"
    slack = {"bot_token": "xoxb-1", "app_token": "xapp-1", "base_url": f"{here}/slack/api"}
    telegram = {"token": "1:A", "base_url": f"{here}/telegram{end}"}
    platforms = load.read(small({"platforms": {"slack": slack, "telegram": telegram}}), file="t", env={}).platforms
    assert platforms.settings()["slack"]["base_url"] == f"{here}/slack/api/"
    assert platforms.settings()["telegram"]["base_url"] == f"{here}/telegram/bot"


def test_rules_are_tried_by_priority_then_in_order():
    rules = [
        {"name": name, "priority": priority, "levels": [{"notify": ["member:ann"]}]}
        for name, priority in (("late", 5), ("one", 0), ("two", 0))
    ]
    world = load.read(small({"channels": {"pay": {"rules": rules}}}), file="t", env={}).world
    assert [rule.name for rule in world.channels["pay"].rules] == ["one", "two", "late"]


def test_secrets_are_shown_nowhere():
    loaded = load.load(ROOT / "tocsin.example.yaml", ENV)
    shown = repr(loaded.manifest) + repr(loaded.platforms)
    assert not [name for name, value in ENV.items() if len(value) > 4 and name not in HARMLESS and value in shown]
    bad = small({"platforms": {"slack": {"bot_token": "topsecret"}, "telegram": {"token": 12345678}}})
    text = "\n".join(map(str, problems_of(bad)))
    assert "secret_shape" in text
    assert "topsecret" not in text
    assert "12345678" not in text


HARMLESS = {"TEAMS_APP_ID", "TEAMS_TENANT_ID", "TWILIO_ACCOUNT_SID", "TWILIO_FROM", "SMTP_USERNAME"}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "empty", 1),
        ("# nothing\n", "empty", 1),
        ("- a\n", "model_type", 1),
        ("organization: A\nmembers: {\n", "yaml", 3),
        ("organization: A\norganization: B\n", "duplicate_key", 2),
        ("organization: !!python/object:os.system x\n", "tag", 1),
        ("a: &a {x: 1}\nb:\n  <<: *a\n", "key", 3),
        ("a: &a [*a]\n", "too_large", 1),
        ("[" * 5000, "too_large", 1),
        ("[" * 40 + "]" * 40, "too_large", 1),
        ("a: \x00\n", "yaml", 1),
        ("x" * 2_000_001, "too_large", 1),
    ],
)
def test_what_is_not_a_manifest(text: str, code: str, line: int):
    (problem,) = [p for p in problems_of(text) if p.code == code]
    assert problem.line == line


def test_a_bomb_of_anchors_is_refused_in_time():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20))
    assert "too_large" in {p.code for p in problems_of(bomb)}


def test_yaml_means_what_it_says():
    text = SMALL.replace("Ann", "NO").replace("timezone: UTC", "timezone: UTC  # a comment")
    loaded = load.read(text, file="t", env={})
    assert loaded.world.members["ann"].name == "NO"
    source = load.parse(
        "time: 12:30\nphone: +4915112345678\nday: 2026-01-05\nnight: on\noct: 010\nn: -5\nf: 1.5\n", "t"
    )
    assert source.data == {
        "time": "12:30", "phone": "+4915112345678", "day": "2026-01-05", "night": "on", "oct": "010", "n": -5, "f": 1.5,
    }  # fmt: skip


def test_a_file_that_cannot_be_read_is_a_problem_too(tmp_path: Path):
    with pytest.raises(ManifestError, match="cannot be read"):
        load.load(tmp_path / "none.yaml", {})
    (tmp_path / "latin.yaml").write_bytes("organization: Café".encode("latin-1"))
    with pytest.raises(ManifestError, match="not UTF-8"):
        load.load(tmp_path / "latin.yaml", {})


def test_a_problem_prints_like_a_compiler_does():
    problem = Problem(line=3, path="a.b", code="c", message="It is wrong.", cure="Mend it.", file="f.yaml")
    assert str(problem) == "f.yaml:3: It is wrong. Mend it. [c]"
    assert copy.copy(problem).as_json() == {
        "line": 3, "path": "a.b", "code": "c", "message": "It is wrong.", "cure": "Mend it.", "file": "f.yaml",
    }  # fmt: skip


def test_a_manifest_can_be_looked_at_without_its_secrets():
    env = SecretsLater({})
    loaded = load.load(ROOT / "tocsin.example.yaml", env, ["prometheus", "standard"])
    assert loaded.world.members
    assert "SLACK_BOT_TOKEN" in env.missing
    with pytest.raises(ManifestError):
        load.load(ROOT / "tocsin.example.yaml", {}, ["prometheus", "standard"])
