"""Socket Mode: the app dials in, gets `hello`, and receives callbacks as envelopes that it must acknowledge.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.playground.hub import Json
from bot.playground.slack.workspace import Workspace

CONNECTIONS_MAX = 10  # "up to 10 open WebSocket connections at the same time"
TICKETS_MAX = 50
CONNECTION_TIME_S = 3_600


@dataclass(slots=True)
class Sockets:
    """The open Socket Mode connections of the app; callbacks go to them in turn."""

    space: Workspace
    _tickets: list[str] = field(default_factory=list)
    _open: list[WebSocket] = field(default_factory=list)
    _acks: dict[str, asyncio.Future[Json]] = field(default_factory=dict)
    _turn: int = 0

    def address(self, request: Request) -> str:
        """A one-time `ws://` address below the mount point of the request."""
        ticket = secrets.token_urlsafe(18)
        self._tickets = [*self._tickets, ticket][-TICKETS_MAX:]
        return f"ws://{request.url.netloc}{request.scope.get('root_path', '')}/socket/{ticket}"

    def connected(self) -> int:
        """How many connections are open."""
        return len(self._open)

    async def endpoint(self, socket: WebSocket) -> None:
        """One connection, from `hello` until the app or `disconnect` ends it."""
        ticket = str(socket.path_params["ticket"])
        if ticket not in self._tickets or len(self._open) >= CONNECTIONS_MAX:
            await socket.close(code=1008)
            return
        self._tickets.remove(ticket)
        await socket.accept()
        self._open.append(socket)
        self.space.publish("socket", {"connected": len(self._open)})
        hello: Json = {
            "type": "hello", "num_connections": len(self._open),
            "debug_info": {"host": "playground", "build_number": 1, "approximate_connection_time": CONNECTION_TIME_S},
            "connection_info": {"app_id": self.space.config.app_id},
        }  # fmt: skip
        try:
            await socket.send_json(hello)
            while True:
                self._acknowledged(await socket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            if socket in self._open:
                self._open.remove(socket)
            self.space.publish("socket", {"connected": len(self._open)})

    def _acknowledged(self, text: str) -> None:
        try:
            reply = json.loads(text)
        except ValueError:
            return  # the SDKs also send plain-text keep-alives, which carry no acknowledgement
        future = self._acks.get(str(reply.get("envelope_id"))) if isinstance(reply, dict) else None
        if future is not None and not future.done():
            future.set_result(reply)

    async def deliver(self, kind: str, payload: Json, deadline_s: float, retry: Json | None = None) -> Json | None:
        """Send one envelope (`interactive`, `slash_commands`, `events_api`) and return the app's acknowledgement.

        Returns `None` when no acknowledgement came within `deadline_s`, or the connection broke.
        """
        envelope: Json = {"envelope_id": str(uuid.uuid4()), "type": kind, "payload": payload,
                          "accepts_response_payload": kind != "events_api", **(retry or {})}  # fmt: skip
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._acks[envelope["envelope_id"]] = future
        socket = self._open[self._turn % len(self._open)]
        self._turn += 1
        try:
            async with asyncio.timeout(deadline_s):
                await socket.send_json(envelope)
                return await future
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            return None
        finally:
            del self._acks[envelope["envelope_id"]]

    async def disconnect(self, reason: str) -> None:
        """Tell every connection to go (`warning`, `refresh_requested`, `link_disabled`) and close it."""
        for socket in list(self._open):
            message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "playground"}}
            try:
                await socket.send_json(message)
                await socket.close()
            except (RuntimeError, WebSocketDisconnect):
                continue  # the app closed first; its own loop has already taken it off the list
