"""What a card is built from, and how its words become spans: one reader, one platform, one instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter

from bot.cards.card import Line, Span, Style
from bot.cards.i18n import listing, moment, say, zone_name
from bot.cards.text import one_line, shorten
from bot.cards.token import Key
from bot.engine.effects import Entry
from bot.engine.model import Alert, Incident, Instant
from bot.engine.world import World

TITLE_MAX = 512
"""Characters: the domain's limit for the title of an incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An incident as one reader is to see it. Pure data: the same view gives the same card."""

    incident: Incident
    world: World
    now: Instant
    key: Key
    """Seals the buttons."""
    alerts: tuple[Alert, ...] = ()
    """The gravest few, open ones first; the counts come from the incident."""
    entries: tuple[Entry, ...] = ()
    """The end of the timeline, oldest first: how it was closed, and which pages failed since it opened."""
    mentions: Mapping[str, str] = field(default_factory=dict)
    """Member → that person's user id on the platform that the card is for."""
    lang: str = "en"
    zone: str = "UTC"
    viewer: str = ""
    """The member whom this card is for; empty for a group."""
    url: str = ""
    """The public base URL; empty where there is none."""
    act_by_link: bool = False
    """Actions become signed links for the viewer (mail); otherwise they become buttons."""

    def say(self, key: str, **facts: object) -> str:
        """A sentence in the reader's language."""
        return say(self.lang, key, **facts)

    def line(self, key: str, **facts: str | Span | Line) -> Line:
        """A sentence in the reader's language, as spans: each placeholder takes a text, a span, or several."""
        return splice(say(self.lang, key, **{name: f"{{{name}}}" for name in facts}), facts)

    def name(self, member: str) -> str:
        """How a member is called; the id where the world does not know them any more."""
        known = self.world.members.get(member)
        return one_line(known.name) if known and known.name else member

    def person(self, member: str) -> Span:
        """A member as a name that leads to their profile where the platform can."""
        return Span(text=self.name(member), style=Style.BOLD, mention=self.mentions.get(member, ""))

    def people(self, members: Sequence[str]) -> Line:
        """Several members, as a list in the reader's language."""
        template = listing([f"{{{index}}}" for index in range(len(members))], self.lang)
        return splice(template, {str(index): self.person(member) for index, member in enumerate(members)})

    def names(self, members: Sequence[str]) -> str:
        """Several members' names: nobody is mentioned by it."""
        return listing([self.name(member) for member in members], self.lang)

    def at(self, instant: Instant, *, dated: bool = False) -> Span:
        """An instant, as local time; with date and zone when `dated`."""
        text = moment(instant, self.now, self.zone, self.lang, dated=dated)
        if dated:
            text = self.say("time.zoned", time=text, zone=zone_name(instant, self.zone))
        return Span(text=text, at=instant)

    @property
    def ref(self) -> str:
        """`#142`."""
        return f"#{self.incident.num}"

    @property
    def title(self) -> str:
        """What is broken, on one line."""
        return shorten(one_line(self.incident.title), TITLE_MAX) or self.ref

    @property
    def page_url(self) -> str:
        """Where the incident's own page is; empty where nothing is public."""
        return f"{self.url.rstrip('/')}/i/{self.incident.num}" if self.url else ""


def splice(template: str, facts: Mapping[str, str | Span | Line]) -> Line:
    """Spans for a template whose placeholders in braces are all among `facts`."""
    spans: list[Span] = []
    for literal, name, _, _ in Formatter().parse(template):
        if literal:
            spans.append(Span(text=literal))
        if name is not None:
            fact = facts[name]
            spans.extend(fact if isinstance(fact, tuple) else (Span(text=fact) if isinstance(fact, str) else fact,))
    return tuple(spans)


def plain(line: Line) -> str:
    """A line as mere text."""
    return "".join(span.text for span in line)
