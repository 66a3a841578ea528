"""Bytes of a mail become text, whatever their sender says they are: many say the wrong thing, and some say nothing.

Only codecs of text are used, and those in linear time: Python also has `idna`, `zlib` and others under such names.
"""

from __future__ import annotations

import codecs
import re

_TEXT_CODECS = frozenset(
    {
        "ascii", "big5", "big5hkscs", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
        "cp1258", "cp437", "cp850", "cp866", "cp874", "cp932", "cp949", "cp950", "euc_jp", "euc_kr", "gb18030",
        "gb2312", "gbk", "hz", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_kr", "iso8859-1", "iso8859-10",
        "iso8859-11", "iso8859-13", "iso8859-14", "iso8859-15", "iso8859-16", "iso8859-2", "iso8859-3", "iso8859-4",
        "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-9", "johab", "koi8-r", "koi8-u", "mac-cyrillic",
        "mac-roman", "shift_jis", "shift_jisx0213", "tis-620", "utf-16", "utf-16-be", "utf-16-le", "utf-32",
        "utf-32-be", "utf-32-le", "utf-7", "utf-8", "utf-8-sig",
    }
)  # fmt: skip
_WIDENED = {
    "ascii": "",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "cp950",
}
"""What a declared charset means in practice (https://encoding.spec.whatwg.org/#names-and-labels)."""
_SHIFTED = frozenset({"hz", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_kr", "utf-7"})
"""Charsets whose bytes are all ASCII."""
_WIDE = ("utf-16", "utf-32")
_DOUBLE = frozenset({"gb18030", "cp949", "cp932", "cp950", "big5hkscs", "euc_jp", "johab"})
"""Charsets of two bytes for a character, in which short texts may look like UTF-8 by chance."""
_PAIR = re.compile(rb"[\xa1-\xfe]{2}")
_PAIRS = re.compile(rb"[\xa1-\xfe]{4}")
_ASCII = bytes(range(0x80))
_CJK_BEGINS = "\u0800"
"""Characters from here on have three bytes in UTF-8, which hardly ever happens by chance."""


def decoded(data: bytes, declared: str) -> str:
    """The text of these bytes. What no guess explains becomes U+FFFD; never raises.

    A declared charset is believed unless the bytes are certainly UTF-8, or cannot be what it says.
    """
    codec = _codec(declared)
    if codec in _SHIFTED or codec.startswith(_WIDE):
        return data.decode(codec, "replace").removeprefix("\ufeff")
    if data.isascii():
        return data.decode("ascii")
    text = _strictly(data, "utf-8-sig")
    if text is not None and (codec not in _DOUBLE or max(text) >= _CJK_BEGINS):
        return text
    text = _strictly(data, codec) if codec else None
    if text is not None and _is_likely(text):
        return text
    # The commonest lie: nothing is said, or UTF-8 by a template, and the words come from a database in GBK.
    text = _strictly(data, "gb18030") if codec in ("", "utf-8") and _comes_in_pairs(data) else None
    return text if text is not None else data.decode(codec or "cp1252", "replace")


def _codec(declared: str) -> str:
    """The codec of a charset's name; "" for none, ASCII, unknown-8bit, and every name that is no charset."""
    try:
        name = codecs.lookup(declared.strip().strip("\"'")[:40] or "ascii").name
    except (LookupError, ValueError, UnicodeError):
        return ""
    return _WIDENED.get(name, name) if name in _TEXT_CODECS else ""


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeError:
        return None


def _comes_in_pairs(data: bytes) -> bool:
    """Whether bytes beyond ASCII stand in pairs, and pairs side by side, as in Chinese; in Europe they stand alone."""
    return _PAIRS.search(data) is not None and 2 * len(_PAIR.findall(data)) * 5 >= 4 * len(data.translate(None, _ASCII))


def _is_likely(text: str) -> bool:
    """Whether a guess reads like writing: next to nothing of it is a control character or for private use."""
    odd = sum(1 for character in text if "\x80" <= character < "\xa0" or "\ue000" <= character <= "\uf8ff")
    return odd * 20 <= len(text)
