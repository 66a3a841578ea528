"""A card as the body of Slack's `chat.postMessage`, and a form as a modal: Block Kit, within every limit of the vendor.

Limits: https://docs.slack.dev/reference/block-kit/blocks and its pages, https://docs.slack.dev/reference/views/modal-views;
escaping and dates: https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from bot.cards.card import (
    Action,
    ActionStyle,
    Block,
    Card,
    Fact,
    Facts,
    Field,
    FieldKind,
    FormCard,
    Line,
    Option,
    Paragraph,
    Quote,
    Span,
    Style,
    Tone,
)
from bot.cards.i18n import say
from bot.cards.text import calm, columns, neutral, one_line, shorten, utf16, web_address

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
CONFIRM_TITLE_MAX: Final = 100
CONFIRM_BUTTON_MAX: Final = 30
PLACEHOLDER_MAX: Final = 150
MODAL_BLOCKS_MAX: Final = 100
MODAL_TITLE_MAX: Final = 24
"""Also of what is written on the buttons that submit and close."""
METADATA_MAX: Final = 3_000
INPUT_MAX: Final = 3_000
LABEL_MAX: Final = 2_000
ID_MAX: Final = 255
PEOPLE_MAX: Final = 50
"""People offered as chosen already, and who may be chosen; our own: nobody pages more by hand."""
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
_MENTIONED: Final = re.compile(r"(?<![A-Za-z0-9])@([UW][A-Z0-9]{1,63})\b")
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
    sentence = _fit(card.fallback, TEXT_MAX - len(pings) - 1, code=card.kind == "text")
    return f"{sentence} {pings}".strip() or "…"


def _blocks(card: Card) -> list[Json]:
    blocks: list[Json] = []
    if title := shorten(one_line(card.title), HEADER_MAX, utf16):
        blocks.append({"type": "header", "text": _plain(title)})
    if status := _status(card):
        blocks.append({"type": "context", "elements": [_mrkdwn(status)]})
    room = BODY_MAX
    for each in (each for block in card.body for each in _BODY[type(block)](block)):
        room -= sum(utf16(text) for text in _texts(each))
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
    value = _line(fact.value, limit - utf16(label) - 3) or "–"
    return f"*{label}*\n{value}" if label else value


def _paragraph(block: Paragraph) -> Iterator[Json]:
    kept: list[str] = []
    room = SECTION_MAX
    for line in block.lines:
        text = _line(line, min(room, FIELD_MAX))
        room -= utf16(text) + 1
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
        piece = _span(span, limit - utf16(text) - 2 * len(_EDGE))
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
    text = _fit(one_line(span.text).translate(_NO_MARKUP), limit, marks=markup[0] == "`")
    return text.join(markup) if text else ""


_DATE_MAX: Final = 32_503_680_000  # the year 3000
_NO_MARKUP: Final = str.maketrans({"`": "ˋ", "*": "∗", "|": "¦"})
_MARK: Final = re.compile(r"(?<![^\W_])[*_~]|[*_~](?![^\W_])")
"""What Slack takes for formatting: at the edge of a word, never within one, so that `disk_full` stays what it is."""
_UNMARKED: Final = {"*": "∗", "_": "ˍ", "~": "∼"}
"""Slack has no way to escape a mark, so that something else must stand there which looks like it."""


def _elements(card: Card) -> list[Json]:
    elements: list[Json] = []
    for action in card.actions[:ELEMENTS_MAX]:
        element = _menu(action, card.lang) if action.options else _button(action, card.lang)
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
    if not href and not _carried(action.token):
        return None
    button: Json = {"type": "button", "text": _cut(action.label or action.verb, BUTTON_MAX)}
    button |= {"url": href} if href else {"value": action.token}
    if style := _STYLES.get(action.style):
        button["style"] = style
    return button | _confirm(action, lang)


def _confirm(action: Action, lang: str) -> Json:
    """The question before a press counts, or nothing; a menu asks the same before any of its options counts."""
    if not action.confirm:
        return {}
    return {
        "confirm": {
            "title": _cut(say(lang, "confirm.title"), CONFIRM_TITLE_MAX),
            "text": _cut(action.confirm, CONFIRM_MAX),
            "confirm": _cut(action.label, CONFIRM_BUTTON_MAX),
            "deny": _cut(say(lang, "confirm.no"), CONFIRM_BUTTON_MAX),
        }
    }


def _menu(action: Action, lang: str) -> Json | None:
    """A select, because an overflow menu takes five options only and a select a hundred."""
    options = _options(action.options)
    if not options:
        return None
    menu = {"type": "static_select", "placeholder": _cut(action.label or action.verb, BUTTON_MAX), "options": options}
    return menu | _confirm(action, lang)


def _options(options: tuple[Option, ...]) -> list[Json]:
    """At most a hundred, each value once."""
    labels = {option.token: option.label for option in options if _carried(option.token)}
    return [{"text": _cut(label, BUTTON_MAX), "value": value} for value, label in list(labels.items())[:OPTIONS_MAX]]


def render_form(form: FormCard) -> Json:
    """A modal, the `view` of views.open: total, and within every limit above. Blocks and elements bear a field's name.

    https://docs.slack.dev/reference/views/modal-views
    """
    intro = shorten(calm(form.intro), SECTION_MAX, utf16)
    blocks: list[Json] = [{"type": "section", "text": _plain(intro)}] if intro else []
    fields = {field.name: field for field in reversed(form.fields) if _carried(field.name, ID_MAX)}
    ordered = [field for field in form.fields if fields.get(field.name) is field]
    blocks += [_input(field) for field in ordered[: MODAL_BLOCKS_MAX - len(blocks)]]
    return {
        "type": "modal",
        "callback_id": f"toc_{form.verb}"[:200],
        "private_metadata": form.token if _carried(form.token, METADATA_MAX) else "",
        "title": _cut(form.title, MODAL_TITLE_MAX),
        "submit": _cut(form.submit, MODAL_TITLE_MAX),
        "close": _cut(form.cancel, MODAL_TITLE_MAX),
        "blocks": blocks or [{"type": "section", "text": _cut(form.title, SECTION_MAX)}],
    }


def _input(field: Field) -> Json:
    """https://docs.slack.dev/reference/block-kit/blocks/input-block."""
    block: Json = {
        "type": "input",
        "block_id": field.name,
        "label": _cut(field.label or field.name, LABEL_MAX),
        "element": {**_entry(field), "action_id": field.name},
        "optional": not field.required,
    }
    if hint := one_line(field.hint):
        block["hint"] = _cut(hint, LABEL_MAX)
    return block


