"""Links in mails and texts: one action, for one member, once, for a day. Looking never acts; acting says what was true.

A link stands for its member as a signature does, so the page in front of it says in whose name it acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.cards.build import text_card
from bot.cards.build.actions import BY_LINK
from bot.cards.card import Tone
from bot.cards.i18n import moment, say
from bot.cards.token import Key, Link, read_link
from bot.commands.acting import Acting
from bot.commands.said import Asker, Said, sentence
from bot.directory import Directory, hash_of
from bot.engine.events import Happening
from bot.engine.incident import step
from bot.engine.model import Incident
from bot.engine.world import Member
from bot.observe import COMMANDS, log
from bot.service import Service
from bot.store.base import Token, Tx

PURPOSE: Final = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a link would do if it were confirmed now, and in whose name."""

    link: Link
    incident: Incident
    member: Member
    asker: Asker
    command: Happening


class Following:
    """Reads links, says what they would do, and does it."""

    def __init__(self, service: Service, directory: Directory, acting: Acting, key: Key) -> None:
        """Keep the parts; `key` seals the links."""
        self._service = service
        self._directory = directory
        self._acting = acting
        self._key = key

    def look(self, tx: Tx, asker: Asker, text: str) -> Offer | Said:
        """The offer behind a link, or the sentence that says why it does nothing any more. Changes nothing.

        `asker` is whoever holds the link: nobody knows them, so they are answered in English until the link tells.
        """
        link = read_link(self._key, text)
        if link is None or link.verb not in BY_LINK:
            return _no(asker, "link.dead")
        member = self._directory.world().members.get(link.holder)
        if member is None:
            return _no(asker, "link.nobody", id=link.holder)
        asker = Asker(
            platform=PURPOSE,
            user=member.id,
            member=member,
            lang=member.lang,
            zone=member.zone,
            now=asker.now,
            world=self._directory.world(),
        )
        if not member.seat:
            return sentence(asker, "no_seat")
        used = tx.token(hash_of(text))
        if used is not None and used.used_at is not None:
            at = moment(used.used_at, asker.now, asker.zone, asker.lang)
            return _no(asker, "link.used", at=at, name=member.name)
        if link.until <= asker.now:
            return _no(asker, "link.expired", at=moment(link.until, asker.now, asker.zone, asker.lang, dated=True))
        return self._offered(tx, asker, member, link)

    def follow(self, tx: Tx, asker: Asker, text: str) -> Said:
        """Do what a link offers, in the name of whom it was made for. A refusal changes nothing and says why."""
        found = self.look(tx, asker, text)
        said = found if isinstance(found, Said) else self._done(tx, found, text)
        COMMANDS.labels(PURPOSE, said.outcome).inc()
        return said

    def _offered(self, tx: Tx, asker: Asker, member: Member, link: Link) -> Offer | Said:
        """Whether the incident would take it now: the engine is asked, and what it would do is thrown away."""
        incident = tx.incidents([link.incident]).get(link.incident)
        if incident is None:
            return _no(asker, "link.no_incident")
        command = self._acting.command(asker, link.verb, "", link.rev)
        if isinstance(command, Said):
            return command
        reply = step(incident, command, self._service.world_for(tx, incident, command), asker.now).reply
        if reply is not None and not reply.done:
            return sentence(asker, reply.code, reply.facts, about=incident.num)
        return Offer(link=link, incident=incident, member=member, asker=asker, command=command)

    def _done(self, tx: Tx, offer: Offer, text: str) -> Said:
        said = self._acting.apply(tx, offer.asker, offer.incident, offer.command)
        if not said.alert:
            used = Token(hash=hash_of(text), purpose=PURPOSE, member=offer.member.id, incident=offer.incident.id)
            tx.put_token(used)
            tx.use_token(used.hash, offer.asker.now)
        log.info(
            "link_followed",
            member=offer.member.id,
            incident=offer.incident.id,
            verb=offer.link.verb,
            outcome=said.outcome,
        )
        return said


def _no(asker: Asker, key: str, **facts: object) -> Said:
    text = say(asker.lang, key, **facts)
    card = text_card(text, asker.lang, tone=Tone.WARNING)
    return Said(card=card, alert=True, outcome=key.replace(".", "_"), text=text)
