"""`doctor member NAME`: a marked test by each way of one person, what became of it, and what to check next."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from bot.cards.i18n import moment, say
from bot.cli import boot
from bot.clock import Clock, Ids, SystemClock
from bot.commands.trying import Outcome, outcomes, told
from bot.directory import Directory
from bot.engine.model import SECOND, Instant
from bot.service import Service, last_test
from bot.store.base import DeliveryState

if TYPE_CHECKING:
    from bot.engine.world import Member, World
    from bot.store.base import Delivery, Store

LOOK_EVERY_S = 0.5
CLAIMED_WITHIN_S = 5.0
"""A running worker finds the work of another process within half a second."""


def diagnose(name: str, *, lang: str, wait_s: float, as_json: bool) -> None:
    """Test one member, and exit 1 when a way failed, or nobody told within the time what became of it."""
    settings = boot.settings()
    loaded = boot.manifest(settings.manifest, secrets=False)
    store = boot.store_of(settings.database, migrate=False)
    clock = SystemClock()
    directory = Directory(loaded.world, clock, Ids())
    store.read(directory.load)
    member = _member(directory.world(), name)
    if not member.reachable():
        boot.refuse(f"{member.name} has no way to be reached: no identity, and no phone or mail that a vendor carries.")
    lang = lang or member.lang
    begun = clock.now()
    service = Service(directory.world, clock, Ids())
    words = say(member.lang, "test.text", name=member.name)
    store.run(lambda tx: service.test_message(tx, member, member.reachable(), words))
    if not as_json:
        typer.echo(f"A test for {member.name} is on its way: {', '.join(member.reachable())}.")
    rows = settled(store, member.id, clock, wait_s, time.sleep)
    found = outcomes(rows, lang, clock.now())
    idle = unclaimed(rows)
    if as_json:
        results = [asdict(each) for each in found]
        typer.echo(
            json.dumps({"member": member.id, "claimed": not idle, "ways": results}, ensure_ascii=False, indent=2)
        )
    else:
        _print(found, lang, begun, clock.now(), member)
    if idle:
        typer.echo("No worker took the test: is `tocsin serve` or `tocsin worker` running on this database?", err=True)
    fine = not idle and all(each.state in ("accepted", "delivered") for each in found)
    raise typer.Exit(0 if fine else boot.FOUND)


def settled(store: Store, member: str, clock: Clock, wait_s: float, sleep: Callable[[float], None]) -> list[Delivery]:
    """The rows of a member's latest test once nothing more is to be heard of any, or when the time is over.

    It is over early when no worker takes a single one.
    """
    begun = clock.now()
    while True:
        rows = store.read(lambda tx: last_test(tx, member))
        waited_s = (clock.now() - begun) / SECOND
        pending = any(each.pending for each in outcomes(rows, "en", clock.now()))
        if not pending or waited_s >= wait_s or (unclaimed(rows) and waited_s >= CLAIMED_WITHIN_S):
            return rows
        sleep(LOOK_EVERY_S)


def unclaimed(rows: list[Delivery]) -> bool:
    """Whether no worker has looked at a single one."""
    return all(row.state is DeliveryState.QUEUED and row.attempts == 0 and not row.token for row in rows)


def _member(world: World, name: str) -> Member:
    """By id, or by name where only one person has it."""
    if name in world.members:
        return world.members[name]
    named = [each for each in world.members.values() if each.name.casefold() == name.casefold()]
    if len(named) != 1:
        boot.refuse(f"The manifest has no member {name!r}; it has {', '.join(world.members)}.")
    return named[0]


def _print(found: list[Outcome], lang: str, begun: Instant, now: Instant, member: Member) -> None:
    typer.echo(say(lang, "trial.head", at=moment(begun, now, member.zone, lang)))
    for outcome in found:
        typer.echo(told(outcome, lang))
        for step in outcome.steps:
            typer.echo(f"  {say(lang, 'trial.step', step=step)}")
