"""Screens people open: home, the organisers' desk, help."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "s_home_of": "{community} · Home",
    "s_waiting": "Waiting for you",
    "s_nothing_waits": "Nothing waits for you.",
    "s_more_wait": ("One more thing waits.", "{n} more things wait."),
    "s_todo": "To do: {n}",
    "s_reply_by": "Reply by {when}: {title}",
    "s_questions_about": "Questions about {title}",
    "s_next": "Next meetings",
    "s_messages": "Messages: {chat} · {language} · {zone} · quiet {start}–{end}",
    "s_desk_of": "{community} · Organiser desk",
    "s_meetings": "Meetings",
    "s_counts": "yes {yes}, maybe {maybe}, no {no}, no reply {none}",
    "s_help": "What I can do for you",
    "s_help_all": "All commands",
    "s_help_words": "Other words: {words}",
    "s_tap_reply": "Please tap your reply; typed text is not saved.",
    "s_about": "I am the assistant of {community}: invitations, replies, reminders and short surveys.",
    "s_programme": "Programme: {programme}",
    "s_responsible": "Responsible: {controller}",
    "s_contact": "Contact: {contact}",
    "funding_line": "Funded by the European Union",
    "h_home": "What waits for you, what comes next",
    "h_desk": "Your meetings and what to do",
    "h_help": "These lines; help and a word explains that word",
    "h_about": "Who runs this assistant",
}
