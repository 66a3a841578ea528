"""The manners of every part of a manifest: unknown keys are errors, and what was read does not change."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict

from bot.manifest.problems import Path
from bot.manifest.values import ChatPlatform, Language, PlainText, Zone


class Part(BaseModel):
    """A mapping in the manifest. The docstring below each key is its description in the JSON Schema."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True)


class Chat(Part):
    """A group conversation where cards are shown."""

    platform: ChatPlatform
    """Where it is."""
    id: PlainText
    """The platform's own id of it: C… in Slack, 19:… in Teams, a negative number in Telegram; a webhook's name."""
    name: str = ""
    """For people who read the manifest."""
    lang: Language = "en"
    """The language of its cards."""
    timezone: Zone = "UTC"
    """The zone of times on its cards."""


def keys_at(top: type[Part], path: Path) -> tuple[str, ...]:
    """The keys that the mapping at `path` may have; none where any key may stand."""
    kind: Any = top
    for step in path:
        if get_origin(kind) in (Union, UnionType):  # one of several parts: pydantic names the one that was meant
            kind = next((arm for arm in get_args(kind) if step in _tags(arm)), None)
            continue
        if isinstance(kind, type) and issubclass(kind, Part):
            annotations = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
            kind = _bare(annotations.get(str(step)))
        else:
            inner = get_args(kind) or (None,)
            kind = _bare(inner[-1] if get_origin(kind) is dict else inner[0])
    if isinstance(kind, type) and issubclass(kind, Part):
        return tuple(field.alias or name for name, field in kind.model_fields.items())
    return ()


def as_written(path: Path, data: Any, *, last: bool) -> Path:
    """The steps of `path` that lead to something in `data`: a part that was written short has fewer than its model.

    `last` keeps the last step too, which is of something that is missing.
    """
    steps: list[str | int] = []
    for index, step in enumerate(path):
        if isinstance(data, list):
            inner = {place: item for place, item in enumerate(data) if place == step}
        else:  # a key that is a number is text to pydantic
            inner = {key: item for key, item in data.items() if str(key) == str(step)} if isinstance(data, dict) else {}
        if inner:
            (key, data), *_ = inner.items()
            steps.append(key)
        elif last and index == len(path) - 1:
            steps.append(step)
    return tuple(steps)


def _bare(kind: Any) -> Any:
    """A type without its checks, and without `| None`; a choice of several parts stays one."""
    while get_origin(kind) in (Annotated, Union, UnionType):
        inner = [each for each in get_args(kind) if each is not NoneType]
        if get_origin(kind) is not Annotated and len(inner) > 1 and all(_tags(each) for each in inner):
            return kind
        kind = inner[0] if inner else None
    return kind


def _tags(kind: Any) -> tuple[Any, ...]:
    """The words that tell one of several parts from the others."""
    if not (isinstance(kind, type) and issubclass(kind, Part)):
        return ()
    return tuple(
        word
        for field in kind.model_fields.values()
        if get_origin(field.annotation) is Literal
        for word in get_args(field.annotation)
    )
