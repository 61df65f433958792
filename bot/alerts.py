"""What the operator should know becomes a durable message to organisers, once per episode, where it can arrive.

The engine and the adapters notice; this plans a campaign of kind `alert` in every community concerned, to its
organisers' channels on the platforms that work, else to the organisers themselves. `handlers/alerts.py` draws it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select

from scheduler.clock import Clock
from scheduler.contract import Alert
from scheduler.delivery import To, plan
from storage import backlog
from storage.communities import Channel, Community, Connection
from storage.database import Database, Session
from storage.deliveries import ALERT, Campaign
from storage.members import Account, Member, holders

log = structlog.get_logger(__name__)
KEPT = timedelta(hours=24)
"""An alert that could not be said for so long is of no use any more; the log has it."""
BEHIND = timedelta(minutes=10)
"""How long something may be due before somebody is told, unless it is known why."""
EPISODES = {"dead": "alive"}
"""What begins an episode, and what ends it."""
Title = Callable[[str, str], str]


class Alerts:
    """Plan alerts. `title` gives a connection's name for people; `planned` is called after something was planned."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        title: Title = lambda platform, _workspace: platform,
        planned: Callable[[], None] = lambda: None,
        patience: float = 60.0,
    ) -> None:
        self._database, self._clock, self._title, self._planned = database, clock, title, planned
        self._patience = patience
        self._waiting: list[Alert] = []
        self._behind: dict[tuple[str, str], float] = {}
        self._one = asyncio.Lock()

    async def raised(self, alert: Alert) -> None:
        """Take an alert; what cannot be planned now (the database is away) is tried again by `chore`."""
        self._waiting.append(alert)
        await self.chore()

    async def chore(self) -> None:
        """Plan what waits."""
        async with self._one:
            while self._waiting:
                alert = self._waiting[0]
                try:
                    told = await self._plan(alert)
                except Exception as error:
                    log.warning("alert_waits", kind=alert.kind, platform=alert.platform, error=type(error).__name__)
                    return
                self._waiting.pop(0)
                log.warning("alert", kind=alert.kind, platform=alert.platform, reason=alert.reason, recipients=told)
        self._planned()

    async def look(self) -> None:
        """Look for messages that should have gone long ago although nothing explains why they have not.

        It must last `patience` seconds of real time: a clock that was moved forward makes everything late for a moment.
        """
        now = self._clock.now()
        async with self._database.read() as db:
            late = {(each.platform, each.workspace): each for each in await backlog.unexplained(db, now, BEHIND)}
        self._behind = {key: since for key, since in self._behind.items() if key in late}
        for key, line in late.items():
            since = self._behind.setdefault(key, time.monotonic())
            if time.monotonic() - since >= self._patience:
                await self.raised(Alert("behind", *key, f"{line.oldest:%Y-%m-%dT%H:%MZ}"))
                self._behind[key] = float("inf")  # until it is over

    async def _plan(self, alert: Alert) -> int:
        told = 0
        async with self._database.read() as db:
            concerned = await communities(db, alert.platform, alert.workspace)
        for community in concerned:
            async with self._database.write(community) as db:
                told += await self._plan_in(db, alert)
        return told

    async def _plan_in(self, db: Session, alert: Alert) -> int:
        now = self._clock.now()
        occurrence = await _occurrence(db, alert, now)
        if not occurrence:
            return 0
        to = [
            To(due=now, expires=now + KEPT, channel=each) if isinstance(each, Channel)
            else To(due=now, expires=now + KEPT, member=each.member, account=each)
            for each in await recipients(db, alert, now)
        ]  # fmt: skip
        if not to:
            log.error("alert_reaches_nobody", kind=alert.kind, platform=alert.platform, community=db.community_id)
            return 0
        name = self._title(alert.platform, alert.workspace) if alert.platform else ""
        details = {
            "kind": alert.kind, "platform": alert.platform, "workspace": alert.workspace, "name": name,
            "reason": alert.reason, "since": now.isoformat(),
        }  # fmt: skip
        await plan(db, kind=ALERT, subject=alert.kind, occurrence=occurrence, to=to, now=now, details=details)
        return len(to)


async def communities(db: Session, platform: str, workspace: str) -> list[int]:
    """Give the ids of the communities that live on a connection; all of them when none does or none is named."""
    everybody = list(await db.scalars(select(Community.id).order_by(Community.id)))
    if not workspace:
        return everybody
    found: set[int] = set()
    for table in (Channel, Account):
        here = select(table.community_id).where(table.platform == platform, table.workspace == workspace)
        found.update(await db.scalars(here.distinct()))
    return sorted(found) or everybody


async def recipients(db: Session, alert: Alert, now: datetime) -> Sequence[Channel | Account]:
    """Choose who is told, in a scoped session: organisers' channels where messages arrive, else organisers' accounts.

    Where the alert says that a connection is dead, it goes to the other platform: its channel, else its accounts.
    """
    dead = {
        (each.platform, each.workspace)
        for each in await db.scalars(select(Connection).where(Connection.dead_reason != ""))
    }
    if alert.kind in EPISODES:
        dead.add((alert.platform, alert.workspace))
    wanted = select(Channel).where(Channel.purpose == "organisers", Channel.reachable).order_by(Channel.id)
    channels = [each for each in await db.scalars(wanted) if (each.platform, each.workspace) not in dead]
    if channels:
        return channels
    chosen: dict[int, Account] = {}
    for role in ("organiser", "admin"):
        for member in [] if chosen else await holders(db, role, now):
            account = _working(member, dead)
            if account is not None:
                chosen[member.id] = account
    return list(chosen.values())


def _working(member: Member, dead: set[tuple[str, str]]) -> Account | None:
    here = [each for each in member.accounts if each.reachable and (each.platform, each.workspace) not in dead]
    return next((each for each in here if each.platform == member.preferred), here[0] if here else None)


async def _occurrence(db: Session, alert: Alert, now: datetime) -> str:
    """Give what makes an alert unique: its connection and the start of its episode; "" when nothing is to be said."""
    where = f"{alert.platform}:{alert.workspace}"[:36]
    fresh = f"{where}:{now:%Y%m%dT%H%M%SZ}"
    if alert.kind in ("behind", "restored"):
        return f"{where}:{alert.reason}"[:60]
    if alert.kind == "strange":
        return f"{where}:{now:%m%dT%H}:{alert.reason}"[:60]
    if alert.kind not in (*EPISODES, *EPISODES.values()):
        return fresh
    began = next(kind for kind, ended in EPISODES.items() if alert.kind in (kind, ended))
    of_it = or_(Campaign.subject == began, Campaign.subject == EPISODES[began])
    query = select(Campaign).where(Campaign.kind == ALERT, of_it, Campaign.occurrence.startswith(f"{where}:"))
    last = (await db.scalars(query.order_by(Campaign.id.desc()).limit(1))).first()
    going_on = last is not None and last.subject == began
    if alert.kind == began:
        return "" if going_on else fresh
    return last.occurrence if last is not None and going_on else ""
