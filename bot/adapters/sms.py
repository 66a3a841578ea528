"""SMS through Twilio's Messages API, by plain signed HTTP: no vendor SDK, one shared session, every call timed.

Facts: https://www.twilio.com/docs/messaging/api/message-resource and https://www.twilio.com/docs/usage/security.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from bot.adapters.base import (
    AuthBroken,
    Budget,
    Capabilities,
    Emit,
    Finding,
    HttpAnswer,
    HttpRequest,
    Json,
    Notice,
    Permanent,
    RateLimited,
    Receipt,
    SendError,
    Sent,
    Slash,
    Transient,
)

if TYPE_CHECKING:
    import aiohttp

CALL_S = 7.0
VALIDITY_S = 900
"""An SMS that the carrier could not hand over within 15 minutes is not delivered later: it would only confuse."""

# https://www.twilio.com/docs/api/errors
_NUMBER = frozenset({21211, 21214, 21217, 21610, 21614, 30003, 30004, 30005, 30006})
_ACCOUNT = frozenset({20003, 20005, 30002})
_SENDER = frozenset({21408, 21606, 21608, 21612, 30007})
_FAILED = frozenset({"failed", "undelivered", "canceled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSettings:
    """The account, the sender, and where receipts can reach us (empty: nowhere, so nothing is ever proven)."""

    account_sid: str
    auth_token: str
    sender: str
    base_url: str = "https://api.twilio.com"
    callback_base: str = ""
    """The public base URL: `<base>/callbacks/sms` receives receipts and replies, and is what Twilio signs."""


class TwilioAdapter:
    """Sends texts, and understands receipts and replies."""

    name = "sms"
    caps = Capabilities(
        im=False,
        direct=True,
        proof="delivered",
        answer_within_s=15.0,  # https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides (read timeout)
        # A long code sends one segment a second; a queue of its own holds what comes faster.
        # https://help.twilio.com/articles/115002943027
        per_chat=Budget(per_s=1.0, burst=3),
        overall=Budget(per_s=10.0, burst=20),
        text_max=1600,
    )

    def __init__(self, settings: TwilioSettings) -> None:
        """Keep the settings; nothing is opened yet."""
        self._settings = settings
        self._http: aiohttp.ClientSession | None = None
        self._emit: Emit | None = None
        self._notice: Notice | None = None

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Open the session."""
        import aiohttp

        self._emit, self._notice = emit, notice
        login = b64encode(f"{self._settings.account_sid}:{self._settings.auth_token}".encode()).decode()
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Basic {login}"}, timeout=aiohttp.ClientTimeout(total=CALL_S, connect=2.0)
        )

    async def listen(self) -> None:
        """Twilio has no way in but callbacks."""

    async def stop(self) -> None:
        """Close the session."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Send one text. There is no idempotency key: a timeout may mean that it was sent all the same."""
        del key
        form = {"To": address, "Body": str(message["text"]), "ValidityPeriod": str(VALIDITY_S)}
        form["MessagingServiceSid" if self._settings.sender.startswith("MG") else "From"] = self._settings.sender
        if self._settings.callback_base:
            form["StatusCallback"] = f"{self._settings.callback_base}/callbacks/sms"
        answer = await self._call("POST", "/Messages.json", form)
        return Sent(ref="", provider_id=str(answer.get("sid", "")))

    async def edit(self, ref: str, message: Json) -> Sent:
        """A text cannot be taken back."""
        del ref, message
        raise Permanent("not_editable")

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """A receipt, or a reply to one of our texts; refused unless Twilio signed it."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if not self._authentic(request, form):
            return HttpAnswer(status=401, body=b"The signature does not match.")
        if self._emit is None or self._notice is None:
            return HttpAnswer(status=503, body=b"Tocsin is starting; try again.")
        status = form.get("MessageStatus", "")
        if status == "delivered" or status in _FAILED:
            state = "delivered" if status == "delivered" else "failed"
            reason = "" if state == "delivered" else _reason(int(form.get("ErrorCode") or 0))
            sid = form.get("MessageSid", "")
            await self._notice(Receipt(carrier=self.name, provider_id=sid, state=state, reason=reason))
            return HttpAnswer(status=204)
        if status and status != "received":
            return HttpAnswer(status=204)
        said = Slash(
            platform=self.name, user=form.get("From", ""), text=form.get("Body", ""), key=form.get("MessageSid", "")
        )
        answer = await self._emit(said)
        text = str((answer.message or {}).get("text") or answer.toast)
        body = f"<Response><Message>{escape(text)}</Message></Response>" if text else "<Response/>"
        return HttpAnswer(body=body.encode(), content_type="text/xml; charset=utf-8")

    async def check(self) -> list[Finding]:
        """Fetch the account, which proves the credentials."""
        try:
            account = await self._call("GET", ".json", None)
        except SendError as error:
            cure = "Compare account_sid and auth_token with the console of the vendor."
            return [Finding(check="sms: Twilio account", ok=False, detail=str(error), cure=cure)]
        active = account.get("status") == "active"
        cure = "" if active else "Reactivate the account, or top it up."
        return [Finding(check="sms: Twilio account", ok=active, detail=f"status {account.get('status')}", cure=cure)]

    async def _call(self, method: str, path: str, form: Mapping[str, str] | None) -> Json:
        import aiohttp

        if self._http is None:
            raise Transient("not_started")
        url = f"{self._settings.base_url}/2010-04-01/Accounts/{self._settings.account_sid}{path}"
        try:
            async with self._http.request(method, url, data=form) as response:
                body = _json(await response.read())
                if response.status < 300:
                    return body
                raise _error(response.status, body, response.headers.get("Retry-After"))
        except TimeoutError as error:
            raise Transient("timeout", ambiguous=method == "POST") from error
        except aiohttp.ClientConnectorError as error:
            raise Transient("unavailable", str(error)) from error
        except aiohttp.ClientError as error:
            raise Transient("unavailable", repr(error), ambiguous=method == "POST") from error

    def _authentic(self, request: HttpRequest, form: Mapping[str, str]) -> bool:
        """Base64 of HMAC-SHA1 over the URL as configured, then every field by name and value.

        https://www.twilio.com/docs/usage/security#validating-requests
        """
        query = f"?{request.query}" if request.query else ""
        said = f"{self._settings.callback_base}{request.path}{query}" + "".join(k + form[k] for k in sorted(form))
        digest = hmac.new(self._settings.auth_token.encode(), said.encode(), hashlib.sha1).digest()
        given = request.headers.get("x-twilio-signature", "")
        return hmac.compare_digest(base64.b64encode(digest), given.encode("utf-8", "replace"))


def _json(body: bytes) -> Json:
    try:
        decoded = json.loads(body)
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _reason(code: int) -> str:
    if code in _NUMBER:
        return "recipient_unreachable"
    if code in _SENDER:
        return "sender_refused"
    return "auth_broken" if code in _ACCOUNT else "not_delivered"


def _error(status: int, body: Json, retry_after: str | None) -> SendError:
    code = int(body.get("code") or 0)
    detail = f"{status} {code} {body.get('message', '')}"
    if status == 429 or code == 20429:
        return RateLimited(float(retry_after or 1), detail, whole=True)
    if status >= 500:
        return Transient("unavailable", detail)
    if status in (401, 403) or code in _ACCOUNT:
        return AuthBroken("auth_broken", detail)
    return Permanent(_reason(code) if code else "refused", detail)
