"""Rows to store: plain ones to write cases with, and strategies that draw any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from bot.engine.effects import Entry, Kind, Reason
from bot.engine.model import Alert, Chat, Incident, Level, Rule, Severity, Target, TargetKind
from bot.store.base import AlarmRow, Delivery, Identity, Inbound, Lane, Token

LEVEL = Level(targets=(Target(kind=TargetKind.MEMBER, id="bo"),), chats=(Chat(platform="slack", address="C1"),))
RULE = Rule(id="r", name="Default", levels=(LEVEL,))


def incident(one: str, **changes: Any) -> Incident:
    given: dict[str, Any] = {
        "id": one,
        "num": 1,
        "channel": "db",
        "group_key": one,
        "title": "Disk full",
        "description": "",
        "severity": Severity.CRITICAL,
        "labels": {"host": "db1"},
        "links": (),
        "rule": RULE,
        "last_resort": LEVEL,
        "opened_at": 1_000,
        "last_at": 1_000,
    }
    return Incident(**{**given, **changes})


def alert(one: str, **changes: Any) -> Alert:
    given: dict[str, Any] = {
        "id": one,
        "integration": "prom",
        "channel": "db",
        "alert_key": one,
        "severity": Severity.CRITICAL,
        "status": Severity.CRITICAL,
        "title": "Disk full",
        "description": "",
        "labels": {},
        "links": (),
        "images": (),
        "first_at": 1_000,
        "last_at": 1_000,
        "events": 1,
        "incident": "i",
    }
    return Alert(**{**given, **changes})


def entry(**changes: Any) -> Entry:
    return Entry(**{"at": 1_000, "kind": Kind.NEW, "reason": Reason.ALERT, **changes})


def page(one: str, **changes: Any) -> Delivery:
    """A page by direct message, queued at 1000."""
    given: dict[str, Any] = {
        "id": one,
        "key": f"key-{one}",
        "incident": "i",
        "carrier": "slack",
        "address": "U1",
        "lane": Lane.PAGE,
        "due_at": 1_000,
        "created_at": 1_000,
        "expires_at": 9_000_000,
        "member": "bo",
        "way": "slack",
    }
    return Delivery(**{**given, **changes})


def card(one: str, **changes: Any) -> Delivery:
    """The card of an incident in a chat, queued at 1000."""
    return page(one, **{"lane": Lane.CARD, "member": "", "way": "", "address": "C1", "wanted_rev": 1, **changes})


def body(one: str, **changes: Any) -> Inbound:
    given: dict[str, Any] = {
        "id": one,
        "integration": "prom",
        "source": "prometheus",
        "received_at": 1_000,
        "headers": {"content-type": "application/json"},
        "path": "/in/prometheus/k",
        "body": b"{}",
    }
    return Inbound(**{**given, **changes})


def token(one: str, **changes: Any) -> Token:
    return Token(**{"hash": one, "purpose": "ack", "member": "bo", **changes})


def identity(user: str, **changes: Any) -> Identity:
    return Identity(**{"platform": "slack", "user": user, "member": "bo", "at": 1_000, **changes})


def alarm(code: str, at: int = 1_000) -> AlarmRow:
    return AlarmRow(code=code, text=f"Something happened: {code}.", at=at)


_KNOWN: dict[Any, st.SearchStrategy[Any]] = {
    # Half of a surrogate pair is no character; JSON text and databases refuse it alike.
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    bytes: st.binary(max_size=40),
    NoneType: st.none(),
}


def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that rows are made of; a dataclass with every field drawn, also those with a default."""
    if hint in _KNOWN:
        return _KNOWN[hint]
    if is_dataclass(hint):
        return st.builds(hint, **{name: anything(kind) for name, kind in get_type_hints(hint).items()})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    kinds = [anything(kind) for kind in get_args(hint) if kind is not Ellipsis]
    origin = get_origin(hint)
    if origin is tuple:
        return st.lists(kinds[0], max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(*kinds, max_size=3)
    assert origin in (Union, UnionType), f"no idea how to draw {hint}"
    return st.one_of(kinds)
