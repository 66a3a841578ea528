"""The doors for alerts, in process: who gets in, what is kept, and what each sender hears."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from bot.clock import Ids, VirtualClock
from bot.engine.world import Integration
from bot.store.base import Inbound, StoreUnavailable
from webhooks.auth import by_key_hash
from webhooks.bodies import TooLarge, read_body
from webhooks.doors import routes
from webhooks.intake import Intake
from webhooks.parsers import parsers

NOW = 1_790_000_000_000
AM_KEY, PUSH_KEY, STANDARD_KEY, LOCKED_KEY, SIGNED_KEY = (f"key-{name}-0123456789" for name in "apslh")
INTEGRATIONS = {
    integration.id: integration
    for integration in (
        Integration(id="am", key=AM_KEY, source="prometheus", channel="shop"),
        Integration(id="push", key=PUSH_KEY, source="prometheus_v2", channel="shop"),
        Integration(id="std", key=STANDARD_KEY, source="standard", channel="shop"),
        Integration(id="locked", key=LOCKED_KEY, source="standard", channel="shop", config={"secret": "s3same"}),
        Integration(
            id="signed",
            key=SIGNED_KEY,
            source="standard",
            channel="shop",
            config={"secret": "s3same", "signature_header": "X-Sig"},
        ),
    )
}
EVENT = {"event_status": "Warning", "title_rule": "door open"}
FIRING = {"version": "4", "status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "Lag"}}]}
GZIP = {"content-encoding": "gzip", "content-type": "application/json"}
STANDARD = f"/event/push/alert/standard?integration_key={STANDARD_KEY}"


class Inbox:
    """Keeps what is appended, as the committer would, or cannot."""

    def __init__(self) -> None:
        self.rows: list[Inbound] = []
        self.broken = False

    async def append(self, row: Inbound) -> None:
        if self.broken:
            raise StoreUnavailable
        self.rows.append(row)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
async def http(inbox, clock) -> AsyncIterator[httpx.AsyncClient]:
    known = by_key_hash(INTEGRATIONS.values())
    intake = Intake(integrations=known.get, append=inbox.append, clock=clock, ids=Ids(seed=7))
    app = Starlette(routes=routes(intake, ready=lambda: not inbox.broken, started_at=NOW))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin") as client:
        yield client


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


# -- what is kept, and what the worker makes of it


@pytest.mark.parametrize("address", [f"/in/standard/{STANDARD_KEY}", STANDARD])
async def test_an_event_is_kept_before_its_key_is_told(http, inbox, address):
    answer = await http.post(address, json=EVENT)
    assert answer.status_code == 200
    (row,) = inbox.rows
    assert answer.json() == {"request_id": row.id, "data": {"alert_key": row.id}}
    read = parsers()["standard"](row, INTEGRATIONS["std"])
    assert [event.alert_key for event in read.events] == [answer.json()["data"]["alert_key"]]
    assert (row.integration, row.source, row.received_at) == ("std", "standard", NOW)


async def test_no_key_and_no_credential_is_ever_stored(http, inbox):
    headers = {"authorization": "Bearer s3same", "cookie": "a=b", "user-agent": "probe"}
    await http.post(f"/event/push/alert/standard?x=1&integration_key={LOCKED_KEY}&y=2", json=EVENT, headers=headers)
    await http.post(f"/in/standard/{LOCKED_KEY}", json=EVENT, headers=headers)
    await http.post("/api/v2/alerts", json=FIRING["alerts"], headers=basic("prom", PUSH_KEY))
    assert [row.path for row in inbox.rows] == [
        "/event/push/alert/standard?x=1&y=2",
        "/in/standard",
        "/api/v2/alerts",
    ]
    assert inbox.rows[0].headers["user-agent"] == "probe"
    stored = repr(inbox.rows)
    assert not any(secret in stored for secret in (LOCKED_KEY, PUSH_KEY, "s3same", "a=b"))


async def test_an_unreadable_body_is_refused_and_kept_for_the_dead_letters(http, inbox):
    answer = await http.post(f"/in/prometheus/{AM_KEY}", content=b'{"alerts": [')
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["error"]["message"]
    read = parsers()["prometheus"](inbox.rows[0], INTEGRATIONS["am"])
    assert read.broken
    assert "not JSON" in read.why


async def test_a_mistake_that_the_sender_can_mend_is_not_kept(http, inbox):
    answer = await http.post(STANDARD, json={**EVENT, "event_status": "Ok"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InvalidParameter"
    assert inbox.rows == []


async def test_a_batch_that_is_good_in_part_is_kept_and_answered_400(http, inbox):
    batch = [{"labels": {}}, {"labels": {"alertname": "Lag"}}]
    answer = await http.post(f"/in/{PUSH_KEY}/api/v2/alerts", json=batch)
    assert answer.status_code == 400
    assert answer.json().startswith("Alert 0 was left out")
    assert len(parsers()["prometheus_v2"](inbox.rows[0], INTEGRATIONS["push"]).events) == 1


async def test_a_database_that_cannot_be_written_is_a_503(http, inbox):
    inbox.broken = True
    for address, body in ((STANDARD, EVENT), (f"/in/prometheus/{AM_KEY}", FIRING)):
        answer = await http.post(address, json=body)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.json()["error"]["code"] == "InternalError"
    unreadable = await http.post(f"/in/prometheus/{AM_KEY}", content=b"{")
    assert unreadable.status_code == 503, "a dead letter that was not stored must be sent again"
    assert (await http.get("/-/ready")).status_code == 503


# -- who may send


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/in/standard/wrong-key-0123456789", 401, "Unauthorized"),
        ("/event/push/alert/standard", 401, "Unauthorized"),
        ("/event/push/alert/standard?integration_key=", 401, "Unauthorized"),
        (f"/in/prometheus/{STANDARD_KEY}", 404, "RouteNotFound"),
        (f"/in/unheard_of/{STANDARD_KEY}", 404, "RouteNotFound"),
        (f"/in/standard/{LOCKED_KEY}", 401, "Unauthorized"),
        (f"/in/standard/{SIGNED_KEY}", 401, "Unauthorized"),
    ],
)
async def test_strangers_are_told_why(http, inbox, address, status, code):
    answer = await http.post(address, json=EVENT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert inbox.rows == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer s3same"}, 200),
        (basic("anybody", "s3same"), 200),
        ({"authorization": "Bearer s3sam"}, 401),
        (basic("s3same", "wrong"), 401),
        ({"authorization": b"Basic \xff\xfe"}, 401),
        ({"authorization": "Basic"}, 401),
    ],
)
async def test_an_integration_with_a_secret_asks_for_it(http, headers, status):
    answer = await http.post(f"/in/standard/{LOCKED_KEY}", json=EVENT, headers=headers)
    assert answer.status_code == status


async def test_a_signature_covers_the_bytes_as_they_were_sent(http, inbox):
    raw = gzip.compress(json.dumps(EVENT).encode())
    good = hmac.new(b"s3same", raw, hashlib.sha256).hexdigest()
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    for signature, status in ((good, 200), ("sha256=" + good.upper(), 200), (good[:-1] + "x", 401), ("", 401)):
        answer = await http.post(f"/in/standard/{SIGNED_KEY}", content=raw, headers={**headers, "x-sig": signature})
        assert answer.status_code == status
    assert len(inbox.rows) == 2


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        (f"/in/{PUSH_KEY}/api/v2/alerts", {}),
        (f"/in/prometheus_v2/{PUSH_KEY}/api/v2/alerts", {}),
        (f"/in/prometheus_v2/{PUSH_KEY}", {}),
        (f"/api/v2/alerts?integration_key={PUSH_KEY}", {}),
        ("/api/v2/alerts", basic("prometheus", PUSH_KEY)),
        ("/api/v2/alerts", {"authorization": f"Bearer {PUSH_KEY}"}),
    ],
)
async def test_prometheus_finds_its_door_however_its_key_travels(http, inbox, address, headers):
    answer = await http.post(address, json=FIRING["alerts"], headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert len(inbox.rows) == 1


async def test_the_old_api_answers_in_its_own_words(http):
    good = await http.post(f"/in/{PUSH_KEY}/api/v1/alerts", json=FIRING["alerts"])
    assert good.json() == {"status": "success"}
    stranger = await http.post("/in/wrong-key-0123456789/api/v1/alerts", json=FIRING["alerts"])
    assert stranger.status_code == 401
    assert stranger.json()["errorType"] == "bad_data"


# -- how much, how often, how packed


async def test_a_hundred_a_second_and_a_thousand_a_minute(http, inbox, clock):
    async def burst(count: int) -> list[int]:
        return [(await http.post(STANDARD, json=EVENT)).status_code for _ in range(count)]

    assert await burst(101) == [200] * 100 + [429]
    for second in range(1, 10):
        clock.set(NOW + second * 1000)
        assert await burst(100) == [200] * 100
    clock.set(NOW + 10_500)
    late = await http.post(STANDARD, json=EVENT)
    assert late.status_code == 429
    assert late.headers["retry-after"] == "50"  # 49.5 s, and never too early
    assert late.json()["error"]["code"] == "RequestTooFrequently"
    assert (await http.post(f"/in/prometheus/{AM_KEY}", json=FIRING)).status_code == 200, "others do not suffer"
    clock.set(NOW + 60_000)
    assert await burst(1) == [200]
    clock.set(NOW)
    assert await burst(1) == [200], "a clock that was put back makes nobody wait"
    assert len(inbox.rows) == 1003


async def test_a_body_may_be_a_mebibyte_and_no_byte_more(http, inbox):
    padding = 1_048_576 - len(json.dumps({**EVENT, "x": ""}).encode())
    for extra, status in ((0, 200), (1, 413)):
        body = json.dumps({**EVENT, "x": "y" * (padding + extra)}).encode()

        async def chunks(body: bytes = body) -> AsyncIterator[bytes]:
            for start in range(0, len(body), 65_536):
                yield body[start : start + 65_536]

        whole = await http.post(STANDARD, content=body, headers={"content-type": "application/json"})
        chunked = await http.post(STANDARD, content=chunks(), headers={"content-type": "application/json"})
        assert (whole.status_code, chunked.status_code) == (status, status)
        packed = await http.post(f"/in/standard/{STANDARD_KEY}", content=gzip.compress(body), headers=GZIP)
        assert packed.status_code == status
    assert len(inbox.rows) == 3


async def test_a_packed_body_is_kept_unpacked(http, inbox):
    answer = await http.post(STANDARD, content=gzip.compress(json.dumps(EVENT).encode()), headers=GZIP)
    assert answer.status_code == 200
    assert json.loads(inbox.rows[0].body) == EVENT
    assert "content-encoding" not in inbox.rows[0].headers


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(b"0" * 50_000_000), "gzip", 413),
        (gzip.compress(b"{}")[:-4], "gzip", 415),
        (gzip.compress(b"{}") + gzip.compress(b"{}"), "gzip", 415),
        (b"{}", "gzip", 415),
        (zlib.compress(b"{}"), "deflate", 415),
    ],
    ids=["bomb", "cut", "two members", "not packed", "unknown"],
)
async def test_what_cannot_be_unpacked_is_refused(http, inbox, body, encoding, status):
    answer = await http.post(f"/in/prometheus/{AM_KEY}", content=body, headers={"content-encoding": encoding})
    assert answer.status_code == status
    assert inbox.rows == []


async def test_a_body_that_says_it_is_too_large_is_not_even_read():
    async def receive() -> dict:
        raise AssertionError("the body was read")

    with pytest.raises(TooLarge):
        await read_body(receive, {"content-length": "1048577"})


async def test_a_sender_that_hangs_up_leaves_nothing_behind(inbox):
    sent: list[dict] = []
    known = by_key_hash(INTEGRATIONS.values())
    intake = Intake(integrations=known.get, append=inbox.append, clock=VirtualClock(NOW), ids=Ids(seed=7))
    app = Starlette(routes=routes(intake, ready=lambda: True, started_at=NOW))
    messages = iter([{"type": "http.request", "body": b'{"a"', "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> dict:
        return next(messages)

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/in/standard/{STANDARD_KEY}",
        "query_string": b"",
        "headers": [],
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 408
    assert inbox.rows == []


# -- what is not a POST


async def test_looking_at_an_address_helps(http):
    answer = await http.get(f"/in/prometheus/{AM_KEY}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "by POST" in answer.json()["error"]["message"]
    assert (await http.head(f"/in/prometheus/{AM_KEY}")).status_code == 405
    standard = await http.get(STANDARD)
    assert (standard.status_code, standard.json()["error"]["code"]) == (400, "MethodNotAllowed")


@pytest.mark.parametrize("prefix", ["", f"/in/{PUSH_KEY}"])
async def test_what_an_alertmanager_is_asked_besides(http, prefix):
    assert (await http.get(prefix + "/-/ready")).text == "OK"
    status = (await http.get(prefix + "/api/v2/status")).json()
    assert {"cluster", "versionInfo", "config", "uptime"} <= set(status)
    listed = await http.get(prefix + "/api/v2/alerts")
    assert (listed.status_code, listed.content) == ((200, b"[]") if prefix else (401, listed.content))
