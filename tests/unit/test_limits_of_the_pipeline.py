"""Numbers, defaults and the order of the pipeline: enrich, process, route, drop, merge, silence, inhibit, group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.engine import conditions, enrichment
from bot.engine.feed import AlertDrop, Composition, Enrichment, Processing, Route, TitleReset
from bot.engine.flapping import Flapping
from bot.engine.grouping import Grouping
from bot.engine.inhibition import Inhibition
from bot.engine.model import MINUTE, Condition, Filter, Rule, Severity
from bot.engine.silence import Silence
from bot.engine.world import World
from tests.unit.boundaries import Change, Limit, feed, is_refused, passes, refused, rule, taken, world_of
from tests.unit.house import RULE, House, channel, event, ok

P = "integrations.p"
STEP = f"{P}.enrich[0]"
DONE = f"{P}.process[0]"
URL = "https://cmdb.example.com/labels"


def enriching(**step: Any) -> Change:
    return feed(enrich=[step])


def processing(**step: Any) -> Change:
    return feed(process=[step])


def api(**keys: Any) -> Change:
    return enriching(mapping={"results": ["b"], "api": {"url": URL, **keys}})


def routes(*cases: Change, **keys: Any) -> Change:
    return feed(channel=None, routes=list(cases), **keys)


def table(rows: int) -> Change:
    csv = "a,b\n" + "".join(f"{n},x\n" for n in range(rows))
    return enriching(mapping={"keys": ["a"], "results": ["b"], "csv": csv})


def table_of(size: int) -> Change:
    csv = "a,b\n" + "".join(f"{n},".ljust(99, "x") + "\n" for n in range(9_999))
    return enriching(mapping={"keys": ["a"], "results": ["b"], "csv": csv[:-1].ljust(size - 1, "x") + "\n"})


def composed(label: str) -> Change:
    return enriching(composition={"template": "x", "label": label})


def extracted(**keys: Any) -> Change:
    return enriching(extraction={"from": "title", "label": "x", **keys})


def lookups(count: int) -> Change:
    return feed(enrich=[{"mapping": {"results": ["b"], "api": {"url": URL}}}] * count)


def cells(count: int, part: str) -> Change:
    names = [f"c{n}" for n in range(count)]
    keys, results = (names, ["r"]) if part == "keys" else (["k"], names)
    header = ",".join((*keys, *results))
    return enriching(mapping={"keys": keys, "results": results, "csv": f"{header}\n"})


def asks(value: str) -> Change:
    return rule(filter=[[{"key": "labels.x", "oper": "IN", "vals": [value]}]])


def key(name: str) -> Change:
    return rule(filter=[[{"key": name, "oper": "IN", "vals": ["x"]}]])


VALUE = "channels.pay.rules[0].filter[0][0].vals[0]"
LIMITS = (
    Limit("an integration has up to 50 steps of enrichment",
          lambda n: feed(enrich=[{"drop": {"labels": ["a"]}}] * n), f"{P}.enrich", (50,), (51,), "longer than 50"),
    Limit("an integration has up to 50 steps of processing",
          lambda n: feed(process=[{"title_reset": "x"}] * n), f"{P}.process", (50,), (51,), "longer than 50"),
    Limit("an integration has up to 100 routes", lambda n: routes(*[{"channels": ["pay"]}] * n), f"{P}.routes",
          (1, 100), (101,), "longer than 100"),
    Limit("a label that is made has 1-63 characters", lambda n: composed("a" * n), f"{STEP}.composition.label",
          (1, 63), (0, 64), "1 to 63"),
    Limit("a label that is made is ^[a-z][a-z0-9_]*$", composed, f"{STEP}.composition.label",
          ("a", "a9_"), ("A", "9a", "_a", "a-b", "a.b"), "beginning with a letter"),
    Limit("a composition has up to 500 characters",
          lambda n: enriching(composition={"template": "x" * n, "label": "y"}), f"{STEP}.composition.template",
          (1, 500), (501,), "longer than 500"),
    Limit("an extraction has a group named result", lambda p: extracted(pattern=p), f"{STEP}.extraction.pattern",
          ("(?P<result>x)",), ("(x)", "(?P<other>x)"), "result"),
    Limit("an extraction reads title, description or labels.x", lambda s: extracted(**{"from": s, "path": "a"}),
          f"{STEP}.extraction.from", ("title", "description", "labels.x"), ("severity", "labels."), "labels.NAME"),
    Limit("a pattern has up to 1024 bytes", lambda n: extracted(pattern="(?P<result>x)".ljust(n, "y")),
          f"{STEP}.extraction.pattern", (1024,), (1025,), "1024 bytes"),
    Limit("a path has up to 256 characters", lambda n: extracted(path="x" * n), f"{STEP}.extraction.path",
          (256,), (257,), "256"),
    Limit("a lookup waits 1-3 s", lambda s: api(timeout=s), f"{STEP}.mapping.api.timeout",
          ("1s", "2s", "3s"), ("0.5s", "4s"), "1s to 3s"),
    Limit("a lookup is asked again 0-1 times", lambda n: api(retries=n), f"{STEP}.mapping.api.retries", (0, 1), (2,),
          "above 1"),
    Limit("an integration has up to 3 lookups", lookups, P, (1, 3), (4,), "limit is 3"),
    Limit("a lookup has up to 10 headers", lambda n: api(headers={f"X-H{k}": "v" for k in range(n)}),
          f"{STEP}.mapping.api.headers", (0, 10), (11,), "longer than 10"),
    Limit("a table has up to 10000 rows", table, f"{STEP}.mapping", (0, 10_000), (10_001,), "10000 rows"),
    Limit("a table has up to 1 MB", table_of, f"{STEP}.mapping", (1_000_000,), (1_000_001,), "1000000 bytes"),
    Limit("a table is looked up by up to 10 labels", lambda n: cells(n, "keys"), f"{STEP}.mapping.keys", (1, 10),
          (11,), "10"),
    Limit("a table makes up to 10 labels", lambda n: cells(n, "results"), f"{STEP}.mapping.results", (1, 10), (11,),
          "10"),
    Limit("a title is reset to up to 512 characters", lambda n: processing(title_reset="x" * n), f"{DONE}.title_reset",
          (1, 512), (513,), "longer than 512"),
    Limit("a description is reset to up to 2048 characters", lambda n: processing(description_reset="x" * n),
          f"{DONE}.description_reset", (0, 2048), (2049,), "longer than 2048"),
    Limit("a severity is reset to Critical, Warning or Info", lambda s: processing(severity_reset=s),
          f"{DONE}.severity_reset",
          ("Critical", "Warning", "Info", "[TPL]${p}"), ("Ok", "Fatal"), "Critical, Warning or Info"),
    Limit("a route leads to up to 20 channels",
          lambda n: {**routes({"channels": ["pay", *(f"c{k}" for k in range(n - 1))]}),
                     "channels": {f"c{k}": {"name": f"C{k}"} for k in range(n - 1)}},
          f"{P}.routes[0].channels", (1, 20), (21,), "longer than 20"),
    Limit("a value of a condition has up to 512 characters", lambda n: asks("x" * n), VALUE, (1, 512), (513,), "512"),
    Limit("a regular expression has up to 1024 bytes", lambda n: asks(f"/{'x' * n}/"), VALUE, (1, 1024), (1025,),
          "1024 bytes"),
    Limit("a number is num:gt, ge, lt or le", asks, VALUE, ("num:gt:90", "num:ge:-1", "num:lt:0.5", "num:le:1e3"),
          ("num:gt:", "num:le:ninety"), "num:gt:90"),
    Limit("a network is named by its first address", asks, VALUE, ("cidr:10.0.0.0/24", "cidr:2001:db8::/32"),
          ("cidr:10.0.0.1/24", "cidr:10.0.0.0/33"), "cidr:10.0.0.0/24"),
    Limit("a label's name in a condition has up to 128 characters", lambda n: key("labels." + "x" * n),
          "channels.pay.rules[0].filter[0][0].key", (1, 128), (0, 129), "labels.NAME"),
)  # fmt: skip


@taken(LIMITS)
def test_the_limit_itself_passes(change):
    passes(change)


@refused(LIMITS)
def test_beyond_the_limit_is_refused_with_the_field_and_the_cure(change, path, said):
    is_refused(change, path, said)


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Forwarded", "X-Forwarded-For", "Host", "X-Real-IP"])
def test_a_lookup_sends_no_header_that_authenticates_or_forwards(name):
    is_refused(api(headers={name: "x"}), f"{STEP}.mapping.api.headers.{name}", "not sent")


def test_a_lookup_waits_2_s_and_is_not_asked_again_and_a_step_does_not_override_by_default():
    made = world_of(api()).integrations["p"].enrich[0]
    assert (made.does.timeout, made.does.retries, made.override, made.filter) == (2_000, 0, False, ())


def test_a_route_goes_on_by_default():
    (made,) = world_of(routes({"channels": ["pay"]})).integrations["p"].routes
    assert (made.stop, made.filter) == (False, ())


@pytest.mark.parametrize(("there", "made"), [(99, True), (100, False)])
def test_enrichment_adds_labels_up_to_100(there, made):
    full = event(labels={f"l{n}": "v" for n in range(there)})
    step = Enrichment(does=Composition(template="x", label="one_more"))
    assert ("one_more" in enrichment.enrich(full, (step,), "feed").event.labels) is made


@pytest.mark.parametrize(("length", "kept"), [(2048, 2048), (2049, 2048)])
def test_a_label_that_is_made_is_cut_at_2048_characters(length, kept):
    step = Enrichment(does=Composition(template="{{.Title}}", label="x"))
    made = enrichment.enrich(event(title="t" * length), (step,), "feed").event
    assert len(made.labels["x"]) == kept


# --- the filter grammar

KNOWN = conditions.facts(
    title="Disk full", description="", severity="Critical", labels={"a": "10.0.0.7:9100", "n": "95.2"}
)


def asked(key: str, oper: str, *vals: str) -> Filter:
    return ((Condition(key=key, oper=oper, vals=vals),),)


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        (asked("title", "IN", "x", "Disk full"), True), (asked("title", "IN", "Disk"), False),
        (asked("title", "NOTIN", "x", "y"), True), (asked("title", "NOTIN", "x", "Disk full"), False),
        (asked("title", "IN", "Disk*"), True), (asked("title", "IN", "isk*"), False),
        (asked("title", "IN", "Disk?full"), True),
        (asked("title", "IN", "/full$/"), True), (asked("title", "IN", "/^full/"), False),
        (asked("labels.a", "IN", "cidr:10.0.0.0/24"), True), (asked("labels.a", "IN", "cidr:10.0.1.0/24"), False),
        (asked("labels.n", "IN", "num:gt:95.2"), False), (asked("labels.n", "IN", "num:ge:95.2"), True),
        (asked("labels.n", "IN", "num:lt:95.2"), False), (asked("labels.n", "IN", "num:le:95.2"), True),
        (asked("labels.a", "IN", "*"), True), (asked("labels.z", "IN", "*"), False),
        (asked("labels.a", "NOTIN", "*"), False), (asked("labels.z", "NOTIN", "*"), True),
        (asked("title", "IN", "x") + asked("severity", "IN", "Critical"), True),
        ((asked("title", "IN", "Disk*")[0] + asked("severity", "IN", "Info")[0],), False),
        ((), True),
    ],
    ids=repr,
)  # fmt: skip
def test_in_means_any_notin_none_groups_are_or_conditions_and(test, holds):
    assert conditions.matches(test, KNOWN) is holds


# --- the order

DB, WEB = "db", "web"


class Quiet(House):
    """With silences over its channel."""

    silences: tuple[Silence, ...] = ()

    def world(self) -> World:
        return replace(super().world(), silences={DB: self.silences})


def everything(**changes: Any) -> Quiet:
    """A channel in which every stage after the merge would take the alert `disk`; `changes` takes stages away."""
    explained = Inhibition(id="i", source=asked("title", "IN", "Cause"), target=asked("title", "IN", "Disk"))
    stages = {
        "inhibitions": (explained,),
        "flapping": Flapping(changes=2, mute=30 * MINUTE),
        "drop": asked("title", "IN", "Disk"),
    }
    made = Quiet(channel(DB, **{**stages, **{k: v for k, v in changes.items() if k != "silences"}}))
    made.silences = changes.get("silences", (Silence(id="s", channel=DB, filter=asked("title", "IN", "Disk")),))
    made.absorb(event("cause"), event("x"), ok("x"))
    return made


def test_drop_goes_before_silence_before_inhibition_before_flapping_before_the_group():
    assert everything().reasons(event()) == ["dropped"]
    assert everything(drop=()).reasons(event()) == ["silenced"]
    assert everything(drop=(), silences=()).reasons(event()) == ["inhibited"]
    flaps = everything(drop=(), silences=(), inhibitions=())
    assert flaps.reasons(event(), ok()) == ["new_alert", "recovered"]
    flaps.clock.set(flaps.clock.now() + 1)
    assert flaps.reasons(event(), ok()) == ["flapping_muted", "recovered"]
    flaps.channels[DB] = everything(drop=()).channels[DB]
    assert flaps.reasons(event()) == ["inhibited"], "what is explained is not also called flapping"
    assert everything(drop=(), silences=(), inhibitions=(), flapping=None).reasons(event()) == ["new_alert"]


def test_enrichment_goes_before_processing_before_routes_before_drop():
    made = Enrichment(does=Composition(template="web", label="where"))
    renamed = Processing(does=TitleReset(text="[TPL]${where}"))
    route = Route(filter=asked("title", "IN", "web"), channels=(WEB,))
    shop = House(channel(DB), channel(WEB), enrich=(made,), process=(renamed,), routes=(route,))
    assert [(each.channel, each.reason) for each in shop.absorb(event())] == [(WEB, "new_alert")]
    shop.channels[WEB] = channel(WEB, drop=asked("title", "IN", "web"))
    assert shop.reasons(event("other")) == ["dropped"]
    shop.feed = replace(shop.feed, process=(Processing(does=AlertDrop(), filter=asked("labels.where", "IN", "web")),))
    assert shop.reasons(event("third")) == ["alert_dropped"]


def test_an_event_is_merged_into_its_alert_before_silences_are_asked():
    made = everything(drop=(), silences=(), inhibitions=(), flapping=None)
    made.absorb(event())
    made.silences = (Silence(id="s", channel=DB, filter=asked("title", "IN", "*")),)
    assert made.reasons(event(), event(title="More")) == ["duplicate", "updated"]


def test_groups_are_made_before_a_rule_is_chosen():
    """The second alert joins the first one's incident; a rule that would have taken it is never asked."""
    rules = (replace(RULE, filter=asked("title", "IN", "A")), Rule(id="other", name="Other", levels=RULE.levels))
    made = House(channel(DB, grouping=Grouping(method="rules", by=("severity",)), rules=rules))
    made.absorb(event("a"), event("b"))
    assert [incident.rule.id for incident in made.incidents()] == ["all"]


