"""The interactive elements of Block Kit: buttons, menus and inputs, each with the vendor's limits.

Sources: https://docs.slack.dev/reference/block-kit/block-elements and .../composition-objects for options and confirms.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

from bot.playground.hub import Json
from bot.playground.slack.findings import Findings

ACTION_ID_MAX = 255
BUTTON_TEXT_MAX = 75  # .../block-elements/button-element
BUTTON_VALUE_MAX = 2_000
URL_MAX = 3_000
PLACEHOLDER_MAX = 150  # .../block-elements/select-menu-element
SELECT_OPTIONS_MAX = 100
OVERFLOW_OPTIONS_MAX = 5  # .../block-elements/overflow-menu-element
CHOICE_OPTIONS_MAX = 10  # .../block-elements/radio-button-group-element and checkboxes-element
OPTION_TEXT_MAX = 75  # .../composition-objects/option-object
OPTION_VALUE_MAX = 150
INPUT_LENGTH_MAX = 3_000  # .../block-elements/plain-text-input-element

_BASE = frozenset({"type", "action_id", "confirm", "focus_on_load"})


def check_element(found: Findings, element: Any, at: str, allowed: AbstractSet[str]) -> None:
    """Note everything wrong with one element whose type must be among `allowed`."""
    if element is None:
        found.add(f"missing required field: {at.rpartition('/')[2]}", at.rpartition("/")[0])
        return
    if not isinstance(element, dict):
        found.add("must be an object", at)
        return
    kind = element.get("type")
    if not isinstance(kind, str) or kind not in allowed:
        found.add(f"unsupported type: {kind}", f"{at}/type")
        return
    if "action_id" in element:
        found.text(element["action_id"], f"{at}/action_id", ACTION_ID_MAX)
    if "placeholder" in element:
        found.text_object(element["placeholder"], f"{at}/placeholder", PLACEHOLDER_MAX, plain=True)
    if "confirm" in element:
        _confirm(found, element["confirm"], f"{at}/confirm")
    _ELEMENTS[kind](found, element, at)


def _confirm(found: Findings, confirm: Any, at: str) -> None:
    # .../composition-objects/confirmation-dialog-object
    if not isinstance(confirm, dict):
        found.add("must be an object", at)
        return
    found.keys(confirm, at, {"title", "text", "confirm", "deny", "style"})
    found.text_object(confirm.get("title"), f"{at}/title", 100, plain=True)
    found.text_object(confirm.get("text"), f"{at}/text", 300)
    found.text_object(confirm.get("confirm"), f"{at}/confirm", 30, plain=True)
    found.text_object(confirm.get("deny"), f"{at}/deny", 30, plain=True)
    _style(found, confirm, at)


def _style(found: Findings, value: Json, at: str) -> None:
    if "style" in value and value["style"] not in {"primary", "danger"}:
        found.add("must be one of: primary, danger", f"{at}/style")


def _button(found: Findings, element: Json, at: str) -> None:
    found.keys(element, at, {"type", "action_id", "confirm", "text", "url", "value", "style", "accessibility_label"})
    found.text_object(element.get("text"), f"{at}/text", BUTTON_TEXT_MAX, plain=True)
    if "value" in element:
        found.text(element["value"], f"{at}/value", BUTTON_VALUE_MAX)
    if "url" in element:
        found.text(element["url"], f"{at}/url", URL_MAX)
    if "accessibility_label" in element:
        found.text(element["accessibility_label"], f"{at}/accessibility_label", BUTTON_TEXT_MAX)
    _style(found, element, at)


def _options(
    found: Findings, options: Any, at: str, most: int, *, url: bool = False, mrkdwn: bool = False
) -> list[Any]:
    items = found.items(options, at, 1, most)
    values: set[str] = set()
    for index, option in enumerate(items):
        where = f"{at}/{index}"
        if not isinstance(option, dict):
            found.add("must be an object", where)
            continue
        found.keys(option, where, {"text", "value", "description"} | ({"url"} if url else set()))
        found.text_object(option.get("text"), f"{where}/text", OPTION_TEXT_MAX, plain=not mrkdwn)
        found.text(option.get("value"), f"{where}/value", OPTION_VALUE_MAX)
        if "description" in option:
            found.text_object(option["description"], f"{where}/description", OPTION_TEXT_MAX, plain=not mrkdwn)
        if str(option.get("value")) in values:
            found.add("option values must be unique", f"{where}/value")
        values.add(str(option.get("value")))
    return items


def _select(found: Findings, element: Json, at: str) -> None:
    multi = element["type"].startswith("multi_")
    chosen = "initial_options" if multi else "initial_option"
    own = {"placeholder", "options", "option_groups", chosen} | ({"max_selected_items"} if multi else set())
    found.keys(element, at, _BASE | own)
    if ("options" in element) == ("option_groups" in element):
        found.add("exactly one of options and option_groups is required", at)
        return
    options: list[Any] = []
    if "options" in element:
        options = _options(found, element["options"], f"{at}/options", SELECT_OPTIONS_MAX)
    else:
        groups = found.items(element["option_groups"], f"{at}/option_groups", 1, SELECT_OPTIONS_MAX)
        for index, group in enumerate(groups):
            where = f"{at}/option_groups/{index}"
            if isinstance(group, dict):
                found.keys(group, where, {"label", "options"})
                found.text_object(group.get("label"), f"{where}/label", OPTION_TEXT_MAX, plain=True)
                options.extend(_options(found, group.get("options"), f"{where}/options", SELECT_OPTIONS_MAX))
            else:
                found.add("must be an object", where)
    initial = element.get(chosen, [] if multi else None)
    for option in initial if isinstance(initial, list) else [initial]:
        if option is not None and option not in options:
            found.add("initial option must exactly match one of the options", f"{at}/{chosen}")


def _users_select(found: Findings, element: Json, at: str) -> None:
    multi = element["type"].startswith("multi_")
    own = {"placeholder", "initial_users", "max_selected_items"} if multi else {"placeholder", "initial_user"}
    found.keys(element, at, _BASE | own)


def _overflow(found: Findings, element: Json, at: str) -> None:
    found.keys(element, at, {"type", "action_id", "confirm", "options"})
    _options(found, element.get("options"), f"{at}/options", OVERFLOW_OPTIONS_MAX, url=True)


def _choices(found: Findings, element: Json, at: str) -> None:
    found.keys(element, at, _BASE | {"options", "initial_option", "initial_options"})
    _options(found, element.get("options"), f"{at}/options", CHOICE_OPTIONS_MAX, mrkdwn=True)


def _text_input(found: Findings, element: Json, at: str) -> None:
    own = {"placeholder", "initial_value", "multiline", "min_length", "max_length", "dispatch_action_config"}
    found.keys(element, at, _BASE - {"confirm"} | own)
    least, most = element.get("min_length", 0), element.get("max_length", INPUT_LENGTH_MAX)
    if not isinstance(least, int) or not 0 <= least <= INPUT_LENGTH_MAX:
        found.add(f"must be between 0 and {INPUT_LENGTH_MAX}", f"{at}/min_length")
    elif not isinstance(most, int) or not max(1, least) <= most <= INPUT_LENGTH_MAX:
        found.add(f"must be between min_length and {INPUT_LENGTH_MAX}", f"{at}/max_length")
    if "initial_value" in element:
        found.text(element["initial_value"], f"{at}/initial_value", INPUT_LENGTH_MAX, least=0)


def _typed_input(found: Findings, element: Json, at: str) -> None:
    own = {"placeholder", "initial_value", "dispatch_action_config"}
    if element["type"] == "number_input":
        own |= {"is_decimal_allowed", "min_value", "max_value"}
        if not isinstance(element.get("is_decimal_allowed"), bool):
            found.add("missing required field: is_decimal_allowed", at)
    found.keys(element, at, _BASE - {"confirm"} | own)


def _picker(found: Findings, element: Json, at: str) -> None:
    own = {"placeholder", "initial_date", "initial_time", "initial_date_time", "timezone"}
    found.keys(element, at, _BASE | own)


def _image(found: Findings, element: Json, at: str) -> None:
    found.keys(element, at, {"type", "image_url", "alt_text"})
    found.text(element.get("image_url"), f"{at}/image_url", URL_MAX)
    found.text(element.get("alt_text"), f"{at}/alt_text", 2_000)


_ELEMENTS: dict[str, Callable[[Findings, Json, str], None]] = {
    "button": _button, "static_select": _select, "multi_static_select": _select, "users_select": _users_select,
    "multi_users_select": _users_select, "overflow": _overflow, "radio_buttons": _choices, "checkboxes": _choices,
    "plain_text_input": _text_input, "number_input": _typed_input, "email_text_input": _typed_input,
    "url_text_input": _typed_input, "datepicker": _picker, "timepicker": _picker, "datetimepicker": _picker,
    "image": _image,
}  # fmt: skip
