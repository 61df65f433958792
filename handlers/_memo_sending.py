"""The four sends of memos: the memo itself, a correction, a reminder to the silent, the notice of a withdrawal.

Each says who gets it and what it would look like; the preview, the typed number, the hold and Undo are those of every
send (`handlers/_broadcast.py`). Announcement channels and organisers' channels never get a memo.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from chat.errors import UserError
from chat.message import Button, Message, button
from chat.text import LanguageName, Text, say
from handlers import _memo_card as cards_of
from handlers import _memo_outsiders as others
from handlers import _memo_times as times
from handlers._broadcast import Broadcast, Sending, preview_button, register
from handlers._feature import Context
from handlers._sends import listed
from scheduler import cards as copies
from storage import audit, memo_corrections, memo_figures, memo_reading, memos, search
from storage.communities import Channel, own_community
from storage.database import Session
from storage.deliveries import Campaign
from storage.documents import READABLE, Document
from storage.members import Member

LETTER, CORRECTION, NUDGE, NOTICE = "m", "mc", "mn", "mr"
STATUS = "memo_status"
"""Kind of the organisers' card of a memo before it is sent (`handlers/memos.py`)."""
GONE = ("cancelled", "taking_back", "taken_back")
FORMS = ("file", "card", "link")
LEAST = timedelta(hours=1)
"""A memo that would close so soon after its sending is not sent."""


async def document_of(db: Session, subject: str) -> Document:
    """Find the memo of a send's subject. Raise `UserError` with one answer for whatever is not there."""
    document = await cards_of.found(db, cards_of.split(subject)[0])
    if document is None:
        raise UserError(say("e_gone"))
    return document


async def rounds(db: Session, kinds: Sequence[str], subject: str, *, alive: bool = False) -> int:
    """Count the sends of some kinds about a subject so far; `alive` leaves out those that were taken back."""
    asked = select(func.count()).where(Campaign.kind.in_(kinds), Campaign.subject == subject)
    return await db.scalar(asked.where(Campaign.state.not_in(GONE)) if alive else asked) or 0


async def build_memo(db: Session, subject: str, now: datetime) -> Broadcast:
    """Describe the distribution of an approved memo."""
    document = await document_of(db, subject)
    if document.state in READABLE:
        raise UserError(say("md_sent_already"))
    said = await memos.decided(db, document)
    if document.state != "approved" or said is None or said.kind != "approved":
        raise UserError(say("md_not_approved"))
    meeting, home = await cards_of.meeting_of(db, document), await own_community(db)
    zone = times.zone_of(meeting, home.zone)
    at, until = times.wanted(document, meeting, zone), times.until(document)
    at = at if at is not None and at > now else None
    if until is not None and until <= (at or now) + LEAST:
        raise UserError(say("md_until_passed"))
    people = await memos.list_of(db, document, now)
    if not people:
        raise UserError(say("md_nobody"))
    listed = {each.id for each in people}
    targets, told = await others.sort(db, document, await channels_of(db, document, FORMS), listed, now)
    sent = at or now
    shown = await _as_sent(db, document, now, times.confirm_by(meeting, document, zone, sent), until)
    return Broadcast(
        kind=cards_of.CARD, channel_kind=cards_of.CHANNEL, subject=document.key,
        occurrence=f"v{document.version}-{await rounds(db, (cards_of.CARD, cards_of.CHANNEL), document.key) + 1}",
        title=await title(db, document), sample=shown, people=people, channels=targets, at=at, capped=True, count=True,
        expires=until, warnings=[*told, *await _warnings(db, document, document.version, people)],
        back=button("edit", "mwhen", document.key), stands_for=(document.version, document.revision, said.id),
    )  # fmt: skip


