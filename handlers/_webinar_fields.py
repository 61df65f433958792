"""The questions about a webinar: to organisers (f_webinar_new) and to people from outside (f_webinar)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from chat.errors import FieldError
from chat.form import Asking, ChoiceField, Field, MomentField, NumberField, Option, TextField, UrlField
from chat.text import say
from handlers._countries import CountryField
from handlers._feature import Context
from handlers._names import fold
from handlers._typed_choices import PersonField, ZoneField
from storage.communities import Channel
from storage.members import Member, Organisation
from storage.webinars import Webinar, opens_by_default

TYPES = ("public", "eu", "international", "civil_society", "research", "diaspora", "private", "media", "other")
"""Types of organisation somebody from outside can choose."""
LENGTHS = (15, 480)
SEATS_MAX = 100_000
PURPOSES = ("members", "announcements")
"""Purposes of the channels a webinar may be announced in."""
WHERE = ("all", *PURPOSES, "none")
KEEP = "as_before"
FIXED = ("start", "length", "zone", "opens", "channels", "tell")
"""What stands once the opening is confirmed; another time is `webmove`, which tells everybody."""
MANY = {"slack": 90, "telegram": 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleField(TextField):
    """Take several of our people, typed with commas; the clean value is their full names with semicolons."""

    known: tuple[tuple[int, str], ...] = ()
    """Id and name, as it tells people apart."""

    def read(self, text: str, asking: Asking) -> str:
        """Find each by a part of the name. Raise `FieldError` naming whom nobody or several people are meant by."""
        return "; ".join(label for _, label in self.found(text))

    def found(self, text: str) -> list[tuple[int, str]]:
        """Give id and name of everybody named. Raise `FieldError`."""
        names = {label: number for number, label in self.known}
        found: dict[int, str] = {}
        for part in re.split(r"[;،؛\n]+" if ";" in text else r"[,،؛\n]+", text):
            wanted = " ".join(part.split())
            if not wanted:
                continue
            if wanted in names:
                found[names[wanted]] = wanted
                continue
            folded = " ".join(fold(wanted))
            meant = [each for each in self.known if folded and folded in " ".join(fold(each[1]))]
            if not meant:
                raise FieldError(say("we_speaker_unknown", name=wanted[:60]))
            if len(meant) > 1:
                several = ", ".join(label for _, label in meant[:5])
                raise FieldError(say("we_speaker_several", name=wanted[:60], names=several))
            found[meant[0][0]] = meant[0][1]
        return list(found.items())


async def pages(ctx: Context, webinar: Webinar | None) -> tuple[tuple[Field, ...], ...]:
    """Give the pages of the organisers' form; after the opening only what may still change."""
    labels = await _people(ctx)
    moderators = tuple((str(number), label) for number, label in labels)
    first: tuple[Field, ...] = (
        TextField(id="title", label=say("we_q_title"), min=5, max=120),
        MomentField(id="start", label=say("m_q_start"), hint=say("m_q_start_hint")),
        NumberField(
            id="length", label=say("we_q_length"), hint=say("we_q_length_hint"), min=LENGTHS[0], max=LENGTHS[1]
        ),
        ZoneField(id="zone", label=say("m_q_zone"), options=await _zones(ctx, webinar), other=False),
        TextField(id="about", label=say("we_q_about"), hint=say("we_q_about_hint"), required=False, max=600, long=True),
        PeopleField(
            id="speakers", label=say("we_q_speakers"), hint=say("we_q_speakers_hint"), required=False, max=600,
            known=tuple(labels),
        ),
        PersonField(
            id="moderator", label=say("we_q_moderator"), required=False, other=False, known=moderators,
            options=tuple(Option(key, label) for key, label in moderators[: MANY.get(ctx.inbound.by.platform, 6)]),
        ),
    )  # fmt: skip
    second: tuple[Field, ...] = (
        UrlField(id="link", label=say("m_q_link"), hint=say("we_q_link_hint"), required=False),
        NumberField(id="seats", label=say("we_q_seats"), hint=say("we_q_seats_hint"), required=False, max=SEATS_MAX),
        MomentField(
            id="opens", label=say("we_q_opens"), hint=say("we_q_opens_hint"), required=False, before="start",
            future=False,
        ),
        ChoiceField(id="channels", label=say("we_q_channels"), options=_places(webinar)),
        ChoiceField(id="tell", label=say("we_q_tell"), required=False, options=_yes_no()),
        ChoiceField(id="number", label=say("we_q_number"), required=False, options=_yes_no()),
    )  # fmt: skip
    if webinar is None or webinar.state == "draft":
        return first, second
    return tuple(tuple(each for each in page if each.id not in FIXED) for page in (first, second))


