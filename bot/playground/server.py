"""The playground's server: mounts every emulator, and offers their state, acts and outages to the page and the tests.

It listens for JSON only, so that a foreign web page cannot act here by a plain form post.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.playground.emulator import ActRefused, Emulator
from bot.playground.hub import Hub, Json, Outage

STATIC = Path(__file__).parent / "static"
HEARTBEAT_S = 15.0

Advance = Callable[[float], None]
Fire = Callable[[str], Awaitable[object]]


class Playground:
    """All emulators behind one ASGI `app`.

    `advance(seconds)` moves the product's clock and `fire(name)` sends a sample alert; without them the two endpoints
    answer 404; `samples` lists what can be fired, as `{"name", "title"}`. The app's lifespan starts the emulators and
    stops them in reverse order.
    """

    def __init__(
        self,
        hub: Hub,
        emulators: Sequence[Emulator],
        *,
        advance: Advance | None = None,
        fire: Fire | None = None,
        samples: Sequence[Json] = (),
    ) -> None:
        """Mount the emulators; two of one name are a mistake of the caller (`ValueError`)."""
        self.hub = hub
        self.emulators = {emulator.name: emulator for emulator in emulators}
        if len(self.emulators) != len(emulators):
            message = "Two emulators have the same name."
            raise ValueError(message)
        self._advance = advance
        self._fire = fire
        self._samples = list(samples)
        self.app = Starlette(routes=self._routes(), lifespan=self._lifespan)

    def _routes(self) -> list[Route | Mount]:
        routes: list[Route | Mount] = [
            Route("/", self._page),
            Route("/pg/state", self._state),
            Route("/pg/events", self._events),
            Route("/pg/outage", self._outage, methods=["POST"]),
            Route("/pg/act", self._act, methods=["POST"]),
            Route("/pg/clock", self._clock, methods=["POST"]),
            Route("/pg/sample", self._sample, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC, check_dir=False)),
        ]
        routes.extend(Mount(f"/{name}", routes=emulator.routes()) for name, emulator in self.emulators.items())
        return routes

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        started: list[Emulator] = []
        try:
            for emulator in self.emulators.values():
                started.append(emulator)
                await emulator.start()
            yield
        finally:
            for emulator in reversed(started):
                await emulator.stop()

    async def _page(self, _request: Request) -> Response:
        page = STATIC / "index.html"
        if not page.is_file():
            return PlainTextResponse("The playground page is missing; see /pg/state.", status_code=404)
        return FileResponse(page)

    async def _state(self, _request: Request) -> Response:
        return JSONResponse(self.state())

    def state(self) -> Json:
        """`{now, serial, outages, emulators, samples}`: what every chat, phone and mailbox shows now."""
        return {
            "now": self.hub.now(),
            "serial": self.hub.notices[-1]["serial"] if self.hub.notices else 0,
            "outages": {name: self.hub.outage(name) for name in self.emulators},
            "emulators": {name: emulator.state() for name, emulator in self.emulators.items()},
            "samples": self._samples,
        }

    async def _events(self, request: Request) -> Response:
        since = request.headers.get("last-event-id") or request.query_params.get("since")
        if since is not None and not since.isdecimal():
            return _refused("`since` is the serial of the last notice seen, a whole number.")
        lines = self._stream(int(since) if since is not None else None)
        return StreamingResponse(lines, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _stream(self, since: int | None) -> AsyncIterator[str]:
        """Server-sent events; with `since`, first the notices after that serial that are still on the board."""
        notices = self.hub.listen()
        upcoming: asyncio.Task[Json] = asyncio.ensure_future(anext(notices))
        try:
            await asyncio.sleep(0)  # the listener is registered before the backlog is read, so no notice falls between
            backlog = [] if since is None else [notice for notice in self.hub.notices if notice["serial"] > since]
            last = backlog[-1]["serial"] if backlog else 0
            yield ": connected\n\n"
            for notice in backlog:
                yield _sse(notice)
            while True:
                done, _ = await asyncio.wait({upcoming}, timeout=HEARTBEAT_S)
                if not done:
                    yield ": still here\n\n"
                    continue
                notice = upcoming.result()
                upcoming = asyncio.ensure_future(anext(notices))
                if notice["serial"] > last:
                    yield _sse(notice)
        finally:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
            await notices.aclose()  # type: ignore[attr-defined]  # it is an async generator

    async def _outage(self, request: Request) -> Response:
        data = await _json(request)
        if isinstance(data, Response):
            return data
        platform, wanted = str(data.get("platform")), str(data.get("outage"))
        if platform not in self.emulators:
            return _refused(f"There is no platform {platform!r} here; there are {', '.join(self.emulators)}.")
        if wanted not in set(Outage):
            return _refused(f"There is no outage {wanted!r}; there are {', '.join(Outage)}.")
        self.hub.switch(platform, Outage(wanted))
        return JSONResponse({"ok": True, "outage": wanted})

    async def _act(self, request: Request) -> Response:
        data = await _json(request)
        if isinstance(data, Response):
            return data
        platform, act = str(data.pop("platform", "")), str(data.pop("act", ""))
        if platform not in self.emulators:
            return _refused(f"There is no platform {platform!r} here; there are {', '.join(self.emulators)}.")
        try:
            return JSONResponse(await self.emulators[platform].act(act, data))
        except ActRefused as refusal:
            return _refused(str(refusal))

    async def _clock(self, request: Request) -> Response:
        data = await _json(request)
        if isinstance(data, Response):
            return data
        seconds = data.get("advance_s")
        if self._advance is None:
            return _refused("The clock of this playground cannot be moved.", 404)
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            return _refused("`advance_s` is the number of seconds to go forward, 0 or more.")
        self._advance(float(seconds))
        self.hub.publish("playground", "clock", {"advance_s": seconds, "now": self.hub.now()})
        return JSONResponse({"ok": True, "now": self.hub.now()})

    async def _sample(self, request: Request) -> Response:
        data = await _json(request)
        if isinstance(data, Response):
            return data
        name = data.get("name")
        if self._fire is None:
            return _refused("This playground has no sample alerts.", 404)
        if not isinstance(name, str):
            return _refused("`name` is the name of the sample alert.")
        try:
            result = await self._fire(name)
        except KeyError:
            return _refused(f"There is no sample alert {name!r}.")
        self.hub.publish("playground", "sample", {"name": name})
        return JSONResponse({"ok": True, "result": result})


def _sse(notice: Json) -> str:
    return f"id: {notice['serial']}\ndata: {json.dumps(notice)}\n\n"


def _refused(sentence: str, status: int = 400) -> JSONResponse:
    return JSONResponse({"ok": False, "error": sentence}, status_code=status)


async def _json(request: Request) -> Json | Response:
    """The JSON object of a request, or the refusal to send back."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return _refused("Send a JSON object with Content-Type application/json.", 415)
    try:
        data = json.loads(await request.body())
    except ValueError:
        return _refused("The body is not valid JSON.")
    return data if isinstance(data, dict) else _refused("The body must be a JSON object.")
