"""Meetings: cards, lists, the form, previews and progress of sends, reminders that differ from the usual ones."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    # cards
    "m_online": "online",
    "m_place_follows": "The place follows.",
    "m_link_follows": "The link follows.",
    "m_passcode": "passcode {code}",
    "m_no_reply": "no reply yet",
    "m_counts": "Yes {yes} · Maybe {maybe} · No {no}",
    "m_counts_all": "Yes {yes} · Maybe {maybe} · No {no} · No reply {none}",
    "m_you_replied": "You replied: {reply}.",
    "m_only_you": "You replied: {reply}. Only you see this.",
    "m_late": "Your tap reached me late. It is saved: {reply}.",
    "m_newer_stands": "A newer reply of yours stands: {reply}.",
    "m_link_day_before": "Your link comes the day before.",
    "m_declined": "Thank you for letting us know, {first_name}.",
    "m_decide_until": "You can decide until {when}.",
    "m_started": "This meeting has started; replies are closed.",
    "m_cancelled": "This meeting was cancelled. There is nothing to do.",
    "m_cancelled_word": "cancelled",
    "m_withdrawn": "This invitation was withdrawn.",
    "m_not_invited": "You are not on the list of this meeting. The organisers can add you.",
    "m_reply_by": "Please reply by: {when}",
    "m_theme": "Theme: {theme}",
    "m_region": "Region: {region}",
    "m_agenda": "Agenda and reading: {link}",
    "m_questions": "Questions: {contact}",
    "m_test_note": "This is a test. Only you see it; its buttons change nothing.",
    "m_test_press": "This was a test. Nothing is saved.",
    "m_reply_waitlisted": "waiting list",
    "m_reply_delegated": "sends a delegate",
    # lists
    "m_coming": "Coming meetings",
    "m_mine": "Your replies",
    "m_all": "All meetings",
    "m_you": "You: {reply}",
    "m_silent": "no reply {n}",
    "m_none_yet": "No meeting is planned yet. You will be invited here.",
    "m_no_replies": "You have not replied to any meeting yet.",
    "m_plan_first": "Plan the first meeting; nothing is sent until you confirm.",
    "m_which": "Which meeting do you mean?",
    "m_none_such": "I know no meeting of that name. Here are all of them.",
    "m_none_planned": "There is no meeting for that at the moment.",
    # states
    "ms_draft": "draft",
    "ms_scheduled": "planned",
    "ms_inviting": "inviting",
    "ms_closed": "replies closed",
    "ms_live": "now",
    "ms_held": "held",
    "ms_memo_issued": "memo issued",
    "ms_archived": "archived",
    "ms_cancelled": "cancelled",
    # the form
    "m_form_new": "New meeting",
    "m_form_edit": "Edit {code}",
    "m_q_format": "Format",
    "m_q_theme": "Theme",
    "m_q_region": "Region",
    "m_q_start": "When does it start?",
    "m_q_start_hint": "Your own time. It is shown back to you before anything is saved.",
    "m_q_length": "How long does it last?",
    "m_q_zone": "Time zone of the host",
    "m_q_title": "Title",
    "m_q_title_hint": "Without a title the theme is taken.",
    "m_q_link": "Link to join",
    "m_q_link_hint": "It may wait until the day before. Only people who reply Yes get it.",
    "m_q_place": "Place",
    "m_q_place_hint": "Needed for a meeting in person: venue and address.",
    "m_q_deadline": "Reply by",
    "m_q_deadline_hint": "Your own time. Without a date: two weeks before, in person 30 days before, at 18:00.",
    "m_q_audience": "Who is invited?",
    "m_everybody": "All active members",
    "m_as_before": "As before",
    "m_length_60": "1 h",
    "m_length_90": "1 h 30",
    "m_length_120": "2 h",
    "m_length_150": "2 h 30",
    "m_length_240": "Half a day (4 h)",
    "m_length_480": "A day (8 h)",
    "m_zone_unknown": "I do not know that place. Please write a larger city or a name such as Europe/Brussels.",
    "m_place_needed": "A meeting in person needs a place.",
    "m_announced": "This meeting is already announced; its time and place cannot be changed here.",
    "m_too_late_to_edit": "This meeting can no longer be edited.",
    "m_saved": "{code} is saved. Nothing has been sent.",
    "m_saved_silently": "{code} is saved. Cards that were sent show the new words; nobody gets a new message.",
    "m_twin": "{code} had this theme and region.",
    "cat_eu_institution": "EU institutions",
    "cat_eu_member_state": "EU Member States",
    "cat_eu_delegation": "EU Delegations",
    "cat_eu_agency": "EU agencies",
    "cat_country_of_origin": "Countries of origin",
    "cat_country_of_transit": "Countries of transit",
    "cat_expert": "Experts",
    "cat_researcher": "Researchers",
    "cat_civil_society": "Civil society",
    "cat_international_organisation": "International bodies",
    "cat_national_authority": "National authorities",
    "cat_municipality": "Municipalities",
    "cat_diaspora_group": "Diaspora groups",
    "cat_reintegration_partner": "Reintegration partners",
    "cat_none": "Others",
    # previews and progress
    "m_send_invitation": "Invitations for {code}: {title}",
    "m_send_nudge": "Reminder to reply for {code}: {title}",
    "m_send_other": "Messages for {code}: {title}",
    "m_people": ("{n} person: {platforms}", "{n} people: {platforms}"),
    "m_languages": "Languages: {languages}",
    "m_first_last": "First: {first}\nLast: {last}",
    "m_all_at": "All at: {first}",
    "m_all_reached": "Not reachable: 0",
    "m_not_reached": ("{n} person is not reached: {reasons}", "{n} people are not reached: {reasons}"),
    "m_not_joined": ("{n} person has not joined yet.", "{n} people have not joined yet."),
    "m_channels": "A card with counts goes to: {channels}",
    "m_no_link_yet": "There is no link yet; it can be added until the day before.",
    "m_nobody": "Nobody matches. Nothing can be sent.",
    "m_they_get": "They get:",
    "m_confirm_within": "Valid for 10 minutes. Nothing is sent before you confirm.",
    "m_changed": "Something changed since this preview.",
    "m_nothing_sent": "Nothing was sent.",
    "m_not_now": "Nothing can be sent for {code} now; its state: {state}.",
    "m_not_sent_yet": "Nothing has been sent yet.",
    "m_count_title": "Number of people",
    "m_count_question": "How many people get the message about {code}? The preview says it.",
    "m_count_wrong": "You typed {typed}; this goes to {n}. Nothing was sent.",
    "m_started_already": "{name} started this at {time}. One send is enough.",
    "m_held": "Planned by {who}. First message: {first}. Until then you can undo.",
    "m_undone": "Undone. Nothing was sent.",
    "m_undo_late": "Sending has begun; it can no longer be undone.",
    "m_sent_of": "Sent {sent} of {n}.",
    "m_platform_line": (
        "{platform}: sent {sent}, waiting {waiting}, unknown {unknown}, failed {failed}, skipped {skipped}"
    ),
    "m_why": "Why not: {reasons}",
    "m_why_paused": "paused",
    "m_why_stopped": "messages are off",
    "m_why_too_late": "no allowed hour before the start",
    "m_started_by": "Started by {who}.",
    "m_too_many": "{n} people. Too many to list here.",
    # status
    "m_category": "{category}: yes {yes} of {n}",
    "m_unreached": ("{n} person could not be reached.", "{n} people could not be reached."),
    "m_next_send": "Next message: {when}",
    # reminders at other moments than the usual ones
    "m_reminder_7d_plain": (
        "One week to go: “{meeting_title}”, {when_local}.\n"
        "Where: {place}\n"
        "If your plans have changed, please update your reply below."
    ),
    "m_reminder_soon": (
        "Coming soon: “{meeting_title}”, {when_local}.\n"
        "Where: {place}\n"
        "If your plans have changed, please update your reply below."
    ),
    "m_reminder_today": (
        "Today: “{meeting_title}”, {when_local}.\n"
        "Where: {place}\n"
        "Access: {join_info}\n"
        "Questions: {organiser_contact}\n"
        "Please do not forward these details."
    ),
    "m_reminder_coming": (
        "Coming soon: “{meeting_title}”, {when_local}.\n"
        "Where: {place}\n"
        "Access: {join_info}\n"
        "Questions: {organiser_contact}\n"
        "Please do not forward these details."
    ),
    "m_reminder_starts_at": ("“{meeting_title}” starts at {time}.\nAccess: {join_info}\nSee you soon, {first_name}."),
    # help
    "h_meetings": "Coming meetings and your replies",
    "h_my": "Your replies, to see and change",
    "h_meetings_list": "All meetings with their states",
    "h_meeting_new": "Plan a meeting; nothing is sent yet",
    "h_meeting_edit": "Change the words of a meeting",
    "h_meeting_preview": "Who gets what, when, and why not",
    "h_meeting_invite": "Send invitations, after a preview",
    "h_meeting_status": "Counts of a meeting, kept up to date",
    "h_meeting_roster": "Names by reply, only in private",
    "h_meeting_nudge": "Remind those who have not replied",
}
