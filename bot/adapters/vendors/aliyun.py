"""Alibaba Cloud: texts by Dysmsapi, calls by Dyvmsapi (IvrCall); both by approved templates, both signed with ACS3.

https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature ·
https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms ·
https://help.aliyun.com/zh/vms/developer-reference/api-dyvmsapi-2017-05-25-ivrcall
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

from bot.adapters.base import HttpAnswer, HttpRequest, Permanent, Receipt, SendError, Sent
from bot.adapters.vendors.contract import (
    KeyPress,
    News,
    Outgoing,
    Slot,
    Words,
    acknowledged,
    bad_account,
    bad_number,
    blocked,
    check_secret_path,
    decoded,
    down,
    fill,
    mark,
    no_balance,
    rows,
    template_for,
    throttled,
    unclear,
    unfit,
    wait_s,
)

KEY_MS: Final = 8_000
PLAYS: Final = 2
PER_NUMBER_S: Final = 60.0
"""A callee is called once a minute, five times an hour and twenty times a day at most: see IvrCall."""

_CHINA: Final = "+86"
_NO_BODY: Final = hashlib.sha256(b"").hexdigest()
_NUMBER: Final = frozenset({"isv.MOBILE_NUMBER_ILLEGAL", "isv.CALLED_NUMBER_ILLEGAL", "isv.INVALID_CALLED_NUMBER"})
_BLOCKED: Final = frozenset({"isv.MOBILE_IN_BLACK", "isv.CALLED_NUMBER_BLACKLIST"})
_BALANCE: Final = frozenset({"isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE"})
_ACCOUNT: Final = frozenset({
    "isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL", "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE",
    "isp.RAM_PERMISSION_DENY", "SignatureDoesNotMatch", "InvalidTimeStamp.Expired", "IncompleteSignature",
})  # fmt: skip
_TOO_FAST: Final = frozenset({"isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL"})
_DOWN: Final = frozenset({"isp.SYSTEM_ERROR", "isv.SYSTEM_ERROR", "ServiceUnavailable", "InternalError"})
_SMS_REASONS: Final = {
    "MOBILE_NOT_ON_SERVICE": "recipient_unreachable", "IS_CLOSED": "recipient_unreachable",
    "INVALID_NUMBER": "recipient_unreachable", "MOBILE_TERMINAL_ERROR": "recipient_unreachable",
    "MOBILE_ACCOUNT_ABNORMAL": "recipient_unreachable", "MOBILE_IN_BLACK": "recipient_blocked",
    "USER_REJECT": "recipient_blocked", "CONTENT_KEYWORD": "sender_refused", "CONTENT_ERROR": "sender_refused",
    "SIGN_ERROR": "sender_refused",
}  # fmt: skip
"""`err_code` of a report: https://help.aliyun.com/zh/sms/user-guide/error-codes"""
_CALL_REASONS: Final = {
    "200002": "busy", "200003": "no_answer", "200004": "recipient_unreachable", "200005": "recipient_unreachable",
    "200007": "recipient_unreachable", "200010": "recipient_unreachable", "200011": "recipient_unreachable",
    "200104": "sender_refused", "200105": "recipient_blocked", "200117": "sender_refused", "200118": "not_delivered",
    "200121": "rate_limited",
}  # fmt: skip
_HEARD: Final = frozenset({"200000", "200001", "200008"})
"""Answered: heard to the end, hung up early, or pressed nothing.
https://help.aliyun.com/zh/vms/developer-reference/operators-receipt-error-code"""
_PRESSED: Final = "300000"


@dataclass(frozen=True, slots=True, kw_only=True)
class AliyunAccount:
    """The access key, and the end of the callback address that nobody can guess (24 characters or more)."""

    access_key: str
    secret_key: str
    callback_secret: str
    base_url: str = ""
    """Empty for the product's own address."""


def sign(
    secret_key: str,
    access_key: str,
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    content_hash: str,
) -> str:
    """The `Authorization` header of ACS3-HMAC-SHA256; `headers` are all that are signed, `query` is canonical."""
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{content_hash}"
    said = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret_key.encode(), said.encode(), hashlib.sha256).hexdigest()
    return f"ACS3-HMAC-SHA256 Credential={access_key},SignedHeaders={names},Signature={signature}"


