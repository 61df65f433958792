"""The eight questions after a meeting (`fb_meeting_v1`, domain 5.1) and their totals."""

from __future__ import annotations

from collections import Counter

from chat.form import ChoiceField, Field, Form, Option, TextField
from chat.text import Bold, Text, When, say
from handlers._reminding import feedback_closes
from storage.meetings import Meeting

COMMENT_MAX = 600
SCALE = tuple(Option(str(each), str(each)) for each in range(1, 6))
SPOKE_NOT = Option("0", say("fb_silent"))
CONTACTS = tuple(Option(each, say(f"fb_contacts_{each}")) for each in "abcd")
USES = tuple(Option(each, say(f"fb_use_{each}")) for each in "ymn")
ORDER = {"F4": "abcd", "F5": "123450", "F6": "ymn"}
GOOD = ("4", "5")
"""Ratings that count as satisfied (indicators of the domain)."""


def closes(meeting: Meeting) -> When:
    """Say until when the questions are open."""
    return When(feedback_closes(meeting), meeting.zone)


def questions(meeting: Meeting) -> Form:
    """Build the form; option values are single characters, so that answers can ride in button data."""
    organisation = {"online": "fb_F7_online", "in_person": "fb_F7_room"}.get(meeting.format, "fb_F7_both")
    fields: tuple[Field, ...] = (
        ChoiceField(id="F1", label=say("fb_F1"), options=SCALE, scale=True),
        ChoiceField(id="F2", label=say("fb_F2"), options=SCALE, scale=True),
        ChoiceField(id="F3", label=say("fb_F3"), options=SCALE, scale=True),
        ChoiceField(id="F4", label=say("fb_F4"), options=CONTACTS),
        ChoiceField(id="F5", label=say("fb_F5"), options=(*SCALE, SPOKE_NOT), scale=True),
        ChoiceField(id="F6", label=say("fb_F6"), options=USES),
        ChoiceField(id="F7", label=say(organisation), options=SCALE, scale=True, required=False),
        TextField(id="F8", label=say("fb_F8"), long=True, required=False, max=COMMENT_MAX),
    )
    intro = say("fb_intro", feedback_close=closes(meeting))
    return Form("feedback", say("fb_title"), (fields,), submit=say("b_send"), intro=intro, sensitive=True)


def comment_form(meeting: Meeting) -> Form:
    """Build the form of a comment alone; it is kept apart from the ratings."""
    field = TextField(id="F8", label=say("fb_F8"), hint=say("fb_erased"), long=True, max=COMMENT_MAX)
    return Form("comment", say("fb_title"), ((field,),), submit=say("b_send"), sensitive=True, review=False)


def total_lines(meeting: Meeting, totals: dict[str, Counter[str]]) -> list[Text]:
    """Write the totals, one question a line; what an answer means stands in the question."""
    lines: list[Text] = [Bold(satisfied(totals))]
    labels = {"F7": {"online": "fb_F7_online", "in_person": "fb_F7_room"}.get(meeting.format, "fb_F7_both")}
    for key, counted in totals.items():
        parts: list[Text] = []
        for value in ORDER.get(key, "12345"):
            if counted[value]:
                parts += [_value(key, value), f": {counted[value]}", " · "]
        if parts:
            lines.append((say(labels.get(key, f"fb_{key}")), "\n", *parts[:-1]))
    return lines


def satisfied(totals: dict[str, Counter[str]]) -> Text:
    """Say how many found the meeting useful, of how many who answered."""
    given = totals["F1"]
    return say("fb_satisfied", good=sum(given[each] for each in GOOD), n=sum(given.values()))


def _value(key: str, value: str) -> Text:
    if key == "F4":
        return say(f"fb_contacts_{value}")
    if key == "F6":
        return say(f"fb_use_{value}")
    return say("fb_silent") if value == "0" else value
