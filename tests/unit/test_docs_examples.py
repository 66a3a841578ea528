"""The examples in docs/filters.md and docs/pipeline.md do what the pages say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from bot.engine import dispatching, enrichment, processing
from bot.engine.conditions import facts, matches
from bot.engine.model import Condition, Event, EventStatus, Severity
from bot.manifest import load
from tests.unit.manifests import problems_of, small

DOCS = Path(__file__).parents[2] / "docs"
FILTERS, PIPELINE = ((DOCS / name).read_text(encoding="utf-8") for name in ("filters.md", "pipeline.md"))
ROWS = re.findall(r"^\| `(\{key.*\})` \| (yes|no) \|$", FILTERS, re.MULTILINE)
KNOWN = facts(
    title="Disk 95 % full on db-1",
    description="",
    severity=Severity.CRITICAL,
    labels={"env": "prod", "used": "95.2", "instance": "10.0.0.7:9100", "note": ""},
)


def test_there_are_examples():
    assert len(ROWS) > 15


@pytest.mark.parametrize(("written", "holds"), ROWS)
def test_a_condition_holds_as_the_page_says(written, holds):
    said = yaml.safe_load(written)
    condition = Condition(key=said["key"], oper=said["oper"], vals=tuple(map(str, said["vals"])))
    assert matches(((condition,),), KNOWN) is (holds == "yes")
    rule = {"name": "r", "filter": [[said]], "levels": [{"notify": ["member:ann"]}]}
    assert problems_of(small({"channels": {"pay": {"rules": [rule]}}})) == ()


def test_the_filter_on_the_page_is_a_good_one():
    (shown,) = re.findall(r"```yaml\n(.*?)```", FILTERS, re.DOTALL)
    rule = {"name": "r", "levels": [{"notify": ["member:ann"]}], **yaml.safe_load(shown)}
    assert problems_of(small({"channels": {"pay": {"rules": [rule]}}})) == ()


EVENTS = re.findall(r"^\| `(\{\"title.*\})` \| (.*) \|$", PIPELINE, re.MULTILINE)


@pytest.mark.parametrize(("written", "outcome"), EVENTS)
def test_an_event_becomes_what_the_page_says(written, outcome):
    (shown,) = re.findall(r"```yaml\n(.*?)```", PIPELINE, re.DOTALL)
    names = {"ops": "Ops", "shop": "Shop", "billing": "Billing"}
    channels = {key: {"name": name} for key, name in names.items()}
    text = small({"channels": channels, **yaml.safe_load(shown)})
    world = load.read(text, file="docs/pipeline.md", env={"COMPANY_KEY": "c" * 16}).world
    feed, said = world.integrations["company"], json.loads(written)
    event = Event(
        alert_key="k",
        status=EventStatus.TRIGGER,
        severity=Severity(said["severity"]),
        title=said["title"],
        at=0,
        labels=said["labels"],
    )
    event = enrichment.enrich(event, feed.enrich, feed.id).event
    made = processing.process(event, feed.process, feed.id, feed.source, list, known=False)
    led = dispatching.targets(made.event, feed, world.channels, ())
    became = f"{made.event.severity} `{made.event.title}` in {' '.join(f'`{channel}`' for channel in led)}"
    assert outcome == (f"`{made.reason}`" if made.reason else became)


def test_there_are_events():
    assert len(EVENTS) == 4
