"""Memos from draft to approval: versions and their files, who is meant, who may read, and the steps of several people.

Every step holds the document's row (`documents.lock`), so of two people at once the second finds what the first has
done. What people write and what the checks find is handed in sealed; no text of a memo passes through here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select

from storage import attendance, audience, documents
from storage.communities import own_community
from storage.database import Session
from storage.documents import MEMO, READABLE, Document, DocumentDecision, DocumentFile, DocumentVersion, MemoReader
from storage.files import StoredFile
from storage.meetings import Meeting
from storage.members import Member

ORGANISE = frozenset({"organiser", "admin"})
APPROVE = "approver"
WRITING = ("draft", "factual_check", "in_approval", "returned")
"""States before approval: what a memo is may still change."""
FACTS = ("facts_ok", "facts_wrong")
DECISIONS = ("approved", "returned")
Why = Literal["gone", "state", "replaced", "changed", "author", "right", "decided", "speakers", "language", "approver"]


class Refused(Exception):
    """A step cannot be taken: `why`, the version that counts now, and whose decision stands in the way.

    `gone` no such memo; `state` not in this state; `replaced` a newer version is there; `changed` same version, but
    something else about it is new; `author` nobody decides about what they wrote; `right` not an approver; `decided`
    somebody was quicker; `speakers` there is nobody to ask; `language` the version has a file in it; `approver` the
    named one is the author.
    """

    def __init__(self, why: Why, document: Document | None = None, by: DocumentDecision | None = None) -> None:
        super().__init__(why)
        self.why: Why = why
        self.document, self.by = document, by

    @property
    def version(self) -> int:
        """Give the number of the version that counts now."""
        return self.document.version if self.document else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Say what a new memo is; `file` is stored already, `findings` sealed, member ids in `speakers`."""

    meeting: Meeting
    title: str
    author: Member
    approver: Member
    language: str
    file: StoredFile
    findings: str = ""
    counts: Mapping[str, Any] = field(default_factory=dict)
    """What the checks counted, by language, without any words of the text: cards show it."""
    to: Mapping[str, Any] = field(default_factory=lambda: {"to": "invited"})
    """As `Document.audience`: `{"to": "invited" | "attended"}` or `{"to": "spec", "spec": ...}`."""
    targets: Mapping[str, Any] = field(default_factory=lambda: {"dm": "card", "channels": {}})
    speakers: Sequence[int] = ()
    reminders: Sequence[int] = (37, 42)
    """Days after the meeting on which silent readers are reminded (domain 3.1)."""
    keywords: str = ""


async def current(db: Session, document: Document) -> DocumentVersion:
    """Give the version that counts. Raise `LookupError` for a memo brought in by the community file: it has no text."""
    found = await version_of(db, document, document.version)
    if found is None:
        raise LookupError("no version")
    return found


async def version_of(db: Session, document: Document, number: int) -> DocumentVersion | None:
    """Give one version of a document, with the files and findings it had."""
    asked = select(DocumentVersion).where(DocumentVersion.document_id == document.id, DocumentVersion.number == number)
    return (await db.scalars(asked)).one_or_none()


async def files_of(db: Session, document: Document, number: int | None = None) -> dict[str, StoredFile]:
    """Give the files of a version (none named: the current one) by language, the first given first."""
    found = await db.execute(
        select(DocumentFile.language, StoredFile)
        .join(DocumentVersion, DocumentVersion.id == DocumentFile.version_id)
        .join(StoredFile, StoredFile.id == DocumentFile.file_id)
        .where(
            DocumentVersion.document_id == document.id,
            DocumentVersion.number == (document.version if number is None else number),
        )
        .order_by(DocumentFile.id)
    )
    return dict(found.all())


async def file_for(db: Session, document: Document, language: str) -> StoredFile | None:
    """Give the file a reader gets: in their language, else in the community's, else the first that was given."""
    files = await files_of(db, document)
    home = (await own_community(db)).language
    return files.get(language) or files.get(home) or next(iter(files.values()), None)


