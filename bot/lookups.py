"""Questions of the enrichment, answered by the team's own services over HTTP before an event's transaction begins.

A service that fails or dawdles costs its labels, never the alert: the event goes on without them.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.clock import Clock
from bot.engine.enrichment import Answers, Question, enrich
from bot.engine.feed import Lookup
from bot.engine.model import SECOND, Event, Instant, Span
from bot.engine.world import Integration
from bot.manifest.services import is_outside
from bot.observe import LOOKUPS, log

BUDGET_S = 4.0
"""All questions of one batch together; the lease of its bodies is 10 s, and they are still to be handled."""
AT_ONCE = 16
"""Connections to services at a time."""
ANSWER_MAX = 64 * 1024
"""Bytes of an answer; a longer one is a failure."""
FAILURES_MAX = 3
REST: Span = 30 * SECOND
"""After so many failures in a row, a service is not asked for so long: a storm must not wait for what is down."""


class Lookups:
    """Asks services, and remembers which of them are down."""

    def __init__(self, clock: Clock) -> None:
        """Ask nothing yet."""
        self._clock = clock
        self._failures: dict[str, int] = {}
        self._rests_until: dict[str, Instant] = {}

    def learn(self, events: Sequence[tuple[Integration, Event]]) -> Answers:
        """Everything that the enrichment of these events will ask. Blocks for up to 4 s; call it in a thread."""
        answers: dict[Question, Mapping[str, str]] = {}
        asyncio.run(self._learn(events, answers))
        return answers

    async def _learn(
        self, events: Sequence[tuple[Integration, Event]], answers: dict[Question, Mapping[str, str]]
    ) -> None:
        """Round by round, as one question may depend on the answer to another; each round answers one of each event."""
        try:
            async with asyncio.timeout(BUDGET_S), _session(private=False) as outside, _session(private=True) as inside:
                while questions := _open_questions(events, answers):
                    await asyncio.gather(
                        *(self._ask(inside if each.lookup.private else outside, each, answers) for each in questions)
                    )
        except TimeoutError:
            LOOKUPS.labels("out_of_time").inc()
            log.error("lookups_out_of_time", budget_s=BUDGET_S, answered=len(answers))

    async def _ask(
        self, session: aiohttp.ClientSession, question: Question, answers: dict[Question, Mapping[str, str]]
    ) -> None:
        answers[question] = await self._answer(session, question)

    async def _answer(self, session: aiohttp.ClientSession, question: Question) -> Mapping[str, str]:
        """The labels that a service told, or none."""
        url = question.lookup.url
        if self._clock.now() < self._rests_until.get(url, 0):
            LOOKUPS.labels("resting").inc()
            return {}
        failure: Exception | None = None
        for _ in range(1 + question.lookup.retries):
            try:
                labels = _labels_of(await _asked(session, question))
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError) as error:
                failure = error
                continue
            self._failures.pop(url, None)
            LOOKUPS.labels("answered").inc()
            return labels
        LOOKUPS.labels("failed").inc()
        log.warning("lookup_failed", service=urlsplit(url).hostname, error=repr(failure))
        self._failures[url] = self._failures.get(url, 0) + 1
        if self._failures[url] >= FAILURES_MAX:
            self._failures.pop(url)
            self._rests_until[url] = self._clock.now() + REST
            log.error("lookup_rests", service=urlsplit(url).hostname, seconds=REST // SECOND)
        return {}


def _open_questions(events: Sequence[tuple[Integration, Event]], answers: Answers) -> list[Question]:
    """The first question of each event that has no answer yet, each question once."""
    first = (enrich(event, feed.enrich, feed.id, answers).question for feed, event in events)
    return list(dict.fromkeys(question for question in first if question is not None))


def _session(*, private: bool) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=AT_ONCE, resolver=None if private else _OutsideOnly(), use_dns_cache=False, force_close=True
    )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def _asked(session: aiohttp.ClientSession, question: Question) -> Any:
    """The service's JSON. Raises ValueError, OSError, TimeoutError or aiohttp.ClientError."""
    lookup: Lookup = question.lookup
    request = session.post(
        lookup.url,
        data=question.body.encode(),
        headers={**dict(lookup.headers), "Content-Type": "application/json"},
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(total=lookup.timeout / SECOND),
    )
    async with request as response:
        if response.status != 200:
            raise ValueError(f"it answered {response.status}")
        body = bytearray()
        async for chunk in response.content.iter_chunked(16 * 1024):
            body += chunk
            if len(body) > ANSWER_MAX:
                raise ValueError(f"its answer is longer than {ANSWER_MAX} bytes")
    return json.loads(body)


def _labels_of(answer: Any) -> Mapping[str, str]:
    """`{"result_labels": {name: text}}`; numbers and booleans become text, everything else is left out."""
    labels = answer.get("result_labels") if isinstance(answer, dict) else None
    if not isinstance(labels, dict):
        raise ValueError("its answer has no object result_labels")  # noqa: TRY004 (a bad answer, whatever is wrong)
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in labels.items()
        if isinstance(value, str | int | float)
    }


class _OutsideOnly(AbstractResolver):
    """Resolves names, and refuses those that lead into a private network at the very moment of the call."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """As the system does. Raises OSError where an address is not outside."""
        found = await self._resolver.resolve(host, port, family)
        if not all(is_outside(each["host"]) for each in found):
            raise OSError(f"{host} leads to a private address; allow_private: true would allow it")
        return found

    async def close(self) -> None:
        """Nothing to free."""
        await self._resolver.close()
