"""Recorded Slack payloads become neutral objects, each with a key that a repetition repeats."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.slack._parse import Self, parse, words_of
from chat.inbound import BotPlaced, Click, Command, HomeOpened, Moved, Reachable, Said, Submission, from_json, to_json
from chat.people import MessageRef, Person, Place

ME = Self("T0COPRR", "U0BOT")
NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
PAYLOADS = Path(__file__).parents[2] / "payloads" / "slack"


def recorded(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return body


def read(name: str) -> Any:
    return parse(recorded(name), ME, NOW, since=5.0)


def test_a_slash_command_is_a_command_where_it_was_typed():
    found = read("slash_command")
    assert isinstance(found, Command)
    assert found.words == "meeting new <M6>"
    assert found.by == Person("slack", "T0COPRR", "U0ZOFIA")
    assert found.where == Place("slack", "T0COPRR", "C0MEMBERS", "group")
    assert found.at == NOW
    assert found.handle["since"] == 5.0


def test_a_slash_command_without_words_opens_home_and_knows_a_private_chat():
    found = read("slash_command_dm")
    assert found.words == "home"
    assert found.where.kind == "dm"


def test_a_mention_is_a_command_without_the_mention_in_its_thread():
    found = read("app_mention")
    assert isinstance(found, Command)
    assert found.words == "meeting status M6"
    assert found.where == Place("slack", "T0COPRR", "C0MEMBERS", "group", "1776841100.000200")
    assert found.key == "Ev0MENTION"
    assert found.at == datetime.fromtimestamp(1776841200.0001, UTC)


def test_words_in_a_private_chat_are_read_as_they_were_typed():
    found = read("message_im")
    assert isinstance(found, Said)
    assert found.text == "Jobs & skills, see https://example.org/a?b=1 <3"
    assert found.where == Place("slack", "T0COPRR", "D0ZOFIA", "dm")


def test_a_file_is_said_with_its_comment():
    assert read("message_im_file").text == ""


@pytest.mark.parametrize("name", ["message_im_changed", "block_actions_url", "block_actions_input", "view_closed"])
def test_what_means_nothing_to_us_is_left_alone(name: str):
    assert read(name) is None


def test_our_own_messages_and_other_bots_are_left_alone():
    for change in ({"bot_id": "B1"}, {"user": "U0BOT"}, {"channel_type": "channel"}):
        body = recorded("message_im")
        body["event"] |= change
        assert parse(body, ME, NOW) is None


def test_only_the_home_tab_opens_home():
    found = read("app_home_opened")
    assert isinstance(found, HomeOpened)
    body = recorded("app_home_opened")
    body["event"]["tab"] = "messages"
    assert parse(body, ME, NOW) is None


def test_a_deactivated_person_is_not_reachable_and_a_changed_profile_is_nothing():
    found = read("user_change")
    assert isinstance(found, Reachable)
    assert (found.reachable, found.reason, found.by.user) == (False, "deactivated", "U0ZOFIA")
    body = recorded("user_change")
    body["event"]["user"]["deleted"] = False
    assert parse(body, ME, NOW) is None


def test_only_our_own_coming_and_going_places_us():
    found = read("member_joined_channel")
    assert isinstance(found, BotPlaced)
    assert found.present
    body = recorded("member_joined_channel")
    body["event"]["type"] = "member_left_channel"
    left = parse(body, ME, NOW)
    assert isinstance(left, BotPlaced)
    assert not left.present
    body["event"]["user"] = "U0ZOFIA"
    assert parse(body, ME, NOW) is None


def test_a_shared_channel_moves_to_its_new_id():
    found = read("channel_id_changed")
    assert isinstance(found, Moved)
    assert (found.where.chat, found.chat) == ("G0OLD", "C0NEW")


def test_a_press_knows_its_message_and_the_persons_own_time():
    found = read("block_actions_dm")
    assert isinstance(found, Click)
    assert found.data == "rsvp:8f3k2a9q1c:3:yes"
    assert found.message == MessageRef("slack", "T0COPRR", "D0ZOFIA", "1776841000.000100")
    assert found.where == Place("slack", "T0COPRR", "D0ZOFIA", "dm")
    assert found.at == datetime.fromtimestamp(1776841205.123456, UTC)


def test_an_external_member_keeps_their_own_workspace_and_an_ephemeral_is_no_message():
    found = read("block_actions_channel")
    assert found.by == Person("slack", "T0PARTNER", "U0EXT")
    assert found.where == Place("slack", "T0COPRR", "C0MEMBERS", "group", "1776840000.000100")
    assert found.message is None


def test_a_press_on_the_home_screen_has_no_message():
    found = read("block_actions_home")
    assert isinstance(found, Click)
    assert (found.message, found.where.kind, found.where.chat) == (None, "dm", "U0ZOFIA")
    assert found.handle["on"] == "home"


def test_a_submission_gives_every_field_as_text():
    found = read("view_submission")
    assert isinstance(found, Submission)
    assert (found.draft, found.page) == ("d123456789", 1)
    assert found.values == {
        "theme": "Jobs & skills",
        "format": "online",
        "start": "@1779264000",
        "region": "Western Balkans",
        "days": "sat,sun",
        "seats": "",
    }
    assert found.handle["inputs"] == ["theme", "format", "start", "region", "days", "seats"]


@pytest.mark.parametrize("name", ["slash_command", "block_actions_dm", "view_submission", "message_im"])
def test_a_repeated_payload_has_the_same_key_and_another_one_a_different_key(name: str):
    body = recorded(name)
    first, again = parse(body, ME, NOW), parse(copy.deepcopy(body), ME, NOW)
    assert first is not None
    assert again is not None
    assert first.key == again.key
    assert len(first.key) <= 120
    changed = json.loads(json.dumps(body).replace("aaa", "zzz").replace("123456", "654321").replace("hhh", "iii"))
    changed["event_id"] = "EvOTHER"
    other = parse(changed, ME, NOW)
    assert other is not None
    assert other.key != first.key


def test_everything_survives_the_inbox():
    for path in PAYLOADS.glob("*.json"):
        found = read(path.stem)
        if found is not None:
            assert from_json(json.loads(json.dumps(to_json(found)))) == found


def test_payloads_that_are_not_slacks_are_refused_without_harm():
    for body in ({"type": "event_callback"}, {"type": "block_actions", "actions": []}, {"command": "/cop"}):
        with pytest.raises((KeyError, IndexError)):
            parse(body, ME, NOW)
    assert parse({}, ME, NOW) is None


def test_links_mentions_and_entities_in_typed_words_are_undone_once():
    assert words_of("<@U0BOT> ask <mailto:a@b.org|a@b.org> in <#C1|members> &amp;lt;", "U0BOT") == (
        "ask a@b.org in #members &lt;"
    )
