"""Take a history file into the database: past meetings, and the replies to one that is still inviting."""

from __future__ import annotations

from sqlalchemy import select

from storage.communities import Community
from storage.community_file import HistoryFile, Refused, Report
from storage.community_file._apply_meeting import take_in_meeting, take_in_replies
from storage.community_file._merge import Merge
from storage.database import Session
from storage.meetings import Meeting
from storage.members import Member


async def take_in_history(db: Session, file: HistoryFile, *, current: bool = True) -> Report:
    """Add the past meetings of a community, and with `current` also the replies to the one still inviting.

    Live replies stay, and taking a file in twice changes nothing. Raise `Refused` if the community or a meeting is
    not there.
    """
    community = await db.scalar(select(Community).where(Community.key == file.community))
    if community is None:
        raise Refused(f'there is no community "{file.community}" yet; take in its community file first')
    db.scope(community.id)
    report = Report(community_id=community.id)
    merge = await Merge.begin(db, report)
    members = {each.code: each for each in await db.scalars(select(Member))}
    for entry in file.meetings:
        await take_in_meeting(db, merge, entry, members, "past meeting")
    for each in file.current if current else ():
        meeting = await db.scalar(select(Meeting).where(Meeting.code == each.meeting))
        if meeting is None:
            raise Refused(f'there is no meeting "{each.meeting}" to add replies to')
        everybody = [code for code, member in members.items() if not member.staff]
        report.notes += [
            f"{each.meeting}: {line}"
            for line in await take_in_replies(db, meeting, everybody, each.replies, members, each.invited_at)
        ]
        if meeting.state in ("draft", "scheduled"):
            meeting.state = "inviting"
    await db.flush()
    return report
