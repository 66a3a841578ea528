"""Everything that a manifest can say wrongly is told with its place, a reason and a cure; the limits are allowed."""

from __future__ import annotations

import pytest
import yaml

from tests.unit.manifests import problems_of, small

LEVEL = {"notify": ["member:ann"]}


def rule(**changes: object) -> dict:
    return {"channels": {"pay": {"rules": [{"name": "r", "levels": [LEVEL], **changes}]}}}


def level(**changes: object) -> dict:
    return rule(levels=[{**LEVEL, **changes}])


def condition(key: str, oper: str, *vals: object) -> dict:
    return rule(filter=[[{"key": key, "oper": oper, "vals": list(vals)}]])


def layer(**changes: object) -> dict:
    return {"schedules": {"s": {"layers": [{"start": "2026-01-05T09:00", "members": ["ann"], **changes}]}}}


def member(**changes: object) -> dict:
    return {"members": {"ann": changes}}


def platform(name: str, **changes: object) -> dict:
    return {"platforms": {name: changes}}


LONG = "x" * 60
RULE, LVL = "channels.pay.rules[0]", "channels.pay.rules[0].levels[0]"
MAIL = {"host": "smtp.example.com", "from": "t@example.com"}


@pytest.mark.parametrize(
    ("change", "path", "code", "said"),
    [
        (level(repeat={"every": "20s", "times": 1}), f"{LVL}.repeat.every", "out_of_range", "30s to 2h"),
        (level(repeat={"every": "121m", "times": 1}), f"{LVL}.repeat.every", "out_of_range", "30s to 2h"),
        (level(repeat={"every": "45s", "times": 1}), f"{LVL}.repeat.every", "step", "steps of 30s"),
        (level(repeat={"every": 5, "times": 1}), f"{LVL}.repeat.every", "duration", "5"),
        (level(repeat={"every": "5 minutes", "times": 1}), f"{LVL}.repeat.every", "duration", "5 minutes"),
        (level(repeat={"every": "5m", "times": 7}), f"{LVL}.repeat.times", "less_than_equal", "above 6 (7)"),
        (level(repeat={"every": "5m", "times": -1}), f"{LVL}.repeat.times", "greater_than_equal", "below 0 (-1)"),
        (level(repeat={"every": "5m", "times": True}), f"{LVL}.repeat.times", "int_type", "whole number"),
        (level(escalate_after="721m"), f"{LVL}.escalate_after", "out_of_range", "1m to 12h"),
        (level(escalate_after="30s"), f"{LVL}.escalate_after", "out_of_range", "1m to 12h"),
        (level(even_if_acked="yes"), f"{LVL}.even_if_acked", "bool_type", "true nor false"),
        (level(notify=[]), f"{LVL}.notify", "too_short", "is empty"),
        (level(notify=["ann"]), f"{LVL}.notify[0]", "target", "'ann'"),
        (level(notify=["member:ann/primary"]), f"{LVL}.notify[0]", "target", "nobody"),
        (level(notify=["member:bo"]), f"{LVL}.notify[0]", "unknown_member", "'bo'"),
        (level(notify=["team:t"]), f"{LVL}.notify[0]", "unknown_team", "'t'"),
        (level(notify=["schedule:z"]), f"{LVL}.notify[0]", "unknown_schedule", "'z'"),
        (level(notify=["schedule:s/backup"]), f"{LVL}.notify[0]", "unknown_role", "'backup'"),
        (level(via={"critical": ["sms"]}), f"{LVL}.via.critical[0]", "unknown_platform", "platforms"),
        (level(via={"critical": ["pigeon"]}), f"{LVL}.via.critical[0]", "way", "'pigeon'"),
        (level(via={"critical": ["voice"]}), f"{LVL}.via.critical[0]", "unknown_platform", "platforms"),
        (level(chats=[{"platform": "telegram", "id": 1}]), f"{LVL}.chats[0].platform", "unknown_platform", "telegram"),
        (rule(delay="3601s"), f"{RULE}.delay", "out_of_range", "0s to 1h"),
        (rule(rounds=0), f"{RULE}.rounds", "greater_than_equal", "below 1"),
        (rule(rounds=11), f"{RULE}.rounds", "less_than_equal", "above 10"),
        (rule(priority=201), f"{RULE}.priority", "less_than_equal", "above 200"),
        (rule(name="x" * 40), f"{RULE}.name", "name", "1 to 39"),
        (rule(levels=[LEVEL] * 21), f"{RULE}.levels", "too_long", "longer than 20"),
        (rule(filter=[[]]), f"{RULE}.filter[0]", "too_short", "is empty"),
        (condition("labels.", "IN", "a"), f"{RULE}.filter[0][0].key", "condition_key", "'labels.'"),
        (condition("title", "LIKE", "a"), f"{RULE}.filter[0][0].oper", "literal_error", "'LIKE'"),
        (condition("title", "IN"), f"{RULE}.filter[0][0].vals", "too_short", "is empty"),
        (condition("title", "IN", "/(?=disk)/"), f"{RULE}.filter[0][0].vals[0]", "condition_value", "RE2 says"),
        (condition("title", "IN", "//"), f"{RULE}.filter[0][0].vals[0]", "condition_value", "matches everything"),
        (condition("title", "IN", f"/{'x' * 1025}/"), f"{RULE}.filter[0][0].vals[0]", "condition_value", "1024 bytes"),
        (
            condition("title", "IN", "/a{999}b{999}[ab]{999}.{999}c{999}/"),
            f"{RULE}.filter[0][0].vals[0]",
            "condition_value",
            "4096",
        ),
        (condition("title", "IN", "cidr:10.0.0.1/8"), f"{RULE}.filter[0][0].vals[0]", "condition_value", "no network"),
        (condition("title", "IN", "num:gt:90%"), f"{RULE}.filter[0][0].vals[0]", "condition_value", "decimal number"),
        (condition("title", "IN", "x" * 513), f"{RULE}.filter[0][0].vals[0]", "condition_value", "512"),
        (condition("severity", "IN", "critical"), f"{RULE}.filter[0][0]", "severity", "critical"),
        ({"channels": {"pay": {"name": LONG}}}, "channels.pay.name", "name", "1 to 59"),
        ({"channels": {"pay": {"auto_close": "31d"}}}, "channels.pay.auto_close", "out_of_range", "0s to 30d"),
        ({"channels": {"pay": {"team": "t"}}}, "channels.pay.team", "unknown_team", "'t'"),
        ({"channels": {"pay": {"group_by": ["a", "a"]}}}, "channels.pay.group_by", "twice", "a twice"),
        ({"channels": {"pay": {"colour": 1}}}, "channels.pay.colour", "unknown_key", "colour"),
        ({"channels": {"pay": {"rules": [{"name": "r", "levels": [LEVEL]}] * 2}}}, "channels.pay", "twice", "r twice"),
        (layer(unit="weeks"), "schedules.s.layers[0].unit", "literal_error", "'weeks'"),
        (layer(every=31), "schedules.s.layers[0].every", "less_than_equal", "above 30 (31)"),
        (layer(every=0), "schedules.s.layers[0].every", "greater_than_equal", "below 1 (0)"),
        (layer(start="2026-01-05T09:00+01:00"), "schedules.s.layers[0].start", "wall_time", "local time"),
        (layer(start="monday"), "schedules.s.layers[0].start", "wall_time", "'monday'"),
        (layer(end="2026-01-05T09:00"), "schedules.s.layers[0]", "ends_first", "before it starts"),
        (layer(members=["zed"]), "schedules.s.layers[0].members[0]", "unknown_member", "'zed'"),
        (layer(groups=[{"primary": ["ann"]}]), "schedules.s.layers[0]", "rotation", "either"),
        (
            layer(members=None, groups=[{"primary": ["zed"]}]),
            "schedules.s.layers[0].groups[0].primary[0]",
            "unknown_member",
            "'zed'",
        ),
        ({"schedules": {"s": {"name": "x" * 41}}}, "schedules.s.name", "name", "1 to 40"),
        ({"schedules": {"s": {"timezone": "Mars/Base"}}}, "schedules.s.timezone", "timezone", "Mars/Base"),
        ({"schedules": {"t": {"name": "S", "timezone": "UTC"}}}, "schedules.t.name", "same_name", "schedules.s.name"),
        (
            {
                "schedules": {
                    "s": {"overrides": [{"start": "2026-01-02T00:00", "end": "2026-01-01T23:00Z", "member": "ann"}]}
                }
            },
            "schedules.s.overrides[0].end",
            "ends_first",
            "before it starts",
        ),
        (
            {"schedules": {"s": {"overrides": [{"start": "noon", "end": "2026-01-01T23:00Z", "member": "ann"}]}}},
            "schedules.s.overrides[0].start",
            "moment",
            "'noon'",
        ),
        (member(phone="+49 12"), "members.ann.phone", "phone", "'+49 12'"),
        (member(phone="020 7946 0018"), "members.ann.phone", "phone", "international"),
        (member(email="ann"), "members.ann.email", "email", "'ann'"),
        (member(email="ann@x\nBcc: y"), "members.ann.email", "email", "mail address"),
        (member(lang="fr"), "members.ann.lang", "literal_error", "'fr'"),
        (member(timezone="Europe"), "members.ann.timezone", "timezone", "'Europe'"),
        (member(name=""), "members.ann.name", "name", "1 to 59"),
        (member(name=7), "members.ann.name", "string_type", "not text (7)"),
        (member(seat=1), "members.ann.seat", "bool_type", "true nor false"),
        (member(identities={"slck": "U1"}), "members.ann.identities.slck", "platform", "'slck'"),
        (member(identities={"telegram": 1}), "members.ann.identities.telegram", "unknown_platform", "telegram"),
        (member(notify={"critical": ["sms"]}), "members.ann.notify.critical[0]", "unknown_platform", "sms"),
        (member(notify={"critical": ["im", "im"]}), "members.ann.notify.critical", "twice", "im twice"),
        ({"members": {"Ann": {"name": "A"}}}, "members.Ann", "id", "'Ann'"),
        ({"teams": {"t": {"name": "T", "members": []}}}, "teams.t.members", "too_short", "is empty"),
        ({"teams": {"t": {"name": "T", "members": ["an"]}}}, "teams.t.members[0]", "unknown_member", "'an'"),
        ({"integrations": {"p": {"key": "short"}}}, "integrations.p.key", "secret_shape", "hard to guess"),
        ({"integrations": {"p": {"channel": "payments"}}}, "integrations.p.channel", "unknown_channel", "payments"),
        ({"integrations": {"p": {"source": "prometeus"}}}, "integrations.p.source", "unknown_source", "prometeus"),
        (
            {"integrations": {"q": {"source": "standard", "channel": "pay", "key": "k" * 16}}},
            "integrations.q.key",
            "same_key",
            "integrations.p.key",
        ),
        ({"integrations": {"p": {"key": "env:NOT_SET"}}}, "integrations.p.key", "env_missing", "NOT_SET"),
        ({"integrations": {"p": {"key": "env:not a name"}}}, "integrations.p.key", "env_name", "variable"),
        ({"catch_all": []}, "catch_all", "too_short", "is empty"),
        ({"catch_all": None}, "catch_all", "tuple_type", "not a list"),
        ({"public_url": "http://tocsin.example.com"}, "public_url", "plain_http", "plain HTTP"),
        ({"public_url": "tocsin"}, "public_url", "url", "'tocsin'"),
        ({"public_url": "https://t.example/?x=1"}, "public_url", "url", "base URL"),
        (platform("slack", bot_token="xoxb-1"), "platforms.slack", "no_way_in", "press a button"),
        (
            platform("slack", bot_token="xoxb-1", app_token="xoxb-1"),
            "platforms.slack.app_token",
            "secret_shape",
            "app-level",
        ),
        (platform("telegram", token="1:A", mode="webhook"), "platforms.telegram", "no_secret_token", "secret token"),
        (platform("telegram", token="1:A", mode="pull"), "platforms.telegram.mode", "literal_error", "'pull'"),
        (platform("sms", vendor="acme"), "platforms.sms.vendor", "literal_error", "'acme'"),
        (platform("email", **MAIL, starttls=False), "platforms.email", "plain_smtp", "plain SMTP"),
        (platform("email", **MAIL, username="u"), "platforms.email", "half_a_login", "two parts"),
        (platform("email", **MAIL, port=70000), "platforms.email.port", "less_than_equal", "above 65535"),
        (platform("email", **{"from": "t@example.com"}), "platforms.email", "no_relay", "nobody would carry"),
        (platform("email", **MAIL, relays=[{"host": "b"}]), "platforms.email", "two_ways_of_relays", "beside them"),
        (
            platform("email", **{"from": "t@example.com", "relays": [{"host": "b"}, {"host": "b"}]}),
            "platforms.email",
            "same_relay",
            "twice",
        ),
        (
            platform("email", **{"from": "t@example.com", "relays": [{"host": "b", "starttls": False}]}),
            "platforms.email.relays[0]",
            "plain_smtp",
            "plain SMTP",
        ),
        (
            platform("email", **{"from": "t@example.com", "relays": [{"host": f"r{n}"} for n in range(6)]}),
            "platforms.email.relays",
            "too_long",
            "",
        ),
        (platform("zoom"), "platforms.zoom", "unknown_key", "zoom"),
    ],
)
def test_what_is_wrong_is_told_with_place_and_cure(change: dict, path: str, code: str, said: str):
    text = small(change)
    found = {(p.path, p.code): p for p in problems_of(text)}
    assert (path, code) in found, "\n".join(map(str, found.values()))
    problem = found[path, code]
    assert said in problem.message
    assert problem.cure.endswith((".", "?"))
    assert problem.file == "tocsin.yaml"
    assert problem.line == line_of(text, path), problem


