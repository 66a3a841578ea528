"""One way in for presses, texts and forms of every platform: who is it, may they, what do they mean, what is true."""

from __future__ import annotations

from bot.adapters.base import Form, Inbound, Press, Slash
from bot.cards.build import text_card
from bot.cards.build.actions import BY_LINK
from bot.cards.i18n import say
from bot.cards.token import Token
from bot.cards.token import read as read_token
from bot.clock import Clock
from bot.commands import grammar
from bot.commands.acting import Acting
from bot.commands.asking import Asking
from bot.commands.grammar import Asked, Misread
from bot.commands.said import Asker, Said, sentence
from bot.commands.vocabulary import VERBS
from bot.directory import Directory
from bot.engine.model import Incident, medium_of
from bot.engine.world import Member
from bot.observe import COMMANDS
from bot.rendering import Rendering
from bot.service import Service
from bot.store.base import Tx

_STRANGERS_MAY = frozenset({"help", "link", "oncall"})
"""What an account that is not linked may ask; everything else leads to linking first."""


class Commands:
    """Handles one inbound inside a transaction; the answer is true once that transaction is committed."""

    def __init__(self, service: Service, directory: Directory, rendering: Rendering, clock: Clock) -> None:
        """Keep the parts."""
        self._directory = directory
        self._rendering = rendering
        self._service = service
        self._clock = clock
        self._acting = Acting(service, directory)
        self._asking = Asking(directory, rendering)

    def handle(self, tx: Tx, inbound: Inbound) -> Said:
        """Understand and do. A redelivery of the same press changes nothing and hears so."""
        asker = self._asker(inbound)
        if not tx.first_sight(inbound.platform, inbound.key, asker.now):
            return sentence(asker, "already_handled")
        match inbound:
            case Press(token=token):
                said = self._press(tx, asker, token)
            case Form(token=token, values=values):
                said = self._press(tx, asker, token, " ".join(values.values()))
            case _:
                said = self._text(tx, asker, inbound)
        COMMANDS.labels(_verb_of(inbound), said.outcome).inc()
        return said

    def linked(self, tx: Tx, text: str) -> tuple[Token, Incident, Member] | None:
        """What a signed link may do, and for whom. None for a link that is forged, or leads to nobody any more."""
        token = read_token(self._rendering.key, text)
        if token is None or token.verb not in BY_LINK:
            return None
        incident = tx.incidents([token.incident]).get(token.incident)
        member = self._directory.world().members.get(token.holder)
        return (token, incident, member) if incident and member else None

    def follow(self, tx: Tx, text: str) -> Said | None:
        """Do what a signed link says, in the name of whom it was made for. None for a link that `linked` refuses."""
        found = self.linked(tx, text)
        if found is None:
            return None
        token, incident, member = found
        asker = self._member_asks("link", member)
        if not member.seat:
            return sentence(asker, "no_seat")
        command = self._acting.command(asker, token.verb, token.arg, token.rev)
        said = command if isinstance(command, Said) else self._acting.apply(tx, asker, incident, command)
        COMMANDS.labels("link", said.outcome).inc()
        return said

    def _member_asks(self, via: str, member: Member) -> Asker:
        return Asker(
            platform=via,
            user=member.id,
            member=member,
            lang=member.lang,
            zone=member.zone,
            now=self._clock.now(),
            world=self._directory.world(),
        )

    def _asker(self, inbound: Inbound) -> Asker:
        member = self._directory.member(inbound.platform, inbound.user)
        return Asker(
            platform=inbound.platform,
            user=inbound.user,
            member=member,
            lang=member.lang if member else inbound.lang or "en",
            zone=member.zone if member else "UTC",
            now=self._clock.now(),
            world=self._directory.world(),
            press=isinstance(inbound, (Press, Form)),
        )

    def _press(self, tx: Tx, asker: Asker, text: str, value: str = "") -> Said:
        token = read_token(self._rendering.key, text)
        if token is None:
            return sentence(asker, "forged")
        if asker.member is None:
            return sentence(asker, "unlinked")
        if not asker.member.seat:
            return sentence(asker, "no_seat")
        incident = tx.incidents([token.incident]).get(token.incident)
        if incident is None:
            return sentence(asker, "no_such_incident")
        if token.verb in VERBS and VERBS[token.verb].query:
            return self._asking.answer(tx, asker, Asked(verb=token.verb), [incident])
        command = self._acting.command(asker, token.verb, value or token.arg, token.rev)
        return command if isinstance(command, Said) else self._acting.apply(tx, asker, incident, command)

    def _text(self, tx: Tx, asker: Asker, slash: Slash) -> Said:
        asked = grammar.read(slash.text)
        if isinstance(asked, Misread):
            return sentence(asker, asked.code, asked.facts)
        if asker.member is None and asked.verb not in _STRANGERS_MAY:
            return sentence(asker, "unlinked")
        if asker.member is not None and not asker.member.seat and asked.verb not in {"help", "link", "unlink", "test"}:
            return sentence(asker, "no_seat")
        if asked.verb == "link":
            return self._link(tx, asker, asked.rest)
        if asked.verb == "unlink":
            return self._unlink(tx, asker)
        if asked.verb == "test":
            return self._test(tx, asker, asked.rest)
        incidents: list[Incident] = []
        for num in asked.refs:
            found = tx.incident_by_num(num)
            if found is None:
                return sentence(asker, "no_such_incident", {"num": str(num)})
            incidents.append(found)
        if not incidents and slash.reply_to:
            incidents = self._replied(tx, slash)
        if VERBS[asked.verb].query:
            return self._asking.answer(tx, asker, asked, incidents)
        said = self._acting.act(tx, asker, asked, incidents)
        return Said(card=said.card, here=asked.here, alert=said.alert, outcome=said.outcome)

    def _replied(self, tx: Tx, slash: Slash) -> list[Incident]:
        """The incident of the card that this text answers."""
        row = tx.delivery_by_ref(slash.platform, slash.reply_to)
        found = tx.incidents([row.incident]) if row and row.incident else {}
        return list(found.values())

    def _link(self, tx: Tx, asker: Asker, code: str) -> Said:
        if code:
            member = self._directory.link(tx, asker.platform, asker.user, code.strip())
            if member is None:
                return sentence(asker, "bad_code")
            self._directory.load(tx)
            return sentence(asker, "linked", {"name": member.name}, done=True)
        if asker.member is None:
            return sentence(asker, "how_to_link")
        return sentence(asker, "link_code", {"code": self._directory.new_code(tx, asker.id)}, done=True)

    def _unlink(self, tx: Tx, asker: Asker) -> Said:
        if not tx.drop_identity(asker.platform, asker.user):
            return sentence(asker, "declared_identity")
        self._directory.load(tx)
        return sentence(asker, "unlinked_now", done=True)

    def _test(self, tx: Tx, asker: Asker, wanted: str) -> Said:
        """Send the asker a marked test by one medium, or by each that they have."""
        member = asker.member
        if member is None:
            return sentence(asker, "unlinked")
        medium = {"dm": "im", "mail": "email", "": ""}.get(wanted.casefold(), wanted.casefold())
        ways = [way for way in member.reachable() if medium in ("", way, medium_of(way))]
        if not ways:
            return sentence(asker, "no_such_medium", {"word": wanted or "–"})
        self._service.test_message(tx, member, ways, say(member.lang, "test.text", name=member.name))
        return sentence(
            asker, "test_sent", {"ways": ", ".join(say(asker.lang, f"way.{way}") for way in ways)}, done=True
        )


def _verb_of(inbound: Inbound) -> str:
    """A bounded word for the metric: never what somebody typed."""
    if not isinstance(inbound, Slash):
        return "press"
    asked = grammar.read(inbound.text)
    return asked.verb if isinstance(asked, Asked) else "misread"


def stumbled(lang: str) -> Said:
    """The truth when the transaction failed: nothing was changed."""
    text = say(lang, "reply.failed")
    return Said(card=text_card(text, lang), alert=True, outcome="failed")
