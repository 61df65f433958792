"""Taking rows in hand to send them: one worker at a time, and only what may leave now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, exists, literal_column, or_, select, update
from sqlalchemy.orm.attributes import set_committed_value

from storage.communities import Installation
from storage.database import Session
from storage.deliveries._tables import Campaign, Delivery
from storage.sharing import real_now

ALERT = "alert"
"""Kind of the campaigns that go out even while the installation stands still, because a backup was restored."""

# Written out, not bound: with a parameter neither database can prove that the partial index applies.
QUEUED = Delivery.state == literal_column("'queued'")
SENDING = Delivery.state == literal_column("'sending'")
_TABLE: Table = Delivery.__table__  # type: ignore[assignment]
_ROW, _ITS, _HERE = _TABLE.c, Campaign.__table__.c, Installation.__table__.c
_STANDS_STILL = exists().where(_HERE.paused != "")
_MAY_LEAVE = exists().where(
    _ITS.id == _ROW.campaign_id, _ITS.state == "sending", or_(_ITS.kind == ALERT, ~_STANDS_STILL)
)


def _to_claim(*, suspects: bool) -> Any:
    order = (Delivery.due_at, Delivery.id)
    return (
        select(Delivery)
        .where(
            QUEUED,
            Delivery.due_at <= bindparam("now"),
            Delivery.platform == bindparam("platform"),
            Delivery.workspace == bindparam("workspace"),
            or_(Delivery.expires_at.is_(None), Delivery.expires_at > bindparam("now")),
            or_(Delivery.lease_until.is_(None), Delivery.lease_until <= bindparam("real")),
            Delivery.crashes > 0 if suspects else Delivery.crashes == 0,
            Delivery.chat.not_in(bindparam("busy", expanding=True)),
            _MAY_LEAVE,
        )
        .order_by(*((Delivery.crashes, *order) if suspects else order))
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


# Built once, and of tables alone: they run for every few messages, and the session's bookkeeping costs more than they.
_CLAIM = {suspects: _to_claim(suspects=suspects) for suspects in (False, True)}
_OURS = (
    _ROW.id.in_(bindparam("ids", expanding=True)),
    _ROW.state == literal_column("'sending'"),
    _ROW.worker == bindparam("by"),
)
_CLAIMED = (
    update(_TABLE)
    .where(_OURS[0])
    .values(
        state="sending", attempts=_ROW.attempts + 1, started_at=None, settle_at=None,
        worker=bindparam("by"), lease_until=bindparam("until"),
    )
)  # fmt: skip
_START = (
    update(_TABLE)
    .where(*_OURS, _MAY_LEAVE)
    .values(started_at=bindparam("real"), lease_until=bindparam("until"))
    .returning(_ROW.id)
)
_HELD = select(_ROW.id, _ROW.attempts).where(*_OURS).with_for_update()
_SENT = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("row"))
    .values(
        state="sent", reason="", worker="", lease_until=None, settle_at=None, sent_at=bindparam("now"),
        chat=bindparam("to"), message=bindparam("as"),
    )
)  # fmt: skip


async def claim(
    db: Session,
    platform: str,
    workspace: str,
    now: datetime,
    worker: str,
    lease: timedelta,
    limit: int,
    busy: Collection[str] = (),
    *,
    suspects: bool = False,
) -> list[Delivery]:
    """Take up to `limit` due rows of a connection for one worker, oldest first; two workers never get the same.

    Rows of held or stopped campaigns, expired ones and those to `busy` chats are left. Each claim counts as an attempt.
    Rows that were in hand in a crash are left, too; with `suspects` only one of them is taken, to be alone in hand.
    """
    real = await real_now(db)
    asked = {
        "platform": platform, "workspace": workspace, "now": now, "real": real, "busy": sorted(busy),
        "most": 1 if suspects else limit,
    }  # fmt: skip
    rows: list[Delivery] = list((await db.scalars(_CLAIM[suspects], asked)).all())
    if not rows:
        return rows
    until = real + lease
    await db.execute(_CLAIMED, {"ids": [row.id for row in rows], "by": worker, "until": until})
    for row in rows:  # what the objects say now; the session need not write it once more
        for name, value in (
            ("state", "sending"), ("attempts", row.attempts + 1), ("started_at", None), ("settle_at", None),
            ("worker", worker), ("lease_until", until),
        ):  # fmt: skip
            set_committed_value(row, name, value)
    return rows


async def start(db: Session, ids: Collection[int], worker: str, lease: timedelta) -> set[int]:
    """Note that the requests of claimed rows leave now; give the ids that may go: still ours, campaign not stopped."""
    real = await real_now(db)
    asked = {"ids": list(ids), "by": worker, "real": real, "until": real + lease}
    return set((await db.scalars(_START, asked)).all())


async def held(db: Session, ids: Collection[int], worker: str) -> dict[int, int]:
    """Give the attempts of the rows this worker still holds, locked; a lost lease is not among them."""
    found = await db.execute(_HELD, {"ids": list(ids), "by": worker})
    return {row.id: row.attempts for row in found}


async def sent(db: Session, rows: Sequence[tuple[int, str, str]], now: datetime) -> None:
    """Turn held rows to `sent`: id, chat and message of each; `now` is the movable clock's."""
    await (await db.connection()).execute(
        _SENT, [{"row": row, "to": chat, "as": message, "now": now} for row, chat, message in rows]
    )


