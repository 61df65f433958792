"""What organisers ask about sends: numbers by platform, who is affected, what waits for whom. Scoped sessions only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from storage.communities import Channel, Connection
from storage.database import Session
from storage.deliveries import OPEN_STATES, Campaign, Delivery
from storage.installation import RESTORED
from storage.members import Account, Member

NOTICES = (
    "alert", "send_ended", "send_stopped", "seat_requests", "poll_status", "poll_suggestion", "topic_poll_reminder",
    "date_poll_reminder", "resource_ask", "resource_told", "approval_request", "facts_request", "memo_due", "memo_step",
    "publication_approval", "memo_suggestion", "memo_fix", "memo_fix_news", "webinar_speaker", "webinar_agreement",
    "webinar_link_missing", "webinar_questions",
)  # fmt: skip
"""What does not stand in the list of sends: what Convenor tells organisers by itself, and reminders to vote, whose
recipients would show who has not."""
OPEN = ("sending", "done")
"""States in which what is of unknown fate can be sent again at once."""
RUNNING = ("held", "sending", "stopped", "taking_back")
CAN_DELETE = timedelta(hours=48)
"""How long Telegram lets a bot delete its messages (platforms §2.2)."""
TAKEN_BACK, KEPT = "taken_back", "kept"
"""Reasons of a row whose message was deleted, and of one whose message could only be edited."""
WAITING, SKIPPED = OPEN_STATES, ("skipped", "expired", "cancelled")
JOINED = ("active", "paused", "stopped")


@dataclass(slots=True)
class Tally:
    """Be the numbers of one platform; sent, waiting, unknown, failed, skipped and deleted add up to its audience."""

    sent: int = 0
    waiting: int = 0
    unknown: int = 0
    failed: int = 0
    skipped: int = 0
    deleted: int = 0
    kept: int = 0
    """Of those sent: could not be deleted, and now say that they were a mistake."""
    flying: int = 0
    """Of those waiting: on their way, or their answer was lost and they are looked for."""
    restored: int = 0
    """Of those unknown: may have gone out before a backup was restored."""

    @property
    def audience(self) -> int:
        """Give the number of recipients."""
        return self.sent + self.waiting + self.unknown + self.failed + self.skipped + self.deleted

    def add(self, state: str, reason: str, went: bool, number: int) -> None:
        """Count rows of one state and reason; `went` tells that a platform had accepted them."""
        if state in WAITING:
            self.waiting += number
            self.flying += number if state == "sending" else 0
        elif state == "sent":
            self.sent += number
            self.kept += number if reason == KEPT else 0
        elif state == "unknown":
            self.unknown += number
            self.restored += number if reason == RESTORED else 0
        elif state == "dead":
            self.failed += number
        elif state == "cancelled" and reason == TAKEN_BACK and went:
            self.deleted += number
        else:
            self.skipped += number


def whole(tallies: dict[str, Tally]) -> Tally:
    """Add up the platforms."""
    names = Tally.__slots__
    return Tally(**{name: sum(getattr(each, name) for each in tallies.values()) for name in names})


async def tallies(db: Session, ids: Collection[int]) -> dict[int, dict[str, Tally]]:
    """Count the rows of campaigns by platform; "" stands for recipients without any account."""
    went = Delivery.sent_at.is_not(None)
    told = func.coalesce(Delivery.reason, "")
    query = select(Delivery.campaign_id, Delivery.platform, Delivery.state, told, went, func.count())
    found: dict[int, dict[str, Tally]] = {each: {} for each in ids}
    grouped = query.where(Delivery.campaign_id.in_(ids)).group_by(
        Delivery.campaign_id, Delivery.platform, Delivery.state, told, went
    )
    for campaign, platform, state, reason, accepted, number in await db.execute(grouped):
        found[campaign].setdefault(platform, Tally()).add(state, reason, bool(accepted), number)
    return found


async def reasons(db: Session, campaign: Campaign) -> dict[str, int]:
    """Count why people did not get it: dead, skipped and expired rows by reason."""
    query = select(Delivery.state, Delivery.reason, func.count()).where(
        Delivery.campaign_id == campaign.id, Delivery.state.in_(("dead", "skipped", "expired"))
    )
    found: dict[str, int] = {}
    for state, reason, number in await db.execute(query.group_by(Delivery.state, Delivery.reason)):
        name = "expired" if state == "expired" else reason
        found[name] = found.get(name, 0) + number
    return found


async def by_key(db: Session, key: str) -> Campaign | None:
    """Give a campaign by its public key, as it is now."""
    query = select(Campaign).where(Campaign.key == key).execution_options(populate_existing=True)
    return (await db.scalars(query)).one_or_none()


async def lock(db: Session, key: str) -> Campaign | None:
    """Give a campaign by key, locked until the end of the transaction: two organisers decide one after the other."""
    query = select(Campaign).where(Campaign.key == key).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one_or_none()


def _to_decide(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions of a message of unknown fate about which an organiser can still decide."""
    return (
        Delivery.state == "unknown",
        or_(Delivery.expires_at.is_(None), Delivery.expires_at > now),
        Campaign.unknown_left.is_(False),
        Campaign.state.in_(OPEN),
        Campaign.kind.not_in(NOTICES),
    )