def _entry(field: Field) -> Json:
    if field.kind is FieldKind.PEOPLE:
        chosen = list(dict.fromkeys(_MENTIONED.findall(field.value)))[:PEOPLE_MAX]
        initial: Json = {"initial_users": chosen} if chosen else {}
        return {"type": "multi_users_select", "max_selected_items": PEOPLE_MAX, **initial}
    if field.kind is FieldKind.CHOICE and (options := _options(field.options)):
        initial = next(({"initial_option": each} for each in options if each["value"] == field.value), {})
        return {"type": "static_select", "options": options, **initial}
    limit = min(field.text_max or INPUT_MAX, INPUT_MAX)  # a choice without choices is asked for in words
    entry: Json = {"type": "plain_text_input", "multiline": field.kind is FieldKind.TEXT, "max_length": limit}
    value = neutral(field.value) if field.kind is FieldKind.TEXT else one_line(field.value)
    if text := shorten(value, limit, utf16):
        entry["initial_value"] = text
    return entry


def _carried(text: str, limit: int = VALUE_MAX) -> bool:
    """Whether Slack carries this and brings it back as it was; nothing here is ever cut."""
    return 0 < utf16(text) <= limit and text.isprintable()


def _cut(text: str, limit: int) -> Json:
    """One line of plain text that is never empty."""
    return _plain(shorten(one_line(text), limit, utf16) or "…")


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": False}


def _mrkdwn(text: str) -> Json:
    """`verbatim` keeps Slack from turning names and addresses in plain words into mentions and links."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _fit(text: str, limit: int, *, edges: bool = False, marks: bool = False, code: bool = False) -> str:
    """Harmless, short enough once it is escaped, and escaped; `edges` keeps white space around it.

    No mark of formatting is left in it, but for `marks`, and backticks for `code`: our own sentences quote words so.
    """
    calmed = calm(text)
    calmed = calmed if marks else _unmarked(calmed)
    calmed = calmed if code else calmed.replace("`", "ˋ")
    if edges:
        before = " " * (len(text) - len(text.lstrip(" "))) if calmed else text[:1]
        calmed = before + calmed + " " * (len(text) - len(text.rstrip(" "))) if calmed else before
    return _escape(shorten(calmed, limit, lambda each: utf16(_escape(each))))


def _unmarked(text: str) -> str:
    """Text that Slack shows as it is: neither bold, italic nor struck, and no quotation."""
    plain = _MARK.sub(lambda found: _UNMARKED[found[0]], text)
    return f"{_EDGE}{plain}" if plain.startswith(">") else plain


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
