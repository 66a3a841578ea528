"""Alerts by mail, for everything that knows nothing better: raw RFC 5322 bytes become an event.

They come over SMTP, from a mailbox that is polled, or by POST of the whole mail from a gateway; which, makes no
difference here. Nothing that a mail says is trusted: its text is cut, its attachments are left out.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from bot.engine.model import MINUTE, Event, Instant
from webhooks.sources.base import Ignored, Outcome, Parsed, Rejected, Request, Source
from webhooks.sources.header_words import address_of, header_text
from webhooks.sources.keys import alert_key
from webhooks.sources.labels import shown
from webhooks.sources.mail_rules import Said, verdict
from webhooks.sources.mime import Mail, read_mail
from webhooks.sources.reading import unreadable
from webhooks.sources.texts import description, title

MAIL_LIMIT = 5 * 1024 * 1024
"""Bytes of a whole mail (Flashduty's limit); what is longer is refused."""
AHEAD = 60 * MINUTE
"""A Date later than this after the arrival is a wrong clock, and the arrival counts."""
NO_SUBJECT = "(no subject)"

_TOO_LARGE = Rejected(
    status=413,
    why=f"The mail is larger than {MAIL_LIMIT // 1_048_576} MB; send the text of the alert without attachments.",
)
_KNOWN = frozenset(
    {"from", "to", "subject", "date", "message-id", "received", "content-type", "mime-version", "sender", "reply-to"}
)
"""Fields of which any makes bytes look like a mail."""


def check(request: Request) -> Rejected | None:
    """Whether the mail is small enough to be kept."""
    return _TOO_LARGE if len(request.body) > MAIL_LIMIT else None


def parse(request: Request) -> Outcome:
    """The one event of a mail; nothing for automatic answers and bounces."""
    settings = request.config.get("email")
    return parse_mail(request, settings if isinstance(settings, Mapping) else {})


def parse_mail(request: Request, settings: Mapping[str, Any]) -> Outcome:
    """The one event of a mail under these rules: `mode`, `trigger_rules`, `close_rules`, `alert_key`, `senders`…"""
    if len(request.body) > MAIL_LIMIT:
        return _TOO_LARGE
    mail = read_mail(request.body)
    if not _KNOWN.intersection(mail.fields):
        return unreadable("The body is no mail: it has none of the fields that a mail begins with.")
    sender = header_text(b", ".join(mail.fields.get("from", ())))
    why = _unwanted(mail, request) or _stranger(sender, settings)
    if why:
        return Ignored(why=why)
    subject = mail.field("subject")
    said = Said(subject=subject, body=mail.text, sender=sender)
    found = verdict(said, settings)
    if found is None:
        return Ignored(why="No rule of the integration takes this mail, and it discards such mails.")
    key = _detail(request.path) or found.key or header_text(b" ".join(mail.fields.get("message-id", ())))
    event = Event(
        alert_key=alert_key(title(key).strip() or request.id),
        status=found.status,
        severity=found.severity,
        title=title(subject) or title(mail.text.partition("\n")[0]) or NO_SUBJECT,
        description=description((mail.text,)),
        at=_date(mail, request.received_at),
        labels=_labels(mail, sender, request.path),
    )
    return Parsed(events=(event,))


def _unwanted(mail: Mail, request: Request) -> str:
    """Why nobody has to hear of a mail that a program sent about another mail; "" for every other mail."""
    returns = request.headers.get("return-path", "").strip() or mail.field("return-path")
    automatic = mail.field("auto-submitted").lower().startswith("auto-replied")
    if mail.kind == "multipart/report":
        return "It is a report about another mail: a bounce, or a receipt."
    if returns == "<>":
        return "Its envelope has no sender, so it is a bounce or an automatic answer (RFC 5321, 4.5.5)."
    if automatic or mail.field("precedence").lower() == "auto_reply" or "x-autoreply" in mail.fields:
        return "It is an automatic answer, such as of somebody who is away (RFC 3834)."
    if "x-tocsin-incident" in mail.fields:
        return "It is a mail of Tocsin itself, and would come back as an alert for ever."
    return ""


def _stranger(sender: str, settings: Mapping[str, Any]) -> str:
    """Why the sender may not raise alerts here; "" when it may. From is easily forged: this keeps accidents out."""
    allowed = settings.get("senders")
    if not isinstance(allowed, list | tuple) or not allowed:
        return ""
    address = address_of(sender)
    names = [str(each).lower() for each in allowed]
    if address in names or any(each.startswith("@") and address.endswith(each) for each in names):
        return ""
    return "Its sender is not among the senders that the integration names."


def _detail(path: str) -> str:
    """What stands behind the `+` of the address that the mail came to: the key of its alert, given by the sender."""
    local = unquote(path).rpartition("@")[0]
    return local.partition("+")[2]


def _date(mail: Mail, received_at: Instant) -> Instant:
    """When the mail says that it was written, unless that is nonsense."""
    value = mail.field("date")[:200]
    try:
        stamp = email.utils.parsedate_tz(value)
        at = email.utils.mktime_tz(stamp) * 1000 if stamp else 0
    except (ValueError, OverflowError, TypeError, IndexError):
        return received_at
    return at if 0 < at <= received_at + AHEAD else received_at


def _labels(mail: Mail, sender: str, path: str) -> dict[str, str]:
    """`from` and `to`, and what was left out."""
    place = unquote(path)
    labels = {
        "from": title(address_of(sender) or sender),
        "to": title(place) if "@" in place else "",
        "body_cut": "true" if mail.cut else "",
        "attachment_stripped": "true" if mail.stripped else "",
    }
    return shown({name: value for name, value in labels.items() if value})


SOURCE = Source(name="email", parse=parse, check=check, by_mail=True)
