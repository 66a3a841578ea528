"""`set`: which text or field of an incident a person means, and what it is to say."""

from __future__ import annotations

from bot.commands.said import Asker, Said, sentence, usage
from bot.engine.editing import CALLED
from bot.engine.events import SetField, SetText

NOTHING = "-"
"""The value that empties a text or a field."""


def setting(asker: Asker, rest: str) -> SetText | SetField | Said:
    """The command behind `<what> <value>`, or the sentence that says what is wrong with it."""
    word, _, value = rest.partition(" ")
    value = value.strip()
    name = word.casefold().rstrip(":=")
    if not name or not value:
        return usage(asker, "set")
    value = "" if value == NOTHING else value
    if name in CALLED:
        return SetText(by=asker.id, via=asker.platform, field=CALLED[name], text=value)
    fields = asker.world.fields.values()
    field = next((each for each in fields if name in (each.name.casefold(), each.label.casefold())), None)
    if field is None:
        known = ", ".join(("title", "description", "impact", "cause", "resolution", *asker.world.fields))
        return sentence(asker, "no_such_field", {"name": word, "known": known})
    return SetField(by=asker.id, via=asker.platform, name=field.name, value=value)
