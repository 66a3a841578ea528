"""The playground page in a browser: it draws the platforms' JSON, sends back what people do, and trusts no text."""

from __future__ import annotations

import shutil
import time
from email.message import EmailMessage

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from bot.playground.hosting import hosted
from bot.playground.hub import Hub
from bot.playground.mail import MailEmulator
from bot.playground.server import Playground
from bot.playground.slack.config import SlackChannel, SlackConfig, SlackUser
from bot.playground.slack.emulator import SlackEmulator
from bot.playground.telegram.config import TelegramChat, TelegramConfig, TelegramUser
from bot.playground.telegram.emulator import TelegramEmulator
from bot.playground.twilio import TwilioEmulator

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("chromium") or not shutil.which("chromedriver"), reason="no chromium here"),
]

ACCOUNT, TOKEN, OWN, ANN, BO = "AC" + "0" * 32, "secret", "+15550100000", "+15550100001", "+15550100002"
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


class Stage:
    """A playground with people on it, and a browser that looks at it."""

    def __init__(self, tmp_path):
        self.skew = 0.0
        self.fired: list[str] = []
        hub = Hub(lambda: time.time() + self.skew)
        people = (SlackUser("U1", "ann", "Ann Lee", "a@x.io"), SlackUser("U2", "bo", "Bo Chen", "b@x.io"))
        slack = SlackConfig(users=people, channels=(SlackChannel("C1", "ops", ("UB", "U1", "U2")),), rate_limits=False)
        telegram = TelegramConfig(
            users=(TelegramUser(7, "Ann", started=True), TelegramUser(8, "Bo")),
            chats=(TelegramChat(-5, "Ops", (7, 8)),),
            rate_limits=False,
        )
        self.twilio = TwilioEmulator(hub, ACCOUNT, TOKEN, [OWN], people={ANN: "Ann Lee", BO: "Bo Chen"}, step_s=0)
        self.mail = MailEmulator(hub, people={"ann@example.com": "Ann Lee"})
        self.slack = SlackEmulator(hub, slack)
        self.telegram = TelegramEmulator(hub, telegram)
        emulators = (self.slack, self.telegram, self.twilio, self.mail)
        samples = [{"name": "disk", "title": "Disk full"}]
        self.playground = Playground(hub, emulators, advance=self.advance, fire=self.fire, samples=samples)
        options = Options()
        options.binary_location = shutil.which("chromium")
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--window-size=1440,900",
            f"--user-data-dir={tmp_path}",
        ):
            options.add_argument(argument)
        self.browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))

    def advance(self, seconds: float) -> None:
        self.skew += seconds

    async def fire(self, name: str) -> str:
        self.fired.append(name)
        return name

    def find(self, selector, within=None):
        return (within or self.browser).find_elements(By.CSS_SELECTOR, selector)

    def wait(self, condition, what):
        return WebDriverWait(self.browser, 30, poll_frequency=0.05).until(lambda _: condition(), message=what)

    def see(self, selector, text=""):
        return self.wait(
            lambda: next((node for node in self.find(selector) if text in node.text), None), f"{selector} {text!r}"
        )

    def kinds(self, platform):
        return [notice["kind"] for notice in self.playground.hub.notices if notice["platform"] == platform]


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path)
    with hosted(stage.playground.app) as url, httpx.Client(base_url=url, timeout=5) as api:
        stage.api = api
        try:
            stage.browser.get(url + "/")
            stage.see("body.ready")
            yield stage
        finally:
            stage.browser.quit()


def card(title):
    confirm = {
        "title": {"type": "plain_text", "text": "Sure?"},
        "text": {"type": "mrkdwn", "text": "Pages *Bo*."},
        "confirm": {"type": "plain_text", "text": "Yes"},
        "deny": {"type": "plain_text", "text": "No"},
    }
    escalate = {"type": "plain_text", "text": "Escalate"}
    links = "<https://tocsin.example/i/1|INC-1> &lt;b&gt; <javascript:top.hacked=1|bad>"
    when = {"type": "mrkdwn", "text": f"<!date^0^{{date_num}}|old> <@U1> {links}"}
    button = {
        "type": "button",
        "action_id": "go",
        "text": escalate,
        "value": "1",
        "style": "danger",
        "confirm": confirm,
    }
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": title}},
        {"type": "section", "fields": [when]},
        {"type": "actions", "elements": [button]},
    ]
    return [{"color": "#D72D30", "fallback": title, "blocks": blocks}]


def post_card(stage, title):
    body = {"channel": "C1", "text": title, "attachments": card(title)}
    answer = stage.api.post(
        "/slack/api/chat.postMessage", json=body, headers={"Authorization": "Bearer xoxb-playground"}
    )
    assert answer.json()["ok"], answer.text


