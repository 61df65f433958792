"""What is shown of a memo before it is sent: how it stands, the questions to approver and speakers, news to its author.

Drawn without the vault, so none of it quotes the text: of the checks only numbers, of notes only that there are some.
Every message is protected and goes to private chats alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from chat.message import Button, Message, Row, button, row, rows
from chat.text import Bold, LanguageName, Text, When, say
from handlers import _memo_checks as checks
from handlers._broadcast import preview_button
from handlers._card_lines import can
from handlers._sends import listed
from storage import memos
from storage.communities import Channel, own_community
from storage.database import Session
from storage.documents import MEMO, READABLE, Document, DocumentDecision, by_key
from storage.meetings import Meeting
from storage.members import Member

STATUS, APPROVAL, FACTS, NEWS, DUE = "memo_status", "approval_request", "facts_request", "memo_step", "memo_due"
"""Kinds of cards: subject of the first four is the document's key, of the last the meeting's."""
CHOOSING = "memo_choosing"
"""Kind of a message that shows a choice for now: it follows nothing."""
FOLLOWING = (STATUS, APPROVAL, FACTS)
"""Cards that follow every step."""
LETTER = "m"
"""Letter of the send that distributes a memo."""
OPEN = ("draft", "returned")
SENT = (*READABLE, "withdrawn")


def shown(lines: Iterable[Text], *given: Row, fine: tuple[Text, ...] = ()) -> Message:
    """Make a message about a memo: silent, and protected where the platform can."""
    return Message(tuple(lines), rows(*given), fine, silent=True, protect=True)


def topped(message: Message, said: Text | None) -> Message:
    """Put what was refused on top of a card: a toast is not seen everywhere."""
    head = (Bold(said),) if said is not None else ()
    return Message((*head, *message.lines), message.rows, message.fine, message.silent, message.protect, message.file)


async def found(db: Session, key: str) -> Document | None:
    """Find a memo by the key its buttons carry."""
    document = await by_key(db, key)
    return document if document is not None and document.kind == MEMO else None


async def meeting_of(db: Session, document: Document) -> Meeting | None:
    """Give the meeting a memo is about; none if it was deleted."""
    return await db.get(Meeting, document.meeting_id) if document.meeting_id else None


async def code(db: Session, document: Document) -> str:
    """Name a memo's meeting as organisers do."""
    meeting = await meeting_of(db, document)
    return meeting.code if meeting else "–"


async def zone(db: Session, document: Document) -> str:
    """Give the zone in which a memo's days are counted."""
    meeting = await meeting_of(db, document)
    return meeting.zone if meeting else (await own_community(db)).zone


async def people(db: Session, ids: Iterable[int | None]) -> dict[int, Member]:
    """Give members by id."""
    wanted = {each for each in ids if each is not None}
    found = await db.scalars(select(Member).where(Member.id.in_(wanted))) if wanted else ()
    return {each.id: each for each in found}


def moment(document: Document, name: str) -> datetime | None:
    """Give a moment kept among a memo's details: `facts_until`, `approve_by`."""
    given = (document.details or {}).get(name)
    return datetime.fromisoformat(given) if given else None


async def status(db: Session, document: Document, viewer: Member | None, now: datetime, head: Text = "") -> Message:
    """Draw how a memo stands, with the next step as buttons; for organisers and its author."""
    there, files = await zone(db, document), await memos.files_of(db, document)
    known = await people(db, (document.approver_id, *memos.speakers_of(document)))
    lines: list[Text] = [Bold(head)] if head else []
    lines.append((Bold(say("mm_head", code=await code(db, document), title=document.title)), " · ", state(document)))
    if files:
        names: list[Text] = [LanguageName(each) for each in files]
        lines.append(say("mm_version", n=document.version, languages=listed(names)))
    lines += check_lines(document)
    if document.state in (*memos.WRITING, "approved"):
        lines += await _where(db, document, now)
    approver = known.get(document.approver_id or 0)
    lines.append(say("mm_approver_is", name=approver.name if approver else say("mm_nobody")))
    lines += await _facts(db, document, known, there)
    by = moment(document, "approve_by")
    if document.state == "in_approval" and by is not None:
        lines.append(say("mm_approve_until", date=When(by, there, part="date")))
    lines += await decision_lines(db, document, viewer, there)
    wrong = [each for each in (await memos.answers(db, document)).values() if each.kind == "facts_wrong"]
    notes = bool(wrong) or any(each.note for each in await memos.decisions(db, document))
    return shown(lines, *_buttons(document, bool(files), notes=notes))


