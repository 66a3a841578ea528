"""Twilio on loopback: accepts, refuses, queues and delivers SMS as the documentation says, and calls back signed.

The phones of all people are part of it: what arrives on them is the state, what they answer goes to the inbound URL.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json, Outage
from bot.playground.twilio_rules import (
    API_VERSION,
    BODY_CHARS_MAX,
    E164,
    REFUSALS,
    START_WORDS,
    STOP_WORDS,
    UNDELIVERED,
    Outgoing,
    TwilioError,
    check_message,
    gmt,
    new_resource,
    segments,
)
from bot.playground.twilio_webhook import Webhook, read_twiml

MESSAGES_MAX: Final = 500
OPT_OUTS_MAX: Final = 1_000
REQUEST_BYTES_MAX: Final = 64_000
FORM: Final = "application/x-www-form-urlencoded"
QUEUE_MAX: Final = 1_000  # https://www.twilio.com/docs/api/errors/21611: a number's queue can be full

# The account's own wording of the automatic answers; what matters is that the platform sends them, not the application.
STOPPED: Final = "You are unsubscribed and will get no more messages from this number. Reply START to get them again."
STARTED: Final = "You are subscribed again to messages from this number. Reply STOP to end them."

_Handler = Callable[[Request, Outage], Awaitable[Response]]


@dataclass(slots=True)
class _Message:
    """One Message resource together with what the resource itself does not show."""

    resource: Json
    callback_url: str | None
    expires_at_s: float


@dataclass(slots=True)
class TwilioEmulator:
    """One account with its numbers, its Messaging Services and the phones of everybody it can reach.

    `numbers` are the account's own (the first answers by default), `services` maps `MG…` to the number it sends from,
    `people` maps a phone number to the name of its owner, `inbound_url` gets what people reply, `api_keys` maps `SK…`
    to its secret. `step_s` is the time in real seconds from queued to sent and from sent to delivered.
    """

    hub: Hub
    account_sid: str
    auth_token: str
    numbers: Sequence[str]
    services: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    api_keys: Mapping[str, str] = field(default_factory=dict)
    inbound_url: str | None = None
    step_s: float = 0.4
    name: str = "twilio"
    _messages: OrderedDict[str, _Message] = field(default_factory=OrderedDict)
    _opted_out: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)
    _switched_off: set[str] = field(default_factory=set)
    _troubles: dict[str, int] = field(default_factory=dict)
    """Number → the documented error that it is refused with, or that its texts end with."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _webhook: Webhook = field(init=False)

    def __post_init__(self) -> None:
        self._webhook = Webhook(self.auth_token)

    def routes(self) -> Sequence[BaseRoute]:
        """`POST …/Messages.json`, `GET …/Messages/{sid}.json` and the account: `/2010-04-01/Accounts/{account}`."""
        base = f"/{API_VERSION}/Accounts/{{account}}"
        return (
            Route(f"{base}/Messages.json", self._create, methods=["POST"]),
            Route(f"{base}/Messages/{{sid}}.json", self._fetch, methods=["GET"]),
            Route(f"{base}.json", self._account, methods=["GET"]),
        )

    async def start(self) -> None:
        """Open the client session that carries the webhooks."""
        await self._webhook.open()

    async def stop(self) -> None:
        """End what is still being delivered, and close the session."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._webhook.close()

    def state(self) -> Json:
        """The phones: `{numbers, people: [{number, name, on, opted_out}], messages: [resource, oldest first]}`."""
        seen = dict(self.people)
        for message in self._messages.values():
            resource = message.resource
            person = resource["from"] if resource["direction"] == "inbound" else resource["to"]
            seen.setdefault(person, person)
        return {
            "account_sid": self.account_sid,
            "numbers": list(self.numbers),
            "inbound_url": self.inbound_url,
            "people": [
                {
                    "number": number,
                    "name": name,
                    "on": number not in self._switched_off,
                    "opted_out": any(person == number for person, _ in self._opted_out),
                }
                for number, name in seen.items()
            ],
            "messages": [message.resource for message in self._messages.values()],
        }

    async def act(self, act: str, data: Json) -> Json:
        """`reply {from, body, to?}` sends an SMS from a phone; `power {number, on}` switches a phone on or off.

        `trouble {number, code}` lets the vendor refuse a number, or its carrier fail it; an empty code ends that.
        """
        if act == "reply":
            return await self.reply(str(data.get("from", "")), str(data.get("body", "")), to=data.get("to"))
        if act == "power":
            number, on = str(data.get("number", "")), bool(data.get("on"))
            if number not in self.people:
                raise ActRefused(f"There is no phone with the number {number or '(none)'} in this playground.")
            (self._switched_off.discard if on else self._switched_off.add)(number)
            self.hub.publish(self.name, "power", {"number": number, "name": self._who(number), "on": on})
            return {"on": on}
        if act == "trouble":
            code = int(data.get("code") or 0)
            if code and code not in REFUSALS and code not in UNDELIVERED:
                raise ActRefused(f"There is no error {code} here; there are {', '.join(map(str, [*REFUSALS]))}.")
            self._troubles[str(data.get("number", ""))] = code
            return {"code": code}
        raise ActRefused(f"A phone cannot do '{act}'; it knows 'reply', 'power' and 'trouble'.")

    # --- the API -----------------------------------------------------------------------------------------------------

    async def _create(self, request: Request) -> Response:
        return await self._answer(request, self._create_checked)

    async def _fetch(self, request: Request) -> Response:
        return await self._answer(request, self._fetch_checked)

    async def _account(self, request: Request) -> Response:
        """https://www.twilio.com/docs/iam/api/account#fetch-an-account"""
        return await self._answer(request, self._account_checked)

    async def _account_checked(self, _request: Request, _outage: Outage) -> Response:
        return JSONResponse({"sid": self.account_sid, "status": "active", "type": "Full"})

    async def _answer(self, request: Request, handler: _Handler) -> Response:
        """Faults first, then the credentials, then the call; every refusal becomes the vendor's error body."""
        outage = self.hub.outage(self.name)
        if outage is Outage.DOWN:
            return PlainTextResponse("Service Unavailable", 503)  # the edge answers, not the API: there is no JSON
        try:
            self._let_in(request, outage)
            response = await handler(request, outage)
        except TwilioError as error:
            headers = {"Retry-After": str(self.hub.retry_after_s)} if error.status == 429 else None
            if error.status == 401:
                headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'}
            self.hub.publish(self.name, "refused", error.body())
            response = JSONResponse(error.body(), error.status, headers=headers)
        if outage is Outage.SLOW:
            await asyncio.sleep(self.hub.slow_s)  # accepted already: a caller that gives up cannot know
        return response

    def _let_in(self, request: Request, outage: Outage) -> None:
        """HTTP Basic: account SID and auth token, or an API key (https://www.twilio.com/docs/usage/requests-to-twilio)."""
        if outage is Outage.RATE_LIMITED:
            raise TwilioError(20429, "Too Many Requests", 429)  # docs/api/errors/20429
        user, password = _basic(request.headers.get("authorization", ""))
        secret = self.auth_token if user == self.account_sid else self.api_keys.get(user)
        good = secret is not None and hmac.compare_digest(secret.encode(), password.encode())
        if outage is Outage.REVOKED or not good or request.path_params["account"] != self.account_sid:
            raise TwilioError(20003, "Authenticate", 401)  # docs/api/errors/20003

    async def _create_checked(self, request: Request, outage: Outage) -> Response:
        body = await request.body()
        if len(body) > REQUEST_BYTES_MAX:
            raise TwilioError(21617, "The concatenated message body exceeds the 1600 character limit.")
        is_form = request.headers.get("content-type", "").partition(";")[0].strip() == FORM
        # The API reads forms only (docs/usage/requests-to-twilio): of anything else it sees no parameter at all.
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)) if is_form else {}
        outgoing = check_message(form, numbers=self.numbers, services=self.services, opted_out=self._opted_out)
        if outage is Outage.BLOCKED:
            raise TwilioError(21610, "Attempt to send to unsubscribed recipient")
        trouble = self._troubles.get(outgoing.to, 0)
        if trouble in REFUSALS:
            status, reason = REFUSALS[trouble]
            raise TwilioError(trouble, reason, status)
        if len(self._tasks) >= QUEUE_MAX:
            raise TwilioError(21611, "This 'From' number has exceeded the maximum number of queued messages", 429)
        message = self._store(outgoing, direction="outbound-api")
        # The answer is a copy: it shows the first status even when the delivery is faster than the response.
        response = JSONResponse(dict(message.resource), 201)
        self._spawn_delivery(message)
        return response

    async def _fetch_checked(self, request: Request, _outage: Outage) -> Response:
        message = self._messages.get(request.path_params["sid"])
        if message is None:
            raise TwilioError(20404, f"The requested resource {request.url.path} was not found", 404)
        return JSONResponse(message.resource)

    # --- the life of a message ---------------------------------------------------------------------------------------

    def _store(self, outgoing: Outgoing, *, direction: str) -> _Message:
        resource = new_resource(outgoing, account_sid=self.account_sid, direction=direction, at_s=self.hub.now())
        message = _Message(resource, outgoing.callback_url, self.hub.now() + outgoing.validity_s)
        self._messages[resource["sid"]] = message
        while len(self._messages) > MESSAGES_MAX:
            self._messages.popitem(last=False)
        self.hub.publish(self.name, "message", dict(resource) | {"name": self._who(outgoing.to)})
        return message

    def _spawn_delivery(self, message: _Message) -> None:
        task = asyncio.create_task(self._deliver(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, message: _Message) -> None:
        """Queued, sent, then delivered; or the documented ways to fail. Every change after the first is called back."""
        resource = message.resource
        if resource["messaging_service_sid"]:
            await asyncio.sleep(self.step_s)
            sender = resource["from"] or self.services[resource["messaging_service_sid"]]
            resource |= {"from": sender, "num_segments": str(segments(resource["body"]))}
            await self._move(message, "queued")
        await asyncio.sleep(self.step_s)
        if self.hub.now() > message.expires_at_s:
            await self._move(message, "failed", 30036, "Validity Period Expired")  # docs/api/errors/30036
            return
        resource["date_sent"] = gmt(self.hub.now())
        await self._move(message, "sent")
        await asyncio.sleep(self.step_s)
        trouble = self._troubles.get(resource["to"], 0)
        if trouble in UNDELIVERED:
            await self._move(message, "undelivered", trouble, UNDELIVERED[trouble])
            return
        if resource["to"] in self._switched_off:
            await self._move(message, "undelivered", 30003, "Unreachable destination handset")  # docs/api/errors/30003
            return
        await self._move(message, "delivered")

    async def _move(self, message: _Message, status: str, code: int | None = None, reason: str | None = None) -> None:
        resource = message.resource
        resource |= {"status": status, "error_code": code, "error_message": reason, "date_updated": gmt(self.hub.now())}
        self.hub.publish(self.name, status, dict(resource) | {"name": self._who(resource["to"])})
        if message.callback_url is None:
            return
        form = self._webhook_form(resource, status)
        if code is not None:
            form["ErrorCode"] = str(code)
        if status in ("delivered", "undelivered"):
            form["RawDlrDoneDate"] = time.strftime("%y%m%d%H%M", time.gmtime(self.hub.now()))
        answer = await self._webhook.post(message.callback_url, form)
        if answer is None or answer.status >= 400:
            self.hub.publish(self.name, "callback_failed", {"sid": resource["sid"], "status": answer and answer.status})

    def _webhook_form(self, resource: Json, status: str) -> dict[str, str]:
        """The fields of a status callback (https://www.twilio.com/docs/messaging/guides/track-outbound-message-status)."""
        form = {
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "From": resource["from"],
            "MessageSid": resource["sid"],
            "MessageStatus": status,
            "SmsSid": resource["sid"],
            "SmsStatus": status,
            "To": resource["to"],
        }
        if resource["messaging_service_sid"]:
            form["MessagingServiceSid"] = resource["messaging_service_sid"]
        return form

    # --- the phones --------------------------------------------------------------------------------------------------

    async def reply(self, person: str, body: str, *, to: str | None = None) -> Json:
        """An SMS from a person's phone, and what comes of it: `{sid, status, twiml, answers, error}`.

        STOP and START words act on the opt-out list first, and are passed on all the same. `answers` are the texts that
        went back to the phone; `error` is the debugger's error when the application's answer could not be read. Raises
        `ActRefused` for a number that is none, an empty or an oversized text.
        Source: https://www.twilio.com/docs/messaging/guides/webhook-request
        """
        if not E164.fullmatch(person):
            raise ActRefused(f"'{person}' is not a phone number; write + and the digits, such as +14155550101.")
        if not body.strip() or len(body) > BODY_CHARS_MAX:
            raise ActRefused("An SMS has 1 to 1600 characters.")
        own = to or self._last_number_that_wrote(person)
        incoming = Outgoing(to=own, sender=person, service_sid=None, body=body, callback_url=None, validity_s=0)
        resource = self._store(incoming, direction="inbound").resource
        automatic = self._opt(person, own, body.strip().upper())
        result: Json = {"sid": resource["sid"], "status": None, "twiml": "", "answers": automatic, "error": None}
        if self.inbound_url is None:
            return result
        form = self._webhook_form(resource, "received") | {
            "Body": body,
            "NumMedia": "0",
            "NumSegments": resource["num_segments"],
            "SmsMessageSid": resource["sid"],
        }
        del form["MessageStatus"]
        answer = await self._webhook.post(self.inbound_url, form)
        try:
            answers = read_twiml(answer)
        except TwilioError as error:
            self.hub.publish(self.name, "debugger", error.body())
            return result | {"status": answer and answer.status, "error": error.body()}
        if (person, own) not in self._opted_out:
            for text in answers:
                self._send_back(own, person, text)
            result["answers"] = automatic + answers
        return result | {"status": answer and answer.status, "twiml": answer.text if answer else ""}

    def _opt(self, person: str, own: str, word: str) -> list[str]:
        """Keep the opt-out list, and send the standard reply to a keyword."""
        if word in STOP_WORDS:
            self._opted_out[(person, own)] = None
            while len(self._opted_out) > OPT_OUTS_MAX:
                self._opted_out.popitem(last=False)
            self._send_back(own, person, STOPPED)
            return [STOPPED]
        if word in START_WORDS and (person, own) in self._opted_out:
            del self._opted_out[(person, own)]
            self._send_back(own, person, STARTED)
            return [STARTED]
        return []

    def _send_back(self, own: str, person: str, text: str) -> None:
        outgoing = Outgoing(to=person, sender=own, service_sid=None, body=text, callback_url=None, validity_s=36_000)
        self._spawn_delivery(self._store(outgoing, direction="outbound-reply"))

    def _last_number_that_wrote(self, person: str) -> str:
        for message in reversed(self._messages.values()):
            if message.resource["to"] == person and message.resource["from"]:
                return str(message.resource["from"])
        return self.numbers[0]

    def _who(self, number: str) -> str:
        return self.people.get(number, number)


def _basic(header: str) -> tuple[str, str]:
    """User and password of an `Authorization: Basic` header (RFC 7617); two empty texts when there is none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
