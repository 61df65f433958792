"""Check-in, ticks, imported lists, one-tap questions, files that people send."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    # check-in
    "ci_started": "“{meeting_title}” has started.",
    "ci_soon": "“{meeting_title}” starts at {time}.",
    "ci_tap": "Please check in with one tap.",
    "ci_room": "Enter the code shown in the room.",
    "ci_room_or_online": "In the room, enter the code shown there. If you came online instead, one tap is enough.",
    "b_ci_online": "I am here online",
    "ci_done": "You are checked in, {time}.",
    "ci_recorded": "You are recorded as present.",
    "ci_walk_in": "We had no Yes from you; the organisers see that you are here.",
    "ci_early": "Check-in opens at {when}.",
    "ci_closed": "Check-in closed at {when}.",
    "ci_none": "No meeting is running now. Check-in opens 15 minutes before the start.",
    "ci_over": "This meeting is over.",
    "ci_title": "Check-in",
    "ci_question": "The code shown in the room, four digits",
    "ci_digits": "Please type the four digits of the code.",
    "ci_waits": "Check in to “{meeting_title}”",
    "e_code": (
        "That code does not match. {n} try is left.",
        "That code does not match. {n} tries are left.",
    ),
    "e_code_lock": "Too many tries. Please wait one hour or ask the organisers.",
    # attendance
    "att_title": "Attendance of {code}: {title}",
    "att_counts": (
        "Here {attended} · for a part {partial} · excused {excused} · absent {absent} · no record {unknown}"
    ),
    "att_walk_ins": ("{n} person came without a Yes.", "{n} people came without a Yes."),
    "att_code": "Code of the day: {code}",
    "att_tap": "Tap a number to change that record: here, for a part, excused, absent, none.",
    "att_nobody": "Nobody has replied Yes to this meeting.",
    "att_more": "Only {n} names are listed here. Please import a list for the others.",
    "att_s_attended": "here",
    "att_s_partial": "for a part",
    "att_s_excused": "excused",
    "att_s_absent": "absent",
    "att_s_none": "no record",
    "att_walk_in": "without a Yes",
    "att_closed_n": (
        "Finished. {n} person without a record is now absent.",
        "Finished. {n} people without a record are now absent.",
    ),
    "att_not_yet": "Nobody is recorded as present yet. Please tick names or import a list first.",
    "att_not_over": "The meeting is not over yet.",
    "att_too_early": "Attendance opens at {when}.",
    "att_open": "Attendance of {code} is open",
    "att_todo": ("Attendance of {code}: {n} without a record", "Attendance of {code}: {n} without a record"),
    "b_att_refresh": "Refresh",
    "b_att_new": "New code",
    "b_att_done": "Finish attendance",
    "b_import": "Import a list",
    "b_neither": "None of these",
    "h_checkin": "Check in to the meeting running now",
    "h_meeting_attendance": "Ticks, code of the day, import of a list",
    # import
    "imp_title": "Import a list",
    "imp_file": "Participant list of Zoom, Teams or Webex: CSV or XLSX, at most {max}",
    "imp_hint": "Names are compared with the people invited. The file and unknown names are not kept.",
    "imp_empty": "The list is empty. Nothing was imported.",
    "imp_no_table": "I cannot read this as a list. Please export it again as CSV or XLSX.",
    "imp_no_names": "I found no column with names. Please send the participant list as the platform exports it.",
    "imp_too_long": "I take at most {rows} rows. Nothing was imported.",
    "imp_preview": "Imported list for {code}: {title}",
    "imp_found": ("{n} person found, {partial} for a part.", "{n} people found, {partial} for a part."),
    "imp_unclear": ("{n} name is unclear.", "{n} names are unclear."),
    "imp_unknown": (
        "{n} name is not known and is not imported:",
        "{n} names are not known and are not imported:",
    ),
    "imp_and_more": "and {n} more",
    "imp_which": "Who is “{name}”?",
    "imp_nobody": "Nobody on this list was invited to the meeting. Nothing can be saved.",
    "imp_not_saved": "Nothing is saved before you tap Save.",
    "imp_saved": ("Saved: {n} record is new or changed.", "Saved: {n} records are new or changed."),
    "imp_same": ("{n} stood so before.", "{n} stood so before."),
    "imp_kept": (
        "{n} stays as it was ticked by hand or checked in in the room.",
        "{n} stay as they were ticked by hand or checked in in the room.",
    ),
    "imp_stopped": "Nothing was imported.",
    # files that people send
    "f_file": "I take {kinds} up to {max}. This is {kind}, {size}.",
    "f_file_send": "Please send the file itself in this chat.",
    "e_file_lost": "The file could not be fetched. Nothing was saved. Please send it again.",
    # one tap
    "absent": ("We missed you at “{meeting_title}”. What got in the way? One tap helps us plan better."),
    "followup_90d": (
        "A while ago you took part in “{event_title}”. Have you used something from it in your work? One tap is "
        "enough; the answer is kept without your name."
    ),
    "tap_thanks": "Thank you. Kept without your name.",
    "tap_before": "You have answered before. Thank you.",
    "tap_absent_waits": "We missed you at “{meeting_title}”: what got in the way?",
    "tap_used_waits": "Have you used something from “{meeting_title}”?",
    "tap_absent_totals": ("What got in the way ({n} answer)", "What got in the way ({n} answers)"),
    "tap_used_totals": ("Used something in the work ({n} answer)", "Used something in the work ({n} answers)"),
    "fbr_short": "A short reminder.",
}
