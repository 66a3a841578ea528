"""Fields of strangers: text, labels, times, severities, links, keys, title rules."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.model import Severity
from webhooks.sources.base import Rejected, Request
from webhooks.sources.keys import alert_key, fingerprint
from webhooks.sources.labels import native, shown, with_derived
from webhooks.sources.links import is_web, web_link
from webhooks.sources.reading import read_json
from webhooks.sources.severities import PROMETHEUS_LABELS, PROMETHEUS_WORDS, severity_in
from webhooks.sources.texts import description, plain, title
from webhooks.sources.times import epoch, moment, rfc3339, written
from webhooks.sources.title_rules import render_title

SHANGHAI = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (8080, "8080"),
        (0.25, "0.25"),
        ([1, None, "b", False], "1,b,false"),
        ({"a": [1]}, '{"a":[1]}'),
        ([{"a": 1}], '[{"a":1}]'),
        ("a\x00b\ud800c\td\n", "abc\td\n"),
    ],
)
def test_values_become_text(value, text):
    assert plain(value) == text


def test_titles_are_one_line_and_descriptions_say_nothing_twice():
    assert title("  disk\n full ") == "disk full"
    assert len(title("t" * 600)) == 512
    assert description(["disk full", None, " disk full ", "since noon"]) == "disk full\nsince noon"
    assert description(["d" * 3000])[-1] == "…"


def test_labels_that_say_nothing_are_dropped():
    raw = {"a": None, "b": "", "c": "${host}", "d": "{{ $labels.x }}", "e": "{HOST.IP}", "f": "$NAME", "g": "*UNKNOWN*"}
    assert shown(native(raw)) == {}
    kept = {"a": "$5 off", "b": "{a} and {b}", "c": "*.example.org", "d": "${a}/${b}"}
    assert shown(native(kept)) == kept


def test_what_has_no_labels_has_none():
    assert [native(raw) for raw in (None, [], "a=b", 7)] == [{}, {}, {}, {}]


def test_labels_are_capped():
    many = shown({f"label_{n}": "v" for n in range(80)} | {"k" * 500: "late"})
    assert list(many) == [f"label_{n}" for n in range(50)]
    assert shown({"k" * 500: "v" * 5000}) == {"k" * 128: "v" * 2048}


def test_derived_labels_never_replace_and_never_overflow():
    assert with_derived({"instance": "a"}, "resource", ("node", "instance"))["resource"] == "a"
    assert with_derived({"instance": "a", "resource": "b"}, "resource", ("instance",))["resource"] == "b"
    full = {f"label_{n}": "v" for n in range(50)}
    assert with_derived(full, "resource", ("label_0",)) == full


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-03T01:17:42.509Z",
        "2026-10-03T01:17:42.509z",
        "2026-10-03T01:17:42.509999999Z",
        "2026-10-03T09:17:42.509123+08:00",
        "2026-10-03 09:17:42.509+0800",
    ],
)
def test_one_moment_written_in_many_ways(text):
    assert written(rfc3339(text)) == "2026-10-03T01:17:42.509+00:00"


@pytest.mark.parametrize(
    "nothing", ["0001-01-01T00:00:00Z", "", "soon", "0", 0, -5, None, True, [], float("nan"), -1.8e305, "9" * 40]
)
def test_fields_that_say_nothing_about_time(nothing):
    assert moment(nothing) is None


def test_a_local_time_is_read_in_the_zone_of_the_integration():
    assert moment("2026-10-03 09:17:42", SHANGHAI) == moment("2026-10-03T01:17:42Z")


@given(st.integers(157_766_400, 7_258_118_400))  # 1975 to 2200
def test_an_epoch_gives_its_unit_away(seconds):
    assert {epoch(seconds * 10**power) for power in (0, 3, 6, 9)} == {seconds * 1000}
    assert moment(str(seconds)) == moment(f"{seconds}.0") == seconds * 1000


@given(st.text(max_size=30) | st.integers() | st.floats() | st.datetimes().map(str))
def test_any_time_is_an_instant_of_the_calendar_or_none(value):
    instant = moment(value)
    assert instant is None or datetime.fromisoformat(written(instant)).year <= 9999


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        ({"severity": "CRITICAL"}, Severity.CRITICAL),
        ({"priority": " warn "}, Severity.WARNING),
        ({"level": "unk"}, Severity.INFO),
        ({"severity": "info", "priority": "critical"}, Severity.INFO),
        ({"severity": "page"}, Severity.WARNING),
        ({"severity": "none"}, Severity.WARNING),
        ({}, Severity.WARNING),
        ({"severity": "ok"}, Severity.OK),
    ],
)
def test_severities_of_prometheus(labels, severity):
    assert severity_in(labels, PROMETHEUS_LABELS, PROMETHEUS_WORDS) is severity


@pytest.mark.parametrize(
    "bad", ["javascript:alert(1)", "http://", "https://a b", "//a", "ftp://a", "http://a\nb", None, 7]
)
def test_only_what_can_be_opened_is_a_link(bad):
    assert web_link("Graph", bad) == ()
    assert not is_web(str(bad))


def test_a_link_keeps_its_address():
    assert web_link("Graph", " HTTPS://a.example.org/?q=1 ")[0].href == "HTTPS://a.example.org/?q=1"
    assert web_link("Graph", "https://a.example.org/" + "x" * 2048) == ()


def test_the_fingerprint_is_alertmanagers():
    # The empty set is FNV-1a's offset basis; an empty value does not count; the order of the labels does not either.
    assert fingerprint({}) == fingerprint({"zone": ""}) == "cbf29ce484222325"
    assert fingerprint({"b": "2", "a": "1"}) == fingerprint({"a": "1", "b": "2", "c": ""})
    assert fingerprint({"ab": "c"}) != fingerprint({"a": "bc"})


def test_keys_keep_their_parts_apart_and_within_the_limit():
    assert alert_key("a|b") == "a|b"
    assert alert_key("a|b", "c") != alert_key("a", "b|c")
    assert len(alert_key("k" * 256)) == 64
    assert alert_key("k" * 255) == "k" * 255


@pytest.mark.parametrize(
    ("rule", "rendered"),
    [
        ("plain ${service}", "plain ${service}"),
        ("[TPL]${service} on ${host}", "shop on <no value>"),
        ("[TPL]{{.Labels.service}}|{{ .Labels.host }}|", "shop||"),
        ("[TPL]{{.EventSeverity}} {{.Unknown}}{{range .X}}", "Critical"),
        ("[TPL]{{.Labels.host}}", "{{.Labels.host}}"),
        ("[TPL]", "[TPL]"),
        ("$service::$check", "shop / cpu<20%"),
        ("$service::$host::$check", "shop / cpu<20%"),
        ("$host::$nobody", "$host::$nobody"),
        ("prod::$check", "prod / cpu<20%"),
        ("$check", "cpu<20%"),
        ("costs $5::a", "costs $5::a"),
    ],
)
def test_title_rules(rule, rendered):
    labels = {"service": "shop", "check": "cpu<20%"}
    assert render_title(rule, labels, {"EventSeverity": "Critical"}) == rendered


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1}', "", {"a": 1}),
        (b'{"a": "caf\xe9"}', "application/json; charset=ISO-8859-1", {"a": "café"}),
        (b'{"a": "caf\xe9"}', "", {"a": "caf\N{REPLACEMENT CHARACTER}"}),
        ('{"a": "磁盘"}'.encode("gbk"), 'application/json; charset="GB2312"', {"a": "磁盘"}),
        ('{"a": "磁盘"}'.encode("utf-16"), "", {"a": "磁盘"}),
        (b'{"a": "two\nlines", "b": NaN}', "", {"a": "two\nlines", "b": "NaN"}),
    ],
)
def test_bodies_are_read_forgivingly(body, content_type, value):
    request = Request.of(
        id="1",
        source="standard",
        headers={"content-type": content_type},
        target="/",
        body=body,
        config={},
        received_at=1,
    )
    assert read_json(request) == value


def test_an_unreadable_body_is_kept_and_says_where_it_breaks():
    request = Request.of(
        id="1", source="standard", headers={}, target="/", body=b'{"a": 1,\n oops}', config={}, received_at=1
    )
    found = read_json(request)
    assert isinstance(found, Rejected)
    assert found.keep
    assert "line 2, column 2" in found.why
