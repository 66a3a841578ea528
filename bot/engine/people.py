"""What people do to an incident. Each answers with the truth, and each is idempotent."""

from __future__ import annotations

from dataclasses import replace

from bot.engine import escalation, joining, routing
from bot.engine.draft import Draft
from bot.engine.editing import TEXT_MAX
from bot.engine.effects import CloseAlerts, Kind, Reason, Reply, Withdraw
from bot.engine.events import (
    Acknowledge,
    AddResponders,
    Assign,
    Command,
    Escalate,
    Note,
    Reopen,
    Resolve,
    Snooze,
    Unacknowledge,
    Unsnooze,
)
from bot.engine.model import HOUR, Incident, Instant, Progress, Responder, Span
from bot.engine.routing import Called

SNOOZE_MAX: Span = 24 * HOUR


def gone(draft: Draft) -> Reply | None:
    """The truth for whoever comes too late."""
    return closed_already(draft.incident) if draft.incident.progress is Progress.CLOSED else None


def closed_already(incident: Incident) -> Reply:
    """Nothing is done to a closed incident: who closed it, and when, or what it was merged into."""
    if incident.merged_into:
        return Reply(code="already_merged", done=False, facts={"into": str(incident.merged_into)})
    facts = {"by": incident.closed_by, "at": str(incident.closed_at or 0)}
    return Reply(code="already_closed", done=False, facts=facts)


def too_long(text: str, limit: int = TEXT_MAX) -> Reply | None:
    """The refusal of more words than a comment may have."""
    return Reply(code="too_long", done=False, facts={"max": str(limit)}) if len(text) > limit else None


def acknowledge(draft: Draft, command: Acknowledge) -> Reply:
    """The first acknowledgement stops the pages; further ones are kept for each person and change nothing else."""
    if over := gone(draft):
        return over
    mine = draft.responder(command.by)
    if mine is not None and mine.acked_at is not None:
        return Reply(code="already_acked", done=False, facts=_holder_facts(draft))
    first = draft.incident.progress is Progress.TRIGGERED
    earlier = _holder_facts(draft)
    _take(draft, command.by)
    draft.log(Kind.ACK, Reason.ACKED, actor=command.by, facts={"via": command.via})
    if not first:
        draft.show(ack_until=None if draft.incident.snoozed_until else _ack_until(draft))
        return Reply(code="acked_too", facts=earlier)
    _settle(draft, Progress.PROCESSING)
    return Reply(code="acked")


def unacknowledge(draft: Draft, command: Unacknowledge) -> Reply:
    """Give it back. When nobody has it any more, the current level is paged again at once."""
    if over := gone(draft):
        return over
    mine = draft.responder(command.by)
    if mine is None or mine.acked_at is None:
        return Reply(code="not_acked", done=False, facts=_holder_facts(draft))
    draft.turn(responders=tuple(replace(r, acked_at=None) if r is mine else r for r in draft.incident.responders))
    draft.log(Kind.UNACK, Reason.ACK_WITHDRAWN, actor=command.by, facts={"via": command.via})
    if not draft.holders():
        _ask_again(draft, Reason.ACK_WITHDRAWN)
    return Reply(code="unacked", facts=_holder_facts(draft))


def resolve(draft: Draft, command: Resolve) -> Reply:
    """Close it, and its alerts with it."""
    if over := gone(draft) or too_long(command.note):
        return over
    close(draft, Reason.RESOLVED, by=command.by, note=command.note, via=command.via)
    draft.emit(CloseAlerts())
    return Reply(code="resolved")


def close(draft: Draft, reason: Reason, *, by: str = "", note: str = "", via: str = "") -> None:
    """The end: nothing is paged, repeated or watched any more. After a recovery it may soon go on where it stood."""
    stood = joining.pause(draft.incident, draft.now) if reason is Reason.RECOVERED else None
    _settle(draft, Progress.CLOSED)
    draft.turn(closed_at=draft.now, closed_by=by, alerts_open=0, close_at=None, escalate_at=None, snoozed_until=None)
    draft.change(pause=stood)
    facts = {key: value for key, value in (("note", note), ("via", via)) if value}
    draft.log(Kind.RESOLVE, reason, actor=by, facts=facts)


