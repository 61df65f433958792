"""Messages as Block Kit: limits, order, and nothing a person wrote ever formats, mentions or links."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.slack._mrkdwn import fit, literal, mrkdwn
from bot.platforms.slack._render import blocks_of, home_view, metadata_of, payload_of, text_of
from chat.message import Button, LinkButton, Message, Press
from chat.outbound import Home
from chat.text import Bold, Italic, Link, Reader, Run, When, render, say

EN = Reader(zone="Europe/Brussels", command_pattern="/cop {words}")
AR = Reader("ar", "Africa/Cairo")
STYLES = [re.compile(rf"(?<![^\W_]){mark}(?=\S)[^\n]*?(?<=\S){mark}(?![^\W_])") for mark in (r"\*", "_", "~")]


def shown(text: object, reader: Reader = EN) -> str:
    return mrkdwn(render(text, reader))  # type: ignore[arg-type]  # hypothesis gives plain strings


def test_a_message_is_one_section_a_context_and_a_block_for_each_row():
    message = Message(
        (Bold("New meeting"), "Where: online"),
        rows=(
            (Button("Yes", Press("rsvp", "k", "1", "yes"), "primary"), Button("No", Press("rsvp", "k", "1", "no"))),
            (LinkButton("Agenda", "https://example.org/a"), Button("Cancel", Press("x"), "danger")),
        ),
        fine=("Rule",),
    )
    blocks = blocks_of(message, EN)
    assert [each["type"] for each in blocks] == ["section", "context", "actions", "actions"]
    assert blocks[0]["text"] == {"type": "mrkdwn", "text": "*New meeting*\nWhere: online", "verbatim": True}
    assert [each.get("style") for each in blocks[2]["elements"]] == ["primary", None]
    assert [each["action_id"] for each in blocks[2]["elements"]] == ["rsvp:k:1:yes", "rsvp:k:1:no"]
    assert blocks[3]["elements"][0]["action_id"] == "url:1"
    assert blocks[3]["elements"][1]["style"] == "danger"
    assert len({each["block_id"] for each in blocks}) == len(blocks)


def test_the_push_text_is_the_first_two_lines_without_marks():
    assert text_of(Message((Bold("A <b>"), "second", "third")), EN) == "A &lt;b&gt;\nsecond"
    assert payload_of(Message(("x",)), EN)["text"] == "x"


@pytest.mark.parametrize(
    "attack",
    [
        "<!channel>",
        "<!everyone> <!here>",
        "<@U1>",
        "<!subteam^S1>",
        "&lt;!channel&gt;",
        "<https://evil|https://gov.uk>",
    ],
)
def test_no_mention_and_no_link_comes_out_of_words(attack: str):
    assert "<" not in shown(attack)
    assert "<" not in text_of(Message((attack,)), EN)
    assert shown(attack).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == attack


def test_html_and_entities_are_escaped_once():
    assert shown('</b><a href="tg://user?id=1">&amp;') == '&lt;/b&gt;&lt;a href="tg://user?id=1"&gt;&amp;amp;'


@given(st.text(alphabet="ab *_~`>:\n(é", max_size=40))
def test_marks_in_words_never_format(text: str):
    written = shown(text)
    assert "`" not in written
    assert not re.search(r"^\s*&gt;", written, re.MULTILINE)
    for line in written.split("\n"):
        assert not [style for style in STYLES if style.search(line)]


@given(st.text(alphabet="ab *_~", max_size=30))
def test_marks_in_bold_words_never_end_the_bold(text: str):
    written = shown((Bold(text), " end"))
    ours = re.fullmatch(r"\s*\*(?=\S)(.*)(?<=\S)\*\u200b?\s* end", written)
    inner = ours[1] if ours else written
    assert not [style for style in STYLES if style.search(inner)]


def test_a_mark_between_letters_stays_as_it_is():
    assert literal("snake_case 2*3 a~b") == "snake_case 2*3 a~b"


def test_emoji_names_stay_words():
    assert ":warning:" not in literal("a :warning: b")
    assert literal("10:30:45") == "10:30:45"


def test_bold_and_italic_have_edges_where_words_would_touch():
    assert shown(("a", Bold("b"), "c")) == "a\u200b*b*\u200bc"
    assert shown((Bold("b "), Italic("i"))) == "*b* _i_"
    assert shown(Bold(Italic("x"))) == "*_x_*"
    assert shown(Bold("one\ntwo")) == "*one*\n*two*"


def test_a_link_keeps_its_address_and_shows_its_label():
    link = Link("a|b *c*", "https://example.org/?a=1&b=2|3")
    assert shown(link) == "<https://example.org/?a=1&amp;b=2%7C3|a|b \u200a*\u200ac\u200a*\u200a>"


def test_a_channel_shows_the_moment_in_each_viewers_zone():
    when = When(datetime(2026, 5, 20, 8, 0, tzinfo=UTC), "Europe/Brussels")
    written = shown(when, Reader(zone="Europe/Brussels", public=True))
    assert "<!date^1779264000^{date_short_pretty} {time}|08:00 UTC>" in written
    assert written.startswith("Wed")


def test_arabic_starts_right_to_left_and_bold_has_an_edge_after_the_mark():
    assert shown(Bold("عنوان"), AR) == "\u200f\u200b*عنوان*"
    assert text_of(Message(("عنوان",)), AR).startswith("\u200f")


def test_long_lines_are_spread_over_sections_within_the_limits():
    message = Message(("word " * 1500, "<" * 900), fine=("f" * 4000,))
    blocks = blocks_of(message, EN)
    assert len(blocks) <= 12
    for block in blocks:
        texts = [block["text"]] if "text" in block else block["elements"]
        assert all(len(each["text"]) <= 3000 for each in texts)


def test_far_too_much_text_ends_with_an_ellipsis():
    blocks = blocks_of(Message(tuple("x" * 2900 for _ in range(30))), EN)
    assert len(blocks) == 12
    assert blocks[-1]["text"]["text"] == "…"


def test_many_rows_are_put_together_without_losing_a_button():
    rows = tuple((Button(str(n), Press("p", str(n))),) for n in range(25))
    blocks = blocks_of(Message(("x",), rows=rows), EN)
    assert len(blocks) <= 12
    assert sum(len(each["elements"]) for each in blocks if each["type"] == "actions") == 25
    assert all(len(each["elements"]) <= 25 for each in blocks if each["type"] == "actions")


@given(st.text(alphabet="<&>*ab \n", min_size=1, max_size=300), st.integers(10, 60))
def test_cut_pieces_fit_and_lose_nothing(text: str, most: int):
    pieces = fit((Run(text),), most)
    assert all(len(piece) <= most for piece in pieces)
    bare = "".join(pieces)
    for mark, plain in (("\u200a", ""), ("\u2060", ""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        bare = bare.replace(mark, plain)
    assert bare == text


def test_home_has_at_most_sixty_blocks_and_unique_ids():
    section = Message(tuple("x" * 2900 for _ in range(9)), rows=((Button("a", Press("a")),),))
    view = home_view(Home(tuple(section for _ in range(10))), EN)
    ids = [each["block_id"] for each in view["blocks"]]
    assert view["type"] == "home"
    assert len(ids) == len(set(ids)) <= 60


def test_the_delivery_mark_holds_no_personal_data():
    assert metadata_of("d1") == {"event_type": "convenor_delivery", "event_payload": {"id": "d1"}}


def test_a_line_never_breaks_between_a_quotation_mark_and_what_is_bold():
    assert shown(("“", Bold("Return"), "” (", Bold("M6"), "), ", Bold("x"), ".")) == "“*Return*” (*M6*), *x*."
    titled = say("d_unfinished", form=Bold("Return"))
    assert "“*Return*”" in shown(titled)
    assert "«\u00a0*Return*\u00a0»" in shown(titled, Reader("fr"))
    assert "«*\u2068Return\u2069*»" in shown(titled, AR)


def test_neighbours_of_one_style_are_one():
    assert shown(Bold(("one ", Bold("two"), "three"))) == "*one twothree*"
    assert ":warning:" not in shown((":", "warning", ":"))
    assert shown((Link("a", "https://example.org/"), Link("b", "https://example.org/x"))).count("<https") == 2
