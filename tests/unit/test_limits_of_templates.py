"""Numbers of templates, and what docs/templates.md says to write instead of Go's names and functions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.cards import sample, template
from bot.cards.template import names
from tests.unit.boundaries import Limit, channel, is_refused, passes, refused, taken

IM = "channels.pay.templates.im"
PAGE = (Path(__file__).parents[2] / "docs/templates.md").read_text(encoding="utf-8")
KNOWN = template.values(sample.sample_view("processing", "en", "slack"))


def im(source: str) -> dict:
    return channel(templates={"im": source})


def nested(depth: int) -> str:
    return "{% for a in alerts %}" * depth + "x" + "{% endfor %}" * depth


LIMITS = (
    Limit("a template has up to 4096 characters", lambda n: im("x" * n), IM, (0, 4096), (4097,), "4096"),
    Limit("a template has up to 2 loops inside each other", lambda n: im(nested(n)), IM, (1, 2), (3,),
          "more than 2 loops"),
    Limit("there is a template for im, sms and email", lambda m: channel(templates={m: "x"}),
          "channels.pay.templates.fax",
          ("im", "sms", "email"), ("fax",), "'im', 'sms' or 'email'"),
)  # fmt: skip


@taken(LIMITS)
def test_the_limit_itself_passes(change):
    passes(change)


@refused(LIMITS)
def test_beyond_the_limit_is_refused_with_the_field_and_the_cure(change, path, said):
    is_refused(change, path, said)


@pytest.mark.parametrize(("length", "comes"), [(8192, True), (8193, False)])
def test_a_template_comes_out_as_up_to_8192_characters(length, comes):
    known = {**KNOWN, "labels": {"x": "y" * 4096}}
    source = "{{ labels.x }}{{ labels.x }}" + "z" * (length - 8192)
    if comes:
        assert len(template.fill(source, known)) == length
    else:
        with pytest.raises(template.TemplateFault, match="longer than 8192"):
            template.fill(source, known)


# --- what there is instead of Go's

GO_NAMES = (
    "ID", "Title", "Description", "DetailUrl", "Num", "IncidentSeverity", "IncidentStatus", "Progress", "StartTime",
    "LastTime", "EndTime", "SnoozedBefore", "AckTime", "CloseTime", "Creator", "Closer", "AssignedTo", "Responders",
    "ChannelID", "ChannelName", "GroupMethod", "Labels", "AlertCnt", "Alerts", "Images", "FireType", "IsFlapping",
    "Impact", "RootCause", "Resolution",
)  # fmt: skip
GO_FUNCTIONS = (
    "date", "ago", "toHtml", "in", "index", "jsonGet", "alertLabels", "joinAlertLabels", "colorSeverity", "fireReason",
)  # fmt: skip
NAMED = dict(re.findall(r"^\| `\.(\w+)` \| (?:`(\w+)`|–) \|", PAGE, re.MULTILINE))
FUNCTIONS = dict(re.findall(r"^\| `(\w+)` \| (`[^`]+`|–) \|", PAGE[PAGE.index("| function there |") :], re.MULTILINE))


@pytest.mark.parametrize("name", GO_NAMES)
def test_a_go_name_has_a_counterpart_that_exists_or_a_dash(name):
    assert name in NAMED, f"docs/templates.md does not say what stands for .{name}"
    here = NAMED[name]
    assert not here or here in names.NAMES
    assert not here or here in KNOWN


@pytest.mark.parametrize("function", GO_FUNCTIONS)
def test_a_go_function_has_a_counterpart_or_a_dash(function):
    assert function in FUNCTIONS, f"docs/templates.md does not say what stands for {function}"


def test_the_table_names_nothing_else():
    assert (sorted(NAMED), sorted(FUNCTIONS)) == (sorted(GO_NAMES), sorted(GO_FUNCTIONS))


@pytest.mark.parametrize("name", [name for name in GO_NAMES if not NAMED.get(name)])
def test_a_name_with_a_dash_is_refused_in_goes_own_spelling_too(name):
    for source in (f"{{{{ {name} }}}}", f"{{{{.{name}}}}}"):
        is_refused(im(source), IM, "in the template")


SNIPPETS = re.findall(r"`(\{[{%].*?[%}]\})`", PAGE[PAGE.index("## Coming from Go") : PAGE.index("## Limits")])


@pytest.mark.parametrize(
    "snippet", [s.replace("\\|", "|") for s in SNIPPETS if ".Labels" not in s and s != "{% for %}"]
)
def test_a_snippet_of_the_table_is_a_template(snippet):
    template.fill(snippet + ("{% endif %}" if snippet.startswith("{% if") else ""), KNOWN)
    assert len(SNIPPETS) > 8


def test_times_are_seconds_since_the_epoch():
    assert KNOWN["opened_at"] < 10_000_000_000
    assert all(isinstance(KNOWN[name], int) for name in ("opened_at", "acked_at", "closed_at", "snoozed_until", "now"))


def test_responders_have_a_name_and_the_two_times():
    assert set(KNOWN["responders"][0]) == set(names.PERSON) == {"name", "since", "acked_at"}
