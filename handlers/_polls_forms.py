"""Forms of polls: topics, dates, a quick question, a suggestion; lists are typed one on each line.

Both platforms ask the same: one field for a list, because fields are single; whatever is wrong names its line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from chat.errors import FieldError, UserError
from chat.form import Asking, ChoiceField, Field, Form, MomentField, NumberField, Option, TextField
from chat.moments import read_moment
from chat.outbound import Invalid
from chat.text import Text, When, say
from handlers._feature import Context
from handlers._schedule import topic_poll
from handlers._schedule_table import POLL_CLOSES
from handlers._sends import platform_name
from storage import audience
from storage import polls as stored
from storage.communities import Channel, Community
from storage.database import Session
from storage.polls import OPTIONS_MAX, Poll, PollOption

LENGTHS = (60, 90, 120, 150, 240, 480)
"""Minutes, as the form of a meeting offers them."""
OPEN_FOR = timedelta(days=1)
"""How long a quick poll is open unless somebody says otherwise (conversation §5.2)."""
TITLE_MAX, LINE_MAX, ANSWER_MAX, SLOTS_MAX = 60, 120, 40, 10
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListField(TextField):
    """Take `least` to `most` lines; the clean value has one item on each line."""

    long: bool = True
    least: int = 2
    most: int = OPTIONS_MAX

    def read(self, text: str, asking: Asking) -> str:
        """Clean every line. Raise `FieldError` naming the line that is wrong."""
        found = [" ".join(each.split()) for each in text.splitlines()]
        found = [each for each in ("".join(c for c in line if c.isprintable()) for line in found) if each]
        items = [self.item(each, number, asking) for number, each in enumerate(found, 1)]
        if len(items) < self.least:
            raise FieldError(say("pl_f_one" if len(items) == 1 else "pl_f_few", min=self.least))
        if len(items) > self.most:
            raise FieldError(say("pl_f_many", n=len(items), max=self.most))
        known: dict[str, int] = {}
        for number, each in enumerate(items, 1):
            other = known.setdefault(self.same(each), number)
            if other != number:
                raise FieldError(say("pl_f_same", line=number, other=other))
        return "\n".join(items)

    def item(self, line: str, number: int, asking: Asking) -> str:
        """Clean one line. Raise `FieldError`."""
        return _fits(line, ANSWER_MAX, number)

    def same(self, item: str) -> str:
        """Give what must not repeat."""
        return item.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsField(ListField):
    """Take topics as `title: line`; the line may be left out."""

    least: int = 3

    def item(self, line: str, number: int, asking: Asking) -> str:
        """Check both parts."""
        title, more = topic(line)
        _fits(more, LINE_MAX, number)
        return f"{_fits(title, TITLE_MAX, number)}: {more}" if more else _fits(title, TITLE_MAX, number)

    def same(self, item: str) -> str:
        """Compare titles alone."""
        return topic(item)[0].casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatesField(ListField):
    """Take moments typed one on each line in the asker's zone; the clean value has them in order.

    It is written so that a person can read and change it in a modal: `2026-06-09 10:00`, in the same zone.
    """

    most: int = SLOTS_MAX

    def read(self, text: str, asking: Asking) -> str:
        """Put them in order."""
        lines = ListField.read(self, text, asking).splitlines()
        return "\n".join(sorted(lines, key=lambda each: read_moment(each, asking.now, asking.zone, asking.language)))

    def item(self, line: str, number: int, asking: Asking) -> str:
        """Read one moment; it must be ahead."""
        try:
            moment = read_moment(line, asking.now, asking.zone, asking.language)
        except FieldError as error:
            raise FieldError(say("pl_f_line", line=number, why=error.text)) from None
        if moment <= asking.now:
            raise FieldError(say("pl_f_line", line=number, why=say("f_past")))
        return written(moment, asking.zone)

    def show(self, value: str, asking: Asking) -> Text:
        """Show the moments in the asker's zone."""
        shown: list[Text] = []
        for each in value.splitlines():
            shown += ["\n", When(read_moment(each, asking.now, asking.zone, asking.language), asking.zone)]
        return tuple(shown)


