"""Vonage on loopback: the SMS API, whose refusals are HTTP 200, and the Voice API under an RS256 token.

https://developer.vonage.com/en/api/sms · https://developer.vonage.com/api-errors/sms ·
https://developer.vonage.com/en/api/voice · https://developer.vonage.com/en/getting-started/concepts/webhooks
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.hub import Json, Outage
from bot.playground.vendors.exchange import Exchange, Heard, Refused, remember

SKEW_S: Final = 300
CALLBACK_MAX: Final = 100
_MODES: Final = ("default", "detect", "detect_beep")
_DIGITS: Final = re.compile(r"[1-9][0-9]{6,14}")


@dataclass(slots=True, kw_only=True)
class VonageEmulator(Exchange):
    """One API key with one Voice application, of which it holds the public key (PEM)."""

    api_key: str
    api_secret: str
    signature_secret: str
    application_id: str
    public_key: str
    numbers: Sequence[str]
    _tokens: set[str] = field(default_factory=set)
    name: ClassVar[str] = "vonage"
    errors: ClassVar[Mapping[str, tuple[int, str]]] = {
        "1": (200, "Throughput Rate Exceeded - please wait [ 1000 ] and retry"),
        "2": (200, "Missing Parameters"),
        "3": (200, "Invalid Parameters"),
        "4": (200, "Bad Credentials"),
        "5": (200, "Internal Error"),
        "6": (200, "Unroutable message - rejected"),
        "7": (200, "Number barred"),
        "8": (200, "Partner account barred"),
        "9": (200, "Quota Exceeded - rejected"),
        "14": (200, "Invalid signature"),
        "15": (200, "Illegal Sender Address - rejected"),
        "29": (200, "Non White-listed Destination - rejected"),
        "voice/unauthorized": (401, "Unauthorized"),
        "voice/low-balance": (402, "Low balance"),
        "voice/destination-not-permitted": (403, "Destination not permitted"),
        "voice/invalid-number": (400, "Invalid number in to"),
        "voice/invalid-parameters": (400, "Bad Request"),
        "voice/not-found": (404, "Not Found"),
        "voice/rate-limited": (429, "Rate Limit Hit"),
        "voice/internal": (500, "Internal Server Error"),
    }
    faults: ClassVar[Mapping[Outage, str]] = {Outage.RATE_LIMITED: "1", Outage.REVOKED: "4", Outage.BLOCKED: "7"}

    def routes(self) -> Sequence[BaseRoute]:
        """Texts, calls and the balance: two hosts of the vendor, one here."""
        return (
            Route("/sms/json", self._text_called, methods=["POST"]),
            Route("/account/get-balance", self._balance_called, methods=["GET"]),
            Route("/v1/calls", self._call_called, methods=["POST"]),
            Route("/v1/calls", self._calls_shown, methods=["GET"]),
            Route("/v1/calls/{uuid}", self._calls_shown, methods=["GET"]),
        )

    async def _balance_called(self, request: Request) -> Response:
        return await self.judge(request, self._balance, _voice_refusal)

    async def _calls_shown(self, request: Request) -> Response:
        return await self.judge(request, self._show, _voice_refusal)

    def _balance(self, request: Request, _body: bytes) -> Response:
        """https://developer.vonage.com/en/account/code-snippets/account-balance"""
        wanted = base64.b64encode(f"{self.api_key}:{self.api_secret}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {wanted}":
            raise Refused("voice/unauthorized")
        return JSONResponse({"value": 10.28, "autoReload": False})

    def _show(self, request: Request, _body: bytes) -> Response:
        """https://developer.vonage.com/en/api/voice#getCall and #getCalls"""
        self._check_token(request.headers.get("authorization", ""))
        found = [item for item in self.items if item["kind"] == "call"]
        wanted = request.path_params.get("uuid")
        if wanted is None:
            calls = [_shown(item) for item in found[-10:]]
            return JSONResponse(
                {"count": len(found), "page_size": 10, "record_index": 0, "_embedded": {"calls": calls}}
            )
        one = next((item for item in found if item["id"] == wanted), None)
        if one is None:
            raise Refused("voice/not-found")
        return JSONResponse(_shown(one))

    async def _text_called(self, request: Request) -> Response:
        return await self.judge(request, self._text, _sms_refusal)

    async def _call_called(self, request: Request) -> Response:
        return await self.judge(request, self._ring, _voice_refusal)

    def _text(self, request: Request, body: bytes) -> Response:
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        missing = [name for name in ("api_key", "from", "to", "text") if not form.get(name)]
        if missing:
            raise Refused("2", f"Missing {missing[0]}")
        if form["api_key"] != self.api_key:
            raise Refused("4")
        if "sig" in form:
            if hmac_of(self.signature_secret, form) != form["sig"].lower():
                raise Refused("14")
            if abs(int(form.get("timestamp", "0")) - self.hub.now()) > SKEW_S:
                raise Refused("14", "Invalid timestamp")
        elif form.get("api_secret") != self.api_secret:
            raise Refused("4")
        if not _DIGITS.fullmatch(form["to"]):
            raise Refused("6", "Unroutable message - rejected")
        if form["from"] not in {each.lstrip("+") for each in self.numbers}:
            raise Refused("15")
        if len(form.get("callback", "")) > CALLBACK_MAX or not 20_000 <= int(form.get("ttl", "20000")) <= 604_800_000:
            raise Refused("3")
        if form.get("type", "text") == "text" and not form["text"].isascii():
            raise Refused("3", "Characters outside the alphabet: send type=unicode")
        found = uuid.uuid4().hex[:16].upper()
        kept = {"callback": form.get("callback", "") or self.callback_url, "ref": form.get("client-ref", "")}
        self.keep(found, "text", f"+{form['to']}", form["text"], **kept)
        part = {"to": form["to"], "message-id": found, "status": "0", "remaining-balance": "3.14", "network": "23410"}
        return JSONResponse({"message-count": "1", "messages": [part | {"message-price": "0.0333"}]})

    def _ring(self, request: Request, body: bytes) -> Response:
        self._check_token(request.headers.get("authorization", ""))
        try:
            asked = json.loads(body)
            to, sender, ncco = asked["to"][0], asked["from"], asked["ncco"]
        except (ValueError, KeyError, IndexError, TypeError):
            raise Refused("voice/invalid-parameters") from None
        if to.get("type") != "phone" or not _DIGITS.fullmatch(str(to.get("number", ""))):
            raise Refused("voice/invalid-number")
        if sender.get("number") not in {each.lstrip("+") for each in self.numbers}:
            raise Refused("voice/invalid-parameters", "from is not a number of the application")
        if not 1 <= asked.get("ringing_timer", 60) <= 120:
            raise Refused("voice/invalid-parameters", "ringing_timer")
        said, target = _read_ncco(ncco)
        found, conversation = str(uuid.uuid4()), f"CON-{uuid.uuid4()}"
        kept = {"keys_to": target, "event_to": (asked.get("event_url") or [""])[0], "conversation": conversation}
        kept |= {"detects": _detects(asked), "state": "started"}
        item = self.keep(found, "call", f"+{to['number']}", said, **kept)
        self.later(self._begun(item))
        answer = {"uuid": found, "status": "started", "direction": "outbound", "conversation_uuid": conversation}
        return JSONResponse(answer, 201)

    def _check_token(self, login: str) -> None:
        scheme, _, token = login.partition(" ")
        parts = token.split(".")
        if scheme != "Bearer" or len(parts) != 3:
            raise Refused("voice/unauthorized")
        key = serialization.load_pem_public_key(self.public_key.encode())
        if not isinstance(key, rsa.RSAPublicKey):
            raise TypeError("The public key of a Vonage application is an RSA key.")
        try:
            said = f"{parts[0]}.{parts[1]}".encode()
            key.verify(_from64(parts[2]), said, padding.PKCS1v15(), hashes.SHA256())
            header, claims = json.loads(_from64(parts[0])), json.loads(_from64(parts[1]))
        except (InvalidSignature, ValueError):
            raise Refused("voice/unauthorized") from None
        fresh = claims.get("iat", 0) - SKEW_S <= self.hub.now() < claims.get("exp", 0)
        if header.get("alg") != "RS256" or claims.get("application_id") != self.application_id or not fresh:
            raise Refused("voice/unauthorized")
        if not claims.get("jti") or claims["jti"] in self._tokens:
            raise Refused("voice/unauthorized", "jti was used before")
        remember(self._tokens, claims["jti"])

    # --- callbacks --------------------------------------------------------------------------------------------------

    async def passed_on(self, item: Json) -> None:
        """`accepted` by the carrier, `buffered` for the phone: …/en/messaging/sms/guides/delivery-receipts"""
        await self._receipt(item, "accepted", "0")
        await self._receipt(item, "buffered", "0")

    async def reported(self, item: Json) -> None:
        """A signed delivery receipt: https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts"""
        good = item["status"] == "delivered"
        await self._receipt(item, "delivered" if good else "failed", "0" if good else "1")

    async def _receipt(self, item: Json, status: str, code: str) -> None:
        if item["callback"]:
            receipt = {
                "msisdn": item["to"].lstrip("+"),
                "to": self.numbers[0].lstrip("+"),
                "network-code": "23410",
                "messageId": item["id"],
                "price": "0.0333",
                "status": status,
                "scts": "2601010000",
                "err-code": code,
                "client-ref": item["ref"],
            }
            await self._form(item["callback"], receipt)

    async def said(self, person: str, text: str) -> Heard:
        """A person's text: https://developer.vonage.com/en/messaging/sms/guides/inbound-sms"""
        first = (text.split() or [""])[0].upper()
        words = {"type": "text" if text.isascii() else "unicode", "text": text, "keyword": first}
        ends = {"msisdn": person.lstrip("+"), "to": self.numbers[0].lstrip("+"), "messageId": uuid.uuid4().hex[:16]}
        return await self._form(self.callback_url, ends | words)

    async def _form(self, url: str, fields: Mapping[str, str]) -> Heard:
        common = {
            "api-key": self.api_key,
            "message-timestamp": "2026-01-01 00:00:01",
            "timestamp": str(int(self.hub.now())),
            "nonce": str(uuid.uuid4()),
        }
        signed = {**fields, **common}
        signed["sig"] = hmac_of(self.signature_secret, signed)
        return await self.call_back(url, json.dumps(signed).encode(), {"Content-Type": "application/json"})

    async def pressed(self, item: Json, key: str) -> Heard:
        """`answered`, then the input event, whose answer is the next NCCO, then `completed`.

        An NCCO with another input goes on listening instead.
        """
        if item["status"] != "listening":
            await self._event(item, "answered")
            if item["detects"]:
                await self._event(item, "human")
        body = {
            "dtmf": {"digits": key, "timed_out": not key},
            "speech": {"results": []},
            "from": self.numbers[0].lstrip("+"),
            "to": item["to"].lstrip("+"),
            "uuid": item["id"],
            "conversation_uuid": item["conversation"],
        }
        heard = await self._signed(item["keys_to"], body) if item["keys_to"] else Heard(0, "", "")
        item["status"] = "answered"
        if heard.status == 200:
            item["then"], item["keys_to"] = _read_ncco(json.loads(heard.text))
            item["status"] = "listening" if item["keys_to"] else "answered"
        if item["status"] != "listening":
            await self._event(item, "completed")
        return heard

    async def recorded(self, item: Json) -> Heard:
        """A mailbox answers: `machine`, then as long as the words last, then `completed`."""
        await self._event(item, "answered")
        heard = await self._event(item, "machine") if item["detects"] else Heard(0, "", "")
        await self._event(item, "completed")
        return heard

    async def _begun(self, item: Json) -> None:
        await self._event(item, "started")
        await self._event(item, "ringing")

    async def missed(self, item: Json) -> Heard:
        """`unanswered`: the ringing timer ran out."""
        return await self._event(item, "unanswered")

    async def _event(self, item: Json, status: str) -> Heard:
        if status not in ("started", "ringing") or item["state"] in ("started", "ringing"):
            item["state"] = status
        if not item["event_to"]:
            return Heard(0, "", "")
        body = {"uuid": item["id"], "conversation_uuid": item["conversation"], "status": status}
        return await self._signed(item["event_to"], body | {"direction": "outbound", "to": item["to"].lstrip("+")})

    async def _signed(self, url: str, body: Json) -> Heard:
        raw = json.dumps(body).encode()
        claims: Json = {"iss": "Vonage", "api_key": self.api_key, "application_id": self.application_id}
        claims |= {
            "iat": int(self.hub.now()),
            "jti": str(uuid.uuid4()),
            "payload_hash": hashlib.sha256(raw).hexdigest(),
        }
        token = ".".join(_to64(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "HS256"}, claims))
        proof = _to64(hmac.digest(self.signature_secret.encode(), token.encode(), "sha256"))
        headers = {"Authorization": f"Bearer {token}.{proof}", "Content-Type": "application/json"}
        return await self.call_back(url, raw, headers)


