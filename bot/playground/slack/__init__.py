"""A strict Slack on loopback: `SlackEmulator` and what its workspace is seeded with."""

from __future__ import annotations

from bot.playground.slack.config import SlackChannel, SlackConfig, SlackGroup, SlackUser
from bot.playground.slack.emulator import SlackEmulator

__all__ = ["SlackChannel", "SlackConfig", "SlackEmulator", "SlackGroup", "SlackUser"]
