"""`manifest PLATFORM`: what has to be set up at a chat platform, as the one document that the platform reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

PLATFORMS = ("slack", "teams")


def manifest(
    platform: Annotated[str, typer.Argument(help=f"{', '.join(PLATFORMS)}.")],
    *,
    url: Annotated[str, typer.Option(help="Tocsin's public address; default TOCSIN_PUBLIC_URL.")] = "",
    socket: Annotated[bool, typer.Option("--socket", help="Slack: Socket Mode, without a public address.")] = False,
    app_id: Annotated[str, typer.Option(help="Teams: the bot's Application (client) ID.")] = "",
    out: Annotated[Path | None, typer.Option(help="Teams: where to write the app package, a zip file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of YAML.")] = False,
) -> None:
    """Print the app manifest of a chat platform: commands, buttons, events and every right that Tocsin needs."""
    from bot.cli import boot

    if platform not in PLATFORMS:
        boot.refuse(f"There is no manifest for {platform!r}; there are {', '.join(PLATFORMS)}.")
    address = url or boot.settings().public_url
    made = _teams(address, app_id, out) if platform == "teams" else _slack(address, socket_mode=socket)
    if out is not None:
        typer.echo(f"Wrote {out}: upload it in the Teams admin center, or in Teams under Apps, Manage your apps.")
        return
    if as_json:
        typer.echo(json.dumps(made, indent=2))
        return
    import yaml

    typer.echo(yaml.safe_dump(made, sort_keys=False, allow_unicode=True), nl=False)


def _slack(url: str, *, socket_mode: bool) -> dict[str, Any]:
    from bot.adapters.slack.manifest import app_manifest
    from bot.cli import boot

    try:
        return app_manifest(url, socket_mode=socket_mode)
    except ValueError as error:
        boot.refuse(f"{error} Give --url https://… , or --socket.")


def _teams(url: str, app_id: str, out: Path | None) -> dict[str, Any]:
    """The manifest; the whole package goes to `out`, if one is given."""
    from bot.adapters.teams.package import app_manifest, app_package
    from bot.cli import boot

    if not app_id:
        boot.refuse("Teams needs the app registration of the bot. Give --app-id, its Application (client) ID.")
    try:
        package = app_package(app_id, url)
    except ValueError as error:
        boot.refuse(f"{error} Give --url https://… , or set TOCSIN_PUBLIC_URL.")
    if out is not None:
        try:
            out.write_bytes(package)
        except OSError as error:
            boot.refuse(f"{out} cannot be written: {error.strerror}.")
    return app_manifest(app_id, url.rstrip("/"))
