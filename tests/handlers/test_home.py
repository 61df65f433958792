from __future__ import annotations

from datetime import timedelta
from typing import Any

from chat.outbound import Home
from chat.people import Person
from chat.text import plain
from handlers import _reminding
from storage.feedback import FeedbackFlag
from storage.meetings import Invitation, Meeting
from tests.kinds import on_one


async def plan(town: Any, code: str = "M6", days: int = 28, reply: str = "none", state: str = "inviting") -> Meeting:
    start = town.clock.now() + timedelta(days=days, hours=1)
    async with town.write() as db:
        meeting = Meeting(
            code=code, title="Jobs, skills and community-based reintegration", starts_at=start,
            ends_at=start + timedelta(hours=2, minutes=30), zone="Europe/Brussels", state=state,
            rsvp_deadline=start - timedelta(days=14) + timedelta(hours=8),
        )  # fmt: skip
        db.add(meeting)
        await db.flush()
        for member in (town.tahmina, town.claire):
            db.add(Invitation(
                meeting_id=meeting.id, member_id=member.id, invited_at=town.clock.now(),
                reply=reply if member is town.tahmina else "yes",
            ))  # fmt: skip
    return meeting


@on_one
async def test_an_empty_home_says_that_nothing_waits(town: Any, show: Any) -> None:
    text = show(await town.command(town.tahmina, "home")).text
    assert text.splitlines() == [
        "COPRR · Home", "Waiting for you", "Nothing waits for you.", "Next meetings",
        "No meeting is planned yet. You will be invited here.",
        "Messages: Telegram · English · Dhaka · quiet 20:00–08:00",
    ]  # fmt: skip


async def test_home_shows_what_waits_and_what_comes_in_the_members_zone(town: Any, show: Any) -> None:
    await plan(town)
    lines = show(await town.command(town.tahmina, "home"), zone="Asia/Dhaka").text.splitlines()
    assert lines[2].startswith("1. Reply by Wed, 6 May 2026, 22:00 (Dhaka)")
    assert lines[2].endswith(": Jobs, skills and community-based reintegration")
    assert lines[4] == "Wed, 20 May 2026, 14:00–16:30 (Dhaka) · 10:00 Brussels · Online"
    assert lines[5].endswith("You: no reply yet")


async def test_an_answered_or_withdrawn_invitation_does_not_wait(town: Any, show: Any) -> None:
    await plan(town, reply="maybe")
    text = show(await town.command(town.tahmina, "home")).text
    assert "Nothing waits for you." in text
    assert "You: Maybe" in text


async def test_open_questions_about_a_meeting_wait_for_a_week(town: Any, show: Any) -> None:
    meeting = await plan(town, "M5", days=-2, reply="yes", state="held")
    async with town.write() as db:
        db.add(FeedbackFlag(meeting_id=meeting.id, member_id=town.tahmina.id))
    assert "1. Questions about Jobs" in show(await town.command(town.tahmina, "home")).text
    town.clock.advance(timedelta(days=7))
    assert "Nothing waits for you." in show(await town.command(town.tahmina, "home")).text


@on_one
async def test_the_home_tab_is_made_of_sections(town: Any, stranger: Person, show: Any) -> None:
    (tab,) = await town.home(town.claire)
    assert isinstance(tab, Home)
    reader = show([]).reader
    assert [plain(each.lines[0], reader) for each in tab.sections][:3] == [
        "COPRR · Home", "Waiting for you", "Next meetings",
    ]  # fmt: skip
    assert "serves members" in show(await town.home(Person("slack", "T1", "U77"))).text
    assert "Organiser desk" not in show(await town.home(town.claire)).labels
    assert "Organiser desk" in show(await town.home(town.olivia)).labels


@on_one
async def test_every_button_of_the_home_leads_somewhere(town: Any, show: Any) -> None:
    await plan(town)
    home = show(await town.command(town.olivia, "home"))
    for label in home.labels:
        assert await town.click(town.olivia, home.button(label))


async def test_the_desk_is_for_organisers_and_counts(town: Any, show: Any) -> None:
    empty = show(await town.command(town.olivia, "desk")).text
    assert "2 members, 2 within reach." in empty
    assert "Plan the first meeting; nothing is sent until you confirm." in empty
    await plan(town)
    desk = show(await town.command(town.olivia, "desk")).text
    assert "M6 · Wed, 20 May 2026, 10:00 (Brussels) · inviting" in desk
    assert "yes 1, maybe 0, no 0, no reply 1" in desk
    assert show(await town.command(town.claire, "desk")).text == "Only organisers can do that."


async def test_another_communitys_meetings_never_show(town: Any, show: Any) -> None:
    from storage.communities import Community

    async with town.database.write() as db:
        db.add(Community(key="empathy", name="EMPATHY", zone="Europe/Istanbul"))
    meeting = await plan(town)
    async with town.database.write() as db:
        row = await db.get(Meeting, meeting.id)
        row.community_id = town.community.id + 1
    assert "No meeting is planned yet" in show(await town.command(town.tahmina, "home")).text


@on_one
async def test_the_desk_names_invitations_that_should_have_been_sent(town: Any, show: Any) -> None:
    await plan(town, days=50, state="scheduled")
    assert "To do" not in show(await town.command(town.olivia, "desk")).text
    town.clock.advance(timedelta(days=10))
    desk = show(await town.command(town.olivia, "desk"))
    assert "1. Invitations for M6 are not sent: Jobs, skills and community-based reintegration" in desk.text
    assert "Invitations for M6" in show(await town.click(town.olivia, desk.button("1 · Preview"))).text


@on_one
async def test_the_hand_over_says_what_goes_out_in_thirty_days(town: Any, show: Any) -> None:
    meeting = await plan(town)
    async with town.write() as db:
        await _reminding.arm(db, await db.get_one(Meeting, meeting.id))
    shown = show(await town.command(town.olivia, "todo")).text
    assert "Next 30 days" in shown
    assert "Wed, 13 May 2026 · M6 · Reminder a week before · Yes · now 1" in shown
    assert "Only organisers can do that." in show(await town.command(town.claire, "todo")).text
