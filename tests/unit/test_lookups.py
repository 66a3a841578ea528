"""Questions of the enrichment over HTTP: what goes out, what comes back, and what a bad service cannot do."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot import lookups
from bot.clock import VirtualClock
from bot.engine.enrichment import enrich
from bot.engine.feed import Enrichment, Lookup
from bot.engine.model import Event, EventStatus, Severity
from bot.engine.world import Integration
from bot.lookups import Lookups

EVENT = Event(
    alert_key="k", status=EventStatus.TRIGGER, severity=Severity.CRITICAL, title="Disk", at=0, labels={"host": "db-1"}
)


class Service:
    """An HTTP service on loopback that answers as a test tells it, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, str], dict]] = []
        self.answer: Callable[[dict], tuple[int, bytes, dict[str, str]]] = lambda _: (200, b"", {})
        self.slow = threading.Event()
        self.slow.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(({name.lower(): value for name, value in self.headers.items()}, body))
                outer.slow.wait(10)
                status, data, headers = outer.answer(body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/labels"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def tells(self, labels: object, status: int = 200) -> None:
        self.answer = lambda _: (status, json.dumps({"result_labels": labels}).encode(), {})


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.slow.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(0)


def feed(*does: Lookup) -> Integration:
    rules = tuple(Enrichment(does=each) for each in does)
    return Integration(id="feed", key="", source="standard", channel="db", enrich=rules)


def labels(known: Lookups, integration: Integration, event: Event = EVENT) -> dict[str, str]:
    answers = known.learn([(integration, event)])
    made = enrich(event, integration.enrich, integration.id, answers)
    assert made.question is None
    return dict(made.event.labels)


def lookup(service: Service, **changes) -> Lookup:
    return replace(Lookup(url=service.url, results=("owner", "tier"), timeout=1_000, private=True), **changes)


def test_a_service_is_asked_and_its_labels_are_used(service, clock):
    service.tells({"owner": "Shop", "tier": 1, "other": "no", "nested": {}})
    found = labels(Lookups(clock), feed(lookup(service, headers=(("X-Lookup-Key", "s3same"),))))
    assert found == {"host": "db-1", "owner": "Shop", "tier": "1"}
    ((headers, body),) = service.asked
    assert body["result_label_keys"] == ["owner", "tier"]
    assert body["event"]["labels"] == {"host": "db-1"}
    assert (headers["x-lookup-key"], headers["content-type"]) == ("s3same", "application/json")


def test_one_question_is_asked_once_for_all_events_that_have_it(service, clock):
    service.tells({"owner": "Shop"})
    integration = feed(lookup(service))
    answers = Lookups(clock).learn([(integration, EVENT), (integration, replace(EVENT, at=5))])
    assert (len(service.asked), len(answers)) == (1, 1)


def test_a_later_question_knows_the_answer_to_an_earlier_one(service, clock):
    service.answer = lambda body: (
        200, json.dumps({"result_labels": {body["result_label_keys"][0]: "x"}}).encode(), {}
    )  # fmt: skip
    one, two = lookup(service, results=("one",)), lookup(service, results=("two",))
    assert labels(Lookups(clock), feed(one, two)) == {"host": "db-1", "one": "x", "two": "x"}
    assert service.asked[1][1]["event"]["labels"] == {"host": "db-1", "one": "x"}


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"{}", {}),
        (204, b"", {}),
        (200, b"", {}),
        (200, b"no json", {}),
        (200, b"[]", {}),
        (200, b'{"result_labels": []}', {}),
        (200, b'{"result_labels": {"owner": "' + b"x" * 70_000 + b'"}}', {}),
        (200, b"[" * 60_000, {}),
        (307, b"", {"Location": "/labels"}),
    ],
)
def test_a_bad_answer_costs_its_labels_only(service, clock, answer):
    service.answer = lambda _: answer
    assert labels(Lookups(clock), feed(lookup(service))) == {"host": "db-1"}
    assert len(service.asked) == 1


def test_it_is_asked_again_as_often_as_allowed(service, clock):
    service.answer = lambda _: (500, b"", {})
    labels(Lookups(clock), feed(lookup(service, retries=1)))
    assert len(service.asked) == 2


def test_a_service_that_dawdles_is_not_waited_for(service, clock):
    service.slow.clear()
    assert labels(Lookups(clock), feed(lookup(service, timeout=50))) == {"host": "db-1"}


def test_all_questions_together_have_an_end(service, clock, monkeypatch):
    """What was answered in time is used, although another service never answers."""
    monkeypatch.setattr(lookups, "BUDGET_S", 0.3)
    service.tells({"owner": "Shop"})
    silent = Service()
    silent.slow.clear()
    fast, stuck = feed(lookup(service)), feed(lookup(silent, timeout=60_000))
    answers = Lookups(clock).learn([(fast, EVENT), (stuck, EVENT)])
    assert enrich(EVENT, fast.enrich, "feed", answers).event.labels["owner"] == "Shop"
    assert enrich(EVENT, stuck.enrich, "feed", answers).question is not None
    silent.slow.set()
    silent.server.shutdown()
    silent.server.server_close()


def test_a_service_that_is_down_rests_and_is_tried_again(service, clock):
    service.answer = lambda _: (500, b"", {})
    known, integration = Lookups(clock), feed(lookup(service))
    for _ in range(lookups.FAILURES_MAX + 2):
        labels(known, integration)
    assert len(service.asked) == lookups.FAILURES_MAX
    service.tells({"owner": "Shop"})
    clock.set(lookups.REST - 1)
    assert "owner" not in labels(known, integration)
    clock.set(lookups.REST)
    assert labels(known, integration)["owner"] == "Shop"


def test_a_name_that_leads_inside_is_not_followed(service, clock):
    """The manifest refuses addresses; a name is looked at when it is resolved, every time."""
    service.tells({"owner": "Shop"})
    url = service.url.replace("127.0.0.1", "localhost")
    assert labels(Lookups(clock), feed(lookup(service, url=url, private=False))) == {"host": "db-1"}
    assert service.asked == []
    assert labels(Lookups(clock), feed(lookup(service, url=url)))["owner"] == "Shop"


async def test_it_works_in_the_thread_that_intake_runs_in(service, clock):
    service.tells({"owner": "Shop"})
    found = await asyncio.to_thread(labels, Lookups(clock), feed(lookup(service)))
    assert found["owner"] == "Shop"
