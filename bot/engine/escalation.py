"""The ladder: whom a level pages, when it repeats, when it climbs, and where it ends."""

from __future__ import annotations

from dataclasses import replace

from bot.engine import preference, routing
from bot.engine.draft import Draft
from bot.engine.effects import Alarm, Kind, Page, Reason, ShowCards, TakeTurn
from bot.engine.model import SECOND, Incident, Level, Pending, Progress, Responder, Watch, Way, medium_of
from bot.engine.routing import Called
from bot.engine.turns import Turn, next_place
from bot.engine.world import MAILTO, World


def current_level(incident: Incident) -> Level:
    """The level the incident stands on; behind the last one lies the last resort."""
    levels = incident.rule.levels
    return levels[incident.level] if incident.level < len(levels) else incident.last_resort


def on_last_resort(incident: Incident) -> bool:
    """Whether every level has been climbed in vain."""
    return incident.level >= len(incident.rule.levels)


def start(draft: Draft, reason: Reason, *, level: int = 0) -> None:
    """Begin the ladder anew at a level and notify at once. Pages of the time before are no longer wanted."""
    cycle = draft.incident.cycle + 1
    draft.turn(cycle=cycle, round=0, level=level, loop=-1, watches=(), exhausted=False, ack_until=None)
    fire(draft, reason)


def fire(draft: Draft, reason: Reason) -> None:
    """Notify the current level: once when it begins, again at each repeat."""
    incident = draft.incident
    level = current_level(incident)
    called = routing.people(draft.world, level.targets, draft.now)
    if level.round_robin:
        called = _take_turn(draft, called)
    how = "catch_all" if on_last_resort(incident) or incident.rule.id == "catch_all" else "level"
    if not called and not on_last_resort(incident):
        called, how = routing.people(draft.world, incident.last_resort.targets, draft.now), "catch_all"
        draft.log(Kind.NOTIFY, Reason.NOBODY_ON_CALL, level=incident.level, loop=incident.loop + 1)
    draft.show(loop=incident.loop + 1)
    _assign(draft, called, "assign" if incident.rule.direct else how, reason)
    _show_in_chats(draft, level)
    firing = f"{draft.incident.cycle}.{draft.incident.round}.{draft.incident.level}.{draft.incident.loop}"
    for one in called:
        page(draft, one, firing, reason, level)
    _set_timers(draft, level)


def turn_at(incident: Incident, level: int, world: World, called: tuple[Called, ...]) -> tuple[str, int] | None:
    """Whose turn it is at a level in round robin, and the place: who has it in this round, else who comes next.

    Who cannot be reached has no turn while anybody else can; a mailbox is no person. None where nobody is left.
    """
    people = [one.member for one in called if not one.member.startswith(MAILTO)]
    reached = [one for one in people if (member := world.member(one)) and member.reachable()] or people
    if not reached:
        return None
    had = incident.turns.get(f"{incident.round}.{level}", "")
    last = world.turns.get((incident.channel, incident.rule.id, level))
    place = reached.index(had) if had in reached else next_place(last, reached)
    return reached[place], place


def _take_turn(draft: Draft, called: tuple[Called, ...]) -> tuple[Called, ...]:
    """The one whose turn it is, who keeps it for this round; mailboxes get a copy anyway."""
    incident, slot = draft.incident, f"{draft.incident.round}.{draft.incident.level}"
    boxes = tuple(one for one in called if one.member.startswith(MAILTO))
    found = turn_at(incident, incident.level, draft.world, called)
    if found is None:
        return boxes
    member, place = found
    if incident.turns.get(slot) != member:
        turn = Turn(channel=incident.channel, rule=incident.rule.id, level=incident.level, member=member, place=place)
        draft.change(turns={**incident.turns, slot: member})
        draft.emit(TakeTurn(turn=turn, last=draft.world.turns.get(turn.slot)))
    return (*(one for one in called if one.member == member), *boxes)


def repeat(draft: Draft) -> None:
    """Nobody has it yet: the same level hears of it again."""
    fire(draft, Reason.REPEATED if draft.incident.loop >= 0 else Reason.DELAY_OVER)


def climb(draft: Draft) -> None:
    """The window of the level is over: the next level, the next round, the last resort, or the end."""
    incident = draft.incident
    last = len(incident.rule.levels) - 1
    if incident.level < last:
        _step_to(draft, incident.round, incident.level + 1, Reason.NOT_ACKED_IN_TIME)
    elif incident.level == last and incident.round + 1 < incident.rule.rounds:
        _step_to(draft, incident.round + 1, 0, Reason.NEXT_ROUND)
    elif incident.level == last:
        _step_to(draft, incident.round, last + 1, Reason.LAST_RESORT)
    else:
        _give_up(draft)