async def page(db: Session, number: int, size: int, doubtful_at: datetime | None = None) -> tuple[list[Campaign], int]:
    """Give one page of the sends, newest first, and how many; with a moment only those to decide about then."""
    query = select(Campaign).where(Campaign.kind.not_in(NOTICES))
    if doubtful_at is not None:
        query = query.where(exists().where(Delivery.campaign_id == Campaign.id, *_to_decide(doubtful_at)))
    count = await db.scalar(select(func.count()).select_from(query.subquery()))
    last = max((count or 0) - 1, 0) // size
    rows = await db.scalars(query.order_by(Campaign.id.desc()).offset(min(number, last) * size).limit(size))
    return list(rows), count or 0


async def running(db: Session) -> int:
    """Count the sends that are not over."""
    query = select(func.count()).where(Campaign.kind.not_in(NOTICES), Campaign.state.in_(RUNNING))
    return await db.scalar(query) or 0


async def undecided(db: Session, now: datetime) -> int:
    """Count the messages of unknown fate about which nobody has decided and somebody still can."""
    query = select(func.count()).select_from(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id)
    return await db.scalar(query.where(*_to_decide(now))) or 0


async def recipients(
    db: Session, campaign: Campaign, number: int, size: int, states: Sequence[str] = ()
) -> tuple[list[tuple[Delivery, str]], int]:
    """Give one page of the recipients with their names (a channel's title for a channel), and how many there are."""
    wanted = [Delivery.campaign_id == campaign.id]
    if states:
        wanted.append(Delivery.state.in_(states))
    count = await db.scalar(select(func.count()).select_from(Delivery).where(*wanted)) or 0
    name = func.coalesce(Member.name, Channel.title, Channel.chat, "–")
    query = (
        select(Delivery, name)
        .outerjoin(Member, Member.id == Delivery.member_id)
        .outerjoin(Channel, Channel.id == Delivery.channel_id)
        .where(*wanted)
        .order_by(name, Delivery.id)
    )
    last = max(count - 1, 0) // size
    found = await db.execute(query.offset(min(number, last) * size).limit(size))
    return [(row, str(title)) for row, title in found], count


async def next_due(db: Session, campaign: Campaign) -> datetime | None:
    """Give the moment of the next message that waits."""
    query = select(func.min(Delivery.due_at)).where(Delivery.campaign_id == campaign.id, Delivery.state == "queued")
    found: datetime | None = await db.scalar(query)
    return found


async def resendable(db: Session, campaign: Campaign, now: datetime) -> int:
    """Count the messages of unknown fate that are not too late to be sent again."""
    query = select(func.count()).where(Delivery.campaign_id == campaign.id, Delivery.state == "unknown")
    return await db.scalar(query.where(or_(Delivery.expires_at.is_(None), Delivery.expires_at > now))) or 0


async def too_old(db: Session, campaign: Campaign, now: datetime) -> int:
    """Count the sent Telegram messages that can no longer be deleted, only edited."""
    query = select(func.count()).where(
        Delivery.campaign_id == campaign.id, Delivery.platform == "telegram", Delivery.state == "sent"
    )
    return await db.scalar(query.where(Delivery.sent_at <= now - CAN_DELETE)) or 0


