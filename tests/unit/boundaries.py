"""Limits of a manifest by name: what they still take, what they refuse, where, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from bot.engine.world import World
from bot.manifest import load
from tests.unit.manifests import problems_of, small

Change = dict[str, Any]
LEVEL: Change = {"notify": ["member:ann"]}
FILTER = [[{"key": "title", "oper": "IN", "vals": ["disk*"]}]]
SMS = {"vendor": "twilio", "account_sid": "AC" + "0" * 32, "auth_token": "t", "from": "+12025550100"}


@dataclass(frozen=True)
class Limit:
    """A sentence that names the number, the values on both of its sides, and what is said about the wrong ones."""

    name: str
    change: Callable[[Any], Change]
    path: str
    takes: Sequence[Any]
    refuses: Sequence[Any] = ()
    said: str = ""

    def taken(self) -> list[Any]:
        return [pytest.param(self.change(value), id=f"{self.name} - {_short(value)}") for value in self.takes]

    def refused(self) -> list[Any]:
        return [
            pytest.param(self.change(value), self.path, self.said, id=f"{self.name} - not {_short(value)}")
            for value in self.refuses
        ]


def taken(limits: Sequence[Limit]) -> Any:
    """Parametrize with every value that must pass."""
    return pytest.mark.parametrize("change", [case for limit in limits for case in limit.taken()])


def refused(limits: Sequence[Limit]) -> Any:
    """Parametrize with every value that must not."""
    return pytest.mark.parametrize(("change", "path", "said"), [case for limit in limits for case in limit.refused()])


def passes(change: Change) -> None:
    assert problems_of(small(change)) == ()


def is_refused(change: Change, path: str, said: str) -> None:
    """The one complaint names the place and the limit, and tells what to write instead."""
    found = problems_of(small(change))
    assert [problem.path for problem in found] == [path], found
    (problem,) = found
    assert said in f"{problem.message} {problem.cure}"
    assert problem.cure.endswith((".", "?"))


def world_of(change: Change) -> World:
    """The world that a small manifest with this change declares."""
    return load.read(small(change), file="tocsin.yaml", env={}, sources=["standard", "prometheus"]).world


def channel(**keys: Any) -> Change:
    return {"channels": {"pay": keys}}


def rule(**keys: Any) -> Change:
    return channel(rules=[{"name": "r", "levels": [LEVEL], **keys}])


def level(**keys: Any) -> Change:
    return rule(levels=[{**LEVEL, **keys}])


def layer(**keys: Any) -> Change:
    return {"schedules": {"s": {"layers": [{"start": "2026-01-05T09:00", "members": ["ann"], **keys}]}}}


def feed(**keys: Any) -> Change:
    return {"integrations": {"p": keys}}


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 24 else f"{len(value)} long"
