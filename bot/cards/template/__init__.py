"""The team's own words on a card: a template for a medium, filled in a sandbox that can neither reach out nor run long.

Whatever goes wrong with one is a `TemplateFault`, and the built-in words are sent.
"""

from __future__ import annotations

from bot.cards.template.names import MEDIA, NAMES, SOURCE_MAX, TEXT_MAX, TemplateFault
from bot.cards.template.values import values
from bot.cards.template.worded import worded

__all__ = ["MEDIA", "NAMES", "SOURCE_MAX", "TEXT_MAX", "TemplateFault", "check", "fill", "values", "worded"]


def check(source: str) -> None:
    """Read a template without filling it. Raises TemplateFault with what is wrong, and on which of its lines."""
    from bot.cards.template.sandbox import compiled

    compiled(source)


def fill(source: str, known: dict[str, object]) -> str:
    """A template filled with `values`. Raises TemplateFault for everything that is not a short text in good time."""
    from bot.cards.template.sandbox import filled

    return filled(source, known)
