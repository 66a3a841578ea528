"""The app manifest: everything that has to be set at Slack for Tocsin, as one document to paste at "From a manifest".

Source: https://docs.slack.dev/reference/app-manifest
"""

from __future__ import annotations

from bot.adapters.base import Json
from bot.adapters.slack.decode import KEEP
from bot.adapters.slack.scopes import SCOPES

COMMAND = "/toc"
EVENTS = ("app_home_opened", "app_mention", "message.im")


def app_manifest(url: str, *, socket_mode: bool, name: str = "Tocsin") -> Json:
    """The manifest of an app that speaks to the Tocsin at `url` (its public address, without a slash at the end).

    With `socket_mode` Slack calls nobody, and `url` is not used. Raises ValueError for an address that Slack would not
    call: it wants HTTPS.
    """
    if not socket_mode and not url.startswith("https://"):
        raise ValueError(f"Slack calls HTTPS addresses only, not {url or 'an empty one'}. Use Socket Mode without one.")
    called = {} if socket_mode else {"request_url": f"{url.rstrip('/')}/callbacks/slack"}
    command: Json = {
        "command": COMMAND,
        "description": "Who is on call, incidents, silences",
        "usage_hint": "oncall | list | ack 142 | help",
        "should_escape": True,  # so that @bo arrives as <@U2>, which is a person and no guess
        **({} if socket_mode else {"url": called["request_url"]}),
    }
    keep = {
        "name": "Add to incident",
        "type": "message",
        "callback_id": KEEP,
        "description": "Keep this message in an incident's timeline",
    }
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": name[:35],
            "description": "On-call: incidents, who has them, and who is next.",
            "background_color": "#7a1f1f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name.lower()[:80], "always_online": True},
            "shortcuts": [keep],
            "slash_commands": [command],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {**called, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **called},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }
