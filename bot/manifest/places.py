"""Which platforms there are, and what each can be used for: to reach one person, to show cards to a group, or both."""

from __future__ import annotations

from pydantic import AfterValidator

from bot.manifest.problems import choose, refusal

PLATFORMS = ("slack", "teams", "telegram")
"""The chat platforms that have people, groups and rooms."""
PUSH = ("ntfy", "pushover")
"""What reaches one person's phone, and no group."""
ACCOUNTS = (*PLATFORMS, *PUSH)
"""Where a member can have an account."""
WEBHOOKS = ("slack_bot", "discord", "mattermost", "google_chat", "apprise")
"""Groups behind secret addresses with names of their own: they are shown cards, and nobody in them can answer."""
CHAT_PLATFORMS = (*PLATFORMS, *WEBHOOKS)
"""Where cards can be shown: a webhook takes them too, and reaches nobody in person."""
WAYS = ("im", *ACCOUNTS, "sms", "voice", "email")
"""How a person may want to be reached; `im` is the first account that the person has."""
CARRIERS = (*CHAT_PLATFORMS, *PUSH, "sms", "voice", "email")
"""Everything that a manifest may use, and has to declare under `platforms` then."""


def one_of(known: tuple[str, ...], code: str, reason: str) -> AfterValidator:
    """A check that text is one of these words."""

    def check(text: str) -> str:
        if text not in known:
            raise refusal(code, reason, choose(text, known, "one of"))
        return text

    return AfterValidator(check)
