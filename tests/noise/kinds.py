"""What a kind of alert is made of: the ways in which it is told, with places for hosts and numbers."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Says:
    """One way to tell it; `{n}`, `{ip}`, `{pct}`… differ from alert to alert (see `storms._alert`)."""

    title: str
    text: str = ""
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One failure of one service."""

    name: str
    alerts: int
    says: tuple[Says, ...]


def kind(name: str, alerts: int, *says: Says) -> Kind:
    return Kind(name, alerts, says)


def says(title: str, text: str = "", **labels: str) -> Says:
    return Says(title, text, labels)
