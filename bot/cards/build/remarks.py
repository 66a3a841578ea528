"""A line below the card: what happened in one sentence, with the people whom it asks, and what somebody wrote."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.build.outlook import way_word, why_word
from bot.cards.build.view import View, plain, splice
from bot.cards.card import Block, Card, Line, Paragraph, Quote, Span, Style
from bot.cards.i18n import list_template
from bot.cards.text import one_line, shorten
from bot.engine.effects import Remark

QUOTED_MAX = 500
"""Characters of a note or a reason, our own choice: the whole text is in the timeline."""


def remark_card(view: View, remark: Remark) -> Card:
    """The line as a card without buttons. It mentions `remark.pinged` and names everybody else."""
    facts = {name: text for name, text in remark.facts.items() if name != "text"}
    had = tuple(filter(None, facts.pop("had", "").split(",")))
    if "platform" in facts:
        facts |= {"platform": way_word(view, facts["platform"]), "why": why_word(view, facts["why"])}
    line = view.line(
        f"remark.{remark.code}",
        ref=view.ref,
        who=_name(view, remark.actor) if remark.actor else Span(text="Tocsin"),
        people=_people(view, remark.named, remark.pinged),
        had=_people(view, had, ()),
        **facts,
    )
    body: list[Block] = [Paragraph(lines=(line,))]
    sentence = plain(line)
    if words := remark.facts.get("text", ""):
        body.append(Quote(text=shorten(words, QUOTED_MAX)))
        sentence = view.say("remark.quoting", line=sentence, text=shorten(one_line(words), QUOTED_MAX))
    return Card(
        kind="remark",
        title="",
        fallback=sentence,
        lang=view.lang,
        body=tuple(body),
        mentions=tuple(view.person(member) for member in remark.pinged if view.mentions.get(member)),
    )


def _people(view: View, members: Sequence[str], pinged: Sequence[str]) -> Line:
    """A list of names, of which those who are `pinged` lead to the person where the platform can."""
    if not members:
        return (Span(text=view.say("remark.nobody")),)
    people = {str(n): view.person(one) if one in pinged else _name(view, one) for n, one in enumerate(members)}
    return splice(list_template(len(members), view.lang), people)


def _name(view: View, member: str) -> Span:
    return Span(text=view.name(member), style=Style.BOLD)