async def _as_sent(
    db: Session, document: Document, now: datetime, ack_by: datetime, until: datetime | None, number: int = 0
) -> Message:
    """Draw what a reader would get, before it is true."""
    meeting, home = await cards_of.meeting_of(db, document), await own_community(db)
    zone = times.zone_of(meeting, home.zone)
    version = await memos.version_of(db, document, number) if number else None
    files = await memos.files_of(db, document, number or document.version)
    file = files.get(home.language) or next(iter(files.values()), None)
    like = Document(
        key=document.key, title=document.title, version=number or document.version, state="distributed",
        ack_by=min(ack_by, until) if until else ack_by, targets=document.targets, details=document.details,
        expires_at=None, withdrawn_at=None,
    )  # fmt: skip
    day = cards_of.day_of(document, meeting, zone)
    sight = cards_of.Sight(like, like.version, day, zone, None, file, version.reason if version else "", now)
    return cards_of.private(sight, cards_of.CARD, await cards_of.code_of(db, document), telegram=True)


async def title(db: Session, document: Document) -> Text:
    """Name a memo without its title, as lists of sends and the organisers' channel show it."""
    return say("md_name", code=await cards_of.code_of(db, document))


async def channels_of(db: Session, document: Document, forms: Sequence[str]) -> list[Channel]:
    """Give the members' channels that were chosen for it, in these forms; no other channel ever gets a memo."""
    chosen = (document.targets or {}).get("channels") or {}
    wanted = [int(each) for each, form in chosen.items() if form in forms and str(each).isdecimal()]
    asked = select(Channel).where(Channel.id.in_(wanted), Channel.purpose == "members", Channel.reachable.is_(True))
    return list(await db.scalars(asked.order_by(Channel.id))) if wanted else []


async def _warnings(db: Session, document: Document, number: int, people: Sequence[Member]) -> list[Text]:
    """Say in which languages there is no file. Raise `UserError` when there is none at all."""
    files = await memos.files_of(db, document, number)
    if not files:
        raise UserError(say("md_no_file"))
    home = (await own_community(db)).language
    instead = home if home in files else next(iter(files))
    missing = Counter(each.language for each in people if each.language not in files)
    if not missing:
        return []
    names = listed([(LanguageName(code), f" {many}") for code, many in missing.most_common()])
    return [say("md_no_language", languages=names, instead=LanguageName(instead))]


async def confirm_memo(ctx: Context, broadcast: Broadcast, campaign: Campaign) -> None:
    """Fix the list, make the memo distributed, set what is due; in the transaction that confirms."""
    db, now = ctx.db, ctx.now
    sent = campaign.held_until or now
    before = await document_of(db, broadcast.subject)
    meeting = await cards_of.meeting_of(db, before)
    zone = times.zone_of(meeting, ctx.community.zone)
    until = times.until(before)
    ack_by = times.confirm_by(meeting, before, zone, sent)
    try:
        document = await memo_reading.distribute(
            db, before.key, broadcast.people, sent, min(ack_by, until) if until else ack_by, until, now
        )
    except memos.Refused:
        raise UserError(say("md_sent_already" if before.state in READABLE else "md_not_approved")) from None
    document.details = {**document.details, "page": bool(ctx.page_link("/m"))}
    await memo_figures.delivered(db, document, cards_of.CARD, document.key)
    await times.arm(db, document, meeting, sent)
    await search.index(db, document, {})
    await _changed(db, document)


async def undo_memo(db: Session, campaign: Campaign, by: Member | None, now: datetime) -> None:
    """Make it approved again after Undo, or when its messages are taken back."""
    if campaign.kind == cards_of.CHANNEL and await rounds(db, (cards_of.CARD,), campaign.subject, alive=True):
        return  # only its cards in channels were taken back
    document = await memo_reading.recall(db, campaign.subject)
    if document is None:
        return
    await times.disarm(db, document)
    await search.forget(db, document)
    audit.note(db, now, by.id if by else None, "memo.recall", document.key)
    await _changed(db, document)


async def _changed(db: Session, document: Document) -> None:
    await db.flush()
    await cards_of.follow(db, document)
    copies.touch_at_end(db, (STATUS,), document.key)


async def name_memo(db: Session, subject: str) -> Text:
    """Name the sending of a memo."""
    document = await cards_of.found(db, cards_of.split(subject)[0])
    return await title(db, document) if document else say("e_gone")


async def onward(db: Session, subject: str) -> Button | None:
    """Lead to the memo: its report once it is out."""
    document = await cards_of.found(db, cards_of.split(subject)[0])
    if document is None:
        return None
    if document.state in READABLE or document.state == "withdrawn":
        return button("mm_report", "mreport", document.key)
    return button("mm_memo", "memo", document.key)


