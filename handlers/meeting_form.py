"""Planning a meeting and changing its words: one form; nothing is sent by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import func, select

from chat.errors import FieldError, UserError
from chat.form import Asking, ChoiceField, Field, Form, MomentField, Option, TextField, UrlField
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Invalid, Reply
from chat.text import Bold, Text, When, say
from handlers._cards import PRIVATE, PUBLIC, place, when
from handlers._feature import Answers, Context, Feature
from handlers._meetings import about, pressed
from scheduler import cards
from storage import audit
from storage.meetings import Meeting, lock, next_code, regions, same_topic
from storage.members import CATEGORIES, Member

feature = Feature("meeting_form")

FORMATS = ("online", "in_person", "hybrid")
LENGTHS = (60, 90, 120, 150, 240, 480)
"""Minutes: one hour to a whole day."""
ZONES = 6
KEEP = "as_before"
"""Leave an audience of several groups as it is."""
NOT_ANNOUNCED = ("draft", "scheduled")
EDITABLE = (*NOT_ANNOUNCED, "inviting", "closed")
FIXED = ("format", "start", "length", "zone", "place", "audience")
"""What stands once a meeting is announced; moving it is another act that asks everybody again."""
BEFORE = {"online": 14, "hybrid": 14, "in_person": 30}
"""Days from the reply deadline to the start (domain 3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneField(ChoiceField):
    """Take a time zone: one of those offered, or the typed name of a place in the zone database."""

    def read(self, text: str, asking: Asking) -> str:
        """Give the IANA name. Raise `FieldError` for a place nobody knows."""
        try:
            return ChoiceField.read(self, text, asking)
        except FieldError:
            wanted = text.casefold().replace(" ", "_")
            for name in sorted(available_timezones()):
                if wanted in (name.casefold(), name.casefold().rpartition("/")[2]):
                    return name
            raise FieldError(say("m_zone_unknown")) from None


@feature.command(
    "meeting new", "new", "plan", "nouvelle réunion", "yeni toplantı", "nueva reunión", who="organiser", where="slack"
)
async def new(ctx: Context, _rest: str) -> Answers:
    """Ask about a new meeting."""
    return [Ask("meeting", "", {"zone": ctx.community.zone, "audience": "all"})]


@feature.command("meeting edit", who="organiser", where="slack")
@about("meeting edit", EDITABLE)
async def edit(ctx: Context, meeting: Meeting) -> Answers:
    """Ask about a meeting that is planned already."""
    return _ask(ctx, meeting)


@feature.click("medit", who="organiser")
async def pressed_edit(ctx: Context, press: Press) -> Answers:
    """Ask about a meeting from a button."""
    return _ask(ctx, await pressed(ctx, press.key))


def _ask(ctx: Context, meeting: Meeting) -> list[Answer]:
    if meeting.state not in EDITABLE or meeting.starts_at <= ctx.now:
        return [Reply(Message((say("m_too_late_to_edit"),), rows(row(button("status", "status", meeting.key)))))]
    values, fixed = _values(meeting), _fixed(meeting)
    return [Ask("meeting", meeting.key, {key: value for key, value in values.items() if key not in fixed})]


def _values(meeting: Meeting) -> dict[str, str]:
    """Give a meeting as clean values of the form."""
    categories = meeting.audience.get("categories") or ()
    return {
        "format": meeting.format,
        "theme": meeting.theme,
        "region": meeting.region,
        "start": meeting.starts_at.isoformat(),
        "length": str(int((meeting.ends_at - meeting.starts_at).total_seconds() // 60)),
        "zone": meeting.zone,
        "title": meeting.title,
        "link": meeting.join_link,
        "place": meeting.place,
        "deadline": meeting.rsvp_deadline.isoformat(),
        "audience": KEEP if len(categories) > 1 else next(iter(categories), "all"),
    }


def _fixed(meeting: Meeting | None) -> tuple[str, ...]:
    """Name the fields that cannot be changed any more."""
    if meeting is None or meeting.state in NOT_ANNOUNCED:
        return ()
    return (*FIXED, "link") if meeting.join_link else FIXED


@feature.form("meeting", who="organiser")
async def form(ctx: Context, subject: str) -> Form:
    """Build the questions; of an announced meeting only its words, a missing link and the deadline."""
    meeting = await pressed(ctx, subject) if subject else None
    title = say("m_form_edit", code=meeting.code) if meeting else say("m_form_new")
    first, second = await _pages(ctx, meeting)
    fixed = _fixed(meeting)
    if fixed:
        kept = tuple(each for each in (*first, *second) if each.id not in fixed)
        return Form("meeting", title, (kept,), intro=say("m_announced"))
    return Form("meeting", title, (first, second))


async def _pages(ctx: Context, meeting: Meeting | None) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    used = await regions(ctx.db)
    region: Field = (
        ChoiceField(
            id="region", label=say("m_q_region"), options=tuple(Option(each, each) for each in used[:90]), other=True
        )
        if used
        else TextField(id="region", label=say("m_q_region"), min=2, max=60)
    )
    minutes = {*LENGTHS}
    if meeting is not None:
        minutes.add(int((meeting.ends_at - meeting.starts_at).total_seconds() // 60))
    first: tuple[Field, ...] = (
        ChoiceField(
            id="format", label=say("m_q_format"), options=tuple(Option(each, say(f"b_{each}")) for each in FORMATS)
        ),
        TextField(id="theme", label=say("m_q_theme"), min=3, max=120),
        region,
        MomentField(id="start", label=say("m_q_start"), hint=say("m_q_start_hint")),
        ChoiceField(
            id="length",
            label=say("m_q_length"),
            options=tuple(Option(str(each), _length(each)) for each in sorted(minutes)),
        ),
        ZoneField(id="zone", label=say("m_q_zone"), options=await _zones(ctx, meeting), other=False),
        TextField(id="title", label=say("m_q_title"), hint=say("m_q_title_hint"), required=False, min=5, max=120),
    )
    groups = [Option("all", say("m_everybody")), *(Option(each, say(f"cat_{each}")) for each in await _categories(ctx))]
    if meeting is not None and len(meeting.audience.get("categories") or ()) > 1:
        groups.insert(0, Option(KEEP, say("m_as_before")))
    passed = meeting is not None and meeting.rsvp_deadline <= ctx.now
    second: tuple[Field, ...] = (
        UrlField(id="link", label=say("m_q_link"), hint=say("m_q_link_hint"), required=False),
        TextField(id="place", label=say("m_q_place"), hint=say("m_q_place_hint"), required=False, min=3, max=120),
        MomentField(
            id="deadline",
            label=say("m_q_deadline"),
            hint=say("m_q_deadline_hint"),
            required=False,
            before="start",
            future=not passed,
        ),
        ChoiceField(id="audience", label=say("m_q_audience"), required=False, options=tuple(groups)),
    )
    return first, second


def _length(minutes: int) -> Text:
    if minutes in LENGTHS:
        return say(f"m_length_{minutes}")
    return f"{minutes // 60}:{minutes % 60:02}"


async def _zones(ctx: Context, meeting: Meeting | None) -> tuple[Option, ...]:
    """Offer the community's zone, the asker's, the meeting's and where most members live."""
    found = await ctx.db.execute(
        select(Member.zone, func.count())
        .where(Member.staff.is_(False))
        .group_by(Member.zone)
        .order_by(func.count().desc())
    )
    names = [meeting.zone] if meeting else []
    names += [ctx.community.zone, ctx.reader.zone, *(zone for zone, _ in found)]
    return tuple(Option(each, each.rpartition("/")[2].replace("_", " ")) for each in list(dict.fromkeys(names))[:ZONES])


async def _categories(ctx: Context) -> list[str]:
    found = set(await ctx.db.scalars(select(Member.category).where(Member.staff.is_(False)).distinct()))
    return [each for each in CATEGORIES if each in found]


@feature.submission("meeting")
async def save(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Save a meeting; nothing is sent. Changed words go silently into the cards that exist."""
    meeting = await lock(ctx.db, subject) if subject else None
    if subject and meeting is None:
        raise UserError(say("e_gone"))
    if meeting is not None and meeting.state not in EDITABLE:
        return [Invalid({"": say("m_too_late_to_edit")})]
    fixed = _fixed(meeting)
    if meeting is not None:
        stands = _values(meeting)
        if any(key in values and values[key] != stands[key] for key in fixed):
            return [Invalid({"": say("m_announced")})]
        values = {**stands, **values}
    fields = _read(values, ctx.now)
    if isinstance(fields, Invalid):
        return [fields]
    if values.get("audience") == KEEP:
        del fields["audience"]
    if meeting is None:
        code = await next_code(ctx.db)
        meeting = Meeting(code=code, state="scheduled", created_by=ctx.me.id, **fields)
        ctx.db.add(meeting)
        await ctx.db.flush()
        audit.note(ctx.db, ctx.now, ctx.me.id, "create_meeting", meeting.key)
    else:
        for name, value in fields.items():
            setattr(meeting, name, value)
        if meeting.state == "draft":
            meeting.state = "scheduled"
        await ctx.db.flush()
        audit.note(ctx.db, ctx.now, ctx.me.id, "edit_meeting", meeting.key)
        await cards.touch(ctx.db, (*PRIVATE, *PUBLIC), meeting.key)
    twin = await same_topic(ctx.db, meeting.theme, meeting.region, meeting.key)
    return [Reply(_saved(meeting, twin, announced=bool(fixed)), private=True)]


def _read(values: dict[str, str], now: datetime) -> dict[str, Any] | Invalid:
    """Turn clean values into columns, or explain what does not go together."""
    start = datetime.fromisoformat(values["start"])
    kind, zone = values["format"], values["zone"]
    if kind != "online" and not values.get("place"):
        return Invalid({"place": say("m_place_needed")})
    if start <= now:
        return Invalid({"start": say("f_past")})
    given = values.get("deadline")
    deadline = datetime.fromisoformat(given) if given else default_deadline(start, zone, kind, now)
    if deadline >= start:
        return Invalid({"deadline": say("f_deadline", when=When(start, zone))})
    audience = values.get("audience") or "all"
    return {
        "title": values.get("title") or values["theme"],
        "theme": values["theme"],
        "region": values["region"],
        "format": kind,
        "starts_at": start,
        "ends_at": start + timedelta(minutes=int(values["length"])),
        "zone": zone,
        "place": values.get("place", ""),
        "join_link": values.get("link", ""),
        "rsvp_deadline": deadline,
        "audience": {} if audience == "all" else {"categories": [audience]},
    }


def default_deadline(start: datetime, zone: str, kind: str, now: datetime) -> datetime:
    """Give the usual deadline, 14 days (in person 30) before at 18:00 of the host; for a near meeting a later one."""
    there = ZoneInfo(zone)
    day = start.astimezone(there).date()
    for before in (BEFORE.get(kind, 14), 14, 7, 3, 1):
        wanted = datetime.combine(day - timedelta(days=before), time(18), there).astimezone(UTC)
        if wanted > now:
            return wanted
    return now + (start - now) / 2


def _saved(meeting: Meeting, twin: Meeting | None, *, announced: bool) -> Message:
    lines: list[Text] = [
        Bold(say("m_saved_silently" if announced else "m_saved", code=meeting.code)),
        Bold(meeting.title),
        when(meeting),
        (say(f"b_{meeting.format}"), " · ", place(meeting)) if meeting.format != "online" else say("b_online"),
        say("m_reply_by", when=When(meeting.rsvp_deadline, meeting.zone)),
    ]
    if twin is not None:
        lines.append(say("m_twin", code=twin.code))
    if announced:
        first = button("status", "status", meeting.key)
    else:
        first = Button(say("b_preview"), Press("preview", meeting.key, "", "i"), "primary")
    return Message(tuple(lines), rows(row(first, button("edit", "medit", meeting.key))))
