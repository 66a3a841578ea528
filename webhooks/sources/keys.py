"""The identity of an alert: equal for its trigger, its repeats and its recovery, and different for everything else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

KEY_LIMIT = 255
"""Characters of an alert key (custom event standard)."""

_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_64_BITS = 0xFFFFFFFFFFFFFFFF


def alert_key(*parts: str) -> str:
    """The parts as one key, kept apart by `|`. A key that would be too long is replaced by its SHA-256, as stable."""
    joined = parts[0] if len(parts) == 1 else "|".join(_escaped(part) for part in parts)
    return joined if len(joined) <= KEY_LIMIT else hashlib.sha256(joined.encode()).hexdigest()


def _escaped(part: str) -> str:
    return part.replace("\\", "\\\\").replace("|", "\\|")


def fingerprint(labels: Mapping[str, str]) -> str:
    """What Alertmanager calls a label set: FNV-1a (64 bits) over `name 0xff value 0xff`, sorted by name, in hex.

    The labels must be the sender's own, uncut; empty ones do not count. The same alert therefore has the same key
    whether it comes through an Alertmanager (which sends the fingerprint) or straight from Prometheus.
    """
    digest = _FNV_OFFSET
    for name in sorted(labels):
        if labels[name]:
            for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
                digest = ((digest ^ byte) * _FNV_PRIME) & _64_BITS
    return f"{digest:016x}"
