"""Templates: what they can say, and that nothing in one, or in an alert, makes it long, slow, or talkative."""

from __future__ import annotations

import re
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.cards import sample, template
from bot.cards.build import incident_card
from bot.cards.card import Paragraph, Quote
from bot.cards.template import names
from bot.registry import CARRIERS
from tests.cards.hostile import unhurried

VIEW = sample.sample_view("processing", "en", "slack")
KNOWN = template.values(VIEW)
LONG = {**KNOWN, "title": "t" * 512, "description": "d" * 2048, "labels": {f"l{n}": "v" * 2048 for n in range(50)}}
CROWD = {**LONG, "alerts": [{**KNOWN["alerts"][0], "labels": LONG["labels"]} for _ in range(20)]}
BLINK_S = 2.0
"""Far above what anything takes here (a tenth of it on a busy machine), far below what an escape would take."""


def filled(source: str, known: dict | None = None) -> str:
    """The text, or the fault in angle brackets; within a blink, whatever it is."""
    begun = time.process_time()
    try:
        text = template.fill(source, known or KNOWN)
    except template.TemplateFault as fault:
        text = f"<{fault}>"
    assert time.process_time() - begun < BLINK_S, source
    assert len(text) <= template.TEXT_MAX
    return text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ title }} ({{ severity }})", "Checkout API 5xx above 5% (Critical)"),
        ("#{{ num }} is {{ status }}, {{ holders|join }} has it", "#142 is processing, Bo Novak has it"),
        ("{{ labels.service|upper }}", "CHECKOUT-API"),
        ("{{ labels['service'] }}", "checkout-api"),
        ("{{ labels.nope }}|{{ labels.nope|default('none') }}|{{ impact|d('none') }}", "|none|none"),
        ("{{ opened_at|date }}, {{ opened_at|ago }} ago, {{ closed_at|date }}", "10:00, 4 min ago, "),
        ("{% if severity == 'Critical' %}!{% elif num > 3 %}?{% else %}.{% endif %}", "!"),
        ("{{ 'many' if alerts_total > 1 else 'one' }}", "one"),
        ("{{ alerts_total + 1 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ -num }}", "2 3 3 -142"),
        ("{% for n, v in labels|items %}{{ n }}={{ v }}{% if not loop.last %}, {% endif %}{% endfor %}",
         "alertname=CheckoutErrors, region=eu-west-1, service=checkout-api, severity=critical"),
        ("{% for a in alerts if a.open %}{{ loop.index }}. {{ a.title }}{% else %}none{% endfor %}",
         "1. Checkout API 5xx above 5%"),
        ("{{ description[:5] }}|{{ description|truncate(6) }}", "p99 4|p99 4…"),
        ("{{ links[0].text }}: {{ links[0].href }}", "Runbook: https://wiki.example/runbooks/checkout?from=page&step=1"),
        ("{{ title|replace('5xx', 'errors') }}", "Checkout API errors above 5%"),
        ("{{ labels|length }} {{ labels|sort|join('/') }}", "4 alertname/region/service/severity"),
        ("{{ 'eu' in labels.region }} {{ labels.nope is defined }}", "True False"),
        ("{# not said #}{% raw %}{{ title }}{% endraw %}", "{{ title }}"),
        ("{{ labels.nope.more }}{{ title.more }}", ""),
        ("plain", "plain"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_templates_say(source: str, text: str):
    assert filled(source) == text


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("{{ titel }}", "line 1: nothing is called titel"),
        ("one\n{{ title", "line 2: unexpected end of template"),
        ("{% for a in alerts %}{{ a.titel }}{% endfor %}", "line 1: a has no titel"),
        ("{{ title|center(9) }}", "line 1: there is no filter center"),
        ("{{ title is callable }}", "line 1: there is no test callable"),
        ("{{ title|truncate(length=9) }}", "without names"),
        ("{{ title|truncate(*alerts) }}", "without names"),
        ("{{ range(9) }}", "a call is not allowed"),
        ("{{ labels.items() }}", "a call is not allowed"),
        ("{{ title ~ title }}", "~ is not allowed"),
        ("{{ 2**9 }}", "** is not allowed"),
        ("{% set a = 1 %}", "set is not allowed"),
        ("{% set a %}x{% endset %}", "set is not allowed"),
        ("{% with a = 1 %}{% endwith %}", "with is not allowed"),
        ("{% macro a() %}{% endmacro %}", "a macro is not allowed"),
        ("{% filter upper %}x{% endfilter %}", "a filter block is not allowed"),
        ("{% include 'x' %}", "include is not allowed"),
        ("{% import 'x' as x %}", "import is not allowed"),
        ("{% from 'x' import y %}", "import is not allowed"),
        ("{% extends 'x' %}", "extends is not allowed"),
        ("{% block x %}{% endblock %}", "a block is not allowed"),
        ("{% autoescape true %}{% endautoescape %}", "is not allowed"),
        ("{{ {'a': 1} }}", "a mapping is not allowed"),
        ("{% for a in alerts recursive %}{% endfor %}", "loops inside each other"),
        (
            "{% for a in alerts %}{% for b in alerts %}{% for c in alerts %}{% endfor %}{% endfor %}{% endfor %}",
            "2 loops",
        ),
        ("{{ alerts }}", "cannot be shown as it is"),
        ("{{ labels }}", "cannot be shown as it is"),
        ("{{ title + title }}", "+ is for numbers"),
        ("{{ 1 / 0 }}", "it failed with ZeroDivisionError"),
        ("{{ num|join|date + 1 }}", "+ is for numbers"),
        ("x" * 4097, "more than 4096 characters"),
        ("{% if 1 %}" * 50 + "{% endif %}" * 50, "nested deeper than 40"),
    ],
)
def test_what_templates_cannot_say(source: str, fault: str):
    assert fault in filled(source)