def page(draft: Draft, called: Called, firing: str, reason: Reason, level: Level | None) -> None:
    """Page one member in one firing by the ways that come first, and watch for the proof."""
    member = draft.member(called.member)
    holder = draft.responder(called.member)
    if member is None or (holder is not None and holder.acked_at is not None):
        return
    ways = preference.first_ways(member, draft.incident.severity, level.ways if level else None)
    if ways:
        rungs = preference.own_ladder(member, draft.incident.severity, level.ways if level else None)
        # One ladder at a time: a repeat that comes between two rungs begins no second one.
        climbs = any(watch.member == member.id and watch.later for watch in draft.incident.watches)
        later = tuple(Pending(way=way, due_at=draft.now + rung.after) for rung in rungs for way in rung.ways)
        later = () if climbs else later
        send(draft, Watch(member=member.id, firing=firing, later=later), ways, reason, through=called.through)
    else:
        unreachable(draft, member.id)


def send(draft: Draft, watch: Watch, ways: tuple[Way, ...], reason: Reason, *, through: str = "") -> None:
    """Decide pages by these ways and wait for a proof of each."""
    incident = draft.incident
    pending = tuple(Pending(way=way, due_at=draft.now + preference.PROOF_WITHIN[medium_of(way)]) for way in ways)
    draft.set_watch(replace(watch, pending=watch.pending + pending))
    for way in ways:
        draft.log(
            Kind.NOTIFY,
            reason,
            member=watch.member,
            way=way,
            level=incident.level,
            loop=max(incident.loop, 0),
            facts={"through": through} if through else {},
        )
        draft.emit(
            Page(
                member=watch.member,
                way=way,
                firing=watch.firing,
                cycle=incident.cycle,
                level=incident.level,
                loop=max(incident.loop, 0),
                reason=reason,
            )
        )


def unreachable(draft: Draft, member: str) -> None:
    """Every medium of a member failed: the card says so, and the ladder goes on."""
    draft.log(Kind.DELIVERY, Reason.UNREACHABLE, member=member, level=draft.incident.level)
    if member not in draft.incident.unreachable:
        draft.show(unreachable=(*draft.incident.unreachable, member))


def _step_to(draft: Draft, round_: int, level: int, reason: Reason) -> None:
    draft.turn(round=round_, level=level, loop=-1)
    fire(draft, reason)


def _give_up(draft: Draft) -> None:
    draft.turn(notify_at=None, escalate_at=None, exhausted=True)
    draft.log(Kind.EXHAUSTED, Reason.LADDER_EXHAUSTED)
    text = f"Nobody acknowledged #{draft.incident.num} ({draft.incident.title}), and there is nobody left to page."
    draft.emit(Alarm(code="nobody_answers", text=text))


def _assign(draft: Draft, called: tuple[Called, ...], how: str, reason: Reason) -> None:
    known = {r.member for r in draft.incident.responders}
    new = tuple(Responder(member=c.member, since=draft.now, how=how) for c in called if c.member not in known)
    if new:
        draft.show(responders=draft.incident.responders + new)
        names = ",".join(r.member for r in new)
        draft.log(Kind.ASSIGN, reason, level=draft.incident.level, facts={"members": names, "how": how})


def _show_in_chats(draft: Draft, level: Level) -> None:
    channel = draft.world.channels.get(draft.incident.channel)
    chats = tuple(dict.fromkeys((*(channel.chats if channel else ()), *level.chats)))
    if chats:
        draft.emit(ShowCards(chats=chats))


def _set_timers(draft: Draft, level: Level) -> None:
    """The next repeat, if any is left, and the end of the level's window, counted from its first notification."""
    incident = draft.incident
    again = level.repeat_every > 0 and incident.loop < level.repeat_times
    draft.change(notify_at=draft.now + max(level.repeat_every, SECOND) if again else None)
    if incident.loop == 0:
        draft.change(escalate_at=draft.now + max(level.escalate_after, SECOND))
    if incident.progress is Progress.PROCESSING and not level.even_if_acked:
        draft.change(notify_at=None, escalate_at=None)


def still_wanted(incident: Incident, cycle: int, member: str) -> bool:
    """Whether a page decided in `cycle` should still go out: asked again right before it starts."""
    if incident.progress is Progress.CLOSED or cycle != incident.cycle:
        return False
    return all(r.acked_at is None for r in incident.responders if r.member == member)