async def build_correction(db: Session, subject: str, now: datetime) -> Broadcast:
    """Describe the sending of an approved correction to everybody on the list."""
    document, number = await document_of(db, subject), cards_of.split(subject)[1]
    correction = memo_corrections.pending(document)
    if document.state not in READABLE or number is None or memo_reading.expired(document, now):
        raise UserError(say("e_gone"))
    if correction is None or correction.number != number:
        raise UserError(say("md_fix_replaced"))
    said = await memo_corrections.decided(db, document, number)
    if correction.state != "approved" or said is None or said.kind != "approved":
        raise UserError(say("md_not_approved"))
    meeting = await cards_of.meeting_of(db, document)
    zone = times.zone_of(meeting, (await own_community(db)).zone)
    people = await memo_reading.readers(db, document)
    listed, wanted = {each.id for each in people}, await channels_of(db, document, ("file",))
    targets, told = await others.sort(db, document, wanted, listed, now, "mm_out_not_again")
    ack_by = times.confirm_by(meeting, document, zone, now)
    return Broadcast(
        kind=cards_of.CORRECTED, channel_kind=cards_of.CHANNEL_AGAIN, subject=subject,
        occurrence=f"{await rounds(db, (cards_of.CORRECTED, cards_of.CHANNEL_AGAIN), subject) + 1}",
        title=await name_correction(db, subject), bulk=False, count=True, expires=document.expires_at,
        sample=await _as_sent(db, document, now, ack_by, document.expires_at, number), people=people,
        channels=targets, warnings=[*told, *await _warnings(db, document, number, people)],
        back=button("mm_report", "mreport", document.key), stands_for=(number, document.revision, said.id),
    )  # fmt: skip


async def confirm_correction(ctx: Context, broadcast: Broadcast, campaign: Campaign) -> None:
    """Make the correction the version that counts; every older card says so."""
    db, number = ctx.db, cards_of.split(broadcast.subject)[1] or 0
    before = await document_of(db, broadcast.subject)
    meeting, sent = await cards_of.meeting_of(db, before), campaign.held_until or ctx.now
    ack_by = times.confirm_by(meeting, before, times.zone_of(meeting, ctx.community.zone), sent)
    until = before.expires_at
    try:
        document = await memo_corrections.issue(db, before.key, number, min(ack_by, until) if until else ack_by)
    except memos.Refused:
        raise UserError(say("md_fix_replaced")) from None
    document.details = {**document.details, "page": bool(ctx.page_link("/m")), "issued": sent.isoformat()}
    await times.arm(db, document, meeting, sent)
    await search.index(db, document, {})
    await _changed(db, document)


async def undo_correction(db: Session, campaign: Campaign, by: Member | None, now: datetime) -> None:
    """Make the version before count again."""
    key, number = cards_of.split(campaign.subject)
    kinds = (cards_of.CORRECTED,)
    if campaign.kind == cards_of.CHANNEL_AGAIN and await rounds(db, kinds, campaign.subject, alive=True):
        return
    document = await memo_corrections.take_back(db, key, number or 0)
    if document is None:
        return
    if document.state == "distributed" and document.distributed_at is not None and document.ack_by is not None:
        await times.arm(db, document, await cards_of.meeting_of(db, document), document.distributed_at)
    else:
        await times.disarm(db, document)
    audit.note(db, now, by.id if by else None, "memo.recall", document.key)
    await _changed(db, document)
    copies.touch_at_end(db, cards_of.PRIVATE, campaign.subject)


async def name_correction(db: Session, subject: str) -> Text:
    """Name the sending of a correction."""
    key, number = cards_of.split(subject)
    document = await cards_of.found(db, key)
    if document is None:
        return say("e_gone")
    return say("md_name_fix", code=await cards_of.code_of(db, document), n=number or 0)


