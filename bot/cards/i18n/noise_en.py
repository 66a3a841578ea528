"""What is said about noise: silences, alerts that come and go, storms, likeness, in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "entry.silence_ended": "{member} paged by {way} at level {level}: a silence ended and it still fires",
    "entry.silence_ended.i_new": "a silence ended, and an alert that it hid still fires",
    "entry.silence_ended.a_merge": "a silence ended: an alert that it hid joined",
    "entry.inhibition_over": "{member} paged by {way} at level {level}: what explained it is over, and it still fires",
    "entry.inhibition_over.i_new": "an alert still fires although what explained it is over",
    "entry.inhibition_over.a_merge": "an alert joined that another one had explained until now",
    "entry.flapping_mute_over": (
        "{member} paged by {way} at level {level}: it was quiet for coming and going, and fires"
    ),
    "entry.flapping_mute_over.i_new": "an alert that was quiet for coming and going still fires",
    "entry.flapping_mute_over.a_merge": "an alert joined that was quiet for coming and going",
    "entry.flapping": "an alert comes and goes: {alert_key}",
    "entry.flapped": "an alert is back moments after it recovered: everything goes on where it stood",
    "entry.alike": "another alert joined by likeness {score}: {fields}",
    "entry.storm": "{member} paged by {way} at level {level}: a storm of alerts",
    "entry.storm.i_storm": "a storm: {count} alerts",
    "entry.group_full": "it holds {count} alerts and takes no more: a new incident goes on",
    "entry.window_over": "the time for collecting is over with {count} alerts: a new incident goes on",
    "why.silence_ended": "You are paged because a silence ended and it still fires: level {level}.",
    "why.inhibition_over": "You are paged because it still fires although what explained it is over: level {level}.",
    "why.flapping_mute_over": (
        "You are paged because it was quiet for coming and going, and still fires: level {level}."
    ),
    "why.storm": "You are paged again because it has become a storm of alerts: level {level}.",
    "digest.title": "Alert storm: {count} alerts, the first: {title}",
    "entry.digest": "another alert of the storm is counted here",
    "entry.digest.i_new": "the channel drowns: what would be one more incident is counted here",
    "mark.digest": "each of its alerts would have been an incident of its own",
    "fact.marks": "Marks",
    "mark.novel": "never seen before",
    "mark.flapping": "comes and goes",
    "mark.storm": "storm of {n} alerts and more",
    "mark.silence_ended": "a silence ended and it still fired",
    "mark.inhibition_over": "what explained it was over and it still fired",
    "mark.flapping_mute_over": "was quiet for coming and going",
    "reply.silenced": (
        "Quiet until {until}: new alerts with {what} in {channel} page nobody. {count} are hidden now. "
        "Whatever still fires then pages somebody. To end it: unsilence {id}"
    ),
    "reply.silence_changed": (
        "The same silence ends at {until} now: {what} in {channel}. {count} alerts are hidden. To end it: "
        "unsilence {id}"
    ),
    "reply.silence_where": "Nothing was silenced: say in which channel, with in <channel>. There are {known}.",
    "reply.silence_empty": "Nothing was silenced: say which alerts, such as #142 or severity=Info service=web.",
    "reply.silence_unread": "Nothing was silenced: {word} cannot be read ({why}).",
    "reply.silence_too_long": (
        "Nothing was silenced: a quick silence lasts at most {days} days. Declare a longer one in the manifest."
    ),
    "reply.unsilenced": "Silence {id} is over. {count} alerts were hidden; whatever still fires pages somebody now.",
    "reply.silence_declared": "Nothing was changed: the manifest declares silence {id}. Take it out there.",
    "reply.no_such_silence": "There is no silence {id}. Ask for the list with silences.",
    "silences.none": "Nothing is silenced.",
    "silences.row": "{id}: {what} in {channel} until {until}, by {who}, hides {count}",
    "silences.row_idle": "{id}: {what} in {channel}, not now",
    "silences.row_declared": "{id}: {what} in {channel} until {until}, declared, hides {count}",
    "silences.reason": "{row}. {reason}",
    "similar.none": "Nothing like {ref} among the last closed incidents of its channel.",
    "similar.title": "Like {ref}",
    "similar.row": "#{num} {title}: {score} ({fields}), closed {at} after {span}",
    "help.silence": "hide what is like an incident, or fits a filter, for a while",
    "help.silences": "what is silenced, until when, and how much it hides now",
    "help.unsilence": "end a silence now",
    "help.similar": "closed incidents that were like this one",
}
