"""AWS End User Messaging: texts by SendTextMessage, signed with SigV4; its events come through SNS, signed by RSA.

https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html ·
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html ·
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from bot.adapters.base import Finding, HttpAnswer, HttpRequest, Receipt, SendError, Sent
from bot.adapters.vendors.contract import (
    CertificateNeeded,
    Forged,
    News,
    Outgoing,
    Said,
    Subscription,
    Words,
    bad_account,
    bad_number,
    blocked,
    decoded,
    finding,
    mark,
    no_balance,
    same,
    throttled,
    unclear,
    unfit,
    wait_s,
)

TTL_S: Final = 900
TEXT_MAX: Final = 1_600
CALLBACK_AGE_S: Final = 3_600
"""SNS goes on trying for up to an hour when we are away, and keeps the first timestamp."""

_SNS_HOST: Final = r"https://sns\.[a-z]{2}(?:-[a-z]+)+-[0-9]\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE: Final = re.compile(rf"{_SNS_HOST}/SimpleNotificationService-[A-Za-z0-9]+\.pem")
_CONFIRMATION: Final = re.compile(rf"{_SNS_HOST}/\?Action=ConfirmSubscription&[A-Za-z0-9=&%:._~-]+")
_ACCOUNT: Final = frozenset({
    "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException",
    "InvalidClientTokenId", "MissingAuthenticationTokenException", "IncompleteSignatureException",
    "SignatureDoesNotMatch",
})  # fmt: skip
_BLOCKED: Final = frozenset({
    "DESTINATION_PHONE_NUMBER_OPTED_OUT", "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE",
})  # fmt: skip
_EVENTS: Final = {
    "TEXT_DELIVERED": "", "TEXT_INVALID": "recipient_unreachable", "TEXT_UNREACHABLE": "recipient_unreachable",
    "TEXT_CARRIER_UNREACHABLE": "not_delivered", "TEXT_BLOCKED": "recipient_blocked", "TEXT_SPAM": "sender_refused",
    "TEXT_CARRIER_BLOCKED": "sender_refused", "TEXT_PROTECT_BLOCKED": "sender_refused",
    "TEXT_INVALID_MESSAGE": "sender_refused", "TEXT_TTL_EXPIRED": "not_delivered", "TEXT_UNKNOWN": "not_delivered",
}  # fmt: skip
"""Final events: https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-types.html"""

_UNDER_WAY: Final = frozenset({"TEXT_QUEUED", "TEXT_PENDING", "TEXT_SENT", "TEXT_SUCCESSFUL"})
"""`TEXT_SUCCESSFUL` is the carrier's word that it took the text, not the phone's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccount:
    """The key, the region, the number, sender ID or pool that sends, and the topic that its events come through."""

    access_key: str
    secret_key: str
    region: str
    sender: str
    configuration_set: str = ""
    topic_arn: str = ""
    base_url: str = ""
    """Empty for the region's own address."""


def sign(  # noqa: PLR0913  # everything that the signature covers
    secret_key: str,
    access_key: str,
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    region: str,
    service: str,
    at: int,
) -> str:
    """The `Authorization` header of SigV4; `headers` are all that are signed, `query` is canonical."""
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers))
    canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    stamp = _stamp(at)
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    said = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"


