"""Who lives in the played Slack workspace, and the credentials that the app and the workspace share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SCOPES_DEFAULT = frozenset({
    "app_mentions:read", "bookmarks:write", "channels:history", "channels:manage", "channels:read", "chat:write",
    "commands", "groups:history", "groups:read", "groups:write", "im:history", "im:read", "im:write", "pins:write",
    "usergroups:read", "usergroups:write", "users:read", "users:read.email",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class SlackUser:
    """A person; `language` is what Slack calls the locale (`en-US`); `deleted` means deactivated by an admin."""

    id: str
    name: str
    real_name: str
    email: str
    language: str = "en-US"
    tz: str = "Etc/UTC"
    deleted: bool = False
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """A conversation that exists when the workspace opens; the bot is a member only if `members` names its user id."""

    id: str
    name: str
    members: tuple[str, ...] = ()
    is_private: bool = False
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class SlackGroup:
    """A user group that exists when the workspace opens."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...] = ()
    disabled: bool = False


@dataclass(slots=True)
class SlackConfig:
    """Everything the played Slack must know.

    `callback_url` is the app's single request URL for interactivity, slash commands and events; it may be set late.
    `public_url` is where the app reaches this Slack (`http://127.0.0.1:8400/slack`), for the `response_url` of
    payloads; left empty, it is learned from the first request.
    `shortcuts` are the callback ids of the app's message shortcuts, `home_tab` whether it has a Home tab.
    `webhooks` maps the path of an incoming webhook (`T1/B2/secret`) to the conversation that it posts to.
    `paid_plan=False` plays a workspace without user groups.
    `rate_limits=False` switches off the vendor's quotas (for a load measurement), and nothing else.
    `deadline_s` is Slack's three seconds for every answer
    (https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response).
    `event_retry_delays_s` are the waits before each repeat of an unacknowledged event: nearly at once, one minute, five
    minutes (https://docs.slack.dev/apis/events-api#retries).
    """

    callback_url: str = ""
    public_url: str = ""
    bot_token: str = "xoxb-playground"
    app_token: str = "xapp-playground"
    signing_secret: str = "playground-signing-secret"
    verification_token: str = "playground-verification"
    team_id: str = "T1"
    team_domain: str = "playground"
    app_id: str = "A1"
    bot_id: str = "B1"
    bot_user_id: str = "UB"
    bot_name: str = "tocsin"
    users: tuple[SlackUser, ...] = ()
    channels: tuple[SlackChannel, ...] = ()
    groups: tuple[SlackGroup, ...] = ()
    webhooks: Mapping[str, str] = field(default_factory=dict)
    shortcuts: frozenset[str] = frozenset()
    home_tab: bool = True
    paid_plan: bool = True
    commands: frozenset[str] = frozenset({"/oncall", "/tocsin"})
    scopes: frozenset[str] = field(default=SCOPES_DEFAULT)
    rate_limits: bool = True
    deadline_s: float = 3.0
    event_retry_delays_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    messages_kept: int = 200
