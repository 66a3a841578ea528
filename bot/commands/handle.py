"""One way in for presses, texts and forms of every platform: who is it, may they, what do they mean, what is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot import rooms
from bot.adapters.base import Form, Inbound, Keyed, Press, Slash
from bot.cards.build import text_card
from bot.cards.build.forms import FORMS, asked_about
from bot.cards.card import FormCard
from bot.cards.i18n import say
from bot.cards.token import Token
from bot.cards.token import read as read_token
from bot.clock import Clock
from bot.commands import grammar, trying
from bot.commands.acting import Acting
from bot.commands.answering import Answering
from bot.commands.asking import Asking
from bot.commands.dialing import Dialing, called, too_soon
from bot.commands.following import Following, Offer
from bot.commands.forming import NOBODY, Forming
from bot.commands.grammar import Asked, Misread
from bot.commands.linking import WISH_LIFE, Linking, again
from bot.commands.said import Asker, Said, sentence, usage
from bot.commands.shifting import Shifting
from bot.commands.texting import Texting
from bot.commands.vocabulary import VERBS
from bot.directory import Directory
from bot.engine.model import MINUTE, Incident, medium_of
from bot.engine.world import Member
from bot.observe import COMMANDS
from bot.rendering import Rendering
from bot.service import Service
from bot.store.base import Tx

_STRANGERS_MAY = frozenset({"help", "link", "oncall"})
"""What an account that is not linked may ask; everything else leads to linking first."""


_SEATLESS_MAY = frozenset({"help", "link", "unlink", "test", "prefs", "doctor", "vcard"})
"""What concerns nobody but a member who is paged and may neither look nor act."""
_SHIFTS = frozenset({"override", "take", "cover", "swap", "unoverride"})
"""These are about people's duty, not about incidents."""


