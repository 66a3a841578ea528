"""What only Slack has: forms, mentions, look-up by address, link buttons, and answers that its own limits shape."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from urllib.parse import urlencode

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.base import (
    Answer,
    AuthBroken,
    EditTargetGone,
    Form,
    HttpRequest,
    Json,
    Permanent,
    SendError,
    Slash,
    Transient,
)
from bot.adapters.slack import SlackAdapter
from bot.adapters.slack.decode import Malformed, body_of, decode, plain
from bot.adapters.slack.doctor import scopes
from bot.adapters.slack.outcome import named, outcome
from bot.adapters.slack.scopes import SCOPES
from bot.cards.card import Field, FieldKind, FormCard, Option
from bot.cards.slack import render_form
from bot.playground.hub import Outage
from tests.conformance.platform_kit import at_work, until
from tests.conformance.rig_slack import RIGS, SlackRig

FORM: Json = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Add a note"},
    "submit": {"type": "plain_text", "text": "Save"},
    "private_metadata": "v1.form-token",
    "blocks": [
        {
            "type": "input",
            "block_id": "where",
            "label": {"type": "plain_text", "text": "Note"},
            "element": {"type": "plain_text_input", "action_id": "note"},
        }
    ],
}


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[SlackRig]:
    async with RIGS[request.param]() as opened:
        assert isinstance(opened, SlackRig)
        yield opened


async def opened_form(rig: SlackRig, user: str) -> str:
    rig.stage.desk.answer = Answer(form=FORM)
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, user)
    (view,) = await until(lambda: views(rig), lambda shown: len(shown) == 1, "no form")
    assert view["user"] == user
    return str(view["view"]["id"])


async def views(rig: SlackRig) -> list[Json]:
    shown: list[Json] = (await rig.stage.state())["views"]
    return shown


async def submit(rig: SlackRig, view: str, user: str) -> Json:
    return await rig.stage.act("submit", view_id=view, user=user, values={"where": {"note": "a <note> & more"}})


async def test_a_press_opens_a_form_and_the_form_comes_back(rig: SlackRig):
    view = await opened_form(rig, rig.bo)
    rig.stage.desk.answer = Answer()
    assert (await submit(rig, view, rig.bo))["closed"]
    form = rig.stage.desk.heard[-1]
    assert isinstance(form, Form)
    assert (form.user, form.token, form.values) == (rig.bo, "v1.form-token", {"note": "a <note> & more"})
    assert form.key


async def test_bad_news_keeps_the_form_open_beside_its_field(rig: SlackRig):
    view = await opened_form(rig, rig.bo)
    rig.stage.desk.answer = Answer(toast="The incident is closed.", alert=True)
    shown = await submit(rig, view, rig.bo)
    assert (shown["ok"], shown["closed"], shown["seen"]) == (False, False, {"where": "The incident is closed."})
    first = rig.stage.desk.heard[-1].key
    rig.stage.desk.answer = Answer()
    assert (await submit(rig, view, rig.bo))["closed"]
    assert rig.stage.desk.heard[-1].key != first  # a second try is no repetition of the first


async def test_a_refusal_by_name_stands_beside_its_field(rig: SlackRig):
    view = await opened_form(rig, rig.bo)
    wrong = {"where": "Say it in words.", "nowhere": "This field is not there."}
    rig.stage.desk.answer = Answer(message={"text": "no"}, errors=wrong)
    assert (await submit(rig, view, rig.bo))["errors"] == {"where": "Say it in words."}
    rig.stage.desk.answer = Answer(message={"text": "It is closed."}, errors={"nowhere": "Gone."})
    assert (await submit(rig, view, rig.bo))["errors"] == {"where": "It is closed."}


async def test_good_news_closes_the_form_and_is_told_where_it_was_opened(rig: SlackRig):
    view = await opened_form(rig, rig.bo)
    rig.stage.desk.answer = Answer(toast="Noted. <3")
    assert (await submit(rig, view, rig.bo))["closed"]
    await until(lambda: rig.whispers(rig.bo), lambda said: said == ["Noted. <3"], "no answer")
    assert await rig.seen(rig.bo) == []
    assert await rig.whispers(rig.ann) == []


async def test_a_form_that_was_opened_in_a_direct_message_is_answered_there(rig: SlackRig):
    rig.stage.desk.answer = Answer(form=FORM)
    sent = await rig.adapter.send(rig.bo, rig.card("paged", "t"), key="k1")
    assert await rig.press(sent.ref, rig.bo)
    (view,) = await until(lambda: views(rig), lambda shown: len(shown) == 1, "no form")
    rig.stage.desk.answer = Answer(message=rig.card("done"))
    assert (await submit(rig, view["view"]["id"], rig.bo))["closed"]
    await until(lambda: rig.seen(rig.bo), lambda said: said == ["paged", "done"], "no answer")


async def test_a_form_whose_answer_is_late_closes_and_the_answer_comes_after(rig: SlackRig):
    view = await opened_form(rig, rig.bo)
    rig.stage.desk.answer = Answer(toast="Noted.")
    rig.stage.desk.gate.clear()
    assert (await submit(rig, view, rig.bo))["closed"]
    rig.stage.desk.gate.set()
    await until(lambda: rig.whispers(rig.bo), lambda said: said == ["Noted."], "no answer")


async def test_a_form_that_comes_too_late_to_open_is_answered_in_words(rig: SlackRig):
    rig.stage.desk.answer = Answer(form=FORM, message=rig.card("Type: /toc note #7 …"))
    rig.stage.desk.gate.clear()
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, rig.bo)
    rig.stage.hub.now = later(rig.stage.hub.now, 4.0)  # a trigger_id lives for three seconds
    rig.stage.desk.gate.set()
    await until(lambda: rig.whispers(rig.bo), lambda said: said == ["Type: /toc note #7 …"], "no answer")
    assert await views(rig) == []


def later(now: Callable[[], float], seconds: float) -> Callable[[], float]:
    return lambda: now() + seconds


async def test_a_command_may_open_a_form_as_well(rig: SlackRig):
    rig.stage.desk.answer = Answer(form=FORM)
    assert await rig.command("trigger", rig.ann)
    (view,) = await until(lambda: views(rig), lambda shown: len(shown) == 1, "no form")
    assert view["user"] == rig.ann


async def test_people_chosen_in_a_form_are_what_one_would_type(rig: SlackRig):
    form = FormCard(
        verb="assign", title="Reassign #7", submit="Reassign", cancel="Cancel", token="t.1",
        fields=(
            Field(name="who", label="Who", kind=FieldKind.PEOPLE),
            Field(name="for", label="For", kind=FieldKind.CHOICE, options=(Option(label="1 h", token="1h"),)),
            Field(name="why", label="Why", kind=FieldKind.TEXT, required=False),
        ),
    )  # fmt: skip
    rig.stage.desk.answer = Answer(form=render_form(form))
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert await rig.press(sent.ref, rig.bo)
    (view,) = await until(lambda: views(rig), lambda shown: len(shown) == 1, "no form")
    values = {"who": {"who": [rig.ann, rig.bo]}, "for": {"for": "1h"}, "why": {"why": None}}
    rig.stage.desk.answer = Answer()
    assert (await rig.stage.act("submit", view_id=view["view"]["id"], user=rig.bo, values=values))["closed"]
    heard = rig.stage.desk.heard[-1]
    assert isinstance(heard, Form)
    assert (heard.token, heard.chat) == ("t.1", rig.chat)
    assert heard.values == {"who": f"@{rig.ann} @{rig.bo}", "for": "1h", "why": ""}


@pytest.mark.parametrize("here", [False, True])
async def test_a_mention_is_a_command_and_is_answered_where_it_was_said(rig: SlackRig, here: bool):
    rig.stage.desk.answer = Answer(message=rig.card("Ann"), here=here)
    await rig.stage.act("mention", text="assign #7 <@U1ANN> &amp; note", user=rig.bo, channel=rig.chat)
    place = rig.seen if here else rig.whispers
    await until(lambda: place(rig.chat if here else rig.bo), lambda said: said == ["Ann"], "no answer")
    (said,) = rig.stage.desk.heard
    assert isinstance(said, Slash)
    assert (said.user, said.text, said.chat, said.reply_to) == (rig.bo, "assign #7 @U1ANN & note", rig.chat, "")


async def test_a_direct_line_is_a_command(rig: SlackRig):
    sent = await rig.adapter.send(rig.ann, rig.card("hello"), key="k1")
    rig.stage.desk.answer = Answer(toast="Bo is on call")
    await rig.stage.act("say", text="who", user=rig.ann, channel=sent.ref.partition(":")[0])
    await until(lambda: rig.seen(rig.ann), lambda said: said == ["hello", "Bo is on call"], "no answer")
    assert [said.text for said in rig.stage.desk.heard if isinstance(said, Slash)] == ["who"]


async def test_a_menu_says_what_was_chosen_and_a_link_button_nothing(rig: SlackRig):
    card = rig.card("card")
    options = [{"text": {"type": "plain_text", "text": word}, "value": f"t.{word}"} for word in ("1h", "2h")]
    link = {
        "type": "button",
        "action_id": "link",
        "text": {"type": "plain_text", "text": "Open"},
        "url": "https://e.com",
    }
    menus = [{"type": kind, "action_id": kind, "options": options} for kind in ("static_select", "overflow")]
    card["blocks"].append({"type": "actions", "elements": [*menus, link]})
    channel, _, ts = (await rig.adapter.send(rig.chat, card, key="k1")).ref.partition(":")
    for kind, choice in (("static_select", "t.1h"), ("overflow", "t.2h"), ("link", None)):
        pressed = await rig.stage.act("press", channel=channel, ts=ts, action_id=kind, user=rig.ann, option=choice)
        assert pressed["ok"], pressed
    assert [press.token for press in rig.stage.desk.heard] == ["t.1h", "t.2h"]


async def test_a_member_is_found_by_address(rig: SlackRig):
    assert await rig.adapter.resolve_user("Ann@Example.com") == rig.ann
    assert await rig.adapter.resolve_user("nobody@example.com") is None
    await rig.stage.outage(Outage.REVOKED)
    with pytest.raises(AuthBroken):
        await rig.adapter.resolve_user("ann@example.com")


async def test_an_edit_clears_what_the_new_card_lacks(rig: SlackRig):
    bar = {"text": "old", "attachments": [{"color": "#D72D30", "text": "bar"}]}
    sent = await rig.adapter.send(rig.chat, bar, key="k1")
    await rig.adapter.edit(sent.ref, {"text": "plain now"})
    (place,) = [place for place in (await rig.stage.state())["channels"] if place["id"] == rig.chat]
    assert place["messages"][0].keys() & {"attachments", "blocks"} == set()


async def test_somebody_elses_message_is_posted_anew_instead_of_edited(rig: SlackRig):
    said = await rig.stage.act("say", text="mine", user=rig.ann, channel=rig.chat)
    with pytest.raises(EditTargetGone):
        await rig.adapter.edit(f"{rig.chat}:{said['ts']}", rig.card("x"))


async def test_the_request_url_is_verified_by_its_challenge():
    async with RIGS["slack_http"]() as rig:
        assert (await rig.stage.act("verify"))["ok"]


@pytest.mark.parametrize(
    "body",
    [
        b"ssl_check=1&token=x",
        b'{"type": "event_callback", "event_id": "E", "event": {"type": "user_change", "user": {"id": "U1"}}}',
        b'{"type": "event_callback", "event_id": "E", "event": {"type": "message", "channel": "C1", "text": "hi"}}',
        b'{"type": "url_verification"}',
        urlencode({"payload": json.dumps({"type": "shortcut", "user": {"id": "U1"}})}).encode(),
        urlencode({"payload": json.dumps({"type": "view_closed"})}).encode(),
        urlencode({"payload": json.dumps({"type": "interactive_message", "actions": 5})}).encode(),
    ],
)
async def test_what_needs_no_answer_is_acknowledged(body: bytes):
    async with RIGS["slack_http"]() as rig:
        assert await rig.stage.post(body, rig.signed(body)) == 200
        assert rig.stage.desk.heard == []


async def test_an_app_without_a_signing_secret_believes_nobody():
    async with RIGS["slack_http"]() as rig:
        settings = replace(rig.adapter.settings, signing_secret="")
        open_door = SlackAdapter(settings)
        async with at_work(open_door, rig.stage.desk):
            body = rig.press_body("t")
            signed = {name.lower(): value for name, value in rig.signed(body, secret="").items()}
            call = HttpRequest(method="POST", path="/", query="", headers=signed, body=body)
            assert (await open_door.receive(call)).status == 401
            assert [finding.check for finding in await open_door.check() if not finding.ok] == ["signing secret"]
        assert rig.stage.desk.heard == []


# -- pieces -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "kind", "reason"),
    [
        ("not_in_channel", Permanent, "chat_unreachable"),
        ("is_archived", Permanent, "chat_unreachable"),
        ("restricted_action", Permanent, "chat_unreachable"),
        ("user_disabled", Permanent, "recipient_unreachable"),
        ("token_expired", AuthBroken, "auth_broken"),
        ("missing_scope", AuthBroken, "auth_broken"),
        ("msg_too_long", Permanent, "card_invalid"),
        ("cant_update_message", EditTargetGone, "edit_target_gone"),
        ("fatal_error", Transient, "platform_down"),
        ("a_word_of_next_year", Permanent, "refused"),
    ],
)
def test_every_word_has_an_outcome(word: str, kind: type[SendError], reason: str):
    error = named(word, "why", ambiguous=True)
    assert type(error) is kind
    assert (error.reason, error.detail) == (reason, "why")
    assert getattr(error, "ambiguous", False) is (word == "fatal_error")


@pytest.mark.parametrize(
    ("raised", "ambiguous"), [(aiohttp.ServerDisconnectedError(), True), (AttributeError("no get"), True)]
)
async def test_a_broken_connection_leaves_doubt(raised: Exception, ambiguous: bool):
    with pytest.raises(Transient) as failure:
        async with outcome(1.0):
            raise raised
    assert failure.value.ambiguous is ambiguous


async def test_a_bug_is_not_taken_for_bad_weather():
    with pytest.raises(ZeroDivisionError):
        async with outcome(1.0):
            raise ZeroDivisionError
    with pytest.raises(asyncio.CancelledError):
        async with outcome(1.0):
            raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("assign <@U12|bo> now", "assign @U12 now"),
        ("in <#C1|ops> or <#C2>", "in #ops or #C2"),
        ("see <https://e.com/?a=1&amp;b=2|e.com>", "see https://e.com/?a=1&b=2"),
        ("1 &lt; 2 &amp;amp; <!subteam^S1|team>", "1 < 2 &amp; @subteam^S1"),
        ("  a < b  ", "a < b"),
    ],
)
def test_markup_becomes_what_was_typed(text: str, said: str):
    assert plain(text) == said


@pytest.mark.parametrize("body", [{}, {"type": 5}, {"type": "block_actions", "user": {"id": "U"}, "actions": []}])
def test_the_wrong_shape_is_malformed(body: Json):
    with pytest.raises(Malformed):
        decode(body)


names = st.sampled_from([
    "type", "user", "id", "actions", "action_id", "value", "selected_option", "channel", "view", "state", "values",
    "event", "event_id", "text", "command", "user_id", "channel_id", "trigger_id", "payload", "private_metadata",
    "callback_id", "message", "ts", "team", "domain", "tab", "selected_users",
])  # fmt: skip
kinds = st.sampled_from(
    [
        "block_actions",
        "view_submission",
        "event_callback",
        "app_mention",
        "button",
        "url_verification",
        "message_action",
        "app_home_opened",
        "home",
        "toc_keep",
    ]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | kinds,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=25,
)


@given(json_values)
def test_any_json_is_decoded_or_malformed(value: object):
    kind = {"content-type": "application/json"}
    request = HttpRequest(method="POST", path="/", query="", headers=kind, body=json.dumps(value).encode())
    try:
        decode(body_of(request))
    except Malformed:
        return


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_malformed(body: bytes):
    try:
        decode(body_of(HttpRequest(method="POST", path="/", query="", headers={}, body=body)))
    except Malformed:
        return


def test_the_doctor_names_missing_scopes():
    assert all(finding.ok and not finding.cure for finding in scopes(", ".join(SCOPES)))
    needed, rooms, groups = scopes("chat:write,commands,channels:manage")
    assert not needed.ok
    assert "im:write" in needed.cure
    assert "chat:write" not in needed.cure
    assert (rooms.ok, groups.ok) == (True, True)  # nobody needs them who has no war rooms and no user groups
    assert "pins:write" in rooms.cure
    assert "channels:manage" not in rooms.cure
    assert "usergroups:write" in groups.cure
