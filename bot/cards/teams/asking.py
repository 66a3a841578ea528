"""A form as a dialog: a card of inputs, whose ids are the names of the fields.

Source: https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/invoking-task-modules
"""

from __future__ import annotations

from typing import Any, Final

from bot.cards.card import Field, FieldKind, FormCard
from bot.cards.teams.frame import CARD_TYPE, framed
from bot.cards.teams.marks import LABEL_MAX, TITLE_MAX, VALUE_MAX, WORD_MAX, line_of, short
from bot.cards.text import neutral, one_line, shorten, utf16

FIELDS_MAX: Final = 20
INPUT_MAX: Final = 3_000
CHOICES_MAX: Final = 100

Json = dict[str, Any]


def render_form(form: FormCard) -> Json:
    """What a dialog shows: its title and size, and a card of questions. Ids of inputs are the names of the fields.

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/invoking-task-modules
    """
    intro = [line_of(short(form.intro, VALUE_MAX))] if one_line(form.intro) else []
    inputs = [_input(each) for each in form.fields[:FIELDS_MAX]]
    people = [each.name for each in form.fields if each.kind is FieldKind.PEOPLE]
    send = {
        "type": "Action.Submit",
        "title": short(form.submit, LABEL_MAX) or "OK",
        "data": {"form": form.token, "people": people},
    }
    card = framed([*intro, *inputs] or [line_of(short(form.title, TITLE_MAX))], lang=form.lang)
    content = {**card, "actions": [send]}
    return {
        "title": short(form.title, LABEL_MAX) or "…",
        "width": "medium",
        "height": "medium",
        "card": {"contentType": CARD_TYPE, "content": content},
    }


def _input(question: Field) -> Json:
    label = short(question.label, WORD_MAX) or question.name
    asked: Json = {"id": question.name, "label": label, "isRequired": question.required}
    if question.required:
        asked["errorMessage"] = short(question.hint, WORD_MAX) or label
    choices = [
        {"title": short(each.label, WORD_MAX) or each.token, "value": each.token}
        for each in question.options[:CHOICES_MAX]
    ]
    if question.kind is FieldKind.PEOPLE or (question.kind is FieldKind.CHOICE and choices):
        return {**asked, **_choices(question, choices)}
    limit = min(question.text_max or INPUT_MAX, INPUT_MAX)
    many = question.kind is FieldKind.TEXT
    asked |= {"type": "Input.Text", "isMultiline": many, "maxLength": limit}
    value = neutral(question.value) if many else one_line(question.value)
    if text := shorten(value, limit, utf16):
        asked["value"] = text
    if hint := short(question.hint, WORD_MAX):
        asked["placeholder"] = hint
    return asked


def _choices(question: Field, choices: list[Json]) -> Json:
    """A list, in which people are searched by typing; without a list, everybody in the conversation.

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/people-picker
    """
    made: Json = {"type": "Input.ChoiceSet", "choices": choices}
    if question.kind is FieldKind.PEOPLE:
        made |= {"isMultiSelect": True, "style": "filtered"}
        if not choices:
            made["choices.data"] = {"type": "Data.Query", "dataset": "graph.microsoft.com/users?scope=currentContext"}
    if question.value in {each["value"] for each in choices}:
        made["value"] = question.value
    if hint := short(question.hint, WORD_MAX):
        made["placeholder"] = hint
    return made
