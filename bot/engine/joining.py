"""What another alert does to an incident: it counts, it may swell to a storm, it may flap, or bring one back to life.

Merged alerts do not page again. Three things do, while nobody has it: a storm, a ladder that had come to its end when a
silence let an alert go, and pages that had not arrived when the alert was gone for a moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.engine import digest, editing, escalation
from bot.engine.draft import Draft
from bot.engine.effects import Kind, Reason
from bot.engine.events import AlertSeen, CollectsNoMore
from bot.engine.grouping import window_from
from bot.engine.model import Alert, Incident, Instant, Pause, Progress, Watch

_UNMUTED = {
    "silence": Reason.SILENCE_ENDED,
    "inhibit": Reason.INHIBITION_OVER,
    "flapping": Reason.FLAPPING_MUTE_OVER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The named reason for which an alert is in an incident, and its particulars."""

    reason: Reason
    facts: dict[str, str]


def why(event: AlertSeen) -> Why:
    """A mute that is over before a digest, a digest before likeness, likeness before the plain alert."""
    facts = {"alert_key": event.alert.alert_key, "title": event.alert.title}
    kind, _, what = event.unmuted.partition(":")
    if kind in _UNMUTED:
        return Why(reason=_UNMUTED[kind], facts={**facts, "muted": what or kind})
    if event.digest:
        return Why(reason=Reason.DIGEST, facts=facts)
    if event.alike is not None:
        score = {"score": f"{event.alike.score:.2f}", "fields": ", ".join(event.alike.fields)}
        return Why(reason=Reason.ALIKE, facts={**facts, **score})
    return Why(reason=Reason.ALERT, facts=facts)


def join(draft: Draft, event: AlertSeen) -> None:
    """An alert joins an open incident."""
    because = why(event)
    _count(draft, event.alert)
    _slide(draft)
    draft.log(Kind.ALERT_MERGE, because.reason, facts=because.facts)
    if event.unmuted and draft.incident.exhausted and draft.incident.progress is Progress.TRIGGERED:
        escalation.start(draft, because.reason)
    mark_flapping(draft, event)
    _swell(draft)


def back(draft: Draft, event: AlertSeen) -> None:
    """An alert is back moments after its incident had closed: everything goes on where it stood."""
    incident, pause = draft.incident, draft.incident.pause
    if incident.progress is not Progress.CLOSED or pause is None:
        join(draft, event)
        return
    auto_close = incident.auto_close_after
    draft.turn(
        progress=pause.progress,
        closed_at=None,
        closed_by="",
        pause=None,
        notify_at=_from_now(draft, pause.notify_at),
        escalate_at=_from_now(draft, pause.escalate_at),
        snoozed_until=_from_now(draft, pause.snoozed_until),
        ack_until=_from_now(draft, pause.ack_until),
        watches=tuple(_rungs_from_now(draft, watch) for watch in pause.watches),
        close_at=incident.opened_at + auto_close if auto_close else None,
    )
    draft.log(Kind.REOPEN, Reason.FLAPPED, facts=why(event).facts)
    _count(draft, event.alert)
    _slide(draft)
    mark_flapping(draft, event)
    _swell(draft)


def pause(incident: Incident, now: Instant) -> Pause:
    """Where the ladder stands. A page that is not known to have arrived is due again as soon as the alert is back."""
    waiting = any(watch.pending and not watch.proven for watch in incident.watches)
    again = incident.progress is Progress.TRIGGERED and waiting
    return Pause(
        progress=incident.progress,
        notify_at=now if again else incident.notify_at,
        escalate_at=incident.escalate_at,
        snoozed_until=incident.snoozed_until,
        ack_until=incident.ack_until,
        watches=tuple(_rungs_left(watch) for watch in incident.watches if watch.later),
    )


def retire(draft: Draft, event: CollectsNoMore) -> None:
    """The incident is full, or its window is over: its group is free for another, and it lives on."""
    draft.change(group_key=f"retired:{draft.incident.id}")
    draft.log(Kind.RETIRE, event.why, facts={"count": str(draft.incident.alerts_total)})


def mark_flapping(draft: Draft, event: AlertSeen) -> None:
    """Say once that an alert comes and goes."""
    if event.flapping and not draft.incident.flapping:
        draft.show(flapping=True)
        draft.log(Kind.FLAPPING, Reason.FLAPPING, facts={"alert_key": event.alert.alert_key})


def _from_now(draft: Draft, at: Instant | None) -> Instant | None:
    """What should have happened while it was closed happens now."""
    return None if at is None else max(at, draft.now)


def _rungs_left(watch: Watch) -> Watch:
    """The rungs to come, less the ways whose page is waited for: the same page is never decided twice."""
    asked = {pending.way for pending in watch.pending}
    return replace(watch, pending=(), later=tuple(rung for rung in watch.later if rung.way not in asked))


def _rungs_from_now(draft: Draft, watch: Watch) -> Watch:
    return replace(watch, later=tuple(replace(rung, due_at=max(rung.due_at, draft.now)) for rung in watch.later))


def _count(draft: Draft, alert: Alert) -> None:
    incident = draft.incident
    draft.show(alerts_open=incident.alerts_open + 1, alerts_total=incident.alerts_total + 1)
    editing.worsen(draft, alert.severity)


def _slide(draft: Draft) -> None:
    """A window that is counted from the alert that joined last begins anew."""
    incident = draft.incident
    channel = draft.world.channels.get(incident.channel)
    if incident.digest:
        before = incident.collects_until or draft.now
        draft.change(collects_until=digest.collects_until(channel.digest if channel else None, before, draft.now))
    elif channel and channel.grouping.sliding and incident.collects_until is not None:
        draft.change(collects_until=window_from(channel.grouping, draft.now))


def _swell(draft: Draft) -> None:
    """A storm threshold that is reached is told to the current level again, unless somebody has it."""
    incident = draft.incident
    channel = draft.world.channels.get(incident.channel)
    total = incident.alerts_total
    steps = (*(channel.storm if channel else ()), *(digest.STEPS if incident.digest else ()))
    reached = max((each for each in steps if each <= total), default=0)
    if reached <= incident.storm:
        return
    draft.show(storm=reached)
    draft.log(Kind.STORM, Reason.STORM, facts={"count": str(total)})
    if incident.progress is not Progress.TRIGGERED:
        return
    if incident.exhausted:
        escalation.start(draft, Reason.STORM)
    else:
        escalation.fire(draft, Reason.STORM)
