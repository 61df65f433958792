"""The questions about a meeting (conversation 5.2, f_meeting): three pages, fewer once it is announced."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select

from chat.form import OPTIONS_MAX, PAGE_MAX, ChoiceField, Field, MomentField, NumberField, Option, TextField, UrlField
from chat.language import LANGUAGE_NAMES
from chat.text import LanguageName, Text, say
from handlers._feature import Context
from handlers._typed_choices import LanguagesField, PersonField, ZoneField
from storage import audience, changes
from storage.meetings import Meeting, regions
from storage.members import CATEGORIES, Member, Organisation, holders

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
SEATS_MAX = 5000
GUESTS_MAX = 9


async def pages(ctx: Context, meeting: Meeting | None) -> tuple[tuple[Field, ...], ...]:
    """Give the pages of the form; of an announced meeting only what may still change and what its format has."""
    first, second, third = await _first(ctx, meeting), await _second(ctx, meeting), await _third(ctx, meeting)
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


async def _second(ctx: Context, meeting: Meeting | None) -> tuple[Field, ...]:
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
        await _moderator(ctx, meeting),
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


async def practical(ctx: Context) -> tuple[Field, ...]:
    """Give the questions of ‹add_details›: what people need on the day, the languages spoken, who approves its memo."""
    approvers = await holders(ctx.db, "approver", ctx.now)
    spoken = dict.fromkeys((ctx.community.language, *await audience.values(ctx.db, "languages")))
    languages = [Option(each, LanguageName(each)) for each in spoken if each in LANGUAGE_NAMES]
    return (
        *_practical(),
        LanguagesField(
            id="languages", label=say("c_q_languages"), hint=say("c_q_languages_hint"), required=False,
            options=tuple(languages), other=True,
        ),
        *((
            ChoiceField(
                id="approver", label=say("c_q_approver"), required=False,
                options=tuple(Option(each.key, each.name) for each in approvers[:OPTIONS_MAX]),
            ),
        ) if approvers else ()),
    )  # fmt: skip


def _practical() -> tuple[Field, ...]:
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


async def _moderator(ctx: Context, meeting: Meeting | None) -> PersonField:
    """Ask who moderates: who does now, then staff, then members by name; whoever is not offered is typed."""
    query = (
        select(Member.key, Member.name, func.coalesce(Organisation.name, ""))
        .outerjoin(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.state.in_(("active", "paused")))
        .order_by(Member.staff.desc(), Member.name, Member.id)
    )
    found = [(key, name, organisation) for key, name, organisation in await ctx.db.execute(query)]
    often = Counter(name for _, name, _ in found)
    known = [(key, f"{name} · {place}" if often[name] > 1 and place else name) for key, name, place in found]
    if meeting is not None and (now := await changes.moderator(ctx.db, meeting)) is not None:
        known.sort(key=lambda each: each[0] != now.key)
    offered = known[: PEOPLE.get(ctx.inbound.by.platform, 40)]
    more = len(known) > len(offered)
    return PersonField(
        id="moderator", label=say("c_q_moderator"), hint=say("c_q_moderator_type" if more else "c_q_moderator_hint"),
        required=False, options=tuple(Option(key, label) for key, label in offered), known=tuple(known), other=more,
    )  # fmt: skip
