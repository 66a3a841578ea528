"""The Twilio emulator against Twilio's own SDK: what it accepts, refuses and calls back, with real signatures."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx
import pytest
import uvicorn
from aiohttp import web
from starlette.applications import Starlette
from starlette.routing import Mount
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from bot.playground.emulator import ActRefused, Emulator
from bot.playground.hub import Hub, Outage
from bot.playground.twilio import TwilioEmulator
from bot.playground.twilio_rules import segments
from bot.playground.twilio_webhook import sign

pytestmark = [  # the SDK's own calls of aiohttp
    pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning"),
]

ACCOUNT, TOKEN = "AC" + "0" * 31 + "1", "a-token-of-this-test"
OWN, ANN, BO = "+15550100000", "+15550100001", "+15550100002"
SERVICE = "MG" + "0" * 31 + "2"


@dataclass
class Application:
    """The product's side: it keeps every webhook, and answers what the test says."""

    base: str = ""
    posts: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    answer: web.Response | None = None

    async def handle(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True, strict_parsing=True))
        self.posts.append((self.base + request.raw_path, form, request.headers["X-Twilio-Signature"]))
        if self.answer is None:
            return web.Response(status=204)
        return web.Response(status=self.answer.status, body=self.answer.body, headers=self.answer.headers)

    async def wait(self, count: int) -> list[tuple[str, dict[str, str], str]]:
        deadline = time.monotonic() + 5
        while len(self.posts) < count:
            assert time.monotonic() < deadline, f"{len(self.posts)} of {count} webhooks came"
            await asyncio.sleep(0.01)
        return self.posts


@pytest.fixture
async def application():
    application = Application()
    server = web.Application()
    server.router.add_post("/{tail:.*}", application.handle)
    runner = web.AppRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    application.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield application
    await runner.cleanup()


@pytest.fixture
async def twilio(application):
    emulator = TwilioEmulator(
        Hub(time.time, slow_s=0.2),
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        numbers=[OWN],
        services={SERVICE: OWN},
        people={ANN: "Ann", BO: "Bo"},
        inbound_url=f"{application.base}/in/sms?shard=1",
        step_s=0,
    )
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest.fixture
async def api(twilio):
    app = Starlette(routes=[Mount("/twilio", routes=list(twilio.routes()))])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn offers a flag, not an event
        await asyncio.sleep(0.01)
    base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/twilio"
    async with httpx.AsyncClient(base_url=f"{base}/2010-04-01/Accounts/{ACCOUNT}", auth=(ACCOUNT, TOKEN)) as client:
        yield client
    server.should_exit = True
    await task


