"""The company of the stories: five people, one weekly rotation, two chats, and the channels that they look after."""

from __future__ import annotations

from bot.engine.model import MINUTE, Chat, Condition, Level, Rule, Severity, Target, TargetKind
from bot.engine.world import Channel, Group, Integration, Layer, Member, Schedule, Team, World

START = "2026-03-03T02:00"
"""A Tuesday night. The rotation hands over on Mondays at nine in London, which is UTC until the 29th of March."""

OPS = Chat(platform="slack", address="C0OPS", name="#ops")
NIGHT = Chat(platform="telegram", address="-1001", name="night watch")
BOSSES = Chat(platform="slack", address="C0BOSS", name="#bosses")


def member(name: str) -> Target:
    return Target(kind=TargetKind.MEMBER, id=name)


def schedule(name: str, role: str = "") -> Target:
    return Target(kind=TargetKind.SCHEDULE, id=name, role=role)


def team(name: str) -> Target:
    return Target(kind=TargetKind.TEAM, id=name)


PEOPLE = {
    "ann": Member(
        id="ann", name="Ann Ames", phone="+12025550101", email="ann@example.com", identities={"slack": "U0ANN"}
    ),
    "bo": Member(
        id="bo", name="Bo Berg", phone="+12025550102", email="bo@example.com",
        identities={"slack": "U0BO", "telegram": "102"},
    ),
    "cy": Member(id="cy", name="Cy Cole", phone="+12025550103", email="cy@example.com", identities={"telegram": "103"}),
    "di": Member(id="di", name="Di Diaz", phone="+12025550104", identities={"slack": "U0DI"}),
    "ed": Member(id="ed", name="Ed Eng", email="ed@example.com", identities={"slack": "U0ED"}, seat=False),
}  # fmt: skip

WEEKLY = Schedule(
    id="primary",
    name="Primary",
    zone="Europe/London",
    layers=(
        Layer(
            id="weekly",
            start="2026-03-02T09:00",
            groups=(
                Group(members={"primary": ("bo",), "backup": ("ann",)}),
                Group(members={"primary": ("ann",), "backup": ("bo",)}),
            ),
        ),
    ),
)
"""Bo has it from the 2nd of March, Ann from the 9th; the 1st and before belong to nobody."""

LADDER = (
    Level(
        targets=(schedule("primary", "primary"),), repeat_every=5 * MINUTE, repeat_times=2, escalate_after=15 * MINUTE
    ),
    Level(
        targets=(member("cy"),), chats=(BOSSES,), repeat_every=5 * MINUTE, repeat_times=1, escalate_after=10 * MINUTE
    ),
)
"""Bo, again after 5 and 10 minutes; after 15 minutes Cy, again after 20; after 25 minutes the next round."""

CRITICAL = ((Condition(key="severity", oper="IN", vals=("Critical",)),),)


def company(**channels: Channel) -> World:
    """The world of most stories; keyword arguments replace or add channels."""
    ops = Channel(
        id="ops",
        name="Ops",
        chats=(OPS, NIGHT),
        rules=(
            Rule(id="ops/critical", name="Critical", levels=LADDER, filter=CRITICAL, rounds=2),
            Rule(
                id="ops/warning", name="Warning", priority=10, delay=2 * MINUTE, rounds=1,
                filter=((Condition(key="severity", oper="IN", vals=("Warning",)),),),
                levels=(Level(targets=(schedule("primary", "primary"),), escalate_after=60 * MINUTE),),
            ),
        ),
    )  # fmt: skip
    return World(
        members=PEOPLE,
        teams={
            "leads": Team(id="leads", name="Leads", members=("di",)),
            "all": Team(id="all", name="All", members=tuple(PEOPLE)),
        },
        schedules={"primary": WEEKLY},
        channels={"ops": ops, **channels},
        integrations={
            "scripts": Integration(id="scripts", key="k1", source="standard", channel="ops"),
            "prom": Integration(id="prom", key="k2", source="prometheus_v2", channel="ops"),
        },
        catch_all=(team("leads"),),
        version="1",
        url="https://tocsin.example.com",
    )


UNIFIED = {Severity.CRITICAL: ("sms", "im")}
