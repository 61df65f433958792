"""A memo and a channel with people who may not see it: named or counted, in private, allowed with a tap of its own."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from chat.message import Press
from storage import channel_people
from storage.audit import AuditEntry
from storage.communities import Channel
from storage.members import Account, Member
from tests.handlers.memo_posting import Post, build_post
from tests.handlers.memoing import Desk, build_desk
from tests.kinds import on_one

LISTED = ("U1", "U2", "U5")
"""Olivia and Dana, organiser and approver, and Claire, who is on the list."""


async def there(town: Any, platform: str, *users: str, count: int | None = None) -> Channel:
    """Have it looked up who is in the members' channel; Ben (U6) is a member, U7 and U8 nobody knows."""
    async with town.write() as db:
        asked = select(Channel).where(Channel.platform == platform, Channel.purpose == "members")
        channel: Channel = (await db.scalars(asked)).one()
        given = None if count is not None else users
        await channel_people.keep(db, channel.id, town.clock.now(), count or len(users), given)
        if await db.scalar(select(Member.id).where(Member.code == "m06")) is None:
            ben = Member(code="m06", name="Ben Elsewhere", zone="UTC", joined_at=town.clock.now())
            ben.accounts = [Account(platform="slack", workspace="T1", user="U6", chat="DU6")]
            db.add(ben)
    return channel


@pytest.fixture
async def desk(town: Any, show: Any) -> Desk:
    made = await build_desk(town, show)
    await made.write()
    return made


async def choose(desk: Desk, channel: Channel, form: str = "") -> Any:
    return desk.show(await desk.town.click(desk.town.olivia, Press("mchan", desk.key, str(channel.id), form)))


async def test_slack_says_who_may_not_see_it_before_the_file_is_allowed(town: Any, desk: Desk) -> None:
    channel = await there(town, "slack", *LISTED, "U6", "U7")
    seen = await choose(desk, channel)
    assert "2 people there may not see it. Choose DM, or a card that delivers in private." in seen.text
    assert "Not on the list: Ben Elsewhere; 1 person I do not know. Looked up Mon, 2 Feb 2026" in seen.text
    seen = desk.show(await town.click(town.olivia, seen.button("The file")))
    assert "Ben Elsewhere; 1 person I do not know" in seen.text
    assert "Everybody there would have the file" in seen.text
    assert (await desk.document()).targets["channels"] == {}
    old = seen.button("Allow the file here")
    await there(town, "slack", *LISTED, "U6", "U7", "U8")
    seen = desk.show(await town.click(town.olivia, old))  # somebody came meanwhile: the warning again
    assert "3 people there may not see it" in seen.text
    assert "Ben Elsewhere; 2 people I do not know" in seen.text
    assert (await desk.document()).targets["channels"] == {}
    seen = desk.show(await town.click(town.olivia, seen.button("Allow the file here")))
    assert "In Slack coprr: the file itself" in seen.text
    targets = (await desk.document()).targets
    assert targets["channels"] == {str(channel.id): "file"}
    assert len(targets["allowed"][str(channel.id)]) == 3
    assert not any(each in str(targets) for each in ("U6", "U7", "U8"))
    async with town.read() as db:
        assert "memo.file_allowed" in list(await db.scalars(select(AuditEntry.act)))
    seen = await choose(desk, channel, "card")
    assert "In Slack coprr: a card" in seen.text
    assert (await desk.document()).targets["allowed"] == {}


@on_one
async def test_telegram_says_how_many_are_there_and_when(town: Any, desk: Desk) -> None:
    channel = await there(town, "telegram", count=26)
    seen = await choose(desk, channel, "file")
    assert "Telegram does not tell a bot who is in a group. 26 people are there." in seen.text
    assert "Looked up Mon, 2 Feb 2026, 11:00" in seen.text
    seen = desk.show(await town.click(town.olivia, seen.button("Allow the file here")))
    assert "In Telegram COPRR: the file itself" in seen.text


@on_one
async def test_a_channel_of_readers_only_says_so_and_an_unknown_one_too(town: Any, desk: Desk) -> None:
    channel = await there(town, "slack", *LISTED)
    seen = await choose(desk, channel)
    assert "3 people are there, and all of them may see it." in seen.text
    async with town.write() as db:
        await channel_people.unknown(db, channel.id, town.clock.now())
    assert "people" not in (await choose(desk, channel)).text
    assert "I cannot list who is in it." in (await choose(desk, channel, "file")).text


