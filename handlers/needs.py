"""Needs for a meeting in person: told with a consent of their own, seen by organisers alone (domain 3.1, 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from chat.errors import UserError
from chat.form import Form
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Reply
from chat.text import Bold, Text, say
from handlers import _needing
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._meetings import about, pressed
from handlers._welcome import go, turn
from storage import audit, invitations, needs
from storage.database import Session
from storage.meetings import INVITED, Invitation, Meeting
from storage.members import Member
from storage.needs import Given

feature = Feature("needs")

PAGE = 10
ROOM = ("in_person", "hybrid")


@feature.click("needs")
async def tell(ctx: Context, press: Press) -> Answers:
    """Open the form, or do what one of its buttons says; who has told already chooses what to change."""
    meeting = await pressed(ctx, press.key)
    if press.arg == "delete":  # at any time, also by somebody who does not come any more
        await needs.forget(ctx.db, meeting, ctx.me)
        return [_answer(ctx, _done(meeting, "nd_deleted"))]
    await _check(ctx, meeting)
    told = await needs.find(ctx.db, meeting, ctx.me)
    if press.arg == "none":
        if told is None:
            await needs.save(ctx.db, meeting, ctx.me, Given(), ctx.now)
        return [_answer(ctx, _done(meeting, "nd_nothing"))]
    if press.arg in _needing.TEXTS:
        return [Ask("needtext", f"{meeting.key}.{press.arg}")]
    if press.arg == "ask" and told is None:
        return [_answer(ctx, _asking(meeting))]
    if told is not None and press.arg != "form":
        return [_answer(ctx, _needing.card(meeting, "nd_told", whole=_whole(ctx)))]
    return [Ask("needs", meeting.key)]


@feature.form("needs")
async def form(ctx: Context, subject: str) -> Form:
    """Build the form of a meeting; what was told before is never filled in."""
    return _needing.whole_form(await pressed(ctx, subject))


@feature.submission("needs")
async def told(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Keep the answers of somebody who agreed to it."""
    meeting = await pressed(ctx, subject)
    await _check(ctx, meeting)
    if values.get("consent") != _needing.YES:
        raise UserError(say("nd_first"))
    await needs.save(ctx.db, meeting, ctx.me, _needing.given(values), ctx.now)
    return [_answer(ctx, _needing.card(meeting, "nd_saved", whole=_whole(ctx)))]


@feature.form("needtext")
async def text_form(ctx: Context, subject: str) -> Form:
    """Build the form of one answer in own words; its subject is `meeting.field`."""
    key, _, name = subject.partition(".")
    await pressed(ctx, key)
    if name not in _needing.TEXTS:
        raise UserError(say("e_gone"))
    return _needing.text_form(name)


