"""The composition root: the only place where concrete parts meet, and the loops that drive them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bot.accounts import Accounts
from bot.adapters.base import Adapter, Answer, Inbound, Keyed, Press, Receipt
from bot.backplane import Budgets, Hints
from bot.cards.token import Key
from bot.clock import Clock, Ids
from bot.commands.dialing import GOES_ON
from bot.commands.handle import Commands, stumbled
from bot.commands.vocabulary import VERBS
from bot.deliver import Deliver
from bot.directory import Directory
from bot.engine.model import DAY, HOUR, MINUTE, SECOND, Instant
from bot.engine.world import World
from bot.handover import announce
from bot.inquiries import Inquiries
from bot.intake import Intake, Parse
from bot.lookups import Lookups
from bot.mailbox import Mailbox
from bot.observe import LOOP_ALIVE, log
from bot.rendering import Rendering
from bot.service import Service
from bot.store.base import Delivery, Lane, StaleRevision, Store, StoreUnavailable, Tx
from bot.store.base import Inbound as Body
from bot.store.committer import Committer
from bot.ticker import Ticker
from bot.usergroups import GroupSync

T = TypeVar("T")

PAGES_AT_ONCE = 32
CARDS_AT_ONCE = 16
POLL_S = 0.5
"""Work of other processes is found this late at the latest; work of our own rings a bell."""
BUSY_S = 0.1
HANDOVER_S = 30.0
GROUPS_S = 15.0
"""A user group follows a handoff this late at the latest."""
INQUIRIES_S = 3.0
"""A message of which no news has come is asked about this late at the latest."""
ACCOUNTS_S = 300.0
"""Members of a new manifest are looked for this late at the latest."""
RESTART_S = 1.0
KEEP = 30 * DAY
"""Settled bodies, first-sight keys and used tokens are kept this long."""
PRUNE_BATCH = 5_000
TRIES_MAX = 3
REFUSED = "callback_refused:"
"""Begins the name of the setting that tells when a platform's callback was last refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the outside hands in: everything that differs between a demo, a server and a test."""

    world: World
    store: Store
    adapters: Mapping[str, Adapter]
    parsers: Mapping[str, Parse]
    key: Key
    clock: Clock
    ids: Ids