def reopen(draft: Draft, command: Reopen) -> Reply:
    """Not over after all: Triggered, and dispatched again from the first level."""
    if draft.incident.progress is not Progress.CLOSED:
        return Reply(code="not_closed", done=False)
    if wordy := too_long(command.reason):
        return wordy
    draft.turn(
        progress=Progress.TRIGGERED,
        closed_at=None,
        closed_by="",
        merged_into=0,
        pause=None,
        episode_rev=draft.next_rev,
        # The group may have a new incident by now; this one no longer collects its alerts.
        group_key=f"reopened:{draft.incident.id}:{draft.next_rev}",
        responders=_unacked(draft),
    )
    draft.log(Kind.REOPEN, Reason.REOPENED, actor=command.by, facts={"why": command.reason, "via": command.via})
    escalation.start(draft, Reason.REOPENED)
    return Reply(code="reopened")


def snooze(draft: Draft, command: Snooze) -> Reply:
    """Quiet for a while. Whoever snoozes has it; when the time is over everybody is asked again."""
    if over := gone(draft):
        return over
    if not 0 < command.span <= SNOOZE_MAX:
        return Reply(code="snooze_out_of_range", done=False, facts={"hours": "24"})
    if draft.incident.snoozed_until is not None and _stale(draft, command):
        return Reply(code="already_snoozed", done=False, facts={"until": str(draft.incident.snoozed_until)})
    until = draft.now + command.span
    _take(draft, command.by)
    _settle(draft, Progress.PROCESSING)
    draft.turn(snoozed_until=until, escalate_at=None, ack_until=None)
    draft.log(Kind.SNOOZE, Reason.SNOOZED, actor=command.by, facts={"until": str(until), "via": command.via})
    return Reply(code="snoozed", facts={"until": str(until)})


def unsnooze(draft: Draft, command: Unsnooze) -> Reply:
    """End the snooze; whoever acknowledged still has it."""
    if over := gone(draft):
        return over
    if draft.incident.snoozed_until is None:
        return Reply(code="not_snoozed", done=False)
    draft.turn(snoozed_until=None, ack_until=_ack_until(draft))
    draft.log(Kind.WAKE, Reason.SNOOZE_ENDED, actor=command.by, facts={"via": command.via})
    return Reply(code="woken")


def snooze_over(draft: Draft) -> None:
    """The snooze has run out and the incident is still open: Triggered, and paged again."""
    had = draft.holders()
    draft.turn(snoozed_until=None, responders=_unacked(draft))
    draft.log(Kind.WAKE, Reason.SNOOZE_OVER)
    _ask_again(draft, Reason.SNOOZE_OVER, had)


def ack_over(draft: Draft) -> None:
    """An acknowledgement has run out and the incident is still open: Triggered, and paged again."""
    had = draft.holders()
    draft.turn(ack_until=None, responders=_unacked(draft))
    draft.log(Kind.UNACK, Reason.ACK_TIMEOUT, facts={"members": ",".join(r.member for r in had)})
    _ask_again(draft, Reason.ACK_TIMEOUT, had)


def escalate(draft: Draft, command: Escalate) -> Reply:
    """Somebody higher, now; whoever had it no longer holds it alone."""
    if over := gone(draft):
        return over
    incident = draft.incident
    if _stale(draft, command):
        return Reply(code="escalated_meanwhile", done=False, facts={"level": str(incident.level + 1)})
    level = incident.level + 1 if command.level is None else command.level
    if incident.rule.direct or not 0 <= level <= len(incident.rule.levels):
        return Reply(code="no_higher_level", done=False, facts={"level": str(incident.level + 1)})
    draft.turn(progress=Progress.TRIGGERED, snoozed_until=None, responders=_unacked(draft))
    draft.log(Kind.ASSIGN, Reason.ESCALATED_BY_HAND, actor=command.by, level=level, facts={"via": command.via})
    draft.emit(Withdraw())
    escalation.start(draft, Reason.ESCALATED_BY_HAND, level=level)
    return Reply(code="escalated", facts={"level": str(level + 1), "members": _paged_now(draft)})


def assign(draft: Draft, command: Assign) -> Reply:
    """Somebody else instead. Triggered again, unless one of them had acknowledged already."""
    if over := gone(draft):
        return over
    called = routing.people(draft.world, command.targets, draft.now)
    if not called:
        return Reply(code="nobody_there", done=False)
    kept = {r.member: r for r in draft.incident.responders}
    chosen = tuple(
        replace(kept[c.member], how="assign")
        if c.member in kept
        else Responder(member=c.member, since=draft.now, how="assign")
        for c in called
    )
    names = ",".join(r.member for r in chosen)
    rule = replace(routing.direct_rule(command.targets), ack_timeout=draft.incident.rule.ack_timeout)
    draft.turn(responders=chosen, rule=rule, snoozed_until=None)
    draft.log(
        Kind.ASSIGN, Reason.ASSIGNED, actor=command.by, facts={"members": names, "how": "assign", "via": command.via}
    )
    draft.emit(Withdraw())
    if any(r.acked_at is not None for r in chosen):
        _settle(draft, Progress.PROCESSING)
        draft.turn(round=0, level=0, loop=-1)
    else:
        draft.turn(progress=Progress.TRIGGERED)
        escalation.start(draft, Reason.ASSIGNED)
    return Reply(code="assigned", facts={"members": names})


