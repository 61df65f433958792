"""Forms: titles, questions, options and what fields say about an answer."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "f_required": "Please answer this question.",
    "f_short": "Please write at least {min} characters.",
    "f_long": "That is {n} characters; at most {max} fit.",
    "f_choice": "Please tap one of the buttons.",
    "f_text_only": "I can only read text and buttons here.",
    "f_number": "Please give a whole number from {min} to {max}.",
    "f_url": "Please give a link that starts with https://.",
    "f_date": "I could not read a date. For example: 20 May 10:00.",
    "f_time": "At what time on {date}?",
    "f_past": "That moment has passed. Please choose a later one.",
    "f_far": "That would be {when}. Is that right?",
    "f_weekday": "{date} is a {weekday}. Which one do you mean?",
    "f_gap": "{time} does not exist in {city} on {date}; clocks go forward.",
    "f_fold": "{time} comes twice in {city} on {date}.",
    "f_deadline": "The reply deadline must be before the start, {when}.",
}
