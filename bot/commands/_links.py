"""One-time links: by Telegram's deep link or typed in Slack, a person joins or a member of staff claims their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.commands._database import CommandError, find_community, opened
from storage import audit
from storage.communities import Channel, Connection
from storage.database import Session
from storage.joining import issue_link
from storage.members import GUEST, Account, Member

HOURS = 72
WAITING = ("invited", "pending_consent")
GONE = ("left", "erased", GUEST)


@dataclass(frozen=True, slots=True)
class JoinLinkFor:
    """Be a person's one-time link: `telegram` is None while the bot's name is not known (it is after its start)."""

    member: str
    name: str
    code: str
    telegram: str | None
    slack: str
    expires: str

    def as_json(self) -> dict[str, Any]:
        """Give it for `links --json`."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Give it for people."""
        ways = [f"Telegram: {self.telegram}"] if self.telegram else []
        return [f"{self.member}  {self.name} (once, until {self.expires[:16].replace('T', ' ')} UTC)"] + [
            f"    {each}" for each in (*ways, f"Slack: {self.slack}")
        ]


async def make_links(url: str, now: datetime, people: Sequence[str] = (), community: str = "") -> list[JoinLinkFor]:
    """Make links for the people named by id, or for everybody who has no account or has not agreed yet.

    Raise `CommandError` for an id that is not there; then no link is made.
    """
    async with opened(url) as database, database.write() as db:
        found = await find_community(db, community)
        db.scope(found.id)
        if people:
            members = {each.code: each for each in await db.scalars(select(Member).where(Member.code.in_(people)))}
            unknown = sorted({*people} - {*members})
            gone = sorted(code for code, each in members.items() if each.state in GONE)
            if unknown or gone:
                raise CommandError(f"nobody here has the id {', '.join(unknown or gone)}")
            chosen = [members[code] for code in dict.fromkeys(people)]
        else:
            chosen = await waiting(db)
        return await links_for(db, chosen, now)


async def waiting(db: Session, *, staff: bool = False) -> list[Member]:
    """Give those who have no account yet or have not agreed, in the order of their ids; `staff` narrows to staff."""
    without = Member.id.not_in(select(Account.member_id))
    question = select(Member).where(Member.state.not_in(GONE), without | Member.state.in_(WAITING))
    if staff:
        question = question.where(Member.staff, without)
    return list(await db.scalars(question.order_by(Member.code)))


async def links_for(db: Session, members: Sequence[Member], now: datetime) -> list[JoinLinkFor]:
    """Make a link each in the current transaction, with an audit entry."""
    bots = select(Connection).where(Connection.platform == "telegram", Connection.name != "")
    names = {each.workspace: each.name for each in await db.scalars(bots)}
    own = await db.scalars(select(Channel.workspace).where(Channel.platform == "telegram").order_by(Channel.id))
    # The community's own bot; where it names none, the only one there is. The link works with each of them.
    named = [names[each] for each in own if each in names] or (list(names.values()) if len(names) == 1 else [])
    made = []
    for member in members:
        code = await issue_link(db, member, now, HOURS)
        audit.note(db, now, None, "link_issued", member.code)
        telegram = f"https://t.me/{named[0]}?start={code}" if named else None
        expires = (now + timedelta(hours=HOURS)).isoformat()
        made.append(JoinLinkFor(member.code, member.name, code, telegram, f"/cop join {code}", expires))
    return made