async def of_meeting(db: Session, meeting: Meeting) -> list[Document]:
    """Give the memos of a meeting, the oldest first."""
    asked = select(Document).where(Document.kind == MEMO, Document.meeting_id == meeting.id)
    return list(await db.scalars(asked.order_by(Document.id)))


async def in_states(db: Session, states: Collection[str]) -> list[Document]:
    """Give the memos in these states, the oldest first."""
    asked = select(Document).where(Document.kind == MEMO, Document.state.in_(states))
    return list(await db.scalars(asked.order_by(Document.created_at, Document.id)))


async def list_of(db: Session, document: Document, now: datetime) -> list[Member]:
    """Give who is to get a memo, by code: those invited to its meeting, those who took part, or an audience.

    Paused and stopped members are among them, they may open it themselves; who has left is not. Once the memo is
    distributed the list that counts is `MemoReader`.
    """
    wanted = document.audience or {}
    if wanted.get("spec") is not None:
        return await audience.members(db, wanted["spec"])
    meeting = await db.get(Meeting, document.meeting_id) if document.meeting_id else None
    if meeting is None:
        return []
    found = await (attendance.attended if wanted.get("to") == "attended" else attendance.invited)(db, meeting)
    return sorted((each for each in found if each.state in audience.AGREED), key=lambda each: (each.code, each.id))


async def may_read(db: Session, document: Document, member: Member, roles: frozenset[str], now: datetime) -> bool:
    """Tell whether somebody may open a memo now; asked afresh at every press and page.

    On its list while it can be read, is not expired and they have not left; organisers and the approver who is named
    always; before approval also its author and the speakers who check facts.
    """
    if document.kind != MEMO or member.state not in audience.AGREED:
        return False
    if roles & ORGANISE or member.id == document.approver_id:
        return True
    if document.state in (*WRITING, "approved"):
        asked = speakers_of(document) if document.state == "factual_check" else ()
        return member.id in (document.author_id, *asked) or (document.state == "in_approval" and APPROVE in roles)
    if document.state not in READABLE or (document.expires_at is not None and document.expires_at <= now):
        return False
    if document.distributed_at is not None and document.distributed_at > now:  # confirmed, and can still be undone
        return False
    listed = select(MemoReader.id).where(MemoReader.document_id == document.id, MemoReader.member_id == member.id)
    return await db.scalar(listed) is not None


def speakers_of(document: Document) -> tuple[int, ...]:
    """Give the ids of the members who check facts."""
    return tuple(int(each) for each in (document.details or {}).get("speakers") or ())


def may_decide(document: Document, member: Member, roles: frozenset[str]) -> bool:
    """Tell whether somebody has the right to approve: with that role, or named and an organiser."""
    return APPROVE in roles or (member.id == document.approver_id and bool(roles & ORGANISE))


async def writers(db: Session, document: Document) -> set[int]:
    """Give the ids of everybody who wrote the current version: author, who made it, who gave its files."""
    found = {document.author_id}
    version = await version_of(db, document, document.version)
    if version is not None:
        found |= {version.created_by, *(each.created_by for each in (await files_of(db, document)).values())}
    return {each for each in found if each is not None}


async def decisions(db: Session, document: Document, kinds: Collection[str] = ()) -> list[DocumentDecision]:
    """Give the steps people took, the oldest first; `kinds` names those that are wanted."""
    asked = select(DocumentDecision).where(DocumentDecision.document_id == document.id)
    asked = asked.where(DocumentDecision.kind.in_(kinds)) if kinds else asked
    return list(await db.scalars(asked.order_by(DocumentDecision.id)))


async def answers(db: Session, document: Document) -> dict[int, DocumentDecision]:
    """Give what the speakers said about the facts of the current version, by member id."""
    return {each.member_id: each for each in await decisions(db, document, FACTS) if each.version == document.version}


