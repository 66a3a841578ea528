"""The main story, clicked in a real browser against the real demo, as the README tells it.

The pictures of each step go to `artifacts/story`; with TOCSIN_PICTURES set, they go there instead.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.browsers import Browser, browser, needs_browser

pytestmark = needs_browser

ROOT = Path(__file__).parents[2]
PICTURES = Path(os.environ.get("TOCSIN_PICTURES", ROOT / "artifacts" / "story"))
GROUP = "telegram-chat--1001234567890"
SLACK_CARD = '[data-testid="slack-message"]'
TELEGRAM_CARD = '[data-testid="telegram-message"]'


def at(name: str) -> str:
    return f'[data-testid="{name}"]'


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """`tocsin demo`, started as a visitor starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "bot", "demo", "--port", str(port), "--folder", str(tmp_path / "demo")]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_until_up(f"http://127.0.0.1:{port}", process, tmp_path / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said, said


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=transport, timeout=60) as client:
        for _ in range(20):
            assert process.poll() is None, log.read_text()
            try:
                client.get(f"{url}/pg/state")
            except httpx.ConnectError:
                continue
            return
    pytest.fail(f"The demo did not come up: {log.read_text()}")


def test_a_newcomer_sees_the_whole_story(demo: str, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as page:
        page.driver.get(demo)
        page.see("body.ready")
        one_card_in_both_chats(page)
        acknowledged_in_one_changes_both(page)
        an_untouched_incident_repeats(page)
        without_slack_it_climbs_and_arrives_as_sms_and_mail(page)
        the_link_in_the_mail_asks_before_it_acts(page)


def one_card_in_both_chats(page: Browser) -> None:
    page.click(at("me-ann"))
    page.click(at("slack-chat-C0OPS"))
    page.click(at(GROUP))
    page.click(at("sample-checkout"))
    page.see(SLACK_CARD, "Checkout API 5xx above 5%")
    page.see(TELEGRAM_CARD, "Checkout API 5xx above 5%")
    page.picture(PICTURES / "1-one-card-in-both-chats.png")


def acknowledged_in_one_changes_both(page: Browser) -> None:
    page.click(at("slack-button"), "Acknowledge")
    page.see(SLACK_CARD, "Processing")
    page.see(TELEGRAM_CARD, "处理中")
    assert not page.find(at("slack-button"), "Acknowledge")
    page.picture(PICTURES / "2-acknowledged-in-slack-shown-in-both.png")


def an_untouched_incident_repeats(page: Browser) -> None:
    page.click(at("sample-payments"))
    page.see(SLACK_CARD, "支付接口延迟过高")
    page.click('[data-testid^="slack-chat-D"][data-name="Ann Lee"]')
    page.until(lambda: len(page.find(SLACK_CARD, "支付接口延迟过高")) == 1, "Ann's first page")
    page.click(at("clock-60"))
    page.click(at("clock-60"))
    page.until(lambda: len(page.find(SLACK_CARD, "支付接口延迟过高")) == 2, "Ann's second page")
    page.picture(PICTURES / "3-nobody-answers-so-it-repeats.png")


def without_slack_it_climbs_and_arrives_as_sms_and_mail(page: Browser) -> None:
    page.click(at("outage-slack"))
    page.click(at("me-bo"))
    page.click(at("clock-300"))
    page.click(at(GROUP))
    page.see(TELEGRAM_CARD, "Bo Ray")
    page.click(at("clock-60"))
    page.see(at("sms"), "支付接口延迟过高")
    page.see(at("mail-item"), "支付接口延迟过高")
    page.picture(PICTURES / "4-without-slack-bo-gets-sms-and-mail.png")


def the_link_in_the_mail_asks_before_it_acts(page: Browser) -> None:
    page.click(at("mail-item"), "支付接口延迟过高")
    frame = page.see(at("mail-html"))
    page.driver.switch_to.frame(frame)
    link = page.see('a[href*="/a/ack."]').get_attribute("href")
    page.driver.switch_to.default_content()
    assert link
    asked = httpx.get(link)
    assert "<form" in asked.text
    page.see(TELEGRAM_CARD, "待处理")
    home = page.driver.current_url
    page.driver.get(link)
    page.picture(PICTURES / "5-the-link-asks-first.png")
    page.click("button")
    page.see("h1", "You have it now")
    page.driver.get(home)
    page.see("body.ready")
    page.click(at("me-ann"))
    page.click(at(GROUP))
    page.see(TELEGRAM_CARD, "Bo Ray")
    page.until(lambda: not page.find(TELEGRAM_CARD, "待处理"), "no card that still asks")
    page.picture(PICTURES / "6-acknowledged-from-the-mail.png")
