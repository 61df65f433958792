"""Polls: topics in order of preference, dates, quick questions. One ballot per member across both platforms.

Whoever votes holds the poll's row in share, whoever closes it or lets an option in holds it alone, so no vote is lost
at the end and none comes in after it. Ballots are counted here and never handed out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    String,
    UniqueConstraint,
    cast,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage import audience
from storage.database import Base, OfCommunity, Session, new_key
from storage.deliveries import Campaign
from storage.meetings import Meeting
from storage.members import Member, RoleGrant
from storage.poll_totals import Choices, best, count
from storage.sharing import add_once

KINDS = ("topic", "date", "quick")
STATES = ("draft", "open", "closed", "decided", "cancelled")
OPTIONS_MAX = 6
SUGGESTIONS_MAX = 20
"""Suggestions that wait for the organisers at the same time."""
PENDING, LEFT_OUT = 0, -1
"""Positions of a suggestion nobody has decided about, and of one that was left out."""


class Poll(OfCommunity, Base):
    """One question to many; while it is open nobody sees how others voted."""

    __tablename__ = "poll"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    kind: Mapped[str] = mapped_column(String(8))
    question: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(12), default="draft")
    closes_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(64))
    """The host's IANA zone."""
    minutes: Mapped[int | None]
    """Length of the meeting a date poll is about."""
    suggestions: Mapped[bool] = mapped_column(default=False)
    """Whether members may suggest topics of their own."""
    live: Mapped[bool] = mapped_column(default=False)
    """Whether totals are shown while it is open; only quick polls may."""
    audience: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Who may vote, as in `Meeting.audience`; a quick poll: everybody, or `{"staff": true}` in organisers' channels."""
    channels: Mapped[list[int]] = mapped_column(JSON, default=list)
    """Ids of the channels that show it."""
    revision: Mapped[int] = mapped_column(default=0)
    chosen_id: Mapped[int | None]
    """The option that was decided for."""
    meeting_id: Mapped[int | None]
    """The meeting that was made of it."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))


class PollOption(OfCommunity, Base):
    """One option; its totals are written when the poll closes."""

    __tablename__ = "poll_option"
    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(120), default="")
    line: Mapped[str] = mapped_column(String(160), default="")
    starts_at: Mapped[datetime | None]
    """The moment of a date poll's slot."""
    suggested: Mapped[bool] = mapped_column(default=False)
    """Whether a member suggested it; it can be voted for once an organiser has let it in (`position` above 0)."""
    totals: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """Topic: `points`, `first`; date: `yes`, `maybe`, `no`; quick: `votes`."""


