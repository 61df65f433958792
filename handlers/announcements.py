"""Announcements: free text to people and channels, shown first, sent when wanted, corrected or withdrawn afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from chat.errors import UserError
from chat.form import ChoiceField, Form, Option, TextField
from chat.language import LANGUAGES
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Ask, Card, Edit, Reply, Toast
from chat.text import Bold, LanguageName, Text, When, say
from handlers import _announcement_forms as forms
from handlers import _announcing, _broadcast, _files
from handlers._announcement_forms import NOBODY, TEXT_MAX
from handlers._announcing import CHANNEL_KIND, KIND, LETTER
from handlers._audience import FINDERS, Holder, describe
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._sending import Sending, register
from handlers._sends import listed
from handlers._welcome import go
from scheduler import stopping
from scheduler.contract import Drawing, Skip
from storage import announcements, audience, audit
from storage.announcements import Announcement, AnnouncementRead
from storage.communities import own_community
from storage.database import Session
from storage.members import Member
from storage.sharing import add_once

feature = Feature("announcements")

LISTED = 8
SILENT = 40
"""Names of people who have not confirmed that are written out."""
RECENT = timedelta(days=60)
register(
    Sending(
        letter=LETTER, kinds=(KIND, CHANNEL_KIND), build=_announcing.build, name=_announcing.named,
        confirmed=_announcing.confirmed, undone=_announcing.undone, onward=_announcing.onward,
    )
)  # fmt: skip


@feature.command(
    "announce", "message", "broadcast", "annonce", "duyuru", "إعلان", "anuncio", who="organiser", menu=True
)
async def announce(_ctx: Context, _rest: str) -> Answers:
    """Ask about a new announcement."""
    return [Ask("announce", "", {"to": "both", "channels": NOBODY, "confirm": "no"})]


@feature.command("announcements", "annonces", "duyurular", "الإعلانات", "anuncios", who="organiser")
async def announcements_list(ctx: Context, _rest: str) -> Answers:
    """List drafts and what was announced, the latest first."""
    found = list(await ctx.db.scalars(select(Announcement).order_by(Announcement.id.desc()).limit(LISTED)))
    lines: list[Text] = [Bold(say("b_announcements"))]
    for number, each in enumerate(found, 1):
        text = _announcing.gist(next(iter(each.texts.values()), ""), 50)
        lines.append((f"{number}. ", text, " · ", await _announcing.state(ctx.db, each)))
    opens = [Button((f"{number} · ", say("b_an_open")), Press("ann", each.key)) for number, each in enumerate(found, 1)]
    pairs = [row(*opens[at : at + 3]) for at in range(0, len(opens), 3)]
    if not found:
        lines.append(say("an_none"))
    return [Reply(Message(tuple(lines), rows(*pairs, row(go("an_new", "announce"), go("desk", "desk")))))]


@feature.form("announce", who="organiser")
async def form(ctx: Context, subject: str) -> Form:
    """Build the form; of one that was sent only text and links can still be changed."""
    return await forms.announce_form(ctx, await _of(ctx, subject) if subject else None)


@feature.submission("announce")
async def saved(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Save a draft and show its card; of one that was sent every copy is corrected."""
    found = await _of(ctx, subject, locked=True) if subject else None
    usual = ctx.community.language
    links = [each for each in dict.fromkeys((values.get("link1", ""), values.get("link2", ""))) if each]
    if found is None:
        found = Announcement(created_by=ctx.me.id, created_at=ctx.now, texts={}, audience={}, channels=[])
        ctx.db.add(found)
    if found.state == "retracted":
        raise UserError(say("an_withdrawn"))
    changed = (found.texts.get(usual), found.links) != (values["text"], links)
    found.texts, found.links = {**found.texts, usual: values["text"]}, links
    found.revision = (found.revision or 0) + 1
    if found.state == "sent":
        if changed:
            found.corrected_at = ctx.now
            await _announcing.touch(ctx.db, found)
            audit.note(ctx.db, ctx.now, ctx.me.id, "correct_announcement", found.key)
        return [Reply(await _report(ctx, found, _said(found, usual) if changed else ()), private=True)]
    found.private, found.confirm = values["to"] != NOBODY, values["confirm"] == "yes"
    found.channels = await forms.chosen(ctx.db, values["channels"])
    found.send_at = datetime.fromisoformat(values["at"]) if values.get("at") else None
    bound = values.get("meeting") and not found.send_at
    found.rule = {"meeting": values["meeting"], "days": int(values.get("days") or 0)} if bound else {}
    await ctx.db.flush()
    audit.note(ctx.db, ctx.now, ctx.me.id, "save_announcement", found.key)
    return [Reply(await _draft(ctx, found), private=True)]


