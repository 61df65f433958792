"""What several processes on one database need: its clock, rows made once, and who may send on a connection.

Leases use real time, never the movable clock: the database's own on PostgreSQL, the machine's on SQLite, where one
process holds the file (reliability §2.3 point 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.communities import Connection
from storage.database import Base, Session

_NOW = select(func.now())


async def real_now(db: Session) -> datetime:
    """Give the real time by which leases are judged, in UTC; on PostgreSQL the same for a whole transaction."""
    if db.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    kept: tuple[Any, datetime] | None = db.sync_session.info.get("real_now")
    transaction = db.sync_session.get_transaction()
    if kept is not None and kept[0] is transaction and transaction is not None:
        return kept[1]
    moment = await db.scalar(_NOW)
    assert isinstance(moment, datetime)
    db.sync_session.info["real_now"] = (db.sync_session.get_transaction(), moment.astimezone(UTC))
    return moment.astimezone(UTC)


async def add_once(db: Session, model: type[Base], values: dict[str, Any]) -> bool:
    """Insert a row unless one with the same unique columns is there; tell whether it was inserted."""
    kind = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    query = kind.insert(model).values(**values).on_conflict_do_nothing().returning(*model.__table__.primary_key)
    return (await db.execute(query)).first() is not None


async def add_all_once(db: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert many rows with the same columns, leaving out those whose unique columns are there."""
    if rows:
        await db.execute(_unless_there(model, db.get_bind().dialect.name), list(rows))


@cache
def _unless_there(model: type[Base], dialect: str) -> Any:
    """Build the statement once: building costs more than running it."""
    kind = sqlite if dialect == "sqlite" else postgresql
    return kind.insert(model.__table__).on_conflict_do_nothing()


async def connection(db: Session, platform: str, workspace: str) -> Connection:
    """Give the row of a connection, locked for this transaction; it is made if it is not there."""
    query = select(Connection).where(Connection.platform == platform, Connection.workspace == workspace)
    found = (await db.scalars(query.with_for_update())).one_or_none()
    if found is None:
        await add_once(db, Connection, {"platform": platform, "workspace": workspace})
        found = (await db.scalars(query.with_for_update())).one()
    return found


async def hold(
    db: Session, platform: str, workspace: str, worker: str, lease: timedelta, *, seize: bool = False
) -> Connection | None:
    """Take or renew the right to send on a connection; `None` while another process has it (design §8).

    `seize` takes it from whoever had it: right at the start of the only process on a SQLite file.
    """
    row = await connection(db, platform, workspace)
    now = await real_now(db)
    theirs = row.worker not in ("", worker) and row.lease_until is not None and row.lease_until > now
    if theirs and not seize:
        return None
    row.worker, row.lease_until = worker, now + lease
    return row


async def let_go(db: Session, platform: str, workspace: str, worker: str) -> None:
    """Give back the right to send, so that another process need not wait for the lease to end."""
    row = await connection(db, platform, workspace)
    if row.worker == worker:
        row.worker, row.lease_until = "", None


async def hold_reader(db: Session, platform: str, workspace: str, worker: str, lease: timedelta) -> bool:
    """Take or renew the right to ask a platform for updates; false while another process has it.

    Two processes asking Telegram for updates would get 409 Conflict. On SQLite there is only one process: always true.
    """
    row = await connection(db, platform, workspace)
    now = await real_now(db)
    theirs = row.reader not in ("", worker) and row.reader_until is not None and row.reader_until > now
    if theirs and db.get_bind().dialect.name != "sqlite":
        return False
    row.reader, row.reader_until = worker, now + lease
    return True


async def let_go_reader(db: Session, platform: str, workspace: str, worker: str) -> None:
    """Give back the right to ask for updates, so that another process need not wait for the lease to end."""
    row = await connection(db, platform, workspace)
    if row.reader == worker:
        row.reader, row.reader_until = "", None
