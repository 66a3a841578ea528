"""Silences, muted alerts, flapping keys and kinds seen before, in memory; the SQL store's behaviour in dictionaries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from bot.engine.flapping import Flaps
from bot.engine.model import DAY, Alert, Incident, Instant, Progress
from bot.engine.silence import Silence
from bot.store.memory_incidents import MemoryIncidents


class MemoryNoise(MemoryIncidents):
    """The noise part of a transaction; `NoiseTx` says what each method promises."""

    def silences(self) -> list[Silence]:
        """By channel and id."""
        return [silence for _, silence in sorted(self._tables.silences.items())]

    def put_silence(self, silence: Silence) -> None:
        """Insert or replace."""
        self._journal.put(self._tables.silences, (silence.channel, silence.id), silence)

    def drop_silence(self, channel: str, silence_id: str) -> bool:
        """Delete."""
        known = (channel, silence_id) in self._tables.silences
        self._journal.drop(self._tables.silences, (channel, silence_id))
        return known

    def alerts(self, ids: Collection[str]) -> dict[str, Alert]:
        """By their ids."""
        return {one: self._tables.alerts[one] for one in ids if one in self._tables.alerts}

    def muted_alerts(self, muted: str, limit: int) -> list[Alert]:
        """By their arrival."""
        tables = self._tables
        ids = sorted(tables.muted.get(muted, ()), key=tables.alert_seq.__getitem__)
        return [tables.alerts[one] for one in ids[:limit]]

    def alerts_in(self, channel: str, since: Instant, limit: int) -> list[Alert]:
        """Among all that are open."""
        tables = self._tables
        opened = (tables.alerts[one] for (_, where, _), one in tables.open_slots.items() if where == channel)
        latest = sorted(
            (alert for alert in opened if alert.last_at >= since),
            key=lambda alert: (alert.last_at, tables.alert_seq[alert.id]),
            reverse=True,
        )
        return latest[:limit]

    def flaps(self, keys: Collection[tuple[str, str, str]]) -> dict[tuple[str, str, str], Flaps]:
        """By their keys."""
        return {key: self._tables.flaps[key] for key in keys if key in self._tables.flaps}

    def put_flaps(self, rows: Sequence[Flaps]) -> None:
        """Insert or replace."""
        for row in rows:
            self._journal.put(self._tables.flaps, (row.integration, row.channel, row.alert_key), row)

    def first_seen(self, channel: str, fingerprint: str, now: Instant) -> bool:
        """Remembered to the day."""
        known = self._tables.sights.get((channel, fingerprint))
        if known is None or known <= now - DAY:
            self._journal.put(self._tables.sights, (channel, fingerprint), now)
        return known is None

    def _forget(self, before: Instant, limit: int) -> int:
        """The part of `prune` that concerns flaps and sights."""
        tables, journal = self._tables, self._journal
        calm = ((row.changes[-1] if row.changes else 0, key) for key, row in tables.flaps.items())
        keys = [key for at, key in sorted(calm) if at < before][:limit]
        seen = sorted((at, sight) for sight, at in tables.sights.items())
        sights = [sight for at, sight in seen if at < before][: limit - len(keys)]
        for key in keys:
            journal.drop(tables.flaps, key)
        for sight in sights:
            journal.drop(tables.sights, sight)
        return len(keys) + len(sights)

    def newest_open(self, channel: str, limit: int) -> list[Incident]:
        """The last one that was inserted first."""
        return self.list_incidents(open_only=True, limit=limit, channel=channel)

    def nth_newest(self, channel: str, n: int) -> Incident | None:
        """Counted from the last one."""
        latest = self.list_incidents(open_only=False, limit=n, channel=channel)
        return latest[n - 1] if len(latest) == n else None

    def newest_closed(self, channel: str, limit: int) -> list[Incident]:
        """The last one that was inserted first."""
        tables = self._tables
        incidents = (tables.incidents[one] for one in reversed(tables.incidents))
        closed = (each for each in incidents if each.progress is Progress.CLOSED and each.channel == channel)
        return list(islice(closed, limit))
