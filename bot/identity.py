"""Who is acting, for which community, and how texts are shown to them. Rights hang on the account id alone.

A guest, somebody from outside who registered for a webinar, acts as a stranger: `account` is known, `member` is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import joinedload

from chat.inbound import AnyInbound, Click, Command, Dropped, Said, Started, Submission
from chat.language import known
from chat.text import Reader
from storage.communities import Channel, Community
from storage.database import Session
from storage.deliveries import Campaign
from storage.drafts import FormDraft
from storage.joining import find_link
from storage.meetings import Meeting
from storage.members import GUEST, Account, Member, RoleGrant, acting, roles_of
from storage.webinars import Webinar, of_address


@dataclass(slots=True)
class Who:
    """Be the actor: community, member and account are None as far as they are not known."""

    community: Community | None = None
    member: Member | None = None
    account: Account | None = None
    roles: frozenset[str] = frozenset()

    @property
    def owner(self) -> Member | None:
        """Give whose cards and forms theirs are: the member, or the guest."""
        return self.account.member if self.account is not None else None


# Asked for every act, so it is one statement, built once: accounts in all communities, their members and communities.
_ACTOR = (
    select(Account, Community)
    .join(Community, Community.id == Account.community_id)
    .where(
        Account.platform == bindparam("platform"),
        Account.workspace == bindparam("workspace"),
        Account.user == bindparam("user"),
    )
    .options(joinedload(Account.member).joinedload(Member.accounts))
    .order_by(Account.community_id)
)


# The same for several people at once, and the roles of those found, by member.
_ACTORS = (
    select(Account, Community)
    .join(Community, Community.id == Account.community_id)
    .where(Account.user.in_(bindparam("users", expanding=True)))
    .options(joinedload(Account.member).joinedload(Member.accounts))
)
_ROLES = select(RoleGrant.member_id, RoleGrant.role).where(
    RoleGrant.member_id.in_(bindparam("members", expanding=True)),
    or_(RoleGrant.until.is_(None), RoleGrant.until > bindparam("now")),
    RoleGrant.meeting_id.is_(None),
)


async def find_all(db: Session, inbounds: Sequence[AnyInbound], now: datetime) -> list[Who | None]:
    """Find several actors in an unscoped session by two questions; None for who is not a member of one community.

    Those need more questions, which `find` asks: strangers, and people whose act tells which community is meant.
    Nobody but the actors given stays in the session, where a later question would find them without asking.
    """
    wanted = {(each.by.platform, each.by.workspace, each.by.user) for each in inbounds}
    found: dict[tuple[str, str, str], list[tuple[Account, Community]]] = {}
    for account, community in (await db.execute(_ACTORS, {"users": [user for _, _, user in wanted]})).unique():
        found.setdefault((account.platform, account.workspace, account.user), []).append((account, community))
    public = {(each.by.platform, each.by.workspace, each.by.user) for each in inbounds if _public(each)}
    others = [
        found.pop(key)
        for key in list(found)
        if key not in wanted or key in public or len(found[key]) > 1 or found[key][0][0].member.state == GUEST
    ]
    kept = {account.member for ((account, _),) in found.values()}
    for member in {account.member for actors in others for account, _ in actors} - kept:
        db.expunge(member)
    roles: dict[int, set[str]] = {}
    members = [account.member_id for actors in found.values() for account, _ in actors]
    for member_id, role in await db.execute(_ROLES, {"members": members, "now": now}):
        roles.setdefault(member_id, set()).add(role)
    whos: list[Who | None] = []
    for each in inbounds:
        actors = found.get((each.by.platform, each.by.workspace, each.by.user))
        if actors is None:
            whos.append(None)
            continue
        account, community = actors[0]
        whos.append(Who(community, account.member, account, frozenset(roles.get(account.member_id, ()))))
    return whos


async def find(db: Session, inbound: AnyInbound, now: datetime) -> Who:
    """Find the actor in an unscoped session: by account, and for several communities by the object acted on."""
    by = inbound.by
    values = {"platform": by.platform, "workspace": by.workspace, "user": by.user}
    found = (await db.execute(_ACTOR, values)).unique().all()
    actor = found[0] if found else None
    invited_to = await _community_of_link(db, inbound, now)
    if invited_to is not None:  # a member of another community is a stranger in this one until the link is used
        actor = next((each for each in found if each[1].id == invited_to.id), None)
    elif len(found) > 1:
        meant = await _community_of_object(db, inbound)
        actor = next((each for each in found if each[1].id == meant), actor)
    elif actor is None or actor[0].member.state == GUEST or _public(inbound):
        # who is known in one community only is a stranger in every other one, and what is public is for strangers, too
        meant = await _community_of_object(db, inbound)
        if meant is not None and (actor is None or actor[1].id != meant):
            return Who(community=await db.get(Community, meant))
    if actor is None:
        return Who(community=invited_to or await _first_community(db))
    account, community = actor
    member = acting(account)
    roles = await roles_of(db, member, now) if member is not None else frozenset()
    return Who(community, member, account, roles)


def _public(inbound: AnyInbound) -> bool:
    """Tell whether a press is on a card of a public webinar, which may be another community's."""
    return isinstance(inbound, Click) and inbound.data.startswith("web")


