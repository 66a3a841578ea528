"""The built-in sample for `tocsin render`: one incident, taken through its states by the real engine.

Nothing here is true: the people, the shop and the key are made up, and the buttons open nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.cards.build import View, incident_card, page_card
from bot.cards.card import Card
from bot.engine.effects import Entry, Page, Reason
from bot.engine.events import Acknowledge, AlertChange, AlertSeen, Fresh, Happening, Resolve, Snooze
from bot.engine.incident import step
from bot.engine.model import (
    HOUR,
    MINUTE,
    SECOND,
    Alert,
    Incident,
    Instant,
    Level,
    Link,
    Rule,
    Severity,
    Target,
    TargetKind,
    medium_of,
)
from bot.engine.world import Channel, Group, Layer, Member, Schedule, World

STATES: Final = ("triggered", "processing", "snoozed", "closed")
KEY: Final = b"the sample opens nothing"

_OF_ONE_PERSON: Final = ("ntfy", "pushover")
"""Carriers that are no medium of their own and yet reach one person only."""
_OPENED: Final[Instant] = 1_795_168_800_000
"""2026-11-20 10:00 UTC."""
_NUM: Final = 142
_ID: Final = "5a3c9e0f17d2b846"


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    description: str
    channel: str
    primary: str
    secondary: str
    ann: str
    bo: str
    cara: str
    note: str
    runbook: str
    graph: str


_WORDS: Final[Mapping[str, _Words]] = {
    "en": _Words(
        title="Checkout API 5xx above 5%",
        description="p99 4.1 s, error rate 7.3 % in eu-west-1 since deploy 8123 & rising.\n"
        "Payments fail for about 1 in 14 customers.",
        channel="Shop",
        primary="Shop",
        secondary="Shop backup",
        ann="Ann Lee",
        bo="Bo Novak",
        cara="Cara Diaz",
        note="rolled back deploy 8123",
        runbook="Runbook",
        graph="Graph",
    ),
    "zh": _Words(
        title="结算接口 5xx 错误率超过 5%",
        description="发布 8123 之后 eu-west-1 的错误率为 7.3%，p99 为 4.1 s，仍在上升。\n"
        "大约每 14 位顾客有 1 位无法付款。",
        channel="商城",
        primary="商城",
        secondary="商城备班",
        ann="李安",
        bo="王博",
        cara="赵可",
        note="已回滚发布 8123",
        runbook="处置手册",
        graph="监控图",
    ),
}


def sample_view(state: str, lang: str, platform: str) -> View:
    """The sample incident in one of `STATES`, as a reader on `platform` would see it.

    Media of one person (mail, SMS, voice) show it to Ann, whom it pages; chat platforms show it to a group. Raises
    `KeyError` for a state that the sample does not have.
    """
    words = _WORDS["zh" if lang.lower().startswith("zh") else "en"]
    world = _world(words, platform)
    incident, entries, now = _story(state, world, words)
    personal = medium_of(platform) != "im" or platform in _OF_ONE_PERSON
    return View(
        incident=incident,
        world=world,
        now=now,
        key=KEY,
        alerts=(_alert(words),),
        entries=entries,
        mentions={} if personal else {m.id: m.identities[platform] for m in world.members.values()},
        lang=lang,
        zone="Asia/Shanghai" if words is _WORDS["zh"] else "UTC",
        viewer="ann" if personal else "",
        url=world.url,
        rooms=True,
        act_by_link=personal,
        reply_code=1 if medium_of(platform) == "sms" else 0,
    )


def sample_card(state: str, lang: str, platform: str) -> Card:
    """The card of `sample_view`; where it is for one person, with the reason why it is them."""
    view = sample_view(state, lang, platform)
    if not view.viewer:
        return incident_card(view)
    incident = view.incident
    page = Page(
        member=view.viewer,
        way=platform,
        firing=f"{incident.cycle}.0.{incident.level}.0",
        cycle=incident.cycle,
        level=incident.level,
        loop=0,
        reason=Reason.LEVEL_FIRED,
    )
    return page_card(view, page) if state == "triggered" else incident_card(view)


def _story(state: str, world: World, words: _Words) -> tuple[Incident, tuple[Entry, ...], Instant]:
    """The incident and its timeline after everything that leads to `state`."""
    begun: list[tuple[Happening, Instant]] = [(_begin(words), 0)]
    taken = Acknowledge(by="bo", via="slack")
    steps: dict[str, list[tuple[Happening, Instant]]] = {
        "triggered": begun,
        "processing": [*begun, (taken, 4 * MINUTE)],
        "snoozed": [*begun, (taken, 4 * MINUTE), (Snooze(by="bo", span=2 * HOUR), 6 * MINUTE)],
        "closed": [*begun, (taken, 4 * MINUTE), (Resolve(by="bo", note=words.note), 12 * MINUTE)],
    }
    incident: Incident | None = None
    entries: list[Entry] = []
    now = _OPENED
    for event, after in steps[state]:
        now = _OPENED + after
        made = step(incident, event, world, now)
        incident, entries = made.incident, [*entries, *made.entries]
    if incident is None:
        raise AssertionError("every story begins with an alert")
    return incident, tuple(entries), now + SECOND


def _begin(words: _Words) -> AlertSeen:
    return AlertSeen(alert=_alert(words), change=AlertChange.NEW, group_key="sample", fresh=Fresh(id=_ID, num=_NUM))


def _alert(words: _Words) -> Alert:
    return Alert(
        id="c0ffee0000000142",
        integration="prometheus",
        channel="shop",
        alert_key="checkout-5xx",
        severity=Severity.CRITICAL,
        status=Severity.CRITICAL,
        title=words.title,
        description=words.description,
        labels={
            "alertname": "CheckoutErrors",
            "severity": "critical",
            "service": "checkout-api",
            "region": "eu-west-1",
        },
        links=(
            Link(text=words.runbook, href="https://wiki.example/runbooks/checkout?from=page&step=1"),
            Link(text=words.graph, href="https://grafana.example/d/checkout"),
        ),
        images=(),
        first_at=_OPENED,
        last_at=_OPENED,
        events=1,
    )


def _world(words: _Words, platform: str) -> World:
    members = {
        id_: Member(id=id_, name=name, phone=phone, email=f"{id_}@shop.example", identities=_accounts(id_, platform))
        for id_, name, phone in (
            ("ann", words.ann, "+15550100"),
            ("bo", words.bo, "+15550101"),
            ("cara", words.cara, "+15550102"),
        )
    }
    schedules = {
        "primary": _schedule("primary", words.primary, ("ann", "bo")),
        "secondary": _schedule("secondary", words.secondary, ("cara",)),
    }
    ladder = tuple(
        Level(
            targets=(Target(kind=TargetKind.SCHEDULE, id=schedule),),
            repeat_every=2 * MINUTE,
            repeat_times=2,
            escalate_after=5 * MINUTE,
        )
        for schedule in schedules
    )
    rule = Rule(id="shop", name=words.channel, levels=ladder)
    return World(
        members=members,
        teams={},
        schedules=schedules,
        channels={"shop": Channel(id="shop", name=words.channel, rules=(rule,))},
        integrations={},
        catch_all=(Target(kind=TargetKind.MEMBER, id="cara"),),
        url="https://tocsin.example",
    )


def _schedule(id_: str, name: str, turns: tuple[str, ...]) -> Schedule:
    groups = tuple(Group(members={"primary": (member,)}) for member in turns)
    return Schedule(
        id=id_, name=name, zone="UTC", layers=(Layer(id="weekly", groups=groups, start="2026-11-16T09:00"),)
    )


def _accounts(member: str, platform: str) -> Mapping[str, str]:
    """Made-up accounts, in the shapes that the platforms use."""
    numbers = {"ann": "7001", "bo": "7002", "cara": "7003"}
    shapes = {"telegram": numbers[member], "teams": f"0000{numbers[member]}-0000-4000-8000-000000000000"}
    return {platform: shapes.get(platform, f"U0{member.upper()}")} | {"slack": f"U0{member.upper()}"}
