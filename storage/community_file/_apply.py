"""Take a community file into the database: one transaction, by ids, nothing is ever deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from storage.communities import Channel, Community
from storage.community_file._apply_meeting import take_in_meeting
from storage.community_file._connections import take_in_connections
from storage.community_file._merge import Merge
from storage.community_file._report import Change, Refused, Report
from storage.community_file._shape import CommunityEntry, CommunityFile, PersonEntry
from storage.community_file._webinars import take_in_webinar
from storage.database import Session
from storage.members import (
    AccountTaken,
    Member,
    Organisation,
    RoleGrant,
    bind,
    give_consent,
)

__all__ = ["Change", "Refused", "Report", "take_in"]
FROM_FILE = "community file"
"""Version of the text that people whose agreement the file states have agreed to."""


async def take_in(db: Session, file: CommunityFile, now: datetime) -> Report:
    """Bring the database in step with a file, in an unscoped session that is scoped to the community afterwards.

    Replies, states and whatever people changed in chat stay. Raise `Refused` if an account belongs to somebody else.
    """
    report = Report()
    community = await db.scalar(select(Community).where(Community.key == file.community.key))
    new = community is None
    if community is None:
        community = Community(key=file.community.key, name=file.community.name, zone=file.community.zone)
        db.add(community)
        await db.flush()
    report.community_id = community.id
    db.scope(community.id)
    merge = await Merge.begin(db, report)
    _community(merge, community, file.community, new)
    await take_in_connections(db, merge, file)
    await _channels(db, merge, file)
    await _people(db, merge, file, now)
    members = {each.code: each for each in await db.scalars(select(Member))}
    for meeting in file.meetings:
        await take_in_meeting(db, merge, meeting, members)
    for webinar in file.webinars:
        await take_in_webinar(db, merge, webinar, members, now)
    merge.left_over(("channel", "member", "meeting", "webinar") if not new else ())
    await merge.forget()
    await db.flush()
    return report


def _community(merge: Merge, row: Community, entry: CommunityEntry, new: bool) -> None:
    values: dict[str, Any] = {
        name: getattr(entry, name)
        for name in (
            "name", "zone", "language", "organiser_contact", "controller_name", "privacy_link", "public_contact",
        )
    }  # fmt: skip
    news = merge.news("community", entry.key, values | entry.settings)
    changed = merge.assign(row, {name: value for name, value in news.items() if name in values})
    current = row.settings or {}
    settings = {name: value for name, value in news.items() if name not in values and current.get(name) != value}
    if settings:
        row.settings = {**current, **settings}
        changed += sorted(settings)
    merge.done("community", entry.key, values | entry.settings, added=new, changed=changed)


async def _channels(db: Session, merge: Merge, file: CommunityFile) -> None:
    known = {(each.platform, each.workspace, each.chat): each for each in await db.scalars(select(Channel))}
    for entry in file.channels:
        place = (entry.platform, entry.workspace, entry.chat)
        code = ":".join(place)
        values = {"purpose": entry.purpose, "title": entry.title, "language": entry.language}
        row = known.get(place)
        if row is None:
            db.add(Channel(platform=entry.platform, workspace=entry.workspace, chat=entry.chat, **values))
        changed = merge.assign(row, merge.news("channel", code, values)) if row else []
        merge.done("channel", code, values, added=row is None, changed=changed)


async def _people(db: Session, merge: Merge, file: CommunityFile, now: datetime) -> None:
    members = {each.code: each for each in await db.scalars(select(Member))}
    organisations = {each.name: each for each in await db.scalars(select(Organisation))}
    grants: dict[int, set[str]] = {}
    for grant in await db.scalars(select(RoleGrant).where(RoleGrant.meeting_id.is_(None))):
        grants.setdefault(grant.member_id, set()).add(grant.role)
    for entry in file.people:
        if entry.organisation and entry.organisation not in organisations:
            made = organisations[entry.organisation] = Organisation(name=entry.organisation, country=entry.country)
            db.add(made)
    await db.flush()
    for entry in file.people:
        row = members.get(entry.id)
        organisation = organisations.get(entry.organisation)
        await _person(db, merge, entry, row, organisation, grants, now)


async def _person(
    db: Session,
    merge: Merge,
    entry: PersonEntry,
    row: Member | None,
    organisation: Organisation | None,
    grants: dict[int, set[str]],
    now: datetime,
) -> None:
    values: dict[str, Any] = {
        name: getattr(entry, name) for name in ("name", "staff", "category", "country", "zone", "language", "weekend")
    }
    values["organisation_id"] = organisation.id if organisation else None
    more = {
        "roles": entry.roles,
        "accounts": tuple(f"{each.platform}:{each.workspace}:{each.user}" for each in entry.accounts),
        "consented": entry.consented,
    }
    news = merge.news("member", entry.id, values | more)
    added, changed = row is None, list[str]()
    if row is None:
        row = Member(code=entry.id, state="invited", accounts=[], **values)
        db.add(row)
        await db.flush()
    elif row.state in ("left", "erased"):
        merge.report.notes.append(f"{entry.id} has {row.state}; nothing was changed")
        merge.done("member", entry.id, values | more, added=False, changed=[])
        return
    else:
        changed = merge.assign(row, {name: value for name, value in news.items() if name in values})
    if "roles" in news:
        changed += await _roles(db, merge, entry, row, grants.get(row.id, set()))
    if "accounts" in news:
        changed += await _accounts(db, row, entry)
    agreed = entry.consented and row.accounts and row.state in ("invited", "pending_consent")
    if agreed and (news.keys() & more.keys()):
        give_consent(db, row, now, FROM_FILE)
        changed += [] if added else ["consent recorded"]
    if not row.accounts:
        merge.report.notes.append(f"{entry.id} has no account yet; `convenor links --for {entry.id}` makes a join link")
    merge.done("member", entry.id, values | more, added=added, changed=changed)


async def _roles(db: Session, merge: Merge, entry: PersonEntry, row: Member, held: set[str]) -> list[str]:
    """Grant the roles of the file, and take back those it gave before; roles given in chat stay."""
    before = set(merge.before("member", entry.id).get("roles", ()))
    gone = sorted((before - set(entry.roles)) & held)
    new = [role for role in entry.roles if role not in held]
    for role in new:
        db.add(RoleGrant(member_id=row.id, role=role))
    if gone:
        taken = select(RoleGrant).where(
            RoleGrant.member_id == row.id, RoleGrant.role.in_(gone), RoleGrant.meeting_id.is_(None)
        )
        for grant in await db.scalars(taken):
            await db.delete(grant)
    return [f"role {role} granted" for role in new] + [f"role {role} taken back" for role in gone]


async def _accounts(db: Session, row: Member, entry: PersonEntry) -> list[str]:
    known = {(each.platform, each.workspace, each.user) for each in row.accounts}
    changed = []
    for each in entry.accounts:
        if (each.platform, each.workspace, each.user) in known:
            continue
        try:
            await bind(db, row, each.platform, each.workspace, each.user, "")
        except AccountTaken:
            raise Refused(
                f"{entry.id}: the {each.platform} account {each.user} belongs to another person of this community"
            ) from None
        changed.append(f"{each.platform} account {each.user}")
    return changed
