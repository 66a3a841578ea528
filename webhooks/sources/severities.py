"""The words that monitoring systems use for how bad it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.engine.model import Severity

PROMETHEUS_WORDS: Mapping[str, Severity] = {
    "critical": Severity.CRITICAL,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "info": Severity.INFO,
    "acknowledged": Severity.INFO,
    "unknown": Severity.INFO,
    "unk": Severity.INFO,
    "ok": Severity.OK,
}
"""What Flashduty publishes for Prometheus and Grafana; any other word is a Warning."""

PROMETHEUS_LABELS = ("severity", "priority", "level")
"""The labels that may hold such a word; the first that is there counts."""


def severity_of(word: str, words: Mapping[str, Severity], other: Severity = Severity.WARNING) -> Severity:
    """The severity that a word stands for, whatever its case; `other` for a word that the table does not have."""
    return words.get(word.strip().lower(), other)


def severity_in(labels: Mapping[str, str], names: Sequence[str], words: Mapping[str, Severity]) -> Severity:
    """The severity in the first of these labels that is there; Warning when none is."""
    return severity_of(next((labels[name] for name in names if name in labels), ""), words)
