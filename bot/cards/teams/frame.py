"""What every Adaptive Card of ours begins with, and the people whom one pings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from bot.cards.card import Span
from bot.cards.teams.marks import BREAK, LABEL_MAX, short
from bot.cards.teams.pressing import VERSION

CARD_TYPE: Final = "application/vnd.microsoft.card.adaptive"

Json = dict[str, Any]


@dataclass(slots=True)
class Names:
    """The people whom the card pings: "mention support within Adaptive Cards" in

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format
    """

    entities: list[Json] = field(default_factory=list)

    def mention(self, span: Span) -> str:
        """The text that stands for a person on the card."""
        name = short(span.text, LABEL_MAX).replace("<", "").replace(">", "") or "…"
        while any(entity["text"] == f"<at>{name}</at>" for entity in self.entities):
            name += BREAK  # two people of one name: Teams tells them apart by their texts
        text = f"<at>{name}</at>"
        self.entities.append({"type": "mention", "text": text, "mentioned": {"id": span.mention, "name": name}})
        return text


def framed(body: list[Json], *, lang: str, fallback: str = "", names: Names | None = None) -> Json:
    """A card with this body; `lang` is that of its instants."""
    teams: Json = {"width": "full"}
    if names is not None and names.entities:
        teams["entities"] = names.entities
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": VERSION,
        "lang": "zh" if lang.lower().startswith("zh") else "en",
        **({"fallbackText": fallback} if fallback else {}),
        "msteams": teams,
        "body": body,
    }
