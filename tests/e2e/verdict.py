"""What became of a storm, read straight from the database file and from what the platforms were sent.

Nothing here asks the product: SQLite's own library opens the file, and the emulators tell what arrived.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.e2e.load import BURST, Post
from tests.e2e.stage import ANSWER_S, Arrival

LEASE_S = 12.0
"""A delivery's lease: a dead worker's row is due again so long after it was claimed."""
CALL_S = 8.0
"""The longest call to a platform: what was in flight at a kill was sent at most this long before."""
SLACK_S = 60.0
"""What may pass between the end of a lease and the second try: the start of the next worker, and the budgets that all
the others wait for too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One SIGKILL, and the deliveries that the dead process held."""

    process: str
    at: float
    held: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Verdict:
    """Everything that was found; `wrong` is empty when the promises were kept."""

    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    alarms: Counter[str] = field(default_factory=Counter)

    def expect(self, held: Collection[object], sentence: str) -> None:
        """Note a broken promise when anything was found."""
        if held:
            some = ", ".join(str(one) for one in list(held)[:3])
            self.wrong.append(f"{sentence}: {len(held)}, such as {some}")


def rows(database: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Read the file as anybody could, on a connection of our own."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def leases(database: Path) -> frozenset[tuple[str, str]]:
    """The deliveries under a lease, with the token of who claimed them."""
    return frozenset(rows(database, "SELECT id, token FROM delivery WHERE state='queued' AND token<>''"))  # type: ignore[arg-type]


def backlog(database: Path) -> int:
    """Bodies that wait to be read, and messages that wait to be sent."""
    query = "SELECT (SELECT count(*) FROM inbox WHERE state='waiting') + (SELECT count(*) FROM delivery WHERE "
    return int(rows(database, query + "state='queued')")[0][0])


def judge(
    database: Path,
    accepted: Sequence[Post],
    arrivals: Iterable[Arrival],
    kills: Sequence[Kill],
) -> Verdict:
    """Check every promise; never raises for a broken one."""
    verdict = Verdict()
    incidents = {one: json.loads(whole) for one, whole in rows(database, "SELECT id, whole FROM incident")}
    deliveries = [json.loads(whole) for (whole,) in rows(database, "SELECT whole FROM delivery")]
    sent = _by_place(arrivals)
    _alerts(verdict, database, accepted, incidents)
    _inbox(verdict, database, accepted)
    _messages(verdict, incidents, deliveries, sent)
    _pages(verdict, incidents, deliveries)
    _duplicates(verdict, incidents, deliveries, sent, kills)
    verdict.alarms = Counter(code for (code,) in rows(database, "SELECT code FROM alarm"))
    return verdict


def _by_place(arrivals: Iterable[Arrival]) -> dict[tuple[str, str, str], list[float]]:
    """(carrier, address, burst) → when its messages arrived."""
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for carrier, address, at, text in arrivals:
        for burst in sorted(set(BURST.findall(text))):
            found[carrier, address, burst].append(at)
    return {place: sorted(times) for place, times in found.items()}


def _alerts(verdict: Verdict, database: Path, accepted: Sequence[Post], incidents: Mapping[str, Any]) -> None:
    """Every alert that was answered 2xx is in exactly one incident, and in the one of its group."""
    homes: dict[str, list[str]] = defaultdict(list)
    for key, incident in rows(database, "SELECT alert_key, incident FROM alert"):
        homes[key].append(incident)
    promised = {(key, post.burst) for post in accepted for key in post.alerts}
    verdict.expect([key for key, _ in promised if key not in homes], "Alerts lost after a 2xx")
    verdict.expect([key for key, found in homes.items() if len(found) > 1], "Alerts in more than one row")
    homeless = [key for key, found in homes.items() if any(one not in incidents for one in found)]
    verdict.expect(homeless, "Alerts without an incident")
    astray = [k for k, burst in promised for one in homes.get(k, ()) if burst not in _title(incidents.get(one))]
    verdict.expect(astray, "Alerts in the incident of another group")
    groups = Counter(_title(incident) for incident in incidents.values())
    verdict.expect([title for title, count in groups.items() if count > 1], "Groups with more than one incident")
    wrong_total = [
        one
        for one, incident in incidents.items()
        if incident["alerts_total"] != sum(found == [one] for found in _of(homes, one))
    ]
    verdict.expect(wrong_total, "Incidents that count other alerts than they have")
    recovered = {post.burst for post in accepted if post.resolved}
    ended = {_title(incident) for incident in incidents.values() if incident["progress"] == "Closed"}
    verdict.expect(recovered - ended, "Incidents that stay open though all their alerts recovered")
    verdict.expect(ended - recovered, "Incidents that were closed while their alerts fire")
    verdict.counts |= {
        "alerts accepted": len(promised),
        "alert rows": len(homes),
        "incidents": len(incidents),
        "incidents that recovered": len(recovered),
    }


def _of(homes: Mapping[str, list[str]], incident: str) -> list[list[str]]:
    return [found for found in homes.values() if incident in found]


def _title(incident: Any) -> str:
    found = BURST.search(str(incident.get("title", ""))) if incident else None
    return found[0] if found else "?"


def _inbox(verdict: Verdict, database: Path, accepted: Sequence[Post]) -> None:
    """Each accepted body was kept, and says what became of each of its events."""
    kept = rows(database, "SELECT id, state, outcome FROM inbox")
    verdict.expect([one for one, state, _ in kept if state != "done"], "Bodies that were not worked off")
    mute = [one for one, state, outcome in kept if state == "done" and not json.loads(outcome)["events"]]
    verdict.expect(mute, "Bodies without an outcome")
    if len(kept) < len(accepted):
        verdict.wrong.append(f"{len(accepted)} bodies were answered 2xx, and {len(kept)} were kept")
    verdict.counts |= {"requests accepted": len(accepted), "bodies kept": len(kept)}


def _messages(
    verdict: Verdict,
    incidents: Mapping[str, Any],
    deliveries: Sequence[Any],
    sent: Mapping[tuple[str, str, str], list[float]],
) -> None:
    """What the database calls sent has arrived, and every card shows the newest state of its incident."""
    about = [row for row in deliveries if row["incident"]]
    unsettled = [row["key"] for row in about if row["state"] == "queued"]
    verdict.expect(unsettled, "Messages still in the queue")
    missing = [row["key"] for row in about if _is_sent(row) and _place(row, incidents) not in sent]
    verdict.expect(missing, "Messages that are called sent and never arrived")
    cards = {row["incident"]: row for row in about if not row.get("member")}
    verdict.expect([one for one in incidents if one not in cards], "Incidents without a card")
    unshown = [row["key"] for row in cards.values() if not _is_sent(row)]
    verdict.expect(unshown, "Cards that were not sent")
    stale = [row["key"] for row in cards.values() if row.get("shown_rev", 0) < row.get("wanted_rev", 0)]
    verdict.expect(stale, "Cards that show an old state")
    verdict.counts |= {"cards": len(cards), "pages": len(about) - len(cards), "messages": sum(map(len, sent.values()))}


def _is_sent(row: Any) -> bool:
    return str(row.get("state", "queued")) in ("sent", "delivered")


def _place(row: Any, incidents: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(row["carrier"]), str(row["address"]), _title(incidents.get(row["incident"]))


def _pages(verdict: Verdict, incidents: Mapping[str, Any], deliveries: Sequence[Any]) -> None:
    """Nobody acknowledges in a storm, so each incident that stays open has reached its person, by whichever way."""
    reached = {row["incident"] for row in deliveries if row.get("member") and _is_sent(row)}
    verdict.expect(_open(incidents) - reached, "Open incidents whose page reached nobody")
    failed = Counter(
        f"pages {row['state']} ({row.get('error') or 'withdrawn'})"
        for row in deliveries
        if row.get("member") and row["incident"] and not _is_sent(row)
    )
    verdict.counts |= failed


def _open(incidents: Mapping[str, Any]) -> set[str]:
    return {one for one, incident in incidents.items() if incident["progress"] != "Closed"}


def _duplicates(
    verdict: Verdict,
    incidents: Mapping[str, Any],
    deliveries: Sequence[Any],
    sent: Mapping[tuple[str, str, str], list[float]],
    kills: Sequence[Kill],
) -> None:
    """More messages than rows: each must be of a row that a dead worker held, first sent before and again after it."""
    planned: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in deliveries:
        if row["incident"]:
            planned[_place(row, incidents)].append(row["id"])
    for place, times in sent.items():
        extra = len(times) - len(planned[place])
        if extra <= 0:
            continue
        excuses = [kill for kill in kills if _excuses(kill, kills, planned[place], times)]
        line = f"{' '.join(place)}: {len(times)} messages for {len(planned[place])} rows"
        verdict.duplicates += [line] * extra
        if len(excuses) < extra:
            verdict.wrong.append(f"A duplicate that no kill explains: {line}, at {times}")
    in_flight = sum(len(kill.held) for kill in kills)
    if len(verdict.duplicates) > in_flight:
        verdict.wrong.append(f"{len(verdict.duplicates)} duplicates, and only {in_flight} were in flight at the kills")
    verdict.counts |= {"duplicates": len(verdict.duplicates), "in flight at the kills": in_flight}


def _excuses(kill: Kill, kills: Sequence[Kill], delivery_ids: Collection[str], times: Sequence[float]) -> bool:
    """Whether a dead worker held one of these, and one copy was sent shortly before it died, and the next after.

    Workers that die too may have held the row again meanwhile, so that the wait counts from the last death.
    """
    if kill.held.isdisjoint(delivery_ids):
        return False
    for first, again in pairwise(times):
        last = max((each.at for each in kills if each.held and each.at < again), default=0.0)
        if kill.at - CALL_S <= first <= kill.at + 2 * ANSWER_S and kill.at < again <= last + LEASE_S + SLACK_S:
            return True
    return False
