"""Who has an incident, what happens next if nobody moves, and how it ended: the engine's timers in words."""

from __future__ import annotations

from bot.cards.build.view import View
from bot.cards.card import Line, Span
from bot.cards.i18n import duration, listing
from bot.engine import escalation, routing
from bot.engine.effects import Entry, Kind, Reason
from bot.engine.model import Incident, Instant, Progress, Responder, Target, TargetKind

_NEVER: Instant = 1 << 62


def state(incident: Incident) -> str:
    """`triggered`, `processing`, `snoozed` or `closed`."""
    if incident.progress is Progress.CLOSED:
        return "closed"
    if incident.snoozed_until is not None:
        return "snoozed"
    return "processing" if incident.progress is Progress.PROCESSING else "triggered"


def holders(incident: Incident) -> tuple[Responder, ...]:
    """Who has acknowledged it, earliest first."""
    return tuple(sorted((r for r in incident.responders if r.acked_at is not None), key=lambda r: r.acked_at or 0))


def paged_now(view: View) -> tuple[str, ...]:
    """Whom the current level asks, and whoever was added by hand: those who are expected to take it."""
    incident = view.incident
    if incident.loop < 0 and not incident.responders:
        return ()
    level = routing.people(view.world, escalation.current_level(incident).targets, view.now)
    called = {one.member for one in level}
    asked = [r.member for r in incident.responders if r.member in called or r.how == "add"]
    return tuple(asked or (r.member for r in incident.responders))


def who_has_it(view: View) -> Line:
    """One line: who acknowledged and when, or whom it pages now, or that nobody could be reached."""
    incident = view.incident
    taken = holders(incident)
    if incident.progress is Progress.CLOSED:
        if not taken:
            return view.line("who.never")
        spans = [duration((r.acked_at or 0) - incident.opened_at, view.lang) for r in taken]
        had = zip(taken, spans, strict=True)
        return _listed(view, [view.line("who.had", who=view.person(r.member), span=span) for r, span in had])
    if taken:
        since = [(view.person(r.member), view.at(r.acked_at or 0)) for r in taken]
        return _listed(view, [view.line("who.acked", who=who, at=at) for who, at in since])
    paged = paged_now(view)
    reachable = tuple(member for member in paged if member not in incident.unreachable)
    if reachable:
        return view.line("who.paging", who=view.people(reachable))
    return view.line("who.unreachable", who=view.people(paged)) if paged else view.line("who.nobody")


def what_next(view: View, *, brief: bool = False) -> Line:
    """What Tocsin does by itself from here, soonest first; `brief` leaves out repeats where it also climbs."""
    incident = view.incident
    if incident.snoozed_until is not None:
        return view.line("next.snoozed", at=view.at(incident.snoozed_until))
    steps: list[tuple[Instant, Line]] = []
    climbs = incident.escalate_at is not None and not escalation.on_last_resort(incident)
    if incident.notify_at is not None and not (brief and climbs):
        steps.append((incident.notify_at, _notify(view, incident.notify_at)))
    if incident.escalate_at is not None and climbs:
        steps.append((incident.escalate_at, _climb(view, incident.escalate_at)))
    if incident.progress is Progress.PROCESSING:
        if incident.ack_until is not None:
            steps.append((incident.ack_until, view.line("next.ack_timeout", at=view.at(incident.ack_until))))
        if not steps:
            steps.append((incident.last_at, view.line("next.held")))
        if incident.close_with_alerts and incident.alerts_open:
            steps.append((incident.close_at or _NEVER, view.line("next.recovers")))
    elif not steps:
        exhausted = escalation.on_last_resort(incident)
        steps.append((incident.last_at, view.line("next.exhausted" if exhausted else "next.nothing")))
    if incident.close_at is not None:
        steps.append((incident.close_at, view.line("next.auto_close", at=view.at(incident.close_at))))
    first, *later = [line for _, line in sorted(steps, key=lambda step: step[0])]
    return _joined(view, [first, *map(_small, later)])


def outcome(view: View) -> Line:
    """How a closed incident ended: who or what closed it, when, and after how long."""
    incident = view.incident
    closed_at = incident.closed_at or incident.last_at
    facts: dict[str, str | Span | Line] = {
        "at": view.at(closed_at),
        "span": duration(closed_at - incident.opened_at, view.lang),
    }
    if incident.merged_into:
        into = f"#{incident.merged_into}"
        return view.line("closed.merged", who=view.person(incident.closed_by), into=into, **facts)
    if incident.closed_by:
        return view.line("closed.by", who=view.person(incident.closed_by), **facts)
    return view.line("closed.auto" if closed_by_clock(view) else "closed.recovered", **facts)