@dataclass(frozen=True, slots=True)
class Refused:
    """Be a connection that refuses our token, and how many messages of this community wait for it."""

    platform: str
    workspace: str
    name: str
    """Which one it is, where there are several; else empty."""
    waiting: int


async def refused(db: Session, now: datetime, campaign: Campaign | None = None) -> list[Refused]:
    """Give the dead connections this community uses, with what waits for them, of one send alone if it is given."""
    found: list[Refused] = []
    for row in (await db.scalars(select(Connection).where(Connection.dead_reason != "").order_by(Connection.id))).all():
        if await uses(db, row.platform, row.workspace):
            name = row.name if await several(db, row.platform) else ""
            waiting = await waiting_for(db, now, row.platform, row.workspace, campaign)
            found.append(Refused(row.platform, row.workspace, name, waiting))
    return found


async def several(db: Session, platform: str) -> bool:
    """Tell whether there is more than one connection of a platform, so that its name alone does not say which."""
    query = select(func.count()).select_from(Connection).where(Connection.platform == platform)
    return (await db.scalar(query) or 0) > 1


async def uses(db: Session, platform: str, workspace: str) -> bool:
    """Tell whether anybody or any channel of this community is on a connection."""
    for table in (Account, Channel):
        here: Any = select(table.id).where(table.platform == platform, table.workspace == workspace).limit(1)
        if await db.scalar(here) is not None:
            return True
    return False


async def waiting_for(
    db: Session, now: datetime, platform: str = "", workspace: str = "", campaign: Campaign | None = None
) -> int:
    """Count the messages that are due and wait, for one connection or of one send; our own notices do not count."""
    query = (
        select(func.count())
        .select_from(Delivery)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Delivery.state.in_(WAITING), Delivery.due_at <= now, Campaign.kind.not_in(NOTICES),
            Campaign.state == "sending", or_(Delivery.expires_at.is_(None), Delivery.expires_at > now),
        )
    )  # fmt: skip
    if campaign is not None:
        query = query.where(Campaign.id == campaign.id)
    if platform:
        query = query.where(Delivery.platform == platform)
    if workspace:
        query = query.where(Delivery.workspace == workspace)
    return await db.scalar(query) or 0


async def out_of_reach(db: Session) -> list[tuple[Member, str]]:
    """Give the members who joined and have no account that can be written to, with the reason, by name."""
    reachable = select(Account.member_id).where(Account.reachable.is_(True))
    query = select(Member).where(
        Member.staff.is_(False), Member.state.in_(JOINED), Member.id.not_in(reachable.scalar_subquery())
    )
    people = (await db.scalars(query.order_by(Member.name, Member.id))).all()
    return [(each, (each.accounts[0].reason or "other") if each.accounts else "no_account") for each in people]


async def lost_channels(db: Session) -> list[Channel]:
    """Give the channels we cannot post in."""
    return list(await db.scalars(select(Channel).where(Channel.reachable.is_(False)).order_by(Channel.id)))


async def last_due(db: Session, campaign: Campaign) -> datetime | None:
    """Give the moment of the last message that waits or is on its way; none when all are settled."""
    query = select(func.max(Delivery.due_at)).where(Delivery.campaign_id == campaign.id, Delivery.state.in_(WAITING))
    found: datetime | None = await db.scalar(query)
    return found


async def overdue(db: Session, campaign: Campaign, since: datetime) -> int:
    """Count the messages that were due by then and have still not left."""
    query = select(func.count()).where(Delivery.campaign_id == campaign.id, Delivery.state.in_(WAITING))
    return await db.scalar(query.where(Delivery.due_at <= since)) or 0


async def went_wrong(db: Session, campaign: Campaign) -> int:
    """Count what did not arrive although it was tried, or may not have; what the preview had said does not count."""
    wrong = or_(
        Delivery.state.in_(("unknown", "expired")),
        and_(Delivery.state == "dead", Delivery.attempts > 0),
    )
    return await db.scalar(select(func.count()).where(Delivery.campaign_id == campaign.id, wrong)) or 0
