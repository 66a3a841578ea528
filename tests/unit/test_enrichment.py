"""Labels that an event did not bring."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.engine import enrichment, patterns
from bot.engine.enrichment import enrich
from bot.engine.feed import Composition, Enrichment, Extraction, Lookup, Removal, Table
from bot.engine.model import Condition, Event, EventStatus, Severity

EVENT = Event(
    alert_key="k",
    status=EventStatus.TRIGGER,
    severity=Severity.CRITICAL,
    title="Disk full on db-1",
    at=0,
    description='{"host": {"name": "db-1", "ports": [80, 443], "a.b": true}, "note": null}',
    labels={"service": "ledger", "env": "prod"},
)
TABLE = Table(
    keys=("service", "env"),
    results=("team", "tier"),
    rows={("ledger", "prod"): ("Payments", "1"), ("ledger", ""): ("Nobody", ""), ("", ""): ("Empty", "")},
)


def rule(does, override=False, **condition) -> Enrichment:
    groups = ((Condition(**condition),),) if condition else ()
    return Enrichment(does=does, override=override, filter=groups)


def labels(*rules: Enrichment, event: Event = EVENT) -> dict[str, str]:
    return dict(enrich(event, rules, "feed").event.labels)


def extraction(source: str, **how) -> Extraction:
    return Extraction(source=source, label="x", **how)


@pytest.mark.parametrize(
    ("does", "made"),
    [
        (extraction("title", pattern=r"on (?P<result>\S+)$"), "db-1"),
        (extraction("title", pattern=r"at (?P<result>\S+)$"), None),
        (extraction("title", pattern=r"(?P<result>x*)"), None),
        (extraction("title", pattern=r"(?=bad)"), None),
        (extraction("labels.service", pattern=r"(?P<result>led)"), "led"),
        (extraction("labels.none", pattern=r"(?P<result>.*)"), None),
        (extraction("description", path=("host", "name")), "db-1"),
        (extraction("description", path=("host", "ports", "1")), "443"),
        (extraction("description", path=("host", "ports", "2")), None),
        (extraction("description", path=("host", "ports", "-1")), None),
        (extraction("description", path=("host", "ports", "x")), None),
        (extraction("description", path=("host", "ports")), "[80,443]"),
        (extraction("description", path=("host", "a.b")), "true"),
        (extraction("description", path=("note",)), None),
        (extraction("description", path=("host", "name", "deeper")), None),
        (extraction("title", path=("host",)), None),
        (Composition(template="${service}@${env}", label="x"), "ledger@prod"),
        (Composition(template="[TPL]{{.Labels.env}}{{.Labels.none}}", label="x"), "prod"),
        (Composition(template="${none}", label="x"), "<no value>"),
        (Composition(template="{{.Labels.none}}", label="x"), None),
        (Composition(template="{{.Title}} {{.EventSeverity}}", label="x"), "Disk full on db-1 Critical"),
    ],
)
def test_what_a_rule_makes(does, made):
    assert labels(rule(does)).get("x") == made


def test_rules_run_in_order_and_see_what_was_made_before():
    first, second = Composition(template="${service}", label="one"), Composition(template="${one}!", label="two")
    assert labels(rule(first), rule(second))["two"] == "ledger!"
    assert labels(rule(second), rule(first))["two"] == "<no value>!"


def test_a_label_that_is_there_stays_unless_told_otherwise():
    does = Composition(template="new", label="env")
    assert labels(rule(does))["env"] == "prod"
    assert labels(rule(does, override=True))["env"] == "new"
    nothing = Composition(template="{{.Labels.none}}", label="env")
    assert labels(rule(nothing, override=True))["env"] == "prod"


def test_a_rule_is_for_the_events_of_its_filter():
    does = Composition(template="new", label="x")
    assert "x" in labels(rule(does, key="labels.env", oper="IN", vals=("prod",)))
    assert "x" not in labels(rule(does, key="labels.env", oper="NOTIN", vals=("prod",)))
    assert "x" in labels(rule(does, key="integration", oper="IN", vals=("feed",)))


def test_a_table_is_looked_up_by_all_its_keys():
    found = labels(rule(TABLE))
    assert (found["team"], found["tier"]) == ("Payments", "1")
    missing = replace(EVENT, labels={"service": "ledger"})
    assert labels(rule(TABLE), event=missing) == {"service": "ledger", "team": "Nobody"}
    assert labels(rule(TABLE), event=replace(EVENT, labels={"service": "shop"})) == {"service": "shop"}


def test_labels_are_removed():
    assert labels(rule(Removal(labels=("env", "none")))) == {"service": "ledger"}


def test_what_no_store_takes_is_left_out_of_a_label():
    event = replace(EVENT, description='{"a": "x\\ud800\\u0000y"}')
    assert labels(rule(extraction("description", path=("a",))), event=event)["x"] == "xy"


def test_an_event_does_not_grow_without_end():
    full = replace(EVENT, labels={f"l{n}": "v" for n in range(enrichment.LABELS_MAX)})
    assert labels(rule(Composition(template="x", label="one_more")), event=full) == full.labels
    assert labels(rule(Composition(template="x", label="l1"), override=True), event=full)["l1"] == "x"
    long = replace(EVENT, labels={"a": "v" * 2048})
    assert len(labels(rule(Composition(template="${a}${a}", label="x")), event=long)["x"]) == enrichment.VALUE_MAX


LOOKUP = Lookup(url="https://cmdb.example.com/labels", results=("team", "tier"))


def test_a_lookup_asks_about_the_event_as_it_is_then():
    made = enrich(EVENT, (rule(Composition(template="1", label="x")), rule(LOOKUP)), "feed")
    body = json.loads(made.question.body)
    assert body["result_label_keys"] == ["team", "tier"]
    assert body["event"]["labels"] == {"service": "ledger", "env": "prod", "x": "1"}
    assert (body["event"]["title"], body["event"]["event_status"]) == ("Disk full on db-1", "Critical")
    assert "team" not in made.event.labels


def test_an_answer_adds_what_was_asked_for_and_nothing_else():
    question = enrich(EVENT, (rule(LOOKUP),), "feed").question
    answers = {question: {"team": "Payments", "severity": "forged", "env": "forged"}}
    made = enrich(EVENT, (rule(LOOKUP),), "feed", answers)
    assert made.question is None
    assert made.event.labels == {"service": "ledger", "env": "prod", "team": "Payments"}


def test_the_same_event_later_is_the_same_question():
    later = enrich(replace(EVENT, at=99), (rule(LOOKUP),), "feed").question
    assert later == enrich(EVENT, (rule(LOOKUP),), "feed").question
    assert hash(later) is not None


def test_questions_are_asked_one_after_the_other():
    second = Lookup(url="https://b.example.com", results=("b",))
    rules = (rule(LOOKUP), rule(second, key="labels.team", oper="IN", vals=("*",)))
    one = enrich(EVENT, rules, "feed").question
    assert one.lookup is LOOKUP
    assert enrich(EVENT, rules, "feed", {one: {}}).question is None
    two = enrich(EVENT, rules, "feed", {one: {"team": "x"}}).question
    assert two.lookup is second


@pytest.mark.parametrize(
    ("path", "steps"),
    [("a", ("a",)), ("a.0.b c", ("a", "0", "b c")), (r"a\.b.c", ("a.b", "c")), (r"a\\.b", ("a\\", "b"))],
)
def test_a_path(path, steps):
    assert enrichment.steps_of(path) == steps


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a\\", "x" * 257])
def test_what_is_no_path(path):
    with pytest.raises(ValueError, match="a path has"):
        enrichment.steps_of(path)


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 20_000, '{"a": ' * 5_000, "\ud800", "NaN", '"\\ud800"'])
def test_a_text_that_is_no_json_yields_nothing(text):
    found = labels(rule(extraction("description", path=("a",))), event=replace(EVENT, description=text))
    assert "x" not in found


RULES = st.lists(
    st.builds(
        Enrichment,
        does=st.one_of(
            st.builds(Extraction, source=st.sampled_from(["title", "description", "labels.a", "labels.b"]),
                      label=st.sampled_from("ab"), pattern=st.sampled_from(["(?P<result>.+)", "(?P<result>", "x"])),
            st.builds(Extraction, source=st.just("description"), label=st.sampled_from("ab"),
                      path=st.lists(st.sampled_from(["a", "0", "1"]), max_size=3).map(tuple)),
            st.builds(Composition, template=st.text(alphabet="${}ab.Labels", max_size=9), label=st.sampled_from("ab")),
            st.just(TABLE),
            st.just(LOOKUP),
            st.builds(Removal, labels=st.just(("a",))),
        ),
        override=st.booleans(),
    ),
    max_size=8,
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab01"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200)
@example(
    rules=[Enrichment(does=Extraction(source="title", label="a", pattern="(?P<result>.+)"), override=False)],
    text="\x1f",
    given_labels={},
)
@given(
    rules=RULES,
    text=st.one_of(st.text(), JSON.map(json.dumps)),
    given_labels=st.dictionaries(st.sampled_from("abc"), st.text()),
)
def test_enrichment_is_total_and_keeps_its_limits(rules, text, given_labels):
    event = replace(EVENT, title=text, description=text, labels=given_labels)
    made = enrich(event, tuple(rules), "feed").event
    assert replace(made, labels={}) == replace(event, labels={})
    changed = {name: value for name, value in made.labels.items() if given_labels.get(name) != value}
    assert all(len(value) <= 2048 and value.encode() for value in changed.values())
    untouched = set(given_labels) if not any(isinstance(r.does, Removal) or r.override for r in rules) else set()
    assert all(made.labels[name] == given_labels[name] for name in untouched)


def test_a_hostile_extraction_is_bounded():
    does = extraction("title", pattern=r"(?P<result>(a+)+)b")
    assert patterns.fault(does.pattern) == ""
    assert "x" not in labels(rule(does), event=replace(EVENT, title="a" * 200_000))
