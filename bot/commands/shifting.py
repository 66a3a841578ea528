"""`override`, `take`, `swap`, `cover` and what ends them: who is on call instead of whom, from when until when.

Any member with a seat may change any schedule: whoever notices the hole at night fills it, and the log says who it was.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from bot import shifts
from bot.cards.build import text_card
from bot.cards.i18n import knows, moment, say, zone_name
from bot.cards.text import one_line
from bot.commands import times
from bot.commands.grammar import Asked, Misread
from bot.commands.said import Asker, Said, sentence, usage
from bot.commands.times import Window
from bot.directory import Directory
from bot.engine import schedule
from bot.engine.model import Instant
from bot.engine.world import Member, Schedule, Shift, World
from bot.rendering import TAKE
from bot.service import Service
from bot.store.base import Tx
from bot.store.base_rota import ChatOverride

ID_SHOWN = 6
"""Letters of an override's id: 24 bits tell those of one company apart."""
ID_MIN = 4
SHIFTS_MAX = 10
"""As many shifts may be given away at once."""
ASKED_MAX = 20
"""As many people are asked to take or swap a shift; everybody else finds it in `overrides` and may take it as well."""
ROWS_MAX = 20
NAME_WORDS = 3
NUMBER_DIGITS = 4
"""Python refuses to read a number of more than 4,300."""
_ID = re.compile(r"[0-9a-f]{4,16}")
_ME = frozenset({"me", "@me", "我"})


class _Post(NamedTuple):
    """A position that somebody can be put on."""

    plan: Schedule
    role: str