def state(document: Document) -> Text:
    """Name the state of a memo."""
    return say(f"mm_s_{document.state}")


def check_lines(document: Document) -> list[Text]:
    """Say by language what the checks of the current version counted."""
    found: Mapping[str, Any] = (document.details or {}).get("checks") or {}
    return [
        say("mm_check_line", language=LanguageName(language), found=counted(each))
        for language, each in found.items()
        if each
    ]


def counted(found: Mapping[str, Any]) -> Text:
    """Say what the checks of one file counted: length, places, parts."""
    if not found.get("words"):
        return say("mm_no_text")
    pages = found.get("pages")
    length: Text = say("mm_no_pages") if pages is None else say("mm_pages", n=pages)
    if not checks.long_enough(pages):
        length = say("mm_not_long", pages=length)
    marks = say("mm_marks", n=found["marks"]) if found.get("marks") else say("mm_no_marks")
    missing: list[Text] = [say(f"mm_part_{each}") for each in found.get("missing") or ()]
    parts = say("mm_missing", parts=listed(missing)) if missing else say("mm_all_parts")
    return (length, " · ", marks, " · ", parts)


async def _where(db: Session, document: Document, now: datetime) -> list[Text]:
    to = (document.audience or {}).get("to", "")
    who = say(f"mm_to_{to}") if to in ("invited", "attended") else say("mm_goes_to_list")
    number = len(await memos.list_of(db, document, now))
    form = say(f"mm_form_{(document.targets or {}).get('dm', 'card')}")
    lines: list[Text] = [say("mm_goes_to", n=number, who=who), say("mm_dm_form", form=form)]
    channels: Mapping[str, str] = (document.targets or {}).get("channels") or {}
    if channels:
        found = await db.scalars(
            select(Channel).where(Channel.id.in_([int(each) for each in channels])).order_by(Channel.id)
        )
        lines += [
            say("mm_channel_form", channel=each.title or each.chat, form=say(f"mm_form_{channels[str(each.id)]}"))
            for each in found
        ]
    return lines


async def _facts(db: Session, document: Document, known: Mapping[int, Member], there: str) -> list[Text]:
    speakers = [known[each] for each in memos.speakers_of(document) if each in known]
    if not speakers:
        return []
    said = await memos.answers(db, document)
    until = moment(document, "facts_until")
    if document.state != "factual_check" and not said:
        names: list[Text] = [each.name for each in speakers]
        skipped = until is None and document.state not in OPEN
        return [say("mm_facts_none") if skipped else say("mm_speakers_are", names=listed(names))]
    texts = {"facts_ok": "mm_said_ok", "facts_wrong": "mm_said_wrong"}
    told: list[Text] = [
        say(texts[said[each.id].kind] if each.id in said else "mm_said_nothing", name=each.name) for each in speakers
    ]
    if document.state == "factual_check" and until is not None:
        return [say("mm_facts_until", date=When(until, there, part="date"), names=listed(told))]
    return [say("mm_speakers_are", names=listed(told))]


async def decision_lines(db: Session, document: Document, viewer: Member | None, there: str) -> list[Text]:
    """Say who approved or returned it, and what became of earlier versions."""
    found = await memos.decisions(db, document, memos.DECISIONS)
    known = await people(db, (each.member_id for each in found))
    lines: list[Text] = []
    for each in found[-3:]:
        text = decided(each, known.get(each.member_id), viewer, there)
        lines.append(text if each.version == document.version else say("mm_earlier", n=each.version, what=text))
    return lines


def decided(found: DocumentDecision, by: Member | None, viewer: Member | None, there: str) -> Text:
    """Say who decided what, and when; "you" to whom did it."""
    key = "mm_approved_by" if found.kind == "approved" else "mm_returned_by"
    mine = viewer is not None and viewer.id == found.member_id
    name: Text = say("mm_by_you") if mine else (by.name if by else "–")
    return say(key, name=name, when=When(found.at, there))


