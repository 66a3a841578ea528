"""Slack: `SlackAdapter` and its settings; importing this imports no SDK."""

from __future__ import annotations

from bot.adapters.slack.adapter import SlackAdapter, SlackSettings

__all__ = ["SlackAdapter", "SlackSettings"]
