"""The last look before sending: is the recipient still to be written to, and what does the message say now."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal

import structlog
from sqlalchemy import BindParameter, Select, bindparam, select
from sqlalchemy.orm import joinedload

from chat.message import Message
from chat.people import MessageRef, Person, Place
from chat.platform import Platform
from chat.text import Reader
from scheduler.contract import Compose, Skip
from scheduler.delivery import EVEN_PAUSED, silence
from scheduler.drawing import draw, reader_of
from storage.communities import Channel, Community
from storage.database import Database, Session, own, unusable
from storage.deliveries import Campaign, Delivery
from storage.members import Account, Member

log = structlog.get_logger(__name__)

End = Literal["sent", "dead", "lost", "skipped", "expired", "retry", "release", "unreachable"]
"""What became of an attempt; `retry` counts it, `release` does not, `unreachable` may turn to another account, and
`lost` is settled later: it may or may not have arrived."""


@dataclass(frozen=True, slots=True)
class Job:
    """Be one claimed delivery with its message, ready to leave. `delivery` is a snapshot of the claim."""

    delivery: Delivery
    place: Place
    message: Message
    reader: Reader
    campaign: Campaign
    """A snapshot of the drawing."""
    drawn_at: datetime

    @property
    def group(self) -> bool:
        """Tell whether it goes to a chat of several people."""
        return self.place.kind == "group"


@dataclass(frozen=True, slots=True)
class Result:
    """Be what became of one attempt, to be written with the worker and the attempt as fence."""

    delivery: Delivery
    end: End
    reason: str = ""
    ref: MessageRef | None = None
    job: Job | None = None
    moved: str = ""
    """New id of the chat, if the platform told one."""
    hold: float = 0.0
    """Seconds in which nothing may go to this chat, if the platform asked for it."""


@dataclass(slots=True)
class _World:
    """Be what a batch of one community needs, loaded once."""

    community: Community
    campaigns: dict[int, Campaign]
    members: dict[int, Member]
    channels: dict[int, Channel]


async def prepare(
    database: Database, compose: Mapping[str, Compose], platform: Platform, now: datetime, rows: Sequence[Delivery]
) -> tuple[list[Job], list[Result]]:
    """Draw claimed rows from the truth of this moment; rows not to be sent become results with their reason."""
    jobs: list[Job] = []
    results: list[Result] = []
    for community, group in groupby(sorted(rows, key=lambda row: row.community_id), key=lambda row: row.community_id):
        rest = list(group)
        while rest:  # after an error the transaction may be spoilt: the others get a new one
            async with database.read(community) as db:
                world = await _load(db, community, rest)
                db.draw_for(world.members)
                while rest:
                    row = rest.pop(0)
                    try:
                        made = await _one(db, compose, platform, now, row, world)
                    except Exception as error:
                        if unusable(error):  # nothing is known against the message; the line gives its rows back
                            raise
                        reference = secrets.token_hex(3).upper()
                        log.exception("drawing_failed", reference=reference, delivery=row.id)
                        results.append(Result(row, "dead", f"drawing failed, ref {reference}"))
                        break
                    if isinstance(made, Job):
                        jobs.append(made)
                    else:
                        results.append(made)
    return jobs, results


# Built once: they are asked for every few messages, and building them costs more than asking.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_CAMPAIGNS = own(
    select(Campaign, Community).join(Community, Community.id == Campaign.community_id).where(Campaign.id.in_(_IDS)),
    Campaign,
)
_MEMBERS = own(
    select(Member).where(Member.id.in_(_IDS)).options(joinedload(Member.accounts).lazyload(Account.member)), Member
)
_CHANNELS = own(select(Channel).where(Channel.id.in_(_IDS)), Channel)


async def _load(db: Session, community: int, rows: Sequence[Delivery]) -> _World:
    async def ask(query: Select[*tuple[Any, ...]], ids: set[int | None]) -> Sequence[Any]:
        asked = {"ids": [each for each in ids if each], "own": community}
        return (await db.execute(query, asked)).unique().all() if asked["ids"] else ()

    decided = await ask(_CAMPAIGNS, {row.campaign_id for row in rows})
    return _World(
        decided[0][1],
        campaigns={campaign.id: campaign for campaign, _ in decided},
        members={member.id: member for (member,) in await ask(_MEMBERS, {row.member_id for row in rows})},
        channels={channel.id: channel for (channel,) in await ask(_CHANNELS, {row.channel_id for row in rows})},
    )


async def _one(
    db: Session, compose: Mapping[str, Compose], platform: Platform, now: datetime, row: Delivery, world: _World
) -> Job | Result:
    campaign = world.campaigns[row.campaign_id]
    member, channel = world.members.get(row.member_id or 0), world.channels.get(row.channel_id or 0)
    if row.expires_at is not None and row.expires_at <= now:
        return Result(row, "expired")
    if member is None and channel is None:
        return Result(row, "skipped", "left")
    if member is not None and (reason := silence(member, now, even_paused=campaign.kind in EVEN_PAUSED)):
        return Result(row, "skipped", reason)
    place = _place(platform, row, member, channel)
    if isinstance(place, str):
        return Result(row, "unreachable", place)
    reader = reader_of(member, channel, world.community, platform.command_pattern)
    drawn_at = datetime.now(UTC)
    message = await draw(
        db, compose, kind=campaign.kind, subject=campaign.subject, member=member, channel=channel, reader=reader,
        now=now, first=True, details=campaign.details,
    )  # fmt: skip
    if isinstance(message, Skip):
        return Result(row, "skipped", message.reason)
    return Job(row, place, message, reader, campaign, drawn_at)


def _place(platform: Platform, row: Delivery, member: Member | None, channel: Channel | None) -> Place | str:
    """Give where a row goes, or why it cannot."""
    if channel is not None:
        if not channel.reachable:
            return channel.reason or "unreachable"
        return Place(platform.name, platform.workspace, channel.chat, "group")
    account = next((each for each in member.accounts if each.id == row.account_id), None) if member else None
    if account is None:
        return "no_account"
    if not account.reachable:
        return account.reason or "unreachable"
    return platform.direct(Person(account.platform, account.workspace, account.user))