def written(moment: datetime, zone: str) -> str:
    """Write an instant as wall time in a zone, with the offset where clocks show the hour twice."""
    local = moment.astimezone(ZoneInfo(zone))
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return local.isoformat(timespec="minutes")
    return f"{local:%Y-%m-%d %H:%M}"


def topic(line: str) -> tuple[str, str]:
    """Split `title: line`; a colon of any writing counts."""
    for mark in (":", "："):
        if mark in line:
            title, _, more = line.partition(mark)
            return title.strip(), more.strip()
    return line.strip(), ""


def _fits(text: str, most: int, number: int) -> str:
    if len(text) > most:
        raise FieldError(say("pl_f_long", line=number, max=most))
    return text


async def form(ctx: Context, kind: str) -> Form:
    """Build the form of a poll of one kind."""
    usual = say("sc_poll_usual", n=topic_poll(ctx.community.settings)[1].days)
    closes = MomentField(id="closes", label=say("pl_q_closes"), hint=usual, required=False)
    match kind:
        case "topic":
            fields: tuple[Field, ...] = (
                TextField(id="question", label=say("pl_q_question"), min=5, max=150),
                TopicsField(id="options", label=say("pl_q_options"), hint=say("pl_q_options_hint")),
                _choice("suggestions", say("pl_q_suggestions"), ("yes", say("b_yes")), ("no", say("b_no"))),
                closes,
                await _who(ctx.db),
            )
            return Form("poll_topic", say("b_poll_topic"), (fields,))
        case "date":
            lengths = tuple((str(each), say(f"m_length_{each}")) for each in LENGTHS)
            closes = replace(closes, hint=say("pl_q_closes_dates"), required=True)
            fields = (
                TextField(id="question", label=say("pl_q_title"), min=5, max=120),
                replace(_choice("length", say("m_q_length"), *lengths), required=True),
                DatesField(id="options", label=say("pl_q_dates"), hint=say("pl_q_dates_hint")),
                closes,
                await _who(ctx.db),
            )
            return Form("poll_date", say("b_poll_date"), (fields,))
    closes = replace(closes, hint=say("pl_q_closes_one"))
    found = [(str(each.id), _named(each)) for each in await _channels(ctx.db)]
    fields = (
        TextField(id="question", label=say("pl_q_question"), min=5, max=200),
        ListField(id="options", label=say("pl_q_answers"), hint=say("pl_q_answers_hint")),
        replace(_choice("channels", say("pl_q_channels"), (ALL, say("pl_all_channels")), *found[:90]), required=True),
        closes,
        _choice("totals", say("pl_q_totals"), ("after", say("pl_after")), ("live", say("pl_live"))),
    )
    return Form("poll_quick", say("b_poll_quick"), (fields,))


def suggestion_form() -> Form:
    """Build the form of a suggested topic."""
    field = TextField(id="topic", label=say("pl_q_suggestion"), hint=say("pl_q_suggestion_hint"), min=3, max=TITLE_MAX)
    return Form("poll_suggest", say("pl_form_suggest"), ((field,),), submit=say("b_send"), review=False)


def count_form() -> Form:
    """Ask for the number of people a large send goes to."""
    field = NumberField(id="count", label=say("pl_count_question"), min=1)
    return Form("poll_count", say("m_count_title"), ((field,),), submit=say("b_send"), review=False)


def _choice(name: str, label: Text, *given: tuple[str, Text]) -> ChoiceField:
    return ChoiceField(id=name, label=label, required=False, options=tuple(Option(*each) for each in given))


async def _who(db: Session) -> ChoiceField:
    groups = [(each, say(f"cat_{each}")) for each in await audience.values(db, "categories")]
    return _choice("audience", say("pl_q_who"), (ALL, say("m_everybody")), *groups)


async def _channels(db: Session) -> list[Channel]:
    query = select(Channel).where(Channel.reachable.is_(True)).order_by(Channel.purpose, Channel.id)
    return list(await db.scalars(query))


def _named(channel: Channel) -> Text:
    return f"{channel.title or channel.chat} ({platform_name(channel.platform)})"


def beginning(kind: str) -> dict[str, str]:
    """Give the values a new form begins with."""
    return {
        "topic": {"suggestions": "yes", "audience": ALL},
        "date": {"length": "90", "audience": ALL},
        "quick": {"channels": ALL, "totals": "after"},
    }[kind]