class ToEmulator(AsyncTwilioHttpClient):
    """The SDK's own HTTP client, with the host exchanged and nothing else."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=5)
        self.base = base

    async def request(self, method, url, *args, **kwargs):
        return await super().request(method, url.replace("https://api.twilio.com", self.base), *args, **kwargs)


@pytest.fixture
async def sdk(api):
    base = str(api.base_url).partition("/2010")[0]
    async with ToEmulator(base) as http:
        yield Client(ACCOUNT, TOKEN, http_client=http)


async def send(api, **changes):
    form = {"To": ANN, "From": OWN, "Body": "SEV1 INC-1"} | changes
    return await api.post("/Messages.json", data={name: value for name, value in form.items() if value is not None})


async def until(twilio, sid, status):
    deadline = time.monotonic() + 5
    while (message := one(twilio, sid))["status"] != status:
        assert time.monotonic() < deadline, f"{sid} stayed {message['status']}"
        await asyncio.sleep(0.01)
    return message


def one(twilio, sid):
    return next(message for message in twilio.state()["messages"] if message["sid"] == sid)


def test_it_is_an_emulator():
    assert isinstance(TwilioEmulator(Hub(time.time), ACCOUNT, TOKEN, [OWN]), Emulator)


def test_the_documented_signature():
    # https://www.twilio.com/docs/usage/security#validating-requests
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    assert sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form) == "GvWf1cFY/Q7PnoempGyD5oXAezc="


async def test_the_sdk_sends_reads_and_hears_every_status(sdk, twilio, application):
    callback = f"{application.base}/callbacks/sms?delivery=7&kind=a%20b"
    message = await sdk.messages.create_async(
        to=ANN, from_=OWN, body="Zahlungen: 5xx über 5 %", status_callback=callback, validity_period=300
    )
    assert (message.status, message.direction, message.num_segments) == ("queued", "outbound-api", "1")
    assert message.sid.startswith("SM")
    assert abs(message.date_created.timestamp() - time.time()) < 5

    posts = await application.wait(2)
    # "A status callback request is not sent for the initial status": queued is in the answer only.
    assert [form["MessageStatus"] for _, form, _ in posts] == ["sent", "delivered"]
    validator = RequestValidator(TOKEN)
    for url, form, signature in posts:
        assert url == callback
        assert validator.validate(url, form, signature)
        assert not validator.validate(url, form | {"MessageStatus": "failed"}, signature)
        assert (form["MessageSid"], form["To"], form["From"], form["AccountSid"]) == (message.sid, ANN, OWN, ACCOUNT)
    assert (await sdk.messages(message.sid).fetch_async()).status == "delivered"


async def test_a_messaging_service_starts_accepted_and_calls_back_queued_too(sdk, application):
    message = await sdk.messages.create_async(
        to=ANN, messaging_service_sid=SERVICE, body="hello", status_callback=f"{application.base}/s"
    )
    assert (message.status, message.from_, message.num_segments) == ("accepted", None, "0")
    posts = await application.wait(3)
    assert [form["MessageStatus"] for _, form, _ in posts] == ["queued", "sent", "delivered"]
    assert {form["From"] for _, form, _ in posts} == {OWN}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": None}, 21604),
        ({"To": "15550100001"}, 21211),
        ({"To": "+0155501000"}, 21211),
        ({"To": "+1555010000112345"}, 21211),
        ({"To": "+1 555 010 0001"}, 21211),
        ({"To": OWN}, 21266),
        ({"From": None}, 21603),
        ({"From": "Tocsin"}, 21212),
        ({"From": "+15550199999"}, 21606),
        ({"Body": None}, 21602),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"StatusCallback": "/relative"}, 21609),
        ({"StatusCallback": "http://under_score.example/x"}, 21609),
        ({"ValidityPeriod": "0"}, 21624),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"ValidityPeriod": "1.5"}, 21624),
    ],
)
async def test_a_bad_request_gets_the_documented_error(api, twilio, change, code):
    response = await send(api, **change)
    assert response.status_code == 400
    body = response.json()
    assert set(body) == {"code", "message", "more_info", "status"}
    assert (body["code"], body["status"]) == (code, 400)
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert twilio.state()["messages"] == []


async def test_the_limits_themselves_are_allowed(api):
    assert (await send(api, Body="x" * 1600, ValidityPeriod="36000")).status_code == 201
    assert (await send(api, To="+155501000011234", ValidityPeriod="1")).status_code == 201


async def test_json_is_no_form(api):
    response = await api.post("/Messages.json", json={"To": ANN, "From": OWN, "Body": "x"})
    assert response.json()["code"] == 21604


async def test_an_unknown_service_and_an_unknown_message(api):
    assert (await send(api, From=None, MessagingServiceSid="MGnone")).json()["code"] == 21701
    response = await api.get("/Messages/SMnone.json")
    assert (response.status_code, response.json()["code"]) == (404, 20404)


@pytest.mark.parametrize("auth", [(ACCOUNT, "wrong"), ("ACother", TOKEN), ("", "")])
async def test_wrong_credentials(api, auth):
    response = await api.post("/Messages.json", data={}, auth=auth)
    assert (response.status_code, response.json()["code"]) == (401, 20003)


async def test_the_sdk_understands_the_refusal(sdk):
    with pytest.raises(TwilioRestException) as caught:
        await sdk.messages.create_async(to="nobody", from_=OWN, body="x")
    assert (caught.value.code, caught.value.status) == (21211, 400)


@pytest.mark.parametrize(
    ("outage", "status", "code"),
    [(Outage.RATE_LIMITED, 429, 20429), (Outage.REVOKED, 401, 20003), (Outage.BLOCKED, 400, 21610)],
)
async def test_outages_with_an_error_body(api, twilio, outage, status, code):
    twilio.hub.switch("twilio", outage)
    response = await send(api)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (response.headers.get("retry-after") == "2") is (outage is Outage.RATE_LIMITED)
    twilio.hub.switch("twilio", Outage.NONE)
    assert (await send(api)).status_code == 201


async def test_down_is_answered_by_the_edge_without_json(api, twilio):
    twilio.hub.switch("twilio", Outage.DOWN)
    response = await send(api)
    assert response.status_code == 503
    with pytest.raises(ValueError):
        response.json()


async def test_slow_has_accepted_when_the_caller_gives_up(api, twilio):
    twilio.hub.switch("twilio", Outage.SLOW)
    with pytest.raises(httpx.ReadTimeout):
        await api.post("/Messages.json", data={"To": ANN, "From": OWN, "Body": "x"}, timeout=0.05)
    assert len(twilio.state()["messages"]) == 1


async def test_a_switched_off_phone_is_undelivered(api, twilio, application):
    await twilio.act("power", {"number": ANN, "on": False})
    await send(api, StatusCallback=f"{application.base}/s")
    posts = await application.wait(2)
    assert [(form["MessageStatus"], form.get("ErrorCode")) for _, form, _ in posts] == [
        ("sent", None),
        ("undelivered", "30003"),
    ]


async def test_a_message_that_waited_past_its_validity_fails(api, twilio, application):
    twilio.step_s = 0.05
    sid = (await send(api, ValidityPeriod="60", StatusCallback=f"{application.base}/s")).json()["sid"]
    twilio.hub.now = lambda: time.time() + 61
    assert (await until(twilio, sid, "failed"))["error_code"] == 30036
    assert (await application.wait(1))[0][1]["ErrorCode"] == "30036"


async def test_a_reply_is_signed_and_its_twiml_comes_back_as_sms(twilio, application):
    twiml = '<?xml version="1.0" encoding="UTF-8"?><Response><Message>Bo &amp; you: done</Message></Response>'
    application.answer = web.Response(text=twiml, content_type="text/xml")
    result = await twilio.act("reply", {"from": ANN, "body": "ack 12"})
    assert result["answers"] == ["Bo & you: done"]
    assert result["error"] is None
    url, form, signature = application.posts[0]
    assert url == twilio.inbound_url
    assert RequestValidator(TOKEN).validate(url, form, signature)
    assert (form["From"], form["To"], form["Body"], form["SmsStatus"]) == (ANN, OWN, "ack 12", "received")
    messages = twilio.state()["messages"]
    assert [(message["direction"], message["body"]) for message in messages] == [
        ("inbound", "ack 12"),
        ("outbound-reply", "Bo & you: done"),
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (web.Response(status=500, text="oops"), 11200),
        (web.Response(text="<Response><Message>", content_type="text/xml"), 12100),
        (web.Response(text="<!DOCTYPE x><Response/>", content_type="text/xml"), 12100),
        (web.Response(text="<Answer/>", content_type="text/xml"), 12102),
        (web.Response(text="<Response><Play>x</Play></Response>", content_type="text/xml"), 12200),
        (web.Response(text="{}", content_type="application/json"), 12300),
        (web.Response(text="<Response>" + " " * 65_000, content_type="text/xml"), 11750),
    ],
)
async def test_an_answer_that_is_not_twiml_shows_in_the_debugger(twilio, application, answer, code):
    application.answer = answer
    result = await twilio.act("reply", {"from": ANN, "body": "ack"})
    assert result["error"]["code"] == code
    assert [notice["data"]["code"] for notice in twilio.hub.notices if notice["kind"] == "debugger"] == [code]


async def test_stop_and_start_move_the_opt_out_list_and_reach_the_application(api, twilio, application):
    application.answer = web.Response(text="You pressed stop?", content_type="text/plain")
    stopped = await twilio.act("reply", {"from": ANN, "body": " Stop "})
    assert len(stopped["answers"]) == 1  # the platform's own answer; the application's is not delivered any more
    assert (await send(api)).json()["code"] == 21610
    assert (await send(api, To=BO)).status_code == 201
    assert application.posts[0][1]["Body"] == " Stop "
    await twilio.act("reply", {"from": ANN, "body": "stop please"})
    await twilio.act("reply", {"from": ANN, "body": "START"})
    assert (await send(api)).status_code == 201


@pytest.mark.parametrize(
    ("act", "data"),
    [
        ("reply", {"from": "Ann", "body": "x"}),
        ("reply", {"from": ANN, "body": " "}),
        ("reply", {"from": ANN, "body": "x" * 1601}),
        ("power", {"number": "+19990000000", "on": False}),
        ("dance", {}),
    ],
)
async def test_a_phone_refuses_what_a_phone_cannot_do(twilio, act, data):
    with pytest.raises(ActRefused):
        await twilio.act(act, data)


async def test_nobody_answers_the_callback(api, twilio):
    sid = (await send(api, StatusCallback="http://127.0.0.1:9/closed")).json()["sid"]
    await until(twilio, sid, "delivered")
    deadline = time.monotonic() + 5
    while sum(notice["kind"] == "callback_failed" for notice in twilio.hub.notices) < 2:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_the_state_is_bounded(api, twilio, monkeypatch):
    monkeypatch.setattr("bot.playground.twilio.MESSAGES_MAX", 5)
    sids = [(await send(api, Body=f"text {n}")).json()["sid"] for n in range(8)]
    assert [message["sid"] for message in twilio.state()["messages"]] == sids[3:]


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("告" * 70, 1),
        ("告" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 459, 3),
    ],
)
def test_segments(body, count):
    assert segments(body) == count
