"""Who is in a channel of Slack: page by page, without bots and closed accounts, or a clear error."""

from __future__ import annotations

from typing import Any

import pytest

from bot.platforms.slack import _people
from chat.errors import NotSent, RateLimited, Rejected, Unreachable
from chat.people import PeopleIn, Place
from tests.platforms.slack.conftest import begin

ROOM = Place("slack", "T1", "C1", "group")
KNOWN = ("U0ZOFIA",)


class Web:
    """A client whose channel has `users`; what each looks like, or the error of asking, is in `looks`."""

    def __init__(self, users: list[Any], **looks: Any) -> None:
        self.users, self.looks = users, looks
        self.asked: list[str] = []
        self.pages: list[Any] = []

    async def conversations_members(self, channel: str, limit: int, cursor: str = "0") -> Any:
        if self.pages:
            return type("Answer", (), {"data": self.pages.pop(0)})
        at = int(cursor)
        following = str(at + limit) if at + limit < len(self.users) else ""
        page = {"members": self.users[at : at + limit], "response_metadata": {"next_cursor": following}}
        return type("Answer", (), {"data": page})

    async def users_info(self, user: str) -> Any:
        self.asked.append(user)
        look = self.looks.get(user, {})
        if isinstance(look, Exception):
            raise look
        return type("Answer", (), {"data": {"user": {"is_bot": False, "deleted": False, **look}}})


def census(web: Web) -> Any:
    return _people.Census(web, "U0BOT")  # type: ignore[arg-type]


async def test_a_real_channel_is_listed_without_ourselves() -> None:
    async with begin() as scene:
        found = await scene.platform.people_in(ROOM, KNOWN)
        assert found == PeopleIn(3, ("U0EXT", "U0OLIVIA", "U0ZOFIA"))
        assert sorted(each.body["user"] for each in scene.calls("users.info")) == ["U0EXT", "U0OLIVIA"]
        await scene.platform.people_in(ROOM, KNOWN)
        assert len(scene.calls("users.info")) == 2  # who is a person stays one
        with pytest.raises(Unreachable):
            await scene.platform.people_in(Place("slack", "T1", "C9", "group"))


async def test_without_the_right_it_cannot_be_known() -> None:
    async with begin(scopes=["chat:write", "users:read"]) as scene:
        with pytest.raises(Rejected) as refused:
            await scene.platform.people_in(ROOM)
        assert refused.value.reason == "missing_scope"
    async with begin(scopes=["channels:read", "chat:write"]) as scene:  # nobody can be looked at: all are people
        assert (await scene.platform.people_in(ROOM)).count == 3


async def test_closed_accounts_do_not_count() -> None:
    async with begin() as scene:
        scene.box.side("slack").teams["T1"].deleted.add("U0EXT")  # type: ignore[attr-defined]
        assert (await scene.platform.people_in(ROOM)).users == ("U0OLIVIA", "U0ZOFIA")


async def test_all_pages_are_read_and_bots_asked_about_once() -> None:
    users = ["U0BOT", "USLACKBOT", *(f"U{n}" for n in range(450)), "U3"]
    web = Web(users, U7={"is_bot": True}, U8={"deleted": True}, U9=Unreachable("user_not_found"))
    it = census(web)
    found = await it.people_in("C1", {f"U{n}" for n in range(20, 450)})
    assert found.count == 448
    assert not {"U0BOT", "USLACKBOT", "U7", "U8"} & set(found.users)
    assert len(web.asked) == 20
    web.asked.clear()
    assert (await it.people_in("C1", {f"U{n}" for n in range(20, 450)})).count == 448
    assert web.asked == ["U8", "U9"]  # an account may be opened again


async def test_only_some_are_looked_at_each_time_and_none_when_slack_asks_to_slow_down() -> None:
    web = Web([f"U{n}" for n in range(100)], U35={"is_bot": True})
    it = census(web)
    assert (await it.people_in("C1")).count == 100
    assert len(web.asked) == _people.LOOKS_MAX
    assert (await it.people_in("C1")).count == 99
    slow = Web(["U1", "U2"], U1=RateLimited(30))
    assert (await census(slow).people_in("C1")).count == 2
    assert slow.asked == ["U1"]


@pytest.mark.parametrize("page", [None, [], {}, {"members": "U1"}, {"members": [1]}, {"members": [""]}])
async def test_a_strange_answer_is_no_channel_without_people(page: Any) -> None:
    web = Web([])
    web.pages = [page]
    with pytest.raises(NotSent):
        await census(web).people_in("C1")


async def test_too_many_people_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_people, "PAGES_MAX", 2)
    with pytest.raises(Rejected) as refused:
        await census(Web([f"U{n}" for n in range(401)])).people_in("C1")
    assert refused.value.reason == "too_many_people"
