"""`why` of an alert that nobody hears of: what hides it, what else would, and who would be paged."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.clock import Ids, VirtualClock
from bot.engine.feed import Route
from bot.engine.flapping import Flapping, Flaps
from bot.engine.inhibition import Inhibition
from bot.engine.model import MINUTE, Alert, Condition, Event, EventStatus, Level, Rule, Severity
from bot.engine.muting import Around, explain_alert
from bot.engine.silence import Silence
from bot.engine.verdicts import Verdicts
from bot.engine.world import World
from bot.manifest import load
from bot.service import Service
from bot.store import migrations
from bot.store.opening import open_store
from tests.scenarios.company import CRITICAL, company, member
from tests.scenarios.story import changed
from tests.sim.world import instant
from tests.unit.manifests import small

AT = instant("2026-03-03T02:00")


def asks(key: str, *vals: str) -> tuple[tuple[Condition, ...], ...]:
    return ((Condition(key=key, oper="IN", vals=vals),),)


def alert(**more: object) -> Alert:
    made = Alert(
        id="a", integration="scripts", channel="ops", alert_key="k", severity=Severity.CRITICAL, title="disk full",
        status=Severity.CRITICAL, description="", labels={}, links=(), images=(), first_at=AT, last_at=AT, events=1,
    )  # fmt: skip
    return replace(made, **more)


def found(world: World, one: Alert, now: int = AT, **around: object) -> Verdicts:
    return explain_alert(one, Around(**around), world, now)[1]


def quiet(*args: object, **more: object) -> list[tuple[str, str, str]]:
    return [(one.kind, one.name, one.why.value) for one in found(*args, **more).quiet]


SILENCES = (
    Silence(id="s1", channel="ops", filter=CRITICAL, end=AT + 90 * MINUTE, reason="deploy"),
    Silence(id="s2", channel="ops", filter=asks("severity", "Info")),
    Silence(id="s3", channel="ops", filter=CRITICAL, end=AT),
    Silence(id="s4", channel="ops", filter=CRITICAL),
)


def test_the_silence_that_hides_it_and_those_that_do_not():
    world = replace(company(), silences={"ops": SILENCES})
    one = alert(muted="silence:s1", muted_until=AT + 2 * MINUTE)
    assert quiet(world, one)[:4] == [
        ("silence", "deploy", "hides"), ("silence", "s2", "filter"),
        ("silence", "s3", "hours"), ("silence", "s4", "other"),
    ]  # fmt: skip
    assert found(world, one).quiet[0].until == AT + 90 * MINUTE, "its own end, not when it is asked about again"


def test_a_silence_that_is_over_or_gone_hides_it_for_two_minutes_at_most():
    world = replace(company(), silences={"ops": SILENCES})
    one = alert(muted="silence:s1")
    assert quiet(world, one, AT + 90 * MINUTE)[0] == ("silence", "deploy", "over")
    assert ("silence", "s9", "over") in quiet(world, alert(muted="silence:s9"))


INHIBITIONS = (
    Inhibition(id="i1", source=asks("title", "net*"), target=asks("title", "disk*")),
    Inhibition(id="i2", source=asks("title", "power*"), target=CRITICAL),
    Inhibition(id="i3", source=asks("title", "disk*"), target=CRITICAL),
    Inhibition(id="i4", source=asks("title", "net*"), target=asks("title", "mem*")),
)


def test_the_inhibition_that_hides_it_names_the_cause():
    world = changed(company(), "ops", inhibitions=INHIBITIONS)
    cause = alert(id="c", title="net down")
    one = alert(muted="inhibit:i1", cause="c")
    assert quiet(world, one, cause=cause)[:4] == [
        ("inhibition", "i1", "hides"), ("inhibition", "i2", "no_cause"),
        ("inhibition", "i3", "is_cause"), ("inhibition", "i4", "filter"),
    ]  # fmt: skip
    assert found(world, one, cause=cause).quiet[0].cause == "net down"
    assert quiet(world, one, cause=replace(cause, closed_at=AT))[0] == ("inhibition", "i1", "over")


def test_what_is_silenced_and_would_be_inhibited_as_well():
    world = changed(replace(company(), silences={"ops": SILENCES}), "ops", inhibitions=INHIBITIONS)
    cause = alert(id="c", title="net down")
    told = found(world, alert(muted="silence:s1"), actives=(cause,)).quiet
    assert [(one.name, one.why.value, one.cause) for one in told if one.name == "i1"] == [("i1", "other", "net down")]


@pytest.mark.parametrize(
    ("rule", "flaps", "muted", "expected"),
    [
        (None, None, "", ("off", 0, None)),
        (Flapping(), None, "", ("steady", 0, None)),
        (Flapping(), (1, 2, 3), "", ("steady", 3, None)),
        (Flapping(mute=30 * MINUTE), (1, 2, 3, 4), "", ("noticed", 4, None)),
        (Flapping(mute=30 * MINUTE), (1, 2, 3, 4), "flapping", ("hides", 4, AT + MINUTE)),
    ],
)
def test_flapping(rule, flaps, muted, expected):
    world = changed(company(), "ops", flapping=rule)
    known = Flaps(
        integration="scripts", channel="ops", alert_key="k", changes=flaps, noticed_at=AT if len(flaps) > 3 else None
    ) if flaps else None  # fmt: skip
    one = alert(muted=muted, muted_until=AT + MINUTE if muted else None)
    last = found(world, one, flaps=known).quiet[-1]
    assert (last.kind, (last.why.value, last.changes, last.until)) == ("flapping", expected)


def test_nobody_is_paged_and_everybody_hears_why():
    levels = (Level(targets=(member("bo"),)), Level(targets=(member("cy"),)))
    world = changed(company(), "ops", rules=(Rule(id="r", name="All", levels=levels),))
    told = found(world, alert(muted="silence:s"))
    assert [(one.rule, one.why.value) for one in told.rules] == [("All", "would")]
    assert not any(level.current for level in told.levels)
    assert {name: told.member(name).why.value for name in ("bo", "cy", "ann")} == {
        "bo": "muted", "cy": "later", "ann": "not_named",
    }  # fmt: skip
    over = found(world, alert(muted="silence:s", closed_at=AT))
    assert over.member("bo").why == "closed"


def test_the_cases_of_a_shared_integration():
    feed = replace(
        company().integrations["scripts"],
        channel="",
        routes=(Route(filter=asks("severity", "Info"), channels=("ops",)), Route(channels=("ops",))),
    )
    told = found(replace(company(), integrations={"scripts": feed}), alert(muted="silence:s"))
    assert [(one.case, one.why.value) for one in told.routes] == [
        (1, "route_filter"), (2, "route_taken"), (0, "route_not_asked"),
    ]  # fmt: skip


# -- the verb ----------------------------------------------------------------------------------------------------------

MANIFEST = small({
    "members": {"bo": {"name": "Bo", "identities": {"slack": "U2"}}},
    "channels": {"pay": {"silences": [
        {"name": "Disks", "filter": [[{"key": "title", "oper": "IN", "vals": ["disk*"]}]], "end": "2099-01-01T00:00"},
    ]}},
})  # fmt: skip


@pytest.fixture
def env(tmp_path):
    """Two alerts in a database: one that a silence hides, and one that has an incident."""
    file, url = tmp_path / "tocsin.yaml", f"sqlite:///{tmp_path / 'tocsin.db'}"
    file.write_text(MANIFEST, encoding="utf-8")
    migrations.migrate(url)
    store = open_store(url)
    world = load.read(MANIFEST, file="t", env={}).world
    service = Service(lambda: world, VirtualClock(AT), Ids(seed=1))
    events = [
        Event(alert_key=key, status=EventStatus.TRIGGER, severity=Severity.CRITICAL, title=title, at=AT)
        for key, title in (("disk-1", "disk full"), ("net-1", "net down"))
    ]
    store.run(lambda tx: service.absorb(tx, world.integrations["p"], events))
    store.close()
    return {"TOCSIN_MANIFEST": str(file), "TOCSIN_DATABASE": url}


def said(env: dict[str, str], *words: str, code: int = 0) -> str:
    result = CliRunner(env=env).invoke(app, ["why", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def test_by_its_key(env):
    text = said(env, "disk-1")
    assert text.startswith("The alert disk full (disk-1) in pay, as of ")
    assert "  → the rule “All” would take it\n" in text
    assert "  → the silence “pay/Disks” hides it until " in text
    assert "  – it does not come and go: 1 changes lately, and 4 would be flapping\n" in text
    assert "  Ann is not paged, and would be at level 1 through member:ann if nothing hid it; by Slack" in text
    assert "  Bo is not paged: no level names Bo" in text
    assert "Bo" not in said(env, "disk-1", "ann").partition("People:")[2]


def test_by_its_id_as_data(env):
    first = json.loads(said(env, "disk-1", "--json"))
    assert first["incident"] is None
    (told,) = first["alerts"]
    assert told["alert"] | {"id": ""} == {
        "id": "", "key": "disk-1", "title": "disk full", "channel": "pay", "integration": "p",
        "muted": "silence:pay/Disks", "asked_again_at": "2026-03-03T02:02:00+00:00",
    }  # fmt: skip
    assert told["quiet"][0] | {"text": ""} == {
        "kind": "silence", "name": "pay/Disks", "id": "pay/Disks", "verdict": "hides", "cause": "", "fails": [],
        "until": "2099-01-01T00:00:00+00:00", "text": "",
    }  # fmt: skip
    assert json.loads(said(env, told["alert"]["id"], "--json"))["alerts"][0]["alert"] == told["alert"]


def test_an_alert_that_an_incident_has_leads_to_it(env):
    told = [json.loads(said(env, word, "--json")) for word in ("net-1", "1", "#1")]
    assert [one["incident"] for one in told] == [1, 1, 1]
    assert told[0]["entries"] == told[1]["entries"]
    assert said(env, "net-1").startswith("Rules, as it opened at 2026-03-03T02:00:00+00:00:")


def test_nobody_knows_it(env):
    assert "There is no incident mem-1, and no open alert with that key." in said(env, "mem-1", code=2)
