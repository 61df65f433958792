"""Tokens of personal calendars, and what stands in one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from storage import Database, feeds
from storage.communities import Community
from storage.feeds import FeedLink
from storage.meetings import Invitation, Meeting
from storage.members import Member

NOW = datetime(2026, 4, 22, 7, tzinfo=UTC)


@pytest.fixture
async def member(database: Database) -> Member:
    async with database.write() as db:
        db.add(Community(key="coprr", name="COPRR", zone="Europe/Brussels"))
    async with database.write(1) as db:
        made = Member(code="m1", name="Claire Exemple", zone="Europe/Paris")
        db.add(made)
    return made


async def owner(database: Database, token: str) -> tuple[int, int] | None:
    async with database.read() as db:
        return await feeds.find(db, token)


async def test_only_the_newest_token_works_until_it_is_revoked(database: Database, member: Member) -> None:
    async with database.write(1) as db:
        first = await feeds.issue(db, member, NOW)
    assert len(first) == 32  # 192 bits
    assert await owner(database, first) == (1, member.id)
    async with database.write(1) as db:
        second = await feeds.issue(db, member, NOW)
    assert await owner(database, first) is None
    assert await owner(database, second) == (1, member.id)
    async with database.write(1) as db:
        assert await feeds.revoke(db, member, NOW)
        assert not await feeds.revoke(db, member, NOW)
        assert await feeds.current(db, member) is None
    assert await owner(database, second) is None


async def test_no_token_is_kept(database: Database, member: Member) -> None:
    async with database.write(1) as db:
        token = await feeds.issue(db, member, NOW)
        rows = (await db.execute(text("SELECT * FROM feed_link"))).all()
    assert token not in str(rows)


async def test_made_up_tokens_find_nothing(database: Database, member: Member) -> None:
    async with database.write(1) as db:
        token = await feeds.issue(db, member, NOW)
    for each in ("", token[:-1], token + "x", token.swapcase(), feeds.fingerprint(token), "%", "x" * 32, "é" * 32):
        assert await owner(database, each) is None, each


async def test_a_link_ends_with_the_membership_but_not_with_a_stop(database: Database, member: Member) -> None:
    async with database.write(1) as db:
        token = await feeds.issue(db, member, NOW)
    for state, works in (("stopped", True), ("paused", True), ("left", False), ("erased", False), ("invited", False)):
        async with database.write(1) as db:
            (await db.get_one(Member, member.id)).state = state
        assert (await owner(database, token) is not None) is works, state


async def test_presses_at_once_leave_one_link_that_works(database: Database, member: Member) -> None:
    async def press() -> str:
        async with database.write(1) as db:
            return await feeds.issue(db, member, NOW)

    tokens = await asyncio.gather(*(press() for _ in range(6)))
    assert len([each for each in tokens if await owner(database, each)]) == 1
    async with database.read(1) as db:
        assert await db.scalar(select(func.count()).select_from(FeedLink)) == 6


async def test_a_calendar_holds_what_the_member_was_asked_to_and_did_not_refuse(
    database: Database, member: Member
) -> None:
    wanted = {
        "none": True, "yes": True, "maybe": True, "waitlisted": True, "asked": True, "reconfirm": True,
        "no": False, "delegated": False, "refused": False,
    }  # fmt: skip
    async with database.write(1) as db:
        other = Member(code="m2", name="Other Person", zone="Europe/Paris")
        db.add(other)
        await db.flush()

        async def add(
            code: str, *, days: int = 10, state: str = "inviting", who: Member = member, **more: object
        ) -> None:
            start = NOW + timedelta(days=days)
            made = Meeting(
                code=code, title=code, starts_at=start, ends_at=start + timedelta(hours=2), zone="Europe/Brussels",
                state=state, rsvp_deadline=start,
            )  # fmt: skip
            db.add(made)
            await db.flush()
            db.add(Invitation(meeting_id=made.id, member_id=who.id, **({"invited_at": NOW} | more)))

        for reply in wanted:
            await add(reply, reply=reply)
        await add("cancelled", state="cancelled", reply="yes")
        await add("draft", state="draft")
        await add("held", days=-59, state="held", reply="yes")
        await add("long over", days=-61, state="held", reply="yes")
        await add("withdrawn", withdrawn=True)
        await add("not told yet", invited_at=NOW + timedelta(hours=1))
        await add("replied in a channel", invited_at=NOW + timedelta(hours=1), reply="maybe")
        await add("theirs", who=other)
    async with database.read(1) as db:
        found = {meeting.code for meeting, _ in await feeds.meetings(db, member, NOW)}
    assert found == {each for each, there in wanted.items() if there} | {
        "cancelled",
        "held",
        "replied in a channel",
    }