async def decided(db: Session, document: Document) -> DocumentDecision | None:
    """Give the last approval or return of the current version."""
    found = [each for each in await decisions(db, document, DECISIONS) if each.version == document.version]
    return found[-1] if found else None


async def create(db: Session, plan: Plan, now: datetime) -> Document:
    """Write a draft with its first version. Raise `Refused("approver")` if the author is to approve it."""
    if plan.approver.id in (plan.author.id, plan.file.created_by):
        raise Refused("approver")
    document = Document(
        kind=MEMO, meeting_id=plan.meeting.id, title=plan.title, state="draft", revision=1, version=1,
        author_id=plan.author.id, approver_id=plan.approver.id, theme=plan.meeting.theme, region=plan.meeting.region,
        keywords=plan.keywords, audience=dict(plan.to), targets=dict(plan.targets), created_at=now,
        details={
            "speakers": list(plan.speakers), "reminders": list(plan.reminders),
            "checks": {plan.language: dict(plan.counts)},
        },
    )  # fmt: skip
    db.add(document)
    await db.flush()
    await _version(db, document, 1, plan.author, plan.language, plan.file, plan.findings, "", now)
    return document


async def new_version(
    db: Session, key: str, by: Member, language: str, file: StoredFile, findings: str, now: datetime, *,
    reason: str = "", states: Collection[str] = WRITING, counts: Mapping[str, Any] | None = None,
) -> Document:  # fmt: skip
    """Replace the text: a version with this one file; before approval the memo is a draft again. Raise `Refused`.

    Files in other languages belong to the old version. What was said about that one does not count for the new one.
    With `states` of distributed memos it makes a correction, whose state stays.
    """
    document = await _held(db, key, states)
    _other(document, by)
    document.version += 1
    kept = {name: each for name, each in document.details.items() if name not in ("facts_until", "approve_by")}
    document.details = {**kept, "checks": {language: dict(counts or {})}}
    _changed(document, "draft" if document.state in WRITING else document.state)
    await _version(db, document, document.version, by, language, file, findings, reason, now)
    return document


async def add_language(
    db: Session, key: str, by: Member, language: str, file: StoredFile, findings: str, version: int,
    counts: Mapping[str, Any] | None = None,
) -> Document:  # fmt: skip
    """Add the current version in another language; an approver who is looking at it has to look again.

    Raise `Refused`: it has this language, it was replaced, or it is approved.
    """
    document = await _held(db, key, WRITING, version)
    _other(document, by)
    if language in await files_of(db, document):
        raise Refused("language", document)
    now_current = await current(db, document)
    db.add(DocumentFile(version_id=now_current.id, language=language, file_id=file.id))
    now_current.findings = findings
    checks = {**document.details.get("checks", {}), language: dict(counts or {})}
    document.details = {**document.details, "checks": checks}
    _changed(document, document.state)
    await db.flush()
    return document


async def change(db: Session, key: str, **values: Any) -> Document:
    """Change `title`, `approver_id`, `audience`, `targets`, `keywords`, or `speakers` of `details`. Raise `Refused`.

    With `state="draft"` it is taken back from speakers or approver. An approval of what it was before is refused from
    now on.
    """
    document = await _held(db, key, WRITING)
    if "approver_id" in values and values["approver_id"] in await writers(db, document):
        raise Refused("approver", document)
    speakers = values.pop("speakers", None)
    if speakers is not None:
        document.details = {**document.details, "speakers": list(speakers)}
    for name, value in values.items():
        setattr(document, name, value)
    _changed(document, document.state)
    await db.flush()
    return document


async def ask_facts(db: Session, key: str, version: int, until: datetime) -> Document:
    """Open the factual check of a draft (or of what was returned) until a moment. Raise `Refused`."""
    document = await _held(db, key, ("draft", "returned"), version)
    if not speakers_of(document):
        raise Refused("speakers", document)
    document.details = {**document.details, "facts_until": until.isoformat()}
    _changed(document, "factual_check")
    await db.flush()
    return document


