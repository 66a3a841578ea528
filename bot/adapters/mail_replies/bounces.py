"""Reports of mail servers: RFC 3464 as it is meant, and the plain letters that some servers write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string
from email.message import EmailMessage, Message
from typing import Final

from bot.adapters.mail_replies.quotes import plain_text

DETAIL_MAX: Final = 300

_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CODE: Final = re.compile(r"\b([45]\d\d)[ -]")
_SUBJECT: Final = re.compile(
    r"undeliver|returned mail|delivery (?:status|failure|has failed|incomplete)|mail delivery|failure notice|delayed"
    r"|退信|投递失败|无法送达|未送达|传送失败",
    re.IGNORECASE,
)
_FULL: Final = re.compile(r"mailbox (?:is )?full|over ?quota|quota exceeded|邮箱.{0,4}已?满|空间不足", re.IGNORECASE)
_NOBODY: Final = re.compile(r"user unknown|no such user|does not exist|not found|不存在|无效", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`state` is `failed`, `delayed`, or empty for good news; `original` is the Message-ID that it is about."""

    state: str
    reason: str
    detail: str
    original: str = ""


def report(message: EmailMessage, *, returned: bool) -> Report | None:
    """What a server reports; None where this is no report.

    `returned` says that it came to a bounce address without a return path: then a letter that only looks like a report
    (qmail, QQ Mail) is read as one as well.
    """
    fields = list(_recipients(message))
    if fields:
        worst = next((each for each in fields if _action(each) == "failed"), None)
        late = next((each for each in fields if _action(each) == "delayed"), None)
        told = worst or late
        if told is None:
            return Report(state="", reason="", detail="", original=_original(message))
        words = f"{told.get('Status', '')} {told.get('Diagnostic-Code', '')}"
        state = "failed" if worst is not None else "delayed"
        return Report(state=state, reason=reason_of(words), detail=_cut(words), original=_original(message))
    if returned and _SUBJECT.search(str(message.get("Subject") or "")):
        text = plain_text(message)
        state = "delayed" if re.search(r"delayed|will retry|延迟", text, re.IGNORECASE) else "failed"
        return Report(state=state, reason=reason_of(text), detail=_cut(_telling(text)), original=_original(message))
    return None


def reason_of(words: str) -> str:
    """The named reason behind an enhanced status (RFC 3463) or, without one, behind what servers write.

    X.1 is about the address and X.2 about the mailbox, of which X.2.2 is a full one; X.7 is the sender's reputation or
    a policy; a mail that was tried until its time was over has X.4.7.
    """
    found = _STATUS.search(words)
    subject, detail = (int(found[2]), int(found[3])) if found else (0, 0)
    if (subject, detail) == (2, 2):
        return "mailbox_full"
    if subject == 7:
        return "refused"
    if subject == 4:
        return "unavailable"
    if subject in (1, 2):
        return "recipient_unreachable"
    if _FULL.search(words):
        return "mailbox_full"
    return "recipient_unreachable" if _NOBODY.search(words) else "undelivered"


def _recipients(message: EmailMessage) -> Iterator[Message]:
    """The field groups of each recipient: all but the first, which is about the whole report (RFC 3464 §2.1)."""
    if message.get_content_type() != "multipart/report":
        return
    for part in message.walk():
        groups = part.get_payload()
        if part.get_content_type() == "message/delivery-status" and isinstance(groups, list):
            yield from (group for group in groups if isinstance(group, Message) and group.get("Action"))


def _action(group: Message) -> str:
    return str(group.get("Action") or "").strip().casefold()


def _original(message: EmailMessage) -> str:
    """The Message-ID of the mail that came back: in its copy, else where the report answers it."""
    for part in message.walk():
        if part is message:
            continue
        if part.get_content_type() == "text/rfc822-headers":
            headers = message_from_string(plain_text(part))
            if headers.get("Message-ID"):
                return str(headers["Message-ID"]).strip()
        elif part.get("Message-ID"):
            return str(part["Message-ID"]).strip()
    answered = re.search(r"<[^<>\s]+>", str(message.get("In-Reply-To") or ""))
    quoted = re.search(r"^Message-ID:\s*(<[^<>\s]+>)", plain_text(message), re.IGNORECASE | re.MULTILINE)
    return answered[0] if answered else quoted[1] if quoted else ""


def _telling(text: str) -> str:
    """The line with the server's code, else the first line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if _STATUS.search(line) or _CODE.search(line)), lines[0] if lines else "")


def _cut(text: str) -> str:
    return " ".join(text.split())[:DETAIL_MAX]
