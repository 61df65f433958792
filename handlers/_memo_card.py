"""The card of a memo in a reader's private chat and in members' channels, in every state it can be in.

Its first line, which is the push text, has no title; every message is protected where the platform can (S47). Private
cards of a corrected version have the subject `<key>-<version>`, so that older copies say what replaced them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chat.message import Attachment, Message, Row, button, row, rows
from chat.outbound import Card
from chat.people import MessageRef
from chat.text import Bold, Reader, Spoiler, Text, When, say
from handlers import _files
from handlers._memo_times import first_day, moment, zone_of
from handlers._welcome import go
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import memo_reading, memos
from storage.audience import AGREED
from storage.communities import own_community
from storage.database import Session
from storage.documents import MEMO, READABLE, Document, by_key
from storage.files import StoredFile
from storage.meetings import Meeting
from storage.members import Member
from storage.memo_reading import Acknowledged

CARD, AGAIN, CORRECTED, WITHDRAWN = "memo", memo_reading.AGAIN, "memo_corrected", "memo_withdrawn"
CHANNEL, CHANNEL_AGAIN = "memo_channel", "memo_refreshed"
PRIVATE = (CARD, AGAIN, CORRECTED, WITHDRAWN)
IN_CHANNELS = (CHANNEL, CHANNEL_AGAIN)
REPORT = "memo_report"


@dataclass(frozen=True, slots=True)
class Sight:
    """Be what a card says, read in one transaction; `version` is the one this copy is about."""

    document: Document
    version: int
    day: datetime
    """Date of the meeting, for the first line."""
    zone: str
    acknowledged: Acknowledged | None
    file: StoredFile | None
    reason: str
    now: datetime

    @property
    def read(self) -> bool:
        """Tell whether the reader has confirmed the current version."""
        return self.acknowledged is not None and self.acknowledged.version >= self.document.version


def split(subject: str) -> tuple[str, int | None]:
    """Read the subject of a card: the memo's key, and a version if it is about a correction."""
    key, _, number = subject.partition("-")
    return key, int(number) if number.isdecimal() and len(number) < 5 else None


def copy_of(document: Document, version: int) -> Card:
    """Name the card of one version."""
    if version <= memo_reading.sent_version(document):
        return Card(CARD, document.key)
    return Card(CORRECTED, memo_reading.copy_name(document, version))


async def found(db: Session, key: str) -> Document | None:
    """Find a memo by its key; asked once where many are drawn for."""
    document = await (db.batch.once(("document", key), lambda: by_key(db, key)) if db.batch else by_key(db, key))
    return document if document is not None and document.kind == MEMO else None


async def see(db: Session, document: Document, member: Member, now: datetime, version: int | None = None) -> Sight:
    """Read what a member's card says now."""
    meeting = await meeting_of(db, document)
    zone = zone_of(meeting, (await own_community(db)).zone)
    current = document.version
    newer = await memos.version_of(db, document, current) if current > memo_reading.sent_version(document) else None
    return Sight(
        document, current if version is None else version, day_of(document, meeting, zone), zone,
        await memo_reading.acknowledged(db, document, member), await file_for(db, document, member.language),
        newer.reason if newer else "", now,
    )  # fmt: skip


async def meeting_of(db: Session, document: Document) -> Meeting | None:
    """Give the meeting a memo is about; none if it was deleted."""
    key = document.meeting_id
    if not key or db.batch is None:
        return await db.get(Meeting, key) if key else None
    return await db.batch.once(("meeting of memo", key), lambda: db.get(Meeting, key))


def day_of(document: Document, meeting: Meeting | None, zone: str) -> datetime:
    """Give the moment that stands for the meeting's date."""
    return meeting.starts_at if meeting else moment(first_day(None, document, zone), zone)


async def file_for(db: Session, document: Document, language: str) -> StoredFile | None:
    """Give the file a reader gets: theirs, else the community's language, else the first."""
    if db.batch is None:
        return await memos.file_for(db, document, language)
    files: Mapping[str, StoredFile] = await db.batch.once(
        ("memo_files", document.id), lambda: memos.files_of(db, document)
    )
    home = (await own_community(db)).language
    return files.get(language) or files.get(home) or next(iter(files.values()), None)


