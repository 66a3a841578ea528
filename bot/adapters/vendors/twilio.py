"""Twilio: texts by the Messages API, calls by the Calls API with TwiML; one signature for every callback.

https://www.twilio.com/docs/messaging/api/message-resource · https://www.twilio.com/docs/voice/api/call-resource ·
https://www.twilio.com/docs/usage/security#validating-requests · https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, urlencode
from xml.sax.saxutils import escape, quoteattr

from bot.adapters.base import HttpAnswer, HttpRequest, Receipt, SendError, Sent
from bot.adapters.vendors.contract import (
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

VALIDITY_S = 900
"""A text that the carrier could not hand over within 15 minutes is not delivered later: it would only confuse."""
RING_S = 30
"""Short of most mailboxes, which answer after some 25 to 30 s; the default of the vendor is 60."""
KEY_S = 8
SAID_MAX = 1_200
"""A `<Say>` takes 4096 characters; a minute and a half of speech is already more than anybody listens to."""

_NUMBER = frozenset({13224, 21211, 21214, 21217, 21614, 30003, 30005, 30006})
_BLOCKED = frozenset({21610})
_EMPTY = frozenset({20005, 30002})
_TOO_FAST = frozenset({20429, 21611, 30001})
_SMS_FAILED = frozenset({"failed", "undelivered", "canceled"})
_CALL_FAILED = {"busy": "busy", "no-answer": "no_answer", "canceled": "not_delivered", "failed": "not_delivered"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """The account, the number (or Messaging Service `MG…`) that people see, and the public base of our callbacks."""

    account_sid: str
    auth_token: str
    sender: str
    base_url: str = "https://api.twilio.com"
    callback_base: str = ""
    """Scheme, host and port as the vendor calls us: what it signs starts with it, whatever a proxy made of it."""


def sign(auth_token: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """`X-Twilio-Signature` of a form POST: base64 of HMAC-SHA1 over the URL and every name and value, by name."""
    said = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(auth_token.encode(), said.encode(), hashlib.sha1).digest()).decode()


def outcome(status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
    """A 201 with a `sid`, or one of the named errors. A 201 that already says `failed` is an error."""
    answer = decoded(body)
    code = whole(answer.get("code") or answer.get("error_code"))
    detail = f"{status} {code} {answer.get('message') or answer.get('error_message') or ''}".strip()
    if status in (200, 201) and answer.get("sid") and answer.get("status") not in _SMS_FAILED and not code:
        return Sent(ref="", provider_id=str(answer["sid"]))
    if status == 429 or code in _TOO_FAST:
        return throttled(wait_s(headers), detail, whole=code != 21611)
    if code in _NUMBER:
        return bad_number(detail)
    if code in _BLOCKED:
        return blocked(detail)
    if code in _EMPTY:
        return no_balance(detail)
    if status in (401, 403) or code == 20003:
        return bad_account(detail)
    if status >= 500:
        return unclear(detail)
    return unfit(detail)


def _verified(account: TwilioAccount, request: HttpRequest) -> dict[str, str]:
    fields = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    query = f"?{request.query}" if request.query else ""
    wanted = sign(account.auth_token, f"{account.callback_base}{request.path}{query}", fields)
    if not same(wanted, request.headers.get("x-twilio-signature", "")):
        raise Forged("X-Twilio-Signature does not match the configured public address and auth token.")
    return dict(fields)


def _post(account: TwilioAccount, resource: str, fields: Sequence[tuple[str, str]]) -> Outgoing:
    login = base64.b64encode(f"{account.account_sid}:{account.auth_token}".encode()).decode()
    return Outgoing(
        method="POST",
        url=f"{account.base_url}/2010-04-01/Accounts/{account.account_sid}/{resource}.json",
        headers={"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(fields).encode(),
    )


def _receipt_reason(code: int) -> str:
    refusal = outcome(400, b'{"code":%d}' % code, {})
    return refusal.reason if isinstance(refusal, SendError) and code else "not_delivered"


@dataclass(frozen=True, slots=True)
class TwilioSms:
    """Texts."""

    account: TwilioAccount
    name: str = "twilio"
    medium: str = "sms"

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One text of at most 1600 characters."""
        sender = "MessagingServiceSid" if self.account.sender.startswith("MG") else "From"
        fields = [("To", to), (sender, self.account.sender), ("Body", words.text[:1600])]
        fields.append(("ValidityPeriod", str(VALIDITY_S)))
        if callback_url:
            fields.append(("StatusCallback", callback_url))
        return _post(self.account, "Messages", fields)

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """`MessageStatus` of a status callback; only final ones are news."""
        form = _verified(self.account, request)
        status, sid = form.get("MessageStatus", ""), form.get("MessageSid", "")
        if status == "delivered":
            return (Receipt(carrier=self.medium, provider_id=sid, state="delivered"),)
        if status in _SMS_FAILED:
            reason = _receipt_reason(whole(form.get("ErrorCode")))
            return (Receipt(carrier=self.medium, provider_id=sid, state="failed", reason=reason),)
        return ()

    def answer(self, news: Sequence[News], said: str, lang: str) -> HttpAnswer:
        """Nothing to say."""
        return HttpAnswer(status=204)


