"""The doors for alerts: authenticate, look at the shape, keep the raw body durably, and only then answer 2xx.

Plain ASGI under Starlette routes, because this is the hot path: measured, a web framework's body model costs more than
everything else here together (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from bot.clock import Clock, Ids
from bot.engine.model import SECOND, Instant, Span
from bot.engine.world import Integration
from bot.store.base import Inbound, StoreUnavailable
from webhooks.auth import basic_password, bearer_token, forged, key_hash, unproven
from webhooks.bodies import BODY_LIMIT, DEADLINE_S, Gone, NotPacked, TooLarge, read_body, unpacked
from webhooks.pace import Pace
from webhooks.sources import SOURCES
from webhooks.sources.base import Code, Rejected, Reply, Request, Source, plain_answer

KEY_PARAMETER = "integration_key"
RETRY_AFTER_S = 5
"""Seconds that a sender should wait when the database cannot be written."""

_NOT_STORED = Rejected(
    status=503,
    code=Code.INTERNAL,
    why="The database cannot be written just now, so nothing of this request was kept. Send it again.",
    retry_after_s=RETRY_AFTER_S,
)

_NEVER_STORED = frozenset({"authorization", "proxy-authorization", "cookie", "content-encoding", "content-length"})
"""Credentials have done their work at the door; the other two speak of the bytes on the wire, not of those kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """A request before anything of its body was read."""

    id: str
    at: Instant
    method: str
    source: str
    key: str
    headers: Mapping[str, str]
    target: str
    """Path and query without the key: what may be stored and logged."""

    def request(self, body: bytes, config: Mapping[str, Any]) -> Request:
        """The request as its source sees it."""
        return Request.of(
            id=self.id,
            source=self.source,
            headers=self.headers,
            target=self.target,
            body=body,
            config=config,
            received_at=self.at,
        )

    def inbound(self, integration: Integration, body: bytes) -> Inbound:
        """What is kept: the body, and of the headers all but credentials."""
        return Inbound(
            id=self.id,
            integration=integration.id,
            source=self.source,
            received_at=self.at,
            headers={name: value for name, value in self.headers.items() if name not in _NEVER_STORED},
            path=self.target,
            body=body,
        )


class Intake:
    """Takes bodies in. Everything that touches the world is handed in: the look-up, the inbox, the clock, the ids."""

    def __init__(
        self,
        *,
        integrations: Callable[[str], Integration | None],
        append: Callable[[Inbound], Awaitable[None]],
        clock: Clock,
        ids: Ids,
        pace: Pace | None = None,
        sources: Mapping[str, Source] = SOURCES,
    ) -> None:
        """Use these. `integrations` gets the `key_hash` of the key that was sent.

        `append` returns when the body is durable, and raises StoreUnavailable when nothing was kept; the sender is then
        asked to send again. An unreadable body is appended too: the inbox worker makes the dead letter and the alarm.
        """
        self._integrations = integrations
        self._append = append
        self._clock = clock
        self._ids = ids
        self._pace = pace or Pace()
        self._sources = sources

    def knock(self, scope: Scope, source: str, path: str, *, key_in_authorization: bool = False) -> Knock:
        """What a request says before its body is read. The key is in the path, the query, or the Authorization."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        key: str = scope["path_params"].get("key", "")
        if query:
            pairs = query.split("&")
            rest = [pair for pair in pairs if not pair.startswith(KEY_PARAMETER + "=")]
            key = key or dict(parse_qsl(query)).get(KEY_PARAMETER, "")
            path = f"{path}?{'&'.join(rest)}" if rest else path
        if not key and key_in_authorization:
            key = basic_password(headers) or bearer_token(headers)
        return Knock(
            id=self._ids.short(),
            at=self._clock.now(),
            method=scope["method"],
            source=source,
            key=key,
            headers=headers,
            target=path,
        )

    async def take(self, knock: Knock, receive: Receive) -> tuple[Reply, Rejected | None]:
        """Let one request in: the reply in its source's dialect, and what was wrong with it, if anything was."""
        source = self._sources.get(knock.source)
        if source is None:
            unknown = Rejected(status=404, code=Code.ROUTE_NOT_FOUND, why=_no_source(knock.source, self._sources))
            return plain_answer(knock.request(b"", {}), unknown), unknown
        integration = self.admitted(knock, source)
        if isinstance(integration, Rejected):
            return source.answer(knock.request(b"", {}), integration), integration
        body = await _body(knock, integration, receive)
        if isinstance(body, Rejected):
            return source.answer(knock.request(b"", integration.config), body), body
        request = knock.request(body, integration.config)
        rejected = source.check(request)
        if rejected is None or rejected.keep:
            try:
                await self._append(knock.inbound(integration, body))
            except StoreUnavailable:
                rejected = _NOT_STORED
        return source.answer(request, rejected), rejected

    def admitted(self, knock: Knock, source: Source) -> Integration | Rejected:
        """The integration whose key this is, if it may send here and now."""
        if knock.method not in source.methods:
            return _wrong_method(knock.method, source)
        integration = self.known(knock, source)
        if isinstance(integration, Rejected):
            return integration
        wait = self._pace.wait(integration.id, knock.at)
        return _too_often(self._pace, wait) if wait else integration

    def known(self, knock: Knock, source: Source) -> Integration | Rejected:
        """The integration whose key this is, if it is of this source and its other proofs are there."""
        integration = self._integrations(key_hash(knock.key)) if knock.key else None
        if integration is None:
            return Rejected(status=401, code=Code.UNAUTHORIZED, why=_no_key(knock.key))
        if integration.source != source.name:
            return Rejected(
                status=404,
                code=Code.ROUTE_NOT_FOUND,
                why=f"This key belongs to an integration of the kind {integration.source}, and this is the address of "
                f"{source.name}; send to /in/{integration.source}/KEY.",
            )
        lacking = "" if source.signs else unproven(integration, knock.headers)
        return Rejected(status=401, code=Code.UNAUTHORIZED, why=lacking) if lacking else integration