def closed_by_clock(view: View) -> bool:
    """Whether nothing but the passing of time closed it."""
    ending = _ending(view)
    return ending.reason is Reason.AUTO_CLOSED if ending else not view.incident.alerts_total


def closing_note(view: View) -> str:
    """What the person who closed it had to say."""
    ending = _ending(view)
    return ending.facts.get("note", "") if ending else ""


def not_reached(view: View) -> Line:
    """Everybody for whom every medium failed, with each way and why; empty if there is nobody."""
    parts: list[Line] = []
    for member in view.incident.unreachable:
        whys = {
            entry.way: entry.facts["why"]
            for entry in view.entries
            if entry.kind is Kind.DELIVERY and entry.member == member and "why" in entry.facts
        }
        parts += [
            view.line("failed.one", who=view.name(member), way=way_word(view, way), why=why_word(view, why))
            for way, why in whys.items()
        ]
        if not whys:
            parts.append((Span(text=view.name(member)),))
    return _joined(view, parts) if parts else ()


def way_word(view: View, way: str) -> str:
    """A way to reach somebody, in the reader's language."""
    return _word(view, f"way.{way}", way)


def why_word(view: View, reason: str) -> str:
    """The named reason of a failure in words; the bare name where it has none."""
    return _word(view, f"failure.{reason}", reason.replace("_", " "))


def level_words(view: View, level: int, at: Instant) -> str:
    """`level 2 (Platform secondary: Cara Diaz)`: a level, counted from 0 here, and who will stand behind it at `at`."""
    levels = view.incident.rule.levels
    last_resort = level >= len(levels)
    targets = view.incident.last_resort.targets if last_resort else levels[level].targets
    who = listing([_target(view, target, at) for target in targets], view.lang)
    if last_resort:
        return view.say("level.catch_all", who=who)
    return view.say("level.name" if who else "level.bare", level=level + 1, who=who)


def _notify(view: View, at: Instant) -> Line:
    incident = view.incident
    if incident.loop < 0:
        return view.line("next.first", level=level_words(view, incident.level, at), at=view.at(at))
    who = view.names(paged_now(view))
    return view.line("next.repeat", who=who, at=view.at(at))


def _climb(view: View, at: Instant) -> Line:
    incident = view.incident
    last = len(incident.rule.levels) - 1
    forced = "_even_acked" if escalation.current_level(incident).even_if_acked else ""
    if incident.level == last and incident.round + 1 < incident.rule.rounds:
        rounds = {"round": str(incident.round + 2), "rounds": str(incident.rule.rounds)}
        return view.line(f"next.round{forced}", level=level_words(view, 0, at), at=view.at(at), **rounds)
    return view.line(f"next.escalate{forced}", level=level_words(view, incident.level + 1, at), at=view.at(at))


def _target(view: View, target: Target, at: Instant) -> str:
    if target.kind is TargetKind.MEMBER:
        return view.name(target.id)
    if target.kind is TargetKind.TEAM:
        team = view.world.teams.get(target.id)
        return team.name if team else target.id
    if target.kind is TargetKind.EMAIL:
        return target.id
    plan = view.world.schedules.get(target.id)
    members = [called.member for called in routing.people(view.world, (target,), at)]
    name = plan.name if plan else target.id
    if not members:
        return view.say("target.empty", schedule=name)
    return view.say("target.schedule", schedule=name, who=view.names(members))


def _ending(view: View) -> Entry | None:
    return next((entry for entry in reversed(view.entries) if entry.kind is Kind.RESOLVE), None)


def _word(view: View, key: str, otherwise: str) -> str:
    try:
        return view.say(key)
    except KeyError:
        return otherwise


def _listed(view: View, lines: list[Line]) -> Line:
    return _chain(Span(text=view.say("list.comma")), lines)


def _chain(between: Span, lines: list[Line]) -> Line:
    return tuple(span for index, line in enumerate(lines) for span in ((between, *line) if index else line))


def _joined(view: View, lines: list[Line]) -> Line:
    return _chain(Span(text=view.say("next.joint")), lines)


def _small(line: Line) -> Line:
    """The same sentence inside another one: it begins with a small letter, unless with a name or a time."""
    first = line[0] if line else None
    if first is None or first.mention or first.at is not None:
        return line
    return (Span(text=first.text[:1].lower() + first.text[1:], style=first.style, href=first.href), *line[1:])