def hmac_of(secret: str, fields: Mapping[str, str]) -> str:
    """The account's signature method is SHA-256 HMAC; lower-case hexadecimal."""
    said = b""
    for name in sorted(set(fields) - {"sig"}):
        said += b"&" + name.encode() + b"=" + re.sub("[&=]", "_", fields[name]).encode()
    return hmac.digest(secret.encode(), said, "sha256").hex()


def _shown(item: Json) -> Json:
    common = {"uuid": item["id"], "conversation_uuid": item["conversation"], "direction": "outbound"}
    return common | {"status": item["state"], "to": {"type": "phone", "number": item["to"].lstrip("+")}}


def _detects(asked: Json) -> bool:
    """Whether a machine is to be told from a person, and rightly asked for: …/concepts/advanced-machine-detection"""
    wanted = asked.get("advanced_machine_detection")
    if wanted is None:
        return False
    if wanted.get("behavior") not in ("continue", "hangup") or wanted.get("mode") not in _MODES:
        raise Refused("voice/invalid-parameters", "advanced_machine_detection: behavior and mode")
    return True


def _read_ncco(ncco: Any) -> tuple[str, str]:
    """What is said, and where a key goes: https://developer.vonage.com/en/voice/voice-api/ncco-reference"""
    said, target = [], ""
    if not isinstance(ncco, list):
        raise Refused("voice/invalid-parameters", "ncco is a list of actions")
    for step in ncco:
        if step.get("action") == "talk":
            if not 0 < len(step.get("text", "")) <= 1_500 or "language" not in step:
                raise Refused("voice/invalid-parameters", "talk: text and language")
            said.append(step["text"])
        elif step.get("action") == "input":
            dtmf = step.get("dtmf", {})
            if "dtmf" not in step.get("type", []) or not 0 <= dtmf.get("timeOut", 3) <= 10:
                raise Refused("voice/invalid-parameters", "input: type and dtmf.timeOut")
            if not 1 <= dtmf.get("maxDigits", 4) <= 20 or not isinstance(step.get("eventUrl"), list):
                raise Refused("voice/invalid-parameters", "input: dtmf.maxDigits and eventUrl")
            target = step["eventUrl"][0]
        else:
            raise Refused("voice/invalid-parameters", f"no such action: {step.get('action')}")
    return " ".join(said), target


def _sms_refusal(code: str, message: str, status: int) -> Response:
    return JSONResponse({"message-count": "1", "messages": [{"status": code, "error-text": message}]}, status)


def _voice_refusal(code: str, message: str, status: int) -> Response:
    if code in _SMS_TO_VOICE:
        code = _SMS_TO_VOICE[code]
        status, message = VonageEmulator.errors[code]
    word = code.removeprefix("voice/")
    body = {"type": f"https://developer.vonage.com/api-errors#{word}", "title": message, "detail": word}
    return JSONResponse(body | {"instance": uuid.uuid4().hex}, status)


_SMS_TO_VOICE: Final = {"1": "voice/rate-limited", "4": "voice/unauthorized", "7": "voice/destination-not-permitted"}
"""A switched outage is named by the SMS API's codes; calls say it in their own way."""


def _to64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _from64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
