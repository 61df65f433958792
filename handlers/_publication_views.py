"""What the handlers of publications share: who may, how it stands, the same card everywhere."""

from __future__ import annotations

from collections.abc import Awaitable

from sqlalchemy import select

from chat.errors import UserError
from chat.message import Message
from chat.outbound import Card, Edit, Reply
from chat.text import say
from handlers import _publication_cards as drawn
from handlers._feature import Answers, Context
from handlers._publication_cards import APPROVAL, STATUS, Standing
from handlers._publication_sends import WHY
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import documents, memos, publications
from storage.communities import own_community
from storage.database import Session
from storage.documents import PUBLICATIONS, Document
from storage.members import Member, roles_of
from storage.publications import Refused

WRITES = frozenset({"organiser", "admin", "approver"})
"""Roles that may begin a publication (conversation §2: O P)."""


def may_write(ctx: Context) -> None:
    """Refuse who may not begin a publication. Raise `UserError`."""
    if not ctx.roles & WRITES:
        raise UserError(say("e_role"))


async def found(db: Session, key: str) -> Document | None:
    """Find a publication by the key its buttons carry."""
    document = await documents.by_key(db, key)
    return document if document is not None and document.kind in PUBLICATIONS else None


async def managed(ctx: Context, key: str) -> Document:
    """Find a publication for an organiser or its author. Raise `UserError` with one answer for all others."""
    document = await found(ctx.db, key)
    if document is None or not (ctx.organiser or document.author_id == ctx.me.id):
        raise UserError(say("e_gone"))
    return document


async def taken(step: Awaitable[Document]) -> Document:
    """Take a step; a refusal becomes words for the person."""
    try:
        return await step
    except Refused as refused:
        raise UserError(say(WHY[refused.why])) from None


async def follow(db: Session, document: Document) -> None:
    """Let the cards of those who work on it follow; readers' cards only when it is withdrawn."""
    await db.flush()
    await cards.touch(db, drawn.EVERY if document.state == "withdrawn" else drawn.OWN, document.key)


async def standing(db: Session, document: Document, *, organiser: bool = False) -> Standing:
    """Gather what its cards say besides."""
    decision = await publications.last_decision(db, document)
    ids = {document.author_id, document.approver_id, decision.member_id if decision else None}
    named = await db.execute(select(Member.id, Member.name).where(Member.id.in_([each for each in ids if each])))
    files, zone = await memos.files_of(db, document), (await own_community(db)).zone
    return Standing(
        files=files, names=dict(named.all()), zone=zone, organiser=organiser, decision=decision
    )  # fmt: skip


async def status(ctx: Context, document: Document) -> Answers:
    """Show how it stands after a step; every other copy follows."""
    await follow(ctx.db, document)
    shown = drawn.status(document, await standing(ctx.db, document, organiser=ctx.organiser))
    return here(ctx, shown, STATUS, document.key)


async def approval(ctx: Context, document: Document) -> Answers:
    """Show the request to approve, or what became of it."""
    shown = await approval_card(ctx.db, document, ctx.me, ctx.roles)
    return here(ctx, shown, APPROVAL, document.key)


async def approval_card(db: Session, document: Document, member: Member, roles: frozenset[str]) -> Message:
    """Draw the request to approve for somebody."""
    decides = publications.may_decide(document, member, roles) and member.id not in publications.writers(document)
    return drawn.approval(document, await standing(db, document), decides=decides)


def here(ctx: Context, shown: Message, kind: str, key: str) -> Answers:
    """Turn a pressed card of a private chat into this one; else say it there anew."""
    pressed = ctx.inbound.kind == "click" and ctx.inbound.where.kind == "dm"
    return [Edit(shown, Card(kind, key))] if pressed else [Reply(shown, private=True, card=Card(kind, key))]


async def draw_status(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw how it stands, for its author and organisers."""
    document = await found(db, drawing.subject)
    if document is None or drawing.member is None:
        return Skip("gone")
    roles = await roles_of(db, drawing.member, drawing.now)
    organiser = bool(roles & {"organiser", "admin"})
    if not organiser and drawing.member.id != document.author_id:
        return Skip("no_right")
    return drawn.status(document, await standing(db, document, organiser=organiser))


async def draw_approval(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the request to approve; one that is no longer waited for is not sent."""
    document = await found(db, drawing.subject)
    if document is None or drawing.member is None or (drawing.first and document.state != "in_approval"):
        return Skip("gone")
    roles = await roles_of(db, drawing.member, drawing.now)
    if not publications.may_decide(document, drawing.member, roles):
        return Skip("no_right")
    return await approval_card(db, document, drawing.member, roles)