@feature.submission("needtext")
async def told_text(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Keep one answer in own words; the consent was given with the others."""
    key, _, name = subject.partition(".")
    meeting = await pressed(ctx, key)
    await _check(ctx, meeting)
    if await needs.find(ctx.db, meeting, ctx.me) is None:
        raise UserError(say("nd_first"))
    await needs.save(ctx.db, meeting, ctx.me, _needing.given({name: values[name]}), ctx.now)
    return [_answer(ctx, _needing.card(meeting, "nd_saved", whole=_whole(ctx)))]


@feature.command("meeting needs", who="organiser")
@about("meeting needs", INVITED)
async def listed(ctx: Context, meeting: Meeting) -> Answers:
    """Show what people need, in private."""
    return [Reply(await _page(ctx, meeting, 0))]


@feature.click("needlist", who="organiser")
async def turned(ctx: Context, press: Press) -> Answers:
    """Turn the pages; from an organisers' channel they come in private."""
    shown = await _page(ctx, await pressed(ctx, press.key), int(press.rev) if press.rev.isdecimal() else 0)
    return [_answer(ctx, shown)]


@feature.waiting
async def waiting(db: Session, member: Member, now: datetime) -> Sequence[Waiting]:
    """Ask those who come to the room and have not told anything yet."""
    found = await db.execute(
        select(Meeting, Invitation)
        .join(Invitation, Invitation.meeting_id == Meeting.id)
        .where(
            Invitation.member_id == member.id,
            Invitation.reply.in_(needs.THERE),
            Meeting.format.in_(ROOM),
            Meeting.state.in_(INVITED),
            Meeting.starts_at > now,
        )
        .order_by(Meeting.starts_at)
    )
    open_ones = [meeting for meeting, invitation in found if needs.entitled(meeting, invitation)]
    done = await needs.told(db, member) if open_ones else set()
    return [
        Waiting(
            say("nd_waits", title=meeting.title),
            button("needs", "needs", meeting.key, "", "ask"),
            by=meeting.starts_at,
            kind="inperson_needs",
        )
        for meeting in open_ones
        if meeting.id not in done
    ]


@feature.todo
async def todo(db: Session, now: datetime) -> Sequence[Waiting]:
    """Tell organisers of the visa letters people asked for: they take three working days (domain 3.1, T-55)."""
    coming = select(Meeting).where(Meeting.state.in_(INVITED), Meeting.format.in_(ROOM), Meeting.starts_at > now)
    found = {each.id: each for each in await db.scalars(coming.order_by(Meeting.starts_at))}
    counted = await needs.letters(db, found) if found else {}
    return [
        Waiting(
            (meeting.code, " · ", say("nd_letters_n", n=counted[meeting.id])),
            Button(say("b_nd_list"), Press("needlist", meeting.key)),
            by=meeting.starts_at,
        )
        for meeting in found.values()
        if meeting.id in counted
    ]


async def _check(ctx: Context, meeting: Meeting) -> None:
    """Let only those on who come to the room and hold a seat, until the start. Raise `UserError`."""
    if meeting.state not in INVITED or ctx.now >= meeting.starts_at:
        raise UserError(say("m_cancelled" if meeting.state == "cancelled" else "m_started"))
    if not needs.entitled(meeting, await invitations.find(ctx.db, meeting, ctx.me)):
        raise UserError(say("nd_only_room"))


def _whole(ctx: Context) -> bool:
    """Tell whether the form shows all its questions at once, those in own words too."""
    return ctx.inbound.by.platform == "slack"


def _asking(meeting: Meeting) -> Message:
    """Ask on a card, with a way to say that nothing is needed."""
    text = say("inperson_needs", meeting_title=Bold(meeting.title), delete_on=_needing.when_deleted(meeting))
    nothing = Button(say("b_nd_none"), Press("needs", meeting.key, "", "none"))
    first = button("needs", "needs", meeting.key, "", "form", "primary")
    return Message((text,), rows(row(first, nothing), row(go("home", "home"))))


def _done(meeting: Meeting, text: str) -> Message:
    again = button("needs", "needs", meeting.key, "", "form")
    return Message((Bold(meeting.title), say(text)), rows(row(again, go("home", "home"))))


async def _page(ctx: Context, meeting: Meeting, page: int) -> Message:
    """Write totals and, ten a page, who asked for a letter and what people wrote; each look is in the audit log."""
    db = ctx.db
    audit.note(db, ctx.now, ctx.me.id, "needs_viewed", meeting.key)
    counted, letters = await needs.totals(db, meeting), await needs.visa(db, meeting)
    entries: list[Text] = [say("nd_letter_of", name=each.name) for each in letters]
    entries += [say("nd_diet_of", text=each) for each in await needs.own_diets(db, meeting)]
    for member, need in await needs.texts(db, meeting):
        if need.access:
            entries.append(say("nd_access_of", name=member.name, text=need.access))
        if need.emergency:
            entries.append(say("nd_emergency_of", name=member.name, text=need.emergency))
    page = min(page, max(len(entries) - 1, 0) // PAGE)
    lines: list[Text] = [Bold(say("nd_of", code=meeting.code, title=meeting.title))]
    if counted:
        lines.append(_needing.diet_line(counted))
    if letters:
        lines.append(say("nd_letters_n", n=len(letters)))
    first = page * PAGE
    lines += [(f"{number}. ", each) for number, each in enumerate(entries[first : first + PAGE], first + 1)]
    if not counted and not entries:
        lines.append(say("nd_no_needs"))
    back = button("back", "needlist", meeting.key, page - 1) if page else None
    more = button("next", "needlist", meeting.key, page + 1) if len(entries) > first + PAGE else None
    foot = row(button("status", "status", meeting.key))
    deleted = say("nd_until", delete_on=_needing.when_deleted(meeting))
    fine = (say("nd_confidential"), deleted)
    return Message(tuple(lines), rows(row(back, more), foot), fine, silent=True, protect=True)


def _answer(ctx: Context, message: Message) -> Answer:
    """Turn the pressed card in private; anywhere else answer in private."""
    return turn(ctx, message) if ctx.inbound.where.kind == "dm" else Reply(message, private=True)
