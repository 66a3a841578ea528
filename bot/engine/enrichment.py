"""Labels that an event did not bring: extracted, composed, looked up in a table or asked for, and some dropped.

Rules run in order, and each sees the labels that those before it made. What must be asked over the network is a
`Question`; the shell answers it beforehand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from bot.engine import conditions, patterns, templates
from bot.engine.feed import Composition, Enriching, Enrichment, Extraction, Lookup, Removal, Table
from bot.engine.model import Event

LABELS_MAX = 100
"""Labels of an event after enrichment; what would be one more is not added (ours)."""
VALUE_MAX = 2048
"""Characters of a label's value; more is cut (custom event standard)."""
PATH_MAX = 256
"""Characters of a path into JSON (ours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a lookup asks: the same event asks the same again, and one answer does for both."""

    lookup: Lookup
    body: str
    """JSON: `{"result_label_keys": [...], "event": {...}}`."""


# Text out of JSON may hold what no store takes: halves of surrogate pairs, and control characters.
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Answers = Mapping[Question, Mapping[str, str]]
"""Labels by question; a question that failed was answered with none."""
NO_ANSWERS: Answers = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Enriched:
    """The event with its labels, and the first question that `answers` had nothing for."""

    event: Event
    question: Question | None = None


def enrich(event: Event, rules: tuple[Enrichment, ...], integration: str, answers: Answers = NO_ANSWERS) -> Enriched:
    """Apply every rule whose filter matches. A question without an answer adds nothing, and is handed back."""
    first: Question | None = None
    for rule in rules:
        if not conditions.matches(rule.filter, conditions.facts_of(event, integration)):
            continue
        if isinstance(rule.does, Removal):
            kept = {name: value for name, value in event.labels.items() if name not in rule.does.labels}
            event = replace(event, labels=kept)
        elif isinstance(rule.does, Lookup):
            question = ask(rule.does, event)
            if question not in answers:
                first = first or question
            event = _with(event, _wanted(rule.does, answers.get(question, {})), override=rule.override)
        else:
            event = _with(event, _made(rule.does, event), override=rule.override)
    return Enriched(event=event, question=first)


def ask(lookup: Lookup, event: Event) -> Question:
    """The question that a lookup has about an event. The time of the event is no part of it."""
    told = {
        "alert_key": event.alert_key,
        "event_status": event.severity.value,
        "title": event.title,
        "description": event.description,
        "labels": dict(event.labels),
    }
    return Question(
        lookup=lookup,
        body=json.dumps({"result_label_keys": list(lookup.results), "event": told}, sort_keys=True),
    )


def steps_of(path: str) -> tuple[str, ...]:
    r"""The steps of a path: `host.ports.0` → host, ports, 0. `\.` is a dot inside a step, `\\` a backslash.

    Raises ValueError with the end of a sentence for what is no path.
    """
    if len(path) > PATH_MAX:
        raise ValueError(f"a path has at most {PATH_MAX} characters")
    steps, escaped = [""], False
    for character in path:
        if escaped or character not in "\\.":
            steps[-1] += character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            steps.append("")
    if escaped or not all(steps):
        raise ValueError("a path has a name or a number between its dots")
    return tuple(steps)


def _made(does: Enriching, event: Event) -> Mapping[str, str]:
    match does:
        case Extraction():
            return {does.label: _extracted(does, _source(does.source, event))}
        case Composition():
            text = templates.fill(does.template.removeprefix(templates.MARK), event.labels, templates.fields_of(event))
            return {does.label: text}
        case Table():
            row = does.rows.get(tuple(event.labels.get(key, "") for key in does.keys), ())
            return dict(zip(does.results, row, strict=False))
        case Lookup() | Removal():
            return {}


def _wanted(lookup: Lookup, answer: Mapping[str, str]) -> Mapping[str, str]:
    """Only what was asked for; a service does not get to set any label it likes."""
    return {name: answer[name] for name in lookup.results if name in answer}


def _with(event: Event, made: Mapping[str, str], *, override: bool) -> Event:
    labels = dict(event.labels)
    for name, raw in made.items():
        there, value = name in labels, templates.cut(_UNSAFE.sub("", raw), VALUE_MAX)
        if value and (override if there else len(labels) < LABELS_MAX):
            labels[name] = value
    return replace(event, labels=labels)


def _source(name: str, event: Event) -> str:
    match name:
        case "title":
            return event.title
        case "description":
            return event.description
        case _:
            return event.labels.get(name.removeprefix("labels."), "")


def _extracted(does: Extraction, text: str) -> str:
    if does.pattern:
        return patterns.extract(does.pattern, text)
    return _text_at(_json_of(text[: patterns.SUBJECT_MAX]), does.path)


@lru_cache(maxsize=16)
def _json_of(text: str) -> Any:
    """The text as JSON, or None. Several rules in a row take it apart."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text_at(value: Any, path: tuple[str, ...]) -> str:
    """What is at the end of a path, as text: objects, lists and scalars as JSON writes them, null as nothing."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdecimal() and len(step) < 6:
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return ""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
