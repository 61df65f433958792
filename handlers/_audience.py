"""Audiences in words and as cards: what the filters say, how many people that is, and taps that change them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import select

from chat.language import LANGUAGE_NAMES, locale
from chat.message import Button, Message, Press, Row, button, row, rows
from chat.text import Bold, LanguageName, Reader, Text, plain, say
from handlers._balance import category_name
from handlers._cards import short
from handlers._feature import Context
from handlers._sends import listed, platform_name
from storage import audience
from storage.audience import Reach, Spec
from storage.database import Session
from storage.meetings import HELD, Meeting
from storage.members import ROLES

FILTERS = {
    "c": "categories", "n": "countries", "o": "organisations", "l": "languages", "r": "roles", "a": "attended",
    "p": "members",
}  # fmt: skip
"""Letters of the filters in button data."""
NOT = "x"
"""Stands before the letter where a tap says who is not meant."""
PAGE = 10
"""Choices of one card: five rows of two and the row that turns pages; of more rows Slack puts some together."""
BY_NAME = ("countries", "organisations")
"""Filters with so many values that they are looked up by name; of the others the commonest come first."""
SHOWN = 12
"""Values of one filter written out; of more the rest is a number."""
LEAST = ("1", "2", "3")
PAST = 9
"""Held meetings offered for earlier attendance, the latest first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Be one value of a filter: what the button carries, its label, whether it stands."""

    value: str
    label: Text
    chosen: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Be where somebody is among the cards of an audience, as the `rev` of a button says it."""

    letter: str = ""
    unwanted: bool = False
    page: int = 0

    @classmethod
    def read(cls, rev: str) -> Place:
        """Read `c`, `xo2` or nothing; anything else is the first card."""
        unwanted, rest = rev.startswith(NOT), rev.removeprefix(NOT)
        letter, page = rest[:1], rest[1:]
        if letter and letter not in FILTERS:
            return cls()
        return cls(letter, unwanted, int(page[:2]) if page.isdigit() else 0)

    def __str__(self) -> str:
        return f"{NOT if self.unwanted else ''}{self.letter}{self.page or ''}"


async def describe(db: Session, spec: Spec, reader: Reader) -> list[Text]:
    """Say in words who an audience is, a line for each filter; names are in it, so it is for organisers only."""
    said = [await _filter(db, name, spec, reader) for name in FILTERS.values() if spec.get(name)]
    but: Spec = spec.get("not") or {}
    if not any(spec.get(name) for name in FILTERS.values() if name != "members") and (but or not said):
        said.insert(0, say("aud_everybody"))
    unwanted = [await _values(db, name, but, reader) for name in FILTERS.values() if but.get(name)]
    return [*said, say("aud_not", values=listed(unwanted))] if unwanted else said


def people_line(reach: Reach) -> Text:
    """Count an audience: "24 people: 15 Slack, 9 Telegram, 0 not reachable" (conversation §5)."""
    if not reach.total:
        return say("aud_nobody")
    parts: list[Text] = [f"{number} {platform_name(platform)}" for platform, number in reach.platforms]
    parts.append(say("aud_unreached", n=reach.unreached))
    return say("aud_people", n=reach.total, parts=listed(parts))


def part_of(spec: Spec, place: Place) -> Spec:
    """Give what a card changes: the audience itself, or what it leaves out."""
    return (spec.get("not") or {}) if place.unwanted else spec


@dataclass(frozen=True, slots=True)
class Holder:
    """Be whatever has an audience: a meeting, a publication, an announcement."""

    key: str
    heading: Text
    spec: Spec
    save: Callable[[dict[str, Any]], Awaitable[None]]
    """Keep a changed audience, in the transaction of the tap."""
    onward: Button
    """What comes next once people are chosen: a preview."""
    back: Button
    fixed: Text | None = None
    """Why it can no longer be changed."""
    notes: Sequence[Text] = ()