def test_a_slack_card_is_drawn_and_its_button_asks_before_it_is_pressed(stage):
    post_card(stage, "磁盘 full 🔥 " + EVIL)
    message = stage.see("[data-testid=slack-message]", "磁盘 full 🔥 <img src=x")
    bar = stage.find("[data-testid=slack-attachment]", message)[0].get_attribute("style")
    assert bar.lower() == "--bar: #d72d30;"
    assert "@Ann Lee INC-1 <b> bad" in message.text
    assert not stage.find("a[href^=javascript]", message)
    assert "{date_num}" not in message.text
    assert stage.find("a[href='https://tocsin.example/i/1']", message)
    stage.find("[data-action-id=go]", message)[0].click()
    stage.see("[data-testid=slack-confirm]", "Pages Bo.")
    stage.see("[data-testid=slack-confirm-yes]").click()
    stage.see("[data-testid=note]", "the app did not accept it")  # there is no app behind this playground
    assert "callback" in stage.kinds("slack")
    assert stage.browser.execute_script("return window.hacked") is None


def test_telegram_draws_entities_and_presses(stage):
    text = '<b>SEV1</b> &lt;i&gt;\n<blockquote expandable>one\ntwo</blockquote><a href="https://x.example/">open</a>'
    keyboard = {"inline_keyboard": [[{"text": "✅ Ack", "callback_data": "a:1", "style": "success"}]]}
    body = {"chat_id": -5, "text": text, "parse_mode": "HTML", "reply_markup": keyboard}
    assert stage.api.post("/telegram/bot42:AAplayground/sendMessage", json=body).json()["ok"]
    message = stage.see("[data-testid=telegram-message]", "SEV1 <i>")
    assert [node.text for node in stage.find("b", message)] == ["Tocsin", "SEV1"]
    assert stage.find("[data-testid=telegram-quote]", message)
    assert stage.find("a[href='https://x.example/']", message)
    stage.find("[data-callback='a:1']", message)[0].click()
    stage.wait(lambda: "callback" in stage.kinds("telegram"), "the press reached the emulator")
    say = stage.see("[data-testid=telegram-composer]")
    say.send_keys("/toc who", Keys.ENTER)
    stage.see("[data-testid=telegram-message]", "/toc who")


def test_the_phone_and_the_mailbox_belong_to_the_person_at_the_screen(stage):
    url = f"/twilio/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    for to, body in ((ANN, "for Ann " + EVIL), (BO, "for Bo")):
        assert stage.api.post(url, data={"To": to, "From": OWN, "Body": body}, auth=(ACCOUNT, TOKEN)).status_code == 201
    stage.see("[data-testid=me-ann]").click()
    assert "<img src=x" in stage.see("[data-testid=sms][data-status=delivered]", "for Ann").text
    assert not [node for node in stage.find("[data-testid=sms]") if "for Bo" in node.text]
    stage.see("[data-testid=sms-composer]").send_keys("ack", Keys.ENTER)
    stage.see("[data-testid=sms]", "ack")

    mail = EmailMessage()
    mail["From"], mail["To"], mail["Date"] = "t@example.com", "ann@example.com", "Mon, 23 Nov 2026 10:00:00 +0000"
    mail["Subject"] = "INC-1 " + EVIL
    mail.set_content("plain https://tocsin.example/a/1")
    mail.add_alternative("<p>mail body</p><script>top.hacked=1</script>" + EVIL, subtype="html")
    assert stage.mail.keep("t@example.com", ["ann@example.com"], mail.as_bytes()) is None
    stage.playground.hub.publish("smtp", "mail", {"name": "Ann Lee", "subject": "x"})
    stage.see("[data-testid=mail-item]", "INC-1 <img").click()
    frame = stage.see("[data-testid=mail-html]")
    assert "allow-scripts" not in frame.get_attribute("sandbox")
    stage.browser.switch_to.frame(frame)
    assert "mail body" in stage.see("body").text
    stage.browser.switch_to.default_content()
    assert stage.browser.execute_script("return window.hacked") is None
    stage.see("[data-testid=me-bo]").click()
    stage.see("[data-testid=sms]", "for Bo")


def test_the_clock_the_outages_and_the_samples(stage):
    stage.see("[data-testid=clock-7200]").click()
    stage.wait(lambda: stage.skew == 7200, "the clock moved")
    stage.see("[data-testid=outage-slack]").click()
    stage.see("[data-testid=outage-slack][data-outage=down]").click()
    stage.see("[data-testid=outage-slack][data-outage=none]")
    stage.see("[data-testid=outage-twilio-menu]").click()
    stage.see("[data-testid=outage-twilio-rate_limited]").click()
    stage.see("[data-testid=outage-twilio][data-outage=rate_limited]", "Rate limited")
    stage.see("[data-testid=sample-disk]", "Disk full").click()
    stage.wait(lambda: stage.fired == ["disk"], "the sample was sent")
    stage.see("[data-testid=ticker-item][data-kind=sample]", "Disk full")


def test_nothing_is_loaded_from_elsewhere(stage):
    loaded = stage.browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert loaded
    assert {httpx.URL(url).host for url in loaded} == {"127.0.0.1"}
    assert [line for line in stage.browser.get_log("browser") if line["level"] == "SEVERE"] == []
