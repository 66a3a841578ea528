"""Cards and forms for Microsoft Teams: Adaptive Cards 1.5."""

from __future__ import annotations

from bot.cards.teams.asking import render_form
from bot.cards.teams.message import render

__all__ = ["render", "render_form"]
