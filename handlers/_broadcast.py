"""Sends that are about no meeting: who gets it and when, shown first, confirmed, held for two minutes, then sent.

One mechanism for memos, publications, webinars and announcements: a feature describes a `Broadcast` and registers a
`Sending`; the buttons stand in `handlers/broadcasts.py`, from the confirmation on `handlers/_sends.py` draws it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select

from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Card, Edit, Toast
from chat.text import Bold, Italic, LanguageName, Text, When, say
from handlers import _quota, _send_notices, _sending, _sends
from handlers._feature import Answers, Context
from handlers._planning import GONE, HOLD, Recipient
from handlers._reminding import no_send_dates
from handlers._sending import Broadcast, Sending, by_letter, register
from handlers._sends import listed, platform_name, reason
from scheduler import delivery, quiet, timers
from storage import audit
from storage.communities import own_community
from storage.database import Session
from storage.deliveries import Campaign
from storage.members import Member

COUNT_FROM = 50
"""From so many people on the number is typed before anything is sent (conversation, settled point a)."""
PAGE = 10
NAMES = 200
"""More names than this are not listed in chat (conversation §4.1)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Be a send as it would happen now."""

    letter: str
    broadcast: Broadcast
    everybody: tuple[Recipient, ...]
    first: datetime
    last: datetime
    zone: str

    @property
    def reached(self) -> tuple[Recipient, ...]:
        """Give those who would get it, some of them in a digest."""
        return tuple(each for each in self.everybody if not each.reason)

    @property
    def empty(self) -> bool:
        """Tell whether nobody would get anything."""
        return not self.reached and not self.broadcast.channels

    @property
    def must_type(self) -> bool:
        """Tell whether the number of people is typed before it is sent."""
        return bool(self.reached) and (self.broadcast.count or len(self.reached) >= COUNT_FROM)

    def digest(self, minute: int) -> str:
        """Give 16 hexadecimal characters that stand for everything the preview says, and for when it was made."""
        it = self.broadcast
        parts: list[object] = [
            it.kind, it.subject, it.occurrence, minute, it.at, it.expires, repr(it.sample.lines),
            *map(repr, it.stands_for),
            *((each.id, each.chat) for each in it.channels),
            *((each.member.id, each.platform, each.reason, each.due.date(), each.digest) for each in self.everybody),
        ]  # fmt: skip
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


async def build(db: Session, sending: Sending, subject: str, now: datetime) -> Plan:
    """Work out who would get a send, and when. Raise `UserError` when nothing may be sent."""
    return await _planned(db, sending.letter, await sending.build(db, subject, now), now)


async def _planned(db: Session, letter: str, broadcast: Broadcast, now: datetime) -> Plan:
    no_send = await no_send_dates(db) if broadcast.people else frozenset()
    people = [_recipient(each, broadcast, now, no_send) for each in broadcast.people]
    if broadcast.capped:
        over = await _quota.surplus(db, broadcast.kind, [(each.member, each.due) for each in people if not each.reason])
        people = [replace(each, digest=True) if each.member.id in over else each for each in people]
    soonest = max(broadcast.at or now, now + HOLD)
    dues = [each.due for each in people if not each.reason] + ([soonest] if broadcast.channels else [])
    zone = (await own_community(db)).zone
    return Plan(letter, broadcast, tuple(people), min(dues, default=soonest), max(dues, default=soonest), zone)


def _recipient(member: Member, broadcast: Broadcast, now: datetime, no_send: frozenset[date]) -> Recipient:
    soonest = max(broadcast.at or now, now + HOLD)
    due = quiet.next_allowed(member, soonest, no_send)
    if broadcast.bulk:
        slot = max(quiet.bulk_slot(member, max(broadcast.at or now, now), no_send), soonest)
        due = slot if broadcast.expires is None or slot < broadcast.expires else due
    platform, why = delivery.way(member, due)
    late = broadcast.expires is not None and due >= broadcast.expires
    return Recipient(member, platform, due, why or ("too_late" if late else ""))


async def plan(
    db: Session,
    broadcast: Broadcast,
    now: datetime,
    *,
    by: Member | None = None,
    hold: timedelta = timedelta(0),
    digest: str = "",
) -> Campaign:
    """Write a send that a timer starts: no preview, no confirmation; what is over the cap goes into digests."""
    return await carry_out(db, await _planned(db, "", broadcast, now), now, by=by, hold=hold, digest=digest)


async def carry_out(
    db: Session,
    made: Plan,
    now: datetime,
    *,
    by: Member | None = None,
    hold: timedelta = timedelta(0),
    digest: str = "",
) -> Campaign:
    """Write the rows for everybody, held until the first message is due so that it can be undone."""
    it, late = made.broadcast, made.broadcast.expires
    shown = [delivery.To(channel=each, due=max(it.at or now, now + hold), expires=late) for each in it.channels]
    people = [delivery.To(member=each.member, due=each.due, expires=late) for each in made.everybody if not each.digest]
    digested = [each for each in made.everybody if each.digest and not each.reason]
    await _quota.put_off(db, it.kind, [delivery.To(member=each.member, due=each.due) for each in digested], now)
    apart = bool(shown and people and it.channel_kind and it.channel_kind != it.kind)
    along: list[str] = []
    if apart:
        beside = await delivery.plan(
            db, kind=it.channel_kind, subject=it.subject, occurrence=it.occurrence, to=shown, now=now, by=by, hold=hold,
            details=dict(it.details),
        )  # fmt: skip
        along.append(beside.key)
    campaign = await delivery.plan(
        db,
        kind=it.kind if people or not it.channel_kind else it.channel_kind,
        subject=it.subject,
        occurrence=it.occurrence,
        to=people if apart else [*people, *shown],
        now=now,
        by=by,
        hold=hold,
        details={**it.details, "with": along, "digest": [each.member.id for each in digested]},
        content_hash=digest,
    )
    await _send_notices.watch(db, campaign, now)
    return campaign


async def standing(db: Session, sending: Sending, subject: str, digest: str) -> Campaign | None:
    """Give the send that was already confirmed by this very preview."""
    found = await db.scalars(
        select(Campaign)
        .where(Campaign.kind.in_(sending.kinds), Campaign.subject == subject, Campaign.content_hash == digest)
        .where(Campaign.state.not_in(GONE))
        .limit(1)
    )
    return found.one_or_none()


async def preview(ctx: Context, letter: str, subject: str) -> Message:
    """Draw the card that comes before a send. Raise `UserError` when nothing may be sent."""
    sending = by_letter(letter)
    if sending is None:
        raise LookupError(f"no send has the letter {letter!r}")
    return card(await build(ctx.db, sending, subject, ctx.now), ctx.now)


def preview_button(label: str, letter: str, subject: str) -> Button:
    """Make the button that opens a preview; its label is the catalogue key `b_<label>`."""
    return button(label, "bprev", subject, "", letter, "primary")


def card(made: Plan, now: datetime) -> Message:
    """Draw who, where, when, in which languages, who cannot be reached, and what they get."""
    it = made.broadcast
    lines: list[Text] = [Bold(it.title), *(_people(made) if it.people else [])]
    if it.channels:
        names = listed([f"{each.title or each.chat} ({platform_name(each.platform)})" for each in it.channels])
        lines.append(say("br_channels", channels=names))
    if not it.people and it.channels:
        lines.append(say("m_all_at", first=When(made.first, made.zone)))
    lines += it.warnings
    if made.empty:
        lines.append(say("m_nobody"))
        return Message(tuple(lines), rows(row(it.back)), protect=it.sample.protect)
    lines += [say("m_they_get"), *(Italic(each) for each in it.sample.lines)]
    minute = int(now.timestamp() // 60)
    label: Text = say("b_send_n", n=str(len(made.reached))) if made.reached else say("b_send")
    press = Press("bsend", it.subject, "", f"{made.letter}.{made.digest(minute)}.{minute}")
    return Message(
        tuple(lines),
        rows(
            row(
                button("test_me", "btest", it.subject, "", made.letter),
                button("who", "bwho", it.subject, "0", made.letter) if it.people else None,
                it.back,
            ),
            row(Button(label, press, "primary"), button("cancel_form", "bdrop", it.subject, "", made.letter)),
        ),
        (say("m_confirm_within"),),
        protect=it.sample.protect,
    )


def _people(made: Plan) -> list[Text]:
    lines: list[Text] = []
    reached = made.reached
    if reached:
        platforms = Counter(each.platform for each in reached)
        numbers = ", ".join(f"{n} {platform_name(name)}" for name, n in sorted(platforms.items()))
        lines.append(say("m_people", n=len(reached), platforms=numbers))
        tongues = Counter(each.member.language for each in reached).most_common()
        lines.append(say("m_languages", languages=listed([(LanguageName(code), f" {n}") for code, n in tongues])))
        first, last = When(made.first, made.zone), When(made.last, made.zone)
        one = made.first == made.last
        lines.append(say("m_all_at", first=first) if one else say("m_first_last", first=first, last=last))
    if digested := sum(each.digest for each in reached):
        lines.append(say("sc_in_digest", n=digested))
    why = Counter(each.reason for each in made.everybody if each.reason)
    reasons = listed([(reason(word), f" {n}") for word, n in why.most_common()])
    lines.append(say("m_not_reached", n=sum(why.values()), reasons=reasons) if why else say("m_all_reached"))
    return lines


async def undo(ctx: Context, campaign: Campaign) -> Answers:
    """Take a send back before its first message leaves; its feature changes the truth back."""
    note = say("m_undone")
    if campaign.state != "cancelled":
        if await delivery.undo(ctx.db, campaign, ctx.now):
            for along in (await _sends.family(ctx.db, campaign))[1:]:
                await delivery.undo(ctx.db, along, ctx.now)
            await timers.cancel(ctx.db, _send_notices.TIMER, campaign.key)
            await undone(ctx, campaign)
            audit.note(ctx.db, ctx.now, ctx.me.id, f"undo_{campaign.kind}", campaign.key)
            await ctx.db.flush()
        else:
            note = say("m_undo_late") if campaign.state == "sending" else say("t_stale")
    return [await progress(ctx, campaign), Toast(note)]


async def undone(ctx: Context, campaign: Campaign) -> None:
    """Tell the feature that one of its sends was undone or taken back; nothing for other kinds."""
    sending = _sending.of(campaign.kind)
    if sending is not None:
        await sending.undone(ctx.db, campaign, ctx.me, ctx.now)


async def progress(ctx: Context, campaign: Campaign) -> Edit:
    """Turn the preview into the card of the send."""
    return Edit(await _sends.draw(ctx.db, campaign, ctx.now, ctx.me), Card("progress", campaign.key))


def names(made: Plan, page: int) -> Message:
    """List who would get it and when, ten a page; who would not, with the reason. Private chats only."""
    people = sorted(made.everybody, key=lambda each: (bool(each.reason), each.due, each.member.name))
    lines: list[Text] = [Bold(made.broadcast.title)]
    if len(people) > NAMES:
        lines.append(say("m_too_many", n=len(people)))
        people = []
    page = min(page, max(len(people) - 1, 0) // PAGE)
    for number, each in enumerate(people[page * PAGE : (page + 1) * PAGE], page * PAGE + 1):
        fate: Iterable[Text] = (platform_name(each.platform), " · ", When(each.due, made.zone))
        fate = [reason(each.reason)] if each.reason else fate
        lines.append((f"{number}. ", each.member.name, " · ", *fate))
    subject, letter = made.broadcast.subject, made.letter
    navigation = row(
        button("back", "bwho", subject, page - 1, letter) if page else None,
        button("next", "bwho", subject, page + 1, letter) if len(people) > (page + 1) * PAGE else None,
        preview_button("preview", letter, subject),
    )
    return Message(tuple(lines), rows(navigation))


__all__ = [
    "Broadcast", "Plan", "Sending", "build", "by_letter", "card", "carry_out", "names", "plan", "preview",
    "preview_button", "progress", "register", "standing", "undo", "undone",
]  # fmt: skip
