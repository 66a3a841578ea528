"""The mail addresses of integrations: whoever knows one may raise alerts, like whoever knows the key of a webhook.

A key does not survive mail, whose servers may fold the case of what stands before the @ (RFC 5321, 2.4). So the address
carries a hash of it, in letters that have no case to lose; and it is looked up by a hash of its own, like every key.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from bot.engine.model import Instant
from bot.engine.world import Integration, World
from bot.store.base import Inbound
from webhooks.auth import key_hash
from webhooks.sources import SOURCES

TOKEN_LENGTH: Final = 26
"""Characters of base32: 130 bits, and far below the 64 that a local part may have (RFC 5321, 4.5.3.1.1)."""
DETAIL: Final = "+"
DETAIL_LIMIT: Final = 128
"""Characters behind the `+`: the key of an alert, chosen by the sender."""
ANSWERS: Final = re.compile(r"(?:reply|bounce)\+.+", re.IGNORECASE)
"""Local parts of addresses that Tocsin's own mails carry, for people's answers and servers' bounces."""


def token_of(key: str) -> str:
    """The local part that belongs to an integration's key: lower-case letters and digits 2 to 7."""
    digest = hashlib.sha256(b"tocsin mail address 1\0" + key.encode("utf-8", "replace")).digest()
    return base64.b32encode(digest).decode().lower()[:TOKEN_LENGTH]


def alias_of(integration: Integration) -> str:
    """The name that the manifest gives the address besides; "" when it gives none."""
    settings: Any = integration.config.get("email")
    return str(settings.get("address") or "") if isinstance(settings, Mapping) else ""


def takes_mail(integration: Integration) -> bool:
    """Whether alerts of this integration are mails."""
    source = SOURCES.get(integration.source)
    return source is not None and source.by_mail


def addresses(integration: Integration, domain: str) -> tuple[str, ...]:
    """The addresses to which its mails go: the secret one, and its alias if it has one."""
    names = filter(None, (token_of(integration.key), alias_of(integration)))
    return tuple(f"{name}@{domain}" for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Whose mail it is, and what the sender wrote behind the `+`."""

    integration: Integration
    detail: str

    def inbound(self, row: str, at: Instant, sender: str, raw: bytes) -> Inbound:
        """What is kept: the whole mail, and of its envelope all but the secret part of the address."""
        plus = DETAIL + quote(self.detail, safe="") if self.detail else ""
        return Inbound(
            id=row,
            integration=self.integration.id,
            source=self.integration.source,
            received_at=at,
            headers={"return-path": sender if sender not in ("", "<>") else "<>"},
            path=f"{self.integration.id}{plus}@mail",
            body=raw,
        )


class Book:
    """Integrations by the hash of their addresses, made anew when another manifest comes into force."""

    def __init__(self, world: Callable[[], World]) -> None:
        """Look at this world, whichever it is by then."""
        self._world = world
        self._of: Mapping[str, Integration] = {}
        self._table: dict[str, Integration] = {}

    def domain(self) -> str:
        """The domain whose mail is taken; "" when the manifest names none."""
        return self._world().mail_domain

    def find(self, local: str) -> Box | None:
        """Whose mail goes to this local part, whatever its case: `NAME`, or `NAME+KEY` for the alert of that key.

        The name may itself stand behind a plus, `alerts+NAME@…`, where a provider sorts mail into one mailbox so.
        """
        name, _, detail = local.strip('"').partition(DETAIL)
        inner, _, rest = detail.partition(DETAIL)
        for candidate, behind in ((name, detail), (inner, rest)):
            integration = self._known().get(key_hash(candidate.lower()))
            if integration is not None:
                return Box(integration=integration, detail=behind[:DETAIL_LIMIT])
        return None

    def _known(self) -> Mapping[str, Integration]:
        integrations = self._world().integrations
        if self._of is not integrations:
            names = ((each, name) for each in integrations.values() if takes_mail(each) for name in _names(each))
            self._of, self._table = integrations, {key_hash(name): each for each, name in names}
        return self._table


def _names(integration: Integration) -> tuple[str, ...]:
    return tuple(filter(None, (token_of(integration.key), alias_of(integration).lower())))


def split(address: str) -> tuple[str, str]:
    """What stands before and behind the last @, the domain in lower case without a dot at its end."""
    local, _, domain = address.strip().strip("<>").rpartition("@")
    return local, domain.lower().rstrip(".")
