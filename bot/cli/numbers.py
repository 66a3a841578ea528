"""`vcard` and `quota`: the numbers that pages come from, and how much of the month's quotas is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bot.quotas import Standing

Manifest = Annotated[Path | None, typer.Option("--manifest", "-m", help="The manifest; default TOCSIN_MANIFEST.")]


def vcard(
    *,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    manifest: Manifest = None,
) -> None:
    """Print the contact with every number that pages come from: a vCard that phones import."""
    from dataclasses import replace

    from bot.adapters.teams.package import icon
    from bot.cards import vcard as contact
    from bot.cards.i18n import LANGUAGES
    from bot.cli import boot

    if lang not in LANGUAGES:
        boot.refuse(f"There is no language {lang}; there are {', '.join(LANGUAGES)}.")
    settings = boot.settings()
    world = boot.manifest(manifest or settings.manifest, secrets=False).world
    if not world.numbers:
        typer.echo("No number is published. Write them under numbers in the manifest: docs/phone-numbers.md.", err=True)
        raise typer.Exit(boot.FOUND)
    world = replace(world, url=settings.public_url or world.url)
    text = contact.vcard(world, lang, photo=icon(contact.PHOTO_SIDE, outline=False))
    typer.echo(text.encode(), nl=False)  # bytes: its line ends are part of the format


def quota(
    *,
    manifest: Manifest = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How much of this month's quotas is used, by which vendor, and when they run out. Exits 1 when one is used up."""
    from bot.cli import boot
    from bot.clock import SystemClock
    from bot.quotas import standings

    settings = boot.settings()
    declared = boot.manifest(manifest or settings.manifest, secrets=False).world.quotas
    store = boot.store_of(settings.database, migrate=False)
    found = store.read(lambda tx: standings(tx, declared, SystemClock().now()))
    if as_json:
        rows = [_row(each, declared.currency) for each in found]
        typer.echo(json.dumps({"quotas": rows}, ensure_ascii=False, indent=2))
    elif not found:
        typer.echo("No quota is declared, so nothing is limited and nothing is counted (docs/quotas.md).")
    for each in found if not as_json else ():
        for line in _lines(each, declared.currency):
            typer.echo(line)
    raise typer.Exit(boot.FOUND if any(each.used_up for each in found) else 0)


def _row(standing: Standing, currency: str) -> dict[str, Any]:
    quota, forecast = standing.quota, standing.forecast
    return {
        "medium": standing.medium,
        "month": standing.month,
        "per_month": quota.per_month,
        "reserve": quota.reserve,
        "hard": quota.hard,
        "used": standing.usage.used,
        "refused": standing.usage.refused,
        "vendors": dict(standing.usage.vendors),
        "cost": None if standing.cost is None else round(standing.cost, 4),
        "currency": currency,
        "runs_out_by_month": forecast.by_month.isoformat() if forecast.by_month else None,
        "runs_out_by_week": forecast.by_week.isoformat() if forecast.by_week else None,
    }


def _lines(standing: Standing, currency: str) -> list[str]:
    quota, usage, forecast = standing.quota, standing.usage, standing.forecast
    kept = f", the last {quota.reserve} for Critical" if quota.reserve else ""
    share = round(100 * usage.used / quota.per_month)
    lines = [f"{standing.medium:<6} {standing.month}  {usage.used} of {quota.per_month} used ({share} %{kept})"]
    parts = [f"{vendor} {count}" for vendor, count in sorted(usage.vendors.items()) if count]
    if standing.cost is not None and parts:
        parts.append(f"about {standing.cost:.2f} {currency}")
    if usage.refused:
        parts.append(f"refused: {usage.refused}")
    if parts:
        lines.append(f"       {', '.join(parts)}")
    if standing.used_up:
        lines.append("       used up: " + ("nothing more goes out" if quota.hard else "only Critical pages go out"))
    else:
        month = forecast.by_month.isoformat() if forecast.by_month else "next month"
        week = forecast.by_week.isoformat() if forecast.by_week else "next month"
        lines.append(f"       at this month's pace it lasts until {month}; at that of the last 7 days until {week}")
    return lines
