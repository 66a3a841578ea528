"""Events become alerts: what an event makes of the open alert of its key."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.engine.events import AlertChange
from bot.engine.model import Alert, Event, EventStatus, Instant, worse
from bot.engine.world import Integration


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The alert after the event, and what changed. No alert where nothing was open and nothing began."""

    alert: Alert | None
    change: AlertChange
    reason: str
    """The named reason, kept with the inbox row: every accepted event has one."""


def merge(
    alert: Alert | None, event: Event, integration: Integration, channel: str, fresh_id: str, now: Instant
) -> Merged:
    """Merge one event into the open alert of its key in a channel, or begin a new one there under `fresh_id`."""
    if alert is None:
        if event.status is EventStatus.OK:
            return Merged(alert=None, change=AlertChange.IGNORED, reason="recovery_without_alert")
        begun = _begin(event, integration, channel, fresh_id, now)
        return Merged(alert=begun, change=AlertChange.NEW, reason="new_alert")
    if event.status is EventStatus.OK:
        # A recovery may be poorer than the trigger: it only adds labels, and never wipes title or text.
        closed = replace(
            alert,
            status=event.severity,
            labels={**event.labels, **alert.labels},
            last_at=now,
            events=alert.events + 1,
            resolve_at=None,
            closed_at=now,
        )
        return Merged(alert=closed, change=AlertChange.RECOVERED, reason="recovered")
    merged = replace(
        alert,
        severity=worse(alert.severity, event.severity),
        status=event.severity,
        title=event.title,
        description=event.description,
        labels=event.labels,
        links=event.links or alert.links,
        images=event.images or alert.images,
        last_at=now,
        events=alert.events + 1,
        resolve_at=event.resolve_at,
    )
    same = (alert.status, alert.title, alert.description) == (merged.status, merged.title, merged.description)
    if same:
        return Merged(alert=merged, change=AlertChange.DUPLICATE, reason="duplicate")
    return Merged(alert=merged, change=AlertChange.UPDATED, reason="updated")


def expired(alert: Alert, now: Instant) -> Merged:
    """The source stopped resending an alert that resolves by itself: that is a recovery."""
    closed = replace(alert, last_at=now, resolve_at=None, closed_at=now)
    return Merged(alert=closed, change=AlertChange.RECOVERED, reason="not_resent")


def _begin(event: Event, integration: Integration, channel: str, fresh_id: str, now: Instant) -> Alert:
    return Alert(
        id=fresh_id,
        integration=integration.id,
        channel=channel,
        alert_key=event.alert_key,
        severity=event.severity,
        status=event.severity,
        title=event.title,
        description=event.description,
        labels=event.labels,
        links=event.links,
        images=event.images,
        first_at=event.at,
        last_at=now,
        events=1,
        resolve_at=event.resolve_at,
    )