def _buttons(document: Document, written: bool, *, notes: bool) -> list[Row]:
    key, version, now_state = document.key, str(document.version), document.state
    told = button("mm_notes", "mtext", key, "n") if notes else None
    look = row(
        button("mm_checks", "mtext", key) if written else None, button("open", "mdraft", key) if written else None, told
    )
    files = row(button("mm_version", "mversion", key), button("mm_lang", "mlang", key, version))
    submit = button("mm_submit", "maskfc", key, version, "a", "default" if memos.speakers_of(document) else "primary")
    if now_state in OPEN:
        start = button("mm_facts", "maskfc", key, version, "f", "primary") if memos.speakers_of(document) else None
        who = row(
            button("mm_speakers", "mspeak", key), button("mm_channels", "mchan", key),
            button("audience", "aud", key), button("edit", "mplan", key),
        )  # fmt: skip
        return [row(start, submit), look, files, who]
    back = button("mm_back", "maskfc", key, version, "b")
    if now_state == "factual_check":
        return [row(submit), look, files, row(back)]
    if now_state == "in_approval":
        return [look, files, row(back)]
    if now_state == "approved":
        files_go = "file" in ((document.targets or {}).get("channels") or {}).values()
        allow = button("mm_channels", "mchan", key) if files_go else None
        return [row(preview_button("preview", LETTER, key), allow), look]
    report = can("mm_report", "mreport", key) if now_state in READABLE else None
    return [row(report), look]


async def approval(
    db: Session, document: Document, member: Member, roles: frozenset[str], now: datetime, *, again: bool = False
) -> Message:
    """Draw the question to somebody who may approve, or what became of it."""
    there = await zone(db, document)
    if document.state != "in_approval":
        found = await memos.decided(db, document)
        if found is None:
            return shown([say("mm_with_author", title=document.title)], row(button("open", "mdraft", document.key)))
        by = (await people(db, [found.member_id])).get(found.member_id)
        lines: list[Text] = [Bold(document.title), Bold(decided(found, by, member, there))]
        return shown(lines, row(button("open", "mdraft", document.key)))
    author = (await people(db, [document.author_id])).get(document.author_id or 0)
    until = When(moment(document, "approve_by") or now, there, part="date")
    lines = [
        say(
            "mm_ask_again" if again else "mm_ask",
            author=author.name if author else "–",
            title=Bold(document.title),
            n=document.version,
            date=until,
        ),
        *check_lines(document),
        await facts_total(db, document),
        *await _where(db, document, now),
    ]
    key, revision, version = document.key, document.revision, str(document.version)
    mine = row(
        button("approve", "mapprove", key, revision, version, "primary"),
        button("return", "mreturn", key, revision, version),
    )
    if not memos.may_decide(document, member, roles) or member.id in await memos.writers(db, document):
        mine = ()
        lines.append(say("mm_own"))
    return shown(
        lines, mine, row(button("open", "mdraft", key), button("mm_checks", "mtext", key)), fine=(restricted(),)
    )


async def facts_total(db: Session, document: Document) -> Text:
    """Count what the speakers said."""
    speakers, said = memos.speakers_of(document), await memos.answers(db, document)
    if not speakers or not said:
        return say("mm_facts_none")
    kinds = [each.kind for each in said.values()]
    return say("mm_facts_count", ok=kinds.count("facts_ok"), all=len(speakers), wrong=kinds.count("facts_wrong"))


async def facts(db: Session, document: Document, member: Member, now: datetime, *, again: bool = False) -> Message:
    """Draw the question to a speaker: the first line, which is the push text, has no title (conversation, c)."""
    meeting, there = await meeting_of(db, document), await zone(db, document)
    day = When(meeting.starts_at if meeting else document.created_at or now, there, part="date")
    lines: list[Text] = [say("mm_facts_again" if again else "mm_facts_ask", date=day), Bold(document.title)]
    key, version = document.key, str(document.version)
    said = (await memos.answers(db, document)).get(member.id)
    if said is not None:
        lines.insert(0, Bold(say("mm_facts_ok" if said.kind == "facts_ok" else "mm_facts_wrong")))
    if document.state != "factual_check":
        if said is None:
            lines.append(say("mm_facts_over"))
        return shown(lines)
    until = moment(document, "facts_until")
    if said is None and until is not None:
        lines.append(say("mm_facts_by", date=When(until, there, part="date")))
    right = button("facts_ok", "mfacts", key, "", version, "primary" if said is None else "default")
    ok = None if said is not None and said.kind == "facts_ok" else right
    wrong = button("mm_wrong", "mfactno", key, "", version)
    return shown(lines, row(button("open", "mdraft", key), ok), row(wrong), fine=(restricted(),))


def restricted() -> Text:
    """Say that it is for the reader alone."""
    return say("mm_restricted")


def open_button(document: Document) -> Button:
    """Make the button that shows how a memo stands."""
    return button("mm_memo", "memo", document.key)
