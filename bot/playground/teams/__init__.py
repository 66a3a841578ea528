"""A strict Microsoft Teams on loopback: the login service, the Bot Connector, and people who use the app."""

from __future__ import annotations

from bot.playground.teams.config import TeamsConfig, TeamsConversation, TeamsUser
from bot.playground.teams.emulator import TeamsEmulator

__all__ = ["TeamsConfig", "TeamsConversation", "TeamsEmulator", "TeamsUser"]
