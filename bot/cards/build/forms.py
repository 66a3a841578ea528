"""The questions before something is done: one form for each verb that needs more than a press, from memory alone.

A form opens before the database is asked, because Slack's `trigger_id` lives for 3 seconds
(https://docs.slack.dev/interactivity/handling-user-interaction), so it knows an incident by its number only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.cards.card import Field, FieldKind, FormCard, Option
from bot.cards.i18n import duration, say
from bot.cards.text import one_line
from bot.engine import silence
from bot.engine.editing import TEXT_MAX, TITLE_MAX
from bot.engine.model import DAY, HOUR, MINUTE, Severity, Span
from bot.engine.world import World

CHOICES_MAX: Final = 100
"""Options of a Slack select (https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element)."""

_ASK: Final = re.compile(r"ask-(\d{1,9})")


def ask(num: int) -> str:
    """The argument of a button that opens a form about incident `num`; 0: about none."""
    return f"ask-{num}"


def asked_about(arg: str) -> int | None:
    """The incident's number of such an argument; None where the button does what it says at once."""
    match = _ASK.fullmatch(arg)
    return int(match[1]) if match else None


def span_word(span: Span) -> str:
    """A span as a command takes it, in whole minutes: `45m`, `2h`, `1d`, `2w`."""
    for letter, unit in (("w", 7 * DAY), ("d", DAY), ("h", HOUR)):
        if span % unit == 0:
            return f"{span // unit}{letter}"
    return f"{span // MINUTE}m"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asker:
    """Who reads the form."""

    world: World
    lang: str

    def field(self, name: str, kind: FieldKind = FieldKind.LINE, **rest: object) -> Field:
        return Field(name=name, label=say(self.lang, f"form.field.{name}"), kind=kind, **rest)  # type: ignore[arg-type]

    def hint(self, name: str) -> str:
        return say(self.lang, f"form.hint.{name}")

    def people(self, *, required: bool = True) -> Field:
        """Whom: schedules first, there are few of them, then everybody by name."""
        world = self.world
        plans = [(one_line(each.name or each.id), f"schedule:{each.id}") for each in world.schedules.values()]
        people = [(one_line(each.name), f"@{each.id}") for each in world.members.values()]
        options = tuple(Option(label=label, token=word) for label, word in (*sorted(plans), *sorted(people)))
        hint = self.hint("who")
        return self.field("who", FieldKind.PEOPLE, hint=hint, options=options[:CHOICES_MAX], required=required)


def _snooze(asker: _Asker) -> tuple[Field, ...]:
    return (asker.field("for", hint=asker.hint("snooze"), text_max=20),)


def _people(asker: _Asker) -> tuple[Field, ...]:
    return (asker.people(),)


def _note(asker: _Asker) -> tuple[Field, ...]:
    return (asker.field("text", FieldKind.TEXT, text_max=TEXT_MAX),)


def _reopen(asker: _Asker) -> tuple[Field, ...]:
    return (asker.field("reason", FieldKind.TEXT, text_max=TEXT_MAX),)


def _merge(asker: _Asker) -> tuple[Field, ...]:
    return (
        asker.field("into", hint=asker.hint("into"), text_max=20),
        asker.field("comment", FieldKind.TEXT, required=False, text_max=TEXT_MAX),
    )


def _silence(asker: _Asker) -> tuple[Field, ...]:
    spans = tuple(Option(label=duration(each, asker.lang), token=span_word(each)) for each in silence.PRESETS)
    return (
        asker.field("for", FieldKind.CHOICE, value=span_word(silence.QUICK), options=spans),
        asker.field("reason", required=False, text_max=TEXT_MAX),
    )


def _trigger(asker: _Asker) -> tuple[Field, ...]:
    channels = sorted((one_line(each.name), each.id) for each in asker.world.channels.values())
    where = tuple(Option(label=label, token=channel) for label, channel in channels[:CHOICES_MAX])
    grave = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
    severities = tuple(
        Option(label=say(asker.lang, f"severity.{each.value}"), token=each.value.casefold()) for each in grave
    )
    return (
        asker.field("title", text_max=TITLE_MAX),
        asker.field("channel", FieldKind.CHOICE, value=where[0].token if where else "", options=where),
        asker.field("severity", FieldKind.CHOICE, value=severities[0].token, options=severities),
        asker.people(required=False),
    )


_FIELDS: Final[Mapping[str, Callable[[_Asker], tuple[Field, ...]]]] = {
    "snooze": _snooze,
    "assign": _people,
    "add": _people,
    "note": _note,
    "reopen": _reopen,
    "merge": _merge,
    "silence": _silence,
    "trigger": _trigger,
}
_WITH_INTRO: Final = frozenset({"snooze", "assign", "add", "merge", "silence"})

FORMS: Final = frozenset(_FIELDS)
"""The verbs that have a form."""


def form_card(verb: str, num: int, token: str, world: World, lang: str) -> FormCard:
    """The form of a verb about incident `num`. Raises KeyError for a verb that has none."""
    return FormCard(
        verb=verb,
        title=say(lang, f"form.title.{verb}", ref=f"#{num}"),
        submit=say(lang, f"form.submit.{verb}"),
        cancel=say(lang, "confirm.no"),
        token=token,
        fields=_FIELDS[verb](_Asker(world=world, lang=lang)),
        intro=say(lang, f"form.intro.{verb}", ref=f"#{num}") if verb in _WITH_INTRO else "",
        lang=lang,
    )
