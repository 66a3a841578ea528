"""Everything that Tocsin draws for Slack: the product's own cards and forms, and as many hostile ones as one likes."""

from __future__ import annotations

import random
from collections.abc import Iterator

from bot.adapters.base import Answer, Json
from bot.adapters.slack.answers import home_view, keep_form
from bot.adapters.slack.decode import Remark
from bot.cards.build.forms import FORMS, form_card
from bot.cards.card import (
    Action,
    ActionStyle,
    Block,
    Card,
    Fact,
    Facts,
    Field,
    FieldKind,
    FormCard,
    Line,
    Option,
    Paragraph,
    Quote,
    Span,
    Style,
    Tone,
)
from bot.cards.sample import STATES, sample_card, sample_view
from bot.cards.slack import render, render_form
from tests.cards.hostile import NASTY, giant

LANGS = ("en", "zh")
hundreds = tuple(Option(label="o", token=f"t{i}") for i in range(150))
many = Card(
    kind="incident",
    title="More short parts than a message may have",
    fallback="many",
    body=tuple(Paragraph(lines=((Span(text="x"),),)) for _ in range(100)),
    actions=(
        Action(verb="more", label="More", options=hundreds),
        *(Action(verb=f"v{i}", label="B", token="t") for i in range(40)),
    ),
)
shorts = Card(
    kind="incident",
    title="Facts side by side",
    fallback="facts",
    body=(Facts(facts=tuple(Fact(label="L", value=(Span(text="v"),)) for _ in range(25))),),
)


def messages() -> Iterator[tuple[str, Json]]:
    """The product's own cards, in every state and language."""
    for state in STATES:
        for lang in LANGS:
            yield f"{state} {lang}", render(sample_card(state, lang, "slack"))
    yield "giant", render(giant)
    yield "many", render(many)
    yield "facts", render(shorts)


def views() -> Iterator[tuple[str, Json]]:
    """The product's own forms in every language, the form of the shortcut, and the Home tab of every card."""
    for lang in LANGS:
        world = sample_view("triggered", lang, "slack").world
        for verb in sorted(FORMS):
            yield f"form {verb} {lang}", render_form(form_card(verb, 142, "token", world, lang))
    remark = Remark(user="U1", chat="C1", text="x" * 4000, link="https://acme.slack.com/archives/C1/p1")
    yield from ((f"shortcut {lang}", keep_form(remark, lang)) for lang in LANGS)
    fields = tuple(Field(name=f"f{i}", label="L", kind=FieldKind.CHOICE, options=hundreds) for i in range(150))
    yield "many", render_form(FormCard(verb="v", title="t", submit="s", cancel="c", token="t", fields=fields))
    for name, message in messages():
        yield f"home {name}", home_view(Answer(message=message))


class Enemy:
    """Draws cards and forms from a seed, as an enemy or a careless monitoring system would fill them."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def rarely(self, count: int) -> tuple[int, ...]:
        """More than any card has, now and then: it is slow."""
        return (count,) if self.dice.random() < 0.05 else ()

    def text(self) -> str:
        dice = self.dice
        match dice.randrange(6):
            case 0:
                return ""
            case 1:
                piece = dice.choice(NASTY)
                return piece * dice.choice((1, 1, 1, 2, 9, *self.rarely(3_300 // len(piece) + 1)))
            case 2:
                return "".join(chr(dice.randrange(0x110000)) for _ in range(dice.randrange(60)))
            case 3:
                return "x" * dice.choice(
                    (23, 24, 25, 74, 75, 76, 149, 150, 151, 255, 256, *self.rarely(2001), *self.rarely(3001))
                )
            case _:
                return " ".join(dice.choice(NASTY) for _ in range(dice.randrange(1, 12)))

    def token(self) -> str:
        return self.dice.choice(("", "t" * 64, "t" * 65, "t" * 151, "t" * 3001, "a.b.c", self.text()))

    def span(self) -> Span:
        dice = self.dice
        return Span(
            text=self.text(),
            style=dice.choice(list(Style)),
            href=dice.choice(
                ("", "", "https://x.example/?a=<1>&b=|", "javascript:x", "https://x.example/" + "y" * 4000)
            ),
            mention=dice.choice(("", "", "", "U0MINTED", "U1><!channel>")),
            at=dice.choice((None, None, 0, 10**12, -1, 2**62)),
        )

    def line(self) -> Line:
        return tuple(self.span() for _ in range(self.dice.randrange(5)))

    def block(self) -> Block:
        dice = self.dice
        match dice.randrange(3):
            case 0:
                return Paragraph(lines=tuple(self.line() for _ in range(dice.randrange(6))))
            case 1:
                facts = tuple(
                    Fact(label=self.text(), value=self.line())
                    for _ in range(dice.choice((0, 1, 2, 3, *self.rarely(23))))
                )
                return Facts(facts=facts)
            case _:
                return Quote(text=self.text())

    def options(self) -> tuple[Option, ...]:
        count = self.dice.choice((0, 0, 0, 1, 2, 5, 6, *self.rarely(101)))
        return tuple(Option(label=self.text(), token=self.dice.choice((f"o{i}", self.token()))) for i in range(count))

    def action(self) -> Action:
        dice = self.dice
        return Action(
            verb=dice.choice(("ack", "more", "snooze", "v" * 300)),
            label=self.text(),
            token=self.token(),
            style=dice.choice(list(ActionStyle)),
            confirm=dice.choice(("", self.text())),
            options=self.options(),
            href=dice.choice(("", "", "https://x.example/i/1")),
        )

    def card(self) -> Card:
        dice = self.dice
        return Card(
            kind=dice.choice(("incident", "incident", "roster", "list", "text")),
            title=self.text(),
            fallback=self.text(),
            tone=dice.choice(list(Tone)),
            severity=self.text(),
            status=self.text(),
            ref=self.text(),
            url=dice.choice(("", "https://x.example/i/1")),
            incident=dice.choice(("", "5a3c9e0f17d2b846")),
            rev=dice.randrange(10**6),
            lang=dice.choice(("en", "zh", "de")),
            body=tuple(self.block() for _ in range(dice.choice((0, 0, 1, 1, 2, 2, 3, 3, 4, *self.rarely(60))))),
            actions=tuple(self.action() for _ in range(dice.choice((0, 1, 1, 2, 2, 3, *self.rarely(30))))),
            mentions=self.line(),
        )

    def field(self, number: int) -> Field:
        dice = self.dice
        options = self.options()
        return Field(
            name=dice.choice((f"f{number}", f"f{number}", "same", "n" * 300, self.text())),
            label=self.text(),
            kind=dice.choice(list(FieldKind)),
            value=dice.choice(("", self.text(), "@U1 @U2 @U1", options[0].token if options else "")),
            hint=self.text(),
            required=dice.random() < 0.5,
            text_max=dice.choice((0, 1, 20, 3000, 9000)),
            options=options,
        )

    def form(self) -> FormCard:
        dice = self.dice
        return FormCard(
            verb=dice.choice(("note", "v" * 300)),
            title=self.text(),
            submit=self.text(),
            cancel=self.text(),
            token=self.token(),
            fields=tuple(self.field(number) for number in range(dice.choice((0, 1, 2, 3, *self.rarely(120))))),
            intro=self.text(),
        )
