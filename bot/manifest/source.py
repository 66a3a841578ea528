"""YAML text → plain data, and the line on which each part of it stands.

Less than YAML on purpose: no tags, no merge keys, no sexagesimal times, no `yes` that means true; `+4915…` stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.manifest.problems import Path, Problem, dotted

TEXT_MAX = 2_000_000
"""Characters of a manifest; a company of ten thousand fits."""
NODES_MAX = 200_000
"""Values, counted each time an alias repeats them: a bomb of nested aliases stops here."""
DEPTH_MAX = 32

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+")
_PLAIN = frozenset({"str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value"})


@dataclass(slots=True)
class Source:
    """What a file says: data of dicts, lists and scalars; lines by path; what is wrong with it as YAML."""

    file: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of `path`, or of the nearest thing around it; 1 for the top."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, code: str, message: str, cure: str) -> Problem:
        """A finding about `path`, with its line."""
        return Problem(line=self.line(path), path=dotted(path), code=code, message=message, cure=cure, file=self.file)

    def found(self, *pattern: str) -> Iterator[tuple[Path, Any]]:
        """Path and value of everything that `pattern` fits, whatever else is wrong; `*` stands for any one step."""
        places: list[tuple[Path, Any]] = [((), self.data)]
        for step in pattern:
            inner: list[tuple[Path, Any]] = []
            for path, value in places:
                if isinstance(value, dict):
                    inner += (((*path, key), item) for key, item in value.items() if step in ("*", key))
                elif isinstance(value, list) and step == "*":
                    inner += (((*path, index), item) for index, item in enumerate(value))
            places = inner
        yield from places


class _TooMuch(Exception):
    """The document is larger or deeper than any manifest."""


def parse(text: str, file: str) -> Source:
    """Read a manifest's text. What is wrong with it as YAML is in `problems`; `data` is what could be read."""
    source = Source(file)
    if len(text) > TEXT_MAX:
        size = f"The file has {len(text)} characters, more than {TEXT_MAX}."
        source.problems.append(source.problem((), "too_large", size, "Is this the right file?"))
        return source
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            source.data = _Reader(source).read(node, (), 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.lines[()] = mark.line + 1 if mark else 1
        said = " ".join(filter(None, (error.context, error.problem)))
        cure = "Check the indentation, the quotes and the colons on this line and the one above."
        source.problems.append(source.problem((), "yaml", f"This is not YAML: {said}.", cure))
    except yaml.YAMLError as error:
        cure = "Save the file as UTF-8 text without control characters."
        source.problems.append(source.problem((), "yaml", f"This is not YAML: {error}.", cure))
    except (_TooMuch, RecursionError):
        said = f"The document is nested deeper than {DEPTH_MAX}, or repeats its anchors beyond {NODES_MAX} values."
        source.problems.append(source.problem((), "too_large", said, "Write it out flat, without nested aliases."))
    return source


class _Reader:
    """Walks the nodes once, in the order of the file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.count = 0

    def read(self, node: yaml.Node, path: Path, depth: int) -> Any:
        self.count += 1
        if depth > DEPTH_MAX or self.count > NODES_MAX:
            raise _TooMuch
        self.source.lines.setdefault(path, node.start_mark.line + 1)
        if node.tag.removeprefix(_TAG) not in _PLAIN:
            said = f"{dotted(path)} has the tag {node.tag}, and tags are not understood."
            self.problem(path, "tag", said, "Remove the tag.")
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        return _scalar(node)

    def mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == f"{_TAG}merge":
                self.source.lines[(*path, "?")] = line
                cure = "Write each key out as plain text."
                self.problem((*path, "?"), "key", f"{dotted(path) or 'The top'} has a key that is not a word.", cure)
                continue
            key = str(key_node.value)
            inner = (*path, key)
            if key in found:
                first, self.source.lines[inner] = self.source.lines[inner], line
                said = f"{dotted(inner)} is there twice; the first is on line {first}."
                self.problem(inner, "duplicate_key", said, "Keep one of them.")
                self.source.lines[inner] = first
                continue
            self.source.lines[inner] = line
            found[key] = self.read(value_node, inner, depth + 1)
        return found

    def problem(self, path: Path, code: str, message: str, cure: str) -> None:
        self.source.problems.append(self.source.problem(path, code, message, cure))


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    text = str(node.value)
    kind = node.tag.removeprefix(_TAG)
    if kind == "null":
        return None
    if kind == "bool" and text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    if kind == "int" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "float" and _FLOAT.fullmatch(text):
        return float(text)
    return text
