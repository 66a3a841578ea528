"""The words of `/toc`: one table, from which parsing, help, suggestions and documentation are made."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One command. `help.<name>` in the word tables says what it does."""

    name: str
    usage: str
    aliases: tuple[str, ...] = ()
    query: bool = False
    """Asks only; changes nothing."""
    example: str = ""
    """One that makes sense as it stands; empty: the bare word does."""


_ALL = (
    Verb(
        name="oncall",
        usage="oncall [team|schedule] [at <time>]",
        aliases=("whoisoncall", "who"),
        query=True,
        example="oncall at tomorrow 9:00",
    ),
    Verb(name="next", usage="next [schedule]", query=True, example="next primary"),
    Verb(name="me", usage="me", query=True),
    Verb(name="list", usage="list [mine|open|ack]", aliases=("ls",), query=True, example="list mine"),
    Verb(name="show", usage="show <#num>", aliases=("get",), query=True, example="show 142"),
    Verb(name="why", usage="why <#num|alert key> [@person]", query=True, example="why 142 @bo"),
    Verb(name="alerts", usage="alerts <#num>", query=True, example="alerts 142"),
    Verb(name="similar", usage="similar <#num>", query=True, example="similar 142"),
    Verb(name="silences", usage="silences", query=True),
    Verb(name="ack", usage="ack <#num…>", aliases=("own", "acknowledge"), example="ack 142 143"),
    Verb(name="unack", usage="unack <#num…>", aliases=("unacknowledge",), example="unack 142"),
    Verb(name="resolve", usage="resolve <#num…> [note]", aliases=("close",), example="resolve 142 rolled back"),
    Verb(name="reopen", usage="reopen <#num…> <reason>", example="reopen 142 it came back"),
    Verb(name="snooze", usage="snooze <#num…> <2h>", example="snooze 142 2h"),
    Verb(name="wake", usage="wake <#num…>", aliases=("unsnooze",), example="wake 142"),
    Verb(name="escalate", usage="escalate <#num…> [level]", example="escalate 142"),
    Verb(name="assign", usage="assign <#num…> @person|schedule", aliases=("reassign",), example="assign 142 @bo"),
    Verb(name="add", usage="add <#num…> @person…", example="add 142 @bo @cy"),
    Verb(name="note", usage="note <#num…> <text>", aliases=("comment",), example="note 142 disk ordered"),
    Verb(name="merge", usage="merge <#num…> into <#num> [comment]", example="merge 143 144 into 142 one cause"),
    Verb(name="move", usage="move <#num> <alert…> to <#num>|new [title]", example="move 142 c0ffee to 150"),
    Verb(
        name="set",
        usage="set <#num…> title|description|impact|cause|resolution|FIELD <value>|-",
        aliases=("edit",),
        example="set 142 impact no orders",
    ),
    Verb(name="sev", usage="sev <#num…> critical|warning|info", aliases=("severity",), example="sev 142 warning"),
    Verb(
        name="trigger",
        usage="trigger <title> [in <channel>] [sev critical|warning|info] [for @person|team|schedule]",
        aliases=("page", "alert"),
        example="trigger Shop is down in pay sev critical for @bo",
    ),
    Verb(
        name="silence",
        usage="silence <#num|key=value…> [in <channel>] [1d] [reason]",
        aliases=("mute",),
        example="silence 142 1d known disk",
    ),
    Verb(name="unsilence", usage="unsilence <id>", aliases=("unmute",), example="unsilence 142"),
    Verb(name="room", usage="room <#num…> [close]", example="room 142"),
    Verb(
        name="override",
        usage="override <schedule> @person <from> <to>",
        example="override primary @bo today 18:00 to tomorrow 9:00",
    ),
    Verb(name="take", usage="take <schedule> <2h>|<from> <to>", example="take primary 2h"),
    Verb(name="cover", usage="cover <from> <to>", example="cover fri 18:00 to sat 9:00"),
    Verb(name="swap", usage="swap <shift> [with @person]", example="swap 1 with @bo"),
    Verb(name="overrides", usage="overrides [schedule]", query=True, example="overrides primary"),
    Verb(name="unoverride", usage="unoverride <id>", example="unoverride c0ffee"),
    Verb(name="prefs", usage="prefs", query=True),
    Verb(name="vcard", usage="vcard", query=True),
    Verb(name="doctor", usage="doctor", query=True),
    Verb(
        name="simulate",
        usage="simulate critical|warning|info <channel> [key=value…] [at <time>]",
        query=True,
        example="simulate critical pay service=db at sun 3:00",
    ),
    Verb(name="link", usage="link [code|mail address]"),
    Verb(name="unlink", usage="unlink"),
    Verb(name="test", usage="test [dm|sms|voice|email|last]", example="test sms"),
    Verb(name="help", usage="help [verb]", query=True, example="help ack"),
)

VERBS: Mapping[str, Verb] = {verb.name: verb for verb in _ALL}
_BY_WORD: Mapping[str, Verb] = {word: verb for verb in _ALL for word in (verb.name, *verb.aliases)}


def find(word: str) -> Verb | None:
    """The verb behind a word or one of its synonyms."""
    return _BY_WORD.get(word.casefold())


def suggest(word: str) -> str:
    """The verb that somebody probably meant, or empty."""
    close = difflib.get_close_matches(word.casefold(), list(_BY_WORD), n=1, cutoff=0.6)
    return close[0] if close else ""
