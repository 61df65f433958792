from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.platforms.telegram._render import caption, clip, compose, cut, note, per_row, units, write
from chat.message import Button, LinkButton, Message, Press
from chat.text import RLM, Bold, Italic, Link, Reader, Run, Spoiler, When, say

EN = Reader("en", "Asia/Dhaka", "BD")
AR = Reader("ar", "Africa/Cairo", "EG")


def parts(rendered):
    """Give each entity with the piece of text it covers, counted as Telegram counts."""
    raw = rendered.text.encode("utf-16-le")
    return [
        (each["type"], raw[each["offset"] * 2 : (each["offset"] + each["length"]) * 2].decode("utf-16-le"))
        for each in rendered.entities
    ]


def test_lines_are_joined_and_fine_print_stands_apart_in_italics():
    made = compose([Message((Bold("M6"), "Where: Dhaka"), fine=("Rule.", "Privacy."))], EN)
    assert made.text == "M6\nWhere: Dhaka\n\nRule.\nPrivacy."
    assert parts(made) == [("bold", "M6"), ("italic", "Rule.\nPrivacy.")]


def test_offsets_count_utf16_units_so_emoji_do_not_shift_them():
    made = compose([Message((("🌿 👩‍💻 ", Bold("Réunion 🌍"), " ", Link("open", "https://example.org")),))], EN)
    assert parts(made) == [("bold", "Réunion 🌍"), ("text_link", "open")]
    assert made.entities[1]["url"] == "https://example.org"


def test_markup_in_a_title_stays_text():
    title = '</b><a href="tg://user?id=1">x</a> _*[]()~`>#+-=|{}.! <!channel> &amp;'
    made = compose([Message((Bold(title),))], EN)
    assert made.text == title
    assert parts(made) == [("bold", title)]


def test_bold_and_italic_may_lie_over_each_other():
    made = compose([Message((Bold(("a", Italic("b"), "c")),))], EN)
    assert parts(made) == [("bold", "abc"), ("italic", "b")]


def test_arabic_lines_start_with_the_mark_for_right_to_left():
    made = compose([Message((Bold("اجتماع 🌿"), "نعم"), fine=("قاعدة",))], AR)
    assert [line[:1] for line in made.text.split("\n") if line] == [RLM] * 3
    assert parts(made)[0] == ("bold", "اجتماع 🌿")


def test_a_moment_in_a_channel_is_shown_in_each_viewers_zone():
    start = datetime(2026, 5, 20, 8, 0, tzinfo=UTC)
    made = compose([Message((When(start, "Asia/Dhaka"),))], Reader("en", "Asia/Dhaka", "", True))
    entity = made.entities[0]
    assert (entity["type"], entity["unix_time"], entity["date_time_format"]) == ("date_time", 1779264000, "wDt")
    assert parts(made) == [("date_time", "08:00 UTC")]


def test_too_long_fine_print_is_cut_before_anything_else():
    made = compose([Message(("x" * 3000,), fine=("y" * 2000,))], EN)
    assert units(made.text) == 4096
    assert made.text.startswith("x" * 3000 + "\n\n")
    assert made.text.endswith("…")


def test_too_long_lines_are_cut_without_halving_an_emoji():
    made = compose([Message((Bold("🌿" * 3000),), fine=("never",))], EN)
    assert units(made.text) <= 4096
    assert made.text.endswith("🌿…")
    assert made.entities[0]["length"] == units(made.text)


@pytest.mark.parametrize("lines", [("",), (" \n ",), (("", ""),)])
def test_an_empty_message_still_has_a_text(lines):
    made = compose([Message(lines)], EN)
    assert (made.text, made.entities) == ("…", ())


def test_sections_become_one_message_with_all_buttons():
    first = Message((Bold("Home"),), rows=((Button("Meetings", Press("meet")),),))
    second = Message(("Nothing waits.",), rows=((Button("Help", Press("help")),),))
    made = compose([first, second], EN)
    assert made.text == "Home\n\nNothing waits."
    assert [[key["text"] for key in row] for row in made.keyboard] == [["Meetings"], ["Help"]]


def test_many_long_sections_never_pass_the_limit():
    made = compose([Message(("z" * 1500,)) for _ in range(5)], EN)
    assert units(made.text) <= 4096


def test_at_most_a_hundred_entities_are_sent():
    text = tuple(span for _ in range(150) for span in (Bold("a"), " "))
    assert len(write([Run("a", bold=i % 2 == 0) for i in range(400)])[1]) == 100
    assert len(compose([Message((text,))], EN).entities) <= 100


@pytest.mark.parametrize(
    ("labels", "width"),
    [(["Yes", "No", "Maybe"], 3), (["Twelve chars", "No"], 3), (["Change reply!", "No"], 2), (["x" * 21, "No"], 1),
     (["1", "2", "3", "4", "5"], 8)],
)  # fmt: skip
def test_buttons_stand_side_by_side_as_their_labels_allow(labels, width):
    assert per_row(labels) == width


def test_rows_are_broken_for_phones_and_styles_are_kept():
    row = (
        Button("Yes", Press("r", arg="1"), "primary"), Button("No", Press("r", arg="2")),
        Button("Maybe", Press("r", arg="3")), Button("Cancel it", Press("r", arg="4"), "danger"),
    )  # fmt: skip
    link = (LinkButton("Open", "https://example.org/a"),)
    keys = compose([Message(("x",), rows=(row, link))], EN).keyboard
    assert [[key["text"] for key in each] for each in keys] == [["Yes", "No", "Maybe"], ["Cancel it"], ["Open"]]
    assert [key.get("style") for key in keys[0]] == ["success", None, None]
    assert keys[1][0]["style"] == "danger"
    assert keys[0][0]["callback_data"] == "r:::1"
    assert keys[2][0]["url"] == "https://example.org/a"


def test_labels_follow_the_readers_language():
    key = compose([Message(("x",), rows=((Button(say("b_yes"), Press("r")),),))], EN).keyboard[0][0]
    assert key["text"] == "Yes"


def test_a_note_fits_a_toast():
    assert note(["Saved.", "See you"], EN) == "Saved.\nSee you"
    assert units(note(["🌿" * 300], EN)) <= 200


def test_a_caption_is_cut_at_its_own_limit():
    text, entities = caption(Bold("m" * 2000), EN)
    assert units(text) == 1024
    assert entities == ({"type": "bold", "offset": 0, "length": 1024},)


def test_cutting_keeps_what_fits():
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"
    assert cut("🌿🌿", 3) == "🌿…"
    assert [run.text for run in clip([Run("ab"), Run("cd"), Run("ef")], 4)] == ["ab", "c…"]


def test_what_is_hidden_is_a_spoiler_and_keeps_its_own_look():
    made = compose([Message((("Title: ", Spoiler(Bold("A note"))),))], EN)
    assert sorted(parts(made)) == [("bold", "A note"), ("spoiler", "A note")]
