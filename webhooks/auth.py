"""Who may send: an integration is found by its key, and one that has a secret asks for that as well.

Keys are looked up by their SHA-256, so that neither the table nor the time of a look-up says anything about a key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping

from bot.engine.world import Integration

SIGNATURE_HEADER = "signature_header"
"""The setting of an integration that names the header with a HMAC-SHA256 over the body, in hexadecimal."""


def key_hash(key: str) -> str:
    """What an integration is looked up by."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def by_key_hash(integrations: Iterable[Integration]) -> dict[str, Integration]:
    """The look-up that intake is given."""
    return {key_hash(integration.key): integration for integration in integrations}


def basic_password(headers: Mapping[str, str]) -> str:
    """The password of HTTP basic authentication, or ""."""
    try:
        pair = base64.b64decode(_credentials(headers, "basic"), validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""
    return pair.partition(":")[2]


def bearer_token(headers: Mapping[str, str]) -> str:
    """The token of `Authorization: Bearer`, or ""."""
    return _credentials(headers, "bearer")


def unproven(integration: Integration, headers: Mapping[str, str]) -> str:
    """Why these headers do not prove the integration's secret, as a sentence; "" when they do or need not.

    The secret may come as a bearer token or as the password of basic authentication, whatever the user name.
    """
    secret = integration.config.get("secret", "")
    if not secret or integration.config.get(SIGNATURE_HEADER):
        return ""
    if _same(bearer_token(headers), secret) or _same(basic_password(headers), secret):
        return ""
    return (
        "This integration asks for its secret too: as Authorization: Bearer SECRET, or as the password of basic auth."
    )


def forged(integration: Integration, headers: Mapping[str, str], raw: bytes) -> str:
    """Why the signature does not hold for the bytes as they were sent, as a sentence; "" when it does or need not."""
    header = integration.config.get(SIGNATURE_HEADER, "").lower()
    if not header:
        return ""
    secret = integration.config.get("secret", "")
    stated = headers.get(header, "").strip().lower().removeprefix("sha256=")
    expected = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    if secret and _same(stated, expected):
        return ""
    return f"The header {header} must carry the HMAC-SHA256 of the body with the integration's secret; it does not."


def _credentials(headers: Mapping[str, str], wanted: str) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == wanted else ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
