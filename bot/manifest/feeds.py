"""What a manifest says about the events of an integration on their way: enrich, process, routes."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, WithJsonSchema, model_validator

from bot.engine import conditions, enrichment, feed, patterns, processing, templates
from bot.engine.model import SECOND, Span
from bot.manifest.filters import Filter, PlainFilter, to_filter
from bot.manifest.parts import Part
from bot.manifest.problems import refusal
from bot.manifest.services import HeaderName, HeaderValue, ServiceUrl, check_place
from bot.manifest.tables import beside, to_table
from bot.manifest.values import Duration, Id, checked, once

TEMPLATE_MAX = 500
LOOKUPS_MAX = 3
"""Services that one integration may ask about each event: they are asked one after the other."""

TargetLabel = Annotated[
    str,
    checked(
        feed.TARGET_LABEL,
        "target_label",
        "a label that Tocsin makes has a plain name",
        "Use 1 to 63 of a-z, 0-9 and _, beginning with a letter.",
    ),
]
LabelName = Annotated[
    str,
    checked(
        re.compile(r"[^\s]{1,128}"), "label", "that is no name of a label", "Write 1 to 128 characters, no spaces."
    ),
]
TargetLabels = Annotated[tuple[TargetLabel, ...], Field(min_length=1, max_length=10), AfterValidator(once)]
LabelNames = Annotated[tuple[LabelName, ...], Field(max_length=10), AfterValidator(once)]


def _source(text: str) -> str:
    if text not in ("title", "description") and not (text.startswith("labels.") and conditions.is_key(text)):
        raise refusal(
            "extraction_source", "nothing can be extracted from that", "Write title, description or labels.NAME."
        )
    return text


def _pattern(text: str) -> str:
    if why := patterns.fault(text):
        raise refusal("pattern", why, "Write a regular expression of RE2, shorter or simpler (docs/filters.md).")
    if not patterns.has_result(text):
        raise refusal("no_result", "it has no group named result", "Put (?P<result>…) around what shall be the label.")
    return text


def _path(text: str) -> str:
    try:
        enrichment.steps_of(text)
    except ValueError as error:
        raise refusal("path", str(error), "Write names and list positions with dots between: hosts.0.name.") from None
    return text


def _text(text: str) -> str:
    if why := templates.fault(text):
        raise refusal("template", why, f"Write {templates.MARK} in front of it.")
    return text


def _severity(text: str) -> str:
    if not text.startswith(templates.MARK) and processing.severity_named(text) is None:
        cure = f"Write Critical, Warning or Info, or a template: {templates.MARK}{{{{.Labels.priority}}}}."
        raise refusal("severity", "that is no severity of an alert", cure)
    return text


class Extraction(Part):
    """A label from a part of a text. A pattern or a path, one of the two."""

    source: Annotated[str, AfterValidator(_source), Field(alias="from")]
    """Where: `title`, `description` or `labels.NAME`."""
    label: TargetLabel
    """The label to make."""
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    """A regular expression (RE2) with a group `(?P<result>…)`, up to 1024 bytes."""
    path: Annotated[str, AfterValidator(_path)] | None = None
    """Where it is in a text that is JSON: names and list positions with dots between, `hosts.0.name`."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.pattern is None) == (self.path is None):
            raise refusal("extraction", "an extraction has either a pattern or a path", "Write one of the two.")
        return self


class Composition(Part):
    """A label put together from others."""

    template: Annotated[str, Field(min_length=1, max_length=TEMPLATE_MAX)]
    """Text with `${label}` (missing: `<no value>`), `{{.Labels.label}}` or `{{.Title}}` (missing: nothing)."""
    label: TargetLabel
    """The label to make."""


class Api(Part):
    """A service of your own that knows labels: it gets POST {result_label_keys, event}, and answers {result_labels}."""

    url: ServiceUrl
    """Its address, https; plain http only with `allow_private`."""
    headers: Annotated[dict[HeaderName, HeaderValue], Field(max_length=10)] = Field(default_factory=dict)
    """Further headers; none that authenticate by the standard or pretend to forward."""
    timeout: Annotated[Span, Duration(1 * SECOND, 3 * SECOND)] = 2 * SECOND
    """How long to wait for an answer."""
    retries: Annotated[StrictInt, Field(ge=0, le=1)] = 0
    """How often to ask again after a failure."""
    allow_private: StrictBool = False
    """The service is at a private or loopback address."""

    @model_validator(mode="after")
    def _is_outside(self) -> Self:
        check_place(self.url, allow_private=self.allow_private)
        return self