class Ballot(OfCommunity, Base):
    """One member's vote; nobody else sees it."""

    __tablename__ = "ballot"
    __table_args__ = (UniqueConstraint("poll_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Topic: `{"order": [option ids]}`; date: `{option id: "y" | "m" | "n"}`; quick: `{"one": option id}`; `{}` is
    no vote."""
    done: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime]
    """The person's time of the press; an older press never overwrites a newer one."""


_WRITTEN = cast(Ballot.choices, String)
_VOTED = _WRITTEN != "{}"
"""A ballot that was cleared stays, so that an older press cannot bring its vote back."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Be what became of a press: the vote that stands now.

    `refused` is "" or why nothing changed: `closed`, `not_entitled`; `older` means that a newer press had been taken in
    already; `counts` that the number of people who have voted is another one now.
    """

    choices: Choices
    done: bool = False
    changed: bool = False
    counts: bool = False
    older: bool = False
    refused: str = ""


async def by_key(db: Session, key: str) -> Poll | None:
    """Find a poll of this community by the key its buttons carry."""
    if db.batch is not None:
        return await db.batch.once(("poll", key), lambda: _find(db, key))
    return await _find(db, key)


async def _find(db: Session, key: str) -> Poll | None:
    return (await db.scalars(select(Poll).where(Poll.key == key))).one_or_none()


async def lock(db: Session, key: str) -> Poll | None:
    """Find a poll and hold it until the end of the transaction: nobody votes, closes or lets in meanwhile."""
    query = select(Poll).where(Poll.key == key).with_for_update().execution_options(populate_existing=True)
    return (await db.scalars(query)).one_or_none()


async def options(db: Session, poll: Poll) -> list[PollOption]:
    """Give the options that can be voted for, in order."""
    if db.batch is not None:
        return await db.batch.once(("options", poll.id), lambda: _options(db, poll))
    return await _options(db, poll)


async def _options(db: Session, poll: Poll) -> list[PollOption]:
    query = select(PollOption).where(PollOption.poll_id == poll.id, PollOption.position > 0)
    return list(await db.scalars(query.order_by(PollOption.position, PollOption.id)))


async def option(db: Session, poll: Poll, number: int) -> PollOption | None:
    """Find an option of a poll by id, also one that is only suggested."""
    found = await db.scalars(select(PollOption).where(PollOption.poll_id == poll.id, PollOption.id == number))
    return found.one_or_none()


async def ballot(db: Session, poll: Poll, member: Member) -> Ballot | None:
    """Give a member's own ballot."""
    found = await db.scalars(select(Ballot).where(Ballot.poll_id == poll.id, Ballot.member_id == member.id))
    return found.one_or_none()


async def entitled(db: Session, poll: Poll, member: Member) -> bool:
    """Tell whether a member may vote; a quick poll is for everybody, staff included, or for staff alone."""
    if poll.kind == "quick":
        return not poll.audience.get("staff") or member.staff or await _has_role(db, member)
    found = await db.scalar(select(Member.id).where(Member.id == member.id, audience.where(poll.audience)))
    return found is not None


async def _has_role(db: Session, member: Member) -> bool:
    held = select(RoleGrant.id).where(RoleGrant.member_id == member.id, RoleGrant.meeting_id.is_(None))
    return await db.scalar(held.limit(1)) is not None


async def cast_vote(
    db: Session,
    poll: Poll,
    member: Member,
    change: Callable[[Choices], Choices],
    at: datetime,
    *,
    done: bool | None = None,
) -> Cast:
    """Change a member's vote; `at` is the person's time of the press and the newest press wins.

    `change` gets the choices that stand and gives the new ones, `{}` for none. `done` says whether the ballot is shown
    as finished; none leaves that as it is.
    """
    held = select(Poll.state, Poll.closes_at).where(Poll.id == poll.id).with_for_update(read=True)
    state, closes_at = (await db.execute(held)).one()
    if state != "open" or at >= closes_at:
        return Cast({}, refused="closed")
    if not await entitled(db, poll, member):
        return Cast({}, refused="not_entitled")
    row = await _held_ballot(db, poll, member)
    if row is None:
        names = {"community_id": db.community_id, "poll_id": poll.id, "member_id": member.id}
        await add_once(db, Ballot, names | {"choices": {}, "done": False, "changed_at": at})
        row = await _held_ballot(db, poll, member)
        assert row is not None
    before, was_done = dict(row.choices), row.done
    # Compared to the second: Telegram tells no more, and within one second the order of arrival is as good.
    if at.replace(microsecond=0) < row.changed_at.replace(microsecond=0):
        return Cast(before, was_done, older=True)
    after = change(dict(before))
    row.choices, row.changed_at = after, at
    row.done = (was_done if done is None else done) and bool(after)
    await db.flush()
    return Cast(after, row.done, changed=after != before or row.done != was_done, counts=bool(after) != bool(before))


async def _held_ballot(db: Session, poll: Poll, member: Member) -> Ballot | None:
    query = select(Ballot).where(Ballot.poll_id == poll.id, Ballot.member_id == member.id).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def voters(db: Session, poll: Poll) -> int:
    """Count those who have voted."""
    return await db.scalar(select(func.count()).select_from(Ballot).where(Ballot.poll_id == poll.id, _VOTED)) or 0


async def turnout(db: Session, poll: Poll) -> tuple[int, int]:
    """Give how many have voted and how many may; somebody who voted and left since is still one of them."""
    voted = await voters(db, poll)
    may = await db.scalar(
        select(func.count()).select_from(Member).where(audience.where(poll.audience), Member.state.in_(audience.AGREED))
    )
    return voted, max(voted, may or 0)


async def silent(db: Session, poll: Poll) -> list[Member]:
    """Give those who may vote and have not, for the one reminder; nobody else ever sees them."""
    voted = select(Ballot.member_id).where(Ballot.poll_id == poll.id, _VOTED)
    query = select(Member).where(audience.where(poll.audience), Member.state.in_(audience.AGREED))
    return list(await db.scalars(query.where(Member.id.not_in(voted)).order_by(Member.code)))


async def tally(db: Session, poll: Poll) -> dict[int, dict[str, int]]:
    """Count all ballots: totals by option id, also of options nobody chose."""
    query = select(_WRITTEN, func.count()).where(Ballot.poll_id == poll.id, _VOTED).group_by(_WRITTEN)
    counted = [(json.loads(text), number) for text, number in await db.execute(query)]
    return count(poll.kind, [each.id for each in await _options(db, poll)], counted)


async def close(db: Session, poll: Poll, now: datetime) -> bool:
    """Close an open poll, whose row is held, and write its totals; false if it is not open.

    A clear topic is decided at once; `closed` stays what organisers have to decide about.
    """
    if poll.state != "open":
        return False
    totals = await tally(db, poll)
    found = await _options(db, poll)
    for each in found:
        each.totals = totals[each.id]
    poll.state, poll.closes_at = "closed", min(poll.closes_at, now)
    winners = best(poll.kind, found)
    if poll.kind == "quick" or not winners:
        poll.state = "decided"
    elif poll.kind == "topic" and len(winners) == 1:
        poll.state, poll.chosen_id = "decided", winners[0].id
    poll.revision += 1
    await db.flush()
    return True


async def decide(db: Session, poll: Poll, chosen: PollOption) -> bool:
    """Record the organisers' decision about a closed poll, whose row is held; false if it stands already."""
    if poll.state not in ("closed", "decided") or poll.chosen_id == chosen.id:
        return False
    poll.state, poll.chosen_id, poll.revision = "decided", chosen.id, poll.revision + 1
    await db.flush()
    return True


async def replace_options(db: Session, poll: Poll, rows: Sequence[dict[str, Any]]) -> None:
    """Write the options of a draft anew; votes from before its opening was undone go with the old ones."""
    await db.execute(delete(Ballot).where(Ballot.poll_id == poll.id))
    for old in await db.scalars(select(PollOption).where(PollOption.poll_id == poll.id)):
        await db.delete(old)
    await db.flush()
    db.add_all(PollOption(poll_id=poll.id, position=number, **each) for number, each in enumerate(rows, 1))
    await db.flush()


async def suggest(db: Session, poll: Poll, title: str) -> PollOption | str:
    """Keep a suggestion, the poll's row held; no name is kept with it. Give why not: `known`, `full`."""
    everything = list(await db.scalars(select(PollOption).where(PollOption.poll_id == poll.id)))
    if any(each.title.casefold() == title.casefold() and each.position != LEFT_OUT for each in everything):
        return "known"
    waiting = sum(each.position == PENDING for each in everything)
    if sum(each.position > 0 for each in everything) >= OPTIONS_MAX or waiting >= SUGGESTIONS_MAX:
        return "full"
    made = PollOption(poll_id=poll.id, position=PENDING, title=title, suggested=True)
    db.add(made)
    await db.flush()
    return made


async def let_in(db: Session, poll: Poll, suggestion: PollOption) -> bool:
    """Put a suggestion on the ballot, the poll's row held; false if six options stand there already."""
    found = await _options(db, poll)
    if len(found) >= OPTIONS_MAX:
        return False
    suggestion.position = max((each.position for each in found), default=0) + 1
    poll.revision += 1
    await db.flush()
    return True


async def leave_out(db: Session, suggestion: PollOption) -> None:
    """Note that a suggestion does not come on the ballot."""
    change = update(PollOption).where(PollOption.id == suggestion.id, PollOption.position == PENDING)
    await db.execute(change.values(position=LEFT_OUT))


async def pending(db: Session, poll: Poll) -> list[PollOption]:
    """Give the suggestions nobody has decided about."""
    query = select(PollOption).where(PollOption.poll_id == poll.id, PollOption.position == PENDING)
    return list(await db.scalars(query.order_by(PollOption.id)))


async def with_state(db: Session, *states: str, limit: int | None = None) -> list[Poll]:
    """Give the polls in these states, the one that closes or closed last first."""
    query = select(Poll).where(Poll.state.in_(states)).order_by(Poll.closes_at.desc(), Poll.id.desc())
    return list(await db.scalars(query.limit(limit)))


async def unanswered(db: Session, member: Member, now: datetime) -> list[Poll]:
    """Give the open topic and date polls a member may vote in and has not, the nearest deadline first."""
    mine = exists().where(Ballot.poll_id == Poll.id, Ballot.member_id == member.id, _VOTED)
    asked = select(Poll).where(*_announced(now), Poll.kind != "quick", ~mine)
    found = await db.scalars(asked.order_by(Poll.closes_at, Poll.id))
    return [each for each in found if await entitled(db, each, member)]


async def announced(db: Session, now: datetime) -> list[Poll]:
    """Give the open polls whose sending can no longer be undone, the one that closes next first."""
    return list(await db.scalars(select(Poll).where(*_announced(now)).order_by(Poll.closes_at, Poll.id)))


def _announced(now: datetime) -> tuple[ColumnElement[bool], ...]:
    held = exists().where(Campaign.subject == Poll.key, Campaign.state == "held", Campaign.held_until > now)
    return Poll.state == "open", Poll.closes_at > now, ~held


async def meeting_of(db: Session, poll: Poll, slot: PollOption | None) -> Meeting | None:
    """Give the meeting that was made of a date poll; until its id is kept it is known by title and start."""
    if poll.meeting_id is not None:
        return await db.get(Meeting, poll.meeting_id)
    if slot is None or slot.starts_at is None:
        return None
    query = select(Meeting).where(
        Meeting.starts_at == slot.starts_at, Meeting.title == poll.question, Meeting.state != "cancelled"
    )
    return (await db.scalars(query.order_by(Meeting.id.desc()).limit(1))).one_or_none()
