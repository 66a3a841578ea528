"""Microsoft's own Adaptive Cards library judges and draws what Tocsin sends to Teams, in a real browser.

`adaptivecards` parses, validates and renders; markdown goes through `markdown-it`, as its documentation asks. The host
says what Teams' does: version 1.5, six actions in a set. `make oracles` fetches both; else these tests are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cards.card import Card, Fact, Facts, Field, FieldKind, FormCard, Option, Paragraph, Quote, Span
from bot.cards.sample import STATES, sample_card
from bot.cards.teams import render, render_form
from bot.playground.teams.cards import buttons, check_card
from bot.playground.teams.refusals import TeamsRefusal
from tests.browsers import Browser, browser, needs_browser
from tests.oracles.slack_payloads import Enemy

MODULES = Path(__file__).parent / "node_modules"
LIBRARY = MODULES / "adaptivecards" / "dist" / "adaptivecards.js"
MARKDOWN = MODULES / "markdown-it" / "dist" / "browser" / "markdown-it.umd.min.js"

pytestmark = [
    *needs_browser,
    pytest.mark.skipif(not LIBRARY.exists() or not MARKDOWN.exists(), reason="adaptivecards is not here: make oracles"),
]

PAGE = f"""<!DOCTYPE html><meta charset="utf-8"><body><div id="card"></div>
<script src="{LIBRARY.as_uri()}"></script><script src="{MARKDOWN.as_uri()}"></script>
<script>
const markdown = (window.markdownit || window.MarkdownIt)();
AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {{
  result.outputHtml = markdown.render(text);
  result.didProcess = true;
}};
function judge(content) {{
  const card = new AdaptiveCards.AdaptiveCard();
  card.hostConfig = new AdaptiveCards.HostConfig({{
    actions: {{ maxActions: 6, showCard: {{ actionMode: "inline" }} }}, supportsInteractivity: true,
  }});
  card.version = new AdaptiveCards.Version(1, 5);
  const context = new AdaptiveCards.SerializationContext(new AdaptiveCards.Version(1, 5));
  AdaptiveCards.CardElement.langProperty.regEx.lastIndex = 0;  // the library's pattern remembers its last match
  card.parse(content, context);
  const faults = [];
  for (let i = 0; i < context.eventCount; i++) faults.push(context.getEventAt(i).message);
  for (const event of card.validateProperties().validationEvents) faults.push(event.message);
  const place = document.getElementById("card");
  place.replaceChildren(card.render());
  const labels = new Set();
  const look = () => place.querySelectorAll("button").forEach((button) => labels.add(button.innerText.trim()));
  look();
  [...place.querySelectorAll("[aria-expanded=false]")].forEach((button) => {{ button.click(); look(); }});
  return {{
    faults,
    text: place.innerText,
    links: [...place.querySelectorAll("a")].map((link) => link.getAttribute("href")),
    strong: place.querySelectorAll("strong, em, ul, ol, code, h1, h2, h3").length,
    buttons: [...labels],
    inputs: [...place.querySelectorAll("input, textarea, select")].length,
  }};
}}
</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("cards")
    (folder / "page.html").write_text(PAGE, encoding="utf-8")
    with browser(folder / "profile", width=700, height=2400) as opened:
        opened.driver.get((folder / "page.html").as_uri())
        yield opened


def judged(page: Browser, content: dict[str, Any]) -> dict[str, Any]:
    # Teams' own property, which its page documents and the library's does not know
    bare = json.loads(json.dumps({name: value for name, value in content.items() if name != "msteams"}))
    return page.driver.execute_script("return judge(arguments[0])", bare)


def content_of(card: Card) -> dict[str, Any]:
    content: dict[str, Any] = render(card)["attachments"][0]["content"]
    return content


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_card_is_valid_and_shows_what_is_broken(page: Browser, state: str, lang: str):
    card = sample_card(state, lang, "teams")
    content = content_of(card)
    verdict = judged(page, content)
    assert verdict["faults"] == []
    assert card.title in verdict["text"]
    assert card.status in verdict["text"]
    assert "{{" not in verdict["text"], "an instant was not understood"
    shown = {each["title"] for each in buttons(content)} | {action.label for action in card.actions}
    assert shown <= set(verdict["buttons"])


