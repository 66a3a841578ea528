"""The heart: what one happening makes of an incident. No clock, no I/O, no chance."""

from __future__ import annotations

from typing import assert_never

from bot.engine import dynamic, editing, escalation, fallback, joining, people, refusals, regrouping, remarks, rooms
from bot.engine.draft import Draft
from bot.engine.effects import CloseAlerts, Kind, Reason, Reply, Step
from bot.engine.events import (
    Acknowledge,
    AddResponders,
    AlertChange,
    AlertSeen,
    AlertsJoined,
    AlertsLeft,
    Assign,
    CardRefused,
    CloseRoom,
    CollectsNoMore,
    Command,
    Escalate,
    Happening,
    MergeInto,
    Note,
    OpenRoom,
    Order,
    PageFailed,
    PageProven,
    Raised,
    Reopen,
    Resolve,
    RoomClosed,
    RoomFailed,
    RoomOpened,
    SetField,
    SetSeverity,
    SetText,
    Snooze,
    SplitOff,
    TemplateFailed,
    Unacknowledge,
    Unsnooze,
    VendorTried,
    Wake,
)
from bot.engine.model import Incident, Instant, Progress
from bot.engine.opening import open_incident
from bot.engine.world import World


def step(incident: Incident | None, event: Happening, world: World, now: Instant) -> Step:
    """Decide what an event makes of an incident: its next state, the timeline, the effects, and the reply.

    Without an incident, an alert or a person opens one. Pure and total: the same arguments give the same step.
    """
    if incident is None:
        return open_incident(event, world, now)
    draft = Draft(incident, world, now)
    reply = _apply(draft, event)
    rooms.keep_in_step(draft)
    remarks.say(draft)
    return draft.done(reply)


def _apply(draft: Draft, event: Happening) -> Reply | None:
    match event:
        case Command(seen_rev=int(rev)) if rev < draft.incident.episode_rev:
            return Reply(code="reopened_meanwhile", done=False)
        case AlertSeen():
            alert_seen(draft, event)
        case CollectsNoMore():
            joining.retire(draft, event)
        case Wake():
            wake(draft)
        case PageProven():
            fallback.proven(draft, event)
        case PageFailed():
            fallback.failed(draft, event)
        case TemplateFailed():
            fallback.template_failed(draft, event)
        case CardRefused():
            refusals.card_refused(draft, event)
        case VendorTried():
            fallback.vendor_tried(draft, event)
        case RoomOpened() | RoomFailed() | RoomClosed():
            rooms.heard(draft, event)
        case Raised():
            return Reply(code="already_open", done=False)
        case Command():
            return _obey(draft, event)
        case _:
            assert_never(event)
    return None


def _obey(draft: Draft, order: Order) -> Reply:
    match order:
        case Acknowledge():
            return people.acknowledge(draft, order)
        case Unacknowledge():
            return people.unacknowledge(draft, order)
        case Resolve():
            return people.resolve(draft, order)
        case Reopen():
            return people.reopen(draft, order)
        case Snooze():
            return people.snooze(draft, order)
        case Unsnooze():
            return people.unsnooze(draft, order)
        case Escalate():
            return people.escalate(draft, order)
        case Assign():
            return people.assign(draft, order)
        case AddResponders():
            return people.add_responders(draft, order)
        case Note():
            return people.note(draft, order)
        case SetSeverity():
            return people.gone(draft) or editing.set_severity(draft, order)
        case SetText():
            return editing.set_text(draft, order)
        case SetField():
            return editing.set_field(draft, order)
        case MergeInto():
            return regrouping.merge_into(draft, order)
        case AlertsLeft():
            return regrouping.alerts_left(draft, order)
        case AlertsJoined():
            return regrouping.alerts_joined(draft, order)
        case OpenRoom():
            return rooms.open_rooms(draft, order)
        case CloseRoom():
            return rooms.close_rooms(draft, order)
        case SplitOff():
            return Reply(code="already_open", done=False)
        case _:
            assert_never(order)


def alert_seen(draft: Draft, event: AlertSeen) -> None:
    """An alert joined, changed, recovered or is back. Merged alerts never page again."""
    if event.change is AlertChange.BACK or draft.incident.progress is not Progress.CLOSED:
        _alert_changed(draft, event)
    incident, alert = draft.incident, event.alert
    if incident.progress is Progress.CLOSED:
        return
    labels = dynamic.without_targets(alert.labels)
    if alert.id == incident.first_alert and labels != incident.labels:
        draft.show(labels=labels)
    if incident.auto_close_on_update and incident.close_at is not None:
        draft.change(close_at=draft.now + incident.auto_close_after)


def _alert_changed(draft: Draft, event: AlertSeen) -> None:
    incident, alert = draft.incident, event.alert
    facts = {"alert_key": alert.alert_key, "title": alert.title}
    match event.change:
        case AlertChange.NEW:
            joining.join(draft, event)
        case AlertChange.BACK:
            joining.back(draft, event)
        case AlertChange.UPDATED:
            draft.log(Kind.ALERT_UPDATE, Reason.ALERT, facts={**facts, "status": alert.status.value})
            editing.worsen(draft, alert.severity)
        case AlertChange.RECOVERED:
            draft.show(alerts_open=max(0, incident.alerts_open - 1))
            draft.log(Kind.ALERT_CLOSE, Reason.RECOVERED, facts=facts)
            joining.mark_flapping(draft, event)
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
    if incident.ack_until is not None and incident.ack_until <= now:
        people.ack_over(draft)
        return
    fallback.unproven(draft)
    fallback.rungs(draft)
    if incident.escalate_at is not None and incident.escalate_at <= now:
        escalation.climb(draft)
    elif incident.notify_at is not None and incident.notify_at <= now:
        escalation.repeat(draft)
