"""Stories of bursts: three texts, then one for all that came together; each page is still proven by itself."""

from __future__ import annotations

from dataclasses import replace

from bot.adapters.base import Receipt
from bot.store.base import Delivery, DeliveryState
from tests.scenarios.story import Story
from tests.scenarios.test_texts import BO, by_text, texts


def rows(t: Story) -> list[Delivery]:
    found = t.store.read(
        lambda tx: [r for i in tx.list_incidents(open_only=False, limit=50) for r in tx.deliveries_of(i.id)]
    )
    return sorted((row for row in found if row.way == "sms"), key=lambda row: (row.created_at, row.incident))


def storm(t: Story, count: int) -> None:
    for number in range(count):
        t.fire(f"host {number} is gone")


def test_of_seven_at_once_three_come_alone_and_four_together_within_ten_seconds():
    t = by_text("bo")
    storm(t, 7)
    t.at("4s")
    assert len(texts(t, "bo")) == 3
    t.at("14s")
    alone, together = texts(t, "bo")[:3], texts(t, "bo")[3:]
    assert [len(alone), len(together)] == [3, 1]
    assert together[0].startswith("4 incidents need you:")
    assert "4a #4 host 3 is gone" in together[0]
    t.at("1m")
    assert {row.state for row in rows(t)} == {DeliveryState.DELIVERED}
    for num in range(1, 8):
        assert t.kinds(num).count("i_delivery:proven") == 1
    t.between("0s", "2m30s").page("bo", "email", times=0)
    assert t.say(BO, "4a 5a 6a 7a", on="sms") == "#4, #5, #6, #7: You have it now."


def test_what_nobody_confirms_leads_on_for_each_of_them():
    t = by_text("bo")
    t.phone_off("bo")
    storm(t, 5)
    t.between("0s", "2m30s").page("bo", "email", times=5)


def test_what_was_acknowledged_meanwhile_is_not_in_the_bundle():
    t = by_text("bo")
    storm(t, 6)
    t.at("5s").say("bo", "ack 5")
    t.at("14s")
    [together] = texts(t, "bo")[3:]
    assert together.startswith("2 incidents need you:")
    assert "host 4" not in together


def test_a_vendor_that_is_down_loses_nothing():
    t = by_text("bo")
    t.down("sms")
    storm(t, 6)
    t.at("40s")
    t.between("0s", "45s").page("bo", "email")
    t.up("sms")
    t.at("5m")
    assert {row.state for row in rows(t)} <= {DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.SENT}


def test_a_number_on_the_vendors_list_gets_no_more_texts():
    t = by_text("bo")
    t.phone_off("bo").fire("disk full")
    t.at("10s")
    [row] = rows(t)
    [one] = t.store.read(lambda tx: tx.tries(row.id))
    about = Receipt(carrier="sms", vendor=one.vendor, provider_id=one.provider_id, state="failed")
    t._receipt(replace(about, reason="recipient_blocked"))
    t.between("10s", "16s").page("bo", "email", times=1)
    assert any(alarm.code == "sms_stopped:bo" for alarm in t.alarms())
    t.store.read(t.process.directory.load)  # as every process does each second
    t.fire("disk slow").at("1m")
    assert not texts(t, "bo", "disk slow")
    t.say(BO, "START", on="sms")
    t.fire("disk gone").at("2m")
    assert texts(t, "bo", "disk gone")
