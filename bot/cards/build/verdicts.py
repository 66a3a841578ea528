"""The engine's verdicts as sentences: for the command line, and the essence of them for a chat."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cards.build.outlook import way_word
from bot.cards.build.view import View
from bot.cards.i18n import duration, knows, listing, moment
from bot.cards.text import one_line
from bot.engine.model import Condition, Instant
from bot.engine.verdicts import (
    LevelVerdict,
    MemberVerdict,
    MemberWhy,
    QuietVerdict,
    QuietWhy,
    RouteVerdict,
    RuleVerdict,
    RuleWhy,
    Stands,
    Verdicts,
)

_BY_A_LEVEL = frozenset({
    MemberWhy.PAGED, MemberWhy.MUTED, MemberWhy.DELAYED, MemberWhy.EARLIER, MemberWhy.LATER, MemberWhy.ADDED,
})  # fmt: skip
"""For these it matters by which ways they are reached."""
_IS_HEARD_OF = (QuietWhy.HIDES, QuietWhy.OVER, QuietWhy.OTHER, QuietWhy.NOTICED)
"""What keeps an alert quiet, did, or would as well."""


def rule_words(view: View, verdict: RuleVerdict) -> str:
    """`“Info” does not fit: severity IN Info does not hold`."""
    facts = {"rule": one_line(verdict.rule), "by": one_line(verdict.by), "fails": _conditions(view, verdict.fails)}
    return view.say(f"verdict.rule.{verdict.why.value}", **facts)


def quiet_words(view: View, verdict: QuietVerdict) -> str:
    """`the silence “deploy” was not in force at that hour`; of what hides an alert also until when, and by what."""
    what = view.say(f"verdict.quiet.{verdict.kind}", name=one_line(verdict.name))
    key = f"verdict.silent.{verdict.why.value}"
    if verdict.why is QuietWhy.HIDES and verdict.until is not None:
        return view.say(f"{key}.until", what=what, until=_moment(view, verdict.until))
    if verdict.cause and knows(f"{key}.cause"):
        return view.say(f"{key}.cause", what=what, cause=one_line(verdict.cause))
    fails = _conditions(view, verdict.fails)
    return view.say(key, what=what, fails=fails, changes=verdict.changes, enough=verdict.enough)


def route_words(view: View, verdict: RouteVerdict) -> str:
    """`case 2 leads to db, web`."""
    case = view.say("verdict.case", case=verdict.case) if verdict.case else view.say("verdict.case.default")
    facts = {"case": case, "to": ", ".join(verdict.channels), "fails": _conditions(view, verdict.fails)}
    return view.say(f"verdict.{verdict.why.value}", **facts)


def level_words(view: View, verdict: LevelVerdict, last: int) -> str:
    """`level 2`; `last` is the level of the last resort."""
    if verdict.level == last:
        return view.say("verdict.level.last_current" if verdict.current else "verdict.level.last")
    return view.say("verdict.level.current" if verdict.current else "verdict.level.other", level=verdict.level + 1)


def target_words(view: View, verdict: LevelVerdict) -> list[str]:
    """Each target with whoever stands behind it: `schedule:db/primary: Ann (primary, layer weekly, 09:00 to 17:00)`."""
    lines = []
    for each in verdict.targets:
        target = f"{each.target.kind.value}:{each.target.id}{f'/{each.target.role}' if each.target.role else ''}"
        who = [_stands(view, one) for one in each.people] or [view.say("verdict.stands.nobody")]
        lines.append(f"{target}{view.say('fact.colon')}{listing(who, view.lang)}")
    if verdict.turn and lines:
        lines[-1] += view.say("verdict.turn", who=view.name(verdict.turn))
    return lines


def member_words(view: View, verdict: MemberVerdict) -> str:
    """`Ann is not paged: it is the turn of Bo`; for whoever is paged also by which ways, and why by these."""
    level = ""
    if verdict.level is not None:
        last = verdict.level >= len(view.incident.rule.levels)
        level = view.say("verdict.level.last") if last else view.say("verdict.level.other", level=verdict.level + 1)
    said = view.say(
        f"verdict.member.{verdict.why.value}",
        who=view.name(verdict.member),
        level=level,
        through=verdict.through,
        turn=view.name(verdict.turn),
    )
    return said + _ways(view, verdict) if verdict.why in _BY_A_LEVEL else said


def essence(view: View, verdicts: Verdicts, member: str = "") -> list[str]:
    """What a chat is told: what hides it, the rule that takes it, and the verdict about one person if one is asked."""
    hidden = [quiet_words(view, each) for each in verdicts.quiet if each.why in _IS_HEARD_OF]
    chosen = [rule_words(view, each) for each in verdicts.rules if each.why in (RuleWhy.CHOSEN, RuleWhy.WOULD)]
    about = verdicts.member(member) if member else None
    return [*hidden, *chosen, *([member_words(view, about)] if about else [])]


def _ways(view: View, verdict: MemberVerdict) -> str:
    if not verdict.ways:
        return ""
    said = view.say(f"verdict.ways.{verdict.by}", ways=_listed(view, verdict.ways))
    for rung in verdict.ladder:
        span = duration(rung.after, view.lang)
        said += view.say("verdict.rung", ways=_listed(view, rung.ways), span=span)
    return said


def _listed(view: View, ways: Iterable[str]) -> str:
    return listing([way_word(view, way) for way in ways], view.lang)


def _conditions(view: View, fails: tuple[Condition, ...]) -> str:
    """`severity IN Critical or labels.env NOTIN dev, test`."""
    words = [one_line(f"{each.key} {each.oper} {', '.join(each.vals)}") for each in fails]
    return view.say("verdict.or").join(words)


def _stands(view: View, one: Stands) -> str:
    who = view.name(one.member)
    if one.duty is None:
        return view.say("verdict.stands", who=who)
    role = one.duty.role
    return view.say(
        "verdict.stands.override" if one.override else "verdict.stands.duty",
        who=who,
        role=view.say(f"role.{role}") if knows(f"role.{role}") else role,
        layer=one_line(one.duty.layer),
        since=_moment(view, one.duty.since),
        until="…" if one.duty.until is None else _moment(view, one.duty.until),
    )


def _moment(view: View, at: Instant) -> str:
    return moment(at, view.now, view.zone, view.lang, dated=True)
