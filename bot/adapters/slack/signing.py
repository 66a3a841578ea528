"""The signature of a callback: proves that Slack sent these very bytes, and lately.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

FRESH_S = 300
"""A signature is good for five minutes."""


def authentic(secret: str, now: float, headers: Mapping[str, str], body: bytes) -> bool:
    """Compares the raw bytes in constant time, before anything is parsed; without a secret nobody is believed."""
    stamp = headers.get("x-slack-request-timestamp", "")
    if not secret or not (stamp.isascii() and stamp.isdigit()) or len(stamp) > 12:
        return False
    if abs(now - int(stamp)) > FRESH_S:
        return False
    given = headers.get("x-slack-signature", "")
    return hmac.compare_digest(_seal(secret, stamp, body).encode(), given.encode(errors="replace"))


def signed(secret: str, now: float, body: bytes) -> dict[str, str]:
    """The headers with which Slack would send this body."""
    stamp = str(int(now))
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": _seal(secret, stamp, body)}


def _seal(secret: str, stamp: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return f"v0={digest}"
