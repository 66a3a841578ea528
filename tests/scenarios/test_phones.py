"""Stories of texts and calls: vendors that fail in every way, keys that are pressed, and calls that stop in time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.adapters.base import Keyed
from bot.engine.model import MINUTE, Level, Severity
from bot.store.base import DeliveryState
from tests.scenarios.company import LADDER, company, member
from tests.scenarios.story import Story
from tests.sim.phones import DEAD, LYING, SLOW


def night(*ways: str, ladder: tuple[Level, ...] = ()) -> Story:
    """Bo, who can be called, is reached by these ways."""
    bo = replace(company().members["bo"], ways={Severity.CRITICAL: ways, Severity.WARNING: ways}, calls=True)
    world = replace(company(), members={**company().members, "bo": bo})
    if ladder:
        rule = replace(world.channels["ops"].rules[0], levels=ladder)
        world = replace(world, channels={"ops": replace(world.channels["ops"], rules=(rule,))})
    return Story(world)


def press(t: Story, digit: str, *, call: int = 1, key: str = "") -> str:
    """Bo presses a key in the call with this number."""
    name = f"voice:{call}"
    return t._hear(
        Keyed(platform="voice", vendor="alpha", provider_id=name, mark="", digit=digit, key=key or f"{name}:{digit}")
    )


@pytest.mark.parametrize("way", ["sms", "voice"])
@pytest.mark.parametrize("illness", [DEAD, SLOW, LYING])
def test_whatever_ails_a_vendor_a_critical_page_goes_by_another_within_15_seconds(way: str, illness: str):
    t = night(way)
    t.carriers[way].ailing["alpha"] = illness
    t.fire("disk full")
    t.between("0m", "15s").page("bo", way)
    assert t.carriers[way].tries[next(iter(t.carriers[way].tries))].vendors[1] == "beta"
    assert "i_delivery:vendor_tried" in t.kinds()


def test_a_vendor_that_lies_is_believed_a_minute_where_it_is_not_critical():
    t = night("sms")
    t.carriers["sms"].ailing["alpha"] = LYING
    t.fire("disk slow", "warning")
    t.between("0m", "2m59s").nobody("bo", "sms")
    t.between("2m59s", "3m15s").page("bo", "sms", times=1)


def test_a_receipt_ends_the_search():
    t = night("sms")
    t.fire("disk full")
    t.between("0m", "4m").page("bo", "sms", times=1)
    incident = t.incident().id
    row = next(row for row in t.store.read(lambda tx: tx.deliveries_of(incident)) if row.carrier == "sms")
    assert row.state is DeliveryState.DELIVERED


def test_when_every_vendor_is_down_the_next_medium_goes_at_once_and_they_are_asked_again():
    t = night("sms")
    t.down("sms").fire("disk full")
    t.want("0m").page("bo", "email", times=1).nobody(via="sms")
    t.up("sms")
    t.between("4s", "20s").page("bo", "sms", times=1)


def test_nobody_is_texted_again_after_the_acknowledgement():
    t = night("sms")
    t.down("sms").fire("disk full")
    t.at("2s").say("bo", "/toc ack #1")
    t.up("sms")
    t.never_after("2s", until="5m").page("bo", "sms")


def test_nobody_is_called_after_the_acknowledgement():
    t = night("voice")
    t.carriers["voice"].ailing["alpha"] = LYING
    t.fire("disk full")
    t.at("5s").say("bo", "/toc ack #1")
    t.never_after("5s", until="1h").page("bo", "voice")


def test_all_chats_are_down_and_the_texts_and_mails_go_out_within_a_minute():
    t = night("im")
    t.down("slack").down("telegram").fire("disk full")
    t.between("0m", "1m").page("bo", "sms", times=1).page("bo", "email", times=1)
    t.between("0m", "4m").nobody("bo", "voice")


def test_with_a_rule_that_calls_the_phone_rings_as_well():
    call = Level(targets=(member("bo"),), ways={Severity.CRITICAL: ("im", "voice")}, escalate_after=5 * MINUTE)
    t = night("im", ladder=(call, *LADDER[1:]))
    t.down("slack").down("telegram").fire("disk full")
    t.between("0m", "1m").page("bo", "voice", times=1).page("bo", "sms", times=1)


def test_a_call_comes_of_itself_when_nothing_else_is_left():
    t = night("im")
    for way in ("slack", "telegram", "sms", "email"):
        t.unreachable("bo", way)
    t.fire("disk full")
    t.want("0m").page("bo", "voice", times=1)


def test_key_1_takes_it_and_pressed_twice_it_is_taken_once():
    t = night("voice")
    t.fire("disk full").at("5s")
    assert press(t, "1") == "#1: You have it now."
    assert t.incident().responders[0].acked_at is not None
    before = t.kinds()
    press(t, "1")
    assert [kind for kind in t.kinds() if kind.startswith("i_ack")] == [k for k in before if k.startswith("i_ack")]


def test_key_2_resolves_and_key_3_escalates():
    t = night("voice")
    t.fire("disk full").fire("disk fuller").at("5s")
    press(t, "2")
    press(t, "3", call=2)
    states = sorted(t.incident(num).progress for num in (1, 2))
    assert states == ["Closed", "Triggered"]
    t.want("5s").page("cy")


def test_the_star_says_it_again_and_other_keys_change_nothing():
    t = night("voice")
    t.fire("disk full").at("5s")
    assert "disk full" in press(t, "*")
    press(t, "7")
    press(t, "")
    assert t.incident().responders[0].acked_at is None


def test_a_key_of_an_unknown_call_changes_nothing():
    t = night("voice")
    t.fire("disk full").at("5s")
    press(t, "1", call=99)
    assert t.incident().responders[0].acked_at is None


def test_a_phone_that_nobody_takes_rings_twice_and_then_the_next_medium_takes_over():
    t = night("voice")
    t.carriers["voice"].mute.add(company().members["bo"].phone)
    t.carriers["voice"].rng.seed(3)
    t.fire("disk full")
    t.between("0m", "3m").page("bo", "voice").page("bo", "sms", times=1)
