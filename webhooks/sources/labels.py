"""Labels of strangers become ours: text to text, few enough, short enough, and only those that say something."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from webhooks.sources.texts import plain

LABELS_LIMIT = 50
NAME_LIMIT = 128
VALUE_LIMIT = 2048
"""Characters; more is cut, never refused (custom event standard, applied to every source)."""

# A template that the sender failed to fill in: ${x} {{ x }} {x} {HOST.IP} $NAME *UNKNOWN*
_UNRENDERED = re.compile(r"\$\{[^{}]*\}|\{\{[^{}]*\}\}|\{[\w.#\[\]]+\}|\$[A-Za-z_]\w*|\*UNKNOWN\*")
_SUSPECT = frozenset("$*{")


def is_unrendered(value: str) -> bool:
    """Whether a value is nothing but a template variable that was never filled in."""
    return value[:1] in _SUSPECT and _UNRENDERED.fullmatch(value) is not None


def native(raw: Any) -> dict[str, str]:
    """Every label that is not empty, as text and uncut: what the sender itself takes for the identity of an alert.

    `raw` may be anything; what is not an object has no labels.
    """
    if not isinstance(raw, dict):
        return {}
    texts = ((plain(name), plain(value)) for name, value in raw.items())
    return {name: text for name, text in texts if name and text}


def shown(labels: Mapping[str, str]) -> dict[str, str]:
    """The first 50 labels that say something, names and values within their limits; unrendered values say nothing."""
    kept: dict[str, str] = {}
    for name, value in labels.items():
        if len(kept) == LABELS_LIMIT:
            break
        if not is_unrendered(value):
            kept.setdefault(name[:NAME_LIMIT], value[:VALUE_LIMIT])
    return kept


def with_derived(labels: dict[str, str], name: str, candidates: Sequence[str]) -> dict[str, str]:
    """The labels, with `name` set from the first candidate that is there, unless it is set or there is no room."""
    if name not in labels and len(labels) < LABELS_LIMIT:
        value = next((labels[candidate] for candidate in candidates if candidate in labels), "")
        if value:
            return {**labels, name: value}
    return labels