class Mapping(Part):
    """Labels looked up: in a table, or by a service. `csv`, `file` or `api`, one of the three."""

    keys: LabelNames = ()
    """The labels to look up by: columns of the table."""
    results: TargetLabels
    """The labels to make: columns of the table, or what the service is asked for."""
    csv: str | None = None
    """The table itself: CSV whose first line names the columns. Up to 10000 rows and 1 MB."""
    file: Annotated[str, BeforeValidator(beside), WithJsonSchema({"type": "string"})] | None = None
    """The table in a file beside the manifest: `services.csv`."""
    api: Api | None = None
    """The service that knows."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if sum(each is not None for each in (self.csv, self.file, self.api)) != 1:
            raise refusal("mapping", "a mapping has one of csv, file and api", "Write one of the three.")
        if self.api is None and not self.keys:
            raise refusal("mapping_keys", "a table is looked up by labels", "Write keys: [service].")
        if self.api is not None and self.keys:
            raise refusal("mapping_keys", "a service gets the whole event, not keys", "Remove keys.")
        if self.api is None:
            to_table(self.csv or self.file or "", self.keys, self.results)
        return self

    def to_engine(self) -> feed.Table | feed.Lookup:
        """The same for the engine."""
        if self.api is None:
            return to_table(self.csv or self.file or "", self.keys, self.results)
        return feed.Lookup(
            url=self.api.url,
            results=self.results,
            headers=tuple((name, value.get_secret_value()) for name, value in self.api.headers.items()),
            timeout=self.api.timeout,
            retries=self.api.retries,
            private=self.api.allow_private,
        )


class Removal(Part):
    """Labels that nobody needs."""

    labels: Annotated[LabelNames, Field(min_length=1)]
    """Their names."""


class EnrichRule(Part):
    """One step of the enrichment: exactly one of extraction, composition, mapping and drop."""

    filter: Filter = ()
    """Which events; absent: all."""
    override: StrictBool = False
    """Replace labels that are there already."""
    extraction: Extraction | None = None
    """A label from a part of a text."""
    composition: Composition | None = None
    """A label put together from others."""
    mapping: Mapping | None = None
    """Labels from a table or a service."""
    drop: Removal | None = None
    """Labels to remove."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(each is not None for each in (self.extraction, self.composition, self.mapping, self.drop)) != 1:
            cure = "Write extraction, composition, mapping or drop, each in a step of its own."
            raise refusal("enrich_step", "a step does one thing", cure)
        return self

    def to_engine(self) -> feed.Enrichment:
        """The same for the engine."""
        does: feed.Enriching
        if self.extraction is not None:
            steps = enrichment.steps_of(self.extraction.path) if self.extraction.path else ()
            source, label, pattern = self.extraction.source, self.extraction.label, self.extraction.pattern or ""
            does = feed.Extraction(source=source, label=label, pattern=pattern, path=steps)
        elif self.composition is not None:
            does = feed.Composition(template=self.composition.template, label=self.composition.label)
        elif self.mapping is not None:
            does = self.mapping.to_engine()
        else:
            does = feed.Removal(labels=self.drop.labels if self.drop else ())
        return feed.Enrichment(does=does, filter=to_filter(self.filter), override=self.override)


class AlertInhibition(Part):
    """A new alert is left out while another active alert of the integration explains it."""

    source: PlainFilter
    """What that other alert looks like; without `cidr:` and `num:`."""
    equals: LabelNames = ()
    """Labels that both have, with equal values."""


class ProcessRule(Part):
    """One step of the processing: exactly one thing, for the events that pass the filter."""

    filter: Filter = ()
    """Which events; absent: all."""
    title_reset: Annotated[str, Field(min_length=1, max_length=templates.TITLE_MAX), AfterValidator(_text)] | None = (
        None
    )
    """Another title; a template begins with `[TPL]`."""
    description_reset: Annotated[str, Field(max_length=templates.DESCRIPTION_MAX), AfterValidator(_text)] | None = None
    """Another description; a template begins with `[TPL]`."""
    severity_reset: Annotated[str, Field(max_length=TEMPLATE_MAX), AfterValidator(_severity)] | None = None
    """Another severity: its name, or a template that comes out as one; else it stays."""
    alert_drop: StrictBool | None = None
    """`true`: leave the event out."""
    alert_inhibit: AlertInhibition | None = None
    """Leave a new alert out while another one explains it."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        resets = (self.title_reset, self.description_reset, self.severity_reset)
        if sum(each is not None for each in (*resets, self.alert_drop, self.alert_inhibit)) != 1:
            cure = "Write one of title_reset, description_reset, severity_reset, alert_drop and alert_inhibit."
            raise refusal("process_step", "a step does one thing", cure)
        if self.alert_drop is False:
            raise refusal("alert_drop", "alert_drop: false does nothing", "Remove the step.")
        if self.alert_drop and not self.filter:
            raise refusal("alert_drop", "it would leave out every event", "Add a filter.")
        return self

    def to_engine(self) -> feed.Processing:
        """The same for the engine."""
        does: feed.Doing = feed.AlertDrop()
        if self.title_reset is not None:
            does = feed.TitleReset(text=self.title_reset)
        elif self.description_reset is not None:
            does = feed.DescriptionReset(text=self.description_reset)
        elif self.severity_reset is not None:
            does = feed.SeverityReset(text=self.severity_reset)
        elif self.alert_inhibit is not None:
            inhibit = self.alert_inhibit
            does = feed.AlertInhibit(source=to_filter(inhibit.source), equals=inhibit.equals)
        return feed.Processing(does=does, filter=to_filter(self.filter))


class Route(Part):
    """One case of a shared integration: these channels, or the one that a label names."""

    filter: Filter = ()
    """Which events; absent: all."""
    channels: Annotated[tuple[Id, ...], Field(max_length=20), AfterValidator(once)] = ()
    """The channels that get them; each has an alert and an incident of its own."""
    name_mapping: LabelName | None = None
    """The label whose value is the name of the channel. Where no channel has that name, the case does not match."""
    stop: StrictBool = False
    """Look at no later case when this one has matched; by default they are looked at too."""

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if bool(self.channels) == (self.name_mapping is not None):
            raise refusal("route", "a route has either channels or a name_mapping", "Write one of the two.")
        return self

    def to_engine(self) -> feed.Route:
        """The same for the engine."""
        return feed.Route(
            filter=to_filter(self.filter), channels=self.channels, name_label=self.name_mapping or "", stop=self.stop
        )
