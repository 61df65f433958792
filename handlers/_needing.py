"""The forms for needs of a meeting in person, and what their values mean (conversation §5.2, f_needs)."""

from __future__ import annotations

from chat.form import ChoiceField, Field, Form, Option, TextField
from chat.message import Button, Message, Press, row, rows
from chat.text import Bold, Text, When, say
from handlers._welcome import go
from storage import needs
from storage.meetings import Meeting
from storage.needs import ACCESS_MAX, DIET_MAX, DIETS, EMERGENCY_MAX, Given

YES, NO = "y", "n"
DIET_OF = {"0": "none", "v": "vegetarian", "g": "vegan", "h": "halal", "k": "kosher"}
"""Diets by one character: in an interview the answers to a sensitive form ride in the button data."""
TEXTS = ("diet_other", "access", "emergency")
"""Answers in own words; an interview asks each on a form of its own, because nothing typed is kept on the way."""


def when_deleted(meeting: Meeting) -> When:
    """Say on which day the answers are deleted, in the reader's zone."""
    return When(needs.delete_on(meeting), meeting.zone, part="date")


def _text(name: str, *, required: bool) -> TextField:
    label = {"diet_other": "nd_diet_other", "access": "nd_access", "emergency": "nd_emergency"}[name]
    most = {"diet_other": DIET_MAX, "access": ACCESS_MAX, "emergency": EMERGENCY_MAX}[name]
    return TextField(id=name, label=say(label), required=required, max=most, long=name == "access")


def whole_form(meeting: Meeting) -> Form:
    """Build the form: consent with the day of deletion, visa letter, diet, and on a modal the answers in own words."""
    fields: tuple[Field, ...] = (
        ChoiceField(
            id="consent",
            label=say("nd_consent", delete_on=when_deleted(meeting)),
            options=(Option(YES, say("nd_agree")),),
        ),
        ChoiceField(
            id="visa",
            label=say("nd_visa"),
            required=False,
            options=(Option(YES, say("b_yes")), Option(NO, say("b_no"))),
        ),
        ChoiceField(
            id="diet",
            label=say("nd_diet"),
            required=False,
            options=tuple(Option(each, say(f"nd_diet_{name}")) for each, name in DIET_OF.items()),
        ),
        *(_text(each, required=False) for each in TEXTS),
    )
    intro = say("inperson_needs", meeting_title=meeting.title, delete_on=when_deleted(meeting))
    return Form("needs", say("nd_title"), (fields,), intro=(intro, "\n", say("nd_empty")), sensitive=True, review=False)


def text_form(name: str) -> Form:
    """Build the form of one answer in own words."""
    return Form("needtext", say("nd_title"), ((_text(name, required=True),),), sensitive=True, review=False)


def given(values: dict[str, str]) -> Given:
    """Give what the values of either form say; an answer left empty changes nothing."""
    visa, diet = values.get("visa", ""), DIET_OF.get(values.get("diet", ""), "")
    return Given(
        visa_letter=visa == YES if visa else None,
        diet=values.get("diet_other", "") or diet or None,
        access=values.get("access", "") or None,
        emergency=values.get("emergency", "") or None,
    )


def card(meeting: Meeting, text: str, *, whole: bool = False) -> Message:
    """Draw what a member may do with what they told; the answers themselves are never shown again.

    Where the `whole` form is one screen, answers in own words need no buttons of their own.
    """
    lines: tuple[Text, ...] = (
        Bold(meeting.title),
        say(text),
        say("nd_until", delete_on=when_deleted(meeting)),
    )
    own = (
        ()
        if whole
        else tuple(
            Button(say(label), Press("needs", meeting.key, "", name))
            for label, name in (("b_nd_access", "access"), ("b_nd_diet", "diet_other"), ("b_nd_emergency", "emergency"))
        )
    )
    change = Button(say("b_edit"), Press("needs", meeting.key, "", "form"))
    gone = Button(say("b_nd_delete"), Press("needs", meeting.key, "", "delete"))
    return Message(lines, rows(row(change, gone), own, row(go("home", "home"))), protect=True)


def diet_line(counted: dict[str, int]) -> Text:
    """Write the totals of diets: never a name."""
    labels = {**{each: f"nd_diet_{each}" for each in DIETS}, needs.OTHER: "nd_diet_other"}
    parts: list[Text] = []
    for key, people in counted.items():
        parts += [say("nd_diet_n", diet=say(labels[key]), n=people), " · "]
    return say("nd_diets", diets=tuple(parts[:-1]))
