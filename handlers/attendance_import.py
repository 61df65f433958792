"""A platform's participant list: compared with the people invited, shown first, saved on a tap (conversation f_import).

The file is read once and forgotten. The preview keeps member ids and, of names that may mean several members, the
name until the question is answered; who is unknown is shown in the private chat and kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from chat.errors import UserError
from chat.form import FileField, Form, GivenFile, size_text
from chat.message import Button, Message, Press, Row, button, row, rows
from chat.outbound import Answer, Ask, Edit, Reply
from chat.text import Bold, Text, When, say
from handlers import _attending, _participants
from handlers._cards import short, when
from handlers._feature import Answers, Context, Feature
from handlers._moderating import led
from handlers._names import Names
from handlers._participants import SIZE_MAX, Participant
from handlers._welcome import go
from storage import attendance, audit, drafts
from storage.drafts import FormDraft
from storage.meetings import Meeting
from storage.members import Member, Organisation

feature = Feature("attendance_import")

KEPT_AS = "attendance_preview"
"""Name of the draft rows that hold a preview; no form has it."""
PART = 0.5
"""Who was there for less of the meeting took part for a part (domain 2)."""
UNKNOWN_SHOWN = 25
UNCLEAR_MAX = 60
"""Names that are asked about; of a longer list the others count as unknown."""
LIST = FileField(
    id="list", label=say("imp_file", max=size_text(SIZE_MAX)), hint=say("imp_hint"),
    endings=("csv", "xlsx", "tsv", "txt"), max=SIZE_MAX,
)  # fmt: skip


@dataclass(slots=True)
class Compared:
    """Be what a list says: seconds by member id (none: it does not say), unclear names, unknown ones."""

    found: dict[int, int | None]
    unclear: list[dict[str, Any]]
    unknown: list[str]


@feature.click("import")
async def ask_for_list(ctx: Context, press: Press) -> Answers:
    """Ask for the list."""
    meeting = await led(ctx, press.key)
    if ctx.now < attendance.opens(meeting):
        raise UserError(say("att_too_early", when=When(attendance.opens(meeting), meeting.zone)))
    return [Ask("attendance_list", meeting.key)]


@feature.form("attendance_list")
async def list_form(ctx: Context, subject: str) -> Form:
    """Build the form of the list."""
    await led(ctx, subject)
    return Form("attendance_list", say("imp_title"), ((LIST,),), submit=say("b_continue"), review=False)


@feature.submission("attendance_list")
async def received(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Compare the list with the people invited and show what would be saved; nothing is saved yet."""
    meeting = await led(ctx, subject)
    given = GivenFile.parse(values["list"])
    if given is None:
        raise UserError(say("f_file_send"))
    listed = ctx.file(given.file, SIZE_MAX, _participants.read)
    compared = compare(listed, await attendance.invited(ctx.db, meeting))
    draft = await drafts.begin(
        ctx.db, member_id=ctx.me.id, account=ctx.inbound.by.id, form=KEPT_AS, subject=meeting.key, sensitive=False,
        values={
            "found": {str(one): seconds for one, seconds in compared.found.items()},
            "unclear": compared.unclear,
        },
        now=ctx.now,
    )  # fmt: skip
    answers: list[Answer] = []
    if compared.unknown:
        answers.append(Reply(_unknown(compared.unknown), private=True))
    return [*answers, Reply(await _preview(ctx, meeting, draft), private=True)]


def compare(listed: list[Participant], invited: list[Member]) -> Compared:
    """Match names with the people invited; several names and stays of one person are added up."""
    names = Names((each.id, each.name) for each in invited)
    result = Compared({}, [], [])
    for each in listed:
        match = names.find(each.name)
        if match.sure:
            _add(result.found, match.people[0], each.present)
        elif match.people:
            result.unclear.append({"name": each.name[:80], "seconds": each.present, "people": list(match.people)})
        else:
            result.unknown.append(each.name)
    result.unknown += [each["name"] for each in result.unclear[UNCLEAR_MAX:]]
    del result.unclear[UNCLEAR_MAX:]
    return result


def _add(found: dict[int, int | None], one: int, seconds: int | None) -> None:
    before = found.get(one, 0)
    found[one] = None if seconds is None or before is None else before + seconds


def states(meeting: Meeting, found: dict[int, int | None]) -> dict[int, str]:
    """Say who took part and who only for a part: under half of the meeting's length."""
    half = (meeting.ends_at - meeting.starts_at).total_seconds() * PART
    return {
        one: "attended" if seconds is None or seconds >= half else "partial" for one, seconds in found.items()
    }  # fmt: skip