def attachment(sight_file: StoredFile, code: str, version: int) -> Attachment:
    """Give the file under a name that says nothing: notifications show it."""
    ending = sight_file.name.rpartition(".")[2]
    return replace(_files.attachment(sight_file), name=f"note-{code.lower()}-v{version}.{ending}")


async def code_of(db: Session, document: Document) -> str:
    """Name the meeting of a memo as members know it."""
    meeting = await meeting_of(db, document)
    return meeting.code if meeting else document.key[:4]


def form_of(document: Document) -> str:
    """Give what goes to private chats: the file, a card, or a card with a link."""
    return str((document.targets or {}).get("dm") or "card")


def has_page(document: Document) -> bool:
    """Tell whether memos can be opened on a page here, as known since the sending."""
    return bool((document.details or {}).get("page"))


def for_telegram(reader: Reader) -> bool:
    """Tell whether a card is drawn for Telegram, where a file and its card are one message."""
    return reader.command_pattern.startswith("/{")


def private(sight: Sight, kind: str, code: str, *, telegram: bool) -> Message:
    """Draw the card of one reader; on Telegram it carries the file itself where that was chosen.

    Slack shows the first two lines in its notification, so the title comes third there; Telegram shows all, so the
    title is hidden until it is tapped (reliability §5.8).
    """
    document, file, by = sight.document, None, sight.document.ack_by
    state = _over(sight)
    if state is not None:
        return state
    if telegram and form_of(document) == "file" and sight.file is not None:
        file = attachment(sight.file, code, document.version)
    named: Text = Spoiler(Bold(document.title)) if telegram else Bold(document.title)
    if sight.read and sight.acknowledged is not None:
        named = document.title
        lines: list[Text] = [
            Bold(say("md_read", date=_date(sight.acknowledged.at, sight.zone))),
            say("md_of_meeting", date=_date(sight.day, sight.zone)),
        ]
    else:
        lines = [say("md_again" if kind == AGAIN else "md_ready", date=_date(sight.day, sight.zone)), say("md_only")]
        if sight.reason:
            lines.append(say("md_corrected", n=document.version, reason=sight.reason))
        if kind == AGAIN and by is not None:
            named = say("ack_request", memo_title=named, ack_deadline=_date(by, sight.zone))
        elif by is not None:
            lines.append(say("md_confirm_by", date=_date(by, sight.zone)))
    lines.insert(1 if telegram else 2, named)
    return Message(tuple(lines), rows(*_choices(sight, carried=file is not None)), protect=True, file=file)


def _over(sight: Sight) -> Message | None:
    """Draw a card that is over: withdrawn, replaced, or not open any more; none while it counts."""
    document = sight.document
    if document.state == "withdrawn" and document.withdrawn_at is not None:
        lines: list[Text] = [Bold(say("md_withdrawn", date=_date(document.withdrawn_at, sight.zone)))]
        if document.reason:
            lines.append(say("md_reason", reason=document.reason))
        return _plain(lines)
    if document.state not in READABLE:
        return _plain([say("md_taken_back")])
    if memo_reading.expired(document, sight.now) and document.expires_at is not None:
        return _plain([say("md_ended", date=_date(document.expires_at, sight.zone))])
    if sight.version < document.version:
        lines = [Bold(say("md_replaced", n=document.version, reason=sight.reason))]
        return Message(tuple(lines), rows(row(button("open", "mopen", document.key))), protect=True)
    return None


def _plain(lines: list[Text]) -> Message:
    return Message(tuple(lines), rows(row(go("memos", "memos"))), protect=True)


