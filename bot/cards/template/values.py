"""An incident as its channel's templates see it: plain text, numbers, lists and mappings, and nothing that can act."""

from __future__ import annotations

from bot.cards.build.outlook import holders, state
from bot.cards.build.view import View
from bot.engine.model import SECOND, Alert, Instant


def values(view: View) -> dict[str, object]:
    """Everything in `names.NAMES`, for one reader. Times are whole seconds since the epoch, 0 where there is none."""
    incident = view.incident
    channel = view.world.channels.get(incident.channel)
    return {
        "id": incident.id,
        "num": incident.num,
        "title": view.title,
        "description": incident.description,
        "severity": incident.severity.value,
        "status": state(incident),
        "url": view.page_url,
        "channel": channel.name if channel else incident.channel,
        "labels": dict(incident.labels),
        "fields": {name: incident.fields.get(name, "") for name in view.world.fields},
        "impact": incident.impact,
        "root_cause": incident.root_cause,
        "resolution": incident.resolution,
        "opened_at": _seconds(incident.opened_at),
        "acked_at": _seconds(incident.acked_at),
        "closed_at": _seconds(incident.closed_at),
        "snoozed_until": _seconds(incident.snoozed_until),
        "now": _seconds(view.now),
        "level": incident.level + 1,
        "creator": view.name(incident.creator) if incident.creator else "",
        "closer": view.name(incident.closed_by) if incident.closed_by else "",
        "holders": [view.name(responder.member) for responder in holders(incident)],
        "merged_into": incident.merged_into,
        "alerts_open": incident.alerts_open,
        "alerts_total": incident.alerts_total,
        "alerts": [_alert(alert) for alert in view.alerts],
        "responders": [
            {"name": view.name(one.member), "since": _seconds(one.since), "acked_at": _seconds(one.acked_at)}
            for one in incident.responders
        ],
        "links": [{"text": link.text, "href": link.href} for link in incident.links],
        "_zone": view.zone,
        "_lang": view.lang,
    }


def _alert(alert: Alert) -> dict[str, object]:
    return {
        "id": alert.id,
        "key": alert.alert_key,
        "title": alert.title,
        "description": alert.description,
        "severity": alert.severity.value,
        "open": alert.closed_at is None,
        "labels": dict(alert.labels),
        "started_at": _seconds(alert.first_at),
        "ended_at": _seconds(alert.closed_at),
    }


def _seconds(at: Instant | None) -> int:
    return (at or 0) // SECOND
