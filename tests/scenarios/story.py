"""Stories in the users' words, told on a virtual clock: the product's own sync steps over a store in memory.

`at` moves the clock and lets something happen; `want` looks for what somebody must have seen within seconds.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.adapters.base import Form, Inbound, Press, Receipt, Slash
from bot.cards.card import FormCard
from bot.cards.token import read as read_token
from bot.clock import Ids
from bot.commands.said import Said
from bot.deliver import Job
from bot.engine.model import DAY, HOUR, SECOND, Incident, Instant, Span
from bot.engine.world import World
from bot.store.base import AlarmRow, Delivery
from bot.store.base import Inbound as Body
from bot.store.memory import MemoryStore
from tests.scenarios.company import START, company
from tests.sim.phones import Network
from tests.sim.platforms import Platform, Shown, Weather, buttons, capabilities, words
from tests.sim.process import KEY, Env, Process
from tests.sim.storage import Crash, CrashingStore, Notes
from tests.sim.world import Timeline, Trace, instant, span_of, span_text
from webhooks.parsers import parsers

SOON: Span = 4 * SECOND
"""What must happen at once has this long: a step, a call, and the platform's own rate."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that arrived."""

    at: Span
    who: str
    via: str
    incident: int
    text: str
    row: str


@dataclass
class Story:
    """One night. Times are spans from its beginning: "90s", "5m", "1h30m"."""

    world: World = field(default_factory=company)
    start: str = START

    def __post_init__(self) -> None:
        self.line = Timeline(instant(self.start))
        self.store = CrashingStore(MemoryStore())
        self.store.on_commit = self._committed
        rng = random.Random(0)
        fine = Weather(latency=(150, 250))
        self.carriers = {
            name: (Network if caps.vendors else Platform)(name, caps, self.line, random.Random(0), replace(fine))
            for name, caps in capabilities().items()
        }
        self.pages: list[Page] = []
        self.nums: dict[str, int] = {}
        for carrier in self.carriers.values():
            carrier.on_landed = self._landed
            carrier.on_receipt = self._receipt
        for name in ("sms", "voice"):
            self.carriers[name].still = self._still
        ids = Ids(seed=1)
        self.env = Env(self.line, Trace(self.line), self.store, ids, self.carriers, parsers(), rng)
        self.env.on_crash = lambda _: self.line.after(5 * SECOND, self._begin)
        self.process = Process(self.env, self.world)
        self.answers: list[str] = []
        self._bodies = 0
        self._presses = 0

    # -- what happens

    def at(self, when: str) -> Story:
        """Let time pass until `when`."""
        self.line.run_until(self.line.start + span_of(when))
        return self

    def fire(self, title: str, severity: str = "critical", *, key: str = "", svc: str = "", text: str = "") -> Story:
        """A monitoring system reports that something began, or still is."""
        labels = {"service": svc} if svc else {}
        self.post({
            "event_status": severity.capitalize(), "title_rule": title, "alert_key": key or title,
            "description": text, "labels": labels,
        })  # fmt: skip
        return self

    def recover(self, title: str, *, key: str = "") -> Story:
        """A monitoring system reports that it is over."""
        self.post({"event_status": "Ok", "title_rule": title, "alert_key": key or title})
        return self

    def post(self, body: object, *, to: str = "scripts", query: str = "") -> Story:
        """A raw body arrives at an integration; anything but bytes is sent as JSON."""
        self._bodies += 1
        integration = self.world.integrations[to]
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        row = Body(
            id=f"body{self._bodies}", integration=to, source=integration.source, received_at=self.line.clock.now(),
            path=f"/in/{integration.source}/k{query}", headers={"content-type": "application/json"}, body=raw,
        )  # fmt: skip
        self.store.run(lambda tx: tx.append_inbox([row]))
        self._rung("intake")
        return self

    def press(
        self, who: str, verb: str, *, on: str = "slack", seen: Shown | None = None, arg: str = "", key: str = ""
    ) -> str:
        """Press a button on the card that the chat shows (or showed: `seen`); returns what the person hears."""
        card = seen or self.card_on(on)
        message = seen.first if seen else card.message
        tokens = [(read_token(KEY, text), text) for text in buttons(message)]
        found = [text for token, text in tokens if token and token.verb == verb and (not arg or token.arg == arg)]
        assert found, f"no button {verb!r} on {words(message)}"
        return self.press_token(who, found[0], on=on, key=key)

    def press_token(self, who: str, token: str, *, on: str = "slack", key: str = "") -> str:
        """Press a button that carries `token`."""
        self._presses += 1
        user = self._user(who, on)
        return self._hear(Press(platform=on, user=user, token=token, key=key or f"press{self._presses}"))

    def open_form(self, who: str, verb: str, *, on: str = "slack", num: int = 0) -> FormCard:
        """Press the button that opens a form, and look at it; nothing is asked of the database by that.

        The button is the one on Slack's card, which has them all in sight.
        """
        card = self.card_on("slack", num=num)
        tokens = [(read_token(KEY, text), text) for text in buttons(card.message)]
        found = [text for token, text in tokens if token and token.verb == verb and token.arg.startswith("ask-")]
        assert found, f"no form for {verb!r} on {words(card.message)}"
        self._presses += 1
        press = Press(platform=on, user=self._user(who, on), token=found[0], key=f"press{self._presses}")
        form = self.process.commands.form(press)
        assert form is not None, "no form opened"
        return form

    def fill(self, by: str, form: FormCard, /, *, on: str = "slack", key: str = "", **values: str) -> str:
        """Submit a form with what stands in it, changed by `values` (`for_` for a field called `for`)."""
        self._presses += 1
        given = {field.name: field.value for field in form.fields} | {k.rstrip("_"): v for k, v in values.items()}
        key = key or f"form{self._presses}"
        return self._hear(Form(platform=on, user=self._user(by, on), token=form.token, values=given, key=key))

    def reply(self, who: str, form: FormCard, text: str, *, on: str = "telegram") -> str:
        """Answer a form where there is only a reply: one text for everything."""
        self._presses += 1
        values, key = {form.fields[0].name: text}, f"form{self._presses}"
        return self._hear(Form(platform=on, user=self._user(who, on), token=form.token, values=values, key=key))

    def say(self, who: str, text: str, *, on: str = "slack", where: str = "") -> str:
        """Type a command, in the chat with the address `where` or in none that matters; returns the answer."""
        self._presses += 1
        user, said = self._user(who, on), text.removeprefix("/toc ")
        return self._hear(Slash(platform=on, user=user, text=said, key=f"text{self._presses}", chat=where))

    def down(self, platform: str, how: str = "refused") -> Story:
        """A platform or vendor fails from now on: "refused", "server_error" or "hang"."""
        self.carriers[platform].weather.down = how
        return self

    def up(self, platform: str) -> Story:
        """It works again."""
        self.carriers[platform].weather = Weather(latency=(150, 250))
        return self

    def revoke(self, platform: str) -> Story:
        """The credentials are refused from now on."""
        self.carriers[platform].weather.revoked = True
        return self

    def unreachable(self, who: str, *vias: str) -> Story:
        """A person cannot be reached these ways: the bot is blocked there, the number is wrong."""
        for via in vias:
            self.carriers[via].refused.add(self._address(who, via))
        return self

    def phone_off(self, who: str) -> Story:
        """The vendor takes texts for this person, and none is delivered."""
        self.carriers["sms"].mute.add(self._address(who, "sms"))
        return self

    def freeze(self, span: str) -> Story:
        """All workers hang for a while; platforms and monitoring systems go on."""
        for worker in self.process.workers:
            worker.frozen_until = self.line.now + span_of(span)
        return self

    def crash(self, *, restart: str = "5s") -> Story:
        """The process is killed, and started again later."""
        self.env.on_crash = lambda _: self.line.after(span_of(restart), self._begin)
        self.process.die()
        self.env.on_crash = lambda _: self.line.after(5 * SECOND, self._begin)
        return self

    def crash_after_send(self) -> Story:
        """The process is killed right after the next message has arrived, before that is written down."""

        def fate() -> str:
            landed = any(c.taken > seen for c, seen in before)
            if landed:
                self.store.fate = lambda: ""
            return "before" if landed else ""

        before = [(carrier, carrier.taken) for carrier in self.carriers.values()]
        self.store.fate = fate
        return self

    def clock_step(self, by: str) -> Story:
        """The machine's clock is set: "-90s" or "90s"."""
        sign = -1 if by.startswith("-") else 1
        self.line.skew += sign * span_of(by.removeprefix("-"))
        self.process.ring_all()
        return self

    def edit(self, world: World) -> Story:
        """A new manifest is in force from now on."""
        self.world, self.process.alive = world, False
        self.process = Process(self.env, world)
        return self

    # -- what must be true

    def want(self, when: str) -> Wanted:
        """Look at what was seen from `when` until a few seconds later."""
        begin = self.line.start + span_of(when)
        self.line.run_until(max(begin + SOON, self.line.now))
        return Wanted(self, span_of(when), span_of(when) + SOON)

    def between(self, begin: str, end: str) -> Wanted:
        """Look at everything that was seen in a stretch of time, its end not included."""
        self.line.run_until(max(self.line.start + span_of(end) - 1, self.line.now))
        return Wanted(self, span_of(begin), span_of(end) - 1)

    def never_after(self, when: str, *, until: str = "") -> Wanted:
        """Look at everything that was seen from `when` on, for a day unless told."""
        end = span_of(until) if until else span_of(when) + DAY
        self.line.run_until(max(self.line.start + end, self.line.now))
        return Wanted(self, span_of(when), end, never=True)

    def incident(self, num: int = 1) -> Incident:
        """An incident by its number, as it is now."""
        found = self.store.read(lambda tx: tx.incident_by_num(num))
        assert found is not None, f"there is no #{num}"
        return found

    def count(self) -> int:
        """How many incidents there are."""
        return len(self.store.read(lambda tx: tx.list_incidents(open_only=False, limit=1000)))

    def alarms(self) -> list[AlarmRow]:
        """What whoever runs Tocsin was told."""
        return self.store.read(lambda tx: tx.alarms(100))

    def card_on(self, platform: str, address: str = "", num: int = 0) -> Shown:
        """The newest card in a group chat of a platform, or at an address."""
        cards = [each for each in self.carriers[platform].shown.values() if (each.address == address or not address)]
        cards = [each for each in cards if address or not each.member]
        cards = [each for each in cards if not num or self._num(each.incident) == num]
        assert cards, f"no card on {platform}"
        return cards[-1]

    def dm(self, who: str, on: str = "slack") -> Shown:
        """The newest direct message to a person."""
        return self.card_on(on, self.world.members[who].identities[on])

    def kinds(self, num: int = 1) -> list[str]:
        """The timeline as words: what was decided and why."""
        incident = self.incident(num).id
        entries = self.store.read(lambda tx: tx.timeline(incident))
        return [f"{entry.kind.value}:{entry.reason.value}" for entry in entries]

    def timeline(self) -> str:
        """Everything that arrived at somebody, one line each."""
        return "\n".join(f"{span_text(p.at)}  #{p.incident} {p.who} via {p.via}: {p.text[:80]!r}" for p in self.pages)

    # -- underneath

    def _user(self, who: str, on: str) -> str:
        """The account of a member; anybody else is an account of their own."""
        return self.world.members[who].identities[on] if who in self.world.members else who

    def _hear(self, inbound: Inbound) -> str:
        said: Said | None = self.process.hear(inbound)
        assert said is not None, "the process died instead of an answer"
        self._rung("pages")
        self.answers.append(said.card.fallback)
        self.said = said
        return said.card.fallback

    def _rung(self, loop: str) -> None:
        if self.process.alive:
            self.process.ring(loop, "cards")
            self.process.rearm()

    def _begin(self) -> None:
        self.process = Process(self.env, self.world)

    def _committed(self, notes: Notes) -> None:
        if notes.records and self.process.alive:
            self.process.ring("pages", "cards")

    def _still(self, job: Job) -> bool:
        phones = self.process.workers[0].deliver.phones
        return self.store.inner.read(lambda tx: phones.wanted(tx, job.row))

    def _receipt(self, receipt: Receipt) -> None:
        if not (self.process.alive and self.process.receive(receipt)):
            self.line.after(15 * SECOND, self._receipt, receipt)

    def _landed(self, platform: Platform, job: Job, shown: Shown | None, new: bool) -> None:
        row: Delivery = job.row
        if row.member and new:
            at = self.line.now - self.line.start
            text = words(job.message)
            self.pages.append(Page(at, row.member, platform.name, self._num(row.incident), text, row.id))

    def _num(self, incident: str) -> int:
        if incident not in self.nums:
            found = self.store.inner.read(lambda tx: tx.incidents([incident])).get(incident)
            self.nums[incident] = found.num if found else 0
        return self.nums[incident]

    def _address(self, who: str, via: str) -> str:
        member = self.world.members[who]
        return {"sms": member.phone, "email": member.email}.get(via) or member.identities[via]


