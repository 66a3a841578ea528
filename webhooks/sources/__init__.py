"""The monitoring systems that Tocsin understands, by the name that their address and `tocsin parse` use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from webhooks.sources import email, monit, prometheus, prometheus_v2, standard
from webhooks.sources.base import Source

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        source.name: source
        for source in (prometheus.SOURCE, prometheus_v2.SOURCE, standard.SOURCE, email.SOURCE, monit.SOURCE)
    }
)
