"""Block Kit as Slack checks it: every wrong field is named by its JSON pointer, and nothing unknown passes.

Only the layout blocks that a chat card or a modal needs are modelled; any other type is refused as unsupported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.playground.hub import Json
from bot.playground.slack.elements import check_element
from bot.playground.slack.findings import Findings

MESSAGE_BLOCKS_MAX = 50  # https://docs.slack.dev/reference/block-kit/blocks
MODAL_BLOCKS_MAX = 100  # https://docs.slack.dev/reference/views/modal-views
ID_MAX = 255  # block_id: https://docs.slack.dev/reference/block-kit/blocks/section-block
HEADER_MAX = 150  # https://docs.slack.dev/reference/block-kit/blocks/header-block
SECTION_TEXT_MAX = 3_000  # https://docs.slack.dev/reference/block-kit/blocks/section-block
SECTION_FIELDS_MAX = 10
SECTION_FIELD_MAX = 2_000
CONTEXT_ELEMENTS_MAX = 10  # https://docs.slack.dev/reference/block-kit/blocks/context-block
ACTIONS_ELEMENTS_MAX = 25  # https://docs.slack.dev/reference/block-kit/blocks/actions-block
LABEL_MAX = 2_000  # https://docs.slack.dev/reference/block-kit/blocks/input-block
MARKDOWN_MAX = 12_000  # https://docs.slack.dev/reference/block-kit/blocks/markdown-block, all of a message together

_ACTIONS = frozenset({
    "button", "static_select", "multi_static_select", "users_select", "multi_users_select", "overflow", "radio_buttons",
    "checkboxes", "datepicker", "timepicker", "datetimepicker",
})  # fmt: skip
_TYPED = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})
_INPUTS = (_ACTIONS - {"button", "overflow"}) | _TYPED
_ACCESSORIES = _ACTIONS | {"image"}


def check_blocks(found: Findings, blocks: Any, at: str, *, modal: bool, seen: set[str] | None = None) -> None:
    """Note everything wrong with a list of layout blocks at the JSON pointer `at`.

    `seen` collects block ids over several lists of one surface (the attachments of a message).
    """
    if not isinstance(blocks, list):
        found.add("must be an array", at)
        return
    limit = MODAL_BLOCKS_MAX if modal else MESSAGE_BLOCKS_MAX
    if len(blocks) > limit:
        found.add(f"no more than {limit} items allowed", at)
    markdown = [block for block in blocks if isinstance(block, dict) and block.get("type") == "markdown"]
    if sum(len(str(block.get("text", ""))) for block in markdown) > MARKDOWN_MAX:
        found.add(f"markdown text must be no more than {MARKDOWN_MAX} characters in total", at)
    ids = set() if seen is None else seen
    for index, block in enumerate(blocks):
        _check_block(found, block, f"{at}/{index}", ids, modal=modal)


def _check_block(found: Findings, block: Any, at: str, ids: set[str], *, modal: bool) -> None:
    if not isinstance(block, dict):
        found.add("must be an object", at)
        return
    kind = block.get("type")
    check = _BLOCKS.get(kind) if isinstance(kind, str) else None
    if check is None or (modal and kind == "markdown"):
        found.add(f"unsupported type: {kind}", f"{at}/type")
        return
    block_id = block.get("block_id")
    if block_id is not None:
        found.text(block_id, f"{at}/block_id", ID_MAX)
        # block_id should be unique for each message: https://docs.slack.dev/reference/block-kit/blocks/section-block
        if isinstance(block_id, str) and block_id in ids:
            found.add(f"`block_id` {block_id} already exists", f"{at}/block_id")
        ids.add(str(block_id))
    check(found, block, at)


def _header(found: Findings, block: Json, at: str) -> None:
    found.keys(block, at, {"type", "block_id", "text"})
    found.text_object(block.get("text"), f"{at}/text", HEADER_MAX, plain=True)


def _section(found: Findings, block: Json, at: str) -> None:
    found.keys(block, at, {"type", "block_id", "text", "fields", "accessory", "expand"})
    if "text" not in block and "fields" not in block:
        found.add("missing required field: text or fields", at)
    if "text" in block:
        found.text_object(block["text"], f"{at}/text", SECTION_TEXT_MAX)
    if "fields" in block:
        fields = found.items(block["fields"], f"{at}/fields", 1, SECTION_FIELDS_MAX)
        for index, item in enumerate(fields):
            found.text_object(item, f"{at}/fields/{index}", SECTION_FIELD_MAX)
    if "accessory" in block:
        check_element(found, block["accessory"], f"{at}/accessory", _ACCESSORIES)


def _context(found: Findings, block: Json, at: str) -> None:
    found.keys(block, at, {"type", "block_id", "elements"})
    for index, item in enumerate(found.items(block.get("elements"), f"{at}/elements", 1, CONTEXT_ELEMENTS_MAX)):
        where = f"{at}/elements/{index}"
        if isinstance(item, dict) and item.get("type") == "image":
            check_element(found, item, where, {"image"})
        else:
            found.text_object(item, where, SECTION_TEXT_MAX)


def _actions(found: Findings, block: Json, at: str) -> None:
    found.keys(block, at, {"type", "block_id", "elements"})
    ids: set[str] = set()
    for index, item in enumerate(found.items(block.get("elements"), f"{at}/elements", 1, ACTIONS_ELEMENTS_MAX)):
        where = f"{at}/elements/{index}"
        check_element(found, item, where, _ACTIONS)
        action_id = item.get("action_id") if isinstance(item, dict) else None
        # unique within its block: https://docs.slack.dev/reference/block-kit/block-elements/button-element
        if isinstance(action_id, str) and action_id in ids:
            found.add(f"`action_id` {action_id} already exists in this block", f"{where}/action_id")
        ids.add(str(action_id))


def _divider(found: Findings, block: Json, at: str) -> None:
    found.keys(block, at, {"type", "block_id"})


def _image(found: Findings, block: Json, at: str) -> None:
    found.keys(block, at, {"type", "block_id", "image_url", "alt_text", "title"})
    found.text(block.get("image_url"), f"{at}/image_url", 3_000)  # .../blocks/image-block
    found.text(block.get("alt_text"), f"{at}/alt_text", 2_000)
    if "title" in block:
        found.text_object(block["title"], f"{at}/title", 2_000, plain=True)


def _markdown(found: Findings, block: Json, at: str) -> None:
    found.keys(block, at, {"type", "block_id", "text"})
    found.text(block.get("text"), f"{at}/text", MARKDOWN_MAX)


def _input(found: Findings, block: Json, at: str) -> None:
    found.keys(block, at, {"type", "block_id", "label", "element", "hint", "optional", "dispatch_action"})
    found.text_object(block.get("label"), f"{at}/label", LABEL_MAX, plain=True)
    if "hint" in block:
        found.text_object(block["hint"], f"{at}/hint", LABEL_MAX, plain=True)
    for flag in ("optional", "dispatch_action"):
        if not isinstance(block.get(flag, False), bool):
            found.add("must be a boolean", f"{at}/{flag}")
    check_element(found, block.get("element"), f"{at}/element", _INPUTS)


_BLOCKS: dict[str, Callable[[Findings, Json, str], None]] = {
    "header": _header, "section": _section, "context": _context, "actions": _actions, "divider": _divider,
    "image": _image, "markdown": _markdown, "input": _input,
}  # fmt: skip


def elements_of(blocks: list[Json]) -> list[tuple[Json, Json]]:
    """Every interactive element of checked blocks, in reading order, as `(block, element)`."""
    pairs: list[tuple[Json, Json]] = []
    for block in blocks:
        if block["type"] == "actions":
            pairs.extend((block, element) for element in block["elements"])
        elif block["type"] == "section" and "action_id" in block.get("accessory", {}):
            pairs.append((block, block["accessory"]))
        elif block["type"] == "input":
            pairs.append((block, block["element"]))
    return pairs
