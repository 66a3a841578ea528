"""What `doctor` asks Slack: do the tokens live, may the app do what Tocsin needs, do clicks arrive, is all reached?"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.adapters.base import PROBE, Finding, Permanent, RateLimited, SendError
from bot.adapters.slack.outcome import fact, outcome
from bot.adapters.slack.scopes import GROUPS, NEEDED, ROOMS, SCOPES, missing
from bot.adapters.slack.signing import signed

if TYPE_CHECKING:
    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.adapters.slack.adapter import SlackSettings

UNSIGNED_CURE = "Copy the Signing Secret from the app's page Basic Information, or set an app token for Socket Mode."
REINSTALL = "on the app's page OAuth & Permissions, then reinstall the app (tocsin manifest slack has them all)"
LOOKS_MAX = 45
"""Below 50 a minute: conversations.info and conversations.open are tier 3."""
AT_ONCE = 8
CHALLENGE = "tocsin-doctor"
NO_WAY_HOME = "Check DNS, certificate and proxy of public_url, and that Tocsin runs behind it."


async def examine(web: AsyncWebClient, session: aiohttp.ClientSession, settings: SlackSettings) -> list[Finding]:
    """One finding a check; a failed round trip is a finding too, never an error."""
    findings = await _bot(web, settings.timeout_s)
    alive = findings[0].ok
    if settings.app_token:
        findings.append(await _socket(web, settings.app_token, settings.timeout_s))
    else:
        secret = _secret(settings.signing_secret)
        findings.append(secret)
        if secret.ok and settings.callback_base:
            findings.append(await _callback(session, settings))
    return [*findings, *await _places(web, settings)] if alive else findings


async def _bot(web: AsyncWebClient, timeout_s: float) -> list[Finding]:
    try:
        async with outcome(timeout_s, ambiguous=False):
            answer = await web.auth_test()
            who = f"{fact(answer, 'user')} in {fact(answer, 'team')}"
    except SendError as error:
        cure = "Copy the Bot User OAuth Token (xoxb-…) from the app's page OAuth & Permissions."
        cure = "Run doctor again in a minute." if isinstance(error, RateLimited) else cure
        return [Finding(check="bot token", ok=False, detail=str(error), cure=cure)]
    return [Finding(check="bot token", ok=True, detail=who), *scopes(str(answer.headers.get("x-oauth-scopes", "")))]


def scopes(header: str) -> list[Finding]:
    """What the token may not do; what only war rooms or user groups need is told, and is no fault."""
    if not header.strip():
        return [Finding(check="scopes", ok=True, detail="Slack did not say which scopes the token has")]
    lacking = missing(header, NEEDED)
    found = [
        Finding(
            check="scopes",
            ok=not lacking,
            detail=_cannot(lacking) or f"all {len(NEEDED)} that Tocsin needs are granted",
            cure=f"Add {', '.join(lacking)} {REINSTALL}." if lacking else "",
        )
    ]
    for what, wanted in (("war rooms", ROOMS), ("user groups", GROUPS)):
        lacking = missing(header, wanted)
        cure = f"To use {what}, add {', '.join(lacking)} {REINSTALL}." if lacking else ""
        found.append(Finding(check=f"scopes for {what}", ok=True, detail=_cannot(lacking) or "granted", cure=cure))
    return found


def _cannot(lacking: list[str]) -> str:
    return "; ".join(f"without {scope} Tocsin cannot {SCOPES[scope]}" for scope in lacking)


def _secret(secret: str) -> Finding:
    """Slack offers no way to ask whether a signing secret is right; that it is a token instead can be seen."""
    if secret.startswith(("xox", "xapp")):
        detail = "it is a token, so no callback would be believed"
        return Finding(check="signing secret", ok=False, detail=detail, cure=UNSIGNED_CURE)
    if not secret:
        return Finding(check="signing secret", ok=False, detail="it is not set", cure=UNSIGNED_CURE)
    return Finding(check="signing secret", ok=True, detail="callbacks come by HTTP and are verified with it")


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


async def _callback(session: aiohttp.ClientSession, settings: SlackSettings) -> Finding:
    """Calls our own public address as Slack would: https://docs.slack.dev/reference/events/url_verification."""
    url = f"{settings.callback_base}/callbacks/slack"
    body = json.dumps({"type": "url_verification", "challenge": CHALLENGE}).encode()
    proof = signed(settings.signing_secret, settings.clock(), body)
    headers = {"Content-Type": "application/json", PROBE: "doctor", **proof}
    try:
        async with (
            outcome(settings.timeout_s, ambiguous=False),
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            status, said = answer.status, (await answer.content.read(1000)).decode(errors="replace")
    except SendError as error:
        return Finding(check="callback address", ok=False, detail=f"{url}: {error}", cure=NO_WAY_HOME)
    check = "callback address"
    if status == 401:
        cure = "Give both the same signing_secret, and restart Tocsin after a change."
        detail = f"{url}: whoever answers there has another signing secret, or a clock that is five minutes off"
        return Finding(check=check, ok=False, detail=detail, cure=cure)
    if status != 200 or CHALLENGE not in said:
        return Finding(check=check, ok=False, detail=f"{url}: HTTP {status}, and not from Tocsin", cure=NO_WAY_HOME)
    if urlsplit(url).scheme != "https":
        cure = "Put a proxy with a certificate in front, or set an app token for Socket Mode."
        return Finding(check=check, ok=False, detail=f"{url}: Slack calls HTTPS addresses only", cure=cure)
    return Finding(check=check, ok=True, detail=f"{url} is reached, and is Tocsin")


async def _places(web: AsyncWebClient, settings: SlackSettings) -> list[Finding]:
    """Every chat and person that the manifest names, a few at once, as far as a minute's calls go."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def look(address: str) -> Finding:
        async with gate:
            return await _reach(web, address, settings.timeout_s)

    chats, people = tuple(dict.fromkeys(settings.chats)), tuple(dict.fromkeys(settings.people))
    found = list(await asyncio.gather(*map(look, (*chats[:LOOKS_MAX], *people[:LOOKS_MAX]))))
    left = len(chats[LOOKS_MAX:]) + len(people[LOOKS_MAX:])
    if left:
        found.append(Finding(check="chats and people", ok=True, detail=f"{left} more were not looked at: {_WHY_NOT}"))
    return found


async def _reach(web: AsyncWebClient, address: str, timeout_s: float) -> Finding:
    """Whether a card would arrive there: a person's direct message can be opened, a chat has the bot in it."""
    person = address.startswith(("U", "W"))
    check = f"{'person' if person else 'chat'} {address}"
    try:
        async with outcome(timeout_s, ambiguous=False):
            if person:
                await web.conversations_open(users=address)
                return Finding(check=check, ok=True, detail="can be written to directly")
            channel = (await web.conversations_info(channel=address)).get("channel")
    except Permanent as error:
        return Finding(check=check, ok=False, detail=str(error), cure=_PERSON_CURE if person else _CHAT_CURE)
    except RateLimited:
        return Finding(check=check, ok=True, detail=f"was not looked at: {_WHY_NOT}")
    except SendError as error:
        cure = f"Add the scope that is named, if one is, {REINSTALL}."
        return Finding(check=check, ok=False, detail=str(error), cure=cure)
    facts = channel if isinstance(channel, dict) else {}
    name = f"#{facts.get('name', '?')}"
    if facts.get("is_archived"):
        cure = "Unarchive it, or write another chat in the manifest."
        return Finding(check=check, ok=False, detail=f"{name} is archived", cure=cure)
    if facts.get("is_member") is False:
        cure = f"Write in {name}: /invite @tocsin"
        return Finding(check=check, ok=False, detail=f"the bot is not in {name}", cure=cure)
    return Finding(check=check, ok=True, detail=f"the bot is in {name}")


_WHY_NOT = "Slack answers 50 such questions a minute"
_CHAT_CURE = "Copy the id (C…) from the chat's details; invite the bot there if it is private: /invite @tocsin"
_PERSON_CURE = "The account is gone, a bot, or refuses messages of the app: correct the id (U…), or let them link anew."
