"""Numbers of the custom event standard, its codes, its severities, and what becomes of an event in its alert."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.model import Event, EventStatus, Severity
from tests.unit.house import House, event, ok
from webhooks.bodies import BODY_LIMIT
from webhooks.pace import Pace
from webhooks.sources import SOURCES
from webhooks.sources.base import Code, Parsed, Rejected, Request

STANDARD = SOURCES["standard"]
GOOD = {"event_status": "Warning", "title_rule": "door open", "alert_key": "door"}
NOW = 1_790_000_000_000


def request(body: Any, source: str = "standard") -> Request:
    return Request.of(
        id="00000000000000aa", source=source, headers={"content-type": "application/json"}, target=f"/in/{source}",
        body=json.dumps(body).encode(), config={"name": "scripts"}, received_at=NOW,
    )  # fmt: skip


def read(**changes: Any) -> Event:
    outcome = STANDARD.parse(request({**GOOD, **changes}))
    assert isinstance(outcome, Parsed), outcome
    return outcome.events[0]


def refusal(**changes: Any) -> str:
    verdict = STANDARD.check(request({key: value for key, value in {**GOOD, **changes}.items() if value is not None}))
    assert isinstance(verdict, Rejected)
    assert (verdict.status, verdict.code) == (400, "InvalidParameter")
    return verdict.why


# --- fields


@pytest.mark.parametrize(("sent", "kept"), [(1, 1), (512, 512), (513, 512), (5000, 512)])
def test_a_title_is_cut_at_512_characters(sent, kept):
    assert len(read(title_rule="t" * sent).title) == kept


@pytest.mark.parametrize("rendered", [512, 513])
def test_a_title_out_of_a_template_is_cut_at_512_characters_too(rendered):
    assert len(read(title_rule="[TPL]${a}", labels={"a": "t" * rendered}).title) == 512


def test_a_title_is_required():
    assert "title_rule is required" in refusal(title_rule=None)


@pytest.mark.parametrize("status", ["Critical", "Warning", "Info", "Ok"])
def test_an_event_status_is_one_of_4_words(status):
    assert read(event_status=status).severity is Severity(status)


@pytest.mark.parametrize("status", [None, "critical", "CRITICAL", "ok", "OK", "Error", "", 1])
def test_an_event_status_is_required_and_its_case_counts(status):
    assert "Critical, Warning, Info, Ok" in refusal(event_status=status)


@pytest.mark.parametrize(("length", "stays"), [(1, True), (255, True), (256, False)])
def test_an_alert_key_of_255_characters_stays_and_a_longer_one_becomes_its_sha_256(length, stays):
    key = read(alert_key="k" * length).alert_key
    assert (key == "k" * length) is stays
    assert len(key) == (length if stays else 64)


def test_an_alert_key_is_made_up_and_returned_when_absent_and_required_for_ok():
    sent = request({key: value for key, value in GOOD.items() if key != "alert_key"})
    told = msgspec.json.decode(STANDARD.answer(sent, None).body)
    assert told == {"request_id": sent.id, "data": {"alert_key": sent.id}}
    assert "alert_key is required when event_status is Ok" in refusal(event_status="Ok", alert_key=None)


@pytest.mark.parametrize(("sent", "kept"), [(2048, 2048), (2049, 2048), (9999, 2048)])
def test_a_description_is_cut_at_2048_characters(sent, kept):
    assert len(read(description="d" * sent).description) == kept


@pytest.mark.parametrize(("sent", "kept"), [(49, 49), (50, 50), (51, 50)])
def test_an_event_keeps_50_labels(sent, kept):
    labels = {f"l{n}": "v" for n in range(sent)}
    assert list(read(labels=labels).labels) == list(labels)[:kept]


@pytest.mark.parametrize(("sent", "kept"), [(128, 128), (129, 128)])
def test_a_labels_name_is_cut_at_128_characters(sent, kept):
    assert list(read(labels={"n" * sent: "v"}).labels) == ["n" * kept]


@pytest.mark.parametrize(("sent", "kept"), [(2048, 2048), (2049, 2048)])
def test_a_labels_value_is_cut_at_2048_characters(sent, kept):
    assert read(labels={"n": "v" * sent}).labels == {"n": "v" * kept}


def address(length: int) -> str:
    return "https://a.example/".ljust(length, "x")


@pytest.mark.parametrize(("length", "kept"), [(256, 1), (257, 0)])
def test_an_image_whose_src_has_256_characters_is_kept_and_with_257_dropped(length, kept):
    assert len(read(images=[{"src": address(length)}]).images) == kept


@pytest.mark.parametrize(("length", "kept"), [(256, 256), (257, 0)])
def test_an_images_href_has_up_to_256_characters_or_is_left_out(length, kept):
    (image,) = read(images=[{"src": address(20), "href": address(length)}]).images
    assert len(image.href) == kept


@pytest.mark.parametrize(("length", "kept"), [(128, 128), (129, 128)])
def test_an_images_alt_is_cut_at_128_characters(length, kept):
    (image,) = read(images=[{"src": address(20), "alt": "a" * length}]).images
    assert len(image.alt) == kept


def test_images_of_one_alt_are_one_and_src_is_required():
    images = read(images=[{"src": address(20), "alt": "a"}, {"src": address(30), "alt": "a"}, {"alt": "b"}]).images
    assert [(image.alt, image.src) for image in images] == [("a", address(30))]


@pytest.mark.parametrize(("sent", "kept"), [(10, 10), (11, 10)])
def test_an_event_keeps_10_images(sent, kept):
    assert len(read(images=[{"src": address(20 + n)} for n in range(sent)]).images) == kept


@settings(deadline=None)
@given(st.integers(0, 600), st.integers(0, 70), st.integers(0, 200), st.integers(0, 2200))
def test_whatever_its_size_an_event_comes_out_within_512_2048_50_128_and_2048(title, labels, name, value):
    made = read(
        title_rule="t" * title or "t", description="d" * value,
        labels={f"{n}".ljust(name, "n"): "v" * value for n in range(labels)},
    )  # fmt: skip
    assert len(made.title) == min(max(title, 1), 512)
    assert len(made.description) == min(value, 2048)
    assert len(made.labels) <= min(labels, 50)
    assert all(len(key) <= 128 and 0 < len(text) <= 2048 for key, text in made.labels.items())


# --- titles out of labels


@pytest.mark.parametrize(
    ("rule", "title"),
    [
        ("[TPL]${host} ${none}", "db1 <no value>"),
        ("[TPL]{{.Labels.host}}{{.Labels.none}}!", "db1!"),
        ("[TPL]{{.EventSeverity}} {{.EventStatus}} {{.AlertKey}}", "Warning Warning door"),
        ("[TPL]{{.Description}}|{{.IntegrationType}}|{{.IntegrationName}}", "text|standard|scripts"),
        ("[TPL]{{.Title}}x", "x"),
        ("[TPL]x{{.TitleRule}}", "xx{{.TitleRule}}"),
        ("$host::$rack", "db1 / r7"),
        ("plain ${host}", "plain ${host}"),
    ],
)
def test_a_title_template_begins_with_tpl_and_a_missing_label_is_no_value_a_missing_field_nothing(rule, title):
    assert read(title_rule=rule, labels={"host": "db1", "rack": "r7"}, description="text").title == title


# --- codes and pace (the doors: test_intake_routes.py)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.INVALID_PARAMETER, 400), (Code.INVALID_CONTENT_TYPE, 400), (Code.METHOD_NOT_ALLOWED, 400),
        (Code.UNAUTHORIZED, 401), (Code.ACCESS_DENIED, 403), (Code.ROUTE_NOT_FOUND, 404), (Code.TOO_FREQUENT, 429),
        (Code.INTERNAL, 500),
    ],
)  # fmt: skip
def test_a_code_of_the_standard_goes_with_its_status(code, status):
    http = {Code.INVALID_CONTENT_TYPE: 415, Code.METHOD_NOT_ALLOWED: 405}.get(code, status)
    reply = STANDARD.answer(request(GOOD), Rejected(status=http, why="Because.", code=code))
    said = {"request_id": "00000000000000aa", "error": {"code": code.value, "message": "Because."}}
    assert (reply.status, msgspec.json.decode(reply.body)) == (status, said)


@pytest.mark.parametrize(("count", "over", "refused"), [(100, 0, 0), (101, 0, 1), (101, 1000, 0)])
def test_an_integration_may_send_100_requests_a_second(count, over, refused):
    pace = Pace()
    waits = [pace.wait("p", NOW + (over if n == 100 else 0)) for n in range(count)]
    assert sum(wait > 0 for wait in waits) == refused


@pytest.mark.parametrize(("count", "refused"), [(1000, 0), (1001, 1)])
def test_an_integration_may_send_1000_requests_a_minute_and_others_are_not_counted(count, refused):
    pace = Pace()
    waits = [pace.wait("p", NOW + n * 59) for n in range(count)]
    assert sum(wait > 0 for wait in waits) == refused
    assert pace.wait("q", NOW + count * 59) == 0


def test_a_body_has_at_most_1_mib():
    assert BODY_LIMIT == 1024 * 1024  # both sides of it: test_a_body_may_be_a_mebibyte_and_no_byte_more


# --- what the sources of Prometheus say about how bad it is

WORDS = {
    "critical": "Critical", "warning": "Warning", "warn": "Warning", "info": "Info", "acknowledged": "Info",
    "unknown": "Info", "unk": "Info", "CRITICAL": "Critical", "anything else": "Warning",
}  # fmt: skip


def alert(source: str, labels: dict[str, str]) -> Event:
    one = {"labels": {"alertname": "Lag", **labels}, "startsAt": "2026-10-03T01:17:42Z"}
    outcome = SOURCES[source].parse(request({"alerts": [one]} if source == "prometheus" else [one], source))
    assert isinstance(outcome, Parsed)
    return outcome.events[0]


@pytest.mark.parametrize("source", ["prometheus", "prometheus_v2"])
@pytest.mark.parametrize("label", ["severity", "priority", "level"])
@pytest.mark.parametrize(("word", "severity"), WORDS.items())
def test_a_word_in_severity_priority_or_level_is_this_severity(source, label, word, severity):
    assert alert(source, {label: word}).severity is Severity(severity)


@pytest.mark.parametrize("source", ["prometheus", "prometheus_v2"])
def test_severity_goes_before_priority_before_level_and_without_any_it_is_a_warning(source):
    assert alert(source, {"level": "info", "priority": "warn", "severity": "critical"}).severity is Severity.CRITICAL
    assert alert(source, {"level": "info", "priority": "critical"}).severity is Severity.CRITICAL
    assert alert(source, {}).severity is Severity.WARNING


@pytest.mark.parametrize("source", ["prometheus", "prometheus_v2"])
def test_the_word_ok_is_a_recovery(source):
    made = alert(source, {"severity": "ok"})
    assert (made.severity, made.status) == (Severity.OK, EventStatus.OK)


# --- an event and its alert


def test_an_alert_is_all_events_of_one_key_in_an_integration():
    house = House()
    house.absorb(event("a"), event("a", title="worse"), event("b"))
    assert sorted((each.alert_key, each.events) for each in house.alerts()) == [("a", 2), ("b", 1)]


def test_the_same_status_title_and_description_change_nothing_but_the_attributes():
    house = House()
    (first,) = house.absorb(event("a"))
    (again,) = house.absorb(event("a", labels={"host": "db-2"}))
    assert (first.reason, again.reason) == ("new_alert", "duplicate")
    assert house.alerts()[0].labels == {"host": "db-2"}
    timeline = house.look(lambda tx: tx.timeline(first.incident))
    assert not [entry for entry in timeline if entry.kind == "a_update"]


@pytest.mark.parametrize("change", [{"severity": Severity.INFO}, {"title": "Other"}, {"description": "Other"}])
def test_another_status_title_or_description_is_an_update(change):
    house = House()
    house.absorb(event("a"))
    (again,) = house.absorb(event("a", **change))
    assert again.reason == "updated"


def test_an_alerts_severity_is_the_worst_ever_seen_and_its_status_the_last_one():
    house = House()
    house.absorb(*(event("a", severity) for severity in (Severity.WARNING, Severity.CRITICAL, Severity.INFO)))
    (only,) = house.alerts()
    assert (only.severity, only.status) == (Severity.CRITICAL, Severity.INFO)


def test_an_event_replaces_the_labels_of_its_alert_and_an_ok_only_adds_missing_ones():
    house = House()
    house.absorb(event("a", labels={"x": "1", "y": "1"}), event("a", title="more", labels={"x": "2"}))
    assert house.alerts()[0].labels == {"x": "2"}
    (before,) = house.alerts()
    house.absorb(ok("a", labels={"x": "3", "z": "3"}))
    found = house.look(lambda tx: tx.alerts([before.id]))[before.id]
    assert (found.labels, found.status, found.severity) == ({"x": "2", "z": "3"}, Severity.OK, Severity.CRITICAL)


def test_a_recovery_of_nothing_opens_nothing():
    assert House().reasons(ok("a")) == ["recovery_without_alert"]
