"""What Twilio documents about a message: the checks of a request, the segments of a text, the resource it becomes.

Pure functions without I/O; `twilio.py` puts them behind the HTTP API.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import urlsplit

API_VERSION: Final = "2010-04-01"

# https://www.twilio.com/docs/glossary/what-e164 - a plus, a country code that never starts with 0, 15 digits at most.
E164 = re.compile(r"\+[1-9][0-9]{6,14}")

# https://www.twilio.com/docs/api/errors/21617
BODY_CHARS_MAX: Final = 1_600

# https://www.twilio.com/docs/api/errors/21624 - whole seconds; the default is the maximum.
VALIDITY_S_MIN: Final = 1
VALIDITY_S_MAX: Final = 36_000

# https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out - a keyword counts only when it is the whole message.
STOP_WORDS: Final = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS: Final = frozenset({"START", "YES", "UNSTOP"})

# https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding (3GPP TS 23.038 section 6.2.1)
GSM7_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED: Final = frozenset("\f^{}\\[~]|€")  # two septets each


# https://www.twilio.com/docs/api/errors - what a request for a number in trouble is refused with.
REFUSALS: Final[Mapping[int, tuple[int, str]]] = {
    20003: (401, "Authenticate"),
    20005: (403, "Account not active"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21211: (400, "Invalid 'To' Phone Number"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"),
    21606: (400, "The 'From' phone number provided is not a valid, SMS-capable inbound phone number"),
    21608: (400, "The number is unverified. Trial accounts cannot send messages to unverified numbers"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' phone number is not currently reachable using the 'From' phone number"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
}
# The same page - what the carrier says later, in the status callback.
UNDELIVERED: Final[Mapping[int, str]] = {
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30034: "Message from an unregistered number",
}


class TwilioError(Exception):
    """A refusal with the error body that the vendor documents: `{code, message, more_info, status}`."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        """`code` is Twilio's own number, `status` the HTTP status (https://www.twilio.com/docs/api/errors)."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> dict[str, object]:
        """The JSON error body (https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions)."""
        more_info = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more_info, "status": self.status}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A checked request to send one SMS."""

    to: str
    sender: str
    service_sid: str | None
    body: str
    callback_url: str | None
    validity_s: int


def check_message(
    form: Mapping[str, str],
    *,
    numbers: Collection[str],
    services: Mapping[str, str],
    opted_out: Collection[tuple[str, str]],
) -> Outgoing:
    """The request as Twilio would accept it, or `TwilioError` as it would refuse it.

    `numbers` are the account's own, `services` maps a Messaging Service SID to the number it sends from, `opted_out`
    holds pairs (person, own number). Source: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
    """
    to = _check_to(form.get("To", ""))
    sender, service_sid = _check_sender(form, numbers, services)
    if to == sender:
        raise TwilioError(21266, "'To' and 'From' number cannot be the same")  # docs/api/errors/21266
    if to in numbers:
        raise TwilioError(21211, f"Invalid 'To' Phone Number: {to}")  # docs/api/errors/21211: own numbers, short codes
    body = form.get("Body", "")
    if not body:
        raise TwilioError(21602, "Message body is required.")  # docs/api/errors/21602
    if len(body) > BODY_CHARS_MAX:
        raise TwilioError(21617, "The concatenated message body exceeds the 1600 character limit.")
    callback_url = form.get("StatusCallback") or None
    if callback_url is not None and not is_callback_url(callback_url):
        message = f"The 'StatusCallback' URL {callback_url} is not a valid URL."
        raise TwilioError(21609, message)  # docs/api/errors/21609
    validity_s = _check_validity(form.get("ValidityPeriod"))
    if (to, sender) in opted_out:
        raise TwilioError(21610, "Attempt to send to unsubscribed recipient")  # docs/api/errors/21610
    return Outgoing(
        to=to, sender=sender, service_sid=service_sid, body=body, callback_url=callback_url, validity_s=validity_s
    )


def _check_to(to: str) -> str:
    if not to:
        raise TwilioError(21604, "A 'To' phone number is required.")  # docs/api/errors/21604
    if not E164.fullmatch(to):
        raise TwilioError(21211, f"Invalid 'To' Phone Number: {to}")  # docs/api/errors/21211
    return to


def _check_sender(
    form: Mapping[str, str], numbers: Collection[str], services: Mapping[str, str]
) -> tuple[str, str | None]:
    service_sid = form.get("MessagingServiceSid") or None
    sender = form.get("From", "")
    if service_sid is not None:
        if service_sid not in services:
            raise TwilioError(21701, "The Messaging Service does not exist.", 404)  # docs/api/errors/21701
        return sender or services[service_sid], service_sid
    if not sender:
        raise TwilioError(21603, "A 'From' phone number is required.")  # docs/api/errors/21603
    if not E164.fullmatch(sender):
        raise TwilioError(21212, f"Invalid 'From' Phone Number: {sender}")  # docs/api/errors/21212
    if sender not in numbers:
        # docs/api/errors/21606; docs/iam/test-credentials has it for every number that the account does not own
        raise TwilioError(21606, f"The From phone number {sender} is not an SMS-capable number of your account.")
    return sender, None


def _check_validity(value: str | None) -> int:
    if value is None:
        return VALIDITY_S_MAX
    if not re.fullmatch(r"[0-9]{1,6}", value) or not VALIDITY_S_MIN <= int(value) <= VALIDITY_S_MAX:
        raise TwilioError(21624, f"The ValidityPeriod {value} is not an integer from 1 to 36000.")
    return int(value)


def is_callback_url(url: str) -> bool:
    """True for an absolute http(s) URL whose host has no underscore.

    Source: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and "_" not in host and " " not in url


def segments(body: str) -> int:
    """How many SMS a text takes: 160 or 153 septets each in GSM-7, otherwise 70 or 67 UCS-2 units.

    Source: https://www.twilio.com/docs/glossary/what-sms-character-limit
    """
    if all(char in GSM7_BASIC or char in GSM7_EXTENDED for char in body):
        units, single, joined = sum(2 if char in GSM7_EXTENDED else 1 for char in body), 160, 153
    else:
        units, single, joined = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= single else -(-units // joined)


def gmt(at_s: float) -> str:
    """An RFC 2822 time in GMT, as `date_created` has it."""
    return format_datetime(datetime.fromtimestamp(at_s, UTC))


def new_resource(outgoing: Outgoing, *, account_sid: str, direction: str, at_s: float) -> dict[str, Any]:
    """A new Message resource; its first status is `accepted` with a Messaging Service, else `queued` (or `received`).

    With a Messaging Service the sender and the number of segments are not known yet: null and "0". Source:
    https://www.twilio.com/docs/messaging/api/message-resource and
    https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
    """
    sid = "SM" + secrets.token_hex(16)
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{sid}"
    by_service, inbound = outgoing.service_sid is not None, direction == "inbound"
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": outgoing.body,
        "date_created": gmt(at_s),
        "date_sent": gmt(at_s) if inbound else None,
        "date_updated": gmt(at_s),
        "direction": direction,
        "error_code": None,
        "error_message": None,
        "from": None if by_service else outgoing.sender,
        "messaging_service_sid": outgoing.service_sid,
        "num_media": "0",
        "num_segments": "0" if by_service else str(segments(outgoing.body)),
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "received" if inbound else "accepted" if by_service else "queued",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": outgoing.to,
        "uri": f"{uri}.json",
    }
