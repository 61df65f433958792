"""Feedback after a meeting: the eight questions, what is said around them, and totals."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "fb_title": "Feedback",
    "fb_intro": (
        "Organisers cannot see who wrote this. Whoever runs the server could until {feedback_close}. Your words may "
        "identify you. Answers cannot be changed after sending."
    ),
    "fb_F1": "How useful was the meeting for you? (1 not at all, 5 very)",
    "fb_F2": "How relevant was the topic to your work? (1 not at all, 5 very)",
    "fb_F3": "I learned something I can use. (1 disagree, 5 agree)",
    "fb_F4": "Did you make or strengthen useful contacts?",
    "fb_F5": "I felt able to speak openly. (1 disagree, 5 agree)",
    "fb_F6": "Will you use something from it in the next three months?",
    "fb_F7_online": "How was the technology? (1 poor, 5 very good)",
    "fb_F7_room": "How were venue and logistics? (1 poor, 5 very good)",
    "fb_F7_both": "How was the organisation: technology, venue, logistics? (1 poor, 5 very good)",
    "fb_F8": "One thing to keep, one thing to change, next topic? No names, please.",
    "fb_silent": "I did not wish to speak",
    "fb_contacts_a": "None",
    "fb_contacts_b": "1–2",
    "fb_contacts_c": "3–5",
    "fb_contacts_d": "More",
    "fb_use_y": "Yes",
    "fb_use_m": "Maybe",
    "fb_use_n": "No",
    "fb_erased": "I will delete your message from this chat where I can.",
    "fb_later": "I will remind you once more on {date}.",
    "fb_open_until": "These questions are open until {when}.",
    "fb_declined": "You will not be asked again for this meeting.",
    "fb_closed": "These questions closed on {when}.",
    "fb_already": "You have answered these questions. Thank you.",
    "fb_commented": "Your comment was taken in before. One is kept for each person.",
    "fb_kept_apart": "Thank you. Kept apart from your answers.",
    "fb_none_open": "No open questions. Thank you.",
    "fb_waiting": "Open questions",
    "fb_summary_of": "Feedback on {code}: {title}",
    "fb_answers_n": ("{n} person answered the feedback questions", "{n} people answered the feedback questions"),
    "fb_one_tap": "One-tap questions, counted apart:",
    "fb_so_far": "{steps} or more people have answered the feedback questions so far; {asked} were asked.",
    "fb_few_so_far": "Fewer than 5 people have answered the feedback questions so far.",
    "fb_totals_after": "Totals are shown after the close: {when}.",
    "fb_too_few": (
        "Fewer than 5 people answered the feedback questions. Their answers are not shown, so that nobody can be "
        "recognised."
    ),
    "fb_thanks_all": "Thank you to everybody who answered.",
    "fb_satisfied": "Found it useful (4 or 5): {good} of {n}",
    "fb_b_comments": "Comments",
    "fb_comments_of": "Comments on {code}: {n}",
    "fb_no_comments": "Nobody left a comment.",
    "h_feedback": "Your open questions after a meeting",
}
