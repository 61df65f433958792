from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from telegram import Update

from bot.platforms.telegram._parse import Me, Nameless, parse
from chat.inbound import BotPlaced, Click, Command, Dropped, Moved, Reachable, Said, Started, from_json, to_json
from chat.people import MessageRef, Person, Place

ME = Me("123456", "ConvenorBot")
NOW = datetime(2026, 4, 22, 7, 0, 3, tzinfo=UTC)
SENT = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
GROUP = Place("telegram", "123456", "-1001234567890", "group")
DM = Place("telegram", "123456", "7001")
PAYLOADS = Path(__file__).parents[2] / "payloads" / "telegram"


def read(name):
    body = json.loads((PAYLOADS / f"{name}.json").read_text())
    return parse(Update.de_json(body, None), ME, NOW)


def test_a_command_in_private_becomes_words():
    found = read("command_in_dm")
    assert isinstance(found, Command)
    assert found.words == "meeting new M6"
    assert (found.where, found.at) == (DM, SENT)
    assert found.by == Person("telegram", "123456", "7001")
    assert (found.by.name, found.by.language) == ("Amina Rahman", "en")
    assert found.handle == {"chat": "7001", "message": "501"}
    assert found.key.startswith("u:8801")


def test_underscores_become_spaces_in_the_command_word_alone():
    assert read("command_with_underscores_in_the_argument").words == "find safe_return  paths"


def test_a_command_in_a_group_is_taken_only_when_meant_for_us():
    found = read("command_in_group")
    assert (found.words, found.where) == ("meetings", GROUP)
    assert read("command_of_another_bot") is None
    assert read("chatter_in_group") is None


def test_a_command_in_a_topic_keeps_the_topic():
    assert read("command_in_topic").where.thread == "77"


def test_a_command_word_may_be_written_in_any_script():
    assert read("command_without_ascii").words == "yardım"


def test_start_carries_its_payload():
    assert read("start_with_payload") == Started(
        key=read("start_with_payload").key, by=Person("telegram", "123456", "7001"), where=DM, at=SENT,
        handle={"chat": "7001", "message": "501"}, payload="j-4fT9_x",
    )  # fmt: skip
    assert read("start_alone").payload == ""


def test_text_in_private_is_said_in_any_script():
    found = read("text_in_dm")
    assert isinstance(found, Said)
    assert found.text == "نعم، سأحضر 🌿\nشكراً"
    assert found.by.language == "ar"


def test_a_document_is_a_file_that_was_dropped():
    found = read("document_in_dm")
    assert isinstance(found, Dropped)
    assert (found.file, found.name, found.size, found.media) == ("BQACAg", "roster.csv", 812, "text/csv")
    assert found.handle == {"chat": "7001", "message": "501"}
    assert from_json(to_json(found)) == found


@pytest.mark.parametrize("name", ["voice_in_dm", "photo_with_command_as_caption", "sticker_in_dm"])
def test_what_is_no_text_is_said_without_words(name):
    found = read(name)
    assert isinstance(found, Said)
    assert found.text == ""


@pytest.mark.parametrize(
    "name",
    ["pinned_in_dm", "forwarded_command", "edited_command", "channel_post_forwarded_to_group", "press_of_a_game",
     "made_admin_in_group", "member_joined_group", "unknown_kind"],
)  # fmt: skip
def test_what_is_not_for_us_is_left_alone(name):
    assert read(name) is None


@pytest.mark.parametrize(
    ("name", "chat"), [("anonymous_admin_command", "-1001234567890"), ("channel_post_command", "-1009876543210")]
)
def test_a_command_without_a_person_is_nameless(name, chat):
    assert read(name) == Nameless(Place("telegram", "123456", chat, "group"))


def test_a_press_carries_its_message_and_the_time_we_heard_of_it():
    found = read("press_in_dm")
    assert isinstance(found, Click)
    assert found.data == "rsvp:8f3k2a9q1c:3:yes"
    assert found.press.arg == "yes"
    assert found.message == MessageRef("telegram", "123456", "7001", "480")
    assert found.handle == {"callback": "30061234567890123"}
    assert found.at == NOW


def test_a_press_in_a_group_is_judged_by_the_presser():
    found = read("press_in_group")
    assert (found.by.user, found.where) == ("7002", GROUP)


def test_a_press_on_a_message_too_old_to_be_shown_still_points_at_it():
    assert read("press_on_old_message").message == MessageRef("telegram", "123456", "7001", "12")


def test_a_press_on_a_message_that_is_not_ours_is_answered_in_private():
    found = read("press_on_foreign_message")
    assert (found.message, found.where) == (None, DM)


def test_blocking_and_unblocking_change_who_can_be_reached():
    blocked, back = read("blocked"), read("unblocked")
    assert isinstance(blocked, Reachable)
    assert (blocked.reachable, blocked.reason) == (False, "blocked")
    assert (back.reachable, back.reason) == (True, "")


def test_being_placed_in_and_removed_from_a_group_is_told():
    placed, removed = read("placed_in_group"), read("removed_from_group")
    assert isinstance(placed, BotPlaced)
    assert (placed.present, placed.title, placed.where) == (True, "COPRR members", GROUP)
    assert removed.present is False


def test_both_messages_about_a_new_supergroup_say_the_same():
    for found in (read("group_becomes_supergroup"), read("supergroup_was_group")):
        assert isinstance(found, Moved)
        assert (found.where.chat, found.chat) == ("-4567890", "-1001234567890")


def test_every_recorded_update_survives_the_inbox():
    for path in PAYLOADS.glob("*.json"):
        found = read(path.stem)
        if found is not None and not isinstance(found, Nameless):
            assert from_json(json.loads(json.dumps(to_json(found)))) == found


def test_characters_no_database_takes_are_dropped():
    body = json.loads((PAYLOADS / "text_in_dm.json").read_text())
    body["message"]["text"] = "a\x00b\ud800c"
    assert parse(Update.de_json(body, None), ME, NOW).text == "ab?c"
