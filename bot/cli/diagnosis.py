"""`doctor`: settings, manifest, database, and a round trip to every platform, each finding with its cure."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from bot import quotas
from bot.adapters.base import Answer, Finding, Inbound, Keyed, Receipt
from bot.app import REFUSED
from bot.cli import boot
from bot.cli.mail_diagnosis import mail_findings
from bot.clock import SystemClock
from bot.engine.model import DAY, SECOND, Span
from bot.engine.world import World
from bot.manifest.load import Loaded, load
from bot.manifest.problems import ManifestError
from bot.settings import Settings, SettingsError, from_environment
from bot.store import migrations
from bot.store.base import InboxState, StoreUnavailable
from bot.store.opening import open_store
from webhooks.sources import SOURCES

CHECK_S = 20.0
REFUSED_LATELY: Span = DAY
"""How long a refused callback is told of."""
PEOPLE_MAX = 30
"""Whom a platform is asked about: below 50 calls a minute, which is what Slack allows."""
NO_WAY = "Check that this machine may reach it: address, proxy, firewall, DNS; and that it is up."
_OUT_OF_REACH = ("unreachable", "unavailable", "timeout", "connection_lost", "platform_down")


def diagnose() -> list[dict[str, Any]]:
    """Every finding, as far as one can look: what depends on something broken is left out."""
    return [asdict(finding) for finding in _all()]


def _all() -> Iterator[Finding]:
    try:
        settings = from_environment(os.environ)
    except SettingsError as error:
        for sentence in error.sentences:
            yield Finding(check="settings", ok=False, detail=sentence, cure="See docs/settings.md.")
        return
    yield Finding(check="settings", ok=True, detail="every TOCSIN_ variable is in order")
    yield from _database(settings)
    try:
        loaded = load(settings.manifest, os.environ, SOURCES)
    except ManifestError as error:
        for problem in error.problems:
            yield Finding(check="manifest", ok=False, detail=str(problem), cure=problem.cure)
        return
    yield Finding(check="manifest", ok=True, detail=f"{settings.manifest} is in order")
    yield from _quotas(settings, loaded.world)
    yield from _callbacks(settings, loaded)
    yield from mail_findings(settings, loaded)
    yield from asyncio.run(_platforms(settings, loaded))


def _database(settings: Settings) -> Iterator[Finding]:
    place = f"database {settings.database.partition('@')[2] or settings.database}"
    try:
        if migrations.pending(settings.database):
            yield Finding(check=place, ok=False, detail="the schema is older than this release", cure="tocsin migrate")
            return
        store = open_store(settings.database)
        store.run(lambda tx: tx.put_meta("doctor", str(SystemClock().now())))
        dead = store.read(lambda tx: tx.inbox_by_state(InboxState.DEAD, 100))
        store.close()
    except (ValueError, StoreUnavailable) as error:
        cure = "Check the path, its rights, and the free space of the disk."
        yield Finding(check=place, ok=False, detail=str(error), cure=cure)
        return
    yield Finding(check=place, ok=True, detail="can be written")
    detail = f"bodies that could not be read: {len(dead)}"
    yield Finding(check="dead letters", ok=not dead, detail=detail, cure="tocsin replay" if dead else "")


def _quotas(settings: Settings, world: World) -> Iterator[Finding]:
    """How much of each declared quota is used; bad once only Critical goes out."""
    try:
        if not world.quotas.media or migrations.pending(settings.database):
            return
        store = open_store(settings.database)
        found = store.read(lambda tx: quotas.standings(tx, world.quotas, SystemClock().now()))
        store.close()
    except (ValueError, StoreUnavailable):
        return  # the database has a finding of its own
    for each in found:
        detail = f"{each.usage.used} of {each.quota.per_month} used in {each.month}"
        if each.forecast.soonest and not each.used_up:
            detail += f"; at this pace the share for everybody runs out on {each.forecast.soonest.isoformat()}"
        cure = f"Raise quotas.{each.medium}.per_month in the manifest; `tocsin quota` shows what used it."
        yield Finding(check=f"quota {each.medium}", ok=not each.used_up, detail=detail, cure=cure)


def _callbacks(settings: Settings, loaded: Loaded) -> Iterator[Finding]:
    """Which platforms' callbacks were refused lately: their signature was not made with what is configured here."""
    try:
        if migrations.pending(settings.database):
            return
        store = open_store(settings.database)
        names = sorted(loaded.platforms.declared())
        refused = store.read(lambda tx: {name: int(tx.get_meta(REFUSED + name) or 0) for name in names})
        store.close()
    except (ValueError, StoreUnavailable):
        return  # the database has a finding of its own
    now = SystemClock().now()
    for name, at in refused.items():
        if at and now - at < REFUSED_LATELY:
            when = datetime.fromtimestamp(at / SECOND, UTC).strftime("%Y-%m-%d %H:%M UTC")
            detail = f"the latest at {when}: its signature was not made with the secret that is configured here"
            cure = (
                f"Copy the secret of {name} from its console again; if it is right, a stranger tried, and got nowhere."
            )
            yield Finding(check=f"{name} callbacks refused", ok=False, detail=detail, cure=cure)


async def _platforms(settings: Settings, loaded: Loaded) -> list[Finding]:
    url = settings.public_url or loaded.world.url
    found: list[Finding] = []
    chats, people = _chats(loaded.world), _people(loaded.world)
    made = boot.adapters(loaded.platforms, url, SystemClock(), chats, people, mail_domain=loaded.world.mail_domain)
    for name, adapter in made.items():
        await adapter.start(_nobody_acts, _nobody_hears)
        try:
            found += [_of(name, finding) for finding in await asyncio.wait_for(adapter.check(), CHECK_S)]
        except TimeoutError:
            found.append(Finding(check=name, ok=False, detail=f"no answer within {CHECK_S:.0f} s", cure=NO_WAY))
        finally:
            await adapter.stop()
    return found


def _chats(world: World) -> dict[str, tuple[str, ...]]:
    """Every group that cards or notices may go to, by platform."""
    found: dict[str, dict[str, None]] = {}
    chats = [chat for channel in world.channels.values() for chat in channel.chats]
    chats += [chat for plan in world.schedules.values() for chat in plan.notices.chats]
    for chat in chats:
        found.setdefault(chat.platform, {})[chat.address] = None
    return {platform: tuple(addresses) for platform, addresses in found.items()}


def _people(world: World) -> dict[str, tuple[str, ...]]:
    """The accounts of the first members on each platform, who may have blocked the bot or left."""
    found: dict[str, list[str]] = {}
    for member in world.members.values():
        for platform, user in member.identities.items():
            found.setdefault(platform, []).append(user)
    return {platform: tuple(users[:PEOPLE_MAX]) for platform, users in found.items()}


async def _nobody_acts(_: Inbound | Keyed) -> Answer:
    return Answer()


async def _nobody_hears(_: Receipt) -> None:
    return None


def _of(name: str, finding: Finding) -> Finding:
    """A finding that names its platform, and blames the credentials only when somebody answered."""
    check = finding.check if finding.check.startswith(name) else f"{name}: {finding.check}"
    unheard = not finding.ok and finding.detail.startswith(_OUT_OF_REACH)
    return replace(finding, check=check, cure=NO_WAY if unheard else finding.cure)
