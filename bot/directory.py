"""Who is who: the declared people together with the accounts they linked in chat, and the codes that link them.

The world that everybody reads is made here: the manifest's people, with linked accounts laid over the declared ones.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from bot import optouts
from bot.clock import Clock, Ids
from bot.engine.model import MINUTE, Span, Target, TargetKind
from bot.engine.silence import Silence
from bot.engine.world import Member, Override, Schedule, Team, World
from bot.store.base import Identity, Token, Tx
from bot.store.base_rota import ChatOverride

CODE_LIFE: Span = 30 * MINUTE


class Directory:
    """The people as they are now. Reads never touch the store; `load` does, after a start and after a link."""

    def __init__(self, declared: World, clock: Clock, ids: Ids) -> None:
        """Begin with the declared people alone."""
        self._declared = declared
        self._clock = clock
        self._ids = ids
        self._linked: tuple[Identity, ...] = ()
        self._silences: tuple[Silence, ...] = ()
        self._overrides: tuple[ChatOverride, ...] = ()
        self._stopped: frozenset[str] = frozenset()
        self._world = declared
        self._by_account = _accounts(declared.members.values())

    def world(self) -> World:
        """The world in force now."""
        return self._world

    def declare(self, declared: World) -> None:
        """Put another manifest in force; what was done in chat stays."""
        self._declared = declared
        self._overlay(self._linked, self._silences, self._overrides, self._stopped)

    def load(self, tx: Tx) -> None:
        """Lay over the manifest what people did: linked accounts, quick silences, overrides of schedules, STOP."""
        stopped = frozenset(optouts.stopped(tx))
        found = tuple(tx.identities()), tuple(tx.silences()), tuple(tx.chat_overrides()), stopped
        if found != (self._linked, self._silences, self._overrides, self._stopped):
            self._overlay(*found)

    def _overlay(
        self,
        linked: tuple[Identity, ...],
        silences: tuple[Silence, ...],
        overrides: tuple[ChatOverride, ...],
        stopped: frozenset[str],
    ) -> None:
        members = dict(self._declared.members)
        for one in linked:
            member = members.get(one.member)
            if member is not None:
                members[member.id] = replace(member, identities={**member.identities, one.platform: one.user})
        for member in [one for one in members.values() if one.phone in stopped]:
            members[member.id] = replace(member, stopped=("sms",))
        self._linked, self._silences, self._overrides, self._stopped = linked, silences, overrides, stopped
        quiet = dict(self._declared.silences)
        for silence in silences:
            quiet[silence.channel] = (*quiet.get(silence.channel, ()), silence)
        schedules = _overridden(self._declared.schedules, overrides, members)
        self._world = replace(self._declared, members=members, silences=quiet, schedules=schedules)
        self._by_account = _accounts(members.values())

    def member(self, platform: str, user: str) -> Member | None:
        """The member behind an account, if it is known."""
        return self._by_account.get((platform, user))

    def named(self, text: str, platform: str = "") -> Member | None:
        """A member by account id, member id, mail address or full name; None when nobody or several match."""
        text = text.removeprefix("@").strip()
        people = self._world.members
        by_account = self._by_account.get((platform, text))
        if by_account or text in people:
            return by_account or people[text]
        wanted = text.casefold()
        found = [m for m in people.values() if wanted in (m.id.casefold(), m.name.casefold(), m.email.casefold())]
        found = found or [m for m in people.values() if wanted in m.name.casefold().split()]
        return found[0] if len(found) == 1 else None

    def target(self, text: str, platform: str = "") -> Target | None:
        """What somebody means by `@ann`, `team:db`, `schedule:db/backup`, or a bare name of any of the three."""
        kind, _, rest = text.partition(":")
        if kind == "team" and rest in self._world.teams:
            return Target(kind=TargetKind.TEAM, id=rest)
        if kind == "schedule" and rest.partition("/")[0] in self._world.schedules:
            name, _, role = rest.partition("/")
            return Target(kind=TargetKind.SCHEDULE, id=name, role=role)
        member = self.named(rest if kind == "member" else text, platform)
        if member is not None:
            return Target(kind=TargetKind.MEMBER, id=member.id)
        if (schedule := self.schedule(text)) is not None:
            return Target(kind=TargetKind.SCHEDULE, id=schedule.id)
        if (team := self.team(text)) is not None:
            return Target(kind=TargetKind.TEAM, id=team.id)
        return None

    def schedule(self, text: str) -> Schedule | None:
        """A schedule by id or name."""
        wanted = text.casefold()
        return next((s for s in self._world.schedules.values() if wanted in (s.id.casefold(), s.name.casefold())), None)

    def team(self, text: str) -> Team | None:
        """A team by id or name."""
        wanted = text.casefold()
        return next((t for t in self._world.teams.values() if wanted in (t.id.casefold(), t.name.casefold())), None)

    def fresh_id(self) -> str:
        """An identity for something that is about to be made: 16 hexadecimal digits."""
        return self._ids.short()

    def declared(self, platform: str, user: str) -> Member | None:
        """The member whose account the manifest says it is."""
        people = self._declared.members.values()
        return next((member for member in people if member.identities.get(platform) == user), None)

    def new_code(self, tx: Tx, member: str, *, account: tuple[str, str] | None = None) -> str:
        """A one-time code, good for half an hour, that links the account it is sent from to this member.

        With `account` (platform, user) that account alone, whoever else may read the code.
        """
        code = self._ids.secret()
        until = self._clock.now() + CODE_LIFE
        data = dict(zip(("platform", "user"), account, strict=True)) if account else {}
        tx.put_token(Token(hash=hash_of(code), purpose="link", member=member, data=data, expires_at=until))
        return code

    def link(self, tx: Tx, platform: str, user: str, code: str) -> Member | None:
        """Redeem a code for the account that sent it. None if it is wrong, used, too old, or not for this one."""
        now = self._clock.now()
        token = tx.token(hash_of(code))
        if token is None or token.purpose != "link" or token.expires_at <= now:
            return None
        if token.data and token.data != {"platform": platform, "user": user}:
            return None
        if token.member not in self._world.members or not tx.use_token(token.hash, now):
            return None
        tx.put_identity(Identity(platform=platform, user=user, member=token.member, at=now))
        return self._world.members[token.member]


def _overridden(
    schedules: Mapping[str, Schedule], overrides: tuple[ChatOverride, ...], members: Mapping[str, Member]
) -> Mapping[str, Schedule]:
    """The schedules with the overrides of the chat behind the declared ones, so that they win where both speak."""
    made: dict[str, list[Override]] = {}
    for each in overrides:
        if each.member in members:
            one = Override(
                id=each.id, start=each.start, end=each.end, member=each.member, role=each.role, role_only=True
            )
            made.setdefault(each.schedule, []).append(one)
    return {
        name: replace(plan, overrides=(*plan.overrides, *made[name])) if name in made else plan
        for name, plan in schedules.items()
    }


def hash_of(secret: str) -> str:
    """What the store keeps instead of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _accounts(members: Collection[Member]) -> dict[tuple[str, str], Member]:
    """Whose each account is. A phone is one as well, unless several people share it: then it names nobody."""
    known = {(platform, user): member for member in members for platform, user in member.identities.items()}
    phones = Counter(member.phone for member in members)
    return known | {("sms", member.phone): member for member in members if member.phone and phones[member.phone] == 1}
