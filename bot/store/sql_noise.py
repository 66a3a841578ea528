"""Silences, muted alerts, flapping keys and kinds seen before, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import delete, select, update

from bot.engine.flapping import Flaps
from bot.engine.model import DAY, Alert, Incident, Instant
from bot.engine.silence import Silence
from bot.store.dialect import Cursor, Dialect
from bot.store.mapping import alert_from, flaps_from, flaps_row, plain, silence_from, silence_row
from bot.store.sql_alerts import AlertRows
from bot.store.sql_incidents import IncidentRows
from bot.store.statement import Statement, constant, insert_if_new, limit, param, upsert_row
from bot.store.tables import ALERT, FLAPS, INCIDENT, SIGHT, SILENCE

Key = tuple[str, str, str]

_OPEN = ALERT.c.closed_at.is_(None)

_SILENCES: Final = Statement(lambda _: select(SILENCE.c.whole).order_by(SILENCE.c.channel, SILENCE.c.id))
_PUT_SILENCE: Final = upsert_row(SILENCE, "id", "channel")
_DROP_SILENCE: Final = Statement(
    lambda _: delete(SILENCE).where(SILENCE.c.channel == param("within"), SILENCE.c.id == param("wanted"))
)
_BY_ID: Final = Statement(lambda d: select(ALERT.c.id, ALERT.c.whole).where(d.among(ALERT.c.id, "ids")))
_MUTED: Final = Statement(
    lambda _: (
        select(ALERT.c.whole)
        .where(_OPEN, ALERT.c.muted != constant(""), ALERT.c.muted == param("why"))
        .order_by(ALERT.c.seq)
        .limit(limit())
    )
)
_IN_CHANNEL: Final = Statement(
    lambda _: (
        select(ALERT.c.whole)
        .where(_OPEN, ALERT.c.channel == param("within"), ALERT.c.last_at >= param("since"))
        .order_by(ALERT.c.last_at.desc(), ALERT.c.seq.desc())
        .limit(limit())
    )
)
_FLAPS: Final = Statement(
    lambda _: select(FLAPS.c.whole).where(
        FLAPS.c.integration == param("feed"), FLAPS.c.channel == param("within"), FLAPS.c.alert_key == param("named")
    )
)
_PUT_FLAPS: Final = upsert_row(FLAPS, "integration", "channel", "alert_key")
_SEE: Final = insert_if_new(SIGHT, "channel", "fingerprint")
_SEE_AGAIN: Final = Statement(
    lambda _: (
        update(SIGHT)
        .where(
            SIGHT.c.channel == param("within"), SIGHT.c.fingerprint == param("wanted"), SIGHT.c.at <= param("before")
        )
        .values(at=param("now"))
    )
)


def _newest(*, closed: bool) -> Statement:
    is_closed = INCIDENT.c.progress == constant("Closed")
    return Statement(
        lambda _: (
            select(INCIDENT.c.id)
            .where(INCIDENT.c.channel == param("within"), is_closed if closed else ~is_closed)
            .order_by(INCIDENT.c.seq.desc())
            .limit(limit())
        )
    )


_NTH_NEWEST: Final = Statement(
    lambda _: (
        select(INCIDENT.c.id)
        .where(INCIDENT.c.channel == param("within"))
        .order_by(INCIDENT.c.seq.desc())
        .limit(limit())
        .offset(param("skip"))
    )
)
_NEWEST_OPEN: Final = _newest(closed=False)
_NEWEST_CLOSED: Final = _newest(closed=True)


class NoiseRows(AlertRows, IncidentRows):
    """The noise part of a transaction; `NoiseTx` says what each method promises."""

    def __init__(self, cursor: Cursor, dialect: Dialect, *, reading: bool) -> None:
        """Begin with nothing read."""
        super().__init__(cursor, dialect, reading=reading)
        self._flaps: dict[Key, Flaps | None] = {}
        self._changed_flaps: dict[Key, Flaps] = {}

    def silences(self) -> list[Silence]:
        """By channel and id."""
        return [silence_from(text) for (text,) in self._fetch(_SILENCES)]

    def put_silence(self, silence: Silence) -> None:
        """Insert or replace."""
        self._change(_PUT_SILENCE, silence_row(silence))

    def drop_silence(self, channel: str, silence_id: str) -> bool:
        """Delete."""
        return self._change(_DROP_SILENCE, {"within": plain(channel), "wanted": silence_id}) > 0

    def alerts(self, ids: Collection[str]) -> dict[str, Alert]:
        """By their ids."""
        self._flush_alerts()
        rows = self._fetch(_BY_ID, ids=self._dialect.listed(set(ids)))
        found = {one: alert_from(text) for one, text in rows}
        return {one: found[one] for one in ids if one in found}

    def muted_alerts(self, muted: str, limit: int) -> list[Alert]:
        """Through a partial index."""
        self._flush_alerts()
        return [alert_from(text) for (text,) in self._fetch(_MUTED, why=plain(muted), limit=limit)]

    def alerts_in(self, channel: str, since: Instant, limit: int) -> list[Alert]:
        """Through a partial index."""
        self._flush_alerts()
        rows = self._fetch(_IN_CHANNEL, within=plain(channel), since=since, limit=limit)
        return [alert_from(text) for (text,) in rows]

    def flaps(self, keys: Collection[Key]) -> dict[Key, Flaps]:
        """What this transaction has met is kept."""
        for key in keys:
            if key not in self._flaps:
                feed, channel, alert_key = map(plain, key)
                rows = self._fetch(_FLAPS, feed=feed, within=channel, named=alert_key)
                self._flaps[key] = next((flaps_from(text) for (text,) in rows), None)
        return {key: found for key in keys if (found := self._flaps[key]) is not None}

    def put_flaps(self, rows: Sequence[Flaps]) -> None:
        """Saved at the end of the work."""
        found = {(row.integration, row.channel, row.alert_key): row for row in rows}
        self._flaps.update(found)
        self._changed_flaps.update(found)

    def first_seen(self, channel: str, fingerprint: str, now: Instant) -> bool:
        """One INSERT decides."""
        if self._change(_SEE, {"channel": plain(channel), "fingerprint": fingerprint, "at": now}):
            return True
        self._change(_SEE_AGAIN, {"within": plain(channel), "wanted": fingerprint, "before": now - DAY, "now": now})
        return False

    def newest_open(self, channel: str, limit: int) -> list[Incident]:
        """Ids first: most of them have been met in this transaction."""
        return self._newest_of(_NEWEST_OPEN, channel, limit)

    def nth_newest(self, channel: str, n: int) -> Incident | None:
        """One row through the channel's index."""
        self._flush_incidents()
        ids = [one for (one,) in self._fetch(_NTH_NEWEST, within=plain(channel), limit=1, skip=n - 1)]
        return next(iter(self.incidents(ids).values()), None)

    def newest_closed(self, channel: str, limit: int) -> list[Incident]:
        """Ids first."""
        return self._newest_of(_NEWEST_CLOSED, channel, limit)

    def _newest_of(self, query: Statement, channel: str, limit: int) -> list[Incident]:
        self._flush_incidents()
        ids = [one for (one,) in self._fetch(query, within=plain(channel), limit=limit)]
        return list(self.incidents(ids).values())

    def _flush_flaps(self) -> None:
        self._change_many(_PUT_FLAPS, [flaps_row(row) for row in self._changed_flaps.values()])
        self._changed_flaps.clear()
