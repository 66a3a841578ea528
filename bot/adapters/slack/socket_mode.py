"""Socket Mode: we dial Slack, it sends envelopes, and each must be acknowledged within three seconds.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from bot.adapters.base import Errands, HttpAnswer, Json, RateLimited, SendError
from bot.adapters.slack.outcome import fact, outcome

if TYPE_CHECKING:
    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

Handle = Callable[[Json], Awaitable[HttpAnswer]]

DIAL_S = 7.0
HEARTBEAT_S = 20.0
"""A connection that does not answer a ping within half of this is given up and dialled anew."""
CLOSE_S = 1.0
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 60.0
STEADY_S = 30.0

log = logging.getLogger(__name__)


async def converse(
    web: AsyncWebClient, session: aiohttp.ClientSession, app_token: str, errands: Errands, handle: Handle
) -> None:
    """Stay connected until cancelled; a lost connection is dialled again, with growing pauses while that fails.

    The SDK's own client is not used: it retries a used ticket for ever, leaves tasks behind when closed, and opens a
    session of its own without timeouts.
    """
    import aiohttp

    pause_s = PAUSE_FIRST_S
    while True:
        try:
            async with outcome(DIAL_S, ambiguous=False):
                url = fact(await web.apps_connections_open(app_token=app_token), "url")
                socket = await session.ws_connect(
                    url, heartbeat=HEARTBEAT_S, timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S)
                )
        except SendError as error:
            wait_s = error.after_s if isinstance(error, RateLimited) else pause_s
            log.warning("Slack's Socket Mode could not be reached (%s); trying again in %.0f s.", error, wait_s)
            await asyncio.sleep(wait_s)
            pause_s = min(pause_s * 2, PAUSE_MAX_S)
            continue
        began = asyncio.get_running_loop().time()
        async with socket:
            await _hear(socket, errands, handle)
        if asyncio.get_running_loop().time() - began > STEADY_S:
            pause_s = PAUSE_FIRST_S
        else:
            await asyncio.sleep(pause_s)  # a connection that breaks at once is not dialled in a tight loop
            pause_s = min(pause_s * 2, PAUSE_MAX_S)


async def _hear(socket: aiohttp.ClientWebSocketResponse, errands: Errands, handle: Handle) -> None:
    """Hand on every envelope until Slack says `disconnect` (it refreshes connections every few hours) or is gone."""
    import aiohttp

    async for frame in socket:
        if frame.type is not aiohttp.WSMsgType.TEXT:
            continue
        envelope = _object(frame.data)
        if envelope.get("type") == "disconnect":
            log.info("Slack asks for a new connection (%s).", envelope.get("reason"))
            return
        payload = envelope.get("payload")
        if isinstance(payload, dict) and isinstance(envelope.get("envelope_id"), str):
            errands.begin(_acknowledge(socket, envelope, payload, handle))


async def _acknowledge(socket: aiohttp.ClientWebSocketResponse, envelope: Json, payload: Json, handle: Handle) -> None:
    answer = await handle(payload)
    if answer.status != 200:
        return  # not acknowledged: Slack tells the person, and repeats an event
    reply: Json = {"envelope_id": envelope["envelope_id"]}
    if answer.body and envelope.get("accepts_response_payload"):
        said = _object(answer.body)
        reply["payload"] = said or {"text": answer.body.decode()}
    await socket.send_str(json.dumps(reply))


def _object(text: str | bytes) -> Json:
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
