"""A platform that is away for long, a chat that takes no card, a card that goes out as bare text: it is said where
people look."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.adapters.base import Adapter, Capabilities, Json, Permanent, Sent
from bot.backplane import Budgets
from bot.deliver import Deliver, Job
from bot.store.base import Lane
from tests.scenarios.company import BOSSES, OPS
from tests.scenarios.story import Story


def lines(story: Story, reason: str) -> list[tuple[str, dict[str, str]]]:
    """Whom and what each line of this reason is about."""
    incident = story.incident().id
    entries = story.store.read(lambda tx: tx.timeline(incident))
    return [(entry.member, dict(entry.facts)) for entry in entries if entry.reason == reason]


def test_a_platform_that_is_away_for_minutes_is_told_by_another_way():
    story = Story().down("slack").fire("disk full")
    story.at("4m50s")
    assert not story.alarms()
    story.at("12m")
    assert [alarm.code for alarm in story.alarms()] == ["slack:outage"]
    assert "slack has taken no message for 5 minutes (connection_refused)" in story.alarms()[0].text
    assert story.between("5m", "12m").page("di", "sms").seen("di", "slack") == []


def test_it_is_told_once_an_hour():
    story = Story().down("slack").fire("disk full")
    story.at("59m")
    assert len(story.alarms()) == 1
    story.at("1h30m")
    assert len(story.alarms()) == 2


def test_a_success_in_between_is_no_outage():
    story = Story().down("slack").fire("disk full")
    story.at("4m").up("slack").at("4m30s").down("slack")
    story.fire("swap full").at("9m")
    assert not story.alarms()


def test_an_outage_long_ago_is_not_counted():
    story = Story().down("slack").fire("disk full")
    story.at("2m").say("bo", "resolve 1")
    story.up("slack").at("1h").down("slack").fire("swap full").at("1h3m")
    assert not story.alarms()


def test_a_chat_that_takes_no_card_is_named_once():
    story = Story()
    story.carriers["slack"].refused.add(OPS.address)
    story.fire("disk full").at("20m").say("bo", "ack 1")
    story.at("40m")
    assert lines(story, "card_refused") == [("", {"platform": "slack", "chat": "#ops", "why": "chat_unreachable"})]
    story.say("bo", "why 1")
    assert "Slack refused the card for #ops: Tocsin may not write there" in str(story.said.card)


def test_each_chat_and_each_reason_is_said():
    story = Story()
    story.carriers["slack"].refused.update({OPS.address, BOSSES.address})
    story.fire("disk full").at("20m").revoke("slack").at("40m")
    said = [(facts["chat"], facts["why"]) for _, facts in lines(story, "card_refused")]
    assert sorted(said) == [(chat, why) for chat in ("#bosses", "#ops") for why in ("auth_broken", "chat_unreachable")]


def test_a_person_who_cannot_be_written_to_is_no_chat():
    story = Story().unreachable("bo", "slack")
    story.fire("disk full").at("5m")
    assert story.kinds().count("i_delivery:fallback_failed") == 1
    assert lines(story, "card_refused") == []


@dataclass(eq=False)
class Plain:
    """A platform that refuses every message with a button, and takes bare text."""

    caps: Capabilities
    taken: list[str] = field(default_factory=list)

    async def send(self, to: str, message: Json, *, key: str) -> Sent:
        assert key
        if "attachments" in message or "blocks" in message:
            raise Permanent("card_invalid", "invalid_blocks")
        self.taken.append(to)
        return Sent(ref=f"{to}:{len(self.taken)}", provider_id="p1")


def test_a_card_that_goes_out_as_bare_text_is_named():
    story = Story().down("slack").fire("disk full")
    story.at("3s").freeze("1h").at("10s")
    plain = Plain(caps=story.carriers["slack"].caps)
    carriers: dict[str, Adapter] = {"slack": plain}  # type: ignore[dict-item] # all that is asked of it here
    process = story.process
    deliver = Deliver(process.service, process.rendering, carriers, Budgets(), story.line.clock, story.env.ids)
    rows = story.store.run(lambda tx: deliver.claim(tx, (Lane.PAGE, Lane.CARD), 10))
    jobs = [story.store.run(lambda tx, row=row: deliver.prepare(tx, row)) for row in rows]
    sent = [(job, asyncio.run(deliver.send(job))) for job in jobs if isinstance(job, Job)]
    for job, outcome in sent:
        story.store.run(lambda tx, job=job, outcome=outcome: deliver.record(tx, job, outcome))
    assert sorted(plain.taken) == ["C0OPS", "U0BO"]
    facts = {"platform": "slack", "why": "card_invalid"}
    assert lines(story, "card_as_text") == [("bo", facts | {"chat": "Bo Berg"}), ("", facts | {"chat": "#ops"})]
    story.say("bo", "why 1")
    assert "Slack refused the look of the card for #ops" in str(story.said.card)
