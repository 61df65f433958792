"""The questions about an announcement: text and links, then where and when."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from chat.form import Asking, ChoiceField, Form, MomentField, NumberField, Option, TextField
from chat.text import LanguageName, say
from handlers import _files
from handlers._cards import short
from handlers._feature import Context
from handlers._sends import platform_name
from storage.announcements import Announcement
from storage.communities import Channel
from storage.database import Session
from storage.meetings import INVITED, Meeting

TEXT_MAX = 1500
"""Characters of one language (conversation §5.2, f_announce)."""
DAYS = 60
NOBODY, MEMBERS, NEWS, EVERY = "none", "members", "announcements", "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressField(TextField):
    """Take an https address and show its real host (reliability S25)."""

    max: int = 500

    def read(self, text: str, asking: Asking) -> str:
        """Give the address as it really is. Raise `FieldError`."""
        return _files.clean_link(TextField.read(self, text, asking))


async def announce_form(ctx: Context, found: Announcement | None) -> Form:
    """Build the form; of one that was sent only text and links can still be changed."""
    texts = (
        TextField(
            id="text",
            label=say("an_q_text", language=LanguageName(ctx.community.language)),
            min=3,
            max=TEXT_MAX,
            long=True,
        ),
        AddressField(id="link1", label=say("an_q_link"), required=False),
        AddressField(id="link2", label=say("an_q_link_2"), required=False),
    )
    if found is not None and found.state != "draft":
        return Form("announce", say("an_form_correct"), (texts,), submit=say("b_save"))
    where = [
        Option(NOBODY, say("an_no_channel")), Option(MEMBERS, say("an_members_channels")),
        Option(NEWS, say("an_news_channels")), Option(EVERY, say("pl_all_channels")),
    ]  # fmt: skip
    where += [Option(str(each.id), named(each)) for each in (await channels(ctx.db))[:90]]
    coming = await ctx.db.scalars(
        select(Meeting).where(Meeting.state.in_(INVITED), Meeting.starts_at > ctx.now).order_by(Meeting.starts_at)
    )
    meetings = tuple(Option(each.key, short(f"{each.code} · {each.title}", 60)) for each in coming)[:50]
    yes_no = (Option("no", say("b_no")), Option("yes", say("b_yes")))
    to = (Option("both", say("an_to_people")), Option(NOBODY, say("an_to_channels")))
    second = (
        ChoiceField(id="to", label=say("an_q_to"), options=to),
        ChoiceField(id="channels", label=say("an_q_channels"), options=tuple(where)),
        MomentField(id="at", label=say("an_q_at"), hint=say("an_q_at_hint"), required=False),
        *((
            ChoiceField(id="meeting", label=say("an_q_meeting"), required=False, options=meetings),
            NumberField(id="days", label=say("an_q_days"), hint=say("an_q_days_hint"), required=False,
                        min=-DAYS, max=DAYS),
        ) if meetings else ()),
        ChoiceField(id="confirm", label=say("an_q_confirm"), options=yes_no),
    )  # fmt: skip
    return Form("announce", say("b_announce"), (texts, second))


async def channels(db: Session) -> list[Channel]:
    """Give the channels an announcement may go to: the members' and the public ones."""
    asked = select(Channel).where(Channel.purpose.in_((MEMBERS, NEWS)), Channel.reachable.is_(True))
    return list(await db.scalars(asked.order_by(Channel.id)))


async def chosen(db: Session, wanted: str) -> list[int]:
    """Give the ids of the channels a choice of the form stands for."""
    every = await channels(db)
    if wanted in (MEMBERS, NEWS, EVERY):
        return [each.id for each in every if wanted in (EVERY, each.purpose)]
    return [each.id for each in every if str(each.id) == wanted]


async def choice(db: Session, ids: list[int]) -> str:
    """Give the choice of the form that stands for these channels."""
    for each in (MEMBERS, NEWS, EVERY):
        if ids and sorted(ids) == sorted(await chosen(db, each)):
            return each
    return str(ids[0]) if len(ids) == 1 else NOBODY


def named(channel: Channel) -> str:
    """Name a channel as organisers know it."""
    return f"{channel.title or channel.chat} ({platform_name(channel.platform)})"
