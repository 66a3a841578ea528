"""Twilio's calls on loopback: Calls.json with TwiML inside, a phone that rings, signed callbacks for keys and states.

https://www.twilio.com/docs/voice/api/call-resource · https://www.twilio.com/docs/voice/twiml/gather ·
https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import parse_qsl, urldefrag, urlencode
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.hub import Json, Outage
from bot.playground.twilio_rules import API_VERSION, E164, is_callback_url
from bot.playground.twilio_webhook import sign
from bot.playground.vendors.exchange import Exchange, Heard, Refused

TWIML_CHARS_MAX: Final = 4_000
"""https://www.twilio.com/docs/voice/api/call-resource#create-a-call: the length of `Twiml`."""
RING_S_MAX: Final = 600
_EVENTS: Final = frozenset({"initiated", "ringing", "answered", "completed"})


@dataclass(slots=True, kw_only=True)
class TwilioVoiceEmulator(Exchange):
    """One account and its numbers that may call."""

    account_sid: str
    auth_token: str
    numbers: Sequence[str]
    name: ClassVar[str] = "twilio_voice"
    errors: ClassVar[dict[str, tuple[int, str]]] = {
        "20003": (401, "Authenticate"),
        "20005": (403, "Account not active"),
        "20429": (429, "Too Many Requests"),
        "21201": (400, "No 'To' number is specified"),
        "21205": (400, "Url is not a valid URL"),
        "21210": (400, "'From' phone number not verified"),
        "21211": (400, "Invalid 'To' Phone Number"),
        "21213": (400, "'From' phone number is required"),
        "21215": (400, "Account not authorized to call this number: geo permissions"),
        "21218": (400, "Invalid ApplicationSid, Url or Twiml: one of them is required"),
        "21220": (400, "Invalid call state"),
        "21609": (400, "Invalid 'StatusCallback' URL"),
        "13224": (400, "Dial: Invalid phone number"),
        "12100": (400, "Document parse failure"),
        "12200": (400, "Schema validation warning"),
        "21614": (400, "'To' number is not a valid mobile number"),
        "20404": (404, "The requested resource was not found"),
        "20500": (500, "Internal Server Error"),
    }
    faults: ClassVar[dict[Outage, str]] = {
        Outage.RATE_LIMITED: "20429",
        Outage.REVOKED: "20003",
        Outage.BLOCKED: "21215",
    }

    def routes(self) -> Sequence[BaseRoute]:
        """`POST …/Calls.json`, `GET …/Calls/{sid}.json`, and the account itself."""
        account = f"/{API_VERSION}/Accounts/{{account}}"
        return (
            Route(f"{account}/Calls.json", self._called, methods=["POST"]),
            Route(f"{account}/Calls/{{sid}}.json", self._fetched, methods=["GET"]),
            Route(f"{account}.json", self._fetched, methods=["GET"]),
        )

    async def _fetched(self, request: Request) -> Response:
        return await self.judge(request, self._show, _refusal)

    def _show(self, request: Request, _body: bytes) -> Response:
        """https://www.twilio.com/docs/voice/api/call-resource#fetch-a-call-resource · …/docs/iam/api/account"""
        self._let_in(request)
        sid = request.path_params.get("sid")
        if sid is None:
            return JSONResponse({"sid": self.account_sid, "status": "active", "type": "Full"})
        found = next((item for item in self.items if item["id"] == sid), None)
        if found is None:
            raise Refused("20404")
        shown = {"sid": sid, "status": found["state"], "answered_by": found["answered_by"], "to": found["to"]}
        return JSONResponse(shown | {"from": found["sender"], "account_sid": self.account_sid})

    async def _called(self, request: Request) -> Response:
        return await self.judge(request, self._take, _refusal)

    def _take(self, request: Request, body: bytes) -> Response:
        self._let_in(request)
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        form = dict(pairs)
        if not form.get("To"):
            raise Refused("21201")
        if not E164.fullmatch(form["To"]):
            raise Refused("21211", f"Invalid 'To' Phone Number: {form['To']}")
        if not form.get("From"):
            raise Refused("21213")
        if form["From"] not in self.numbers:
            raise Refused("21210")
        if not form.get("Twiml") or len(form["Twiml"]) > TWIML_CHARS_MAX:
            raise Refused("21218")
        if "StatusCallback" in form and not is_callback_url(form["StatusCallback"]):
            raise Refused("21609")
        events = {value for name, value in pairs if name == "StatusCallbackEvent"}
        if events - _EVENTS or not 1 <= int(form.get("Timeout", "60")) <= RING_S_MAX:
            raise Refused("21218", "StatusCallbackEvent or Timeout is out of its range")
        said, action, empty_too = read_call(form["Twiml"])
        found = "CA" + secrets.token_hex(16)
        item = self.keep(
            found,
            "call",
            form["To"],
            said,
            action=action,
            empty_too=empty_too,
            callback=form.get("StatusCallback", ""),
            events=sorted(events or {"completed"}),
            sender=form["From"],
            state="queued",
            answered_by=None,
            detected_to=_detected_to(form),
            detects="MachineDetection" in form,
        )
        self.later(self._begun(item))
        resource = {
            "sid": found,
            "status": "queued",
            "to": form["To"],
            "from": form["From"],
            "direction": "outbound-api",
        }
        return JSONResponse(resource | {"account_sid": self.account_sid, "api_version": API_VERSION}, 201)

    def _let_in(self, request: Request) -> None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Refused("20003") from None
        known = (user, password) == (self.account_sid, self.auth_token)
        if scheme != "Basic" or not known or request.path_params["account"] != self.account_sid:
            raise Refused("20003")

    # --- the life of a call -----------------------------------------------------------------------------------------

    async def pressed(self, item: Json, key: str) -> Heard:
        """`in-progress` where asked for, the gather's action with the key, the TwiML it answers, then `completed`.

        TwiML with another gather goes on listening instead.
        """
        if item["status"] != "listening":
            await self._state(item, "answered", "in-progress")
            await self._detected(item, "human")
        heard = Heard(0, "", "")
        item["status"] = "answered"
        if item["action"] and (key or item["empty_too"]):
            form = self._form(item, "in-progress") | {"Digits": key, "msg": "Gather End"}
            heard = await self._post(item["action"], form)
            if heard.status == 200:
                item["then"], item["action"], item["empty_too"] = read_call(heard.text)
                item["status"] = "listening" if item["action"] else "answered"
        if item["status"] != "listening":
            await self._state(item, "completed", "completed")
        return heard

    async def recorded(self, item: Json) -> Heard:
        """A mailbox answers: detection says so, nobody presses a key, the call ends as any other."""
        await self._state(item, "answered", "in-progress")
        heard = await self._detected(item, "machine_start")
        if item["action"] and item["empty_too"]:
            await self._post(item["action"], self._form(item, "in-progress") | {"Digits": "", "msg": "Gather End"})
        await self._state(item, "completed", "completed")
        return heard

    async def _begun(self, item: Json) -> None:
        await self._state(item, "initiated", "initiated")
        await self._state(item, "ringing", "ringing")

    async def _detected(self, item: Json, who: str) -> Heard:
        """https://www.twilio.com/docs/voice/answering-machine-detection#asyncamdstatuscallback"""
        item["answered_by"] = who if item["detects"] else None
        if not item["detected_to"]:
            return Heard(0, "", "")
        form = {"CallSid": item["id"], "AccountSid": self.account_sid, "AnsweredBy": who}
        return await self._post(item["detected_to"], form | {"MachineDetectionDuration": "3200"})

    async def missed(self, item: Json) -> Heard:
        """`no-answer` is told as the event `completed`."""
        return await self._state(item, "completed", "no-answer")

    async def _state(self, item: Json, event: str, status: str) -> Heard:
        if event in ("answered", "completed") or item["state"] in ("queued", "initiated"):
            item["state"] = status
        if not item["callback"] or event not in item["events"]:
            return Heard(0, "", "")
        return await self._post(item["callback"], self._form(item, status) | {"CallDuration": "12"})

    def _form(self, item: Json, status: str) -> dict[str, str]:
        common = {
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": item["id"],
            "CallStatus": status,
        }
        return common | {
            "Direction": "outbound-api",
            "From": item["sender"],
            "To": item["to"],
            "Caller": item["sender"],
        }

    async def _post(self, url: str, form: dict[str, str]) -> Heard:
        headers = {
            "X-Twilio-Signature": sign(self.auth_token, url, form),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return await self.call_back(urldefrag(url).url, urlencode(form).encode(), headers)


def read_call(twiml: str) -> tuple[str, str, bool]:
    """What a call says, where its key goes, and whether no key is told as well. Raises `Refused`."""
    if "<!DOCTYPE" in twiml:
        raise Refused("12100")
    try:
        root = ET.fromstring(twiml)  # noqa: S314  # without a document type there are no entities to expand
    except ET.ParseError:
        raise Refused("12100") from None
    said: list[str] = []
    action, empty_too = "", False
    if root.tag != "Response":
        raise Refused("12100", "the root element is not <Response>")
    for verb in root:
        if verb.tag == "Gather":
            if int(verb.get("numDigits", "1")) < 1 or verb.get("method", "POST") != "POST":
                raise Refused("12200", "Gather")
            action, empty_too = verb.get("action", ""), verb.get("actionOnEmptyResult") == "true"
            said += [each.text or "" for each in verb if each.tag == "Say"]
        elif verb.tag == "Say":
            said.append(verb.text or "")
        elif verb.tag != "Hangup":
            raise Refused("12200", f"<{verb.tag}> is not a verb known here")
    return " ".join(said), action, empty_too


def _detected_to(form: Mapping[str, str]) -> str:
    """Where the verdict of a detection beside the call goes; empty for none. Raises `Refused`."""
    if "MachineDetection" not in form:
        return ""
    if form["MachineDetection"] not in ("Enable", "DetectMessageEnd") or form.get("AsyncAmd") not in ("true", "false"):
        raise Refused("21218", "MachineDetection or AsyncAmd is out of its range")
    target = form.get("AsyncAmdStatusCallback", "")
    if target and not is_callback_url(target):
        raise Refused("21609", "Invalid AsyncAmdStatusCallback")
    return target if form["AsyncAmd"] == "true" else ""


def _refusal(code: str, message: str, status: int) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    headers = {"Retry-After": "2"} if status == 429 else None
    body = {"code": int(code), "message": message, "more_info": more, "status": status}
    return JSONResponse(body, status, headers=headers)
