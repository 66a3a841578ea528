"""Sources are total: whatever a stranger sends gives an outcome, and every event stays within the limits."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.model import Event, EventStatus, Severity
from webhooks.sources import SOURCES
from webhooks.sources.base import Handshake, Ignored, Parsed, Rejected, Reply, Request
from webhooks.sources.batch import event_json, outcome_json

NOW = 1_790_000_000_000
TEXT = st.text(st.characters(exclude_categories=()), max_size=40)  # lone surrogates and NUL included
LONG = st.sampled_from(["x" * 3000, "ü" * 600, "{{ $labels.a }}", "\x00", "\ud800", "$NAME", "0001-01-01T00:00:00Z"])
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | LONG
JSON = st.recursive(
    SCALAR, lambda x: st.lists(x, max_size=4) | st.dictionaries(TEXT | LONG, x, max_size=4), max_leaves=12
)
LABELS = JSON | st.dictionaries(TEXT | LONG, SCALAR, max_size=60)
ANNOTATIONS = JSON | st.fixed_dictionaries(
    {}, optional={"summary": JSON, "description": JSON, "message": JSON, "timestamp": JSON, "runbook_url": JSON}
)
TIME = JSON | st.datetimes().map(lambda at: at.isoformat() + "Z") | st.floats().map(str)
ALERT = JSON | st.fixed_dictionaries(
    {"labels": LABELS},
    optional={
        "annotations": ANNOTATIONS,
        "status": st.sampled_from(["firing", "resolved", "RESOLVED"]) | JSON,
        "startsAt": TIME,
        "endsAt": TIME,
        "fingerprint": JSON,
        "generatorURL": JSON | st.just("https://x.example.org"),
    },
)
GROUP = st.fixed_dictionaries(
    {"alerts": st.lists(ALERT, max_size=3)}, optional={"status": JSON, "truncatedAlerts": JSON}
)
STANDARD = st.fixed_dictionaries(
    {"event_status": st.sampled_from([*Severity]), "title_rule": TEXT | LONG | st.just("[TPL]${a}{{.Labels.b}}")},
    optional={
        "alert_key": SCALAR | LONG,
        "labels": st.none() | st.dictionaries(TEXT | LONG, JSON, max_size=60),
        "description": JSON,
        "event_time": TIME,
        "images": st.none()
        | st.lists(JSON | st.fixed_dictionaries({"src": JSON, "alt": JSON, "href": JSON}), max_size=3),
    },
)
BODY = st.binary(max_size=200) | (JSON | st.lists(ALERT, max_size=3) | GROUP | STANDARD).map(
    lambda value: json.dumps(value).encode()
)


def request_with(source: str, body: bytes) -> Request:
    return Request.of(
        id="0123456789abcdef", source=source, headers={}, target="/", body=body, config={}, received_at=NOW
    )


def check_limits(event: Event) -> None:
    assert 0 < len(event.alert_key) <= 255
    assert 0 < len(event.title) <= 512
    assert "\n" not in event.title
    assert len(event.description) <= 2048
    assert len(event.labels) <= 50
    assert all(0 < len(name) <= 128 and 0 < len(value) <= 2048 for name, value in event.labels.items())
    assert (event.severity is Severity.OK) == (event.status is EventStatus.OK)
    assert event.at > 0
    assert all(link.href.startswith(("http://", "https://")) for link in event.links)
    msgspec.json.encode(event_json(event))  # refuses lone surrogates
    said = [event.alert_key, event.title, event.description, *event.labels, *event.labels.values()]
    assert not any("\x00" in text for text in said)


@pytest.mark.parametrize("source", ["prometheus", "prometheus_v2", "standard"])
@given(body=BODY)
def test_any_bytes_give_an_outcome_within_the_limits(source, body):
    request = request_with(source, body)
    outcome = SOURCES[source].parse(request)
    assert isinstance(outcome, Parsed | Ignored | Rejected | Handshake)
    msgspec.json.encode(outcome_json(outcome))
    if isinstance(outcome, Parsed):
        assert outcome.events
        for event in outcome.events:
            check_limits(event)


@pytest.mark.parametrize("source", ["prometheus", "prometheus_v2", "standard"])
@given(body=BODY)
def test_the_quick_verdict_keeps_every_event_and_every_unreadable_body(source, body):
    request = request_with(source, body)
    verdict, outcome = SOURCES[source].check(request), SOURCES[source].parse(request)
    kept = verdict is None or verdict.keep
    assert kept or isinstance(outcome, Rejected), "a body that holds events must never be thrown away"
    reply = SOURCES[source].answer(request, verdict)
    assert isinstance(reply, Reply)
    assert (reply.status < 300) == (verdict is None)


@given(body=STANDARD.map(lambda value: json.dumps(value).encode()))
def test_the_sender_is_told_the_key_that_the_alert_gets(body):
    request = request_with("standard", body)
    source = SOURCES["standard"]
    outcome = source.parse(request)
    if isinstance(outcome, Parsed):
        told = msgspec.json.decode(source.answer(request, None).body)["data"]["alert_key"]
        assert told == outcome.events[0].alert_key


@pytest.mark.parametrize("source", ["prometheus", "prometheus_v2", "standard"])
@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"\xef\xbb\xbf", b"[" * 100_000, b'{"a":' * 50_000, b"9" * 6000, b"{" + b"\x00" * 9, b"nul"],
    ids=["empty", "blank", "bom", "deep list", "deep object", "long number", "zeros", "cut"],
)
def test_hostile_bodies_are_unreadable_and_kept(source, body):
    outcome = SOURCES[source].parse(request_with(source, body))
    assert isinstance(outcome, Rejected)
    assert outcome.status == 400
    if body[:1] != b"9":
        assert outcome.keep
