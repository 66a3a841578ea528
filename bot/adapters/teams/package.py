"""The app package: the zip file that an administrator uploads to Teams, with manifest, Chinese words and two icons.

Source: https://learn.microsoft.com/microsoftteams/platform/resources/schema/manifest-schema and
https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/apps-package
"""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from typing import Final
from urllib.parse import urlsplit

from bot.adapters.base import Json

VERSION: Final = "1.19"
SCHEMA: Final = "https://developer.microsoft.com/json-schemas/teams/v{}/MicrosoftTeams.{}schema.json"
COLOUR_SIDE: Final = 192
OUTLINE_SIDE: Final = 32
RED: Final = (0xB4, 0x23, 0x2A)
WHITE: Final = (0xFF, 0xFF, 0xFF)
SAMPLES: Final = 4
"""Looks into each pixel a side, so that edges are smooth."""
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The same input gives the same file; a zip knows no earlier day."""

COMMANDS: Final = (
    ("oncall", "Who is on call now, or at a time", "现在或某一时间谁在值班"),
    ("me", "My shifts and my incidents", "我的班次和我的故障"),
    ("list", "Open incidents", "未关闭的故障"),
    ("show", "One incident: show 142", "查看一个故障：show 142"),
    ("ack", "Acknowledge: ack 142", "认领：ack 142"),
    ("resolve", "Close with a note: resolve 142 rolled back", "关闭并备注：resolve 142 已回滚"),
    ("escalate", "Page the next level: escalate 142", "升级到下一级：escalate 142"),
    ("snooze", "Be quiet for a while: snooze 142 2h", "暂缓一段时间：snooze 142 2h"),
    ("why", "Why somebody was paged, or was not: why 142", "为什么通知或没有通知：why 142"),
    ("help", "Every command", "全部命令"),
)
"""A command, and what it does: at most ten, 32 characters and 128 (manifest-schema, bots.commandLists.commands)."""

_SHORT: Final = ("On call in chat: alerts, incidents, escalation", "聊天里的值班：告警、故障、升级")
_FULL: Final = (
    (
        "Tocsin brings incidents to the people on call: cards with buttons that stay true as the incident changes, in "
        "channels, group chats and direct messages, and commands that answer who is on call, why, and what is open."
    ),
    (
        "Tocsin 把故障送到值班的人手中：在频道、群聊和私聊中显示随故障变化的卡片与按钮，"
        "并用命令回答谁在值班、为什么、还有哪些未关闭。"
    ),
)


def app_package(app_id: str, url: str) -> bytes:
    """The zip for the bot with this app id, behind a Tocsin at `url`. Raises ValueError for what Teams would refuse."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError(f"Teams calls HTTPS addresses only, not {url or 'an empty one'}.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            ("manifest.json", _text(app_manifest(app_id, url.rstrip("/")))),
            ("zh-cn.json", _text(_chinese())),
            ("color.png", icon(COLOUR_SIDE, outline=False)),
            ("outline.png", icon(OUTLINE_SIDE, outline=True)),
        ):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content)
    return buffer.getvalue()


def app_manifest(app_id: str, url: str) -> Json:
    """The manifest alone."""
    commands = [{"title": title, "description": english} for title, english, _ in COMMANDS]
    scopes = ["personal", "team", "groupChat"]
    return {
        "$schema": SCHEMA.format(VERSION, ""),
        "manifestVersion": VERSION,
        "version": "1.0.0",
        "id": app_id,
        "developer": {"name": "Tocsin", "websiteUrl": url, "privacyUrl": url, "termsOfUseUrl": url},
        "name": {"short": "Tocsin", "full": "Tocsin on call"},
        "description": {"short": _SHORT[0], "full": _FULL[0]},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": "#{:02X}{:02X}{:02X}".format(*RED),
        "localizationInfo": {
            "defaultLanguageTag": "en",
            "additionalLanguages": [{"languageTag": "zh-cn", "file": "zh-cn.json"}],
        },
        "bots": [
            {
                "botId": app_id,
                "scopes": scopes,
                "supportsFiles": False,
                "isNotificationOnly": False,
                "commandLists": [{"scopes": scopes, "commands": commands}],
            }
        ],
        "validDomains": [urlsplit(url).hostname or ""],
    }


def _chinese() -> Json:
    """https://learn.microsoft.com/microsoftteams/platform/resources/schema/localization-schema."""
    commands = {
        f"bots[0].commandLists[0].commands[{number}].description": chinese
        for number, (_, _, chinese) in enumerate(COMMANDS)
    }
    return {
        "$schema": SCHEMA.format(VERSION, "Localization."),
        "name.short": "Tocsin",
        "name.full": "Tocsin 值班",
        "description.short": _SHORT[1],
        "description.full": _FULL[1],
        **commands,
    }


def _text(value: Json) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


# -- a bell, drawn here: white on red, or white alone on nothing ------------------------------------------------------


def icon(side: int, *, outline: bool) -> bytes:
    """A PNG of `side` pixels: the colour icon fills its square, the outline is white on transparent.

    Sizes and colours: https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/apps-package#app-icons
    """
    rows = bytearray()
    for y in range(side):
        rows.append(0)  # this row is not filtered
        for x in range(side):
            share = _share(x, y, side)
            if outline:
                rows += bytes((*WHITE, round(255 * share)))
            else:
                rows += bytes(round(red + (white - red) * share) for red, white in zip(RED, WHITE, strict=True))
    kind = 6 if outline else 2  # with and without transparency: https://www.w3.org/TR/png-3/#11IHDR
    head = struct.pack(">IIBBBBB", side, side, 8, kind, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _share(x: int, y: int, side: int) -> float:
    """How much of a pixel the bell covers."""
    hits = sum(
        _in_bell((x + (i + 0.5) / SAMPLES) / side * 2 - 1, (y + (j + 0.5) / SAMPLES) / side * 2 - 1)
        for i in range(SAMPLES)
        for j in range(SAMPLES)
    )
    return hits / SAMPLES**2


def _in_bell(x: float, y: float) -> bool:
    """A point of the square from -1 to 1: crown, body, rim or clapper."""
    if math.hypot(x, y + 0.62) < 0.09 or math.hypot(x, y - 0.60) < 0.12:
        return True
    if -0.58 <= y < 0.34:
        width = 0.34 if y < -0.24 else 0.34 + 0.18 * ((y + 0.24) / 0.58) ** 2
        top = y < -0.24 and math.hypot(x, y + 0.24) > 0.34
        return abs(x) < width and not top
    return 0.34 <= y < 0.45 and abs(x) < 0.60
