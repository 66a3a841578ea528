"""How carriers without words of their own elsewhere are called: push services and group webhooks, in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "way.ntfy": "ntfy",
    "way.pushover": "Pushover",
    "way.discord": "Discord",
    "way.mattermost": "Mattermost",
    "way.google_chat": "Google Chat",
    "way.apprise": "Apprise",
}
