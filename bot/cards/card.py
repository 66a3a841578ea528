"""A card, before any platform has seen it: spans, blocks and actions, never markdown.

Renderers turn a `Card` into one platform's JSON or text; they are total, escape everything, and keep within limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.engine.model import Instant


class Style(StrEnum):
    """How a span looks, where the platform can."""

    PLAIN = "plain"
    BOLD = "bold"
    MUTED = "muted"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text. At most one of `href`, `mention`, `at` is set."""

    text: str
    style: Style = Style.PLAIN
    href: str = ""
    mention: str = ""
    """The user's id on the platform that this card is built for; `text` is the fallback name."""
    at: Instant | None = None
    """An instant to show in the viewer's own zone where the platform can; `text` is the same, already formatted."""


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One or more lines."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A label and its value."""

    label: str
    value: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Labelled values, shown in a grid where the platform can."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Text that came from outside: long, hostile, shortened first when space is short."""

    text: str


Block = Paragraph | Facts | Quote


class ActionStyle(StrEnum):
    """The weight of a button."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice of a menu."""

    label: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button (`token` set) or a menu (`options` set). Tokens come from `cards.token` and are at most 64 bytes."""

    verb: str
    label: str
    token: str = ""
    style: ActionStyle = ActionStyle.PLAIN
    confirm: str = ""
    """A question to ask before the press counts, where the platform can."""
    options: tuple[Option, ...] = ()
    href: str = ""
    """A link instead of a press (mail, SMS)."""


class FieldKind(StrEnum):
    """How a field of a form is filled in."""

    LINE = "line"
    TEXT = "text"
    """Several lines."""
    CHOICE = "choice"
    """One of `options`; the value is the option's token."""
    PEOPLE = "people"
    """One or more people; the value is what a person would type: `@name`, or the platform's own mention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question of a form. `name` is what its answer is called in `Form.values`."""

    name: str
    label: str
    kind: FieldKind = FieldKind.LINE
    value: str = ""
    """What stands there before anybody types."""
    hint: str = ""
    required: bool = True
    text_max: int = 0
    """Characters; 0: the platform's own limit."""
    options: tuple[Option, ...] = ()
    """The choices; of a people field those to offer where the platform has no picker of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormCard:
    """A few questions before something is done: a modal, a dialog, or a message that asks for a reply.

    `token` comes back with the answers and says what they are for.
    """

    verb: str
    title: str
    submit: str
    cancel: str
    token: str
    fields: tuple[Field, ...]
    intro: str = ""
    lang: str = "en"


class Tone(StrEnum):
    """What the colour of a card says."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    PROCESSING = "processing"
    SNOOZED = "snoozed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is broken, how bad, since when, who has it, what happens next, and the buttons."""

    kind: str
    """`incident`, `roster`, `list`, `text`, or `remark`: a line below a card, without buttons."""
    title: str
    fallback: str
    """The whole card in one sentence: push notification, screen reader, SMS."""
    tone: Tone = Tone.INFO
    severity: str = ""
    """How bad it is, in one word of the reader's language. The tone alone forgets it once somebody has it."""
    status: str = ""
    """The state in one word, in the reader's language."""
    ref: str = ""
    """`#142`"""
    channel: str = ""
    """The channel's name, for media that have no place for facts."""
    since: str = ""
    """When it was opened, by the reader's clocks."""
    attempt: int = 0
    """The how-manieth page of its level this is, from 1; 0 where it is no page."""
    reply_code: int = 0
    """The number before the letter of a text's reply codes: `1a`. 0: there are none."""
    keys: bool = True
    """Whether the keys of a telephone do anything for the reader: without a seat, or a way back to us, they do not."""
    url: str = ""
    incident: str = ""
    rev: int = 0
    lang: str = "en"
    body: tuple[Block, ...] = ()
    actions: tuple[Action, ...] = ()
    mentions: Line = ()
    """People to ping once, together."""
    reply_to: str = ""
    """The mail address by which the reader can answer; empty where no mail comes in."""
    answers: str = ""
    """The Message-ID of the mail that this answers."""
