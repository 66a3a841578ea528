"""What is said back, in the shapes that Slack takes: a reply, the end of a form, a Home tab, the form of a shortcut.

Sources: https://docs.slack.dev/interactivity/handling-user-interaction, https://docs.slack.dev/surfaces/modals and
https://docs.slack.dev/surfaces/app-home
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.adapters.base import Answer, Json
from bot.adapters.slack.decode import KEEP, Remark

RESPONSE_FIELDS = ("text", "blocks", "attachments", "unfurl_links", "unfurl_media")
"""What a `response_url` and the body of an answer understand, of the fields that chat.postMessage does."""
INPUT_MAX = 3_000
"""Characters of a text input: https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element"""
ERROR_MAX = 300
"""Characters beside a field, our own: Slack names no limit, and the place is small."""
REF_MAX = 20
KEEP_FAILED: Final = "failed"
KEEP_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Add to an incident",
        "submit": "Add note",
        "cancel": "Cancel",
        "incident": "Incident",
        "hint": "Its number, such as #142.",
        "note": "Note",
        KEEP_FAILED: "Slack did not open the form in time, and nothing was kept. Try again, or type: /toc note #142 …",
    },
    "zh": {
        "title": "添加到故障",
        "submit": "添加备注",
        "cancel": "取消",
        "incident": "故障",
        "hint": "故障编号，例如 #142。",
        "note": "备注",
        KEEP_FAILED: "Slack 未能及时打开表单，内容没有保存。请重试，或输入：/toc note #142 …",
    },
}
"""The shortcut's own words: they are said before the product is asked anything."""


def spoken(answer: Answer) -> list[Json]:
    """The answer as bodies for a response_url: first the toast, then the message; for one person unless `here`."""
    shown: Json = {"response_type": "in_channel" if answer.here else "ephemeral", "replace_original": False}
    bodies = [{"text": escaped(answer.toast), **shown}] if answer.toast else []
    if answer.message is not None:
        bodies.append({**content(answer.message), **shown})
    return bodies


def content(message: Json) -> Json:
    """The part of a rendered message that is shown."""
    return {name: message[name] for name in RESPONSE_FIELDS if name in message}


def escaped(text: str) -> str:
    """Plain text for a place that reads markup: https://docs.slack.dev/messaging/formatting-message-text#escaping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def faults(view: Json, answer: Answer) -> dict[str, str]:
    """What is wrong with a form, by the block that it stands beside; empty where the form may close.

    Errors can stand beside input blocks only (https://docs.slack.dev/surfaces/modals#displaying_errors), so a refusal
    that concerns no field in particular stands beside the first.
    """
    inputs = [str(block["block_id"]) for block in view.get("blocks", []) if block.get("type") == "input"]
    found = {name: text[:ERROR_MAX] for name, text in answer.errors.items() if name in inputs and text}
    if found or not inputs or not (answer.alert or answer.errors):
        return found
    why = answer.toast or str((answer.message or {}).get("text", ""))
    return {inputs[0]: why[:ERROR_MAX]} if why else {}


def home_view(answer: Answer) -> Json:
    """The Home tab that shows an answer: https://docs.slack.dev/reference/views/home-tab-views."""
    blocks = [block for message in (answer.message or {},) for block in _blocks(message)]
    if answer.toast and not blocks:
        blocks = [{"type": "section", "text": {"type": "plain_text", "text": answer.toast}}]
    return {"type": "home", "blocks": blocks}


def _blocks(message: Json) -> list[Json]:
    blocks = [*message.get("blocks", ()), *(b for each in message.get("attachments", ()) for b in each["blocks"])]
    if not blocks and message.get("text"):
        return [{"type": "section", "text": {"type": "mrkdwn", "text": message["text"]}}]
    return blocks


def words(locale: str) -> Mapping[str, str]:
    """What the shortcut says in the language of a locale such as `zh-CN`; English where no other is known."""
    return KEEP_WORDS["zh" if locale.lower().startswith("zh") else "en"]


def keep_form(remark: Remark, locale: str = "") -> Json:
    """The form behind the shortcut `Add to incident`: which incident, and the words as they will stand in its timeline.

    In the language that is known of the person by now: nothing is looked up while the three seconds run.
    """
    said = words(locale)
    text: Json = {"type": "plain_text_input", "action_id": "text", "multiline": True, "max_length": INPUT_MAX}
    if remark.text:
        text["initial_value"] = remark.text[:INPUT_MAX]
    number = {"type": "plain_text_input", "action_id": "ref", "max_length": REF_MAX, "focus_on_load": True}
    return {
        "type": "modal",
        "callback_id": KEEP,
        "private_metadata": remark.link,
        "title": _plain(said["title"]),
        "submit": _plain(said["submit"]),
        "close": _plain(said["cancel"]),
        "blocks": [
            {"type": "input", "block_id": "ref", "label": _plain(said["incident"]), "element": number}
            | {"hint": _plain(said["hint"])},
            {"type": "input", "block_id": "text", "label": _plain(said["note"]), "element": text},
        ],
    }


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}
