"""Carriers that take one HTTPS call and never call for a bot: group webhooks, personal push, and Apprise.

`line` is what they share; each of the others is one vendor.
"""

from __future__ import annotations

from bot.adapters.hooks.apprise import AppriseAdapter, AppriseSettings
from bot.adapters.hooks.discord import DiscordAdapter, DiscordSettings
from bot.adapters.hooks.google_chat import GoogleChatAdapter, GoogleChatSettings
from bot.adapters.hooks.mattermost import MattermostAdapter, MattermostSettings
from bot.adapters.hooks.ntfy import NtfyAdapter, NtfySettings
from bot.adapters.hooks.pushover import PushoverAdapter, PushoverSettings

__all__ = [
    "AppriseAdapter",
    "AppriseSettings",
    "DiscordAdapter",
    "DiscordSettings",
    "GoogleChatAdapter",
    "GoogleChatSettings",
    "MattermostAdapter",
    "MattermostSettings",
    "NtfyAdapter",
    "NtfySettings",
    "PushoverAdapter",
    "PushoverSettings",
]
