"""What to check next when a message did not arrive, by medium and named reason, in English: one step a line.

`advice.MEDIUM.REASON` is for one medium, `advice.any.REASON` for every medium; `advice.MEDIUM.REASON.REGION` adds what
is special where the number is.
"""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    # -- texts
    "advice.sms.delivered": "The carrier says that the phone has it. Look among texts from unknown senders, in "
    "the spam and blocked folders, and in another texting app.\n"
    "If the phone shows texts late or without a sound: save the numbers as a contact (/toc vcard) and let it "
    "through Do Not Disturb.",
    "advice.sms.sent": "The vendor took it, and nobody has said yet that it arrived. Wait a minute, then ask "
    "again.\n"
    "Check that the phone is on, has a signal, and has room for more texts.",
    "advice.sms.no_proof_in_time": "Check that the phone is on, has a signal, and has room for more texts.\n"
    "Abroad, texts may come late or not at all: keep another medium behind it.\n"
    "Receipts need the public URL: if texts arrive and still look unproven, let your administrator run tocsin "
    "doctor.",
    "advice.sms.not_delivered": "Check that the phone is on, has a signal, and that the contract is not "
    "suspended.\n"
    "Look at the list of blocked numbers, and at apps that filter texts; save our numbers as a contact (/toc "
    "vcard).\n"
    "Was the number moved to another carrier lately? Texts can get lost for some days: ask the carrier.\n"
    "If a text from a friend arrives and ours does not, the carrier filters it: tell your administrator.",
    "advice.sms.not_delivered.US": "US carriers drop texts of senders that are not registered (A2P 10DLC or a "
    "verified toll-free number): your administrator can see that at the vendor.",
    "advice.sms.not_delivered.CN": "Turn off filters for 106 numbers and marketing texts, in the phone and at "
    "the carrier.",
    "advice.sms.not_delivered.IN": "India delivers registered senders and templates only (DLT): your "
    "administrator can see that at the vendor.",
    "advice.sms.recipient_unreachable": "Check the number in the manifest: with its country code, a mobile "
    "phone, no digit wrong.\n"
    "Does a text from a friend arrive? If not, ask the carrier about the line.\n"
    "If you ever answered STOP to these texts, send START to the same number.",
    "advice.sms.recipient_blocked": "If you ever answered STOP, send START to the same number.\n"
    "Look at the list of blocked numbers in the phone, and at apps that filter texts.\n"
    "Ask the carrier whether it blocks texts from businesses for your number.",
    "advice.sms.recipient_blocked.CN": "Ask the carrier to take your number off its blacklist for business "
    "texts, or to switch off the shield against them.",
    "advice.sms.mailbox_full": "The phone or its SIM has no room for more texts: delete some, then test again.",
    # -- calls
    "advice.voice.delivered": "The call was taken. If that was not you: look at call forwarding and at other "
    "phones on the same number.",
    "advice.voice.sent": "The call was placed, and nobody has said yet what became of it. Wait a minute, then "
    "ask again.",
    "advice.voice.no_proof_in_time": "Check that the phone is on, has a signal, and that it rang at all.\n"
    "If it rang, this is about receipts, which need the public URL: let your administrator run tocsin doctor.",
    "advice.voice.not_delivered": "Check that the phone is on, has a signal, and can be called by a friend.\n"
    "Was the number moved to another carrier lately? Calls can get lost for some days: ask the carrier.\n"
    "Look at the list of blocked numbers, and at apps that silence unknown or suspicious callers.",
    "advice.voice.recipient_unreachable": "Check the number in the manifest: with its country code, no digit "
    "wrong.\n"
    "Check that the phone is on and has a signal, and that incoming calls are not barred, abroad above all.",
    "advice.voice.recipient_blocked": "Look at the list of blocked numbers, and at apps that reject unknown "
    "callers.\n"
    "Save our numbers as a contact (/toc vcard), so that the phone knows who calls.",
    "advice.voice.recipient_blocked.CN": "Ask the carrier to switch off its shield against harassing calls for "
    "your number.",
    "advice.voice.answered_by_machine": "Voicemail took the call, so nobody could press a key. Was the phone "
    "off, out of reach, or did it reject the call by itself?\n"
    "Save our numbers as a contact and let it through Do Not Disturb (/toc vcard).\n"
    "Turn off services that answer or screen calls for you, such as Call Screen or a carrier's assistant.",
    "advice.voice.busy": "The line was engaged: end the other call and test again; call waiting lets a second "
    "one in.\n"
    "Some phones say engaged when they reject a call: look at blocked numbers and Do Not Disturb (/toc vcard).",
    "advice.voice.no_answer": "Did it ring? If not: save our numbers as a contact and let it through Do Not "
    "Disturb (/toc vcard).\n"
    "Turn off the setting that silences unknown callers.\n"
    "Look at call forwarding, and at a watch or headset that may ring instead.",
    "advice.voice.no_answer.US": "Carriers and phones label unknown business numbers as spam and silence them: "
    "the contact helps, and your administrator can register the numbers with the vendor (STIR/SHAKEN, branded "
    "calling).",
    "advice.voice.mailbox_full": "Voicemail took the call, and it is full. Turn voicemail off for this number, "
    "or empty it.",
    # -- mail
    "advice.email.delivered": "The mail server took it. Look in the spam folder, in other tabs of the inbox, "
    "and at rules that move mail away.",
    "advice.email.sent": "The mail server took it, which is the last that anybody tells. Look in the spam "
    "folder, in other tabs of the inbox, and at rules that move mail away.\n"
    "Mark it as no spam, and add the sender to your contacts.\n"
    "If it is nowhere, your company's mail gateway may hold it: ask whoever runs mail.",
    "advice.email.not_delivered": "Check the address in the manifest.\n"
    "Ask whoever runs your mail whether the gateway refused it: SPF, DKIM and DMARC of the sending domain.",
    "advice.email.recipient_unreachable": "Check the address in the manifest: does a mail from elsewhere arrive "
    "there?\n"
    "A list or a group may refuse mail from outside: ask whoever runs it.",
    "advice.email.recipient_blocked": "Take the sender off your blocked senders, and mark its mail as no spam.\n"
    "Ask whoever runs your mail whether the gateway blocks the sender.\n"
    "A bounce or a complaint may have put you on the vendor's suppression list: your administrator can take you "
    "off it.",
    "advice.email.mailbox_full": "The mailbox is full: make room, then test again.",
    # -- direct messages
    "advice.im.delivered": "The platform shows it. Look at the bot's direct messages, also among hidden and "
    "archived ones.\n"
    "Check that the app may notify: the platform's own schedule, its Do Not Disturb, and the phone's settings.",
    "advice.im.sent": "The platform shows it. Look at the bot's direct messages, also among hidden and archived "
    "ones.\n"
    "Check that the app may notify: the platform's own schedule, its Do Not Disturb, and the phone's settings.",
    "advice.im.not_delivered": "Is the account the right one, and still active? /toc doctor shows how you are linked.",
    "advice.im.recipient_unreachable": "Write to the bot once, so that it may write to you; if you blocked it, "
    "unblock it.\n"
    "Link the account again: send link here, and its code there.",
    "advice.im.recipient_blocked": "Unblock the bot, and write to it once.",
    "advice.im.chat_unreachable": "Write to the bot once, so that it may write to you; if you removed or "
    "blocked it, bring it back.\n"
    "An administrator of the platform may have restricted the app: let your administrator run tocsin doctor.",
    # -- whatever the medium
    "advice.any.sender_refused": "The vendor does not let our sender reach you. That is for your administrator: "
    "the sender, its registration, and the countries that the account may reach, at the vendor; then tocsin "
    "doctor.",
    "advice.any.template_refused": "The approved template does not fit what was sent. That is for your "
    "administrator: the template, its variables and their lengths, at the vendor.",
    "advice.any.no_balance": "The vendor's account is empty. That is for your administrator: top it up, or add "
    "another vendor.",
    "advice.any.auth_broken": "Tocsin's own access is refused. That is for your administrator: tocsin doctor "
    "says which credentials.",
    "advice.any.quota_used_up": "This month's quota is used up; Critical pages still go out unless the quota is "
    "hard. That is for your administrator: tocsin quota.",
    "advice.any.no_vendor_for_region": "No vendor that is set up reaches the country of this number. That is for your "
    "administrator: tocsin doctor names the vendors of each region.",
    "advice.any.platform_not_configured": "Nobody carries this medium here. That is for your administrator: "
    "platforms in the manifest.",
    "advice.any.no_address": "No address is known: ask for it to be added to your entry in the manifest.",
    "advice.any.expired": "It waited too long to be sent. Is a worker running, and is the vendor up? That is "
    "for your administrator: tocsin doctor.",
    "advice.any.timeout": "The vendor did not answer in time; it may have arrived all the same. Test again in "
    "some minutes.",
    "advice.any.rate_limited": "Too much went out at once. Test again in a minute.",
    "advice.any.outage": "The vendor or the way to it is down; nothing is wrong with your phone or account. "
    "Test again later; until then other media take over. Your administrator sees more in tocsin doctor.",
    "advice.any.queued": "It is still on its way. Ask again in a minute.\n"
    "If it stays so, no worker is running, or it is not told to: that is for your administrator.",
    "advice.any.other": "Test again. If it fails again, tell your administrator this reason, and let them run "
    "tocsin doctor.",
    # -- tests
    "trial.later": "In a minute, ask what became of it: /toc test last",
    "trial.none": "There has been no test yet. Ask for one: /toc test",
    "trial.head": "Your test of {at}:",
    "trial.queued": "{way}: still on its way",
    "trial.sent": "{way}: taken; nobody has said yet that it arrived",
    "trial.accepted": "{way}: taken. If you do not see it:",
    "trial.delivered": "{way}: arrived. If you do not see it:",
    "trial.failed": "{way}: failed, {why}. Check next:",
    "trial.step": "- {step}",
    "failure.quota_used_up": "this month's quota is used up",
    "failure.no_vendor_for_region": "no vendor reaches that country",
    "failure.vendors_exhausted": "every vendor failed",
    "failure.template_refused": "the approved template does not fit",
}
