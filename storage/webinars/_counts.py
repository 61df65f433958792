"""How many have registered, from where: people, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import case, select

from storage.database import Session
from storage.members import GUEST, Member
from storage.webinars._tables import CANCELLED, REGISTERED, WAITING, Registrant, Webinar

WEB = -1
"""Stands for the page among the channels people came from."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Count people, each once. The three last count the registered by what is known of them.

    Channels are named by id; none is a link or a private chat, `WEB` the page.
    """

    registered: int = 0
    waiting: int = 0
    cancelled: int = 0
    attended: int = 0
    members: int = 0
    channels: Mapping[int | None, int] = field(default_factory=dict)
    organisations: Mapping[str, int] = field(default_factory=dict)
    countries: Mapping[str, int] = field(default_factory=dict)


async def counts(db: Session, webinar: Webinar) -> Counts:
    """Count registrations by state, channel, organisation type and country; entries with one e-mail address once."""
    found = await db.execute(
        select(Registrant, Member)
        .outerjoin(Member, Member.id == Registrant.member_id)
        .where(Registrant.webinar_id == webinar.id)
        .order_by(case((Registrant.state == REGISTERED, 0), (Registrant.state == WAITING, 1), else_=2), Registrant.id)
    )
    seen: set[str] = set()
    states: Counter[str] = Counter()
    channels: Counter[int | None] = Counter()
    organisations: Counter[str] = Counter()
    countries: Counter[str] = Counter()
    attended = members = 0
    for row, member in found:
        person = row.email_hash or f"{row.id}"
        if person in seen:
            continue
        seen.add(person)
        states[row.state] += 1
        if row.state != REGISTERED:
            continue
        attended += row.attended_at is not None
        members += member is not None and member.state != GUEST
        channels[WEB if row.channel_id is None and row.token_hash else row.channel_id] += 1
        organisations[row.organisation_type or (member.category if member is not None else "")] += 1
        countries[row.country or (member.country if member is not None else "")] += 1
    return Counts(
        states[REGISTERED], states[WAITING], states[CANCELLED], attended, members, channels, organisations, countries
    )
