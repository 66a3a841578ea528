"""Likeness: what is put together belongs together, measured on labelled storms; and the rules of comparing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine import similarity
from bot.engine.grouping import Grouping
from tests.conformance.store.samples import alert
from tests.noise.measure import measure, table
from tests.noise.storms import SEEN, STORMS, UNSEEN, every

DEFAULT = Grouping(method="similar")


def told(title, text="", **labels):
    return alert("x", title=title, description=text, labels=labels)


def score(one, other):
    return similarity.compare(one, other).score


def test_the_set_is_what_it_says():
    alerts = [one for storm in every() for one in storm]
    assert len(alerts) >= 400
    assert len({one.kind for one in alerts}) >= 25
    chinese = [one for one in alerts if any("\u4e00" <= letter <= "\u9fff" for letter in one.alert.title)]
    assert len(chinese) > 100
    assert set(SEEN) | set(UNSEEN) == set(STORMS)


@pytest.mark.parametrize(("storms", "recall"), [(SEEN, 0.75), (UNSEEN, 0.75)], ids=["seen", "unseen"])
def test_precision_by_default(storms, recall):
    found = measure(storms, DEFAULT)
    assert found.precision >= 0.98, found
    assert found.recall >= recall, found


def test_precision_at_the_lowest_threshold_that_a_manifest_may_ask_for():
    assert measure(STORMS, Grouping(method="similar", threshold=0.5)).precision >= 0.98


def test_the_numbers_in_the_docs_are_those_of_now():
    assert table() in (Path(__file__).parents[2] / "docs/noise.md").read_text()


def test_numbers_times_and_ids_say_nothing():
    one = "Job 550e8400-e29b-41d4-a716-446655440000 of kafka-12 failed at 2026-03-03T02:00:00Z after 17s (0xdeadbeef12)"
    other = "Job 650e8400-e29b-41d4-a716-446655440001 of kafka-7 failed at 2027-04-05T06:07:08Z after 9s (0xfeed00d15)"
    assert similarity.masked(one) == similarity.masked(other) == "job of kafka failed at after"
    assert similarity.masked("HTTP 5xx on p99") == "http 5xx on"
    assert similarity.masked("KubePodCrashLooping") == "kube pod crash looping"
    assert similarity.masked("支付网关 timeout 123") == "支付 付网 网关 timeout"


def test_a_label_that_differs_keeps_apart():
    one = told("High error rate", "5xx", service="cart")
    assert score(one, told("High error rate", "5xx", service="cart")) == 1.0
    assert score(one, told("High error rate", "5xx", service="pay")) == 0.0
    assert score(one, told("High error rate", "5xx")) == 1.0, "what one of them lacks is not asked"


def test_one_sentence_with_another_word_is_another_trouble():
    assert score(told("RDS CPU 使用率过高"), told("RDS IOPS 使用率过高")) == 0.0
    assert score(told("MySQL replication lag on orders"), told("MySQL connection limit on orders")) == 0.0
    assert score(told("orders is slow"), told("Latency of orders is too high, orders is slow")) > 0.5


def test_a_shared_label_alone_is_no_shared_trouble():
    assert score(told("Disk full", service="db"), told("Too many logins", service="db")) == 0.0


def test_the_fields_that_speak_for_it_are_named_the_strongest_first():
    one, other = told("Disk full on db", "a b c d", service="db"), told("Disk full", "a b x y", service="db")
    found = similarity.compare(one, other)
    assert found.fields[0] == "labels.service"
    assert set(found.fields) == {"labels.service", "title", "description"}


words = st.sampled_from(["disk", "full", "on", "db-1", "内存", "使用率", "IOPS", "", "5xx", "\u0130", "ﬃ", "x" * 3000])
texts = st.lists(words, max_size=8).map(" ".join) | st.text(max_size=60)


@given(texts, texts, texts, texts, st.sampled_from(["", "a", "b"]), st.sampled_from(["", "a", "b"]))
def test_likeness_is_symmetric_bounded_and_the_same_every_time(t1, d1, t2, d2, s1, s2):
    one, other = told(t1, d1, service=s1), told(t2, d2, service=s2)
    there, back = similarity.compare(one, other), similarity.compare(other, one)
    assert there == back == similarity.compare(one, other)
    assert 0 <= there.score <= 1


@given(texts, texts)
def test_whatever_has_words_is_like_itself(title, text):
    if similarity.masked(title):
        assert score(told(title, text), told(title, text)) == 1.0


@given(texts)
def test_a_fingerprint_forgets_numbers(title):
    assert similarity.fingerprint(told(title)) == similarity.fingerprint(told(f"{title} 12345"))


def test_ranking_is_by_likeness_then_by_age():
    past = [told("Disk full on db"), told("Disk full on db, again"), told("Login slow"), told("Disk full on db")]
    found = similarity.rank(told("Disk full on db"), past, 2)
    assert [each for each, _ in found] == [past[0], past[3]]
