"""The title templates of the custom event standard: `[TPL]…${label}…{{.Field}}…`, and the older `$a::$b`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from webhooks.sources.texts import title

MARK = "[TPL]"
NO_VALUE = "<no value>"
"""What stands for a label that the event does not have."""

_BRACES = re.compile(r"\$\{\s*([^{}]*?)\s*\}|\{\{\s*([^{}]*?)\s*\}\}")
_DOLLAR = re.compile(r"\$([A-Za-z_][\w.-]*)")
_LABEL_FIELD = ".Labels."


def render_title(rule: str, labels: Mapping[str, str], fields: Mapping[str, str]) -> str:
    """The title that a rule makes of an event, on one line of at most 512 characters.

    `${label}` → the label or `<no value>`; `{{.Labels.x}}` and `{{.Field}}` → the value or nothing; `$a::$b` → the
    values of those labels that are there, joined by ` / `. A rule that renders to nothing is its own title.
    """
    if rule.startswith(MARK):
        template = rule[len(MARK) :]
        return (
            title(_BRACES.sub(lambda found: _filled(found, labels, fields), template)) or title(template) or title(rule)
        )
    return title(_joined(rule.strip(), labels) or rule)


def _filled(found: re.Match[str], labels: Mapping[str, str], fields: Mapping[str, str]) -> str:
    if found[1] is not None:
        return labels.get(found[1], NO_VALUE)
    if found[2].startswith(_LABEL_FIELD):
        return labels.get(found[2][len(_LABEL_FIELD) :], "")
    return fields.get(found[2].removeprefix("."), "") if found[2].startswith(".") else ""


def _joined(rule: str, labels: Mapping[str, str]) -> str:
    segments = rule.split("::")
    names = [_DOLLAR.fullmatch(segment.strip()) for segment in segments]
    if not any(names):
        return ""
    if not any(name and name[1] in labels for name in names):
        return ""
    values = (labels.get(name[1], "") if name else text for name, text in zip(names, segments, strict=True))
    return " / ".join(filter(None, values))
