"""The sources as the inbox worker uses them: a kept body, with the settings its integration has now, becomes events."""

from __future__ import annotations

from collections.abc import Mapping

from bot.engine.world import Integration
from bot.intake import Parse, Read
from bot.store.base import Inbound
from webhooks.sources import SOURCES
from webhooks.sources.base import Handshake, Ignored, Outcome, Parsed, Rejected, Request, Source


def parsers(sources: Mapping[str, Source] = SOURCES) -> Mapping[str, Parse]:
    """What `bot.intake.Intake` is given: a reader for each kind of source."""
    return {name: _reader(source) for name, source in sources.items()}


def _reader(source: Source) -> Parse:
    def read(row: Inbound, integration: Integration) -> Read:
        request = Request.of(
            id=row.id,
            source=row.source,
            headers=row.headers,
            target=row.path,
            body=row.body,
            config=integration.config,
            received_at=row.received_at,
        )
        return _read(source.parse(request))

    return read


def _read(outcome: Outcome) -> Read:
    match outcome:
        case Parsed():
            return Read(events=outcome.events, why=" ".join(outcome.problems))
        case Ignored() | Handshake():
            return Read(why=outcome.why)
        case Rejected():
            return Read(why=outcome.why.rstrip("."), broken=True)  # it goes into the middle of a sentence