def _yes_no() -> tuple[Option, ...]:
    return Option("no", say("b_no")), Option("yes", say("b_yes"))


def _places(webinar: Webinar | None) -> tuple[Option, ...]:
    found = tuple(Option(each, say(f"we_channels_{each}")) for each in WHERE)
    return (Option(KEEP, say("m_as_before")), *found) if webinar is not None else found


async def _zones(ctx: Context, webinar: Webinar | None) -> tuple[Option, ...]:
    """Offer the webinar's zone, the community's, the asker's and where most members live."""
    found = await ctx.db.execute(
        select(Member.zone, func.count()).where(Member.staff.is_(False)).group_by(Member.zone)
        .order_by(func.count().desc())
    )  # fmt: skip
    names = [webinar.zone] if webinar else []
    names += [ctx.community.zone, ctx.reader.zone, *(zone for zone, _ in found)]
    most = MANY.get(ctx.inbound.by.platform, 6)
    return tuple(Option(each, each.rpartition("/")[2].replace("_", " ")) for each in list(dict.fromkeys(names))[:most])


async def _people(ctx: Context) -> list[tuple[int, str]]:
    """Give everybody who may speak or moderate, staff first; of the same names the organisation tells them apart."""
    asked = (
        select(Member.id, Member.name, func.coalesce(Organisation.name, ""))
        .outerjoin(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.state.in_(("active", "paused")))
        .order_by(Member.staff.desc(), Member.name, Member.id)
    )
    found = [(number, name, place) for number, name, place in await ctx.db.execute(asked)]
    names = [name for _, name, _ in found]
    return [
        (number, f"{name} · {place}".replace(",", "").replace(";", "") if names.count(name) > 1 and place else name)
        for number, name, place in found
    ]


async def stands(ctx: Context, webinar: Webinar) -> dict[str, str]:
    """Give a webinar as clean values of the form."""
    labels = dict(await _people(ctx))
    return {
        "title": webinar.title,
        "start": webinar.starts_at.isoformat(),
        "length": str(int((webinar.ends_at - webinar.starts_at).total_seconds() // 60)),
        "zone": webinar.zone,
        "about": webinar.about,
        "speakers": "; ".join(labels[each] for each in webinar.speakers if each in labels),
        "moderator": str(webinar.moderator_id) if webinar.moderator_id in labels else "",
        "link": webinar.join_link,
        "seats": str(webinar.seats or 0),
        "opens": webinar.opens_at.isoformat(),
        "channels": KEEP,
        "tell": "yes" if webinar.tell_members else "no",
        "number": "yes" if webinar.show_number else "no",
    }


async def read(ctx: Context, values: dict[str, str], fields: Sequence[Field]) -> dict[str, Any]:
    """Turn clean values into columns: only those of the fields that were asked."""
    asked = {each.id: each for each in fields}
    found: dict[str, Any] = {
        "title": values["title"],
        "about": values.get("about", ""),
        "join_link": values.get("link", ""),
        "seats": int(values.get("seats") or 0) or None,
        "show_number": values.get("number") == "yes",
        "moderator_id": int(values["moderator"]) if values.get("moderator") else None,
    }
    people = asked["speakers"]
    assert isinstance(people, PeopleField)
    found["speakers"] = [number for number, _ in people.found(values.get("speakers", ""))]
    if "start" not in asked:
        return found
    start, zone = datetime.fromisoformat(values["start"]), values["zone"]
    opens = values.get("opens")
    found |= {
        "starts_at": start,
        "ends_at": start + timedelta(minutes=int(values["length"])),
        "zone": zone,
        "opens_at": datetime.fromisoformat(opens) if opens else opens_by_default(start, zone),
        "tell_members": values.get("tell") == "yes",
    }
    if values["channels"] != KEEP:
        found["channels"] = await channels(ctx, values["channels"])
    return found


async def channels(ctx: Context, which: str) -> list[int]:
    """Give the ids of the channels a choice means."""
    purposes = PURPOSES if which == "all" else (which,)
    return list(await ctx.db.scalars(select(Channel.id).where(Channel.purpose.in_(purposes)).order_by(Channel.id)))


def outsider() -> tuple[Field, ...]:
    """Give the questions to somebody from outside who has a chat; who has none is asked on the page."""
    return (
        TextField(id="name", label=say("we_q_name"), min=2, max=80),
        ChoiceField(
            id="organisation", label=say("we_q_organisation"),
            options=tuple(Option(each, say(f"we_org_{each}")) for each in TYPES),
        ),
        CountryField(id="country", label=say("we_q_country"), hint=say("we_q_country_hint")),
        ChoiceField(id="consent", label=say("we_q_consent"), options=(Option("yes", say("b_agree")),)),
    )  # fmt: skip
