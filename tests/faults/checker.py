"""The judge: the ledger of the sandbox against the database, in Jepsen's five words (reliability §1.1, §3)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from storage.deliveries import Campaign, Delivery
from storage.members import Member
from tests.faults.town import SECRETS
from tests.faults.verdict import Verdict

if TYPE_CHECKING:
    from tests.faults.stage import Stage

ROOT = Path(__file__).parents[2]
MAY_HAVE_ARRIVED = ("sent", "unknown")


async def judge(
    stage: Stage,
    *,
    lost: int = 0,
    duplicated: int = 0,
    most: int = 0,
    unknown: int = 0,
    unexpected: int = 0,
    finished: bool = True,
    traces: Collection[str] = (),
) -> Verdict:
    """Count, and complain about everything beyond the bounds given; the strictest are the default.

    `most` is how many copies one message may have (0 = 2 where any copy is allowed, else 1). `finished` says that no
    row may be open any more. `traces` are the names of log events that may carry a traceback.
    """
    await stage.box.read()
    found = Verdict()
    async with stage.database.read() as db:
        rows = list(await db.execute(
            select(Delivery, Campaign.kind, Campaign.subject, Member.code)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .outerjoin(Member, Member.id == Delivery.member_id)
        ))  # fmt: skip
        campaigns = {each.id: each for each in await db.scalars(select(Campaign))}
        sums = dict((await db.execute(
            select(Delivery.campaign_id, func.count()).group_by(Delivery.campaign_id)
        )).all())  # fmt: skip
        if stage.database.sqlite:
            broken = [str(each[0]) for each in await db.execute(text("PRAGMA integrity_check"))]
            found.demand(broken == ["ok"], f"the database is damaged: {broken[:3]}")
            found.demand(not list(await db.execute(text("PRAGMA foreign_key_check"))), "a foreign key points nowhere")
    for each in campaigns.values():
        found.demand(
            sums.get(each.id, 0) == each.audience,
            f"{each.kind}: {sums.get(each.id, 0)} rows for an audience of {each.audience}",
        )
        found.demand(
            not finished or each.state not in ("sending", "held", "taking_back"), f"{each.kind} is still {each.state}"
        )
    mine = [row for row in rows if row.kind != "alert"]
    found.states = dict(Counter(row[0].state for row in mine))
    found.planned, found.unknown = len(mine), found.states.get("unknown", 0)
    open_rows = found.states.get("queued", 0) + found.states.get("sending", 0)
    found.demand(not finished or not open_rows, f"{open_rows} deliveries are stuck: {found.states}")
    _compare(found, mine, _arrived(stage, mine))
    _bounds(found, lost=lost, duplicated=duplicated, most=most, unknown=unknown, unexpected=unexpected)
    for complaint, times in Counter(_logs(stage, traces)).items():
        found.problems.append(f"{complaint} ({times} times)")
    return found


def _arrived(stage: Stage, rows: Iterable[Any]) -> Counter[tuple[str, str]]:
    """Count what each person or channel got about each subject; Slack's posts carry the key of their delivery."""
    by_key = {row[0].key: _place(row) for row in rows}
    titles = {each.title: each.subject for each in stage.sends}
    arrived = Counter[tuple[str, str]]()
    for post in stage.box.posts(people=False):
        place = by_key.get(_key(post))
        if place is None:
            said = json.dumps(post["body"])
            named = next((subject for title, subject in titles.items() if title in said), None)
            place = (post["person"] or f"#{post['chat']}", named) if named else None
        if place is not None:
            arrived[place] += 1
    return arrived


def _place(row: Any) -> tuple[str, str]:
    """Name who a delivery is for and what about."""
    return row.code or f"#{row[0].chat}", row.subject


def _key(post: dict[str, Any]) -> str:
    metadata = post["body"].get("metadata") or {}
    if isinstance(metadata, str):
        metadata = json.loads(metadata)
    return str((metadata.get("event_payload") or {}).get("id", ""))


def _compare(found: Verdict, rows: Iterable[Any], arrived: Counter[tuple[str, str]]) -> None:
    groups: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for row in rows:
        groups[_place(row)].append(row[0])
    found.accepted = arrived.total()
    for place, got in arrived.items():
        known = groups.get(place, [])
        may = sum(_may_have_arrived(each) for each in known)
        found.most = max(found.most, got)
        found.duplicated += max(0, got - len(known))
        found.unexpected += max(0, min(got, len(known)) - may)
    for place, known in groups.items():
        sent = sum(each.state == "sent" for each in known)
        found.lost += max(0, sent - arrived[place])
        found.recovered += sum(
            each.state == "sent" and each.lost_at is not None and arrived[place] == 1 for each in known
        )


def _may_have_arrived(row: Delivery) -> bool:
    return row.state in MAY_HAVE_ARRIVED or row.reason == "taken_back"


def _bounds(found: Verdict, *, lost: int, duplicated: int, most: int, unknown: int, unexpected: int) -> None:
    found.demand(found.lost <= lost, f"{found.lost} lost, at most {lost} allowed")
    found.demand(found.duplicated <= duplicated, f"{found.duplicated} duplicated, at most {duplicated} allowed")
    copies = most or (2 if duplicated else 1)
    found.demand(found.most <= copies, f"somebody got {found.most} copies, at most {copies} allowed")
    found.demand(found.unknown <= unknown, f"{found.unknown} unknown, at most {unknown} allowed")
    found.demand(found.unexpected <= unexpected, f"{found.unexpected} arrived although their row says they did not")


def _logs(stage: Stage, traces: Collection[str]) -> Iterable[str]:
    """Look through the logs of all bots: no secret ever, no traceback but the named ones."""
    for bot in stage.bots:
        words = bot.text()
        for secret in SECRETS:
            if secret in words:
                yield f"a secret stands in {bot.log.name}"
        for each in bot.events():
            raw = each.get("raw") and "Traceback" in each["event"]
            if raw or ("exception" in each and each.get("event") not in traces):
                trace = str(each.get("exception", "")).strip().splitlines()
                ours = [line.strip() for line in trace if f"{ROOT}/" in line and "/.venv/" not in line]
                yield f"a traceback in a log: {each['event']}: {' '.join([*ours[-1:], *trace[-1:]])[:300]}"