def add_responders(draft: Draft, command: AddResponders) -> Reply:
    """Somebody else as well: they are paged once, now, whatever the ladder does."""
    if over := gone(draft):
        return over
    called = routing.people(draft.world, command.targets, draft.now)
    if not called:
        return Reply(code="nobody_there", done=False)
    new = [c for c in called if draft.responder(c.member) is None]
    if not new:
        return Reply(code="already_there", done=False, facts={"members": ",".join(c.member for c in called)})
    added = tuple(Responder(member=c.member, since=draft.now, how="add") for c in new)
    names = ",".join(c.member for c in new)
    draft.show(responders=draft.incident.responders + added)
    draft.log(Kind.ADD_RESPONDER, Reason.ADDED, actor=command.by, facts={"members": names, "via": command.via})
    firing = f"{draft.incident.cycle}.add.{draft.next_rev}"
    for one in new:
        escalation.page(draft, one, firing, Reason.ADDED, None)
    return Reply(code="added", facts={"members": names})


def note(draft: Draft, command: Note) -> Reply:
    """A remark, also on a closed incident."""
    if wordy := too_long(command.text):
        return wordy
    draft.show()
    draft.log(Kind.COMMENT, Reason.BY_HAND, actor=command.by, facts={"text": command.text, "via": command.via})
    return Reply(code="noted")


def _stale(draft: Draft, command: Command) -> bool:
    """The button was drawn before the situation last turned: what it asks for has happened, or makes no sense now."""
    return command.seen_rev is not None and command.seen_rev < draft.incident.turn_rev


def _holder_facts(draft: Draft) -> dict[str, str]:
    holders = draft.holders()
    return {"by": holders[0].member, "at": str(holders[0].acked_at)} if holders else {}


def _take(draft: Draft, member: str) -> None:
    mine = draft.responder(member)
    if mine is None:
        mine = Responder(member=member, since=draft.now, how="took")
        draft.show(responders=(*draft.incident.responders, mine))
    if mine.acked_at is None:
        taken = tuple(replace(r, acked_at=draft.now) if r == mine else r for r in draft.incident.responders)
        draft.show(responders=taken)
    draft.change(watches=tuple(watch for watch in draft.incident.watches if watch.member != member))
    if draft.incident.acked_at is None:
        draft.change(acked_at=draft.now)


def _settle(draft: Draft, progress: Progress) -> None:
    """Somebody has it, or it is over: what was queued is not wanted, repeats stop, and only a forced climb goes on."""
    forced = progress is Progress.PROCESSING and escalation.current_level(draft.incident).even_if_acked
    draft.turn(
        progress=progress,
        cycle=draft.incident.cycle + 1,
        watches=(),
        notify_at=None,
        ack_until=_ack_until(draft) if progress is Progress.PROCESSING else None,
        escalate_at=draft.incident.escalate_at if forced else None,
    )
    draft.emit(Withdraw())


def _ack_until(draft: Draft) -> Instant | None:
    timeout = draft.incident.rule.ack_timeout
    return draft.now + timeout if timeout else None


def _ask_again(draft: Draft, reason: Reason, had: tuple[Responder, ...] = ()) -> None:
    """Page the current level anew, and with it whoever `had` it until now, level or not."""
    draft.turn(progress=Progress.TRIGGERED, snoozed_until=None)
    escalation.start(draft, reason, level=draft.incident.level)
    incident, asked = draft.incident, _paged_now(draft).split(",")
    firing = f"{incident.cycle}.{incident.round}.{incident.level}.{incident.loop}"
    for one in had:
        if one.member not in asked:
            called = Called(member=one.member, through=f"member:{one.member}")
            escalation.page(draft, called, firing, reason, escalation.current_level(incident))


def _unacked(draft: Draft) -> tuple[Responder, ...]:
    return tuple(replace(r, acked_at=None) for r in draft.incident.responders)


def _paged_now(draft: Draft) -> str:
    return ",".join(dict.fromkeys(e.member for e in draft.entries if e.kind is Kind.NOTIFY and e.member))