def _choices(sight: Sight, *, carried: bool) -> tuple[Row, ...]:
    document, key = sight.document, sight.document.key
    page = has_page(document)
    gives = not carried and (form_of(document) != "link" or not page) and sight.file is not None
    open_it = button("open", "mopen", key, style="default" if sight.read or carried else "primary") if page else None
    get = button("get_file", "mget", key, style="default" if page or sight.read else "primary") if gives else None
    read = button("read", "mread", key, "", str(document.version), "primary" if carried else "default")
    correct = button("correct", "mcorr", key)
    if sight.read:
        return (row(open_it or get, correct),)
    return row(open_it or get, read), row(get if open_it else None, correct)


def _date(at: datetime, zone: str) -> When:
    return When(at, zone, part="date")


async def draw_private(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw a reader's card; who is not on the list, or not a member any more, is sent nothing."""
    key, version = split(drawing.subject)
    document, member = await found(db, key), drawing.member
    if document is None or member is None:
        return Skip("gone")
    if not await memo_reading.listed(db, document, member) or member.state not in AGREED:
        # A file in a chat whose owner has left goes with the next edit.
        return Skip("not_entitled") if drawing.first else _plain([say(_left(document))])
    about = version or memo_reading.sent_version(document)
    if drawing.kind == WITHDRAWN:
        about = document.version
    sight = await see(db, document, member, drawing.now, about)
    if drawing.first and (why := _pointless(drawing, sight)):
        return Skip(why)
    return private(sight, drawing.kind, await code_of(db, document), telegram=for_telegram(drawing.reader))


def _left(document: Document) -> str:
    return "e_gone" if document.state in (*READABLE, "withdrawn") else "md_taken_back"


def _pointless(drawing: Drawing, sight: Sight) -> str:
    """Say why a card that waits is not sent any more; "" if it is."""
    if drawing.kind == WITHDRAWN:
        return "" if sight.document.state == "withdrawn" else "not_withdrawn"
    if sight.document.state not in READABLE:
        return sight.document.state
    if memo_reading.expired(sight.document, sight.now):
        return "expired"
    if sight.version < sight.document.version:
        return "replaced"
    return "replied" if sight.read and drawing.kind == AGAIN else ""


async def draw_channel(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the card of a members' channel: no title, no names, no numbers; the file only where that was allowed."""
    key, version = split(drawing.subject)
    document, channel = await found(db, key), drawing.channel
    if document is None or channel is None or channel.purpose != "members":
        return Skip("gone")
    code, about = await code_of(db, document), version or memo_reading.sent_version(document)
    if document.state == "withdrawn":
        return Skip("withdrawn") if drawing.first else _in_channel(say("md_ch_withdrawn", code=code))
    if document.state not in READABLE:
        return Skip(document.state)
    if memo_reading.expired(document, drawing.now):
        return Skip("expired") if drawing.first else _in_channel(say("md_ch_ended", code=code))
    replaced = about < document.version
    if drawing.first and replaced:
        return Skip("replaced")
    form = str(((document.targets or {}).get("channels") or {}).get(str(channel.id)) or "card")
    linked = form == "link" and has_page(document)
    choice = button("open", "mopen", key) if linked else button("get_file", "mget", key)
    if replaced:
        return Message((say("md_ch_replaced", code=code, n=document.version),), rows(row(choice)), protect=True)
    file = await file_for(db, document, channel.language) if form == "file" else None
    shown = Message((say("md_ch_ready", code=code),), rows(row(choice)), (say("md_only"),), silent=True, protect=True)
    return replace(shown, file=attachment(file, code, document.version)) if file else shown


def _in_channel(line: Text) -> Message:
    return Message((line,), silent=True, protect=True)


async def follow(
    db: Session, document: Document, *, member: Member | None = None, but: MessageRef | None = None
) -> None:
    """Let every copy of a memo's cards follow, or those of one member; the organisers' report as well.

    `but` is the pressed message, which the answer itself edits.
    """
    numbers = range(memo_reading.sent_version(document), document.version + 1)
    subjects = (document.key, *(memo_reading.copy_name(document, each) for each in numbers))
    kinds = PRIVATE if member else (*PRIVATE, *IN_CHANNELS)
    for subject in subjects:
        cards.touch_at_end(db, kinds, subject, member=member, but=but)
    cards.touch_at_end(db, (REPORT,), document.key)
