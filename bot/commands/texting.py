"""What people answer to texts: `1a 2r`, a bare `ack`, STOP, START, HELP; and what a number that nobody knows hears.

Everything else that a known number sends is a command like any other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot import optouts, replying, stopping
from bot.adapters.base import Slash
from bot.cards.i18n import say
from bot.commands.acting import Acting
from bot.commands.said import Asker, Said, sentence, silence, together
from bot.directory import Directory
from bot.engine.model import HOUR, Incident
from bot.service import Service
from bot.store.base import Tx

STOP_WORDS: Final = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit"})
START_WORDS: Final = frozenset({"start", "unstop", "yes"})
HELP_WORDS: Final = frozenset({"help", "info"})
"""Single words that carriers in North America want to be understood, and Twilio understands by itself:
https://help.twilio.com/articles/223134027. It answers STOP and START, and blocks or lets through, before we hear."""
MISREADS_MAX: Final = 5
"""Texts of one number in an hour that mean nothing and are answered: two machines do not talk for ever."""

_VERBS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("a", "ack", "acknowledge", "认领"), "ack"),
    **dict.fromkeys(("r", "resolve", "close", "关闭", "解决"), "resolve"),
    **dict.fromkeys(("e", "esc", "escalate", "升级"), "escalate"),
}
_VERB = "|".join(sorted(_VERBS, key=len, reverse=True))
_CODE = re.compile(rf"([1-9]\d?)\s*({_VERB})(?![a-z])")
_CODES = re.compile(rf"(?:{_CODE.pattern}[\s,;、.!。]*)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """`1a`: what to do, and the number of the text that it answers; 0 where the verb stands alone."""

    verb: str
    number: int = 0


def codes(text: str) -> tuple[Code, ...]:
    """The reply codes that a text consists of, each once; none where it is something else."""
    plain = _plain(text)
    if plain.rstrip(" .!。") in _VERBS:
        return (Code(verb=_VERBS[plain.rstrip(" .!。")]),)
    if not _CODES.fullmatch(plain):
        return ()
    found = [Code(verb=_VERBS[verb], number=int(number)) for number, verb in _CODE.findall(plain)]
    return tuple(dict.fromkeys(found))


class Texting:
    """Answers texts, as far as they are more than commands."""

    def __init__(self, service: Service, directory: Directory, acting: Acting) -> None:
        """Keep the parts."""
        self._service = service
        self._directory = directory
        self._acting = acting

    def heard(self, tx: Tx, asker: Asker, slash: Slash) -> Said | None:
        """The answer to a text; None where it is to be read as a command."""
        word = _plain(slash.text).strip(" .!。\"'")
        ours = any(each.phone == asker.user for each in asker.world.members.values())
        if ours and word in STOP_WORDS:  # also from a phone that members share: STOP is the phone's, not a person's
            stopping.silenced(tx, self._service, asker.user, asker.now)
            self._directory.load(tx)
            return silence("stopped")  # carriers answer it themselves, and take nothing more from us
        if ours and word in START_WORDS and (word != "yes" or asker.user in optouts.stopped(tx)):
            optouts.start(tx, asker.user)
            self._directory.load(tx)
            return sentence(asker, "sms_started", done=True)
        if asker.member is None:
            return self._stranger(tx, asker)
        if word in HELP_WORDS:
            return sentence(asker, "sms_help", done=True)
        found = codes(slash.text)
        if not found:
            return None
        return self._done(tx, asker, found) if asker.member.seat else sentence(asker, "no_seat")

    def patient(self, tx: Tx, asker: Asker, said: Said) -> Said:
        """An answer to what was not understood, unless this number has had enough of them in this hour."""
        for place in range(MISREADS_MAX):
            if tx.first_sight("sms_misread", f"{asker.user}:{asker.now // HOUR}:{place}", asker.now):
                return said
        return silence(said.outcome)

    def _stranger(self, tx: Tx, asker: Asker) -> Said:
        """One fixed answer an hour, whatever was said: nobody learns who is on the team, and no machine loops."""
        if not tx.first_sight("sms_stranger", f"{asker.user}:{asker.now // HOUR}", asker.now):
            return silence("sms_stranger")
        return sentence(asker, "sms_stranger")

    def _done(self, tx: Tx, asker: Asker, found: tuple[Code, ...]) -> Said:
        mine = replying.incidents(tx, asker.id)
        meant: list[tuple[str, Incident]] = []
        for code in found:
            if code.number and code.number not in mine:
                return sentence(asker, "no_such_code", {"code": f"{code.number}{code.verb[0]}"})
            incident = mine[code.number] if code.number else self._only(tx, asker, mine)
            if incident is None:
                return self._which(tx, asker, code.verb, mine)
            meant.append((code.verb, incident))
        return together(asker, [self._act(tx, asker, verb, incident) for verb, incident in meant])

    def _act(self, tx: Tx, asker: Asker, verb: str, incident: Incident) -> Said:
        command = self._acting.command(asker, verb, "")
        return command if isinstance(command, Said) else self._acting.apply(tx, asker, incident, command)

    def _only(self, tx: Tx, asker: Asker, mine: Mapping[int, Incident]) -> Incident | None:
        """The one incident that a bare verb can mean."""
        left = _open(mine)
        if not left:
            found = tx.list_incidents(open_only=True, limit=2, responder=asker.id)
            return found[0] if len(found) == 1 else None
        return next(iter(left.values())) if len(left) == 1 else None

    def _which(self, tx: Tx, asker: Asker, verb: str, mine: Mapping[int, Incident]) -> Said:
        left = _open(mine)
        if not left:
            several = bool(tx.list_incidents(open_only=True, limit=2, responder=asker.id))
            return sentence(asker, "missing_ref" if several else "nothing_to_do")
        shown = say(asker.lang, "list.comma").join(
            f"{number}{verb[0]} (#{incident.num})" for number, incident in left.items()
        )
        return sentence(asker, "which_code", {"codes": shown})


def _open(mine: Mapping[int, Incident]) -> Mapping[int, Incident]:
    return {number: incident for number, incident in mine.items() if incident.closed_at is None}


def _plain(text: str) -> str:
    """Small letters, ASCII digits, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
