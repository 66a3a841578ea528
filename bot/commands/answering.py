"""What a member writes back to a mail: a command where it is plainly one, and a remark in every other case.

Nothing is guessed: a remark that was meant as a command costs a second mail, and the other way round costs an incident.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.commands import grammar
from bot.commands.acting import Acting
from bot.commands.said import Asker, Said, sentence
from bot.engine.model import Incident
from bot.store.base import Tx

_ALONE: Final[Mapping[str, str]] = {
    "ack": "ack",
    "acked": "ack",
    "acknowledge": "ack",
    "acknowledged": "ack",
    "own": "ack",
    "unack": "unack",
    "resolve": "resolve",
    "resolved": "resolve",
    "close": "resolve",
    "closed": "resolve",
    "escalate": "escalate",
    "认领": "ack",
    "确认": "ack",
    "收到": "ack",
    "取消认领": "unack",
    "解决": "resolve",
    "已解决": "resolve",
    "关闭": "resolve",
    "已关闭": "resolve",
    "已恢复": "resolve",
    "升级": "escalate",
}
"""Words that are a command where they make a line, or stand before a comma, a colon or a dash."""
_FREE: Final = frozenset({"ack", "acked", "认领"})
"""These are commands whatever follows: nobody begins a sentence about something else with them."""
_SPAN: Final[Mapping[str, str]] = {"snooze": "snooze", "暂缓": "snooze", "稍后": "snooze"}
"""These take a span of time."""
_NOTE: Final = frozenset({"note", "comment", "备注"})
_POLITE: Final = re.compile(
    r"[\s,.!，。！]*(?:please|pls|thanks|thank you|thx|it|this|谢谢|谢了|一下)?[\s.!。！]*\Z", re.IGNORECASE
)
_FIRST: Final = re.compile(r"\s*/?(?:toc\s+)?([^\s,，.。!！:：;；、—–-]+)")
_SEPARATOR: Final = re.compile(r"\s*(?:[,，.。!！:：;；、—–]|-(?=\s)|\n)\s*|\s+-{1,2}\s+")
_ZH_UNITS: Final = (("分钟", "m"), ("分", "m"), ("小时", "h"), ("天", "d"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A verb with its argument, and a remark that came with it. Without a verb it is a remark, or nothing."""

    verb: str = ""
    rest: str = ""
    remark: str = ""


def meant(text: str) -> Meant:
    """What somebody's own words ask for. Total."""
    text = text.strip()
    first = _FIRST.match(text)
    if first is None:
        return Meant(remark=text)
    word, rest = first[1].casefold(), text[first.end() :]
    if word in _NOTE:
        return Meant(remark=rest.lstrip(" \t:：,，-\n").strip())
    if word in _SPAN:
        return _snooze(text, rest)
    verb = _ALONE.get(word, "")
    if not verb:
        return Meant(remark=text)
    if verb == "escalate" and (level := re.match(r"\s+(\d{1,3})(?=\s*(?:\n|\Z))", rest)):
        return Meant(verb=verb, rest=level[1], remark=rest[level.end() :].strip())
    line, _, below = rest.partition("\n")
    if _POLITE.match(line):
        return Meant(verb=verb, remark=below.strip())
    parted = _SEPARATOR.match(rest)
    if parted is None and word not in _FREE:
        return Meant(remark=text)
    return Meant(verb=verb, remark=rest[parted.end() if parted else 0 :].strip())


def _snooze(text: str, rest: str) -> Meant:
    line, _, below = rest.partition("\n")
    wanted = line.strip().rstrip(".!。！").strip()
    for unit, short in _ZH_UNITS:
        wanted = wanted.replace(unit, short)
    wanted = re.sub(r"(?i)^for\s+", "", wanted)
    wanted = re.sub(r"(?i)\s*(?:minutes?|mins?)\b", "m", wanted)
    wanted = re.sub(r"(?i)\s*hours?\b", "h", wanted)
    if grammar.span(wanted) is None:
        return Meant(remark=text)
    return Meant(verb="snooze", rest=wanted, remark=below.strip())


class Answering:
    """Does what a mail asks for."""

    def __init__(self, acting: Acting) -> None:
        """Keep whoever acts."""
        self._acting = acting

    def answer(self, tx: Tx, asker: Asker, incident: Incident, text: str) -> list[Said]:
        """The replies to a member's words about an incident: one for the verb, one for the remark, in this order.

        Nothing at all where there are no words.
        """
        asked = meant(text)
        said = []
        if asked.verb:
            rest = asked.remark if asked.verb == "resolve" else asked.rest
            said.append(self._do(tx, asker, incident, asked.verb, rest))
        if asked.remark and asked.verb != "resolve":
            said.append(self._do(tx, asker, incident, "note", asked.remark))
        return said

    def _do(self, tx: Tx, asker: Asker, incident: Incident, verb: str, rest: str) -> Said:
        if not asker.member or not asker.member.seat:
            return sentence(asker, "no_seat")
        command = self._acting.command(asker, verb, rest)
        return command if isinstance(command, Said) else self._acting.apply(tx, asker, incident, command)
