"""What all vendors share: templates filled, marks, answers that are no answers, callbacks at a secret address."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.base import HttpRequest, Permanent, Receipt, SendError, Sent
from bot.adapters.vendors import aliyun, aws, huawei, tencent, twilio, vonage, vonage_voice
from bot.adapters.vendors.contract import Forged, Slot, Words, check_secret_path, fill, is_chinese, mark, rows

OUTCOMES = [module.outcome for module in (aliyun, aws, huawei, tencent, twilio, vonage, vonage_voice)]
SLOTS = (Slot(name="a", value="x", length_max=6), Slot(name="b", value="y", length_max=3))


@pytest.mark.parametrize(
    ("values", "filled"),
    [
        ({"x": "disk", "y": "1"}, ["disk", "1"]),
        ({"x": "disk full", "y": "1234"}, ["disk…", "12…"]),
        ({"x": "see https://a.example/b now", "y": "www.b.example"}, ["see n…", "-"]),
        ({"x": ""}, ["-", "-"]),
        ({"x": "a\n b\t c", "y": " "}, ["a b c", "-"]),
    ],
)
def test_templates_are_filled_as_the_mainland_wants(values: dict[str, str], filled: list[str]):
    assert [value for _, value in fill(SLOTS, values)] == filled


def test_words_without_values_are_no_template():
    with pytest.raises(Permanent, match="templates"):
        fill(SLOTS, {})
    assert fill((), {}) == []


@given(st.text(), st.integers(1, 40))
def test_no_value_is_empty_or_too_long_or_a_link(text: str, length: int):
    ((_, value),) = fill([Slot(name="a", value="x", length_max=length)], {"x": f"{text} https://a.example"})
    assert 1 <= len(value) <= length
    assert "://a.ex" not in value


@given(st.text())
def test_a_mark_is_short_and_plain_and_the_same_again(key: str):
    assert mark(key) == mark(key)
    assert len(mark(key)) == 15
    assert mark(key).isascii()
    assert mark(key).isalnum()
    assert mark(key) != mark(key + "!")


@pytest.mark.parametrize("outcome", OUTCOMES)
@given(status=st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 429, 500, 503]), body=st.binary(max_size=60))
def test_an_answer_that_is_none_is_never_taken_for_a_yes(outcome, status: int, body: bytes):
    assert isinstance(outcome(status, body, {}), SendError)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize(
    "body",
    [
        {}, [], None, "OK", 0, {"Code": "OK"}, {"Code": "OK", "BizId": ""}, {"messages": []}, {"messages": [None]},
        {"messages": [{}]}, {"Response": None}, {"Response": {"SendStatusSet": []}}, {"Response": {"SendStatus": {}}},
        {"Response": {"SendStatusSet": [{"Code": "Ok", "SerialNo": ""}]}}, {"code": "000000", "result": []},
        {"code": "000000", "result": [{"status": "E200015", "smsMsgId": "x"}]}, {"sid": ""},
        {"sid": "SM1", "status": "failed", "error_code": 30007}, {"MessageId": ""}, {"uuid": ""},
        {"uuid": "x", "status": "failed"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 201])
def test_a_good_status_with_an_error_inside_is_an_error(outcome, body, status: int):
    assert isinstance(outcome(status, json.dumps(body).encode(), {}), SendError)


@pytest.mark.parametrize(
    ("outcome", "status", "body", "found"),
    [
        (twilio.outcome, 201, {"sid": "SM1", "status": "queued", "error_code": None}, "SM1"),
        (vonage.outcome, 200, {"messages": [{"status": "0", "message-id": "M1"}]}, "M1"),
        (vonage_voice.outcome, 201, {"uuid": "U1", "status": "started"}, "U1"),
        (aws.outcome, 200, {"MessageId": "A1"}, "A1"),
        (aliyun.outcome, 200, {"Code": "OK", "BizId": "B1"}, "B1"),
        (aliyun.outcome, 200, {"Code": "OK", "CallId": "C1"}, "C1"),
        (tencent.outcome, 200, {"Response": {"SendStatusSet": [{"Code": "Ok", "SerialNo": "S1"}]}}, "S1"),
        (tencent.outcome, 200, {"Response": {"SendStatus": {"CallId": "T1"}}}, "T1"),
        (huawei.outcome, 200, {"code": "000000", "result": [{"status": "000000", "smsMsgId": "H1"}]}, "H1"),
    ],
)
def test_a_yes_carries_the_vendors_own_name_of_it(outcome, status: int, body: dict, found: str):
    assert outcome(status, json.dumps(body).encode(), {}) == Sent(ref="", provider_id=found)


def request(path: str, body: bytes = b"[]") -> HttpRequest:
    return HttpRequest(method="POST", path=path, query="", headers={}, body=body)


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("/callbacks/sms/aliyun/wrong-wrong-wrong-wrong-w", "s" * 24),
        ("/callbacks/sms/aliyun/" + "s" * 23, "s" * 23),
        ("/callbacks/sms/aliyun/", ""),
        ("/" + "s" * 24 + "/more", "s" * 24),
    ],
)
def test_a_callback_at_another_address_is_forged(path: str, secret: str):
    with pytest.raises(Forged):
        check_secret_path(request(path), secret)


def test_reports_come_in_batches():
    account = aliyun.AliyunAccount(access_key="a", secret_key="b", callback_secret="s" * 24)
    vendor = aliyun.AliyunSms(account=account, signature="x", template="t", slots=())
    body = json.dumps([{"biz_id": "1", "success": True}, {"biz_id": "2", "success": False, "err_code": "IS_CLOSED"}, 7])
    assert vendor.receipt(request("/c/" + "s" * 24, body.encode()), at=0) == (
        Receipt(carrier="sms", provider_id="1", state="delivered"),
        Receipt(carrier="sms", provider_id="2", state="failed", reason="recipient_unreachable"),
    )


@given(st.binary(max_size=80))
def test_any_bytes_are_read_without_harm(body: bytes):
    assert all(isinstance(row, dict) for row in rows(body))


def test_what_a_vendor_can_never_take_is_said_before_it_is_sent():
    account = aliyun.AliyunAccount(access_key="a", secret_key="b", callback_secret="")
    voice = aliyun.AliyunVoice(account=account, show_number="1", template="t", slots=(), taken_template="u")
    words = Words(text="x")
    with pytest.raises(Permanent, match="mainland"):
        voice.request("+85251234567", words, key="k", callback_url="", at=0, nonce="n")
    sms = vonage.VonageSms(vonage.VonageAccount(api_key="a", api_secret="b", sender="c", signature_secret="d"))
    with pytest.raises(Permanent, match="100"):
        sms.request("+4477", words, key="k", callback_url="https://x.example/" + "y" * 100, at=0, nonce="n")


@pytest.mark.parametrize(
    ("words", "chinese"),
    [(Words(text="磁盘满"), True), (Words(text="disk"), False), (Words(text="disk", lang="zh"), True)],
)
def test_the_voice_speaks_the_language_of_the_words(words: Words, chinese: bool):
    assert is_chinese(words) is chinese
