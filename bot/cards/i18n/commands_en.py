"""What the commands say beyond the answers about incidents: help, shifts, linking and tests, in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "reply.already_handled": "That press had arrived already; nothing was changed a second time.",
    "reply.bad_code": "Nothing was changed: that code is wrong, used up, too old, or was asked for from another "
    "account. Ask for a new one with `link`.",
    "reply.linked": "This account is linked to {name} now.",
    "reply.how_to_link": "Send `link` from a chat where Tocsin knows you, or ask an administrator to run "
    "`tocsin link`. Then send `link` and the code here.",
    "reply.how_to_link_by_mail": "Send `link` and your mail address, such as `link ann@example.com`, and you are "
    "mailed a code. Or send `link` from a chat where Tocsin knows you, or ask an administrator to run `tocsin link`. "
    "Then send `link` and the code here.",
    "reply.code_sent": "A code is on its way to you alone, in a direct message. It is good for 30 minutes.",
    "reply.code_mailed": "If that is the mail address of a member, a code is on its way there. Send it from this "
    "account within 30 minutes: `link` and the code. Another one can be asked for in 5 minutes.",
    "reply.mailed_just_now": "Nothing was sent: you asked for a code just now. Try again in a minute.",
    "reply.declared_already": "Nothing was changed: the manifest declares this account as {name}'s, under "
    "members.{id}.identities.{platform}. Whoever keeps the manifest can change it there.",
    "reply.declared_identity": "Nothing was changed: the manifest declares this account, under "
    "members.{id}.identities.{platform}. Whoever keeps the manifest can take it out there.",
    "link.code": "Within 30 minutes, send this from the account that you want to link: link {code}\nWhoever sends it "
    "counts as you, so show it to nobody.",
    "link.code_by_mail": "{name}, somebody on {way} asked Tocsin to connect an account with you. If that was you, send "
    "this from there within 30 minutes: link {code}\nIf it was not you, do nothing, and give the code to nobody.",
    "link.late": "What you had asked for before is more than {minutes} minutes old, so it was not done.",
    "reply.unlinked_now": "This account is no longer linked.",
    "reply.no_such_medium": "Nothing was sent: you cannot be reached by {word}.",
    "reply.test_sent": "A test is on its way: {ways}.",
    "test.text": "This is a test for {name}: Tocsin can reach you here. No incident is open because of it.",
    "shift.line": "{schedule}: {who} from {start} for {span}",
    "me.nothing": "You have no shift in the next 45 days, and no open incident.",
    "help.oncall": "who is on call, now or at a time",
    "help.next": "who is on call next",
    "help.me": "my shifts and my open incidents",
    "help.list": "open incidents",
    "help.show": "the card of an incident",
    "help.why": "every decision about an incident, with its reason",
    "help.ack": "I have it",
    "help.unack": "I no longer have it",
    "help.resolve": "it is over",
    "help.reopen": "it is not over after all",
    "help.snooze": "quiet for a while, then ask again",
    "help.wake": "end the snooze",
    "help.escalate": "page the next level now",
    "help.assign": "somebody else instead",
    "help.add": "somebody else as well",
    "help.note": "a remark for the timeline",
    "help.alerts": "the alerts of an incident, with their names",
    "help.merge": "put incidents together",
    "help.move": "move alerts to another incident, or to a new one",
    "help.set": "write down what is known; - empties it",
    "help.sev": "my own judgement of how bad it is",
    "help.trigger": "open an incident by hand",
    "help.link": "connect this account",
    "help.unlink": "disconnect this account",
    "help.test": "send me a test message",
    "help.help": "this list, or one command",
    "link.ask_ack": "{name}, do you have {ref} {title}?",
    "link.ask_escalate": "{name}, page the next level for {ref} {title}?",
    "link.dead": "Nothing was changed: this link is not valid, or not any more. Use the current card or mail.",
    "oncall.feed": "Subscribe in your calendar",
    "page.feed_sealed": (
        "This calendar address is not sealed for this schedule. Ask for a new one in chat: /toc oncall SCHEDULE"
    ),
    "page.sealed": "This page opens from a card or a mail of the incident: the link there carries the key.",
    "page.timeline": "Timeline",
    "entry.responders": "{who} became responsible",
    "failure.unreachable": "the service cannot be reached",
    "failure.connection_lost": "the connection broke",
    "failure.platform_down": "the service is down",
    "failure.bad_answer": "the service answered nonsense",
    "failure.conflict": "another process uses the same access",
    "failure.edit_target_gone": "the message is gone",
    "failure.refused": "the service refused the message",
    "failure.chat_moved": "the chat has moved",
    "failure.sender_refused": "the service refused the sender",
    "failure.not_delivered": "it was not delivered",
    "failure.internal_error": "an error inside Tocsin",
    "failure.platform_not_configured": "that way is not set up",
    "failure.recipient_blocked": "the person, or a list, refuses messages from here",
    "failure.no_balance": "the vendor's account is empty",
    "failure.busy": "the line was busy",
    "failure.no_answer": "nobody answered the call",
    "failure.answered_by_machine": "a machine answered the call",
}
