"""Filters as a manifest writes them: groups of conditions, OR between the groups and AND inside one."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bot.engine import conditions, model
from bot.engine.conditions import ValueKind
from bot.engine.model import Severity
from bot.manifest.parts import Part
from bot.manifest.problems import choose, refusal
from bot.manifest.values import PlainText

_CURES = {
    ValueKind.EXACT: "Shorten it with a wildcard.",
    ValueKind.WILDCARD: "Shorten it with more wildcards.",
    ValueKind.REGEX: "Write a regular expression of RE2, shorter or simpler (docs/filters.md).",
    ValueKind.CIDR: "Write a network by its first address: cidr:10.0.0.0/24.",
    ValueKind.NUMBER: "Write num:gt:90, with gt, ge, lt or le and a decimal number.",
}


def _known_key(key: str) -> str:
    if not conditions.is_key(key):
        cure = choose(key, conditions.KEYS, "a key, or labels.NAME; the keys are")
        raise refusal("condition_key", "a condition cannot ask for that", cure)
    return key


def _known_value(text: str) -> str:
    if why := conditions.fault(text):
        raise refusal("condition_value", why, _CURES[conditions.kind_of(text)])
    return text


class Condition(Part):
    """One test: the key is IN, or NOTIN, the values."""

    key: Annotated[str, AfterValidator(_known_key)]
    """`severity`, `title`, `description`, `integration` or `labels.NAME`."""
    oper: Literal["IN", "NOTIN"]
    """IN: any value matches; NOTIN: none does."""
    vals: Annotated[tuple[Annotated[PlainText, AfterValidator(_known_value)], ...], Field(min_length=1)]
    """Exact text, a wildcard (`*`, `?`) for the whole value, `/re/`, `cidr:10.0.0.0/24` or `num:gt:90`; `*`: there."""

    @model_validator(mode="after")
    def _severity_exists(self) -> Self:
        known = [severity.value for severity in Severity if severity is not Severity.OK]
        for value in self.vals if self.key == "severity" else ():
            if conditions.kind_of(value) is ValueKind.EXACT and value not in known:
                raise refusal("severity", f"no incident has the severity {value}", choose(value, known, "one of"))
        return self


Filter = tuple[Annotated[tuple[Condition, ...], Field(min_length=1)], ...]
"""Groups of conditions."""


def _asks_plainly(groups: Filter) -> Filter:
    for each in (condition for group in groups for condition in group):
        for value in each.vals:
            if conditions.kind_of(value) in (ValueKind.CIDR, ValueKind.NUMBER):
                cure = "Write exact text, a wildcard or /re/."
                raise refusal("condition_value", f"{value} cannot be asked of another alert", cure)
    return groups


PlainFilter = Annotated[Filter, Field(min_length=1), AfterValidator(_asks_plainly)]
"""What another, active alert must look like: never empty, and without `cidr:` and `num:`."""


def to_filter(groups: Filter) -> model.Filter:
    """The same for the engine."""
    return tuple(
        tuple(model.Condition(key=each.key, oper=each.oper, vals=each.vals) for each in group) for group in groups
    )
