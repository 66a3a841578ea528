"""What is said about shifts that people give, take and swap in chat, in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "action.take": "Take it",
    "shift.row": "{n}. {row}",
    "oncall.override": "{who} ({role}, override) until {at}",
    "overrides.none": "There is no override made in chat, and nobody asks for cover.",
    "overrides.row": "{id}: {schedule} ({role}): {who} from {start} to {end} ({zone}), by {by}",
    "overrides.wanted": "{id}: {schedule} ({role}): {by} asks for cover from {start} to {end} ({zone})",
    "reply.override_made": "{name} is on call for {schedule} ({role}) from {start} to {end} ({zone}), and is told. "
    "To end it: unoverride {id}",
    "reply.override_mine": "You are on call for {schedule} ({role}) from {start} to {end} ({zone}). "
    "To end it: unoverride {id}",
    "reply.override_ended": "That override of {schedule} is over: who is on call follows the schedule again.",
    "reply.override_unreachable": "Nothing was changed: {name} cannot be reached in any way, and so cannot be on call.",
    "reply.override_declared": "Nothing was changed: the manifest declares that override. Take it out there.",
    "reply.no_such_override": "There is no override {id} that could be ended. Ask for the list with overrides.",
    "reply.which_schedule": "Nothing was changed: say for which schedule. There are: {known}.",
    "reply.which_schedule.bare": "Nothing was changed: say for which schedule.",
    "reply.no_schedule_of_that_name": "Nothing was changed: there is no schedule {name}. There are: {known}.",
    "reply.no_such_role": "Nothing was changed: there is no role {name} in that schedule. There are: {known}.",
    "reply.no_such_shift": "You have no shift with the number {word}. Send `me` for their numbers.",
    "reply.cover_asked": "Asked {who} to take {schedule} ({role}) from {start} to {end} ({zone}). "
    "Until somebody does, it is yours.",
    "reply.cover_asked.bare": "The others of {schedule} were asked. Until somebody takes it, it is yours.",
    "reply.cover_nothing": "Nothing was changed: you are not on call from {start} to {end} ({zone}).",
    "reply.cover_nobody": "Nobody was asked: nobody else of {schedule} could take it. Try: override {schedule} @person "
    "<from> <to>",
    "reply.cover_waits": "Nobody was asked again: you wait already for somebody to take {schedule} ({role}) from "
    "{start} to {end} ({zone}). To ask anew: unoverride {id}",
    "reply.cover_taken": "You are on call for {schedule} ({role}) from {start} to {end} ({zone}). {by} is told.",
    "reply.cover_taken.bare": "You are on call for {schedule} ({role}) from {start} to {end} ({zone}).",
    "reply.swap_taken": "You are on call for {schedule} ({role}) from {start} to {end}, and {by}, who is told, from "
    "{start_back} to {end_back} ({zone}).",
    "reply.cover_gone": "Nothing was changed: somebody has taken it already.",
    "reply.cover_gone.who": "Nothing was changed: {who} has taken it already.",
    "reply.cover_own": "It is yours unless somebody else takes it.",
    "reply.cover_over": "Nothing was changed: that shift is over, or nobody wants it taken any more.",
    "reply.swap_asked": "Asked {who} to swap: they take {schedule} ({role}) from {start} to {end} ({zone}), "
    "and you take their next shift. Until somebody agrees, nothing changes.",
    "reply.swap_asked.bare": "The others of {schedule} were asked to swap. Until somebody agrees, nothing changes.",
    "reply.swap_nothing": "Nothing was changed: there is no other shift of {schedule} to swap it for.",
    "reply.swap_not_asked": "Nothing was changed: somebody else was asked to swap.",
    "reply.bad_window": "Nothing was changed: {word} has no clear beginning and end. Write 2h, 18:00 22:00, or "
    "tomorrow 9:00 to fri 18:00.",
    "reply.time_past": "Nothing was changed: {word} begins in the past.",
    "reply.time_twice": "Nothing was changed: the clocks go back that day, and {word} comes twice. Add the offset, "
    "as in {example}.",
    "reply.time_skipped": "Nothing was changed: the clocks go forward that day, and {word} does not exist.",
    "reply.window_backward": "Nothing was changed: {word} ends before it begins.",
    "reply.window_too_long": "Nothing was changed: an override made in chat lasts at most {days} days. Declare a "
    "longer one in the manifest.",
    "tell.override": "{name} has put you on call for {schedule} ({role}) from {start} to {end} ({zone}). "
    "To end it: unoverride {id}",
    "tell.covered": "{name} is on call instead of you for {schedule} ({role}) from {start} to {end} ({zone}).",
    "tell.swapped": "{name} swaps with you: they take {schedule} ({role}) from {start} to {end}, and you are on call "
    "from {start_back} to {end_back} ({zone}).",
    "tell.ended": "{name} has ended the override of {schedule} ({role}) from {start} to {end} ({zone}).",
    "cover.ask": "{name} asks for cover: {schedule} ({role}) from {start} to {end} ({zone}). To take it: take {id}",
    "swap.ask": "{name} offers to swap: you take {schedule} ({role}) from {start} to {end}, and {name} takes yours "
    "from {start_back} to {end_back} ({zone}). To agree: take {id}",
    "help.override": "put somebody on call, whatever the schedule says",
    "help.take": "put me on call; or take the shift that somebody gives away",
    "help.cover": "ask the others of my schedules to take my shift",
    "help.swap": "offer a shift of mine for somebody's next one",
    "help.overrides": "who was put on call in chat, and who asks for cover",
    "help.unoverride": "end an override or a request for cover",
}