async def build_nudge(db: Session, subject: str, now: datetime) -> Broadcast:
    """Describe a reminder to those who have not confirmed and have not had two reminders."""
    document, number = await document_of(db, subject), cards_of.split(subject)[1]
    if number != document.version or not memo_reading.issued(document, now):
        raise UserError(say("e_gone"))
    if (
        memo_reading.expired(document, now)
        or document.state != "distributed"
        or document.ack_by is None
        or document.ack_by <= now
    ):
        raise UserError(say("md_closed"))
    made = await reminder(db, document, now, f"n{await rounds(db, (cards_of.AGAIN,), subject) + 1}")
    return replace(made, stands_for=(document.revision, tuple(each.id for each in made.people)))


async def reminder(db: Session, document: Document, now: datetime, occurrence: str) -> Broadcast:
    """Describe a reminder, by hand or by the schedule; it counts for the weekly cap."""
    meeting = await cards_of.meeting_of(db, document)
    zone = times.zone_of(meeting, (await own_community(db)).zone)
    day = cards_of.day_of(document, meeting, zone)
    sight = cards_of.Sight(document, document.version, day, zone, None, None, "", now)
    subject = memo_reading.copy_name(document, document.version)
    return Broadcast(
        kind=cards_of.AGAIN, subject=subject, occurrence=occurrence, title=await name_nudge(db, subject),
        sample=cards_of.private(sight, cards_of.AGAIN, await cards_of.code_of(db, document), telegram=False),
        people=await memo_reading.silent(db, document), capped=True, expires=document.ack_by,
        back=button("mm_report", "mreport", document.key),
    )  # fmt: skip


async def name_nudge(db: Session, subject: str) -> Text:
    """Name a reminder."""
    document = await cards_of.found(db, cards_of.split(subject)[0])
    return say("md_name_again", code=await cards_of.code_of(db, document)) if document else say("e_gone")


async def build_notice(db: Session, subject: str, now: datetime) -> Broadcast:
    """Describe the notice of a withdrawal, to those who had the memo; it is sent once."""
    document = await document_of(db, subject)
    if document.state != "withdrawn":
        raise UserError(say("e_gone"))
    if await rounds(db, (cards_of.WITHDRAWN,), subject, alive=True):
        raise UserError(say("md_told_already"))
    people = await memo_figures.reached(db, document)
    sight = cards_of.Sight(document, document.version, now, (await own_community(db)).zone, None, None, "", now)
    return Broadcast(
        kind=cards_of.WITHDRAWN, subject=document.key,
        occurrence=f"{await rounds(db, (cards_of.WITHDRAWN,), subject) + 1}", title=await name_notice(db, subject),
        sample=cards_of.private(sight, cards_of.WITHDRAWN, "", telegram=False), people=people, bulk=False,
        back=button("mm_report", "mreport", document.key), stands_for=(document.revision,),
    )  # fmt: skip


async def name_notice(db: Session, subject: str) -> Text:
    """Name the notice of a withdrawal."""
    document = await cards_of.found(db, subject)
    return say("md_name_withdrawn", code=await cards_of.code_of(db, document)) if document else say("e_gone")


async def nothing(*_given: object) -> None:
    """Change nothing: the send is all there is."""


def nudge_button(document: Document, number: int) -> Button:
    """Make the button that reminds the silent, with their number."""
    press = preview_button("preview", NUDGE, memo_reading.copy_name(document, document.version)).press
    return Button(say("b_nudge", n=str(number)), press)


register(Sending(
    letter=LETTER, kinds=(cards_of.CARD, cards_of.CHANNEL), build=build_memo, name=name_memo, confirmed=confirm_memo,
    undone=undo_memo, onward=onward,
))  # fmt: skip
register(Sending(
    letter=CORRECTION, kinds=(cards_of.CORRECTED, cards_of.CHANNEL_AGAIN), build=build_correction,
    name=name_correction, confirmed=confirm_correction, undone=undo_correction, onward=onward,
))  # fmt: skip
register(Sending(
    letter=NUDGE, kinds=(cards_of.AGAIN,), build=build_nudge, name=name_nudge, confirmed=nothing, undone=nothing,
    onward=onward,
))  # fmt: skip
register(Sending(
    letter=NOTICE, kinds=(cards_of.WITHDRAWN,), build=build_notice, name=name_notice, confirmed=nothing,
    undone=nothing, onward=onward,
))  # fmt: skip
