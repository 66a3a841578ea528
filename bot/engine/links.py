"""The links that a channel puts on its cards: an address with gaps, filled from the incident."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from bot.engine.model import Incident, Link
from bot.engine.world import LinkTemplate

LINKS_MAX = 3
"""Links that a channel declares at most."""
NAMES = ("title", "num", "incident_id", "severity", "channel")
"""What `${…}` may name, besides `labels.<name>` and `fields.<name>`."""

_GAP = re.compile(r"\$\{([^{}]*)\}")
_DOTTED = ("labels.", "fields.")


def unknown(href: str) -> tuple[str, ...]:
    """The gaps of an address that nothing can fill."""
    names = (name.strip() for name in _GAP.findall(href))
    return tuple(name for name in names if name not in NAMES and not (name.startswith(_DOTTED) and name[7:]))


def field_names(href: str) -> tuple[str, ...]:
    """The custom fields that an address asks for."""
    return tuple(name.strip()[7:] for name in _GAP.findall(href) if name.strip().startswith("fields."))


def filled(templates: tuple[LinkTemplate, ...], incident: Incident) -> tuple[Link, ...]:
    """The links of an incident. One that needs a label or a field which the incident does not have is left out.

    Every value is percent-encoded as a whole: text from outside can name neither a path nor a host of its own.
    """
    known = _facts(incident)
    return tuple(
        Link(text=each.text, href=_GAP.sub(lambda gap: quote(known[gap[1].strip()], safe=""), each.href))
        for each in templates
        if all(known.get(name.strip()) for name in _GAP.findall(each.href))
    )


def _facts(incident: Incident) -> Mapping[str, str]:
    return {
        "title": incident.title,
        "num": str(incident.num),
        "incident_id": incident.id,
        "severity": incident.severity.value,
        "channel": incident.channel,
        **{f"labels.{name}": value for name, value in incident.labels.items()},
        **{f"fields.{name}": value for name, value in incident.fields.items()},
    }