TEXTS = (
    "*bold* _slanted_ **both** ~~gone~~",
    "[a link](https://evil.example) <https://evil.example> ![x](y)",
    "1. one",
    "- item",
    "+ item",
    "# heading",
    "> quoted",
    "`code` ```fence```",
    "back\\slash \\* and \\\\",
    "<b>bold</b> &amp; &lt; <script>alert(1)</script>",
    "snake_case_name and _private and trailing_",
    "{{DATE(2026-11-20T10:00:00Z, SHORT)}} {{TIME(x)}}",
    "a * b * c, 2 > 1, 3 < 4, x^2, [1] (2)",
    "---",
    "===",
    "| a | b |",
)


@pytest.mark.parametrize("text", TEXTS)
def test_text_from_outside_is_shown_as_it_is(page: Browser, text: str):
    link = Span(text="page", href="https://tocsin.example/i/1")
    card = Card(
        kind="list",
        title=text,
        fallback=text,
        body=(
            Facts(facts=(Fact(label=text, value=(Span(text=text),)),)),
            Paragraph(lines=((Span(text=text),), (Span(text=f"{text} "), link))),
            Quote(text=text),
        ),
    )
    verdict = judged(page, content_of(card))
    assert verdict["faults"] == []
    shown = " ".join(verdict["text"].replace("\u2060", "").replace("\u200b", "").split())
    assert shown.count(" ".join(text.split())) == 6, shown
    assert verdict["links"] == ["https://tocsin.example/i/1"]
    assert verdict["strong"] == 0


def test_a_form_is_valid_and_asks_everything(page: Browser):
    form = FormCard(
        verb="note", title="t", submit="Send", cancel="No", token="tok",
        fields=(
            Field(name="a", label="A line", hint="hint", text_max=20),
            Field(name="b", label="Text", kind=FieldKind.TEXT, value="so"),
            Field(name="c", label="Choice", kind=FieldKind.CHOICE, options=(Option(label="One", token="1"),)),
            Field(name="d", label="People", kind=FieldKind.PEOPLE, options=(Option(label="Ann", token="@ann"),)),
        ),
    )  # fmt: skip
    verdict = judged(page, render_form(form)["card"]["content"])
    assert verdict["faults"] == []
    assert verdict["inputs"] >= 4
    assert [label for label in ("A line", "Text", "Choice", "People") if label not in verdict["text"]] == []
    assert verdict["buttons"][-1] == "Send"


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": [{"type": "Marquee", "text": "x"}]},
        {"body": [{"type": "TextBlock", "text": "x", "color": "red"}]},
        {"body": [{"type": "Input.Text", "label": "x"}]},
        {"body": [{"type": "ActionSet", "actions": [{"type": "Action.Execute", "title": "x", "verb": "v"}] * 7}]},
    ],
)
def test_what_the_library_refuses_the_emulator_refuses_too(page: Browser, wrong: dict[str, Any]):
    content = {"type": "AdaptiveCard", "version": "1.5", **wrong}
    assert judged(page, content)["faults"]
    with pytest.raises(TeamsRefusal):
        check_card(content)


FOREIGN = "script, iframe, object, img, em, ul, ol, code, pre, blockquote, h1, h2, h3, thead"
"""What no text from outside may become. Our own markdown is bold and links."""
BATCH = 100


@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_hostile_cards_are_valid(page: Browser, seed: int):
    """The library parses, validates and renders every one, and nothing in them becomes markup."""
    enemy = Enemy(seed)
    for _ in range(10):
        messages = [render(enemy.card()) for _ in range(BATCH)]  # one without buttons or facts is plain text
        contents = [each["attachments"][0]["content"] for each in messages if "attachments" in each]
        bare = [{name: value for name, value in each.items() if name != "msteams"} for each in contents]
        told = page.driver.execute_script(
            """return JSON.parse(arguments[0]).map((each) => {
              const verdict = judge(each);
              const place = document.getElementById("card");
              return [verdict.faults, place.querySelectorAll(arguments[1]).length];
            })""",
            json.dumps(bare),
            FOREIGN,
        )
        for content, (faults, foreign) in zip(contents, told, strict=True):
            assert (faults, foreign) == ([], 0), json.dumps(content)[:2_000]
