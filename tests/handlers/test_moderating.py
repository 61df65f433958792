"""The moderator of one meeting sees its counts and names, and can change nothing; nobody else sees them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chat.errors import UserError
from chat.message import Message, Press
from chat.people import Person, Place
from chat.text import Reader, plain
from scheduler.contract import Skip
from storage.meetings import Invitation, Meeting
from storage.members import RoleGrant
from tests.kinds import on_one


@pytest.fixture
async def meetings(town: Any) -> list[Meeting]:
    """Give two meetings people reply to; Claire moderates the first one for three weeks from now."""
    now = town.clock.now()
    async with town.write() as db:
        made = [
            Meeting(
                code=code, title=title, starts_at=now + timedelta(days=20), ends_at=now + timedelta(days=20, hours=2),
                zone="Europe/Brussels", state="inviting", rsvp_deadline=now + timedelta(days=10),
            )
            for code, title in (("M6", "Jobs and skills"), ("M7", "Digital tools"))
        ]  # fmt: skip
        db.add_all(made)
        await db.flush()
        for each in made:
            db.add(Invitation(meeting_id=each.id, member_id=town.tahmina.id, invited_at=now, reply="yes"))
        until = now + timedelta(days=21)
        db.add(RoleGrant(member_id=town.claire.id, role="moderator", meeting_id=made[0].id, until=until))
    return made


@on_one
async def test_a_moderator_sees_the_counts_without_the_buttons_of_organisers(
    town: Any, meetings: list[Meeting], show: Any
) -> None:
    shown = show(await town.command(town.claire, "meeting status"))
    assert shown.text.startswith("M6 · Jobs and skills")
    assert "yes 1" in shown.text
    assert shown.labels == ["Show names", "Home"]
    assert show(await town.click(town.claire, Press("status", meetings[0].key, "more"))).labels == shown.labels
    drawn = await town.draw("status", meetings[0].key, town.claire, first=False)
    assert isinstance(drawn, Message)
    assert [len(each) for each in drawn.rows] == [2]
    assert "Edit" in show(await town.command(town.olivia, "meeting status M6")).labels


@on_one
async def test_a_moderator_reads_the_names_and_answers_for_nobody(
    town: Any, meetings: list[Meeting], show: Any
) -> None:
    status = show(await town.command(town.claire, "meeting status M6"))
    for answers in (
        await town.command(town.claire, "meeting roster"),
        await town.click(town.claire, status.button("Show names")),
    ):
        assert "1. Tahmina Udaharon · Yes" in show(answers).text
        assert show(answers).labels == ["Status"]
    channel = Place("slack", "T1", "C1", "group")
    (answer,) = await town.click(town.claire, Press("roster", meetings[0].key, "0"), channel)
    assert answer.private
    assert show(await town.click(town.claire, Press("ansfor", meetings[0].key))).text == "Only organisers can do that."


@on_one
@pytest.mark.parametrize("who", ["tahmina", "claire"])
async def test_another_meeting_and_another_member_are_refused(town: Any, meetings: list[Meeting], who: str) -> None:
    other = meetings[1] if who == "claire" else meetings[0]
    for verb in ("status", "roster", "attend"):
        with pytest.raises(UserError) as caught:
            await town.click(getattr(town, who), Press(verb, other.key, "0"))
        assert plain(caught.value.text, Reader()) == "Only organisers can do that."
    assert await town.draw("status", other.key, getattr(town, who)) == Skip("not_entitled")


@on_one
async def test_titles_of_meetings_are_offered_only_to_who_leads_them(
    town: Any, meetings: list[Meeting], stranger: Person, show: Any
) -> None:
    for words in ("meeting status", "meeting roster", "meeting attendance"):
        with pytest.raises(UserError):
            await town.command(town.tahmina, words)
        assert "serves members" in show(await town.command(stranger, words)).text
        for named in (words, f"{words} M7", f"{words} digital"):
            assert "Digital" not in show(await town.command(town.claire, named)).text
    assert "M7 · Digital tools" in show(await town.command(town.olivia, "meeting status")).labels


@on_one
async def test_the_role_ends_with_its_time(town: Any, meetings: list[Meeting]) -> None:
    town.clock.advance(timedelta(days=21))
    with pytest.raises(UserError):
        await town.click(town.claire, Press("status", meetings[0].key))
    assert await town.draw("status", meetings[0].key, town.claire) == Skip("not_entitled")
