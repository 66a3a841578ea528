"""The kinds of values that a manifest is made of: each reads what a person wrote, or says why not and what to write."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import phonenumbers
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from bot.engine.dynamic import MAIL_ADDRESS
from bot.engine.model import DAY, HOUR, MINUTE, SECOND, Span, Target, TargetKind
from bot.manifest.places import ACCOUNTS, CHAT_PLATFORMS, PLATFORMS, WAYS, one_of
from bot.manifest.problems import choose, refusal
from bot.settings import is_loopback

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""Days of the week; their number is their place."""

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_SPAN = re.compile(r"(?:\d{1,6}(?:\.\d)?[smhd])+")
_SPAN_PART = re.compile(r"(\d+(?:\.\d)?)([smhd])")
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,38}")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_CLOCK_END = re.compile(f"{_CLOCK.pattern}|24:00")
_WEEK_TIME = re.compile(f"({'|'.join(WEEKDAYS)}) ({_CLOCK.pattern})")
_COUNTRY = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")
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
            raise refusal(
                "duration", "that is not a duration", 'Write a number with its unit: "30s", "5m", "2h", "1d".'
            )
        if not self.low <= span <= self.high:
            limits = f"{human(self.low)} to {human(self.high)}"
            raise refusal("out_of_range", f"the limits are {limits}", f"Write a duration from {limits}.")
        if span % self.step:
            step = human(self.step)
            raise refusal("step", f"it goes in steps of {step}", f"Round it to a multiple of {step}.")
        return span


UNSET = "\0unset:"
"""Begins what stands for a variable that is not set on this machine (see `SecretsLater`)."""


class SecretsLater(dict[str, str]):
    """An environment in which a missing variable is noted, not refused: to look at a manifest without its secrets."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Answer from `env` first."""
        super().__init__(env)
        self.missing: list[str] = []

    def get(self, name: str, default: str | None = None) -> str:  # type: ignore[override]
        """The variable, or a stand-in that passes every check of shape."""
        found = super().get(name) or default
        if found:
            return found
        self.missing.append(name)
        return UNSET + name


def checked(pattern: re.Pattern[str], code: str, reason: str, cure: str) -> AfterValidator:
    """A check that text fits a pattern as a whole."""

    def check(text: str) -> str:
        if not pattern.fullmatch(text) and not text.startswith(UNSET):
            raise refusal(code, reason, cure)
        return text

    return AfterValidator(check)