@pytest.mark.parametrize(
    "change",
    [
        level(repeat={"every": "30s", "times": 0}),
        level(repeat={"every": "0.5m", "times": 6}),
        level(repeat={"every": "1h59m30s", "times": 1}),
        level(repeat={"every": "120m", "times": 1}),
        level(escalate_after="1m"),
        level(escalate_after="720m"),
        rule(delay=0, priority=200, rounds=10, name="x" * 39, levels=[LEVEL] * 20),
        rule(delay="3600s", priority=0, rounds=1, name="x"),
        {"channels": {"pay": {"auto_close": "30d", "name": "x" * 59}}},
        {"schedules": {"s": {"name": "x" * 40}}},
        layer(every=30, unit="hour", start="2026-01-05 09:00", end="2026-01-05T09:01"),
        condition("labels.code", "NOTIN", "*", "x", 500),
        condition("labels.code", "IN", f"/{'x' * 1024}/", "cidr:10.0.0.0/8", "cidr:2001:db8::/32", "num:le:-0.5"),
        platform("slack", bot_token="xoxb-1", signing_secret="s", base_url="http://127.0.0.1:8401/slack/api/"),
        {"public_url": "http://localhost:8080/"},
    ],
)
def test_the_limits_themselves_are_allowed(change: dict):
    assert problems_of(small(change)) == ()


