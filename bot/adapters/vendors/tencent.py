"""Tencent Cloud: texts by SendSms, calls by SendTtsVoice with a key press; both by templates, both signed with TC3.

https://cloud.tencent.com/document/api/382/55981 (SendSms) · https://cloud.tencent.com/document/api/1128/51558
(SendTtsVoice) · https://cloud.tencent.com/document/api/382/52072 (signature v3)
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from bot.adapters.base import Finding, HttpAnswer, HttpRequest, Receipt, SendError, Sent
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

PLAYS: Final = 2
JSON_TYPE: Final = "application/json; charset=utf-8"

_NUMBER: Final = frozenset({
    "InvalidParameterValue.IncorrectPhoneNumber", "FailedOperation.PhoneNumberParseFail",
    "InvalidParameterValue.CalledNumberVerifyFail",
})  # fmt: skip
_BALANCE: Final = frozenset({
    "FailedOperation.InsufficientBalanceInSmsPackage", "FailedOperation.InsufficientBalanceInVoicePackage",
    "UnauthorizedOperation.ServiceSuspendDueToArrears",
})  # fmt: skip
_PER_NUMBER: Final = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": 30.0, "LimitExceeded.PhoneNumberOneHourLimit": 3_600.0,
    "LimitExceeded.PhoneNumberDailyLimit": 86_400.0, "LimitExceeded.PhoneNumberSameContentDailyLimit": 86_400.0,
    "LimitExceeded.DeliveryFrequencyLimit": 30.0,
}  # fmt: skip
_UNCLEAR: Final = frozenset({
    "InternalError.Timeout", "InternalError.SendAndRecvFail", "InternalError.SsoSendRecvFail",
    "InternalError.AccessUpstreamTimeout", "FailedOperation.AccessUpstreamTimeout", "InternalError.UnknownError",
    "InternalError.ParseBackendResponseFail", "InternalError",
})  # fmt: skip
"""The vendor's own parts lost touch with each other: the message may have gone out."""
_ACCOUNT: Final = frozenset({"InternalError.SigVerificationFail", "InternalError.SigFieldMissing",
                             "InternalError.RequestTimeException"})  # fmt: skip
