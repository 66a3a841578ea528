"""Keys that somebody presses in a call: 1 takes the incident, 2 resolves it, 3 escalates, the star says it all again.

Who was called is known from the delivery behind the call, never from what the vendor says about the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.adapters.base import Keyed
from bot.cards.build import text_card
from bot.cards.i18n import say
from bot.cards.voice import unknown_key
from bot.commands.acting import Acting
from bot.commands.said import Asker, Said, sentence, silence
from bot.rendering import Rendering
from bot.store.base import Delivery, Tx

VERBS: Final[Mapping[str, str]] = MappingProxyType({"1": "ack", "2": "resolve", "3": "escalate"})
REPEAT: Final = "*"
GOES_ON: Final = frozenset({"repeated", "unknown_key", "unknown_call"})
"""After these outcomes the call goes on, and another key is awaited."""


def called(tx: Tx, keyed: Keyed) -> Delivery | None:
    """The call in which a key was pressed. None when none of ours is known by these names."""
    one = tx.try_by_provider(keyed.platform, keyed.vendor, keyed.provider_id)
    one = one or tx.try_by_mark(keyed.platform, keyed.vendor, keyed.mark)
    return tx.delivery(one.delivery) if one else None


def too_soon(keyed: Keyed) -> Said:
    """Nothing is known of this call yet: its vendor was faster than its own answer. The key is worth a second press."""
    lang = keyed.lang or "en"
    return Said(card=text_card(say(lang, "voice.press_again"), lang), alert=True, outcome="unknown_call")


class Dialing:
    """Does what a key asks for."""

    def __init__(self, rendering: Rendering, acting: Acting) -> None:
        """Keep the parts."""
        self._rendering = rendering
        self._acting = acting

    def pressed(self, tx: Tx, asker: Asker, keyed: Keyed, row: Delivery) -> Said:
        """Handle one key of `row`; the asker is whoever was called."""
        if asker.member is None:
            return sentence(asker, "no_such_incident")
        if not keyed.digit:
            return silence("unanswered")
        incident = tx.incidents([row.incident]).get(row.incident) if row.incident else None
        if incident is None:  # a test, or an alarm of Tocsin's own: to hear it is all there is to do
            return _spoken(asker, "voice.heard", "heard", done=True)
        if keyed.digit == REPEAT:
            return Said(card=self._rendering.page(tx, incident, row, asker.now), outcome="repeated")
        verb = VERBS.get(keyed.digit)
        if verb is None:
            return Said(card=text_card(unknown_key(asker.lang), asker.lang), alert=True, outcome="unknown_key")
        if not asker.member.seat:
            return sentence(asker, "no_seat")
        if not tx.first_sight(keyed.platform, keyed.key, asker.now):
            return sentence(asker, "already_handled")
        command = self._acting.command(asker, verb, "", row.shown_rev)
        return command if isinstance(command, Said) else self._acting.apply(tx, asker, incident, command)


def _spoken(asker: Asker, key: str, outcome: str, *, done: bool = False) -> Said:
    return Said(card=text_card(say(asker.lang, key), asker.lang), alert=not done, outcome=outcome)
