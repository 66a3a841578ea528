"""Texts with gaps: what fills them, and what stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine import templates
from bot.engine.model import Event, EventStatus, Severity

EVENT = Event(
    alert_key="k",
    status=EventStatus.TRIGGER,
    severity=Severity.WARNING,
    title="Disk full",
    description="95 %",
    at=0,
    labels={"host": "db-1", "a.b": "dotted", "gap": "${host}"},
)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("plain ${host}", "plain ${host}"),
        ("[TPL]${host}: {{.Title}}", "db-1: Disk full"),
        ("[TPL]${ host } {{ .Labels.host }}", "db-1 db-1"),
        ("[TPL]${none}|{{.Labels.none}}|{{.None}}|{{host}}", "<no value>|||"),
        ("[TPL]${a.b} {{.Labels.a.b}}", "dotted dotted"),
        ("[TPL]{{.EventSeverity}} {{.EventStatus}} {{.AlertKey}} {{.Description}}", "Warning Warning k 95 %"),
        ("[TPL]{{.IntegrationType}}/{{.IntegrationName}}", "standard/feed"),
        ("[TPL]${gap}", "${host}"),
        ("[TPL]${host", "${host"),
        ("[TPL]${${host}}", "${db-1}"),
        ("[TPL]", ""),
    ],
)
def test_rendering(text, rendered):
    fields = {"IntegrationType": "standard", "IntegrationName": "feed"}
    assert templates.render(text, EVENT, fields) == rendered


@pytest.mark.parametrize(
    ("text", "slip"), [("${host} down", True), ("{{.Title}}", True), ("$5 {x}", False), ("[TPL]${x}", False)]
)
def test_a_template_without_its_mark_is_a_slip(text, slip):
    assert bool(templates.fault(text)) is slip


@given(st.text(alphabet="${}. [TPL]Labelshost", max_size=60))
def test_rendering_is_total(text):
    assert isinstance(templates.render("[TPL]" + text, EVENT, {}), str)


def test_a_title_is_one_line():
    assert templates.one_line(" a\n b\t c ") == "a b c"
    assert len(templates.one_line("x" * 600)) == 512
