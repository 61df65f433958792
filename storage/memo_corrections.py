"""Corrections of memos that have been sent: version n is what everybody reads until version n+1 is approved and sent.

What is proposed is a version like any other, but the memo does not point at it yet; how far it is stands in
`details["correction"]`. Every step holds the document's row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from storage.database import Session
from storage.documents import (
    MEMO,
    READABLE,
    Acknowledgment,
    Document,
    DocumentDecision,
    DocumentFile,
    DocumentVersion,
    lock,
)
from storage.files import StoredFile
from storage.members import Member
from storage.memos import APPROVE, DECISIONS, ORGANISE, Refused, decisions, version_of

PENDING, SENT = "correction", "corrected"
"""Keys in `Document.details`: what is proposed, and what the last correction replaced."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Be a proposed version: its number, who made it, who is asked to approve it, and how far it is.

    `state` is `in_approval`, `returned` or `approved`.
    """

    number: int
    by: int
    approver: int
    state: str
    checks: Mapping[str, Any] = field(default_factory=dict)
    """What the checks counted, by language, without any words of the text."""

    @property
    def open(self) -> bool:
        """Tell whether somebody is still to decide about it."""
        return self.state == "in_approval"


def pending(document: Document) -> Correction | None:
    """Give the correction that is proposed, if there is one."""
    given = (document.details or {}).get(PENDING)
    return Correction(**given) if given else None


def may_decide(document: Document, correction: Correction, member: Member, roles: frozenset[str]) -> bool:
    """Tell whether somebody has the right to approve a correction: that role, or named and an organiser."""
    return APPROVE in roles or (member.id == correction.approver and bool(roles & ORGANISE))


def wrote(document: Document, correction: Correction) -> tuple[int | None, ...]:
    """Give the ids of those who may not approve it: its maker and the memo's author."""
    return (correction.by, document.author_id)


async def propose(
    db: Session, key: str, by: Member, approver: Member, language: str, file: StoredFile, reason: str, findings: str,
    counts: Mapping[str, Any], now: datetime,
) -> Document:  # fmt: skip
    """Write a corrected version and hand it to its approver; one that was proposed before is replaced by it.

    `findings` are sealed. Raise `Refused`: the memo is not out (`state`), or the approver wrote it (`approver`).
    """
    document = await _held(db, key)
    if approver.id in (by.id, document.author_id, file.created_by):
        raise Refused("approver", document)
    highest = select(func.max(DocumentVersion.number)).where(DocumentVersion.document_id == document.id)
    number = max(await db.scalar(highest) or 0, document.version) + 1
    made = DocumentVersion(document_id=document.id, number=number, reason=reason, created_at=now, findings=findings)
    made.created_by = by.id
    db.add(made)
    await db.flush()
    db.add(DocumentFile(version_id=made.id, language=language, file_id=file.id))
    _put(document, Correction(number, by.id, approver.id, "in_approval", {language: dict(counts)}))
    await db.flush()
    return document


async def add_language(
    db: Session, key: str, by: Member, number: int, language: str, file: StoredFile, findings: str,
    counts: Mapping[str, Any],
) -> Document:  # fmt: skip
    """Add the proposed version in another language; who approved it looks again. Raise `Refused`."""
    document = await _held(db, key)
    correction = _still(document, number)
    if by.id == correction.approver:
        raise Refused("approver", document)
    version = await version_of(db, document, number)
    assert version is not None
    has = select(DocumentFile.id).where(DocumentFile.version_id == version.id, DocumentFile.language == language)
    if await db.scalar(has) is not None:
        raise Refused("language", document)
    db.add(DocumentFile(version_id=version.id, language=language, file_id=file.id))
    version.findings = findings
    checked = {**correction.checks, language: dict(counts)}
    _put(document, replace(correction, state="in_approval", checks=checked))
    await db.flush()
    return document


