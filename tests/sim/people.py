"""People: they sleep, forget, press twice, press cards of yesterday, and answer from another platform."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.adapters.base import Inbound, Press, Slash
from bot.cards.token import read as read_token
from bot.commands.said import Said
from bot.engine.model import HOUR, MINUTE, SECOND, Span
from bot.engine.world import Member, World
from tests.sim.errands import Errands
from tests.sim.platforms import Platform, Shown, buttons
from tests.sim.process import KEY
from tests.sim.world import Timeline

ANSWER_RATES = (0.0, 0.03, 0.35, 0.9)
VERBS = ("ack",) * 12 + ("resolve",) * 3 + ("escalate",) * 3 + ("snooze",) * 2 + ("unack", "wake")
TEXTS = (
    "ack #{num}", "ack #{num}", "ack #{num}", "resolve #{num} done", "escalate #{num}", "snooze #{num} 2h",
    "unack #{num}",
    "add #{num} @{other}", "assign #{num} @{other}", "note #{num} looking at it", "sev #{num} info", "wake #{num}",
    "reopen #{num} it is back", "oncall", "list", "why #{num}", "show #{num}", "trigger the lift is stuck for @{other}",
    "trigger no rule needed", "me", "ackk #{num}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """What a person did and what they were told; `said` is None when nothing came back."""

    inbound: Inbound
    said: Said | None
    again: bool
    """The platform delivered the same press a second time."""
    forged: bool


@dataclass
class People:
    """Everybody of one world. `hear` hands an inbound to Tocsin; `told` learns what came back."""

    line: Timeline
    rng: random.Random
    world: Callable[[], World]
    carriers: dict[str, Platform]
    rate: float
    hear: Callable[[Inbound], Said | None]
    told: Callable[[Heard], None]
    num: Callable[[str], int]
    errands: Errands
    lag: Callable[[], Span] = lambda: 0
    """How late the platform delivers the press at hand: the next one may overtake it."""
    on: bool = True
    remembered: dict[str, deque[tuple[str, str]]] = field(default_factory=dict)
    """Person → (platform, token) of buttons that they once saw."""
    _keys: int = 0

    def begin(self) -> None:
        """Now and then somebody tidies up, whoever was paged: unless nobody here ever answers."""
        if self.rate:
            self.line.after(self._pause(), self._tidy)

    def _pause(self) -> Span:
        return max(MINUTE, round(self.errands.rng.expovariate(1 / (8 * HOUR))))

    def _tidy(self) -> None:
        if not self.on:
            return
        rng = self.errands.rng
        able = [one for one in self.world().members.values() if one.identities]
        if able:
            one = rng.choice(able)
            self._do(self._made(Slash, one, next(iter(one.identities)), text=self.errands.text(0)), False, 0)
        self.line.after(self._pause(), self._tidy)

    def paged(self, member: str, incident: str, platform: str, shown: Shown | None) -> None:
        """A page arrived at somebody."""
        one = self.world().members.get(member)
        if one is None or not self.on:
            return
        if shown is not None:
            memory = self.remembered.setdefault(member, deque(maxlen=12))
            memory.extend((platform, token) for token in buttons(shown.message)[:2])
        rng = self.rng
        awake = self._awake(one)
        if rng.random() < self.rate * (1.0 if awake else 0.6):
            wait = round(rng.expovariate(1 / (3 * MINUTE if awake else 12 * MINUTE)))
            self.line.after(max(2 * SECOND, wait), self._react, member, incident, platform, shown)

    def _awake(self, member: Member) -> bool:
        hour = datetime.fromtimestamp(self.line.now / 1000, UTC).astimezone(ZoneInfo(member.zone)).hour
        return 7 <= hour < 23

    def _react(self, member: str, incident: str, platform: str, shown: Shown | None) -> None:
        one, rng = self.world().members.get(member), self.rng
        if one is None or not self.on or not one.identities:
            return
        draw = rng.random()
        memory = self.remembered.get(member)
        if draw < 0.06 and memory:
            self._press(one, *rng.choice(memory))
        elif draw < 0.22 or shown is None:
            self._type(one, incident)
        else:
            self._press_card(one, incident, platform, shown)
        if rng.random() < 0.7:
            wait = round(rng.expovariate(1 / HOUR))
            self.line.after(max(10 * SECOND, wait), self._follow_up, member, incident, platform, shown)

    def _follow_up(self, member: str, incident: str, platform: str, shown: Shown | None) -> None:
        """Later: most often it is resolved."""
        one = self.world().members.get(member)
        if one is None or not self.on or not one.identities:
            return
        if self.rng.random() < 0.7:
            self._say(one, f"resolve #{self.num(incident)} fixed")
        else:
            self._react(member, incident, platform, shown)

    def _press_card(self, one: Member, incident: str, platform: str, shown: Shown) -> None:
        rng = self.rng
        card = shown
        if rng.random() < 0.3:
            # The card in a chat that they are in, maybe on another platform than the page's.
            others = [p for p in one.identities if p in self.carriers]
            place = rng.choice(others)
            cards = self.carriers[place].cards.get(incident)
            if cards:
                platform, card = place, cards[-1]
        message = card.first if rng.random() < 0.15 else card.message
        tokens = buttons(message)
        if not tokens or platform not in one.identities:
            return
        verb = rng.choice(VERBS)
        parsed = [(read_token(KEY, token), token) for token in tokens]
        fitting = [text for token, text in parsed if token and token.verb == verb]
        self._press(one, platform, rng.choice(fitting or tokens))

    def _press(self, one: Member, platform: str, token: str) -> None:
        rng = self.rng
        if platform not in one.identities:
            return
        forged = rng.random() < 0.01
        if forged:
            token = token[:-1] + ("A" if token[-1] != "A" else "B")
        press = self._made(Press, one, platform, token=token)
        self._do(press, forged, 0)
        draw = rng.random()
        if draw < 0.15:
            again = self._made(Press, one, platform, token=token)
            self.line.after(rng.randrange(100, 1_500), self._do, again, forged, 0)
        elif draw < 0.25:
            self.line.after(rng.randrange(500, 40_000), self._redeliver, press, forged)

    def _type(self, one: Member, incident: str) -> None:
        if self.errands.rng.random() < 0.4:
            self._say(one, self.errands.text(self.num(incident)))
            return
        other = self.rng.choice(list(self.world().members))
        self._say(one, self.rng.choice(TEXTS).format(num=self.num(incident), other=other))

    def _say(self, one: Member, text: str) -> None:
        platform = self.rng.choice(list(one.identities))
        self._do(self._made(Slash, one, platform, text=text), False, 0)

    def _made(self, kind: type, one: Member, platform: str, **what: str) -> Inbound:
        self._keys += 1
        return kind(platform=platform, user=one.identities[platform], key=f"k{self._keys}", **what)

    def _do(self, inbound: Inbound, forged: bool, tries: int) -> None:
        late = self.lag() if tries == 0 else 0
        if late:
            self.line.after(late, self._delivered, inbound, forged, tries)
        else:
            self._delivered(inbound, forged, tries)

    def _delivered(self, inbound: Inbound, forged: bool, tries: int) -> None:
        said = self.hear(inbound)
        self.told(Heard(inbound, said, False, forged))
        if said is None and tries < 3:
            self.line.after(self.rng.randrange(3, 15) * SECOND, self._redo, inbound, forged, tries + 1)

    def _redo(self, inbound: Inbound, forged: bool, tries: int) -> None:
        """Nothing came back: the platform delivers the press again."""
        self._do(inbound, forged, tries)

    def _redeliver(self, inbound: Inbound, forged: bool) -> None:
        self.told(Heard(inbound, self.hear(inbound), True, forged))