@on_one
async def test_in_a_channel_nobody_learns_who_is_there(town: Any, desk: Desk) -> None:
    from chat.outbound import Reply
    from chat.people import Place

    channel = await there(town, "slack", *LISTED, "U6")
    group = Place("slack", "T1", "C1", "group")
    answers = await town.click(town.olivia, Press("mchan", desk.key, str(channel.id), "file"), group)
    assert all(isinstance(each, Reply) and each.private for each in answers)


@pytest.fixture
async def post(town: Any, show: Any) -> Post:
    return await build_post(town, show)


async def send_files_to(post: Post, *channels: Channel, allowed: Any = ()) -> None:
    forms = {str(each.id): "file" for each in channels}
    await post.change(targets={"dm": "card", "channels": forms, "allowed": {each: sorted(allowed) for each in forms}})


async def test_the_file_stays_out_of_a_channel_with_people_nobody_allowed(town: Any, post: Post) -> None:
    channel = await there(town, "slack", *LISTED, "U6", "U7")
    await send_files_to(post, channel)
    seen = await post.preview()
    assert "Goes to the channels" not in seen.text
    assert "coprr (Slack): the file does not go there. 2 people there may not see it." in seen.text
    assert "Not on the list: Ben Elsewhere; 1 person I do not know." in seen.text
    old = seen.button("Send to 2")
    seen = await post.press("Channels")  # it is approved: what was chosen can be allowed, nothing else changes
    seen = post.show(await town.click(town.olivia, seen.button("✓ Slack coprr")))
    seen = post.show(await town.click(town.olivia, seen.button("The file")))
    seen = post.show(await town.click(town.olivia, seen.button("Allow the file here")))
    assert "In Slack coprr: the file itself" in seen.text
    assert (await post.document()).state == "approved"
    seen = post.show(await town.click(town.olivia, old))
    assert "Something changed since this preview." in seen.text
    seen = await post.preview()
    assert "Goes to the channels: coprr (Slack)" in seen.text
    assert "coprr (Slack): the file goes there as you allowed, although 2 people there may not see it." in seen.text
    assert "Ben Elsewhere; 1 person I do not know" in seen.text
    await there(town, "slack", *LISTED, "U7")  # who has left changes nothing
    assert "although 1 person there may not see it" in (await post.preview()).text
    await there(town, "slack", *LISTED, "U7", "U8")
    assert "coprr (Slack): the file does not go there. 2 people" in (await post.preview()).text


@on_one
async def test_other_forms_of_an_approved_memo_stay_as_they_were_approved(town: Any, post: Post) -> None:
    channel = await there(town, "slack", *LISTED, "U6")
    await post.change(targets={"dm": "card", "channels": {str(channel.id): "card"}})
    assert "Channels" not in (await post.card()).labels
    seen = post.show(await town.click(town.olivia, Press("mchan", post.key, str(channel.id), "file")))
    seen = post.show(await town.click(town.olivia, seen.button("Allow the file here")))
    assert "That is not possible now." in seen.text
    assert (await post.document()).targets["channels"] == {str(channel.id): "card"}
    assert "may not see it" not in (await post.preview()).text  # a card delivers in private
    assert "Goes to the channels: coprr (Slack)" in (await post.preview()).text


@on_one
async def test_a_telegram_group_gets_the_file_with_its_number_in_the_preview(town: Any, post: Post) -> None:
    await send_files_to(post, await there(town, "telegram", count=26))
    seen = await post.preview()
    assert "COPRR (Telegram): everybody there will have the file" in seen.text
    assert "Bots cannot see who is in a group. 26 people are there. Looked up " in seen.text


@on_one
async def test_a_correction_does_not_follow_the_file_to_people_who_came_later(town: Any, post: Post) -> None:
    channel = await there(town, "slack", *LISTED)
    await send_files_to(post, channel)
    assert "Goes to the channels: coprr (Slack)" in (await post.preview()).text
    await post.out()
    subject = await post.correct()
    asked = await post.card_of(post.dana, "memo_fix", subject)
    await town.click(post.dana, asked.button("Approve"))
    assert "Goes to the channels: coprr (Slack)" in (await post.preview("mc", subject)).text
    await there(town, "slack", *LISTED, "U6")
    seen = await post.preview("mc", subject)
    assert "Goes to the channels" not in seen.text
    assert "coprr (Slack): the new file does not go there. 1 person there may not see it." in seen.text
    assert "Not on the list: Ben Elsewhere." in seen.text