def shaped(pattern: str, reason: str, cure: str) -> AfterValidator:
    """A check of a secret that does not show it."""

    def check(secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value()
        if not re.fullmatch(pattern, value) and not value.startswith(UNSET):
            raise refusal("secret_shape", reason, cure)
        return secret

    return AfterValidator(check)


def _text(pattern: re.Pattern[str] | None = None, **more: Any) -> WithJsonSchema:
    """How the JSON Schema shows a kind of text."""
    return WithJsonSchema({"type": "string"} | ({"pattern": f"^(?:{pattern.pattern})$"} if pattern else {}) | more)


def _name(low: int, high: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not low <= len(text) <= high or text != text.strip() or not text.isprintable():
            reason = f"a name here has {low} to {high} characters, on one line, without spaces around it"
            raise refusal("name", reason, f"Write a name of {low} to {high} characters.")
        return text

    return check


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        cure = choose(name, available_timezones(), "an IANA name such as Europe/Berlin")
        raise refusal("timezone", "that is not a time zone", cure) from None
    return name


def _wall(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo or moment.second or moment.microsecond or not 2000 <= moment.year <= 2200:
        cure = 'Write the local time in the zone of the schedule, without an offset: "2026-01-05T09:00".'
        raise refusal("wall_time", "that is not a local time", cure)
    return moment.isoformat(timespec="minutes")


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or not 2000 <= moment.year <= 2200:
        cure = 'Write "2026-12-24T09:00" for the time of the schedule\'s zone, or "2026-12-24T09:00+01:00".'
        raise refusal("moment", "that is not a time", cure)
    return text if moment.tzinfo else _wall(text)


def once(items: tuple[str, ...]) -> tuple[str, ...]:
    """A check that a list names nothing twice."""
    twice = [item for item, count in Counter(items).items() if count > 1]
    if twice:
        raise refusal("twice", f"it names {twice[0]} twice", "Keep one of them.")
    return items


def _weekday(value: object) -> int:
    if value not in WEEKDAYS:
        raise refusal("weekday", "that is not a day of the week", choose(str(value), WEEKDAYS, "one of"))
    return WEEKDAYS.index(str(value))


def _week_time(value: object) -> tuple[int, str]:
    found = _WEEK_TIME.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise refusal("week_time", "that is not a time of the week", 'Write a day and a time: "mon 09:00".')
    return WEEKDAYS.index(found[1]), found[2]


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise refusal("date", "that is not a date", 'Write "2026-12-24".') from None


def _country(code: str) -> str:
    import holidays

    country, _, part = code.partition("-")
    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        cure = 'Write its two letters (ISO 3166), "CN"; a country that is not known needs its dates under overrides.'
        raise refusal("country", "no holidays are known for that country", cure)
    if part and part not in known[country]:
        cure = choose(part, known[country], f"{country} alone, or with a part")
        raise refusal("country", f"{country} has no part {part} with holidays of its own", cure)
    return code


def _listed(value: object) -> object:
    """One text is a list of one."""
    return (value,) if isinstance(value, str) else value


def international(text: str) -> str:
    """A check of a phone number in full, in E.164 when it is done."""
    cure = "Write it in full with the country code: +14155550100."
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise refusal("phone", "that is not an international phone number", cure) from None
    if not phonenumbers.is_valid_number(number):
        raise refusal("phone", "no phone can have this number", cure)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _target(value: object) -> Target:
    kind, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    name, slash, role = rest.partition("/")
    if kind == TargetKind.EMAIL and MAIL_ADDRESS.fullmatch(rest):
        return Target(kind=TargetKind.EMAIL, id=rest)
    known = kind in ("member", "team", "schedule") and _ID.fullmatch(name)
    role_fits = not slash or (kind == TargetKind.SCHEDULE and _ID.fullmatch(role))
    if not known or not role_fits:
        cure = "Write member:ID, team:ID, schedule:ID, schedule:ID/ROLE or email:ADDRESS."
        raise refusal("target", "that names nobody to notify", cure)
    return Target(kind=TargetKind(kind), id=name, role=role)


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - reading it raises for a port that is no number
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        cure = "Write https://host/path, without a query, a fragment or a password."
        raise refusal("url", "that is not a base URL", cure)
    if parts.scheme == "http" and not is_loopback(host):
        raise refusal("plain_http", "plain HTTP would show secrets on the way", "Write https://.")
    return text.rstrip("/")


def from_environment(value: object, info: ValidationInfo) -> object:
    """`env:NAME` → the variable's value, from the environment that the loader was given; other text as it is."""
    if not isinstance(value, str) or not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    if not _VARIABLE.fullmatch(name):
        raise refusal("env_name", "that does not name an environment variable", "Write env:NAME.")
    found = (info.context or {}).get("env", {}).get(name, "")
    if not found:
        cure = f"Set {name} in the environment of Tocsin, or write the value here."
        raise refusal("env_missing", f"the environment has no {name}, or it is empty", cure)
    return str(found)


def _as_text(value: object) -> object:
    """A number that a platform uses as an id is text to us."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[
    str,
    checked(
        _ID,
        "id",
        "an id is short, lower case, and plain",
        "Use 1 to 39 of a-z, 0-9, - and _, beginning with a letter or digit.",
    ),
    _text(_ID),
]
Name39 = Annotated[str, AfterValidator(_name(1, 39)), _text(minLength=1, maxLength=39)]
Name40 = Annotated[str, AfterValidator(_name(1, 40)), _text(minLength=1, maxLength=40)]
Name59 = Annotated[str, AfterValidator(_name(1, 59)), _text(minLength=1, maxLength=59)]
Description = Annotated[str, Field(max_length=500)]
"""Free text that explains a part of the manifest."""
Zone = Annotated[str, AfterValidator(_zone), _text(examples=["Europe/Berlin", "Asia/Shanghai"])]
Wall = Annotated[str, AfterValidator(_wall), _text(examples=["2026-01-05T09:00"])]
Moment = Annotated[str, AfterValidator(_moment), _text(examples=["2026-12-24T09:00", "2026-12-24T09:00+01:00"])]
Phone = Annotated[str, AfterValidator(international), _text(examples=["+14155550100"])]
Clock = Annotated[
    str, checked(_CLOCK, "clock", "that is not a time of day", 'Write "09:00", from 00:00 to 23:59.'), _text(_CLOCK)
]
ClockEnd = Annotated[
    str,
    checked(_CLOCK_END, "clock", "that is not a time of day", 'Write "18:00", from 00:00 to 24:00.'),
    _text(_CLOCK_END),
]
Weekday = Annotated[int, BeforeValidator(_weekday), WithJsonSchema({"enum": list(WEEKDAYS)})]
"""Sunday = 0."""
Weekdays = Annotated[tuple[Weekday, ...], AfterValidator(lambda days: tuple(sorted(set(days))))]
WeekTime = Annotated[tuple[int, str], BeforeValidator(_week_time), _text(_WEEK_TIME, examples=["mon 09:00"])]
"""Day (Sunday = 0) and time of day."""
Date = Annotated[str, AfterValidator(_date), _text(format="date")]
Country = Annotated[
    str,
    checked(_COUNTRY, "country", "that is not a country", 'Write ISO 3166: "CN", or a part of it: "DE-BY".'),
    AfterValidator(_country),
    _text(_COUNTRY),
]
Countries = Annotated[
    tuple[Country, ...],
    BeforeValidator(_listed),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^(?:{_COUNTRY.pattern})$"},
                {"type": "array", "items": {"type": "string", "pattern": f"^(?:{_COUNTRY.pattern})$"}},
            ]
        }
    ),
]
Language = Literal["en", "zh"]
Mail = Annotated[
    str,
    checked(MAIL_ADDRESS, "email", "that is not a mail address", "Write one plain address: ann@example.com."),
    _text(format="email"),
]
Way = Annotated[str, one_of(WAYS, "way", "that is not a way to reach a person"), WithJsonSchema({"enum": list(WAYS)})]
Ids = Annotated[tuple[Id, ...], AfterValidator(once)]
Ways = Annotated[tuple[Way, ...], AfterValidator(once)]
Platform = Annotated[
    str, one_of(PLATFORMS, "platform", "that is not a chat platform"), WithJsonSchema({"enum": list(PLATFORMS)})
]
Account = Annotated[
    str, one_of(ACCOUNTS, "platform", "nobody has an account there"), WithJsonSchema({"enum": list(ACCOUNTS)})
]
ChatPlatform = Annotated[
    str,
    one_of(CHAT_PLATFORMS, "platform", "that is not a chat platform"),
    WithJsonSchema({"enum": list(CHAT_PLATFORMS)}),
]
Url = Annotated[str, AfterValidator(_url), _text(format="uri")]
TargetText = Annotated[
    Target,
    BeforeValidator(_target),
    _text(re.compile(r"(?:member|team):[a-z0-9_-]+|schedule:[a-z0-9_-]+(?:/[a-z0-9_-]+)?|email:[^@]+@.+")),
]
PlainText = Annotated[str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "integer"]})]
Setting = Annotated[
    str, BeforeValidator(_as_text), BeforeValidator(from_environment), WithJsonSchema({"type": ["string", "integer"]})
]
"""Text, or `env:NAME`."""
Secret = Annotated[SecretStr, BeforeValidator(from_environment), _text(writeOnly=True)]
"""Text that is never shown, best given as `env:NAME`."""
