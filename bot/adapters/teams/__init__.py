"""Microsoft Teams: `TeamsAdapter` and its settings; importing this imports no SDK."""

from __future__ import annotations

from bot.adapters.teams.adapter import TeamsAdapter, TeamsSettings

__all__ = ["TeamsAdapter", "TeamsSettings"]
