"""Resources that members share: proposed, then shared or refused by somebody else, withdrawn when they are outdated.

Every step holds the document's row, so of two people at once the second finds what the first has decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from storage import search
from storage.database import Session
from storage.documents import RESOURCE, Document, DocumentFile, DocumentVersion, lock
from storage.files import StoredFile
from storage.members import Member, holders

JUDGES = ("organiser", "admin", "moderator")
"""Roles in the whole community that decide about shared resources."""
WAITING_MOST = 5
"""Resources of one person that wait for a decision at once."""


class Refused(Exception):
    """A step cannot be taken: `gone` no such resource, `decided` it is not waiting any more, `own` it is one's own."""

    def __init__(self, why: str, document: Document | None = None) -> None:
        super().__init__(why)
        self.why, self.document = why, document


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Say what somebody wants to share: a title, a line about it, a link or a file (or both) in one language."""

    title: str
    line: str
    language: str
    theme: str = ""
    link: str = ""
    file: StoredFile | None = None
    text: str = ""
    """Full text of the file, found once the resource is shared."""


async def propose(db: Session, given: Proposal, by: Member, now: datetime) -> Document:
    """Write a resource that waits for approval; its text is indexed now, and found by nobody until then."""
    made = Document(
        kind=RESOURCE, title=given.title, state="proposed", theme=given.theme, link=given.link, author_id=by.id,
        created_at=now, details={"summary": given.line, "language": given.language},
    )  # fmt: skip
    db.add(made)
    await db.flush()
    if given.file is not None:
        version = DocumentVersion(document_id=made.id, number=1, created_at=now, created_by=by.id)
        db.add(version)
        await db.flush()
        db.add(DocumentFile(version_id=version.id, language=given.language, file_id=given.file.id))
    await search.index(db, made, {given.language: given.text})
    return made


async def waiting(db: Session) -> Sequence[Document]:
    """Give what waits for a decision, the oldest first."""
    asked = select(Document).where(Document.kind == RESOURCE, Document.state == "proposed").order_by(Document.id)
    return (await db.scalars(asked)).all()


async def judges(db: Session, but: int | None, now: datetime) -> list[Member]:
    """Give who may decide about a resource: organisers and moderators, not who shares it."""
    found: dict[int, Member] = {}
    for role in JUDGES:
        for each in await holders(db, role, now):
            if each.id != but:
                found.setdefault(each.id, each)
    return list(found.values())


async def share(db: Session, key: str, by: Member | None, now: datetime) -> Document:
    """Take a resource into the library. Raise `Refused`; `by` is None where nobody else could decide."""
    found = await _waiting(db, key, by)
    found.state, found.published_at, found.approver_id = "shared", now, by.id if by else None
    found.revision += 1
    await db.flush()
    return found


async def refuse(db: Session, key: str, by: Member, reason: str) -> Document:
    """Refuse a resource with a reason for who shared it; its text and files go. Raise `Refused`."""
    found = await _waiting(db, key, by)
    found.state, found.reason, found.approver_id = "refused", reason, by.id
    found.revision += 1
    await _drop(db, found)
    return found


async def withdraw(db: Session, key: str, now: datetime) -> Document:
    """Take a resource out of the library, or a proposal back; its text and files go. Raise `Refused`."""
    found = await lock(db, key)
    if found is None or found.kind != RESOURCE or found.state not in ("proposed", "shared"):
        raise Refused("gone", found)
    found.state, found.withdrawn_at = "withdrawn", now
    found.revision += 1
    await _drop(db, found)
    return found


async def _drop(db: Session, document: Document) -> None:
    """Forget the text, and let go of the files: what belongs to nothing is deleted within a day (`retention.py`)."""
    await search.forget(db, document)
    versions = select(DocumentVersion.id).where(DocumentVersion.document_id == document.id)
    gone = delete(DocumentFile).where(DocumentFile.version_id.in_(versions))
    await db.execute(gone.execution_options(synchronize_session="fetch"))
    await db.flush()


async def _waiting(db: Session, key: str, by: Member | None) -> Document:
    found = await lock(db, key)
    if found is None or found.kind != RESOURCE:
        raise Refused("gone")
    if found.state != "proposed":
        raise Refused("decided", found)
    if by is not None and by.id == found.author_id:
        raise Refused("own", found)
    return found
