"""What people in the chats must hear besides the card: an edit pings nobody, so a line is said below it.

A line for what somebody wrote and for every turn that asks people anew; none for what a look at the card tells as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.engine.draft import Draft
from bot.engine.effects import Entry, Kind, Reason, Remark, RoomDo
from bot.engine.escalation import on_last_resort
from bot.engine.model import Incident

LINES_MAX = 30
"""Lines of one incident in each chat, our own choice: the last of them says where the rest is."""

_BY_OTHER_WAYS = (Reason.FALLBACK_FAILED, Reason.FALLBACK_UNPROVEN, Reason.OWN_LADDER)
"""Why somebody is paged who knows of it already."""


def say(draft: Draft) -> None:
    """Decide the lines of a step: each has its number in the incident, so that none is ever said twice."""
    for remark in _remarks(draft):
        number = draft.incident.remarks + 1
        if number > LINES_MAX:
            return
        draft.change(remarks=number)
        said = _remark("rest", facts={"max": str(LINES_MAX)}) if number == LINES_MAX else remark
        draft.emit(replace(said, number=number))


def _remarks(draft: Draft) -> Iterator[Remark]:
    """In the order in which it happened: what was done, whom it asks now, and who could not be reached."""
    for entry in draft.entries:
        remark = _told(entry, flapping=draft.incident.flapping) or _asked(draft, entry)
        if remark is not None:
            yield remark
    if (climbed := _climbed(draft.before, draft.incident)) is not None:
        code, facts = climbed
        yield _asking(draft, code, facts=facts)
    if lost := tuple(member for member in draft.incident.unreachable if member not in draft.before.unreachable):
        yield _remark("unreachable", named=lost)


def _told(entry: Entry, *, flapping: bool) -> Remark | None:
    """What is worth a line and asks nobody."""
    match entry.kind, entry.reason:
        case Kind.COMMENT, Reason.BY_HAND:
            return _remark("note", actor=entry.actor, facts={"text": entry.facts["text"]})
        case Kind.REOPEN, Reason.FLAPPED if not flapping:
            return _remark("back")
        case Kind.MERGE, Reason.MERGED:
            return _remark("merged", actor=entry.actor, facts={"into": entry.facts["into"]})
        case Kind.ROOM_FAILED, Reason.ROOM if entry.facts["do"] == RoomDo.OPEN:
            return _remark("room_failed", facts={name: entry.facts[name] for name in ("platform", "why")})
        case Kind.EXHAUSTED, Reason.LADDER_EXHAUSTED:
            return _remark("exhausted")
        case _:
            return None


def _asked(draft: Draft, entry: Entry) -> Remark | None:
    """What asks people anew, or others."""
    match entry.kind, entry.reason:
        case Kind.ASSIGN, Reason.ESCALATED_BY_HAND if entry.actor:
            return _asking(draft, _level("escalated", draft.incident), entry, _place(draft.incident))
        case (Kind.ASSIGN, Reason.ASSIGNED) | (Kind.ADD_RESPONDER, Reason.ADDED) if entry.actor:
            named = tuple(filter(None, entry.facts["members"].split(",")))
            pinged = tuple(member for member in _paged(draft) if member in named and member != entry.actor)
            return _remark(entry.reason.value, actor=entry.actor, pinged=pinged, named=named)
        case Kind.UNACK, Reason.ACK_WITHDRAWN:
            return _asking(draft, "given_back_held" if draft.holders() else "given_back", entry)
        case Kind.UNACK, Reason.ACK_TIMEOUT:
            return _asking(draft, "ack_timeout", facts={"had": entry.facts["members"]})
        case Kind.WAKE, Reason.SNOOZE_OVER:
            return _asking(draft, "snooze_over")
        case Kind.REOPEN, Reason.REOPENED:
            return _asking(draft, "reopened", entry, {"text": entry.facts["why"]})
        case _:
            return None


def _climbed(before: Incident, after: Incident) -> tuple[str, dict[str, str]] | None:
    """Whether the ladder went on by itself. By hand it begins a new cycle."""
    if after.cycle != before.cycle or (after.round, after.level) <= (before.round, before.level):
        return None
    return _level("round" if after.round > before.round else "level", after), _place(after)


def _level(code: str, incident: Incident) -> str:
    """Behind the last level lies the last resort."""
    return {"escalated": "escalated_last"}.get(code, "last_resort") if on_last_resort(incident) else code


def _place(incident: Incident) -> dict[str, str]:
    """Where on the ladder, as people count."""
    return {"level": str(incident.level + 1), "round": str(incident.round + 1)}


def _asking(draft: Draft, code: str, entry: Entry | None = None, facts: Mapping[str, str] | None = None) -> Remark:
    """A line that mentions everybody who is paged with it, except who brought it about: they know."""
    actor, paged = entry.actor if entry else "", _paged(draft)
    return _remark(
        code, actor=actor, pinged=tuple(one for one in paged if one != actor), named=paged, facts=facts or {}
    )


def _paged(draft: Draft) -> tuple[str, ...]:
    """Everybody whom this step pages anew, in order."""
    asked = (e.member for e in draft.entries if e.kind is Kind.NOTIFY and e.reason not in _BY_OTHER_WAYS)
    return tuple(dict.fromkeys(filter(None, asked)))


def _remark(
    code: str,
    *,
    actor: str = "",
    pinged: tuple[str, ...] = (),
    named: tuple[str, ...] = (),
    facts: Mapping[str, str] | None = None,
) -> Remark:
    return Remark(number=0, code=code, actor=actor, pinged=pinged, named=named, facts=facts or {})
