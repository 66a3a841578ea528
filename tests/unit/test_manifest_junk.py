"""Whatever stands in a manifest, the answer is a world or a list of problems: never a crash, never a hang."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.schedule import on_call
from bot.manifest import load
from bot.manifest.lint import lint
from bot.manifest.problems import ManifestError, Problem
from bot.manifest.source import parse
from tests.unit.manifests import ENV

EXAMPLE = (Path(__file__).parents[2] / "tocsin.example.yaml").read_text(encoding="utf-8")
DATA = parse(EXAMPLE, "example").data
NOW = 1_795_000_000_000


def places(value: Any, path: tuple = ()):
    """The path of everything in a structure."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


PLACES = [path for path in places(DATA) if path]
WORDS = [
    "ann",
    "platform",
    "member:ann",
    "schedule:platform/x",
    "5m",
    "im",
    "IN",
    "env:NO",
    "2026-01-05T09:00",
    "/x/",
    "",
]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.sampled_from(WORDS)
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=5,
)


def check(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        loaded = load.read(text, file="tocsin.yaml", env=ENV, sources=["prometheus", "standard"])
    except ManifestError as refused:
        problems = refused.problems
    else:
        lint(loaded, NOW)
        for schedule in loaded.world.schedules.values():
            on_call(schedule, NOW)
    assert all(p.line >= 1 and p.code and p.message and p.cure for p in problems)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(PLACES), JUNK, st.sampled_from(["put", "drop", "add"])), min_size=1, max_size=4)
)
def test_an_example_with_junk_in_it(changes):
    data = copy.deepcopy(DATA)
    for path, junk, how in changes:
        holder = data
        for step in path[:-1]:
            holder = holder[step] if isinstance(holder, dict) and step in holder else None
        if isinstance(holder, dict) and path[-1] in holder:
            if how == "drop":
                del holder[path[-1]]
            else:
                holder[path[-1]] = junk if how == "put" else {"x": junk, **_mapping(holder[path[-1]])}
    check(yaml.safe_dump(data, allow_unicode=True))


def _mapping(value: Any) -> dict:
    return value if isinstance(value, dict) else {}


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(EXAMPLE)), st.integers(0, 40), st.text(max_size=12))
def test_an_example_with_a_cut_and_a_paste(start, length, paste):
    check(EXAMPLE[:start] + paste + EXAMPLE[start + length :])