async def _community_of_object(db: Session, inbound: AnyInbound) -> int | None:
    """Give the community of the object a button or form is about; keys are unique over all communities.

    What somebody writes is about the question that is open.
    """
    if isinstance(inbound, Said | Dropped):
        asked: int | None = await db.scalar(
            select(FormDraft.community_id)
            .where(FormDraft.account == inbound.by.id, FormDraft.asked.not_in(("", "?")))
            .order_by(FormDraft.touched_at.desc(), FormDraft.id.desc())
            .limit(1)
        )
        if asked is not None:
            return asked
    keys = [inbound.draft] if isinstance(inbound, Submission) else []
    if isinstance(inbound, Click) and inbound.press:  # the language buttons of a consent card name the member second
        keys = [inbound.press.key, inbound.press.rev]
    for key in filter(None, keys):
        for table in (Meeting, Campaign, FormDraft, Member, Webinar):
            found: int | None = await db.scalar(select(table.community_id).where(table.key == key))
            if found is not None:
                return found
    return await _community_of_channel(db, inbound)


async def _community_of_link(db: Session, inbound: AnyInbound, now: datetime) -> Community | None:
    """Give the community a one-time link or typed code invites to, or that of the webinar a link leads to."""
    code = ""
    if isinstance(inbound, Started):
        code = inbound.payload
        if (shown := await of_address(db, code)) is not None:
            return await db.get(Community, shown)
    elif isinstance(inbound, Command | Said):
        words = (inbound.words if isinstance(inbound, Command) else inbound.text).split()
        code = words[-1] if len(words) > 1 else ""
    link = await find_link(db, code, now) if code else None
    return await db.get(Community, link.community_id) if link else None


async def _first_community(db: Session) -> Community | None:
    """Give the installation's first community."""
    found: Community | None = await db.scalar(select(Community).order_by(Community.id).limit(1))
    return found


async def _community_of_channel(db: Session, inbound: AnyInbound) -> int | None:
    """Give the community of the channel something was said or pressed in."""
    where = inbound.where
    found: int | None = await db.scalar(
        select(Channel.community_id)
        .where(Channel.platform == where.platform, Channel.workspace == where.workspace, Channel.chat == where.chat)
        .limit(1)
    )
    return found


def reader(who: Who, inbound: AnyInbound, pattern: str) -> Reader:
    """Give the actor's way of reading: answers to a person are always in their language and zone."""
    if who.member is not None:
        return Reader(who.member.language, who.member.zone, who.member.country, False, pattern)
    if who.account is not None:  # a guest
        guest = who.account.member
        return Reader(guest.language, guest.zone, guest.country, False, pattern)
    zone = who.community.zone if who.community else "UTC"
    return Reader(known(inbound.by.language), zone, "", False, pattern)