@dataclass(frozen=True)
class Wanted:
    """What was seen between two instants, to be asked about."""

    story: Story
    begin: Span
    end: Span
    never: bool = False

    def seen(self, who: str = "", via: str = "", num: int = 0) -> list[Page]:
        """The pages that fit."""
        return [
            page
            for page in self.story.pages
            if self.begin <= page.at <= self.end
            and who in ("", page.who)
            and via in ("", page.via)
            and num in (0, page.incident)
        ]

    def page(self, who: str = "", via: str = "", *, times: int | None = None, num: int = 0) -> Wanted:
        """Somebody was paged (or nobody, after `never_after`); `times` asks for an exact number."""
        found = self.seen(who, via, num)
        expected = 0 if self.never else times
        right = found if expected is None else len(found) == expected
        number = "some" if expected is None else expected
        asked = (
            f"{who or 'anybody'} via {via or 'any way'}, {number} from {span_text(self.begin)} to {span_text(self.end)}"
        )
        assert right, f"pages wanted for {asked}; the story went:\n{self.story.timeline()}"
        return self

    def nobody(self, who: str = "", via: str = "") -> Wanted:
        """Nobody (or not this person) was paged."""
        return self.page(who, via, times=0)

    def card(self, chat: str, shows: str = "", *, hides: str = "", num: int = 0) -> Wanted:
        """The card in a chat (by its name) says this now."""
        named = {c.name: c for channel in self.story.world.channels.values() for c in channel.chats}
        named |= {
            c.name: c
            for channel in self.story.world.channels.values()
            for rule in channel.rules
            for level in rule.levels
            for c in level.chats
        }
        place = named[chat]
        text = words(self.story.card_on(place.platform, place.address, num).message)
        assert shows in text, f"{chat} shows {text!r}"
        assert not hides or hides not in text, f"{chat} shows {text!r}"
        return self

    def quiet(self) -> Wanted:
        """Nobody was paged at all."""
        return self.page(times=0)


def changed(world: World, channel: str, **fields: object) -> World:
    """The same world with one channel declared differently."""
    channels: Mapping = {**world.channels, channel: replace(world.channels[channel], **fields)}
    return replace(world, channels=channels, version=world.version + "'")


__all__ = ["HOUR", "Crash", "Instant", "Page", "Story", "Wanted", "changed"]
