"""In the demo, a mail to the demo's address becomes an incident that everybody sees."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import aiohttp

from bot.cli.demo import demonstrate

WITHIN_S = 20.0


async def test_a_mail_becomes_an_incident(tmp_path: Path):
    async with demonstrate(tmp_path) as demo, aiohttp.ClientSession() as http:
        async with http.post(f"{demo.page}/pg/sample", json={"name": "mail"}) as answer:
            assert (await answer.json())["ok"] is True
        async with asyncio.timeout(WITHIN_S):
            while not await _shown(http, demo.page):  # noqa: ASYNC110 - the demo has no event for it
                await asyncio.sleep(0.05)


async def _shown(http: aiohttp.ClientSession, page: str) -> bool:
    """Whether the mail's subject and the text of its HTML are in a chat."""
    async with http.get(f"{page}/pg/state") as answer:
        told = json.dumps((await answer.json()), ensure_ascii=False)
    return "Volume 1 is degraded" in told and re.search(r"Disk 3 of volume 1 failed", told) is not None
