"""Names that a manifest uses must be declared in it: looked up in the plain data, to tell every mistake at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bot.manifest.oncall import read_time
from bot.manifest.places import CARRIERS, WEBHOOKS
from bot.manifest.problems import Path, Problem, choose, dotted
from bot.manifest.source import Source

_NAMED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "members": (
        ("teams", "*", "members", "*"),
        ("schedules", "*", "layers", "*", "members", "*"),
        ("schedules", "*", "layers", "*", "groups", "*", "*", "*"),
        ("schedules", "*", "overrides", "*", "member"),
    ),
    "teams": (("channels", "*", "team"),),
    "calendars": (
        ("channels", "*", "rules", "*", "when", "*", "calendar"),
        ("channels", "*", "silences", "*", "when", "*", "calendar"),
    ),
    "channels": (
        ("integrations", "*", "channel"),
        ("integrations", "*", "routes", "*", "channels", "*"),
        ("integrations", "*", "default_route", "*"),
    ),
}
_TARGETS: tuple[tuple[str, ...], ...] = (
    ("channels", "*", "rules", "*", "levels", "*", "notify", "*"),
    ("catch_all", "*"),
)
_CARRIERS: tuple[tuple[str, ...], ...] = (
    ("channels", "*", "chats", "*", "platform"),
    ("channels", "*", "rules", "*", "levels", "*", "chats", "*", "platform"),
    ("schedules", "*", "notices", "chats", "*", "platform"),
    ("channels", "*", "rules", "*", "levels", "*", "via", "*", "*"),
    ("members", "*", "notify", "*", "*"),
    ("members", "*", "ladder", "*", "*", "via", "*"),
)
_SECTION = {"member": "members", "team": "teams", "schedule": "schedules"}


def unknown_references(source: Source, sources: Collection[str] | None) -> Iterator[Problem]:
    """Every use of a member, team, schedule, role, channel, platform or alert source that is not there.

    `sources` are the kinds of integrations that exist; None leaves that to whoever starts them.
    """
    for section, patterns in _NAMED.items():
        for pattern in patterns:
            for path, name in source.found(*pattern):
                yield from _check(source, path, name, section)
    for target in _TARGETS:
        for path, text in source.found(*target):
            kind, _, rest = text.partition(":") if isinstance(text, str) else ("", "", "")
            name, slash, role = rest.partition("/")
            if kind in _SECTION:
                yield from _check(source, path, name, _SECTION[kind])
            if kind == "schedule" and slash:
                yield from _check_role(source, path, name, role)
    yield from _carriers(source)
    yield from _webhooks(source)
    for path, name in source.found("integrations", "*", "source"):
        if sources is not None and isinstance(name, str) and name not in sources:
            said = f"{dotted(path)} is {name!r}: no such alert source is known."
            yield source.problem(path, "unknown_source", said, choose(name, sources, "a source"))


def repeated_names(source: Source) -> Iterator[Problem]:
    """Schedules of one name, which commands could not tell apart, and integrations of one key or mail address."""
    for pattern, code in (
        (("schedules", "*", "name"), "same_name"),
        (("integrations", "*", "key"), "same_key"),
        (("integrations", "*", "email", "address"), "same_address"),
    ):
        first: dict[str, Path] = {}
        for path, value in source.found(*pattern):
            if not isinstance(value, str):
                continue
            if value in first:
                said = f"{dotted(path)} is the same as {dotted(first[value])} on line {source.line(first[value])}."
                yield source.problem(path, code, said, "Give each its own.")
            first.setdefault(value, path)


def backward_overrides(source: Source) -> Iterator[Problem]:
    """Overrides that end before they begin, each side read as it will be."""
    for path, override in source.found("schedules", "*", "overrides", "*"):
        if not isinstance(override, dict):
            continue
        zone = source.data["schedules"][path[1]].get("timezone")
        try:
            start, end = (read_time(str(override[key]), str(zone)) for key in ("start", "end"))
        except (KeyError, ValueError, OSError):
            continue  # the model says what is wrong with the times or the zone
        if end <= start:
            said = f"{dotted(path)} ends ({override['end']}) before it starts ({override['start']})."
            yield source.problem((*path, "end"), "ends_first", said, "Correct the end; it is not part of the window.")


def _section(source: Source, name: str) -> Mapping[str, Any]:
    section = source.data.get(name) if isinstance(source.data, dict) else None
    return section if isinstance(section, dict) else {}


def _check(source: Source, path: Path, name: Any, section: str) -> Iterator[Problem]:
    known = _section(source, section)
    if isinstance(name, str) and name and name not in known:
        kind = section.removesuffix("s")
        said = f"{dotted(path)} names the {kind} {name!r}, which is not declared under {section}."
        yield source.problem(path, f"unknown_{kind}", said, choose(name, known, f"a {kind}"))


def _check_role(source: Source, path: Path, schedule: str, role: str) -> Iterator[Problem]:
    declared = _section(source, "schedules").get(schedule)
    if not isinstance(declared, dict):
        return
    roles = {"primary"} if list(source.found("schedules", schedule, "layers", "*", "members")) else set()
    imports = list(source.found("schedules", schedule, "imports", "*"))
    roles |= {str(each.get("role", "primary")) for _, each in imports if isinstance(each, dict)}
    roles |= {str(place[-1]) for place, _ in source.found("schedules", schedule, "layers", "*", "groups", "*", "*")}
    roles |= {str(name) for _, name in source.found("schedules", schedule, "overrides", "*", "role")}
    if role and role not in roles:
        said = f"{dotted(path)} asks for the role {role!r}, which nobody has in the schedule {schedule}."
        yield source.problem(path, "unknown_role", said, choose(role, roles, "a role"))


def _carriers(source: Source) -> Iterator[Problem]:
    declared = {name for name, value in _section(source, "platforms").items() if value is not None}
    used = [(path, name) for pattern in _CARRIERS for path, name in source.found(*pattern)]
    for pattern in (("members", "*", "identities", "*"), ("schedules", "*", "user_groups", "*")):
        used += [(path, path[-1]) for path, _ in source.found(*pattern)]
    targets = [found for pattern in _TARGETS for found in source.found(*pattern)]
    used += [(path, "email") for path, text in targets if isinstance(text, str) and text.startswith("email:")]
    for path, name in used:
        if name in CARRIERS and name not in declared:
            said = f"{dotted(path)} needs {name}, which is not declared under platforms."
            yield source.problem(path, "unknown_platform", said, f"Declare platforms.{name}, or leave this out.")


def _webhooks(source: Source) -> Iterator[Problem]:
    """Chats behind a webhook are called by the webhook's own name."""
    platforms = _section(source, "platforms")
    for pattern in (pattern[:-1] for pattern in _CARRIERS if pattern[-1] == "platform"):
        for path, chat in source.found(*pattern):
            platform = chat.get("platform") if isinstance(chat, dict) else None
            declared = platforms.get(platform) if platform in WEBHOOKS else None
            place = "urls" if platform == "apprise" else "webhooks"
            known = declared.get(place) if isinstance(declared, dict) else None
            if isinstance(known, dict) and isinstance(chat.get("id"), str) and chat["id"] not in known:
                said = f"{dotted((*path, 'id'))} is {chat['id']!r}, which platforms.{platform}.{place} does not name."
                yield source.problem((*path, "id"), "unknown_webhook", said, choose(chat["id"], known, "one of"))