def test_ok_events_skip_processing_and_drop():
    made = House(channel(DB), process=())
    made.absorb(event())
    made.feed = replace(made.feed, process=(Processing(does=AlertDrop(), filter=asked("title", "IN", "*")),))
    made.channels[DB] = channel(DB, drop=asked("title", "IN", "*"))
    assert made.reasons(event("other"), ok()) == ["alert_dropped", "recovered"]


def test_what_no_route_takes_goes_to_the_default_route_alone_and_without_one_is_rejected():
    case = Route(filter=asked("severity", "IN", "Info"), channels=(WEB,))
    made = House(channel(DB), channel(WEB), routes=(case,))
    assert made.reasons(event()) == ["no_route"]
    made.feed = replace(made.feed, default_route=(DB,))
    assert [each.channel for each in made.absorb(event(), event("i", Severity.INFO))] == [DB, WEB]


def test_each_channel_gets_its_own_incident_and_a_name_mapping_finds_it_by_name():
    cases = (Route(channels=(DB,)), Route(name_label="where"))
    made = House(channel(DB), channel(WEB), routes=cases)
    told = made.absorb(event(labels={"where": "Web"}))
    assert [each.channel for each in told] == [DB, WEB]
    assert len({each.incident for each in told}) == 2
    assert [each.channel for each in made.absorb(event("x", labels={"where": "web"}))] == [DB], "the case counts"
