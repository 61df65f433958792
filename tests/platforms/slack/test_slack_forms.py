"""Forms as modals: every kind of field, what fills them in, and what a refused one answers."""

from __future__ import annotations

import json

import pytest

from bot.platforms.slack._forms import notice, refused, view_of
from chat.form import ChoiceField, Form, MomentField, NumberField, Option, TextField, UrlField
from chat.outbound import Invalid, Open
from chat.text import Reader, say
from handlers._typed_choices import PersonField

READER = Reader(zone="Europe/Lisbon")


def options(count: int) -> tuple[Option, ...]:
    return tuple(Option(f"v{n}", f"Option {n}") for n in range(count))


FORM = Form(
    "f_test",
    "A title of more than twenty-four characters",
    (
        (
            TextField(id="theme", label="Theme <b>", min=3, max=120),
            TextField(id="notes", label="Notes", long=True, required=False, hint="A hint", max=9000),
            UrlField(id="link", label="Link", required=False),
            NumberField(id="seats", label="Seats", min=1, max=5000),
            ChoiceField(id="format", label="Format", options=options(5)),
            ChoiceField(id="zone", label="Zone", options=options(6)),
            MomentField(id="start", label="Start"),
        ),
        (
            ChoiceField(id="rate", label="Rate", options=options(10), scale=True),
            ChoiceField(id="region", label="Region", options=options(3), other=True),
        ),
    ),
    submit=say("b_save"),
    intro="Please *read* this",
)


def by_id(view: dict) -> dict:
    return {block["block_id"]: block for block in view["blocks"] if "block_id" in block}


def test_a_first_page_has_its_intro_and_goes_on_and_the_last_one_saves():
    first, last = view_of(Open(FORM, "d1"), READER), view_of(Open(FORM, "d1", 1), READER)
    assert first["blocks"][0]["type"] == "section"
    assert len(first["title"]["text"]) == 24
    assert (first["submit"]["text"], last["submit"]["text"], first["close"]["text"]) == ("Next", "Save", "Cancel")
    assert json.loads(last["private_metadata"]) == {"draft": "d1", "page": 1}


def test_every_kind_of_field_has_its_element():
    inputs = by_id(view_of(Open(FORM, "d1"), READER))
    kinds = {name: block["element"]["type"] for name, block in inputs.items()}
    assert kinds == {
        "theme": "plain_text_input",
        "notes": "plain_text_input",
        "link": "url_text_input",
        "seats": "number_input",
        "format": "radio_buttons",
        "zone": "static_select",
        "start": "datetimepicker",
    }
    assert inputs["theme"]["element"] | {"x": 0} == {
        "type": "plain_text_input",
        "action_id": "v",
        "multiline": False,
        "min_length": 3,
        "max_length": 120,
        "x": 0,
    }
    assert inputs["notes"]["element"]["multiline"]
    assert inputs["notes"]["element"]["max_length"] == 3000
    assert inputs["notes"]["optional"]
    assert not inputs["theme"]["optional"]
    assert inputs["notes"]["hint"]["text"] == "A hint"
    assert inputs["seats"]["element"]["max_value"] == "5000"
    assert inputs["start"]["label"]["text"] == "Start (your time, Lisbon)"
    assert inputs["theme"]["label"] == {"type": "plain_text", "text": "Theme <b>", "emoji": False}


def test_values_fill_the_form_in():
    values = {
        "theme": "Jobs",
        "seats": "40",
        "format": "v2",
        "zone": "none of these",
        "start": "2026-05-20T08:00:00+00:00",
    }
    inputs = by_id(view_of(Open(FORM, "d1", 0, values), READER))
    assert inputs["theme"]["element"]["initial_value"] == "Jobs"
    assert inputs["seats"]["element"]["initial_value"] == "40"
    assert inputs["format"]["element"]["initial_option"] in inputs["format"]["element"]["options"]
    assert "initial_option" not in inputs["zone"]["element"]
    assert inputs["start"]["element"]["initial_date_time"] == 1779264000


def test_a_scale_is_one_row_and_another_answer_gets_its_own_line():
    inputs = by_id(view_of(Open(FORM, "d1", 1, {"region": "Western Balkans"}), READER))
    assert inputs["rate"]["element"]["type"] == "radio_buttons"
    assert inputs["region"]["optional"]
    assert inputs["region:other"]["element"]["initial_value"] == "Western Balkans"


def test_a_person_who_is_not_in_the_menu_stands_there_by_name():
    person = PersonField(
        id="who", label="Who", options=options(3), known=(("v0", "Option 0"), ("k7", "Zoë Örnek")), other=True
    )
    inputs = by_id(view_of(Open(Form("f", "F", ((person,),)), "d1", 0, {"who": "k7"}), READER))
    assert inputs["who:other"]["element"]["initial_value"] == "Zoë Örnek"


def test_a_form_without_fields_still_has_a_page():
    view = view_of(Open(Form("f_erase", "Erase my data", ((),)), "d1"), READER)
    assert view["blocks"]
    assert view["submit"]["text"] == "Save"


GONE = "I cannot find that here. It may have been removed, or it is not meant for this account."
ASKED = "Please answer this question."


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ({"seats": say("f_required")}, {"seats": ASKED}),
        ({"": say("e_gone"), "theme": say("f_required")}, {"theme": f"{GONE} {ASKED}"}),
        ({"of another page": say("f_required")}, {"theme": ASKED}),
    ],
)
def test_errors_stand_under_their_field_or_the_first_one(errors: dict, expected: dict):
    assert refused(Invalid(errors), ["theme", "seats"], "Title", READER) == {
        "response_action": "errors",
        "errors": expected,
    }


def test_errors_of_a_form_without_fields_become_a_notice():
    answer = refused(Invalid({"": say("e_gone")}), [], "Erase my data", READER)
    assert answer["response_action"] == "update"
    assert answer["view"] == notice("Erase my data", (say("e_gone"),), READER)
    assert "submit" not in answer["view"]
