"""Who an account belongs to: codes that prove it, and what a person asked for before anybody knew who asked.

A code goes only where the member alone reads it: a direct message to an account that is theirs already, their mailbox,
or the terminal of an administrator. Whoever sends it from another account shows that they read it there.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.accounts import opted_out
from bot.adapters.base import Form, Inbound, Press, Slash
from bot.cards.i18n import knows, say
from bot.commands import grammar
from bot.commands.grammar import Asked
from bot.commands.said import Asker, Said, sentence
from bot.commands.vocabulary import VERBS
from bot.directory import Directory, hash_of
from bot.engine.model import MINUTE, Instant, Span
from bot.engine.world import Member
from bot.service import Service
from bot.store.base import Token, Tx

WISH_LIFE: Span = 15 * MINUTE
"""How long it is remembered what an unknown account asked for: nobody means a click of yesterday."""
WISHES_MAX = 10
"""So many of them from one account in that time; the next is refused, and told so."""
MAIL_GAP: Span = 5 * MINUTE
"""A member is mailed one code in this time, whoever asks."""
ASK_GAP: Span = MINUTE
"""An account may ask for one mail in this time, whomever it names."""
PURPOSE = "after_link"

_NOT_LATER = frozenset({"link", "unlink"})


class Linking:
    """Links and unlinks accounts, and keeps for a while what an account asked for that was not linked yet."""

    def __init__(self, service: Service, directory: Directory) -> None:
        """Keep the parts."""
        self._service = service
        self._directory = directory

    def link(self, tx: Tx, asker: Asker, rest: str) -> Said | Member:
        """Redeem a code, mail one, or send one. A Member: the account is that member's from now on."""
        word = rest.strip().removeprefix("mailto:")
        if "@" in word:
            return self._mail(tx, asker, word)
        if word:
            return self._redeem(tx, asker, word)
        if asker.member is None:
            return sentence(asker, "how_to_link_by_mail" if _mails(asker) else "how_to_link")
        code = self._directory.new_code(tx, asker.id)
        # never in the answer: a platform that cannot speak to one person alone would show it to the whole chat
        self._service.confide(tx, asker.member, asker.platform, say(asker.lang, "link.code", code=code))
        return sentence(asker, "code_sent", done=True)

    def unlink(self, tx: Tx, asker: Asker) -> Said:
        """Forget an account that was linked; one that the manifest declares stays, and the answer says where."""
        dropped = tx.drop_identity(asker.platform, asker.user)
        if dropped:
            self._directory.load(tx)
        left = self._directory.member(asker.platform, asker.user)
        if left is not None:
            return sentence(asker, "declared_identity", {"id": left.id, "platform": asker.platform})
        if dropped:  # else the next search by mail address would link it again
            tx.put_meta(opted_out(asker.platform, asker.id), "1")
        return sentence(asker, "unlinked_now", done=dropped)

    def remember(self, tx: Tx, asker: Asker, inbound: Inbound) -> Said:
        """Keep what an unknown account asked for, and say so; what changes nothing is only told to be linked first."""
        wish = _wish(inbound)
        if wish is None or not self._kept(tx, asker, wish):
            return sentence(asker, "unlinked")
        return sentence(asker, "unlinked", {"minutes": str(WISH_LIFE // MINUTE)})

    def wishes(self, tx: Tx, asker: Asker) -> tuple[list[Mapping[str, str]], bool]:
        """What this account asked for while it was unknown, each once, in order; and whether some came too long ago.

        Whoever gets them has taken them: they are not found again.
        """
        found: list[Mapping[str, str]] = []
        late = False
        newest = asker.now // WISH_LIFE
        for stretch in range(newest - 2, newest + 1):
            for place in range(WISHES_MAX):
                token = tx.token(_name(asker, stretch, place))
                if token is None:
                    break
                if token.used_at is not None:
                    continue
                if not tx.use_token(token.hash, asker.now):
                    late = True
                elif token.data not in found:
                    found.append(token.data)
        return found, late

    def _redeem(self, tx: Tx, asker: Asker, code: str) -> Said | Member:
        owner = self._directory.declared(asker.platform, asker.user)
        if owner is not None:
            facts = {"name": owner.name, "id": owner.id, "platform": asker.platform}
            return sentence(asker, "declared_already", facts)
        member = self._directory.link(tx, asker.platform, asker.user, code)
        if member is None:
            return sentence(asker, "bad_code")
        tx.put_meta(opted_out(asker.platform, member.id), "")
        self._directory.load(tx)
        return member

    def _mail(self, tx: Tx, asker: Asker, address: str) -> Said:
        """A code to a member's mailbox, which only this account can redeem.

        The answer is the same whether anybody has that address: nobody learns from it who is on the team.
        """
        if not _mails(asker):
            return sentence(asker, "how_to_link")
        if not _first(tx, f"asked:{asker.platform}:{asker.user}", ASK_GAP, asker.now):
            return sentence(asker, "mailed_just_now")
        found = [each for each in asker.world.members.values() if each.email.casefold() == address.casefold()]
        if len(found) == 1 and _first(tx, f"mailed:{found[0].id}", MAIL_GAP, asker.now):
            member = found[0]
            code = self._directory.new_code(tx, member.id, account=(asker.platform, asker.user))
            key = f"way.{asker.platform}"
            way = say(member.lang, key) if knows(key) else asker.platform
            text = say(member.lang, "link.code_by_mail", name=member.name, way=way, code=code)
            self._service.confide(tx, member, "email", text)
        return sentence(asker, "code_mailed", done=True)

    def _kept(self, tx: Tx, asker: Asker, wish: Mapping[str, str]) -> bool:
        for place in range(WISHES_MAX):
            name = _name(asker, asker.now // WISH_LIFE, place)
            if tx.token(name) is None:
                until = asker.now + WISH_LIFE
                tx.put_token(Token(hash=name, purpose=PURPOSE, member="", data=wish, expires_at=until))
                return True
        return False


def again(inbound: Mapping[str, str], asker: Asker) -> Press | Slash:
    """A remembered wish as what it was."""
    if "press" in inbound:
        return Press(platform=asker.platform, user=asker.user, token=inbound["press"], key="")
    return Slash(
        platform=asker.platform, user=asker.user, text=inbound["text"], key="", reply_to=inbound.get("reply_to", "")
    )


def _wish(inbound: Inbound) -> Mapping[str, str] | None:
    """What is worth remembering: what would have changed something. A form is never open for an unknown account."""
    match inbound:
        case Press(token=text):
            verb = VERBS.get(text.partition(".")[0])
            return None if verb is not None and verb.query else {"press": text}
        case Slash(text=text, reply_to=reply_to):
            asked = grammar.read(text)
            if not isinstance(asked, Asked) or VERBS[asked.verb].query or asked.verb in _NOT_LATER:
                return None
            return {"text": text} | ({"reply_to": reply_to} if reply_to else {})
        case Form():
            return None


def _mails(asker: Asker) -> bool:
    """Whether anybody can be sent a mail: no address is known here where no mail server is declared."""
    return any(each.email for each in asker.world.members.values())


def _first(tx: Tx, what: str, gap: Span, now: Instant) -> bool:
    return tx.first_sight("link", f"{what}:{now // gap}", now)


def _name(asker: Asker, stretch: int, place: int) -> str:
    """Where a wish is found by whose it is: the store finds tokens by their hash alone."""
    return hash_of(f"{PURPOSE} {asker.platform} {asker.user} {stretch} {place}")
