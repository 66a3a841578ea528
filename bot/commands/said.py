"""Who asks, and what is said back: the two ends of every command, whatever the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.cards.build import reply_card, text_card
from bot.cards.card import Card, Tone
from bot.cards.i18n import say
from bot.commands.vocabulary import VERBS
from bot.engine.effects import Reply
from bot.engine.model import Instant
from bot.engine.world import Member, World

LINES_SHOWN = 20
REFS_SHOWN = 20
"""Lines of a batch's reply, and incidents in one of them: nobody reads more in a chat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The person behind a press or a text, in their own language and zone. `member` is None for a stranger."""

    platform: str
    user: str
    member: Member | None
    lang: str
    zone: str
    now: Instant
    world: World
    press: bool = False

    @property
    def id(self) -> str:
        """The member's id, or empty."""
        return self.member.id if self.member else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A reply: a card, for one person unless `here`. `alert`: nothing was changed, and the person should notice."""

    card: Card
    here: bool = False
    alert: bool = False
    outcome: str = "answered"
    """The code of the reply, for the metric."""
    about: int = 0
    """The incident that the reply is about; 0 where the reply itself does not say so."""
    text: str = ""
    """The sentence alone, without that incident's number."""
    silent: bool = False
    """Nothing is to be answered: what there was to say goes another way, or nowhere."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with the answers of a form, by the names of its fields."""


def sentence(
    asker: Asker, code: str, facts: Mapping[str, str] | None = None, *, done: bool = False, about: int = 0
) -> Said:
    """A reply by its code. `done` tells that something changed; `about` puts an incident's number in front."""
    names = {member.id: member.name for member in asker.world.members.values()}
    reply = Reply(code=code, done=done, facts=facts or {})
    card = reply_card(reply, asker.lang, names=names, you=asker.id, zone=asker.zone, now=asker.now)
    text = card.fallback
    if about:
        card = text_card(text, asker.lang, tone=card.tone, about=about)
    return Said(card=card, alert=not done, outcome=code, about=about, text=text)


def silence(outcome: str) -> Said:
    """No answer at all."""
    return Said(card=text_card("", "en"), silent=True, outcome=outcome)


def usage(asker: Asker, verb: str) -> Said:
    """How a command is written."""
    return sentence(asker, "usage", {"usage": f"/toc {VERBS[verb].usage}"})


def together(asker: Asker, said: list[Said]) -> Said:
    """Several replies as one, and a short one: incidents of which the same is true share a line."""
    if len(said) == 1:
        return said[0]
    lines: dict[str, list[int]] = {}
    for each in said:
        lines.setdefault(each.text, []).append(each.about)
    shown = [_line(asker.lang, text, about) for text, about in list(lines.items())[:LINES_SHOWN]]
    if len(lines) > LINES_SHOWN:
        shown.append(say(asker.lang, "list.more", n=len(lines) - LINES_SHOWN))
    card = text_card("\n".join(shown), asker.lang, tone=Tone.INFO)
    return Said(card=card, alert=all(each.alert for each in said), outcome="batch")


def _line(lang: str, text: str, about: list[int]) -> str:
    refs = ", ".join(f"#{num}" for num in about[:REFS_SHOWN])
    if len(about) > REFS_SHOWN:
        refs = f"{refs}, {say(lang, 'list.more', n=len(about) - REFS_SHOWN)}"
    return say(lang, "reply.about", ref=refs, text=text)
