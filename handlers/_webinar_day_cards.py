"""What people who registered see around the day: reminders, the link, check-in; afterwards their own card."""

from __future__ import annotations

from datetime import datetime, timedelta

from chat.message import LinkButton, Message, button, row, rows
from chat.text import Bold, Link, Text, When, say
from handlers import _webinar_cards
from handlers._card_lines import can
from handlers._webinar_cards import SAFE, register_link, shows_link, when
from handlers._webinar_day_timers import had_link
from scheduler.contract import Drawing, Skip
from storage import webinar_days, webinars
from storage.communities import own_community
from storage.database import Session
from storage.members import Member
from storage.webinars import REGISTERED, Registrant, Webinar

ABOUT_AN_HOUR = (timedelta(minutes=50), timedelta(minutes=70))
"""Only this long before the start a reminder says "in one hour"; after an outage it names the time instead."""
CHECK_IN = timedelta(minutes=75)
"""So long before the start the button to check in is there; who taps too early is told from when on."""


async def _theirs(db: Session, drawing: Drawing) -> tuple[Webinar, Registrant, Member] | Message | Skip:
    """Find what a message is about; sent only while it is meant, and later their own card if it is not any more."""
    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or drawing.member is None:
        return Skip("gone")
    registrant = await webinars.find(db, webinar, drawing.member)
    meant = registrant is not None and registrant.state == REGISTERED
    on = webinar.state in webinar_days.BEFORE and drawing.now < webinar.ends_at
    if meant and on:
        assert registrant is not None
        return webinar, registrant, drawing.member
    if drawing.first:
        return Skip("webinar_not_open" if meant else "not_registered")
    return await _own(db, webinar, registrant, drawing)


async def _own(db: Session, webinar: Webinar, registrant: Registrant | None, drawing: Drawing) -> Message:
    assert drawing.member is not None
    return await _webinar_cards.own(db, webinar, registrant, drawing.member, await own_community(db), drawing.now)


async def draw_week(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the reminder a week before."""
    found = await _theirs(db, drawing)
    if not isinstance(found, tuple):
        return found
    webinar, registrant, _ = found
    if drawing.now >= webinar.starts_at or shows_link(webinar, drawing.now):
        return Skip("too_late") if drawing.first else await _own(db, webinar, registrant, drawing)
    text = say("wd_week", webinar_title=Bold(webinar.title), when_local=when(webinar))
    buttons = row(
        button("calendar", "webcal", webinar.key), button("unregister", "webun", webinar.key),
        button("details", "webdet", webinar.key),
    )  # fmt: skip
    return Message((text,), rows(buttons))


async def draw_link(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the link; before it begins, while it is on, and then what became of it."""
    found = await _theirs(db, drawing)
    if not isinstance(found, tuple):
        return found
    webinar, registrant, member = found
    if not webinar.join_link:
        return Skip("no_link") if drawing.first else await _own(db, webinar, registrant, drawing)
    shown = drawing.first or shows_link(webinar, drawing.now) or await had_link(db, webinar, member)
    if not shown:  # it has another date meanwhile
        return await _own(db, webinar, registrant, drawing)
    new = bool(drawing.details.get("new"))
    return await day(db, webinar, registrant, drawing.now, text=await _link(db, webinar, new=new))


async def draw_hour(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the last reminder, an hour before."""
    found = await _theirs(db, drawing)
    if not isinstance(found, tuple):
        return found
    webinar, registrant, _ = found
    if drawing.first and drawing.now >= webinar.starts_at:
        return Skip("started")
    if not drawing.first and webinar.starts_at - drawing.now > CHECK_IN:
        return await _own(db, webinar, registrant, drawing)
    return await day(db, webinar, registrant, drawing.now, text=_soon(webinar, drawing.now))


async def _link(db: Session, webinar: Webinar, *, new: bool = False) -> Text:
    texts: dict[str, Text] = {
        "webinar_title": Bold(webinar.title), "when_local": when(webinar, inside=True),
        "join_link": Link(webinar.join_link, webinar.join_link),
    }  # fmt: skip
    if new:
        return say("wd_link_new", **texts)
    others = await register_link(db, webinar)
    if others:
        return say("webinar_link", **texts, register_link=Link(others, others))
    return say("wd_link_plain", **texts)


def _soon(webinar: Webinar, now: datetime) -> Text:
    left = webinar.starts_at - now
    title = Bold(webinar.title)
    if ABOUT_AN_HOUR[0] <= left <= ABOUT_AN_HOUR[1]:
        return say("wd_hour", webinar_title=title)
    return say("wd_starts_at", webinar_title=title, time=When(webinar.starts_at, webinar.zone, part="time"))


async def day(db: Session, webinar: Webinar, registrant: Registrant, now: datetime, *, text: Text) -> Message:
    """Draw the day of somebody registered: the way in, check-in from an hour before, questions once people gather."""
    begun = now >= webinar.starts_at
    lines: list[Text] = [say("wd_live", webinar_title=Bold(webinar.title)) if begun else text]
    if registrant.attended_at is not None:
        lines.append(Bold(say("wd_here", time=When(registrant.attended_at, webinar.zone, part="time"))))
    elif webinar.starts_at - now <= CHECK_IN:
        lines.append(say("wd_tap"))
    if not webinar.join_link:
        lines.append(say("wd_link_follows"))
    elif begun or _is_soon(text):
        lines.append(say("we_join", link=Link(webinar.join_link, webinar.join_link)))
    join = LinkButton(say("b_join"), webinar.join_link) if webinar.join_link.startswith(SAFE) else None
    here = webinar.starts_at - now <= CHECK_IN and registrant.attended_at is None
    ask = webinar_days.open_now(webinar, now)
    return Message(
        tuple(lines),
        rows(
            row(join, button("here", "webhere", webinar.key, style="primary") if here else None),
            row(
                can("ask_speaker", "webask", webinar.key) if ask else None,
                None if begun else button("calendar", "webcal", webinar.key),
                None if begun else button("unregister", "webun", webinar.key),
            ),
        ),
    )


def _is_soon(text: Text) -> bool:
    return getattr(text, "key", "") in ("wd_hour", "wd_starts_at")


async def present(db: Session, webinar: Webinar, registrant: Registrant, now: datetime) -> Message:
    """Draw the card of somebody who has just checked in."""
    return await day(db, webinar, registrant, now, text=_soon(webinar, now))


async def draw_missing(db: Session, drawing: Drawing) -> Message | Skip:
    """Tell the organisers that the link to join is missing; nobody is named, a channel reads it."""
    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or webinar.state not in webinar_days.BEFORE:
        return Skip("webinar_not_open")
    if webinar.join_link:
        if drawing.first:
            return Skip("link_given")
        return Message((Bold(webinar.title), when(webinar), say("we_has_link")), silent=True)
    buttons = row(button("edit", "webnew", webinar.key), button("status", "webst", webinar.key))
    return Message((Bold(webinar.title), when(webinar), say("wd_no_link")), rows(buttons))
