"""Chaos over vendors: whatever ails the first of a region, a Critical page is on its way by another within 15 seconds.

What is expected here is what docs/drills.md promises of vendors; the table there is compared with `ILLS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.engine.effects import Reason
from bot.engine.model import SECOND
from bot.playground.hub import Outage
from tests.conformance.vendor_house import ANN, BO, FIRST, WEI, XIA, House, house, on_call

PAGE = Path(__file__).parents[2] / "docs" / "drills.md"
WITHIN = 15 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Ill:
    """What ails the first vendor of each region, and what follows from it."""

    dead: bool = False
    slow: bool = False
    lies: bool = False
    empty: bool = False
    outage: Outage = Outage.NONE
    wait_s: float = 0.0
    """So long the clock is moved on; without that, the next vendor is asked at once."""
    why: str = "vendor_failed_over"
    calls_why: str = ""
    """Where it is another word for calls."""
    alarm: str = ""


ILLS = {
    "It refuses the connection": Ill(dead=True),
    "It takes the request and never answers": Ill(slow=True, calls_why="vendor_hedged"),
    "It takes the page, and nothing comes of it": Ill(lies=True, wait_s=12.1, why="vendor_unproven"),
    "It refuses the credentials": Ill(outage=Outage.REVOKED, alarm="auth_broken"),
    "The balance is used up": Ill(empty=True, alarm="no_balance"),
    "It is too fast for it": Ill(outage=Outage.RATE_LIMITED),
}
PLACES = {
    "ann": (ANN, "sms", "twilio", "vonage", "vonage"),
    "bo": (BO, "voice", "twilio", "vonage", "vonage_voice"),
    "wei": (WEI, "sms", "aliyun", "tencent", "tencent"),
    "xia": (XIA, "voice", "aliyun", "tencent", "tencent_voice"),
}
"""Who is paged: number, medium, the first vendor there, the second, and where the page arrives then."""


@pytest.mark.parametrize("name", ILLS)
async def test_a_critical_page_is_on_its_way_by_another_vendor_within_15_seconds(tmp_path: Path, name: str):
    ill = ILLS[name]
    members = {one: on_call(number, medium) for one, (number, medium, *_) in PLACES.items()}
    async with house(tmp_path, members, dead=FIRST if ill.dead else (), slow=FIRST if ill.slow else ()) as home:
        await fall_ill(home, ill)
        fired_at = home.town.clock.now()
        await home.town.fire()
        if ill.wait_s:
            for member, (_, medium, *_) in PLACES.items():
                await home.tried(member, medium, lambda tries: [one.verdict for one in tries] == ["taken"])
            home.town.later(ill.wait_s / 2)
            await home.town.app.inquiries.step()  # the vendor is asked, and has taken it all the same
            home.town.later(ill.wait_s / 2)
        for member, (number, medium, first, second, kind) in PLACES.items():
            tries = await home.tried(member, medium, lambda tries, second=second: second in [t.vendor for t in tries])
            assert [one.vendor for one in tries] == [first, second]
            assert all(one.began_at - fired_at < WITHIN for one in tries), (member, fired_at, tries)
            await home.shows(lambda number=number, kind=kind: home.items(kind, number), f"{number} heard nothing")
            why = ill.calls_why or ill.why if medium == "voice" else ill.why
            told = [(who, way, facts["vendor"], facts["why"]) for who, way, facts in home.told(Reason.VENDOR_TRIED)]
            assert (member, medium, second, why) in told
        wanted = {f"{medium}:{first}:{ill.alarm}" for _, medium, first, *_ in PLACES.values()} if ill.alarm else set()
        assert set(home.town.alarms()) == wanted


@pytest.mark.parametrize("name", ILLS)
def test_the_page_says_what_a_vendor_in_trouble_leads_to(name: str):
    ill = ILLS[name]
    row = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {name} |"))
    _, _, when, why, operators, _ = (cell.strip() for cell in row.split("|"))
    assert re.findall(r"`(\w+)`", why) == [word for word in (ill.why, ill.calls_why) if word]
    assert re.findall(r"`MEDIUM:VENDOR:(\w+)`", operators) == ([ill.alarm] if ill.alarm else [])
    assert when.startswith("at once") is not (ill.slow or ill.lies)


async def fall_ill(home: House, ill: Ill) -> None:
    home.town.hub.retry_after_s = 60
    for kind in FIRST:
        home.switch(kind, ill.outage)
        if ill.empty:
            await home.empty(kind, *(number for number, *_ in PLACES.values()))
    if ill.lies:
        home.lie()