async def say_facts(
    db: Session, key: str, member: Member, version: int, note: str, now: datetime, *, right: bool
) -> Document:  # fmt: skip
    """Take what a speaker says about the facts of a version; a later answer replaces the earlier. Raise `Refused`."""
    document = await _held(db, key)
    if member.id not in speakers_of(document):
        raise Refused("gone", document)
    _still(document, version)
    _in(document, ("factual_check",))
    earlier = (await answers(db, document)).get(member.id)
    if earlier is not None:
        await db.delete(earlier)
    _decide(db, document, member, "facts_ok" if right else "facts_wrong", note, now)
    await db.flush()
    return document


async def all_right(db: Session, document: Document) -> bool:
    """Tell whether every speaker has said that the facts of the current version are right."""
    said = await answers(db, document)
    return all((found := said.get(each)) is not None and found.kind == "facts_ok" for each in speakers_of(document))


async def submit(db: Session, key: str, version: int, until: datetime) -> Document:
    """Hand a memo to its approver: from a draft, a return or the factual check, which ends. Raise `Refused`."""
    document = await _held(db, key, ("draft", "returned", "factual_check"), version)
    if document.approver_id in await writers(db, document):
        raise Refused("approver", document)
    document.details = {**document.details, "approve_by": until.isoformat()}
    _changed(document, "in_approval")
    await db.flush()
    return document


async def decide(
    db: Session, key: str, member: Member, roles: frozenset[str], version: int, revision: int, now: datetime, *,
    approve: bool, note: str = "",
) -> Document:  # fmt: skip
    """Approve or return what an approver has looked at: this version and revision, nothing newer. Raise `Refused`.

    The named approver, or anybody else with that role; never one of its writers. `note` is the sealed reason.
    """
    document = await _held(db, key)
    if not may_decide(document, member, roles):
        raise Refused("right", document)
    if member.id in await writers(db, document):
        raise Refused("author", document)
    _still(document, version)
    if document.state != "in_approval":
        by = await decided(db, document)
        raise Refused("decided" if by else "state", document, by)
    if document.revision != revision:
        raise Refused("changed", document)
    _decide(db, document, member, "approved" if approve else "returned", note, now)
    _changed(document, "approved" if approve else "returned")
    await db.flush()
    return document


async def _held(db: Session, key: str, states: Collection[str] = (), version: int | None = None) -> Document:
    document = await documents.lock(db, key)
    if document is None or document.kind != MEMO:
        raise Refused("gone")
    if version is not None:
        _still(document, version)
    if states:
        _in(document, states)
    return document


def _still(document: Document, version: int) -> None:
    if document.version != version:
        raise Refused("replaced", document)


def _in(document: Document, states: Collection[str]) -> None:
    if document.state not in states:
        raise Refused("state", document)


def _other(document: Document, by: Member) -> None:
    if by.id == document.approver_id:
        raise Refused("approver", document)


def _changed(document: Document, state: str) -> None:
    document.state = state
    document.revision += 1


def _decide(db: Session, document: Document, member: Member, kind: str, note: str, now: datetime) -> None:
    said = DocumentDecision(document_id=document.id, version=document.version, kind=kind, member_id=member.id, at=now)
    said.note = note
    db.add(said)


async def _version(
    db: Session, document: Document, number: int, by: Member, language: str, file: StoredFile, findings: str,
    reason: str, now: datetime,
) -> None:  # fmt: skip
    made = DocumentVersion(document_id=document.id, number=number, reason=reason, created_at=now, findings=findings)
    made.created_by = by.id
    db.add(made)
    await db.flush()
    db.add(DocumentFile(version_id=made.id, language=language, file_id=file.id))
    await db.flush()
