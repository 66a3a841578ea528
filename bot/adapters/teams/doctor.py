"""What `doctor` asks Microsoft: does the login service know the app, can callbacks be verified, may they reach us?"""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.adapters.base import Finding, SendError
from bot.adapters.teams.keys import Keys
from bot.adapters.teams.login import Login

CREDENTIALS_CURE = (
    "Compare app_id and tenant_id with the app registration in the Entra admin center, and make a new client secret "
    "under Certificates & secrets: copy its Value, not its Secret ID."
)


async def examine(login: Login, keys: Keys, callback_base: str) -> list[Finding]:
    """One finding a check; a failed round trip is a finding too, never an error."""
    return [await _token(login), await _keys(keys), _way_in(callback_base)]


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


def _way_in(callback_base: str) -> Finding:
    """Teams speaks to a public HTTPS address only; a playground on this machine may do without."""
    parts = urlsplit(callback_base)
    here = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme == "https" or (parts.scheme == "http" and here):
        detail = f"the messaging endpoint of the bot has to be {callback_base}/callbacks/teams"
        return Finding(check="callbacks", ok=True, detail=detail)
    cure = "Set public_url to an https:// address that the internet reaches, and make it the bot's messaging endpoint."
    detail = f"Teams cannot call {callback_base}" if callback_base else "there is no public_url"
    return Finding(check="callbacks", ok=False, detail=detail, cure=cure)
