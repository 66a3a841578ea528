"""A headless Chromium for tests, and patient looks at its page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("chromium") or not shutil.which("chromedriver"), reason="no chromium here"),
]
PATIENCE_S = 30.0


class Browser:
    """A page, and what a person would look for on it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def find(self, selector: str, text: str = "") -> list[WebElement]:
        """Every visible element of a selector that holds a text."""
        nodes = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return [node for node in nodes if node.is_displayed() and text in node.text]

    def see(self, selector: str, text: str = "") -> WebElement:
        """The last such element, once it is there."""
        return self.until(lambda: self.find(selector, text)[-1:], f"{selector} with {text!r}")[0]

    def until(self, look: Any, what: str) -> Any:
        """What `look` finds, once it finds something."""
        waiting = WebDriverWait(
            self.driver, PATIENCE_S, poll_frequency=0.1, ignored_exceptions=[StaleElementReferenceException]
        )
        try:
            return waiting.until(lambda _: look(), message=f"never seen: {what}")
        except TimeoutException:
            self.picture(Path("artifacts") / "never-seen.png")
            raise

    def click(self, selector: str, text: str = "") -> None:
        """Press what is there, also when the page draws it anew meanwhile."""
        self.until(lambda: self._pressed(selector, text), f"{selector} with {text!r} to press")

    def picture(self, path: Path) -> None:
        """Keep what the page shows now."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(path))

    def _pressed(self, selector: str, text: str) -> bool:
        nodes = self.find(selector, text)
        if nodes:
            self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", nodes[-1])
            nodes[-1].click()
        return bool(nodes)


@contextmanager
def browser(profile: Path, width: int = 1440, height: int = 900) -> Iterator[Browser]:
    """A fresh Chromium that looks for nothing on the network but what it is told to open."""
    options = Options()
    options.binary_location = str(shutil.which("chromium"))
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        f"--window-size={width},{height}",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
