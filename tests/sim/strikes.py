"""Faults at work: each kind strikes again and again, at instants that the seed draws, until all faults are over."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from bot.engine.model import DAY, HOUR, MINUTE, SECOND, Span
from tests.sim import town
from tests.sim.phones import choose_illness
from tests.sim.platforms import Weather

if TYPE_CHECKING:
    from tests.sim.simulation import Simulation

EVER: Span = 10_000 * DAY


class Strikes:
    """What goes wrong in one run."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._rng = sim.rngs["faults"]

    def begin(self) -> None:
        """Plan the first fault of each kind."""
        self._blocked()
        self._hints_throughout()
        self._sim.checks.rest.edited()
        for kind in (
            "outage",
            "revoked",
            "clock",
            "stall",
            "edit",
            "storm",
            "deleted",
            "restart",
            "garbage",
            "freeze",
            "hints",
            "vendor",
        ):
            if self._sim.faults.has(kind):
                self._sim.line.after(self._sim.faults.next_in(kind), self._strike, kind)

    def _strike(self, kind: str) -> None:
        if not self._sim.faults.has(kind):
            return
        getattr(self, f"_{kind}")()
        self._sim.line.after(self._sim.faults.next_in(kind), self._strike, kind)

    def _blocked(self) -> None:
        rng = self._rng
        for member in self._sim.declared.members.values():
            for platform, user in member.identities.items():
                if self._sim.faults.has("blocked") and rng.random() < 0.2:
                    self._sim.carriers[platform].refused.add(user)
            if self._sim.faults.has("mute") and rng.random() < 0.3:
                for network in self._sim.networks.values():
                    network.mute.add(member.phone)
        for channel in self._sim.declared.channels.values():
            for chat in channel.chats:
                if self._sim.faults.has("moved") and chat.platform == "telegram":
                    self._sim.carriers["telegram"].moved[chat.address] = f"{chat.address}9"
        for carrier in self._sim.carriers.values():
            carrier.receipt_faults = 0.2 if self._sim.faults.has("receipts") else 0.0
            carrier.receipts_overtake = 0.2 if self._sim.faults.has("reorder") else 0.0

    def _hints_throughout(self) -> None:
        """In every other seed that loses hints, none ever arrives, and nothing heals that."""
        sim = self._sim
        if sim.faults.has("hints") and random.Random(f"{sim.plan.seed} hints").random() < 0.5:
            self._lose_hints(EVER)
            sim.checks.marks["hints_lost_throughout"] += 1

    def _hints(self) -> None:
        """Redis is gone for a while: no worker is rung, and each looks for itself once a tick."""
        self._lose_hints(self._sim.faults.lasts("hints"))

    def _lose_hints(self, span: Span) -> None:
        self._sim.trace(f"hints are lost for {span} ms")
        self._sim.hintless.add(self._sim.line.now, self._sim.line.now + span)

    def _outage(self) -> None:
        name = self._rng.choice(list(self._sim.carriers))
        how = self._rng.choice(("refused", "server_error", "hang"))
        self._ail(name, "outage", Weather(down=how), how)

    def _vendor(self) -> None:
        """One vendor of texts or calls is dead, slow, or takes everything and does nothing; the others are well."""
        sim, rng = self._sim, self._rng
        name = rng.choice(("sms", "voice"))
        network = sim.networks[name]
        if network.ailing:
            return
        vendor, illness = choose_illness(rng)
        span = sim.faults.lasts("vendor")
        network.ailing[vendor] = illness
        sim.trace(f"{vendor} of {name} is {illness} for {span} ms")
        sim.line.after(span, network.ailing.pop, vendor, None)

    def _revoked(self) -> None:
        self._ail(self._rng.choice(("slack", "telegram", "email")), "revoked", Weather(revoked=True), "revoked")

    def _ail(self, name: str, kind: str, weather: Weather, what: str) -> None:
        span = self._sim.faults.lasts(kind)
        carrier = self._sim.carriers[name]
        carrier.weather = weather
        self._sim.trace(f"{name} is {what} for {span} ms")
        self._sim.sick[name].add(self._sim.line.now, self._sim.line.now + span + MINUTE)
        self._sim.line.after(span, self._mend, name, weather)

    def _mend(self, name: str, weather: Weather) -> None:
        if self._sim.carriers[name].weather is weather:
            self._sim.carriers[name].weather = self._sim.faults.weather()
            self._sim.trace(f"{name} works again")

    def _clock(self) -> None:
        """The clock is set: now, or back while somebody is being paged, so that the news of it comes earlier."""
        if self._rng.random() < 0.5:
            self._sim.after_next_step.append(self._back_while_paging)
        else:
            self._set_clock(self._rng.choice((-90_000, -5_000, 5_000, 90_000)))

    def _back_while_paging(self) -> None:
        self._set_clock(-90_000)

    def _set_clock(self, by: Span) -> None:
        self._sim.line.skew += by
        self._sim.line.skew = max(-90_000, min(90_000, self._sim.line.skew))
        self._sim.trace(f"the clock is {self._sim.line.skew} ms wrong")
        self._sim.excuses.add(self._sim.line.now, self._sim.line.now + 2 * MINUTE)
        for carrier in self._sim.carriers.values():
            carrier.reset_pace()
        if self._sim.process.alive:
            self._sim.process.clock_moved()

    def _stall(self) -> None:
        span = self._sim.faults.lasts("stall")
        self._sim.checks.marks["stalled"] += 1
        self._sim.trace(f"the tickers stall for {span} ms")
        self._sim.excuses.add(self._sim.line.now, self._sim.line.now + span + 5 * SECOND)
        for worker in self._sim.process.workers:
            worker.stalled_until = self._sim.line.now + span

    def _freeze(self) -> None:
        worker = self._rng.choice(self._sim.process.workers)
        span = self._sim.faults.lasts("freeze")
        self._sim.trace(f"worker {worker.name} hangs for {span} ms")
        self._sim.tally.freezes += 1
        worker.frozen_until = self._sim.line.now + span
        self._sim.excuses.add(self._sim.line.now, self._sim.line.now + span + 15 * SECOND)

    def _restart(self) -> None:
        """An operator restarts Tocsin in the middle of everything."""
        if self._sim.process.alive:
            self._sim.process.die()

    def _edit(self) -> None:
        if not self._sim.process.alive:
            return
        self._sim.declared, what = town.edit(self._sim.declared, self._rng, self._sim.line.clock.now())
        self._sim.tally.edits += 1
        self._sim.checks.marks["edited"] += 1
        self._sim.trace(f"the manifest is edited: {what}")
        self._sim.process.reload(self._sim.declared)
        self._sim.checks.rest.edited()

    def _storm(self) -> None:
        size = self._rng.choice((15, 30, 30, 60))
        self._sim.checks.marks["storm"] += 1
        self._sim.trace(f"a storm of {size} alerts")
        for sick in self._sim.sick.values():
            sick.add(self._sim.line.now, self._sim.line.now + HOUR)
        self._sim.sources.storm(size)

    def _deleted(self) -> None:
        """Somebody deletes a card in a chat."""
        carrier = self._sim.carriers[self._rng.choice(("slack", "telegram"))]
        if carrier.shown:
            ref = self._rng.choice(list(carrier.shown)[-5:])
            self._sim.trace(f"{ref} is deleted in its chat")
            carrier.delete(ref)
            self._sim.checks.deleted(ref)

    def _garbage(self) -> None:
        self._sim.sources.rubbish()
