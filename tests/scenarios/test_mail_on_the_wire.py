"""Mails as servers and mail programs see them: clean bytes, signatures that survive, one conversation per incident."""

from __future__ import annotations

import hashlib
import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from bot.adapters.email.mail import Writer
from bot.cards import email as renderer
from bot.cards.sample import STATES, sample_card
from bot.engine.model import MINUTE
from tests.scenarios.post_office import DOMAIN, parsed, post_office

WRITER = Writer(sender="Tocsin 值班 <tocsin@example.com>", clock=lambda: 1_790_000_000.0, mail_domain=DOMAIN, key=b"k")
LONG_ID = f"<{'x' * 180}@{'y' * 60}.namprd11.prod.outlook.example>"


def written(message: dict, key: str = "page:1", to: str = "ann@example.com") -> bytes:
    return WRITER.compose(to, message, key).as_bytes()


# --- the bytes --------------------------------------------------------------------------------------------------------


def assert_clean(raw: bytes) -> EmailMessage:
    """RFC 5321 §4.5.3.1.6 and RFC 5322 §2.1.1, §2.2: CRLF lines of at most 998 octets, ASCII, nothing odd inside."""
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    mail = message_from_bytes(raw, policy=default)
    for part in mail.walk():
        assert not part.defects
        for value in part.values():
            assert not value.defects
    for once in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version"):
        assert len(mail.get_all(once)) == 1
    return mail


def samples() -> dict[str, bytes]:
    made = {}
    for state in STATES:
        for lang in ("en", "zh"):
            made[f"{state}-{lang}"] = written(renderer.render(sample_card(state, lang, "email")))
    long = {
        "subject": "磁盘 " * 60,
        "text": "长" * 5_000 + "\n" + "x" * 3_000 + "\n.\n..\nFrom me\n",
        "html": "<p>&</p>" * 900,
    }
    made["long"] = written({**long, "headers": {"References": f"<incident.5a3c9e0f17d2b846@h.example> {LONG_ID}"}})
    return made


@pytest.mark.parametrize("raw", samples().values(), ids=samples())
def test_the_bytes_are_clean(raw: bytes):
    mail = assert_clean(raw)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert {part["Content-Transfer-Encoding"] for part in mail.iter_parts()} <= {"7bit", "base64", "quoted-printable"}


def test_ids_are_never_folded_inside_however_long_they_are():
    raw = samples()["long"]
    assert LONG_ID.encode() in raw
    assert str(parsed(raw)["References"]).split()[-1] == LONG_ID


def relaxed(raw: bytes) -> tuple[list[tuple[str, str]], str]:
    """Headers and the hash of the body, in the relaxed canonical form of RFC 6376 §3.4.2 and §3.4.4."""
    head, _, body = raw.partition(b"\r\n\r\n")
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"", head)
    headers = []
    for line in unfolded.split(b"\r\n"):
        name, _, value = line.partition(b":")
        value = re.sub(rb"[ \t]+", b" ", value).strip(b" \t")
        headers.append((name.decode().strip().casefold(), value.decode()))
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    whole = b"".join(line + b"\r\n" for line in lines)
    return headers, hashlib.sha256(whole).hexdigest()


