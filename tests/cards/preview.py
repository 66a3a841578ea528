"""Draws rendered payloads roughly as the platforms do, so that goldens can be reviewed as pictures.

It reads the platform's JSON and nothing else: what a picture shows is what the platform would get.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>
* {{ box-sizing: border-box; }}
body {{ margin: 0; font: 15px/1.42 'Noto Sans', 'Liberation Sans', 'Noto Sans CJK SC', sans-serif; width: 390px; }}
a {{ text-decoration: none; }} code {{ font: 12.5px 'DejaVu Sans Mono', monospace; }}
{style}
</style></head><body><div id="shot">{body}</div></body></html>"""

_DISC = '<svg width="15" height="15" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="{}"/></svg>'
_TICK = (
    '<svg width="15" height="15" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#35a853"/>'
    '<path d="M4 8l3 3 5-6" stroke="#fff" stroke-width="2" fill="none"/></svg>'
)
_SIGN = (
    '<svg width="17" height="15" viewBox="0 0 18 16">'
    '<text x="9" y="13" font-size="{}" text-anchor="middle" fill="{}">{}</text></svg>'
)
EMOJI = {
    "🔴": _DISC.format("#dd2e44"),
    "🟠": _DISC.format("#f4900c"),
    "🔵": _DISC.format("#55acee"),
    "✅": _TICK,
    "🛠": _SIGN.format(16, "#66757f", "⚒"),
    "💤": _SIGN.format(13, "#5b8def", "zz"),
    "🏁": _SIGN.format(15, "#111", "⚑"),
    "⏫": _SIGN.format(16, "#1b6fd0", "⇈"),
    "⏰": _SIGN.format(16, "#c0392b", "◷"),
    "↩️": _SIGN.format(16, "#1b6fd0", "↩"),
}
"""This machine has no emoji font; each sign that the renderer uses is drawn here."""


def slack_page(payload: dict[str, Any], people: Mapping[str, str]) -> str:
    """A message of Slack: the notification's sentence, then the attachment behind its bar. `people`: user id → name."""
    said = _mrkdwn(payload["text"])
    bodies = [
        f'<div class="bar" style="border-color:{a["color"]}">{_blocks(a["blocks"])}</div>'
        for a in payload.get("attachments", ())
    ]
    bodies += [_blocks(payload["blocks"])] if "blocks" in payload else []
    body = (
        '<div class="who"><i></i><div style="min-width:0"><b>Tocsin</b><small>10:00</small>'
        f'<div class="say">{said}</div>{"".join(bodies)}</div></div>'
    )
    for user, name in people.items():
        body = body.replace(f">@{user}<", f">@{escape(name)}<")
    return PAGE.format(style=_style("slack"), body=body)


def telegram_page(payload: dict[str, Any]) -> str:
    """A message of Telegram with its keyboard."""
    rows = payload.get("reply_markup", {}).get("inline_keyboard", ())
    keys = "".join(f'<div class="row">{"".join(map(_key, row))}</div>' for row in rows)
    text = payload["text"].replace("</blockquote>\n", "</blockquote>")  # a quote is a block: its line has ended
    return PAGE.format(style=_style("telegram"), body=_signs(f'<div class="bubble">{text}</div>{keys}'))


def _key(button: dict[str, Any]) -> str:
    return f'<span class="{button.get("style", "")}">{escape(button["text"])}</span>'


def _style(name: str) -> str:
    return (Path(__file__).parent / f"{name}.css").read_text()


def sms_page(payload: dict[str, Any], segments: int) -> str:
    """A text message."""
    style = (
        "#shot { padding: 12px; } .sms { background: #e9e9eb; border-radius: 16px; padding: 9px 13px;"
        "white-space: pre-wrap; overflow-wrap: anywhere; max-width: 300px; } small { color: #777; }"
    )
    body = f'<div class="sms">{escape(payload["text"])}</div><small>SMS × {segments}</small>'
    return PAGE.format(style=style, body=body)


def voice_page(payload: dict[str, Any]) -> str:
    """What a call says, as a script."""
    style = (
        "#shot { padding: 12px; } .said { border-left: 3px solid #4a9; padding: 4px 12px; max-width: 330px;"
        "overflow-wrap: anywhere; } small { color: #777; }"
    )
    body = f'<div class="said">{escape(payload["text"])}</div><small>☎ {payload["lang"]}</small>'
    return PAGE.format(style=style, body=body)


def _blocks(blocks: list[dict[str, Any]]) -> str:
    return "".join(f'<div class="{block["type"]}">{_BLOCKS[block["type"]](block)}</div>' for block in blocks)


def _section(block: dict[str, Any]) -> str:
    if "fields" in block:
        return '<div class="fields">' + "".join(f"<div>{_text(field)}</div>" for field in block["fields"]) + "</div>"
    return _text(block["text"])


def _actions(block: dict[str, Any]) -> str:
    return "".join(
        f'<span class="{e.get("style", "")}">{escape((e.get("text") or e["placeholder"])["text"])}'
        f"{' ▾' if e['type'] == 'static_select' else ''}</span>"
        for e in block["elements"]
    )


_BLOCKS = {
    "header": lambda block: _text(block["text"]),
    "context": lambda block: " ".join(map(_text, block["elements"])),
    "section": _section,
    "actions": _actions,
}


def _text(value: dict[str, Any]) -> str:
    return escape(value["text"]) if value["type"] == "plain_text" else _mrkdwn(value["text"])


def _mrkdwn(text: str) -> str:
    """What Slack makes of mrkdwn, as far as our renderer uses it."""
    text = re.sub(r"<!date\^\d+\^[^|]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<@(\w+)>", r'<span class="mention">@\1</span>', text)
    text = re.sub(r"<(https?://[^|>]+)\|([^>]*)>", r'<a href="\1">\2</a>', text)
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", text)


def _signs(html: str) -> str:
    for sign, drawing in EMOJI.items():
        html = html.replace(sign, drawing)
    return html
