"""What only mails have: an address to answer to, and a mail that answers one."""

from __future__ import annotations

from dataclasses import dataclass

from bot.cards.build.view import page_address
from bot.cards.card import Card, Paragraph, Span
from bot.cards.token import Key, can_hold
from bot.engine.mail_address import REPLY, seal
from bot.engine.model import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBack:
    """An answer to a member's mail about an incident. `answers` is the Message-ID of their mail, if it had one."""

    incident: str
    num: int
    title: str
    member: str
    answers: str
    text: str
    lang: str
    at: Instant


def reply_address(key: Key, incident: str, member: str, domain: str, now: Instant) -> str:
    """Where a member answers a mail about an incident; empty where no mail comes in, or nobody could be known by it."""
    return f"{REPLY}+{seal(key, incident, member, now)}@{domain}" if domain and can_hold(member) else ""


def answer_card(made: WrittenBack, key: Key, url: str, domain: str) -> Card:
    """The card of an answer: in the conversation of its incident, and answerable itself."""
    lines = tuple((Span(text=line),) for line in made.text.splitlines())
    return Card(
        kind="text",
        title=made.title,
        fallback=made.text,
        ref=f"#{made.num}",
        url=page_address(key, url, made.incident, made.num),
        incident=made.incident,
        lang=made.lang,
        body=(Paragraph(lines=lines),),
        reply_to=reply_address(key, made.incident, made.member, domain, made.at),
        answers=made.answers,
    )
