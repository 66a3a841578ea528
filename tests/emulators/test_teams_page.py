"""Teams on the playground's page: cards and dialogs are drawn from the JSON; presses go back as Teams sends them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from bot.cards.sample import sample_card
from bot.cards.teams import render
from bot.playground.hosting import hosted, loopback_socket, url_of
from bot.playground.hub import Hub
from bot.playground.server import Playground
from bot.playground.teams import TeamsConfig, TeamsConversation, TeamsEmulator, TeamsUser
from tests.browsers import Browser, browser, needs_browser

pytestmark = needs_browser

ANN, CHANNEL = "0000000a-0000-4000-8000-000000000000", "19:ops@thread.tacv2"
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> [x](javascript:window.hacked=1)'


class Stage:
    """A playground with Teams alone, and a browser that looks at it."""

    def __init__(self, page: Browser, emulator: TeamsEmulator) -> None:
        self.page, self.emulator = page, emulator
        config = emulator.config
        form = {"grant_type": "client_credentials", "client_id": config.app_id, "client_secret": config.app_secret,
                "scope": "https://api.botframework.com/.default"}  # fmt: skip
        url = f"{config.public_url}/login/{config.tenant_id}/oauth2/v2.0/token"
        self.token = httpx.post(url, data=form).json()["access_token"]

    def post(self, activity: dict) -> str:
        body = {"isGroup": True, "channelData": {"channel": {"id": CHANNEL}}, "activity": activity}
        answer = httpx.post(
            f"{self.emulator.config.service_url}v3/conversations",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["activityId"])

    def callbacks(self) -> list[dict]:
        return [each["data"] for each in self.emulator.world.hub.notices if each["kind"] == "callback"]


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def stage(window: Browser) -> Iterator[Stage]:
    config = TeamsConfig(
        users=(TeamsUser(ANN, "Ann Lee", "ann@example.com"),),
        conversations=(TeamsConversation(CHANNEL, "ops", (ANN,)),),
    )
    emulator = TeamsEmulator(Hub(now=time.time), config)
    door = loopback_socket()
    config.public_url = f"{url_of(door)}/teams"
    with hosted(Playground(emulator.world.hub, [emulator]).app, door) as base:
        window.driver.get(base)
        window.see("body.ready")
        window.click('[data-testid="left-teams"]')
        yield Stage(window, emulator)


def test_a_card_is_drawn_from_its_json(stage: Stage):
    stage.post(render(sample_card("triggered", "en", "teams")))
    stage.page.see('[data-testid="teams-message"]', "Checkout API 5xx above 5%")
    message = stage.page.see('[data-testid="teams-message"]', "Who has it")
    assert "{{" not in message.text
    assert message.find_element(By.CSS_SELECTOR, '[data-testid="teams-mention"]').text == "Ann Lee"
    labels = [each.text.strip() for each in message.find_elements(By.CSS_SELECTOR, '[data-testid="teams-button"]')]
    assert labels[:2] == ["Acknowledge", "Resolve"]


def test_a_press_sends_the_platforms_own_invoke(stage: Stage):
    card = sample_card("triggered", "en", "teams")
    stage.post(render(card))
    stage.page.click('[data-testid="teams-button"]', "Acknowledge")
    (sent,) = stage.page.until(stage.callbacks, "a callback")
    assert sent["payload"]["name"] == "adaptiveCard/action"
    assert sent["payload"]["value"]["action"]["data"] == {"token": card.actions[0].token}
    assert sent["payload"]["from"]["aadObjectId"] == ANN


def test_a_choice_unfolds_and_is_pressed(stage: Stage):
    card = sample_card("triggered", "en", "teams")
    snooze = next(each for each in card.actions if each.verb == "snooze")
    choice = [each for each in snooze.options if ".ask-" not in each.token][-1]
    stage.post(render(card))
    stage.page.click('[data-testid="teams-button"]', snooze.label)
    stage.page.click('[data-testid="teams-button"]', choice.label)
    (sent,) = stage.page.until(stage.callbacks, "a callback")
    assert sent["payload"]["value"]["action"]["data"] == {"token": choice.token}


def test_a_dialog_keeps_what_is_typed_and_closes(stage: Stage):
    form = {
        "type": "AdaptiveCard", "version": "1.5",
        "body": [{"type": "Input.Text", "id": "text", "label": "Note", "isRequired": True}],
        "actions": [{"type": "Action.Submit", "title": "Send", "data": {"form": "tok"}}],
    }  # fmt: skip
    world = stage.emulator.world
    world.dialogs["d1"] = {
        "id": "d1",
        "user": ANN,
        "conversation": CHANNEL,
        "root": "",
        "title": "A note",
        "card": form,
    }
    world.publish("dialog", world.dialogs["d1"])
    stage.page.see('[data-testid="teams-dialog"]', "A note")
    field = stage.page.see('[data-testid="teams-input"]')
    field.send_keys("half a th")
    stage.post({"type": "message", "text": "meanwhile"})
    stage.page.see('[data-testid="teams-message"]', "meanwhile")
    assert stage.page.see('[data-testid="teams-input"]').get_attribute("value") == "half a th"
    stage.page.click('[data-testid="teams-dialog"] [data-testid="teams-button"]', "Send")
    (sent,) = stage.page.until(stage.callbacks, "a callback")
    assert sent["payload"]["name"] == "task/submit"
    assert sent["payload"]["value"]["data"] == {"form": "tok", "text": "half a th"}
    stage.page.click('[data-testid="teams-dialog"] .close')  # there is no app to take it, so the dialog stayed
    stage.page.until(lambda: not world.dialogs, "the dialog to close")


def test_a_line_mentions_the_bot_and_a_reply_stays_in_its_thread(stage: Stage):
    root = stage.post({"type": "message", "text": "root"})
    stage.page.click('[data-testid="teams-reply"]')
    box = stage.page.see('[data-testid="teams-composer"]')
    box.send_keys("@Tocsin who", Keys.ENTER)
    (sent,) = stage.page.until(stage.callbacks, "a callback")
    assert sent["payload"]["conversation"]["id"] == f"{CHANNEL};messageid={root}"
    assert sent["payload"]["text"] == "<at>Tocsin</at> who"


def test_text_is_never_markup(stage: Stage):
    card = {"type": "AdaptiveCard", "version": "1.5", "body": [
        {"type": "TextBlock", "text": EVIL},
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": EVIL}]},
        {"type": "FactSet", "facts": [{"title": EVIL, "value": EVIL}]},
    ]}  # fmt: skip
    kind = "application/vnd.microsoft.card.adaptive"
    stage.post({"type": "message", "text": EVIL, "attachments": [{"contentType": kind, "content": card}]})
    stage.page.see('[data-testid="teams-message"]', "onerror")
    assert stage.page.driver.execute_script("return window.hacked") is None
    assert stage.page.driver.find_elements(By.CSS_SELECTOR, ".teams img[src=x], .teams a[href^=javascript]") == []


def test_the_page_fits_a_phone(stage: Stage, tmp_path: Path):
    stage.post(render(sample_card("closed", "zh", "teams")))
    stage.page.driver.set_window_size(390, 844)
    try:
        stage.page.click('[data-testid="tab-teams"]')
        stage.page.see('[data-testid="teams-message"]', "已关闭")
        wide = stage.page.driver.execute_script("return document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
    finally:
        stage.page.driver.set_window_size(1440, 900)