@feature.click("ann", who="organiser")
async def opened(ctx: Context, press: Press) -> Answers:
    """Show an announcement to organisers: the draft, or what became of it."""
    found = await _of(ctx, press.key)
    return _shown(ctx, await (_draft if found.state == "draft" else _report)(ctx, found))


@feature.click("annedit", who="organiser")
async def edit(ctx: Context, press: Press) -> Answers:
    """Open the form again, filled in."""
    found = await _of(ctx, press.key)
    links = [*found.links, "", ""]
    values = {
        "text": found.texts.get(ctx.community.language, ""), "link1": links[0], "link2": links[1],
        "to": "both" if found.private else NOBODY, "confirm": "yes" if found.confirm else "no",
        "channels": await forms.choice(ctx.db, found.channels),
        "at": found.send_at.isoformat() if found.send_at else "",
        "meeting": str(found.rule.get("meeting", "")), "days": str(found.rule.get("days", "")),
    }  # fmt: skip
    return [Ask("announce", found.key, values)]


@feature.click("annlang", who="organiser")
async def other_language(ctx: Context, press: Press) -> Answers:
    """Ask for the text in another language."""
    return [Ask("announce_language", (await _of(ctx, press.key)).key)]


@feature.form("announce_language", who="organiser")
async def language_form(ctx: Context, subject: str) -> Form:
    """Build the form of one language's text."""
    await _of(ctx, subject)
    others = tuple(Option(code, LanguageName(code)) for code in LANGUAGES if code != ctx.community.language)
    fields = (
        ChoiceField(id="language", label=say("b_language"), options=others),
        TextField(id="text", label=say("an_q_text_other"), min=3, max=TEXT_MAX, long=True),
    )
    return Form("announce_language", say("an_form_language"), (fields,))