def outcome(status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
    """`Code` "OK" with a `BizId` (texts) or `CallId` (calls); all else is an error, whatever the HTTP status."""
    answer = decoded(body)
    code = str(answer.get("Code", ""))
    found = str(answer.get("BizId") or answer.get("CallId") or "")
    detail = f"{status} {code} {answer.get('Message', '')}".strip()
    if code == "OK" and found:
        return Sent(ref="", provider_id=found)
    if code in _TOO_FAST:
        return throttled(PER_NUMBER_S, detail, whole=False)
    if code.startswith("Throttling") or status == 429:
        return throttled(wait_s(headers), detail, whole=True)
    if code in _NUMBER:
        return bad_number(detail)
    if code in _BLOCKED:
        return blocked(detail)
    if code in _BALANCE:
        return no_balance(detail)
    if code in _ACCOUNT or code.startswith(("InvalidAccessKeyId", "Forbidden")):
        return bad_account(detail)
    if code in _DOWN:
        return down(detail)
    if status >= 500 or code in ("", "OK"):
        return unclear(detail)
    return unfit(detail)


def _call(
    account: AliyunAccount, product: str, action: str, fields: Mapping[str, str], at: int, nonce: str
) -> Outgoing:
    """A signed POST with its parameters in the query and no body, as RPC-style products want it."""
    base = account.base_url or f"https://{product}.aliyuncs.com"
    query = "&".join(f"{_quoted(name)}={_quoted(fields[name])}" for name in sorted(fields))
    headers = {
        "host": urlsplit(base).netloc,
        "x-acs-action": action,
        "x-acs-content-sha256": _NO_BODY,
        "x-acs-date": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": "2017-05-25",
    }
    proof = sign(
        account.secret_key,
        account.access_key,
        method="POST",
        path="/",
        query=query,
        headers=headers,
        content_hash=_NO_BODY,
    )
    sent = headers | {"authorization": proof, "accept": "application/json"}
    return Outgoing(method="POST", url=f"{base}/?{query}", headers=sent, body=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class AliyunSms:
    """Texts: an approved signature, and an approved template with its variables in `slots`."""

    account: AliyunAccount
    signature: str
    template: str
    slots: tuple[Slot, ...]
    template_abroad: str = ""
    """The template for numbers outside the mainland, with the same variables; empty: none are sent there."""
    name: str = "aliyun"
    medium: str = "sms"

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One text. Where reports go is set in the console, so `callback_url` is not sent."""
        fields = {
            "PhoneNumbers": _local(to),
            "SignName": self.signature,
            "TemplateCode": template_for(to, self.template, self.template_abroad),
            "TemplateParam": json.dumps(dict(fill(self.slots, words.values)), ensure_ascii=False),
            "OutId": mark(key),
        }
        return _call(self.account, "dysmsapi", "SendSms", fields, at, nonce)

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """SmsReport: https://help.aliyun.com/zh/sms/developer-reference/smsreport-2"""
        check_secret_path(request, self.account.callback_secret)
        news = []
        for row in rows(request.body):
            found, good = str(row.get("biz_id", "")), row.get("success") is True
            reason = "" if good else _SMS_REASONS.get(str(row.get("err_code", "")), "not_delivered")
            state = "delivered" if good else "failed"
            news.append(Receipt(carrier=self.medium, provider_id=found, state=state, reason=reason))
        return tuple(news)

    def answer(self, news: Sequence[News], said: str, lang: str) -> HttpAnswer:
        """The vendor tries again unless it reads this."""
        return acknowledged({"code": 0, "msg": "ok"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AliyunVoice:
    """Calls to mainland China: a template is spoken, and a key leads to a template that says goodbye."""

    account: AliyunAccount
    show_number: str
    template: str
    slots: tuple[Slot, ...]
    taken_template: str
    """Spoken after key 1: "You have it"."""
    bye_template: str = ""
    name: str = "aliyun"
    medium: str = "voice"

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One call. Raises `Permanent` outside mainland China, where IvrCall does not reach."""
        if not to.startswith(_CHINA):
            raise Permanent("sender_refused", "IvrCall reaches mainland China only.")
        fields = {
            "CalledNumber": _local(to),
            "CalledShowNumber": self.show_number,
            "StartCode": self.template,
            "StartTtsParams": json.dumps(dict(fill(self.slots, words.values)), ensure_ascii=False),
            "MenuKeyMap.1.Key": "1",
            "MenuKeyMap.1.Code": self.taken_template,
            "PlayTimes": str(PLAYS),
            "Timeout": str(KEY_MS),
            "OutId": mark(key),
        }
        if self.bye_template:
            fields["ByeCode"] = self.bye_template
        return _call(self.account, "dyvmsapi", "IvrCall", fields, at, nonce)

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """VoiceCallReport while it lasts (the key at once), and VoiceReport when it is over (the key once more).

        https://help.aliyun.com/zh/vms/developer-reference/voicecallreport-4
        """
        check_secret_path(request, self.account.callback_secret)
        news: list[News] = []
        for row in rows(request.body):
            found, code = str(row.get("call_id", "")), str(row.get("status_code", ""))
            pressed, tried = str(row.get("dtmf") or ""), str(row.get("out_id") or "")
            if pressed or code == _PRESSED:
                news.append(KeyPress(carrier=self.medium, provider_id=found, key=pressed, attempt=tried))
            if code in _HEARD or code == _PRESSED:
                news.append(Receipt(carrier=self.medium, provider_id=found, state="delivered"))
            elif code in _CALL_REASONS:
                news.append(Receipt(carrier=self.medium, provider_id=found, state="failed", reason=_CALL_REASONS[code]))
        return tuple(news)

    def answer(self, news: Sequence[News], said: str, lang: str) -> HttpAnswer:
        """The templates speak for themselves; the vendor only wants to read that we have it."""
        return acknowledged({"code": 0, "msg": ""})


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def _local(to: str) -> str:
    """A mainland number without its country code; every other one with it, without the plus."""
    return to.removeprefix(_CHINA) if to.startswith(_CHINA) else to.lstrip("+")
