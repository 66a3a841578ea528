"""The heart: what one happening makes of an incident. No clock, no I/O, no chance."""

from __future__ import annotations

from typing import assert_never

from bot.engine import escalation, fallback, people
from bot.engine.draft import Draft
from bot.engine.effects import CloseAlerts, Kind, Reason, Reply, Step
from bot.engine.events import (
    Acknowledge,
    AddResponders,
    AlertChange,
    AlertSeen,
    Assign,
    Command,
    Escalate,
    Happening,
    Note,
    PageFailed,
    PageProven,
    Raised,
    Reopen,
    Resolve,
    SetSeverity,
    Snooze,
    Unacknowledge,
    Unsnooze,
    Wake,
)
from bot.engine.model import Incident, Instant, Progress, worse
from bot.engine.opening import open_incident
from bot.engine.world import World


def step(incident: Incident | None, event: Happening, world: World, now: Instant) -> Step:
    """Decide what an event makes of an incident: its next state, the timeline, the effects, and the reply.

    Without an incident, an alert or a person opens one. Pure and total: the same arguments give the same step.
    """
    if incident is None:
        return open_incident(event, world, now)
    draft = Draft(incident, world, now)
    return draft.done(_apply(draft, event))


def _apply(draft: Draft, event: Happening) -> Reply | None:
    match event:
        case Command(seen_rev=int(rev)) if rev < draft.incident.episode_rev:
            return Reply(code="reopened_meanwhile", done=False)
        case AlertSeen():
            alert_seen(draft, event)
        case Wake():
            wake(draft)
        case PageProven():
            fallback.proven(draft, event)
        case PageFailed():
            fallback.failed(draft, event)
        case Acknowledge():
            return people.acknowledge(draft, event)
        case Unacknowledge():
            return people.unacknowledge(draft, event)
        case Resolve():
            return people.resolve(draft, event)
        case Reopen():
            return people.reopen(draft, event)
        case Snooze():
            return people.snooze(draft, event)
        case Unsnooze():
            return people.unsnooze(draft, event)
        case Escalate():
            return people.escalate(draft, event)
        case Assign():
            return people.assign(draft, event)
        case AddResponders():
            return people.add_responders(draft, event)
        case Note():
            return people.note(draft, event)
        case SetSeverity():
            return people.set_severity(draft, event)
        case Raised():
            return Reply(code="already_open", done=False)
        case _:
            assert_never(event)
    return None


def alert_seen(draft: Draft, event: AlertSeen) -> None:
    """An alert joined, changed or recovered. Merged alerts never page again."""
    incident, alert = draft.incident, event.alert
    if incident.progress is Progress.CLOSED:
        return
    facts = {"alert_key": alert.alert_key, "title": alert.title}
    match event.change:
        case AlertChange.NEW:
            draft.show(alerts_open=incident.alerts_open + 1, alerts_total=incident.alerts_total + 1)
            draft.log(Kind.ALERT_MERGE, Reason.ALERT, facts=facts)
            _worsen(draft, event)
        case AlertChange.UPDATED:
            draft.log(Kind.ALERT_UPDATE, Reason.ALERT, facts={**facts, "status": alert.status.value})
            _worsen(draft, event)
        case AlertChange.RECOVERED:
            draft.show(alerts_open=max(0, incident.alerts_open - 1))
            draft.log(Kind.ALERT_CLOSE, Reason.RECOVERED, facts=facts)
            if draft.incident.alerts_open == 0 and incident.close_with_alerts:
                people.close(draft, Reason.RECOVERED)
        case AlertChange.DUPLICATE | AlertChange.IGNORED:
            pass
        case _:
            assert_never(event.change)


def wake(draft: Draft) -> None:
    """Look at the clock: whatever is due happens now, once, however late it is."""
    incident, now = draft.incident, draft.now
    if incident.progress is Progress.CLOSED:
        return
    if incident.close_at is not None and incident.close_at <= now:
        people.close(draft, Reason.AUTO_CLOSED)
        draft.emit(CloseAlerts())
        return
    if incident.snoozed_until is not None and incident.snoozed_until <= now:
        people.snooze_over(draft)
        return
    fallback.unproven(draft)
    if incident.escalate_at is not None and incident.escalate_at <= now:
        escalation.climb(draft)
    elif incident.notify_at is not None and incident.notify_at <= now:
        escalation.repeat(draft)


def _worsen(draft: Draft, event: AlertSeen) -> None:
    incident = draft.incident
    severity = worse(incident.severity, event.alert.severity)
    if severity is not incident.severity and "severity" not in incident.frozen:
        draft.show(severity=severity)
        draft.log(Kind.SEVERITY, Reason.ALERT, facts={"severity": severity.value})