_SMS_REASONS: Final = {
    "BLACK": "recipient_blocked", "USER_REJECT": "recipient_blocked", "MK": "recipient_unreachable",
    "UNDELIV": "not_delivered", "REJECTD": "sender_refused", "EXPIRED": "not_delivered",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TencentAccount:
    """The secret of an API user, and the end of the callback address that nobody can guess (24 characters or more)."""

    secret_id: str
    secret_key: str
    callback_secret: str
    region: str = "ap-guangzhou"
    base_url: str = ""
    """Empty for the product's own address."""


def sign(secret_key: str, secret_id: str, *, service: str, headers: Mapping[str, str], body: bytes, at: int) -> str:
    """The `Authorization` header of TC3-HMAC-SHA256 for a POST to `/`; `headers` are all that are signed."""
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{service}/tc3_request"
    said = f"TC3-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
    return f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def refusal(code: str, detail: str) -> SendError:
    """What an error code means, of the request or of one number in it."""
    if code in _NUMBER:
        return bad_number(detail)
    if code == "FailedOperation.PhoneNumberInBlacklist":
        return blocked(detail)
    if code in _BALANCE:
        return no_balance(detail)
    if code in _PER_NUMBER:
        return throttled(_PER_NUMBER[code], detail, whole=False)
    if code.startswith(("LimitExceeded", "RequestLimitExceeded")):
        return unfit(detail) if "InBlacklist" in code else throttled(1.0, detail, whole=True)
    if code in _ACCOUNT or code.startswith(("AuthFailure", "UnauthorizedOperation")):
        return bad_account(detail)
    if code in _UNCLEAR:
        return unclear(detail)
    return down(detail) if code.startswith(("InternalError", "ServiceUnavailable")) else unfit(detail)


def outcome(status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
    """`Response.Error`, or the state of the one number: a 200 says nothing by itself."""
    if status == 429:
        return throttled(wait_s(headers), "429", whole=True)
    response = decoded(body).get("Response")
    if not isinstance(response, dict):
        return unclear(f"{status} without a Response") if status >= 500 or status == 200 else unfit(str(status))
    error = response.get("Error")
    if isinstance(error, dict):
        return refusal(str(error.get("Code", "")), f"{error.get('Code')} {error.get('Message', '')}")
    states = response.get("SendStatusSet")
    if isinstance(states, list) and states and isinstance(states[0], dict):
        code = str(states[0].get("Code", ""))
        if code == "Ok" and states[0].get("SerialNo"):
            return Sent(ref="", provider_id=str(states[0]["SerialNo"]))
        return refusal(code, f"{code} {states[0].get('Message', '')}")
    state = response.get("SendStatus")
    if isinstance(state, dict) and state.get("CallId"):
        return Sent(ref="", provider_id=str(state["CallId"]))
    return unclear(f"{status} with no state in it")


def _call(
    account: TencentAccount, service: str, action: str, version: str, body: Mapping[str, Any], at: int
) -> Outgoing:
    base = account.base_url or f"https://{service}.tencentcloudapi.com"
    raw = json.dumps(body, ensure_ascii=False).encode()
    signed = {"content-type": JSON_TYPE, "host": urlsplit(base).netloc, "x-tc-action": action}
    headers = signed | {
        "authorization": sign(account.secret_key, account.secret_id, service=service, headers=signed, body=raw, at=at),
        "x-tc-version": version,
        "x-tc-timestamp": str(at),
        "x-tc-region": account.region,
    }
    return Outgoing(method="POST", url=f"{base}/", headers=headers, body=raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class TencentSms:
    """Texts: an approved signature, and an approved template with its variables in `slots`, in order."""

    account: TencentAccount
    app_id: str
    signature: str
    template: str
    slots: tuple[Slot, ...]
    template_abroad: str = ""
    """The template for numbers outside the mainland, with the same variables; empty: none are sent there."""
    name: str = "tencent"
    medium: str = "sms"
    replies: bool = False

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One text. Where reports go is set in the console, so `callback_url` is not sent."""
        body = {
            "PhoneNumberSet": [to],
            "SmsSdkAppId": self.app_id,
            "SignName": self.signature,
            "TemplateId": template_for(to, self.template, self.template_abroad),
            "TemplateParamSet": [value for _, value in fill(self.slots, words.values)],
            "SessionContext": mark(key),
        }
        return _call(self.account, "sms", "SendSms", "2021-01-11", body, at)

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """Delivery reports, and what people answer.

        https://cloud.tencent.com/document/product/382/37809 · https://www.tencentcloud.com/document/product/382/43548
        """
        check_secret_path(request, self.account.callback_secret)
        news: list[News] = []
        for row in rows(request.body):
            if "report_status" not in row:
                news += [_said(row)] if "text" in row else []
                continue
            good = row["report_status"] == "SUCCESS"
            cause = str(row.get("errmsg", "")).partition(":")[0]
            reason = "" if good else _SMS_REASONS.get(cause, "not_delivered")
            state = "delivered" if good else "failed"
            news.append(Receipt(carrier=self.medium, provider_id=str(row.get("sid", "")), state=state, reason=reason))
        return tuple(news)

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """The vendor tries again unless it reads this."""
        return acknowledged({"result": 0, "errmsg": "OK"})

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """Reports are pulled by number or in bulk, never by the id of one text."""
        return None

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """Never asked: see `poll`."""
        return None

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """https://cloud.tencent.com/document/api/382/55971: the signatures of the mainland."""
        body = {"International": 0, "Limit": 100, "Offset": 0}
        return _call(self.account, "sms", "DescribeSmsSignList", "2021-01-11", body, at)

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """Whether the key is accepted, and what became of the signature where it is listed (0: approved)."""
        response = decoded(body).get("Response")
        listed = response.get("DescribeSignListStatusSet") if isinstance(response, dict) else None
        if not isinstance(listed, list):
            refused = outcome(status, body, headers)
            error = refused if isinstance(refused, SendError) else unclear(str(status))
            return finding(self.medium, "Tencent Cloud", error=error)
        states = [each.get("StatusCode") for each in listed if isinstance(each, dict)
                  and each.get("SignName") == self.signature]  # fmt: skip
        good = not states or 0 in states
        cure = "" if good else f"The signature {self.signature} is not approved: see the vendor's console."
        return finding(self.medium, "Tencent Cloud", detail="the key is accepted", cure=cure)


def _said(row: Mapping[str, Any]) -> Said:
    """A person's text. It has no id, so it is known by number, second and words."""
    user = f"+{row.get('nationcode', '86')}{row.get('mobile', '')}"
    once = hashlib.sha256(f"{user} {row.get('time')} {row.get('text')}".encode()).hexdigest()[:16]
    return Said(carrier="sms", user=user, text=str(row.get("text", "")), key=once)


@dataclass(frozen=True, slots=True, kw_only=True)
class TencentVoice:
    """Calls: a template is spoken; any key is reported, and nothing is spoken after it."""

    account: TencentAccount
    app_id: str
    template: str
    slots: tuple[Slot, ...]
    name: str = "tencent"
    medium: str = "voice"
    replies: bool = False

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One call. Where callbacks go is set in the console, so `callback_url` is not sent."""
        body = {
            "TemplateId": self.template,
            "CalledNumber": to,
            "VoiceSdkAppid": self.app_id,
            "TemplateParamSet": [value for _, value in fill(self.slots, words.values)],
            "PlayTimes": PLAYS,
            "SessionContext": mark(key),
        }
        return _call(self.account, "vms", "SendTtsVoice", "2020-09-02", body, at)

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """The state, the key or the failure of a call: https://cloud.tencent.com/document/product/1128/37700

        That it was answered proves nothing: the vendor does not tell a mailbox from a person.
        """
        check_secret_path(request, self.account.callback_secret)
        told = decoded(request.body)
        news: list[News] = []
        for kind, event in told.items():
            if not isinstance(event, dict):
                continue
            found = str(event.get("callid", ""))
            if kind == "voicekey_callback":
                pressed = str(event.get("keypress", ""))
                news.append(KeyPress(carrier=self.medium, provider_id=found, key=pressed))
            elif kind == "voice_failure_callback":
                news.append(Receipt(carrier=self.medium, provider_id=found, state="failed", reason="not_delivered"))
            elif kind == "voiceprompt_callback":
                result = str(event.get("result", ""))
                reason = {"0": "", "1": "no_answer"}.get(result, "not_delivered")
                state = "failed" if reason else "alive"
                news.append(Receipt(carrier=self.medium, provider_id=found, state=state, reason=reason))
        return tuple(news)

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """The vendor tries again unless it reads this."""
        return acknowledged({"result": 0, "errmsg": "OK"})

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """The voice service has no such call: callbacks are all there is."""
        return None

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """Never asked: see `poll`."""
        return None

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """The voice service can call and nothing else, so there is nothing to ask."""
        return None

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """Never asked: see `balance`."""
        return Finding(check=f"{self.medium}: Tencent Cloud account", ok=True, detail="not checked")
