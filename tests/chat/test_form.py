from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import FieldError
from chat.form import (
    Asking,
    ChoiceField,
    Field,
    Form,
    MomentField,
    NumberField,
    Option,
    TextField,
    UrlField,
)  # fmt: skip
from chat.text import Phrase, Reader, Text, plain, say

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
ASKING = Asking(NOW, "Europe/Brussels", "en", {})
FORMAT = ChoiceField(
    id="format", label="Format", options=(Option("online", say("b_online")), Option("in_person", say("b_in_person")))
)


def key(field: Field, raw: str, asking: Asking = ASKING) -> str:
    with pytest.raises(FieldError) as caught:
        field.clean(raw, asking)
    assert isinstance(caught.value.text, Phrase)
    return caught.value.text.key


def shown(text: Text) -> str:
    return plain(text, Reader(zone="Europe/Brussels"))


def test_an_empty_answer_is_refused_only_where_it_is_required() -> None:
    assert key(TextField(id="t", label="T"), "  \n ") == "f_required"
    assert TextField(id="t", label="T", required=False).clean("   ", ASKING) == ""


def test_text_is_checked_for_length_and_cleaned_of_control_characters() -> None:
    field = TextField(id="t", label="T", min=3, max=10)
    assert key(field, "ab") == "f_short"
    assert key(field, "a" * 11) == "f_long"
    assert field.clean(" a\x00b\u202ec\n ", ASKING) == "abc"
    assert TextField(id="t", label="T", long=True).clean("a\nb", ASKING) == "a\nb"
    assert field.clean("👩‍👩‍👧 عربي", ASKING).endswith("عربي")


@pytest.mark.parametrize(
    ("raw", "good"),
    [
        ("https://example.org/m6?x=1", True), ("https://example.org", True), ("http://example.org", False),
        ("https://user@example.org/", False), ("javascript:alert(1)", False), ("https://localhost/", False),
        ("https://exa mple.org", False), ("https://example.org/" + "a" * 600, False),
    ],
)  # fmt: skip
def test_links_are_https_with_a_host_and_no_user(raw: str, good: bool) -> None:
    field = UrlField(id="u", label="U")
    assert (field.clean(raw, ASKING) == raw) if good else (key(field, raw) == "f_url")


@pytest.mark.parametrize(("raw", "value"), [("12", "12"), ("٤٢", "42"), ("+7", "7"), ("007", "7")])
def test_numbers_may_be_written_with_any_digits(raw: str, value: str) -> None:
    assert NumberField(id="n", label="N").clean(raw, ASKING) == value


@pytest.mark.parametrize("raw", ["-1", "101", "1.5", "many", "²", "9" * 30])
def test_numbers_outside_the_range_are_refused(raw: str) -> None:
    assert key(NumberField(id="n", label="N", min=0, max=100), raw) == "f_number"


def test_a_choice_is_matched_by_value_or_label() -> None:
    assert FORMAT.clean("in_person", ASKING) == "in_person"
    assert FORMAT.clean(" in PERSON ", ASKING) == "in_person"
    assert key(FORMAT, "somewhere") == "f_choice"
    assert shown(FORMAT.show("in_person", ASKING)) == "In person"


def test_an_open_choice_takes_short_other_text() -> None:
    field = ChoiceField(id="region", label="R", options=(Option("wa", "West Africa"),), other=True)
    assert field.clean("South Asia", ASKING) == "South Asia"
    assert key(field, "x" * 121) == "f_choice"
    assert shown(field.show("South Asia", ASKING)) == "South Asia"


def test_a_choice_has_distinct_options() -> None:
    with pytest.raises(ValueError, match="repeat"):
        ChoiceField(id="c", label="C", options=(Option("a", "A"), Option("a", "B")))
    with pytest.raises(ValueError, match="options"):
        ChoiceField(id="c", label="C", options=())


def test_a_moment_is_typed_or_picked_and_kept_in_utc() -> None:
    field = MomentField(id="start", label="S")
    clean = field.clean("20 May 10:00", ASKING)
    assert clean == "2026-05-20T08:00:00+00:00"
    assert field.clean("@1779264000", ASKING) == clean
    assert field.clean(clean, ASKING) == clean
    assert shown(field.show(clean, ASKING)) == "Wed, 20 May 2026, 10:00 (Brussels)"


def test_a_moment_in_the_past_is_refused_where_it_must_come() -> None:
    field = MomentField(id="start", label="S")
    assert key(field, "20 April 2026 10:00") == "f_past"
    assert key(field, "@0") == "f_past"
    assert key(field, "@99999999999999999999") == "f_date"
    assert MomentField(id="s", label="S", future=False).clean("20 April 2026 10:00", ASKING).startswith("2026-04-20")


def test_a_naive_iso_time_is_wall_time_of_the_asker() -> None:
    assert MomentField(id="s", label="S").clean("2026-05-20T10:00", ASKING) == "2026-05-20T08:00:00+00:00"


def test_a_deadline_comes_before_what_it_is_for() -> None:
    field = MomentField(id="deadline", label="D", before="start")
    asking = Asking(NOW, "Europe/Brussels", "en", {"start": "2026-05-20T08:00:00+00:00"})
    assert key(field, "20 May 10:00", asking) == "f_deadline"
    assert field.clean("20 May 9:59", asking) == "2026-05-20T07:59:00+00:00"


@given(st.text(max_size=40))
def test_whatever_is_typed_is_cleaned_to_a_fixed_point_or_explained(raw: str) -> None:
    fields = (
        TextField(id="t", label="T", max=30), NumberField(id="n", label="N"), UrlField(id="u", label="U"), FORMAT,
        MomentField(id="m", label="M", future=False),
    )  # fmt: skip
    for field in fields:
        try:
            value = field.clean(raw, ASKING)
        except FieldError:
            continue
        assert field.clean(value, ASKING) == value


def test_a_page_gives_clean_values_and_explanations_together() -> None:
    form = Form("f_x", "X", ((FORMAT, TextField(id="title", label="T", min=5)), (MomentField(id="s", label="S"),)))
    values, errors = form.check_page(0, {"format": "Online", "title": "abc", "s": "ignored"}, ASKING)
    assert values == {"format": "online"}
    assert [(each, error.key) for each, error in errors.items() if isinstance(error, Phrase)] == [("title", "f_short")]
    assert [each.id for each in form.fields] == ["format", "title", "s"]


def test_a_form_has_one_to_three_pages_and_distinct_fields() -> None:
    with pytest.raises(ValueError, match="repeat"):
        Form("f_x", "X", ((FORMAT,), (FORMAT,)))
    with pytest.raises(ValueError, match="pages"):
        Form("f_x", "X", ())


def test_a_french_label_typed_with_a_plain_space_is_understood() -> None:
    field = ChoiceField(id="x", label="x", options=(Option("a", say("fb_one_tap")), Option("b", say("b_no"))))
    asking = Asking(datetime(2026, 5, 1, tzinfo=UTC), "Europe/Paris", "fr", {})
    assert field.clean("questions à un seul clic, comptées à part :", asking) == "a"