@dataclass(frozen=True, slots=True)
class TwilioVoice:
    """Calls: the words are spoken twice, and one key is awaited."""

    account: TwilioAccount
    name: str = "twilio"
    medium: str = "voice"

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One call. Key and states go to `callback_url` with the try's mark; with none, no key is asked for."""
        target = f"{callback_url}?{urlencode({'try': mark(key)})}" if callback_url else ""
        lang = "zh-CN" if is_chinese(words) else "en-US"
        said = f'<Say language="{lang}" loop="2">{escape(words.text[:SAID_MAX])}</Say>'
        if target:
            said = (
                f'<Gather input="dtmf" numDigits="1" timeout="{KEY_S}" actionOnEmptyResult="true" method="POST" '
                f"action={quoteattr(target)}>{said}</Gather>"
            )
        fields = [("To", to), ("From", self.account.sender), ("Timeout", str(RING_S))]
        fields.append(("Twiml", f"<Response>{said}</Response>"))
        if callback_url:
            fields += [("StatusCallback", target), ("StatusCallbackMethod", "POST")]
            fields += [("StatusCallbackEvent", event) for event in ("answered", "completed")]
        return _post(self.account, "Calls", fields)

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """`Digits` of a gather is a key; a call that was answered proves the page, unless a machine answered it.

        Source of the fields: https://www.twilio.com/docs/voice/twiml#request-parameters
        """
        form = _verified(self.account, request)
        sid, status = form.get("CallSid", ""), form.get("CallStatus", "")
        if "Digits" in form or form.get("msg") == "Gather End":
            marks = parse_qs(request.query).get("try", [""])
            return (KeyPress(carrier=self.medium, provider_id=sid, key=form.get("Digits", ""), attempt=marks[0]),)
        if form.get("AnsweredBy", "").startswith("machine"):
            return (Receipt(carrier=self.medium, provider_id=sid, state="failed", reason="answered_by_machine"),)
        if status in _CALL_FAILED:
            return (Receipt(carrier=self.medium, provider_id=sid, state="failed", reason=_CALL_FAILED[status]),)
        if status in ("in-progress", "completed"):
            return (Receipt(carrier=self.medium, provider_id=sid, state="delivered"),)
        return ()

    def answer(self, news: Sequence[News], said: str, lang: str) -> HttpAnswer:
        """TwiML that speaks `said` after a key and hangs up."""
        if not any(isinstance(each, KeyPress) for each in news):
            return HttpAnswer(status=204)
        spoken = "zh-CN" if lang.startswith("zh") else "en-US"
        say = f'<Say language="{spoken}">{escape(said)}</Say>' if said else ""
        return HttpAnswer(body=f"<Response>{say}<Hangup/></Response>".encode(), content_type="text/xml; charset=utf-8")
