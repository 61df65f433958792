"""What a file said when it was last taken in, so that taking it in again changes only what changed in the file."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity


class ImportedEntry(OfCommunity, Base):
    """One entry of a community file as it was: `kind` is `community`, `connection`, `channel`, `member`
    or `meeting`."""

    __tablename__ = "imported_entry"
    __table_args__ = (UniqueConstraint("community_id", "kind", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    code: Mapped[str] = mapped_column(String(160))
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
