"""A person's own words in a mail: what they wrote, without what they answer, their signature, and their phone's advert.

Mail programs agree on little, so each rule below names the program that needs it; what no rule knows stays.
"""

from __future__ import annotations

import re
from email.message import EmailMessage, Message
from html.parser import HTMLParser
from typing import Final

PART_MAX: Final = 200_000
"""Characters of a part that are looked at."""
LINE_SEEN: Final = 400
"""Characters of a line in which the beginning of a quote is looked for."""

_ATTRIBUTION: Final = re.compile(
    r"(?:On\b.{4,200}\bwrote"  # Gmail, Apple Mail, Thunderbird
    r"|Am\b.{4,200}\bschrieb.{0,80}|Le\b.{4,200}\ba écrit|El\b.{4,200}\bescribió"
    r"|(?:在|于).{4,200}(?:写道|寫道)"  # Apple Mail, NetEase
    r"|.{0,120}(?:于|於).{4,80}(?:写道|寫道))"  # Gmail: name <address> 于2026年…写道：
    r"\s*[:：]?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTION_LINES: Final = 3
"""Gmail and Apple Mail wrap it."""
_BEGINS_ATTRIBUTION: Final = re.compile(
    r"(?:On|Am|Le|El|在|于)\b|(?:在|于)\s*\d|.{0,80}<\S{1,80}@\S{1,80}>\s*(?:于|於)", re.IGNORECASE
)
_ORIGINAL: Final = "Original(?: Message)?|Forwarded message|原始邮件|回复的原邮件|转发的?邮件|原始郵件"
_DIVIDER: Final = re.compile(
    rf"\s*(?:-{{2,}}\s*(?:{_ORIGINAL})\s*-{{2,}}"  # Outlook, QQ Mail
    r"|原始邮件"  # QQ Mail on a phone
    r"|_{10,})\s*\Z",  # Outlook on the web
    re.IGNORECASE,
)
_HEADER: Final = re.compile(r"\s*\*?(?:From|发件人|寄件者|Von|De)\s*\*?\s*[:：]\s*\S", re.IGNORECASE)
_HEADER_NEXT: Final = re.compile(
    r"\s*\*?(?:Sent|Date|To|Subject|发送时间|发送日期|日期|时间|收件人|主题|抄送|寄件日期|收件者|Gesendet|An|Envoyé)\s*\*?\s*[:：]",
    re.IGNORECASE,
)
"""Outlook writes the headers of what it quotes; one line that begins with From: may be somebody's own."""
_SIGNATURE: Final = re.compile(
    r"--\s*\Z"  # RFC 3676 §4.3; some programs eat its space
    r"|\s*(?:Sent from (?:my |Outlook|Mail for|Yahoo)|Get Outlook for|发自我的|来自我的|從我的|发自\s?iPhone|发自QQ邮箱"
    r"|Von meinem .{1,30} gesendet|Envoyé de mon).{0,80}\Z",
    re.IGNORECASE,
)
_QUOTE_MARKS: Final = re.compile(
    r"gmail_quote|gmail_attr|yahoo_quoted|moz-cite-prefix|protonmail_quote|divRplyFwdMsg|appendonsend"
    r"|mail-editor-reference-message-container|isReplyContent|ntes-mailmaster-quote",
)
"""Classes and ids around quoted text: Gmail, Yahoo, Thunderbird, Proton, Outlook, NetEase."""
_SIGNATURE_MARKS: Final = re.compile(r"gmail_signature|\bSignature\b|ms-outlook-mobile-signature|moz-signature")
_SKIPPED: Final = frozenset({"style", "script", "head", "title", "blockquote", "template"})
_BREAKS: Final = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "hr", "table"})
_EMPTY: Final = frozenset({"br", "hr", "img", "meta", "link", "input", "wbr", "col", "area", "base"})
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


def own_words(message: EmailMessage) -> str:
    """What the sender wrote: from the plain part, else from the HTML; lines are kept, the ends are trimmed.

    Below the quoted text it is looked for only where nothing stands above it.
    """
    for kind, read in (("plain", lambda text: text), ("html", _from_html)):
        part = message.get_body((kind,))
        words = without_quotes(read(_decoded(part))) if part is not None else ""
        if words:
            return words
    return ""


def plain_text(message: Message) -> str:
    """The text of a message or part, HTML where there is nothing else; empty for a picture or a file."""
    if message.get_content_maintype() == "text":
        text = _decoded(message)
        return _from_html(text) if message.get_content_subtype() == "html" else text
    part = message.get_body(("plain", "html")) if isinstance(message, EmailMessage) else None
    return plain_text(part) if part is not None and part is not message else ""


def without_quotes(text: str) -> str:
    """The lines above the first quoted one, without the signature; where there are none, those below it."""
    lines = [_INVISIBLE.sub("", line).replace("\u00a0", " ").rstrip() for line in text.splitlines()]
    end = next((place for place in range(len(lines)) if _quote_begins(lines, place)), len(lines))
    above = _signed_off(lines[:end])
    if above or end == len(lines):
        return above
    last = max((place for place, line in enumerate(lines) if line.startswith(">")), default=len(lines))
    return _signed_off(lines[last + 1 :])


def _signed_off(lines: list[str]) -> str:
    end = next((place for place, line in enumerate(lines) if _SIGNATURE.match(line)), len(lines))
    return "\n".join(lines[:end]).strip()


def _quote_begins(lines: list[str], place: int) -> bool:
    line = lines[place][:LINE_SEEN]
    if line.startswith(">") or _DIVIDER.match(line):
        return True
    if _HEADER.match(line):
        following = [each for each in lines[place + 1 : place + 5] if each.strip()]
        return any(_HEADER_NEXT.match(each) for each in following[:2])
    if not _BEGINS_ATTRIBUTION.match(line.strip()):
        return False
    return any(
        _ATTRIBUTION.match(" ".join(lines[place : place + count]).strip()[:LINE_SEEN])
        for count in range(1, _ATTRIBUTION_LINES + 1)
    )


def _decoded(part: Message) -> str:
    """The text of a part; what its charset does not explain becomes U+FFFD. GB2312 is read as what it grew into."""
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    charset = (part.get_content_charset() or "utf-8").casefold()
    charset = "gb18030" if charset in ("gb2312", "gbk") else charset
    try:
        text = raw.decode(charset, "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    return text[:PART_MAX]


def _from_html(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "".join(reader.words)


class _Reader(HTMLParser):
    """The visible text of an HTML mail up to what it quotes; blocks begin a new line."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden: list[str] = []
        """The open elements from the first one that is left out, inwards."""
        self._over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line for a block; leave out what is quoted, signed or not shown."""
        if self._over:
            return
        marks = " ".join(value or "" for name, value in attrs if name in ("class", "id"))
        if _QUOTE_MARKS.search(marks):
            self._over = True
            return
        if self._hidden or tag in _SKIPPED or _SIGNATURE_MARKS.search(marks):
            if tag not in _EMPTY:
                self._hidden.append(tag)
            return
        if tag in _BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Close what was left out; an end that nothing began is ignored."""
        if tag in self._hidden:
            while self._hidden and self._hidden.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Keep what is seen, as one line."""
        if not self._over and not self._hidden:
            self.words.append(re.sub(r"[ \t\r\n]+", " ", data))
