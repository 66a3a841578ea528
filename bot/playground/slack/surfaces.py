"""The elements on a screen: finding the one that a person uses, and what each of them holds at that moment."""

from __future__ import annotations

from typing import Any

from bot.playground.emulator import ActRefused
from bot.playground.hub import Json
from bot.playground.slack.blockkit import elements_of

Surfaces = list[tuple[list[Json], Json]]
"""Lists of blocks, each with the part of the payload's `container` that is its own."""


def surfaces_of(message: Json) -> Surfaces:
    """The blocks of a message and of each of its attachments."""
    surfaces: Surfaces = [(message.get("blocks", []), {"type": "message"})]
    for attachment in message.get("attachments", []):
        if "blocks" in attachment:
            own: Json = {"type": "message_attachment", "attachment_id": attachment["id"], "is_app_unfurl": False}
            surfaces.append((attachment["blocks"], own))
    return surfaces


def element_at(surfaces: Surfaces, action_id: str, block_id: str | None) -> tuple[Json, Json, Json]:
    """The `(block, element, container)` of an action id; raises `ActRefused` when nothing shown has it."""
    for blocks, own in surfaces:
        for block, element in elements_of(blocks):
            if element["action_id"] == action_id and block_id in {None, block["block_id"]}:
                return block, element, own
    raise ActRefused(f"There is no button or menu {action_id!r} here.")


def surface_state(surfaces: Surfaces, action: Json) -> Json:
    """`state.values`: every stateful element with what it holds after `action`.

    Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    values: Json = {}
    for blocks, _ in surfaces:
        for block, element in elements_of(blocks):
            if element["type"] in {"button", "overflow"}:
                continue
            held = entry(element, initial_of(element))
            if (block["block_id"], element["action_id"]) == (action["block_id"], action["action_id"]):
                ids = {"action_id", "block_id", "action_ts"}
                held = {name: value for name, value in action.items() if name not in ids}
            values.setdefault(block["block_id"], {})[element["action_id"]] = held
    return values


def entry(element: Json, given: Any) -> Json:
    """What an element reports for what a person typed or chose; `None` stands for nothing.

    Raises `ActRefused` for a choice that the element does not offer.
    """
    kind = element["type"]
    if kind in {"static_select", "radio_buttons", "overflow"}:
        return {"type": kind, "selected_option": option_of(element, given) if given is not None else None}
    if kind in {"multi_static_select", "checkboxes"}:
        return {"type": kind, "selected_options": [option_of(element, value) for value in given or []]}
    if kind == "users_select":
        return {"type": kind, "selected_user": given}
    if kind == "multi_users_select":
        return {"type": kind, "selected_users": list(given or [])}
    if kind in {"datepicker", "timepicker", "datetimepicker"}:
        name = {"datepicker": "selected_date", "timepicker": "selected_time"}.get(kind, "selected_date_time")
        return {"type": kind, name: given}
    return {"type": kind, "value": given}


def option_of(element: Json, value: Any) -> Json:
    """The option of a menu by its value; raises `ActRefused` when the menu has none such."""
    groups = [element, *element.get("option_groups", [])]
    for option in (option for group in groups for option in group.get("options", [])):
        if option["value"] == value:
            return dict(option)
    raise ActRefused(f"This menu offers no option {value!r}.")


def initial_of(element: Json) -> Any:
    """What an untouched element holds."""
    if "initial_option" in element:
        return element["initial_option"]["value"]
    if "initial_options" in element:
        return [option["value"] for option in element["initial_options"]]
    names = ("initial_value", "initial_user", "initial_users", "initial_date", "initial_time", "initial_date_time")
    return next((element[name] for name in names if name in element), None)
