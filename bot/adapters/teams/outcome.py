"""What became of a call to Teams: every way it can fail, as one of the outcomes of the contract.

Errors: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference and
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.adapters.base import AuthBroken, EditTargetGone, Permanent, RateLimited, SendError, Transient

RETRY_AFTER_DEFAULT_S = 10.0
"""How long to wait where Teams says "too fast" and not how long."""
DETAIL_MAX = 300
BLOCKED = "MessageWritesBlocked"
"""The person blocked the app, or removed it ("Understand who blocked, muted, or uninstalled a bot" in
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages)."""
PLACE_WORDS = ("BotNotInConversationRoster", "ConversationNotFound", "conversation ID", BLOCKED, "NotFoundInConversat")


class Refused(Exception):
    """An HTTP answer that is no success: its status, headers and body."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Keep the answer."""
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers
        self.body = body

    def said(self) -> str:
        """The code and the message of the body; both shapes that Teams uses."""
        try:
            body = json.loads(self.body or b"null")
        except ValueError:
            return ""
        inner = body.get("error", body) if isinstance(body, dict) else {}
        if isinstance(inner, str):  # the login service
            return f"{inner}: {body.get('error_description', '')}"[:DETAIL_MAX]
        code = inner.get("code", inner.get("errorCode", "")) if isinstance(inner, dict) else ""
        message = " ".join(str(inner.get("message", "")).split()) if isinstance(inner, dict) else ""
        return f"{code}: {message}"[:DETAIL_MAX] if code or message else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a call does, because the same status means different things: `person` or a chat, `edit` (of a message, or an
    answer below one) or a new message.

    `ambiguous=False` is for calls that write nothing: their timeout leaves no doubt.
    """

    person: bool = False
    edit: bool = False
    ambiguous: bool = True


@asynccontextmanager
async def outcome(timeout_s: float, kind: Kind) -> AsyncIterator[None]:
    """Bounds what is done inside by `timeout_s` seconds, and raises each of its failures as a `SendError`."""
    import aiohttp

    try:
        async with asyncio.timeout(timeout_s):
            yield
    except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
        raise Transient("unreachable", type(error).__name__) from error  # nothing was sent: no connection came about
    except TimeoutError as error:
        raise Transient("timeout", f"no answer within {timeout_s:g} s", ambiguous=kind.ambiguous) from error
    except aiohttp.ClientError as error:
        raise Transient("connection_lost", type(error).__name__, ambiguous=kind.ambiguous) from error
    except Refused as error:
        raise named(error, kind) from error


def named(error: Refused, kind: Kind) -> SendError:
    """The outcome that a refusal stands for; an unknown one is a refusal for good."""
    status, said = error.status, error.said()
    detail = f"HTTP {status} {said}".strip()
    if status == 429:
        return RateLimited(wait_s(error.headers), detail)
    if status in {412, 408} or status >= 500:
        # 412, 502 and 504 are to be tried again; only 503 says that nothing was done
        return Transient("platform_down", detail, ambiguous=kind.ambiguous and status not in {412, 503})
    unreachable = "recipient_unreachable" if kind.person else "chat_unreachable"
    if status == 404 and kind.edit:
        return EditTargetGone("edit_target_gone", detail)
    if status == 401:
        return AuthBroken("auth_broken", detail)
    if status in {403, 404} or any(word in said for word in PLACE_WORDS):
        return Permanent(unreachable, detail)
    if status in {400, 413}:
        return Permanent("card_invalid", detail)
    return Permanent("refused", detail)


def wait_s(headers: Mapping[str, str]) -> float:
    """The seconds of Retry-After."""
    try:
        return max(float(headers.get("Retry-After", "")), 1.0)
    except ValueError:
        return RETRY_AFTER_DEFAULT_S
