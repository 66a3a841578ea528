"""The filters of templates: each is total on what templates hold, and gives back no more than a message may be long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context

from bot.cards.i18n import duration, moment
from bot.cards.template.names import TEXT_MAX, TemplateFault
from bot.engine.model import SECOND

BUDGET: Final = "_budget"
"""Where a filling keeps what it may still spend."""
LETTERS_A_STEP: Final = 64
ITEMS_MAX: Final = 500
"""Of a list or mapping: an incident has fewer labels, and a card is given fewer alerts."""


@pass_context
def each(context: Context, value: Any, weight: int) -> list[Any]:
    """What a loop runs over, paid for beforehand. A text is no list: nothing loops over letters."""
    found = _items(value)
    context[BUDGET].spend((len(found) + 1) * weight)
    return found


def _paid(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is paid for by what it reads and makes, and whose text is within the limit.

    One that takes the context is never run while a template is read, only while it is filled.
    """

    @pass_context
    def charged(context: Context, *given: Any) -> Any:
        context[BUDGET].spend(1 + sum(map(_effort, given)))
        made = function(context, *given)
        if isinstance(made, str) and len(made) > TEXT_MAX:
            raise TemplateFault(f"a value comes out longer than {TEXT_MAX} characters")
        context[BUDGET].spend(_effort(made))
        return made

    return charged


def _effort(value: Any) -> int:
    """What it costs to go through a value."""
    if isinstance(value, str):
        return len(value) // LETTERS_A_STEP
    return len(value) if isinstance(value, (list, tuple, dict)) else 0


def _upper(_: Context, value: Any) -> str:
    return _text(value).upper()


def _lower(_: Context, value: Any) -> str:
    return _text(value).lower()


def _trim(_: Context, value: Any) -> str:
    return _text(value).strip()


def _default(_: Context, value: Any, otherwise: Any = "") -> Any:
    """Also for what is there and empty: a label without a value tells nothing."""
    return otherwise if isinstance(value, Undefined) or value is None or value == "" else value


def _length(_: Context, value: Any) -> int:
    return len(value) if isinstance(value, (str, list, tuple, dict)) else 0


def _first(_: Context, value: Any) -> Any:
    found = _items(value)
    return found[0] if found else ""


def _last(_: Context, value: Any) -> Any:
    found = _items(value)
    return found[-1] if found else ""


def _join(_: Context, value: Any, between: Any = ", ") -> str:
    comma = _text(between)
    made, room = "", TEXT_MAX
    for place, item in enumerate(_items(value)):
        text = (comma if place else "") + _text(item)
        room -= len(text)
        if room < 0:
            raise TemplateFault(f"a value comes out longer than {TEXT_MAX} characters")
        made += text
    return made


def _pairs(_: Context, value: Any) -> list[tuple[str, Any]]:
    """Names and values of a mapping, by name."""
    return sorted((str(key), item) for key, item in value.items()) if isinstance(value, dict) else []


def _sort(_: Context, value: Any) -> list[Any]:
    return sorted(_items(value), key=str) if all(isinstance(i, (str, int, float)) for i in _items(value)) else []


def _truncate(_: Context, value: Any, limit: Any = 200) -> str:
    text = _text(value)
    limit = min(max(int(limit), 1), TEXT_MAX)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _replace(_: Context, value: Any, old: Any, new: Any) -> str:
    """Bounded before it is made: the result could be as long as both texts multiplied."""
    text, old, new = _text(value), _text(old), _text(new)
    if not old:
        return text
    if len(text) + text.count(old) * (len(new) - len(old)) > TEXT_MAX:
        raise TemplateFault(f"a value comes out longer than {TEXT_MAX} characters")
    return text.replace(old, new)


def _date(context: Context, value: Any) -> str:
    """Seconds since the epoch as local time of the reader; nothing for 0."""
    seconds = _number(value)
    at, now = seconds * SECOND, _number(context.get("now")) * SECOND
    return moment(at, now, str(context.get("_zone", "UTC")), str(context.get("_lang", "en"))) if seconds else ""


def _ago(context: Context, value: Any) -> str:
    """How long before now; nothing for 0."""
    seconds = _number(value)
    span = (_number(context.get("now")) - seconds) * SECOND
    return duration(span, str(context.get("_lang", "en"))) if seconds else ""


def _text(value: Any) -> str:
    if isinstance(value, Undefined) or value is None:
        return ""
    if isinstance(value, (str, int, float)):
        text = str(value)
        if len(text) > TEXT_MAX:
            raise TemplateFault(f"a value is longer than {TEXT_MAX} characters")
        return text
    raise TemplateFault("a list or mapping is no text")


def _items(value: Any) -> list[Any]:
    return list(value)[:ITEMS_MAX] if isinstance(value, (list, tuple, dict)) else []


def _number(value: Any) -> int:
    number = int(value) if isinstance(value, (int, float)) else 0
    return number if abs(number) < 1 << 40 else 0


BY_NAME: Final[Mapping[str, Callable[..., Any]]] = {
    "upper": _paid(_upper),
    "lower": _paid(_lower),
    "trim": _paid(_trim),
    "default": _paid(_default),
    "d": _paid(_default),
    "length": _paid(_length),
    "first": _paid(_first),
    "last": _paid(_last),
    "join": _paid(_join),
    "items": _paid(_pairs),
    "sort": _paid(_sort),
    "truncate": _paid(_truncate),
    "replace": _paid(_replace),
    "date": _paid(_date),
    "ago": _paid(_ago),
}
