"""Messages that are sent: invitations, reminders, questions after a meeting."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "welcome_consent": (
        "Welcome, {first_name}. I am the assistant of {community_name}: invitations, reminders, memos, "
        "short surveys.\n"
        "{controller_name} keeps your name, organisation, language, time zone and replies. Details: "
        "{privacy_link}\n"
        "Please never send personal data of migrants or returnees here.\n"
        "Do you agree to receive messages in this chat? You can stop at any time: {cmd_stop}"
    ),
    "invitation": (
        "Hello {first_name}, you are invited to “{meeting_title}” ({community_name}).\n"
        "When: {when_local}\n"
        "Where: {place}\n"
        "Please reply by: {rsvp_deadline}"
    ),
    "rule_note": (
        "This meeting follows the Chatham House Rule: use what you hear, but do not say who said it or who was there."
    ),
    "rsvp_nudge": (
        "A short reminder, {first_name}: we do not have your reply for “{meeting_title}” ({when_local}) "
        "yet. One tap is enough. Deadline: {rsvp_deadline}"
    ),
    "confirmation": (
        "Thank you, {first_name}. Your place is confirmed for “{meeting_title}”.\n"
        "When: {when_local}\n"
        "Where: {place}\n"
        "To change your reply at any time: {cmd_my}"
    ),
    "decline_ack": (
        "Thank you for letting us know, {first_name}. If a colleague can come instead, please tap “Send a delegate”."
    ),
    "reminder_7d": (
        "One week to go: “{meeting_title}”, {when_local}.\n"
        "Where: {place}\n"
        "Agenda and reading: {agenda_link}\n"
        "If your plans have changed, please update your reply below."
    ),
    "reminder_1d": (
        "Tomorrow: “{meeting_title}”, {when_local}.\n"
        "Where: {place}\n"
        "Access: {join_info}\n"
        "Questions: {organiser_contact}\n"
        "Please do not forward these details."
    ),
    "reminder_1h": ("“{meeting_title}” starts in one hour.\nAccess: {join_info}\nSee you soon, {first_name}."),
    "reminder_day": (
        "Today: “{meeting_title}”, {when_local}.\n"
        "Where: {place}\n"
        "Contact on site: {organiser_contact}\n"
        "We look forward to seeing you, {first_name}."
    ),
    "feedback_request": (
        "Thank you for taking part in “{meeting_title}”. Would you answer a few short questions (about "
        "two minutes)? Answers are kept without your name. Open until: {feedback_close}"
    ),
    "feedback_thanks": (
        "Thank you. Your answers help us prepare the next meeting. We will share the overall results with the group."
    ),
    "pii_warning": (
        "Your message seems to contain personal data (such as a name, phone or file number), so it was "
        "not saved. Please write it again without details of any person."
    ),
    "not_for_individuals": (
        "This service is for professionals and cannot help with individual cases. For information or "
        "help, please contact: {public_contact}"
    ),
    "error": (
        "Sorry, that did not work and nothing was changed. Please try again in a few minutes. If it "
        "happens again, write to {organiser_contact}. Reference: {error_ref}"
    ),
    "memo": (
        "The internal memo “{memo_title}” is ready: {memo_link}\n"
        "It is for participants only. Please do not publish or forward it."
    ),
    "ack_request": (
        "Have you read “{memo_title}”? Please tap “I have read it”. Deadline: {ack_deadline}\n"
        "Something wrong? Tap “Suggest a correction”."
    ),
    "webinar_open": (
        "Public webinar: “{webinar_title}”.\n"
        "When: {when_local}\n"
        "Free and open to all. Register: {register_link}\n"
        "{funding_line}"
    ),
    "webinar_registered": (
        "You are registered for “{webinar_title}”.\n"
        "When: {when_local}\n"
        "We will send the link one day before. The webinar will be recorded; you may keep your camera off.\n"
        "To cancel: {cmd_my}"
    ),
    "webinar_link": (
        "Your link for “{webinar_title}” ({when_local}): {join_link}\n"
        "Please do not share it. Others can register here: {register_link}"
    ),
    "webinar_recording": (
        "The recording and slides of “{webinar_title}” are online: {recording_link}\n"
        "Thank you for your interest.\n"
        "{funding_line}"
    ),
    "publication_out": ("New publication: “{publication_title}”.\nRead it here: {publication_link}\n{funding_line}"),
}
