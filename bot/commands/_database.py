"""Open the database for one command, and find the community it is about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select

from storage import schema
from storage.communities import Community
from storage.database import Database, Session


class CommandError(Exception):
    """Say in one line what was wrong with a command; the program ends with exit code 2."""


async def find_community(db: Session, key: str = "") -> Community:
    """Find a community by key, or the only one there is. Raise `CommandError` naming those there are."""
    found = list(await db.scalars(select(Community).order_by(Community.key)))
    keys = ", ".join(each.key for each in found)
    if not found:
        raise CommandError("the database holds no community yet; `convenor import FILE` adds one")
    if not key and len(found) > 1:
        raise CommandError(f"which community? add --community with one of: {keys}")
    for each in found:
        if each.key == key or not key:
            return each
    raise CommandError(f'there is no community "{key}"; there is: {keys}')


@asynccontextmanager
async def opened(url: str, *, writing: bool = True) -> AsyncIterator[Database]:
    """Open a database that is there and up to date. Raise `schema.SchemaError` if it is not."""
    await schema.require(url, writing=writing)
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def reading(url: str, community: str = "") -> AsyncIterator[Session]:
    """Open a read-only session scoped to a community."""
    async with opened(url, writing=False) as database, database.read() as db:
        db.scope((await find_community(db, community)).id)
        yield db
