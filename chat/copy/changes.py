"""Moving, cancelling, reopening and editing a meeting."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "reschedule": (
        "New time for “{meeting_title}”.\n"
        "Before: {old_when}\n"
        "Now: {when_local}\n"
        "Reason: {reason}\n"
        "Does the new time suit you? We are sorry for the change."
    ),
    "cancellation": (
        "We are sorry: “{meeting_title}” ({when_local}) is cancelled.\n"
        "Reason: {reason}\n"
        "You do not need to do anything. Questions: {organiser_contact}"
    ),
    # what members and channels read
    "c_moved_note": (
        "New time for “{meeting_title}”.\n"
        "Before: {old_when}\n"
        "Now: {when_local}\n"
        "Reason: {reason}\n"
        "Your reply stays as it is; you can change it below."
    ),
    "c_place_change": "“{meeting_title}”, {when_local}: something has changed. The time stays.",
    "c_where": "Where: {place}",
    "c_access": "Access: {join_info}",
    "c_reply_stands": "Your reply stays: {reply}.",
    "c_reconfirm_word": "new time to be confirmed",
    "c_reconfirm_nudge": (
        "{first_name}, “{meeting_title}” has a new time: {when_local}.\nPlease tell us whether it suits you."
    ),
    "c_line_moved": "New time: {when_local}. “{meeting_title}”",
    "c_line_cancelled": "Cancelled: “{meeting_title}”, {when_local}.",
    # the form
    "c_q_passcode": "Passcode",
    "c_q_seats": "Seats",
    "c_q_seats_hint": "Empty: 60 online, 40 in person. 0: no limit. Hybrid: seats in the room.",
    "c_q_seats_online": "Seats online (hybrid)",
    "c_q_seats_online_hint": "Only for a hybrid meeting. Empty: 60. 0: no limit.",
    "c_q_per_organisation": "Seats per organisation",
    "c_q_per_organisation_hint": "Empty: 2 online, 1 in person, and their guests. 0: no limit.",
    "c_q_deadline_hint": "Your own time. Empty: two weeks before; in person and hybrid 30 days before, at 18:00.",
    "c_q_online_deadline": "Reply by, online",
    "c_q_online_deadline_hint": "Only for a hybrid meeting. Empty: seven days before, at 18:00.",
    "c_q_guests": "Guests per person",
    "c_q_guests_hint": "Each guest takes a seat. Empty: none.",
    "c_q_rule": "Rule",
    "c_rule_yes": "Chatham House Rule",
    "c_rule_no": "On the record",
    "c_q_moderator": "Moderator",
    "c_q_moderator_hint": "May see the names and check people in, for this meeting only.",
    "c_q_moderator_type": (
        "Whoever is not listed: write a part of the name. May see the names and check people in, for this meeting only."
    ),
    "c_q_profile": "Who is sought?",
    "c_q_profile_hint": "For example: practitioners who run counselling.",
    "c_q_agenda": "Link to agenda and reading",
    "c_q_map": "Link to a map",
    "c_q_phone": "Phone on the day",
    "c_q_phone_hint": "Only people who come see it.",
    "c_q_pack": "Link to practical information",
    "c_q_pack_hint": "Travel, hotels, access. Only people who come see it.",
    "c_q_languages": "Languages spoken",
    "c_q_languages_hint": "Of several, write them all. For example: English, French.",
    "c_language_unknown": "Languages of this community: {names}. Please name one or more of them.",
    "c_languages": "Languages: {names}",
    "c_q_approver": "Who approves the memo?",
    "c_form_practical": "Details for the day",
    "c_seats_line": "Seats: {n}",
    "c_seats_room": "Seats in the room: {n}",
    "c_seats_net": "Seats online: {n}",
    "c_person_unknown": "I know nobody of that name.",
    "c_person_several": "Several people fit: {names}. Which one? Please write more of the name.",
    "c_announced": "This meeting is announced. Its date is changed by “Change the date”; format and audience stay.",
    "c_announced_intro": (
        "This meeting is announced. New words appear silently. A new place or link is told to those who come, after a "
        "preview."
    ),
    "f_seats": (
        "{n} person is confirmed; seats cannot go below that.",
        "{n} people are confirmed; seats cannot go below that.",
    ),
    # two at once
    "c_meanwhile": "While you were editing {code}, {who} changed:",
    "c_difference": "{field} · was {old}, now {new}",
    "c_difference_both": "{field} · was {old}, now {new}; you wrote {mine}",
    "c_save_over": "Save keeps what you wrote where both of you changed the same. Back shows your form again.",
    "c_pending": "{who} has just changed {code}. Please wait two minutes, or undo that change first.",
    # moving and cancelling
    "c_form_move": "Change the date",
    "c_form_cancel": "Cancel the meeting",
    "c_q_new_start": "New start",
    "c_q_reason": "Reason",
    "c_q_reason_hint": "Members will read this.",
    "c_q_ask": "Ask everybody who said Yes again?",
    "c_ask_yes": "Ask again",
    "c_ask_no": "Leave the replies",
    "c_same_time": "That is the time it has now. Please choose another one.",
    "c_head_reschedule": "New date for {code}: {title}",
    "c_head_cancellation": "Cancel {code}: {title}?",
    "c_head_place_change": "News about {code}: {title}",
    "c_before": "Before: {when}",
    "c_now": "Now: {when}",
    "c_new_place": "Place: {value}",
    "c_new_link": "Link: {value}",
    "c_new_passcode": "Passcode: {value}",
    "c_new_map_link": "Map: {value}",
    "c_new_phone": "Phone on the day: {value}",
    "c_new_pack_link": "Practical information: {value}",
    "c_asked_again": (
        "{n} person who said Yes is asked again.",
        "{n} people who said Yes are asked again.",
    ),
    "c_replies_stand": "The replies stay as they are.",
    "c_told_once": ("{n} person is told once: {platforms}", "{n} people are told once: {platforms}"),
    "c_all_at_once": "All at once, two minutes after you confirm.",
    "c_nobody_told": "Nobody has to be told. Nothing is sent.",
    "c_effect": "It takes effect two minutes after you confirm. Until then you can undo it.",
    "c_clash_no_send": "That day is one of your days without messages.",
    "c_clash_weekend": ("For {n} person this is a weekend day.", "For {n} people this is a weekend day."),
    "c_clash_quiet": (
        "For {n} person it begins in their quiet hours.",
        "For {n} people it begins in their quiet hours.",
    ),
    "c_count_question": "How many people are told? The preview says it.",
    "c_kept": "Nothing was changed and nothing was sent.",
    "c_changed": "{code} is changed.",
    "c_cancelled": "{code} is cancelled.",
    "c_not_now": "That is not possible for {code} now; its state: {state}.",
    # reopening
    "c_reopen_ask": "Reopen this meeting? Nobody is told yet; you send the invitations again afterwards.",
    "c_reopen_replies": (
        "Everybody is invited anew: {n} reply is forgotten.",
        "Everybody is invited anew: {n} replies are forgotten.",
    ),
    "c_reopen_past": "The date of {code} has passed. A copy of it can have a new date.",
    "c_reopened": "{code} is planned again. Nothing has been sent.",
    "b_clone": "Make a copy",
    "b_c_date_poll": "Poll for a new date",
    # names of sends
    "d_send_reschedule": "New date for {code}: {title}",
    "d_send_place": "News about {code}: {title}",
    "d_send_cancellation": "Cancellation of {code}: {title}",
    "d_send_reconfirm": "Reminder of the new date of {code}: {title}",
    "d_send_line": "Line in the channels for {code}: {title}",
    # help
    "h_meeting_reschedule": "Change the date, after a preview",
    "h_meeting_cancel": "Cancel a meeting, after a preview",
    "h_meeting_reopen": "Reopen a cancelled meeting",
    "h_meeting_clone": "Plan a meeting like another one",
}
