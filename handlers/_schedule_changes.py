"""Changing one row of a schedule, a meeting's or the community's usual one: what is allowed, and what follows."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Any

from sqlalchemy import select

from chat.text import Text, When, say
from handlers import _reminding
from handlers._schedule import RULES, Calendar, Row, feedback_closes, topic_poll
from handlers._schedule_screens import usual_rows
from storage.communities import Community
from storage.database import Session
from storage.meetings import INVITED, Meeting
from storage.series import NOT_ANNOUNCED

DAYS_MOST = 365
POLL_DAYS_MOST = 60
"""Days a poll may be open at most unless somebody says otherwise."""
HOURS = ("08:00", "09:00", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00", "16:00", "17:00", "18:00", "19:00")
"""Hours outside of usual quiet hours (domain 3.2); others between them are typed."""
REPLY_DAYS = {"online": 14, "in_person": 30}
"""Days from the usual reply deadline to the start (domain 3.2)."""


def read_hour(text: str) -> str | None:
    """Read `9:30` or `14.00`; None for what is no time from 08:00 to 19:00."""
    found = re.fullmatch(r"(\d{1,2})[:.h ]\s?(\d{2})", text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    moment = time(int(found[1]), int(found[2]))
    return f"{moment:%H:%M}" if time(8) <= moment <= time(19) else None


def refuse(dates: Calendar, found: Row, days: int, hour: str, now: datetime) -> Text | None:
    """Tell why a row of a meeting cannot be at that moment: past, or after what it has to come before."""
    change = {found.key: {"days": days, "hour": hour}}
    pattern = Meeting(
        format=dates.meeting.format, starts_at=dates.meeting.starts_at, ends_at=dates.meeting.ends_at,
        zone=dates.meeting.zone, rsvp_deadline=dates.meeting.rsvp_deadline,
        online_deadline=dates.meeting.online_deadline, schedule={**(dates.meeting.schedule or {}), **change},
    )  # fmt: skip
    tried = Calendar(pattern, dates.settings, dates.no_send)
    row = tried.row(found.key)
    assert row is not None
    at = tried.nominal(row)
    if at <= now:
        return say("f_past")
    limit = feedback_closes(pattern) if row.rule.chain == "questions" else None if row.rule.after else tried.limit(row)
    if limit is not None and at >= limit:
        return say("sc_too_late", when=When(limit, pattern.zone))
    return None


def refuse_usual(found: Row, form: str, days: int) -> Text | None:
    """Tell why a usual row cannot be so near the meeting."""
    if found.rule.to in ("silent", "maybe") and days <= REPLY_DAYS[form]:
        return say("sc_too_late_usual", n=REPLY_DAYS[form])
    if found.rule.chain == "questions" and days >= 7:
        return say("f_number", min=1, max=6)
    return None


def refuse_poll(community: Community, found: Row, days: int) -> Text | None:
    """Tell why a topic poll cannot remind or close so many days after it opens: first the reminder, then the close."""
    remind, close = topic_poll(community.settings)
    if found.key == "poll_remind" and days >= close.days:
        return say("sc_poll_remind_late", n=close.days)
    if found.key == "poll_close" and remind is not None and days <= remind.days:
        return say("sc_poll_close_early", n=remind.days)
    return None


async def change(db: Session, meeting: Meeting, key: str, entry: dict[str, Any] | None) -> None:
    """Write one row of a meeting, or take its change back (None); what waits is written anew. The row is held."""
    rows = dict(meeting.schedule or {})
    rows.pop(key, None)
    if entry is not None:
        rows[key] = entry
    meeting.schedule = rows
    await db.flush()
    if meeting.state in (*NOT_ANNOUNCED, *INVITED):
        await _reminding.rewrite(db, meeting, key)


async def change_usual(db: Session, name: str, entry: dict[str, Any] | None) -> None:
    """Write one row of the community's usual schedule, `nudge_1@online`, or take its change back.

    Meetings that do not say otherwise themselves follow: planned ones in what comes before the announcement, announced
    ones in the rest. What follows the topic poll counts for polls that are opened from now on.
    """
    held = select(Community).where(Community.id == db.community_id).with_for_update(key_share=True)
    community = (await db.scalars(held.execution_options(populate_existing=True))).one()
    rows = dict(community.settings.get("schedule") or {})
    rows.pop(name, None)
    if entry is not None:
        rows[name] = entry
    community.settings = {**community.settings, "schedule": rows}
    await db.flush()
    key = name.partition("@")[0]
    concerned = NOT_ANNOUNCED if any(each.key == key and each.draft for each in RULES) else INVITED
    for meeting in await db.scalars(select(Meeting).where(Meeting.state.in_(concerned))):
        for row in (await _reminding.calendar(db, meeting)).rows:
            if row.rule.key == key and not row.rule.follows:
                await _reminding.rewrite(db, meeting, row.key)


def find_usual(community: Community, name: str) -> Row | None:
    """Find a row of the usual schedule by the name buttons carry."""
    key, _, form = name.partition("@")
    if form not in REPLY_DAYS:
        return None
    return next((each for each in usual_rows(community, form) if each.key == key), None)
