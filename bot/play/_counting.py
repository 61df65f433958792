"""What was planned against what arrived: the bot's database beside the sandbox's ledger, never one alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.demo import Demo
from storage.database import Database
from storage.deliveries import Campaign, Delivery
from storage.members import Member

Messages = dict[str, dict[str, dict[str, int]]]
"""Kind to platform to planned, sent, duplicated, missing."""


async def count(demo: Demo, at: datetime) -> dict[str, Any]:
    """Compare the bot's deliveries with the sandbox's ledger, per kind and platform."""
    from storage.statistics import stats_json

    arrived, texts = _arrivals(await demo.ask("ledger"))
    same = Counter(texts.values())
    messages: dict[str, dict[str, dict[str, int]]] = {}
    database = Database(demo.database_url)
    try:
        async with database.read() as db:
            community_id = await db.scalar(select(Campaign.community_id).limit(1))
        async with database.read(community_id) as db:
            rows = await db.execute(
                select(Campaign.kind, Delivery, Member.code)
                .join(Delivery, Delivery.campaign_id == Campaign.id)
                .outerjoin(Member, Member.id == Delivery.member_id)
            )
            found = rows.all()
            meant = Counter(texts.get(_place(delivery)) for _, delivery, _ in found)
            for kind, delivery, _code in found:
                cell = messages.setdefault(kind, {}).setdefault(delivery.platform, dict.fromkeys(_COLUMNS, 0))
                here = _place(delivery)
                cell["planned"] += 1
                cell["sent"] += arrived[here] > 0
                cell["missing"] += arrived[here] == 0
                # the same words in the same chat more often than they were meant to stand there
                cell["duplicated"] += max(same[texts.get(here, _NOWHERE)] - meant[texts.get(here)], 0)
            statistics = await stats_json(db, at)
    finally:
        await database.close()
    return {"messages": messages, "indicators": statistics["indicators"], "meetings": statistics["meetings"]}


_COLUMNS = ("planned", "sent", "duplicated", "missing")


_POSTS = ("sendMessage", "sendDocument", "chat.postMessage")
_NOWHERE = ("", "", "")
Where = tuple[str, str, str]


def _place(delivery: Delivery) -> Where:
    return delivery.platform, delivery.chat, delivery.message


def _arrivals(ledger: Any) -> tuple[Counter[Where], dict[Where, Where]]:
    """Count accepted posts by where they stand, and give platform, chat and text of each."""
    rows = ledger["rows"] if isinstance(ledger, dict) else ledger
    arrived: Counter[Where] = Counter()
    texts: dict[Where, Where] = {}
    for each in rows:
        if each["method"] in _POSTS and each["status"] in (200, "ok") and each["message"]:
            here = (each["platform"], str(each["chat"]), str(each["message"]))
            arrived[here] += 1
            words = each["body"].get("caption") if each["method"] == "sendDocument" else each["body"].get("text")
            texts[here] = (each["platform"], str(each["chat"]), str(words or ""))
    return arrived, texts


async def per_member(demo: Demo) -> dict[str, dict[str, int]]:
    """Count what arrived at each person by kind, as the sandbox's ledger has it; newcomers and guests by name."""
    arrived, _ = _arrivals(await demo.ask("ledger"))
    found: dict[str, Counter[str]] = {}
    database = Database(demo.database_url)
    try:
        async with database.read() as db:
            rows = await db.execute(
                select(Campaign.kind, Delivery, Member.code, Member.name)
                .join(Delivery, Delivery.campaign_id == Campaign.id)
                .join(Member, Member.id == Delivery.member_id)
            )
            for kind, delivery, code, name in rows:
                number = arrived[delivery.platform, delivery.chat, delivery.message]
                who = name if code.startswith(("d-", "guest-")) else code
                if number:
                    found.setdefault(who, Counter())[kind] += number
    finally:
        await database.close()
    return {who: dict(sorted(kinds.items())) for who, kinds in sorted(found.items())}


def exact(messages: Messages) -> bool:
    """Tell whether everything that was planned arrived, once."""
    cells = [cell for platforms in messages.values() for cell in platforms.values()]
    return all(cell["sent"] == cell["planned"] and not cell["duplicated"] for cell in cells)


def same(seen: dict[str, dict[str, int]], wanted: dict[str, dict[str, int]], say: Callable[[str], None]) -> bool:
    """Tell whether everybody got what they should, and say who did not."""
    for who in sorted({*seen, *wanted}):
        if seen.get(who) != wanted.get(who):
            say(f"NOT as expected: {who} got {seen.get(who)}, expected {wanted.get(who)}")
    return seen == wanted


def holding(folder: Path, words: Iterable[bytes]) -> list[str]:
    """Name the files below a folder that have some of the words in their bytes."""
    wanted, files = list(words), [each for each in folder.rglob("*") if each.is_file()]
    return [each.name for each in files if any(word in each.read_bytes() for word in wanted)]
