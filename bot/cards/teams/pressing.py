"""The buttons below a card: presses that are answered with a toast, presses that ask for a dialog, and links.

Source: https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-actions
"""

from __future__ import annotations

import re
from typing import Any, Final

from bot.cards.card import Action, Card
from bot.cards.teams.marks import LABEL_MAX, VALUE_MAX, WORD_MAX, line_of, short
from bot.cards.text import utf16, web_address

VERSION: Final = "1.5"
"""The newest that Teams draws for bots (cards-reference)."""
SET_MAX: Final = 6
"""Buttons that Teams shows in one set; what is beyond it vanishes (cards-reference, maxActions)."""
ACTIONS_MAX: Final = 24
OPTIONS_MAX: Final = 18
TOKEN_MAX: Final = 200

_ASKS: Final = re.compile(r"[a-z][a-z0-9_-]*\.[\w-]+\.\d+\.ask-\d{1,9}\.", re.ASCII)
"""The token of a button that opens a form: Teams must be told before the press, because only a press that asks for a
dialog can be answered with one."""

Json = dict[str, Any]


def sets_of(card: Card) -> list[Json]:
    """The buttons of a card as elements of its body."""
    return _in_sets([made for each in card.actions[:ACTIONS_MAX] if (made := _action(each))])


def _in_sets(actions: list[Json]) -> list[Json]:
    """Sets of at most six, because Teams hides the seventh button of a set."""
    return [
        {"type": "ActionSet", "actions": actions[index : index + SET_MAX]} for index in range(0, len(actions), SET_MAX)
    ]


def _action(action: Action) -> Json | None:
    label = short(action.label, LABEL_MAX) or short(action.verb, LABEL_MAX) or "…"
    if href := web_address(action.href):
        return {"type": "Action.OpenUrl", "title": label, "url": href}
    if action.options:
        choices = [
            made
            for each in action.options[:OPTIONS_MAX]
            if (made := _press(action.verb, short(each.label, LABEL_MAX) or "…", each.token))
        ]
        return _unfold(label, [], choices) if choices else None
    press = _press(action.verb, label, action.token)
    if press and action.confirm and not _ASKS.match(action.token):
        question = line_of(short(action.confirm, VALUE_MAX) or label)
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
