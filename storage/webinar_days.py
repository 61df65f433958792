"""The day of a webinar and after: who was there, questions to the moderator, what speakers say about the recording."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from storage.database import Session
from storage.members import Member
from storage.webinars import REGISTERED, Registrant, Webinar, WebinarQuestion

EARLY = timedelta(minutes=15)
"""How long before the start one may check in (domain 3.1)."""
BEFORE = ("open", "live")
"""States of a webinar that is still to come or on."""
AFTER = ("over", "recording", "archived")
"""States of a webinar that was held."""
QUESTIONS_MAX = 200
"""Questions kept of one webinar; more are not read by anybody."""


def doors(webinar: Webinar) -> datetime:
    """Give the moment from which one may check in and ask."""
    return webinar.starts_at - EARLY


def open_now(webinar: Webinar, at: datetime) -> bool:
    """Tell whether one may check in and ask: from 15 minutes before the start to the end."""
    return webinar.state in BEFORE and doors(webinar) <= at < webinar.ends_at


async def check_in(db: Session, registrant: Registrant, at: datetime) -> bool:
    """Note that somebody registered is there; false if that is known. One statement, so that taps count once."""
    done = await db.scalars(
        update(Registrant)
        .where(Registrant.id == registrant.id, Registrant.attended_at.is_(None), Registrant.state == REGISTERED)
        .values(attended_at=at)
        .returning(Registrant.id)
        .execution_options(synchronize_session=False)
    )
    new = done.first() is not None
    await db.refresh(registrant)
    return new


async def attended(db: Session, webinar: Webinar) -> list[Registrant]:
    """Give those who were there, in the order they registered."""
    asked = select(Registrant).where(Registrant.webinar_id == webinar.id, Registrant.attended_at.is_not(None))
    return list(await db.scalars(asked.order_by(Registrant.id)))


async def ask(db: Session, webinar: Webinar, text: str, name: str, now: datetime) -> bool:
    """Keep a question; `name` only if the asker wants it shown. The same text waits once; false if there are too many.

    Nothing else is kept that leads to the asker.
    """
    mine = WebinarQuestion.webinar_id == webinar.id
    twin = select(WebinarQuestion.id).where(mine, WebinarQuestion.text == text, WebinarQuestion.name == name)
    if await db.scalar(twin.where(WebinarQuestion.done.is_(False)).limit(1)) is not None:
        return True
    if (await db.scalar(select(func.count()).select_from(WebinarQuestion).where(mine)) or 0) >= QUESTIONS_MAX:
        return False
    db.add(WebinarQuestion(webinar_id=webinar.id, text=text, name=name, asked_at=now))
    await db.flush()
    return True


async def questions(db: Session, webinar: Webinar) -> list[WebinarQuestion]:
    """Give the questions that wait, the oldest first."""
    asked = select(WebinarQuestion).where(WebinarQuestion.webinar_id == webinar.id, WebinarQuestion.done.is_(False))
    return list(await db.scalars(asked.order_by(WebinarQuestion.id)))


async def answered(db: Session, webinar: Webinar) -> int:
    """Count the questions that are done."""
    asked = select(func.count()).select_from(WebinarQuestion)
    found = await db.scalar(asked.where(WebinarQuestion.webinar_id == webinar.id, WebinarQuestion.done.is_(True)))
    return int(found or 0)


async def done(db: Session, webinar: Webinar, number: int) -> bool:
    """Mark a question of this webinar as done; false if it is already, or is none of its."""
    marked = await db.scalars(
        update(WebinarQuestion)
        .where(
            WebinarQuestion.id == number, WebinarQuestion.webinar_id == webinar.id, WebinarQuestion.done.is_(False)
        )
        .values(done=True)
        .returning(WebinarQuestion.id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return marked.first() is not None


async def speakers(db: Session, webinar: Webinar) -> list[Member]:
    """Give the speakers who are still known, in the order they were named."""
    found = await db.scalars(select(Member).where(Member.id.in_(webinar.speakers), Member.state != "erased"))
    order = {number: place for place, number in enumerate(webinar.speakers)}
    return sorted(found, key=lambda each: order[each.id])


async def silent(db: Session, webinar: Webinar) -> list[Member]:
    """Give the speakers who have not said yet whether the recording may be shown."""
    return [each for each in await speakers(db, webinar) if each.id not in (*webinar.agreed, *webinar.refused)]


async def all_agreed(db: Session, webinar: Webinar) -> bool:
    """Tell whether every speaker has agreed that the recording is shown."""
    return all(each.id in webinar.agreed for each in await speakers(db, webinar))


def answer(webinar: Webinar, speaker: Member, *, yes: bool) -> None:
    """Note what a speaker says; the newest counts. The webinar's row must be held."""
    webinar.agreed = [each for each in webinar.agreed if each != speaker.id] + ([speaker.id] if yes else [])
    webinar.refused = [each for each in webinar.refused if each != speaker.id] + ([] if yes else [speaker.id])
