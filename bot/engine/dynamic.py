"""Targets that an alert names itself: labels that replace the people of a level, and are gone after that.

`layer_person_reset_N_emails` and `layer_person_reset_N_team_names`, comma-separated, levels counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from bot.engine.model import Rule, Target, TargetKind
from bot.engine.world import World

_LABEL = re.compile(r"layer_person_reset_(\d{1,2})_(emails|team_names)")
MAIL_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
"""One plain address: what anybody can send as a label must not become anything else in the header of a mail."""
PAIRS_MAX = 100
QUERY_MAX = 20
VALUE_MAX = 2048
"""Of a query: pairs that are looked at, labels that are taken, and characters of each (as of any label)."""
TARGETS_MAX = 50
"""More names than that are no targets but a mistake: the rest is left out."""


def retarget(rule: Rule, labels: Mapping[str, str], world: World) -> Rule:
    """The rule with the people of each level that the labels name; a level that is not there is left out."""
    named: dict[int, list[Target]] = {}
    for label, value in sorted(labels.items()):
        if match := _LABEL.fullmatch(label):
            find = _by_email if match[2] == "emails" else _by_team
            named.setdefault(int(match[1]), []).extend(find(value, world))
    levels = tuple(
        replace(level, targets=tuple(dict.fromkeys(named[number]))[:TARGETS_MAX]) if named.get(number) else level
        for number, level in enumerate(rule.levels)
    )
    return replace(rule, levels=levels)


def from_query(address: str) -> dict[str, str]:
    """The labels that the query of a request names (`?layer_person_reset_0_emails=…`), cut to what is in bounds."""
    pairs = address.partition("?")[2].split("&")[:PAIRS_MAX]
    named = {name: value[:VALUE_MAX] for name, value in parse_qsl("&".join(pairs)) if _LABEL.fullmatch(name)}
    return dict(list(named.items())[:QUERY_MAX])


def targets_of(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels with which an alert names its own people."""
    return {name: value for name, value in labels.items() if _LABEL.fullmatch(name)}


def without_targets(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that are about the alert itself."""
    return {name: value for name, value in labels.items() if not _LABEL.fullmatch(name)}


def _by_email(value: str, world: World) -> Iterator[Target]:
    known = {member.email.casefold(): member.id for member in world.members.values() if member.email}
    known |= world.by_email
    for address in filter(None, map(str.strip, value.split(","))):
        member = known.get(address.casefold())
        if member is not None:
            yield Target(kind=TargetKind.MEMBER, id=member)
        elif MAIL_ADDRESS.fullmatch(address):
            yield Target(kind=TargetKind.EMAIL, id=address.casefold())


def _by_team(value: str, world: World) -> Iterator[Target]:
    known = {team.name.casefold(): team.id for team in world.teams.values()}
    for name in filter(None, map(str.strip, value.split(","))):
        if name.casefold() in known:
            yield Target(kind=TargetKind.TEAM, id=known[name.casefold()])
