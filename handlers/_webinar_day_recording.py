"""The recording: its link, the agreement of every speaker, then one message to those who registered (domain 3.4)."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import select

from chat.errors import FieldError, UserError
from chat.form import Form, TextField
from chat.message import AnyButton, Button, LinkButton, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply
from chat.text import Bold, Link, Text, say
from handlers import _broadcast, _files, _webinar_status
from handlers._broadcast import Broadcast, Sending
from handlers._feature import Answers, Context, Waiting
from handlers._webinar_cards import SAFE, funding, when
from handlers._webinar_day_timers import allowed, dates_of, follow
from handlers._webinar_registering import pressed
from handlers._welcome import go
from scheduler import cards, delivery
from scheduler.contract import Drawing, Skip
from storage import audit, webinar_days, webinars
from storage.communities import Community, own_community
from storage.database import Session
from storage.deliveries import Campaign
from storage.members import Member
from storage.webinars import Webinar

LETTER = "wr"
KIND, CHANNEL, ASKED, SCREEN = "webinar_recording", "webinar_recording_public", "webinar_speaker", "webinar_agreement"
VALID = timedelta(days=7)
"""How long the message about a recording, and the question to a speaker, is worth sending."""
LINK_MAX = 500


async def screen(db: Session, webinar: Webinar, note: Text | None = None) -> Message:
    """Draw, for organisers in private, where the recording stands: its link, who agreed, who has not answered."""
    lines: list[Text] = [note] if note is not None else []
    lines += [Bold(webinar.title), when(webinar), *await state_lines(db, webinar, names=True)]
    ready = webinar.state == "over" and webinar.recording_link and await webinar_days.all_agreed(db, webinar)
    return Message(
        tuple(lines),
        rows(
            row(
                _broadcast.preview_button("preview", LETTER, webinar.key) if ready else None,
                Button(say("wd_b_rec_link"), Press("webrec", webinar.key, "", "link")),
                button("back", "webatt", webinar.key),
            )
        ),
        silent=True,
    )


async def state_lines(db: Session, webinar: Webinar, *, names: bool) -> list[Text]:
    """Say where the recording stands; with `names` who is waited for, else counts alone."""
    if webinar.state in ("recording", "archived"):
        return [say("we_state_recording")]
    if not webinar.recording_link:
        return [say("wd_rec_no_link")]
    everybody = await webinar_days.speakers(db, webinar)
    shown = [say("wd_rec_link", link=Link(webinar.recording_link, webinar.recording_link))] if names else []
    lines: list[Text] = [*shown]
    if not everybody:
        return [*lines, say("we_no_speakers")]
    agreed = sum(each.id in webinar.agreed for each in everybody)
    lines.append(say("wd_rec_agreed", agreed=str(agreed), n=str(len(everybody))))
    if agreed == len(everybody):
        return [*lines, say("wd_rec_ready")]
    if names:
        silent = [each.name for each in await webinar_days.silent(db, webinar)]
        refused = [each.name for each in everybody if each.id in webinar.refused]
        lines += [say("wd_rec_silent", names=", ".join(silent))] if silent else []
        lines += [say("wd_rec_refused", names=", ".join(refused))] if refused else []
    return lines


async def show(ctx: Context, press: Press) -> Answers:
    """Show where the recording stands, or ask for its link."""
    webinar = await _held(ctx, press.key)
    if press.arg == "link" or not webinar.recording_link:
        return [Ask("webrec", webinar.key, {"link": webinar.recording_link} if webinar.recording_link else {})]
    return [_private(ctx, await screen(ctx.db, webinar), Card(SCREEN, webinar.key))]


async def _held(ctx: Context, key: str) -> Webinar:
    webinar = await pressed(ctx, key)
    if webinar.state not in webinar_days.AFTER:
        raise UserError(say("wd_rec_early"))
    return webinar


async def form(ctx: Context, subject: str) -> Form:
    """Build the question for the link."""
    webinar = await _held(ctx, subject)
    field = TextField(id="link", label=say("wd_rec_q"), hint=say("wd_rec_hint"), max=LINK_MAX)
    return Form("webrec", say("wd_rec_title"), ((field,),), intro=Bold(webinar.title), review=False)


async def given(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Keep the link and ask every speaker; another link is another recording, so all are asked anew."""
    try:
        link = _files.clean_link(values["link"])
    except FieldError as error:
        return [Invalid({"link": error.text})]
    webinar = await webinars.lock(ctx.db, subject)
    if webinar is None or webinar.state not in webinar_days.AFTER:
        raise UserError(say("wd_rec_early"))
    if link != webinar.recording_link:
        webinar.recording_link, webinar.agreed, webinar.refused = link, [], []
        await ctx.db.flush()
        audit.note(ctx.db, ctx.now, ctx.me.id, "webinar_recording_link", webinar.key)
        if webinar.state == "over":
            await ask_speakers(ctx.db, webinar, ctx.now)
        await cards.touch(ctx.db, (ASKED, SCREEN), webinar.key)
        await follow(ctx.db, webinar)
    return [Reply(await screen(ctx.db, webinar, say("we_saved")), private=True, card=Card(SCREEN, webinar.key))]


