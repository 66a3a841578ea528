"""Posts distinct alerts as fast as they are answered, over keep-alive connections; a process of its own.

Raw asyncio: a client library costs more than the server it would measure. Reports on standard output as one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

MARK = "@@@@@@@@@@@@"
"""Stands for the number of the request, in twelve digits, in the body's template and in the path."""


def template(alerts: int) -> bytes:
    """The body of Alertmanager's webhook with so many alerts, of about 650 bytes each."""
    items = [
        {
            "status": "firing",
            "labels": {
                "alertname": "Error rate above 5%",
                "instance": f"node-{MARK}-{index}:9100",
                "job": "checkout-api",
                "namespace": "shop",
                "region": "eu-west-1",
                "severity": "critical",
            },
            "annotations": {
                "summary": f"Error rate 7.3 % on node-{MARK}-{index}",
                "description": "p99 is 4.1 s and rising since deploy 8123; the queue behind it fills at 40 a second.",
                "runbook_url": "https://runbooks.example/checkout-5xx",
            },
            "startsAt": "2026-01-05T09:00:00.000Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example:9090/graph?g0.expr=rate%28errors%5B5m%5D%29+%3E+0.05",
            "fingerprint": f"{MARK}{index:04x}",
        }
        for index in range(alerts)
    ]
    body = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "tocsin", "groupLabels": {},
            "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://alertmanager.example:9093",
            "alerts": items}  # fmt: skip
    return json.dumps(body).encode()


@dataclass(slots=True)
class Tally:
    """What was answered."""

    until: float
    keys: list[str]
    parts: list[bytes]
    length: int
    host: bytes
    next_number: int
    accepted: list[str] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    spans: list[float] = field(default_factory=list)

    def request(self) -> tuple[str, bytes]:
        """The next number, and its request: each integration in turn, so that none sends more often than it may."""
        number, self.next_number = f"{self.next_number:012x}", self.next_number + 1
        key = self.keys[self.next_number % len(self.keys)]
        head = f"POST /in/prometheus/{key}?n={number} HTTP/1.1\r\n".encode() + self.host
        return number, head + number.encode().join(self.parts)


class Connection(asyncio.Protocol):
    """One request after the other."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.number = ""
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask at once."""
        self.transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Count an answer that is complete, and ask again."""
        self.buffer += data
        head, blank, body = self.buffer.partition(b"\r\n\r\n")
        if not blank or len(body) < _length(head):
            return
        self.buffer = b""
        tally, status = self.tally, int(head[9:12])
        tally.spans.append(time.perf_counter() - self.began)
        tally.statuses[status] = tally.statuses.get(status, 0) + 1
        if 200 <= status < 300:
            tally.accepted.append(self.number)
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever waits for this connection goes on."""
        if not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        if time.perf_counter() >= self.tally.until:
            self.transport.close()
            return
        self.number, request = self.tally.request()
        self.began = time.perf_counter()
        self.transport.write(request)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def generate(
    host: str, port: int, keys: list[str], alerts: int, connections: int, seconds: float, first: int
) -> dict[str, object]:
    """Load for `seconds`, and what came of it."""
    body = template(alerts)
    parts = body.split(MARK.encode())
    length = sum(map(len, parts)) + len(MARK) * (len(parts) - 1)
    fixed = f"Host: {host}:{port}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()
    began = time.perf_counter()
    tally = Tally(began + seconds, keys, parts, length, fixed, first)
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: Connection(tally), host, port) for _ in range(connections)]
    await asyncio.wait([connection.done for _, connection in opened])
    spent = time.perf_counter() - began
    spans = sorted(tally.spans)
    return {
        "seconds": spent,
        "answered": len(spans),
        "statuses": tally.statuses,
        "body_bytes": length,
        "p50_ms": 1000 * spans[len(spans) // 2],
        "p99_ms": 1000 * spans[int(len(spans) * 0.99)],
        "next": tally.next_number,
        "accepted": tally.accepted,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--keys", required=True, help="a file with an integration key on each line")
    parser.add_argument("--alerts", type=int, default=1)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    with open(given.keys, encoding="utf-8") as file:  # noqa: PTH123 (one line, one use)
        keys = file.read().split()
    run = generate("127.0.0.1", given.port, keys, given.alerts, given.connections, given.seconds, given.first)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run)))


if __name__ == "__main__":
    main()
