"""Vonage: calls by the Voice API. The request carries an RS256 token and an NCCO; callbacks carry an HS256 token.

https://developer.vonage.com/en/api/voice · https://developer.vonage.com/en/voice/voice-api/ncco-reference ·
https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from bot.adapters.base import HttpAnswer, HttpRequest, Receipt, SendError, Sent
from bot.adapters.vendors.contract import (
    CLOCK_SKEW_S,
    Forged,
    KeyPress,
    News,
    Outgoing,
    Words,
    bad_account,
    bad_number,
    blocked,
    decoded,
    is_chinese,
    mark,
    no_balance,
    same,
    throttled,
    unclear,
    unfit,
    wait_s,
    whole,
)

TOKEN_S: Final = 900
RING_S: Final = 30
KEY_S: Final = 8
SAID_MAX: Final = 1_500
"""https://developer.vonage.com/en/voice/voice-api/ncco-reference#talk: the length of `text`."""

_FAILED: Final = {
    "busy": "busy", "timeout": "no_answer", "unanswered": "no_answer", "rejected": "recipient_unreachable",
    "failed": "not_delivered", "cancelled": "not_delivered", "machine": "answered_by_machine",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class VonageApplication:
    """The Voice application with its private key (PEM), the number that people see, and the account's proof."""

    application_id: str
    private_key: str
    sender: str
    api_key: str
    signature_secret: str
    base_url: str = "https://api.nexmo.com"


def sign(application_id: str, private_key: str, *, at: int, nonce: str) -> str:
    """The RS256 JWT of an application, good for 15 minutes (https://developer.vonage.com/en/concepts/guides/authentication)."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    loaded = serialization.load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise TypeError("The private key of a Vonage application is an RSA key.")
    claims = {"application_id": application_id, "iat": at, "exp": at + TOKEN_S, "jti": nonce}
    said = f"{_b64(_compact({'alg': 'RS256', 'typ': 'JWT'}))}.{_b64(_compact(claims))}"
    return f"{said}.{_b64(loaded.sign(said.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def verify(request: HttpRequest, application: VonageApplication, *, at: int) -> None:
    """Raise `Forged` unless the callback's HS256 token is ours, fresh, and made for exactly this body.

    The body's hash matters: a token alone would let a captured one carry other words.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    head, _, rest = token.partition(".")
    claimed, _, given = rest.partition(".")
    if scheme.lower() != "bearer" or _json(head).get("alg") != "HS256":
        raise Forged("The callback carries no HS256 token: switch on signed webhooks for the application.")
    wanted = hmac.new(application.signature_secret.encode(), f"{head}.{claimed}".encode(), hashlib.sha256).digest()
    if not same(_b64(wanted), given.rstrip("=")):
        raise Forged("The token of the callback does not match the signature secret.")
    claims = _json(claimed)
    if not same(str(claims.get("api_key", "")), application.api_key):
        raise Forged("The token of the callback was made for another account.")
    if abs(at - whole(claims.get("iat"))) > CLOCK_SKEW_S:
        raise Forged("The callback was signed too long ago, or by a clock that is wrong.")
    if request.method == "POST" and not same(
        str(claims.get("payload_hash", "")), hashlib.sha256(request.body).hexdigest()
    ):
        raise Forged("The body of the callback is not the one that was signed.")


def outcome(status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
    """A 201 with a `uuid`. Errors are `{type, title, detail}`: https://developer.vonage.com/en/api-errors#voice"""
    answer = decoded(body)
    detail = f"{status} {answer.get('title', '')} {answer.get('detail', answer.get('error_title', ''))}".strip()
    if status == 201 and answer.get("uuid") and answer.get("status") not in _FAILED:
        return Sent(ref="", provider_id=str(answer["uuid"]))
    kind = f"{answer.get('type', '')} {detail}".lower()
    if status == 429:
        return throttled(wait_s(headers), detail, whole=True)
    if status == 402 or "low-balance" in kind or "insufficient" in kind:
        return no_balance(detail)
    if status in (401, 403):
        return unfit(detail) if "destination" in kind else bad_account(detail)
    if status >= 500:
        return unclear(detail)
    if "barred" in kind or "blacklist" in kind:
        return blocked(detail)
    if status == 400 and ("invalid number" in kind or '"to"' in kind or "phone number" in kind):
        return bad_number(detail)
    return unclear(detail) if status in (200, 201) else unfit(detail)


@dataclass(frozen=True, slots=True)
class VonageVoice:
    """Calls: the words are spoken twice, and one key is awaited."""

    application: VonageApplication
    name: str = "vonage"
    medium: str = "voice"

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One call. Key and states go to `callback_url` with the try's mark; with none, no key is asked for."""
        target = f"{callback_url}?{urlencode({'try': mark(key)})}" if callback_url else ""
        language = "cmn-CN" if is_chinese(words) else "en-US"
        ncco: list[dict[str, Any]] = [
            {"action": "talk", "text": words.text[:SAID_MAX], "language": language, "bargeIn": bool(target), "loop": 2}
        ]
        body = {
            "to": [{"type": "phone", "number": to.lstrip("+")}],
            "from": {"type": "phone", "number": self.application.sender.lstrip("+")},
            "ncco": ncco,
            "ringing_timer": RING_S,
        }
        if target:
            keys = {"maxDigits": 1, "timeOut": KEY_S, "submitOnHash": False}
            ncco.append({"action": "input", "type": ["dtmf"], "dtmf": keys, "eventUrl": [target]})
            body |= {"event_url": [target], "event_method": "POST"}
        token = sign(self.application.application_id, self.application.private_key, at=at, nonce=nonce)
        return Outgoing(
            method="POST",
            url=f"{self.application.base_url}/v1/calls",
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            body=json.dumps(body, ensure_ascii=False).encode(),
        )

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """An input event has `dtmf`; every other event has a `status`."""
        verify(request, self.application, at=at)
        event = decoded(request.body)
        found, status = str(event.get("uuid", "")), str(event.get("status", ""))
        pressed = event.get("dtmf")
        if isinstance(pressed, dict):
            marks = parse_qs(request.query).get("try", [""])
            digits = "" if pressed.get("timed_out") and not pressed.get("digits") else str(pressed.get("digits", ""))
            return (KeyPress(carrier=self.medium, provider_id=found, key=digits, attempt=marks[0]),)
        if status in _FAILED:
            return (Receipt(carrier=self.medium, provider_id=found, state="failed", reason=_FAILED[status]),)
        if status in ("answered", "completed"):
            return (Receipt(carrier=self.medium, provider_id=found, state="delivered"),)
        return ()

    def answer(self, news: Sequence[News], said: str, lang: str) -> HttpAnswer:
        """An NCCO that speaks `said` after a key; the call ends with it."""
        if not any(isinstance(each, KeyPress) for each in news):
            return HttpAnswer(status=204)
        language = "cmn-CN" if lang.startswith("zh") else "en-US"
        talk = [{"action": "talk", "text": said[:SAID_MAX], "language": language}] if said else []
        return HttpAnswer(body=json.dumps(talk, ensure_ascii=False).encode(), content_type="application/json")


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _json(part: str) -> dict[str, Any]:
    try:
        return decoded(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
