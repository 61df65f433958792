"""What bots can learn about who is in a channel: all of it on Slack, a number on Telegram."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Bot
from telegram.error import BadRequest, Forbidden

from tests.sandbox.slack_world import running

GROUP, USER = -1001, 5006


async def test_slack_lists_members_page_by_page_with_the_bot_among_them() -> None:
    async with running() as box:
        first = await box.client.conversations_members(channel="C1", limit=2)
        assert first["members"] == ["U01", "U02"]
        cursor = first["response_metadata"]["next_cursor"]
        second = await box.client.conversations_members(channel="C1", limit=2, cursor=cursor)
        assert (second["members"], second["response_metadata"]["next_cursor"]) == (["U0BOT"], "")
        assert (await box.client.conversations_members(channel="C5"))["members"] == ["U01", "U0BOT"]
        assert (await box.client.conversations_members(channel="C2"))["members"] == ["U01"]  # public: we need not be in
        for asked, error in (
            ({"channel": "C3"}, "channel_not_found"), ({"channel": "C9"}, "channel_not_found"),
            ({"channel": "C1", "limit": 1001}, "invalid_limit"), ({"channel": "C1", "cursor": "x"}, "invalid_cursor"),
        ):  # fmt: skip
            assert (await box.error(box.client.conversations_members(**asked)))["error"] == error  # type: ignore[arg-type]


@pytest.mark.parametrize(("channel", "needed"), [("C1", "channels:read"), ("C5", "groups:read")])
async def test_slack_wants_the_right_for_each_kind_of_channel(channel: str, needed: str) -> None:
    def without(spec: dict[str, Any]) -> None:
        scopes = {"channels:read", "groups:read", "users:read", "chat:write"} - {needed}
        spec["slack"]["teams"][0]["scopes"] = sorted(scopes)

    async with running(without) as box:
        refused = await box.error(box.client.conversations_members(channel=channel))
        assert (refused["error"], refused["needed"]) == ("missing_scope", needed)


async def test_telegram_counts_the_bot_too_and_only_where_it_is(bot: Bot, control: Any) -> None:
    assert await bot.get_chat_member_count(GROUP) == 3
    await control.play("leave", "m15", chat=GROUP)
    assert await bot.get_chat_member_count(GROUP) == 2
    assert await bot.get_chat_member_count(USER) == 2
    with pytest.raises(BadRequest, match=r"[Cc]hat not found"):
        await bot.get_chat_member_count(-1999)
    await control.play("leave", "m06", chat=GROUP, who="bot")
    with pytest.raises(Forbidden, match="bot was kicked"):
        await bot.get_chat_member_count(GROUP)
