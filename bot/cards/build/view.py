"""What a card is built from, and how its words become spans: one reader, one platform, one instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.cards.card import Line, Span, Style
from bot.cards.i18n import fill, list_template, listing, moment, say, template, zone_name
from bot.cards.text import one_line, shorten
from bot.cards.token import Key, mint
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
    rooms: bool = False
    """Whether some platform could open a war room."""
    act_by_link: bool = False
    """Actions become signed links for the viewer (mail); otherwise they become buttons."""
    reply_code: int = 0
    """The viewer's short number for the incident in texts; 0: none."""

    def say(self, key: str, **facts: object) -> str:
        """A sentence in the reader's language."""
        return say(self.lang, key, **facts)

    def line(self, key: str, **facts: str | Span | Line) -> Line:
        """A sentence in the reader's language, as spans: each placeholder takes a text, a span, or several."""
        return splice(template(self.lang, key), facts)

    def name(self, member: str) -> str:
        """How a member is called; the id where the world does not know them any more."""
        known = self.world.member(member)
        return one_line(known.name) if known and known.name else member

    def person(self, member: str) -> Span:
        """A member as a name that leads to their profile where the platform can."""
        return Span(text=self.name(member), style=Style.BOLD, mention=self.mentions.get(member, ""))

    def people(self, members: Sequence[str]) -> Line:
        """Several members, as a list in the reader's language."""
        people = {str(index): self.person(member) for index, member in enumerate(members)}
        return splice(list_template(len(members), self.lang), people)

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
    def channel(self) -> str:
        """What the incident's channel is called."""
        known = self.world.channels.get(self.incident.channel)
        return one_line(known.name) if known and known.name else self.incident.channel

    @property
    def title(self) -> str:
        """What is broken, on one line; of a storm how many alerts there are, and the first of them."""
        title = shorten(one_line(self.incident.title), TITLE_MAX) or self.ref
        if not self.counts:
            return title
        return shorten(self.say("digest.title", count=self.incident.alerts_total, title=title), TITLE_MAX)

    @property
    def counts(self) -> bool:
        """Whether it counts alerts that would each have been an incident."""
        return self.incident.digest and self.incident.alerts_total > 1

    @property
    def page_url(self) -> str:
        """Where the incident's own page is, sealed so that only who got the card can open it; empty without a URL."""
        return page_address(self.key, self.url, self.incident.id, self.incident.num)


def page_address(key: Key, url: str, incident: str, num: int) -> str:
    """The sealed address of an incident's page below the public base URL; empty without one."""
    if not url:
        return ""
    return f"{url.rstrip('/')}/i/{num}?t={mint(key, 'view', incident, 0)}"


def splice(sentence: str, facts: Mapping[str, str | Span | Line]) -> Line:
    """Spans for a sentence with placeholders in braces, each filled with a text, a span, or several."""
    lines = {name: _line(fact) for name, fact in facts.items()}
    spans: list[Span] = []
    for name, text in fill(sentence, {name: plain(line) for name, line in lines.items()}):
        spans.extend(lines.get(name) or (Span(text=text),))
    return tuple(spans)


def _line(fact: str | Span | Line) -> Line:
    if isinstance(fact, str):
        return (Span(text=fact),)
    return (fact,) if isinstance(fact, Span) else fact


def plain(line: Line) -> str:
    """A line as mere text."""
    return "".join(span.text for span in line)
