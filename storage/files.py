"""Files kept by us: what they are called and how large they are here, their content sealed in the vault."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session, new_key


class StoredFile(OfCommunity, Base):
    """One file; its content lies in the vault under `blob`, a random name that says nothing."""

    __tablename__ = "stored_file"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    blob: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    """What readers see: a safe name with the ending of what it really is."""
    kind: Mapped[str] = mapped_column(String(8))
    """By content: `pdf`, `docx`, `md`, `png`, `jpg`."""
    size: Mapped[int]
    """Bytes of the content, not of the sealed file."""
    sha256: Mapped[str] = mapped_column(String(64))
    pages: Mapped[int | None]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None]


class PlatformFile(OfCommunity, Base):
    """What a platform calls a file that was uploaded there once (Telegram's `file_id` of one bot, platforms §2.5)."""

    __tablename__ = "platform_file"
    __table_args__ = (UniqueConstraint("file_id", "platform", "workspace"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id", ondelete="CASCADE"))
    platform: Mapped[str] = mapped_column(String(20))
    workspace: Mapped[str] = mapped_column(String(64))
    remote: Mapped[str] = mapped_column(String(200))


async def by_key(db: Session, key: str) -> StoredFile | None:
    """Find a file of this community (of any, in an unscoped session) by its key."""
    return (await db.scalars(select(StoredFile).where(StoredFile.key == key))).one_or_none()
