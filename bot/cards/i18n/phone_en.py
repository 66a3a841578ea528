"""What phones say: calls, texts with reply codes, and what is answered to them, in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    # --- calls: everything is read aloud ------------------------------------------------------------------------------
    "voice.hello": "This is Tocsin.",
    "voice.what": "{severity} incident {num} in {channel}: {title}.",
    "voice.what_bare": "{severity} incident {num}: {title}.",
    "voice.untitled": "{severity} incident {num}.",
    "voice.since": "Open since {since}.",
    "voice.state": "It is {status} now.",
    "voice.keys": "Press 1 to acknowledge, 2 to resolve, 3 to escalate, star to hear it again.",
    "voice.unknown_key": "That key means nothing here.",
    "voice.heard": "Thank you. This message has arrived.",
    "voice.press_again": "One moment. Please press the key again.",
    "voice.bye": "Goodbye.",
    # --- texts --------------------------------------------------------------------------------------------------------
    "sms.codes": "Reply {n}a ack, {n}r resolve, {n}e escalate",
    "sms.codes_short": "Reply {n}a {n}r {n}e",
    "sms.bundle": "{count} incidents need you:",
    "sms.bundle_row": "{code} {ref} {title}",
    "sms.bundle_more": "+{count} more",
    "sms.bundle_codes": "Reply {codes} to acknowledge",
    # --- answers to texts ---------------------------------------------------------------------------------------------
    "reply.no_such_code": "Nothing was changed: {code} stands for no incident of yours. Send `list mine`.",
    "reply.which_code": "Nothing was changed: several are open. Reply {codes}.",
    "reply.nothing_to_do": "Nothing was changed: no incident of yours is open.",
    "reply.sms_help": "Tocsin, on-call. Reply 1a to acknowledge, 1r to resolve, 1e to escalate, with the number of the "
    "text. Or send: list mine, oncall. STOP ends these texts, START brings them back.",
    "reply.sms_stranger": "This is Tocsin, an on-call bot. It does not know this number, so nothing was done. If you "
    "are on call, ask your administrator to add it.",
    "reply.sms_started": "Texts are on again: Tocsin may page you here.",
    "stopped.you": "Tocsin sends no more texts to your phone: you sent STOP, or the vendor blocks them. You are paged "
    "in the other ways that you have. To get texts again, send START to the number that they came from.",
    "stopped.admins": "{name} gets no more texts: the phone sent STOP, or the vendor blocks them. Pages take the other "
    "ways: {ways}. START from that phone brings texts back.",
    "stopped.row": "{way}: stopped. Send START from your phone to the number that texts came from",
    "stopped.none": "none",
    # --- vendors, in the timeline and in reports ----------------------------------------------------------------------
    "entry.vendor_tried": "{member} by {way}, through {vendor} now: {why}",
    "failure.vendor_failed_over": "the vendor before did not take it",
    "failure.vendor_hedged": "the first vendor did not answer in time",
    "failure.vendor_unproven": "the vendor before took it, and it did not arrive",
    "failure.vendor_last_resort": "every other vendor rests",
    "failure.rung_again": "nobody picked up, so it rings once more",
    "failure.vendors_asked_again": "every vendor failed, so all are asked again",
    "failure.vendors_exhausted": "every vendor failed",
    "failure.vendors_paused": "every vendor asked for a pause",
    "failure.no_vendor_for_region": "no vendor that is set up goes to that country",
}
