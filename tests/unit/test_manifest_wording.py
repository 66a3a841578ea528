"""Fields, links and templates in a manifest: what is refused is refused with its place, its reason and its cure."""

from __future__ import annotations

import pytest

from bot.engine.world import CustomField, FieldKind, LinkTemplate
from bot.manifest import load
from tests.unit.manifests import problems_of, small


def channel(**keys: object) -> dict:
    return {"channels": {"pay": keys}}


def field(**keys: object) -> dict:
    return {"fields": {"tier": {"label": "Tier", **keys}}}


GOOD = {
    "fields": {
        "ticket": {"label": "Ticket"},
        "tier": {"label": "Tier", "kind": "select", "options": ["Gold", "Silver"]},
        "_data_loss9": {"label": "Data loss", "kind": "checkbox"},
    },
    **channel(
        links=[{"text": "Runbook", "href": "https://wiki.example/${labels.service}?n=${num}&f=${fields.ticket}"}],
        templates={"im": "{{ title }}\n{{ fields.tier }}", "sms": "{{ labels.service }}", "email": "{{ description }}"},
    ),
}


def test_what_is_declared_reaches_the_world():
    world = load.read(small(GOOD), file="t", env={}).world
    assert world.fields["tier"] == CustomField(
        name="tier", label="Tier", kind=FieldKind.SELECT, options=("Gold", "Silver")
    )
    href = "https://wiki.example/${labels.service}?n=${num}&f=${fields.ticket}"
    assert world.channels["pay"].links == (LinkTemplate(text="Runbook", href=href),)
    assert world.channels["pay"].templates["sms"] == "{{ labels.service }}"


HREF, IM, SMS = "channels.pay.links[0].href", "channels.pay.templates.im", "channels.pay.templates.sms"


def link(href: str) -> dict:
    return channel(links=[{"text": "x", "href": href}])


@pytest.mark.parametrize(
    ("change", "path", "code", "said"),
    [
        ({"fields": {"9lives": {"label": "x"}}}, "fields.9lives", "field_name", "no name of a field"),
        ({"fields": {"x" * 41: {"label": "x"}}}, "fields." + "x" * 41, "field_name", "no name of a field"),
        ({"fields": {"Impact": {"label": "x"}}}, "fields.Impact", "reserved_name", "every incident has that already"),
        ({"fields": {"tier": {}}}, "fields.tier.label", "missing", "is missing"),
        ({"fields": {f"f{n}": {"label": "x"} for n in range(16)}}, "fields", "too_long", "longer than 15"),
        (field(kind="select"), "fields.tier", "options", "has nothing to choose from"),
        (field(options=["a"]), "fields.tier", "options", "a text has no options"),
        (field(kind="multi", options=["a, b"]), "fields.tier.options[0]", "option", "contains a comma"),
        (field(kind="multi", options=["x" * 201]), "fields.tier.options[0]", "option", "1 to 200 characters"),
        (field(kind="multi", options=["a", "a"]), "fields.tier.options", "twice", "names a twice"),
        (
            field(kind="multi", options=list("abcdefghijklmnopqrstu")),
            "fields.tier.options",
            "too_long",
            "longer than 20",
        ),
        (field(kind="number"), "fields.tier.kind", "literal_error", "'text', 'select', 'multi' or 'checkbox'"),
        (link("javascript:alert(1)"), HREF, "link", "no address"),
        (link("https://${labels.host}/"), HREF, "link", "no address"),
        (link("https://x/${titel}"), HREF, "unknown_name", "titel"),
        (link("https://x/${labels.}"), HREF, "unknown_name", "labels."),
        (link("https://x/${fields.tear}"), HREF, "unknown_field", "tear"),
        (channel(links=[{"text": "x", "href": "https://x"}] * 4), "channels.pay.links", "too_long", "longer than 3"),
        (channel(templates={"im": "a\n{{ titel }}"}), IM, "template", "line 2: nothing is called titel"),
        (channel(templates={"im": "{{ title"}), IM, "template", "line 1: unexpected end of template"),
        (channel(templates={"sms": "{{ fields.tear }}"}), SMS, "unknown_field", "tear"),
        (channel(templates={"sms": "x" * 4097}), SMS, "template", "more than 4096"),
        (channel(templates={"fax": "x"}), "channels.pay.templates.fax", "literal_error", "'im', 'sms' or 'email'"),
    ],
)
def test_what_is_refused(change: dict, path: str, code: str, said: str):
    found = {(problem.path, problem.code): problem for problem in problems_of(small(change))}
    assert (path, code) in found, "\n".join(map(str, found.values()))
    assert said in found[path, code].message
    assert found[path, code].cure.endswith((".", "?"))
    assert found[path, code].line > 1


def test_the_limits_themselves_are_allowed():
    fields = {f"f{n}": {"label": "x"} for n in range(14)}
    options = [f"{n}".rjust(200, "o") for n in range(20)]
    change = {
        "fields": {**fields, "x" * 40: {"label": "x" * 40, "kind": "multi", "options": options}},
        **channel(links=[{"text": "x", "href": "https://x"}] * 3, templates={"im": "x" * 4096}),
    }
    assert problems_of(small(change)) == ()
