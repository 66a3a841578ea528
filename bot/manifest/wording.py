"""What a team adds to its incidents and cards: fields of its own, links, and its own words for each medium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bot.cards import template
from bot.engine import links
from bot.engine.editing import CALLED
from bot.engine.world import CustomField, FieldKind, LinkTemplate
from bot.manifest.parts import Part
from bot.manifest.problems import Problem, choose, dotted, refusal
from bot.manifest.source import Source
from bot.manifest.values import Name40, PlainText, checked, once

FIELDS_MAX = 15
OPTIONS_MAX = 20
OPTION_MAX = 200

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,39}")
_ASKED = re.compile(r"\bfields\.([a-zA-Z_][a-zA-Z0-9_]*)")
_LINK = re.compile(r"https?://[^\s$/?#]+.*", re.IGNORECASE)


def _free(name: str) -> str:
    if name.casefold() in CALLED:
        cure = "Choose another name: `set` understands this one by itself."
        raise refusal("reserved_name", "every incident has that already", cure)
    return name


def _option(text: str) -> str:
    if not text.strip() or len(text) > OPTION_MAX:
        raise refusal("option", f"an option has 1 to {OPTION_MAX} characters", "Shorten it.")
    if "," in text or "，" in text:
        raise refusal("option", "an option contains a comma, which separates several", "Write it without commas.")
    return text.strip()


FieldName = Annotated[
    str,
    checked(_NAME, "field_name", "that is no name of a field", "Use 1 to 40 of A-Z, a-z, 0-9 and _, no digit first."),
    AfterValidator(_free),
]


class CustomFieldPart(Part):
    """A fact that the team wants to know of every incident."""

    label: Name40
    """How cards call it."""
    kind: Literal["text", "select", "multi", "checkbox"] = "text"
    """`text` (up to 3000 characters), one of several (`select`), several of several (`multi`), or yes and no."""
    options: Annotated[
        tuple[Annotated[PlainText, AfterValidator(_option)], ...], AfterValidator(once), Field(max_length=OPTIONS_MAX)
    ] = ()
    """What a `select` or `multi` can be, in order: up to 20 of up to 200 characters."""

    @model_validator(mode="after")
    def _has_its_options(self) -> Self:
        chosen = self.kind in ("select", "multi")
        if chosen and not self.options:
            raise refusal("options", f"a {self.kind} has nothing to choose from", "Add options: [one, two].")
        if self.options and not chosen:
            raise refusal("options", f"a {self.kind} has no options", "Remove them, or write kind: select.")
        return self

    def to_engine(self, name: str) -> CustomField:
        """The same for the engine."""
        return CustomField(name=name, label=self.label, kind=FieldKind(self.kind), options=self.options)


def _link(href: str) -> str:
    if not _LINK.fullmatch(href):
        cure = "Write http:// or https:// and a host; ${…} may follow after it."
        raise refusal("link", "that is no address that a card may show", cure)
    if strange := links.unknown(href):
        cure = choose(strange[0], links.NAMES, "labels.NAME, fields.NAME, or one of")
        raise refusal("unknown_name", f"nothing about an incident is called {strange[0]}", cure)
    return href


class LinkPart(Part):
    """A link on every card of a channel."""

    text: Name40
    """What it says."""
    href: Annotated[str, AfterValidator(_link), Field(max_length=1000)]
    """With `${title}`, `${num}`, `${incident_id}`, `${severity}`, `${channel}`, `${labels.K}`, `${fields.K}`."""

    def to_engine(self) -> LinkTemplate:
        """The same for the engine."""
        return LinkTemplate(text=self.text, href=self.href)


def _template(text: str) -> str:
    try:
        template.check(text)
    except template.TemplateFault as fault:
        cure = "See docs/templates.md for what a template may say."
        raise refusal("template", f"in the template, {fault}", cure) from None
    return text


TemplateText = Annotated[str, AfterValidator(_template)]
Medium = Literal["im", "sms", "email"]


def unknown_fields(source: Source) -> Iterator[Problem]:
    """Every use of a custom field that is not declared, in a link or a template."""
    declared = source.data.get("fields") if isinstance(source.data, dict) else None
    known = declared if isinstance(declared, dict) else {}
    for pattern in (("channels", "*", "templates", "*"), ("channels", "*", "links", "*", "href")):
        for path, text in source.found(*pattern):
            names = _ASKED.findall(text) if isinstance(text, str) else []
            for name in dict.fromkeys(name for name in names if name not in known):
                said = f"{dotted(path)} asks for the field {name!r}, which is not declared under fields."
                yield source.problem(path, "unknown_field", said, choose(name, known, "a field"))
