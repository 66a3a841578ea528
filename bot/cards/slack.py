"""A card as the body of Slack's `chat.postMessage`, without the channel: Block Kit behind a bar that shows the tone.

Limits: https://docs.slack.dev/reference/block-kit/blocks and its pages; escaping and dates:
https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from bot.cards.card import Action, ActionStyle, Block, Card, Fact, Facts, Line, Paragraph, Quote, Span, Style, Tone
from bot.cards.i18n import say
from bot.cards.text import calm, columns, one_line, shorten, utf16, web_address

TEXT_MAX: Final = 3_000
"""Characters of `text`: Slack takes 40,000, but a section, which many clients draw in its place, takes 3,000."""
BLOCKS_MAX: Final = 50
HEADER_MAX: Final = 150
SECTION_MAX: Final = 3_000
FIELD_MAX: Final = 2_000
FIELDS_MAX: Final = 10
BODY_MAX: Final = 10_000
"""Characters of all sections together, our own: Slack answers `msg_blocks_too_long` (chat.postMessage) and names no
number; messages of 15,000 characters are known to be refused."""
ELEMENTS_MAX: Final = 25
BUTTON_MAX: Final = 75
OPTIONS_MAX: Final = 100
VALUE_MAX: Final = 150
"""Characters of an option's value, the tighter of option and button."""
CONFIRM_MAX: Final = 300
QUOTE_SHOWN: Final = 1_000
"""Our own: Slack folds long messages away, and the incident's page has the whole text."""
GRID_MAX: Final = 24
"""Columns, our own: a wider value wraps badly in half the width of a phone, and gets a line of its own."""