class App:
    """One process of Tocsin. Which loops run is the caller's choice: `web`, `worker`, `stream`, or all of them."""

    def __init__(self, parts: Parts) -> None:
        """Put the parts together; nothing is opened yet."""
        self.parts = parts
        self.clock = parts.clock
        self.hints = Hints()
        self.committer = Committer(parts.store)
        self.directory = Directory(parts.world, parts.clock, parts.ids)
        worlds = self.directory.world
        self.service = Service(worlds, parts.clock, parts.ids)
        self.rendering = Rendering(worlds, parts.key)
        self.deliver = Deliver(self.service, self.rendering, parts.adapters, Budgets(), parts.clock, parts.ids)
        self.deliver.still = lambda row: self.committer.read(lambda tx: self.deliver.phones.wanted(tx, row))
        self.intake = Intake(self.service, parts.parsers, worlds, parts.clock, parts.ids, Lookups(parts.clock).learn)
        self.ticker = Ticker(self.service, self.deliver.phones, parts.clock)
        self.commands = Commands(self.service, self.directory, self.rendering, parts.clock)
        self.mailbox = Mailbox(
            self.transact, self.commands, self.deliver, self.service, self.directory, parts.key, parts.clock
        )
        self.inquiries = Inquiries(parts.adapters, self.committer.read, self.notice, parts.clock)
        self.groups = GroupSync(parts.adapters)
        self.accounts = Accounts(self.directory, parts.adapters, self.transact, parts.clock)
        self.writable = True
        """Whether the last attempt to keep a body succeeded."""
        self._refused: dict[str, Instant] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the store's threads and every adapter's session."""
        await self.committer.start()
        await self.committer.read(self.directory.load)
        for adapter in self.parts.adapters.values():
            await adapter.start(self.emit, self.notice)

    def work(self) -> None:
        """Begin the worker's loops: intake, timers, pages, cards, housekeeping."""
        self._spawn("intake", self._intake)
        self._spawn("ticker", self._tick)
        self._spawn("pages", lambda: self._carry((Lane.PAGE,), "pages", PAGES_AT_ONCE))
        self._spawn("cards", lambda: self._carry((Lane.CARD, Lane.REFRESH), "cards", CARDS_AT_ONCE))
        self._spawn("handover", self._handover)
        if any(adapter.caps.vendors for adapter in self.parts.adapters.values()):
            self._spawn("inquiries", self._inquire)
        if any(adapter.caps.user_groups for adapter in self.parts.adapters.values()):
            self._spawn("user_groups", self._user_groups)
        if any(adapter.caps.by_email for adapter in self.parts.adapters.values()):
            self._spawn("accounts", self._accounts)
        self._spawn("prune", self._prune)

    def listen(self) -> None:
        """Begin to receive where no public URL is needed: sockets and polling."""
        for name, adapter in self.parts.adapters.items():
            self._spawn(f"listen:{name}", adapter.listen, once=True)

    def also(self, name: str, body: Callable[[], Awaitable[None]]) -> None:
        """Begin a loop that the caller brings, and keep it alive like the others."""
        self._spawn(name, body)

    def follow(self, manifest: Callable[[], Awaitable[None]] | None = None) -> None:
        """Keep up with accounts that other processes link, and with a manifest that `manifest` watches."""
        self._spawn("directory", self._reload)
        if manifest is not None:
            self._spawn("manifest", manifest)

    async def stop(self) -> None:
        """Stop the loops, then the adapters, then the store's threads; queued writes are finished."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for adapter in self.parts.adapters.values():
            await adapter.stop()
        await self.committer.stop()

    async def keep(self, *bodies: Body) -> None:
        """Make received bodies durable, all or none, then wake intake. Raises StoreUnavailable."""
        try:
            await self.committer.run(lambda tx: tx.append_inbox(bodies))
        except StoreUnavailable:
            self.writable = False
            raise
        self.writable = True
        self.hints.ring("intake")

    async def emit(self, inbound: Inbound | Keyed) -> Answer:
        """Handle what a person did: commit first, then answer with what is true after the commit.

        A press that needs a form gets it at once, whatever the database does: nothing is decided by it.
        """
        if not isinstance(inbound, Keyed) and (form := self.commands.form(inbound)) is not None:
            return self.rendering.form(inbound.platform, form, VERBS[form.verb].usage)
        try:
            said = await self.transact(lambda tx: self.commands.handle(tx, inbound))
        except StoreUnavailable as error:
            log.error("command_not_saved", platform=inbound.platform, error=str(error))
            said = stumbled(inbound.lang or "en")
        if said.silent:
            return Answer()
        if isinstance(inbound, Keyed):
            return self.rendering.spoken(said.card, more=said.outcome in GOES_ON)
        press = isinstance(inbound, Press)
        return self.rendering.answer(
            inbound.platform, said.card, press=press, here=said.here, alert=said.alert, errors=said.errors
        )

    async def notice(self, receipt: Receipt) -> None:
        """Record a vendor's news of a message. Raises StoreUnavailable, so that the vendor sends it again."""
        await self.transact(lambda tx: self.deliver.receipt(tx, receipt))

    async def refused(self, platform: str) -> None:
        """A callback was not what its sender claims: `doctor` tells of it. Kept once a minute for each platform."""
        now = self.clock.now()
        if now - self._refused.get(platform, 0) < MINUTE:
            return
        self._refused[platform] = now
        try:
            await self.committer.run(lambda tx: tx.put_meta(REFUSED + platform, str(now)))
        except StoreUnavailable as error:
            log.error("refusal_not_kept", platform=platform, error=str(error))

    async def transact(self, work: Callable[[Tx], T]) -> T:
        """Run a work in the group commit, again when another process was faster, and wake the loops."""
        for _ in range(TRIES_MAX - 1):
            try:
                result = await self.committer.run(work)
                break
            except StaleRevision:
                continue
        else:
            result = await self.committer.run(work)
        self.wake()
        return result

    def wake(self) -> None:
        """Let every loop look for work now."""
        self.hints.ring("pages", "cards", "timers", "intake")

    def _spawn(self, name: str, body: Callable[[], Awaitable[None]], *, once: bool = False) -> None:
        task = asyncio.create_task(self._forever(name, body, once=once), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forever(self, name: str, body: Callable[[], Awaitable[None]], *, once: bool) -> None:
        """Keep a loop alive: it ends only with the process, whatever goes wrong inside."""
        while True:
            try:
                await body()
                if once:
                    return
            except StoreUnavailable as error:
                log.error("store_unavailable", loop=name, error=str(error))
            except Exception:  # noqa: BLE001 (a loop that dies is a page that never comes: say so and go on)
                log.exception("loop_failed", loop=name)
            await asyncio.sleep(RESTART_S)

    async def _intake(self) -> None:
        while True:
            LOOP_ALIVE.labels("intake").set_to_current_time()
            if await asyncio.to_thread(self.intake.step, self.parts.store):
                self.hints.ring("pages", "cards", "timers")
            else:
                await self.hints.wait("intake", POLL_S)

    async def _tick(self) -> None:
        while True:
            LOOP_ALIVE.labels("ticker").set_to_current_time()
            if await asyncio.to_thread(self.ticker.step, self.parts.store):
                self.hints.ring("pages", "cards")
                continue
            due = await asyncio.to_thread(self.ticker.next_due, self.parts.store)
            ahead = (due - self.clock.now()) / SECOND if due else POLL_S
            # What is due already waits for another loop: looking again at once would only spin.
            await self.hints.wait("timers", min(ahead, POLL_S) if ahead > 0 else BUSY_S)

    async def _carry(self, lanes: tuple[Lane, ...], bell: str, at_once: int) -> None:
        """Keep up to `at_once` deliveries of these lanes in flight."""
        flying: set[asyncio.Task[None]] = set()
        try:
            while True:
                LOOP_ALIVE.labels(bell).set_to_current_time()
                free = at_once - len(flying)
                rows = await self._claim(lanes, free)
                for row in rows:
                    task = asyncio.create_task(self._deliver(row, bell))
                    flying.add(task)
                    task.add_done_callback(flying.discard)
                if len(rows) < free or not free:
                    await self.hints.wait(bell, POLL_S)
        finally:
            for task in flying:
                task.cancel()

    async def _claim(self, lanes: tuple[Lane, ...], free: int) -> list[Delivery]:
        return await self.committer.run(lambda tx: self.deliver.claim(tx, lanes, free)) if free else []

    async def _deliver(self, row: Delivery, bell: str) -> None:
        """One row: look, send, record. What goes wrong leaves the row to its lease, or fails it aloud."""
        try:
            job = await self.committer.read(lambda tx: self.deliver.prepare(tx, row))
            if isinstance(job, Delivery):
                settled = job
                await self.transact(lambda tx: self.deliver.settle(tx, row, settled))
            else:
                outcome = await self.deliver.send(job)
                ready = job
                await self.transact(lambda tx: self.deliver.record(tx, ready, outcome))
        except StoreUnavailable as error:
            log.error("delivery_not_recorded", delivery=row.id, error=str(error))
        except Exception:  # noqa: BLE001 (whatever it is, the person must be reached another way)
            log.exception("delivery_failed", delivery=row.id, carrier=row.carrier)
            await self._give_up(row)
        finally:
            self.hints.ring(bell)

    async def _give_up(self, row: Delivery) -> None:
        try:
            await self.transact(lambda tx: self.deliver.give_up(tx, row))
        except StoreUnavailable as error:
            log.error("delivery_not_recorded", delivery=row.id, error=str(error))

    async def _reload(self) -> None:
        while True:
            await self.committer.read(self.directory.load)
            await self.hints.wait("directory", 2 * POLL_S)

    async def _handover(self) -> None:
        while True:
            world = self.directory.world()
            if any(plan.notices.before or plan.notices.daily for plan in world.schedules.values()):
                await self.transact(lambda tx: announce(tx, self.service, self.directory.world(), self.clock.now()))
            await self.hints.wait("handover", HANDOVER_S)

    async def _user_groups(self) -> None:
        while True:
            await self.groups.step(self.directory.world(), self.clock.now())
            await self.hints.wait("user_groups", GROUPS_S)

    async def _inquire(self) -> None:
        while True:
            await self.inquiries.step()
            await self.hints.wait("inquiries", INQUIRIES_S)

    async def _accounts(self) -> None:
        while True:
            await self.accounts.step()
            await self.hints.wait("accounts", ACCOUNTS_S)

    async def _prune(self) -> None:
        while True:
            while await self.committer.run(lambda tx: tx.prune(self.clock.now() - KEEP, PRUNE_BATCH)):
                pass
            await self.hints.wait("prune", HOUR / SECOND)
