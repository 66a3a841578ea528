"""The guard in conftest refuses the outside world, whichever way a library asks, and lets this machine through."""

from __future__ import annotations

import asyncio
import os
import socket
import urllib.request
from pathlib import Path

import httpx
import pytest

from tests.loopback import PROXY_VARIABLES, OutsideWorldError, is_here

OUTSIDE = "192.0.2.1"  # TEST-NET-1 (RFC 5737): nobody lives there, should the guard ever be missing
OUTSIDE_V6 = "2001:db8::1"  # RFC 3849


@pytest.fixture
def refused(refused_connections: list[str]):
    """The guard's list, emptied before the guard looks at it: these tests provoke refusals on purpose."""
    yield refused_connections
    refused_connections.clear()


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param(lambda: socket.create_connection((OUTSIDE, 443), timeout=1), id="create_connection"),
        pytest.param(lambda: socket.socket().connect_ex((OUTSIDE, 443)), id="connect_ex"),
        pytest.param(lambda: socket.socket(socket.AF_INET6).connect((OUTSIDE_V6, 443, 0, 0)), id="IPv6"),
        pytest.param(
            lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"?", (OUTSIDE, 53)), id="a datagram without connect"
        ),
        pytest.param(lambda: socket.getaddrinfo("hooks.example.com", 443), id="getaddrinfo"),
        pytest.param(lambda: socket.gethostbyname("hooks.example.com"), id="gethostbyname"),
        pytest.param(lambda: urllib.request.urlopen("http://hooks.example.com/"), id="urllib"),
        pytest.param(lambda: httpx.get(f"http://{OUTSIDE}/"), id="httpx"),
        pytest.param(lambda: asyncio.run(asyncio.open_connection("hooks.example.com", 443)), id="asyncio by name"),
        pytest.param(lambda: asyncio.run(asyncio.open_connection(OUTSIDE, 443)), id="asyncio by address"),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the refused sockets are left to the collector
def test_the_outside_world_is_refused(attempt, refused):
    with pytest.raises(OutsideWorldError, match="not this machine"):
        attempt()
    assert refused


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached(host):
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection((host, server.getsockname()[1])) as client,
        server.accept()[0] as accepted,
    ):
        client.sendall(b"here")
        assert accepted.recv(4) == b"here"


def test_unix_sockets_are_no_network(tmp_path: Path):
    path = str(tmp_path / "door")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("slack.localhost.", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("localhost.example.com", False),
        ("notlocalhost", False),
    ],
)
def test_what_counts_as_this_machine(host, here):
    assert is_here(host) is here


def test_no_proxy_is_asked():
    assert not [name for name in PROXY_VARIABLES if name in os.environ]


def test_an_attempt_that_the_code_swallows_still_fails_the_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    here = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", str(here.parent))
    pytester.makeconftest((here / "conftest.py").read_text())
    pytester.makepyfile(
        """
        import socket

        def test_swallows():
            try:
                socket.getaddrinfo("hooks.example.com", 443)
            except RuntimeError:
                pass
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*tried to look up hooks.example.com*"])
