"""Whatever a signed body holds, it is understood, left alone, or refused as malformed: nothing else comes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botbuilder.schema import Activity
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.base import Form, Press, Slash
from bot.adapters.teams.decode import Heard, Malformed, body_of, decode

ANN = "0000000a-0000-4000-8000-000000000000"
GOOD: dict[str, Any] = {
    "type": "message",
    "id": "1",
    "timestamp": "2026-11-20T10:00:00.000Z",
    "serviceUrl": "https://smba.trafficmanager.net/teams/",
    "channelId": "msteams",
    "from": {"id": "29:ann", "name": "Ann", "aadObjectId": ANN},
    "recipient": {"id": "28:bot", "name": "Tocsin"},
    "conversation": {"id": "19:x@thread.tacv2;messageid=9", "conversationType": "channel", "tenantId": "t"},
    "channelData": {"tenant": {"id": "t"}},
    "locale": "en-US",
    "text": "<at>Tocsin</at>&nbsp;ack #12 &amp; go",
    "entities": [{"type": "mention", "text": "<at>Tocsin</at>", "mentioned": {"id": "28:bot", "name": "Tocsin"}}],
}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    (*GOOD, "name", "value", "action", "attachments", "replyToId", "membersAdded", "membersRemoved")
)
kinds = st.sampled_from(("message", "invoke", "conversationUpdate", "installationUpdate", "typing"))
invokes = st.sampled_from(("adaptiveCard/action", "task/fetch", "task/submit", "x"))
data = st.dictionaries(st.sampled_from(("token", "form", "people", "text")), anything, max_size=4)


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(names, anything, max_size=4), kinds, invokes, st.none() | data | st.builds(dict, action=anything)
)
def test_a_body_of_any_shape_is_survived(changes: dict[str, Any], kind: str, name: str, value: Any):
    body = {**GOOD, "type": kind, "name": name, "value": value, **changes}
    try:
        heard = decode(json.loads(json.dumps(body)))
    except Malformed:
        return
    assert isinstance(heard, Heard)
    assert heard.inbound is None or isinstance(heard.inbound, Press | Slash | Form)
    try:
        Activity().deserialize(body)
    except (AttributeError, TypeError, ValueError):
        return  # what the adapter answers with 400


@settings(deadline=None)
@given(anything)
def test_a_body_that_is_no_activity_is_malformed(body: Any):
    raw = json.dumps(body).encode()
    with pytest.raises(Malformed):
        decode(body_of(raw))


def test_a_line_is_what_was_typed():
    heard = decode(GOOD)
    assert isinstance(heard.inbound, Slash)
    assert (heard.inbound.text, heard.inbound.user) == ("ack #12 & go", ANN)
    assert heard.inbound.reply_to == "19:x@thread.tacv2;messageid=9|9"
    assert heard.inbound.chat == "19:x@thread.tacv2"


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("/toc who", "who"),
        ("toc who", "who"),
        ("TOCSIN  who", "who"),
        ("tocsins who", "tocsins who"),
        ("<at>Tocsin</at> /toc who", "who"),
        ("<at>Tocsin</at> note 1 ask <at>Tocsin</at> again", "note 1 ask <at>Tocsin</at> again"),
        ("<at>Tocsin</at>", ""),
        ("list\xa0mine", "list mine"),
    ],
)
def test_the_root_word_and_the_mention_are_left_out(text: str, typed: str):
    heard = decode({**GOOD, "text": text})
    assert isinstance(heard.inbound, Slash)
    assert heard.inbound.text == typed


@pytest.mark.parametrize(
    ("change", "installed"),
    [
        ({"type": "conversationUpdate", "membersAdded": [{"id": "28:bot"}]}, True),
        ({"type": "conversationUpdate", "membersRemoved": [{"id": "28:bot"}]}, False),
        ({"type": "conversationUpdate", "membersAdded": [{"id": "29:bo"}]}, None),
        ({"type": "installationUpdate", "action": "add"}, True),
        ({"type": "installationUpdate", "action": "remove-upgrade"}, False),
        ({"type": "message"}, None),
    ],
)
def test_installations_are_recognized(change: dict[str, Any], installed: bool | None):
    assert decode({**GOOD, **change}).installed is installed
