"""What a transaction knows of noise: quick silences, alerts that are kept quiet, keys that flap, kinds seen before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from bot.engine.flapping import Flaps
from bot.engine.model import Alert, Incident, Instant
from bot.engine.silence import Silence


class NoiseTx(Protocol):
    """The part of a `Tx` that noise reduction needs."""

    def silences(self) -> list[Silence]:
        """Every quick silence, also one that is over and not deleted yet, by channel and id."""
        ...

    def put_silence(self, silence: Silence) -> None:
        """Insert, or replace the one with this id in its channel."""
        ...

    def drop_silence(self, channel: str, silence_id: str) -> bool:
        """Delete. False when there was nothing."""
        ...

    def alerts(self, ids: Collection[str]) -> dict[str, Alert]:
        """Alerts by id; unknown ids are absent."""
        ...

    def muted_alerts(self, muted: str, limit: int) -> list[Alert]:
        """Open alerts that this named reason keeps quiet, in the order of their arrival."""
        ...

    def alerts_in(self, channel: str, since: Instant, limit: int) -> list[Alert]:
        """A channel's open alerts whose `last_at` is `since` or later, the latest first."""
        ...

    def flaps(self, keys: Collection[tuple[str, str, str]]) -> dict[tuple[str, str, str], Flaps]:
        """What is remembered of these (integration, channel, alert_key) keys; others are absent."""
        ...

    def put_flaps(self, rows: Sequence[Flaps]) -> None:
        """Insert or replace."""
        ...

    def first_seen(self, channel: str, fingerprint: str, now: Instant) -> bool:
        """True the first time that a channel sees this kind of alert, or when `prune` has forgotten it meanwhile."""
        ...

    def newest_open(self, channel: str, limit: int) -> list[Incident]:
        """A channel's incidents that are not closed, newest first."""
        ...

    def nth_newest(self, channel: str, n: int) -> Incident | None:
        """The channel's incident that was inserted `n`th last, from 1; None when there are fewer."""
        ...

    def newest_closed(self, channel: str, limit: int) -> list[Incident]:
        """A channel's closed incidents, those that opened last first."""
        ...
