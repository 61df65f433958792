"""How long things are kept (domain 3.7): one rule a line, each one statement that deletes and counts.

What is tidied where it is used stays there: drafts, presses in the inbox, alerts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog
from sqlalchemy import ColumnElement, Delete, delete, exists, or_, select

from storage import audit, needs
from storage.communities import Community
from storage.database import Database, Session
from storage.delegations import ENDED, OPEN, PLACEHOLDER, Delegation
from storage.invitations import NOT_JOINED
from storage.meetings import Meeting
from storage.members import Member
from storage.needs import Need
from storage.questions import AgendaQuestion

log = structlog.get_logger(__name__)

ACT = "retention"
"""The audit entry of a sweep that deleted something."""
NOT_AGREED_AFTER = timedelta(days=30)
"""How long somebody who was asked may still agree; then their data is erased (domain 3.7), and what names them."""
QUESTIONS_AFTER = timedelta(days=90)
"""Bodies of messages are kept 90 days (domain 3.7); so are questions for the agenda after the meeting."""

Rule: TypeAlias = "tuple[str, Callable[[datetime], Delete]]"


def _over(now: datetime, after: timedelta) -> ColumnElement[bool]:
    return Meeting.ends_at <= now - after


def _needs(now: datetime) -> Delete:
    return delete(Need).where(needs.outlived(now))


def _delegations(now: datetime) -> Delete:
    old = select(Meeting.id).where(_over(now, NOT_AGREED_AFTER))
    return delete(Delegation).where(Delegation.state.in_(ENDED), Delegation.meeting_id.in_(old))


def _newcomers(now: datetime) -> Delete:
    """Forget people a colleague named who have not agreed to anything, when no request to them is left or recent."""
    recent = or_(Delegation.state.in_(OPEN), Delegation.until > now - NOT_AGREED_AFTER)
    asked = exists().where(Delegation.delegate_id == Member.id, recent)
    return delete(Member).where(Member.code.startswith(PLACEHOLDER), Member.state.in_(NOT_JOINED), ~asked)


def _questions(now: datetime) -> Delete:
    old = select(Meeting.id).where(_over(now, QUESTIONS_AFTER))
    return delete(AgendaQuestion).where(AgendaQuestion.meeting_id.in_(old))


RULES: tuple[Rule, ...] = (
    ("needs", _needs),
    ("newcomers", _newcomers),
    ("delegations", _delegations),
    ("agenda_questions", _questions),
)
"""Name and statement of each rule; a new kind of thing that does not last gets a line here."""


async def sweep(db: Session, now: datetime) -> dict[str, int]:
    """Apply every rule to the community of the session; give how many rows each deleted, without the zeros.

    Applied twice, or by two processes at once, it deletes the same. One audit entry tells that something went.
    """
    counted: dict[str, int] = {}
    for name, rule in RULES:
        gone = await db.execute(rule(now).execution_options(synchronize_session=False))
        if number := int(getattr(gone, "rowcount", 0)):
            counted[name] = number
    if counted:
        subject = " ".join(f"{name}={number}" for name, number in counted.items())
        audit.note(db, now, None, ACT, subject[:60])
    return counted


async def sweep_all(database: Database, now: datetime) -> None:
    """Apply the rules to every community, each in a transaction of its own; only counts are logged."""
    async with database.read() as db:
        communities = list(await db.scalars(select(Community.id).order_by(Community.id)))
    for each in communities:
        async with database.write(each) as db:
            counted = await sweep(db, now)
        if counted:
            log.info("retention_swept", community=each, **counted)