def values_of(poll: Poll, found: list[PollOption], zone: str) -> dict[str, str]:
    """Give a draft as clean values of its form, for somebody in a zone."""
    given = {"question": poll.question, "closes": poll.closes_at.isoformat()}
    if poll.kind != "quick":
        given["audience"] = next(iter(poll.audience.get("categories") or ()), ALL)
    if poll.kind == "topic":
        lines = [f"{each.title}: {each.line}" if each.line else each.title for each in found]
        return given | {"options": "\n".join(lines), "suggestions": "yes" if poll.suggestions else "no"}
    if poll.kind == "date":
        moments = [written(each.starts_at, zone) for each in found if each.starts_at is not None]
        return given | {"options": "\n".join(moments), "length": str(poll.minutes or 90)}
    single = str(poll.channels[0]) if len(poll.channels) == 1 else ALL
    titles = "\n".join(each.title for each in found)
    return given | {"options": titles, "channels": single, "totals": "live" if poll.live else "after"}


async def save(ctx: Context, kind: str, subject: str, values: dict[str, str]) -> Poll | Invalid:
    """Write a draft, new or again; nothing is sent. Give the explanation of what does not go together."""
    poll = await stored.lock(ctx.db, subject) if subject else None
    if subject and (poll is None or poll.kind != kind):
        raise UserError(say("e_gone"))
    if poll is not None and poll.state != "draft":
        return Invalid({"": say("pl_sent_already")})
    columns = await _columns(ctx, kind, values)
    if isinstance(columns, Invalid):
        return columns
    if poll is None:
        poll = Poll(kind=kind, state="draft", zone=ctx.community.zone, created_by=ctx.me.id, **columns)
        ctx.db.add(poll)
        await ctx.db.flush()
    else:
        for name, value in columns.items():
            setattr(poll, name, value)
    await stored.replace_options(ctx.db, poll, _rows(ctx, kind, values["options"]))
    return poll


async def _columns(ctx: Context, kind: str, values: dict[str, str]) -> dict[str, Any] | Invalid:
    given = values.get("closes")
    closes = datetime.fromisoformat(given) if given else default_close(kind, ctx.now, ctx.community)
    if closes <= ctx.now:
        return Invalid({"closes": say("f_past")})
    columns: dict[str, Any] = {"question": values["question"], "closes_at": closes}
    if kind == "quick":
        found = await _channels(ctx.db)
        wanted = values.get("channels") or ALL
        meant = [each for each in found if str(each.id) == wanted or (wanted == ALL and each.purpose == "members")]
        if not meant:
            return Invalid({"channels": say("pl_f_no_channel")})
        staff = all(each.purpose == "organisers" for each in meant)
        columns |= {"channels": [each.id for each in meant], "audience": {"staff": True} if staff else {}}
        return columns | {"live": values.get("totals") == "live"}
    who = values.get("audience") or ALL
    columns["audience"] = {} if who == ALL else {"categories": [who]}
    if kind == "topic":
        return columns | {"suggestions": values.get("suggestions") != "no"}
    slots = [each["starts_at"] for each in _rows(ctx, kind, values["options"])]
    if min(slots) <= ctx.now:
        return Invalid({"options": say("f_past")})
    if closes >= min(slots):
        return Invalid({"closes": say("pl_f_before", when=When(min(slots), ctx.community.zone, part="inside"))})
    return columns | {"minutes": int(values["length"])}


def _rows(ctx: Context, kind: str, lines: str) -> list[dict[str, Any]]:
    if kind == "date":
        here = (ctx.now, ctx.reader.zone, ctx.reader.language)
        return [{"starts_at": read_moment(each, *here)} for each in lines.splitlines()]
    if kind == "topic":
        return [dict(zip(("title", "line"), topic(each), strict=True)) for each in lines.splitlines()]
    return [{"title": each} for each in lines.splitlines()]


def default_close(kind: str, now: datetime, community: Community) -> datetime:
    """Give the usual close: a quick poll's a day from now, a topic poll's as the community has it, at 18:00 there."""
    if kind == "quick":
        return now + OPEN_FOR
    there = ZoneInfo(community.zone)
    day = now.astimezone(there).date() + topic_poll(community.settings)[1]
    return datetime.combine(day, POLL_CLOSES, there).astimezone(UTC)
