"""What Tocsin needs to speak to each chat platform and vendor: credentials and addresses, kept apart from the world."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from bot.manifest.carrier import Carrier
from bot.manifest.hooks import Apprise, Discord, GoogleChat, Mattermost, Ntfy, Pushover
from bot.manifest.parts import Part
from bot.manifest.phones import Sms, Voice
from bot.manifest.problems import refusal
from bot.manifest.values import Id, Mail, PlainText, Secret, Setting, Url, checked, shaped
from bot.settings import is_loopback

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?|::1")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Slack(Carrier):
    """The Slack app. Buttons need a way in: `app_token` (Socket Mode, no public URL) or `signing_secret` (HTTP)."""

    bot_token: Annotated[
        Secret,
        shaped(
            r"(?:xoxe\.)?xoxb-\S+", "that is not a bot token", "Copy the Bot User OAuth Token, which begins with xoxb-."
        ),
    ]
    """Bot User OAuth Token, `xoxb-…`."""
    signing_secret: Secret | None = None
    """Signing Secret of the app: proves that a callback over HTTP is from Slack."""
    app_token: Annotated[
        Secret | None,
        shaped(r"xapp-\S+", "that is not an app-level token", "Copy the App-Level Token, which begins with xapp-."),
    ] = None
    """App-Level Token with connections:write, `xapp-…`: receives over a socket, without a public URL."""
    # The SDK puts method names right behind the base URL.
    base_url: Annotated[Url, AfterValidator(lambda url: f"{url}/")] = "https://slack.com/api/"
    """Where the Web API is."""

    @model_validator(mode="after")
    def _has_a_way_in(self) -> Self:
        if self.signing_secret is None and self.app_token is None:
            cure = "Add app_token (Socket Mode) or signing_secret (callbacks over HTTP)."
            raise refusal("no_way_in", "nobody could press a button", cure)
        return self


class SlackBot(Carrier):
    """Incoming webhooks of Slack: cards without buttons that are never edited, where no app may be installed."""

    webhooks: Annotated[
        dict[
            Id,
            Annotated[
                Secret,
                shaped(
                    r"https?://\S+/services/\S+",
                    "that is not an incoming webhook",
                    "Copy the Webhook URL: https://hooks.slack.com/services/….",
                ),
            ],
        ],
        Field(min_length=1, max_length=100),
    ]
    """A name of your own, which is the `id` of the chat, and the secret URL behind it."""

    def settings(self) -> dict[str, object]:
        """The URLs in the clear."""
        return {"webhooks": {name: url.get_secret_value() for name, url in self.webhooks.items()}}


class Teams(Carrier):
    """The bot in Microsoft Teams. It is called over HTTPS, so it needs a public_url."""

    app_id: Annotated[
        Setting,
        checked(_GUID, "app_id", "that is not an app id", "Copy the Application (client) ID: 8-4-4-4-12 digits."),
    ]
    """Application (client) ID of the bot's app registration."""
    client_secret: Secret
    """The Value of a client secret of that registration."""
    tenant_id: Annotated[
        Setting, checked(_GUID, "tenant_id", "that is not a tenant id", "Copy the Directory (tenant) ID.")
    ]
    """Directory (tenant) ID: where the people are. Callbacks from other tenants are refused."""
    single_tenant: StrictBool = True
    """Whether the bot is registered for this tenant alone, as new ones are; `false` for an older multi-tenant bot."""
    roster: PlainText = ""
    """A channel or group chat with everybody in it (19:…): there the bot finds people whom it has not met yet."""
    service_url: Annotated[Url, AfterValidator(lambda url: f"{url}/")] = "https://smba.trafficmanager.net/teams/"
    """Where the Bot Connector is until a callback tells; government clouds have others."""
    login_url: Url = "https://login.microsoftonline.com"
    """Where tokens come from."""
    metadata_url: Url = "https://login.botframework.com/v1/.well-known/openidconfiguration"
    """Where the keys of callbacks are published."""


class Telegram(Carrier):
    """The Telegram bot."""

    token: Annotated[
        Secret,
        shaped(r"\d+:[A-Za-z0-9_-]+", "that is not a bot token", "Copy the token that BotFather shows: 123456:ABC…."),
    ]
    """The token that BotFather shows."""
    secret_token: Annotated[
        Secret | None,
        # https://core.telegram.org/bots/api#setwebhook
        shaped(r"[A-Za-z0-9_-]{1,256}", "that cannot be a secret token", "Use 1 to 256 of A-Z, a-z, 0-9, _ and -."),
    ] = None
    """Comes back in a header of every callback, and proves that it is from Telegram."""
    mode: Literal["polling", "webhook"] = "polling"
    """`polling` needs no public URL; `webhook` needs one, and `secret_token`."""
    # The SDK puts the token right behind the base URL.
    base_url: Annotated[Url, AfterValidator(lambda url: f"{url.removesuffix('/bot')}/bot")] = (
        "https://api.telegram.org/bot"
    )
    """Where the Bot API is; a Bot API server of your own has another."""

    @model_validator(mode="after")
    def _webhook_is_proven(self) -> Self:
        if self.mode == "webhook" and self.secret_token is None:
            cure = "Add secret_token, or write mode: polling."
            raise refusal("no_secret_token", "anybody could call a webhook without a secret token", cure)
        return self


