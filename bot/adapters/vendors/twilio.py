"""Twilio: texts by the Messages API, and what its calls share with them: the account, the errors, the signature.

https://www.twilio.com/docs/messaging/api/message-resource · https://www.twilio.com/docs/messaging/guides/webhook-request
· https://www.twilio.com/docs/usage/security#validating-requests · https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

from bot.adapters.base import Finding, HttpAnswer, HttpRequest, Receipt, SendError, Sent
from bot.adapters.vendors.contract import (
    Forged,
    News,
    Outgoing,
    Said,
    Words,
    bad_account,
    bad_number,
    blocked,
    decoded,
    finding,
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

VALIDITY_S = 900
"""A text that the carrier could not hand over within 15 minutes is not delivered later: it would only confuse."""
TEXT_MAX = 1_600

_NUMBER = frozenset({13224, 21211, 21214, 21217, 21614, 30003, 30005, 30006})
_BLOCKED = frozenset({21610})
_EMPTY = frozenset({20005, 30002})
_TOO_FAST = frozenset({20429, 21611, 30001})
_SMS_FAILED = frozenset({"failed", "undelivered", "canceled"})
_UNDER_WAY = frozenset({"sending", "sent"})
"""On the way. `accepted`, `scheduled` and `queued` only repeat that it was taken, and are no sign that anything moves:
https://www.twilio.com/docs/messaging/api/message-resource#message-status-values"""


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
    wrong = answer.get("status") in _SMS_FAILED or answer.get("code") or answer.get("error_code")
    if status in (200, 201) and answer.get("sid") and not wrong:
        return Sent(ref="", provider_id=str(answer["sid"]))
    return refusal(status, body, headers)


def refusal(status: int, body: bytes, headers: Mapping[str, str]) -> SendError:
    """Which of the named errors an answer is, given that it is one."""
    answer = decoded(body)
    code = whole(answer.get("code") or answer.get("error_code"))
    detail = f"{status} {code} {answer.get('message') or answer.get('error_message') or ''}".strip()
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


def verified(account: TwilioAccount, request: HttpRequest) -> dict[str, str]:
    """The fields of a callback. Raises `Forged` unless the account signed exactly them and the address."""
    fields = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    query = f"?{request.query}" if request.query else ""
    wanted = sign(account.auth_token, f"{account.callback_base}{request.path}{query}", fields)
    if not same(wanted, request.headers.get("x-twilio-signature", "")):
        raise Forged("X-Twilio-Signature does not match the configured public address and auth token.")
    return dict(fields)


def ask(account: TwilioAccount, resource: str, fields: Sequence[tuple[str, str]] = ()) -> Outgoing:
    """A request for a resource of the account (`/Messages`, or nothing for the account itself); a POST with fields."""
    login = base64.b64encode(f"{account.account_sid}:{account.auth_token}".encode()).decode()
    form = {"Content-Type": "application/x-www-form-urlencoded"} if fields else {}
    return Outgoing(
        method="POST" if fields else "GET",
        url=f"{account.base_url}/2010-04-01/Accounts/{account.account_sid}{resource}.json",
        headers={"Authorization": f"Basic {login}"} | form,
        body=urlencode(fields).encode(),
    )


def account_checked(medium: str, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
    """What a GET of the account proves: https://www.twilio.com/docs/iam/api/account#account-properties"""
    account = decoded(body)
    found = str(account.get("status", ""))
    if status != 200 or not found:
        return finding(medium, "Twilio", error=refusal(status, body, headers))
    cure = "" if found == "active" else "Reactivate the account, or top it up, in the console."
    return finding(medium, "Twilio", detail=f"status {found}", cure=cure)


def _told(sid: str, status: str, code: object) -> Receipt | None:
    """What a status of a text tells."""
    if status == "delivered":
        return Receipt(carrier="sms", provider_id=sid, state="delivered")
    if status in _SMS_FAILED:
        number = whole(code)
        reason = refusal(400, b'{"code":%d}' % number, {}).reason if number else "not_delivered"
        return Receipt(carrier="sms", provider_id=sid, state="failed", reason=reason)
    return Receipt(carrier="sms", provider_id=sid, state="alive") if status in _UNDER_WAY else None


@dataclass(frozen=True, slots=True)
class TwilioSms:
    """Texts."""

    account: TwilioAccount
    name: str = "twilio"
    medium: str = "sms"
    replies: bool = True

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One text of at most 1600 characters."""
        sender = "MessagingServiceSid" if self.account.sender.startswith("MG") else "From"
        fields = [("To", to), (sender, self.account.sender), ("Body", words.text[:TEXT_MAX])]
        fields.append(("ValidityPeriod", str(VALIDITY_S)))
        if callback_url:
            fields.append(("StatusCallback", marked(callback_url, key)))
        return ask(self.account, "/Messages", fields)

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """`MessageStatus` of a status callback; without one, a person's text.

        STOP and its like come through as well; the vendor keeps the list of who opted out and answers by itself, and
        `OptOutType` says so: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
        """
        form = verified(self.account, request)
        status, sid = form.get("MessageStatus", ""), form.get("MessageSid", "")
        if status and status != "received":
            told = _told(sid, status, form.get("ErrorCode"))
            return (replace(told, mark=mark_in(request)),) if told else ()
        if not form.get("From") or not sid:
            return ()
        return (Said(carrier=self.medium, user=form["From"], text=form.get("Body", ""), key=sid),)

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """TwiML with the reply to a text (https://www.twilio.com/docs/messaging/twiml/message); else nothing."""
        if not any(isinstance(each, Said) for each in news):
            return HttpAnswer(status=204)
        message = f"<Message>{escape(said[:TEXT_MAX])}</Message>" if said else ""
        return HttpAnswer(body=f"<Response>{message}</Response>".encode(), content_type="text/xml; charset=utf-8")

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """GET of the Message resource."""
        return ask(self.account, f"/Messages/{provider_id}")

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """`status` and `error_code` of the resource."""
        message = decoded(body)
        if status != 200 or not message.get("sid"):
            return None
        return _told(str(message["sid"]), str(message.get("status", "")), message.get("error_code"))

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """GET of the account."""
        return ask(self.account, "")

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """See `account_checked`."""
        return account_checked(self.medium, status, body, headers)
