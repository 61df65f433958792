"""The release of a publication: planned ahead, held until its embargo is over, then out in one moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from chat.errors import UserError
from chat.message import Button, button
from chat.text import Text, When, say
from handlers import _publication_cards as drawn
from handlers._feature import Context
from handlers._planning import HOLD
from handlers._publication_cards import CHANNEL_KIND, KIND, LETTER, OWN
from handlers._sending import Broadcast, Sending, register
from handlers._webinar_cards import funding
from scheduler import cards, stopping, timers
from storage import audience, documents, memos, publications, sends
from storage.communities import Channel, own_community
from storage.database import Session
from storage.deliveries import Campaign
from storage.documents import PUBLICATIONS, Document
from storage.members import Member
from storage.publications import QUIETLY, READY, Refused
from storage.timers import Timer

RELEASE = "publication.release"
GONE = ("cancelled", "taken_back", "done")
AGAIN = timedelta(minutes=1)
"""How long after its moment a release is looked at again whose send somebody has stopped."""
WHY = {
    "state": "pu_not_now", "checks": "pu_checks_open", "content": "pu_no_content", "author": "pu_own",
    "right": "pu_right", "changed": "m_changed", "embargo": "pu_embargoed", "gone": "e_gone",
    "planned": "pu_undo_first", "same": "f_same_person",
}  # fmt: skip
"""What a refusal is in words."""


def register_sends() -> None:
    """Make the release known to previews, lists and Undo."""
    register(
        Sending(
            letter=LETTER, kinds=(KIND, CHANNEL_KIND), build=build, name=name, confirmed=confirmed, undone=undone,
            onward=onward,
        )
    )  # fmt: skip


async def build(db: Session, subject: str, now: datetime) -> Broadcast:
    """Describe the release. Raise `UserError` if it is not approved or was planned already."""
    document = await documents.by_key(db, subject)
    if document is None or document.kind not in PUBLICATIONS:
        raise UserError(say("e_gone"))
    if document.state not in (*READY, "published") or document.details.get("release"):
        raise UserError(say("pu_released" if document.details.get("release") else "pu_not_now"))
    targets, embargo = document.targets or {}, document.embargo_until
    at = embargo if embargo is not None and embargo > now else None
    people = await audience.members(db, document.audience or {}) if targets.get("private", True) else []
    community, files = await own_community(db), await memos.files_of(db, document)
    ids = [int(each) for each in targets.get("channels") or ()]
    found = await db.scalars(
        select(Channel).where(Channel.id.in_(ids), Channel.reachable.is_(True)).order_by(Channel.id)
    )
    warnings: list[Text] = [say("pu_embargo", when=When(at, community.zone))] if at else []
    if not funding(community):
        warnings.append(say("pu_no_funding"))
    return Broadcast(
        kind=KIND,
        channel_kind=CHANNEL_KIND,
        subject=document.key,
        occurrence=_occurrence(document),
        title=say("pu_send", title=document.title),
        sample=drawn.out_card(document, files, community, private=True, on=at or now),
        people=people,
        channels=list(found),
        at=at,
        bulk=False,
        warnings=warnings,
        stands_for=[document.revision, document.link, [(each, files[each].sha256) for each in files], embargo],
        back=button("pu_back", "pub", document.key),
    )


def _occurrence(document: Document) -> str:
    return f"v{document.version}-{document.revision}"


async def name(db: Session, subject: str) -> Text:
    """Name the send for lists."""
    document = await documents.by_key(db, subject)
    return say("pu_send", title=document.title if document else "–")


async def onward(_db: Session, subject: str) -> Button | None:
    """Give the button to the publication's own card."""
    return button("pu_back", "pub", subject)


async def confirmed(ctx: Context, broadcast: Broadcast, campaign: Campaign) -> None:
    """Note that it is planned; it is published at its moment, not before. Raise `UserError` if it changed meanwhile."""
    revision = int(broadcast.occurrence.rpartition("-")[2])
    await _plan(ctx, broadcast.subject, revision, campaign.key, max(ctx.now + HOLD, broadcast.at or ctx.now))


async def quietly(ctx: Context, document: Document) -> Document:
    """Plan that it is published without a message to anybody, at once or when its embargo is over."""
    at = max(ctx.now, document.embargo_until or ctx.now)
    return await _plan(ctx, document.key, document.revision, QUIETLY, at)


async def _plan(ctx: Context, key: str, revision: int, campaign: str, at: datetime) -> Document:
    try:
        document = await publications.plan_release(ctx.db, key, revision, campaign, at, ctx.now)
    except Refused as refused:
        raise UserError(say(WHY[refused.why])) from None
    await timers.call_at(ctx.db, RELEASE, key, at)
    await cards.touch(ctx.db, OWN, key)
    return document


async def undone(db: Session, campaign: Campaign, _by: Member | None, _now: datetime) -> None:
    """Take the plan back: what was not published is approved as before, what was stays published."""
    document = await documents.by_key(db, campaign.subject)
    if document is None or campaign.key != document.details.get("release"):
        return
    await call_off(db, document.key)


async def call_off(db: Session, key: str) -> Document:
    """Forget the planned release."""
    document = await publications.call_off(db, key)
    await timers.cancel(db, RELEASE, key)
    await cards.touch(db, OWN, key)
    return document


async def stop(ctx: Context, document: Document) -> None:
    """Send nothing more of it."""
    asked = select(Campaign).where(Campaign.subject == document.key, Campaign.kind.in_((KIND, CHANNEL_KIND)))
    for each in await ctx.db.scalars(asked.where(Campaign.state.not_in(GONE))):
        await stopping.stop(ctx.db, each, ctx.me, ctx.now)
    await timers.cancel(ctx.db, RELEASE, document.key)


async def is_out(db: Session, document: Document, now: datetime) -> bool:
    """Tell whether anybody may see it now; one whose send was stopped before its moment is not out."""
    return publications.free(document, now) and not (publications.planned(document) and await _stopped(db, document))


async def _stopped(db: Session, document: Document) -> bool:
    campaign = await sends.by_key(db, str(document.details.get("release")))
    return campaign is not None and campaign.state not in ("held", "sending", "done")


async def release(db: Session, timer: Timer, now: datetime) -> None:
    """Publish what was confirmed, at its moment; what was undone or withdrawn stays as it is, what is stopped waits."""
    document = await documents.lock(db, timer.subject)
    if document is None or not document.details.get("release") or document.state not in (*READY, "published"):
        return
    at = publications.release_at(document) or now
    if at > now or await _stopped(db, document):
        await timers.call_at(db, RELEASE, timer.subject, max(at, now + AGAIN))
        return
    if document.state in READY:
        try:
            document = await publications.release(db, timer.subject, now)
        except Refused:
            await timers.call_at(db, RELEASE, timer.subject, max(document.embargo_until or now, now + AGAIN))
            return
    if document.details.get("release") == QUIETLY:
        document = await publications.call_off(db, timer.subject)
    else:
        document.state, document.distributed_at = "disseminated", now
    await db.flush()
    await cards.touch(db, OWN, document.key)
