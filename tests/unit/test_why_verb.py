"""`tocsin why`: verdicts above the timeline, as text and as JSON, from a database and a manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.clock import Ids, SystemClock
from bot.engine.model import Event, EventStatus, Severity
from bot.manifest import load
from bot.service import Service
from bot.store import migrations
from bot.store.opening import open_store
from tests.unit.manifests import small

MANIFEST = small({
    "members": {"bo": {"name": "Bo", "identities": {"slack": "U2"}}, "cy": {"name": "Cy"}},
    "channels": {"pay": {"rules": [
        {"name": "Info", "filter": [[{"key": "severity", "oper": "IN", "vals": ["Info"]}]],
         "levels": [{"notify": ["member:cy"]}]},
        {"name": "All", "levels": [{"notify": ["schedule:s"]}, {"notify": ["member:bo"]}]},
    ]}},
})  # fmt: skip


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """One critical incident in a database, beside its manifest."""
    file, url = tmp_path / "tocsin.yaml", f"sqlite:///{tmp_path / 'tocsin.db'}"
    file.write_text(MANIFEST, encoding="utf-8")
    migrations.migrate(url)
    store, clock = open_store(url), SystemClock()
    world = load.read(MANIFEST, file="t", env={}).world
    event = Event(
        alert_key="k", status=EventStatus.TRIGGER, severity=Severity.CRITICAL, title="disk full", at=clock.now()
    )
    service = Service(lambda: world, clock, Ids())
    store.run(lambda tx: service.absorb(tx, world.integrations["p"], [event]))
    store.close()
    return {"TOCSIN_MANIFEST": str(file), "TOCSIN_DATABASE": url}


def said(env: dict[str, str], *words: str) -> str:
    result = CliRunner(env=env).invoke(app, ["why", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_verdicts_stand_above_the_timeline(env):
    text = said(env, "1")
    assert "  – “Info” does not fit: severity IN Info does not hold\n  → the rule “All” takes it" in text
    assert "  → level 1, where it stands\n      schedule:s: Ann (primary, layer layer-1, " in text
    assert "  Ann is paged at level 1 through schedule:s/primary; by Slack, the default" in text
    assert "  Bo is not paged yet: level 2 has not been reached; by Slack, the default" in text
    assert "  Cy is not paged: no level names Cy" in text
    assert text.index("People:") < text.index("i_notify")


def test_about_one_person(env):
    text = said(env, "1", "bo")
    assert "Bo is not paged yet" in text
    assert "Ann is paged" not in text


def test_as_data(env):
    verdicts = json.loads(said(env, "1", "--json"))["verdicts"]
    assert [(one["rule"], one["verdict"]) for one in verdicts["rules"]] == [("Info", "filter"), ("All", "chosen")]
    assert verdicts["rules"][0]["fails"] == [{"key": "severity", "oper": "IN", "vals": ["Info"]}]
    assert verdicts["levels"][0]["targets"][0]["people"][0]["member"] == "ann"
    assert {one["member"]: one["verdict"] for one in verdicts["members"]} == {
        "ann": "paged", "bo": "later", "cy": "not_named",
    }  # fmt: skip


def test_without_a_manifest_what_was_decided_is_told_all_the_same(env):
    result = CliRunner(env=env | {"TOCSIN_MANIFEST": "/nowhere/tocsin.yaml"}).invoke(app, ["why", "1"])
    assert result.exit_code == 0
    assert "Without a manifest there are no verdicts" in result.stderr
    assert "i_notify" in result.stdout


def test_an_incident_that_is_not_there(env):
    assert CliRunner(env=env).invoke(app, ["why", "9"]).exit_code == 2