Finder: TypeAlias = Callable[[Context, str, bool], Awaitable[Holder | None]]
"""Finds what has an audience by its key, for a change with its row held; none if the key is none of its own."""
FINDERS: list[Finder] = []


async def known(db: Session, part: Spec, place: Place, value: str, reader: Reader) -> bool:
    """Tell whether a tapped value is one that is offered: what a client makes up is never kept."""
    if place.letter == "p":
        number = re.fullmatch(r"[0-9]{1,9}", value)
        return number is not None and bool(await audience.names(db, [int(value)]))
    return any(each.value == value for each in await choices(db, FILTERS[place.letter], part, reader))


def change(spec: Spec, place: Place, value: str) -> dict[str, Any]:
    """Give the audience with one value tapped: chosen if it was not, else left out; the value is a known one."""
    changed = {key: each for key, each in spec.items() if key != "not"}
    but = dict(spec.get("not") or {})
    part, name = (but if place.unwanted else changed), FILTERS[place.letter]
    if name == "attended":
        wanted: dict[str, Any] = {"least": int(value)} if value in LEAST else {"meeting": value}
        part[name] = {} if part.get(name) == wanted else wanted
    else:
        given: str | int = int(value) if name in ("organisations", "members") else value
        stands = list(part.get(name) or ())
        part[name] = [each for each in stands if each != given] if given in stands else [*stands, given]
    changed["not"] = {key: each for key, each in but.items() if each}
    return {key: each for key, each in changed.items() if each}


async def first_card(db: Session, holder: Holder, place: Place, reader: Reader) -> Message:
    """Draw what an audience is, how many people, and the filters to change, unless it is fixed."""
    key = holder.key
    lines = await head(db, holder, reader)
    if holder.fixed is not None:
        return Message((*lines, holder.fixed), rows(row(holder.back)))
    names = [
        Button(say(f"b_aud_{name}"), Press("aud", key, str(Place(letter, place.unwanted))))
        for letter, name in FILTERS.items()
    ]
    if place.unwanted:
        lines.append(say("aud_choose_not"))
        names.append(button("back", "aud", key))
        return Message(tuple(lines), rows(*_pairs(names)))
    names.append(Button(say("aud_and_not"), Press("aud", key, NOT)))
    everybody = button("aud_everybody", "aud", key, "", "all") if holder.spec else None
    back = holder.back if holder.back.data != holder.onward.data else None
    return Message(tuple(lines), rows(*_pairs(names), row(everybody, holder.onward, back)))


