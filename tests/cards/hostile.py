"""Cards as an enemy, or a careless monitoring system, would fill them: the renderers must survive all of it."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from bot.cards.card import (
    Action,
    ActionStyle,
    Card,
    Fact,
    Facts,
    Option,
    Paragraph,
    Quote,
    Span,
    Style,
    Tone,
)

unhurried = settings(deadline=None)
"""Machines that run tests are shared: a slow example is no finding."""

NASTY = (
    "<!channel>", "<!here|now>", "<@UEVIL>", "@all", "@everyone", "@here", "＠channel", "@bo", "<b>", "</b>",
    "<a href='tg://user?id=666'>", "&lt;", "&amp;", "&", "<", ">", '"', "'", "|", "`", "*bold*", "_x_", "~",
    "\x00", "\x07", "\r\n", "\n", "\u2028", "\u202e", "\u2066", "\u200b", "\u200d", "\u200f", "\ufeff", "\ud800",
    "\udfff",
    "👩‍👩‍👧‍👦", "🏴‍☠️", "🇩🇪🇫🇷", "e\u0301", "a" + "\u0300" * 40, "한글",
    "ᄒ" + "\u1161" * 9, "שלום", "مرحبا", "一" * 30, "A" * 500,
    "Subject: x\r\nBcc: evil@example.org",
    "javascript:alert(1)", "https://evil.example/<>|", "</td></table>", "\U000e0041", "${x}", "{0}", "%s", "€^{}", "…",
)  # fmt: skip

MINTED = ("U0MINTED", "7001", "00007001-0000-4000-8000-000000000000")
"""The only ids that may be mentioned."""

texts = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.lists(st.sampled_from(NASTY), max_size=12).map("".join),
    st.lists(st.sampled_from(NASTY), max_size=8).map(" ".join),
    st.integers(0, 9000).map(lambda count: "long " * (count // 5)),
)
words = st.one_of(st.sampled_from(("", "Critical", "严重", "Triggered", "#142")), texts)
links = st.one_of(
    st.sampled_from(
        (
            "",
            "https://tocsin.example/i/142",
            "https://x.example/?a=1&b=<2>|3\"'",
            "javascript:alert(1)",
            "http://[::1",
            "http://localhost:8400/i/1",
            "https://x.example/" + "y" * 5000,
            "HTTPS://Ｘ.example/ü",
            "https://x.example/\n<!channel>",
        )
    ),
    texts,
)
spans = st.builds(
    Span,
    text=texts,
    style=st.sampled_from(Style),
    href=links,
    mention=st.sampled_from(("", "", "", *MINTED, "U1><!channel>", "12x", "٣")),
    at=st.one_of(st.none(), st.integers(-(2**62), 2**62)),
)
lines = st.lists(spans, max_size=6).map(tuple)
blocks = st.one_of(
    st.builds(Paragraph, lines=st.lists(lines, max_size=8).map(tuple)),
    st.builds(Facts, facts=st.lists(st.builds(Fact, label=texts, value=lines), max_size=14).map(tuple)),
    st.builds(Quote, text=texts),
)
tokens = st.one_of(
    st.sampled_from(("", "ack.WjyeDxfSuEY.2.NLTZEuD5TE4H", "x" * 64, "x" * 65, "x" * 4000)), st.text(max_size=80)
)
actions = st.builds(
    Action,
    verb=st.sampled_from(("ack", "resolve", "escalate", "snooze", "x" * 300)),
    label=texts,
    token=tokens,
    style=st.sampled_from(ActionStyle),
    confirm=st.one_of(st.just(""), texts),
    options=st.lists(st.builds(Option, label=texts, token=tokens), max_size=6).map(tuple),
    href=links,
)
cards = st.builds(
    Card,
    kind=st.sampled_from(("incident", "roster", "list", "text", "remark")),
    title=texts,
    fallback=texts,
    tone=st.sampled_from(Tone),
    severity=words,
    status=words,
    ref=words,
    url=links,
    incident=st.sampled_from(("", "5a3c9e0f17d2b846")),
    rev=st.integers(0, 10**9),
    lang=st.sampled_from(("en", "zh", "de", "zh-CN")),
    body=st.lists(blocks, max_size=8).map(tuple),
    actions=st.lists(actions, max_size=30).map(tuple),
    mentions=lines,
)

giant = Card(
    kind="incident",
    title="T" * 9000,
    fallback="F" * 90_000,
    severity="S" * 500,
    status="s" * 500,
    ref="#" * 500,
    incident="5a3c9e0f17d2b846",
    body=tuple(
        block
        for _ in range(40)
        for block in (
            Quote(text="&<>" * 3000),
            Paragraph(lines=((Span(text="&" * 4000, style=Style.BOLD),),) * 40),
            Facts(facts=(Fact(label="<" * 400, value=(Span(text=">" * 900, href="https://x.example/"),) * 9),) * 30),
        )
    ),
    actions=tuple(
        Action(verb="snooze", label="L" * 300, options=tuple(Option(label="o" * 99, token=f"t{i}") for i in range(150)))
        for _ in range(40)
    ),
    mentions=(Span(text="Ann", mention="7001"),) * 300,
)
"""More of everything than any platform takes."""
