"""What organisers see of a webinar that was held: who was there in counts, the list of the platform, the report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from chat.errors import UserError
from chat.form import FileField, Form, GivenFile, size_text
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Reply
from chat.text import Bold, Text, say
from handlers import _participants, _webinar_day_recording
from handlers._card_lines import can
from handlers._countries import name as country_name
from handlers._feature import Answers, Context
from handlers._names import Names
from handlers._participants import SIZE_MAX
from handlers._sends import listed, platform_name
from handlers._webinar_cards import when
from handlers._webinar_day_feedback import closes, total_lines
from handlers._webinar_day_questions import leads
from handlers._webinar_day_timers import REPORT, dates_of
from handlers._webinar_status import SMALL, organisation
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import audit, drafts, webinar_days, webinar_erasing, webinars
from storage import feedback as stored
from storage.communities import Channel
from storage.database import Session
from storage.members import Member
from storage.statistics import share
from storage.webinars import Registrant, Webinar

SCREEN = "webinar_after"
KEPT_AS = "webinar_list"
"""Name of the draft rows that hold a compared list; no form has it."""
UNKNOWN_SHOWN = 25
LIST = FileField(
    id="list", label=say("imp_file", max=size_text(SIZE_MAX)), hint=say("wd_imp_hint"),
    endings=("csv", "xlsx", "tsv", "txt"), max=SIZE_MAX,
)  # fmt: skip


async def screen(db: Session, webinar: Webinar, now: datetime, *, whole: bool = True) -> Message:
    """Draw it for who organises; who only moderates (`whole` false) sees questions and attendance."""
    lines: list[Text] = [Bold(webinar.title), when(webinar), *await counted(db, webinar)]
    waiting = len(await webinar_days.questions(db, webinar))
    if waiting:
        lines.append(say("wd_q_waiting", n=waiting))
    if whole and webinar.state in webinar_days.AFTER:
        lines += await _webinar_day_recording.state_lines(db, webinar, names=False)
    questions = Button(say("wd_b_questions"), Press("webans", webinar.key))
    held = now >= webinar.starts_at and webinar.state in ("live", *webinar_days.AFTER)
    return Message(
        tuple(lines),
        rows(
            row(questions, Button(say("wd_b_list"), Press("weblist", webinar.key)) if held else None),
            row(
                button("feedback", "webfbsum", webinar.key) if whole and held else None,
                Button(say("wd_b_recording"), Press("webrec", webinar.key))
                if whole and webinar.state in webinar_days.AFTER
                else None,
                can("status", "webst", webinar.key) if whole else None,
            ),
        ),
        silent=True,
    )


async def counted(db: Session, webinar: Webinar) -> list[Text]:
    """Say how many registered and were there, and the share."""
    found = await webinar_erasing.totals(db, webinar)
    lines: list[Text] = [say("we_registered_n", n=found["registered"])]
    if webinar.state in ("live", *webinar_days.AFTER):
        percent = share(found["attended"], found["registered"])
        lines.append(say("wd_live_n", n=found["attended"], percent=f"{percent:g}" if percent is not None else "–"))
    return lines


async def show(ctx: Context, press: Press) -> Answers:
    """Show who was there, in counts."""
    webinar = await leads(ctx, press.key)
    return [_private(ctx, await screen(ctx.db, webinar, ctx.now, whole=ctx.organiser), Card(SCREEN, webinar.key))]


async def draw_screen(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw it again, with what the reader may do."""
    from storage.members import roles_of

    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or drawing.member is None:
        return Skip("gone")
    roles = await roles_of(db, drawing.member, drawing.now)
    return await screen(db, webinar, drawing.now, whole=bool(roles & {"organiser", "admin"}))


async def ask_for_list(ctx: Context, press: Press) -> Answers:
    """Ask for the participant list of the platform."""
    webinar = await leads(ctx, press.key)
    if ctx.now < webinar.starts_at:
        raise UserError(say("wd_rec_early"))
    return [Ask("weblist", webinar.key)]


async def list_form(ctx: Context, subject: str) -> Form:
    """Build the form of the list."""
    await leads(ctx, subject)
    return Form("weblist", say("imp_title"), ((LIST,),), submit=say("b_continue"), review=False)