async def filter_card(db: Session, holder: Holder, place: Place, reader: Reader) -> Message:
    """Draw the values of one filter as taps, a page at a time, with the audience as it stands above them."""
    offered = await choices(db, FILTERS[place.letter], part_of(holder.spec, place), reader)
    page = min(place.page, max(len(offered) - 1, 0) // PAGE)
    here = str(Place(place.letter, place.unwanted, page))
    buttons = [
        Button(
            ("✓ ", short(plain(each.label, reader), 22)) if each.chosen else short(plain(each.label, reader)),
            Press("aud", holder.key, here, each.value),
            "primary" if each.chosen else "default",
        )
        for each in offered[page * PAGE : (page + 1) * PAGE]
    ]
    lines = await head(db, holder, reader)
    if offered:
        lines.append(say("aud_choose_not" if place.unwanted else "aud_choose"))
    elif place.letter != "p":
        lines.append(say("aud_no_values"))
    before, after = (str(Place(place.letter, place.unwanted, number)) for number in (page - 1, page + 1))
    find = button("aud_find", "aud", holder.key, here, "find") if place.letter == "p" else None
    turn = row(
        find,
        Button(("« ", str(page)), Press("aud", holder.key, before)) if page > 0 else None,
        Button((str(page + 2), " »"), Press("aud", holder.key, after)) if (page + 1) * PAGE < len(offered) else None,
        button("back", "aud", holder.key, NOT if place.unwanted else ""),
    )
    return Message(tuple(lines), rows(*_pairs(buttons), turn))


async def head(db: Session, holder: Holder, reader: Reader) -> list[Text]:
    """Write what stands on top of every card: the audience in words and the live count."""
    lines: list[Text] = [Bold(holder.heading)]
    lines += await describe(db, holder.spec, reader)
    lines.append(Bold(people_line(await audience.reach(db, holder.spec))))
    return [*lines, *holder.notes]


async def choices(db: Session, name: str, part: Spec, reader: Reader) -> list[Choice]:
    """Give the values of a filter that can be tapped, with those that stand although no member has them now."""
    stands = part.get(name) or ()
    if name == "attended":
        return await _attended(db, stands or {})
    if name == "members":
        found = await audience.names(db, [int(each) for each in stands])
        return [Choice(str(number), name, True) for number, name in found]
    chosen = [str(each) for each in stands]
    values = await audience.values(db, name)
    values = [*(each for each in chosen if each not in values), *values]
    labels = await _labels(db, name, values, reader)
    if name in BY_NAME:
        values.sort(key=lambda each: _sorting(plain(labels[each], reader)))
    return [Choice(each, labels[each], each in chosen) for each in values]


def _sorting(name: str) -> str:
    """Give what a name is sorted by: accents and case do not count, so that Égypte stands beside Espagne."""
    return "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each)).casefold()


async def _attended(db: Session, stands: Mapping[str, Any]) -> list[Choice]:
    least = str(stands.get("least", ""))
    found = [Choice(each, say("b_aud_least", n=int(each)), each == least) for each in LEAST]
    held = await db.scalars(
        select(Meeting).where(Meeting.state.in_(HELD)).order_by(Meeting.starts_at.desc(), Meeting.id).limit(PAST)
    )
    return found + [Choice(each.key, f"{each.code} · {each.title}", each.key == stands.get("meeting")) for each in held]


async def _labels(db: Session, name: str, values: Sequence[str], reader: Reader) -> dict[str, Text]:
    match name:
        case "organisations":
            found = await audience.organisations(db, [int(each) for each in values])
            return {each: found.get(int(each), each) for each in values}
        case "countries":
            names = locale(reader.language).territories
            return {each: names.get(each, each) for each in values}
        case "languages":
            return {each: LanguageName(each) if each in LANGUAGE_NAMES else each for each in values}
        case "roles":
            return {each: say(f"aud_role_{each}") if each in ROLES else each for each in values}
        case _:
            return {each: category_name(each) for each in values}


async def _filter(db: Session, name: str, spec: Spec, reader: Reader) -> Text:
    values = await _values(db, name, spec, reader)
    if name == "attended":
        return values
    if name == "members":
        alone = not any(spec.get(each) for each in (*FILTERS.values(), "not") if each != "members")
        return say("aud_named" if alone else "aud_and", values=values)
    return say(f"aud_{name}", values=values)


async def _values(db: Session, name: str, spec: Spec, reader: Reader) -> Text:
    """Write the values of one filter, the first twelve of many."""
    stands = spec[name]
    if name == "attended":
        if stands.get("least"):
            return say("aud_least", n=int(stands["least"]))
        code = await db.scalar(select(Meeting.code).where(Meeting.key == str(stands.get("meeting"))))
        return say("aud_meeting", code=code or "–")
    texts: list[Text]
    if name == "members":
        texts = [name for _, name in await audience.names(db, [int(each) for each in stands])]
    else:
        labels = await _labels(db, name, [str(each) for each in stands], reader)
        texts = [labels[str(each)] for each in stands]
    more: list[Text] = [f"+{len(texts) - SHOWN}"] if len(texts) > SHOWN else []
    return listed(texts[:SHOWN] + more)


def _pairs(buttons: Sequence[Button]) -> list[Row]:
    return [row(*buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
