"""Reply markup as Telegram checks it: inline keyboards, and the request for a reply.

Sources: https://core.telegram.org/bots/api#inlinekeyboardmarkup, #inlinekeyboardbutton and #forcereply
"""

from __future__ import annotations

import json
import re
from typing import Any

from bot.playground.hub import Json
from bot.playground.telegram.refusals import bad_request

CALLBACK_DATA_MAX = 64  # bytes: https://core.telegram.org/bots/api#inlinekeyboardbutton
COPY_TEXT_MAX = 256  # https://core.telegram.org/bots/api#copytextbutton
PLACEHOLDER_MAX = 64  # https://core.telegram.org/bots/api#forcereply
ROW_MAX = 8  # the two sizes are not in the reference; clients and servers hold them (telegram.constants, PTB 22.8)
BUTTONS_MAX = 100

_ACTIONS = frozenset({
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
})  # fmt: skip
_STYLES = frozenset({"primary", "success", "danger"})


def structured(args: Json, name: str) -> Any:
    """A nested argument: native in a JSON body, a JSON string in a form; `None` when absent.

    Raises `TelegramRefusal` for a string that is not JSON.
    """
    value = args.get(name)
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        return json.loads(value)
    except ValueError:
        raise bad_request(f"object expected as {name.replace('_', ' ')}") from None


def reply_markup(args: Json, *, inline_only: bool = False) -> Json | None:
    """The checked `reply_markup` argument, or `None`.

    Raises `TelegramRefusal`, with `inline_only` (an edit) also for anything but an inline keyboard.
    """
    markup = structured(args, "reply_markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        return _inline(markup["inline_keyboard"])
    if inline_only and markup:
        raise bad_request("inline keyboard expected")
    if not markup:
        return None
    if markup.get("force_reply") is True:
        placeholder = markup.get("input_field_placeholder")
        if placeholder is not None and not 1 <= len(str(placeholder)) <= PLACEHOLDER_MAX:
            raise bad_request("input field placeholder is too long")
        return markup
    if markup.get("remove_keyboard") is True or "keyboard" in markup:
        return markup
    raise bad_request("inline keyboard expected")


def _inline(rows: Any) -> Json | None:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" must be of type Array of Arrays')
    kept = [[_button(button) for button in row] for row in rows if row]
    if any(len(row) > ROW_MAX for row in kept) or sum(len(row) for row in kept) > BUTTONS_MAX:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": kept} if kept else None


def _button(button: Any) -> Json:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: expected an Object")
    text = button.get("text")
    if not isinstance(text, str) or not text.strip():
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    actions = [name for name in _ACTIONS if button.get(name) is not None]
    if not actions:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad_request("can't parse inline keyboard button: exactly one of the optional fields must be used")
    if button.get("style") not in _STYLES | {None}:
        raise bad_request("can't parse inline keyboard button: invalid button style specified")
    if "callback_data" in button:
        data = button["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= CALLBACK_DATA_MAX:
            raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and not re.fullmatch(r"https?://[^\s/.]+\.[^\s/]+\S*|tg://\S+", str(button["url"])):
        raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    if "copy_text" in button:
        copied = button["copy_text"]
        size = len(str(copied.get("text", ""))) if isinstance(copied, dict) else 0
        if not 1 <= size <= COPY_TEXT_MAX:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
    return button


def callback_buttons(message: Json) -> list[str]:
    """The `callback_data` of every button that a message shows."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["callback_data"] for row in rows for button in row if "callback_data" in button]