def outcome(status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
    """A 200 with a `MessageId`, or `{__type, Message, Reason}` with a 4xx."""
    answer = decoded(body)
    if status == 200 and answer.get("MessageId"):
        return Sent(ref="", provider_id=str(answer["MessageId"]))
    kind = str(answer.get("__type", "")).rpartition("#")[2]
    reason = str(answer.get("Reason", ""))
    detail = f"{status} {kind} {reason} {answer.get('Message', answer.get('message', ''))}".strip()
    fields = {str(each.get("Name")) for each in answer.get("Fields") or () if isinstance(each, dict)}
    if kind in ("ThrottlingException", "TooManyRequestsException") or status == 429:
        return throttled(wait_s(headers), detail, whole=True)
    if kind == "ServiceQuotaExceededException":
        return no_balance(detail) if "SPEND_LIMIT" in reason else throttled(60.0, detail, whole=False)
    if reason in _BLOCKED:
        return blocked(detail)
    if reason == "DESTINATION_PHONE_NUMBER_NOT_VERIFIED":  # the account is still in the sandbox
        return unfit(detail)
    if kind == "ValidationException" and (reason == "COUNTRY_CODE_MISMATCH" or "DestinationPhoneNumber" in fields):
        return bad_number(detail)
    if kind in _ACCOUNT or status in (401, 403):
        return bad_account(detail)
    if status >= 500:
        return unclear(detail)  # InternalServerException may come after the text went out
    return unclear(detail) if status == 200 else unfit(detail)


@dataclass(frozen=True, slots=True)
class AwsSms:
    """Texts. `certificates` maps the address of an SNS certificate to its PEM, as fetched when one was needed."""

    account: AwsAccount
    certificates: dict[str, bytes] = field(default_factory=dict)
    name: str = "aws"
    medium: str = "sms"
    replies: bool = False

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One text. Where events go is the configuration set's business, so `callback_url` is not sent."""
        message: dict[str, Any] = {
            "DestinationPhoneNumber": to,
            "OriginationIdentity": self.account.sender,
            "MessageBody": words.text[:TEXT_MAX],
            "MessageType": "TRANSACTIONAL",
            "TimeToLive": TTL_S,
            "Context": {"try": mark(key)},
        }
        if self.account.configuration_set:
            message["ConfigurationSetName"] = self.account.configuration_set
        return self._ask("SendTextMessage", message, at)

    def _ask(self, operation: str, asked: Mapping[str, Any], at: int) -> Outgoing:
        body = json.dumps(asked, ensure_ascii=False).encode()
        base = self.account.base_url or f"https://sms-voice.{self.account.region}.amazonaws.com"
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "host": urlsplit(base).netloc,
            "x-amz-date": _stamp(at),
            "x-amz-target": f"PinpointSMSVoiceV2.{operation}",
        }
        proof = sign(
            self.account.secret_key,
            self.account.access_key,
            method="POST",
            path="/",
            query="",
            headers=headers,
            body=body,
            region=self.account.region,
            service="sms-voice",
            at=at,
        )
        return Outgoing(method="POST", url=f"{base}/", headers=headers | {"authorization": proof}, body=body)

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of the module."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """A notification of the topic, or the question whether we want them.

        A person's text comes by the same topic: https://docs.aws.amazon.com/sms-voice/latest/userguide/two-way-sms-payload.html
        """
        envelope = decoded(request.body)
        if not self.account.topic_arn or not same(str(envelope.get("TopicArn", "")), self.account.topic_arn):
            raise Forged("The message is not of the configured SNS topic.")
        _check_sns(envelope, self.certificates, at)
        if envelope.get("Type") == "SubscriptionConfirmation":
            url = str(envelope.get("SubscribeURL", ""))
            if not _CONFIRMATION.fullmatch(url):
                raise Forged("The confirmation's address is not one of SNS.")
            return (Subscription(url=url),)
        event = decoded(str(envelope.get("Message", "")).encode())
        kind, found = str(event.get("eventType", "")), str(event.get("messageId", ""))
        if "messageBody" in event and event.get("originationNumber"):
            user, text = str(event["originationNumber"]), str(event["messageBody"])
            return (Said(carrier=self.medium, user=user, text=text, key=str(event.get("inboundMessageId", ""))),)
        if kind not in _EVENTS and kind not in _UNDER_WAY:
            return ()
        reason = _EVENTS.get(kind, "")
        going = kind in _UNDER_WAY or (reason and not event.get("isFinal", True))
        state, reason = ("alive", "") if going else ("failed" if reason else "delivered", reason)
        context = event.get("context")
        ours = str(context.get("try", "")) if isinstance(context, dict) else ""
        return (Receipt(carrier=self.medium, provider_id=found, state=state, reason=reason, mark=ours),)

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """Any 2xx will do."""
        return HttpAnswer(status=200)

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """The service has no such call: events are all there is."""
        return None

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """Never asked: see `poll`."""
        return None

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_DescribeAccountAttributes.html"""
        return self._ask("DescribeAccountAttributes", {}, at)

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """`ACCOUNT_TIER`: in the sandbox only verified numbers are written to."""
        listed = decoded(body).get("AccountAttributes")
        if status != 200 or not isinstance(listed, list):
            refused = outcome(status, body, headers)
            return finding(
                self.medium, "AWS", error=refused if isinstance(refused, SendError) else unclear(str(status))
            )
        tiers = [
            str(each.get("Value")) for each in listed if isinstance(each, dict) and each.get("Name") == "ACCOUNT_TIER"
        ]
        cure = "Ask for production access: the sandbox writes to verified numbers only." if "SANDBOX" in tiers else ""
        return finding(self.medium, "AWS", detail=f"tier {', '.join(tiers) or 'unknown'}", cure=cure)


def _check_sns(envelope: Mapping[str, Any], certificates: Mapping[str, bytes], at: int) -> None:
    """The documented text, signed by a certificate from an address that is beyond doubt Amazon's.

    The address is checked before anybody fetches it: else a forged message could make us call any host.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    url = str(envelope.get("SigningCertURL", ""))
    if envelope.get("SignatureVersion") != "2":
        raise Forged("Only SNS signature version 2 (SHA-256) is accepted: set SignatureVersion of the topic to 2.")
    if not _CERTIFICATE.fullmatch(url):
        raise Forged("The certificate's address is not one of SNS.")
    if url not in certificates:
        raise CertificateNeeded(url)
    confirming = envelope.get("Type") == "SubscriptionConfirmation"
    names = ["Message", "MessageId"]
    names += ["SubscribeURL", "Timestamp", "Token"] if confirming else ["Subject", "Timestamp"]
    said = "".join(
        f"{name}\n{envelope[name]}\n" for name in [*names, "TopicArn", "Type"] if envelope.get(name) is not None
    )
    key = x509.load_pem_x509_certificate(certificates[url]).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise Forged("The certificate has no RSA key.")
    try:
        given = base64.b64decode(str(envelope.get("Signature", "")), validate=True)
        key.verify(given, said.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError) as error:
        raise Forged("The signature of the SNS message is wrong.") from error
    try:
        signed_at = datetime.fromisoformat(str(envelope.get("Timestamp", ""))).timestamp()
    except ValueError as error:
        raise Forged("The SNS message has no timestamp.") from error
    if abs(at - signed_at) > CALLBACK_AGE_S:
        raise Forged("The SNS message is too old, or a clock is wrong.")


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")
