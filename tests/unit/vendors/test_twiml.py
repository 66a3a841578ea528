"""Our TwiML against the vendor's own library, which writes the same documents: verb by verb, attribute by attribute."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Gather, VoiceResponse

from bot.adapters.base import HttpRequest, Receipt
from bot.adapters.vendors.contract import Forged, KeyPress, Said, Words, mark
from bot.adapters.vendors.twilio import TwilioAccount, TwilioSms, sign
from bot.adapters.vendors.twilio_voice import TwilioVoice

ACCOUNT = TwilioAccount(
    account_sid="AC" + "0" * 32, auth_token="12345", sender="+12025550100", callback_base="https://tocsin.example"
)
SMS, VOICE = TwilioSms(ACCOUNT), TwilioVoice(ACCOUNT)
URL = "https://tocsin.example/callbacks/voice/twilio"
KEY = KeyPress(carrier="voice", provider_id="CA1", key="*", attempt="abc")


def tree(xml: bytes | str) -> tuple:
    """A document without the order of attributes: (tag, attributes, text, children)."""

    def node(each: ET.Element) -> tuple:
        return each.tag, sorted(each.attrib.items()), each.text or "", [node(child) for child in each]

    return node(ET.fromstring(xml))


def asked(words: Words, callback_url: str = URL) -> dict[str, list[str]]:
    request = VOICE.request("+447700900001", words, key="k", callback_url=callback_url, at=0, nonce="n")
    return parse_qs(request.body.decode(), keep_blank_values=True)


def gathered(response: VoiceResponse, text: str, language: str, attempt: str) -> None:
    gather = Gather(
        input="dtmf", num_digits=1, timeout=8, finish_on_key="", action_on_empty_result=True, method="POST",
        action=f"{URL}?try={attempt}",
    )  # fmt: skip
    gather.say(text, language=language, loop=2)
    response.append(gather)


TEXTS = ["Critical INC-7 <disk> & 'full' \"now\"", "磁盘满 & <紧急>"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_call_says_what_the_library_would_write(text: str):
    wanted = VoiceResponse()
    gathered(wanted, text, "en-US" if text.isascii() else "zh-CN", mark("k"))
    assert tree(asked(Words(text=text))["Twiml"][0]) == tree(wanted.to_xml())
    wanted = VoiceResponse()
    wanted.say(text, language="en-US" if text.isascii() else "zh-CN", loop=2)
    assert tree(asked(Words(text=text), "")["Twiml"][0]) == tree(wanted.to_xml())


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=40))
def test_any_words_are_a_document(text: str):
    wanted = VoiceResponse()
    gathered(wanted, text, "en-US", mark("k"))
    found = tree(asked(Words(text=text))["Twiml"][0])
    assert found[3][0][3][0][2] == text
    assert found[3][0][1] == tree(wanted.to_xml())[3][0][1]


def test_a_key_is_answered_with_a_goodbye_or_with_all_of_it_again():
    goodbye = VoiceResponse()
    goodbye.say("Acknowledged. Goodbye.", language="en-US")
    goodbye.hangup()
    assert tree(VOICE.answer([KEY], "Acknowledged. Goodbye.", "en").body) == tree(goodbye.to_xml())
    silent = VoiceResponse()
    silent.hangup()
    assert tree(VOICE.answer([KEY], "", "en").body) == tree(silent.to_xml())
    again = VoiceResponse()
    again.say("再说一遍", language="zh-CN")
    gathered(again, "磁盘满", "zh-CN", "abc")
    said = VOICE.answer([KEY], "再说一遍", "zh", again=Words(text="磁盘满"), callback_url=URL)
    assert tree(said.body) == tree(again.to_xml())
    assert said.content_type.startswith("text/xml")
    assert VOICE.answer([], "no call listens", "en").status == 204


@pytest.mark.parametrize("text", TEXTS)
def test_a_reply_is_what_the_library_would_write(text: str):
    wanted = MessagingResponse()
    wanted.message(text)
    news = [Said(carrier="sms", user="+447700900001", text="ack", key="SM1")]
    assert tree(SMS.answer(news, text, "en").body) == tree(wanted.to_xml())
    assert tree(SMS.answer(news, "", "en").body) == tree(MessagingResponse().to_xml())
    assert SMS.answer([], text, "en").status == 204


def test_a_call_asks_for_every_state_and_who_answered():
    form = asked(Words(text="x"))
    target = f"{URL}?try={mark('k')}"
    assert form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    detection = {"MachineDetection": "Enable", "AsyncAmd": "true", "AsyncAmdStatusCallbackMethod": "POST"}
    assert {name: form[name] for name in detection} == {name: [value] for name, value in detection.items()}
    assert form["AsyncAmdStatusCallback"] == form["StatusCallback"] == [target]
    without = asked(Words(text="x"), "")
    assert set(without) == {"To", "From", "Timeout", "Twiml", "MachineDetection", "AsyncAmd"}


STATES = [
    ({"CallStatus": "initiated"}, "alive", ""), ({"CallStatus": "ringing"}, "alive", ""),
    ({"CallStatus": "in-progress"}, "alive", ""), ({"CallStatus": "completed"}, "alive", ""),
    ({"AnsweredBy": "human"}, "delivered", ""), ({"AnsweredBy": "unknown"}, "alive", ""),
    ({"AnsweredBy": "machine_start"}, "failed", "answered_by_machine"),
    ({"AnsweredBy": "machine_end_beep"}, "failed", "answered_by_machine"),
    ({"AnsweredBy": "fax"}, "failed", "answered_by_machine"),
    ({"CallStatus": "completed", "AnsweredBy": "human"}, "delivered", ""),
    ({"CallStatus": "completed", "AnsweredBy": "machine_start"}, "failed", "answered_by_machine"),
    ({"CallStatus": "busy"}, "failed", "busy"), ({"CallStatus": "no-answer"}, "failed", "no_answer"),
    ({"CallStatus": "failed"}, "failed", "not_delivered"), ({"CallStatus": "canceled"}, "failed", "not_delivered"),
]  # fmt: skip


def came(path: str, query: str, fields: dict[str, str]) -> HttpRequest:
    """A callback that the vendor's own library signed."""
    url = f"https://tocsin.example{path}" + (f"?{query}" if query else "")
    proof = RequestValidator("12345").compute_signature(url, fields)
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    return HttpRequest(method="POST", path=path, query=query, headers={"x-twilio-signature": proof}, body=body)


