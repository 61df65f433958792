"""Publications from idea to archive: steps of several people, the visibility check, the embargo.

Every step holds the document's row. What goes out and when is decided by a send; nothing exists for members before
`published`, and nothing is published before its embargo is over.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select

from storage.database import Session
from storage.documents import PUBLICATIONS, Document, DocumentDecision, DocumentFile, DocumentVersion, lock
from storage.files import StoredFile
from storage.members import Member
from storage.memos import files_of

WORK = ("idea", "outline", "draft", "internal_review", "external_review", "visibility_check")
"""Steps that its author and organisers take, forwards and backwards, in this order."""
READY = ("approved", "embargoed")
OUT = ("published", "disseminated", "archived")
CHECKS = ("funding", "emblem", "disclaimer", "names")
"""The visibility check (domain 3.4): funding line, emblem, views of the authors, no member named."""
CONTENT = ("title", "link", "kind")
"""What is read, so that a change of it is checked and approved anew; the file is, too."""
FINDING = ("theme", "keywords")
"""What only helps to find it; it may change at any time."""
QUIETLY = "-"
"""Stands for the campaign of a release without messages."""
Why = Literal["gone", "state", "checks", "content", "author", "right", "changed", "embargo", "planned", "same"]


class Refused(Exception):
    """A step cannot be taken: `why`.

    `gone` no such publication; `state` not in this state; `checks` the visibility check is not complete; `content`
    there is neither link nor file; `author` nobody approves what they wrote; `right` not an approver; `changed` it is
    not any more what was looked at; `embargo` it is not over; `planned` its release is planned; `same` who is to
    approve it would have written it, too.
    """

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


async def hold(db: Session, key: str, states: Collection[str] = ()) -> Document:
    """Find a publication and hold its row. Raise `Refused` if there is none, or not in one of these states."""
    found = await lock(db, key)
    if found is None or found.kind not in PUBLICATIONS:
        raise Refused("gone")
    if states and found.state not in states:
        raise Refused("state")
    return found


async def every(db: Session) -> list[Document]:
    """Give all publications, the latest first."""
    asked = select(Document).where(Document.kind.in_(PUBLICATIONS)).order_by(Document.id.desc())
    return list(await db.scalars(asked))


def checked(document: Document) -> tuple[str, ...]:
    """Give what is ticked of the visibility check."""
    ticked = document.details.get("visibility") or ()
    return tuple(each for each in CHECKS if each in ticked)


def writers(document: Document) -> set[int]:
    """Give who wrote it or changed what is read: none of them approves it (four eyes)."""
    return {each for each in (document.author_id, *(document.details.get("writers") or ())) if each}


def planned(document: Document) -> bool:
    """Tell whether its release is planned and lies ahead; then nothing of it may change."""
    return document.state in READY and bool(document.details.get("release"))


def release_at(document: Document) -> datetime | None:
    """Give the moment of its planned release."""
    at = document.details.get("release_at")
    return datetime.fromisoformat(at) if at else None


async def step(db: Session, key: str, to: str) -> Document:
    """Go to the next or the previous step of the work; where it is already nothing happens. Raise `Refused`."""
    found = await hold(db, key, WORK)
    if to not in WORK or abs(WORK.index(to) - WORK.index(found.state)) > 1:
        raise Refused("state")
    if to != found.state:
        found.state = to
        found.revision += 1
        await db.flush()
    return found


async def tick(db: Session, key: str, check: str, *, on: bool) -> Document:
    """Tick a point of the visibility check, or take the tick away. Raise `Refused`."""
    found = await hold(db, key, ("visibility_check",))
    if check not in CHECKS:
        raise Refused("gone")
    ticked = (set(checked(found)) - {check}) | ({check} if on else set())
    found.details = {**found.details, "visibility": [each for each in CHECKS if each in ticked]}
    found.revision += 1
    await db.flush()
    return found


async def submit(db: Session, key: str) -> Document:
    """Hand it to its approver. Raise `Refused` if the check is not complete or there is nothing to read."""
    found = await hold(db, key, ("visibility_check",))
    if len(checked(found)) < len(CHECKS):
        raise Refused("checks")
    if not found.link and not await files_of(db, found):
        raise Refused("content")
    if found.approver_id in writers(found):
        raise Refused("same")
    found.state = "in_approval"
    found.revision += 1
    await db.flush()
    return found


def may_decide(document: Document, by: Member, roles: Collection[str]) -> bool:
    """Tell whether somebody has the right to approve it: an approver, or the organiser who was named."""
    return "approver" in roles or (by.id == document.approver_id and bool({"organiser", "admin"} & set(roles)))


async def decide(
    db: Session, key: str, by: Member, roles: Collection[str], revision: int, now: datetime, *, approve: bool,
    note: str = "",
) -> Document:  # fmt: skip
    """Approve or return it, as it was looked at (`revision`); `note` is sealed. Raise `Refused`.

    Nobody approves what they wrote (four eyes); with an embargo ahead it waits as `embargoed`. What is returned is
    checked anew from the start.
    """
    found = await hold(db, key)
    if by.id in writers(found):
        raise Refused("author")
    if not may_decide(found, by, roles):
        raise Refused("right")
    if found.state != "in_approval" or found.revision != revision:
        raise Refused("changed")
    if approve:
        found.state = _ready(found, now)
    else:
        found.state, found.details = "draft", {**found.details, "visibility": []}
    found.revision += 1
    kind = "approved" if approve else "returned"
    db.add(DocumentDecision(document_id=found.id, version=found.version, kind=kind, member_id=by.id, note=note, at=now))
    await db.flush()
    return found


async def last_decision(db: Session, document: Document) -> DocumentDecision | None:
    """Give the latest approval or return."""
    asked = select(DocumentDecision).where(DocumentDecision.document_id == document.id)
    return (await db.scalars(asked.order_by(DocumentDecision.id.desc()).limit(1))).one_or_none()


async def change(db: Session, key: str, values: dict[str, Any], by: Member, now: datetime) -> Document:
    """Change what it is. Raise `Refused`.

    What is read changed: it is checked and approved anew, never by who changed it. An embargo that ends earlier after
    the approval is approved anew, one that ends later is not. After its release only what helps to find it changes.
    """
    found = await hold(db, key)
    if found.state == "withdrawn":
        raise Refused("state")
    if planned(found):
        raise Refused("planned")
    if found.state in OUT:
        values = {name: each for name, each in values.items() if name in FINDING}
    rewritten = any(getattr(found, name) != values.get(name, getattr(found, name)) for name in CONTENT)
    wrote = writers(found) | ({by.id} if rewritten else set())
    if values.get("approver_id") in wrote:
        raise Refused("same")
    before, after = found.embargo_until, values.get("embargo_until", found.embargo_until)
    sooner = before is not None and before > now and (after is None or after < before)
    for name, value in values.items():
        setattr(found, name, value)
    if rewritten:
        _rewritten(found, by)
    elif found.state in READY:
        found.state = "visibility_check" if sooner else _ready(found, now)
    found.revision += 1
    await db.flush()
    return found


async def put_file(db: Session, key: str, file: StoredFile, language: str, by: Member, now: datetime) -> Document:
    """Give it a file in a language; it is checked and approved anew, never by who gave it. Raise `Refused`.

    A file of a language that has one already makes a new version, which the other languages' files are of, too.
    """
    found = await hold(db, key, (*WORK, *READY, "in_approval"))
    if planned(found):
        raise Refused("planned")
    if by.id == found.approver_id:
        raise Refused("same")
    files = await files_of(db, found)
    if language in files:
        found.version += 1
    asked = select(DocumentVersion).where(
        DocumentVersion.document_id == found.id, DocumentVersion.number == found.version
    )
    version = (await db.scalars(asked)).one_or_none()
    if version is None:
        version = DocumentVersion(document_id=found.id, number=found.version, created_at=now, created_by=by.id)
        db.add(version)
        await db.flush()
    else:
        files = {}
    for each, stored in {**files, language: file}.items():
        db.add(DocumentFile(version_id=version.id, language=each, file_id=stored.id))
    _rewritten(found, by)
    found.revision += 1
    await db.flush()
    return found


def free(document: Document, now: datetime) -> bool:
    """Tell whether it may be seen: published, or at the moment of its release with the embargo over."""
    if document.state in OUT:
        return True
    at, embargo = release_at(document), document.embargo_until
    return planned(document) and at is not None and at <= now and (embargo is None or embargo <= now)


async def plan_release(db: Session, key: str, revision: int, campaign: str, at: datetime, now: datetime) -> Document:
    """Note that it will be published at a moment, by the send with that key or `QUIETLY`. Raise `Refused`."""
    found = await hold(db, key, (*READY, "published"))
    if found.details.get("release"):
        raise Refused("planned")
    if found.revision != revision:
        raise Refused("changed")
    if found.embargo_until is not None and found.embargo_until > max(at, now):
        raise Refused("embargo")
    found.details = {**found.details, "release": campaign, "release_at": at.isoformat()}
    found.revision += 1
    await db.flush()
    return found


async def call_off(db: Session, key: str) -> Document:
    """Forget the planned release; what was published stays published and can be sent again. Raise `Refused`."""
    found = await hold(db, key)
    dropped = ("release", "release_at")
    found.details = {name: each for name, each in found.details.items() if name not in dropped}
    if found.state == "disseminated":
        found.state = "published"
    found.revision += 1
    await db.flush()
    return found


async def release(db: Session, key: str, now: datetime) -> Document:
    """Publish it. Raise `Refused` before the embargo is over, or if it is not approved."""
    found = await hold(db, key, READY)
    if found.embargo_until is not None and found.embargo_until > now:
        raise Refused("embargo")
    found.state, found.published_at = "published", now
    found.revision += 1
    await db.flush()
    return found


async def archive(db: Session, key: str) -> Document:
    """Put away what was published; it stays readable. Raise `Refused`."""
    found = await hold(db, key, ("published", "disseminated"))
    found.state = "archived"
    found.revision += 1
    await db.flush()
    return found


async def withdraw(db: Session, key: str, reason: str, now: datetime) -> Document:
    """Take it out of everything: cards, library, search. Raise `Refused`."""
    found = await hold(db, key)
    if found.state == "withdrawn":
        raise Refused("state")
    found.state, found.withdrawn_at, found.reason = "withdrawn", now, reason
    found.revision += 1
    await db.flush()
    return found


def _ready(document: Document, now: datetime) -> str:
    ahead = document.embargo_until is not None and document.embargo_until > now
    return "embargoed" if ahead else "approved"


def _rewritten(document: Document, by: Member) -> None:
    """Note who changed what is read; the ticks and the approval were about another text."""
    wrote = dict.fromkeys((*(document.details.get("writers") or ()), by.id))
    document.details = {**document.details, "writers": list(wrote), "visibility": []}
    if document.state in (*READY, "in_approval"):
        document.state = "visibility_check"
