"""Carriers that need no app: group webhooks by names of one's own, push services, and Apprise."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from bot.engine.model import HOUR, MINUTE, SECOND, Span
from bot.manifest.carrier import Carrier
from bot.manifest.problems import refusal
from bot.manifest.values import Duration, Id, Secret, Setting, Url, shaped

HOOKS_MAX = 100


class Hooks(Carrier):
    """Webhooks by name. Each vendor says which URLs are its own."""

    webhooks: Annotated[dict[Id, Secret], Field(min_length=1, max_length=HOOKS_MAX)]
    """A name of your own, which is the `id` of the chat, and the secret URL behind it."""

    def settings(self) -> dict[str, object]:
        """The URLs in the clear."""
        return {"webhooks": {name: url.get_secret_value() for name, url in self.webhooks.items()}}


class Discord(Hooks):
    """Webhooks of Discord: cards that are edited in place, without buttons."""

    webhooks: Annotated[
        dict[
            Id,
            Annotated[
                Secret,
                shaped(
                    r"https?://[^\s/]+/(?:[^\s?]*/)?api/(?:v\d+/)?webhooks/\d+/[\w-]+(?:\?thread_id=\d+)?",
                    "that is not a webhook of Discord",
                    "Copy the Webhook URL: https://discord.com/api/webhooks/….",
                ),
            ],
        ],
        Field(min_length=1, max_length=HOOKS_MAX),
    ]
    """A name of your own, which is the `id` of the chat, and the secret URL behind it."""


class Mattermost(Hooks):
    """Incoming webhooks of Mattermost: cards without buttons that are never edited."""

    webhooks: Annotated[
        dict[
            Id,
            Annotated[
                Secret,
                shaped(
                    r"https?://[^\s/]+/(?:[^\s?]*/)?hooks/[a-z0-9]{1,64}",
                    "that is not an incoming webhook of Mattermost",
                    "Copy its URL: https://chat.example.com/hooks/….",
                ),
            ],
        ],
        Field(min_length=1, max_length=HOOKS_MAX),
    ]
    """A name of your own, which is the `id` of the chat, and the secret URL behind it."""


class GoogleChat(Hooks):
    """Webhooks of Google Chat: cards with links, in one thread for each incident, that are never edited."""

    webhooks: Annotated[
        dict[
            Id,
            Annotated[
                Secret,
                shaped(
                    r"https?://[^\s/]+/(?:[^\s?]*/)?v1/spaces/[\w-]+/messages\?(?=\S*\bkey=)(?=\S*\btoken=)\S+",
                    "that is not a webhook of Google Chat",
                    "Copy its link: https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=….",
                ),
            ],
        ],
        Field(min_length=1, max_length=HOOKS_MAX),
    ]
    """A name of your own, which is the `id` of the chat, and the secret URL behind it."""


class Ntfy(Carrier):
    """A server of ntfy. Members have a topic each, as their account there."""

    server: Url = "https://ntfy.sh"
    """Its base URL; your own keeps what is broken to yourself."""
    token: Secret | None = None
    """An access token, `tk_…`, of a user who may write to the topics."""
    username: Setting = ""
    """Instead of a token."""
    password: Secret | None = None
    """Goes with `username`."""

    @model_validator(mode="after")
    def _has_one_login(self) -> Self:
        if bool(self.username) != (self.password is not None):
            raise refusal("half_a_login", "a login has two parts", "Give both username and password, or neither.")
        if self.token is not None and self.username:
            raise refusal("two_logins", "it has a token and a username", "Keep the token alone.")
        return self


class Pushover(Carrier):
    """An application of Pushover. Members have their user key as their account there."""

    token: Annotated[
        Secret,
        shaped(r"[A-Za-z0-9]{30}", "that is not an API token", "Copy the API Token of your application: 30 letters."),
    ]
    """The API Token of your application."""
    # https://pushover.net/api#priority: at least 30 s, at most 3 h
    retry: Annotated[Span, Duration(30 * SECOND, 1 * HOUR)] = 1 * MINUTE
    """How often a Critical page rings again on the phone until it is acknowledged."""
    expire: Annotated[Span, Duration(1 * MINUTE, 3 * HOUR)] = 30 * MINUTE
    """When it gives up."""
    base_url: Url = "https://api.pushover.net"
    """Where the API is."""

    def settings(self) -> dict[str, object]:
        """Spans in seconds, as the API counts."""
        return {
            "token": self.token.get_secret_value(),
            "retry_s": self.retry // SECOND,
            "expire_s": self.expire // SECOND,
            "base_url": self.base_url,
        }


class Apprise(Carrier):
    """Everything else, by the library Apprise (`pip install tocsin[apprise]`): one way, and never confirmed."""

    urls: Annotated[
        dict[
            Id,
            Annotated[
                Secret,
                shaped(
                    r"[A-Za-z][A-Za-z0-9+.-]*://\S+",
                    "that is not an Apprise URL",
                    "Write scheme://…, see https://appriseit.com/services/.",
                ),
            ],
        ],
        Field(min_length=1, max_length=HOOKS_MAX),
    ]
    """A name of your own, which is the `id` of the chat, and the secret Apprise URL behind it."""

    def settings(self) -> dict[str, object]:
        """The URLs in the clear."""
        return {"urls": {name: url.get_secret_value() for name, url in self.urls.items()}}
