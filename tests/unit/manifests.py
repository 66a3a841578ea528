"""A manifest as small as can be, and how to change one thing in it."""

from __future__ import annotations

from typing import Any

import yaml

from bot.manifest import load
from bot.manifest.problems import ManifestError, Problem

ENV = {
    "TOCSIN_KEY_PROMETHEUS": "prometheus-0123456789",
    "TOCSIN_KEY_SCRIPTS": "scripts-0123456789abc",
    "TOCSIN_KEY_SHARED": "shared-0123456789abcd",
    "SLACK_BOT_TOKEN": "xoxb-0-example",
    "SLACK_APP_TOKEN": "xapp-0-example",
    "SLACK_SIGNING_SECRET": "signing-secret-of-slack",
    "SLACK_WEBHOOK_BOARD": "https://hooks.slack.com/services/T0/B0/secret-of-webhook",
    "TEAMS_APP_ID": "00000000-0000-4000-8000-000000000001",
    "TEAMS_CLIENT_SECRET": "secret-of-teams",
    "TEAMS_TENANT_ID": "00000000-0000-4000-8000-000000000002",
    "TELEGRAM_TOKEN": "100:token-of-telegram",
    "DISCORD_WEBHOOK_OPS": "https://discord.com/api/webhooks/1/secret-of-discord",
    "MATTERMOST_WEBHOOK_OPS": "https://chat.example.com/hooks/secret0of0mattermost",
    "GOOGLE_CHAT_WEBHOOK_OPS": "https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=secret-of-google",
    "NTFY_TOKEN": "tk_token-of-ntfy",
    "PUSHOVER_TOKEN": "token0of0pushover0000000000000",
    "APPRISE_URL_PAGER": "json://secret-of-apprise@pager.example.com/",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "token-of-twilio",
    "TWILIO_FROM": "+12025550100",
    "SMTP_USERNAME": "tocsin-at-relay",
    "SMTP_PASSWORD": "password-of-smtp",
}
"""What tocsin.example.yaml reads from the environment."""

SMALL = """\
organization: Acme
members:
  ann: {name: Ann, identities: {slack: U1}}
schedules:
  s:
    name: S
    timezone: UTC
    layers:
      - {start: 2026-01-05T09:00, members: [ann]}
channels:
  pay:
    name: Payments
    rules:
      - name: All
        levels:
          - notify: [member:ann]
integrations:
  p: {source: standard, channel: pay, key: kkkkkkkkkkkkkkkk}
catch_all: [member:ann]
platforms:
  slack: {bot_token: xoxb-1, app_token: xapp-1}
"""


def small(change: dict[str, Any]) -> str:
    """SMALL with `change` merged into it, mapping by mapping; a mapping of a platform is replaced as a whole."""
    data = yaml.safe_load(SMALL.replace("2026-01-05T09:00", '"2026-01-05T09:00"'))
    return yaml.safe_dump(_merged(data, change), sort_keys=False, allow_unicode=True, default_flow_style=False)


def _merged(old: Any, new: Any, path: tuple[str, ...] = ()) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict) or (path[:1] == ("platforms",) and len(path) == 2):
        return new
    return old | {key: _merged(old.get(key), value, (*path, key)) for key, value in new.items()}


def problems_of(text: str) -> tuple[Problem, ...]:
    """Why a text is refused; nothing when it is not."""
    try:
        load.read(text, file="tocsin.yaml", env={}, sources=["standard", "prometheus"])
    except ManifestError as refused:
        return refused.problems
    return ()
