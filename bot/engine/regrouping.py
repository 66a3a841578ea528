"""Alerts that people move between incidents. Each incident learns of it alone; the shell moves the alerts."""

from __future__ import annotations

from bot.engine import people
from bot.engine.draft import Draft
from bot.engine.editing import worsen
from bot.engine.effects import Kind, Reason, Reply
from bot.engine.events import AlertsJoined, AlertsLeft, MergeInto


def merge_into(draft: Draft, command: MergeInto) -> Reply:
    """Everything of this incident is with another one now: it closes, and what it had queued is not sent."""
    if over := people.gone(draft):
        return over
    _empty(draft, command.into, by=command.by, via=command.via, comment=command.comment)
    return Reply(code="merged", facts={"into": str(command.into)})


def alerts_left(draft: Draft, command: AlertsLeft) -> Reply:
    """Some alerts are with another incident now. Whoever lost the last one is empty and closes."""
    if over := people.gone(draft):
        return over
    incident = draft.incident
    reply = Reply(code="moved", facts={"into": str(command.into), "count": str(command.total)})
    if incident.alerts_total <= command.total:
        _empty(draft, command.into, by=command.by, via=command.via)
        return reply
    still_open = max(0, incident.alerts_open - command.still_open)
    draft.show(alerts_open=still_open, alerts_total=incident.alerts_total - command.total)
    facts = {"into": str(command.into), "count": str(command.total), "via": command.via}
    draft.log(Kind.MERGE, Reason.MOVED, actor=command.by, facts=facts)
    if not still_open and incident.close_with_alerts:
        people.close(draft, Reason.RECOVERED)
    return reply


def alerts_joined(draft: Draft, command: AlertsJoined) -> Reply:
    """Alerts of other incidents came. The ladder goes on as it was: nobody is paged again."""
    if over := people.gone(draft):
        return over
    incident = draft.incident
    draft.show(
        alerts_open=incident.alerts_open + command.still_open, alerts_total=incident.alerts_total + command.total
    )
    refs = ", ".join(f"#{num}" for num in command.whence)
    facts = {"refs": refs, "count": str(command.total), "via": command.via}
    draft.log(Kind.MERGE, Reason.JOINED, actor=command.by, facts=facts)
    if command.comment:
        facts = {"text": command.comment, "via": command.via}
        draft.log(Kind.COMMENT, Reason.BY_HAND, actor=command.by, facts=facts)
    if command.severity is not None:
        worsen(draft, command.severity)
    return Reply(code="joined", facts={"refs": refs, "into": str(incident.num)})


def _empty(draft: Draft, into: int, *, by: str, via: str, comment: str = "") -> None:
    draft.log(Kind.MERGE, Reason.MERGED, actor=by, facts={"into": str(into), "via": via})
    draft.show(merged_into=into, alerts_total=0)
    people.close(draft, Reason.MERGED, by=by, note=comment, via=via)
