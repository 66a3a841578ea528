"""The verbs that only look: at a manifest, the future, a payload, a card, at what happened and at what is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bot.cli.reasons import Told

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def check(
    file: Annotated[Path | None, typer.Argument(help="The manifest; default TOCSIN_MANIFEST.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Lint a manifest: errors and warnings with file and line, each with its cure."""
    import os

    from bot.cli import boot
    from bot.clock import SystemClock
    from bot.manifest.lint import lint, report
    from bot.manifest.load import load
    from bot.manifest.problems import ManifestError, Problem
    from bot.manifest.values import SecretsLater
    from webhooks.sources import SOURCES

    file = file or boot.settings().manifest
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    env = SecretsLater(os.environ)
    try:
        warnings = lint(load(file, env, SOURCES), SystemClock().now())
    except ManifestError as error:
        errors = tuple(error.problems)
    if as_json:
        _print({**report(errors, warnings), "unset": sorted(set(env.missing))})
    else:
        for problem in errors:
            typer.echo(f"error: {problem}")
        for problem in warnings:
            typer.echo(f"warning: {problem}")
        if env.missing:
            typer.echo(f"note: not set on this machine, and needed to run: {', '.join(sorted(set(env.missing)))}")
        typer.echo(f"{file}: errors: {len(errors)}, warnings: {len(warnings)}.")
    raise typer.Exit(boot.MISUSE if errors else boot.FOUND if warnings else 0)


