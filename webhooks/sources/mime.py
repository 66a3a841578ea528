"""A mail as bytes → its fields and its text. For mail of strangers: total, within bounds, and in linear time.

Python's own parser asks every open multipart about every line, so that a small mail, deeply nested, takes minutes.
Here a part is cut out once for each level, levels and parts are counted, and what is broken is read as far as it goes.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webhooks.sources.charsets import decoded
from webhooks.sources.header_words import VALUE_LIMIT, base64_bytes, header_text
from webhooks.sources.html_text import html_text

TEXT_LIMIT = 32 * 1024
"""Bytes of text, as UTF-8, that are read (Flashduty's limit); the rest is cut and said so by a label."""
HEADER_LIMIT = 256 * 1024
"""Bytes of a header that are read; the largest in the wild, with their trace of relays, have some 30 KB."""
FIELDS_LIMIT = 1_000
DEPTH_LIMIT = 10
PARTS_LIMIT = 200
ENCODED_LIMIT = 512 * 1024
"""Bytes of an encoded part that are unpacked: HTML has many for each character that is shown."""
HTML_LIMIT = 256 * 1024
BOUNDARY_LIMIT = 200
"""Characters; RFC 2046, 5.1.1, allows 70."""

# RFC 5322, section 2.2: printable ASCII but the colon; white space before the colon is obsolete, and happens.
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_BLANK = re.compile(rb"\s*\Z")
_PARAMETER = re.compile(r";\s*([\w*-]{1,40})\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;\s]*)")
_SPACED = re.compile(rb"[^\r\n] [^\r\n]")
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_SHOWN = frozenset({"text/plain", "text/html", "text/markdown", "text/enriched", "text/richtext"})

Fields = Mapping[str, Sequence[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What a mail says."""

    fields: Fields
    """Field names in lower case → the raw values, in order."""
    kind: str
    """The content type of the whole, such as multipart/report."""
    text: str
    """The text that a person would read, of at most TEXT_LIMIT bytes, with plain line feeds."""
    cut: bool
    """Whether there was more text."""
    stripped: bool
    """Whether anything was attached, or shown inline, that is no text."""

    def field(self, name: str) -> str:
        """The first field of that name, unfolded and decoded; "" when there is none."""
        values = self.fields.get(name)
        return header_text(values[0]) if values else ""


def read_mail(raw: bytes) -> Mail:
    """What these bytes say as a mail; any bytes say something, if only nothing."""
    fields, body = split_header(raw)
    reading = _Reading()
    text = _lines(reading.part(fields, body, 0))
    encoded = text.encode("utf-8", "replace")
    long = len(encoded) > TEXT_LIMIT
    return Mail(
        fields=fields,
        kind=_content_type(fields)[0],
        text=encoded[:TEXT_LIMIT].decode("utf-8", "ignore") if long else text,
        cut=long or reading.cut,
        stripped=reading.stripped,
    )


def split_header(raw: bytes) -> tuple[Fields, bytes]:
    """The fields, and what follows the first empty line; a line that is no field ends the header too."""
    fields: dict[str, list[bytes]] = {}
    at, count, current = 0, 0, None
    while at < len(raw):
        line = _LINE.match(raw, at)
        if line is None or line.end() == at:
            break
        text = line[0].rstrip(b"\r\n")
        if not text:
            return fields, raw[line.end() :]
        name = _FIELD.match(text)
        if text[:1] in b" \t" and current is not None:
            current[-1] += b"\n" + text if len(current[-1]) < VALUE_LIMIT else b""
        elif name is not None:
            current = fields.setdefault(name[1].decode("ascii").lower(), [])
            current.append(text[name.end() :])
            count += 1
        elif at or not text.startswith((b"From ", b">From ")):  # the first line of a mail that lay in a mailbox file
            return fields, raw[at:]
        at = line.end()
        if at > HEADER_LIMIT or count > FIELDS_LIMIT:
            return fields, _after_blank(raw, at)
    return fields, b""


def _after_blank(raw: bytes, at: int) -> bytes:
    """The body behind a header that is too long to be read."""
    found = [(place, mark) for mark in (b"\r\n\r\n", b"\n\n") if (place := raw.find(mark, at)) >= 0]
    place, mark = min(found, default=(len(raw), b""))
    return raw[place + len(mark) :]


def _content_type(fields: Fields) -> tuple[str, dict[str, str]]:
    """The type in lower case, text/plain by default, and its parameters."""
    kind, parameters = _parameters(fields, "content-type")
    return (kind if kind.count("/") == 1 else "text/plain"), parameters


def _parameters(fields: Fields, name: str) -> tuple[str, dict[str, str]]:
    value = header_text(fields[name][0][:4096]) if name in fields else ""
    found: dict[str, str] = {}
    for key, text in _PARAMETER.findall(value[value.find(";") :] if ";" in value else ""):
        plain = re.sub(r"\\(.)", r"\1", text[1:-1]) if text[:1] == '"' and len(text) > 1 else text
        # RFC 2231, section 3: a long value comes in pieces, boundary*0, boundary*1…
        stem = key.lower().partition("*")[0]
        found[stem] = found[stem] + plain if "*" in key and stem in found else plain
    return value.partition(";")[0].strip().lower(), found


@dataclass(slots=True)
class _Reading:
    """What was met on the way through the parts."""

    parts: int = 0
    cut: bool = False
    stripped: bool = False

    def part(self, fields: Fields, body: bytes, depth: int) -> str:
        """The text of a part and of those in it."""
        self.parts += 1
        kind, parameters = _content_type(fields)
        disposition, more = _parameters(fields, "content-disposition")
        boundary = parameters.get("boundary", "")[:BOUNDARY_LIMIT].rstrip()
        deeper = depth < DEPTH_LIMIT and self.parts < PARTS_LIMIT
        if kind.startswith("multipart/") and boundary:
            children = split_parts(body, boundary.encode("utf-8", "replace")) if deeper else ()
            if children:
                texts = [(self._kind_of(each), self._child(each, depth)) for each in children[:PARTS_LIMIT]]
                return _preferred(texts) if kind == "multipart/alternative" else _joined(texts)
            self.stripped = self.stripped or not deeper
            return _decoded_text(self, "text/plain", {}, body) if deeper else ""
        if kind in ("message/rfc822", "message/global") and deeper:
            inner, rest = split_header(_unpacked(fields, body))
            subject = header_text(inner["subject"][0]) if "subject" in inner else ""
            return _joined([("", subject), ("", self.part(inner, rest, depth + 1))])
        named = "filename" in more or ("name" in parameters and depth > 0)
        shown = kind in _SHOWN or kind.startswith("multipart/")
        if not shown or disposition == "attachment" or (named and depth > 0):
            self.stripped = self.stripped or kind not in _SIGNATURES
            return ""
        return _decoded_text(self, kind, parameters, _unpacked(fields, body))

    def _child(self, raw: bytes, depth: int) -> str:
        if self.parts >= PARTS_LIMIT:
            self.stripped = True
            return ""
        fields, body = split_header(raw)
        return self.part(fields, body, depth + 1)

    @staticmethod
    def _kind_of(raw: bytes) -> str:
        return _content_type(split_header(raw[:HEADER_LIMIT])[0])[0]


def split_parts(body: bytes, boundary: bytes) -> tuple[bytes, ...]:
    """What stands between the boundaries (RFC 2046, 5.1.1). A missing last boundary is the end of the body."""
    mark = re.compile(rb"(?:\A|\r\n|\r|\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r\n|\r|\n|\Z)")
    parts: list[bytes] = []
    at, begin = 0, -1
    while len(parts) <= PARTS_LIMIT and (found := mark.search(body, at)):
        if begin >= 0:
            parts.append(body[begin : max(begin, found.start())])
        begin, at = found.end(), found.end() - 1  # the line break behind a boundary may be the one before the next
        if found[1]:
            return tuple(parts)
    if 0 <= begin < len(body) and len(parts) <= PARTS_LIMIT:
        parts.append(body[begin:])
    return tuple(parts)


def _unpacked(fields: Fields, body: bytes) -> bytes:
    """The body without its transfer encoding, as far as it is needed; one that lies is taken as it is."""
    encoding = header_text(fields.get("content-transfer-encoding", (b"",))[0]).lower()
    match encoding:
        case "base64":
            # Base64 has no spaces in its lines; plain text that is called base64 has.
            return body if _SPACED.search(body[:4096].strip()) else base64_bytes(body[:ENCODED_LIMIT])
        case "quoted-printable":
            return binascii.a2b_qp(body[:ENCODED_LIMIT])
        case _:
            return body


def _decoded_text(reading: _Reading, kind: str, parameters: Mapping[str, str], body: bytes) -> str:
    reading.cut = reading.cut or len(body) > ENCODED_LIMIT
    text = decoded(body[:ENCODED_LIMIT], parameters.get("charset", ""))
    if kind in ("text/html", "text/enriched", "text/richtext"):
        reading.cut = reading.cut or len(text) > HTML_LIMIT
        return html_text(text[:HTML_LIMIT])
    if parameters.get("format", "").lower() == "flowed":
        return _unflowed(text, keep_space=parameters.get("delsp", "").lower() != "yes")
    return text


def _preferred(texts: Sequence[tuple[str, str]]) -> str:
    """Of several forms of one text the plain one, unless it is empty."""
    ranked = sorted(texts, key=lambda each: each[0] != "text/plain")
    return next((text for _, text in ranked if text.strip()), "")


def _joined(texts: Sequence[tuple[str, str]]) -> str:
    return "\n\n".join(text.strip("\r\n") for _, text in texts if text.strip())


def _unflowed(text: str, *, keep_space: bool) -> str:
    """Paragraphs whose lines were broken for small screens, whole again (RFC 3676, section 4)."""
    said: list[str] = []
    open_depth = -1
    for line in _lines(text).split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        flows = bare.endswith(" ") and bare != "-- "
        if depth != open_depth:
            said.append("\n> " if depth else "\n")
        said.append(bare[:-1] if flows and not keep_space else bare)
        open_depth = depth if flows else -1
    return "".join(said)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
