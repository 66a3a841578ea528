"""A notice about coming shifts in words: for the person concerned, or for a chat."""

from __future__ import annotations

from bot.cards.i18n import knows, moment, say, zone_name
from bot.engine.notices import Notice, NoticeKind
from bot.engine.world import Schedule, Shift, World


def notice_text(notice: Notice, world: World) -> str:
    """A heading, and a line for each shift with its times by the receiver's clocks."""
    plan = world.schedules[notice.schedule]
    member = world.members.get(notice.member)
    if member is not None:
        lang, zone = member.lang, member.zone
    elif notice.chat is not None:
        lang, zone = notice.chat.lang, notice.chat.zone
    else:
        lang, zone = "en", plan.zone
    lines = [_heading(notice, plan, lang)]
    lines += [_shift(shift, notice, world, lang, zone) for shift in notice.shifts]
    return "\n".join(lines)


def _heading(notice: Notice, plan: Schedule, lang: str) -> str:
    name = plan.name or plan.id
    if notice.kind is NoticeKind.BEFORE:
        return say(lang, "notice.you_soon" if notice.member else "notice.soon", schedule=name)
    return say(lang, "notice.your_day" if notice.member else "notice.day", schedule=name)


def _shift(shift: Shift, notice: Notice, world: World, lang: str, zone: str) -> str:
    member = world.members.get(shift.member)
    role = say(lang, f"role.{shift.role}") if knows(f"role.{shift.role}") else shift.role
    return say(
        lang,
        "notice.shift",
        who=member.name if member else shift.member,
        role=role,
        start=moment(shift.start, notice.at, zone, lang, dated=True),
        end=moment(shift.end, notice.at, zone, lang, dated=True),
        zone=zone_name(shift.start, zone),
    )
