"""Slack: the app and the one-way webhooks, each with its settings; importing this imports no SDK."""

from __future__ import annotations

from bot.adapters.slack.adapter import SlackAdapter, SlackSettings
from bot.adapters.slack.webhook import SlackBotAdapter, SlackBotSettings

__all__ = ["SlackAdapter", "SlackBotAdapter", "SlackBotSettings", "SlackSettings"]
