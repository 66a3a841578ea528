"""What mails, and the pages behind their links, say in English."""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    "link.as_whom": "You act as {name}. Not you? Close this page: nothing has changed.",
    "link.used": "Nothing was changed: this link was used at {at}, in the name of {name}. Each link works once.",
    "link.expired": "Nothing was changed: this link worked until {at}. Use a newer mail or card.",
    "link.nobody": "Nothing was changed: this link was made for {id}, who is no longer a member here.",
    "link.no_incident": "Nothing was changed: the incident of this link is not kept any more.",
    "link.bare": (
        "Nothing was changed: open the link from the mail again and press its button. The browser has to take a cookie."
    ),
    "mail.answer": "Answer this mail with ack, resolve, escalate or snooze 30m; anything else is kept as a remark.",
    "mail.answer_hint": "To act, begin your answer with ack, resolve, escalate or snooze 30m.",
    "mail.empty": "Nothing was changed: your mail says nothing above the quoted text.",
    "mail.too_old": "Nothing was changed: that mail could be answered for 7 days. Answer a newer one, or act in chat.",
    "failure.mailbox_full": "the mailbox is full",
    "failure.undelivered": "the mail came back",
}
