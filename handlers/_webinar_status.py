"""The organisers' card of a webinar: what is planned, and who has registered, in counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select

from chat.language import DEFAULT
from chat.message import AnyButton, Button, Message, Press, button, row, rows
from chat.text import Bold, Link, Text, When, say
from handlers import _broadcast
from handlers._card_lines import can
from handlers._commands import offer
from handlers._countries import name
from handlers._sends import listed, platform_name
from handlers._webinar_cards import telegram, when, who
from handlers._webinar_fields import TYPES
from storage import webinars
from storage.communities import Channel
from storage.database import Session
from storage.webinars import Counts, Webinar

K = TypeVar("K")
LETTER = "w"
"""The letter of the opening in the buttons of previews."""
SMALL = 5
"""Counts below this are hidden outside of the organisers' private chats (domain 3.7)."""
HELD = ("over", "recording")
"""States after it was held, in which its recording can be shown or is."""
CHANGEABLE = ("draft", "open", "live")
"""States in which a webinar can be edited."""


async def card(
    db: Session, webinar: Webinar, now: datetime, *, language: str = DEFAULT, note: Text | None = None
) -> Message:
    """Draw it; `language` is that of country names. For organisers in private only."""
    draft = webinar.state == "draft"
    lines: list[Text] = [note] if note is not None else []
    lines += [Bold(webinar.title), when(webinar), state_line(webinar, now)]
    if draft:
        lines.append(say("we_opens", when=When(webinar.opens_at, webinar.zone)))
    lines.append(await _where(db, webinar))
    if webinar.tell_members:
        lines.append(say("we_told"))
    if webinar.state in CHANGEABLE:
        lines.append(say("we_has_link") if webinar.join_link else say("we_no_link"))
    lines += await who(db, webinar) or [say("we_no_speakers")]
    if webinar.seats is None:
        lines.append(say("we_any_seats"))
    elif draft:
        lines.append(say("we_seats", n=webinar.seats))
    if not draft:
        lines += await counted(db, webinar, language)
    lines += await _links(db, webinar)
    return Message(tuple(lines), _buttons(webinar), silent=True)


def state_line(webinar: Webinar, now: datetime) -> Text:
    """Say in which state it is."""
    if webinars.closed(webinar, now) == "early":
        return say("we_state_early", when=When(webinar.opens_at, webinar.zone))
    return say(f"we_state_{webinar.state}")


async def counted(db: Session, webinar: Webinar, language: str, *, everything: bool = True) -> list[Text]:
    """Write the counts; without `everything` cells below five are hidden."""
    found = await webinars.counts(db, webinar)
    registered: Text = say("we_registered_n", n=found.registered)
    if webinar.seats is not None:
        registered = say("we_registered_of", n=str(found.registered), seats=str(webinar.seats))
    head = [registered]
    head += [say("we_waiting_n", n=found.waiting)] if found.waiting else []
    head += [say("we_cancelled_n", n=found.cancelled)] if found.cancelled else []
    lines: list[Text] = [listed(head)]
    if not found.registered:
        return lines
    if everything or found.members >= SMALL:
        lines.append(say("we_members_n", n=found.members))
    return [*lines, *await _cells(db, found, language, everything)]


async def _cells(db: Session, found: Counts, language: str, everything: bool) -> list[Text]:
    known = {each.id: each for each in await db.scalars(select(Channel))}

    def channel(number: int | None) -> Text:
        if number == webinars.WEB:
            return say("we_by_web")
        row = known.get(number) if number is not None else None
        return (row.title or row.chat, " ", platform_name(row.platform)) if row else say("we_by_link")

    return [
        say("we_by_channel", list=_listed(found.channels, channel, everything)),
        say("we_by_organisation", list=_listed(found.organisations, organisation, everything)),
        say("we_by_country", list=_listed(found.countries, lambda code: name(code, language) or "–", everything)),
    ]


def organisation(kind: str) -> Text:
    """Name a type of organisation, or a member's category."""
    return say(f"we_org_{kind}") if kind in TYPES else say(f"cat_{kind or 'none'}")


def _listed(cells: Mapping[K, int], label: Callable[[K], Text], everything: bool) -> Text:
    ordered = sorted(cells.items(), key=lambda each: (-each[1], str(each[0])))
    shown: list[Text] = []
    for value, number in ordered:
        few = not everything and number < SMALL
        shown.append((label(value), " ", say("we_few") if few else str(number)))
    return listed(shown)


async def _where(db: Session, webinar: Webinar) -> Text:
    found = await chosen(db, webinar)
    if not found:
        return say("we_in_none")
    return say(
        "we_in", channels=listed([(each.title or each.chat, f" ({platform_name(each.platform)})") for each in found])
    )


async def chosen(db: Session, webinar: Webinar) -> list[Channel]:
    """Give the channels it is announced in."""
    if not webinar.channels:
        return []
    return list(await db.scalars(select(Channel).where(Channel.id.in_(webinar.channels)).order_by(Channel.id)))


async def _links(db: Session, webinar: Webinar) -> list[Text]:
    if webinar.state not in CHANGEABLE:
        return []
    lines: list[Text] = []
    if webinar.page_link:
        lines.append(say("we_register_at", link=Link(webinar.page_link, webinar.page_link)))
    if address := await telegram(db, webinars.OPENS + webinar.public_token):
        lines.append(say("we_deep", link=Link(address, address)))
    return lines


def _buttons(webinar: Webinar) -> tuple[tuple[AnyButton, ...], ...]:
    key = webinar.key
    edit = button("edit", "webnew", key) if webinar.state in CHANGEABLE else None
    if webinar.state == "draft":
        told = bool(webinar.channels) or webinar.tell_members
        first: AnyButton = (
            _broadcast.preview_button("preview", LETTER, key)
            if told
            else button("we_open", "webopen", key, style="primary")
        )
        return rows(row(first, edit, can("we_cancel", "webcan", key)), offer(("desk", "desk")))
    moves = webinar.state == "open"
    return rows(
        row(
            button("status", "webst", key),
            edit,
            can("attendance", "webatt", key),
            Button(say("wd_b_recording"), Press("webrec", key)) if webinar.state in HELD else None,
        ),
        row(
            can("we_move", "webmove", key) if moves else None,
            can("we_cancel", "webcan", key) if moves else None,
        ),
        offer(("desk", "desk")),
    )