class Commands:
    """Handles one inbound inside a transaction; the answer is true once that transaction is committed."""

    def __init__(self, service: Service, directory: Directory, rendering: Rendering, clock: Clock) -> None:
        """Keep the parts."""
        self._directory = directory
        self._rendering = rendering
        self._service = service
        self._clock = clock
        self._acting = Acting(service, directory)
        self._shifting = Shifting(service, directory)
        self._asking = Asking(directory, rendering, self._shifting)
        self._forming = Forming(directory, rendering.key)
        self._linking = Linking(service, directory)
        self._texting = Texting(service, directory, self._acting)
        self._following = Following(service, directory, self._acting, rendering.key)
        self._answering = Answering(self._acting)
        self._dialing = Dialing(rendering, self._acting)

    def handle(self, tx: Tx, inbound: Inbound | Keyed) -> Said:
        """Understand and do. A redelivery of the same press changes nothing and hears so."""
        if isinstance(inbound, Keyed):
            return self._keyed(tx, inbound)
        asker = self._asker(inbound)
        if isinstance(inbound, Form):
            said = self._filled(tx, asker, inbound)
        elif not tx.first_sight(inbound.platform, inbound.key, asker.now):
            return sentence(asker, "already_handled")
        elif isinstance(inbound, Press):
            said = self._press(tx, asker, inbound.token)
        elif medium_of(inbound.platform) == "sms":
            said = self._texted(tx, asker, inbound)
        else:
            said = self._text(tx, asker, inbound)
        if asker.member is None and said.outcome == "unlinked":
            said = self._linking.remember(tx, asker, inbound)
        COMMANDS.labels(_verb_of(inbound), said.outcome).inc()
        return said

    def form(self, inbound: Inbound) -> FormCard | None:
        """The form that this asks for, to be opened at once; None where it is to be handled. Looks at memory only."""
        return self._forming.opened(self._asker(inbound), inbound)

    def _keyed(self, tx: Tx, keyed: Keyed) -> Said:
        """A key in a call speaks for whoever was called."""
        row = called(tx, keyed)
        member = self._directory.world().members.get(row.member) if row else None
        asker = self._member_asks(keyed.platform, member)
        said = self._dialing.pressed(tx, asker, keyed, row) if row else too_soon(keyed)
        COMMANDS.labels("key", said.outcome).inc()
        return said

    def look(self, tx: Tx, text: str) -> Offer | Said:
        """What a signed link would do, and in whose name; or why it does nothing any more. Changes nothing."""
        return self._following.look(tx, self._member_asks("link", None), text)

    def follow(self, tx: Tx, text: str) -> Said:
        """Do what a signed link says, once, in the name of whom it was made for."""
        return self._following.follow(tx, self._member_asks("link", None), text)

    def answered(self, tx: Tx, member: Member, incident: Incident, text: str, key: str) -> list[Said] | None:
        """Do what a member wrote back to a mail. No reply: there were no words. None: the mail `key` came before."""
        asker = self._member_asks("email", member)
        if not tx.first_sight("email", key, asker.now):
            return None
        said = self._answering.answer(tx, asker, incident, text)
        for each in said:
            COMMANDS.labels("mail", each.outcome).inc()
        return said

    def _member_asks(self, via: str, member: Member | None) -> Asker:
        return Asker(
            platform=via,
            user=member.id if member else "",
            member=member,
            lang=member.lang if member else "en",
            zone=member.zone if member else "UTC",
            now=self._clock.now(),
            world=self._directory.world(),
        )

    def _asker(self, inbound: Inbound) -> Asker:
        member = self._directory.member(inbound.platform, inbound.user)
        return Asker(
            platform=inbound.platform,
            user=inbound.user,
            member=member,
            lang=member.lang if member else inbound.lang or ("zh" if inbound.user.startswith("+86") else "en"),
            zone=member.zone if member else "UTC",
            now=self._clock.now(),
            world=self._directory.world(),
            press=isinstance(inbound, Press),
        )

    def _sealed(self, asker: Asker, text: str) -> Token | Said:
        """What a button or a form carried, for somebody who may use it."""
        token = read_token(self._rendering.key, text)
        if token is None:
            return sentence(asker, "forged")
        if asker.member is None:
            return sentence(asker, "unlinked")
        return token if asker.member.seat else sentence(asker, "no_seat")

    def _press(self, tx: Tx, asker: Asker, text: str) -> Said:
        token = self._sealed(asker, text)
        if isinstance(token, Said):
            return token
        if token.verb == "take":  # what it is about is a shift
            return self._shifting.taken(tx, asker, token.incident)
        incident = tx.incidents([token.incident]).get(token.incident)
        if incident is None:
            return sentence(asker, "no_such_incident")
        if token.verb in VERBS and VERBS[token.verb].query:
            return self._asking.answer(tx, asker, Asked(verb=token.verb), [incident])
        if asked_about(token.arg) is not None and token.verb in VERBS:  # its form was not opened
            return usage(asker, token.verb)
        command = self._acting.command(asker, token.verb, token.arg, token.rev)
        return command if isinstance(command, Said) else self._acting.apply(tx, asker, incident, command)

    def _filled(self, tx: Tx, asker: Asker, form: Form) -> Said:
        """Do what a form asks for. One that is refused is not remembered, so that it can be mended and sent again."""
        token = self._sealed(asker, form.token)
        if isinstance(token, Said):
            return token
        if token.verb not in FORMS or asked_about(token.arg) is None:
            return sentence(asker, "forged")
        found = tx.incidents([token.incident])
        if not found and token.incident != NOBODY:
            return sentence(asker, "no_such_incident")
        meant = self._forming.answered(tx, asker, token, form.values)
        if isinstance(meant, Said):
            return meant
        if not tx.first_sight(form.platform, form.key, asker.now):
            return sentence(asker, "already_handled")
        return self._acting.filled(tx, asker, meant, list(found.values()))

    def _texted(self, tx: Tx, asker: Asker, slash: Slash) -> Said:
        """A text message: a code, a word such as STOP, or a command."""
        heard = self._texting.heard(tx, asker, slash)
        if heard is not None:
            return heard
        said = self._text(tx, asker, slash)
        return said if isinstance(grammar.read(slash.text), Asked) else self._texting.patient(tx, asker, said)

    def _text(self, tx: Tx, asker: Asker, slash: Slash) -> Said:
        asked = grammar.read(slash.text)
        if isinstance(asked, Misread):
            return sentence(asker, asked.code, asked.facts)
        if asker.member is None and asked.verb not in _STRANGERS_MAY:
            return sentence(asker, "unlinked")
        if asker.member is not None and not asker.member.seat and asked.verb not in _SEATLESS_MAY:
            return sentence(asker, "no_seat")
        if asked.verb == "link":
            return self._link(tx, asker, asked.rest)
        if asked.verb == "unlink":
            return self._linking.unlink(tx, asker)
        if asked.verb == "test":
            return trying.test(tx, self._service, asker, asked.rest)
        if asked.verb in _SHIFTS:
            said = self._shifting.act(tx, asker, asked)
            return replace(said, here=asked.here)
        incidents = self._meant(tx, asker, asked, slash)
        if isinstance(incidents, Said):
            return incidents
        if VERBS[asked.verb].query:
            return self._asking.answer(tx, asker, asked, incidents)
        said = self._acting.act(tx, asker, asked, incidents)
        return replace(said, here=asked.here)

    def _meant(self, tx: Tx, asker: Asker, asked: Asked, slash: Slash) -> list[Incident] | Said:
        """The incidents by their numbers, else that of the card which this answers, else that of the room."""
        incidents = []
        for num in asked.refs:
            found = tx.incident_by_num(num)
            if found is None:
                return sentence(asker, "no_such_incident", {"num": str(num)})
            incidents.append(found)
        if not incidents and slash.reply_to:
            incidents = self._replied(tx, slash)
        return incidents or (self._in_room(tx, slash) if grammar.takes_refs(asked) else [])

    def _replied(self, tx: Tx, slash: Slash) -> list[Incident]:
        """The incident of the card that this text answers."""
        row = tx.delivery_by_ref(slash.platform, slash.reply_to)
        found = tx.incidents([row.incident]) if row and row.incident else {}
        return list(found.values())

    def _in_room(self, tx: Tx, slash: Slash) -> list[Incident]:
        """The incident of the war room in which this was said."""
        for place in filter(None, (slash.chat, slash.reply_to)):
            if known := tx.get_meta(rooms.known_as(slash.platform, place)):
                return list(tx.incidents([known]).values())
        return []

    def _link(self, tx: Tx, asker: Asker, rest: str) -> Said:
        """Link, then do what was asked for before: the answer tells what became of each."""
        member = self._linking.link(tx, asker, rest)
        if isinstance(member, Said):
            return member
        world = self._directory.world()
        asker = replace(asker, member=member, lang=member.lang, zone=member.zone, world=world)
        said = sentence(asker, "linked", {"name": member.name}, done=True)
        wishes, late = self._linking.wishes(tx, asker)
        lines = [said.text, *(self._wished(tx, asker, wish).card.fallback for wish in wishes)]
        if late:
            lines.append(say(asker.lang, "link.late", minutes=WISH_LIFE // MINUTE))
        return replace(said, card=text_card("\n".join(lines), asker.lang)) if lines[1:] else said

    def _wished(self, tx: Tx, asker: Asker, wish: Mapping[str, str]) -> Said:
        inbound = again(wish, asker)
        said = self._press(tx, asker, inbound.token) if isinstance(inbound, Press) else self._text(tx, asker, inbound)
        COMMANDS.labels(_verb_of(inbound), said.outcome).inc()
        return said


def _verb_of(inbound: Inbound) -> str:
    """A bounded word for the metric: never what somebody typed."""
    if not isinstance(inbound, Slash):
        return "press" if isinstance(inbound, Press) else "form"
    asked = grammar.read(inbound.text)
    return asked.verb if isinstance(asked, Asked) else "misread"


def stumbled(lang: str) -> Said:
    """The truth when the transaction failed: nothing was changed."""
    text = say(lang, "reply.failed")
    return Said(card=text_card(text, lang), alert=True, outcome="failed")
