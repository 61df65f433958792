from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import FieldError, NotSent, PlatformError, RateLimited, UserError
from chat.inbound import Click, Command, Reachable, Submission, from_json, to_json
from chat.message import BUTTONS_MAX, Button, LinkButton, Message, Press, button, row, rows
from chat.people import MessageRef, Person, Place
from chat.text import say

FIELD = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), max_size=12)


@given(st.builds(Press, FIELD.filter(bool), FIELD, FIELD, FIELD))
def test_a_press_reads_back_as_it_was_written(press: Press) -> None:
    assert Press.parse(str(press)) == press


@pytest.mark.parametrize(
    "data", ["", "rsvp", "a:b:c", "a:b:c:d:e", ":k:1:yes", "rsvp:k:1:é", "x" * 65, "a:" + "b" * 64]
)
def test_made_up_button_data_means_nothing(data: str) -> None:
    assert Press.parse(data) is None


@given(st.text(max_size=80))
def test_no_button_data_breaks_the_reader(data: str) -> None:
    press = Press.parse(data)
    assert press is None or str(press) == data


@pytest.mark.parametrize("press", [Press("rsvp", "k" * 64), Press("rsvp", "clé"), Press("a:b"), Press("")])
def test_a_button_that_no_platform_could_carry_is_refused(press: Press) -> None:
    with pytest.raises(ValueError, match="four ASCII fields"):
        Button("x", press)


def test_two_buttons_of_one_message_never_mean_the_same() -> None:
    with pytest.raises(ValueError, match="mean the same"):
        Message(("x",), ((button("yes", "rsvp"),), (button("no", "rsvp"),)))


def test_the_limits_of_the_strictest_platform_hold() -> None:
    with pytest.raises(ValueError, match="lines"):
        Message(())
    with pytest.raises(ValueError, match="row"):
        Message(("x",), ((),))
    with pytest.raises(ValueError, match="row"):
        Message(("x",), (tuple(button("yes", "v", str(number)) for number in range(9)),))
    many = tuple((button("yes", "v", str(number)),) for number in range(BUTTONS_MAX + 1))
    with pytest.raises(ValueError, match="at most"):
        Message(("x",), many)


@pytest.mark.parametrize("url", ["http://example.org", "javascript:x", "ftp://x", "https://example.org/" + "a" * 2048])
def test_a_link_button_opens_https_only(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        LinkButton("x", url)


def test_missing_buttons_and_empty_rows_are_left_out() -> None:
    yes = button("yes", "rsvp", "k", 3, "yes", "primary")
    assert rows(row(None, yes), row(None), ()) == ((yes,),)
    assert (yes.data, yes.label) == ("rsvp:k:3:yes", say("b_yes"))


def test_what_people_do_survives_the_inbox() -> None:
    ref = MessageRef("slack", "T1", "C1", "17.2")
    common: dict[str, Any] = {
        "by": Person("slack", "T1", "U1"),
        "where": Place("slack", "T1", "C1", "group", "1.2"),
        "at": datetime(2026, 5, 20, tzinfo=UTC),
    }
    for each in (
        Command(key="1", words="meeting new", **common),
        Click(key="2", data="rsvp:k:1:yes", message=ref, handle={"trigger_id": "t"}, **common),
        Click(key="3", data="rsvp:k:1:yes", **common),
        Submission(key="4", draft="d", page=1, values={"theme": "é"}, **common),
        Reachable(key="5", reachable=False, reason="blocked", **common),
    ):
        assert from_json(to_json(each)) == each


def test_an_account_is_named_by_platform_workspace_and_id_alone() -> None:
    person = Person("slack", "T1", "U1", "Olivia")
    assert person == Person("slack", "T1", "U1", "Somebody else")
    assert person.id == "slack:T1:U1"
    assert Place("telegram", "700", "-100").id == "telegram:700:-100"


def test_errors_are_told_apart_by_who_can_mend_them() -> None:
    assert issubclass(FieldError, UserError)
    assert issubclass(RateLimited, NotSent)
    assert issubclass(NotSent, PlatformError)
    limited = RateLimited(3, "C1")
    assert (limited.after, limited.scope, limited.reason) == (3, "C1", "rate limited for 3 s")
    error = FieldError(say("f_far", when="x"), ((say("b_right"), "2026"),))
    assert error.offers == ((say("b_right"), "2026"),)
