"""The segment counter against one of its own making: packed bits and encoded bytes instead of tables of widths."""

from __future__ import annotations

import random

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


def independent(text: str) -> int:
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


def test_the_alphabet_is_whole():
    assert len(DEFAULT) == 128


def test_both_counters_agree_on_ten_thousand_texts():
    chance = random.Random(SEED)
    plain, wide = [*CODES], [*"中文告警磁盘已满“”…—`ã😀🚨𠮷é"]
    seen: set[tuple[bool, int]] = set()
    for _ in range(TEXTS):
        alphabet = chance.choice([plain, [*EXTENSION.values(), *"abc"], wide, plain + wide, [*"aé€😀"]])
        text = "".join(
            chance.choices(alphabet, k=chance.choice([chance.randint(0, 420), 69, 70, 71, 134, 160, 161, 306]))
        )
        assert sms.segments(text) == independent(text), text
        seen.add((sms.is_gsm(text), independent(text)))
    assert {(True, 1), (True, 2), (True, 3), (False, 1), (False, 2), (False, 5)} <= seen
