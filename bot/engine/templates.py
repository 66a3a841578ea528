"""Texts with gaps: `${label}`, `{{.Labels.x}}` and `{{.Field}}`, filled from an event. Nothing in them is executed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.engine.model import Event

MARK = "[TPL]"
"""Begins a text that is a template, where plain text could stand as well."""
NO_VALUE = "<no value>"
"""What stands for a `${label}` that the event does not have."""

TITLE_MAX = 512
DESCRIPTION_MAX = 2048
"""Characters, as the custom event standard has them for every source."""

_GAP = re.compile(r"\$\{([^{}]*)\}|\{\{([^{}]*)\}\}")
_LABEL_FIELD = ".Labels."


def fill(template: str, labels: Mapping[str, str], fields: Mapping[str, str]) -> str:
    """`${label}` → the label or `<no value>`; `{{.Labels.x}}` and `{{.Field}}` → the value or nothing."""
    return _GAP.sub(lambda found: _filled(found, labels, fields), template)


def render(text: str, event: Event, fields: Mapping[str, str]) -> str:
    """A text that begins with `[TPL]` filled from the event; any other as it is. `fields` are those of the feed."""
    if not text.startswith(MARK):
        return text
    return fill(text.removeprefix(MARK), event.labels, {**fields, **fields_of(event)})


def fields_of(event: Event) -> dict[str, str]:
    """What `{{.Field}}` may name of an event, besides its labels."""
    return {
        "Title": event.title,
        "Description": event.description,
        "EventSeverity": event.severity.value,
        "EventStatus": event.severity.value,
        "AlertKey": event.alert_key,
    }


def fault(text: str) -> str:
    """Why a text that may be a template is probably a slip, as the end of a sentence; empty when it is not."""
    if not text.startswith(MARK) and _GAP.search(text):
        return f"a template begins with {MARK}; as it stands, its gaps would be shown as they are"
    return ""


def one_line(text: str) -> str:
    """A title: one line of at most 512 characters."""
    return cut(" ".join(text.split()), TITLE_MAX)


def cut(text: str, limit: int) -> str:
    """The text within `limit` characters; an ellipsis stands for what is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _filled(found: re.Match[str], labels: Mapping[str, str], fields: Mapping[str, str]) -> str:
    if found[1] is not None:
        return labels.get(found[1].strip(), NO_VALUE)
    name = found[2].strip()
    if name.startswith(_LABEL_FIELD):
        return labels.get(name.removeprefix(_LABEL_FIELD), "")
    return fields.get(name.removeprefix("."), "") if name.startswith(".") else ""
