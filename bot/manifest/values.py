"""The kinds of values that a manifest is made of: each reads what a person wrote, or says why not and what to write."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import phonenumbers
from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    StrictBool,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from bot.engine.model import DAY, HOUR, MINUTE, SECOND, Span, Target, TargetKind
from bot.manifest.problems import choose, refusal

PLATFORMS = ("slack", "telegram")
"""The chat platforms that a manifest can declare."""
WAYS = ("im", *PLATFORMS, "sms", "email")
"""How a person may want to be reached; `im` is the first chat platform that the person has."""

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_SPAN = re.compile(r"(?:\d{1,6}(?:\.\d)?[smhd])+")
_SPAN_PART = re.compile(r"(\d+(?:\.\d)?)([smhd])")
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,38}")
_MAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_KEY = re.compile(r"[A-Za-z0-9_-]{16,128}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def human(span: Span) -> str:
    """A span as a person writes it: `90s`, `30m`, `1h30m`, `0s`."""
    if span < 2 * MINUTE and span % MINUTE:
        return f"{span / SECOND:g}s"
    text = ""
    for letter, unit in reversed(_UNITS.items()):
        count, span = divmod(span, unit)
        text += f"{count}{letter}" if count else ""
    return text or "0s"


def to_span(text: str) -> Span:
    """`30s`, `5m`, `2h`, `1d`, `1h30m`, `0.5m` in milliseconds. Raises ValueError."""
    if not _SPAN.fullmatch(text):
        raise ValueError(text)
    return sum(round(float(number) * _UNITS[unit]) for number, unit in _SPAN_PART.findall(text))


@dataclass(frozen=True, slots=True)
class Duration:
    """Marks a span that is written for people, between two limits and in steps (milliseconds)."""

    low: Span
    high: Span
    step: Span = SECOND

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read text, never a bare number: nobody would agree on its unit."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Text with its pattern; the limits in words."""
        limits = f"{human(self.low)} to {human(self.high)}, in steps of {human(self.step)}"
        return {"type": "string", "pattern": f"^{_SPAN.pattern}$", "examples": ["30s", "5m", "2h"], "$comment": limits}

    def read(self, value: object) -> Span:
        """The span in milliseconds."""
        try:
            span = to_span(value) if isinstance(value, str) else 0 if value == 0 else None
        except ValueError:
            span = None
        if span is None or isinstance(value, bool):
            raise refusal("duration", "that is not a duration", 'Write a number with its unit: "30s", "5m", "2h", "1d".')
        if not self.low <= span <= self.high:
            limits = f"{human(self.low)} to {human(self.high)}"
            raise refusal("out_of_range", f"the limits are {limits}", f"Write a duration from {limits}.")
        if span % self.step:
            step = human(self.step)
            raise refusal("step", f"it goes in steps of {step}", f"Round it to a multiple of {step}.")
        return span


def checked(pattern: re.Pattern[str], code: str, reason: str, cure: str) -> AfterValidator:
    """A check that text fits a pattern as a whole."""

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise refusal(code, reason, cure)
        return text

    return AfterValidator(check)


def _schema(pattern: re.Pattern[str] | None = None, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string"} | ({"pattern": f"^(?:{pattern.pattern})$"} if pattern else {}) | more)


def _once[Sequence: tuple[Hashable, ...]](items: Sequence) -> Sequence:
    raise NotImplementedError
