"""`test`: a marked message to oneself by one medium or by all, what became of it, and what to check next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.cards.build import text_card
from bot.cards.i18n import knows, moment, say
from bot.commands.advice import advice, region_of_number
from bot.commands.said import Asker, Said, sentence
from bot.engine import preference
from bot.engine.events import Proof
from bot.engine.model import Instant, Way, medium_of
from bot.engine.world import Member
from bot.service import Service, last_test
from bot.store.base import Delivery, DeliveryState, Tx

_MEDIA: Final = {"dm": "im", "mail": "email", "call": "voice", "phone": "voice"}
"""Other words for a medium."""
_LAST: Final = frozenset({"last", "result", "上次", "结果"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a test by one way.

    `state` is `queued`, `sent` (taken, and a proof is still to come), `accepted` (taken, and nobody tells more),
    `delivered` or `failed`; `reason` is the named reason where there is one.
    """

    way: Way
    state: str
    reason: str
    steps: tuple[str, ...]
    """What to check next: where it failed, or where it should have arrived and nobody sees it."""

    @property
    def pending(self) -> bool:
        """Whether more is to be heard of it."""
        return self.state in ("queued", "sent")


def outcomes(rows: Sequence[Delivery], lang: str, now: Instant) -> list[Outcome]:
    """What became of each row of a test, as of `now`, with the steps in a language."""
    return [_outcome(row, lang, now) for row in rows]


def _outcome(row: Delivery, lang: str, now: Instant) -> Outcome:
    medium, reason = medium_of(row.way), row.error
    match row.state:
        case DeliveryState.QUEUED:
            state = "queued"
        case DeliveryState.SENT if preference.proves(row.way, Proof.ACCEPTED):
            state, reason = "accepted", ""
        case DeliveryState.SENT:
            late = now - row.created_at > preference.PROOF_WITHIN[medium]
            state, reason = ("failed", "no_proof_in_time") if late else ("sent", "")
        case DeliveryState.DELIVERED:
            state, reason = "delivered", ""
        case _:
            state, reason = "failed", row.error or row.state.value
    about = reason if state == "failed" else {"accepted": "sent"}.get(state, state)
    region = region_of_number(row.address) if medium in ("sms", "voice") else ""
    return Outcome(way=row.way, state=state, reason=reason, steps=advice(medium, about, region, lang))


def told(outcome: Outcome, lang: str) -> str:
    """An outcome as a sentence, without its steps."""
    way = say(lang, f"way.{outcome.way}") if knows(f"way.{outcome.way}") else outcome.way
    return say(lang, f"trial.{outcome.state}", way=way, why=why(outcome.reason, lang))


def why(reason: str, lang: str) -> str:
    """A named reason in words."""
    return say(lang, f"failure.{reason}") if knows(f"failure.{reason}") else reason.replace("_", " ")


def test(tx: Tx, service: Service, asker: Asker, wanted: str) -> Said:
    """Send the asker a marked test by one medium, or by each that they have; `last` tells what became of the latest."""
    member = asker.member
    if member is None:
        return sentence(asker, "unlinked")
    if wanted.casefold() in _LAST:
        return _last(tx, asker, member)
    medium = _MEDIA.get(wanted.casefold(), wanted.casefold())
    ways = [way for way in member.reachable() if medium in ("", way, medium_of(way))]
    if not ways:
        return sentence(asker, "no_such_medium", {"word": wanted or "–"})
    service.test_message(tx, member, ways, say(member.lang, "test.text", name=member.name))
    sent = sentence(asker, "test_sent", {"ways": ", ".join(say(asker.lang, f"way.{way}") for way in ways)}, done=True)
    lines = [sent.card.fallback, say(asker.lang, "trial.later")]
    return Said(card=text_card("\n".join(lines), asker.lang), outcome=sent.outcome)


def _last(tx: Tx, asker: Asker, member: Member) -> Said:
    rows = last_test(tx, member.id)
    if not rows:
        return Said(card=text_card(say(asker.lang, "trial.none"), asker.lang))
    lines = [say(asker.lang, "trial.head", at=moment(rows[0].created_at, asker.now, asker.zone, asker.lang))]
    for outcome in outcomes(rows, asker.lang, asker.now):
        lines.append(told(outcome, asker.lang))
        lines += [say(asker.lang, "trial.step", step=step) for step in outcome.steps]
    return Said(card=text_card("\n".join(lines), asker.lang))
