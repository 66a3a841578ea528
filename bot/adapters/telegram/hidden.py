"""What a message of the bot carries unseen: the menus of a card, or what a question is for.

Telegram has neither menus nor dialogs. The renderer puts an invisible link into the message; it comes back in
`callback_query.message.entities` and `reply_to_message.entities` (https://core.telegram.org/bots/api#messageentity),
so that a press or a reply is understood by any process, also after a restart.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from bot.adapters.base import Json

TURN = "#"
"""How `callback_data` begins that is for the adapter: no token of Tocsin does."""
PICK = "#="
CANCEL = "#x"
LABEL_MAX = 64
"""Characters of a button that repeats a question; the toast has all of it."""
KEEP = frozenset({"-", "\u2013", "\u2014"})
"""A line of a reply that leaves a field as it is."""

_LINK = re.compile(r"https?://t\.me/#toc-([mf])\.([A-Za-z0-9_-]+)")
_TURN = re.compile(r"#(\d{1,3})/(\d{1,3})")


class Menus(msgspec.Struct):
    """The pages of a card: each a question (or none), and rows of `[label, token, style]`."""

    back: str = msgspec.field(name="b")
    pages: list[tuple[str, list[list[tuple[str, str, str]]]]] = msgspec.field(name="p")


class Asked(msgspec.Struct, array_like=True):
    """A field of a question: its name, what stands in it, and what people call its options, as `(label, value)`."""

    name: str
    value: str
    options: list[tuple[str, str]] = []

    def meant(self, line: str) -> str:
        """The value that somebody means who wrote this: an option by its label, or what they wrote."""
        wanted = " ".join(line.split())
        return next((value for label, value in self.options if label.casefold() == wanted.casefold()), line)


class Question(msgspec.Struct):
    """What a form is for: its token, and its fields with what stands in them, the asked one first."""

    token: str = msgspec.field(name="t")
    fields: list[Asked] = msgspec.field(name="f")

    def unchanged(self) -> dict[str, str]:
        """The answers of somebody who leaves everything as it is."""
        return {field.name: field.value for field in self.fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How the buttons of a message are to look from now on, and the question that they ask."""

    keyboard: list[list[Json]]
    question: str = ""
    changed: bool = True


def menus(urls: Iterable[str]) -> Menus | None:
    """The menus among the links of a message; None where there are none, or nobody could read them."""
    packed = _packed(urls, "m")
    try:
        return msgspec.json.decode(packed, type=Menus) if packed else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def question(urls: Iterable[str]) -> Question | None:
    """The question among the links of a message; None where it asks nothing."""
    packed = _packed(urls, "f")
    try:
        found = msgspec.json.decode(packed, type=Question) if packed else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found and found.token and found.fields else None


def link(urls: Iterable[str]) -> str:
    """The invisible link itself, to be put on the next message; empty where there is none."""
    return next((url for url in urls if _LINK.fullmatch(url)), "")


def _packed(urls: Iterable[str], kind: str) -> bytes:
    found = next((match for url in urls if (match := _LINK.fullmatch(url)) and match[1] == kind), None)
    if found is None:
        return b""
    try:
        return urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
    except NotBase64:
        return b""


def turned(data: str, carried: Menus | None, shown: list[list[Json]]) -> Page | None:
    """The page that `#<page>/<rows>` asks for: the first rows as they are, then the page, then a way back.

    Page 0 is the way back. A menu that is open already closes; a question that is asked already is asked again.
    None for data of another kind, or where the message does not tell any more what was on it.
    """
    match = _TURN.fullmatch(data)
    if match is None or carried is None or not shown:
        return None
    number, rows = int(match[1]), int(match[2])
    main = shown[:rows]
    if number == 0:
        return Page(keyboard=main, changed=main != shown)
    if number > len(carried.pages):
        return None
    asked, options = carried.pages[number - 1]
    keyboard = [*main]
    if asked:
        keyboard.append([{"text": _cut(asked), "callback_data": data}])
    keyboard += [[_button(*option) for option in row] for row in options]
    keyboard.append([{"text": carried.back, "callback_data": f"{TURN}0/{rows}"}])
    if keyboard == shown:
        return Page(keyboard=keyboard, question=asked, changed=False) if asked else Page(keyboard=main)
    return Page(keyboard=keyboard, question=asked)


def _button(label: str, token: str, style: str) -> Json:
    return {"text": label, "callback_data": token, **({"style": style} if style else {})}


def _cut(text: str) -> str:
    return text if len(text) <= LABEL_MAX else text[: LABEL_MAX - 1] + "\u2026"


def picked(asked: Question, value: str) -> Mapping[str, str]:
    """The answers of somebody who pressed an option of the first field: the others are as they were."""
    return {**asked.unchanged(), asked.fields[0].name: value}


def replied(asked: Question, text: str) -> Mapping[str, str]:
    """The answers in a reply: one line is the answer to what was asked, and alone; of several, each is a field's.

    The last field takes all lines that are left; a dash, or no line, leaves a field as it is.
    """
    lines = text.splitlines()
    first = asked.fields[0]
    if len(asked.fields) == 1 or len(lines) < 2:
        return {first.name: first.meant(text)}
    last = len(asked.fields) - 1
    lines = [*lines[:last], "\n".join(lines[last:])]
    given = {each.name: each.meant(line.strip()) for each, line in zip(asked.fields, lines, strict=False)}
    return {**asked.unchanged(), **{name: line for name, line in given.items() if line and line not in KEEP}}
