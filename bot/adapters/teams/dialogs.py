"""Dialogs that were refused: shown once more with what was typed, and what is wrong above it.

Teams closes a dialog on its answer unless the answer is the next one, so the one that was open is remembered.
"""

from __future__ import annotations

from typing import Any

from bot.adapters.base import Form, Json

DIALOGS_MAX = 500
"""Open dialogs remembered; of an older one people are told what is wrong, and open it again."""


class Dialogs:
    """What each person has open, by the token that comes back with the answers."""

    def __init__(self) -> None:
        """Nobody has anything open."""
        self._open: dict[tuple[str, str], Json] = {}

    def opened(self, user: str, dialog: Json) -> None:
        """Remember what a person is shown."""
        for action in dialog["card"]["content"].get("actions", []):
            if token := action.get("data", {}).get("form"):
                self._open.pop((user, token), None)
                self._open[user, token] = dialog
        while len(self._open) > DIALOGS_MAX:
            self._open.pop(next(iter(self._open)))

    def again(self, form: Form, errors: dict[str, str]) -> Json | None:
        """The same dialog with its answers and the errors; None where it is not remembered."""
        dialog = self._open.get((form.user, form.token))
        if dialog is None:
            return None
        content = dialog["card"]["content"]
        inputs = {each["id"]: each.get("label", "") for each in content["body"] if "id" in each}
        lines = [f"{inputs[name]}: {error}" if inputs.get(name) else error for name, error in errors.items()]
        told = [_red(line) for line in dict.fromkeys(lines)]
        body = [_filled(each, form.values.get(each.get("id", ""))) for each in content["body"]]
        return {**dialog, "card": {**dialog["card"], "content": {**content, "body": [*told, *body]}}}

    def closed(self, form: Form) -> None:
        """It was taken."""
        self._open.pop((form.user, form.token), None)


def _red(text: str) -> Json:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, "color": "Attention"}]}


def _filled(element: Json, value: str | None) -> Json:
    """An input with what was typed; people come back as they would be typed, and go out as they were offered."""
    if value is None:
        return element
    if not element.get("isMultiSelect"):
        return {**element, "value": value}
    offered: list[Any] = [choice["value"] for choice in element.get("choices", [])]
    words = value.split()
    chosen = [each for each in offered if each in words or f"@{each}" in words]
    return {**element, "value": ",".join(chosen)}
