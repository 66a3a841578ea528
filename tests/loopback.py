"""Refuses every connection that would leave this machine: no test can depend on the world outside, or disturb it.
The guard covers Python's own sockets in this process; uvloop and child processes get emulators' addresses."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


class OutsideWorldError(RuntimeError):
    """A test tried to leave this machine. Not an OSError, so that no retry in the product takes it for bad weather."""


def is_number(host: str) -> bool:
    """Whether a host is an address already, which no name server is asked about."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def is_here(host: str) -> bool:
    """Whether a host is this machine: a loopback address, `localhost` or a name below it (RFC 6761)."""
    if is_number(host):
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


@contextmanager
def loopback_only() -> Iterator[list[str]]:
    """While open, connecting or resolving elsewhere raises `OutsideWorldError`; yields what was refused, in order."""
    refused: list[str] = []

    def refuse(what: str) -> None:
        refused.append(what)
        raise OutsideWorldError(
            f"A test tried to {what}, which is not this machine. The attempt was refused before anything was sent. "
            "Point the code under test at an emulator on 127.0.0.1 instead."
        )

    def check_address(sock: socket.socket, address: Any) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6) and not is_here(str(address[0])):
            refuse(f"connect to {address[0]}:{address[1]}")

    def guard_method(original: Any, address_position: int) -> Any:
        def guarded(sock: socket.socket, *args: Any) -> Any:
            check_address(sock, args[address_position])
            return original(sock, *args)

        return guarded

    def guard_lookup(original: Any) -> Any:
        def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
            name = host.decode("idna") if isinstance(host, bytes) else host
            if name and not is_number(name) and not is_here(name):
                refuse(f"look up {name}")
            return original(host, *args, **kwargs)

        return guarded

    with pytest.MonkeyPatch.context() as patch:
        for variable in PROXY_VARIABLES:
            patch.delenv(variable, raising=False)
        for method, address_position in (("connect", 0), ("connect_ex", 0), ("sendto", -1)):
            patch.setattr(socket.socket, method, guard_method(getattr(socket.socket, method), address_position))
        for lookup in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, lookup, guard_lookup(getattr(socket, lookup)))
        yield refused
