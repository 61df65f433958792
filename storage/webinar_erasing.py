"""Thirty days after a webinar its guests are forgotten, with their questions; totals stay (domain 3.4, 3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, or_, select, update

from storage import webinars
from storage.database import Session
from storage.deliveries import Delivery
from storage.members import GUEST, Member
from storage.webinars import Registrant, Webinar, WebinarQuestion

AFTER = timedelta(days=30)
"""How long after the end what guests told us is kept."""
SMALL = 5
"""Cells of fewer people are merged, so that nobody can be recognised."""
OTHER = "other"


async def totals(db: Session, webinar: Webinar) -> dict[str, Any]:
    """Give the counts that stay: those kept once guests were erased, else the counts of now.

    `registered`, `attended`, `members`, and cells by `organisations`, `countries` (small ones merged into `other`) and
    `channels` (id as text, "" = a link or private chat, "-1" = the page).
    """
    if webinar.totals:
        return dict(webinar.totals)
    found = await webinars.counts(db, webinar)
    return {
        "registered": found.registered,
        "attended": found.attended,
        "members": found.members,
        "cancelled": found.cancelled,
        "organisations": dict(sorted(found.organisations.items())),
        "countries": merged(found.countries),
        "channels": {"" if number is None else str(number): count for number, count in found.channels.items()},
    }


def merged(cells: Mapping[str, int]) -> dict[str, int]:
    """Merge cells of fewer than five people; if what is merged is small itself, the next smallest cell joins it."""
    kept = {name: count for name, count in cells.items() if count >= SMALL and name != OTHER}
    rest = sum(cells.values()) - sum(kept.values())
    while 0 < rest < SMALL and kept:
        least = min(kept, key=lambda each: (kept[each], each))
        rest += kept.pop(least)
    return dict(sorted(kept.items())) | ({OTHER: rest} if rest else {})


async def erase(db: Session, webinar: Webinar, now: datetime) -> int:
    """Keep the totals, then erase the registrations of people who are no members, and the questions; give how many.

    A guest who is registered nowhere else is forgotten with name, account, and where messages went; who has joined
    since is a member and stays. Done twice it changes nothing. The webinar's row is held meanwhile.
    """
    held = await webinars.lock(db, webinar.key)
    if held is None:
        return 0
    if not held.totals:
        held.totals = await totals(db, held)
        await db.flush()
    guests = select(Member.id).where(Member.state == GUEST)
    mine = Registrant.webinar_id == held.id
    known = list(await db.scalars(select(Registrant.member_id).where(mine, Registrant.member_id.in_(guests))))
    gone = await db.scalars(
        delete(Registrant)
        .where(mine, or_(Registrant.member_id.is_(None), Registrant.member_id.in_(guests)))
        .returning(Registrant.id)
        .execution_options(synchronize_session="fetch")
    )
    number = len(gone.all())
    questions = delete(WebinarQuestion).where(WebinarQuestion.webinar_id == held.id)
    await db.execute(questions.execution_options(synchronize_session=False))
    held.email_key = ""
    await _forget(db, [each for each in known if each is not None])
    return number


async def _forget(db: Session, guests: list[int]) -> None:
    """Forget guests who hold no registration any more; rows of sends stay for the counts, without where they went."""
    if not guests:
        return
    busy = exists().where(Registrant.member_id == Member.id)
    left = list(await db.scalars(select(Member.id).where(Member.id.in_(guests), Member.state == GUEST, ~busy)))
    if not left:
        return
    sent = update(Delivery).where(Delivery.member_id.in_(left))
    await db.execute(
        sent.where(Delivery.state == "queued").values(state="cancelled", reason="left")
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    await db.execute(sent.values(chat="", message="").execution_options(synchronize_session=False))
    await db.execute(delete(Member).where(Member.id.in_(left)).execution_options(synchronize_session="fetch"))


async def sweep(db: Session, now: datetime) -> int:
    """Erase what has outlived thirty days in all webinars of the community; give how many registrations went.

    For the daily job: the timer of each webinar has done it already, unless the clock stood still.
    """
    guests = select(Member.id).where(Member.state == GUEST)
    outside = exists().where(
        Registrant.webinar_id == Webinar.id, or_(Registrant.member_id.is_(None), Registrant.member_id.in_(guests))
    )
    asked = exists().where(WebinarQuestion.webinar_id == Webinar.id)
    old = select(Webinar).where(Webinar.ends_at <= now - AFTER, or_(outside, asked)).order_by(Webinar.id)
    return sum([await erase(db, each, now) for each in await db.scalars(old)])


async def registrations(db: Session, states: tuple[str, ...]) -> tuple[int, int]:
    """Count people registered for the webinars in these states, and how many of them were there."""
    held = list(await db.scalars(select(Webinar).where(Webinar.state.in_(states)).order_by(Webinar.id)))
    found = [await totals(db, each) for each in held]
    return sum(each["registered"] for each in found), sum(each["attended"] for each in found)


__all__ = ["AFTER", "erase", "merged", "registrations", "sweep", "totals"]
