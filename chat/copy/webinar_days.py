"""Webinars: reminders, the day itself, what follows."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    # reminders
    "wd_week": (
        "Reminder: you are registered for “{webinar_title}”.\nWhen: {when_local}\nWe will send the link one day before."
    ),
    "wd_link_plain": "Your link for “{webinar_title}” ({when_local}): {join_link}\nPlease do not share it.",
    "wd_link_new": "The link for “{webinar_title}” ({when_local}) is now: {join_link}\nPlease use this one.",
    "wd_hour": "“{webinar_title}” starts in one hour.",
    "wd_starts_at": "“{webinar_title}” starts at {time}.",
    "wd_link_follows": "The link to join is not here yet. You get it as soon as we have it.",
    "wd_no_link": "The link to join is missing. Nobody can be sent it before you add it.",
    # the day
    "wd_live": "“{webinar_title}” is on now.",
    "wd_tap": "When you have joined, please tap “I am here”.",
    "wd_here": "You are checked in: {time}.",
    "wd_present": "You are checked in.",
    "wd_too_early": "You can check in from {when} on.",
    "wd_waits": "Webinar “{title}”: {when}",
    # questions
    "wd_q_title": "Ask a question",
    "wd_q_intro": "Your question goes to the moderator. Nobody else sees it.",
    "wd_q_text": "Your question",
    "wd_q_hint": "3 to 600 characters. Please name no other person.",
    "wd_q_named": "Does the moderator see your name?",
    "wd_q_nameless": "No, without my name",
    "wd_q_with_name": "Yes, with my name",
    "wd_q_sent": "Your question is with the moderator, without your name.",
    "wd_q_sent_named": "Your question is with the moderator, with your name.",
    "wd_q_early": "You can ask from {when} on.",
    "wd_q_many": "There are more questions than can be answered. Yours was not kept.",
    "wd_b_another": "Another question",
    "wd_q_list": "Questions: {title}",
    "wd_q_none": "No question waits.",
    "wd_q_more": ("and {n} more", "and {n} more"),
    "wd_q_done": ("{n} question is done", "{n} questions are done"),
    "wd_q_waiting": ("{n} question waits", "{n} questions wait"),
    "wd_q_deleted": "Questions are deleted 30 days after the webinar.",
    # feedback
    "wd_feedback": (
        "Thank you for being at “{webinar_title}”. Two questions and a comment, one minute, without your name. "
        "Open until {feedback_close}."
    ),
    "wd_F1": "How useful was the webinar for you? (1 not at all, 5 very)",
    "wd_fb_thanks": "Thank you. Your answers help us prepare the next webinar.",
    "wd_fb_declined": "You will not be asked again about this webinar.",
    "wd_fb_of": "Feedback on the webinar: {title}",
    "wd_fb_comments": "Comments on {title}: {n}",
    # attendance
    "wd_live_n": ("{n} person was there live ({percent} %)", "{n} people were there live ({percent} %)"),
    "wd_b_questions": "Questions",
    "wd_b_list": "Import a list",
    "wd_b_recording": "Recording",
    "wd_imp_hint": "The participant list of the meeting platform.",
    "wd_imp_found": (
        "{n} registered person is on the list. Nothing is saved yet.",
        "{n} registered people are on the list. Nothing is saved yet.",
    ),
    "wd_imp_unknown": (
        "{n} name belongs to nobody registered, or to several: {names}",
        "{n} names belong to nobody registered, or to several: {names}",
    ),
    "wd_imp_saved": ("Saved: {n} more person was there.", "Saved: {n} more people were there."),
    # recording
    "wd_rec_title": "Recording",
    "wd_rec_q": "Link to the recording",
    "wd_rec_hint": "It starts with https://. The speakers are asked before anybody gets it.",
    "wd_rec_early": "This can be done after the webinar.",
    "wd_rec_no_link": "The link to the recording is missing.",
    "wd_rec_link": "Recording: {link}",
    "wd_rec_agreed": "{agreed} of {n} speakers have agreed.",
    "wd_rec_ready": "The recording can be sent.",
    "wd_rec_silent": "No answer yet: {names}",
    "wd_rec_refused": "Do not agree: {names}",
    "wd_rec_waits": "Not every speaker has agreed. The recording cannot be sent yet.",
    "wd_rec_not_now": "The recording cannot be sent now.",
    "wd_rec_send": "Recording: {title}",
    "wd_rec_due": "The recording is due: {title}",
    "wd_b_rec_link": "Change the link",
    "wd_agree": (
        "You spoke at “{webinar_title}”. This is the recording: {link}\n"
        "Do you agree that everybody can watch it? It is sent only when all speakers agree."
    ),
    "wd_agreed": "You agree. Thank you.",
    "wd_refused": "You do not agree. The recording is not sent.",
    "wd_b_no": "I do not agree",
    "wd_recording_plain": (
        "The recording and slides of “{webinar_title}” are online: {recording_link}\nThank you for your interest."
    ),
    "wd_todo_link": "Webinar “{title}”: the link to the recording is missing",
    "wd_todo_send": "Webinar “{title}”: all speakers agree, the recording can be sent",
    "wd_waits_agree": "Recording of “{title}”: do you agree?",
    # another date, or none
    "wd_form_cancel": "Cancel the webinar",
    "wd_not_now": "This webinar can no longer be changed.",
    "wd_before_after": "Before: {before}\nNew: {after}",
    "wd_reason": "Reason: {reason}",
    "wd_will_cancel": "It will be cancelled.",
    "wd_told": ("{n} person is told now.", "{n} people are told now."),
    "wd_told_page": ("{n} person sees it on their page only.", "{n} people see it on their page only."),
    "wd_b_move": "Change and tell them",
    "wd_b_cancel": "Cancel and tell them",
    "wd_b_keep": "Leave it as it is",
    "wd_changed": "The webinar is changed.",
    "wd_moved": "“{webinar_title}” has a new date.\nBefore: {before}\nNow: {after}",
    "wd_cancelled": "“{webinar_title}” ({when_local}) does not take place.",
    "wd_cal_again": "Please add it to your calendar again; the new entry replaces the old one.",
    "wd_send_moved": "New date of the webinar: {title}",
    "wd_send_cancelled": "Webinar cancelled: {title}",
    "wd_send_reminder": "Reminder of the webinar: {title}",
    "wd_send_feedback": "Questions after the webinar: {title}",
    "wd_send_speaker": "Question to speakers about the recording: {title}",
    "wd_send_organisers": "To those who run the webinar: {title}",
    # report
    "wd_report": "Report on the webinar: {title}",
    "wd_early": "Sent early, because the project ends.",
    "wd_other": "others",
    "wd_no_views": "Views of the recording are not counted here.",
}
