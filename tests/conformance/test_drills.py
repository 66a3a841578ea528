"""Outage drills: each platform fails in each way, and the right people are reached all the same, with a named reason.

What is expected here is what docs/drills.md promises; the table there is compared with `DRILLS`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.cli import diagnosis
from bot.playground.hub import Outage
from tests.conformance.everywhere import WARDEN, Everywhere, Member, everywhere
from tests.conformance.platform_kit import until
from tests.conformance.sides import SIDES, Side, strings

PAGE = Path(__file__).parents[2] / "docs" / "drills.md"
PHONE, MAIL = "+14155550101", "ann@example.com"
PROOF_S = 31.0
"""After this a page without proof is taken for lost."""
RETRY_S = 301.0
"""After this a card is tried once more, however long its platform was away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """What is done to a platform, and what follows from it."""

    outage: Outage = Outage.NONE
    removed: bool = False
    """Somebody removes the bot from the platform's group."""
    wait_s: float = 0.0
    reason: str = ""
    """The timeline's word for what the page's failure led to; empty: the page arrived."""
    why: str = ""
    alarm: str = ""
    shown: bool = False
    """Whether the card stands in the platform's own group meanwhile."""
    mended_s: float = RETRY_S
    """How long after the end of it the card stands there."""
    late: bool = False
    """Whether the page itself arrives afterwards, when nobody has acknowledged by then."""
    doctor: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By platform: what doctor finds out of order. Elsewhere it cannot be seen from outside, or is not looked at."""
    cure: str = ""
    """How each cure begins, where it is the same on every platform."""


TOKENS = {"slack": ("bot token",), "telegram": ("bot token",)}
SILENT = {**TOKENS, "teams": ("connector",)}
"""The login service of Teams, which gives the token, answers while the conversations are away."""
DRILLS = {
    "The platform is down": Drill(
        outage=Outage.DOWN,
        wait_s=PROOF_S,
        reason="fallback_unproven",
        why="no_proof_in_time",
        late=True,
        doctor=SILENT,
        cure="Check that this machine may reach it",
    ),
    "429 for a minute": Drill(
        outage=Outage.RATE_LIMITED,
        wait_s=PROOF_S,
        reason="fallback_unproven",
        why="no_proof_in_time",
        mended_s=61.0,
        late=True,
        doctor=SILENT,
        cure="Run doctor again in a minute",
    ),
    "The token is revoked": Drill(
        outage=Outage.REVOKED,
        reason="fallback_failed",
        why="auth_broken",
        alarm="auth_broken",
        doctor={**TOKENS, "teams": ("bot token",)},
    ),
    "The bot is removed from the chat": Drill(
        removed=True,
        alarm="chat_unreachable",
        doctor={"slack": ("chat C1OPS",), "telegram": ("chat -1001",), "teams": ("chat 19:ops@thread.tacv2",)},
    ),
    "Direct messages are blocked": Drill(
        outage=Outage.BLOCKED,
        reason="fallback_failed",
        why="recipient_unreachable",
        alarm="recipient_unreachable",
        shown=True,
        doctor={
            "slack": ("person U0EVE", "person U0ANN", "person U0CY"),
            "telegram": ("person 7005", "person 7001", "person 7003"),
        },
    ),
}
NO_HTTPS = "callback address"
"""Slack calls HTTPS addresses only, and doctor says so of this machine's."""


@pytest.mark.parametrize("name", DRILLS)
@pytest.mark.parametrize("on", SIDES)
async def test_a_drill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on: str, name: str):
    """Ann has a phone and mail besides the platform; Cy has nothing else. The operator's first way is the platform."""
    drill = DRILLS[name]
    members = {"ann": Member(on=[on], first=on, phone=PHONE, email=MAIL), "cy": Member(on=[on], first=on)}
    warden = Member(on=[on], first=on, email=WARDEN)
    async with everywhere(tmp_path, members, warden=warden) as town:
        side = town.sides[on]
        others = [each for each in town.sides.values() if each is not side]
        begin(town, side, drill)
        await town.fire()
        for member in members:
            paged = ("level_fired", member, side.name, "")
            await until(told(town), lambda lines, paged=paged: paged in lines, f"{member} was not paged")
        town.later(drill.wait_s)
        await people_are_reached(town, side, others, drill)
        await operators_hear(town, side, drill)
        await doctor_names_it(town, side, drill, monkeypatch)
        await the_card_comes_back(town, side, drill)


def begin(town: Everywhere, side: Side, drill: Drill) -> None:
    town.hub.retry_after_s = 60
    town.hub.switch(side.name, drill.outage)
    if drill.removed:
        side.remove()


