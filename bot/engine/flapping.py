"""Flapping: an alert that comes and goes. It is told once, may be kept quiet, and comes back to the incident it had.

What is remembered of a key is small and bounded: when it last changed, when that was told, and its last incident.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.engine.model import HOUR, MINUTE, Incident, Instant, Progress, Span

CHANGES_MAX = 100
"""Instants kept for a key: the most that a channel may ask for."""
REOPEN_WITHIN: Span = 5 * MINUTE
"""An alert that is back so soon after its recovery never was gone: its incident goes on where it stood.
Our own choice: shorter than any level's usual window, and longer than the pauses between two checks of a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """When an alert counts as flapping: so many changes of state within a span; `mute` keeps it quiet afterwards."""

    changes: int = 4
    within: Span = HOUR
    mute: Span = 0
    """How long nothing new of it is heard after the first notice; 0: it is only marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaps:
    """What is remembered of one alert key in a channel."""

    integration: str
    channel: str
    alert_key: str
    changes: tuple[Instant, ...] = ()
    """When it began or recovered, oldest first."""
    noticed_at: Instant | None = None
    """When it was first told that it flaps; None while it does not."""
    incident: str = ""
    """The incident of its last alert."""


def changed(flaps: Flaps, rule: Flapping, now: Instant) -> Flaps:
    """The record after one more change of state; an episode that has calmed down is forgotten with it."""
    recent = tuple(at for at in (*flaps.changes, now) if now - at < rule.within)[-CHANGES_MAX:]
    if len(recent) < rule.changes:
        return replace(flaps, changes=recent, noticed_at=None)
    return replace(flaps, changes=recent, noticed_at=now if flaps.noticed_at is None else flaps.noticed_at)


def muted_until(flaps: Flaps, rule: Flapping, now: Instant) -> Instant | None:
    """Until when an alert that begins now is kept quiet; None when it is to be heard.

    The change that makes it flap is told before anything is muted: somebody must have heard of it once.
    """
    if flaps.noticed_at is None or not rule.mute or flaps.noticed_at == now:
        return None
    until = flaps.noticed_at + rule.mute
    return until if now < until else None


def heard(flaps: Flaps) -> Flaps:
    """The mute is over: what flaps on is told anew."""
    return replace(flaps, noticed_at=None, changes=())


def goes_on(incident: Incident, now: Instant) -> bool:
    """Whether a closed incident reopens when one of its alerts is back.

    It closed by recovery, moments ago, somebody had been notified, and there is still a ladder that can go on.
    """
    return (
        incident.progress is Progress.CLOSED
        and incident.pause is not None
        and incident.closed_at is not None
        and 0 <= now - incident.closed_at < REOPEN_WITHIN
        and incident.loop >= 0
        and not incident.exhausted
        and (
            not incident.auto_close_after
            or incident.auto_close_on_update  # its time begins anew with the alert that is back
            or now < incident.opened_at + incident.auto_close_after
        )
    )
