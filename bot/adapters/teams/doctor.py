"""What `doctor` asks Microsoft: does the login know the app, are callbacks verified, do they arrive, who is reached?

Nothing is posted and no conversation is begun. What no bot may ask is not guessed: whether somebody blocked the app,
and which address stands in the Azure portal as the messaging endpoint.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.adapters.base import PROBE, AuthBroken, Finding, Permanent, RateLimited, SendError
from bot.adapters.teams.keys import NOT_TEAMS, Keys
from bot.adapters.teams.login import Login
from bot.adapters.teams.outcome import Kind, outcome
from bot.adapters.teams.places import base_of
from bot.adapters.teams.post import Post

if TYPE_CHECKING:
    import aiohttp

    from bot.adapters.teams.adapter import TeamsSettings

LOOK_S = 10.0
"""For all conversations together: what was not looked at by then is said to be so."""
AT_ONCE = 8
"""Below 50 calls a second, which is what an app may make in a tenant, pages included:
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit"""
AGAIN = "Run doctor again in a minute."
CREDENTIALS_CURE = (
    "Compare app_id and tenant_id with the app registration in the Entra admin center, and make a new client secret "
    "under Certificates & secrets: copy its Value, not its Secret ID."
)
REFUSED_CURE = (
    "The login service gave this token, so the secret is right. Compare app_id and single_tenant with the Microsoft "
    "App ID and the type of the Azure Bot, see that it has the channel Microsoft Teams, and service_url your cloud."
)
STRANGER_CURE = "Compare service_url with docs/platforms/teams.md: who answers there is not the Bot Connector."
ADD_CURE = "Add the app to that team or group chat (⋯, Manage team, Apps), or take the chat out of the manifest."
ID_CURE = "Copy the id from the channel's link, with : for %3A and @ for %40, or take the chat out of the manifest."
PERSON_CURE = (
    "Correct the object id (Entra admin center, Users), or bring the person into the chat that is the roster; "
    "else they are reached only after they have written to the bot."
)
ROSTER_CURE = "Set platforms.teams.roster to a channel or group chat with everybody in it."
NO_WAY_HOME = (
    "Check that Tocsin runs with platforms.teams in its manifest, and DNS, certificate and proxy of public_url: "
    "the path /callbacks/teams has to reach it."
)
LOCKED_CURE = "Let /callbacks/teams pass without a login: Tocsin itself verifies that a call is from Teams."
_WORDLESS = re.compile(r"HTTP \d+\Z")
"""A refusal without the code and message that the Connector gives, as whoever else answers at a wrong address."""


async def examine(
    settings: TeamsSettings, session: aiohttp.ClientSession, login: Login, keys: Keys, post: Post
) -> list[Finding]:
    """One finding a check; a failed round trip is a finding too, never an error."""
    token, published, way = await asyncio.gather(_token(login), _keys(keys), _way_in(session, settings))
    return [token, published, *way, *(await _places(post, settings) if token.ok else [])]


async def _token(login: Login) -> Finding:
    try:
        login.drop(await login.token())  # a kept token would prove nothing
        await login.token()
    except SendError as error:
        return Finding(check="bot token", ok=False, detail=str(error), cure=CREDENTIALS_CURE)
    return Finding(check="bot token", ok=True, detail="the login service gives the app a token")


async def _keys(keys: Keys) -> Finding:
    try:
        count = await keys.refresh()
    except SendError as error:
        cure = "Let this machine reach login.botframework.com; without its keys no callback can be trusted."
        return Finding(check="callback keys", ok=False, detail=str(error), cure=cure)
    return Finding(
        check="callback keys", ok=count > 0, detail=f"{count} published", cure="" if count else CREDENTIALS_CURE
    )


async def _way_in(session: aiohttp.ClientSession, settings: TeamsSettings) -> list[Finding]:
    """The public address by its looks, and then by a call to it."""
    address = _address(settings.callback_base)
    return [address, await _endpoint(session, settings)] if address.ok else [address]


def _address(callback_base: str) -> Finding:
    """Teams speaks to a public HTTPS address only; a playground on this machine may do without."""
    parts = urlsplit(callback_base)
    here = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme == "https" or (parts.scheme == "http" and here):
        detail = f"the messaging endpoint of the bot has to be {callback_base}/callbacks/teams"
        return Finding(check="callbacks", ok=True, detail=detail)
    cure = "Set public_url to an https:// address that the internet reaches, and make it the bot's messaging endpoint."
    detail = f"Teams cannot call {callback_base}" if callback_base else "there is no public_url"
    return Finding(check="callbacks", ok=False, detail=detail, cure=cure)


async def _endpoint(session: aiohttp.ClientSession, settings: TeamsSettings) -> Finding:
    """Calls our own public address without a signature, which only Teams could make: Tocsin has to refuse that."""
    check, url = "messaging endpoint", f"{settings.callback_base}/callbacks/teams"
    try:
        async with (
            outcome(settings.timeout_s, Kind(ambiguous=False)),
            session.post(url, json={"type": "message"}, headers={PROBE: "doctor"}, allow_redirects=False) as answer,
        ):
            status, said = answer.status, await answer.content.read(1000)
    except SendError as error:
        return Finding(check=check, ok=False, detail=f"{url}: {error}", cure=NO_WAY_HOME)
    if status == 401 and said == NOT_TEAMS:
        detail = f"{url} is reached, and Tocsin there refuses what is not signed"
        return Finding(check=check, ok=True, detail=detail)
    if status in {401, 403, 407}:
        detail = f"{url}: HTTP {status} from something before Tocsin, which would send Teams away as well"
        return Finding(check=check, ok=False, detail=detail, cure=LOCKED_CURE)
    detail = f"{url}: HTTP {status}, and not from a Tocsin with Teams"
    return Finding(check=check, ok=False, detail=detail, cure=NO_WAY_HOME)


@dataclass(slots=True)
class _Look:
    """What one conversation's members told: their ids in small letters, and why that is not all of them."""

    address: str
    people: set[str] = field(default_factory=set)
    count: int = 0
    error: SendError | None = None
    late: bool = False

    @property
    def answered(self) -> bool:
        """Whether the Connector itself said something about this conversation."""
        refused = isinstance(self.error, Permanent) and not _WORDLESS.match(self.error.detail)
        return bool(self.count) or (not self.late and (self.error is None or refused))

    @property
    def partial(self) -> bool:
        """Whether somebody may be there who was not seen."""
        return self.late or (self.error is not None and not (isinstance(self.error, Permanent) and self.answered))


