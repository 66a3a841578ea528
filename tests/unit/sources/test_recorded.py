"""Every recorded body of tests/sources becomes exactly the outcome that is written next to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from webhooks.sources import SOURCES
from webhooks.sources.batch import parse_one

RECORDED = Path(__file__).parents[2] / "sources"
BODIES = sorted(path for path in RECORDED.glob("*/*") if path.name.count(".") == 1)


def beside(body: Path, kind: str) -> dict:
    path = body.with_suffix(f".{kind}.json")
    return json.loads(path.read_text()) if path.exists() else {}


def outcome(body: Path) -> dict:
    asked = beside(body, "request")
    config = asked.get("config", {})
    headers = asked.get("headers", {})
    return parse_one(body.parent.name, body.read_bytes(), headers=headers, config=config, now=0, case=body.stem)


@pytest.mark.parametrize("body", BODIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_body_becomes_what_is_written_beside_it(body):
    assert outcome(body) == beside(body, "outcome")


@pytest.mark.parametrize("source", ["prometheus", "prometheus_v2", "standard"])
def test_a_recovery_has_the_key_of_its_trigger(source):
    folder = RECORDED / source
    recovery = next(path for path in sorted(folder.glob("recovery*.json")) if path.name.count(".") == 1)
    (began,), (ended,) = outcome(folder / "trigger.json")["events"], outcome(recovery)["events"]
    assert (began["status"], ended["status"]) == ("trigger", "ok")
    assert began["alert_key"] == ended["alert_key"]


def test_every_source_has_recorded_bodies():
    assert {body.parent.name for body in BODIES} >= set(SOURCES)
