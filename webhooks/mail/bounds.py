"""How much of the mail server anybody may use: connections, memory, mails and guesses, each host for itself.

A host that goes too far hears 421 or 450 and may come back, so that a relay with a bad minute loses nothing.
"""

from __future__ import annotations

import ipaddress
from collections import Counter

from bot.engine.model import MINUTE, Instant

CONNECTIONS_MAX = 200
CONNECTIONS_OF_HOST = 100
"""At once. Half of all: one relay in front may be all that ever connects."""
HELD_MAX = 64 * 1024 * 1024
"""Bytes of mails that are under way, of all connections together."""
MAILS_OF_HOST = 1_200
"""Mails a minute, what one integration may send and a fifth more."""
GUESSES_OF_HOST = 60
"""Unknown recipients a minute; then the host is not listened to until the minute is over."""
GUESSES_OF_SESSION = 5
"""Unknown recipients before a connection is closed."""
PATIENCE_S = 300.0
"""Seconds that a client may take for a command, or for a whole mail (RFC 5321, 4.5.3.2.7: at least five minutes)."""
SHORT_PATIENCE_S = 20.0
"""The same while more than half of all connections are taken: clients that dawdle make room."""


class Bounds:
    """What all connections of one server have in common."""

    def __init__(self) -> None:
        """Nobody is there yet."""
        self.open: Counter[str] = Counter()
        self.held = 0
        self._minute = 0
        self._mails: Counter[str] = Counter()
        self._guesses: Counter[str] = Counter()

    def enter(self, host: str, now: Instant) -> str:
        """Count a connection in; or why not, as the reply that it gets instead."""
        self._turn(now)
        if self.open.total() >= CONNECTIONS_MAX or self.held >= HELD_MAX:
            return "421 4.3.2 This server has too much to do just now; try again later."
        if self.open[host] >= CONNECTIONS_OF_HOST:
            return "421 4.7.0 Your host has too many connections open; try again later."
        if self._guesses[host] >= GUESSES_OF_HOST:
            return "421 4.7.0 Your host asked for too many unknown recipients; try again in a minute."
        self.open[host] += 1
        return ""

    def leave(self, host: str) -> None:
        """Count a connection out."""
        self.open[host] -= 1
        if self.open[host] <= 0:
            del self.open[host]

    def mail(self, host: str, now: Instant) -> bool:
        """Count a mail, unless its host sent too many within the minute."""
        self._turn(now)
        if self._mails[host] >= MAILS_OF_HOST:
            return False
        self._mails[host] += 1
        return True

    def guess(self, host: str, now: Instant) -> bool:
        """Count an unknown recipient. Whether the host may go on."""
        self._turn(now)
        self._guesses[host] += 1
        return self._guesses[host] < GUESSES_OF_HOST

    def patience_s(self) -> float:
        """Seconds that a client may take now."""
        return SHORT_PATIENCE_S if self.open.total() * 2 > CONNECTIONS_MAX else PATIENCE_S

    def _turn(self, now: Instant) -> None:
        if now // MINUTE != self._minute:
            self._minute = now // MINUTE
            self._mails.clear()
            self._guesses.clear()


def host_of(peer: object) -> str:
    """Who a peer is for the counts: an IPv4 address, or the /64 of an IPv6 one, of which a client has many."""
    text = str(peer[0]) if isinstance(peer, tuple) and peer else ""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)
