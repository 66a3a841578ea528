"""A call in the demo, clicked in a real browser: the phone rings, speaks, takes a key; and a text takes another vendor.

The picture goes beside those of the main story.
"""

from __future__ import annotations

from pathlib import Path

from tests.browsers import Browser, browser, needs_browser
from tests.e2e.test_story import GROUP, PICTURES, SLACK_CARD, TELEGRAM_CARD, at, demo

__all__ = ["demo"]
pytestmark = needs_browser


def test_the_phone_rings_and_a_key_takes_the_incident(demo: str, tmp_path: Path) -> None:
    with browser(tmp_path / "profile", width=1280, height=800) as page:
        page.driver.get(demo)
        page.see("body.ready")
        the_phone_rings_after_three_minutes(page)
        the_star_says_it_again_and_1_takes_it(page)
        with_twilio_off_the_text_comes_by_vonage(page)


def the_phone_rings_after_three_minutes(page: Browser) -> None:
    page.click(at("me-ann"))
    page.click(at("slack-chat-C0OPS"))
    page.click(at(GROUP))
    page.click(at("sample-checkout"))
    page.see(SLACK_CARD, "Checkout API 5xx above 5%")
    page.click(at("clock-60"))
    page.click(at("clock-60"))
    page.click(at("clock-60"))
    page.see(at("call-screen"), "Incoming call")
    page.picture(PICTURES / "7-the-phone-rings.png")


def the_star_says_it_again_and_1_takes_it(page: Browser) -> None:
    page.click(at("call-answer"))
    page.see(at("call-words"), "above 5 percent")
    page.click(at("key-star"))
    page.see(f"{at('call')}[data-status=listening]")
    page.see(at("call-words"), "above 5 percent")
    page.picture(PICTURES / "8-the-call-speaks.png")
    page.click(at("key-1"))
    page.see(at("call"), "You have it now")
    page.see(SLACK_CARD, "Processing")
    page.see(TELEGRAM_CARD, "处理中")
    page.until(
        lambda: not page.driver.find_element("css selector", at("call-screen")).is_displayed(), "the call is over"
    )


def with_twilio_off_the_text_comes_by_vonage(page: Browser) -> None:
    page.click(at("outage-twilio"))
    page.click(at("outage-slack"))
    page.click(at("me-bo"))
    page.click(at("sample-payments"))
    page.see(TELEGRAM_CARD, "支付接口延迟过高")
    page.click(at("clock-300"))
    page.click(at("clock-60"))
    page.see(f"{at('sms')}[data-from=vonage]", "支付接口延迟过高")
    page.picture(PICTURES / "9-twilio-is-off-and-vonage-carries-it.png")
