"""A webinar after its opening: reminders, the day, feedback, the recording, another date, and what is erased."""

from __future__ import annotations

from datetime import datetime

from chat.errors import UserError
from chat.message import Button, Press, button
from chat.outbound import Answer, Card, Edit, Reply, Toast
from chat.text import When, say
from handlers import _webinar_day_cards as drawn
from handlers import _webinar_day_changes as changes
from handlers import _webinar_day_feedback as feedback
from handlers import _webinar_day_questions as questions
from handlers import _webinar_day_recording as recording
from handlers import _webinar_day_report as report
from handlers import _webinar_day_timers as due
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._webinar_cards import when
from handlers._webinar_registering import owner, pressed
from scheduler import cards
from storage import webinar_days, webinar_erasing, webinars
from storage.database import Session
from storage.members import Member
from storage.timers import Timer
from storage.webinars import REGISTERED

feature = Feature("webinar_days")

feature.card("webinar_week")(drawn.draw_week)
feature.card("webinar_link")(drawn.draw_link)
feature.card("webinar_hour")(drawn.draw_hour)
feature.card("webinar_link_missing")(drawn.draw_missing)
feature.card(questions.CARD)(questions.draw)
feature.card(changes.MOVED, changes.CANCELLED)(changes.draw)
feature.card(feedback.KIND)(feedback.draw)
feature.card("webinar_totals")(feedback.draw_summary)
feature.card(recording.ASKED)(recording.draw_asked)
feature.card(recording.SCREEN)(recording.draw_screen)
feature.card(recording.KIND, recording.CHANNEL)(recording.draw)
feature.card(report.SCREEN)(report.draw_screen)
feature.card("webinar_recording_due")(report.draw_recording_due)
feature.card("webinar_report")(report.draw_report)

feature.click("webask", who="anyone")(questions.ask)
feature.form("webask", who="anyone")(questions.form)
feature.submission("webask")(questions.asked)
feature.click("webans")(questions.done)

feature.click("webfb", who="anyone")(feedback.answer_now)
feature.click("webfbno", who="anyone")(feedback.no_thanks)
feature.click("webfbc", who="anyone")(feedback.comment)
feature.form("webfb", who="anyone")(feedback.form)
feature.submission("webfb")(feedback.sent)
feature.form("webcomm", who="anyone")(feedback.comment_form)
feature.submission("webcomm")(feedback.commented)
feature.click("webfbsum", who="organiser")(feedback.pressed_summary)
feature.click("webfbtx", who="organiser")(feedback.comments)

feature.click("webrec", who="organiser")(recording.show)
feature.form("webrec", who="organiser")(recording.form)
feature.submission("webrec")(recording.given)
feature.click("webagree")(recording.agree)

feature.click("webatt")(report.show)
feature.click("weblist")(report.ask_for_list)
feature.form("weblist")(report.list_form)
feature.submission("weblist")(report.list_given)
feature.click("webatok")(report.save_list)

feature.click("webmove", who="organiser")(changes.ask_move)
feature.form("webmove", who="organiser")(changes.move_form)
feature.click("webcan", who="organiser")(changes.ask_cancel)
feature.form("webcan", who="organiser")(changes.cancel_form)
feature.click("webdo", who="organiser")(changes.confirm)
feature.click("webkeep", who="organiser")(changes.keep)
feature.form("webcount", who="organiser")(changes.count_form)
feature.submission("webcount")(changes.counted)


