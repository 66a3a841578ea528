"""A card as a mail: an HTML part made for a phone at night, a plain part that says the same, and honest headers.

Tables and inline styles, because mail programs know little else (https://www.caniemail.com/); a style sheet only says
what is darker at night. Nothing is loaded from anywhere. The subject never says how things stand, so that mail programs
keep an incident in one conversation: Gmail wants References and the same subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any, Final

from bot.cards.card import Action, ActionStyle, Block, Card, Fact, Facts, Line, Paragraph, Quote, Span, Style, Tone
from bot.cards.i18n import say
from bot.cards.text import neutral, one_line, shorten, web_address

SUBJECT_MAX: Final = 200
"""Our own: phones show about 40 characters, and RFC 5322 §2.1.1 wants lines below 998."""
REF_MAX: Final = 20
QUOTE_SHOWN: Final = 4_000
TEXT_SHOWN: Final = 2_000
"""Characters of any other text."""
LINE_MAX: Final = 6_000
BLOCK_MAX: Final = 24_000
BODY_MAX: Final = 64_000
"""Characters of HTML. A whole mail has to stay below 102 KB, where Gmail cuts it
(https://github.com/hteumeuleu/email-bugs/issues/41); what is left out is on the incident's page."""
ACTIONS_SHOWN: Final = 8

_INK: Final = {
    Tone.CRITICAL: ("#C4242B", "#FDECEC"),
    Tone.WARNING: ("#B4570B", "#FDF1E3"),
    Tone.INFO: ("#3F5871", "#EDF2F7"),
    Tone.PROCESSING: ("#12719E", "#E6F4FA"),
    Tone.SNOOZED: ("#6B46C1", "#F1ECFB"),
    Tone.CLOSED: ("#1E7F4F", "#E7F6EE"),
}
"""The dark and the pale colour of each tone: white on dark and dark on pale both reach a contrast of 4.5."""
_HOST: Final = re.compile(r"https?://([a-z0-9.-]+)", re.IGNORECASE)
_FONT: Final = (
    "-apple-system,'Segoe UI',Roboto,'PingFang SC','Noto Sans CJK SC','Microsoft YaHei',Helvetica,Arial,sans-serif"
)
_MONO: Final = "ui-monospace,SFMono-Regular,Menlo,Consolas,monospace"
_CHIP: Final = f"font-family:{_MONO};font-size:12px;background:#EEF1F4;display:inline-block;padding:0 5px"
_TEXT: Final = "#1D2733"
_SOFT: Final = "#5F6B7A"
_NIGHT: Final = (
    ":root{color-scheme:light dark}@media (prefers-color-scheme:dark){"
    ".bg{background:#11151A!important}.card{background:#1B2128!important;color:#E7EBEF!important}"
    ".soft{color:#A6B1BD!important}.quote,.chip{background:#28303A!important;color:#E7EBEF!important}"
    ".plain{background:#1B2128!important;color:#E7EBEF!important;border-color:#566270!important}"
    ".danger{background:#1B2128!important;color:#FF8F8F!important;border-color:#FF8F8F!important}"
    ".link{color:#74C7F0!important}.foot{border-color:#303944!important}}"
)
"""The same mail on a dark screen, for programs that ask (Apple Mail, Outlook on a Mac); others darken it themselves."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """`{"subject", "text", "html", "headers"}`: total; every header is one line."""
    topic = shorten(one_line(card.title) or _first_sentence(card.fallback), SUBJECT_MAX) or "Tocsin"
    ref = shorten(one_line(card.ref), REF_MAX)
    subject = f"[{ref}] {topic}" if ref else topic
    subject = f"Re: {subject}" if card.answers else subject
    return {"subject": subject, "text": _plain(card), "html": _html(card), "headers": _headers(card, topic)}


def _first_sentence(text: str) -> str:
    """What a notice is about, short enough for a list of mails; the rest stands in the mail."""
    return re.split(r"(?<=[.!?])\s|(?<=[。！？])", one_line(text), maxsplit=1)[0]


def _headers(card: Card, topic: str) -> dict[str, str]:
    """No program answers this by itself (RFC 3834 §5), and all mails of an incident hang on a root that need not exist.

    Exchange is asked for silence about everything but what it could not deliver: that is what has to be known. There is
    no `Precedence: bulk` (a page is no newsletter, and is sorted as one where it says so) and no List-Unsubscribe: one
    careless click would mute whoever is on call, who has preferences for that.
    """
    headers = {
        "Auto-Submitted": "auto-replied" if card.answers else "auto-generated",
        "X-Auto-Response-Suppress": "DR, RN, NRN, OOF, AutoReply",
        "Thread-Topic": topic,
    }
    if card.tone is Tone.CRITICAL:
        headers |= {"Importance": "high", "X-Priority": "1"}
    if card.reply_to:
        headers["Reply-To"] = card.reply_to
    if card.incident.isalnum() and card.incident.isascii():
        host = _host(card.url)
        root = f"<incident.{card.incident}@{host}>"
        headers |= {
            "References": " ".join(filter(None, (root, card.answers))),
            "In-Reply-To": card.answers or root,
            "List-Id": f"<incidents.{host}>",
            "X-Tocsin-Incident": card.incident,
        }
    return headers


def _host(url: str) -> str:
    """The right side of a message id: any host will do, as long as it is the same for all mails of an incident."""
    found = _HOST.match(web_address(url))
    return found[1].lower() if found else "tocsin.invalid"


# --- the plain part ---------------------------------------------------------------------------------------------------


def _plain(card: Card) -> str:
    parts = [" · ".join(filter(None, map(one_line, (card.severity, card.status, card.ref)))), _short(card.title)]
    paragraphs = ["\n".join(filter(None, parts))]
    paragraphs += _within((_plain_block(block, card) for block in card.body), BODY_MAX)
    links = [(_short(a.label), web_address(a.href)) for a in card.actions[:ACTIONS_SHOWN] if web_address(a.href)]
    if page := web_address(card.url):
        links.append((say(card.lang, "action.open", ref=one_line(card.ref)).strip(), page))
    paragraphs.append("\n".join(f"{label}{say(card.lang, 'fact.colon')}{href}" for label, href in links))
    if not any(paragraphs):
        paragraphs.append(_short(card.fallback))
    if card.incident:
        paragraphs.append("\n".join(("-- ", *_foot_lines(card))))
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _plain_block(block: Block, card: Card) -> str:
    match block:
        case Facts():
            colon = say(card.lang, "fact.colon")
            lines = (f"{_short(fact.label)}{colon}{_words(fact.value)}" for fact in block.facts)
            return "\n".join(_within(lines, BLOCK_MAX))
        case Paragraph():
            return "\n".join(_within(map(_words, block.lines), BLOCK_MAX))
        case Quote():
            quoted = shorten(neutral(block.text), QUOTE_SHOWN).splitlines()
            return "\n".join(f"> {line}".rstrip() for line in quoted)


def _words(line: Line) -> str:
    return one_line("".join(_word(span) for span in line))


def _word(span: Span) -> str:
    href = web_address(span.href)
    text = shorten(neutral(span.text), TEXT_SHOWN) if span.text.strip() else " "
    before, after = " " * span.text[:1].isspace(), " " * span.text[-1:].isspace()
    return f"{before}{text}{after}" + (f" <{href}>" if href else "")


# --- the HTML part ----------------------------------------------------------------------------------------------------


def _html(card: Card) -> str:
    dark, _ = _INK[card.tone]
    lang = "zh-CN" if card.lang.lower().startswith("zh") else "en"
    first, rest = _split(card)
    above = _within((_block(block, card, lead=True) for block in first), BODY_MAX // 2)
    below = _within((_block(block, card, lead=False) for block in rest), BODY_MAX // 2)
    rows = [_band(card), _headline(card), *above, _buttons(card), *below, _footer(card)]
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="supported-color-schemes" content="light dark">\n'
        f"<title>{_text(card.title or card.fallback)}</title>\n<style>{_NIGHT}</style>\n</head>\n"
        f'<body class="bg" style="margin:0;padding:0;background:#EEF1F4;font-family:{_FONT};color:{_TEXT};'
        '-webkit-text-size-adjust:100%">\n'
        f'<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{_text(card.fallback)}</div>\n'
        '<table role="presentation" class="bg" width="100%" cellpadding="0" cellspacing="0" style="background:#EEF1F4">'
        '<tr><td align="center" style="padding:12px 8px">\n'
        '<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;'
        f'background:#FFFFFF;color:{_TEXT};border-radius:10px;overflow:hidden;border:1px solid {dark}">\n'
        + "\n".join(filter(None, rows))
        + "\n</table>\n</td></tr></table>\n</body>\n</html>\n"
    )


def _split(card: Card) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """What stands above the buttons: all up to the first group of facts, which says who has it and what comes next."""
    body = card.body
    upto = next((index + 1 for index, block in enumerate(body) if isinstance(block, Facts)), len(body))
    return body[:upto], body[upto:]


def _within(pieces: Iterable[str], limit: int) -> list[str]:
    """The first pieces that take at most `limit` characters together."""
    kept: list[str] = []
    for piece in pieces:
        limit -= len(piece)
        if limit < 0:
            break
        kept.append(piece)
    return kept


def _row(inside: str, style: str, kind: str = "") -> str:
    """`kind` names what the row is for the dark style sheet."""
    marked = f' class="{kind}"' if kind else ""
    return f'<tr><td{marked} style="{style}">{inside}</td></tr>'


def _band(card: Card) -> str:
    words = " · ".join(f"<b>{_text(word)}</b>" for word in (card.severity, card.status) if word)
    if not words:
        return ""
    dark, _ = _INK[card.tone]
    table = (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>'
        f'<td style="color:#FFFFFF;font-size:16px">{words}</td>'
        f'<td align="right" style="color:#FFFFFF;font-size:16px">{_text(card.ref)}</td></tr></table>'
    )
    return _row(table, f"background:{dark};padding:10px 18px")


def _headline(card: Card) -> str:
    title = _text(card.title)
    if not title:
        return ""
    return _row(
        f'<h1 style="margin:0;font-size:21px;line-height:1.3;font-weight:700;word-break:break-word">{title}</h1>',
        "padding:16px 18px 4px",
    )


def _block(block: Block, card: Card, *, lead: bool) -> str:
    match block:
        case Facts():
            return _facts(block, lead=lead)
        case Paragraph():
            lines = "<br>".join(_within(map(_line, block.lines), BLOCK_MAX))
            return _row(
                lines, f"padding:8px 18px;font-size:{15 if lead else 14}px;line-height:1.5;word-break:break-word"
            )
        case Quote():
            text = escape(shorten(neutral(block.text), QUOTE_SHOWN)).replace("\n", "<br>")
            dark, pale = _INK[card.tone]
            inside = (
                f'<div class="quote" style="border-left:3px solid {dark};background:{pale};padding:8px 12px;'
                f'font-size:14px;line-height:1.5;word-break:break-word">{text}</div>'
            )
            return _row(inside, "padding:8px 18px") if text else ""


def _facts(block: Facts, *, lead: bool) -> str:
    """The leading facts large, one below the other; the others small, label beside value."""
    rows = "".join(_within((_lead(fact) if lead else _detail(fact) for fact in block.facts), BLOCK_MAX))
    if not rows:
        return ""
    if lead:
        return _row(rows, "padding:0 18px 8px")
    table = f'<table role="presentation" width="100%" cellpadding="0" cellspacing="0">{rows}</table>'
    return _row(table, "padding:8px 18px")


def _lead(fact: Fact) -> str:
    return (
        f'<div class="soft" style="font-size:13px;color:{_SOFT};padding-top:8px">{_text(fact.label)}</div>'
        f'<div style="font-size:16px;line-height:1.4;word-break:break-word">{_line(fact.value)}</div>'
    )


def _detail(fact: Fact) -> str:
    return (
        f'<tr><td valign="top" class="soft" style="padding:3px 12px 3px 0;font-size:13px;color:{_SOFT};'
        f'white-space:nowrap">'
        f'{_text(fact.label)}</td><td valign="top" width="100%" style="padding:3px 0;font-size:14px;line-height:1.45;'
        f'word-break:break-word">{_line(fact.value)}</td></tr>'
    )


def _buttons(card: Card) -> str:
    """Actions as links the size of a thumb; the incident's page last."""
    buttons = "".join(map(_button, card.actions[:ACTIONS_SHOWN]))
    if web_address(card.url):
        label = say(card.lang, "action.open", ref=one_line(card.ref))
        buttons += _button(Action(verb="open", label=label, href=card.url))
    return _row(buttons, "padding:4px 18px 10px") if buttons else ""


def _button(action: Action) -> str:
    href = web_address(action.href)
    if not href:
        return ""
    colours = {
        ActionStyle.PRIMARY: "background:#1E7F4F;color:#FFFFFF;border:1px solid #1E7F4F",
        ActionStyle.DANGER: "background:#FFFFFF;color:#C4242B;border:1px solid #C4242B",
        ActionStyle.PLAIN: f"background:#FFFFFF;color:{_TEXT};border:1px solid #B8C2CC",
    }[action.style]
    return (
        f'<a href="{escape(href)}" class="{action.style.value}" '
        f'style="display:block;margin-top:8px;padding:12px 16px;border-radius:8px;'
        f'text-align:center;font-size:16px;font-weight:600;text-decoration:none;{colours}">{_text(action.label)}</a>'
    )


def _footer(card: Card) -> str:
    if not card.incident:
        return ""
    return _row(
        "<br>".join(map(_text, _foot_lines(card))),
        f"padding:10px 18px 14px;border-top:1px solid #E3E8ED;font-size:12px;line-height:1.5;color:{_SOFT}",
        "foot soft",
    )


def _foot_lines(card: Card) -> list[str]:
    """How to answer, where a mail can be answered, and what a mail cannot do."""
    keys = ("mail.answer", "mail.footer") if card.reply_to else ("mail.footer",)
    return [say(card.lang, key) for key in keys]


def _line(line: Line) -> str:
    html = "".join(map(_span, line))
    return html if len(html) <= LINE_MAX else escape(shorten(_words(line), LINE_MAX // len("&quot;")))


def _span(span: Span) -> str:
    text = escape(_word(Span(text=span.text)))
    if href := web_address(span.href):
        return f'<a href="{escape(href)}" class="link" style="color:#12719E">{text.strip() or escape(href)}</a>'
    match span.style:
        case Style.BOLD:
            return f"<b>{text}</b>"
        case Style.MUTED:
            return f'<span class="soft" style="color:{_SOFT}">{text}</span>'
        case Style.CODE:
            return f'<code class="chip" style="{_CHIP}">{text}</code>'
        case _:
            return text


def _text(text: str) -> str:
    return escape(_short(text))


def _short(text: str) -> str:
    return shorten(one_line(text), TEXT_SHOWN)