async def decide(
    db: Session, key: str, member: Member, roles: frozenset[str], number: int, revision: int, note: str, now: datetime,
    *, approve: bool,
) -> Document:  # fmt: skip
    """Approve or return a correction as somebody has seen it; `note` is the sealed reason. Raise `Refused`."""
    document = await _held(db, key)
    correction = _still(document, number)
    if not may_decide(document, correction, member, roles):
        raise Refused("right", document)
    if member.id in wrote(document, correction):
        raise Refused("author", document)
    if not correction.open:
        raise Refused("decided", document, await decided(db, document, number))
    if document.revision != revision:
        raise Refused("changed", document)
    kind = "approved" if approve else "returned"
    said = DocumentDecision(document_id=document.id, version=number, kind=kind, member_id=member.id, at=now, note=note)
    db.add(said)
    _put(document, replace(correction, state=kind))
    await db.flush()
    return document


async def drop(db: Session, key: str, number: int) -> Document:
    """Give a proposed correction up; its number is never used again. Raise `Refused`."""
    document = await _held(db, key)
    _still(document, number)
    document.details = {name: value for name, value in document.details.items() if name != PENDING}
    document.revision += 1
    await db.flush()
    return document


async def findings(db: Session, document: Document, number: int) -> str:
    """Give what the checks of a version found, sealed."""
    version = await version_of(db, document, number)
    return version.findings if version else ""


async def decided(db: Session, document: Document, number: int) -> DocumentDecision | None:
    """Give the last decision about a version."""
    found = [each for each in await decisions(db, document, DECISIONS) if each.version == number]
    return found[-1] if found else None


async def issue(db: Session, key: str, number: int, ack_by: datetime) -> Document:
    """Make an approved correction the version that counts; reading is to be confirmed anew. Raise `Refused`."""
    document = await _held(db, key)
    correction = _still(document, number)
    if correction.state != "approved":
        raise Refused("state", document)
    before: dict[str, Any] = {
        "number": number, "from": document.version, "state": document.state,
        "ack_by": document.ack_by.isoformat() if document.ack_by else "", "was": document.details[PENDING],
    }  # fmt: skip
    kept = {name: value for name, value in document.details.items() if name != PENDING}
    document.details = {**kept, SENT: before, "checks": dict(correction.checks)}
    document.version, document.state, document.ack_by = number, "distributed", ack_by
    document.revision += 1
    await db.flush()
    return document


async def take_back(db: Session, key: str, number: int) -> Document | None:
    """Make the version before count again, because the send of a correction was undone; None if it is too late.

    Who has confirmed the correction meanwhile has confirmed the version before.
    """
    document = await lock(db, key)
    before = ((document.details or {}).get(SENT) or {}) if document else {}
    if document is None or document.state not in READABLE or document.version != number:
        return None
    if before.get("number") != number:
        return None
    kept = {name: value for name, value in document.details.items() if name != SENT}
    document.details = {**kept, PENDING: before["was"]}
    document.version, document.state = int(before["from"]), str(before["state"])
    document.ack_by = datetime.fromisoformat(before["ack_by"]) if before["ack_by"] else None
    document.revision += 1
    await db.execute(
        update(Acknowledgment)
        .where(Acknowledgment.document_id == document.id, Acknowledgment.version == number)
        .values(version=document.version)
        .execution_options(synchronize_session=False)
    )
    await db.flush()
    return document


async def _held(db: Session, key: str) -> Document:
    document = await lock(db, key)
    if document is None or document.kind != MEMO:
        raise Refused("gone")
    if document.state not in READABLE:
        raise Refused("state", document)
    return document


def _still(document: Document, number: int) -> Correction:
    correction = pending(document)
    if correction is None or correction.number != number:
        raise Refused("replaced", document)
    return correction


def _put(document: Document, correction: Correction) -> None:
    document.details = {**document.details, PENDING: asdict(correction)}
    document.revision += 1
