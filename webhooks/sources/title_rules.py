"""The title templates of the custom event standard: `[TPL]…${label}…{{.Field}}…`, and the older `$a::$b`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.engine.templates import MARK, fill
from webhooks.sources.texts import title

_DOLLAR = re.compile(r"\$([A-Za-z_][\w.-]*)")


def render_title(rule: str, labels: Mapping[str, str], fields: Mapping[str, str]) -> str:
    """The title that a rule makes of an event, on one line of at most 512 characters.

    `${label}` → the label or `<no value>`; `{{.Labels.x}}` and `{{.Field}}` → the value or nothing; `$a::$b` → the
    values of those labels that are there, joined by ` / `. A rule that renders to nothing is its own title.
    """
    if rule.startswith(MARK):
        template = rule[len(MARK) :]
        return title(fill(template, labels, fields)) or title(template) or title(rule)
    return title(_joined(rule.strip(), labels) or rule)


def _joined(rule: str, labels: Mapping[str, str]) -> str:
    segments = rule.split("::")
    names = [_DOLLAR.fullmatch(segment.strip()) for segment in segments]
    if not any(names):
        return ""
    if not any(name and name[1] in labels for name in names):
        return ""
    values = (labels.get(name[1], "") if name else text for name, text in zip(names, segments, strict=True))
    return " / ".join(filter(None, values))
