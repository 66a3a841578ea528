"""War rooms: asked for in chat, filled with whoever responds, kept in step, closed with what was said in them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.adapters.base import EditTargetGone
from bot.commands import grammar
from bot.engine.events import RoomFailed
from tests.scenarios.company import company
from tests.scenarios.story import Story, changed


@pytest.fixture
def t():
    story = Story(changed(company(), "ops", rooms=()))
    for name in ("slack", "telegram"):
        story.carriers[name].caps = replace(story.carriers[name].caps, rooms=True)
    return story.at("0m").fire("disk full").at("1m")


def hall(t, platform="slack"):
    (found,) = t.carriers[platform].halls.values()
    return found


def timeline(t):
    of = t.incident().id
    return t.store.read(lambda tx: tx.timeline(of))


def test_it_is_opened_where_somebody_asks_and_holds_whoever_responds(t):
    assert "A war room is being opened" in t.say("bo", "room 1")
    t.at("1m10s")
    (room,) = t.incident().rooms
    assert (room.platform, room.state, room.name) == ("slack", "open", "#1 disk full")
    assert hall(t).people == {"U0BO"}
    assert "disk full" in hall(t).topic
    shown = t.card_on("slack", room.address)
    assert hall(t).pinned == shown.ref, "the card is at the top of the room"
    t.want("1m10s").card("#ops", "#1 disk full")
    assert [kind for kind in t.kinds() if "_wr_" in kind] == ["i_wr_ask:by_hand", "i_wr_create:room"]


def test_the_card_in_the_room_stays_true_and_new_responders_are_brought_in(t):
    t.say("bo", "room 1")
    t.at("2m").say("bo", "add 1 @di")
    t.at("3m")
    assert hall(t).people == {"U0BO", "U0DI"}
    t.say("bo", "ack 1")
    t.at("4m")
    (room,) = t.incident().rooms
    assert t.card_on("slack", room.address).rev == t.incident().rev
    assert "Bo Berg" in hall(t).topic


def test_whoever_has_no_account_there_is_left_out_and_nothing_fails(t):
    t.say("bo", "room 1")
    t.at("2m").say("bo", "add 1 @cy")
    t.at("3m")
    assert hall(t).people == {"U0BO"}
    assert not [kind for kind in t.kinds() if "failed" in kind]


def test_on_several_platforms_at_once_where_the_channel_wants_it():
    t = Story(changed(company(), "ops", rooms=("slack", "telegram")))
    for name in ("slack", "telegram"):
        t.carriers[name].caps = replace(t.carriers[name].caps, rooms=True)
    t.at("0m").fire("disk full").at("1m").say("bo", "room 1")
    t.at("2m")
    assert {room.platform: room.state for room in t.incident().rooms} == {"slack": "open", "telegram": "open"}
    assert hall(t, "telegram").people == {"102"}


def test_asked_twice_it_is_one_room_and_the_second_hears_its_name(t):
    t.say("bo", "room 1")
    t.at("2m")
    assert "There is one already: #1 disk full" in t.say("di", "room 1")
    t.at("3m")
    assert len(t.carriers["slack"].halls) == 1


def test_it_is_closed_on_request_and_what_was_said_is_kept(t):
    t.say("bo", "room 1")
    t.at("2m")
    assert "Closing #1 disk full" in t.say("bo", "room 1 close")
    t.at("3m")
    assert hall(t).closed
    assert t.incident().rooms[0].state == "closed"
    said = [entry.facts["text"] for entry in timeline(t) if entry.kind == "i_wr_said"]
    assert said == ["it was the disk"]
    assert "it was the disk" not in t.say("bo", "why 1"), "the conversation is for the page of the incident"
    assert "There is no open war room" in t.say("bo", "room 1 close")
    t.say("bo", "room 1")
    t.at("4m")
    assert t.incident().rooms[0].state == "open", "and it can be opened again"


def test_a_platform_that_refuses_is_named_and_it_can_be_asked_for_again(t):
    t.carriers["slack"].refused.add("C0OPS")
    t.say("bo", "room 1")
    t.at("2m")
    assert t.incident().rooms == ()
    assert "i_wr_failed:room" in t.kinds()
    assert [entry.facts["why"] for entry in timeline(t) if entry.kind == "i_wr_failed"] == ["chat_unreachable"]
    t.carriers["slack"].refused.clear()
    t.say("bo", "room 1")
    t.at("3m")
    assert t.incident().rooms[0].state == "open"


def test_a_crash_between_the_opening_and_its_record_opens_no_second_room(t):
    t.crash_after_send().say("bo", "room 1")
    t.at("5m")
    assert len(t.carriers["slack"].halls) == 1
    assert t.incident().rooms[0].state == "open"


def test_no_platform_of_the_channel_has_rooms():
    t = Story(changed(company(), "ops", chats=()))
    t.at("0m").fire("disk full").at("1m")
    assert "platform that has war rooms" in t.say("bo", "room 1")


def test_what_was_asked_of_a_room_that_is_closed_by_now_is_not_done_any_more(t):
    t.say("bo", "room 1")
    t.at("2m").down("slack", "server_error").say("bo", "ack 1")
    t.at("2m40s").up("slack").say("bo", "room 1 close")
    t.at("10m")
    assert t.incident().rooms[0].state == "closed"
    assert "Bo Berg" not in hall(t).topic
    assert not [kind for kind in t.kinds() if "failed" in kind]


def test_the_failure_of_something_else_takes_back_neither_an_opening_nor_a_closing(t):
    t.down("slack", "hang").say("bo", "room 1")
    news(t, "topic")
    assert [room.state for room in t.incident().rooms] == ["asked"]
    t.at("1m30s").up("slack").at("3m")
    assert t.incident().rooms[0].state == "open"
    t.down("slack", "hang").say("bo", "room 1 close")
    news(t, "invite")
    assert t.incident().rooms[0].state == "closing"


def news(t, do):
    """A platform refuses something that was asked of a room before."""
    of, event = t.incident().id, RoomFailed(platform="slack", reason="refused", do=do)
    t.store.run(lambda tx: t.process.service.happen(tx, of, event))


def test_a_room_is_opened_beside_the_chat_that_its_parent_has_become(t):
    t.carriers["slack"].moved["C0OPS"] = "C1OPS"
    asked = []
    attend = t.carriers["slack"]._attend
    t.carriers["slack"]._attend = lambda job, call: asked.append((call.do, call.parent)) or attend(job, call)
    t.say("bo", "room 1")
    t.at("2m")
    assert asked[0] == ("open", "C1OPS")


def test_a_card_that_somebody_deleted_is_not_pinned_over_and_over(t):
    pins = []
    attend = t.carriers["slack"]._attend

    def gone(job, call):
        if call.do != "pin":
            return attend(job, call)
        pins.append(t.line.now)
        return EditTargetGone("edit_target_gone")

    t.carriers["slack"]._attend = gone
    t.say("bo", "room 1")
    t.at("20m")
    assert len(pins) == 1
    assert [entry.facts["do"] for entry in timeline(t) if entry.kind == "i_wr_failed"] == ["pin"]


def test_the_card_in_a_closed_room_stays_as_it_is_and_alarms_nobody(t):
    """Slack lets nobody write in an archived channel, and nobody reads there any more."""
    t.say("bo", "room 1")
    t.at("2m")
    address = t.incident().rooms[0].address
    attend = t.carriers["slack"]._attend

    def archiving(job, call):
        if call.do == "close":
            t.carriers["slack"].refused.add(address)
        return attend(job, call)

    t.carriers["slack"]._attend = archiving
    t.say("bo", "room 1 close")
    t.at("3m").say("bo", "ack 1")
    t.at("4m").say("bo", "resolve 1")
    t.at("3h")
    assert [alarm.code for alarm in t.alarms()] == []
    t.want("3h").card("#ops", "Closed")


def test_a_room_that_the_platform_does_not_close_stays_open_and_it_is_said(t):
    t.say("bo", "room 1")
    t.at("2m")
    t.carriers["slack"].refused.add(t.incident().rooms[0].address)
    t.say("bo", "room 1 close")
    t.at("3m")
    assert t.incident().rooms[0].state == "open"
    assert [entry.facts["do"] for entry in timeline(t) if entry.kind == "i_wr_failed"] == ["close"]


def test_in_the_room_commands_need_no_number(t):
    t.say("bo", "room 1")
    t.at("2m").fire("swap full").at("3m")
    (room,) = t.incident(1).rooms
    assert "missing" not in t.say("bo", "ack", where=room.address)
    assert (t.incident(1).progress, t.incident(2).progress) == ("Processing", "Triggered")
    t.say("bo", "note it was the disk", where=room.address)
    assert [entry.facts["text"] for entry in timeline(t) if entry.kind == "i_comm"] == ["it was the disk"]
    t.say("bo", "ack 2", where=room.address)
    assert t.incident(2).progress == "Processing", "a number still says which"
    assert "such as #142" in t.say("bo", "unack", where="C0OPS"), "an ordinary chat is about nothing in particular"
    t.say("bo", "resolve", where=room.address)
    assert t.incident(1).progress == "Closed"
    assert "labels.service=db in Ops" in t.say("bo", "silence service=db 1h", where=room.address)
    assert "title=disk full in Ops" in t.say("bo", "silence 1h", where=room.address), "what is like its incident"


@pytest.mark.parametrize(
    ("text", "about_it"),
    [
        ("ack", True), ("why", True), ("why @ann", True), ("why disk-key", False), ("silence 1h", True),
        ("silence service=db 1h", False), ("merge into 2", True), ("list", False), ("trigger it burns", False),
        ("oncall", False),
    ],
)  # fmt: skip
def test_which_commands_are_about_the_room_they_are_said_in(text, about_it):
    assert grammar.takes_refs(grammar.read(text)) is about_it
