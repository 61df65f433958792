"""Documents: memos, publications and shared resources, their versions and files, and who has read them.

The text of a memo stands in no column: files and everything that quotes them are sealed (reliability §5.8), and a memo
is found by its title, theme and keywords alone (design §9).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session, new_key

MEMO = "memo"
PUBLICATIONS = ("commentary", "policy_brief", "report")
RESOURCE = "resource"
KINDS = (MEMO, *PUBLICATIONS, RESOURCE)
MEMO_STATES = (
    "draft", "factual_check", "in_approval", "returned", "approved", "distributed", "acknowledged_closed", "archived",
    "withdrawn",
)  # fmt: skip
PUBLICATION_STATES = (
    "idea", "outline", "draft", "internal_review", "external_review", "visibility_check", "in_approval", "approved",
    "embargoed", "published", "disseminated", "archived", "withdrawn",
)  # fmt: skip
RESOURCE_STATES = ("proposed", "shared", "refused", "withdrawn")
READABLE = ("distributed", "acknowledged_closed", "archived")
"""States in which a memo can be read by those on its list."""
PUBLIC_STATES = ("published", "disseminated", "archived")
"""States in which everybody may read a publication."""
FORMS = ("file", "card", "link")
"""What goes to a chat: the file itself, a card with "Send me the file", or a card with a link to the page."""


class Document(OfCommunity, Base):
    """A memo, publication or shared resource; `state` as in the domain, `distributed_at` when it went to its list."""

    __tablename__ = "document"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    kind: Mapped[str] = mapped_column(String(20))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(20))
    distributed_at: Mapped[datetime | None]
    recipients: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    """Number of the current version."""
    revision: Mapped[int] = mapped_column(default=0)
    """Counts every change, for the `rev` of buttons: an approval of an older one is refused."""
    author_id: Mapped[int | None]
    """Id of the member who wrote it; no foreign key, because SQLite cannot add one to a table."""
    approver_id: Mapped[int | None]
    theme: Mapped[str] = mapped_column(String(120), default="")
    region: Mapped[str] = mapped_column(String(60), default="")
    keywords: Mapped[str] = mapped_column(String(300), default="")
    link: Mapped[str] = mapped_column(String(500), default="")
    """Address of a publication or resource that is on the web."""
    audience: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Who it is for. Memo: `{"to": "invited" | "attended" | "spec"}`, the last with a spec of
    `storage/audience.py` under `"spec"`; others: such a spec."""
    targets: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Form for each place: `{"dm": form, "channels": {channel id: form}}`, forms as in `FORMS`."""
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """The rest: `speakers` (member ids), `visibility` (checks ticked), `reminders` (days), `schedule`, `summary`."""
    created_at: Mapped[datetime | None]
    ack_by: Mapped[datetime | None]
    """Until when reading is to be confirmed."""
    embargo_until: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    """After it nobody but organisers can open it."""
    withdrawn_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(600), default="")
    """Why it was withdrawn, as readers are told."""


class DocumentVersion(OfCommunity, Base):
    """One version of a document: files in one or more languages, why it was made, what its checks found."""

    __tablename__ = "document_version"
    __table_args__ = (UniqueConstraint("document_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    reason: Mapped[str] = mapped_column(String(600), default="")
    """What was corrected, as readers are told; "" for the first."""
    created_at: Mapped[datetime]
    created_by: Mapped[int | None]
    findings: Mapped[str] = mapped_column(Text, default="")
    """What the checks found, sealed JSON: it quotes the text."""


class DocumentFile(OfCommunity, Base):
    """The file of a version in one language; `language` is one of ours, each reader gets theirs or the first."""

    __tablename__ = "document_file"
    __table_args__ = (UniqueConstraint("version_id", "language"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("document_version.id", ondelete="CASCADE"), index=True)
    language: Mapped[str] = mapped_column(String(8))
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"))


class DocumentDecision(OfCommunity, Base):
    """One step that somebody took: facts right, facts to correct, approved, returned, correction suggested."""

    __tablename__ = "document_decision"
    __table_args__ = (Index("ix_document_decision_document", "document_id", "kind"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    """`facts_ok`, `facts_wrong`, `approved`, `returned`, `suggestion`, `share_ok`."""
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    """What they wrote, sealed: it may quote the text."""
    at: Mapped[datetime]


class MemoReader(OfCommunity, Base):
    """Somebody on the list of a memo: entitled to read it as long as they are a member."""

    __tablename__ = "memo_reader"
    __table_args__ = (UniqueConstraint("document_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    added_at: Mapped[datetime]


class Acknowledgment(OfCommunity, Base):
    """A member's "I have read it"; not agreement."""

    __tablename__ = "acknowledgment"
    __table_args__ = (UniqueConstraint("document_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    """The version they had read; a correction asks anew."""
    again_at: Mapped[datetime | None]
    """When they confirmed a corrected version; `at` stays the first time, which the indicator counts."""


async def by_key(db: Session, key: str) -> Document | None:
    """Find a document of this community by the key its buttons carry."""
    return (await db.scalars(select(Document).where(Document.key == key))).one_or_none()


async def lock(db: Session, key: str) -> Document | None:
    """Find a document and hold its row until the end of the transaction."""
    asked = select(Document).where(Document.key == key).with_for_update().execution_options(populate_existing=True)
    return (await db.scalars(asked)).one_or_none()
