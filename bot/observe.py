"""What Tocsin says about itself: one log, without secrets or phone numbers, and metrics with the same words."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
ACCEPTED = Counter(
    "tocsin_requests_total", "Alert requests by source and answer.", ("source", "status"), registry=REGISTRY
)
EVENTS = Counter("tocsin_events_total", "Events by what they made of their alert.", ("reason",), registry=REGISTRY)
DELIVERIES = Counter(
    "tocsin_deliveries_total", "Tries by carrier and outcome.", ("carrier", "outcome"), registry=REGISTRY
)
VENDOR_TRIES = Counter(
    "tocsin_vendor_tries_total",
    "Texts and calls by medium, vendor and verdict.",
    ("medium", "vendor", "verdict"),
    registry=REGISTRY,
)
COMMANDS = Counter("tocsin_commands_total", "Commands by verb and outcome.", ("verb", "outcome"), registry=REGISTRY)
LOOKUPS = Counter("tocsin_lookups_total", "Questions to mapping services by outcome.", ("outcome",), registry=REGISTRY)
TEMPLATES = Counter(
    "tocsin_template_failures_total", "Messages sent with built-in words instead.", ("medium",), registry=REGISTRY
)
WAKES = Counter("tocsin_wakes_total", "Incidents woken by time.", registry=REGISTRY)
LATENESS = Histogram("tocsin_wake_lateness_seconds", "How late an incident was woken.", registry=REGISTRY)
QUOTA_USED = Gauge(
    "tocsin_quota_used_ratio",
    "How much of this month's quota is used; beyond 1 only Critical goes out.",
    ("medium",),
    registry=REGISTRY,
)
LOOP_ALIVE = Gauge(
    "tocsin_loop_alive_timestamp_seconds", "When each loop last went round.", ("loop",), registry=REGISTRY
)

_SECRET_KEY = re.compile(r"token|secret|password|authorization|signature|api_?key|phone|address", re.IGNORECASE)
_PHONE = re.compile(r"\+\d[\d ]{6,14}\d")
_TELEGRAM_TOKEN = re.compile(r"\b\d{6,12}:[A-Za-z0-9_-]{30,}")
_SLACK_TOKEN = re.compile(r"\bx(?:ox[abp]|app)-[A-Za-z0-9-]{8,}")

log: structlog.stdlib.BoundLogger = structlog.get_logger("tocsin")


def redact(text: str) -> str:
    """Hide phone numbers and platform tokens inside a text."""
    text = _PHONE.sub(lambda m: f"{m[0][:3]}…{m[0][-2:]}", text)
    return _SLACK_TOKEN.sub("xox…", _TELEGRAM_TOKEN.sub("…:…", text))


def _redact_line(_logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in line.items():
        if _SECRET_KEY.search(key):
            line[key] = "…"
        elif isinstance(value, str):
            line[key] = redact(value)
    return line


def configure(level: str, *, as_json: bool) -> None:
    """Send all logs, ours and the libraries', through one redacting formatter to standard error."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.format_exc_info,
        _redact_line,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These print URLs or bodies that carry tokens at INFO.
    for name in ("httpx", "httpcore", "slack_bolt", "slack_sdk", "aiohttp.access", "uvicorn.access", "mail.log"):
        logging.getLogger(name).setLevel(logging.WARNING)


def metrics() -> bytes:
    """The metrics page."""
    return generate_latest(REGISTRY)
