"""Half-filled forms; kept seven days. Sensitive forms keep their place here but never an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, new_key


class FormDraft(OfCommunity, Base):
    """A form somebody has begun: clean values by field id, and on interview platforms the question being asked."""

    __tablename__ = "form_draft"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    account: Mapped[str] = mapped_column(String(160), index=True)
    """`Person.id` of the account that fills it in."""
    form: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(40), default="")
    values: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    asked: Mapped[str] = mapped_column(String(40), default="")
    """Field id of the open question; "" between questions, `?` on the review."""
    sensitive: Mapped[bool] = mapped_column(default=False)
    touched_at: Mapped[datetime]
    chat: Mapped[str] = mapped_column(String(64), default="")
    message: Mapped[str] = mapped_column(String(64), default="")
    """The message that carries the open question."""