def carried(raw: bytes) -> bytes:
    """What careful relays do on the way: refold long headers, change the case of names, pad lines, add empty ones."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")
    refolded = [re.sub(rb" (?=[^ ]{6,}$)", b"\r\n\t ", line) for line in lines]
    shouted = [line[: line.index(b":")].upper() + line[line.index(b":") :] for line in refolded]
    padded = b"\r\n".join(line + b"  " if line and not line.endswith(b"=") else line for line in body.split(b"\r\n"))
    return b"\r\n".join(shouted) + b"\r\n\r\n" + padded + b"\r\n\r\n"


@pytest.mark.parametrize("raw", samples().values(), ids=samples())
def test_a_relaxed_signature_survives_what_relays_do(raw: bytes):
    assert relaxed(carried(raw)) == relaxed(raw)
    assert relaxed(raw.replace(b"Message-ID: <", b"Message-ID: <z", 1)) != relaxed(raw)
    assert relaxed(raw[:-40] + b"changed\r\n")[1] != relaxed(raw)[1]


def test_parsing_and_writing_again_changes_nothing_that_is_signed():
    """Servers that parse a mail and write it again, as mailing lists do, still keep what a signature covers."""
    for raw in samples().values():
        again = message_from_bytes(raw, policy=default.clone(linesep="\r\n", refold_source="none")).as_bytes()
        assert relaxed(again) == relaxed(raw)


# --- the conversation -------------------------------------------------------------------------------------------------


def subject_of(mail: EmailMessage) -> str:
    """The subject under which programs sort: without `Re:` and what other languages write for it."""
    return re.sub(r"^(?:(?:re|fwd?|aw|回复|答复|转发)\s*[:：]\s*)+", "", str(mail["Subject"]), flags=re.IGNORECASE)


def threads(mails: list[EmailMessage]) -> list[set[str]]:
    """By References and In-Reply-To, with places for mails that nobody has, as Zawinski's algorithm begins.

    https://www.jwz.org/doc/threading.html, steps 1 and 2, without its merging by subject.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.get(name, name) != name:
            name = parent[name]
        return name

    for mail in mails:
        own = str(mail["Message-ID"]).strip()
        chain = re.findall(r"<[^<>\s]+>", f"{mail['References'] or ''} {mail['In-Reply-To'] or ''}")
        parent.setdefault(own, own)
        for before, after in zip(chain, [*chain[1:], own], strict=True):
            parent.setdefault(before, before)
            parent.setdefault(after, after)
            if root(before) != root(after):
                parent[root(after)] = root(before)
    found: dict[str, set[str]] = {}
    for mail in mails:
        own = str(mail["Message-ID"]).strip()
        found.setdefault(root(own), set()).add(own)
    return list(found.values())


async def test_every_mail_of_an_incident_is_one_conversation_and_two_incidents_are_two():
    async with post_office() as post:
        await post.open("磁盘 disk full")
        (page,) = await post.mails(1)
        await post.later(5 * MINUTE)
        again = (await post.mails(2))[1]
        mine = await post.answer(again, "note looking")
        await post.mails(3)
        await post.open("queue is long")
        other = (await post.mails(4))[-1]
        everything = [*[assert_clean(raw) for raw in post.relay.raws], parsed(mine.as_bytes())]
    first = [mail for mail in everything if "disk" in str(mail["Subject"])]
    assert sorted(map(len, threads(everything))) == [1, len(first)]
    assert len({subject_of(mail) for mail in first}) == 1
    assert len({str(mail["Message-ID"]) for mail in everything}) == len(everything)
    assert (len(first), subject_of(page) == subject_of(other)) == (4, False)


async def test_one_person_or_another_the_conversation_is_the_same():
    async with post_office() as post:
        await post.open()
        (bo,) = await post.mails(1)
        await post.answer(bo, "escalate")
        (cy,) = await post.mails(1, to="cy@example.com")
    assert (bo["References"], bo["List-Id"]) == (cy["References"], cy["List-Id"])
    assert bo["References"].startswith("<incident.")
    assert bo["Message-ID"] != cy["Message-ID"]
    assert bo["Reply-To"] != cy["Reply-To"]


def test_the_same_delivery_has_the_same_id_and_another_has_another():
    message = renderer.render(sample_card("triggered", "en", "email"))
    assert parsed(written(message))["Message-ID"] == parsed(written(message))["Message-ID"]
    assert parsed(written(message))["Message-ID"] != parsed(written(message, "page:2"))["Message-ID"]


def test_no_page_asks_to_be_sorted_as_bulk_or_can_be_muted_by_one_click():
    mail = parsed(written(renderer.render(sample_card("triggered", "en", "email"))))
    assert (mail["Precedence"], mail["List-Unsubscribe"]) == (None, None)
    assert (mail["Auto-Submitted"], mail["Importance"]) == ("auto-generated", "high")
    assert re.fullmatch(r"<[a-z0-9.-]+>", mail["List-Id"])
