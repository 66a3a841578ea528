"""Stories of a test: sent, asked about, and what to check next."""

from __future__ import annotations

from dataclasses import replace

from bot.commands.trying import outcomes
from bot.engine.model import MINUTE, SECOND
from bot.service import last_test
from bot.store.base import Delivery, DeliveryState
from tests.scenarios.story import Story


def states(t: Story, who: str) -> dict[str, tuple[str, str]]:
    rows: list[Delivery] = t.store.read(lambda tx: last_test(tx, who))
    return {each.way: (each.state, each.reason) for each in outcomes(rows, "en", t.line.clock.now())}


def test_nobody_has_a_result_before_a_test():
    assert Story().say("bo", "test last") == "There has been no test yet. Ask for one: /toc test"


def test_a_test_says_how_to_ask_for_its_result():
    t = Story()
    lines = t.say("bo", "test dm").splitlines()
    assert lines == ["A test is on its way: Slack, Telegram.", "In a minute, ask what became of it: /toc test last"]
    assert t.say("bo", "test last").splitlines()[1:3] == [
        "Slack: still on its way",
        "- It is still on its way. Ask again in a minute.",
    ]


def test_the_result_says_what_arrived_what_failed_and_what_to_check_next():
    t = Story()
    t.unreachable("bo", "telegram")
    t.say("bo", "test dm")
    t.at("1m")
    lines = t.say("bo", "test last").splitlines()
    assert lines[0] == "Your test of 02:00:"
    assert lines[1] == "Slack: taken. If you do not see it:"
    failed = lines.index("Telegram: failed, that account or number cannot be reached. Check next:")
    assert lines[failed + 1].startswith("- Write to the bot once")
    assert "Check next" not in "\n".join(lines[:failed])
    assert "- Write to the bot once" in t.say("bo", "doctor")


def test_the_result_is_in_the_persons_language():
    t = Story()
    t.edit(replace(t.world, members={**t.world.members, "bo": replace(t.world.members["bo"], lang="zh")}))
    assert "/toc test last" in t.say("bo", "test dm")
    t.at("1m")
    told = t.say("bo", "test 结果")
    assert told.startswith("02:00 的测试：\nSlack：已接收。如果没有看到：\n- 平台已显示。")


def test_a_test_by_a_way_that_is_missing_sends_nothing():
    t = Story()
    assert t.say("bo", "test fax") == "Nothing was sent: you cannot be reached by fax."
    assert t.say("bo", "test last").startswith("There has been no test yet")


def test_a_text_is_proven_by_its_receipt_and_late_without_one():
    """By rows as the store has them; how they come about is the business of delivery."""
    now = 10 * MINUTE
    row = Delivery(
        id="1", key="test:1:sms", incident="", carrier="sms", address="+12025550100", way="sms", lane="0page",
        due_at=0, created_at=now - SECOND, expires_at=15 * MINUTE, member="bo", text="x", attempts=1,
    )  # fmt: skip

    def told(**change: object) -> tuple[str, str]:
        (found,) = outcomes([replace(row, **change)], "en", now)
        return found.state, found.reason

    assert told() == ("queued", "")
    assert told(error="rate_limited") == ("queued", "rate_limited")
    assert told(state=DeliveryState.SENT) == ("sent", "")
    assert told(state=DeliveryState.SENT, created_at=now - 3 * MINUTE) == ("failed", "no_proof_in_time")
    assert told(state=DeliveryState.DELIVERED) == ("delivered", "")
    assert told(state=DeliveryState.FAILED, error="recipient_blocked") == ("failed", "recipient_blocked")
    assert told(state=DeliveryState.EXPIRED) == ("failed", "expired")
    assert told(state=DeliveryState.SENT, way="email") == ("accepted", "")
    (blocked,) = outcomes([replace(row, state=DeliveryState.FAILED, error="not_delivered")], "en", now)
    assert any("10DLC" in step for step in blocked.steps), "what is special where the number is"