BOMBS = (
    "{{ 'a' * 10**9 }}", "{{ 'a' * 1000000000 }}", "{{ 1000000000 * 'a' }}", "{{ [1] * 1000000000 }}",
    "{{ '%1000000000d' % 1 }}", "{{ '%1000000000d'|format(1) }}", "{{ '{:1000000000}'.format(1) }}",
    "{{ title|center(1000000000) }}", "{{ 9**9**9 }}", "{{ range(1000000000)|list }}", "{{ lipsum(1000) }}",
    "{{ 999999999999 * 999999999999 * 999999999999 }}", "{{ 1e308 * 1e308 }}", "{{ 10 % 1e-300 }}",
    "{{ title|truncate(1000000000000000000000000) }}", "{{ opened_at|date }}{{ 1e300|date }}{{ -1e300|ago }}",
    "{{ labels|items|join(description)|replace('v', description)|replace('d', description) }}",
    "{{ description" + "|replace('d', description)" * 100 + " }}",
    "{{ description" + "|upper|lower|trim|replace('d', 'dd')|truncate(4000)" * 70 + " }}",
    "{% for a in alerts %}{% for n, v in a.labels|items %}{{ n }}{{ v }}{% endfor %}{% endfor %}",
    "{% for a in alerts %}{% for n, v in a.labels|items %}" + "{% if 'dddv' in v %}{% endif %}" * 120
    + "{% endfor %}{% endfor %}",
    "{% for a in alerts %}{% for n, v in a.labels|items %}" + "{% if v|upper|lower == n %}{% endif %}" * 110
    + "{% endfor %}{% endfor %}",
    "{%for a in labels%}{%for b in labels%}{%endfor%}{%endfor%}" * 69,
    "{% for a in description %}{% for b in description %}x{% endfor %}{% endfor %}",
    "{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}", "{{ " + "-" * 4000 + "1 }}", "{{ " + "not " * 1000 + "1 }}",
    "{{ " + "[" * 1500 + "]" * 1500 + " }}", "{{ " + "1+" * 2000 + "1 }}", "{{ title" + ".a" * 2000 + " }}",
    "{{ title" + "[0]" * 1300 + " }}", "{% if 1 %}" * 200 + "{% endif %}" * 200, "{" * 4096, "{{" * 2048, "{%" * 2048,
    "{{ " + "9" * 4000 + " }}", "{{ " + "9" * 4000 + " * " + "1 }}", "{{ '" + "\\x41" * 1000 + "' }}",
)  # fmt: skip