_COLOURS: Final = {
    Tone.CRITICAL: "#D72D30",
    Tone.WARNING: "#E8912D",
    Tone.INFO: "#5B6B7F",
    Tone.PROCESSING: "#1D9BD1",
    Tone.SNOOZED: "#8A63D2",
    Tone.CLOSED: "#2EB67D",
}
_STYLES: Final = {ActionStyle.PRIMARY: "primary", ActionStyle.DANGER: "danger"}
_CLOCK: Final = re.compile(r"\d\d:\d\d\Z")
_USER: Final = re.compile(r"[A-Z0-9]{1,64}\Z")
_SEPARATOR: Final = "  ·  "
_EDGE: Final = "\u200b"
"""Slack sees formatting only at the edge of a word, which Chinese text does not have: this makes one."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """The body of chat.postMessage (or chat.update) without `channel`: total, and within every limit above."""
    said: Json = {"text": _notification(card), "parse": "none", "link_names": False}
    said |= {"unfurl_links": False, "unfurl_media": False}
    blocks = _blocks(card)
    if card.kind == "incident":
        bar = {"color": _COLOURS[card.tone], "fallback": _fit(card.fallback, TEXT_MAX) or "…", "blocks": blocks}
        said["attachments"] = [bar]
        payload = {"incident": card.incident, "rev": card.rev}
        said["metadata"] = {"event_type": "tocsin_incident", "event_payload": payload}
    elif card.kind != "text" or card.actions:
        said["blocks"] = blocks
    return said


def _notification(card: Card) -> str:
    """The sentence for push notifications and screen readers; it pings, because mentions in attachments may not."""
    pings = " ".join(_span(span, FIELD_MAX) for span in card.mentions[:FIELDS_MAX])
    sentence = _fit(card.fallback, TEXT_MAX - len(pings) - 1)
    return f"{sentence} {pings}".strip() or "…"


def _blocks(card: Card) -> list[Json]:
    blocks: list[Json] = []
    if title := shorten(one_line(card.title), HEADER_MAX, utf16):
        blocks.append({"type": "header", "text": _plain(title)})
    if status := _status(card):
        blocks.append({"type": "context", "elements": [_mrkdwn(status)]})
    room = BODY_MAX
    for each in (each for block in card.body for each in _BODY[type(block)](block)):
        room -= sum(len(text) for text in _texts(each))
        if room < 0 or len(blocks) >= BLOCKS_MAX - 2:
            blocks.append({"type": "context", "elements": [_mrkdwn("…")]})
            break
        blocks.append(each)
    if elements := _elements(card):
        blocks.append({"type": "actions", "elements": elements})
    if not blocks:
        blocks.append({"type": "section", "text": _mrkdwn(_fit(card.fallback, SECTION_MAX) or "…")})
    stem = f"{card.incident or card.kind}-{card.rev}"
    return [{**block, "block_id": f"{stem}-{index}"[-255:]} for index, block in enumerate(blocks)]


def _texts(block: Json) -> list[str]:
    return [part["text"] for part in (block.get("text"), *block.get("fields", ())) if part]


def _status(card: Card) -> str:
    """Severity, state and number: how bad it is and how it stands, in one line."""
    parts = [f"*{_fit(word, BUTTON_MAX)}*" for word in (card.severity, card.status) if one_line(word)]
    if card.ref:
        parts.append(_span(Span(text=card.ref, href=card.url), FIELD_MAX))
    return _SEPARATOR.join(parts)


def _facts(block: Facts) -> Iterator[Json]:
    """Short values side by side, long ones on their own."""
    grid: list[Json] = []
    for fact in block.facts:
        short = sum(columns(span.text) for span in fact.value) <= GRID_MAX
        if grid and (not short or len(grid) == FIELDS_MAX):
            yield _grid(grid)
            grid = []
        if short:
            grid.append(_mrkdwn(_fact(fact, FIELD_MAX)))
        else:
            yield {"type": "section", "text": _mrkdwn(_fact(fact, SECTION_MAX))}
    if grid:
        yield _grid(grid)


def _grid(fields: list[Json]) -> Json:
    """Fields take half the width each; one alone may have all of it."""
    return {"type": "section", "fields": fields} if len(fields) > 1 else {"type": "section", "text": fields[0]}


def _fact(fact: Fact, limit: int) -> str:
    label = _fit(one_line(fact.label), HEADER_MAX)
    value = _line(fact.value, limit - len(label) - 3) or "–"
    return f"*{label}*\n{value}" if label else value


def _paragraph(block: Paragraph) -> Iterator[Json]:
    kept: list[str] = []
    room = SECTION_MAX
    for line in block.lines:
        text = _line(line, min(room, FIELD_MAX))
        room -= len(text) + 1
        if room <= 0:
            break
        kept.append(text)
    if text := "\n".join(kept).strip("\n"):
        yield {"type": "section", "text": _mrkdwn(text)}


def _quote(block: Quote) -> Iterator[Json]:
    """Text from outside is `plain_text`: Slack reads no markup in it at all."""
    if text := shorten(calm(block.text), QUOTE_SHOWN, utf16):
        yield {"type": "section", "text": _plain(text)}


_BODY: Final[dict[type[Block], Callable[[Any], Iterator[Json]]]] = {Facts: _facts, Paragraph: _paragraph, Quote: _quote}


def _line(line: Line, limit: int) -> str:
    """Spans as mrkdwn of at most `limit` characters; a span is shortened or left out, never cut inside its markup."""
    text = ""
    for span in line:
        piece = _span(span, limit - len(text) - 2 * len(_EDGE))
        if piece[:1] in {"*", "`"} and text and not text[-1].isspace():
            piece = _EDGE + piece
        if text[-1:] in {"*", "`"} and piece and not piece[0].isspace():
            piece = _EDGE + piece
        text += piece
    return text


def _span(span: Span, room: int) -> str:
    markup, limit = ("", ""), room
    if span.mention and _USER.match(span.mention):
        return f"<@{span.mention}>" if room > len(span.mention) + 3 else ""
    if span.at is not None and 0 <= span.at // 1000 <= _DATE_MAX:
        shape = "{time}" if _CLOCK.match(span.text) else "{date_short_pretty} {time}"
        markup = (f"<!date^{span.at // 1000}^{shape}|", ">")
    elif href := web_address(span.href):
        markup = (f"<{_escape(href)}|", ">")
    elif span.style is Style.BOLD and one_line(span.text):
        markup = ("*", "*")
    elif span.style is Style.CODE and one_line(span.text):
        markup = ("`", "`")
    limit -= len(markup[0]) + len(markup[1])
    if not markup[0]:
        return _fit(span.text, limit, edges=True)
    text = _fit(one_line(span.text).translate(_NO_MARKUP), limit)
    return text.join(markup) if text else ""


_DATE_MAX: Final = 32_503_680_000  # the year 3000
_NO_MARKUP: Final = str.maketrans({"`": "ˋ", "*": "∗", "|": "¦"})


def _elements(card: Card) -> list[Json]:
    elements: list[Json] = []
    for action in card.actions[:ELEMENTS_MAX]:
        element = _menu(action) if action.options else _button(action, card.lang)
        if element:
            # Unique within the block, whatever the card says.
            elements.append(
                {
                    **element,
                    "action_id": f"toc_{action.verb}"[:200] + ("" if _first(card, action) else f"_{len(elements)}"),
                }
            )
    return elements


def _first(card: Card, action: Action) -> bool:
    return next(each for each in card.actions if each.verb == action.verb) is action


def _button(action: Action, lang: str) -> Json | None:
    href = web_address(action.href)
    if not href and not 0 < len(action.token) <= VALUE_MAX:
        return None
    button: Json = {"type": "button", "text": _plain(_label(action.label or action.verb))}
    button |= {"url": href} if href else {"value": action.token}
    if style := _STYLES.get(action.style):
        button["style"] = style
    if action.confirm:
        button["confirm"] = {
            "title": _plain(say(lang, "confirm.title")),
            "text": _plain(shorten(one_line(action.confirm), CONFIRM_MAX, utf16) or "…"),
            "confirm": _plain(shorten(one_line(action.label), 30, utf16) or "…"),
            "deny": _plain(say(lang, "confirm.no")),
        }
    return button


def _menu(action: Action) -> Json | None:
    options = {option.token: option.label for option in action.options if 0 < len(option.token) <= VALUE_MAX}
    if not options:
        return None
    return {
        "type": "static_select",
        "placeholder": _plain(_label(action.label or action.verb)),
        "options": [
            {"text": _plain(_label(label)), "value": value} for value, label in list(options.items())[:OPTIONS_MAX]
        ],
    }


def _label(text: str) -> str:
    return shorten(one_line(text), BUTTON_MAX, utf16) or "…"


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": False}


def _mrkdwn(text: str) -> Json:
    """`verbatim` keeps Slack from turning names and addresses in plain words into mentions and links."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _fit(text: str, limit: int, *, edges: bool = False) -> str:
    """Harmless, short enough once it is escaped, and escaped; `edges` keeps white space around it."""
    calmed = calm(text)
    if edges:
        before = " " * (len(text) - len(text.lstrip(" "))) if calmed else text[:1]
        calmed = before + calmed + " " * (len(text) - len(text.rstrip(" "))) if calmed else before
    return _escape(shorten(calmed, limit, lambda each: len(_escape(each))))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
