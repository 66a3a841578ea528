"""What a mail that came back means: an answer of a member, a bounce, an automatic reply, or nothing that counts.

Pure: the message, the envelope and the clock's word go in, one value comes out; nothing is looked up or sent here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Final

from bot.adapters.mail_replies.bounces import Report, report
from bot.adapters.mail_replies.quotes import own_words
from bot.engine.mail_address import BOUNCE, REPLY, Key, is_mail_id, tagged, unseal
from bot.engine.model import Instant

WORDS_MAX: Final = 8_000
"""Characters of an answer that are read at all; a note may have fewer, and its sender is told so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A member wrote back: to which incident, and in their own words, without quotes and signature; may be empty."""

    incident: str
    member: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced:
    """A mail server tells what became of a mail of ours. `mail_id` is the delivery's `provider_id`.

    `state` is `failed`, or `delayed` while the server still tries; `reason` is a named word, `detail` its own words.
    """

    mail_id: str
    state: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoReply:
    """A machine answered (out of office, a ticket system): never a note, never answered. `reason` names the sign."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nothing is done, for a named reason. `member` is whom it certainly came from, where that is known."""

    reason: str
    member: str = ""
    incident: str = ""


Heard = Answered | Bounced | AutoReply | Unknown

_BULK: Final = frozenset({"auto_reply", "bulk", "junk", "list"})
_AUTO_HEADERS: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "X-POST-MessageClass")
_AUTO_SUBJECT: Final = re.compile(
    r"\s*(?:auto(?:matic)?[- ]?(?:reply|response)\b|out of (?:the )?office\b|自动(?:回复|答复)|自動回覆)", re.IGNORECASE
)
"""What programs write in front of the subject; QQ Mail and old Exchange set no header besides."""


def understand(
    message: EmailMessage, *, envelope_from: str | None, rcpt: str, people: Mapping[str, str], key: Key, now: Instant
) -> Heard:
    """What this mail means. Total: every message gives a value.

    `envelope_from` is empty for the null sender, and None where nobody kept it (a mailbox without Return-Path). `rcpt`
    is the address that the envelope (or Delivered-To) names, `people` maps members to their own mail addresses.
    An answer needs both: a token of ours that was sealed for the member, and that member's address in From.
    """
    box, tag = tagged(rcpt)
    returned = envelope_from is not None and not envelope_from.strip("<> ")
    found = report(message, returned=box == BOUNCE and (returned or envelope_from is None))
    if found is not None:
        return _bounced(found, tag if box == BOUNCE else "")
    if sign := _automatic(message, envelope_from):
        return AutoReply(reason=sign)
    if box == BOUNCE:
        return Unknown(reason="not_a_report")
    if box != REPLY:
        return Unknown(reason="not_an_answer")
    return _answered(message, tag, people, key, now)


def _bounced(found: Report, tag: str) -> Heard:
    mail_id = next((each for each in (tag, found.original.strip("<> ").partition("@")[0]) if is_mail_id(each)), "")
    if not mail_id:
        return Unknown(reason="bounce_of_another_mail")
    if not found.state:
        return Unknown(reason="report_without_failure")
    return Bounced(mail_id=mail_id, state=found.state, reason=found.reason, detail=found.detail)


def _automatic(message: EmailMessage, envelope_from: str | None) -> str:
    """The sign by which a program gives itself away (RFC 3834 §2 and §5; the others are what programs do); or empty."""
    submitted = _header(message, "Auto-Submitted").partition(";")[0].strip().casefold()
    if submitted and submitted != "no":
        return "auto_submitted"
    if envelope_from is not None and not envelope_from.strip("<> "):
        return "empty_return_path"
    if any(_header(message, name) for name in _AUTO_HEADERS):
        return "autoreply_header"
    if _header(message, "Precedence").strip().casefold() in _BULK:
        return "precedence"
    if _header(message, "List-Id"):
        return "mailing_list"
    local = (envelope_from or "").strip("<> ").partition("@")[0].casefold()
    if local in ("mailer-daemon", "postmaster") or local.startswith(("noreply", "no-reply", "donotreply")):
        return "machine_sender"
    return "autoreply_subject" if _AUTO_SUBJECT.match(_header(message, "Subject")) else ""


def _answered(message: EmailMessage, token: str, people: Mapping[str, str], key: Key, now: Instant) -> Heard:
    sender = _sender(message)
    own = [member for member, address in people.items() if sender and address.casefold() == sender]
    opened = unseal(key, token, own)
    if opened is None:
        sealed_for = unseal(key, token, people)
        return Unknown(reason="not_the_members_address" if sealed_for else "forged_token")
    if opened.until <= now:
        return Unknown(reason="token_expired", member=opened.member, incident=opened.incident)
    return Answered(incident=opened.incident, member=opened.member, text=own_words(message)[:WORDS_MAX])


def _sender(message: EmailMessage) -> str:
    """The one address in the one From; empty where there are none or several (RFC 5322 §3.6.2 wants one)."""
    fields = message.get_all("From", [])
    found = [address for _, address in getaddresses([str(each) for each in fields])]
    return found[0].casefold() if len(fields) == 1 and len(found) == 1 else ""


def _header(message: EmailMessage, name: str) -> str:
    return str(message.get(name) or "")
