"""`tocsin simulate`: what becomes of alerts that nobody hears of, answers of every kind, and outages that end."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from bot.cli import app
from tests.unit.manifests import small

NIGHT = "2026-03-03T02:00Z"
DISK, NET = ([[{"key": "title", "oper": "IN", "vals": [f"{word}*"]}]] for word in ("disk", "net"))
INFO, DEV = (
    [[{"key": "severity", "oper": "IN", "vals": ["Info"]}]],
    [[{"key": "labels.env", "oper": "IN", "vals": ["dev"]}]],
)
PEOPLE = {
    "ann": {"name": "Ann", "phone": "+12025550101", "email": "ann@example.com", "identities": {"slack": "U1"}},
    "bo": {"name": "Bo", "identities": {"slack": "U2"}},
}
LEVELS = [{"notify": ["member:ann"], "escalate_after": "10m"}, {"notify": ["member:bo"]}]
BASE = {
    "members": PEOPLE,
    "teams": {"web": {"name": "Web", "members": ["ann", "bo"]}},
    "channels": {
        "pay": {"rules": [{"name": "All", "rounds": 1, "levels": LEVELS}]},
        "web": {"name": "Web", "rules": [{"name": "All", "levels": [{"notify": ["member:bo"]}]}]},
    },
    "platforms": {
        "sms": {"vendor": "twilio", "account_sid": "AC" + "0" * 32, "auth_token": "t" * 16, "from": "+12025550100"},
        "email": {"host": "smtp.example.com", "from": "tocsin@example.com"},
    },
}  # fmt: skip


def manifest(**pay: Any) -> str:
    """A manifest whose first channel has these keys as well."""
    text = small(BASE)
    return small(_deep(BASE, {"channels": {"pay": pay}})) if pay else text


def _deep(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return old | {key: _deep(old.get(key), value) for key, value in new.items()}


@pytest.fixture
def run(tmp_path):
    """Runs the verb on a manifest; `run.code` and `run.err` of the last time."""

    def simulate(text: str, *words: str, code: int = 0) -> str:
        file = tmp_path / "tocsin.yaml"
        file.write_text(text, encoding="utf-8")
        result = CliRunner().invoke(app, ["simulate", str(file), "--at", NIGHT, *words], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.stderr

    return simulate


def alert(title: str = "disk full", **more: Any) -> tuple[str, str]:
    return "--alert", json.dumps({"title": title, **more})


@pytest.fixture
def story(run):
    """The entries as data."""
    return lambda text, *words: json.loads(run(text, *words, "--json"))["entries"]


def brief(entries: list[dict[str, Any]], *kinds: str) -> list[tuple[float, str, str, str]]:
    """After how many minutes, what, why and who, of these kinds."""
    return [
        (entry["after_s"] / 60, entry["kind"], entry["reason"], entry["member"] or entry["actor"])
        for entry in entries
        if entry["kind"] in kinds
    ]


def test_the_fields_that_others_build_on_are_there(story):
    entries = story(manifest(), *alert())
    wanted = {"at", "after_s", "kind", "level", "loop", "member", "medium", "to", "reason"}
    assert all(wanted <= entry.keys() for entry in entries)
    assert (entries[0]["kind"], entries[0]["at"], entries[0]["incident"]) == ("i_new", "2026-03-03T02:00:00+00:00", 1)


# -- nobody hears of it ------------------------------------------------------------------------------------------------


def test_what_a_silence_hides_is_heard_when_it_ends(story):
    quiet = [{"name": "Disks", "filter": DISK, "end": "2026-03-03T03:30"}]
    first, *rest = story(manifest(silences=quiet), *alert())
    assert (first["kind"], first["reason"], first["by"]) == ("a_new", "silenced", "silence:pay/Disks")
    assert first["until"] == "2026-03-03T03:30:00+00:00"
    assert first["text"] == "“disk full”: the silence pay/Disks hides it until 2026-03-03T03:30:00+00:00"
    assert (rest[0]["after_s"], rest[0]["kind"], rest[0]["reason"]) == (5400, "i_new", "silence_ended")


def test_a_silence_without_an_end_says_none(story):
    always = [{"name": "Disks", "filter": DISK, "when": [{"from": "00:00", "to": "24:00"}]}]
    (only,) = story(manifest(silences=always), *alert())
    assert (only["until"], only["text"]) == (None, "“disk full”: the silence pay/Disks hides it")


def test_the_end_of_a_long_silence_is_told_too(story):
    (only,) = story(manifest(silences=[{"name": "Disks", "filter": DISK, "end": "2027-01-01T00:00"}]), *alert())
    assert only["until"] == "2027-01-01T00:00:00+00:00"


def test_a_silence_that_drops_says_so_too(story):
    quiet = [{"name": "Disks", "filter": DISK, "end": "2026-03-03T03:30", "mode": "drop"}]
    (only,) = story(manifest(silences=quiet), *alert())
    assert (only["reason"], only["by"], only["until"]) == ("silenced", "silence:pay/Disks", "2026-03-03T03:30:00+00:00")


INHIBIT = [{"name": "Net", "source": NET, "target": DISK, "equals": ["rack"]}]
RACK = {"labels": {"rack": "1"}}


def test_an_alert_that_another_explains(story):
    entries = story(
        manifest(inhibit=INHIBIT), *alert("net down", **RACK), *alert(**RACK, at="1m"), "--answer", "ann:3m:resolve"
    )
    (hidden,) = [entry for entry in entries if entry["kind"] == "a_new"]
    assert (hidden["after_s"], hidden["reason"], hidden["by"], hidden["cause"]) == (
        60,
        "inhibited",
        "inhibit:Net",
        "net down",
    )
    assert hidden["text"] == "“disk full”: the inhibition Net hides it, explained by “net down”"
    opened = brief(entries, "i_new")
    assert [(why, after <= 5) for after, _, why, _ in opened] == [("alert", True), ("inhibition_over", True)]


def test_an_inhibition_that_nothing_explains_hides_nothing(story):
    entries = story(manifest(inhibit=INHIBIT), *alert("net down"), *alert(**RACK, at="1m"))
    assert [row[2] for row in brief(entries, "i_new", "a_new")] == ["alert", "alert"]


def test_a_key_that_comes_and_goes_is_muted_after_it_was_told(story):
    flapping = {"changes": 4, "within": "60m", "mute": "30m"}
    comes_and_goes = [
        word for n in range(3) for word in (*alert(at=f"{8 * n}m"), *alert(status="ok", at=f"{8 * n + 7}m"))
    ]
    entries = story(manifest(flapping=flapping), *comes_and_goes, *alert(at="24m"))
    muted = [entry for entry in entries if entry["reason"] == "flapping_muted"]
    assert [(entry["after_s"] / 60, entry["until"]) for entry in muted] == [
        (16, "2026-03-03T02:45:00+00:00"), (24, "2026-03-03T02:45:00+00:00"),
    ]  # fmt: skip
    assert (45, "i_new", "flapping_mute_over", "") in brief(entries, "i_new")


def test_what_a_channel_erases_and_what_an_integration_leaves_out(story):
    process = [{"severity_reset": "Warning"}, {"alert_drop": True, "filter": DEV}]
    text = small(_deep(BASE, {"channels": {"pay": {"drop": INFO}}, "integrations": {"p": {"process": process}}}))
    (dropped,) = story(text, *alert(channel="pay", severity="info"))
    assert (dropped["reason"], dropped["text"]) == ("dropped", "“disk full”: pay erases it (drop)")
    (out,) = story(text, *alert(integration="p", labels={"env": "dev"}))
    assert (out["reason"], out["text"]) == ("alert_dropped", "“disk full”: step 2 of the integration drops it")


def test_the_same_again_and_recoveries(story):
    entries = story(manifest(), *alert(), *alert(at="1m"), *alert(status="ok", at="2m"), *alert(status="ok", at="3m"))
    assert [(row[0], row[1], row[2]) for row in brief(entries, "a_new", "a_update", "a_close", "i_rslv")] == [
        (1, "a_update", "duplicate"), (2, "a_close", "recovered"), (2, "i_rslv", "recovered"),
        (3, "a_close", "recovery_without_alert"),
    ]  # fmt: skip


# -- where it goes -----------------------------------------------------------------------------------------------------


def shared(*routes: dict[str, Any], default: list[str] | None = None) -> str:
    feed = {"source": "standard", "key": "s" * 16, "routes": list(routes)} | (
        {"default_route": default} if default else {}
    )
    return small(_deep(BASE, {"integrations": {"company": feed}}))


ROUTES = (
    {"filter": INFO, "channels": ["pay"]},
    {"name_mapping": "team"},
    {"filter": DISK, "channels": ["pay", "web"], "stop": True},
    {"channels": ["web"]},
)


def test_each_case_of_a_shared_integration_has_its_verdict(story):
    entries = story(shared(*ROUTES), *alert(integration="company"))
    cases = [(entry["case"], entry["reason"], entry["to"]) for entry in entries if entry["case"] is not None]
    assert cases == [
        (1, "route_filter", ""), (2, "route_no_channel", ""), (3, "route_taken", "pay,web"), (4, "route_not_asked", ""),
    ]  # fmt: skip
    assert entries[0]["text"] == "“disk full”: case 1 does not fit: severity IN Info does not hold"
    assert {(entry["channel"], entry["incident"]) for entry in entries if entry["kind"] == "i_new"} == {
        ("pay", 1),
        ("web", 2),
    }


def test_a_name_that_a_channel_has_leads_there(story):
    entries = story(shared(*ROUTES[:2]), *alert("slow", integration="company", labels={"team": "Web"}))
    assert [(entry["reason"], entry["to"]) for entry in entries if entry["case"] == 2] == [("route_taken", "web")]


def test_what_no_case_takes(story):
    *_, default, nowhere = story(shared(*ROUTES[:2]), *alert(integration="company"))
    assert (default["case"], default["reason"], nowhere["reason"]) == (0, "route_no_default", "no_route")
    entries = story(shared(*ROUTES[:2], default=["web"]), *alert(integration="company"))
    assert [(e["reason"], e["to"]) for e in entries if e["case"] == 0] == [("route_default", "web")]
    assert [e["channel"] for e in entries if e["kind"] == "i_new"] == ["web"]


def test_several_incidents_are_told_apart_in_words(run):
    text = run(shared(*ROUTES), *alert(integration="company"))
    assert "ann by slack  #1 pay" in text
    assert "bo by slack  #2 web" in text
    assert "#1" not in run(manifest(), *alert())


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "kinds", "expected"),
    [
        (["ann:2m"], ("i_ack",), [(2, "i_ack", "acked", "ann")]),
        (["ann:2m:resolve"], ("i_rslv",), [(2, "i_rslv", "resolved", "ann")]),
        (["ann:2m", "ann:3m:unack"], ("i_unack",), [(3, "i_unack", "ack_withdrawn", "ann")]),
        (
            ["ann:2m", "ann:4m:snooze=2h"], ("i_snooze", "i_wake"),
            [(4, "i_snooze", "snoozed", "ann"), (124, "i_wake", "snooze_over", "")],
        ),
        (["ann:2m:resolve", "ann:3m"], ("i_ack", "i_comm"), [(3, "i_comm", "already_closed", "ann")]),
        (["ann:2m", "ann:4m:snooze=2h", "ann:10m:wake"], ("i_wake",), [(10, "i_wake", "snooze_ended", "ann")]),
        (["ann:2m:resolve", "ann:5m:reopen=again"], ("i_reopen",), [(5, "i_reopen", "reopened", "ann")]),
    ],
)  # fmt: skip
def test_what_people_do(story, answers, kinds, expected):
    words = [word for each in answers for word in ("--answer", each)]
    assert brief(story(manifest(), *alert(), *words), *kinds) == expected


@pytest.mark.parametrize("action", ["escalate", "escalate=2", "assign=bo", "add=bo", "add=team:web"])
def test_what_people_do_to_others(story, action):
    entries = story(manifest(), *alert(), "--answer", f"ann:2m:{action}")
    pages = brief(entries, "i_notify")
    assert next(after for after, _, _, who in pages if who == "bo") == 2


def test_answers_count_from_the_page_that_arrived(story):
    entries = story(manifest(), *alert(at="5m"), "--down", "slack:0s..6m", "--answer", "ann:2m")
    pages = [(entry["after_s"], entry["medium"]) for entry in entries if entry["kind"] == "i_notify"]
    assert pages[:2] == [(300, "slack"), (302, "sms")]
    assert brief(entries, "i_ack") == [(pytest.approx(422 / 60), "i_ack", "acked", "ann")]


# -- outages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("down", "failed"),
    [
        ([], []),
        (["slack"], ["ann slack", "bo slack", "ann slack"]),
        (["slack:5m.."], ["bo slack", "ann slack"]),
        (["slack:..5m"], ["ann slack"]),
        (["im:2026-03-03T02:05Z..2026-03-03T02:20Z"], ["bo slack"]),
        (["slack:..5m", "sms"], ["ann slack", "ann sms"]),
    ],
)
def test_an_outage_has_a_beginning_and_an_end(story, down, failed):
    words = [word for each in down for word in ("--down", each)]
    failures = [
        e for e in story(manifest(), *alert(), *words) if e["reason"] == "fallback_failed" and e["loop"] is None
    ]
    assert [f"{e['member']} {e['medium']}" for e in failures if e["after_s"] < 45 * 60] == failed


# -- misuse, and the picture -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--alert", "[]"), "needs a title"),
        (("--alert", "{"), "is no JSON"),
        (alert(severity="loud"), "Loud is no severity"),
        (alert(channel="x"), "There is no channel 'x'"),
        (alert(integration="x"), "There is no integration 'x'"),
        (alert(at="soon"), "soon"),
        ((*alert(), "--answer", "zed:1m"), "There is no member 'zed'"),
        ((*alert(), "--answer", "ann:x"), "'x' in 'ann:x' is no span"),
        ((*alert(), "--answer", "ann:1m:dance"), "'dance' is nothing that a person does here"),
        ((*alert(), "--answer", "ann:1m:snooze"), "There are: ack"),
        ((*alert(), "--answer", "ann:1m:assign=zed"), "'zed' is nobody"),
        ((*alert(), "--down", "pigeon"), "'pigeon' is no way"),
        ((*alert(), "--down", "slack:5m"), "does not say until when"),
        ((*alert(), "--down", "slack:5m..1m"), "ends before it begins"),
    ],
)
def test_misuse_is_a_sentence(run, words, said):
    assert said in run(manifest(), *words, code=2)


def test_several_alerts_in_one_list(story):
    given = json.dumps([{"title": "disk full"}, {"title": "net down", "at": "+90s", "channel": "web"}])
    entries = story(manifest(), "--alert", given)
    assert [(e["after_s"], e["channel"]) for e in entries if e["kind"] == "i_new"] == [(0, "pay"), (90, "web")]


def test_the_same_story_twice(run):
    words = (*alert(), *alert("net down", at="1m"), "--answer", "ann:2m", "--down", "sms", "--json")
    assert run(manifest(), *words) == run(manifest(), *words)


def test_the_picture_tells_what_nobody_heard_of(run, tmp_path):
    quiet = [{"name": "Disks", "filter": DISK, "end": "2027-01-01T00:00"}]
    run(manifest(silences=quiet), *alert(), "--svg", str(tmp_path / "x.svg"))
    texts = ["".join(each.itertext()) for each in ET.parse(tmp_path / "x.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert "Nobody is paged." in texts
    assert "silenced" in texts
