"""Registering, cancelling and who gets a seat: all while the webinar's row is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, case, cast, distinct, func, select

from storage.database import Session
from storage.members import Member
from storage.webinars._tables import (
    CANCELLED,
    HELD,
    REGISTERED,
    WAITING,
    Registrant,
    Webinar,
    closed,
    fingerprint,
    lock,
)


class NotOpen(Exception):
    """Nobody can register now; `why` is `draft`, `early`, `cancelled` or `over`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """Be somebody from outside with what they told us; `member` is their guest (state `registrant`) if they have a
    chat, else `token` leads to their page. `email` is sealed already, `email_hash` made by `email_hash()`.
    """

    name: str
    organisation_type: str
    country: str
    language: str
    consent_version: str = ""
    member: Member | None = None
    email: str = ""
    email_hash: str = ""
    token: str = ""


async def find(db: Session, webinar: Webinar, member: Member | None) -> Registrant | None:
    """Give the registration of a member or guest, whatever its state."""
    if member is None:
        return None
    asked = select(Registrant).where(Registrant.webinar_id == webinar.id, Registrant.member_id == member.id)
    return (await db.scalars(asked)).one_or_none()


async def register(
    db: Session, webinar: Webinar, who: Member | Outsider, now: datetime, channel_id: int | None = None
) -> Registrant:
    """Register somebody, or put them on the waiting list when no seat is free; a person once, however often asked.

    Whoever had cancelled registers anew, at the end of the line. Raise `NotOpen`. The webinar's row is held.
    """
    held = await lock(db, webinar.key)
    if held is None or (why := closed(held, now)):
        raise NotOpen(why if held is not None else "cancelled")
    row = await _known(db, held, who)
    if row is not None and row.state in HELD:
        return row
    if row is None:
        row = Registrant(webinar_id=held.id, channel_id=channel_id, language="en")
        db.add(row)
    row.registered_at = now
    if isinstance(who, Outsider):
        row.member_id = who.member.id if who.member is not None else None
        row.name, row.organisation_type, row.country = who.name, who.organisation_type, who.country
        row.language, row.consent_version = who.language, who.consent_version
        row.email, row.email_hash = who.email, who.email_hash
        row.token_hash = fingerprint(who.token) if who.token else ""
    else:
        row.member_id, row.language = who.id, who.language
    row.state = WAITING
    await db.flush()
    await fill(db, held)
    return row


async def come_back(db: Session, webinar: Webinar, registrant: Registrant, now: datetime) -> list[Registrant]:
    """Register somebody anew who had cancelled, with what they told us then; give all who get a seat.

    The webinar's row must be held, and open.
    """
    registrant.state, registrant.registered_at = WAITING, now
    await db.flush()
    return [each for each in await fill(db, webinar) if each is not registrant]


async def cancel(db: Session, registrant: Registrant) -> list[Registrant]:
    """Cancel a registration; give those who get a seat by it. The webinar's row is held."""
    asked = select(Webinar).where(Webinar.id == registrant.webinar_id).with_for_update()
    webinar = (await db.scalars(asked.execution_options(populate_existing=True))).one()
    await db.refresh(registrant)
    if registrant.state == CANCELLED:
        return []
    registrant.state = CANCELLED
    await db.flush()
    return await fill(db, webinar)


async def fill(db: Session, webinar: Webinar) -> list[Registrant]:
    """Give free seats to those who wait, first in first out, and give them back; the webinar's row must be held.

    Entries with the same e-mail address are one person on one seat.
    """
    asked = select(Registrant).where(Registrant.webinar_id == webinar.id, Registrant.state == WAITING)
    waiting = list(await db.scalars(asked.order_by(Registrant.registered_at, Registrant.id)))
    if not waiting:
        return []
    free = None if webinar.seats is None else webinar.seats - await taken(db, webinar)
    seated: set[str] = set()
    if any(each.email_hash for each in waiting):
        mine = select(Registrant.email_hash).where(
            Registrant.webinar_id == webinar.id, Registrant.state == REGISTERED, Registrant.email_hash != ""
        )
        seated = set(await db.scalars(mine))
    given: list[Registrant] = []
    for each in waiting:
        again = bool(each.email_hash) and each.email_hash in seated
        if not again and free is not None:
            if free <= 0:
                continue
            free -= 1
        each.state = REGISTERED
        seated |= {each.email_hash} if each.email_hash else set()
        given.append(each)
    await db.flush()
    return given


async def taken(db: Session, webinar: Webinar) -> int:
    """Count the people who are registered, each once."""
    person = case((Registrant.email_hash != "", Registrant.email_hash), else_=cast(Registrant.id, String))
    found = await db.scalar(
        select(func.count(distinct(person))).where(Registrant.webinar_id == webinar.id, Registrant.state == REGISTERED)
    )
    return int(found or 0)


async def registered(db: Session, webinar: Webinar, state: str = REGISTERED) -> list[Registrant]:
    """Give those who are registered (or wait), in the order they came; those with `member_id` can be written to."""
    asked = select(Registrant).where(Registrant.webinar_id == webinar.id, Registrant.state == state)
    return list(await db.scalars(asked.order_by(Registrant.registered_at, Registrant.id)))


async def people(db: Session, registrants: Sequence[Registrant]) -> list[Member]:
    """Give the members and guests among registrants, who can be written to in chat."""
    ids = [each.member_id for each in registrants if each.member_id is not None]
    return list(await db.scalars(select(Member).where(Member.id.in_(ids)).order_by(Member.id))) if ids else []


async def of_member(db: Session, member: Member, since: datetime) -> list[tuple[Webinar, Registrant]]:
    """Give a person's registrations that stand, of webinars that end after `since`, the next one first."""
    found = await db.execute(
        select(Webinar, Registrant)
        .join(Registrant, Registrant.webinar_id == Webinar.id)
        .where(Registrant.member_id == member.id, Registrant.state.in_(HELD), Webinar.ends_at > since)
        .order_by(Webinar.starts_at, Webinar.id)
    )
    return [(webinar, registrant) for webinar, registrant in found]


async def _known(db: Session, webinar: Webinar, who: Member | Outsider) -> Registrant | None:
    """Find somebody's own entry: by member or guest, or by the token their form came with (sent twice)."""
    if isinstance(who, Member):
        return await find(db, webinar, who)
    if who.member is not None:
        return await find(db, webinar, who.member)
    asked = select(Registrant).where(Registrant.webinar_id == webinar.id)
    return (await db.scalars(asked.where(Registrant.token_hash == fingerprint(who.token)))).one_or_none()
