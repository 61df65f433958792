"""How many people are in a Telegram group: a number without the bot, or a clear error."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from chat.errors import Ambiguous, ChatMoved, RateLimited, Unreachable
from chat.people import PeopleIn, Place

ROOM = Place("telegram", "123456", "-1001", "group")


@pytest.mark.parametrize(("answer", "count"), [(27, 26), (1, 0), (0, 0)])
async def test_they_are_counted_without_the_bot(api: Any, platform: Any, answer: int, count: int) -> None:
    api.will("getChatMemberCount", web.json_response({"ok": True, "result": answer}))
    assert await platform.people_in(ROOM, ("5001",)) == PeopleIn(count, None)
    assert [str(each["chat_id"]) for each in api.of("getChatMemberCount")] == ["-1001"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((403, "Forbidden: bot was kicked from the supergroup chat"), Unreachable),
        ((400, "Bad Request: chat not found"), Unreachable),
        ((400, "Bad Request: group chat was upgraded", {"migrate_to_chat_id": -1009}), ChatMoved),
        ((429, "Too Many Requests: retry after 9", {"retry_after": 9}), RateLimited),
        (b'{"ok": true, "result": "26"}', Ambiguous),
        (b'{"ok": true, "result": true}', Ambiguous),
        (b'{"ok": true, "result": -4}', Ambiguous),
    ],
)
async def test_a_refusal_or_strange_answer_is_no_number(api: Any, platform: Any, answer: Any, error: type) -> None:
    api.will("getChatMemberCount", answer)
    with pytest.raises(error):
        await platform.people_in(ROOM)
