"""Every kind of line that a timeline knows is written by something that a person or a monitoring system does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.effects import Kind
from bot.engine.flapping import Flapping
from bot.engine.grouping import Grouping
from bot.engine.model import MINUTE
from bot.engine.world import CustomField
from tests.scenarios.company import company
from tests.scenarios.story import Story, changed

WRITTEN = {
    "i_new": "", "i_assign": "", "i_notify": "", "i_a_rspd": "add 1 ann", "i_ack": "ack 1", "i_unack": "unack 1",
    "i_snooze": "snooze 1 2h", "i_wake": "wake 1", "i_comm": "note 1 hello", "i_rslv": "resolve 1",
    "i_reopen": "reopen 1 not over", "i_merge": "merge 2 into 1", "i_r_title": "set 1 title x",
    "i_r_desc": "set 1 description x", "i_r_impact": "set 1 impact x", "i_r_rc": "set 1 cause x",
    "i_r_rsltn": "set 1 resolution x", "i_r_severity": "sev 1 info", "i_r_field": "set 1 ticket OPS-1",
}  # fmt: skip
"""Kind → what somebody says so that it is written; nothing: the opening is enough."""
BY_ALERTS = ("a_merge", "a_update", "a_close", "i_storm", "i_m_flapping")


@pytest.fixture(scope="module")
def told() -> list[str]:
    """The kinds on the timeline of an incident to which everything happened."""
    world = changed(
        company(), "ops", grouping=Grouping(method="rules", by=("labels.service",)), storm=(2,),
        flapping=Flapping(changes=2, mute=30 * MINUTE),
    )  # fmt: skip
    story = Story(replace(world, fields={"ticket": CustomField(name="ticket", label="Ticket")}))
    story.fire("disk", svc="db").fire("door", svc="hall").at("1m").fire("disk too", svc="db")
    story.fire("disk", text="fuller", svc="db").recover("disk too").at("2m")
    for text in filter(None, WRITTEN.values()):
        story.say("bo", text)
    return [line.partition(":")[0] for line in story.kinds(1)]


@pytest.mark.parametrize("kind", [*WRITTEN, *BY_ALERTS])
def test_a_kind_is_written(told, kind):
    assert Kind(kind) in told


@pytest.mark.parametrize(("how", "line"), [
    ("bo resolves", "i_rslv:resolved"), ("all recover", "i_rslv:recovered"), ("30m pass", "i_rslv:auto_closed"),
    ("it is merged", "i_rslv:merged"),
])  # fmt: skip
def test_the_end_of_an_incident_says_how_it_ended(how, line):
    story = Story(changed(company(), "ops", auto_close_after=30 * MINUTE)).fire("door").fire("disk").at("1m")
    {
        "bo resolves": lambda: story.say("bo", "resolve 2"),
        "all recover": lambda: story.recover("disk"),
        "30m pass": lambda: story.at("31m"),
        "it is merged": lambda: story.say("bo", "merge 2 into 1"),
    }[how]()
    story.at("32m")
    assert line in story.kinds(2)


@pytest.mark.parametrize("say", ["ack 1", "resolve 1", "note 1 x", "snooze 1 2h"])
def test_a_line_says_who_did_it_and_where(say):
    story = Story().fire("disk").at("1m")
    story.say("bo", say)
    entry = story.store.read(lambda tx: tx.timeline(tx.incident_by_num(1).id))[-1]
    assert (entry.actor, entry.facts["via"]) == ("bo", "slack")
