"""Sharing a resource: the form, the card that asks for approval, what who shared it is told."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

import reading
from chat.errors import FieldError, UserError
from chat.form import Asking, ChoiceField, FileField, Form, Option, TextField, UrlField, size_text
from chat.language import LANGUAGES
from chat.message import AnyButton, Button, LinkButton, Message, Press, button, row, rows
from chat.text import Bold, LanguageName, Text, say
from handlers import _files
from handlers._feature import Context
from handlers._files import host_of
from handlers._library_items import file_line, get_buttons, languages
from handlers._personal import looks_personal
from handlers._welcome import go
from scheduler import cards, delivery, quiet
from storage import audit, memos, resources
from storage.database import Session
from storage.documents import RESOURCE, Document, by_key
from storage.meetings import Meeting
from storage.members import Member

ASK, TOLD = "resource_ask", "resource_told"
"""Kinds of messages: to those who decide, and to who shared it."""
LINK, FILE = WAYS = ("link", "file")
NO_THEME = "-"
THEMES_MOST = 20
REASON_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainField(TextField):
    """Take text without personal data; what seems to hold some is refused before anything is kept (domain 2)."""

    def read(self, text: str, asking: Asking) -> str:
        """Raise `FieldError` for personal data, too."""
        text = TextField.read(self, text, asking)
        if looks_personal(text):
            raise FieldError(say("pii_warning"))
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkField(UrlField):
    """Take a link as it really is."""

    def read(self, text: str, asking: Asking) -> str:
        """Give the address with its real host. Raise `FieldError`."""
        return _files.clean_link(text)


def judges(ctx: Context) -> bool:
    """Tell whether the actor decides about shared resources."""
    return bool(ctx.roles & set(resources.JUDGES))


def choice_card() -> Message:
    """Ask what is to be shared: the forms differ in their first question."""
    ways = row(*(Button(say(f"b_li_{way}"), Press("rshare", arg=way)) for way in WAYS))
    return Message((Bold(say("li_share_title")), say("li_share_how")), rows(ways, row(button("library", "lib"))))


async def share_form(ctx: Context, way: str) -> Form:
    """Build the form for a link or a file. Raise `UserError` for another way, or a file where none can be kept."""
    if way not in WAYS or (way == FILE and ctx.vault is None):
        raise UserError(say("do_no_vault" if way == FILE else "e_gone"))
    own = (ctx.me.language, *(each for each in LANGUAGES if each != ctx.me.language))
    options = tuple(Option(each, LanguageName(each)) for each in own)
    themes = [Option(each, each) for each in await _themes(ctx.db)]
    none = Option(NO_THEME, say("li_no_theme"))
    asked = (
        LinkField(id="link", label=say("li_q_link")) if way == LINK else _file_field(),
        PlainField(id="title", label=say("li_q_title"), min=3, max=120),
        PlainField(id="line", label=say("li_q_line"), hint=say("li_q_line_hint"), min=3, max=200),
        ChoiceField(id="language", label=say("li_q_language"), options=options),
        ChoiceField(id="theme", label=say("li_q_theme"), options=(*themes, none), other=True, required=False),
    )
    return Form("resource", say("li_share_title"), (asked,), submit=say("b_send"), intro=say("li_share_intro"))


def _file_field() -> FileField:
    most = size_text(_files.FIELD_LIMIT)
    kinds = ", ".join(each.upper() for each in reading.ENDINGS)
    ends = (*reading.ENDINGS, "jpeg")
    return FileField(
        id="file", label=say("li_q_file"), hint=say("li_q_file_hint", kinds=kinds, max=most), endings=ends,
        max=_files.FIELD_LIMIT,
    )  # fmt: skip


async def _themes(db: Session) -> list[str]:
    """Give the themes of the latest meetings."""
    asked = (
        select(Meeting.theme).where(Meeting.theme != "", Meeting.state != "draft").order_by(Meeting.starts_at.desc())
    )
    return list(dict.fromkeys(await db.scalars(asked.limit(100))))[:THEMES_MOST]


async def propose(ctx: Context, values: dict[str, str]) -> Document:
    """Take what was submitted; it goes to those who decide, or where nobody else could, into the library at once.

    Raise `UserError` for a file that is not taken.
    """
    taken = None
    if values.get("file"):  # pictures, too: a poster or a chart is a resource as well
        taken = await _files.take(ctx, values["file"], values["language"], reading.ENDINGS)
    stored = await _files.keep(ctx.db, taken, ctx.me, ctx.now) if taken is not None else None
    theme = values.get("theme", "")
    proposal = resources.Proposal(
        title=values["title"], line=values["line"], language=values["language"], link=values.get("link", ""),
        theme="" if theme == NO_THEME else theme, file=stored, text="\n".join(taken.text) if taken else "",
    )  # fmt: skip
    document = await resources.propose(ctx.db, proposal, ctx.me, ctx.now)
    audit.note(ctx.db, ctx.now, ctx.me.id, "resource_proposed", document.key)
    others = await resources.judges(ctx.db, ctx.me.id, ctx.now)
    if not others and judges(ctx):
        await resources.share(ctx.db, document.key, None, ctx.now)
    elif others:
        to = [delivery.To(member=each, due=quiet.next_allowed(each, ctx.now)) for each in others]
        await delivery.plan(ctx.db, kind=ASK, subject=document.key, occurrence="ask", to=to, now=ctx.now, by=ctx.me)
    return document


async def held(ctx: Context, press: Press) -> Document:
    """Find the resource of a pressed button. Raise `UserError` for who may not decide, and for what is no resource."""
    document = await by_key(ctx.db, press.key)
    if document is None or document.kind != RESOURCE or not judges(ctx):
        raise UserError(say("e_gone"))
    return document


async def decided(ctx: Context, document: Document, act: str) -> None:
    """Tell who shared it, and bring the other copies of the card up to date."""
    audit.note(ctx.db, ctx.now, ctx.me.id, act, document.key)
    await cards.touch(ctx.db, (ASK,), document.key)
    author = await ctx.db.get(Member, document.author_id) if document.author_id else None
    if author is not None and author.id != ctx.me.id:
        to = [delivery.To(member=author, due=quiet.next_allowed(author, ctx.now))]
        kind, occurrence = TOLD, document.state
        await delivery.plan(ctx.db, kind=kind, subject=document.key, occurrence=occurrence, to=to, now=ctx.now)


def refuse_form() -> Form:
    """Build the form that asks why."""
    reason = PlainField(id="reason", label=say("li_q_reason"), min=3, max=REASON_MOST, long=True)
    return Form("resource_no", say("li_refuse_title"), ((reason,),), submit=say("b_li_refuse"), review=False)


async def ask_card(db: Session, document: Document) -> Message:
    """Draw the card for those who decide; once it is decided, what became of it."""
    author = await db.get(Member, document.author_id) if document.author_id else None
    details = document.details or {}
    files = await memos.files_of(db, document)
    lines: list[Text] = [Bold(say("li_ask")), Bold(document.title), str(details.get("summary", ""))]
    if document.theme:
        lines.append(say("li_theme", theme=document.theme))
    lines.append(say("li_languages", languages=languages([str(details.get("language", ""))])))
    if document.link:
        lines.append(say("li_link", host=host_of(document.link)))
    lines += [file_line(each) for each in files.values()]
    if author is not None:
        lines.append(say("li_from", name=author.name))
    looking: list[AnyButton] = [LinkButton(say("b_open"), document.link)] if document.link else []
    looking += get_buttons(document, files)
    if document.state != "proposed":
        lines[0] = Bold(state(document))
        return Message(tuple(filter(None, lines)), rows(row(go("library", "library"))), silent=True)
    answers = row(
        button("approve", "rok", document.key, document.revision, style="primary"),
        button("li_refuse", "rno", document.key, document.revision),
    )
    return Message(tuple(filter(None, lines)), rows(answers, row(*looking)), (say("li_check"),))


def state(document: Document) -> Text:
    """Say what became of a resource."""
    if document.state == "refused":
        return say("li_state_refused", reason=document.reason)
    return say(f"li_state_{document.state}")


def own_card(document: Document) -> Message:
    """Draw somebody's own resource that is not in the library."""
    ends = button("li_withdraw", "rgone", document.key, document.revision) if document.state == "proposed" else None
    lines = (Bold(document.title), state(document))
    return Message(lines, rows(row(ends), row(go("library", "library"))), silent=True)