_Host = Annotated[Setting, checked(_HOST, "host", "that is not a host name", "Write a name such as smtp.example.com.")]
_Port = Annotated[StrictInt, Field(ge=1, le=65535)]


class Relay(Part):
    """One relay that carries mail."""

    host: _Host
    """The relay."""
    port: _Port = 587
    """587 for STARTTLS; 465 is TLS from the first byte."""
    username: Setting = ""
    """Empty: the relay asks for none."""
    password: Secret | None = None
    """Goes with `username`."""
    starttls: StrictBool = True
    """Encrypt before anything is said. Only a relay on this machine may do without."""

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        if bool(self.username) != (self.password is not None):
            raise refusal("half_a_login", "a login has two parts", "Give both username and password, or neither.")
        if not self.starttls and self.port != 465 and not is_loopback(self.host):
            cure = "Write starttls: true, or port: 465."
            raise refusal("plain_smtp", "plain SMTP would show mail and password on the way", cure)
        return self

    def settings(self) -> dict[str, object]:
        """What the adapter opens, the password in the clear."""
        password = self.password.get_secret_value() if self.password else ""
        own = {"host": self.host, "port": self.port, "username": self.username, "starttls": self.starttls}
        return {**own, "password": password}


class Email(Carrier):
    """Who carries mail: one relay, written here, or several under `relays`."""

    sender: Annotated[Mail, Field(alias="from")]
    """The address that mail comes from, over every relay."""
    relays: Annotated[tuple[Relay, ...], Field(max_length=5)] = ()
    """Up to 5 relays in the order in which they are tried; a mail has 7 seconds for all of them."""
    host: _Host | None = None
    """The relay, where there is one only."""
    port: _Port = 587
    """587 for STARTTLS; 465 is TLS from the first byte."""
    username: Setting = ""
    """Empty: the relay asks for none."""
    password: Secret | None = None
    """Goes with `username`."""
    starttls: StrictBool = True
    """Encrypt before anything is said. Only a relay on this machine may do without."""

    @model_validator(mode="after")
    def _has_relays(self) -> Self:
        own = self.model_fields_set - {"sender", "relays"}
        if self.relays and own:
            cure = "Move " + ", ".join(sorted(own)) + " into an entry of relays."
            raise refusal("two_ways_of_relays", "there are relays, and one relay beside them", cure)
        if not self.relays and self.host is None:
            raise refusal("no_relay", "nobody would carry the mail", "Add host, or up to 5 relays.")
        names = [(relay.host, relay.port) for relay in self.relays]
        if len(set(names)) < len(names):
            raise refusal("same_relay", "a relay stands there twice", "Leave one of them out: each is tried once.")
        if not self.relays:
            self.carried_by()
        return self

    def carried_by(self) -> tuple[Relay, ...]:
        """The relays in their order, whichever way they are written."""
        if self.relays or self.host is None:
            return self.relays
        alone = {"host": self.host, "port": self.port, "username": self.username, "starttls": self.starttls}
        return (Relay.model_validate({**alone, "password": self.password}),)

    def settings(self) -> dict[str, object]:
        """The sender, and the relays with their passwords in the clear."""
        return {"sender": self.sender, "relays": tuple(relay.settings() for relay in self.carried_by())}


class Platforms(Part):
    """Every platform and vendor that Tocsin may use; what is absent is not used."""

    slack: Slack | None = None
    """Slack."""
    teams: Teams | None = None
    """Microsoft Teams."""
    slack_bot: SlackBot | None = None
    """Incoming webhooks of Slack."""
    telegram: Telegram | None = None
    """Telegram."""
    discord: Discord | None = None
    """Webhooks of Discord."""
    mattermost: Mattermost | None = None
    """Incoming webhooks of Mattermost."""
    google_chat: GoogleChat | None = None
    """Webhooks of Google Chat."""
    ntfy: Ntfy | None = None
    """Push notifications by ntfy."""
    pushover: Pushover | None = None
    """Push notifications by Pushover."""
    apprise: Apprise | None = None
    """Every other service, by Apprise."""
    sms: Sms | None = None
    """SMS."""
    voice: Voice | None = None
    """Calls."""
    email: Email | None = None
    """Mail."""

    def declared(self) -> frozenset[str]:
        """The names of what is there."""
        return frozenset(self.settings())

    def settings(self) -> dict[str, dict[str, object]]:
        """For each that is there, what its adapter is made from. Never log it: the secrets are in the clear."""
        found: dict[str, Carrier | None] = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: carrier.settings() for name, carrier in found.items() if carrier is not None}
