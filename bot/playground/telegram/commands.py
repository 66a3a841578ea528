"""The command menu of the bot, one list for each scope and language.

Sources: https://core.telegram.org/bots/api#setmycommands and #botcommand
"""

from __future__ import annotations

import json
import re
from typing import Any

from bot.playground.hub import Json
from bot.playground.telegram.keyboards import structured
from bot.playground.telegram.refusals import bad_request
from bot.playground.telegram.world import World

COMMANDS_MAX = 100
DESCRIPTION_MAX = 256
_NAME = re.compile(r"[a-z0-9_]{1,32}")


def _key(args: Json) -> tuple[str, str]:
    scope = structured(args, "scope") or {"type": "default"}
    language = str(args.get("language_code") or "")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    return json.dumps(scope, sort_keys=True), language


def set_commands(world: World, args: Json) -> Any:
    """Replace the list of one scope and language; raises `TelegramRefusal` for a wrong name or description."""
    commands = structured(args, "commands")
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > COMMANDS_MAX:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not isinstance(command, dict) or not _NAME.fullmatch(str(command.get("command", "")).removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= DESCRIPTION_MAX:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    world.commands[_key(args)] = commands
    world.publish("commands", {"commands": commands})
    return True


def get_commands(world: World, args: Json) -> Any:
    """The list of one scope and language, empty when none was set."""
    return world.commands.get(_key(args), [])
