"""`manifest PLATFORM`: what has to be set up at a chat platform, as the one document that the platform reads."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

PLATFORMS = ("slack",)


def manifest(
    platform: Annotated[str, typer.Argument(help=f"{', '.join(PLATFORMS)}.")],
    *,
    url: Annotated[str, typer.Option(help="Tocsin's public address; default TOCSIN_PUBLIC_URL.")] = "",
    socket: Annotated[bool, typer.Option("--socket", help="Slack: Socket Mode, without a public address.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of YAML.")] = False,
) -> None:
    """Print the app manifest of a chat platform: commands, buttons, events and every right that Tocsin needs."""
    from bot.cli import boot

    if platform not in PLATFORMS:
        boot.refuse(f"There is no manifest for {platform!r}; there are {', '.join(PLATFORMS)}.")
    made = _slack(url or boot.settings().public_url, socket_mode=socket)
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
