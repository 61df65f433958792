"""Carrying out a change of an announced meeting: everything of it in one transaction, and one message to each.

A confirmed change is a held campaign without rows; `begin` sets the timer that carries it out when the time to undo
is over (docs/decisions/0013). Until then the meeting is as before, so that undoing it leaves no trace.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select

from chat.outbound import Invalid
from handlers import _announcing, _meeting_values, _reminding, _send_notices, _waiting
from handlers._cards import PRIVATE, PUBLIC
from handlers._delegating import ASK, BACK
from handlers._delegating import HELD as HANDED
from handlers._meeting_fields import NOT_ANNOUNCED
from handlers._reminding import no_send_dates
from scheduler import cards, delivery, quiet, timers
from storage import audit, changes, delegations
from storage.database import Session
from storage.deliveries import Campaign
from storage.meetings import Invitation, Meeting
from storage.members import Member
from storage.members import by_key as member_by_key
from storage.states import turn

HOLD = timedelta(minutes=2)
"""How long a confirmed change can be undone; then it takes effect (conversation, settled point a)."""
URGENT = timedelta(hours=24)
"""Nearer to the start than this a move or a cancellation is told at once, also at night (domain 3.2)."""
BEFORE_START = timedelta(hours=2)
RECONFIRM_AFTER = timedelta(days=3)
CLOSING = timedelta(days=2)
"""How long people may still reply when the moved deadline would have passed."""
KEPT = ("invitation", "meeting_card", "waitlist_offer")
"""Messages that still hold after a move: they are drawn when they leave, with the new time."""
ACTS = {"reschedule": "move_meeting", "place_change": "edit_meeting", "cancellation": "cancel_meeting"}
HANDED_OVER = (HANDED, ASK, BACK)
"""Cards of delegates and of those whose seat they take, with the key of the delegation."""
COMING = ("yes", "reconfirm")
TIMER, RECONFIRM = "change", "reconfirm"
OPEN = ("inviting", "closed")
"""States in which people know of a meeting and it has not begun."""


@dataclass(frozen=True, slots=True)
class Change:
    """Be one change: `values` are clean form values, of `place_change` only those that differ; `tell` their names."""

    kind: str
    values: Mapping[str, str]
    tell: tuple[str, ...] = ()

    @property
    def start(self) -> datetime:
        """Give the new start of a move."""
        return datetime.fromisoformat(self.values["start"])

    @property
    def end(self) -> datetime:
        """Give the new end of a move."""
        return self.start + timedelta(minutes=int(self.values["length"]))

    @property
    def asks(self) -> bool:
        """Tell whether a move asks everybody who said yes again."""
        return self.kind == "reschedule" and self.values.get("ask") != "no"


@dataclass(frozen=True, slots=True)
class Told:
    """Be one person who would be told: their reply, on which platform and when; `reason` says why not."""

    member: Member
    reply: str
    platform: str
    due: datetime
    reason: str = ""


def reached(told: Sequence[Told]) -> list[Told]:
    """Give those who can be told."""
    return [each for each in told if not each.reason]


def platforms(told: Sequence[Told]) -> Counter[str]:
    """Count those who can be told by platform."""
    return Counter(each.platform for each in reached(told))


async def people(db: Session, meeting: Meeting, change: Change, now: datetime) -> list[Told]:
    """Give everybody whom a change concerns: a move all invited, a cancellation all but those who said no.

    A new place concerns those who come or may come; the way in, which only they get, those who come.
    """
    if meeting.state in NOT_ANNOUNCED:
        return []
    no_send = await no_send_dates(db)
    first = min(meeting.starts_at, change.start) if change.kind == "reschedule" else meeting.starts_at
    urgent = change.kind != "place_change" and first - now < URGENT
    found = await changes.invited(db, meeting)
    return [
        _told(member, invitation, now, None if urgent else first, no_send, change.kind)
        for member, invitation in found
        if _concerned(change, invitation)
    ]


def _concerned(change: Change, invitation: Invitation) -> bool:
    match change.kind:
        case "reschedule":
            return True
        case "cancellation":
            return invitation.reply not in ("no", "refused")
    return invitation.reply in COMING or (invitation.reply == "maybe" and "place" in change.tell)


def _told(
    member: Member,
    invitation: Invitation,
    now: datetime,
    first: datetime | None,
    no_send: frozenset[date],
    kind: str,
) -> Told:
    due, coming = now, invitation.reply in COMING and kind in delivery.EVEN_PAUSED
    if first is not None:
        due = quiet.next_allowed(member, now, no_send)
        if due > first - BEFORE_START:
            due = now
    platform, reason = delivery.way(member, due, even_paused=coming)
    return Told(member, invitation.reply, platform, due, reason)


def digest(meeting: Meeting, change: Change, told: Sequence[Told], minute: int) -> str:
    """Give 16 hexadecimal characters that stand for all a preview says and for when it was made."""
    parts = [
        minute, meeting.key, meeting.revision, meeting.state, sorted(_meeting_values.stands(meeting).items()),
        change.kind, sorted(change.values.items()), change.tell,
        *((each.member.id, each.platform, each.reason) for each in told),
    ]  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


async def begin(
    db: Session, meeting: Meeting, change: Change, told: Sequence[Told], content: str, by: Member, now: datetime
) -> Campaign | None:
    """Take a confirmed change: it takes effect after `HOLD`; at once if nobody is to be told or the start is near.

    Give the campaign that tells people, None if there is nobody. The caller holds the meeting's row.
    """
    if not told or meeting.starts_at <= now + HOLD + timedelta(minutes=1):
        return await carry_out(db, meeting, change, None, by, now)
    campaign = await delivery.plan(
        db, kind=change.kind, subject=meeting.key, occurrence=await _occurrence(db, meeting, change.kind), to=[],
        now=now, by=by, hold=HOLD, details=_details(meeting, change), content_hash=content,
    )  # fmt: skip
    await timers.call_at(db, TIMER, campaign.key, now + HOLD)
    return campaign


def _to(told: Told, kind: str, expires: datetime | None) -> delivery.To:
    """Name a recipient; who comes and has paused messages hears of a new date or a cancellation (conversation §2)."""
    even = told.reply in COMING and kind in delivery.EVEN_PAUSED
    return delivery.To(member=told.member, due=told.due, expires=expires, even_paused=even)


async def carry_out(
    db: Session, meeting: Meeting, change: Change, campaign: Campaign | None, by: Member | None, now: datetime
) -> Campaign | None:
    """Let a change take effect now and plan what people are told; give the campaign, None if there is nobody to tell.

    Raise `ValueError` if the change no longer fits the meeting.
    """
    told = await people(db, meeting, change, now)
    details = _details(meeting, change)
    if by is not None:
        meeting.changed_by = by.id
    match change.kind:
        case "reschedule":
            await _move(db, meeting, change, now)
        case "cancellation":
            await _cancel(db, meeting, change)
        case _:
            await apply_values(db, meeting, change.values, now)
    audit.note(db, now, by.id if by else None, ACTS[change.kind], meeting.key)
    await db.flush()
    if told:
        expires = details_end(change, meeting)
        campaign = await delivery.plan(
            db, kind=change.kind, subject=meeting.key,
            occurrence=campaign.occurrence if campaign else await _occurrence(db, meeting, change.kind),
            to=[_to(each, change.kind, expires) for each in told],
            now=now, by=by, details=details, content_hash=campaign.content_hash if campaign else "",
        )  # fmt: skip
        await _send_notices.watch(db, campaign, now)
        await cards.touch(db, [delivery.PROGRESS], campaign.key)
    if change.kind != "place_change":
        await _post_line(db, meeting, now)
    await cards.touch(db, (*PRIVATE, *PUBLIC), meeting.key)
    for key in await delegations.keys_of(db, meeting):
        await cards.touch(db, HANDED_OVER, key)
    await settle(db, meeting, now)
    return campaign


def details_end(change: Change, meeting: Meeting) -> datetime:
    """Give the moment after which telling people is pointless: the start, of a cancellation the end."""
    return meeting.ends_at if change.kind == "cancellation" else meeting.starts_at


def _details(meeting: Meeting, change: Change) -> dict[str, object]:
    return {
        "revision": meeting.revision, "from": meeting.starts_at.isoformat(), "change": dict(change.values),
        "tell": list(change.tell),
    }  # fmt: skip


async def _occurrence(db: Session, meeting: Meeting, kind: str) -> str:
    before = select(func.count()).where(Campaign.kind == kind, Campaign.subject == meeting.key)
    return f"r{meeting.revision}-{(await db.scalar(before) or 0) + 1}"


async def _move(db: Session, meeting: Meeting, change: Change, now: datetime) -> None:
    old, told = meeting.starts_at, meeting.state not in NOT_ANNOUNCED
    meeting.starts_at, meeting.ends_at = change.start, change.end
    meeting.rsvp_deadline = moved_deadline(meeting.rsvp_deadline, old, change.start, now)
    if meeting.online_deadline is not None:
        meeting.online_deadline = moved_deadline(meeting.online_deadline, old, change.start, now)
    for field, column in (("place", "place"), ("link", "join_link")):
        if field in change.values:
            setattr(meeting, column, change.values[field])
    if not told:
        await _reminding.arm(db, meeting)
        return
    meeting.revision += 1
    meeting.details = {
        **meeting.details, "moved_from": old.astimezone(UTC).isoformat(), "reason": change.values.get("reason", ""),
        "moved_revision": meeting.revision,
    }  # fmt: skip
    await reopen_replies(db, meeting, now)
    again = await changes.ask_again(db, meeting, now) if change.asks else 0
    await _call_off(db, meeting, "moved", KEPT)
    await changes.extend(db, meeting.key, ("invitation", "meeting_card"), meeting.starts_at)
    await _reminding.disarm(db, meeting)
    await _reminding.arm(db, meeting)
    await _announcing.follow(db, meeting, now)
    dates = await _reminding.calendar(db, meeting)
    for each in dates.alive:  # what lies behind us at the new time is not made up for: the move has just been told
        if dates.nominal(each) <= now:
            await timers.cancel(db, "reminder", meeting.key, each.key)
    await timers.cancel(db, RECONFIRM, meeting.key)
    if again and now + RECONFIRM_AFTER < meeting.starts_at:
        await timers.call_at(db, RECONFIRM, meeting.key, now + RECONFIRM_AFTER, not_after=meeting.starts_at)


async def reopen_replies(db: Session, meeting: Meeting, now: datetime) -> None:
    """Take replies again when a deadline that had passed was moved."""
    last = max(meeting.rsvp_deadline, meeting.online_deadline or meeting.rsvp_deadline)
    if meeting.state == "closed" and last > now:
        await turn(db, meeting, "inviting")
    await db.flush()


def moved_deadline(deadline: datetime, old: datetime, new: datetime, now: datetime) -> datetime:
    """Move a deadline by the distance the meeting moves; one that would have passed closes soon instead.

    It is never after the new start: it was before the old one.
    """
    moved = deadline + (new - old)
    return moved if moved > now else min(now + CLOSING, now + (new - now) / 2)


async def _cancel(db: Session, meeting: Meeting, change: Change) -> None:
    await turn(db, meeting, "cancelled")
    meeting.revision += 1
    meeting.details = {**meeting.details, "reason": change.values.get("reason", "")}
    await db.flush()
    await _reminding.disarm(db, meeting)
    await timers.cancel(db, RECONFIRM, meeting.key)
    await _call_off(db, meeting, "cancelled")


async def apply_values(db: Session, meeting: Meeting, values: Mapping[str, str], now: datetime) -> None:
    """Write changed values of the form into a meeting. Raise `ValueError` if they do not fit what is there by now."""
    mine = await changes.moderator(db, meeting)
    before = _meeting_values.stands(meeting, mine.key if mine else "")
    after = {**before, **values}
    fields = _meeting_values.read(after, now, ahead=False)
    if isinstance(fields, Invalid):
        raise ValueError("the values do not fit")
    details = {**meeting.details, **fields.pop("details")}
    for name, value in fields.items():
        setattr(meeting, name, value)
    meeting.details = {name: value for name, value in details.items() if value}
    if meeting.state == "draft":
        await turn(db, meeting, "scheduled")
    elif meeting.state not in NOT_ANNOUNCED:
        meeting.revision += bool({"place", "link"} & set(_meeting_values.changed(before, after)))
    if after["moderator"] != before["moderator"]:
        named = await member_by_key(db, after["moderator"]) if after["moderator"] else None
        await changes.name_moderator(db, meeting, named)
    await db.flush()


async def _call_off(db: Session, meeting: Meeting, reason: str, keep: Sequence[str] = ()) -> None:
    for key in await changes.call_off(db, meeting.key, reason, keep):
        await cards.touch(db, [delivery.PROGRESS], key)


async def _post_line(db: Session, meeting: Meeting, now: datetime) -> None:
    """Tell the channels in which the card stands, once, in one line."""
    found = await changes.channels_with_card(db, meeting.key)
    if found and meeting.state not in NOT_ANNOUNCED:
        await delivery.plan(
            db, kind="meeting_line", subject=meeting.key, occurrence=f"r{meeting.revision}",
            to=[delivery.To(channel=each, due=now, expires=now + URGENT) for each in found], now=now,
        )  # fmt: skip


async def settle(db: Session, meeting: Meeting, now: datetime) -> None:
    """Let those who wait have what is free after a change of time or capacity."""
    if meeting.state in ("inviting", "closed"):
        await _waiting.settle(db, meeting, now)
