"""Announcements as cards and as sends: each reader gets their language, each channel its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select

from chat.errors import UserError
from chat.message import Button, LinkButton, Message, button, row, rows
from chat.text import FSI, PDI, Bold, LanguageName, Text, When, say
from handlers import _broadcast, _files
from handlers._cards import short
from handlers._feature import Context
from handlers._sending import Broadcast
from handlers._sends import listed
from scheduler import cards, delivery
from storage import announcements, audience
from storage.announcements import Announcement, AnnouncementRead
from storage.communities import Channel, own_community
from storage.database import Session
from storage.deliveries import Campaign
from storage.meetings import Meeting
from storage.meetings import by_key as meeting_by_key
from storage.members import Member

LETTER = "a"
KIND, CHANNEL_KIND = "announcement", "announcement_channel"
VALID = timedelta(days=7)
"""How long after its moment an announcement may still go out."""
HOUR = time(10)
"""Hour of the meeting's zone at which one that is bound to a meeting goes out."""
HELD = ("held",)


async def build(db: Session, subject: str, now: datetime) -> Broadcast:
    """Describe the send of an announcement. Raise `UserError` for one that was sent or is gone."""
    found = await announcements.by_key(db, subject)
    if found is None:
        raise UserError(say("e_gone"))
    if found.state != "draft":
        raise UserError(say("an_sent_already"))
    return await _described(db, found, now)


async def _described(db: Session, found: Announcement, now: datetime) -> Broadcast:
    community = await own_community(db)
    people = await audience.members(db, found.audience) if found.private else []
    at = await moment(db, found)
    if at is not None and at < now:
        at = None
    return Broadcast(
        kind=KIND,
        channel_kind=CHANNEL_KIND,
        subject=found.key,
        occurrence=f"r{found.revision}",
        title=say("an_send", text=gist(_words(found, community.language))),
        sample=card(found, community.name, community.language),
        people=people,
        channels=await channels(db, found),
        at=at,
        bulk=False,
        expires=(at or now) + VALID,
        warnings=_warnings(found, people, community.language),
        details={"at": at.isoformat()} if found.rule and at else {},
        stands_for=[sorted(found.texts.items()), found.links, found.confirm, found.rule, found.send_at],
        back=button("edit", "annedit", found.key),
    )


def _warnings(found: Announcement, people: Sequence[Member], usual: str) -> list[Text]:
    """Say who gets the text in another language than their own."""
    missing = Counter(each.language for each in people if each.language not in found.texts)
    if not missing:
        return []
    names = listed([(LanguageName(code), f" {n}") for code, n in missing.most_common()])
    return [say("an_languages_missing", languages=names, usual=LanguageName(_default(found, usual)))]


async def moment(db: Session, found: Announcement) -> datetime | None:
    """Give when it goes out: a moment, days before or after a meeting at 10:00 of its zone, or none for now."""
    meeting = await meeting_by_key(db, str(found.rule.get("meeting"))) if found.rule else None
    if meeting is None:
        return found.send_at
    zone = ZoneInfo(meeting.zone)
    day = meeting.starts_at.astimezone(zone).date() + timedelta(days=int(found.rule.get("days", 0)))
    return datetime.combine(day, HOUR, zone).astimezone(UTC)


async def channels(db: Session, found: Announcement) -> list[Channel]:
    """Give the channels it goes to, as far as we may still write there."""
    if not found.channels:
        return []
    asked = select(Channel).where(Channel.id.in_(found.channels), Channel.reachable.is_(True)).order_by(Channel.id)
    return list(await db.scalars(asked))


def _default(found: Announcement, usual: str) -> str:
    return usual if usual in found.texts else next(iter(found.texts), usual)


def _words(found: Announcement, language: str, usual: str = "") -> str:
    return found.texts.get(language) or found.texts.get(_default(found, usual or language), "")


def gist(text: str, size: int = 40) -> str:
    """Give the beginning of a text in one line."""
    return short(" ".join(text.split()), size)


