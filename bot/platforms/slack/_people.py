"""Who is in a channel of Slack: its members page by page, without bots as far as it is cheap to know."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack._errors import harmless
from chat.errors import NotSent, PlatformError, Rejected
from chat.people import PeopleIn

PAGE = 200
"""Members a page has; Slack advises against more than 200."""
PAGES_MAX = 50
"""More people than 10,000 are not listed: such a channel is no place for a restricted memo anyway."""
LOOKS_MAX = 30
"""People asked about one by one, at most, each time; the others count as people until the next time."""
SLACKBOT = "USLACKBOT"


class Census:
    """Look channels up in one workspace; it remembers who is a person and who is a bot, for that never changes."""

    def __init__(self, web: AsyncWebClient, bot: str) -> None:
        self._web = web
        self._bots, self._people = {bot, SLACKBOT}, set[str]()

    async def people_in(self, room: str, known: Collection[str] = ()) -> PeopleIn:
        """Give the people in a channel. Raise the errors of `chat.errors`, `Rejected` where there are too many."""
        found = [each for each in await self._members(room) if each not in self._bots]
        gone = await self._not_people([each for each in found if each not in known and each not in self._people])
        users = tuple(each for each in found if each not in gone)
        return PeopleIn(len(users), users)

    async def _members(self, room: str) -> list[str]:
        found: dict[str, None] = {}
        cursor = ""
        for _ in range(PAGES_MAX):
            asked: dict[str, Any] = {"channel": room, "limit": PAGE} | ({"cursor": cursor} if cursor else {})
            try:
                with harmless():
                    page: object = (await self._web.conversations_members(**asked)).data
            except Rejected as error:
                if error.reason == "invalid_cursor":
                    raise NotSent(error.reason) from None
                raise
            members = page.get("members") if isinstance(page, Mapping) else None
            if not isinstance(page, Mapping) or not isinstance(members, list):
                raise NotSent("garbled")
            if not all(isinstance(each, str) and each for each in members):
                raise NotSent("garbled")
            found |= dict.fromkeys(members)  # somebody who joins meanwhile may move others to the next page
            more = page.get("response_metadata")
            cursor = str(more.get("next_cursor") or "") if isinstance(more, Mapping) else ""
            if not cursor:
                return list(found)
        raise Rejected("too_many_people")

    async def _not_people(self, users: Collection[str]) -> set[str]:
        """Find bots and closed accounts among people we do not know; whoever cannot be asked about is a person."""
        gone: set[str] = set()
        for each in list(users)[:LOOKS_MAX]:
            try:
                with harmless():
                    answer: object = (await self._web.users_info(user=each)).data
            except NotSent:  # slow down, or away: the next time will do
                break
            except PlatformError:
                continue
            user = answer.get("user") if isinstance(answer, Mapping) else None
            if not isinstance(user, Mapping):
                continue
            if user.get("is_bot") is True:
                self._bots.add(each)
            elif user.get("deleted") is not True:
                self._people.add(each)
                continue
            gone.add(each)
        return gone
