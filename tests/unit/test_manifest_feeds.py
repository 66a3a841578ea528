"""What a manifest says about events on their way: every limit with its place and cure, and what the engine gets."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.enrichment import enrich
from bot.engine.feed import AlertInhibit, Lookup, Route, Table
from bot.engine.model import Event, EventStatus, Severity
from bot.manifest import load
from bot.manifest.lint import lint
from bot.manifest.problems import ManifestError
from bot.manifest.services import is_outside
from tests.unit.manifests import problems_of, small

P = "integrations.p"
ANY = [[{"key": "title", "oper": "IN", "vals": ["*"]}]]


def feed(**changes: Any) -> dict:
    return {"integrations": {"p": changes}}


def shared(*routes: dict, **changes: Any) -> dict:
    return feed(channel=None, routes=list(routes), **changes)


def enriching(**does: Any) -> dict:
    return feed(enrich=[does])


def extraction(**changes: Any) -> dict:
    return enriching(extraction={"from": "title", "label": "x", "pattern": "(?P<result>.)", **changes})


def mapping(**changes: Any) -> dict:
    return enriching(mapping={"keys": ["a"], "results": ["b"], "csv": "a,b\n1,2\n", **changes})


def api(**changes: Any) -> dict:
    return mapping(keys=[], csv=None, api={"url": "https://cmdb.example.com/labels", **changes})


def processing(**does: Any) -> dict:
    return feed(process=[does])


def table_of(rows: int) -> str:
    return "a,b\n" + "".join(f"{n},x\n" for n in range(rows))


DROP = [[{"key": "x", "oper": "IN", "vals": ["a"]}]]
MAP, API, EXTRACT = f"{P}.enrich[0].mapping", f"{P}.enrich[0].mapping.api", f"{P}.enrich[0].extraction"
DONE = f"{P}.process[0]"


@pytest.mark.parametrize(
    ("change", "path", "code", "said"),
    [
        (feed(channel=None), P, "leads_nowhere", "either a channel or routes"),
        (feed(routes=[{"channels": ["pay"]}]), P, "leads_nowhere", "either a channel or routes"),
        (shared({"channels": ["pay"], "name_mapping": "team"}), f"{P}.routes[0]", "route", "either channels"),
        (shared({"filter": ANY}), f"{P}.routes[0]", "route", "either channels"),
        (shared({"channels": ["zed"]}), f"{P}.routes[0].channels[0]", "unknown_channel", "'zed'"),
        (shared({"channels": ["pay", "pay"]}), f"{P}.routes[0].channels", "twice", "pay twice"),
        (shared({"channels": ["pay"], "stop": "no"}), f"{P}.routes[0].stop", "bool_type", "true nor false"),
        (shared({"name_mapping": "a b"}), f"{P}.routes[0].name_mapping", "label", "'a b'"),
        (shared(default_route=["zed"]), f"{P}.default_route[0]", "unknown_channel", "'zed'"),
        (shared(*[{"channels": ["pay"]}] * 101), f"{P}.routes", "too_long", "longer than 100"),
        (enriching(), f"{P}.enrich[0]", "enrich_step", "one thing"),
        (
            enriching(drop={"labels": ["a"]}, composition={"template": "x", "label": "y"}),
            f"{P}.enrich[0]", "enrich_step", "one thing",
        ),
        (enriching(drop={"labels": []}), f"{P}.enrich[0].drop.labels", "too_short", "is empty"),
        (enriching(drop={"labels": ["a"]}, filter=[[]]), f"{P}.enrich[0].filter[0]", "too_short", "is empty"),
        (extraction(**{"from": "labels"}), f"{EXTRACT}.from", "extraction_source", "'labels'"),
        (extraction(label="Host"), f"{EXTRACT}.label", "target_label", "'Host'"),
        (extraction(label="a" * 64), f"{EXTRACT}.label", "target_label", "plain name"),
        (extraction(pattern="(?=x)"), f"{EXTRACT}.pattern", "pattern", "RE2 says"),
        (extraction(pattern="x" * 1025), f"{EXTRACT}.pattern", "pattern", "1024 bytes"),
        (extraction(pattern="(x)"), f"{EXTRACT}.pattern", "no_result", "named result"),
        (extraction(path="a"), EXTRACT, "extraction", "either a pattern or a path"),
        (extraction(pattern=None), EXTRACT, "extraction", "either a pattern or a path"),
        (extraction(pattern=None, path="a..b"), f"{EXTRACT}.path", "path", "'a..b'"),
        (extraction(pattern=None, path="x" * 257), f"{EXTRACT}.path", "path", "256 characters"),
        (
            enriching(composition={"template": "x" * 501, "label": "y"}),
            f"{P}.enrich[0].composition.template", "string_too_long", "longer than 500",
        ),
        (mapping(results=["B"]), f"{MAP}.results[0]", "target_label", "'B'"),
        (mapping(results=[f"b{n}" for n in range(11)]), f"{MAP}.results", "too_long", "longer than 10"),
        (mapping(keys=[]), MAP, "mapping_keys", "looked up by labels"),
        (mapping(file="t.csv"), f"{MAP}.file", "table_file", "in no folder"),
        (mapping(csv=None), MAP, "mapping", "one of csv, file and api"),
        (mapping(csv=None, file="../t.csv"), f"{MAP}.file", "table_file", "beside the manifest"),
        (mapping(csv=""), MAP, "table_column", "one column a"),
        (mapping(csv="a,c\n1,2\n"), MAP, "table_column", "one column b"),
        (mapping(csv="a,b,a\n1,2,3\n"), MAP, "table_column", "one column a"),
        (mapping(csv="a,b\n1,2\n3\n"), MAP, "table_row", "row 3 of the table has 1 cells"),
        (mapping(csv="a,b\n1,2\n1,3\n"), MAP, "table_twice", "row 3 of the table repeats 1"),
        (mapping(csv='a,b\n"1,2\n'), MAP, "table", "no CSV"),
        (mapping(csv=table_of(10_001)), MAP, "table_rows", "10000 rows, this one 10001"),
        (mapping(csv="a,b\n1," + "x" * 1_000_000), MAP, "table_size", "1000000 bytes"),
        (api(url="cmdb"), f"{API}.url", "url", "'cmdb'"),
        (api(url="https://user:pw@cmdb.example.com"), f"{API}.url", "url", "without a password"),
        (api(url="http://cmdb.example.com"), API, "plain_http", "plain HTTP"),
        (api(url="https://10.0.0.1/"), API, "private_address", "10.0.0.1"),
        (api(url="https://[::ffff:127.0.0.1]/"), API, "private_address", "private"),
        (api(url="https://169.254.169.254/latest"), API, "private_address", "private"),
        (api(url="https://localhost/"), API, "private_address", "localhost"),
        (api(timeout="4s"), f"{API}.timeout", "out_of_range", "1s to 3s"),
        (api(timeout="500ms"), f"{API}.timeout", "duration", "'500ms'"),
        (api(retries=2), f"{API}.retries", "less_than_equal", "above 1"),
        (api(headers={"Authorization": "x"}), f"{API}.headers.Authorization", "header", "authenticate"),
        (api(headers={"X-Forwarded-For": "x"}), f"{API}.headers.X-Forwarded-For", "header", "forward"),
        (api(headers={"a b": "x"}), f"{API}.headers.a b", "header", "name of a header"),
        (api(headers={"X-Key": "topsecret\n"}), f"{API}.headers.X-Key", "secret_shape", "one line"),
        (mapping(csv=None, api={"url": "https://c.example.com"}), MAP, "mapping_keys", "whole event"),
        (feed(enrich=[api()["integrations"]["p"]["enrich"][0]] * 4), P, "lookups", "limit is 3"),
        (processing(), DONE, "process_step", "one thing"),
        (processing(title_reset="x", description_reset="y"), DONE, "process_step", "one thing"),
        (processing(title_reset="${host} down"), f"{DONE}.title_reset", "template", "begins with [TPL]"),
        (processing(title_reset="x" * 513), f"{DONE}.title_reset", "string_too_long", "longer than 512"),
        (processing(description_reset="x" * 2049), f"{DONE}.description_reset", "string_too_long", "longer than 2048"),
        (processing(severity_reset="Ok"), f"{DONE}.severity_reset", "severity", "'Ok'"),
        (processing(severity_reset="Fatal"), f"{DONE}.severity_reset", "severity", "'Fatal'"),
        (processing(alert_drop=True), DONE, "alert_drop", "every event"),
        (processing(alert_drop=False, filter=ANY), DONE, "alert_drop", "does nothing"),
        (processing(alert_inhibit={"source": []}), f"{DONE}.alert_inhibit.source", "too_short", "is empty"),
        (
            processing(alert_inhibit={"source": [[{"key": "labels.a", "oper": "IN", "vals": ["num:gt:1"]}]]}),
            f"{DONE}.alert_inhibit.source", "condition_value", "num:gt:1",
        ),
        ({"channels": {"pay": {"drop": [[]]}}}, "channels.pay.drop[0]", "too_short", "is empty"),
        ({"channels": {"pay": {"drop": DROP}}}, "channels.pay.drop[0][0].key", "condition_key", "'x'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_place_and_cure(change: dict, path: str, code: str, said: str):
    found = {(problem.path, problem.code): problem for problem in problems_of(small(change))}
    assert (path, code) in found, "\n".join(map(str, found.values()))
    problem = found[path, code]
    assert said in problem.message + problem.cure
    assert problem.cure.endswith((".", "?"))
    assert problem.line > 1
    assert "topsecret" not in str(problem)


@pytest.mark.parametrize(
    "change",
    [
        shared({"channels": ["pay"], "stop": True}, {"filter": ANY, "name_mapping": "team"}),
        shared(default_route=["pay"]),
        extraction(label="a" * 63, pattern="(?P<result>" + "x" * 1012 + ")"),
        extraction(**{"from": "labels.a.b", "pattern": None, "path": r"a\.b.0"}),
        enriching(composition={"template": "x" * 500, "label": "y"}, override=True, filter=ANY),
        mapping(csv="\ufeffa,b\n1,2\n".lstrip("\ufeff")),
        mapping(csv="a , b, more\n\n 1 ,2,x\n"),
        mapping(csv=table_of(10_000)),
        api(timeout="3s", retries=1, headers={"X-Key": "k"}),
        api(url="http://10.0.0.1:8080/x?y=1", allow_private=True),
        feed(enrich=[api()["integrations"]["p"]["enrich"][0]] * 3),
        processing(severity_reset="[TPL]${priority}"),
        processing(severity_reset="warning"),
        processing(description_reset=""),
        processing(alert_inhibit={"source": ANY, "equals": ["rack"]}),
        {"channels": {"pay": {"drop": ANY}}},
    ],
)
def test_the_limits_themselves_are_allowed(change: dict):
    assert problems_of(small(change)) == ()


def integration(change: dict):
    return load.read(small(change), file="t", env={}).world.integrations["p"]


def test_what_the_engine_gets():
    made = integration(
        shared(
            {"filter": ANY, "channels": ["pay"], "stop": True},
            enrich=[{"mapping": {"keys": ["a"], "results": ["b"], "csv": "b,a\n2,1\n"}, "override": True}],
            process=[{"alert_inhibit": {"source": ANY, "equals": ["rack"]}}],
            default_route=["pay"],
        )
    )
    (route,), (rule,), (done,) = made.routes, made.enrich, made.process
    assert (made.channel, made.default_route) == ("", ("pay",))
    assert route == Route(filter=done.does.source, channels=("pay",), stop=True)
    assert isinstance(done.does, AlertInhibit)
    assert rule.does == Table(keys=("a",), results=("b",), rows={("1",): ("2",)})
    assert rule.override


def test_a_service_has_its_limits():
    made = integration(api(headers={"X-Key": "k"}, retries=1))
    assert made.enrich[0].does == Lookup(
        url="https://cmdb.example.com/labels", results=("b",), headers=(("X-Key", "k"),), timeout=2_000, retries=1
    )


def test_a_table_beside_the_manifest(tmp_path):
    text = small(mapping(csv=None, file="services.csv"))
    manifest, table = tmp_path / "tocsin.yaml", tmp_path / "services.csv"
    manifest.write_text(text)
    with pytest.raises(ManifestError, match=r"mapping\.file is 'services\.csv': it cannot be read"):
        load.load(manifest, {})
    table.write_bytes("\ufeffa,b\nx,陈\n".encode())
    first = load.load(manifest, {}).world
    event = Event(alert_key="k", status=EventStatus.TRIGGER, severity=Severity.INFO, title="t", at=0, labels={"a": "x"})
    assert enrich(event, first.integrations["p"].enrich, "p").event.labels["b"] == "陈"
    table.write_text("a,b\nx,other\n")
    assert load.load(manifest, {}).world.version != first.version
    for bad, said in ((b"a,b\nx,\xe9\n", "not UTF-8"), (b"a,b\n" + b"x" * 1_000_000, "1000000 bytes")):
        table.write_bytes(bad)
        with pytest.raises(ManifestError, match=said):
            load.load(manifest, {})


def test_a_shared_integration_that_may_reject_is_warned_of():
    def codes(change: dict) -> set[tuple[str, str]]:
        return {(each.code, each.path) for each in lint(load.read(small(change), file="t", env={}), 1_795_000_000_000)}

    warning = ("no_default_route", P)
    assert warning in codes(shared({"filter": ANY, "channels": ["pay"]}))
    assert warning in codes(shared({"name_mapping": "team"}))
    assert warning not in codes(shared({"channels": ["pay"]}))
    assert warning not in codes(shared({"filter": ANY, "channels": ["pay"]}, default_route=["pay"]))
    assert warning not in codes({})


def test_a_channel_that_only_a_route_feeds_is_fed():
    def unfed(change: dict) -> set[str]:
        loaded = load.read(small({"channels": {"web": {"name": "Web"}}} | change), file="t", env={})
        return {each.path for each in lint(loaded, 1_795_000_000_000) if each.code == "no_integrations"}

    assert unfed({}) == {"channels.web"}
    assert unfed(shared({"channels": ["pay", "web"]})) == set()
    assert unfed(shared({"channels": ["pay"]}, default_route=["web"])) == set()
    assert unfed(shared({"name_mapping": "team"})) == set()


def test_the_key_of_a_service_is_never_shown():
    change = api(headers={"X-Key": "topsecret"})
    assert "topsecret" not in repr(load.read(small(change), file="t", env={}).manifest)


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("8.8.8.8", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("2606:4700::1111", True),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:8.8.8.8", True),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("2002:808:808::", True),
    ],
)
def test_what_is_outside(address, outside):
    assert is_outside(address) is outside