def card(
    found: Announcement,
    community: str,
    language: str,
    usual: str = "",
    *,
    read: datetime | None = None,
    zone: str = "",
    private: bool = True,
) -> Message:
    """Draw an announcement for one reader; links stand as buttons with their real host."""
    lines: list[Text] = [Bold(say("an_from", community=community))]
    if found.state == "retracted":
        home = button("home", "go", "", "", "home") if private else None
        return Message((*lines, say("an_withdrawn")), rows(row(home)))
    foreign = language not in found.texts  # its own direction, whatever the reader's is
    words = [each for each in _words(found, language, usual).split("\n") if each.strip()]
    lines += [f"{FSI}{each}{PDI}" if foreign else each for each in words]
    if read is not None:
        lines.insert(0, Bold(say("an_you_read", when=When(read, zone or "UTC", part="date"))))
    if found.corrected_at is not None:
        lines.append(say("an_corrected", when=When(found.corrected_at, zone or "UTC")))
    links = [LinkButton(short(_files.host_of(each)), each) for each in found.links]
    ask = button("read", "annread", found.key, style="primary") if found.confirm and read is None and private else None
    return Message(tuple(lines), rows(row(ask), *(row(each) for each in links)))


async def read_at(db: Session, found: Announcement, member: Member) -> datetime | None:
    """Give when a member confirmed reading."""
    asked = select(AnnouncementRead.at).where(
        AnnouncementRead.announcement_id == found.id, AnnouncementRead.member_id == member.id
    )
    when: datetime | None = await db.scalar(asked)
    return when


async def named(db: Session, subject: str) -> Text:
    """Name the send for lists."""
    found = await announcements.by_key(db, subject)
    usual = (await own_community(db)).language
    return say("an_send", text=gist(_words(found, usual))) if found else say("an_gone")


async def onward(_db: Session, subject: str) -> Button | None:
    """Give the button to the announcement's own card."""
    return button("announce", "ann", subject)


async def confirmed(ctx: Context, broadcast: Broadcast, _campaign: Campaign) -> None:
    """Note that it is on its way."""
    found = await announcements.lock(ctx.db, broadcast.subject)
    if found is None or found.state != "draft":
        raise UserError(say("an_sent_already"))
    found.state = "sent"


async def undone(db: Session, campaign: Campaign, _by: Member | None, _now: datetime) -> None:
    """Make it a draft again after Undo; one that was taken back stays withdrawn."""
    found = await announcements.lock(db, campaign.subject)
    if found is None or found.state != "sent":
        return
    if campaign.state == "cancelled":
        found.state, found.revision = "draft", found.revision + 1
    else:
        found.state = "retracted"


async def sends_of(db: Session, found: Announcement) -> list[Campaign]:
    """Give its sends that stand, the latest last: to people, and to channels."""
    gone = ("cancelled", "taken_back")
    asked = select(Campaign).where(Campaign.subject == found.key, Campaign.kind.in_((KIND, CHANNEL_KIND)))
    return list(await db.scalars(asked.where(Campaign.state.not_in(gone)).order_by(Campaign.id)))


async def state(db: Session, found: Announcement) -> Text:
    """Say in which state it is; what waits for its moment is not called sent."""
    left = found.state == "sent" and all(each.state not in HELD for each in await sends_of(db, found))
    return say("an_state_out" if left else f"an_state_{found.state}")


async def follow(db: Session, meeting: Meeting, now: datetime) -> None:
    """Move what is bound to a meeting's day with it, as long as nothing of it has left."""
    waiting = exists().where(Campaign.subject == Announcement.key, Campaign.state.in_(HELD))
    bound = await db.scalars(select(Announcement).where(Announcement.state == "sent", waiting))
    for each in bound:
        if each.rule.get("meeting") != meeting.key:
            continue
        at = await moment(db, each)
        old = [campaign for campaign in await sends_of(db, each) if campaign.state == "held"]
        by = await db.get(Member, old[0].created_by) if old and old[0].created_by else None
        if at is None or at <= now or not old or old[0].details.get("at") == at.isoformat():
            continue
        for campaign in old:
            await delivery.undo(db, campaign, now)
        each.revision += 1
        made = await _described(db, each, now)
        await _broadcast.plan(db, made, now, by=by, hold=at - now)


async def touch(db: Session, found: Announcement) -> None:
    """Let every copy follow, on both platforms and in every channel."""
    await db.flush()
    await cards.touch(db, (KIND, CHANNEL_KIND), found.key)


async def figures(db: Session, found: Announcement) -> tuple[int, list[Member]]:
    """Count who confirmed reading, and give those of the audience who have not."""
    read = await db.scalar(
        select(func.count()).select_from(AnnouncementRead).where(AnnouncementRead.announcement_id == found.id)
    )
    done = select(AnnouncementRead.member_id).where(AnnouncementRead.announcement_id == found.id)
    known: set[Any] = set(await db.scalars(done))
    silent = [each for each in await audience.members(db, found.audience) if each.id not in known]
    return int(read or 0), silent if found.private else []
