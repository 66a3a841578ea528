"""The rigs of all platforms, found by the names of their files; every test that asks for `rig` runs once with each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.conformance.platform_kit import OpenRig, Rig

RIGS: dict[str, OpenRig] = {
    name: opened
    for file in sorted(Path(__file__).parent.glob("rig_*.py"))
    for name, opened in import_module(f"tests.conformance.{file.stem}").RIGS.items()
}


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with RIGS[request.param]() as opened:
        yield opened
