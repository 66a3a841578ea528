"""The contact with the numbers that pages come from, and how phones let it ring at night, in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "vcard.title": "Pages come from these numbers. Keep them as one contact, and let it ring at night:",
    "vcard.region": "{region}: {numbers}",
    "vcard.number": "{number} ({use})",
    "vcard.anywhere": "Anywhere",
    "vcard.use.sms": "texts",
    "vcard.use.voice": "calls",
    "vcard.page": "As a contact, with the steps for your phone: {url}",
    "vcard.note": "Pages from Tocsin come from these numbers. Let this contact ring through Do Not Disturb.",
    "vcard.heading": "Let {name} wake you",
    "vcard.why": "A phone that does not know these numbers may keep quiet at night. Save them as one contact, then let "
    "that contact through.",
    "vcard.save": "Save the contact",
    "vcard.none": "No number is published yet. Whoever runs Tocsin writes them under numbers in the manifest.",
    "vcard.qr": "Reading this on a computer? Scan the code with your phone: it is the same contact.",
    "vcard.numbers": "The numbers",
    "vcard.iphone": "iPhone",
    "vcard.iphone.1": "Save the contact, and open it in Contacts.",
    "vcard.iphone.2": "Tap Edit, then Ringtone, and switch on Emergency Bypass.",
    "vcard.iphone.3": "Go back, tap Text Tone, and switch on Emergency Bypass there too.",
    "vcard.iphone.4": "Tap Done. Calls and texts from it now sound in Silent mode and in every Focus.",
    "vcard.android": "Android",
    "vcard.android.1": "Save the contact, open it in Contacts, and tap the star.",
    "vcard.android.2": "Open Settings and search for Do Not Disturb (some phones call it Modes).",
    "vcard.android.3": "Under People, let starred contacts call and send messages.",
    "vcard.android.4": "Let repeat callers through as well: a second call within 15 minutes then rings.",
    "vcard.android.5": "A phone that is set to silent stays silent for starred contacts too: keep its ringer on.",
    "vcard.then": "Then ask for a test: /toc test",
}
