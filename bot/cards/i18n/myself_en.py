"""What people hear about themselves, about what would happen, and about single commands, in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "prefs.row": "{severity}: {ways}",
    "prefs.then": "{row}; {ways} after {span}",
    "prefs.spare": "{row}. If that fails: {ways}",
    "prefs.none": "{severity}: you cannot be reached",
    "prefs.where": "An escalation rule may say otherwise. To change it: notify and ladder of members.{id} in the "
    "manifest.",
    "reply.no_callers": "No number is published: the manifest has neither numbers nor a sender that is one.",
    "doctor.who": "You are {name} ({id}), {zone}.",
    "doctor.untried": "{way}: set up, and no recent page went that way",
    "doctor.sent": "{way}: works; last used at {at}",
    "doctor.delivered": "{way}: works; a page arrived at {at}",
    "doctor.failed": "{way}: failed at {at}: {why}",
    "doctor.not_linked": "{way}: not linked. Send `link` here, and its code there",
    "doctor.no_phone": "No phone number: members.{id}.phone in the manifest",
    "doctor.no_email": "No mail address: members.{id}.email in the manifest",
    "doctor.unreachable": "You cannot be reached in any way.",
    "doctor.test": "To try them now: test",
    "simulate.head": "If {severity} “{title}” came to {channel} at {at} ({zone}) and nobody answered:",
    "simulate.row": "+{span}: {text}",
    "simulate.paged": "{who} paged by {way} at level {level}",
    "simulate.paged_again": "{who} paged again by {way} at level {level}",
    "simulate.alert": "a simulated alert",
    "simulate.silenced": "nobody hears of it: silence {by} hides it",
    "simulate.inhibited": "nobody hears of it: another alert explains it ({by})",
    "simulate.dropped": "nobody hears of it: the channel drops it",
    "simulate.nothing": "Nobody would hear of it.",
    "help.also": "Also: {words}",
    "help.example": "For example: {example}",
    "help.prefs": "how I am reached, by severity",
    "help.vcard": "the numbers that pages come from",
    "help.doctor": "whether I can be reached, and what failed last",
    "help.simulate": "who would be paged when, if this came in then",
}