@pytest.mark.parametrize(("fields", "state", "reason"), STATES)
def test_what_a_state_of_a_call_tells(fields: dict[str, str], state: str, reason: str):
    told = VOICE.receipt(came("/callbacks/voice/twilio", "try=abc", {"CallSid": "CA1", **fields}), at=0)
    assert told == (Receipt(carrier="voice", provider_id="CA1", state=state, reason=reason, mark="abc"),)


@pytest.mark.parametrize("fields", [{"Digits": "*", "msg": "Gather End"}, {"Digits": "*", "AnsweredBy": "human"}])
def test_a_key_is_a_key_whatever_else_is_said(fields: dict[str, str]):
    common = {"CallSid": "CA1", "CallStatus": "in-progress"}
    assert VOICE.receipt(came("/callbacks/voice/twilio", "try=abc", common | fields), at=0) == (KEY,)


def test_a_callback_of_another_path_query_or_field_is_forged():
    true = came("/callbacks/voice/twilio", "try=abc", {"CallSid": "CA1", "CallStatus": "ringing"})
    assert VOICE.receipt(true, at=0)
    for changed in (
        HttpRequest(
            method="POST", path="/callbacks/sms/twilio", query=true.query, headers=true.headers, body=true.body
        ),
        HttpRequest(method="POST", path=true.path, query="try=abd", headers=true.headers, body=true.body),
        HttpRequest(
            method="POST", path=true.path, query=true.query, headers=true.headers, body=true.body + b"&Digits=1"
        ),
        HttpRequest(method="POST", path=true.path, query=true.query, headers={}, body=true.body),
    ):
        with pytest.raises(Forged):
            VOICE.receipt(changed, at=0)


def test_our_signature_of_a_text_is_the_librarys():
    fields = {"MessageSid": "SM1", "Body": "认领 7 & more", "OptOutType": "STOP", "From": "+447700900001"}
    url = "https://tocsin.example/callbacks/sms/twilio"
    assert sign("12345", url, list(fields.items())) == RequestValidator("12345").compute_signature(url, fields)
    plain = {**fields, "Body": "STOP", "From": "%2B447700900001"}
    request = came("/callbacks/sms/twilio", "", dict(parse_qsl("&".join(f"{k}={v}" for k, v in plain.items()))))
    body = "&".join(f"{name}={value}" for name, value in plain.items()).encode()
    told = SMS.receipt(
        HttpRequest(method="POST", path=request.path, query="", headers=request.headers, body=body), at=0
    )
    assert told == (Said(carrier="sms", user="+447700900001", text="STOP", key="SM1"),)
