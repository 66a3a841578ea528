"""Forms: which one a press opens, and what its answers mean. What they ask for is the very same as a typed command.

A form that cannot be done as it stands is refused field by field, before anything is remembered of it: mended and sent
again, it is as good as the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bot.adapters.base import Inbound, Press, Slash
from bot.cards import token as tokens
from bot.cards.build import text_card
from bot.cards.build.forms import FORMS, ask, asked_about, form_card
from bot.cards.card import FieldKind, FormCard, Tone
from bot.cards.i18n import say
from bot.cards.token import Key, Token
from bot.commands import grammar
from bot.commands.grammar import Asked, Raise
from bot.commands.said import Asker, Said, sentence
from bot.directory import Directory
from bot.engine import silence
from bot.engine.editing import TEXT_MAX, TITLE_MAX
from bot.engine.model import DAY, HOUR
from bot.engine.people import SNOOZE_MAX
from bot.store.base import Tx

NOBODY = "0" * 16
"""Stands for the incident in the token of a form that is about none."""

_LIMITS: Final = {"text": TEXT_MAX, "reason": TEXT_MAX, "comment": TEXT_MAX, "title": TITLE_MAX}


class Forming:
    """Opens forms from memory, and turns their answers into what somebody could have typed."""

    def __init__(self, directory: Directory, key: Key) -> None:
        """`key` seals the forms."""
        self._directory = directory
        self._key = key

    def opened(self, asker: Asker, inbound: Inbound) -> FormCard | None:
        """The form that a press or a bare `trigger` asks for; None where it asks for something else. No I/O."""
        if asker.member is None or not asker.member.seat:
            return None
        match inbound:
            case Press(token=text):
                token = tokens.read(self._key, text)
                num = asked_about(token.arg) if token else None
                if token is None or num is None or token.verb not in FORMS:
                    return None
                return form_card(token.verb, num, text, asker.world, asker.lang)
            case Slash(text=text):
                asked = grammar.read(text)
                if not isinstance(asked, Asked) or asked.verb != "trigger" or asked.rest:
                    return None
                sealed = tokens.mint(self._key, "trigger", NOBODY, 0, ask(0))
                return form_card("trigger", 0, sealed, asker.world, asker.lang)
            case _:
                return None

    def answered(self, tx: Tx, asker: Asker, token: Token, values: Mapping[str, str]) -> Asked | Raise | Said:
        """What a filled form asks for; or what is wrong with it, by field, and nothing is changed.

        One answer to a form of several questions is read as it would be typed: some platforms only take a reply.
        """
        num = asked_about(token.arg) or 0
        card = form_card(token.verb, num, "", asker.world, asker.lang)
        given = {name: value.strip() for name, value in values.items()}
        refs = (num,) if num else ()
        if len(given) == 1 and len(card.fields) > 1:
            text = next(iter(given.values()))
            if token.verb == "trigger":
                return grammar.raising(text)
            if token.verb == "merge" and grammar.merging(text) is None:
                text = f"into {text}"
            return Asked(verb=token.verb, refs=refs, rest=text)
        errors: dict[str, Said] = {}
        for field in card.fields:
            value = given.get(field.name, "")
            known = {option.token for option in field.options} if field.kind is FieldKind.CHOICE else set()
            if not value and field.required:
                errors[field.name] = sentence(asker, "field_empty", {"field": field.label})
            elif known and value and value not in known:
                labels = ", ".join(option.label for option in field.options)
                errors[field.name] = sentence(asker, "no_such_option", {"word": value, "known": labels})
            elif value and (wrong := self._wrong(tx, asker, token.verb, field.name, value)):
                errors[field.name] = wrong
        if errors:
            return _refused(asker, errors, {field.name: field.label for field in card.fields})
        return _typed(token.verb, refs, given)

    def _wrong(self, tx: Tx, asker: Asker, verb: str, name: str, value: str) -> Said | None:
        """The sentence about an answer that cannot be meant."""
        limit = _LIMITS.get(name, 0)
        if limit and len(value) > limit:
            return sentence(asker, "too_long", {"max": str(limit)})
        match name:
            case "for":
                span = grammar.span(value)
                if span is None:
                    return sentence(asker, "bad_span", {"word": value})
                if verb == "snooze" and not 0 < span <= SNOOZE_MAX:
                    return sentence(asker, "snooze_out_of_range", {"hours": str(SNOOZE_MAX // HOUR)})
                if verb == "silence" and not 0 < span <= silence.QUICK_MAX:
                    return sentence(asker, "silence_too_long", {"days": str(silence.QUICK_MAX // DAY)})
            case "who":
                for word in grammar.people(value):
                    if self._directory.target(word, asker.platform) is None:
                        return sentence(asker, "no_such_member", {"name": word})
            case "into":
                num = grammar.ref(value)
                if num is None:
                    return sentence(asker, "bad_ref", {"word": value})
                if tx.incident_by_num(num) is None:
                    return sentence(asker, "no_such_incident", {"num": str(num)})
            case _:
                pass
        return None


def _refused(asker: Asker, errors: Mapping[str, Said], labels: Mapping[str, str]) -> Said:
    lines = [say(asker.lang, "form.error", field=labels[name], text=said.text) for name, said in errors.items()]
    return Said(
        card=text_card("\n".join(lines), asker.lang, tone=Tone.WARNING),
        alert=True,
        outcome="form_refused",
        errors={name: said.text for name, said in errors.items()},
    )


def _typed(verb: str, refs: tuple[int, ...], given: Mapping[str, str]) -> Asked | Raise:
    """The answers as what follows the verb and the incident."""
    if verb == "trigger":
        return Raise(
            title=" ".join(given["title"].split()),
            channel=given.get("channel", ""),
            severity=given.get("severity", ""),
            targets=tuple(grammar.people(given.get("who", ""))),
        )
    return Asked(verb=verb, refs=refs, rest=_REST[verb](given).strip())


_REST: Final[Mapping[str, Callable[[Mapping[str, str]], str]]] = {
    "snooze": lambda given: given["for"],
    "assign": lambda given: given["who"],
    "add": lambda given: given["who"],
    "note": lambda given: given["text"],
    "reopen": lambda given: given["reason"],
    "merge": lambda given: f"into {given['into']} {given.get('comment', '')}",
    "silence": lambda given: f"{given['for']} {given.get('reason', '')}",
}
