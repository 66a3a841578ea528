"""The segment counter against two others: a package that splits texts, and one of our own making from the tables."""

from __future__ import annotations

import random

import pytest
import smsutil

from bot.cards import sms

SEED, TEXTS = 20_261_123, 10_000
# 3GPP TS 23.038, section 6.2.1: the default alphabet by its code points, row by row, and the extension table.
DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
CODES = {character: bytes([code]) for code, character in enumerate(DEFAULT) if character != "\x1b"}
CODES |= {character: bytes([0x1B, code]) for code, character in EXTENSION.items()}


def from_the_tables(text: str) -> int:
    """Lay the units out one message at a time, as a sender has to; a pair never straddles two messages."""
    septets = [CODES.get(character) for character in text]
    if None not in septets:
        units, single, joined = [len(septet or b"") for septet in septets], 160, 153
    else:
        encoded = [character.encode("utf-16-be", "surrogatepass") for character in text]
        units, single, joined = [len(raw) // 2 for raw in encoded], 70, 67
    if sum(units) <= single:
        return 1
    messages: list[list[int]] = [[]]
    for unit in units:
        if sum(messages[-1]) + unit > joined:
            messages.append([])
        messages[-1].append(unit)
    return len(messages)


def by_others(text: str) -> int:
    """What the package `smsutil` makes of it: it encodes with a codec of its own and cuts the text into parts."""
    return len(smsutil.split(text).parts)


def test_the_alphabet_is_whole():
    assert len(DEFAULT) == 128
    assert {character for character in map(chr, range(0x10000)) if smsutil.is_valid_gsm(character)} - {"\x1b"} == {
        character for character in map(chr, range(0x10000)) if sms.is_gsm(character)
    }


@pytest.mark.parametrize("counter", [by_others, from_the_tables])
def test_the_counters_agree_on_ten_thousand_texts(counter):
    chance = random.Random(SEED)
    plain, wide = [*CODES], [*"中文告警磁盘已满“”…—`ã😀🚨𠮷é"]
    seen: set[tuple[bool, int]] = set()
    for _ in range(TEXTS):
        alphabet = chance.choice([plain, [*EXTENSION.values(), *"abc"], wide, plain + wide, [*"aé€😀"]])
        text = "".join(
            chance.choices(alphabet, k=chance.choice([chance.randint(0, 420), 69, 70, 71, 134, 160, 161, 306]))
        )
        assert sms.segments(text) == counter(text), text
        seen.add((sms.is_gsm(text), sms.segments(text)))
    assert {(True, 1), (True, 2), (True, 3), (False, 1), (False, 2), (False, 5)} <= seen