def line_of(text: str, path: str) -> int:
    """The line of a path in block style, found by another way than the loader's."""
    node, line = yaml.compose(text), 1
    for step in path.replace("[", ".[").split("."):
        if step.startswith("["):
            node = node.value[int(step.strip("[]"))]
            line = node.start_mark.line + 1
        else:
            key, node = next(pair for pair in node.value if pair[0].value == step)
            line = key.start_mark.line + 1
    return line


def test_all_of_it_is_told_at_once_in_the_order_of_the_file():
    text = small(member(phone="1", lang="fr")) + "colour: red\n"
    text = text.replace("member:ann", "member:bo")
    found = problems_of(text)
    assert {"phone", "literal_error", "unknown_member", "unknown_key"} <= {p.code for p in found}
    assert [p.line for p in found] == sorted(p.line for p in found)


def test_a_slip_gets_the_word_that_was_meant():
    cures = {
        p.code: p.cure
        for p in problems_of(small(member(notfy={}) | {"teams": {"t": {"name": "T", "members": ["an"]}}}))
    }
    assert cures["unknown_key"] == "Did you mean `notify`?"
    assert cures["unknown_member"] == "Did you mean `ann`?"


def test_a_list_that_is_short_because_of_bad_items_is_blamed_once():
    assert [p.code for p in problems_of(small(level(notify=["ann"])))] == ["target"]
