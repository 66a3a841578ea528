"""Modals and the Home tab: what `views.open` and `views.publish` accept, and what entries become in `view.state`.

Sources: https://docs.slack.dev/reference/views/modal-views and https://docs.slack.dev/reference/views/home-tab-views
"""

from __future__ import annotations

import json
import secrets

from bot.playground.emulator import ActRefused
from bot.playground.hub import Json
from bot.playground.slack.blockkit import check_blocks, elements_of
from bot.playground.slack.contents import structured, with_ids
from bot.playground.slack.findings import Findings
from bot.playground.slack.refusals import SlackRefusal
from bot.playground.slack.surfaces import entry, initial_of
from bot.playground.slack.workspace import Workspace

TITLE_MAX = 24  # also `close` and `submit`
PRIVATE_METADATA_MAX = 3_000
ID_MAX = 255
VIEW_BYTES_MAX = 250_000  # `view_too_large` of https://docs.slack.dev/reference/methods/views.open

_KEYS = frozenset({
    "type", "title", "blocks", "close", "submit", "private_metadata", "callback_id", "clear_on_close",
    "notify_on_close", "external_id", "submit_disabled",
})  # fmt: skip
_HOME_KEYS = frozenset({"type", "blocks", "private_metadata", "callback_id", "external_id"})


def checked_view(space: Workspace, args: Json, replacing: Json | None = None, kind: str = "modal") -> Json:
    """The full view object for the `view` argument; raises `invalid_arguments` or `view_too_large`.

    `replacing` keeps the id of a view that is on the screen; `kind` is `modal` or `home`.
    """
    view = structured(args, "view", "invalid_arguments")
    if not isinstance(view, dict):
        raise SlackRefusal("invalid_arguments", "view must be an object [json-pointer:/view]")
    if len(json.dumps(view)) > VIEW_BYTES_MAX:
        raise SlackRefusal("view_too_large")
    found = Findings()
    _check(found, view, kind)
    if found.messages:
        raise SlackRefusal("invalid_arguments", *found.messages)
    external = view.get("external_id", "")
    for shown in space.views.values():
        other = shown["view"]
        if external and other["external_id"] == external and (replacing is None or other["id"] != replacing["id"]):
            raise SlackRefusal("duplicate_external_id")
    view_id = replacing["id"] if replacing else space.fresh_id("V")
    return {
        "id": view_id, "team_id": space.config.team_id, "app_id": space.config.app_id, "bot_id": space.config.bot_id,
        "app_installed_team_id": space.config.team_id, "previous_view_id": None, "root_view_id": view_id,
        "private_metadata": "", "callback_id": "", "external_id": "", "clear_on_close": False, "notify_on_close": False,
        "close": None, "submit": None, "state": {"values": {}}, **view, "blocks": with_ids(view["blocks"]),
        "hash": f"{int(space.hub.now())}.{secrets.token_hex(4)}",
    }  # fmt: skip


def _check(found: Findings, view: Json, kind: str) -> None:
    if view.get("type") != kind:
        found.add(f"must be {kind}", "/view/type")
    found.keys(view, "/view", _KEYS if kind == "modal" else _HOME_KEYS)
    if kind == "modal":
        found.text_object(view.get("title"), "/view/title", TITLE_MAX, plain=True)
    for name in ("close", "submit"):
        if view.get(name) is not None:
            found.text_object(view[name], f"/view/{name}", TITLE_MAX, plain=True)
    if "private_metadata" in view:
        found.text(view["private_metadata"], "/view/private_metadata", PRIVATE_METADATA_MAX, least=0)
    for name in ("callback_id", "external_id"):
        if name in view:
            found.text(view[name], f"/view/{name}", ID_MAX, least=0)
    blocks = view.get("blocks")
    if blocks is None:
        found.add("missing required field: blocks", "/view")
        return
    check_blocks(found, blocks, "/view/blocks", modal=True)
    has_input = isinstance(blocks, list) and any(isinstance(b, dict) and b.get("type") == "input" for b in blocks)
    if kind == "modal" and has_input and view.get("submit") is None:
        found.add("submit is required when a view has an input block", "/view/submit")


def filled_state(view: Json, values: Json) -> Json:
    """`state` for a submission: `values` maps block id, then action id, to what the person entered.

    Raises `ActRefused` where the Slack client itself would not let the person submit: an unknown field, a required one
    left empty, text outside `min_length` and `max_length`.
    """
    state: Json = {}
    known = {(block["block_id"], element["action_id"]) for block, element in elements_of(view["blocks"])}
    for block_id, fields in values.items():
        for action_id in fields:
            if (block_id, action_id) not in known:
                raise ActRefused(f"The form has no field {block_id}/{action_id}.")
    for block, element in elements_of(view["blocks"]):
        if element["type"] in {"button", "overflow"}:
            continue
        given = values.get(block["block_id"], {}).get(element["action_id"], initial_of(element))
        given = None if given == "" else given
        if given is None or given == []:
            if block["type"] == "input" and not block.get("optional", False):
                raise ActRefused(f"Please complete this required field: {block['label']['text']}.")
        elif element["type"] == "plain_text_input":
            least, most = element.get("min_length", 0), element.get("max_length", 3_000)
            if not least <= len(str(given)) <= most:
                raise ActRefused(f"{block['label']['text']} takes {least} to {most} characters.")
        state.setdefault(block["block_id"], {})[element["action_id"]] = entry(element, given)
    return {"values": state}
