"""Vonage: texts by the SMS API. Answers are 200 even for refusals, and receipts are signed when the account asks.

https://developer.vonage.com/en/api/sms · https://developer.vonage.com/api-errors/sms ·
https://developer.vonage.com/en/getting-started/concepts/signing-messages
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from bot.adapters.base import Finding, HttpAnswer, HttpRequest, Permanent, Receipt, SendError, Sent
from bot.adapters.vendors.contract import (
    CLOCK_SKEW_S,
    Forged,
    News,
    Outgoing,
    Said,
    Words,
    bad_account,
    bad_number,
    blocked,
    decoded,
    down,
    finding,
    mark,
    no_balance,
    same,
    throttled,
    unclear,
    unfit,
    wait_s,
    whole,
)

TTL_MS: Final = 900_000
"""As with the other vendors: not later than 15 minutes. The vendor allows 20000 to 604800000."""
CALLBACK_MAX: Final = 100
"""https://developer.vonage.com/en/api/sms#send-an-sms: the length of `callback`."""

_METHODS: Final = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha512": "sha512"}
_REFUSALS: Final = {
    1: "throttled", 2: "unfit", 3: "unfit", 4: "account", 5: "down", 6: "number", 7: "blocked", 8: "account",
    9: "balance", 10: "throttled", 11: "account", 12: "unfit", 14: "account", 15: "unfit", 22: "unfit", 23: "unfit",
    29: "unfit", 32: "account", 33: "number",
}  # fmt: skip
"""https://developer.vonage.com/api-errors/sms; 29 is a number that a trial account may not write to."""
_DLR_REASONS: Final = {
    1: "recipient_unreachable", 3: "recipient_unreachable", 6: "recipient_unreachable", 4: "recipient_blocked",
    5: "recipient_blocked", 9: "recipient_blocked", 13: "recipient_blocked",
    7: "sender_refused", 8: "sender_refused", 11: "sender_refused",
    12: "sender_refused", 15: "sender_refused",
}  # fmt: skip
"""`err-code` of a receipt: https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts; 9: who opted out,
https://developer.vonage.com/en/opt-out-assist/guides/messaging-opted-out-numbers"""
_DLR_FAILED: Final = frozenset({"failed", "rejected", "expired"})
_DLR_UNDER_WAY: Final = frozenset({"submitted", "accepted", "buffered"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VonageAccount:
    """The API key and how requests are proven: `signature_secret` where the account signs, else `api_secret`."""

    api_key: str
    api_secret: str
    sender: str
    signature_secret: str
    """Signed webhooks have to be switched on for the account; without them no receipt could be believed."""
    signature_method: str = "sha256"
    sign_requests: bool = True
    base_url: str = "https://rest.nexmo.com"


def sign(secret: str, method: str, fields: Mapping[str, str]) -> str:
    """`sig`: HMAC over `&name=value` by name, with `&` and `=` in values made `_`; `sig` itself is left out.

    Upper-case hexadecimal, as the vendor sends it; compare without regard to case. `md5hash` is the default of old
    accounts and no HMAC: MD5 over the same text and the secret.
    """
    text = "".join(
        f"&{name}={value.replace('&', '_').replace('=', '_')}"
        for name, value in sorted(fields.items())
        if name != "sig"
    )
    if method == "md5hash":
        return hashlib.md5(f"{text}{secret}".encode()).hexdigest().upper()  # noqa: S324  # the vendor's own scheme
    return hmac.new(secret.encode(), text.encode(), _METHODS[method]).hexdigest().upper()


def refusal(code: int, detail: str, after_s: float = 1.0) -> SendError:
    """What a status other than 0 means."""
    match _REFUSALS.get(code, "unfit"):
        case "throttled":
            return throttled(after_s, detail, whole=True)
        case "account":
            return bad_account(detail)
        case "balance":
            return no_balance(detail)
        case "number":
            return bad_number(detail)
        case "blocked":
            return blocked(detail)
        case "down":
            return down(detail)
        case _:
            return unfit(detail)


def outcome(status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
    """The text is taken when every part has status "0"; HTTP 200 alone says nothing."""
    if status == 429:
        return throttled(wait_s(headers), "429", whole=True)
    if status in (401, 403):
        return bad_account(str(status))
    if status >= 500:
        return unclear(str(status))
    parts = decoded(body).get("messages")
    if status != 200 or not isinstance(parts, list) or not parts or not all(isinstance(each, dict) for each in parts):
        return unclear(f"{status} with no messages in it") if status == 200 else unfit(str(status))
    for part in parts:
        if str(part.get("status")) != "0":
            return refusal(whole(part.get("status")), f"{part.get('status')} {part.get('error-text', '')}")
    return Sent(ref="", provider_id=str(parts[0].get("message-id", "")))


@dataclass(frozen=True, slots=True)
class VonageSms:
    """Texts."""

    account: VonageAccount
    name: str = "vonage"
    medium: str = "sms"
    replies: bool = False

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One text. Raises `Permanent` when the callback's address is too long for the vendor."""
        if len(callback_url) > CALLBACK_MAX:
            raise Permanent("sender_refused", f"Vonage takes callbacks of at most {CALLBACK_MAX} characters.")
        fields = {
            "api_key": self.account.api_key,
            "from": self.account.sender.lstrip("+"),
            "to": to.lstrip("+"),
            "text": words.text,
            "type": "text" if words.text.isascii() else "unicode",
            "ttl": str(TTL_MS),
            "status-report-req": "1",
            "client-ref": mark(key),
        }
        if callback_url:
            fields["callback"] = callback_url
        if self.account.sign_requests:
            fields["timestamp"] = str(at)
            fields["sig"] = sign(self.account.signature_secret, self.account.signature_method, fields)
        else:
            fields["api_secret"] = self.account.api_secret
        return Outgoing(
            method="POST",
            url=f"{self.account.base_url}/sms/json",
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(fields).encode(),
        )

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """A delivery receipt, or a person's text: by GET, as a form or as JSON, as the account has it.

        Texts: https://developer.vonage.com/en/messaging/sms/guides/inbound-sms
        """
        fields = _fields(request)
        wanted = sign(self.account.signature_secret, self.account.signature_method, fields)
        if not same(wanted, fields.get("sig", "").upper()):
            raise Forged("The signature of the receipt does not match the signature secret.")
        if abs(at - whole(fields.get("timestamp"))) > CLOCK_SKEW_S:
            raise Forged("The receipt was signed too long ago, or by a clock that is wrong.")
        status, found = fields.get("status", ""), fields.get("messageId", fields.get("message-id", ""))
        if not status and fields.get("msisdn") and "text" in fields:
            return (Said(carrier=self.medium, user=f"+{fields['msisdn']}", text=fields["text"], key=found),)
        state = "failed" if status in _DLR_FAILED else "alive" if status in _DLR_UNDER_WAY else status
        if state not in ("delivered", "failed", "alive"):
            return ()
        reason = _DLR_REASONS.get(whole(fields.get("err-code")), "not_delivered") if state == "failed" else ""
        ours = fields.get("client-ref", "")
        return (Receipt(carrier=self.medium, provider_id=found, state=state, reason=reason, mark=ours),)

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """Any 2xx will do."""
        return HttpAnswer(status=200)

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """The SMS API tells the state of a text by its receipt only."""
        return None

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """Never asked: see `poll`."""
        return None

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """https://developer.vonage.com/en/api/account#get-balance: the secret goes in a header, not in the address."""
        login = base64.b64encode(f"{self.account.api_key}:{self.account.api_secret}".encode()).decode()
        url = f"{self.account.base_url}/account/get-balance"
        return Outgoing(method="GET", url=url, headers={"Authorization": f"Basic {login}"}, body=b"")

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """`value` in euros."""
        left = decoded(body).get("value")
        if status != 200 or not isinstance(left, int | float):
            refused = bad_account(str(status)) if status in (401, 403) else unclear(str(status))
            return finding(self.medium, "Vonage", error=refused)
        cure = "" if left > 0 else "Top up the account in the vendor's dashboard."
        return finding(self.medium, "Vonage", detail=f"balance {left:.2f} EUR", cure=cure)


def _fields(request: HttpRequest) -> dict[str, str]:
    """All of them, unknown ones too: they are signed."""
    if request.method == "GET":
        return dict(parse_qsl(request.query, keep_blank_values=True))
    if "json" in request.headers.get("content-type", ""):
        pairs = decoded(request.body).items()
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in pairs}
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
