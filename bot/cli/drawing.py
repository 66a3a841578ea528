"""`simulate --svg`: a story as a picture. People are lanes, media are marks, levels are bands, waits are written out.

Pure: the same entries give the same picture. Instants are columns of one width: nights are long and begin in a hurry.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

Row = Mapping[str, Any]
"""An entry as `simulate --json` prints it."""

COLUMNS_MAX = 40
"""Instants that are drawn; the picture says how many more there are."""
TOGETHER_S = 5
"""What follows so soon shares the column: a failure, and the way that stands in for it."""
LEFT, TOP, COLUMN, FOOT = 172, 132, 96, 72
"""Pixels: names, title with bands and times, one instant, the turns of the story with the legend."""
CHIP_W, CHIP_H, STEP = 76, 20, 24

_MEDIA = {"sms": ("SMS", "sms"), "voice": ("Call", "voice"), "email": ("Mail", "mail")}
_BAD = ("fallback_failed", "fallback_unproven")
_ENDS = {
    "i_ack": ("acknowledged", "ok"),
    "i_rslv": ("closed", "ok"),
    "i_unack": ("forgotten: asked again", "bad"),
    "i_exhausted": ("nobody is left", "bad"),
}

_UNHEARD = frozenset({
    "silenced", "inhibited", "flapping_muted", "dropped", "alert_dropped", "alert_inhibited", "no_route",
})  # fmt: skip
"""Why nobody hears of an alert."""

STYLE = """
svg{--bg:#fff;--ink:#1d2733;--soft:#5f6b7a;--line:#d9dfe6;--band:#eef2f7;--band2:#e0e7f0;--im:#2f5fd0;--sms:#0f7b6c;
--mail:#8a5a00;--voice:#8a3fb0;--ok:#1e7f4f;--bad:#c4242b;--on:#fff}
@media (prefers-color-scheme:dark){svg{--bg:#12171e;--ink:#e8edf3;--soft:#9aa7b6;--line:#2c3643;--band:#1a222c;
--band2:#222d3a;--im:#8fb0ff;--sms:#5fd0bd;--mail:#e7b65a;--voice:#d19af0;--ok:#62cf97;--bad:#ff8a8a;--on:#12171e}}
text{font:13px system-ui,-apple-system,'Segoe UI','Noto Sans CJK SC','PingFang SC',sans-serif;fill:var(--ink)}
.soft{fill:var(--soft);font-size:12px}.small{font-size:11px}.title{font-size:17px;font-weight:600}
.chip text{fill:var(--on);font-size:12px;font-weight:600}.strong{font-weight:600}
"""


@dataclass(frozen=True, slots=True)
class _Band:
    """A level in a round (0: beyond all rounds), from its first column on."""

    name: str
    round: int
    first: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """A page: in which column and lane, how far down, and whether it failed."""

    row: Row
    column: int
    slot: int
    failed: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where everything goes."""

    times: tuple[float, ...]
    column: Mapping[float, int]
    marks: tuple[_Mark, ...]
    tops: Mapping[str, int]
    """The upper edge of each person's lane."""
    bottom: int
    hidden: int

    @property
    def width(self) -> int:
        return LEFT + max(len(self.times), 2) * COLUMN + 24

    @property
    def height(self) -> int:
        return self.bottom + FOOT


def draw(rows: Sequence[Row], names: Mapping[str, str], title: str, start: str) -> str:
    """An SVG document. `names` are the people's by id; `start` says when it begins, for the line below the title."""
    plan = _plan(rows)
    width, height = plan.width, plan.height
    drawn = [row for row in rows if row["after_s"] in plan.column]
    size = f'width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" role="img">',
        f"<title>{_xml(title)}</title><style>{STYLE}</style>",
        f'<rect {size} fill="var(--bg)"/>',
        _text(20, 30, _cut(title, (width - 40) // 9), "title"),
        _text(20, 50, start, "soft"),
        *_bands(drawn, plan),
        *_times(plan),
        *_lanes(plan, names),
        *_turns(drawn, plan, names),
        *(_chip(mark, plan, names) for mark in plan.marks),
        *_legend(plan),
    ]
    return "\n".join(parts) + "\n</svg>\n"


def _plan(rows: Sequence[Row]) -> _Plan:
    times: list[float] = []
    column: dict[float, int] = {}
    for at in sorted({row["after_s"] for row in rows if _is_drawn(row)}):
        if not times or at - times[-1] > TOGETHER_S:
            times.append(at)
        column[at] = len(times) - 1
    column = {at: index for at, index in column.items() if index < COLUMNS_MAX}
    marks = _marks([row for row in rows if row["after_s"] in column], column)
    tops: dict[str, int] = {}
    bottom = TOP
    for member in dict.fromkeys(mark.row["member"] for mark in marks):
        tops[member] = bottom
        bottom += 14 + STEP * (1 + max(mark.slot for mark in marks if mark.row["member"] == member))
    hidden = max(len(times) - COLUMNS_MAX, 0)
    return _Plan(tuple(times[:COLUMNS_MAX]), column, marks, tops, max(bottom, TOP + 40), hidden)


def _marks(rows: Sequence[Row], column: Mapping[float, int]) -> tuple[_Mark, ...]:
    """A mark for each page, those of one person and instant one below the other; failed ones are known by the end."""
    taken: dict[tuple[str, int], int] = {}
    marks: list[_Mark] = []
    for row in rows:
        if row["kind"] == "i_notify" and row["member"]:
            cell = (row["member"], column[row["after_s"]])
            taken[cell] = taken.get(cell, -1) + 1
            marks.append(_Mark(row, cell[1], taken[cell], failed=False))
        elif row["kind"] == "i_delivery" and row["reason"] in _BAD:
            page = (row["member"], row["medium"])
            index = max(n for n, mark in enumerate(marks) if (mark.row["member"], mark.row["medium"]) == page)
            marks[index] = replace(marks[index], failed=True)
    return tuple(marks)


def _is_drawn(row: Row) -> bool:
    """Pages, failures, and what turns the story; a proof of arrival changes nothing that one would see."""
    return row["kind"] in ("i_new", "i_notify") or row["reason"] in _BAD or _turn(row) is not None


def _bands(rows: Sequence[Row], plan: _Plan) -> list[str]:
    parts, bands = [], _levels(rows, plan.column)
    ends = [*(band.first for band in bands[1:]), len(plan.times)]
    for number, band in enumerate(bands):
        x, wide = LEFT + band.first * COLUMN, (ends[number] - band.first) * COLUMN
        fill = "var(--band2)" if number % 2 else "var(--band)"
        parts.append(f'<rect x="{x}" y="66" width="{wide}" height="{plan.bottom - 66}" fill="{fill}"/>')
        parts.append(_text(x + 10, 84, band.name, "strong"))
        if band.round > 1 and bands[number - 1].round < band.round:
            parts.append(_text(x, 62, f"Round {band.round}", "soft"))
    return parts


def _levels(rows: Sequence[Row], place: Mapping[float, int]) -> list[_Band]:
    """Where the level changes, or the round; stories of several channels side by side have none."""
    if sum(row["kind"] == "i_new" for row in rows) > 1:
        return []
    found: list[_Band] = []
    round_, turned, before = 1, 0.0, -1
    nobodys = any(row["reason"] == "no_rule_matched" for row in rows)
    for row in rows:
        if row["kind"] != "i_notify" or row["level"] is None:
            continue
        if row["reason"] == "next_round" and row["after_s"] != turned:
            round_, turned = round_ + 1, row["after_s"]
        on_last = found and found[-1].name == "Catch-all" and row["level"] == before
        last = nobodys or on_last or row["reason"] == "last_resort"
        band = _Band("Catch-all" if last else f"Level {row['level'] + 1}", 0 if last else round_, place[row["after_s"]])
        if not found or (found[-1].name, found[-1].round) != (band.name, band.round):
            found.append(band)
        before = row["level"]
    return found


def _times(plan: _Plan) -> list[str]:
    """When, and in between how long nothing happened."""
    parts = []
    for index, at in enumerate(plan.times):
        x = _middle(index)
        parts.append(f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{plan.bottom}" stroke="var(--line)"/>')
        parts.append(_text(x, TOP - 9, _clock(at), "strong", "middle"))
        if index:
            wait = f"{_span(at - plan.times[index - 1])} →"
            parts.append(_text(x - COLUMN // 2, TOP - 27, wait, "soft small", "middle"))
    return parts


def _lanes(plan: _Plan, names: Mapping[str, str]) -> list[str]:
    parts = []
    for member, y in plan.tops.items():
        parts.append(f'<line x1="20" y1="{y}" x2="{plan.width - 24}" y2="{y}" stroke="var(--line)"/>')
        name = _name(member, names)
        parts.append(f"<g><title>{_xml(name)}</title>{_text(20, y + 22, _cut(name, 16), 'strong')}</g>")
    return parts or [_text(20, TOP + 22, "Nobody is paged.", "soft")]


def _chip(mark: _Mark, plan: _Plan, names: Mapping[str, str]) -> str:
    row = mark.row
    said, colour = _medium(row["medium"])
    x, y = _middle(mark.column) - CHIP_W // 2, plan.tops[row["member"]] + 8 + STEP * mark.slot
    reason = row["reason"].replace("_", " ") + (", and it failed" if mark.failed else "")
    sentence = f"{_clock(row['after_s'])} {_name(row['member'], names)}: {said}, {reason}"
    box = f'x="{x}" y="{y}" width="{CHIP_W}" height="{CHIP_H}" rx="{CHIP_H // 2}"'
    where = f'x="{x + CHIP_W // 2}" y="{y + 14}" text-anchor="middle"'
    if mark.failed:
        shape = f'<rect {box} fill="var(--bg)" stroke="var(--bad)" stroke-width="1.5" stroke-dasharray="3 2"/>'
        shape += f'<text {where} style="fill:var(--bad)">✕ {_xml(said)}</text>'
    else:
        shape = f'<rect {box} fill="var(--{colour})"/><text {where}>{_xml(said)}</text>'
    return f'<g class="chip"><title>{_xml(sentence)}</title>{shape}</g>'


def _turns(rows: Sequence[Row], plan: _Plan, names: Mapping[str, str]) -> list[str]:
    """What turns the story: an upright line in its colour, with its words below, in two rows so that they fit."""
    parts = []
    turning = ((row, turn) for row in rows if (turn := _turn(row)))
    for number, (row, (said, colour)) in enumerate(turning):
        x, below = _middle(plan.column[row["after_s"]]), plan.bottom + 18 + 17 * (number % 2)
        parts.append(
            f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{below - 12}" stroke="var(--{colour})" stroke-width="2.5"/>'
        )
        words = f"{names.get(row['actor'], row['actor'])} {said}".strip()
        anchor = "end" if x > plan.width - 160 else "middle"
        at = x + CHIP_W // 2 if anchor == "end" else x
        parts.append(
            f'<text x="{at}" y="{below}" text-anchor="{anchor}" class="strong" style="fill:var(--{colour})">'
            f"{_xml(words)}</text>"
        )
    return parts


def _turn(row: Row) -> tuple[str, str] | None:
    """Its words and its colour, where it turns the story."""
    if row["kind"] == "a_new" and row["reason"] in _UNHEARD:
        return row["reason"].replace("_", " "), "mail"
    return _ENDS.get(row["kind"])


def _legend(plan: _Plan) -> list[str]:
    """The media that occur, and how much is left out."""
    parts, x, y = [], 20, plan.height - 14
    for said, colour in dict.fromkeys(_medium(mark.row["medium"]) for mark in plan.marks):
        parts.append(f'<circle cx="{x + 5}" cy="{y - 4}" r="5" fill="var(--{colour})"/>')
        parts.append(_text(x + 16, y, said, "soft"))
        x += 34 + 8 * len(said)
    if any(mark.failed for mark in plan.marks):
        parts.append(f'<text x="{x}" y="{y}" class="soft" style="fill:var(--bad)">✕ did not arrive</text>')
        x += 120
    more = f"and {plan.hidden} more instants" if plan.hidden else ""
    return [*parts, *([_text(x + 10, y, more, "soft")] if more else [])]


def _name(member: str, names: Mapping[str, str]) -> str:
    return names.get(member, member.removeprefix("mailto:"))


def _medium(way: str) -> tuple[str, str]:
    """Its word and its colour."""
    return _MEDIA.get(way, (way.capitalize(), "im"))


def _middle(column: int) -> int:
    return LEFT + column * COLUMN + COLUMN // 2


def _text(x: int, y: int, words: str, kind: str = "", anchor: str = "") -> str:
    where = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x}" y="{y}" class="{kind}"{where}>{_xml(words)}</text>'


def _xml(words: str) -> str:
    """Text that may stand anywhere in a document; what nobody can see is left out."""
    return escape("".join(letter for letter in words if letter.isprintable()))


def _cut(words: str, width: int) -> str:
    """As much as fits; a wide character takes the room of two."""
    size: Callable[[str], int] = lambda letter: 2 if unicodedata.east_asian_width(letter) in "WF" else 1  # noqa: E731
    room = width
    for index, letter in enumerate(words):
        room -= size(letter)
        if room < 0:
            return words[: max(index - 1, 0)] + "…"
    return words


def _clock(seconds: float) -> str:
    """`+0:05`, with seconds where there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"+{hours}:{minutes:02}" + (f":{rest:02}" if rest else "")


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    words = [f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if count]
    return " ".join(words[:2]) or "0 s"
