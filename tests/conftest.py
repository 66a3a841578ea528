"""What holds for every test: nothing leaves this machine.
An attempt fails its test even when the code under test swallowed the refusal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from bot import observe
from tests.loopback import loopback_only


@pytest.fixture(scope="session", autouse=True)
def refused_connections() -> Iterator[list[str]]:
    """What the guard refused so far; the guard stands from the first fixture of the session to the last."""
    with loopback_only() as refused:
        yield refused


@pytest.fixture(autouse=True)
def _nothing_left_this_machine(refused_connections: list[str]) -> Iterator[None]:
    refused_connections.clear()
    yield
    if refused_connections:
        pytest.fail(f"This test tried to {', to '.join(refused_connections)}; every test stays on this machine.")


_LOGS = structlog.get_config()


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> None:
    """The simulator and the command line set up logging for their whole process; each test begins with none of it."""
    structlog.configure(**_LOGS)
    vars(observe.log).pop("bind", None)  # where it keeps the logger that it made under another set-up
