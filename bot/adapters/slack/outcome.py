"""What became of a call to Slack: every way it can fail, as one of the outcomes of the contract.

A 200 with `ok: false` is a failure. Errors: https://docs.slack.dev/reference/methods/chat.postMessage and
https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.adapters.base import AuthBroken, EditTargetGone, Permanent, RateLimited, SendError, Transient

if TYPE_CHECKING:
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_slack_response import AsyncSlackResponse

RETRY_AFTER_DEFAULT_S = 30.0
"""How long to wait where Slack says "too fast" and not how long."""

AUTH_WORDS = frozenset({
    "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
    "no_permission", "not_allowed_token_type", "org_login_required", "team_access_not_granted", "access_denied",
    "ekm_access_denied",
})  # fmt: skip
CHAT_WORDS = frozenset({
    "channel_not_found", "not_in_channel", "is_archived", "is_inactive", "restricted_action",
    "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
    "restricted_action_non_threadable_channel", "restricted_action_thread_locked", "team_not_found",
    "user_not_in_channel", "external_channel_migrating", "slack_connect_file_link_sharing_blocked",
})  # fmt: skip
PERSON_WORDS = frozenset({
    "users_not_found", "user_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot", "messages_tab_disabled",
    "as_user_not_supported", "users_list_not_supplied", "cant_invite", "user_is_restricted",
})  # fmt: skip
CARD_WORDS = frozenset({
    "invalid_blocks", "invalid_blocks_format", "invalid_attachments", "too_many_attachments", "msg_too_long",
    "msg_blocks_too_long", "no_text", "invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large",
    "invalid_arguments", "invalid_arg_name", "invalid_array_arg", "invalid_charset", "invalid_json", "json_not_object",
    "view_too_large", "markdown_text_conflict",
})  # fmt: skip
GONE_WORDS = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
LATER_WORDS = frozenset({"service_unavailable", "request_timeout", "team_added_to_org", "accesslimited"})
MAYBE_WORDS = frozenset({"internal_error", "fatal_error"})
"""Slack says of these that a part of the call may have succeeded."""


@asynccontextmanager
async def outcome(timeout_s: float, *, ambiguous: bool = True) -> AsyncIterator[None]:
    """Bounds what is done inside by `timeout_s` seconds, and raises each of its failures as a `SendError`.

    `ambiguous=False` is for calls that write nothing: their timeout leaves no doubt.
    """
    import aiohttp
    from slack_sdk.errors import SlackApiError

    try:
        async with asyncio.timeout(timeout_s):
            yield
    except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
        raise Transient("unreachable", type(error).__name__) from error  # nothing was sent: no connection came about
    except TimeoutError as error:
        raise Transient("timeout", f"no answer within {timeout_s:g} s", ambiguous=ambiguous) from error
    except aiohttp.ClientError as error:
        raise Transient("connection_lost", type(error).__name__, ambiguous=ambiguous) from error
    except SlackApiError as error:
        raise _refused(error, ambiguous=ambiguous) from error
    except (AttributeError, ValueError) as error:
        # slack_sdk stumbles over a 200 whose body is text or a JSON list, as a captive portal or a proxy sends it
        raise Transient("bad_answer", "the answer was not Slack's", ambiguous=ambiguous) from error


def fact(answer: AsyncSlackResponse, *path: str) -> str:
    """A text in an answer that says `ok`; raises ValueError, which `outcome` understands, where there is none."""
    value: object = answer.data
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise ValueError(f"no {'.'.join(path)} in the answer")  # noqa: TRY004  # the answer is wrong, not our call
    return value


def _refused(error: SlackApiError, *, ambiguous: bool) -> SendError:
    response = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    data = getattr(response, "data", None)
    said = data if isinstance(data, dict) else {}
    word = str(said.get("error", ""))
    if status == 429 or word in {"ratelimited", "rate_limited"}:
        return RateLimited(wait_s(str(response.headers.get("Retry-After", ""))), word or "HTTP 429")
    if status >= 500 or not word:
        return Transient("platform_down", f"HTTP {status} {word}".strip(), ambiguous=ambiguous and status != 503)
    details = said.get("response_metadata")
    messages = details.get("messages", []) if isinstance(details, dict) else []
    needed = f"the scope {said['needed']} is missing" if said.get("needed") else ""
    return named(
        word, "; ".join([word, *(str(message) for message in messages), *([needed] if needed else [])]), ambiguous
    )


def wait_s(text: str) -> float:
    """The seconds of a `Retry-After`; at least one."""
    try:
        return max(float(text), 1.0)
    except ValueError:
        return RETRY_AFTER_DEFAULT_S


def named(word: str, detail: str, ambiguous: bool = False) -> SendError:  # noqa: FBT001, FBT002  # one fact, at the end
    """The outcome that an `error` word of Slack stands for; an unknown word is a refusal for good."""
    if word in AUTH_WORDS:
        return AuthBroken("auth_broken", detail)
    if word in GONE_WORDS:
        return EditTargetGone("edit_target_gone", detail)
    if word in CHAT_WORDS:
        return Permanent("chat_unreachable", detail)
    if word in PERSON_WORDS:
        return Permanent("recipient_unreachable", detail)
    if word in CARD_WORDS:
        return Permanent("card_invalid", detail)
    if word in LATER_WORDS | MAYBE_WORDS:
        return Transient("platform_down", detail, ambiguous=ambiguous and word in MAYBE_WORDS)
    return Permanent("refused", detail)
