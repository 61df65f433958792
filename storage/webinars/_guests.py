"""People from outside: a registration of the web form gets a chat, a guest becomes a member or is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Delete, delete, exists, select, update

from storage.database import Session
from storage.deliveries import CardCopy, Delivery
from storage.drafts import FormDraft
from storage.members import GUEST, Member
from storage.webinars._registering import fill, find
from storage.webinars._tables import CANCELLED, REGISTERED, WAITING, Registrant, Webinar

_RANK = (REGISTERED, WAITING, CANCELLED)


async def move(db: Session, guest: Member, member: Member) -> None:
    """Hand a guest's registrations to the member they turn out to be; of two for one webinar the better one stays."""
    mine = {each.webinar_id: each for each in await _all_of(db, member)}
    for each in await _all_of(db, guest):
        own = mine.get(each.webinar_id)
        if own is not None and _RANK.index(own.state) <= _RANK.index(each.state):
            await db.delete(each)
            continue
        if own is not None:
            await db.delete(own)
            await db.flush()
        each.member_id = member.id
        each.name = each.email = ""
    await db.flush()
    await db.execute(update(Delivery).where(Delivery.member_id == guest.id).values(member_id=member.id))
    await db.execute(update(CardCopy).where(CardCopy.member_id == guest.id).values(member_id=member.id))


async def connect(db: Session, registrant: Registrant, member: Member) -> Registrant:
    """Let a registration of the web form be answered in chat from now on; of two of one person the better one stays.

    `member` is the person's member or guest. The webinar's row is held meanwhile, so that a seat is given on.
    """
    asked = select(Webinar).where(Webinar.id == registrant.webinar_id).with_for_update()
    webinar = (await db.scalars(asked.execution_options(populate_existing=True))).one()
    await db.refresh(registrant)
    if registrant.member_id is not None:
        return registrant
    own = await find(db, webinar, member)
    if own is not None:
        better = min(own.state, registrant.state, key=_RANK.index)
        if member.state == GUEST and not own.name:
            own.name = registrant.name
        own.organisation_type = own.organisation_type or registrant.organisation_type
        own.country = own.country or registrant.country
        own.token_hash, own.state = registrant.token_hash, better
        own.email_hash = own.email_hash or registrant.email_hash
        await db.delete(registrant)
        await db.flush()
        await fill(db, webinar)
        return own
    registrant.member_id = member.id
    registrant.email = ""  # not the hash: entries that share it stay one person on one seat
    await db.flush()
    return registrant


def idle_guests(now: datetime) -> Delete:
    """Delete guests who hold no registration and have not touched a form for a day."""
    busy = exists().where(Registrant.member_id == Member.id)
    writing = exists().where(FormDraft.member_id == Member.id, FormDraft.touched_at > now - timedelta(days=1))
    return delete(Member).where(Member.state == GUEST, ~busy, ~writing)


async def _all_of(db: Session, member: Member) -> list[Registrant]:
    return list(await db.scalars(select(Registrant).where(Registrant.member_id == member.id)))
