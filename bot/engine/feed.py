"""What a team declares for the events of an integration before they reach a channel: enrich, process, route.

Values only; enrichment.py, processing.py and dispatching.py say what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.engine.model import SECOND, Filter, Span

TARGET_LABEL = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""The names that enrichment may give to labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """A label from a part of a text: what the group `result` of a pattern matches, or what a path leads to in JSON."""

    source: str
    """`title`, `description` or `labels.<name>`."""
    label: str
    pattern: str = ""
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A label put together from others."""

    template: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Labels looked up in a table: the values of the labels `keys` → the values of the labels `results`."""

    keys: tuple[str, ...]
    results: tuple[str, ...]
    rows: Mapping[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Labels that a service of the team's own knows: it is asked over HTTP, by the shell."""

    url: str
    results: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = ()
    timeout: Span = 2 * SECOND
    retries: int = 0
    private: bool = False
    """Whether the service may be at a loopback or private address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Labels that nobody needs."""

    labels: tuple[str, ...]


Enriching = Extraction | Composition | Table | Lookup | Removal


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrichment:
    """One step of the enrichment. `override` lets it replace labels that are there."""

    does: Enriching
    filter: Filter = ()
    override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleReset:
    """Another title: plain text, or a template that begins with `[TPL]`."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptionReset:
    """Another description, written like a title."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityReset:
    """Another severity, or a template that comes out as the name of one."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDrop:
    """The event is not wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertInhibit:
    """A new alert is not wanted while another alert of the integration tells the reason for it."""

    source: Filter
    """What that other alert looks like."""
    equals: tuple[str, ...] = ()
    """Labels that both must have, with equal values."""


Doing = TitleReset | DescriptionReset | SeverityReset | AlertDrop | AlertInhibit


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """One step of the processing, for the events that pass its filter."""

    does: Doing
    filter: Filter = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One case of a shared integration: these channels, or the one that a label names."""

    filter: Filter = ()
    channels: tuple[str, ...] = ()
    name_label: str = ""
    """The label whose value is a channel's name; empty where `channels` are given."""
    stop: bool = False
    """Look at no later case once this one has matched."""
