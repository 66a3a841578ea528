"""A person's language in Slack: no payload tells it, so it is asked aside, and nobody waits for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.adapters.base import Errands, Json
from bot.adapters.slack import locales
from bot.adapters.slack.locales import Locales
from bot.playground.hub import Outage
from tests.conformance.platform_kit import until
from tests.conformance.rig_slack import RIGS, SlackRig

LI = "U3LI"
"""Has Slack in Chinese; the others have it in English."""


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[SlackRig]:
    async with RIGS[request.param]() as opened:
        assert isinstance(opened, SlackRig)
        yield opened


async def heard_in(rig: SlackRig, user: str, text: str = "oncall") -> str:
    """The language that the product hears of, as the person types a command."""
    before = len(rig.stage.desk.heard)
    assert await rig.command(text, user)
    assert len(rig.stage.desk.heard) == before + 1
    return rig.stage.desk.heard[-1].lang


async def learned(rig: SlackRig, user: str, locale: str) -> None:
    async def ask() -> str:
        return await heard_in(rig, user)

    await until(ask, lambda heard: heard == locale, f"never heard {locale}")


async def test_the_first_word_is_answered_without_it_and_the_next_with_it(rig: SlackRig):
    assert not await heard_in(rig, LI)
    await learned(rig, LI, "zh-CN")
    assert not await heard_in(rig, rig.ann)
    await learned(rig, rig.ann, "en-US")


async def views(rig: SlackRig) -> list[Json]:
    shown: list[Json] = (await rig.stage.state())["views"]
    return shown


async def keeps(rig: SlackRig, user: str, count: int) -> Json:
    """The form behind the shortcut as it opens for a person, who has opened so many before."""
    said = await rig.stage.act("say", text="it was the disk", user=rig.ann, channel=rig.chat)
    place = {"channel": rig.chat, "ts": said["ts"], "user": user}
    assert (await rig.stage.act("shortcut", callback_id="toc_keep", **place))["ok"]
    shown = await until(lambda: views(rig), lambda found: len(found) == count, "no form")
    view: Json = shown[-1]["view"]
    return view


async def test_the_form_of_the_shortcut_is_in_the_language_that_is_known(rig: SlackRig):
    view = await keeps(rig, LI, 1)
    assert view["title"]["text"] == "Add to an incident"  # nobody knew better, and nothing was waited for
    await learned(rig, LI, "zh-CN")
    view = await keeps(rig, LI, 2)
    assert (view["title"]["text"], view["submit"]["text"]) == ("添加到故障", "添加备注")


async def test_the_home_tab_teaches_the_language_before_the_first_command(rig: SlackRig):
    await rig.stage.act("open_home", user=LI)

    async def known() -> str:
        await rig.stage.act("open_home", user=LI)
        return rig.stage.desk.heard[-1].lang

    await until(known, lambda lang: lang == "zh-CN", "the Home tab taught nothing")
    assert await heard_in(rig, LI) == "zh-CN"


async def test_a_form_does_not_wait_for_a_slack_that_answers_late(rig: SlackRig):
    rig.stage.hub.slow_s = 1.2  # the callback and the form take that long each: one call more would cost the form
    await rig.stage.outage(Outage.SLOW)
    assert (await keeps(rig, LI, 1))["title"]["text"] == "Add to an incident"


class Web:
    """A Slack that counts who was asked about, and answers as told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Any = {"user": {"locale": "zh-CN"}}
        self.gate = asyncio.Event()
        self.gate.set()

    async def users_info(self, *, user: str, include_locale: bool) -> Any:
        assert include_locale
        self.asked.append(user)
        await self.gate.wait()
        return self.answer


def opened() -> tuple[Web, Errands, Locales]:
    web, errands = Web(), Errands()
    return web, errands, Locales(web, errands)  # type: ignore[arg-type] # the one method that is asked


async def test_one_person_is_asked_about_once(monkeypatch: pytest.MonkeyPatch):
    web, errands, known = opened()
    assert [known.of("U1"), known.of("U1")] == ["", ""]
    await errands.finish(1.0)
    assert (known.of("U1"), web.asked) == ("zh-CN", ["U1"])
    monkeypatch.setattr(locales, "KEPT_S", -1.0)
    assert not known.of("U2")
    await errands.finish(1.0)
    assert known.of("U2") == "zh-CN"  # old by now: said all the same, and asked again
    await errands.finish(1.0)
    assert web.asked == ["U1", "U2", "U2"]


async def test_an_answer_without_a_locale_is_not_asked_for_again_at_once():
    web, errands, known = opened()
    web.answer = {"user": {"id": "U1"}}
    for _ in range(3):
        assert not known.of("U1")
        await errands.finish(1.0)
    assert web.asked == ["U1"]


async def test_what_was_known_outlives_a_failure(monkeypatch: pytest.MonkeyPatch):
    web, errands, known = opened()
    monkeypatch.setattr(locales, "KEPT_S", -1.0)
    known.of("U1")
    await errands.finish(1.0)
    web.answer = {"user": None}
    assert known.of("U1") == "zh-CN"
    await errands.finish(1.0)
    assert known.of("U1") == "zh-CN"


async def test_neither_the_memory_nor_the_questions_grow_without_end(monkeypatch: pytest.MonkeyPatch):
    web, errands, known = opened()
    monkeypatch.setattr(locales, "PEOPLE_MAX", 3)
    web.gate.clear()
    for number in range(20):
        known.of(f"U{number}")
    await asyncio.sleep(0)
    assert len(web.asked) == locales.AT_ONCE_MAX
    web.gate.set()
    await errands.finish(1.0)
    assert not known.of("U0")
    assert known.of("U4") == "zh-CN"
