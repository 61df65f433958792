"""How far a memo is, for organisers: confirmed, not reached, opened; names in private only."""

from __future__ import annotations

from datetime import datetime

from chat.message import Button, Message, Row, button, row, rows
from chat.text import Bold, Text, When, say
from handlers import _memo_card as cards_of
from handlers import _memo_sending as sending
from handlers import _memo_times as times
from handlers._broadcast import preview_button
from handlers._reminding import no_send_dates
from handlers._sends import listed, platform_name, reason
from handlers._welcome import go
from scheduler import quiet
from scheduler.contract import Drawing, Skip
from storage import memo_corrections, memo_figures, memo_reading
from storage.communities import own_community
from storage.database import Session
from storage.documents import READABLE, Document
from storage.members import Member, roles_of
from storage.memo_figures import Figures, ReaderRow
from storage.memos import ORGANISE

PAGE = 10
NAMES = 200
"""More names than this are not listed in chat (conversation §4.1)."""
OUT = (*READABLE, "withdrawn")


async def rows_of(db: Session, document: Document) -> list[ReaderRow]:
    """Give everybody on the list, with what became of the message about the current version."""
    card = cards_of.copy_of(document, document.version)
    return await memo_figures.rows(db, document, card.kind, card.subject)


async def report(db: Session, document: Document, now: datetime) -> Message:
    """Draw the report: numbers alone, so that it may stand wherever organisers are."""
    people = await rows_of(db, document)
    found = await memo_figures.figures(db, document, people)
    zone = times.zone_of(await cards_of.meeting_of(db, document), (await own_community(db)).zone)
    lines: list[Text] = [Bold(await sending.title(db, document))]
    if document.state == "withdrawn" and document.withdrawn_at is not None:
        lines.append(say("md_withdrawn_at", date=When(document.withdrawn_at, zone, part="date")))
    elif document.distributed_at is not None:
        sent = _sent(document, document.distributed_at)
        lines.append(say("md_r_goes" if sent > now else "md_r_sent", when=When(sent, zone), n=document.version))
    lines += _numbers(found)
    silent = await memo_reading.silent_hours(db, document) if document.state == "distributed" else []
    if document.state == "distributed":
        lines += await _ahead(db, document, silent, zone, now)
    lines.append(say("md_r_access", **{each: found.access.get(each, 0) for each in ("opened", "downloaded", "sent")}))
    if document.expires_at is not None:
        key = "md_ended" if memo_reading.expired(document, now) else "md_r_until"
        lines.append(say(key, date=When(document.expires_at, zone, part="date")))
    correction = memo_corrections.pending(document)
    if correction is not None:
        lines.append(say(f"md_fix_{correction.state}", n=correction.number))
    return Message(
        tuple(lines), _choices(document, found, sum(n for _, n in silent), correction, now), silent=True, protect=True
    )


def _sent(document: Document, first: datetime) -> datetime:
    """Give when the version that counts went out: `first`, or the moment of its correction."""
    corrected = (
        (document.details or {}).get("issued") if document.version != memo_reading.sent_version(document) else None
    )
    return datetime.fromisoformat(str(corrected)) if corrected else first


def _numbers(found: Figures) -> list[Text]:
    lines: list[Text] = [say("md_r_read", read=found.read, n=found.people)]
    places: list[Text] = [
        say("md_r_of", platform=platform_name(name), read=read, n=number)
        for name, (read, number) in sorted(found.platforms.items())
    ]
    if places:
        lines.append(listed(places))
    if found.waiting:
        lines.append(say("md_r_waiting", n=found.waiting))
    if missed := sum(found.not_delivered.values()):
        why: list[Text] = [(reason(word), f" {n}") for word, n in sorted(found.not_delivered.items())]
        lines.append(say("md_r_missed", n=missed, reasons=listed(why)))
    return lines


async def _ahead(
    db: Session, document: Document, silent: list[tuple[Member, int]], zone: str, now: datetime
) -> list[Text]:
    lines: list[Text] = []
    day = await times.next_reminder(db, document, now)
    if day is not None and silent:
        no_send = await no_send_dates(db)
        first = min(quiet.bulk_slot(each, day, no_send) for each, _ in silent)
        lines.append(say("md_r_next", date=When(first, zone, part="date"), n=sum(n for _, n in silent)))
    if document.ack_by is not None:
        lines.append(say("md_r_by", date=When(document.ack_by, zone, part="date")))
    return lines


def _choices(
    document: Document, found: Figures, silent: int, correction: memo_corrections.Correction | None, now: datetime
) -> tuple[Row, ...]:
    key = document.key
    asks = document.state == "distributed" and document.ack_by is not None and document.ack_by > now
    nudge = sending.nudge_button(document, silent) if asks and silent and memo_reading.issued(document, now) else None
    names = button("names", "mnames", key, "0") if found.people else None
    if document.state == "withdrawn":
        return rows(row(preview_button("md_tell", sending.NOTICE, key), names), row(go("desk", "desk")))
    fix = button("md_correct", "mfix", key)
    steps: list[Button | None] = []
    if correction is not None:
        subject = memo_reading.copy_name(document, correction.number)
        ready = correction.state == "approved"
        steps = [
            preview_button("preview", sending.CORRECTION, subject) if ready else None,
            button("md_fix_open", "mfixsee", key, "", str(correction.number)),
            button("mm_lang", "mfixl", key, "", str(correction.number)),
            button("discard", "mfixend", key, "", str(correction.number)),
        ]
    return rows(
        row(nudge, names),
        row(*steps),
        row(fix, button("mm_memo", "memo", key)),
        row(button("md_withdraw", "mwith", key, style="danger")),
    )


async def names(db: Session, document: Document, page: int) -> Message:
    """List who has confirmed, who has not and who was not reached, ten a page; private chats only."""
    people = await rows_of(db, document)
    seen = await memo_figures.opened(db, document)
    zone = times.zone_of(await cards_of.meeting_of(db, document), (await own_community(db)).zone)
    people.sort(key=lambda each: (each.acknowledged is not None, each.name, each.member_id))
    lines: list[Text] = [Bold(await sending.title(db, document))]
    if len(people) > NAMES:
        lines.append(say("m_too_many", n=len(people)))
        people = []
    page = max(0, min(page, (len(people) - 1) // PAGE))
    for number, each in enumerate(people[page * PAGE : (page + 1) * PAGE], page * PAGE + 1):
        lines.append((f"{number}. ", each.name, ": ", *_fate(each, seen.get(each.member_id), zone)))
    turn = row(
        button("back", "mnames", document.key, page - 1) if page else None,
        button("next", "mnames", document.key, page + 1) if len(people) > (page + 1) * PAGE else None,
        button("mm_report", "mreport", document.key),
    )
    return Message(tuple(lines), rows(turn), silent=True, protect=True)


def _fate(each: ReaderRow, seen: datetime | None, zone: str) -> list[Text]:
    if each.acknowledged is not None:
        return [say("md_n_read", date=When(each.acknowledged.at, zone, part="date"))]
    parts: list[Text] = [say("md_n_silent")]
    if seen is not None:
        parts += [" · ", say("md_n_opened", date=When(seen, zone, part="date"))]
    if each.state and each.state not in memo_reading.OUT:
        parts += [" · ", reason(each.reason or each.state)]
    return parts


async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the report for an organiser, as it stands."""
    document = await cards_of.found(db, drawing.subject)
    if document is None or document.state not in OUT:
        return Skip("gone")
    if drawing.member is None or not ORGANISE & await roles_of(db, drawing.member, drawing.now):
        return Skip("not_entitled")
    return await report(db, document, drawing.now)
