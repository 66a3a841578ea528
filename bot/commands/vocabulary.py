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


_ALL = (
    Verb(name="oncall", usage="oncall [team|schedule] [at <time>]", aliases=("whoisoncall", "who"), query=True),
    Verb(name="next", usage="next [schedule]", query=True),
    Verb(name="me", usage="me", query=True),
    Verb(name="list", usage="list [mine|open|ack]", aliases=("ls",), query=True),
    Verb(name="show", usage="show <#num>", aliases=("get",), query=True),
    Verb(name="why", usage="why <#num> [@person]", query=True),
    Verb(name="alerts", usage="alerts <#num>", query=True),
    Verb(name="similar", usage="similar <#num>", query=True),
    Verb(name="silences", usage="silences", query=True),
    Verb(name="ack", usage="ack <#num…>", aliases=("own", "acknowledge")),
    Verb(name="unack", usage="unack <#num…>", aliases=("unacknowledge",)),
    Verb(name="resolve", usage="resolve <#num…> [note]", aliases=("close",)),
    Verb(name="reopen", usage="reopen <#num…> <reason>"),
    Verb(name="snooze", usage="snooze <#num…> <2h>"),
    Verb(name="wake", usage="wake <#num…>", aliases=("unsnooze",)),
    Verb(name="escalate", usage="escalate <#num…> [level]"),
    Verb(name="assign", usage="assign <#num…> @person|schedule", aliases=("reassign",)),
    Verb(name="add", usage="add <#num…> @person…"),
    Verb(name="note", usage="note <#num…> <text>", aliases=("comment",)),
    Verb(name="merge", usage="merge <#num…> into <#num> [comment]"),
    Verb(name="move", usage="move <#num> <alert…> to <#num>|new [title]"),
    Verb(name="set", usage="set <#num…> title|description|impact|cause|resolution|FIELD <value>|-", aliases=("edit",)),
    Verb(name="sev", usage="sev <#num…> critical|warning|info", aliases=("severity",)),
    Verb(
        name="trigger",
        usage="trigger <title> [in <channel>] [sev critical|warning|info] [for @person|team|schedule]",
        aliases=("page", "alert"),
    ),
    Verb(name="silence", usage="silence <#num|key=value…> [in <channel>] [1d] [reason]", aliases=("mute",)),
    Verb(name="unsilence", usage="unsilence <id>", aliases=("unmute",)),
    Verb(name="link", usage="link [code]"),
    Verb(name="unlink", usage="unlink"),
    Verb(name="test", usage="test [dm|sms|email]"),
    Verb(name="help", usage="help [verb]", query=True),
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
