"""Adaptive Cards at the door: the elements, properties and values of version 1.5, and what Teams asks besides.

Sources: https://adaptivecards.io/explorer and https://github.com/microsoft/AdaptiveCards (schemas/1.5.0), and for Teams
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from bot.playground.hub import Json
from bot.playground.teams.refusals import bad_argument

CARD_TYPE: Final = "application/vnd.microsoft.card.adaptive"
ACTIONS_MAX: Final = 6
"""Actions that Teams shows in a set; the seventh would be hidden, so here it is refused."""
DEPTH_MAX: Final = 12

_TEXTS: Final = {
    "size": ("Default", "Small", "Medium", "Large", "ExtraLarge"),
    "weight": ("Default", "Lighter", "Bolder"),
    "color": ("Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"),
    "fontType": ("Default", "Monospace"),
    "isSubtle": bool,
}
_ELEMENT: Final = {
    "id": str,
    "isVisible": bool,
    "separator": bool,
    "spacing": ("None", "Small", "Default", "Medium", "Large", "ExtraLarge", "Padding"),
    "horizontalAlignment": ("Left", "Center", "Right"),
    "height": ("auto", "stretch"),
}
_CONTAINER: Final = {
    "style": ("default", "emphasis", "good", "attention", "warning", "accent"),
    "bleed": bool,
    "items": "elements",
}
_INPUT: Final = {
    **_ELEMENT,
    "label": str,
    "isRequired": bool,
    "errorMessage": str,
    "placeholder": str,
    "value": str,
}
_ACTION: Final = {
    "id": str,
    "title": str,
    "iconUrl": str,
    "style": ("default", "positive", "destructive"),
    "mode": ("primary", "secondary"),
    "tooltip": str,
    "isEnabled": bool,
}
KINDS: Final[dict[str, dict[str, Any]]] = {
    "TextBlock": {**_ELEMENT, **_TEXTS, "text": str, "wrap": bool, "maxLines": int, "style": ("default", "heading")},
    "RichTextBlock": {**_ELEMENT, "inlines": "runs"},
    "TextRun": {**_TEXTS, "text": str, "italic": bool, "strikethrough": bool, "underline": bool, "highlight": bool},
    "Container": {**_ELEMENT, **_CONTAINER},
    "ColumnSet": {**_ELEMENT, "style": _CONTAINER["style"], "bleed": bool, "columns": "columns"},
    "Column": {**_ELEMENT, **_CONTAINER, "width": object},
    "FactSet": {**_ELEMENT, "facts": "facts"},
    "ActionSet": {**_ELEMENT, "actions": "actions"},
    "Input.Text": {**_INPUT, "isMultiline": bool, "maxLength": int, "regex": str, "style": ("text", "email", "url")},
    "Input.ChoiceSet": {
        **_INPUT,
        "choices": "choices",
        "isMultiSelect": bool,
        "wrap": bool,
        "style": ("compact", "expanded", "filtered"),
        # Teams' own: https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/people-picker
        "choices.data": dict,
    },
    "Action.OpenUrl": {**_ACTION, "url": str},
    "Action.Submit": {**_ACTION, "data": dict, "associatedInputs": ("auto", "none")},
    "Action.Execute": {
        **_ACTION,
        "verb": str,
        "data": dict,
        "associatedInputs": ("auto", "none"),
        "fallback": "action",
    },
    "Action.ShowCard": {**_ACTION, "card": "card"},
}
REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "TextBlock": ("text",),
    "RichTextBlock": ("inlines",),
    "TextRun": ("text",),
    "Container": ("items",),
    "FactSet": ("facts",),
    "ActionSet": ("actions",),
    "Input.Text": ("id",),
    "Input.ChoiceSet": ("id", "choices"),
    "Action.OpenUrl": ("url", "title"),
    "Action.Submit": ("title",),
    "Action.Execute": ("title", "verb"),
    "Action.ShowCard": ("title", "card"),
}
_CARD: Final = {
    "type": str, "$schema": str, "version": str, "lang": ("en", "zh"), "fallbackText": str, "msteams": dict,
    "body": "elements", "actions": "actions", "refresh": dict, "speak": str, "metadata": dict,
}  # fmt: skip
_VERSIONS: Final = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5")
_AT: Final = re.compile(r"<at>(.*?)</at>", re.DOTALL)
_URL: Final = re.compile(r"https?://[^\s]+\Z")
_FUNCTION: Final = re.compile(r"\{\{(DATE|TIME)\(([^,)]*)(?:,\s*(?:COMPACT|SHORT|LONG))?\)\}\}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)\Z")


def check_card(content: Any) -> None:
    """Raise `TeamsRefusal` with every fault of a card, in one sentence; return for a good one."""
    inspection = _Inspection()
    inspection.card(content, "card")
    if isinstance(content, dict) and not inspection.faults:
        inspection.mentions(content)
    if inspection.faults:
        raise bad_argument("The Adaptive Card is not valid: " + "; ".join(inspection.faults[:20]))


def buttons(content: Json) -> Iterator[Json]:
    """Every action that can be pressed in a card, from top to bottom, with those that unfold."""
    for element in content.get("body", []):
        yield from _within(element)
    for action in content.get("actions", []):
        yield from _pressed(action)


def inputs(content: Json) -> Iterator[Json]:
    """Every input of a card."""
    for element in _walk(content):
        if str(element.get("type", "")).startswith("Input."):
            yield element


def words(content: Json) -> list[str]:
    """The texts that a person reads on a card, without its buttons, as they were sent."""
    shown: list[str] = []
    for element in _walk({"body": content.get("body", [])}):
        match element.get("type"):
            case "TextBlock":
                shown.append(element["text"])
            case "RichTextBlock":
                runs = element["inlines"]
                shown.append("".join(run if isinstance(run, str) else run["text"] for run in runs))
            case "FactSet":
                shown += [f"{fact['title']} {fact['value']}" for fact in element["facts"]]
            case _:
                pass
    return shown


def _within(element: Json) -> Iterator[Json]:
    for action in element.get("actions", []):
        yield from _pressed(action)
    for name in ("items", "columns"):
        for inner in element.get(name, []):
            yield from _within(inner)


def _pressed(action: Json) -> Iterator[Json]:
    if action["type"] == "Action.ShowCard":
        yield from buttons(action["card"])
    else:
        yield action


def _walk(value: Any) -> Iterator[Json]:
    if isinstance(value, list):
        for inner in value:
            yield from _walk(inner)
    elif isinstance(value, dict):
        yield value
        for name in ("body", "items", "columns", "actions", "card", "inlines"):
            yield from _walk(value.get(name))


@dataclass(slots=True)
class _Inspection:
    """Collects faults as `where: what`."""

    faults: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    depth: int = 0

    def card(self, content: Any, at: str, *, inner: bool = False) -> None:
        if not isinstance(content, dict) or content.get("type") != "AdaptiveCard":
            self.faults.append(f"{at}: is no AdaptiveCard")
            return
        version = content.get("version")
        if version not in _VERSIONS and not (inner and version is None):
            self.faults.append(f"{at}.version: {version!r} is not supported, the newest is 1.5")
        if not content.get("body") and not content.get("actions"):
            self.faults.append(f"{at}: shows nothing")
        self.properties(content, _CARD, at)

    def properties(self, value: Json, known: dict[str, Any], at: str) -> None:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            self.faults.append(f"{at}: nested too deep")
        else:
            for name, given in value.items():
                if name != "type" and name not in known:
                    self.faults.append(f"{at}.{name}: unknown property")
                elif name != "type":
                    self.value(given, known[name], f"{at}.{name}")
        self.depth -= 1

    def value(self, given: Any, wanted: Any, at: str) -> None:
        if isinstance(wanted, tuple):
            if given not in wanted:
                self.faults.append(f"{at}: {given!r} is none of {', '.join(wanted)}")
        elif isinstance(wanted, str):
            self.part(given, wanted, at)
        elif not isinstance(given, wanted) or (wanted is int and isinstance(given, bool)):
            self.faults.append(f"{at}: must be of type {wanted.__name__}")
        elif wanted is str and (function := _wrong_function(given)):
            self.faults.append(f"{at}: {function} cannot be read")

    def part(self, given: Any, wanted: str, at: str) -> None:
        match wanted:
            case "card":
                self.card(given, at, inner=True)
            case "action":
                self.element(given, at, "Action.")
            case "facts" | "choices":
                self.pairs(given, at, ("title", "value"))
            case _:
                self.several(given, wanted, at)

    def several(self, given: Any, wanted: str, at: str) -> None:
        if not isinstance(given, list) or not given:
            self.faults.append(f"{at}: must be a list that is not empty")
            return
        if wanted == "actions" and len(given) > ACTIONS_MAX:
            self.faults.append(f"{at}: {len(given)} actions, of which Teams shows {ACTIONS_MAX}")
        prefix = {"actions": "Action.", "columns": "Column", "runs": "TextRun"}.get(wanted, "")
        for number, inner in enumerate(given):
            if not (wanted == "runs" and isinstance(inner, str)):
                self.element(inner, f"{at}[{number}]", prefix)

    def pairs(self, given: Any, at: str, names: tuple[str, ...]) -> None:
        if not isinstance(given, list):
            self.faults.append(f"{at}: must be a list")
            return
        for number, pair in enumerate(given):
            if (
                not isinstance(pair, dict)
                or set(pair) != set(names)
                or not all(isinstance(pair[n], str) for n in names)
            ):
                self.faults.append(f"{at}[{number}]: must have the texts {' and '.join(names)}")

    def element(self, given: Any, at: str, prefix: str) -> None:
        kind = str(given.get("type")) if isinstance(given, dict) else ""
        fits = kind.startswith(prefix) if prefix else not kind.startswith(("Action.", "Column", "TextRun"))
        if kind not in KINDS or not (fits or (not prefix and kind == "ColumnSet")):
            self.faults.append(f"{at}: {kind or given!r} cannot stand here")
            return
        missing = [name for name in REQUIRED.get(kind, ()) if not given.get(name) and name != "choices"]
        self.faults += [f"{at}.{name}: is missing" for name in missing]
        if kind == "Action.OpenUrl" and not _URL.match(str(given.get("url"))):
            self.faults.append(f"{at}.url: is no web address")
        if kind.startswith("Input."):
            if not given.get("label"):
                self.faults.append(f"{at}.label: is missing")
            if given.get("id") in self.ids:
                self.faults.append(f"{at}.id: {given['id']!r} is taken")
            self.ids.add(str(given.get("id")))
        self.properties(given, KINDS[kind], at)

    def mentions(self, content: Json) -> None:
        """Each `<at>` needs its entity, and the other way round.

        https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format
        """
        entities = content.get("msteams", {}).get("entities", [])
        named = {f"<at>{name}</at>" for text in words(content) for name in _AT.findall(text)}
        texts = [str(entity.get("text")) for entity in entities if isinstance(entity, dict)]
        for entity in entities:
            person = entity.get("mentioned") if isinstance(entity, dict) else None
            if not isinstance(person, dict) or entity.get("type") != "mention" or not person.get("id"):
                self.faults.append("card.msteams.entities: a mention needs type, text and mentioned with id and name")
        if len(set(texts)) != len(texts):
            self.faults.append("card.msteams.entities: two mentions of one text")
        self.faults += [f"card: {text} has no entity" for text in sorted(named - set(texts))]
        self.faults += [f"card.msteams.entities: {text} is not on the card" for text in sorted(set(texts) - named)]


def _wrong_function(text: str) -> str:
    """A DATE or TIME that Teams would show as it was typed."""
    for found in re.finditer(r"\{\{[^}]*\}\}", text):
        function = _FUNCTION.fullmatch(found[0])
        if function is None or not _INSTANT.match(function[2].strip()):
            return found[0]
    return ""