async def _places(post: Post, settings: TeamsSettings) -> list[Finding]:
    """The Connector by way of every conversation that the manifest names, and then whom it has there."""
    roster = base_of(settings.roster)
    addresses = tuple(dict.fromkeys(base_of(each) for each in (roster, *settings.chats) if each))
    if not addresses:
        detail = "it was not tried: the manifest names no chat and no roster that it could be asked about"
        return [Finding(check="connector", ok=True, detail=detail), *_people([], settings.people)]
    looks = await _looks(post, addresses, settings.timeout_s)
    if not any(look.answered for look in looks):
        return [_silence(looks)]
    detail = f"{settings.service_url} answers and takes the app's token"
    declared = {base_of(each) for each in settings.chats}
    chats = [_place("chat" if look.address in declared else "roster", look) for look in looks]
    return [Finding(check="connector", ok=True, detail=detail), *chats, *_people(looks, settings.people)]


async def _looks(post: Post, addresses: tuple[str, ...], timeout_s: float) -> list[_Look]:
    gate, loop = asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop()
    end = loop.time() + LOOK_S

    async def look(address: str) -> _Look:
        found = _Look(address)
        async with gate:
            if loop.time() >= end:
                found.late = True
                return found
            try:
                async for member in post.members(address, min(loop.time() + timeout_s, end)):
                    found.count += 1
                    found.people |= {str(each).casefold() for each in (member.aad_object_id, member.id) if each}
            except SendError as error:
                found.error, found.late = error, loop.time() >= end
        return found

    return list(await asyncio.gather(*map(look, addresses)))


def _silence(looks: list[_Look]) -> Finding:
    """Nothing about any conversation: one finding for all, by the failure that says most."""
    errors = [look.error for look in looks if look.error is not None]
    kinds = (AuthBroken, Permanent, SendError)
    error = next(e for kind in kinds for e in errors if isinstance(e, kind))
    cures: tuple[tuple[type[SendError], str], ...] = (
        (AuthBroken, REFUSED_CURE),
        (RateLimited, AGAIN),
        (Permanent, STRANGER_CURE),
        (SendError, "Let this machine reach service_url, and compare it with docs/platforms/teams.md."),
    )
    cure = next(words for kind, words in cures if isinstance(error, kind))
    return Finding(check="connector", ok=False, detail=str(error), cure=cure)


def _place(what: str, look: _Look) -> Finding:
    """Whether the bot is there: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context."""
    check, error = f"{what} {look.address}", look.error
    if look.count or (error is None and not look.late):
        more = " at least; its roster could not be read to the end" if error else ""
        return Finding(check=check, ok=True, detail=f"the bot is there, and sees {look.count} people{more}")
    if error is None or look.late or isinstance(error, RateLimited):
        why = str(error) if error and not look.late else f"{LOOK_S:g} s are over"
        return Finding(check=check, ok=True, detail=f"was not looked at: {why}")
    if not isinstance(error, Permanent):
        return Finding(check=check, ok=False, detail=str(error), cure=AGAIN)
    cure = ADD_CURE if error.detail.startswith("HTTP 403") else ID_CURE
    return Finding(check=check, ok=False, detail=str(error), cure=cure)


def _people(looks: list[_Look], people: tuple[str, ...]) -> list[Finding]:
    """Teams wants the account that a roster tells: who is in none can be written to only after they acted."""
    if people and not looks:
        detail = "nobody can be looked up before they have written to the bot: there is no chat and no roster"
        return [Finding(check="people", ok=False, detail=detail, cure=ROSTER_CURE)]
    partial = sum(look.partial for look in looks)
    found: list[Finding] = []
    for person in dict.fromkeys(people):
        where = next((look.address for look in looks if person.casefold() in look.people), "")
        detail = f"is in {where}" if where else "is in no chat and no roster that the bot can see"
        if not where and partial:
            detail = f"was not found, but {partial} of {len(looks)} conversations could not be read to the end"
        sure = not where and not partial
        cure = PERSON_CURE if sure else ""
        found.append(Finding(check=f"person {person}", ok=not sure, detail=detail, cure=cure))
    return found
