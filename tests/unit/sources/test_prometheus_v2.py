"""Prometheus itself: an end that moves, replicas that differ in a label, and two dialects to answer in."""

from __future__ import annotations

import json

import msgspec
import pytest

from bot.engine.model import MINUTE, EventStatus
from webhooks.sources import SOURCES
from webhooks.sources.base import Ignored, Parsed, Rejected, Request
from webhooks.sources.times import written

NOW = 1_790_000_000_000
SOURCE = SOURCES["prometheus_v2"]


def pushed(*alerts: object, path: str = "/api/v2/alerts", **config: str) -> Request:
    body = json.dumps(alerts).encode()
    return Request.of(
        id="1", source="prometheus_v2", headers={}, target=path, body=body, config=config, received_at=NOW
    )


def alert(**changes: object) -> dict:
    return {"labels": {"alertname": "Lag", "replica": "a"}, "startsAt": written(NOW - MINUTE), **changes}


def event_of(request: Request):
    outcome = SOURCE.parse(request)
    assert isinstance(outcome, Parsed)
    return outcome.events[0]


@pytest.mark.parametrize(
    ("ends_at", "status", "resolve_at"),
    [
        (written(NOW + 4 * MINUTE), EventStatus.TRIGGER, NOW + 4 * MINUTE),
        (written(NOW + 1), EventStatus.TRIGGER, NOW + 1),
        (written(NOW), EventStatus.OK, None),
        (written(NOW - MINUTE), EventStatus.OK, None),
        (None, EventStatus.TRIGGER, NOW + 5 * MINUTE),
        ("0001-01-01T00:00:00Z", EventStatus.TRIGGER, NOW + 5 * MINUTE),
    ],
)
def test_the_end_decides(ends_at, status, resolve_at):
    event = event_of(pushed(alert(endsAt=ends_at)))
    assert (event.status, event.resolve_at) == (status, resolve_at)


def test_a_recovery_happened_at_its_end_and_a_trigger_at_its_start_or_now():
    assert event_of(pushed(alert(endsAt=written(NOW - 5)))).at == NOW - 5
    assert event_of(pushed(alert())).at == NOW - MINUTE
    assert event_of(pushed(alert(startsAt=None, endsAt=written(NOW + MINUTE)))).at == NOW


def test_replicas_share_a_key_once_their_label_is_dropped():
    a, b = alert(), alert(labels={"alertname": "Lag", "replica": "b"})
    assert event_of(pushed(a)).alert_key != event_of(pushed(b)).alert_key
    dropped = [event_of(pushed(each, drop_labels="zone, replica")) for each in (a, b)]
    assert dropped[0].alert_key == dropped[1].alert_key
    assert "replica" not in dropped[0].labels


def test_an_alert_without_a_name_is_titled_by_what_it_has():
    assert event_of(pushed({"labels": {"team": "storage", "instance": "a"}})).title == "instance=a, team=storage"
    assert event_of(pushed({"labels": {"rack": "{{ $labels.rack }}"}})).title == "rack={{ $labels.rack }}"


def test_an_alert_has_one_key_whichever_way_it_comes():
    group = {"status": "firing", "alerts": [{**alert(), "status": "firing"}]}
    body = json.dumps(group).encode()
    through = SOURCES["prometheus"].parse(
        Request.of(id="1", source="prometheus", headers={}, target="/", body=body, config={}, received_at=NOW)
    )
    assert isinstance(through, Parsed)
    assert through.events[0].alert_key == event_of(pushed(alert())).alert_key


def test_an_alert_whose_every_label_is_dropped_is_invalid_before_the_2xx():
    request = pushed(alert(labels={"replica": "a"}), alert(), drop_labels="replica")
    verdict = SOURCE.check(request)
    assert verdict is not None
    assert (verdict.status, verdict.keep) == (400, True)
    assert len(SOURCE.parse(request).events) == 1


def test_a_batch_without_a_usable_alert_is_unreadable_and_an_empty_one_is_nothing():
    outcome = SOURCE.parse(pushed({"labels": {}}, 7))
    assert isinstance(outcome, Rejected)
    assert outcome.keep
    assert isinstance(SOURCE.parse(pushed()), Ignored)
    assert SOURCE.check(pushed()) is None


def test_answers_in_both_dialects():
    bad = Rejected(status=400, why="no labels")
    v1 = "/api/v1/alerts"
    assert SOURCE.answer(pushed(), None).body == b""
    assert msgspec.json.decode(SOURCE.answer(pushed(), bad).body) == "no labels"
    assert msgspec.json.decode(SOURCE.answer(pushed(path=v1), None).body) == {"status": "success"}
    assert msgspec.json.decode(SOURCE.answer(pushed(path=v1), bad).body) == {
        "status": "error",
        "errorType": "bad_data",
        "error": "no labels",
    }
