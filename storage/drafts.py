"""Half-filled forms; kept seven days. Sensitive forms keep their place here but never an answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session, new_key


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


KEEP_DAYS = 7


async def begin(
    db: Session,
    *,
    member_id: int,
    account: str,
    form: str,
    subject: str,
    values: dict[str, Any],
    sensitive: bool,
    now: datetime,
) -> FormDraft:
    """Begin a form anew; an older draft of the same form and subject by the same account is dropped."""
    await db.execute(  # the session forgets the deleted row too: SQLite may give its id to the new one
        delete(FormDraft)
        .where(FormDraft.account == account, FormDraft.form == form, FormDraft.subject == subject)
        .execution_options(synchronize_session="fetch")
    )
    draft = FormDraft(
        member_id=member_id,
        account=account,
        form=form,
        subject=subject,
        values={} if sensitive else dict(values),
        sensitive=sensitive,
        touched_at=now,
    )
    db.add(draft)
    await db.flush()
    return draft


async def by_key(db: Session, key: str, account: str) -> FormDraft | None:
    """Give a draft to the account that began it, nobody else."""
    found: FormDraft | None = await db.scalar(
        select(FormDraft).where(FormDraft.key == key, FormDraft.account == account)
    )
    return found


async def carried(db: Session, key: str, chat: str, message: str) -> None:
    """Remember which message carries the open question of a draft, if there still is one."""
    await db.execute(update(FormDraft).where(FormDraft.key == key).values(chat=chat, message=message))


async def asking(db: Session, account: str, since: datetime) -> FormDraft | None:
    """Give the draft whose question is open, if it was asked after `since`."""
    found: FormDraft | None = await db.scalar(
        select(FormDraft)
        .where(FormDraft.account == account, FormDraft.asked.not_in(("", "?")), FormDraft.touched_at > since)
        .order_by(FormDraft.touched_at.desc(), FormDraft.id.desc())
        .limit(1)
    )
    return found


async def newest(db: Session, account: str, since: datetime) -> list[FormDraft]:
    """Give the forms somebody was filling in after `since`, the latest first; at most five."""
    found = await db.scalars(
        select(FormDraft)
        .where(FormDraft.account == account, FormDraft.touched_at > since)
        .order_by(FormDraft.touched_at.desc(), FormDraft.id.desc())
        .limit(5)
    )
    return list(found)


async def unfinished(db: Session, account: str, form: str, subject: str) -> FormDraft | None:
    """Give a draft of this form that holds answers already."""
    found: FormDraft | None = await db.scalar(
        select(FormDraft).where(FormDraft.account == account, FormDraft.form == form, FormDraft.subject == subject)
    )
    return found


async def sensitive(db: Session, *, key: str = "", account: str = "") -> bool:
    """Tell whether an answer belongs to a sensitive form: by draft key, or by the account's open question."""
    question = select(FormDraft.id).where(FormDraft.sensitive)
    question = question.where(FormDraft.key == key) if key else question.where(FormDraft.account == account)
    return (await db.scalar(question.limit(1))) is not None


async def forget(db: Session, now: datetime) -> None:
    """Delete the drafts nobody has touched for `KEEP_DAYS`."""
    old = delete(FormDraft).where(FormDraft.touched_at < now - timedelta(days=KEEP_DAYS))
    await db.execute(old.execution_options(synchronize_session=False))