def reached(town: Everywhere, side: Side) -> Callable[[], object]:
    async def ask() -> bool:
        return bool(side.direct("ann") or (town.mails(MAIL) and town.texts(PHONE)))

    return ask


async def people_are_reached(town: Everywhere, side: Side, others: list[Side], drill: Drill) -> None:
    await until(reached(town, side), bool, "Ann was not reached")
    if not drill.reason:
        await until(told(town), lambda lines: ("proven", "cy", side.name, "") in lines, "Cy was not reached")
        assert side.direct("ann")
        assert side.direct("cy")
        assert not town.mails(MAIL)
        rev = await town.settled("a card is missing", *others)
        assert all("Not reached" not in text(each, town) for each in others), rev
        return
    for member in ("ann", "cy"):
        line = (drill.reason, member, side.name, drill.why)
        await until(told(town), lambda lines, line=line: line in lines, f"the timeline does not say {line}")
    lines = await until(told(town), lambda found: ("unreachable", "cy", "", "") in found, "Cy is not named")
    assert ("unreachable", "ann", "", "") not in lines
    assert {(drill.reason, "ann", way, "") for way in ("sms", "email")} <= set(lines), lines
    await town.settled("a card is missing", *others, *([side] if drill.shown else []))
    for each in (*others, *([side] if drill.shown else [])):
        _, named, line = text(each, town).partition("Not reached")
        assert named, each.name
        assert "Cy Lee" in line[:80], (each.name, line[:80])
        assert "Ann Lee" not in line[:80], (each.name, line[:80])


def text(side: Side, town: Everywhere) -> str:
    return " ".join(strings(town.card(side)))


def told(town: Everywhere) -> Callable[[], object]:
    """The timeline as (reason, member, way, why)."""

    async def ask() -> list[tuple[str, str, str, str]]:
        return [(e.reason.value, e.member, e.way, e.facts.get("why", "")) for e in town.timeline()]

    return ask


async def operators_hear(town: Everywhere, side: Side, drill: Drill) -> None:
    wanted = [f"{side.name}:{drill.alarm}"] if drill.alarm else []

    async def raised() -> list[str]:
        return sorted(set(town.alarms()))

    async def written() -> list[str]:
        return [str(mail) for mail in town.mails(WARDEN)]

    await until(raised, lambda codes: codes == wanted, f"not these alarms: {wanted}")
    await until(written, lambda mails: len(mails) == len(wanted), "the operators were told something else")
    assert all(f"{side.name} refused" in mail and drill.alarm in mail for mail in await written())


async def doctor_names_it(town: Everywhere, side: Side, drill: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in town.environment.items():
        monkeypatch.setenv(key, value)
    found = await asyncio.to_thread(diagnosis.diagnose)
    wrong = [each["check"].removeprefix(f"{side.name}: ") for each in found if not each["ok"] and each["cure"]]
    ours = [each["check"] for each in found if each["check"].startswith(side.name)]
    assert ours
    named = tuple(each for each in wrong if f"{side.name}: {each}" in ours and each != NO_HTTPS)
    assert named == drill.doctor.get(side.name, ()), found
    cures = {each["check"].removeprefix(f"{side.name}: "): each["cure"] for each in found}
    assert all(cures[each].startswith(drill.cure) for each in named), found


async def the_card_comes_back(town: Everywhere, side: Side, drill: Drill) -> None:
    town.hub.switch(side.name, Outage.NONE)
    if drill.removed:
        side.remove(back=True)
    town.later(drill.mended_s)
    if drill.late:
        await until(told(town), lambda lines: ("proven", "cy", side.name, "") in lines, "Cy's page never came")
        assert side.direct("cy")
    await town.settled("the card did not come back", side)
    if drill.late:
        assert "Not reached" not in text(side, town)


@pytest.mark.parametrize("name", DRILLS)
def test_the_page_says_what_a_drill_shows(name: str):
    drill = DRILLS[name]
    row = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {name} |"))
    _, _, people, timeline, card, operators, doctor, _ = (cell.strip() for cell in row.split("|"))
    words = {word for word in (drill.reason, drill.why) if word}
    assert set(re.findall(r"`(\w+)`", timeline)) == (words | {"unreachable"} if words else {"proven"})
    assert set(re.findall(r"`PLATFORM:(\w+)`", operators)) == ({drill.alarm} if drill.alarm else set())
    assert [each for each in SIDES if each.title() in doctor] == list(drill.doctor)
    assert ("at once" in people) is not bool(drill.wait_s)
    assert ("stands there" in card) is drill.shown