@feature.submission("webmove")
async def moved(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Show what another date would do."""
    return await changes.wanted(ctx, changes.MOVED, subject, values)


@feature.submission("webcan")
async def cancelled(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Show what cancelling would do."""
    return await changes.wanted(ctx, changes.CANCELLED, subject, values)


@feature.timer("webinar.week")
async def week(db: Session, timer: Timer, now: datetime) -> None:
    """Write the reminder a week before; who registers later is added then (`catch_up`)."""
    await _remind(db, timer, "webinar_week", now)


@feature.timer("webinar.link")
async def link(db: Session, timer: Timer, now: datetime) -> None:
    """Write the messages with the link; two days and one day before, tell the organisers if it is missing."""
    webinar = await webinars.by_key(db, timer.subject)
    if webinar is None or webinar.state not in webinar_days.BEFORE or now >= webinar.starts_at:
        return
    if timer.slot in ("write", "late"):
        if webinar.join_link:
            await _remind(db, timer, "webinar_link", now)
    elif not webinar.join_link:
        name = f"{due.stamp(webinar)}-{timer.slot}"
        await due.tell_organisers(db, webinar, "webinar_link_missing", name, now, now, until=webinar.starts_at)


@feature.timer("webinar.hour")
async def hour(db: Session, timer: Timer, now: datetime) -> None:
    """Remind everybody registered an hour before, also at night."""
    await _remind(db, timer, "webinar_hour", now)


async def _remind(db: Session, timer: Timer, kind: str, now: datetime) -> None:
    webinar = await webinars.by_key(db, timer.subject)
    if webinar is None or webinar.state not in webinar_days.BEFORE or now >= webinar.starts_at:
        return
    given = timer.details.get("since")
    since = datetime.fromisoformat(str(given)) if given else None
    people = await webinars.registered(db, webinar)
    await due.write(db, webinar, await due.dates_of(db, webinar), kind, people, now, since)


@feature.timer("webinar.start")
async def begin_and_end(db: Session, timer: Timer, now: datetime) -> None:
    """Hand out the questions when people gather, let it be live, then over; all cards follow."""
    webinar = await webinars.by_key(db, timer.subject)
    if webinar is None:
        return
    if timer.slot == "doors":
        if webinar.state in webinar_days.BEFORE:
            await questions.hand_out(db, webinar, now)
        return
    turned = await webinars.turn(db, webinar.key, "live" if timer.slot == "start" else "over")
    if turned is not None:
        await due.follow(db, turned)
        await cards.touch(db, (report.SCREEN,), webinar.key)


@feature.timer("webinar.feedback")
async def ask_feedback(db: Session, timer: Timer, now: datetime) -> None:
    """Ask those who were there; at the close the totals may be seen."""
    webinar = await webinars.by_key(db, timer.subject)
    if webinar is None or webinar.state not in ("live", *webinar_days.AFTER):
        return
    if timer.slot == "close":
        await cards.touch(db, ("webinar_totals",), webinar.key)
    else:
        await feedback.ask_all(db, webinar, now)


@feature.timer("webinar.recording")
async def recording_due(db: Session, timer: Timer, now: datetime) -> None:
    """Tell the organisers where the recording stands, and ask silent speakers once more."""
    webinar = await webinars.by_key(db, timer.subject)
    if webinar is None or webinar.state != "over":
        return
    await due.tell_organisers(db, webinar, "webinar_recording_due", due.stamp(webinar), now, now)
    if webinar.recording_link:
        await recording.ask_speakers(db, webinar, now, again="-again")


@feature.timer("webinar.report")
async def report_due(db: Session, timer: Timer, now: datetime) -> None:
    """Send the organisers the report (T+45, or early before the project ends); one with its recording is archived."""
    webinar = await webinars.by_key(db, timer.subject)
    if webinar is not None and webinar.state in webinar_days.AFTER:
        await due.tell_organisers(db, webinar, "webinar_report", due.stamp(webinar), now, now)
        if webinar.state == "recording":
            await webinars.turn(db, webinar.key, "archived")


@feature.timer(due.ERASE)
async def erase(db: Session, timer: Timer, now: datetime) -> None:
    """Forget the guests and the questions; totals stay."""
    webinar = await webinars.by_key(db, timer.subject)
    if webinar is not None and now >= webinar.ends_at + webinar_erasing.AFTER:
        await webinar_erasing.erase(db, webinar, now)
        await cards.touch(db, (questions.CARD, report.SCREEN), webinar.key)


@feature.click("webhere", who="anyone")
async def here(ctx: Context, press: Press) -> Answers:
    """Note that somebody registered is there, once, by the time of their tap, although it reached us late."""
    webinar = await pressed(ctx, press.key)
    registrant = await webinars.find(ctx.db, webinar, owner(ctx))
    if registrant is None or registrant.state != REGISTERED:
        raise UserError(say("e_gone"))
    at = min(ctx.inbound.at, ctx.now)
    opened = webinar_days.doors(webinar) <= at < webinar.ends_at
    if webinar.state in ("draft", "cancelled") or not opened:
        if at < webinar_days.doors(webinar) and webinar.state in webinar_days.BEFORE:
            return [Toast(say("wd_too_early", when=When(webinar_days.doors(webinar), webinar.zone)), alert=True)]
        return [Toast(say("we_cancelled") if webinar.state == "cancelled" else say("we_over"), alert=True)]
    new = await webinar_days.check_in(ctx.db, registrant, at)
    cards.touch_at_end(ctx.db, (report.SCREEN,), webinar.key)
    person, but = owner(ctx), getattr(ctx.inbound, "message", None)
    if person is not None:
        cards.touch_at_end(ctx.db, ("webinar_link", "webinar_hour"), webinar.key, member=person, but=but)
    shown = await drawn.present(ctx.db, webinar, registrant, ctx.now)
    said = Toast(say("wd_present") if new else say("t_saved"))
    answer: Answer = Edit(shown, Card("webinar_hour", webinar.key))
    if ctx.inbound.where.kind != "dm" or but is None:
        answer = Reply(shown, private=True, card=Card("webinar_hour", webinar.key))
    return [answer, said]


@feature.waiting
async def waiting(db: Session, member: Member, now: datetime) -> list[Waiting]:
    """Name webinars of the coming week somebody is registered for, feedback that is open, and what a speaker is asked.

    The first stands in a digest where the reminder of a week before was held back.
    """
    found: list[Waiting] = []
    for webinar, registrant in await webinars.of_member(db, member, now):
        if registrant.state == REGISTERED and webinar.state in webinar_days.BEFORE and _soon(webinar.starts_at, now):
            line = say("wd_waits", title=webinar.title, when=when(webinar))
            found.append(Waiting(line, button("details", "web", webinar.key), webinar.starts_at, "webinar_week"))
    for webinar in await feedback.open_for(db, member):
        until = await feedback.closes(db, webinar)
        if now < until:
            line = say("s_questions_about", title=webinar.title)
            found.append(Waiting(line, button("answer_now", "webfb", webinar.key), until, feedback.KIND))
    for webinar in await recording.asked_of(db, member):
        press = Button(say("b_open"), Press("webagree", webinar.key))
        found.append(Waiting(say("wd_waits_agree", title=webinar.title), press, None, recording.ASKED))
    return found


def _soon(start: datetime, now: datetime) -> bool:
    return now < start <= now + due.WEEK_AHEAD


@feature.todo
async def to_do(db: Session, _now: datetime) -> list[Waiting]:
    """Name recordings that organisers have to see to."""
    return await recording.todo(db)


__all__ = ["feature"]