async def list_given(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Compare a list with those registered, whose names are alike; nothing is saved before it is confirmed.

    The list is forgotten at once; who is unknown is shown here and kept nowhere.
    """
    webinar = await leads(ctx, subject)
    given = GivenFile.parse(values["list"])
    if given is None:
        raise UserError(say("f_file_send"))
    names = [each.name for each in ctx.file(given.file, SIZE_MAX, _participants.read)]
    found, unknown = compare(names, await _registered(ctx.db, webinar))
    draft = await drafts.begin(
        ctx.db, member_id=ctx.me.id, account=ctx.inbound.by.id, form=KEPT_AS, subject=webinar.key,
        values={"found": found}, sensitive=False, now=ctx.now,
    )  # fmt: skip
    lines: list[Text] = [Bold(webinar.title), say("wd_imp_found", n=len(found))]
    if unknown:
        shown = ", ".join(each[:60] for each in unknown[:UNKNOWN_SHOWN])
        lines.append(say("wd_imp_unknown", n=len(unknown), names=shown))
    save = Button(say("b_save"), Press("webatok", draft.key), "primary") if found else None
    return [Reply(Message(tuple(lines), rows(row(save, button("back", "webatt", webinar.key)))), private=True)]


def compare(listed_names: list[str], people: Mapping[int, str]) -> tuple[list[int], list[str]]:
    """Match names with those registered: ids of registrations that are meant for sure, and the names nobody has."""
    names = Names(people.items())
    found: dict[int, None] = {}
    unknown: list[str] = []
    for each in listed_names:
        match = names.find(each)
        if match.sure:
            found[match.people[0]] = None
        else:
            unknown.append(each)
    return list(found), unknown


async def _registered(db: Session, webinar: Webinar) -> dict[int, str]:
    """Give the names of those registered by the ids of their registrations."""
    query = (
        select(Registrant.id, Registrant.name, Member.name)
        .outerjoin(Member, Member.id == Registrant.member_id)
        .where(Registrant.webinar_id == webinar.id, Registrant.state == webinars.REGISTERED)
    )
    return {number: own or name or "" for number, own, name in await db.execute(query) if own or name}


async def save_list(ctx: Context, press: Press) -> Answers:
    """Note those of the list as there; who checked in before keeps that moment."""
    draft = await drafts.by_key(ctx.db, press.key, ctx.inbound.by.id)
    if draft is None or draft.form != KEPT_AS:
        raise UserError(say("e_gone"))
    webinar = await leads(ctx, draft.subject)
    ids = [int(each) for each in draft.values["found"]]
    query = select(Registrant).where(Registrant.webinar_id == webinar.id, Registrant.id.in_(ids))
    new = 0
    for each in list(await ctx.db.scalars(query.order_by(Registrant.id))):
        new += await webinar_days.check_in(ctx.db, each, webinar.starts_at)
    await ctx.db.delete(draft)
    audit.note(ctx.db, ctx.now, ctx.me.id, "webinar_attendance.import", webinar.key)
    cards.touch_at_end(ctx.db, (SCREEN, "webinar_status"), webinar.key)
    shown = (Bold(webinar.title), say("wd_imp_saved", n=new))
    return [Edit(Message(shown, rows(row(button("back", "webatt", webinar.key)))))]


async def draw_recording_due(db: Session, drawing: Drawing) -> Message | Skip:
    """Tell the organisers, five days after, where the recording stands; counts only, a channel reads it."""
    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or webinar.state not in webinar_days.AFTER:
        return Skip("webinar_not_over")
    if drawing.first and webinar.state != "over":
        return Skip("published")
    lines: list[Text] = [Bold(say("wd_rec_due", title=webinar.title))]
    lines += await _webinar_day_recording.state_lines(db, webinar, names=False)
    return Message(tuple(lines), rows(row(Button(say("wd_b_recording"), Press("webrec", webinar.key)))))


async def draw_report(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the report: totals, also those kept after guests were erased; small cells are merged (domain 3.7)."""
    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or webinar.state not in webinar_days.AFTER:
        return Skip("webinar_not_over")
    found = await webinar_erasing.totals(db, webinar)
    lines: list[Text] = [Bold(say("wd_report", title=webinar.title)), when(webinar)]
    if (await dates_of(db, webinar)).early(REPORT):
        lines.append(say("wd_early"))
    lines += await counted(db, webinar)
    lines += await _cells(db, found, drawing.reader.language)
    answers = await stored.answered(db, webinar)
    if drawing.now >= await closes(db, webinar):
        totals = await stored.totals(db, webinar)
        lines += [say("fb_answers_n", n=answers), *total_lines(totals)] if totals else [say("fb_too_few")]
    lines += await _webinar_day_recording.state_lines(db, webinar, names=False)
    lines.append(say("wd_no_views"))
    return Message(tuple(lines), rows(row(button("status", "webst", webinar.key))), silent=True)


async def _cells(db: Session, found: Mapping[str, Any], language: str) -> list[Text]:
    if not found["registered"]:
        return []
    known = {str(each.id): each for each in await db.scalars(select(Channel))}
    channels: list[Text] = []
    for number, count in _largest(found["channels"]):
        at = known.get(number)
        direct = say("we_by_web") if number == str(webinars.WEB) else say("we_by_link")
        where: Text = (at.title or at.chat, " ", platform_name(at.platform)) if at else direct
        channels.append((where, " ", _few(count)))
    bodies: list[Text] = [(organisation(kind), " ", _few(count)) for kind, count in _largest(found["organisations"])]
    countries: list[Text] = []
    for code, count in _largest(webinar_erasing.merged(found["countries"])):
        other = code == webinar_erasing.OTHER
        countries.append((say("wd_other") if other else country_name(code, language) or "–", " ", _few(count)))
    return [
        say("we_by_channel", list=listed(channels)),
        say("we_by_organisation", list=listed(bodies)),
        say("we_by_country", list=listed(countries)),
    ]


def _few(count: int) -> Text:
    return say("we_few") if count < SMALL else str(count)


def _largest(cells: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(cells.items(), key=lambda each: (-each[1], each[0]))


def _private(ctx: Context, shown: Message, card: Card) -> Answer:
    inbound = ctx.inbound
    if inbound.kind == "click" and inbound.where.kind == "dm" and getattr(inbound, "message", None) is not None:
        return Edit(shown, card)
    return Reply(shown, private=True, card=card)
