"""What a platform may be sent: messages, edits of one card, and all edits together, where the platform counts them."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.adapters.base import Budget, Capabilities
from bot.adapters.slack.adapter import CAPABILITIES as SLACK
from bot.backplane import Budgets
from bot.engine.model import MINUTE, SECOND
from bot.playground.quota import Meter
from bot.playground.slack.api import POST_PER_CHANNEL, POST_PER_TEAM, TIER_3

WIDE = Budget(per_s=1000.0, burst=1000)
CAPS = Capabilities(per_chat=WIDE, overall=WIDE, edit_gap_s=2.0, edits=Budget(per_s=0.5, burst=2))


def test_one_card_is_edited_once_in_its_gap():
    budgets = Budgets()
    assert budgets.take("slack", "C1", CAPS, 0, edit="d1") == 0
    assert budgets.take("slack", "C1", CAPS, 0, edit="d1") == 2 * SECOND
    assert budgets.take("slack", "C1", CAPS, 2 * SECOND, edit="d1") == 0


def test_all_edits_share_what_the_platform_allows_them():
    budgets = Budgets()
    assert [budgets.take("slack", f"C{n}", CAPS, 0, edit=f"d{n}") for n in range(3)] == [0, 0, 2 * SECOND]
    assert budgets.take("slack", "C3", CAPS, 0) == 0  # a new message is no edit
    assert budgets.take("telegram", "C3", CAPS, 0, edit="d3") == 0  # and each platform counts its own


def test_an_edit_that_must_wait_uses_nothing_up():
    budgets = Budgets()
    for number in range(2):
        budgets.take("slack", "C1", CAPS, 0, edit=f"d{number}")
    for _ in range(5):
        assert budgets.take("slack", "C1", CAPS, 0, edit="d9") == 2 * SECOND
    assert budgets.take("slack", "C1", CAPS, 2 * SECOND, edit="d9") == 0


def test_a_chat_that_must_rest_holds_up_no_page_to_another():
    caps = Capabilities(per_chat=Budget(per_s=1.0, burst=1), overall=Budget(per_s=10.0, burst=1))
    budgets = Budgets()
    assert budgets.take("slack", "D1", caps, 0, queue="page", spread=30 * SECOND) == 0
    budgets.pause("slack", "D1", MINUTE)
    assert budgets.take("slack", "D1", caps, 0, queue="page", spread=30 * SECOND) == MINUTE
    assert budgets.take("slack", "D2", caps, 0, queue="page", spread=30 * SECOND) == SECOND // 10


def test_a_queue_for_one_chat_holds_up_no_other_chat():
    caps = Capabilities(per_chat=Budget(per_s=1.0, burst=1), overall=Budget(per_s=10.0, burst=1))
    budgets = Budgets()
    waits = [budgets.take("slack", "C1", caps, 0, queue="card", spread=MINUTE) for _ in range(30)]
    assert waits == [n * SECOND for n in range(30)]
    assert budgets.take("slack", "C2", caps, 0, queue="card", spread=MINUTE) == SECOND // 10


def test_threads_that_prepare_rows_at_once_take_no_message_twice():
    caps = Capabilities(per_chat=Budget(per_s=0.001, burst=1), overall=WIDE)
    budgets, often = Budgets(), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            waits = list(pool.map(lambda n: budgets.take("slack", f"C{n // 4}", caps, n, spread=SECOND), range(4_000)))
    finally:
        sys.setswitchinterval(often)
    assert waits.count(0) == 1_000


@pytest.mark.parametrize("edits", [True, False])
def test_slacks_own_limits_are_never_reached(edits: bool):
    """A storm for ten minutes, as fast as the budgets let it: the emulator's quotas, which are Slack's, hold."""
    now = 0
    budgets, meter = Budgets(), Meter(lambda: now / SECOND)
    sent = 0
    while now < 10 * MINUTE:
        chat = f"C{sent % 7}"
        wait = budgets.take("slack", chat, SLACK, now, edit=f"d{sent}" if edits else "")
        if wait:
            now += wait
            continue
        sent += 1
        claims = [("chat.update", TIER_3)] if edits else [("post", POST_PER_TEAM), (f"post:{chat}", POST_PER_CHANNEL)]
        assert meter.take(*claims) == 0, (now, sent)
    assert sent > (300 if edits else 1500)
