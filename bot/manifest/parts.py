"""The manners of every part of a manifest: unknown keys are errors, and what was read does not change."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

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
        if isinstance(kind, type) and issubclass(kind, Part):
            annotations = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
            kind = _bare(annotations.get(str(step)))
        else:
            inner = get_args(kind) or (None,)
            kind = _bare(inner[-1] if get_origin(kind) is dict else inner[0])
    if isinstance(kind, type) and issubclass(kind, Part):
        return tuple(field.alias or name for name, field in kind.model_fields.items())
    return ()


def _bare(kind: Any) -> Any:
    """A type without its checks, and without `| None`."""
    while get_origin(kind) in (Annotated, Union, UnionType):
        kind = next((inner for inner in get_args(kind) if inner is not NoneType), None)
    return kind
