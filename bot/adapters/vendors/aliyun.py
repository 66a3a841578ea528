"""Alibaba Cloud: texts by Dysmsapi, calls by Dyvmsapi (IvrCall); both by approved templates, both signed with ACS3.

https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature ·
https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms ·
https://help.aliyun.com/zh/vms/developer-reference/api-dyvmsapi-2017-05-25-ivrcall
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

from bot.adapters.base import Finding, HttpAnswer, HttpRequest, Permanent, Receipt, SendError, Sent
from bot.adapters.vendors.contract import (
    KeyPress,
    News,
    Outgoing,
    Said,
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
    finding,
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
IVR_PRODUCT: Final = "11000000300005"
"""https://help.aliyun.com/zh/vms/through-the-call-id-for-call-records: the product of IvrCall."""
PER_NUMBER_S: Final = 60.0
"""A callee is called once a minute, five times an hour and twenty times a day at most: see IvrCall."""

_CHINA: Final = "+86"
_MAINLAND: Final = re.compile(r"1[0-9]{10}")
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
    "200012": "sender_refused", "200130": "not_delivered", "200104": "sender_refused",
    "200105": "recipient_blocked", "200117": "sender_refused", "200118": "not_delivered",
    "200121": "rate_limited",
}  # fmt: skip
_PROVEN: Final = frozenset({"200001", "300000"})
"""Hung up while it was speaking, or pressed a key: a mailbox does neither.
https://help.aliyun.com/zh/vms/developer-reference/operators-receipt-error-code"""
_UNDER_WAY: Final = frozenset({"200101", "200201", "200102", "200100", "200000", "200008"})
"""It calls, rings, was answered, is over: https://help.aliyun.com/en/vms/developer-reference/call-status-code.
And heard to its end, or no key pressed: a mailbox does that too, and the vendor does not tell one from a person."""
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
    replies: bool = False

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
        """SmsReport, and SmsUp for what people answer.

        https://help.aliyun.com/zh/sms/developer-reference/smsreport-2 · …/smsup-http
        """
        check_secret_path(request, self.account.callback_secret)
        news: list[News] = []
        for row in rows(request.body):
            if "content" in row:
                news.append(_said(row))
                continue
            found, good = str(row.get("biz_id", "")), row.get("success") is True
            reason = "" if good else _SMS_REASONS.get(str(row.get("err_code", "")), "not_delivered")
            state = "delivered" if good else "failed"
            ours = str(row.get("out_id") or "")
            news.append(Receipt(carrier=self.medium, provider_id=found, state=state, reason=reason, mark=ours))
        return tuple(news)

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """The vendor tries again unless it reads this."""
        return acknowledged({"code": 0, "msg": "ok"})

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """QuerySendDetails wants the number and the day, not the id of a text alone."""
        return None

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """Never asked: see `poll`."""
        return None

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-querysmssignlist"""
        return _call(self.account, "dysmsapi", "QuerySmsSignList", {"PageIndex": "1", "PageSize": "50"}, at, nonce)

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """Whether the key is accepted, and what became of the signature where the first page has it."""
        answer = decoded(body)
        listed = answer.get("SmsSignList")
        if answer.get("Code") != "OK" or not isinstance(listed, list):
            refused = outcome(status, body, headers)
            error = refused if isinstance(refused, SendError) else unclear(str(status))
            return finding(self.medium, "Alibaba Cloud", error=error)
        states = [str(each.get("AuditStatus")) for each in listed if isinstance(each, dict)
                  and each.get("SignName") == self.signature]  # fmt: skip
        good = not states or "AUDIT_STATE_PASS" in states
        cure = "" if good else f"The signature {self.signature} is not approved: see the vendor's console."
        return finding(self.medium, "Alibaba Cloud", detail=states[0] if states else "the key is accepted", cure=cure)


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
    replies: bool = False

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
            if (receipt := _told(found, code)) is not None:
                news.append(replace(receipt, mark=tried))
        return tuple(news)

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """The templates speak for themselves; the vendor only wants to read that we have it."""
        return acknowledged({"code": 0, "msg": ""})

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """QueryCallDetailByCallId for a call of an IVR, of the day that `at` is in.

        https://help.aliyun.com/zh/vms/developer-reference/api-dyvmsapi-2017-05-25-querycalldetailbycallid
        """
        fields = {"CallId": provider_id, "ProdId": IVR_PRODUCT, "QueryDate": str(at * 1_000)}
        return _call(self.account, "dyvmsapi", "QueryCallDetailByCallId", fields, at, nonce)

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """`Data` is JSON in text; its `state` has the codes of a report. The call's id is not in it."""
        return _told("", str(decoded(str(decoded(body).get("Data", "")).encode()).get("state", "")))

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """Dyvmsapi has nothing to ask that needs no call or number; the key is that of the texts mostly."""
        return None

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """Never asked: see `balance`."""
        return Finding(check=f"{self.medium}: Alibaba Cloud account", ok=True, detail="not checked")


def _said(row: Mapping[str, object]) -> Said:
    """A person's text: numbers of the mainland come without their country code."""
    number, text = str(row.get("phone_number", "")), str(row.get("content", ""))
    user = f"{_CHINA}{number}" if _MAINLAND.fullmatch(number) else f"+{number.lstrip('+')}"
    return Said(carrier="sms", user=user, text=text, key=str(row.get("sequence_id", "")))


def _told(found: str, code: str) -> Receipt | None:
    """What a code of a call tells."""
    if code in _PROVEN or code in _UNDER_WAY:
        return Receipt(carrier="voice", provider_id=found, state="delivered" if code in _PROVEN else "alive")
    reason = _CALL_REASONS.get(code)
    return Receipt(carrier="voice", provider_id=found, state="failed", reason=reason) if reason else None


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def _local(to: str) -> str:
    """A mainland number without its country code; every other one with it, without the plus."""
    return to.removeprefix(_CHINA) if to.startswith(_CHINA) else to.lstrip("+")