@feature.click("imppick")
async def picked(ctx: Context, press: Press) -> Answers:
    """Take whom an unclear name means, or that it is none of them."""
    meeting, draft = await _open(ctx, press.key)
    values = draft.values
    unclear = list(values["unclear"])
    if not unclear or press.rev != str(len(unclear)):
        return [Edit(await _preview(ctx, meeting, draft))]
    asked = unclear.pop(0)
    found = {int(one): seconds for one, seconds in values["found"].items()}
    if press.arg.isdigit() and int(press.arg) < len(asked["people"]):
        _add(found, asked["people"][int(press.arg)], asked["seconds"])
    draft.values = {"found": {str(one): seconds for one, seconds in found.items()}, "unclear": unclear}
    draft.touched_at = ctx.now
    return [Edit(await _preview(ctx, meeting, draft))]


@feature.click("impsave")
async def save(ctx: Context, press: Press) -> Answers:
    """Record what the preview showed."""
    meeting, draft = await _open(ctx, press.key)
    found = {int(one): seconds for one, seconds in draft.values["found"].items()}
    people = await attendance.invited(ctx.db, meeting)  # who was taken off the list meanwhile is left out
    saved = await attendance.take_over(ctx.db, meeting, states(meeting, found), people)
    await ctx.db.delete(draft)
    audit.note(ctx.db, ctx.now, ctx.me.id, "attendance.import", meeting.key)
    await _attending.follow(ctx.db, meeting, saved.written, ctx.now)
    lines: list[Text] = [Bold(_title(meeting)), say("imp_saved", n=len(saved.written))]
    if saved.same:
        lines.append(say("imp_same", n=saved.same))
    if saved.kept:
        lines.append(say("imp_kept", n=saved.kept))
    return [Edit(Message(tuple(lines), rows(row(button("attendance", "attend", meeting.key)))))]


@feature.click("impstop")
async def stop(ctx: Context, press: Press) -> Answers:
    """Forget the preview."""
    meeting, draft = await _open(ctx, press.key)
    await ctx.db.delete(draft)
    back = button("attendance", "attend", meeting.key)
    return [Edit(Message((Bold(_title(meeting)), say("imp_stopped")), rows(row(back, go("home", "home")))))]


async def _open(ctx: Context, key: str) -> tuple[Meeting, FormDraft]:
    """Find a preview of the actor's own and check the right to it anew. Raise `UserError`."""
    draft = await drafts.by_key(ctx.db, key, ctx.inbound.by.id)
    if draft is None or draft.form != KEPT_AS:
        raise UserError(say("e_gone"))
    return await led(ctx, draft.subject), draft


async def _preview(ctx: Context, meeting: Meeting, draft: FormDraft) -> Message:
    found = states(meeting, {int(one): seconds for one, seconds in draft.values["found"].items()})
    unclear = draft.values["unclear"]
    partial = sum(each == "partial" for each in found.values())
    lines: list[Text] = [Bold(_title(meeting)), when(meeting), say("imp_found", n=len(found), partial=partial)]
    choices: tuple[Row, ...] = ()
    if unclear:
        lines += [say("imp_unclear", n=len(unclear)), Bold(say("imp_which", name=unclear[0]["name"]))]
        choices = await _choices(ctx, draft, unclear)
    lines.append(say("imp_not_saved") if found or unclear else say("imp_nobody"))
    store = button("save", "impsave", draft.key, style="primary") if found else None
    return Message(tuple(lines), rows(*choices, row(store, button("cancel_form", "impstop", draft.key))), silent=True)


async def _choices(ctx: Context, draft: FormDraft, unclear: list[dict[str, Any]]) -> tuple[Row, ...]:
    """Offer those an unclear name may mean; of one name they are told apart by their organisations."""
    left, ids = str(len(unclear)), unclear[0]["people"]
    query = select(Member, Organisation.name).outerjoin(Organisation, Organisation.id == Member.organisation_id)
    known = {member.id: (member.name, body) for member, body in await ctx.db.execute(query.where(Member.id.in_(ids)))}
    names = [name for name, _ in known.values()]
    made: list[Row] = []
    for index, one in enumerate(ids):
        if one in known:
            name, body = known[one]
            label = f"{short(name, 14)} · {body}" if names.count(name) > 1 and body else name
            made.append((Button(short(label), Press("imppick", draft.key, left, str(index))),))
    return (*made, (Button(say("b_neither"), Press("imppick", draft.key, left, "x")),))


def _unknown(names: list[str]) -> Message:
    lines: list[Text] = [say("imp_unknown", n=len(names)), *(f"– {short(each, 60)}" for each in names[:UNKNOWN_SHOWN])]
    if len(names) > UNKNOWN_SHOWN:
        lines.append(say("imp_and_more", n=len(names) - UNKNOWN_SHOWN))
    return Message(tuple(lines), silent=True)


def _title(meeting: Meeting) -> Text:
    return say("imp_preview", code=meeting.code, title=meeting.title)
