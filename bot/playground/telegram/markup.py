"""HTML style text as Telegram reads it: a small set of tags, strictly nested, becomes plain text with entities.

Source: https://core.telegram.org/bots/api#html-style; offsets and lengths count UTF-16 code units.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.playground.hub import Json
from bot.playground.telegram.refusals import TelegramRefusal, bad_request

_SIMPLE = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler", "code": "code",
    "pre": "pre", "blockquote": "blockquote",
}  # fmt: skip
_OTHERS = frozenset({"a", "span", "tg-emoji"})
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(x[0-9a-fA-F]{1,6}|[0-9]{1,7})|([a-zA-Z]+));")
_NAME = re.compile(r"[a-zA-Z0-9-]+")
_SPACES = " \t\r\n\f"
_HOST = re.compile(r"[^\s.]+(\.[^\s.]+)+")  # a bare name such as `localhost` is no link for Telegram ("Wrong HTTP URL")
_COMMAND = re.compile(r"(?<![\w/@])/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?(?!\w)")
_MENTION = re.compile(r"(?<!\w)@[A-Za-z0-9_]{4,32}(?!\w)")


def units(text: str) -> int:
    """The length in UTF-16 code units, which is how Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(slots=True)
class _Open:
    tag: str
    offset: int
    order: int
    entity: Json | None


@dataclass(slots=True)
class _Reader:
    source: str
    at: int = 0
    out: list[str] = field(default_factory=list)
    length: int = 0
    stack: list[_Open] = field(default_factory=list)
    closed: list[tuple[int, Json]] = field(default_factory=list)
    opened: int = 0

    def fault(self, sentence: str, at: int | None = None) -> TelegramRefusal:
        """The refusal of the whole message; offsets in it count UTF-8 bytes."""
        where = "" if at is None else f" at byte offset {len(self.source[:at].encode())}"
        head, comma, tail = sentence.partition(", expected")
        return bad_request(f"can't parse entities: {head}{where}{comma}{tail}")

    def emit(self, text: str) -> None:
        self.out.append(text)
        self.length += units(text)

    def reference(self, text: str) -> str:
        """Decode one text with character references; an unknown name stays as it is written."""
        return _REFERENCE.sub(_decoded, text)

    def skip_spaces(self) -> None:
        while self.at < len(self.source) and self.source[self.at] in _SPACES:
            self.at += 1

    def read(self) -> tuple[str, list[Json]]:
        """The plain text and its entities, in the order in which their tags were opened."""
        while self.at < len(self.source):
            start = self.at
            if self.source[start] != "<":
                end = self.source.find("<", start)
                end = len(self.source) if end < 0 else end
                self.emit(self.reference(self.source[start:end]))
                self.at = end
            elif self.source.startswith("</", start):
                self._end_tag(start)
            else:
                self._start_tag(start)
        if self.stack:
            raise self.fault(f'Can\'t find end tag corresponding to start tag "{self.stack[-1].tag}"')
        return "".join(self.out), [entity for _, entity in sorted(self.closed, key=lambda pair: pair[0])]

    def _end_tag(self, start: int) -> None:
        if not self.stack:
            raise self.fault("Unexpected end tag", start)
        match = _NAME.match(self.source, start + 2)
        name = match.group().lower() if match else ""
        self.at = match.end() if match else start + 2
        self.skip_spaces()
        if self.at >= len(self.source) or self.source[self.at] != ">":
            raise self.fault("Unclosed end tag", start)
        self.at += 1
        opened = self.stack.pop()
        if name and name != opened.tag:
            raise self.fault(f'Unmatched end tag, expected "</{opened.tag}>", found "</{name}>"', start)
        self._close(opened)

    def _close(self, opened: _Open) -> None:
        length = self.length - opened.offset
        if opened.entity is None or length == 0:
            return
        entity = {"type": opened.entity["type"], "offset": opened.offset, "length": length, **opened.entity}
        if entity["type"] == "link":
            linked = _link(entity.pop("href") or self._since(opened.offset))
            if linked is None:
                return
            entity = {**entity, **linked}
        self.closed.append((opened.order, entity))

    def _since(self, offset: int) -> str:
        return "".join(self.out).encode("utf-16-le")[offset * 2 :].decode("utf-16-le")

    def _start_tag(self, start: int) -> None:
        end = start + 1
        while end < len(self.source) and self.source[end] not in _SPACES + ">":
            end += 1
        if end >= len(self.source):
            raise self.fault("Unclosed start tag", start)
        tag = self.source[start + 1 : end].lower()
        if tag not in _SIMPLE and tag not in _OTHERS:
            raise self.fault(f'Unsupported start tag "{tag}"', start)
        self.at = end
        attributes = self._attributes(tag, start)
        self.opened += 1
        self.stack.append(_Open(tag, self.length, self.opened, self._entity(tag, attributes, start)))

    def _attributes(self, tag: str, start: int) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            self.skip_spaces()
            if self.at >= len(self.source):
                raise self.fault(f'Unclosed start tag "{tag}"', start)
            if self.source[self.at] == ">":
                self.at += 1
                return found
            begin = self.at
            while self.at < len(self.source) and self.source[self.at] not in _SPACES + "=>":
                self.at += 1
            name = self.source[begin : self.at].lower()
            if not name:
                raise self.fault(f'Empty attribute name in the tag "{tag}"', start)
            self.skip_spaces()
            if not self.source.startswith("=", self.at):
                found[name] = ""
                continue
            self.at += 1
            self.skip_spaces()
            found[name] = self._value(tag, start)

    def _value(self, tag: str, start: int) -> str:
        if self.at >= len(self.source):
            raise self.fault(f'Unclosed start tag "{tag}"', start)
        quote = self.source[self.at]
        if quote in "\"'":
            end = self.source.find(quote, self.at + 1)
            if end < 0:
                raise self.fault("Unclosed start tag", start)
            value = self.source[self.at + 1 : end]
            self.at = end + 1
            return self.reference(value)
        begin = self.at
        while self.at < len(self.source) and (self.source[self.at].isalnum() or self.source[self.at] in ".-"):
            self.at += 1
        if self.at >= len(self.source) or self.source[self.at] not in _SPACES + ">":
            raise self.fault("Unexpected end of name token", begin)
        return self.source[begin : self.at].lower()

    def _entity(self, tag: str, attributes: dict[str, str], start: int) -> Json | None:
        if tag == "a":
            return {"type": "link", "href": attributes.get("href", "")}
        if tag == "span":
            if attributes.get("class") != "tg-spoiler":
                raise self.fault('Tag "span" must have class "tg-spoiler"', start)
            return {"type": "spoiler"}
        if tag == "tg-emoji":
            return {"type": "custom_emoji", "custom_emoji_id": attributes.get("emoji-id", "")}
        if tag == "blockquote" and "expandable" in attributes:
            return {"type": "expandable_blockquote"}
        if tag == "code" and self.stack and self.stack[-1].tag == "pre" and self.stack[-1].offset == self.length:
            language = attributes.get("class", "")
            if language.startswith("language-"):
                outer = self.stack[-1].entity or {}
                outer["language"] = language.removeprefix("language-")
                return None
        return {"type": _SIMPLE[tag]}


