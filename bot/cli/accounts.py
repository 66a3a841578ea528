"""`tocsin link`: every member with a mail address gets linked where a platform knows the address, with a report."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict

import typer

from bot.accounts import Accounts, Outcome
from bot.adapters.base import Adapter, Answer, Inbound, Keyed, Receipt
from bot.cli import boot
from bot.clock import Clock, Ids, SystemClock
from bot.directory import Directory
from bot.registry import CARRIERS
from bot.store.base import Store, Tx

_SAID = {
    "linked": "linked: {user}",
    "would_link": "would be linked: {user}",
    "no_such_account": "not linked: nobody there has the address {email}",
    "taken": "not linked: {user}, who has the address {email}, is {other} already",
    "shared_address": "not linked: other members have the address {email} as well; `tocsin link {member}` makes a code",
    "unlinked": "not linked: they unlinked their account themselves; `tocsin link {member}` makes a code",
    "meanwhile": "not linked: somebody linked them, or this account, just now",
    "no_lookup": "not linked: {platform} finds nobody by mail address; `tocsin link {member}` makes a code",
    "not_asked": "not asked, because of the failure before",
}


def link_all(platform: str, *, dry_run: bool, as_json: bool) -> bool:
    """Ask every platform, or one, and print what became of whom. Whether everybody asked for is linked now."""
    settings = boot.settings()
    loaded = boot.manifest(settings.manifest)
    clock = SystemClock()
    adapters = boot.adapters(loaded.platforms, settings.public_url or loaded.world.url, clock)
    heard = [name for name in adapters if not CARRIERS[name].links]  # a code has to be sent from the account
    known = [name for name in heard if adapters[name].caps.im and adapters[name].caps.direct]
    if platform and platform not in known:
        boot.refuse(
            f"The manifest declares no platform {platform!r} with accounts; it has {', '.join(known) or 'none'}."
        )
    chosen = [platform] if platform else [name for name in known if adapters[name].caps.by_email]
    if not chosen:
        boot.refuse("No platform of the manifest finds people by mail address. `tocsin link MEMBER` makes a code.")
    store = boot.store_of(settings.database, migrate=False)
    directory = Directory(loaded.world, clock, Ids())
    store.read(directory.load)
    outcomes = asyncio.run(_link(directory, adapters, chosen, store, clock, dry_run=dry_run))
    for outcome in outcomes:
        typer.echo(json.dumps(asdict(outcome)) if as_json else _line(outcome))
    if not as_json:
        linked = sum(outcome.code in {"linked", "would_link"} for outcome in outcomes)
        left = len(outcomes) - linked
        typer.echo(
            f"{linked} {'would be ' if dry_run else ''}linked, {left} not. Members with an account were not asked."
        )
    return all(outcome.code in {"linked", "would_link"} for outcome in outcomes)


async def _link(
    directory: Directory,
    adapters: Mapping[str, Adapter],
    platforms: list[str],
    store: Store,
    clock: Clock,
    *,
    dry_run: bool,
) -> list[Outcome]:
    async def transact(work: Callable[[Tx], str]) -> str:
        return await asyncio.to_thread(store.run, work)

    accounts = Accounts(directory, adapters, transact, clock)
    found: list[Outcome] = []
    for name in platforms:
        await adapters[name].start(_deaf, _blind)
        try:
            found += await accounts.link(name, dry_run=dry_run)
        finally:
            await adapters[name].stop()
    return found


async def _deaf(_inbound: Inbound | Keyed) -> Answer:
    """Nothing is listened to here."""
    return Answer()


async def _blind(_receipt: Receipt) -> None:
    """Nothing is sent here, so nothing is receipted."""


def _line(outcome: Outcome) -> str:
    said = _SAID.get(outcome.code, "failed: {code} {detail}").format(**asdict(outcome)).rstrip()
    return f"{outcome.platform}  {outcome.member}  {said}"