async def ask_speakers(db: Session, webinar: Webinar, now: datetime, again: str = "") -> None:
    """Ask the speakers who have not answered whether this recording may be shown; once each, and once more later."""
    dates = await dates_of(db, webinar)
    to = []
    for each in await webinar_days.silent(db, webinar):
        due = allowed(dates, each, now)
        to.append(delivery.To(member=each, due=due, expires=due + VALID))
    if to:
        mark = hashlib.sha256(webinar.recording_link.encode()).hexdigest()[:12]
        await delivery.plan(db, kind=ASKED, subject=webinar.key, occurrence=f"{mark}{again}", to=to, now=now)


async def draw_asked(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the question to a speaker, or what they said."""
    webinar, member = await webinars.by_key(db, drawing.subject), drawing.member
    if webinar is None or member is None or member.id not in webinar.speakers or not webinar.recording_link:
        return Skip("gone")
    if drawing.first and member.id in (*webinar.agreed, *webinar.refused):
        return Skip("answered")
    return question(webinar, member)


def question(webinar: Webinar, member: Member) -> Message:
    """Ask a speaker; the answer may change until the recording is published."""
    link = Link(webinar.recording_link, webinar.recording_link)
    lines: list[Text] = [say("wd_agree", webinar_title=Bold(webinar.title), link=link)]
    if member.id in webinar.agreed:
        lines.append(Bold(say("wd_agreed")))
    elif member.id in webinar.refused:
        lines.append(Bold(say("wd_refused")))
    if webinar.state != "over":
        return Message((*lines, say("we_state_recording")), rows(row(go("home", "home"))))
    yes = button("agree", "webagree", webinar.key, "", "yes", "primary")
    no = Button(say("wd_b_no"), Press("webagree", webinar.key, "", "no"))
    return Message(
        tuple(lines),
        rows(row(None if member.id in webinar.agreed else yes, None if member.id in webinar.refused else no)),
    )


async def agree(ctx: Context, press: Press) -> Answers:
    """Note what a speaker says about the recording; nobody else can."""
    webinar = await webinars.lock(ctx.db, press.key)
    if webinar is None or ctx.me.id not in webinar.speakers or not webinar.recording_link:
        raise UserError(say("e_gone"))
    if webinar.state != "over" or press.arg not in ("yes", "no"):
        return [_private(ctx, question(webinar, ctx.me), Card(ASKED, webinar.key))]
    webinar_days.answer(webinar, ctx.me, yes=press.arg == "yes")
    await ctx.db.flush()
    audit.note(ctx.db, ctx.now, ctx.me.id, f"webinar_recording_{press.arg}", webinar.key)
    cards.touch_at_end(ctx.db, (SCREEN, "webinar_after", "webinar_recording_due"), webinar.key)
    return [_private(ctx, question(webinar, ctx.me), Card(ASKED, webinar.key))]


async def build(db: Session, subject: str, now: datetime) -> Broadcast:
    """Describe the message about the recording. Raise `UserError` until every speaker has agreed."""
    webinar = await webinars.by_key(db, subject)
    if webinar is None:
        raise UserError(say("e_gone"))
    if webinar.state != "over" or not webinar.recording_link:
        raise UserError(say("wd_rec_not_now"))
    if not await webinar_days.all_agreed(db, webinar):
        raise UserError(say("wd_rec_waits"))
    community = await own_community(db)
    warnings: list[Text] = [] if webinar.speakers else [say("we_no_speakers")]
    return Broadcast(
        kind=KIND,
        subject=webinar.key,
        occurrence="recording",
        title=say("wd_rec_send", title=webinar.title),
        people=await webinars.people(db, await webinars.registered(db, webinar)),
        channels=await _webinar_status.chosen(db, webinar),
        channel_kind=CHANNEL,
        sample=message(webinar, community),
        expires=now + VALID,
        warnings=warnings,
        back=button("back", "webrec", webinar.key),
        stands_for=(webinar.recording_link, tuple(webinar.agreed)),
    )


def message(webinar: Webinar, community: Community) -> Message:
    """Write what people get about a recording, with the funding line where the community names one."""
    link, line = Link(webinar.recording_link, webinar.recording_link), funding(community)
    texts: dict[str, Text] = {"webinar_title": Bold(webinar.title), "recording_link": link}
    text = say("webinar_recording", **texts, funding_line=line) if line else say("wd_recording_plain", **texts)
    safe = webinar.recording_link.startswith(SAFE)
    watch: AnyButton | None = LinkButton(say("b_watch"), webinar.recording_link) if safe else None
    return Message((text,), rows(row(watch)))


async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the message about the recording, for people and channels."""
    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or not webinar.recording_link or webinar.state not in ("recording", "archived"):
        return Skip("no_recording")
    if drawing.first and drawing.member is not None:
        registrant = await webinars.find(db, webinar, drawing.member)
        if registrant is None or registrant.state != webinars.REGISTERED:
            return Skip("not_registered")
    return message(webinar, await own_community(db))


async def draw_screen(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw where the recording stands again."""
    webinar = await webinars.by_key(db, drawing.subject)
    return await screen(db, webinar) if webinar is not None and drawing.member is not None else Skip("gone")


async def asked_of(db: Session, member: Member) -> list[Webinar]:
    """Give the webinars whose speaker somebody is and has not said yet whether the recording may be shown."""
    asked = select(Webinar).where(Webinar.state == "over", Webinar.recording_link != "").order_by(Webinar.ends_at)
    return [
        each
        for each in await db.scalars(asked)
        if member.id in each.speakers and member.id not in (*each.agreed, *each.refused)
    ]


async def todo(db: Session) -> list[Waiting]:
    """Name recordings that wait for organisers: their link, or that they are sent."""
    found: list[Waiting] = []
    for each in await webinars.everything(db):
        if each.state != "over":
            continue
        press = button("open", "webrec", each.key)
        if not each.recording_link:
            found.append(Waiting(say("wd_todo_link", title=each.title), press, each.ends_at + timedelta(days=5)))
        elif await webinar_days.all_agreed(db, each):
            found.append(Waiting(say("wd_todo_send", title=each.title), press, each.ends_at + timedelta(days=5)))
    return found


async def _name(db: Session, subject: str) -> Text:
    webinar = await webinars.by_key(db, subject)
    return say("wd_rec_send", title=webinar.title if webinar else "–")


async def _confirmed(ctx: Context, broadcast: Broadcast, _campaign: Campaign) -> None:
    webinar = await webinars.lock(ctx.db, broadcast.subject)
    if webinar is None or not await webinar_days.all_agreed(ctx.db, webinar):
        raise UserError(say("wd_rec_waits"))
    if await webinars.turn(ctx.db, broadcast.subject, "recording") is None:
        raise UserError(say("wd_rec_not_now"))
    await follow(ctx.db, webinar)
    await cards.touch(ctx.db, (ASKED, SCREEN), webinar.key)


async def _undone(db: Session, campaign: Campaign, _by: Member | None, _now: datetime) -> None:
    webinar = await webinars.lock(db, campaign.subject)
    if webinar is None or webinar.state != "recording" or campaign.state != "cancelled":
        return
    webinar.state = "over"
    await db.flush()
    await follow(db, webinar)
    await cards.touch(db, (ASKED, SCREEN), webinar.key)


async def _onward(_db: Session, subject: str) -> Button | None:
    return button("webinar", "webst", subject)


SENDING = _broadcast.register(
    Sending(
        letter=LETTER, kinds=(KIND, CHANNEL), build=build, name=_name, confirmed=_confirmed, undone=_undone,
        onward=_onward,
    )
)  # fmt: skip


def _private(ctx: Context, shown: Message, card: Card) -> Answer:
    inbound = ctx.inbound
    if inbound.kind == "click" and inbound.where.kind == "dm":
        return Edit(shown, card)
    return Reply(shown, private=True, card=card)