class Shifting:
    """Changes who is on call."""

    def __init__(self, service: Service, directory: Directory) -> None:
        """Keep the parts."""
        self._service = service
        self._directory = directory

    def act(self, tx: Tx, asker: Asker, asked: Asked) -> Said:
        """Do one of the verbs."""
        words = asked.rest.split()
        match asked.verb:
            case "override":
                return self._override(tx, asker, words)
            case "take":
                return self._take(tx, asker, words)
            case "cover":
                return self._cover(tx, asker, words)
            case "swap":
                return self._swap(tx, asker, words)
            case _:
                return self._end(tx, asker, words)

    def _override(self, tx: Tx, asker: Asker, words: list[str]) -> Said:
        """`<schedule> @p <from> <to>`."""
        place = next((at for at, word in enumerate(words) if word.startswith("@") or word.casefold() in _ME), None)
        if place is None or place + 1 >= len(words):
            return usage(asker, "override")
        posts = self._posts(asker, " ".join(words[:place]))
        member, rest = self._person(asker, words[place:])
        if isinstance(posts, Said):
            return posts
        if member is None:
            return sentence(asker, "no_such_member", {"name": words[place]})
        if not member.reachable():
            return sentence(asker, "override_unreachable", {"name": member.name})
        return self._put(tx, asker, posts, member, rest)

    def _person(self, asker: Asker, words: list[str]) -> tuple[Member | None, list[str]]:
        """Whom the words begin with, by a name of up to three, and what follows."""
        if words[0].casefold() in _ME:
            return asker.member, words[1:]
        for length in range(NAME_WORDS, 0, -1):
            member = self._directory.named(" ".join(words[:length]), asker.platform)
            if member is not None:
                return member, words[length:]
        return None, words

    def _take(self, tx: Tx, asker: Asker, words: list[str]) -> Said:
        """`<schedule> <2h>`, or `<id>` of a shift that waits for somebody."""
        if len(words) == 1 and _ID.fullmatch(words[0].casefold()):
            wishes = [
                each for each in self._open(tx, asker) if each.id.startswith(words[0].casefold()) and not each.member
            ]
            if len(wishes) == 1:
                return self.taken(tx, asker, wishes[0].id)
        if asker.member is None or not words:
            return usage(asker, "take")
        refused: list[Said] = []
        for place in range(len(words) - 1, 0, -1):
            posts = self._posts(asker, " ".join(words[:place]))
            if not isinstance(posts, Said):
                return self._put(tx, asker, posts, asker.member, words[place:])
            refused.append(posts)
        posts = self._posts(asker, "")
        if isinstance(times.window(words, asker.now, asker.zone), Misread):
            return refused[-1] if refused else usage(asker, "take")
        return posts if isinstance(posts, Said) else self._put(tx, asker, posts, asker.member, words)

    def _put(self, tx: Tx, asker: Asker, posts: list[_Post], member: Member, words: list[str]) -> Said:
        window = times.window(words, asker.now, asker.zone)
        if isinstance(window, Misread):
            return sentence(asker, window.code, window.facts)
        told: list[Said] = []
        for plan, role in posts:
            override = self._made(asker, _Post(plan, role), window, member=member.id)
            shifts.put(tx, override)
            facts = {**self._facts(asker, override), "name": member.name, "id": override.id[:ID_SHOWN]}
            if member.id == asker.id:
                told.append(sentence(asker, "override_mine", facts, done=True))
                continue
            told.append(sentence(asker, "override_made", facts, done=True))
            news = self._worded(asker, "tell.override", override, member)
            self._service.tell(tx, member, f"override:{override.id}:{member.id}", news)
        self._directory.load(tx)
        text = "\n".join(said.text for said in told)
        return Said(card=text_card(text, asker.lang), outcome=told[0].outcome, text=text)

    def _cover(self, tx: Tx, asker: Asker, words: list[str]) -> Said:
        """`<from> <to>`: everybody else of the schedule is asked; until somebody takes it, it stays the asker's."""
        window = times.window(words, asker.now, asker.zone)
        if not words:
            return usage(asker, "cover")
        if isinstance(window, Misread):
            return sentence(asker, window.code, window.facts)
        mine = [
            (plan, shift)
            for plan in asker.world.schedules.values()
            for shift in schedule.shifts(plan, *window)
            if shift.member == asker.id
        ][:SHIFTS_MAX]
        if not mine:
            return sentence(asker, "cover_nothing", self._window(asker, window))
        lines = []
        for plan, shift in mine:
            part = Window(max(shift.start, window.start), min(shift.end, window.end))
            if waits := self._waiting(tx, asker, _Post(plan, shift.role), part):
                lines.append(waits)
                continue
            asked = self._others(asker, plan)[:ASKED_MAX]
            wish = self._made(asker, _Post(plan, shift.role), part, asked=tuple(one.id for one in asked))
            if asked:
                shifts.put(tx, wish)
            for one in asked:
                text = self._worded(asker, "cover.ask", wish, one)
                self._service.tell(tx, one, f"{TAKE}{wish.id}:{one.id}", text)
            facts = {**self._facts(asker, wish), "members": ",".join(wish.asked)}
            lines.append(sentence(asker, "cover_asked" if asked else "cover_nobody", facts, done=bool(asked)))
        self._directory.load(tx)
        text = "\n".join(said.text for said in lines)
        return Said(card=text_card(text, asker.lang), outcome=lines[0].outcome, text=text)

    def _swap(self, tx: Tx, asker: Asker, words: list[str]) -> Said:
        """`<number of my shift> [with @p]`."""
        digits = words[0].strip("#.") if words else ""
        if not digits.isdecimal() or len(digits) > NUMBER_DIGITS:
            return usage(asker, "swap")
        number, mine = int(digits), self.mine(asker)
        if not 1 <= number <= len(mine):
            return sentence(asker, "no_such_shift", {"word": words[0]})
        plan, shift = mine[number - 1]
        window = Window(max(shift.start, asker.now), shift.end)
        if waits := self._waiting(tx, asker, _Post(plan, shift.role), window):
            return waits
        wish = self._made(asker, _Post(plan, shift.role), window, swap=True)
        name = " ".join(word for word in words[1:] if word.casefold() not in {"with", "和", "与"})
        partner = self._directory.named(name, asker.platform) if name else None
        if name and partner is None:
            return sentence(asker, "no_such_member", {"name": name})
        people = [partner] if partner else self._others(asker, plan)
        offers = [(one, shifts.counter(plan, wish, one.id, asker.now)) for one in people if one.id != asker.id]
        able = [(one, theirs) for one, theirs in offers if theirs is not None][:ASKED_MAX]
        if not able:
            return sentence(asker, "swap_nothing", {"schedule": one_line(plan.name or plan.id)})
        wish = replace(wish, asked=tuple(one.id for one, _ in able))
        shifts.put(tx, wish)
        for one, theirs in able:
            text = self._worded(asker, "swap.ask", wish, one, theirs)
            self._service.tell(tx, one, f"{TAKE}{wish.id}:{one.id}", text)
        self._directory.load(tx)
        return sentence(asker, "swap_asked", {**self._facts(asker, wish), "members": ",".join(wish.asked)}, done=True)

    def taken(self, tx: Tx, asker: Asker, override_id: str) -> Said:
        """Somebody takes a shift that waits for somebody, by button or by its id."""
        wish = next((each for each in tx.chat_overrides() if each.id == override_id), None)
        if wish is None or wish.end <= asker.now or wish.schedule not in asker.world.schedules:
            return sentence(asker, "cover_over")
        if wish.member or asker.id == wish.by or (wish.swap and asker.id not in wish.asked):
            code = "cover_gone" if wish.member else "cover_own" if asker.id == wish.by else "swap_not_asked"
            return sentence(asker, code, {"members": wish.member} if wish.member else {})
        plan, giver = asker.world.schedules[wish.schedule], asker.world.members.get(wish.by)
        theirs = shifts.counter(plan, wish, asker.id, asker.now) if wish.swap else None
        if wish.swap and theirs is None:
            return sentence(asker, "swap_nothing", {"schedule": one_line(plan.name or plan.id)})
        override = shifts.take(tx, wish, asker.id, asker.now)
        if override is None:
            return sentence(asker, "cover_gone")
        if theirs is not None:
            back = self._made(asker, _Post(plan, wish.role), Window(theirs.start, theirs.end), member=wish.by)
            shifts.put(tx, back)
        if giver is not None:
            text = self._worded(asker, "tell.swapped" if theirs else "tell.covered", override, giver, theirs)
            self._service.tell(tx, giver, f"taken:{override.id}:{giver.id}", text)
        self._directory.load(tx)
        facts = {**self._facts(asker, override), "by": wish.by}
        if theirs is not None:  # not always the shift that was theirs to give when they were asked
            facts |= self._back(asker, override, theirs, asker.lang, asker.zone)
        return sentence(asker, "swap_taken" if theirs else "cover_taken", facts, done=True)

    def _end(self, tx: Tx, asker: Asker, words: list[str]) -> Said:
        """`unoverride <id>`."""
        wanted = words[0].casefold().lstrip("#") if words else ""
        if not wanted:
            return usage(asker, "unoverride")
        found = [each for each in self._open(tx, asker) if len(wanted) >= ID_MIN and each.id.startswith(wanted)]
        if len(found) != 1:
            declared = any(each.id == wanted for plan in asker.world.schedules.values() for each in plan.overrides)
            return sentence(asker, "override_declared" if declared else "no_such_override", {"id": wanted})
        override = found[0]
        shifts.end(tx, override, asker.id, asker.now)
        for one in {override.member, override.by} - {asker.id, ""}:
            member = asker.world.members.get(one)
            if member is not None and override.member:
                text = self._worded(asker, "tell.ended", override, member)
                self._service.tell(tx, member, f"ended:{override.id}:{member.id}", text)
        self._directory.load(tx)
        return sentence(asker, "override_ended", self._facts(asker, override), done=True)

    def overrides(self, tx: Tx, asker: Asker, asked: Asked) -> Said:
        """Every override of the chat that is in force or coming, and every shift that waits for somebody."""
        name = asked.rest.strip()
        plan = self._directory.schedule(name) if name else None
        if name and plan is None:
            return sentence(asker, "no_such_schedule", {"name": name})
        rows = [each for each in self._open(tx, asker) if plan is None or each.schedule == plan.id]
        lines = []
        for each in sorted(rows, key=lambda row: (row.start, row.id))[:ROWS_MAX]:
            taker = asker.world.members.get(each.member)
            facts = {"id": each.id[:ID_SHOWN], "who": one_line(taker.name) if taker else each.member}
            giver = asker.world.members.get(each.by)
            facts |= {"by": one_line(giver.name) if giver else each.by}
            facts |= _told(each, asker.world, asker.lang, asker.zone, asker.now)
            lines.append(say(asker.lang, "overrides.row" if each.member else "overrides.wanted", **facts))
        if len(rows) > ROWS_MAX:
            lines.append(say(asker.lang, "list.more", n=len(rows) - ROWS_MAX))
        return Said(card=text_card("\n".join(lines) or say(asker.lang, "overrides.none"), asker.lang), here=asked.here)

    def mine(self, asker: Asker) -> list[tuple[Schedule, Shift]]:
        """The asker's coming shifts in all schedules, by start: `swap` counts them as `me` shows them."""
        plans = asker.world.schedules.values()
        found = [(plan, shift) for plan in plans for shift in shifts.coming(plan, asker.id, asker.now)]
        return sorted(found, key=lambda row: (row[1].start, row[0].id))

    def _posts(self, asker: Asker, name: str) -> list[_Post] | Said:
        """The positions that a text names: `db`, `db/backup`, a team's, `all` of mine, or the only one there is."""
        plans = asker.world.schedules
        name = name.strip().removeprefix("schedule:")
        if name.casefold() == "all":
            mine = [plan for plan in plans.values() if any(one == asker.id for _, one in _people(plan))]
            return [_Post(plan, shifts.roles(plan)[0]) for plan in mine] or self._nowhere(asker, "")
        if not name:
            only = next(iter(plans.values())) if len(plans) == 1 else None
            return [_Post(only, shifts.roles(only)[0])] if only else self._nowhere(asker, "")
        if (plan := self._directory.schedule(name)) is not None:
            return [_Post(plan, shifts.roles(plan)[0])]
        first, _, role = name.rpartition("/")
        if (plan := self._directory.schedule(first)) is not None:
            known = shifts.roles(plan)
            named = next((each for each in known if each.casefold() == role.casefold()), None)
            return (
                [_Post(plan, named)]
                if named
                else sentence(asker, "no_such_role", {"name": role, "known": ", ".join(known)})
            )
        team = self._directory.team(name)
        theirs = set(team.members) if team else set()
        found = [
            _Post(plan, shifts.roles(plan)[0]) for plan in plans.values() if theirs & {one for _, one in _people(plan)}
        ]
        return found or self._nowhere(asker, name)

    def _nowhere(self, asker: Asker, name: str) -> Said:
        known = ", ".join(asker.world.schedules) or "–"
        if not name:
            return sentence(asker, "which_schedule", {"known": known})
        return sentence(asker, "no_schedule_of_that_name", {"name": name, "known": known})

    def _others(self, asker: Asker, plan: Schedule) -> list[Member]:
        """Who else is ever on call there, may act and can be reached: by name, those behind the asker first.

        Where only some can be asked, each asker's neighbours are others.
        """
        names = sorted({one for _, one in _people(plan)} - {asker.id}, key=lambda one: (one < asker.id, one))
        members = (asker.world.members.get(one) for one in names)
        return [one for one in members if one is not None and one.seat and one.reachable()]

    def _waiting(self, tx: Tx, asker: Asker, post: _Post, window: Window) -> Said | None:
        """The answer where the asker already waits for somebody to take a part of that shift; None where not."""
        for wish in self._open(tx, asker):
            same = (wish.by, wish.schedule, wish.role) == (asker.id, post.plan.id, post.role)
            if same and not wish.member and wish.start < window.end and window.start < wish.end:
                facts = {**self._facts(asker, wish), "id": wish.id[:ID_SHOWN]}
                return sentence(asker, "cover_waits", facts)
        return None

    def _made(
        self,
        asker: Asker,
        post: _Post,
        window: Window,
        *,
        member: str = "",
        asked: tuple[str, ...] = (),
        swap: bool = False,
    ) -> ChatOverride:
        return ChatOverride(
            id=self._directory.fresh_id(),
            schedule=post.plan.id,
            role=post.role,
            start=window.start,
            end=window.end,
            by=asker.id,
            at=asker.now,
            member=member,
            asked=asked,
            swap=swap,
        )

    def _window(self, asker: Asker, window: Window) -> dict[str, str]:
        start, end = (moment(at, asker.now, asker.zone, asker.lang) for at in window)
        return {"start": start, "end": end, "zone": zone_name(window.start, asker.zone)}

    def _open(self, tx: Tx, asker: Asker) -> list[ChatOverride]:
        """What is in force, is coming, or waits for somebody."""
        plans = asker.world.schedules
        return [each for each in tx.chat_overrides() if each.end > asker.now and each.schedule in plans]

    def _facts(self, asker: Asker, override: ChatOverride) -> dict[str, str]:
        """What the replies about an override say."""
        return _told(override, asker.world, asker.lang, asker.zone, asker.now)

    def _back(self, asker: Asker, override: ChatOverride, theirs: Shift, lang: str, zone: str) -> dict[str, str]:
        """What is given for a shift."""
        back = replace(override, start=theirs.start, end=theirs.end)
        other = _told(back, asker.world, lang, zone, asker.now)
        return {"start_back": other["start"], "end_back": other["end"]}

    def _worded(
        self, asker: Asker, key: str, override: ChatOverride, reader: Member, theirs: Shift | None = None
    ) -> str:
        """News for somebody else, in their language and by their clocks."""
        facts = _told(override, asker.world, reader.lang, reader.zone, asker.now)
        if theirs is not None:
            facts |= self._back(asker, override, theirs, reader.lang, reader.zone)
        name = one_line(asker.member.name) if asker.member else asker.id
        return say(reader.lang, key, name=name, id=override.id[:ID_SHOWN], **facts)


def _told(override: ChatOverride, world: World, lang: str, zone: str, now: Instant) -> dict[str, str]:
    """Schedule, role, beginning, end and zone in words."""
    plan = world.schedules[override.schedule]
    role = f"role.{override.role}"
    return {
        "schedule": one_line(plan.name or plan.id),
        "role": say(lang, role) if knows(role) else override.role,
        "start": moment(override.start, now, zone, lang),
        "end": moment(override.end, now, zone, lang),
        "zone": zone_name(override.start, zone),
    }


def _people(plan: Schedule) -> set[tuple[str, str]]:
    return {each for layer in plan.layers for each in layer.people()}
