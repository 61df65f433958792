"""The manifest people paste into Slack is in step with the code and inside Slack's limits (platforms §3.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.platforms.slack import SCOPES, SlackPlatform

MANIFEST: dict[str, Any] = yaml.safe_load((Path(__file__).parents[3] / "docs" / "slack-manifest.yaml").read_text())


def test_the_scopes_are_those_the_check_asks_for():
    scopes = MANIFEST["oauth_config"]["scopes"]
    assert sorted(scopes["bot"]) == sorted(SCOPES)
    assert scopes["bot_optional"] == ["channels:history", "groups:history"]


def test_every_event_we_read_is_subscribed():
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == {
        "app_home_opened",
        "app_mention",
        "app_uninstalled",
        "channel_id_changed",
        "member_joined_channel",
        "member_left_channel",
        "message.im",
        "tokens_revoked",
        "user_change",
    }


def test_there_is_one_slash_command_and_people_may_write_to_the_bot():
    (command,) = MANIFEST["features"]["slash_commands"]
    assert SlackPlatform.command_pattern.startswith(command["command"] + " ")
    assert MANIFEST["features"]["app_home"]["messages_tab_read_only_enabled"] is False
    assert len(MANIFEST["display_information"]["name"]) <= 35
    assert len(MANIFEST["display_information"]["description"]) <= 140


def test_features_that_lock_guests_out_or_tokens_in_stay_off():
    assert "agent_view" not in MANIFEST["features"]
    assert "assistant_view" not in MANIFEST["features"]
    assert MANIFEST["settings"]["token_rotation_enabled"] is False
