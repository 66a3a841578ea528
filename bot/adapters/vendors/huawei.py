"""Huawei Cloud: texts by batchSendSms, proven with a WSSE password digest; reports come unsigned.

https://support.huaweicloud.com/intl/en-us/api-msgsms/sms_05_0001.html (sending) ·
https://support.huaweicloud.com/intl/en-us/api-msgsms/sms_05_0003.html (reports) ·
https://support.huaweicloud.com/intl/en-us/api-msgsms/sms_05_0050.html (errors)
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode

from bot.adapters.base import Finding, HttpAnswer, HttpRequest, Receipt, SendError, Sent
from bot.adapters.vendors.contract import (
    News,
    Outgoing,
    Said,
    Slot,
    Words,
    bad_account,
    check_secret_path,
    decoded,
    down,
    fill,
    mark,
    no_balance,
    template_for,
    throttled,
    unclear,
    unfit,
    wait_s,
)

GOOD: Final = "000000"
_BALANCE: Final = frozenset({"E000112", "E000629"})
"""The account is frozen, mostly for arrears; the package is used up."""
_TOO_FAST: Final = frozenset({"E200015"})
_PER_NUMBER: Final = {"MILIMIT": 60.0, "LIMIT": 3_600.0}
_ACCOUNT: Final = re.compile(r"E0000(?:0[1-9]|[1-4][0-9])|E0001(?:0[0-9]|1[01])")
"""The header, the key, the digest, its clock, the caller's address: somebody has to mend the settings."""
_DOWN: Final = frozenset({"E000000"})
_FINAL: Final = {
    "EXPIRED": "not_delivered", "UNDELIV": "not_delivered", "REJECTD": "sender_refused", "UNKNOWN": "not_delivered",
    "MILIMIT": "rate_limited", "LIMIT": "rate_limited", "E000628": "sender_refused", "E000629": "no_balance",
    "E200024": "sender_refused", "E200025": "sender_refused", "E200026": "sender_refused",
}  # fmt: skip
"""`status` of a report: https://support.huaweicloud.com/intl/en-us/api-msgsms/sms_05_0051.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HuaweiAccount:
    """The application's key and secret, its own access address, and the end of the callback address."""

    app_key: str
    app_secret: str
    callback_secret: str
    base_url: str = "https://smsapi.cn-north-4.myhuaweicloud.com:443"


def sign(app_key: str, app_secret: str, *, at: int, nonce: str) -> str:
    """The `X-WSSE` header: the digest is base64 of SHA-256 over nonce, time and secret, one after the other."""
    created = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = base64.b64encode(hashlib.sha256(f"{nonce}{created}{app_secret}".encode()).digest()).decode()
    return f'UsernameToken Username="{app_key}",PasswordDigest="{digest}",Nonce="{nonce}",Created="{created}"'


def refusal(code: str, detail: str) -> SendError:
    """What a code other than 000000 means. None of them tells a bad number: that comes with the report."""
    if code in _BALANCE:
        return no_balance(detail)
    if code in _TOO_FAST:
        return throttled(1.0, detail, whole=True)
    if code in _PER_NUMBER:
        return throttled(_PER_NUMBER[code], detail, whole=False)
    if _ACCOUNT.fullmatch(code):
        return bad_account(detail)
    return down(detail) if code in _DOWN else unfit(detail)


def outcome(status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
    """`code` of the request, then `status` of the one number in `result`; both must be 000000."""
    answer = decoded(body)
    code = str(answer.get("code", ""))
    detail = f"{status} {code} {answer.get('description', '')}".strip()
    if status == 429:
        return throttled(wait_s(headers), detail, whole=True)
    results = answer.get("result")
    first = results[0] if isinstance(results, list) and results and isinstance(results[0], dict) else {}
    per_number = str(first.get("status", ""))
    if per_number and per_number != GOOD:
        return refusal(per_number, f"{detail} {per_number}")
    if code == GOOD:
        found = str(first.get("smsMsgId", ""))
        return Sent(ref="", provider_id=found) if found else unclear(detail)
    if code:
        return refusal(code, detail)
    if status in (401, 403):
        return bad_account(detail)
    return unclear(detail) if status >= 500 or status == 200 else unfit(detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class HuaweiSms:
    """Texts: the channel of an approved signature, and an approved template with its variables in order."""

    account: HuaweiAccount
    channel: str
    signature: str
    template: str
    slots: tuple[Slot, ...]
    template_abroad: str = ""
    """The template for numbers outside the mainland, with the same variables; empty: none are sent there."""
    name: str = "huawei"
    medium: str = "sms"
    replies: bool = False

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One text; its report goes to `callback_url`, which has to end in the secret."""
        fields = {
            "from": self.channel,
            "to": to,
            "templateId": template_for(to, self.template, self.template_abroad),
            "templateParas": json.dumps([value for _, value in fill(self.slots, words.values)], ensure_ascii=False),
            "signature": self.signature,
            "extend": mark(key),
        }
        if callback_url:
            fields["statusCallback"] = callback_url
        return Outgoing(
            method="POST",
            url=f"{self.account.base_url}/sms/batchSendSms/v1",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
                "Authorization": 'WSSE realm="SDP",profile="UsernameToken",type="Appkey"',
                "X-WSSE": sign(self.account.app_key, self.account.app_secret, at=at, nonce=nonce),
            },
            body=urlencode(fields).encode(),
        )

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """One status report, as a form. A long text has one for each part; any part that failed is a failure.

        Or a person's text: https://support.huaweicloud.com/api-msgsms/sms_05_0004.html
        """
        check_secret_path(request, self.account.callback_secret)
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        found, status = form.get("smsMsgId", ""), form.get("status", "")
        if "body" in form and form.get("from"):
            return (Said(carrier=self.medium, user=form["from"], text=form["body"], key=found),)
        state = "delivered" if status == "DELIVRD" else "alive" if status == "ACCEPTD" else "failed"
        if not status:
            return ()
        reason = _FINAL.get(status, "not_delivered") if state == "failed" else ""
        ours = form.get("extend", "")
        return (Receipt(carrier=self.medium, provider_id=found, state=state, reason=reason, mark=ours),)

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """Any 2xx will do."""
        return HttpAnswer(status=200)

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """The vendor has no such call: reports are all there is."""
        return None

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """Never asked: see `poll`."""
        return None

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """An application's key can send and nothing else, so there is nothing to ask."""
        return None

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """Never asked: see `balance`."""
        return Finding(check=f"{self.medium}: Huawei Cloud account", ok=True, detail="not checked")
