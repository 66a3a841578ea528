"""Draws an Adaptive Card roughly as Teams does, so that goldens can be reviewed as pictures; it reads JSON alone."""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from tests.cards.preview import PAGE, _signs, _style

ZONES = {"en": "UTC", "zh": "Asia/Shanghai"}
WEIGHTS = {"Bolder": "font-weight:600;", "Lighter": "font-weight:300;"}
SIZES = {"Small": "font-size:12px;", "Medium": "font-size:17px;", "Large": "font-size:20px;"}


def teams_page(message: dict[str, Any]) -> str:
    """A message of the bot in Teams."""
    cards = [each["content"] for each in message.get("attachments", ())]
    body = "".join(f'<div class="card">{_elements(card["body"], card)}</div>' for card in cards)
    body += f"<p>{escape(message['text'])}</p>" if "text" in message else ""
    who = '<div class="who"><b>Tocsin</b><small>10:00</small></div>'
    return PAGE.format(style=_style("teams"), body=_signs(who + body))


def _elements(items: list[dict[str, Any]], card: dict[str, Any]) -> str:
    return "".join(
        f'<div class="{each["type"]}{" tight" if each.get("spacing") == "None" else ""} {each.get("style", "")}">'
        f"{_inside(each, card)}</div>"
        for each in items
    )


def _inside(element: dict[str, Any], card: dict[str, Any]) -> str:
    match element["type"]:
        case "Container":
            return _elements(element["items"], card)
        case "TextBlock":
            return _markdown(element["text"], card)
        case "RichTextBlock":
            return "".join(_run(run) for run in element["inlines"])
        case "FactSet":
            rows = (
                f"<tr><th>{_markdown(fact['title'], card)}</th><td>{_markdown(fact['value'], card)}</td></tr>"
                for fact in element["facts"]
            )
            return f"<table>{''.join(rows)}</table>"
        case "ActionSet":
            return "".join(
                f"<span>{escape(each['title'])}{' ▾' if each['type'] == 'Action.ShowCard' else ''}</span>"
                for each in element["actions"]
            )
    raise ValueError(element["type"])


def _run(run: dict[str, Any]) -> str:
    style = WEIGHTS.get(run.get("weight", ""), "") + SIZES.get(run.get("size", ""), "")
    style += "color:#616161;" if run.get("isSubtle") else ""
    text = escape(run["text"])
    return f'<span style="{style}">{f"<code>{text}</code>" if run.get("fontType") == "Monospace" else text}</span>'


def _markdown(text: str, card: dict[str, Any]) -> str:
    """What Teams makes of a text block, as far as our renderer uses it."""
    zone = ZoneInfo(ZONES[card["lang"]])
    shape = "%Y年%-m月%-d日" if card["lang"] == "zh" else "%a, %b %-d, %Y"

    def instant(found: re.Match[str]) -> str:
        at = datetime.fromisoformat(found[2]).astimezone(zone)
        return at.strftime(shape if found[1] == "DATE" else "%H:%M")

    text = re.sub(r"\{\{(DATE|TIME)\(([^,)]*)[^}]*\}\}", instant, text)
    text = re.sub(r"<at>(.*?)</at>", "\x01\\1\x02", text)
    text = re.sub(r"\\([\\*_`\[\]~.#>+-])", lambda found: f"&#{ord(found[1])};", escape(text, quote=False))
    text = re.sub(r"\[([^\]]*)\]\(([^)]*)\)", r'<a href="\2">\1</a>', text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return text.replace("\x01", '<span class="at">').replace("\x02", "</span>")