@feature.submission("announce_language")
async def language_saved(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Keep a text; where it was sent already, copies in that language follow."""
    found = await _of(ctx, subject, locked=True)
    if found.state == "retracted":
        raise UserError(say("an_withdrawn"))
    found.texts, found.revision = {**found.texts, values["language"]: values["text"]}, found.revision + 1
    if found.state == "sent":
        found.corrected_at = ctx.now
        await _announcing.touch(ctx.db, found)
        return [Reply(await _report(ctx, found, (say("an_corrected_now"),)), private=True)]
    await ctx.db.flush()
    return [Reply(await _draft(ctx, found), private=True)]


@feature.click("annback", who="organiser")
async def withdraw(ctx: Context, press: Press) -> Answers:
    """Ask before it is withdrawn, then withdraw it: every copy says so, and what waits is not sent."""
    found = await _of(ctx, press.key, locked=True)
    if press.arg != "yes":
        buttons = row(
            button("an_withdraw", "annback", found.key, "", "yes", "danger"), button("an_keep", "ann", found.key)
        )
        asked = say("an_withdraw_draft" if found.state == "draft" else "an_withdraw_ask")
        return _shown(ctx, Message((Bold(say("b_an_withdraw")), asked), rows(buttons)))
    if found.state != "retracted":
        for each in await _announcing.sends_of(ctx.db, found):
            await stopping.stop(ctx.db, each, ctx.me, ctx.now)
        found.state, found.retracted_at = "retracted", ctx.now
        found.revision += 1
        await _announcing.touch(ctx.db, found)
        audit.note(ctx.db, ctx.now, ctx.me.id, "retract_announcement", found.key)
    return _shown(ctx, await _report(ctx, found))


@feature.click("annrep", who="organiser")
async def silent(ctx: Context, press: Press) -> Answers:
    """Name those who have not confirmed reading, in private."""
    found = await _of(ctx, press.key)
    _, people = await _announcing.figures(ctx.db, found)
    lines: list[Text] = [Bold(say("an_silent", n=len(people)))]
    lines += [each.name for each in people[:SILENT]]
    return [Reply(Message(tuple(lines), rows(row(button("back", "ann", found.key)))), private=True)]


@feature.click("annread")
async def read(ctx: Context, press: Press) -> Answers:
    """Note that a member has read it, once."""
    found = await announcements.by_key(ctx.db, press.key)
    if found is None or not await _theirs(ctx.db, found, ctx.me):
        raise UserError(say("e_gone"))
    if found.state == "sent" and found.confirm:
        await add_once(
            ctx.db, AnnouncementRead,
            {"announcement_id": found.id, "member_id": ctx.me.id, "at": ctx.now, "community_id": ctx.db.community_id},
        )  # fmt: skip
    shown = await _member_card(ctx.db, found, ctx.me)
    if ctx.inbound.where.kind != "dm":
        return [Toast(say("an_read_toast"))]
    return [Edit(shown, Card(KIND, found.key))]


@feature.card(KIND)
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw it for a member, in their language; what was withdrawn is not sent any more."""
    found = await announcements.by_key(db, drawing.subject)
    if found is None or drawing.member is None or (drawing.first and found.state != "sent"):
        return Skip("gone")
    return await _member_card(db, found, drawing.member)


@feature.card(CHANNEL_KIND)
async def draw_channel(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw it for a channel, in the channel's language."""
    found = await announcements.by_key(db, drawing.subject)
    if found is None or drawing.channel is None or (drawing.first and found.state != "sent"):
        return Skip("gone")
    community = await own_community(db)
    tongue = drawing.channel.language
    return _announcing.card(found, community.name, tongue, community.language, zone=community.zone, private=False)


@feature.waiting
async def unread(db: Session, member: Member, now: datetime) -> Sequence[Waiting]:
    """Name the announcements whose reading a member has not confirmed."""
    asked = select(Announcement).where(
        Announcement.state == "sent", Announcement.confirm.is_(True), Announcement.private.is_(True),
        Announcement.created_at > now - RECENT,
        Announcement.id.not_in(select(AnnouncementRead.announcement_id).where(AnnouncementRead.member_id == member.id)),
    )  # fmt: skip
    usual = (await own_community(db)).language
    found: list[Waiting] = []
    for each in await db.scalars(asked.order_by(Announcement.id)):
        if await _theirs(db, each, member):
            text = each.texts.get(member.language) or each.texts.get(usual, "")
            line = say("an_waiting", text=_announcing.gist(text, 60))
            found.append(Waiting(line, button("read", "annread", each.key), None, KIND))
    return found


@feature.todo
async def unsent(db: Session, _now: datetime) -> Sequence[Waiting]:
    """Name the drafts that were not sent."""
    asked = select(Announcement).where(Announcement.state == "draft").order_by(Announcement.id)
    return [
        Waiting(
            say("an_todo", text=_announcing.gist(next(iter(each.texts.values()), ""), 40)),
            button("an_open", "ann", each.key),
        )
        for each in await db.scalars(asked)
    ]


async def held(ctx: Context, key: str, locked: bool) -> Holder | None:
    """Find an announcement for the cards of its audience."""
    found = await (announcements.lock if locked else announcements.by_key)(ctx.db, key)
    if found is None:
        return None

    async def save(spec: dict[str, object]) -> None:
        found.audience, found.revision = spec, found.revision + 1

    usual = found.texts.get(ctx.community.language, "")
    return Holder(
        key=found.key, heading=say("an_audience_of", text=_announcing.gist(usual)), spec=found.audience, save=save,
        onward=_broadcast.preview_button("preview", LETTER, found.key), back=button("back", "ann", found.key),
        fixed=None if found.state == "draft" else say("an_sent_already"),
    )  # fmt: skip


FINDERS.append(held)


async def _theirs(db: Session, found: Announcement, member: Member) -> bool:
    """Tell whether a member is of its audience, as it is now."""
    if not found.private:
        return False
    asked = select(Member.id).where(audience.where(found.audience), Member.id == member.id)
    return await db.scalar(asked) is not None


async def _member_card(db: Session, found: Announcement, member: Member) -> Message:
    community = await own_community(db)
    at = await _announcing.read_at(db, found, member) if found.confirm else None
    return _announcing.card(found, community.name, member.language, community.language, read=at, zone=community.zone)


async def _draft(ctx: Context, found: Announcement) -> Message:
    """Draw a draft as organisers see it: the words, for whom, when, and what comes next."""
    usual = ctx.community.language
    lines: list[Text] = [Bold(say("an_draft")), *found.texts.get(usual, "").split("\n")[:20]]
    lines += [say("an_has_link", host=_files.host_of(each), link=each) for each in found.links]
    others = [LanguageName(code) for code in found.texts if code != usual]
    if others:
        lines.append(say("an_other_languages", languages=listed([*others])))
    if found.private:
        lines += await describe(ctx.db, found.audience, ctx.reader)
    places = await _announcing.channels(ctx.db, found)
    if places:
        lines.append(say("br_channels", channels=listed([forms.named(each) for each in places])))
    at = await _announcing.moment(ctx.db, found)
    lines.append(say("an_at", when=When(at, ctx.community.zone)) if at else say("an_at_once"))
    return Message(
        tuple(each for each in lines if each),
        rows(
            row(
                _broadcast.preview_button("preview", LETTER, found.key) if found.private or places else None,
                button("an_audience", "aud", found.key) if found.private else None,
            ),
            row(
                button("edit", "annedit", found.key), button("an_language", "annlang", found.key),
                button("discard", "annback", found.key),
            ),
        ),
        (say("m_nothing_sent"),),
    )  # fmt: skip


def _said(found: Announcement, usual: str) -> Sequence[Text]:
    """Say that every copy follows, and which languages still have their earlier words."""
    others = [LanguageName(code) for code in found.texts if code != usual]
    still = (say("an_still_earlier", languages=listed([*others])),) if others else ()
    return (say("an_corrected_now"), *still)


async def _report(ctx: Context, found: Announcement, head: Sequence[Text] = ()) -> Message:
    """Draw what became of an announcement: read by how many, and what may still be done."""
    lines: list[Text] = [Bold((say("b_announce"), " · ", await _announcing.state(ctx.db, found)))]
    lines += [_announcing.gist(found.texts.get(ctx.community.language, ""), 120), *head]
    campaigns = await _announcing.sends_of(ctx.db, found)
    opens = [button("sends", "sendcard", each.key) for each in campaigns[-1:]]
    if found.confirm and found.private:
        number, people = await _announcing.figures(ctx.db, found)
        lines.append(say("an_read_of", n=number, m=number + len(people)))
        if people and found.state == "sent":
            opens.append(button("names", "annrep", found.key))
    if found.state == "retracted":
        return Message(tuple(lines), rows(row(*opens, go("an_new", "announce"))))
    change = (button("edit", "annedit", found.key), button("an_language", "annlang", found.key))
    return Message(tuple(lines), rows(row(*opens), row(*change), row(button("an_withdraw", "annback", found.key))))


async def _of(ctx: Context, key: str, *, locked: bool = False) -> Announcement:
    found = await (announcements.lock if locked else announcements.by_key)(ctx.db, key)
    if found is None:
        raise UserError(say("e_gone"))
    return found


def _shown(ctx: Context, message: Message) -> Answers:
    return [Edit(message)] if ctx.inbound.where.kind == "dm" else [Reply(message, private=True)]


__all__ = ["feature"]
