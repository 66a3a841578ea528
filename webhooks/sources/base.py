"""What a source is: pure functions from what one monitoring system sends to what Tocsin understands, and to a reply.

Nothing here, or in a source, does I/O or reads a clock: the same request always gives the same outcome, so that a kept
body can be parsed later, parsed again (`tocsin replay`), and tried at a terminal (`tocsin parse`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from bot.engine.model import Event, Instant

Json = dict[str, Any]


class Code(StrEnum):
    """The error words of the custom event standard, which every source without a dialect of its own uses too."""

    INVALID_PARAMETER = "InvalidParameter"
    INVALID_CONTENT_TYPE = "InvalidContentType"
    METHOD_NOT_ALLOWED = "MethodNotAllowed"
    UNAUTHORIZED = "Unauthorized"
    ACCESS_DENIED = "AccessDenied"
    ROUTE_NOT_FOUND = "RouteNotFound"
    TOO_FREQUENT = "RequestTooFrequently"
    INTERNAL = "InternalError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of a monitoring system, as a source sees it.

    `id` names the received body: the same while the sender still waits and whenever the body is parsed again.
    Everything that has to be made up (the key of an alert that came without one) is derived from it.
    """

    id: str
    source: str
    headers: Mapping[str, str]
    """Names in lower case."""
    path: str
    query: Mapping[str, str]
    body: bytes
    config: Mapping[str, Any]
    """The integration's settings: `secret`, `drop_labels`, `timezone`…; each source documents its own."""
    received_at: Instant

    @staticmethod
    def of(
        *,
        id: str,  # noqa: A002
        source: str,
        headers: Mapping[str, str],
        target: str,
        body: bytes,
        config: Mapping[str, Any],
        received_at: Instant,
    ) -> Request:
        """A request from its target, which is the path with the query string (`Inbound.path`)."""
        path, _, query = target.partition("?")
        return Request(
            id=id,
            source=source,
            headers=headers,
            path=path,
            query=dict(parse_qsl(query, keep_blank_values=True)) if query else {},
            body=body,
            config=config,
            received_at=received_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The body was understood: its events in payload order, and what had to be left out."""

    events: tuple[Event, ...]
    problems: tuple[str, ...] = ()
    """One sentence for each item that was invalid; the good ones are kept all the same."""
    partial_status: int | None = None
    """The status that the sender gets although events were kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """The body was understood and means nothing to anybody: a test button, an empty batch. The sender gets a 2xx."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The body, or the request, is not accepted as it is. `why` is a sentence that tells the sender what to change."""

    status: int
    why: str
    code: str = Code.INVALID_PARAMETER
    keep: bool = False
    """Keep the body although its sender hears of the trouble: because parts of it are good, or because nobody can read
    it, its sender may be deaf, and it becomes a dead letter and an alarm. Else the sender waits, and can mend it."""
    retry_after_s: int | None = None
    allow: str = ""
    """The methods that the address does take, when this was another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """The sender proves who it is, or wants us to, before it sends alerts."""

    why: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    """What the sender needs back, when the reply itself is the proof."""
    fetch: str = ""
    """The address to call, when a call is the proof. The source has checked its host and signature already."""


Outcome = Parsed | Ignored | Rejected | Handshake


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back to the sender."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"


def json_reply(status: int, body: Any) -> Reply:
    """A reply with a JSON body."""
    return Reply(status=status, body=msgspec.json.encode(body))


def plain_answer(request: Request, rejected: Rejected | None) -> Reply:
    """The reply of every source that does not care: `{request_id, data}` or `{request_id, error}`."""
    if rejected is None:
        return json_reply(200, {"request_id": request.id, "data": {}})
    error = {"code": rejected.code, "message": rejected.why}
    return json_reply(rejected.status, {"request_id": request.id, "error": error})


def anything(request: Request) -> Rejected | None:  # noqa: ARG001
    """The check of a source whose sender does not wait for a verdict: whatever came is kept and read later."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of monitoring system. All three functions are pure and total: any bytes give an outcome."""

    name: str
    parse: Callable[[Request], Outcome]
    check: Callable[[Request], Rejected | None] = anything
    """The quick verdict before the 2xx: shape, size and signature. Whatever passes is kept."""
    answer: Callable[[Request, Rejected | None], Reply] = plain_answer
    """The reply in the source's own dialect: to a kept body (None), or to whatever was wrong with the request."""
    methods: frozenset[str] = frozenset({"POST"})
    signs: bool = False
    """Whether `check` itself verifies the integration's `secret`, by the sender's own kind of signature or token."""
    by_mail: bool = False
    """Whether its bodies are whole mails, so that an integration of this kind has a mail address."""
