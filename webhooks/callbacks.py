"""`/callbacks/PLATFORM`: what chat platforms and vendors tell us, handed to their adapter raw."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.adapters.base import PROBE, Adapter, HttpRequest
from bot.store.base import StoreUnavailable
from webhooks.bodies import Gone, TooLarge, read_body

UNPROVEN = (401, 403)


def routes(adapters: Mapping[str, Adapter], refused: Callable[[str], Awaitable[None]]) -> list[BaseRoute]:
    """One address for each adapter; it verifies and answers by itself. `refused` hears of what it did not believe."""

    async def callback(request: Request) -> Response:
        adapter = adapters.get(request.path_params["platform"])
        if adapter is None:
            return PlainTextResponse("This platform is not configured here.", 404)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            body = await read_body(request.receive, headers)
            answer = await adapter.receive(
                HttpRequest(
                    method=request.method,
                    path=request.url.path,
                    query=request.url.query,
                    headers=headers,
                    body=body,
                )
            )
        except TooLarge:
            return PlainTextResponse("The body is too large.", 413)
        except Gone:
            return PlainTextResponse("The body did not arrive completely.", 408)
        except StoreUnavailable:
            return PlainTextResponse("The database cannot be written just now. Send it again.", 503)
        if answer.status in UNPROVEN and PROBE not in headers:
            await refused(adapter.name)
        return Response(answer.body, answer.status, dict(answer.headers), answer.content_type)

    # Behind the platform there may be one of its vendors, and what makes the address unguessable.
    paths = ("/callbacks/{platform}", "/callbacks/{platform}/{rest:path}")
    return [Route(path, callback, methods=["GET", "POST"]) for path in paths]