def _decoded(match: re.Match[str]) -> str:
    number, name = match.groups()
    if name is not None:
        return _NAMED.get(name, match.group())
    code = int(number[1:], 16) if number.startswith("x") else int(number)
    legal = 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if legal else match.group()


def _link(href: str) -> Json | None:
    """The entity fields of a link, or `None` where Telegram shows plain text because the address is no address."""
    if match := re.fullmatch(r"tg://user\?id=(\d+)", href):
        return {"type": "text_mention", "user_id": int(match.group(1))}
    address = href if "://" in href else f"http://{href}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme in {"tg", "ton", "tonsite"}:
        return {"type": "text_link", "url": address}
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        return None
    return {"type": "text_link", "url": address if parts.path else address + "/"}


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Plain text and entities of an HTML style text; `text_mention` entities still carry `user_id` instead of `user`.

    Raises `TelegramRefusal` (`can't parse entities: ...`) for unknown, unbalanced or unclosed tags. `pre` and `code`
    drop what is nested in them, and nested quotes are dropped, as https://core.telegram.org/bots/api#formatting-options
    lays down.
    """
    text, entities = _Reader(source).read()
    return text, _tidy(entities)


def _tidy(entities: list[Json]) -> list[Json]:
    kept: list[Json] = []
    for entity in entities:
        around = [k for k in kept if k["offset"] + k["length"] >= entity["offset"] + entity["length"]]
        quotes = {"blockquote", "expandable_blockquote"}
        if any(k["type"] in {"pre", "code"} for k in around):
            continue
        if entity["type"] in quotes and any(k["type"] in quotes for k in around):
            continue
        kept.append(entity)
    return kept


def trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """The text without white space around it, as Telegram stores it, with the entities moved along."""
    lead = units(text) - units(text.lstrip())
    bare = text.strip()
    size = units(bare)
    moved: list[Json] = []
    for entity in entities:
        start = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, size)
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return bare, moved


def detected(text: str) -> list[Json]:
    """The commands and mentions that Telegram finds in plain text by itself."""
    found = [("bot_command", match) for match in _COMMAND.finditer(text)]
    found += [("mention", match) for match in _MENTION.finditer(text)]
    entities = [
        {"type": kind, "offset": units(text[: match.start()]), "length": units(match.group())} for kind, match in found
    ]
    return sorted(entities, key=lambda entity: entity["offset"])
