"""The questions about a meeting (conversation 5.2, f_meeting): three pages, fewer once it is announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

from sqlalchemy import func, select

from chat.errors import FieldError
from chat.form import PAGE_MAX, Asking, ChoiceField, Field, MomentField, NumberField, Option, TextField, UrlField
from chat.text import Text, say
from handlers._feature import Context
from storage.meetings import Meeting, regions
from storage.members import CATEGORIES, Member

FORMATS = ("online", "in_person", "hybrid")
LENGTHS = (60, 90, 120, 150, 240, 480)
"""Minutes: one hour to a whole day."""
ZONES = {"slack": 90, "telegram": 6}
"""Zones offered: a menu of Slack takes no typed text, so it holds them all; elsewhere others are typed."""
KEEP = "as_before"
"""Leave an audience that the form cannot show as it is."""
NOT_ANNOUNCED = ("draft", "scheduled")
EDITABLE = (*NOT_ANNOUNCED, "inviting", "closed")
FIXED = ("format", "start", "length", "zone", "rule", "audience")
"""What stands once a meeting is announced; another time is `f_move`, which asks everybody again."""
ROOM = ("place", "map_link", "phone")
ONLINE = ("link", "passcode")
HYBRID = ("seats_online", "online_deadline")
PEOPLE = {"slack": 100, "telegram": 40}
"""People offered by name: what a menu holds, and what is still a readable set of buttons; others are typed."""
KNOWN_MAX = 2000
"""People whose names are looked through, staff first."""
SEATS_MAX = 5000
GUESTS_MAX = 9


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonField(ChoiceField):
    """Take one of our people by key: one of those offered, or a typed part of a name that fits one person only."""

    known: tuple[tuple[str, str], ...] = ()
    """Key and name of everybody who may be meant."""

    def read(self, text: str, asking: Asking) -> str:
        """Give the key. Raise `FieldError` when nobody fits, or several do: those are offered."""
        wanted = text.casefold()
        found = [(key, name) for key, name in self.known if wanted in (key, name.casefold())]
        found = found or [(key, name) for key, name in self.known if wanted in name.casefold()]
        if len(found) == 1:
            return found[0][0]
        if not found:
            raise FieldError(say("c_person_unknown"))
        raise FieldError(say("c_person_several"), tuple((name, key) for key, name in found[:8]))

    def show(self, value: str, asking: Asking) -> Text:
        """Show the name."""
        return next((name for key, name in self.known if key == value), value)


async def pages(ctx: Context, meeting: Meeting | None) -> tuple[tuple[Field, ...], ...]:
    """Give the pages of the form; of an announced meeting only what may still change and what its format has."""
    first, second, third = await _first(ctx, meeting), await _second(ctx), await _third(ctx, meeting)
    if meeting is None or meeting.state in NOT_ANNOUNCED:
        return first, second, third
    left_out = {*FIXED}
    if meeting.format != "hybrid":
        left_out |= {*HYBRID}
    if meeting.format == "in_person":
        left_out |= {*ONLINE}
    words = [each for each in (*first, *second) if each.id not in left_out]
    last = [each for each in third if each.id not in left_out]
    if len(words) % PAGE_MAX + len(last) <= PAGE_MAX:
        last = words[len(words) // PAGE_MAX * PAGE_MAX :] + last
        words = words[: len(words) // PAGE_MAX * PAGE_MAX]
    return (*(tuple(words[at : at + PAGE_MAX]) for at in range(0, len(words), PAGE_MAX)), tuple(last))


async def _first(ctx: Context, meeting: Meeting | None) -> tuple[Field, ...]:
    used = await regions(ctx.db)
    offered = 90 if ctx.inbound.by.platform == "slack" else 20
    region: Field = (
        ChoiceField(
            id="region", label=say("m_q_region"), options=tuple(Option(each, each) for each in used[:offered]),
            other=True,
        )
        if used
        else TextField(id="region", label=say("m_q_region"), min=2, max=60)
    )  # fmt: skip
    minutes = {*LENGTHS}
    if meeting is not None:
        minutes.add(int((meeting.ends_at - meeting.starts_at).total_seconds() // 60))
    return (
        ChoiceField(
            id="format", label=say("m_q_format"), options=tuple(Option(each, say(f"b_{each}")) for each in FORMATS)
        ),
        TextField(id="theme", label=say("m_q_theme"), min=3, max=120),
        region,
        MomentField(id="start", label=say("m_q_start"), hint=say("m_q_start_hint")),
        length_field(minutes),
        ZoneField(id="zone", label=say("m_q_zone"), options=await _zones(ctx, meeting), other=False),
        TextField(id="title", label=say("m_q_title"), hint=say("m_q_title_hint"), required=False, min=5, max=120),
    )


def length_field(minutes: set[int]) -> ChoiceField:
    """Ask for the length, in minutes."""
    options = tuple(Option(str(each), _length(each)) for each in sorted(minutes))
    return ChoiceField(id="length", label=say("m_q_length"), options=options)


def link_field() -> UrlField:
    """Ask for the link to join."""
    return UrlField(id="link", label=say("m_q_link"), hint=say("m_q_link_hint"), required=False)


def place_field() -> TextField:
    """Ask for the venue."""
    return TextField(id="place", label=say("m_q_place"), hint=say("m_q_place_hint"), required=False, min=3, max=120)


async def _second(ctx: Context) -> tuple[Field, ...]:
    return (
        TextField(id="passcode", label=say("c_q_passcode"), required=False, max=40),
        NumberField(
            id="per_organisation", label=say("c_q_per_organisation"), hint=say("c_q_per_organisation_hint"),
            required=False, max=SEATS_MAX,
        ),
        NumberField(id="guests", label=say("c_q_guests"), hint=say("c_q_guests_hint"), required=False, max=GUESTS_MAX),
        ChoiceField(
            id="rule", label=say("c_q_rule"), required=False,
            options=(Option("yes", say("c_rule_yes")), Option("no", say("c_rule_no"))),
        ),
        await _moderator(ctx),
        TextField(id="profile", label=say("c_q_profile"), hint=say("c_q_profile_hint"), required=False, max=300,
                  long=True),
        UrlField(id="agenda", label=say("c_q_agenda"), required=False),
    )  # fmt: skip


async def _third(ctx: Context, meeting: Meeting | None) -> tuple[Field, ...]:
    """Give the last page: what is checked against the rest stands where its explanation is seen."""
    passed = meeting is not None and meeting.rsvp_deadline <= ctx.now
    online = meeting.online_deadline if meeting else None
    groups = [Option("all", say("m_everybody")), *(Option(each, say(f"cat_{each}")) for each in await _categories(ctx))]
    if meeting is not None and beyond_the_form(meeting):
        groups.insert(0, Option(KEEP, say("m_as_before")))
    return (
        link_field(),
        place_field(),
        NumberField(id="seats", label=say("c_q_seats"), hint=say("c_q_seats_hint"), required=False, max=SEATS_MAX),
        NumberField(
            id="seats_online", label=say("c_q_seats_online"), hint=say("c_q_seats_online_hint"), required=False,
            max=SEATS_MAX,
        ),
        MomentField(
            id="deadline", label=say("m_q_deadline"), hint=say("c_q_deadline_hint"), required=False, before="start",
            future=not passed,
        ),
        MomentField(
            id="online_deadline", label=say("c_q_online_deadline"), hint=say("c_q_online_deadline_hint"),
            required=False, before="start", future=online is None or online > ctx.now,
        ),
        ChoiceField(id="audience", label=say("m_q_audience"), required=False, options=tuple(groups)),
    )  # fmt: skip


def practical() -> tuple[Field, ...]:
    """Give the questions of ‹add_details›: what people need on the day."""
    return (
        UrlField(id="map_link", label=say("c_q_map"), required=False),
        TextField(id="phone", label=say("c_q_phone"), hint=say("c_q_phone_hint"), required=False, min=5, max=40),
        UrlField(id="pack_link", label=say("c_q_pack"), hint=say("c_q_pack_hint"), required=False),
    )


def beyond_the_form(meeting: Meeting) -> bool:
    """Tell whether an audience says more than the form can show: several groups, or other things than categories."""
    return len(meeting.audience.get("categories") or ()) > 1 or bool(set(meeting.audience) - {"categories"})


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
    most = ZONES.get(ctx.inbound.by.platform, 6)
    found_zones = list(dict.fromkeys(names))[:most]
    return tuple(Option(each, each.rpartition("/")[2].replace("_", " ")) for each in found_zones)


async def _categories(ctx: Context) -> list[str]:
    found = set(await ctx.db.scalars(select(Member.category).where(Member.staff.is_(False)).distinct()))
    return [each for each in CATEGORIES if each in found]


async def _moderator(ctx: Context) -> PersonField:
    """Ask who moderates: staff first, then members."""
    rows: Sequence[tuple[str, str]] = [
        (key, name)
        for key, name in await ctx.db.execute(
            select(Member.key, Member.name)
            .where(Member.state.in_(("active", "paused")))
            .order_by(Member.staff.desc(), Member.name, Member.id)
            .limit(KNOWN_MAX)
        )
    ]
    offered = rows[: PEOPLE.get(ctx.inbound.by.platform, 40)]
    return PersonField(
        id="moderator", label=say("c_q_moderator"), hint=say("c_q_moderator_hint"), required=False,
        options=tuple(Option(key, name) for key, name in offered), known=tuple(rows),
    )  # fmt: skip