def simulate(
    file: Annotated[Path, typer.Argument(help="The manifest.")],
    *,
    alert: Annotated[
        list[str],
        typer.Option(help='JSON: {"title","severity","labels","integration"|"channel","at"}; may be repeated.'),
    ],
    at: Annotated[str, typer.Option(help="When the story begins, RFC 3339.")],
    answer: Annotated[
        list[str] | None, typer.Option(help="WHO:AFTER[:ACTION], such as bo:4m, bo:1h:resolve, bo:5m:snooze=2h.")
    ] = None,
    down: Annotated[
        list[str] | None, typer.Option(help="A way that fails, always or FROM..TO: slack, im, sms:10m..2h.")
    ] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Also draw the timeline into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print who would be notified, how and when: the real engine on a virtual clock."""
    from bot.cli import boot
    from bot.cli.drawing import draw
    from bot.cli.foresight import foresee

    loaded = boot.manifest(file, secrets=False)
    try:
        entries = foresee(loaded.world, alert, at, answer or [], down or [])
    except ValueError as error:
        boot.refuse(str(error))
    if svg is not None:
        names = {member.id: member.name for member in loaded.world.members.values()}
        title = next((entry["title"] for entry in entries if entry["title"]), "")
        svg.write_text(draw(entries, names, title, f"{file.name}, from {at}"), encoding="utf-8")
    if as_json:
        _print({"entries": entries})
        return
    several = len({entry["incident"] for entry in entries if entry["incident"]}) > 1
    for entry in entries:
        typer.echo(_line(entry, several=several))


def oncall(
    schedule: Annotated[str | None, typer.Argument(help="A schedule's id; default: all.")] = None,
    *,
    at: Annotated[str | None, typer.Option(help="At this time; default now.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Shifts from here…")] = None,
    end: Annotated[str | None, typer.Option("--to", help="…to here.")] = None,
    ical: Annotated[bool, typer.Option("--ical", help="Print the schedule's shifts as a calendar file.")] = False,
    manifest: Annotated[Path | None, typer.Option("--manifest", "-m")] = None,
    as_json: AsJson = False,
) -> None:
    """Who is, or will be, on call."""
    from bot.cli import boot
    from bot.cli.foresight import calendar, duty

    loaded = boot.manifest(manifest or boot.settings().manifest, secrets=False)
    try:
        if ical:
            typer.echo(calendar(loaded.world, schedule, start, end), nl=False)
            return
        found = duty(loaded.world, schedule, at, start, end)
    except ValueError as error:
        boot.refuse(str(error))
    if as_json:
        _print(found[0] if schedule else {"schedules": found})
        return
    for plan in found:
        typer.echo(plan["schedule"])
        for row in plan.get("on_call") or plan.get("shifts") or []:
            since, until = row.get("since") or row.get("start"), row.get("until") or row.get("end") or "always"
            typer.echo(f"  {row['member']:<16} {row['role']:<10} {since} → {until}")


def parse(
    source: Annotated[str | None, typer.Argument(help="The source's kind, such as prometheus.")] = None,
    *,
    headers: Annotated[Path | None, typer.Option(help="JSON object of request headers.")] = None,
    config: Annotated[Path | None, typer.Option(help="JSON object of the integration's settings.")] = None,
    batch: Annotated[bool, typer.Option("--batch", help="JSON lines in, JSON lines out.")] = False,
) -> None:
    """Print what Tocsin makes of a payload on standard input."""
    from bot.cli import boot
    from bot.clock import SystemClock
    from webhooks.sources.batch import parse_batch, parse_one

    now = SystemClock().now()
    if batch:
        for line in parse_batch(sys.stdin, now=now):
            typer.echo(line)
        return
    if source is None:
        boot.refuse("Name the source, such as: tocsin parse prometheus < body.json")
    body = sys.stdin.buffer.read()
    sent, settings = _object(headers, "--headers"), _object(config, "--config")
    outcome = parse_one(source, body, headers=sent, config=settings, now=now)
    _print(outcome)
    raise typer.Exit(boot.FOUND if "rejected" in outcome else 0)


def render(
    platform: Annotated[str, typer.Argument(help="slack, teams, telegram, email, sms.")],
    *,
    state: Annotated[str, typer.Option(help="triggered, processing, snoozed or closed.")] = "triggered",
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    card: Annotated[Path | None, typer.Option(help="A card as JSON instead of the sample incident.")] = None,
    template: Annotated[Path | None, typer.Option(help="A template, tried out on the incident.")] = None,
    incident: Annotated[int | None, typer.Option(help="The number of a past incident instead of the sample.")] = None,
) -> None:
    """Print exactly what a platform would get: for the sample incident, a past one, or a card of your own."""
    from bot.cli import boot
    from bot.cli.pictures import Wanted, rendered

    wanted = Wanted(
        platform=platform,
        state=state,
        lang=lang,
        card=boot.contents(card, "--card").encode() if card else None,
        template=boot.contents(template, "--template") if template else None,
        incident=incident,
    )
    try:
        shown, fault = rendered(wanted)
    except ValueError as error:
        boot.refuse(str(error))
    typer.echo(shown)
    if fault:
        typer.echo(f"The template failed, so this has the built-in words: {fault}.", err=True)
        raise typer.Exit(boot.FOUND)


def why(
    about: Annotated[str, typer.Argument(help="The incident's number, or the key or id of an alert.")],
    member: Annotated[str | None, typer.Argument(help="Only what concerns this member.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print every rule, level and person with its verdict, and every decision about an incident with its reason.

    Of an alert that nobody hears of: what hides it, and who would be paged if nothing did.
    """
    from bot.cli import boot
    from bot.cli.history import decisions, number
    from bot.cli.reasons import verdicts_about, verdicts_of
    from bot.manifest.problems import ManifestError

    settings = boot.settings()
    store = boot.store_of(settings.database, migrate=False)
    incident = store.read(lambda tx: number(tx, about))
    told = None
    members: tuple[str, ...] = ()
    try:
        world = boot.world_of(settings.manifest)
        members = tuple(world.members)
        if incident is None:
            alerts = verdicts_about(store, world, about)
            incident = next((each for each in alerts if isinstance(each, int)), None)
            if incident is None:
                _unheard([each for each in alerts if not isinstance(each, int)], about, member, as_json=as_json)
                return
        told = verdicts_of(store, world, incident)
    except ManifestError as error:
        typer.echo(f"Without a manifest there are no verdicts, only what was decided: {error.problems[0]}", err=True)
        if incident is None:
            boot.refuse(f"There is no incident {about}.")
    rows = store.read(lambda tx: decisions(tx, incident, member))
    if member is not None and members and member not in members and not rows:
        boot.refuse(f"There is no member {member!r}; there are {', '.join(members)}.")
    if as_json:
        _print({"incident": incident, "verdicts": told.as_json(member) if told else None, "entries": rows})
        return
    for line in told.as_text(member) if told else ():
        typer.echo(line)
    for row in rows:
        facts = " ".join(f"{key}={value}" for key, value in row["facts"].items())
        who = row["member"] or row["actor"]
        typer.echo(f"{row['at']}  {row['kind']:<12} {row['reason']:<20} {who:<10} {row['medium']:<9} {facts}")


def _unheard(alerts: list[Told], about: str, member: str | None, *, as_json: bool) -> None:
    """What is known about alerts that are in no incident."""
    from bot.cli import boot

    if not alerts:
        boot.refuse(
            f"There is no incident {about}, and no open alert with that key. What is dropped or went nowhere leaves no "
            "alert: `tocsin simulate` tells what would become of it."
        )
    if as_json:
        _print({"incident": None, "alerts": [each.as_json(member) for each in alerts], "entries": []})
        return
    for line in (line for each in alerts for line in each.as_text(member)):
        typer.echo(line)


def doctor(
    about: Annotated[str, typer.Argument(help="`member`, to test how one person is reached; none: everything.")] = "",
    name: Annotated[str, typer.Argument(help="The member's id or name.")] = "",
    *,
    wait: Annotated[float, typer.Option(help="Seconds to wait for receipts of a member's test.")] = 60.0,
    lang: Annotated[str, typer.Option(help="The language of a member's report; default: the member's own.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check settings, manifest, database and every platform's credentials; each finding comes with its cure.

    `doctor member NAME` sends a marked test by each way of that person, and says what arrived and what to check next.
    """
    from bot.cli import boot
    from bot.cli.diagnosis import diagnose

    if about and (about != "member" or not name):
        boot.refuse("Write `tocsin doctor`, or `tocsin doctor member NAME` to test how one person is reached.")
    if about:
        from bot.cli import member

        member.diagnose(name, lang=lang, wait_s=wait, as_json=as_json)
    findings = diagnose()
    if as_json:
        _print({"findings": findings})
    for finding in findings if not as_json else ():
        mark = "ok  " if finding["ok"] else "BAD "
        typer.echo(f"{mark} {finding['check']}: {finding['detail']}")
        if not finding["ok"] and finding["cure"]:
            typer.echo(f"     → {finding['cure']}")
    raise typer.Exit(0 if all(finding["ok"] for finding in findings) else boot.FOUND)


def _line(entry: dict[str, Any], *, several: bool) -> str:
    to, actor = entry["to"].replace(",", ", "), entry["actor"]
    who = " ".join(part for part in (entry["member"], entry["medium"] and f"by {entry['medium']}") if part)
    who = entry["text"] or who or (f"{to}, by {actor}" if to and actor else actor or to)
    who = who or (entry["rule"] and f'"{entry["rule"]}"') or (f"“{entry['title']}”" if several else "")
    level = "" if entry["level"] is None else f"level {entry['level'] + 1}"
    which = f"  #{entry['incident']} {entry['channel']}" if several and entry["incident"] else ""
    return f"{_after(entry['after_s']):>8}  {entry['kind']:<12} {entry['reason']:<20} {level:<8} {who}{which}"


def _print(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _object(file: Path | None, option: str) -> dict[str, Any]:
    from bot.cli import boot

    if file is None:
        return {}
    try:
        value = json.loads(boot.contents(file, option))
    except ValueError as error:
        boot.refuse(f"{option} {file} is no JSON: {error}.")
    if not isinstance(value, dict):
        boot.refuse(f"{option} {file} holds no JSON object. Write names and values, such as {{}}.")
    return value


def _after(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"+{hours}:{minutes:02}:{rest:02}"
