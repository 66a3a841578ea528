"""Rewrites the golden cards and draws their pictures: `python -m tests.cards.regenerate [--no-pictures]`.

Review the pictures, not only the diff: a tired person must see what, how bad, who has it and what happens next.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bot.cards import email, slack, sms, teams, telegram, voice
from bot.cards.sample import STATES, sample_card, sample_view
from tests.cards import preview, preview_teams

GOLDEN = Path(__file__).parent / "golden"
PICTURES = Path(__file__).parent.parent.parent / "docs" / "pictures" / "cards"
RENDERERS = {
    "slack": slack.render,
    "teams": teams.render,
    "telegram": telegram.render,
    "email": email.render,
    "sms": sms.render,
    "voice": voice.render,
}
LANGUAGES = ("en", "zh")
WIDTH = 390
"""CSS pixels: the width of a common phone."""
PICTURE_MAX = 60_000
"""Bytes: the pictures live in the repository."""


def goldens() -> Iterator[tuple[str, str]]:
    """Every golden file by name, and what it must contain."""
    for platform, render in RENDERERS.items():
        for state in STATES:
            for lang in LANGUAGES:
                stem = f"{platform}-{state}-{lang}"
                payload = render(sample_card(state, lang, platform))
                if platform == "email":
                    yield f"{stem}.html", payload.pop("html")
                    yield f"{stem}.txt", payload.pop("text")
                yield f"{stem}.json", json.dumps(payload, ensure_ascii=False, indent=2) + "\n"


def pages() -> Iterator[tuple[str, str]]:
    """Every picture by name, and the page that it is taken of."""
    for platform, render in RENDERERS.items():
        for state in STATES:
            for lang in LANGUAGES:
                payload = render(sample_card(state, lang, platform))
                match platform:
                    case "slack":
                        view = sample_view(state, lang, platform)
                        people = {user: view.name(member) for member, user in view.mentions.items()}
                        page = preview.slack_page(payload, people)
                    case "telegram":
                        page = preview.telegram_page(payload)
                    case "teams":
                        page = preview_teams.teams_page(payload)
                    case "sms":
                        page = preview.sms_page(payload, sms.segments(payload["text"]))
                    case "voice":
                        page = preview.voice_page(payload)
                    case _:
                        page = payload["html"]
                yield f"{platform}-{state}-{lang}.png", page


def write_goldens() -> None:
    """Replace the golden files; files of cards that are gone go, too."""
    GOLDEN.mkdir(exist_ok=True)
    wanted = dict(goldens())
    for path in GOLDEN.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (GOLDEN / name).write_text(text, encoding="utf-8")


def draw(chosen: str = "") -> None:
    """Draw the pictures whose names contain `chosen` with headless Chromium."""
    from PIL import Image
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--force-device-scale-factor=2",
    ):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    PICTURES.mkdir(parents=True, exist_ok=True)
    try:
        for name, page in pages():
            if chosen in name:
                shot = Image.open(io.BytesIO(_shoot(browser, page)))
                size = _save(shot.convert("RGB"), PICTURES / name)
                print(f"{name}: {size} bytes")
    finally:
        browser.quit()


def _shoot(browser, page: str) -> bytes:
    """A picture of the whole page at a phone's width."""
    metrics = {"width": WIDTH, "height": 400, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as file:
        file.write(page)
        file.flush()
        browser.get(f"file://{file.name}")
        height = browser.execute_script("return Math.ceil(document.body.getBoundingClientRect().height)")
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics | {"height": height})
        return browser.get_screenshot_as_png()


def _save(shot, path: Path) -> int:
    """Save with as many colours as fit into `PICTURE_MAX`."""
    for colours in (64, 32, 16):
        shot.quantize(colours, dither=0).save(path, optimize=True)
        if path.stat().st_size <= PICTURE_MAX:
            break
    return path.stat().st_size


if __name__ == "__main__":
    write_goldens()
    if "--no-pictures" not in sys.argv:
        draw()
