"""What files take of memory: one of 5 MB to 1,000 people on Telegram, and 200 on Slack who fetch a copy at once."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from bench import stage as stages
from bench import town
from bench.files_bot import CARRIED, OFFERED
from bench.report import Broken, Row, Say
from bench.stage import Stage
from bench.town import Person
from bot.keys import make_key_file, read_keys
from scheduler import delivery
from scheduler.clock import SystemClock
from storage.communities import Community
from storage.database import Database
from storage.files import StoredFile
from storage.members import Member
from storage.vault import Vault

NAME, UNIT, BUDGET, MOST = "files_memory", "MB", "<= 100 MB above idle", 100.0
LIFTED = {"TELEGRAM_PER_SECOND": "0", "SLACK_PER_MINUTE": "0"}
LOOK = 0.02


@dataclass(frozen=True, slots=True)
class Size:
    """Say how many people there are on each platform, and how many bytes the file has."""

    telegram: int = 1000
    slack: int = 200
    bytes: int = 5_000_000


async def measure(quick: bool, say: Say, size: Size | None = None) -> list[Row]:
    """Take how far resident memory rises above that of the idle bot; everybody must get the file exactly once."""
    if not sys.platform.startswith("linux"):
        raise Broken("memory is read from /proc, which is there on Linux only")
    size = size or (Size(200, 40) if quick else Size())
    people = [*town.crowd("telegram", size.telegram), *town.crowd("slack", size.slack)]
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = f"sqlite:///{folder}/convenor.sqlite3"
        await town.fill(url, people, invited=False)
        make_key_file(folder / "convenor.key")
        file = await _keep(url, folder, size.bytes)
        stage = await stack.enter_async_context(stages.sandbox(folder, people))
        await stage.control("limits", enabled=False)
        run = stages.convenor(folder, stage, url, ("telegram", "slack"), LIFTED, ("-m", "bench.files_bot"))
        process = await stack.enter_async_context(run)
        await asyncio.sleep(1.0)
        idle = resident(process.pid)
        async with _highest(process.pid) as sent:
            say(f"{NAME}: {size.telegram} messages with a file")
            await _plan(url, CARRIED, file, "telegram")
            began = time.monotonic()
            await _until(stage, people, "sendDocument", "telegram")
            telegram = time.monotonic() - began
        async with _highest(process.pid) as fetched:
            say(f"{NAME}: {size.slack} copies")
            await _plan(url, OFFERED, file, "slack")
            await _until(stage, people, "chat.postMessage", "slack")
            began = time.monotonic()
            there = [each.id for each in people if each.platform == "slack"]
            await asyncio.gather(
                *(stage.control("press", person=each, platform="slack", button="Yes") for each in there)
            )
            await _until(stage, people, "files.shared", "slack")
            slack = time.monotonic() - began
        _once(await stage.ledger(), size)
    return [
        _row("telegram", max(sent) - idle, f"idle {idle:.0f} MB; {size.telegram} messages in {telegram:.0f} s"),
        _row("slack", max(fetched) - idle, f"idle {idle:.0f} MB; {size.slack} copies in {slack:.0f} s"),
    ]


def _row(name: str, figure: float, note: str) -> Row:
    return Row(f"{NAME}.{name}", round(figure, 1), UNIT, None, None, BUDGET, figure <= MOST, note)


def resident(process: int) -> float:
    """Give the memory of a process that is resident now, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@asynccontextmanager
async def _highest(process: int) -> AsyncIterator[list[float]]:
    """Note the resident memory of a process again and again for the block."""
    found: list[float] = []

    async def look() -> None:
        while True:
            found.append(resident(process))
            await asyncio.sleep(LOOK)

    looking = asyncio.create_task(look())
    try:
        yield found
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _keep(url: str, folder: Path, size: int) -> str:
    vault, database = Vault(folder / "files", read_keys(folder / "convenor.key")), Database(url)
    content = b"%PDF-1.7 " + os.urandom(size - 9)
    try:
        async with database.write() as db:
            db.scope((await db.scalars(select(Community.id))).one())
            stored = StoredFile(
                blob=vault.keep(content), name="note.pdf", kind="pdf", size=size, sha256="",
                created_at=SystemClock().now(),
            )  # fmt: skip
            db.add(stored)
            await db.flush()
            return stored.key
    finally:
        await database.close()


async def _plan(url: str, kind: str, file: str, platform: str) -> None:
    database, now = Database(url), SystemClock().now()
    try:
        async with database.write() as db:
            db.scope((await db.scalars(select(Community.id))).one())
            members = list(await db.scalars(select(Member).where(Member.preferred == platform)))
            to = [delivery.To(member=each, due=now) for each in members]
            await delivery.plan(db, kind=kind, subject=file, occurrence="1", to=to, now=now)
    finally:
        await database.close()


async def _until(stage: Stage, people: Sequence[Person], method: str, platform: str) -> None:
    """Wait until everybody of a platform was reached by a method. Raise `Broken`."""
    wanted = {each.id for each in people if each.platform == platform}
    deadline, last = time.monotonic() + 120, 0
    while wanted:
        rows = await stage.ledger(last)
        last = rows[-1]["n"] if rows else last
        wanted -= {row["person"] for row in rows if (row["method"], row["status"]) == (method, 200)}
        if time.monotonic() > deadline:
            raise Broken(f"{len(wanted)} people of {platform} were not reached by {method}")
        await asyncio.sleep(0.1)


def _once(ledger: Sequence[dict[str, object]], size: Size) -> None:
    """Check that everybody got it once, and that Telegram was given the bytes once. Raise `Broken`."""
    good = [row for row in ledger if row["status"] == 200]
    documents = [row for row in good if row["method"] == "sendDocument"]
    bodies = [row["body"] for row in documents]
    uploads = [each for each in bodies if isinstance(each, dict) and isinstance(each["document"], dict)]
    shared = [row for row in good if row["method"] == "files.shared"]
    counts = (len(documents), len(uploads), len(shared))
    if counts != (size.telegram, 1, size.slack):
        raise Broken(f"documents, uploads and shared files are {counts}")
