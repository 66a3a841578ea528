"""A person's own ladder: a direct message now, a text after two minutes, mail after five."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.engine.model import MINUTE, SECOND, Severity, Span
from bot.engine.world import Rung
from bot.manifest.parts import Part
from bot.manifest.problems import refusal
from bot.manifest.values import Duration, Ways, human


class RungPart(Part):
    """One step of it."""

    after: Annotated[Span, Duration(SECOND, 60 * MINUTE)]
    """How long after the first page, unless the person has acknowledged by then."""
    via: Annotated[Ways, Field(min_length=1)]
    """By which ways; one that was tried already is not tried again."""


def _rising(rungs: tuple[RungPart, ...]) -> tuple[RungPart, ...]:
    for lower, upper in pairwise(rungs):
        if upper.after <= lower.after:
            said = f"{human(upper.after)} is not later than {human(lower.after)}, the step before it"
            raise refusal("not_rising", said, "Count every step from the first page, the soonest first.")
    return rungs


Rungs = Annotated[tuple[RungPart, ...], Field(max_length=10), AfterValidator(_rising)]


class PersonalLadder(Part):
    """What follows the first page, by how bad it is. A level with `via` for that severity overrules it."""

    critical: Rungs = ()
    """For Critical."""
    warning: Rungs = ()
    """For Warning."""
    info: Rungs = ()
    """For Info."""

    def by_severity(self) -> dict[Severity, tuple[Rung, ...]]:
        """The ladders that have steps."""
        declared = {Severity.CRITICAL: self.critical, Severity.WARNING: self.warning, Severity.INFO: self.info}
        return {
            severity: tuple(Rung(after=rung.after, ways=rung.via) for rung in rungs)
            for severity, rungs in declared.items()
            if rungs
        }
