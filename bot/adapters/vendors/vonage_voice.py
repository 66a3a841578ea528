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
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from bot.adapters.base import Finding, HttpAnswer, HttpRequest, Receipt, SendError, Sent
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
    finding,
    is_chinese,
    mark_in,
    marked,
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
DETECTION: Final = {"behavior": "continue", "mode": "default"}
"""Beside the words, so that a person is not kept waiting in silence for it: the event says `human` or `machine`.
https://developer.vonage.com/en/voice/voice-api/concepts/advanced-machine-detection"""

_FAILED: Final = {
    "busy": "busy", "timeout": "no_answer", "unanswered": "no_answer", "rejected": "recipient_unreachable",
    "failed": "not_delivered", "cancelled": "not_delivered", "machine": "answered_by_machine",
}  # fmt: skip
_UNDER_WAY: Final = frozenset({"ringing", "answered", "completed"})
"""`started` only repeats that the call was taken: https://developer.vonage.com/en/voice/voice-api/webhook-reference"""


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
    replies: bool = False

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One call. Key and states go to `callback_url` with the try's mark; with none, no key is asked for."""
        target = marked(callback_url, key)
        ncco = _spoken(words, target)
        body: dict[str, Any] = {
            "to": [{"type": "phone", "number": to.lstrip("+")}],
            "from": {"type": "phone", "number": self.application.sender.lstrip("+")},
            "ncco": ncco,
            "ringing_timer": RING_S,
        }
        if target:
            body |= {"event_url": [target], "event_method": "POST", "advanced_machine_detection": DETECTION}
        return self._ask("/v1/calls", json.dumps(body, ensure_ascii=False).encode(), at=at, nonce=nonce)

    def _ask(self, path: str, body: bytes, *, at: int, nonce: str) -> Outgoing:
        token = sign(self.application.application_id, self.application.private_key, at=at, nonce=nonce)
        headers = {"Authorization": f"Bearer {token}"} | ({"Content-Type": "application/json"} if body else {})
        url = f"{self.application.base_url}{path}"
        return Outgoing(method="POST" if body else "GET", url=url, headers=headers, body=body)

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
            digits = "" if pressed.get("timed_out") and not pressed.get("digits") else str(pressed.get("digits", ""))
            return (KeyPress(carrier=self.medium, provider_id=found, key=digits, attempt=mark_in(request)),)
        told = _told(found, status)
        return (replace(told, mark=mark_in(request)),) if told else ()

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """An NCCO that speaks `said` after a key, and ends with it; or speaks `again`, and awaits another key."""
        pressed = next((each for each in news if isinstance(each, KeyPress)), None)
        if pressed is None:
            return HttpAnswer(status=204)
        language = "cmn-CN" if lang.startswith("zh") else "en-US"
        ncco: list[dict[str, Any]] = []
        if said:
            ncco.append({"action": "talk", "text": said[:SAID_MAX], "language": language})
        if again:
            target = f"{callback_url}?{urlencode({'try': pressed.attempt})}" if callback_url else ""
            ncco += _spoken(again, target)
        return HttpAnswer(body=json.dumps(ncco, ensure_ascii=False).encode(), content_type="application/json")

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """GET of the call: https://developer.vonage.com/en/api/voice#getCall"""
        return self._ask(f"/v1/calls/{provider_id}", b"", at=at, nonce=nonce)

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """`status` of the call."""
        call = decoded(body)
        return _told(str(call.get("uuid", "")), str(call.get("status", ""))) if status == 200 else None

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """A list of one call: https://developer.vonage.com/en/api/voice#getCalls"""
        return self._ask("/v1/calls?page_size=1", b"", at=at, nonce=nonce)

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """Any list proves the application and its key."""
        if status == 200 and "_embedded" in decoded(body):
            return finding(self.medium, "Vonage", detail="the application's key is accepted")
        refused = outcome(status, body, headers)
        return finding(self.medium, "Vonage", error=refused if isinstance(refused, SendError) else unclear(str(status)))


def _told(found: str, status: str) -> Receipt | None:
    """What a state of a call tells; that it was answered proves nothing by itself, because a mailbox answers too."""
    if status == "human":
        return Receipt(carrier="voice", provider_id=found, state="delivered")
    if status in _FAILED:
        return Receipt(carrier="voice", provider_id=found, state="failed", reason=_FAILED[status])
    return Receipt(carrier="voice", provider_id=found, state="alive") if status in _UNDER_WAY else None


def _spoken(words: Words, target: str) -> list[dict[str, Any]]:
    """The words twice, and a key awaited that goes to `target`; with none, only the words."""
    language = "cmn-CN" if is_chinese(words) else "en-US"
    talk = {"action": "talk", "text": words.text[:SAID_MAX], "language": language, "bargeIn": bool(target), "loop": 2}
    if not target:
        return [talk]
    keys = {"maxDigits": 1, "timeOut": KEY_S, "submitOnHash": False}
    return [talk, {"action": "input", "type": ["dtmf"], "dtmf": keys, "eventUrl": [target]}]


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _json(part: str) -> dict[str, Any]:
    try:
        return decoded(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
