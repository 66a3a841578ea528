"""AWS End User Messaging on loopback: SendTextMessage under SigV4, events through an SNS topic.

https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html (with its errors) ·
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.hub import Json, Outage
from bot.playground.vendors.exchange import Exchange, Heard, Refused

SKEW_S: Final = 300
TEXT_MAX: Final = 1_600
SEND: Final = "PinpointSMSVoiceV2.SendTextMessage"
DESCRIBE: Final = "PinpointSMSVoiceV2.DescribeAccountAttributes"
_NUMBER: Final = re.compile(r"\+?[1-9][0-9]{1,18}")
_KNOWN: Final = frozenset({
    "DestinationPhoneNumber", "OriginationIdentity", "MessageBody", "MessageType", "Keyword", "ConfigurationSetName",
    "MaxPrice", "TimeToLive", "Context", "DestinationCountryParameters", "DryRun", "ProtectConfigurationId",
    "MessageFeedbackEnabled",
})  # fmt: skip


@dataclass(slots=True, kw_only=True)
class AwsEmulator(Exchange):
    """One key in one region. Error codes are `Exception` or `Exception/REASON`."""

    access_key: str
    secret_key: str
    region: str
    identities: Sequence[str]
    configuration_sets: Sequence[str]
    topic_arn: str
    tier: str = "PRODUCTION"
    """`SANDBOX` for a new account."""
    _key: rsa.RSAPrivateKey = field(init=False)
    certificate: bytes = field(init=False)
    """PEM of the topic's certificate, to be found at `certificate_url`."""
    name: ClassVar[str] = "aws"
    errors: ClassVar[Mapping[str, tuple[int, str]]] = {
        "ThrottlingException": (400, "Rate exceeded"),
        "ServiceQuotaExceededException/MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT": (400, "Monthly spend limit reached"),
        "ConflictException/DESTINATION_PHONE_NUMBER_OPTED_OUT": (400, "Destination phone number opted out"),
        "ConflictException/DESTINATION_PHONE_NUMBER_NOT_VERIFIED": (400, "Destination phone number not verified"),
        "ConflictException/DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION": (400, "Country blocked"),
        "ValidationException/FIELD_VALIDATION_FAILED": (400, "Field validation failed"),
        "ValidationException/MISSING_PARAMETER": (400, "Missing parameter"),
        "ValidationException/SENDER_ID_NOT_SUPPORTED": (400, "Sender ID not supported in the country"),
        "ResourceNotFoundException": (400, "Resource not found"),
        "AccessDeniedException/ACCOUNT_DISABLED": (400, "Account disabled"),
        "UnrecognizedClientException": (400, "The security token included in the request is invalid."),
        "InvalidSignatureException": (400, "The request signature we calculated does not match the one you provided."),
        "MissingAuthenticationTokenException": (400, "Missing Authentication Token"),
        "UnknownOperationException": (400, "Unknown operation"),
        "InternalServerException": (500, "Internal error"),
    }
    faults: ClassVar[Mapping[Outage, str]] = {
        Outage.RATE_LIMITED: "ThrottlingException",
        Outage.REVOKED: "UnrecognizedClientException",
        Outage.BLOCKED: "ConflictException/DESTINATION_PHONE_NUMBER_OPTED_OUT",
    }

    def __post_init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.fromtimestamp(self.hub.now(), UTC)
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(self._key.public_key())
        made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=365))
        self.certificate = made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    @property
    def certificate_url(self) -> str:
        """Where SNS says that its certificate is; on loopback nothing answers there."""
        return f"https://sns.{self.region}.amazonaws.com/SimpleNotificationService-{'0' * 32}.pem"

    def routes(self) -> Sequence[BaseRoute]:
        """One address for every operation."""
        return (Route("/", self._called, methods=["POST"]),)

    async def _called(self, request: Request) -> Response:
        return await self.judge(request, self._take, _refusal)

    def _take(self, request: Request, body: bytes) -> Response:
        self._check_proof(request, body)
        target = request.headers.get("x-amz-target")
        if target not in (SEND, DESCRIBE):
            raise Refused("UnknownOperationException")
        if request.headers.get("content-type") != "application/x-amz-json-1.0":
            raise Refused("UnknownOperationException")
        try:
            asked = json.loads(body)
        except ValueError:
            raise Refused("ValidationException/MISSING_PARAMETER", "The body is not JSON.") from None
        if target == DESCRIBE:  # …/apireference_smsvoicev2/API_DescribeAccountAttributes.html
            return JSONResponse({"AccountAttributes": [{"Name": "ACCOUNT_TIER", "Value": self.tier}]})
        self._check_fields(asked)
        found = str(uuid.uuid4())
        context = asked.get("Context", {})
        if not asked.get("DryRun"):
            number = "+" + asked["DestinationPhoneNumber"].lstrip("+")
            self.keep(found, "text", number, asked["MessageBody"], context=context)
        return JSONResponse({"MessageId": found})

    def _check_fields(self, asked: Mapping[str, Any]) -> None:
        unknown = set(asked) - _KNOWN
        if unknown:
            raise Refused("ValidationException/FIELD_VALIDATION_FAILED", f"Unknown: {', '.join(sorted(unknown))}")
        if not asked.get("DestinationPhoneNumber"):
            raise Refused("ValidationException/MISSING_PARAMETER", "DestinationPhoneNumber")
        if not _NUMBER.fullmatch(str(asked["DestinationPhoneNumber"])):
            raise Refused("ValidationException/FIELD_VALIDATION_FAILED", "DestinationPhoneNumber")
        text = asked.get("MessageBody", "")
        if not isinstance(text, str) or not text.strip() or len(text) > TEXT_MAX:
            raise Refused("ValidationException/FIELD_VALIDATION_FAILED", "MessageBody")
        if asked.get("OriginationIdentity") not in self.identities:
            raise Refused("ResourceNotFoundException", "OriginationIdentity")
        if asked.get("MessageType", "TRANSACTIONAL") not in ("TRANSACTIONAL", "PROMOTIONAL"):
            raise Refused("ValidationException/FIELD_VALIDATION_FAILED", "MessageType")
        if not 5 <= asked.get("TimeToLive", 5) <= 259_200:
            raise Refused("ValidationException/FIELD_VALIDATION_FAILED", "TimeToLive")
        if asked.get("ConfigurationSetName", self.configuration_sets[0]) not in self.configuration_sets:
            raise Refused("ResourceNotFoundException", "ConfigurationSetName")
        if len(asked.get("Context", {})) > 5:
            raise Refused("ValidationException/FIELD_VALIDATION_FAILED", "Context")

    def _check_proof(self, request: Request, body: bytes) -> None:
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/([0-9]{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, ?"
            r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})",
            request.headers.get("authorization", ""),
        )
        if found is None:
            raise Refused("MissingAuthenticationTokenException")
        who, day, region, service, signed, given = found.groups()
        if who != self.access_key:
            raise Refused("UnrecognizedClientException")
        stamp = request.headers.get("x-amz-date", "")
        names = signed.split(";")
        must = {"host", "x-amz-date", "x-amz-target", "content-type"}
        if (region, service, day) != (self.region, "sms-voice", stamp[:8]) or not must <= set(names):
            raise Refused("InvalidSignatureException", "Credential scope or signed headers are wrong.")
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        if abs(at - self.hub.now()) > SKEW_S or names != sorted(names):
            raise Refused("InvalidSignatureException", "Signature expired.")
        lines = ["POST", "/", ""]
        lines += [f"{name}:{re.sub(' +', ' ', request.headers.get(name, '').strip())}" for name in names]
        lines += ["", signed, hashlib.new("sha256", body).hexdigest()]
        digest = hashlib.new("sha256", "\n".join(lines).encode()).hexdigest()
        secret = hmac.digest(b"AWS4" + self.secret_key.encode(), day.encode(), "sha256")
        secret = hmac.digest(hmac.digest(secret, region.encode(), "sha256"), b"sms-voice", "sha256")
        secret = hmac.digest(secret, b"aws4_request", "sha256")
        said = f"AWS4-HMAC-SHA256\n{stamp}\n{day}/{region}/{service}/aws4_request\n{digest}"
        if not hmac.compare_digest(hmac.digest(secret, said.encode(), "sha256").hex(), given):
            raise Refused("InvalidSignatureException")

    # --- the topic --------------------------------------------------------------------------------------------------

    async def subscribe(self) -> Heard:
        """Ask the subscriber whether it wants the topic's messages, as SNS does first of all."""
        token = "0" * 64
        where = f"https://sns.{self.region}.amazonaws.com/?Action=ConfirmSubscription"
        envelope = self.envelope("SubscriptionConfirmation", "You have chosen to subscribe.")
        envelope |= {"Token": token, "SubscribeURL": f"{where}&TopicArn={self.topic_arn}&Token={token}"}
        return await self._push(envelope)

    async def reported(self, item: Json) -> None:
        """An event of the configuration set: …/sms-voice/latest/userguide/configuration-sets-event-format.html"""
        await self._event(item, "DELIVERED" if item["status"] == "delivered" else "UNREACHABLE", final=True)

    async def passed_on(self, item: Json) -> None:
        """On the way: …/sms-voice/latest/userguide/configuration-sets-event-types.html"""
        for status in ("QUEUED", "PENDING", "SUCCESSFUL"):
            await self._event(item, status, final=False)

    async def said(self, person: str, text: str) -> Heard:
        """A person's text: …/sms-voice/latest/userguide/two-way-sms-payload.html"""
        told = {"originationNumber": person, "destinationNumber": self.identities[0], "messageBody": text}
        more = {"messageKeyword": "KEYWORD", "inboundMessageId": str(uuid.uuid4())}
        return await self._push(self.envelope("Notification", json.dumps({**told, **more})))

    async def _event(self, item: Json, status: str, *, final: bool) -> None:
        event = {
            "eventType": f"TEXT_{status}",
            "eventVersion": "1.0",
            "isFinal": final,
            "destinationPhoneNumber": item["to"],
            "messageId": item["id"],
            "messageStatus": status,
            "context": item["context"],
        }
        await self._push(self.envelope("Notification", json.dumps(event)))

    def envelope(self, kind: str, message: str) -> Json:
        """An unsigned SNS message of the topic, as of now."""
        stamp = datetime.fromtimestamp(self.hub.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        made: Json = {"Type": kind, "MessageId": str(uuid.uuid4()), "TopicArn": self.topic_arn, "Message": message}
        return made | {"Timestamp": stamp, "SignatureVersion": "2", "SigningCertURL": self.certificate_url}

    def sealed(self, envelope: Json) -> Json:
        """The message with its signature: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html"""
        confirming = envelope["Type"] == "SubscriptionConfirmation"
        keys = "Message MessageId SubscribeURL Timestamp Token TopicArn Type" if confirming else ""
        keys = keys or "Message MessageId Subject Timestamp TopicArn Type"
        said = "".join(f"{key}\n{envelope[key]}\n" for key in keys.split() if key in envelope)
        signature = self._key.sign(said.encode(), padding.PKCS1v15(), hashes.SHA256())
        return envelope | {"Signature": base64.b64encode(signature).decode()}

    async def _push(self, envelope: Json) -> Heard:
        if not self.callback_url:
            return Heard(0, "", "")
        headers = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": envelope["Type"]}
        return await self.call_back(self.callback_url, json.dumps(self.sealed(envelope)).encode(), headers)


def _refusal(code: str, message: str, status: int) -> Response:
    kind, _, reason = code.partition("/")
    body: Json = {"__type": kind, "Message": message}
    if reason:
        body["Reason"] = reason
    if kind == "ValidationException":
        body["Fields"] = [{"Name": message.split(" ", 1)[0], "Message": message}]
    return JSONResponse(body, status, media_type="application/x-amz-json-1.0")
