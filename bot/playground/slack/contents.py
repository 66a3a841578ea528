"""What a message may contain: text, blocks, attachments and metadata, checked and put into the stored form."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from bot.playground.hub import Json
from bot.playground.slack.blockkit import check_blocks
from bot.playground.slack.findings import Findings
from bot.playground.slack.refusals import SlackRefusal

# Longer text is cut: https://docs.slack.dev/changelog/2018-04-truncating-really-long-messages
TEXT_MAX = 40_000
UPDATE_TEXT_MAX = 4_000  # `msg_too_long` of https://docs.slack.dev/reference/methods/chat.update
ATTACHMENTS_MAX = 100  # `too_many_attachments` of https://docs.slack.dev/reference/methods/chat.postMessage
CUT_WARNING = "[WARN] Your message was truncated but still posted. The `text` field accepts up to 40,000 characters."

_COLOUR = re.compile(r"#?[0-9A-Fa-f]{6}|good|warning|danger")
_ATTACHMENT_KEYS = frozenset({
    "id", "color", "fallback", "blocks", "text", "pretext", "title", "title_link", "fields", "footer", "ts",
    "mrkdwn_in", "author_name", "author_link", "author_icon", "image_url", "thumb_url", "footer_icon",
})  # fmt: skip


def structured(args: Json, name: str, error: str) -> Any:
    """A nested argument: native in a JSON body, a JSON string in a form; `None` when absent.

    Raises `SlackRefusal(error)` for a string that is not JSON.
    """
    value = args.get(name)
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        return json.loads(value)
    except ValueError:
        raise SlackRefusal(error, f"{name} is not valid JSON") from None


def message_content(args: Json) -> Json:
    """The checked content fields among `text, blocks, attachments, metadata` that the caller gave.

    Raises `SlackRefusal`: `invalid_blocks_format`, `invalid_blocks`, `invalid_attachments`, `too_many_attachments`,
    `invalid_metadata_format`, `invalid_metadata_schema`. Errors as listed at
    https://docs.slack.dev/reference/methods/chat.postMessage.
    """
    content: Json = {}
    text = args.get("text")
    if text is not None:
        content["text"] = str(text)
    blocks = structured(args, "blocks", "invalid_blocks_format")
    attachments = structured(args, "attachments", "invalid_attachments")
    seen: set[str] = set()
    if blocks is not None:
        found = Findings()
        check_blocks(found, blocks, "/blocks", modal=False, seen=seen)
        if found.messages:
            raise SlackRefusal("invalid_blocks", *found.messages)
        content["blocks"] = with_ids(blocks)
    if attachments is not None:
        content["attachments"] = _attachments(attachments, seen)
    metadata = structured(args, "metadata", "invalid_metadata_format")
    if metadata is not None:
        content["metadata"] = _metadata(metadata)
    return content


def cut(content: Json) -> Json:
    """The warning fields of an answer when the text was too long; cuts `content["text"]` in place.

    Source: https://docs.slack.dev/changelog/2018-04-truncating-really-long-messages
    """
    if len(content.get("text", "")) <= TEXT_MAX:
        return {}
    content["text"] = content["text"][:TEXT_MAX]
    return {"response_metadata": {"messages": [CUT_WARNING], "warnings": ["message_truncated"]}}


def _attachments(attachments: Any, seen: set[str]) -> list[Json]:
    # https://docs.slack.dev/messaging/formatting-message-text#attachments and .../legacy/legacy-messaging
    found = Findings()
    if not isinstance(attachments, list):
        raise SlackRefusal("invalid_attachments", "attachments must be an array")
    if len(attachments) > ATTACHMENTS_MAX:
        raise SlackRefusal("too_many_attachments")
    stored: list[Json] = []
    for index, attachment in enumerate(attachments):
        at = f"/attachments/{index}"
        if not isinstance(attachment, dict):
            found.add("must be an object", at)
            continue
        found.keys(attachment, at, _ATTACHMENT_KEYS)
        colour = attachment.get("color")
        if colour is not None and not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
            found.add("must be good, warning, danger or a hex colour such as #D72D30", f"{at}/color")
        if "blocks" in attachment:
            check_blocks(found, attachment["blocks"], f"{at}/blocks", modal=False, seen=seen)
        elif not attachment.keys() & {"text", "pretext", "title", "fields", "image_url", "fallback"}:
            found.add("an attachment needs blocks, or text or fallback", at)
        if found.messages:
            continue
        kept = {"id": index + 1, "fallback": "[no preview available]", **attachment}
        if colour is not None:
            kept["color"] = colour.removeprefix("#")
        if "blocks" in kept:
            kept["blocks"] = with_ids(kept["blocks"])
        stored.append(kept)
    if found.messages:
        raise SlackRefusal("invalid_attachments", *found.messages)
    return stored


def _metadata(metadata: Any) -> Json:
    # https://docs.slack.dev/messaging/message-metadata: both fields are required, the payload is an object
    if not isinstance(metadata, dict):
        raise SlackRefusal("invalid_metadata_format", "metadata must be an object")
    if not metadata:
        return {}
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not isinstance(payload, dict) or len(metadata) != 2:
        raise SlackRefusal("invalid_metadata_schema", "metadata must have event_type and an object event_payload")
    return metadata


def with_ids(blocks: list[Json]) -> list[Json]:
    """A copy in which every block and element has an id, as Slack fills in missing ones."""
    copies: list[Json] = json.loads(json.dumps(blocks))
    for block in copies:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        parts = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        for part in parts:
            if isinstance(part, dict) and part.get("type") not in {"image", "plain_text", "mrkdwn"}:
                part.setdefault("action_id", secrets.token_urlsafe(4))
    return copies
