"""Runs an ASGI app under uvicorn on a free loopback port: `hosted` in a thread, `serving` in the caller's loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from bot.playground.waiting import until

START_S = 15.0
GRACE_S = 1  # long polls and event streams are cut after this, so that a stop never hangs

AsgiApp = Callable[..., Any]


class _Server(uvicorn.Server):
    """A server that leaves the signal handlers of the process alone and says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self.up.set()


def loopback_socket() -> socket.socket:
    """A socket bound to a free port of 127.0.0.1, for a server whose address must be known before it runs."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 0))
    return bound


def url_of(bound: socket.socket) -> str:
    """`http://127.0.0.1:<port>` of a bound socket."""
    return f"http://127.0.0.1:{bound.getsockname()[1]}"


def _server(app: AsgiApp) -> _Server:
    config = uvicorn.Config(
        app, log_level="critical", access_log=False, lifespan="on", timeout_graceful_shutdown=GRACE_S, loop="asyncio"
    )
    return _Server(config)


@contextmanager
def hosted(app: AsgiApp, bound: socket.socket | None = None) -> Iterator[str]:
    """Serve in a thread of its own and yield the base URL; the app is stopped cleanly at the end.

    Raises `RuntimeError` when the app does not come up.
    """
    bound = bound or loopback_socket()
    server = _server(app)
    failure: list[BaseException] = []

    def run() -> None:
        try:
            server.run(sockets=[bound])
        except BaseException as error:  # noqa: BLE001  # handed to the caller's thread, which raises from it
            failure.append(error)
        finally:
            server.up.set()

    thread = threading.Thread(target=run, name="playground", daemon=True)
    thread.start()
    server.up.wait(START_S)
    if not server.started:
        server.should_exit = True
        message = "The app did not start; run it with `uvicorn --log-level debug` to see why."
        raise RuntimeError(message) from (failure[0] if failure else None)
    try:
        yield url_of(bound)
    finally:
        server.should_exit = True
        thread.join(START_S)
        bound.close()


@asynccontextmanager
async def serving(app: AsgiApp, bound: socket.socket | None = None) -> AsyncIterator[str]:
    """Serve in the running event loop and yield the base URL, so that the caller may also call the app's objects.

    Raises `RuntimeError` when the app does not come up.
    """
    bound = bound or loopback_socket()
    server = _server(app)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        async with asyncio.timeout(START_S):
            await until(lambda: server.started or task.done())
        if not server.started:
            message = "The app did not start; run it with `uvicorn --log-level debug` to see why."
            raise RuntimeError(message)
        yield url_of(bound)
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
        bound.close()