@pytest.mark.parametrize("source", BOMBS, ids=range(len(BOMBS)))
def test_bombs_go_off_within_bounds(source: str):
    tracemalloc.start()
    try:
        filled(source, CROWD)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6_000_000


def test_a_replacement_is_measured_before_it_is_made():
    test_bombs_go_off_within_bounds("{{ description|replace('d', '" + "d" * 4000 + "') }}")


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in labels %}{% for b in labels %}{% endfor %}{% endfor %}" * 60,
        "{% for a in labels %}{% for b in labels %}"
        + "{% if num - num %}{% endif %}" * 100
        + "{% endfor %}{% endfor %}",
        "{% for a in labels %}{% for b in labels %}"
        + "{% if a|upper|lower %}{% endif %}" * 50
        + "{% endfor %}{% endfor %}",
        "{% for a in alerts %}{% if description|upper|lower|upper|lower|upper|lower %}{% endif %}{% endfor %}" * 35,
        "{% for a in alerts %}{% for b in alerts %}"
        + "{% if description|truncate(1) %}{% endif %}" * 40
        + "{% endfor %}{% endfor %}",
    ],
    ids=("empty loops", "sums in loops", "filters in loops", "long texts in loops", "texts made short in loops"),
)
def test_work_is_bounded(source: str):
    assert filled(source, CROWD) == "<it loops too often>"


ESCAPES = (
    "{{ title.__class__.__mro__ }}", "{{ title['__class__'] }}", "{{ labels.__class__ }}", "{{ labels.get }}",
    "{{ labels['get'] }}", "{{ alerts.append }}", "{{ title.format }}", "{{ title['format'] }}", "{{ title.join }}",
    "{% for a in alerts %}{{ loop['__class__'] }}{{ loop['cycle'] }}{{ loop['_iterable'] }}{% endfor %}",
    "{{ [].__class__ }}", "{{ ''.__class__ }}", "{{ (1).__class__ }}", "{{ ().__class__ }}", "{{ holders.__class__ }}",
    "{{ labels.nope.__class__ }}", "{{ num.real }}", "{{ num['real'] }}",
)  # fmt: skip


@pytest.mark.parametrize("source", ESCAPES)
def test_attributes_lead_nowhere(source: str):
    assert filled(source).strip() == ""


@pytest.mark.parametrize(
    "name", ["self", "_budget", "_zone", "_lang", "loop", "caller", "varargs", "range", "dict", "cycler", "namespace"]
)
def test_what_is_not_listed_has_no_name(name: str):
    assert filled(f"{{{{ {name} }}}}") == f"<line 1: nothing is called {name}>"


def test_the_list_of_names_is_what_there_is():
    assert {name for name in KNOWN if not name.startswith("_")} == set(names.NAMES)
    assert set(KNOWN["alerts"][0]) == set(names.ALERT)
    assert set(KNOWN["responders"][0]) == set(names.PERSON)
    assert set(KNOWN["links"][0]) == set(names.LINK)


def test_the_docs_list_every_name_and_filter():
    docs = (Path(__file__).parents[2] / "docs/templates.md").read_text(encoding="utf-8")
    listed = (*names.NAMES, *names.ALERT, *names.PERSON, *names.LINK, *names.FILTERS, *names.TESTS)
    assert [name for name in listed if not re.search(rf"`{name}[`(]", docs)] == []


