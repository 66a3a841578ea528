"""The few sentences that the adapter says by itself, in the languages that Tocsin speaks.

Everything else arrives rendered; these are about Telegram's own limits, so no other platform has a use for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MENU: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "": (("toc", "On call: who, list, ack, help and more"),),
    "zh": (("toc", "值班：查看值班人、故障列表、认领、帮助等"),),
}
"""The menu of commands by language; the empty one is for everybody else. 1 to 256 characters for a description:
https://core.telegram.org/bots/api#botcommand"""

_SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "too_old": "This message is too old: Telegram no longer tells the bot what was on it. Type /toc help.",
        "busy": "Telegram is busy with this chat. Press again in {seconds} s.",
        "no_menu": "Telegram did not open the menu. Press again, or type /toc help.",
    },
    "zh": {
        "too_old": "消息过旧，Telegram 不再告知机器人其内容。请输入 /toc help。",
        "busy": "该群消息过多，Telegram 要求稍候。请 {seconds} 秒后再按。",
        "no_menu": "Telegram 未能打开菜单。请再按一次，或输入 /toc help。",
    },
}


def sentence(lang: str, key: str, **facts: object) -> str:
    """The sentence in the language of a tag such as `zh-hans`: English where there is no other."""
    return _SENTENCES["zh" if lang.lower().startswith("zh") else "en"][key].format(**facts)