async def in_hand(db: Session, ids: Collection[int], worker: str) -> dict[int, Delivery]:
    """Give the rows this worker still holds, locked, to write their results; a lost lease is not among them."""
    query = select(Delivery).where(Delivery.id.in_(ids), SENDING, Delivery.worker == worker).with_for_update()
    return {row.id: row for row in await db.scalars(query.execution_options(populate_existing=True))}


async def nobodys(db: Session, attempts: Mapping[int, int]) -> dict[int, Delivery]:
    """Give those of these rows, by id with their attempt, whose fate nobody knows: their worker's lease had ended."""
    query = select(Delivery).where(
        Delivery.id.in_(attempts), Delivery.worker == "", Delivery.state.in_(("sending", "unknown"))
    )
    found = await db.scalars(query.with_for_update())
    return {row.id: row for row in found if row.attempts == attempts[row.id]}


async def pause_chat(db: Session, platform: str, workspace: str, chat: str, until: datetime) -> None:
    """Let nothing to a chat be claimed before a real moment; what is planned later is not held."""
    held = update(Delivery).where(
        QUEUED,
        Delivery.platform == platform,
        Delivery.workspace == workspace,
        Delivery.chat == chat,
        or_(Delivery.lease_until.is_(None), Delivery.lease_until < until),
    )
    await db.execute(held.values(lease_until=until).execution_options(synchronize_session=False))


def _due(platform: str, workspace: str, now: datetime) -> Any:
    return exists().where(
        QUEUED,
        Delivery.due_at <= now,
        Delivery.platform == platform,
        Delivery.workspace == workspace,
        or_(Delivery.expires_at.is_(None), Delivery.expires_at > now),
        _MAY_LEAVE,
    )


async def due(db: Session, platform: str, workspace: str, now: datetime) -> bool:
    """Tell whether a connection has something to send now, also if a back-off still holds it."""
    return bool(await db.scalar(select(_due(platform, workspace, now))))


async def at_work(db: Session, platform: str, workspace: str, now: datetime) -> bool:
    """Tell whether a connection has something to send now, in hand, or to look into after a lost answer.

    One statement: rows go to and fro between these.
    """
    sending = exists().where(SENDING, Delivery.platform == platform, Delivery.workspace == workspace)
    return bool(await db.scalar(select(or_(_due(platform, workspace, now), sending))))


async def next_due(db: Session) -> datetime | None:
    """Give the earliest moment at which a waiting delivery is due; held campaigns count, stopped ones do not."""
    going = exists().where(Campaign.id == Delivery.campaign_id, Campaign.state.in_(("sending", "held")))
    return await db.scalar(select(Delivery.due_at).where(QUEUED, going).order_by(Delivery.due_at).limit(1))


async def started_since(
    db: Session, platform: str, workspace: str, since: datetime
) -> list[tuple[datetime, str, bool]]:
    """Give when the messages of a connection started since a real moment, to which chat, and whether it is a group."""
    query = select(Delivery.started_at, Delivery.chat, Delivery.channel_id).where(
        Delivery.started_at >= since, Delivery.platform == platform, Delivery.workspace == workspace
    )
    found = await db.execute(query.order_by(Delivery.started_at))
    return [(at, chat, channel is not None) for at, chat, channel in found if at is not None]
