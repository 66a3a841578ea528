"""What the app must be allowed, and what fails without each scope: the manifest asks for all, the doctor for each.

Source: https://docs.slack.dev/reference/scopes
"""

from __future__ import annotations

from collections.abc import Iterable

NEEDED = {
    "chat:write": "post and edit cards",
    "im:write": "open direct messages",
    "users:read.email": "find members by their address",
    "users:read": "find members by their address (users:read.email depends on it)",
    "commands": "answer /toc and the shortcut of messages",
    "app_mentions:read": "answer @tocsin",
    "im:history": "hear what people write to it directly",
}
"""Without one of these, a part of every day is missing."""

ROOMS = {
    "channels:manage": "open war rooms",
    "channels:read": "find a war room again, and see whether it is in a channel",
    "channels:history": "keep what was said in a war room",
    "groups:write": "open war rooms for private channels",
    "groups:read": "see whether a private channel is its own",
    "groups:history": "keep what was said in a private war room",
    "pins:write": "pin the card in a war room",
}
GROUPS = {
    "usergroups:read": "find a user group by its handle",
    "usergroups:write": "keep the user group of who is on call",
}

SCOPES = NEEDED | ROOMS | GROUPS


def missing(header: str, wanted: Iterable[str]) -> list[str]:
    """Which of `wanted` the header `x-oauth-scopes` of an answer does not name."""
    granted = {scope.strip() for scope in header.split(",") if scope.strip()}
    return [scope for scope in wanted if scope not in granted]
