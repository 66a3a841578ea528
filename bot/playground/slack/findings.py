"""The list of what is wrong with a Block Kit payload, and the checks of plain texts that all parts share."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from bot.playground.hub import Json


@dataclass(slots=True)
class Findings:
    """Collects sentences such as `must be less than 151 characters [json-pointer:/blocks/0/text/text]`."""

    messages: list[str] = field(default_factory=list)

    def add(self, message: str, at: str) -> None:
        """Note one fault at the JSON pointer `at`."""
        self.messages.append(f"{message} [json-pointer:{at}]")

    def keys(self, value: Json, at: str, allowed: AbstractSet[str]) -> None:
        """Refuse properties that Slack does not know; a misspelt one must not pass in silence."""
        for key in value.keys() - allowed:
            self.add(f"invalid additional property: {key}", at)

    def text(self, value: Any, at: str, limit: int, *, least: int = 1) -> None:
        """Refuse anything but a string of `least` to `limit` characters."""
        if value is None:
            self.add(f"missing required field: {at.rpartition('/')[2]}", at.rpartition("/")[0])
        elif not isinstance(value, str):
            self.add("must be a string", at)
        elif len(value) > limit:
            self.add(f"must be less than {limit + 1} characters", at)
        elif len(value) < least:
            self.add(f"must be more than {least - 1} characters", at)

    def items(self, value: Any, at: str, least: int, most: int) -> list[Any]:
        """The items of an array of `least` to `most` items; an empty list when it is no array at all."""
        if value is None:
            self.add(f"missing required field: {at.rpartition('/')[2]}", at.rpartition("/")[0])
            return []
        if not isinstance(value, list):
            self.add("must be an array", at)
            return []
        if len(value) > most:
            self.add(f"no more than {most} items allowed", at)
        if len(value) < least:
            self.add(f"no fewer than {least} items allowed", at)
        return value

    def text_object(self, value: Any, at: str, limit: int, *, plain: bool = False) -> None:
        """Refuse anything but a text object of 1 to `limit` characters; `plain` allows `plain_text` only.

        Source: https://docs.slack.dev/reference/block-kit/composition-objects/text-object
        """
        if value is None:
            self.add(f"missing required field: {at.rpartition('/')[2]}", at.rpartition("/")[0])
            return
        if not isinstance(value, dict):
            self.add("must be a text object", at)
            return
        kind = value.get("type")
        if kind not in ({"plain_text"} if plain else {"plain_text", "mrkdwn"}):
            self.add(f"unsupported type: {kind}" + (", must be plain_text" if plain else ""), f"{at}/type")
        self.keys(value, at, {"type", "text", "emoji"} if kind == "plain_text" else {"type", "text", "verbatim"})
        self.text(value.get("text"), f"{at}/text", limit)
