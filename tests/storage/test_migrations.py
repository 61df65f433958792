from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage import Database, schema
from storage.database import normalise
from tests.kinds import on_one

WIDER = """
revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None
import sqlalchemy as sa
from alembic import op

def upgrade():
    with op.batch_alter_table("member") as table:
        table.alter_column("name", type_=sa.String(300), existing_type=sa.String(120))
        table.add_column(sa.Column("nickname", sa.String(40), nullable=False, server_default=""))

def downgrade():
    with op.batch_alter_table("member") as table:
        table.drop_column("nickname")
"""
FAILING = """
revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None
import sqlalchemy as sa
from alembic import op

def upgrade():
    op.create_table("half_done", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO no_such_table VALUES (1)")
"""


@pytest.fixture
async def empty_url(database_url: str) -> str:
    if database_url.startswith("postgresql"):
        name = database_url.split("@/")[1].split("?")[0]
        admin = create_async_engine(
            normalise(database_url.replace(f"@/{name}", "@/postgres")), isolation_level="AUTOCOMMIT"
        )
        async with admin.connect() as connection:
            await connection.execute(text(f'CREATE DATABASE "{name}"'))
        await admin.dispose()
    return database_url


def folder_with(tmp_path: Path, script: str) -> Path:
    folder = tmp_path / "later"
    folder.mkdir()
    (folder / "9999_later.py").write_text(script.replace("{head}", schema.head()))
    return folder


async def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements as they are, and give the rows of the last one."""
    engine = create_async_engine(normalise(url))
    rows: list[tuple[object, ...]] = []
    async with engine.begin() as connection:
        for statement in statements:
            result = await connection.execute(text(statement))
            rows = [tuple(row) for row in result] if result.returns_rows else []
    await engine.dispose()
    return rows


PEOPLE = (
    "INSERT INTO community (id, key, name, zone, language, organiser_contact, controller_name, privacy_link,"
    " public_contact, settings) VALUES (1, 'c', 'C', 'UTC', 'en', '', '', '', '', '{}')",
    "INSERT INTO member (id, community_id, key, code, name, staff, category, country, zone, language, weekend,"
    " quiet_from, quiet_to, preferred, state) VALUES (7, 1, 'k', 'm01', 'Ayşe Örnek', false, '', 'TR', 'UTC', 'tr',"
    " '5,6', 20, 8, '', 'active')",
    'INSERT INTO account (id, community_id, member_id, platform, workspace, "user", chat, reachable, reason)'
    " VALUES (9, 1, 7, 'slack', 'T1', 'U1', '', true, '')",
)
KEPT = 'SELECT member.name, account."user" FROM member JOIN account ON account.member_id = member.id'


async def test_migrations_from_empty_give_exactly_the_tables_of_the_models(empty_url: str) -> None:
    assert await schema.upgrade(empty_url) == schema.head()
    assert await schema.differences(empty_url) == []


async def test_migrations_go_back_to_nothing_and_up_again(empty_url: str) -> None:
    await schema.upgrade(empty_url)
    await schema.downgrade(empty_url, "base")
    engine = create_async_engine(normalise(empty_url))
    async with engine.connect() as connection:
        left = MetaData()
        await connection.run_sync(left.reflect)
    await engine.dispose()
    assert set(left.tables) == {"alembic_version"}
    assert await schema.upgrade(empty_url) == schema.head()
    assert await schema.differences(empty_url) == []


async def test_each_revision_keeps_what_the_one_before_held(empty_url: str) -> None:
    first, *later = schema.revisions()
    await schema.upgrade(empty_url, first)
    await run(empty_url, *PEOPLE)
    for revision in later:
        assert await schema.upgrade(empty_url, revision) == revision
        assert await run(empty_url, KEPT) == [("Ayşe Örnek", "U1")]
    database = Database(empty_url)
    async with database.read() as db:
        assert (await db.connection()).closed is False
    await database.close()


@on_one
async def test_changing_a_parent_table_keeps_the_rows_that_cascade_from_it(empty_url: str, tmp_path: Path) -> None:
    await schema.upgrade(empty_url)
    await run(empty_url, *PEOPLE)
    assert await schema.upgrade(empty_url, scripts=folder_with(tmp_path, WIDER)) == "9999"
    assert await run(empty_url, KEPT) == [("Ayşe Örnek", "U1")]
    assert await run(empty_url, "SELECT nickname FROM member") == [("",)]


async def test_a_failing_migration_leaves_the_database_as_it_was(empty_url: str, tmp_path: Path) -> None:
    await schema.upgrade(empty_url)
    with pytest.raises(schema.SchemaError):
        await schema.upgrade(empty_url, scripts=folder_with(tmp_path, FAILING))
    assert await schema.current(empty_url) == schema.head()
    assert await schema.differences(empty_url) == []


@on_one
async def test_a_database_of_a_newer_program_is_refused_and_not_touched(empty_url: str, tmp_path: Path) -> None:
    await schema.upgrade(empty_url)
    await schema.upgrade(empty_url, scripts=folder_with(tmp_path, WIDER))
    assert await schema.newer(empty_url)
    with pytest.raises(schema.SchemaError, match="newer program"):
        await schema.require(empty_url)
    with pytest.raises(schema.SchemaError, match="newer program"):
        await schema.upgrade(empty_url)
    assert await schema.current(empty_url) == "9999"


async def test_a_database_without_tables_or_behind_says_what_to_run(empty_url: str) -> None:
    if not schema.missing(empty_url):
        with pytest.raises(schema.SchemaError, match="convenor init"):
            await schema.require(empty_url)
    await schema.upgrade(empty_url, schema.revisions()[0])
    with pytest.raises(schema.SchemaError, match="convenor migrate"):
        await schema.require(empty_url)
    await schema.upgrade(empty_url)
    assert await schema.require(empty_url) == schema.head()


async def test_a_missing_file_is_refused_and_not_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/nothing.sqlite3"
    with pytest.raises(schema.SchemaError, match="convenor init"):
        await schema.require(url)
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "letter.sqlite3"
    path.write_bytes(b"Dear colleagues, " * 400)
    with pytest.raises(schema.SchemaError, match="not a database"):
        await schema.require(f"sqlite:///{path}")
    with pytest.raises(schema.SchemaError, match="not a database"):
        await schema.upgrade(f"sqlite:///{path}")
    assert path.read_bytes() == b"Dear colleagues, " * 400


async def test_a_file_marked_read_only_is_refused_for_writing_even_for_root_and_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite3"
    await schema.upgrade(f"sqlite:///{path}")
    before = path.read_bytes()
    path.chmod(0o444)
    with pytest.raises(schema.SchemaError, match="cannot be written; check the rights"):
        await schema.require(f"sqlite:///{path}")
    assert await schema.require(f"sqlite:///{path}", writing=False) == schema.head()
    assert path.read_bytes() == before


async def test_a_server_that_does_not_answer_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(schema.SchemaError, match="cannot be used") as refused:
        await schema.require(f"postgresql://nobody@/nothing?host={tmp_path}")
    assert "\n" not in str(refused.value)


async def test_a_database_that_is_not_on_the_server_is_one_clear_line(database_url: str) -> None:
    if database_url.startswith("postgresql"):
        with pytest.raises(schema.SchemaError, match="does not exist"):
            await schema.require(database_url)
