"""Who leads a meeting: organisers, staff who moderate, and who moderates this one meeting (conversation §2: O V)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select

from chat.errors import UserError
from chat.text import say
from handlers._feature import Context
from handlers._meetings import pressed
from storage.meetings import Meeting
from storage.members import RoleGrant, roles_of

MODERATOR = "moderator"
ORGANISE = frozenset({"organiser", "admin"})
LEAD = ORGANISE | {MODERATOR}


async def led(ctx: Context, key: str) -> Meeting:
    """Find the meeting of a pressed button, if the actor leads it. Raise `UserError`.

    What it is asked for shows names or counts: only ever answer in private.
    """
    meeting = await pressed(ctx, key)
    await require(ctx, meeting)
    return meeting


async def require(ctx: Context, meeting: Meeting) -> None:
    """Refuse who does not lead a meeting. Raise `UserError`."""
    if ctx.roles & LEAD or await roles_of(ctx.db, ctx.me, ctx.now, meeting.id) & LEAD:
        return
    raise UserError(say("e_role"))


async def leads_any(ctx: Context) -> bool:
    """Tell whether the actor leads any meeting."""
    return bool(ctx.roles & LEAD) or bool(await _own(ctx))


async def among(ctx: Context, meetings: Sequence[Meeting]) -> list[Meeting]:
    """Keep the meetings the actor leads, so that titles are offered to nobody else. Raise `UserError` if none ever."""
    if ctx.roles & LEAD:
        return list(meetings)
    own = await _own(ctx)
    if not own:
        raise UserError(say("e_role"))
    return [each for each in meetings if each.id in own]


async def _own(ctx: Context) -> frozenset[int]:
    if ctx.member is None:
        return frozenset()
    found = await ctx.db.scalars(
        select(RoleGrant.meeting_id).where(
            RoleGrant.member_id == ctx.member.id,
            RoleGrant.role == MODERATOR,
            RoleGrant.meeting_id.is_not(None),
            or_(RoleGrant.until.is_(None), RoleGrant.until > ctx.now),
        )
    )
    return frozenset(each for each in found if each is not None)
