"""docs/limits.md cannot lie: each row of its tables is compared with what the program holds to, and none is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import app, directory, lookups, noise, remarks, rendering, rooms, service
from bot.adapters import mail_replies
from bot.adapters.email import relays
from bot.cards.build import actions
from bot.cards.build import remarks as remark_cards
from bot.cards.template import names, sandbox
from bot.commands import asking, grammar, likeness, linking, said, shifting, times
from bot.engine import (
    conditions,
    digest,
    dynamic,
    editing,
    enrichment,
    feed,
    flapping,
    grouping,
    inhibition,
    mail_address,
    notices,
    patterns,
    people,
    preference,
    routing,
    silence,
)  # fmt: skip
from bot.engine import remarks as engine_remarks
from bot.engine import rooms as engine_rooms
from bot.engine.model import DAY, HOUR, SECOND, Level, Span
from bot.manifest import feeds, imported, lint, tables, wording
from bot.manifest import noise as declared
from bot.manifest.schedules import Calendar
from bot.manifest.values import WEEKDAYS, human
from tests.unit.boundaries import world_of
from tests.unit.manifest_limits import keys
from webhooks import bodies
from webhooks import links as link_page
from webhooks.mail import addresses, bounds, polling, receiver, session
from webhooks.pace import Pace
from webhooks.sources import email as mails
from webhooks.sources import keys as alert_keys
from webhooks.sources import labels, links, mime, prometheus_v2, severities, standard, texts

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/limits.md").read_text(encoding="utf-8")


def number(value: float) -> str:
    return f"{value:,}".replace(",", " ") if value >= 10_000 else f"{value:g}"


def characters(limit: int, more: str = "") -> str:
    return f"{number(limit)} characters{more}"


def after(span: Span) -> str:
    return f"after {human(span)}"


def days(span: Span) -> str:
    return f"{span // DAY}d"


def longest(pattern: re.Pattern[str], stem: str = "") -> int:
    """The length of the longest run of `x` behind the stem that a pattern takes."""
    return max(n for n in range(1, 500) if pattern.fullmatch(stem + "x" * n))


def insists(level: Level) -> str:
    """How often a level pages: the first time, and the repeats."""
    return f"every {human(level.repeat_every)}, {level.repeat_times + 1} times"


CUT, DROPPED = ", cut", ", else dropped"
PACE, PROOF = Pace(), preference.PROOF_WITHIN
MUTE = declared.Flapping(mute="30m").mute
WORKDAYS = Calendar(timezone="UTC").workdays

FACTS = {
    "Events and alerts": {
        "Body of a request, packed and unpacked": f"{number(bodies.BODY_LIMIT)} bytes",
        "Requests of one integration": f"{PACE.per_second} a second, {PACE.per_minute} a minute",
        "Title": characters(texts.TITLE_LIMIT, CUT),
        "Description": characters(texts.DESCRIPTION_LIMIT, CUT),
        "Alert key": characters(alert_keys.KEY_LIMIT, ", else its SHA-256"),
        "Labels of an event": number(labels.LABELS_LIMIT),
        "Name of a label": characters(labels.NAME_LIMIT, CUT),
        "Value of a label": characters(labels.VALUE_LIMIT, CUT),
        "Images": number(standard.IMAGES_LIMIT),
        "Address of an image, and where it leads": characters(standard.ADDRESS_LIMIT, DROPPED),
        "Alternative text of an image": characters(standard.ALT_LIMIT, CUT),
        "Link that a source brings": characters(links.HREF_LIMIT, DROPPED),
        "Alert of Prometheus without an end recovers": after(prometheus_v2.RESOLVE_TIMEOUT),
        "Severity without a known word": severities.severity_of("?", severities.PROMETHEUS_WORDS).value,
    },
    "Incidents": {
        "Alerts of an incident": number(grouping.ALERTS_MAX),
        "Incidents named in one command": number(grammar.REFS_MAX),
        "Title": characters(editing.TITLE_MAX),
        "Description": characters(editing.DESCRIPTION_MAX),
        "Impact, root cause, resolution": characters(editing.TEXT_MAX),
        "Comment, note of a resolution, reason of a reopening, comment of a merge": characters(editing.TEXT_MAX),
        "Text in a field of your own": characters(editing.FIELD_MAX),
        "Option of a field": characters(wording.OPTION_MAX),
        "Name of a field": f"{longest(wording._NAME)} of `A-Z a-z 0-9 _`, no digit first",
        "Snooze": f"up to {people.SNOOZE_MAX // HOUR}h",
        "Page that could not be sent is given up": after(service.PAGE_LIFE),
        "Card that could not be sent is given up": after(service.CARD_LIFE),
        "What is closed is forgotten": after(app.KEEP),
    },
    "The pipeline": {
        "Labels of an event after enrichment": number(enrichment.LABELS_MAX),
        "Label that is made": f"{longest(feed.TARGET_LABEL)} of `a-z 0-9 _`, a letter first",
        "Value of a label that is made": characters(enrichment.VALUE_MAX, CUT),
        "Regular expression": f"{patterns.PATTERN_MAX} bytes, {patterns.PROGRAM_MAX} instructions",
        "Text that a regular expression searches": f"{number(patterns.SUBJECT_MAX)} bytes",
        "Path into JSON": characters(enrichment.PATH_MAX),
        "Value of a condition": characters(conditions.VALUE_MAX),
        "Name of a label in a condition": characters(longest(conditions._LABEL, "labels.")),
        "Table of a mapping": f"{number(tables.ROWS_MAX)} rows, {number(tables.BYTES_MAX)} bytes",
        "Lookups of an integration": number(feeds.LOOKUPS_MAX),
        "Answer of a lookup": f"{number(lookups.ANSWER_MAX)} bytes",
        "All lookups of one batch": f"{lookups.BUDGET_S:g} s",
        "Failures in a row after which a lookup rests": number(lookups.FAILURES_MAX),
    },
    "Mail in": {
        "A mail": f"{number(mails.MAIL_LIMIT)} bytes",
        "Text of a mail": f"{number(mime.TEXT_LIMIT)} bytes, cut",
        "Header of a mail that is read": f"{number(mime.HEADER_LIMIT)} bytes, {number(mime.FIELDS_LIMIT)} fields",
        "Parts of a mail that are read": f"{mime.PARTS_LIMIT}, {mime.DEPTH_LIMIT} levels deep",
        "Date that lies ahead counts": f"up to {human(mails.AHEAD)}",
        "Key behind the `+` of an address": characters(addresses.DETAIL_LIMIT, CUT),
        "Line of a mail by SMTP": f"{number(session.LINE_LIMIT)} bytes",
        "Recipients of one mail": f"{receiver.RECIPIENTS_MAX}, {number(receiver.COPIES_MAX)} bytes for all",
        "Connections": f"{bounds.CONNECTIONS_MAX}, {bounds.CONNECTIONS_OF_HOST} of one host",
        "Mails under way, together": f"{number(bounds.HELD_MAX)} bytes",
        "Mails of one host": f"{number(bounds.MAILS_OF_HOST)} a minute",
        "Unknown recipients": (
            f"{bounds.GUESSES_OF_SESSION} in a connection, {bounds.GUESSES_OF_HOST} a minute of one host"
        ),
        "A command, or a whole mail": f"{bounds.PATIENCE_S:g} s, {bounds.SHORT_PATIENCE_S:g} s when it is crowded",
        "Mails of one look into a mailbox": number(polling.BATCH),
        "Looks that fail in a row before somebody is told": number(polling.ALARM_AFTER),
    },
    "Noise": {
        "Values that make a group, in a branch too": number(declared.DIMENSIONS_MAX),
        "Open incidents compared by likeness": number(grouping.CANDIDATES_MAX),
        "Quick silence": f"{days(silence.QUICK)}, up to {days(silence.QUICK_MAX)}",
        "Cause of an inhibition was heard of": f"within {human(inhibition.ACTIVE_FOR)}",
        "Active alerts looked at as causes in a channel": number(inhibition.LOOK_AT),
        "What is muted is asked about again": f"every {human(noise.ASK_AGAIN)}",
        "Mute of a flapping alert": f"{human(MUTE)} or more, or 0",
        "Alert that is soon back reopens its incident": f"within {human(flapping.REOPEN_WITHIN)}",
        "Digest that nothing joins ends": after(digest.QUIET),
        "An alert lengthens its digest": f"by {human(digest.collects_until(digest.Digest(), 0, 0))} by default",
        "Closed incidents among which a digest that goes on is looked for": number(digest.LOOK_AT),
        "Alerts at which a digest pages again": ", ".join(map(number, digest.STEPS)),
        "Similar incidents of the past are looked for among": number(likeness.PAST_MAX),
    },
    "Escalation": {
        "Catch-all where no rule matches": insists(routing.catch_all_rule(world_of({})).levels[0]),
        "Last resort after the last round": insists(world_of({}).last_resort()),
        "Direct assignment": insists(routing.direct_rule(()).levels[0]),
        "Direct message without proof leads on": after(PROOF["im"]),
        "SMS without proof leads on": after(PROOF["sms"]),
        "Mail without proof leads on": after(PROOF["email"]),
        "People that a label may name for a level": number(dynamic.TARGETS_MAX),
        "Such labels in the address of a request": number(dynamic.QUERY_MAX),
    },
    "Schedules and calendars": {
        "`next` and `me` look ahead": days(asking.AHEAD),
        "`check` looks for gaps": days(lint.AHEAD),
        "Shifts from a calendar file: back, ahead": f"{days(imported.BACK)}, {days(imported.AHEAD)}",
        "Calendar file": f"{number(imported.SIZE_MAX)} bytes, {imported.INSTANCES_MAX} shifts",
        "Notices that are made up for after an outage": days(notices.CATCH_UP),
        "Workdays of a calendar": ", ".join(WEEKDAYS[day] for day in WORKDAYS),
    },
    "Mail out": {
        "One relay, while there is another": f"{number(relays.RELAY_S)} s",
        "All relays of one mail": f"{number(relays.TOTAL_S)} s",
        "Link in a mail or a text": f"{human(actions.LINK_LIFE)}, once",
        "Between opening a link and pressing its button": human(link_page.COOKIE_S * SECOND),
        "A mail can be answered for": days(mail_address.REPLY_LIFE),
        "Words of an answer that are read": characters(mail_replies.WORDS_MAX),
    },
    "In chat": {
        "Code that links an account": f"{human(directory.CODE_LIFE)}, once",
        "What an unknown account asked for is kept": (
            f"{human(linking.WISH_LIFE)}, {linking.WISHES_MAX} of one account"
        ),
        "Code by mail": f"one in {human(linking.MAIL_GAP)} to a member, one in {human(linking.ASK_GAP)} for an account",
        "People asked to take or to swap a shift": f"{shifting.ASKED_MAX}; one open request of a person for a shift",
        "Override made in chat": f"up to {days(times.WINDOW_MAX)}",
        "Incidents named in one line of an answer": number(said.REFS_SHOWN),
        "Lines below the card of an incident, in each chat": number(engine_remarks.LINES_MAX),
        "Note in such a line": characters(remark_cards.QUOTED_MAX, CUT),
        "Line that could not be said is dropped": after(remarks.LIFE),
        "Messages of a war room that are kept": number(engine_rooms.LINES_KEPT),
        "War room that cannot be asked for is given up": after(rooms.LIFE),
    },
    "Templates": {
        "Template": characters(names.SOURCE_MAX),
        "What comes out, and any value on the way": characters(names.TEXT_MAX),
        "Loops inside each other": number(names.LOOPS_MAX),
        "Parts nested inside each other": number(sandbox.DEPTH_MAX),
        "Parts of loops and filters that run": number(names.STEPS_MAX),
        "Alerts that a template sees": number(rendering.ALERTS_READ),
    },
}
"""By section of the page: what → its limit, in words, made of what the program uses."""


def rows(columns: int) -> dict[tuple[str, ...], str]:
    """The tables of so many columns: (section, cells but the last ones…) without daggers."""
    found = {}
    for title, text in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL):
        for line in re.findall(r"^\| (.*) \|$", text, re.MULTILINE):
            cells = [cell.replace("†", "").strip() for cell in line.split(" | ")]
            if len(cells) == columns and cells[0] not in ("what", "key", "") and "---" not in cells[0]:
                found[title, *cells[:-1]] = cells[-1]
    return found


STATED = {(section, what): limit for (section, what), limit in rows(2).items()}
KEYS = {row[1].strip("`"): (row[3], default) for row, default in rows(4).items()}
PRODUCT = {key: said for key, said in keys().items() if not key.startswith("platforms.")}


@pytest.mark.parametrize(("section", "what"), [(section, what) for section, facts in FACTS.items() for what in facts])
def test_a_row_says_what_the_program_holds_to(section, what):
    assert STATED.get((section, what)) == FACTS[section][what]


@pytest.mark.parametrize("key", sorted({*PRODUCT, *KEYS}))
def test_a_key_of_the_manifest_has_the_limit_and_the_default_of_its_schema(key):
    stated, true = KEYS.get(key), PRODUCT.get(key)
    row = f"| `{key}` | … | {' | '.join(true)} |" if true else "no row"
    assert stated == true, f"docs/limits.md needs, for {key}: {row}"


def test_the_tables_have_no_other_rows():
    assert sorted(STATED) == sorted((section, what) for section, facts in FACTS.items() for what in facts)
    assert len(KEYS) == len(rows(4)), "a key is there twice"


@pytest.mark.parametrize(
    "choice",
    [
        "one key in one integration **and** channel †", "the worst that was seen, and its status the last †",
        "What follows after drop is our choice †", "There is a mandatory catch-all †", "Fair rotation shifts the order",
        "reopens its incident †", "on duty on all days †", "Who snoozes has it †", "not Go's †",
    ],
)  # fmt: skip
def test_a_choice_of_ours_has_a_line_with_its_dagger(choice):
    assert choice in PAGE.replace("\n", " ").replace("  ", " ")


def test_every_section_with_a_dagger_in_its_tables_explains_daggers():
    for section in re.findall(r"^## .+?\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL):
        marked = [line for line in section.splitlines() if line.startswith("|") and "†" in line]
        assert not marked or re.search(r"^- ", section, re.MULTILINE)
