"""What `doctor` asks Slack: are the tokens alive, may the app do what Tocsin needs, and how do clicks come in?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.adapters.base import Finding, SendError
from bot.adapters.slack.outcome import fact, outcome

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

SCOPES = {
    "chat:write": "post and edit cards",
    "im:write": "open direct messages",
    "users:read.email": "find members by their address",
    "users:read": "find members by their address (users:read.email depends on it)",
    "commands": "answer /toc",
    "app_mentions:read": "answer @tocsin",
    "im:history": "hear what people write to it directly",
}
"""Scopes and what fails without each: https://docs.slack.dev/reference/scopes"""

UNSIGNED_CURE = "Copy the Signing Secret from the app's page Basic Information, or set an app token for Socket Mode."


async def examine(web: AsyncWebClient, app_token: str, signing_secret: str, timeout_s: float) -> list[Finding]:
    """One finding a check; a failed round trip is a finding too, never an error."""
    findings: list[Finding] = []
    try:
        async with outcome(timeout_s, ambiguous=False):
            answer = await web.auth_test()
            who = f"{fact(answer, 'user')} in {fact(answer, 'team')}"
    except SendError as error:
        findings.append(
            Finding(
                check="bot token",
                ok=False,
                detail=str(error),
                cure="Copy the Bot User OAuth Token (xoxb-…) from the app's page OAuth & Permissions.",
            )
        )
    else:
        findings.append(Finding(check="bot token", ok=True, detail=who))
        findings.append(_scopes(str(answer.headers.get("x-oauth-scopes", ""))))
    if app_token:
        findings.append(await _socket(web, app_token, timeout_s))
    else:
        findings.append(
            Finding(
                check="signing secret",
                ok=bool(signing_secret),
                detail="callbacks come by HTTP and are verified with it" if signing_secret else "it is not set",
                cure="" if signing_secret else UNSIGNED_CURE,
            )
        )
    return findings


def _scopes(header: str) -> Finding:
    granted = {scope.strip() for scope in header.split(",") if scope.strip()}
    if not granted:
        return Finding(check="scopes", ok=True, detail="Slack did not say which scopes the token has")
    missing = [scope for scope in SCOPES if scope not in granted]
    if not missing:
        return Finding(check="scopes", ok=True, detail=f"{len(granted)} granted")
    return Finding(
        check="scopes",
        ok=False,
        detail="; ".join(f"without {scope} Tocsin cannot {SCOPES[scope]}" for scope in missing),
        cure=f"Add {', '.join(missing)} on the app's page OAuth & Permissions, then reinstall the app.",
    )


async def _socket(web: AsyncWebClient, app_token: str, timeout_s: float) -> Finding:
    try:
        async with outcome(timeout_s, ambiguous=False):
            await web.apps_connections_open(app_token=app_token)
    except SendError as error:
        return Finding(
            check="app token",
            ok=False,
            detail=str(error),
            cure="Make an app-level token (xapp-…) with the scope connections:write, and switch Socket Mode on.",
        )
    return Finding(check="app token", ok=True, detail="Socket Mode connects")