_PIECES = st.sampled_from([
    "{{ title }}", "{{ ", " }}", "{% for a in alerts %}", "{% for n, v in a.labels|items %}", "{% endfor %}", "{#",
    "{% if num %}", "{% else %}", "{% endif %}", "{{ a.title|upper }}", "{{ labels.service|replace('e', title) }}",
    "(", ")", "[", "]", "'", "*", "**", "~", "|", "|join", "|replace(title, description)", "title", "description",
    ".", "10", "%", "-%}", "{%- ", "loop.index", "__class__", "\n", "x", "{% raw %}", "{% endraw %}", "1000000000",
    "#}", "labels", " in ", " is ",
])  # fmt: skip


@unhurried
@given(st.lists(_PIECES, max_size=60).map("".join) | st.text(max_size=300))
@example("{% for loop in alerts %}{{ loop }}{% endfor %}")
@example("{% for title in alerts %}{{ title.nope }}{% endfor %}{{ title }}")
@example("{% for a, a in labels|items %}{{ a }}{% endfor %}")
@example("{{ '\udc80' }}")
@example("{{ '\\N{BOM' }}")
@example("# \x00 {{ title }}")
def test_no_template_raises_or_runs_away(source: str):
    filled(source, CROWD)


_TEXT = st.text(max_size=60) | st.sampled_from(
    ["{{ title }}", "{% raw %}", "<b>", "@channel", "\x00", "\udcff", "\u202ex", "%s" * 9]
)


@unhurried
@given(_TEXT, _TEXT, st.dictionaries(_TEXT, _TEXT, max_size=5), st.sampled_from(("slack", "telegram", "email", "sms")))
def test_what_alerts_say_is_never_read_as_a_template(title: str, text: str, labels: dict[str, str], carrier: str):
    source = "{{ title }}\n{{ description }}{% for n, v in labels|items %}{{ n }}={{ v }}\n{% endfor %}"
    said = filled(source, {**KNOWN, "title": title, "description": text, "labels": labels})
    assert said.startswith(title)
    CARRIERS[carrier].render(template.worded(incident_card(VIEW), "sms" if carrier == "sms" else "im", said))


def test_a_filling_leaves_nothing_behind():
    source = "{% for a in alerts %}{{ a.title }}{% endfor %}"
    assert filled(source) == filled(source)
    assert "_budget" not in KNOWN


# --- on the card ------------------------------------------------------------------------------------------------------


def test_the_free_text_is_replaced_and_the_rest_stays():
    before = incident_card(VIEW)
    after = template.worded(before, "im", "our words\n*not bold* & <b>")
    assert any(isinstance(block, Quote) for block in before.body)
    assert not any(isinstance(block, Quote) for block in after.body)
    own = next(block for block in after.body if isinstance(block, Paragraph))
    assert [line[0].text for line in own.lines] == ["our words", "*not bold* & <b>"]
    assert (after.title, after.actions, after.fallback) == (before.title, before.actions, before.fallback)
    assert after.body[:2] == before.body[:2], "who has it and what is next come first"


def test_a_text_message_has_it_in_place_of_the_title():
    card = incident_card(sample.sample_view("triggered", "en", "sms"))
    text = CARRIERS["sms"].render(template.worded(card, "sms", "eu-west-1:\n checkout down "))["text"]
    assert text.startswith("Critical #142 eu-west-1: checkout down\n")
    assert "/a/ack." in text


def test_a_template_that_says_nothing_leaves_a_text_message_its_title():
    card = incident_card(sample.sample_view("triggered", "en", "sms"))
    assert template.worded(card, "sms", " \n").title == card.title


def test_a_long_text_does_not_push_the_facts_out():
    card = template.worded(incident_card(VIEW), "im", "line\n" * 1000)
    assert len(next(block for block in card.body if isinstance(block, Paragraph)).lines) == 60
