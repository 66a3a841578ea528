"""A card as the body of a Teams bot's message: an Adaptive Card 1.5 and the sentence of its notification.

Elements: https://adaptivecards.io/explorer; what Teams takes of them:
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from bot.cards.card import Action, Block, Card, Facts, FormCard, Line, Paragraph, Quote, Span, Style, Tone
from bot.cards.card import Field as Question
from bot.cards.card import FieldKind as Kind
from bot.cards.text import calm, neutral, one_line, shorten, utf16, web_address

VERSION: Final = "1.5"
"""The newest that Teams draws for bots (cards-reference)."""
CARD_TYPE: Final = "application/vnd.microsoft.card.adaptive"
MESSAGE_BYTES_MAX: Final = 27_000
"""UTF-16 bytes of the whole message. The vendor says 100 KB now, said 40 KB before, and 28 KB for what people and
connectors post (https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages)."""
TEXT_MAX: Final = 4_000
SUMMARY_MAX: Final = 500
TITLE_MAX: Final = 300
WORD_MAX: Final = 120
VALUE_MAX: Final = 600
QUOTE_SHOWN: Final = 1_000
FACTS_MAX: Final = 20
LINES_MAX: Final = 30
SET_MAX: Final = 6
"""Buttons that Teams shows in one set; what is beyond it vanishes (cards-reference, maxActions)."""
ACTIONS_MAX: Final = 24
OPTIONS_MAX: Final = 18
LABEL_MAX: Final = 60
TOKEN_MAX: Final = 200
MENTIONS_MAX: Final = 20
INPUT_MAX: Final = 3_000
CHOICES_MAX: Final = 100

_STYLES: Final = {
    Tone.CRITICAL: "attention",
    Tone.WARNING: "warning",
    Tone.INFO: "emphasis",
    Tone.PROCESSING: "accent",
    Tone.SNOOZED: "emphasis",
    Tone.CLOSED: "good",
}
_SIGNS: Final = {
    Tone.CRITICAL: "🔴",
    Tone.WARNING: "🟠",
    Tone.INFO: "🔵",
    Tone.PROCESSING: "🛠",
    Tone.SNOOZED: "💤",
    Tone.CLOSED: "✅",
}
_SEPARATOR: Final = "  ·  "
_ACCOUNT: Final = re.compile(r"(?:29:[\w-]{1,200}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z", re.ASCII)
"""A user as Teams names one to this bot, or an object id of Entra ID."""
_CLOCK: Final = re.compile(r"\d\d:\d\d\Z")
_ASKS: Final = re.compile(r"[a-z][a-z0-9_-]*\.[\w-]+\.\d+\.ask-\d{1,9}\.", re.ASCII)
"""The token of a button that opens a form: Teams must be told before the press, because only a press that asks for a
dialog can be answered with one."""
_MARKUP: Final = re.compile(r"([\\*`\[\]~])|(?<![^\W_])(_)|(_)(?![^\W_])")
_LEADING: Final = re.compile(r"(?:[-+#>]|(?P<number>\d{1,9})(?P<point>[.)]))(?=\s|\Z)|#{1,6}(?=\s)|>|[-=]{3,}\Z")
_BREAK: Final = "\u2060"
"""Between two characters that would mean something together, and invisible."""

Json = dict[str, Any]


def render(card: Card) -> Json:
    """The body of an activity without its conversation: total, and within every limit above."""
    if card.kind == "text" and not card.actions:
        text = shorten(calm(card.fallback), TEXT_MAX, utf16) or "…"
        return {"type": "message", "textFormat": "plain", "text": text}
    names = _Names()
    body = [*_head(card), *_blocks(card), *_pings(card, names)]
    summary = shorten(one_line(card.fallback), SUMMARY_MAX, utf16) or "…"
    buttons = _sets(card)
    while True:
        shown = body or [_line_of(summary)]
        message = _message(summary, [*shown, *buttons], lang=card.lang, names=names)
        if _size(message) <= MESSAGE_BYTES_MAX:
            return message
        if len(body) > 1:
            body.pop()
        else:
            buttons.pop()


def render_form(form: FormCard) -> Json:
    """What a dialog shows: its title and size, and a card of questions. Ids of inputs are the names of the fields.

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/invoking-task-modules
    """
    intro = [_line_of(_short(form.intro, VALUE_MAX))] if one_line(form.intro) else []
    inputs = [_input(each) for each in form.fields[:FACTS_MAX]]
    people = [each.name for each in form.fields if each.kind is Kind.PEOPLE]
    send = {
        "type": "Action.Submit",
        "title": _short(form.submit, LABEL_MAX) or "OK",
        "data": {"form": form.token, "people": people},
    }
    card = _card([*intro, *inputs] or [_line_of(_short(form.title, TITLE_MAX))], lang=form.lang)
    content = {**card, "actions": [send]}
    return {
        "title": _short(form.title, LABEL_MAX) or "…",
        "width": "medium",
        "height": "medium",
        "card": {"contentType": CARD_TYPE, "content": content},
    }


def _message(summary: str, body: list[Json], *, lang: str, names: _Names) -> Json:
    attachment = {"contentType": CARD_TYPE, "content": _card(body, lang=lang, fallback=summary, names=names)}
    return {"type": "message", "summary": summary, "attachments": [attachment]}


def _card(body: list[Json], *, lang: str, fallback: str = "", names: _Names | None = None) -> Json:
    teams: Json = {"width": "full"}
    if names is not None and names.entities:
        teams["entities"] = names.entities
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": VERSION,
        "lang": "zh" if lang.lower().startswith("zh") else "en",
        **({"fallbackText": fallback} if fallback else {}),
        "msteams": teams,
        "body": body,
    }


def _size(message: Json) -> int:
    return len(json.dumps(message, ensure_ascii=False).encode("utf-16-le", "surrogatepass"))


@dataclass(slots=True)
class _Names:
    """The people whom the card pings: "mention support within Adaptive Cards" in

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format
    """

    entities: list[Json] = field(default_factory=list)

    def mention(self, span: Span) -> str:
        name = _short(span.text, LABEL_MAX).replace("<", "").replace(">", "") or "…"
        while any(entity["text"] == f"<at>{name}</at>" for entity in self.entities):
            name += _BREAK  # two people of one name: Teams tells them apart by their texts
        text = f"<at>{name}</at>"
        self.entities.append({"type": "mention", "text": text, "mentioned": {"id": span.mention, "name": name}})
        return text


# -- the parts, from top to bottom ------------------------------------------------------------------------------------


def _head(card: Card) -> Iterator[Json]:
    """What is broken and how bad, on the colour of its tone."""
    items: list[Json] = []
    words = [f"**{text}**" for word in (card.severity, card.status) if (text := _literal(_short(word, WORD_MAX)))]
    if words:
        ref = [_markdown(Span(text=_short(card.ref, WORD_MAX), href=card.url))] if one_line(card.ref) else []
        items.append(_text(f"{_SIGNS[card.tone]} " + _SEPARATOR.join([*words, *ref])))
    if title := _short(card.title, TITLE_MAX):
        items.append(_rich([_run(title, weight="Bolder", size="Large" if card.kind == "incident" else "Medium")]))
    if card.kind == "incident" and items:
        yield {"type": "Container", "style": _STYLES[card.tone], "bleed": True, "items": items}
    else:
        yield from items


def _blocks(card: Card) -> Iterator[Json]:
    for block in card.body:
        yield from _BLOCKS[type(block)](block)


def _facts(block: Facts) -> Iterator[Json]:
    facts = [
        {"title": title, "value": value}
        for fact in block.facts[:FACTS_MAX]
        if (title := _literal(_short(fact.label, WORD_MAX))) and (value := _markdown_line(fact.value, VALUE_MAX))
    ]
    if facts:
        yield {"type": "FactSet", "facts": facts}


def _paragraph(block: Paragraph) -> Iterator[Json]:
    """A line without links and instants is made of runs, which know no markup at all."""
    for number, line in enumerate(block.lines[:LINES_MAX]):
        item = _paragraph_line(line)
        if item:
            yield {**item, "spacing": "None"} if number else item


def _paragraph_line(line: Line) -> Json | None:
    if any(web_address(span.href) or _instant(span) for span in line):
        text = _markdown_line(line, QUOTE_SHOWN)
        return _text(text) if text else None
    return _rich(runs) if (runs := list(_runs(line, QUOTE_SHOWN))) else None


def _runs(line: Line, room: int) -> Iterator[Json]:
    shown = False
    for span in line:
        text = shorten(_edged(span.text), room, utf16)
        if not text or not (shown or text.strip()):
            continue
        shown, room = True, room - utf16(text)
        look: Json = {}
        match span.style:
            case Style.BOLD:
                look["weight"] = "Bolder"
            case Style.MUTED:
                look["isSubtle"] = True
            case Style.CODE:
                look["fontType"] = "Monospace"
            case Style.PLAIN:
                pass
        yield _run(text, **look)


def _quote(block: Quote) -> Iterator[Json]:
    """Text from outside is made of runs: Teams reads no markup in them."""
    lines = [line for line in shorten(calm(block.text), QUOTE_SHOWN, utf16).split("\n") if line.strip()]
    if lines:
        items = [_rich([_run(line)]) for line in lines[:LINES_MAX]]
        yield {
            "type": "Container",
            "style": "emphasis",
            "items": [items[0], *({**i, "spacing": "None"} for i in items[1:])],
        }


_BLOCKS: Final[dict[type[Block], Callable[[Any], Iterator[Json]]]] = {
    Facts: _facts,
    Paragraph: _paragraph,
    Quote: _quote,
}


def _pings(card: Card, names: _Names) -> Iterator[Json]:
    """One line that pings everybody together; whoever stands elsewhere on the card is named without a ping."""
    people = {span.mention: span for span in card.mentions if _ACCOUNT.match(span.mention)}
    if people:
        yield _text(" ".join(names.mention(span) for span in list(people.values())[:MENTIONS_MAX]))


# -- buttons ----------------------------------------------------------------------------------------------------------


def _sets(card: Card) -> list[Json]:
    return _in_sets([made for each in card.actions[:ACTIONS_MAX] if (made := _action(each))])


def _in_sets(actions: list[Json]) -> list[Json]:
    """Sets of at most six, because Teams hides the seventh button of a set."""
    return [
        {"type": "ActionSet", "actions": actions[index : index + SET_MAX]} for index in range(0, len(actions), SET_MAX)
    ]


def _action(action: Action) -> Json | None:
    label = _short(action.label, LABEL_MAX) or _short(action.verb, LABEL_MAX) or "…"
    if href := web_address(action.href):
        return {"type": "Action.OpenUrl", "title": label, "url": href}
    if action.options:
        choices = [
            made
            for each in action.options[:OPTIONS_MAX]
            if (made := _press(action.verb, _short(each.label, LABEL_MAX) or "…", each.token))
        ]
        return _unfold(label, [], choices) if choices else None
    press = _press(action.verb, label, action.token)
    if press and action.confirm and not _ASKS.match(action.token):
        question = _line_of(_short(action.confirm, VALUE_MAX) or label)
        return _unfold(label, [question], [press])
    return press


def _unfold(label: str, body: list[Json], actions: list[Json]) -> Json:
    """A button that shows more below the card; Teams lets such cards be one level deep."""
    inside = {"type": "AdaptiveCard", "version": VERSION, "body": [*body, *_in_sets(actions)]}
    return {"type": "Action.ShowCard", "title": label, "card": inside}


def _press(verb: str, label: str, token: str) -> Json | None:
    """Execute shows its answer as a toast; where a client knows it not, Submit sends the same as a message.

    A press that opens a dialog has to be a Submit with `task/fetch`.
    """
    if not 0 < utf16(token) <= TOKEN_MAX:
        return None
    if _ASKS.match(token):
        return {"type": "Action.Submit", "title": label, "data": {"token": token, "msteams": {"type": "task/fetch"}}}
    data = {"token": token}
    return {
        "type": "Action.Execute",
        "title": label,
        "verb": verb[:WORD_MAX] or "press",
        "data": data,
        "fallback": {"type": "Action.Submit", "title": label, "data": data},
    }


# -- questions --------------------------------------------------------------------------------------------------------


def _input(question: Question) -> Json:
    label = _short(question.label, WORD_MAX) or question.name
    asked: Json = {"id": question.name, "label": label, "isRequired": question.required}
    if question.required:
        asked["errorMessage"] = _short(question.hint, WORD_MAX) or label
    choices = [
        {"title": _short(each.label, WORD_MAX) or each.token, "value": each.token}
        for each in question.options[:CHOICES_MAX]
    ]
    if question.kind is Kind.PEOPLE or (question.kind is Kind.CHOICE and choices):
        return {**asked, **_choices(question, choices)}
    limit = min(question.text_max or INPUT_MAX, INPUT_MAX)
    many = question.kind is Kind.TEXT
    asked |= {"type": "Input.Text", "isMultiline": many, "maxLength": limit}
    value = neutral(question.value) if many else one_line(question.value)
    if text := shorten(value, limit, utf16):
        asked["value"] = text
    if hint := _short(question.hint, WORD_MAX):
        asked["placeholder"] = hint
    return asked


def _choices(question: Question, choices: list[Json]) -> Json:
    """A list, in which people are searched by typing; without a list, everybody in the conversation.

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/people-picker
    """
    made: Json = {"type": "Input.ChoiceSet", "choices": choices}
    if question.kind is Kind.PEOPLE:
        made |= {"isMultiSelect": True, "style": "filtered"}
        if not choices:
            made["choices.data"] = {"type": "Data.Query", "dataset": "graph.microsoft.com/users?scope=currentContext"}
    if question.value in {each["value"] for each in choices}:
        made["value"] = question.value
    if hint := _short(question.hint, WORD_MAX):
        made["placeholder"] = hint
    return made


# -- text -------------------------------------------------------------------------------------------------------------


def _text(markdown: str) -> Json:
    return {"type": "TextBlock", "text": markdown, "wrap": True}


def _rich(runs: list[Json]) -> Json:
    return {"type": "RichTextBlock", "inlines": runs}


def _run(text: str, **look: Any) -> Json:
    return {"type": "TextRun", "text": text.replace("{{", f"{{{_BREAK}{{"), **look}


def _line_of(text: str) -> Json:
    return _rich([_run(calm(text))])


def _markdown_line(line: Line, room: int) -> str:
    """Spans as the few marks of markdown that Teams knows, from at most `room` characters of text."""
    parts: list[str] = []
    for span in line:
        text = shorten(_edged(span.text), room, utf16)
        room -= utf16(text)
        if text:
            parts.append(_markdown(span, text))
    return "".join(parts).strip()


def _markdown(span: Span, text: str | None = None) -> str:
    """https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format."""
    shown = _edged(span.text) if text is None else text
    if instant := _instant(span):
        clock = f"{{{{TIME({instant})}}}}"
        return clock if _CLOCK.match(span.text) else f"{{{{DATE({instant}, SHORT)}}}} {clock}"
    inner = _literal(shown.strip())
    if not inner:
        return shown and " "
    if href := web_address(span.href):
        inner = f"[{inner}]({href.replace('(', '%28').replace(')', '%29')})"
    elif span.style is Style.BOLD:
        inner = f"**{inner}**"
    return " " * shown.startswith(" ") + inner + " " * shown.endswith(" ")


def _instant(span: Span) -> str:
    """The instant as Teams' functions DATE and TIME take it, which show it in the reader's own zone and language."""
    if span.at is None or not 0 <= span.at // 1000 <= _INSTANT_MAX:
        return ""
    return datetime.fromtimestamp(span.at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_INSTANT_MAX: Final = 32_503_680_000  # the year 3000


def _literal(text: str) -> str:
    """Text that shows as it is written: https://spec.commonmark.org/0.31.2/#backslash-escapes."""
    text = text.replace("{{", f"{{{_BREAK}{{").replace("<", f"<{_BREAK}").replace("](", f"]{_BREAK}(")
    escaped = _MARKUP.sub(lambda found: f"\\{found[0]}", text)
    if leading := _LEADING.match(escaped):
        number = leading["number"]
        return f"{number}\\{escaped[len(number) :]}" if number else f"\\{escaped}"
    return escaped


def _short(text: str, limit: int) -> str:
    return shorten(" ".join(calm(text).split()), limit, utf16)


def _edged(text: str) -> str:
    """A span on one line; the spaces around it belong to the line that it is part of."""
    inner = " ".join(calm(text).split())
    if not inner:
        return " " if text else ""
    return " " * text[0].isspace() + inner + " " * text[-1].isspace()
