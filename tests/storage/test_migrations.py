from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect, select, text

from storage import Base, Database, schema
from storage.communities import Community
from storage.members import Account, Member
from tests_postgres import create_postgres_database


@pytest.fixture
async def empty_url(database_url: str) -> str:
    if database_url.startswith("postgresql"):
        await create_postgres_database(database_url)
    return database_url
