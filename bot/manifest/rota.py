"""Schedules, calendars and hours as the engine wants them, with what stands in files beside the manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path as File
from zoneinfo import ZoneInfo

from bot.engine import model as engine
from bot.engine import wall, world
from bot.engine.calendars import Calendar
from bot.engine.model import Instant
from bot.manifest import imported
from bot.manifest import model as manifests
from bot.manifest import schedules as declared
from bot.manifest.calendars import calendar_of
from bot.manifest.parts import Chat
from bot.manifest.problems import Path, Problem, dotted
from bot.manifest.recurrence import Unreadable
from bot.manifest.source import Source

Imports = Mapping[tuple[str, int], tuple[world.Shift, ...]]
"""(schedule, place in its `imports`) → shifts."""


@dataclass(slots=True, kw_only=True)
class Beside:
    """What files beside the manifest say, and what is wrong with them."""

    imports: dict[tuple[str, int], tuple[world.Shift, ...]] = field(default_factory=dict)
    files: dict[File, bytes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def read_beside(manifest: manifests.Manifest, source: Source, folder: File, now: Instant) -> Beside:
    """Read every calendar file that the manifest imports shifts from, around `now`."""
    beside = Beside()
    people = [imported.Person(id=key, name=each.name, email=each.email or "") for key, each in manifest.members.items()]
    for key, schedule in manifest.schedules.items():
        for index, each in enumerate(schedule.imports):
            path: Path = ("schedules", key, "imports", index, "ical")
            try:
                data = _read(folder / each.ical, beside)
                roster = imported.read_roster(
                    data, people, zone=schedule.timezone, layer=_name(each, index), role=each.role, now=now
                )
            except OSError as error:
                said = f"{dotted(path)}: {each.ical} cannot be read: {error.strerror}."
                cure = "Put the file there; its place is relative to the manifest."
                beside.problems.append(source.problem(path, "ical_missing", said, cure))
                continue
            except Unreadable as error:
                said = f"{dotted(path)}: {each.ical} is refused: {error}."
                cure = "Export it again with the shifts alone, or change what is named here."
                beside.problems.append(source.problem(path, "ical", said, cure))
                continue
            beside.imports[key, index] = roster.shifts
            beside.warnings += _strangers(roster, source, path, each.ical)
    return beside


def _read(file: File, beside: Beside) -> bytes:
    with file.open("rb") as opened:
        data = opened.read(imported.SIZE_MAX + 1)
    beside.files[file] = data
    return data


def _strangers(roster: imported.Roster, source: Source, path: Path, file: str) -> Iterator[Problem]:
    for name, first in roster.unknown.items():
        day = wall.shown(first, ZoneInfo("UTC")).date()
        said = f"{dotted(path)}: {file} gives the shift of {day} to {name[:80]!r}, who is no member."
        cure = "Correct the name in the file, or give a member that name or email; until then nobody has the shift."
        yield source.problem(path, "ical_unknown_person", said, cure)


def _name(each: declared.Imported, index: int) -> str:
    return each.name or f"import-{index + 1}"


def calendar_worlds(manifest: manifests.Manifest, now: Instant) -> dict[str, Calendar]:
    """Every calendar as plain dates."""
    return {key: calendar_of(key, each, now) for key, each in manifest.calendars.items()}


def schedule_world(key: str, schedule: declared.Schedule, imports: Imports) -> world.Schedule:
    """A schedule with its layers, imported ones last."""
    rotations = tuple(_layer(number, layer) for number, layer in enumerate(schedule.layers, 1))
    rosters = tuple(
        world.Layer(id=_name(each, index), weight=each.weight, fixed=imports.get((key, index), ()))
        for index, each in enumerate(schedule.imports)
    )
    return world.Schedule(
        id=key,
        name=schedule.name,
        zone=schedule.timezone,
        layers=(*rotations, *rosters),
        overrides=tuple(
            world.Override(
                id=f"override-{number}",
                start=_instant(override.start, schedule.timezone),
                end=_instant(override.end, schedule.timezone),
                member=override.member,
                role=override.role,
            )
            for number, override in enumerate(schedule.overrides, 1)
        ),
        notices=_notices(schedule.notices) if schedule.notices else world.Notices(),
        user_groups={str(platform): group for platform, group in schedule.user_groups.items()},
    )


def windows(rule: tuple[declared.Window, ...]) -> tuple[engine.TimeWindow, ...]:
    """The hours of a rule."""
    return tuple(
        engine.TimeWindow(start=each.start, end=each.end, days=each.days, calendar=each.calendar or "", off=each.off)
        for each in rule
    )


def chat_world(chat: Chat) -> engine.Chat:
    """A chat as the engine knows it."""
    return engine.Chat(platform=chat.platform, address=chat.id, name=chat.name, lang=chat.lang, zone=chat.timezone)


def _layer(number: int, layer: declared.Layer) -> world.Layer:
    return world.Layer(
        id=layer.name or f"layer-{number}",
        groups=tuple(world.Group(members=group) for group in layer.by_role()),
        unit=layer.unit,
        every=layer.every,
        start=layer.start,
        end=layer.end or "",
        handoff=layer.handoff or "",
        restriction=_restriction(layer.restriction) if layer.restriction else (),
        day_mask=layer.days,
        mask_continuous=layer.continuous,
        fair=layer.fair,
        weight=layer.weight,
    )


def _restriction(
    restriction: declared.Restriction,
) -> tuple[world.DailyPeriod, ...] | tuple[world.WeeklyPeriod, ...]:
    if restriction.daily:
        return tuple(world.DailyPeriod(start=each.start, end=each.end) for each in restriction.daily)
    return tuple(
        world.WeeklyPeriod(start_day=each.start[0], start=each.start[1], end_day=each.end[0], end=each.end[1])
        for each in restriction.weekly
    )


def _notices(notices: declared.Notices) -> world.Notices:
    return world.Notices(
        before=notices.before,
        daily=notices.daily or "",
        members=notices.members,
        chats=tuple(map(chat_world, notices.chats)),
    )


def _instant(moment: str, zone: str) -> Instant:
    """A time with an offset as it is, one without by the clocks of the zone."""
    exact = datetime.fromisoformat(moment)
    return round(exact.timestamp() * 1000) if exact.tzinfo else wall.instant_of(moment, zone)