async def _body(knock: Knock, integration: Integration, receive: Receive) -> bytes | Rejected:
    """The body without its packing, once its size and signature are found good."""
    try:
        raw = await read_body(receive, knock.headers)
        wrong = forged(integration, knock.headers, raw)
        if wrong:
            return Rejected(status=401, code=Code.UNAUTHORIZED, why=wrong)
        return unpacked(raw, knock.headers.get("content-encoding", ""))
    except TooLarge:
        return Rejected(
            status=413, why=f"The body is longer than {BODY_LIMIT} bytes (1 MiB), unpacked; send fewer alerts at once."
        )
    except NotPacked:
        return Rejected(
            status=415,
            code=Code.INVALID_CONTENT_TYPE,
            why="The body is not what its Content-Encoding says; send it plain, or as one gzip member.",
        )
    except Gone:
        return Rejected(status=408, why=f"The body did not arrive completely within {DEADLINE_S:.0f} seconds.")


def _wrong_method(method: str, source: Source) -> Rejected:
    return Rejected(
        status=405,
        code=Code.METHOD_NOT_ALLOWED,
        why=f"This is where {source.name} sends its alerts, by {' or '.join(sorted(source.methods))}; "
        f"{method} has nothing to fetch here. The address itself is right.",
        allow=", ".join(sorted(source.methods)),
    )


def _too_often(pace: Pace, wait: Span) -> Rejected:
    return Rejected(
        status=429,
        code=Code.TOO_FREQUENT,
        why=f"This integration sends more than {pace.per_second} requests a second or {pace.per_minute} a minute; "
        "nothing of this one was kept. Send it again later, and send changes of state only.",
        retry_after_s=-(-wait // SECOND),
    )


def _no_key(key: str) -> str:
    if key:
        return "No integration has this key; compare the address with the one that Tocsin shows for the integration."
    return f"The integration key is missing; send to /in/SOURCE/KEY, or add ?{KEY_PARAMETER}=KEY."


def _no_source(name: str, sources: Mapping[str, Source]) -> str:
    return f"There is no source {name[:50]!r}; there are {', '.join(sources)}."


async def send_reply(send: Send, reply: Reply, rejected: Rejected | None) -> None:
    """Write a reply to the wire, with the headers that its status asks for."""
    headers = [
        (b"content-length", b"%d" % len(reply.body)),
        (b"cache-control", b"no-store"),
    ]
    if reply.body:
        headers.append((b"content-type", reply.content_type.encode("latin-1")))
    if rejected is not None:
        if rejected.retry_after_s is not None:
            headers.append((b"retry-after", b"%d" % rejected.retry_after_s))
        if rejected.status == 401:
            headers.append((b"www-authenticate", b'Basic realm="tocsin"'))
        if rejected.allow:
            headers.append((b"allow", rejected.allow.encode("latin-1")))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
