"""Cards of public webinars: in channels for everybody, in private by the state of a person's registration."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from chat.copy import COPY
from chat.message import AnyButton, LinkButton, Message, button, row, rows
from chat.text import Bold, Cmd, Link, Text, When, say
from handlers._card_lines import can
from handlers._commands import offer
from storage import webinar_days, webinars
from storage.communities import Channel, Community, Connection
from storage.database import Session
from storage.members import GUEST, Member
from storage.webinars import CANCELLED, WAITING, Registrant, Webinar

KINDS = ("webinar_open", "webinar_channel", "webinar_registered", "webinar_status")
"""Cards that follow a webinar and its registrations."""
SAFE = ("https://", "http://127.0.0.1", "http://localhost")
"""How addresses begin that a button may open."""


def when(webinar: Webinar, *, inside: bool = False) -> When:
    """Give the time of a webinar; `inside` of brackets it has none of its own."""
    return When(webinar.starts_at, webinar.zone, webinar.ends_at, part="inside" if inside else "full")


def link_from(webinar: Webinar) -> datetime:
    """Give the moment from which the join link is shown: ten o'clock of the host on the day before (domain 3.4)."""
    there = ZoneInfo(webinar.zone)
    day = webinar.starts_at.astimezone(there).date() - timedelta(days=1)
    return datetime.combine(day, time(10), there)


def shows_link(webinar: Webinar, now: datetime) -> bool:
    """Tell whether people who are registered may see the join link now."""
    return bool(webinar.join_link) and link_from(webinar) <= now < webinar.ends_at and webinar.state in ("open", "live")


def funding(community: Community) -> Text:
    """Give the funding line that stands on everything public (domain A12), "" if the community names none."""
    line = str((community.settings.get("programme") or {}).get("funding_line") or "")
    return say("funding_line") if line == COPY["funding_line"] else line


def notices(community: Community) -> tuple[Text, ...]:
    """Say what is kept and that it is recorded: shown before anybody registers (domain 3.4)."""
    found: list[Text] = [
        say("we_notice_recording"),
        say("we_notice_data", controller=community.controller_name or community.name),
    ]
    if community.privacy_link.startswith("https://"):
        found.append(say("we_notice_more", link=Link(community.privacy_link, community.privacy_link)))
    return tuple(found)


async def telegram(db: Session, payload: str) -> str:
    """Give the address that opens the community's Telegram bot with a payload, "" where there is none.

    The bot of the community's own channels; where it has none there, the only one of the installation.
    """
    asked = select(Connection.workspace, Connection.name).where(
        Connection.platform == "telegram", Connection.name != ""
    )
    names = {each.workspace: each.name for each in await db.execute(asked)}
    own = await db.scalars(select(Channel.workspace).where(Channel.platform == "telegram").order_by(Channel.id))
    named = [names[each] for each in own if each in names] or (list(names.values()) if len(names) == 1 else [])
    return f"https://t.me/{named[0]}?start={payload}" if named else ""


async def register_link(db: Session, webinar: Webinar, platform: str = "") -> str:
    """Give the address where anybody registers: our page or the link into Telegram, which comes first there; or ""."""
    if webinar.page_link and platform != "telegram":
        return webinar.page_link
    return await telegram(db, webinars.OPENS + webinar.public_token) or webinar.page_link


async def opening(db: Session, webinar: Webinar, community: Community, now: datetime, platform: str = "") -> Message:
    """Draw the card everybody sees, on any platform: what, when, free, recorded, funding line, how to register."""
    gone = _gone(webinar, now)
    if gone is not None:
        return Message((Bold(webinar.title), when(webinar), gone), rows(_watch(webinar)))
    link = await register_link(db, webinar, platform)
    said = link and funding(community)  # the announcement says by itself that it is free
    lines: list[Text] = [await _announcement(webinar, community, link), say("we_recorded" if said else "we_free")]
    taken = await webinars.taken(db, webinar) if webinar.show_number or webinar.seats is not None else 0
    if webinar.show_number and taken:
        lines.append(say("we_number", n=taken))
    full = webinar.seats is not None and taken >= webinar.seats
    if full:
        lines.append(say("we_full"))
    early = webinars.closed(webinar, now) == "early"
    if early:
        lines.append(say("we_early", when=When(webinar.opens_at, webinar.zone)))
    ask = None if early else enter(webinar, full=full)
    return Message(tuple(lines), rows(row(ask, button("details", "webdet", webinar.key))))


async def _announcement(webinar: Webinar, community: Community, link: str) -> Text:
    """Write the announcement; without an address it says to tap, without funding it has no empty line."""
    line = funding(community)
    if link and line:
        return say(
            "webinar_open",
            webinar_title=Bold(webinar.title),
            when_local=when(webinar),
            register_link=Link(link, link),
            funding_line=line,
        )
    where: Text = say("we_register_at", link=Link(link, link)) if link else say("we_register_here")
    parts: list[Text] = [say("we_p_head"), ": ", Bold(webinar.title), "\n", when(webinar), "\n", where]
    return (*parts, "\n", line) if line else tuple(parts)


def enter(webinar: Webinar, *, full: bool) -> AnyButton:
    """Make the button that registers, or asks for a place on the waiting list."""
    verb, label = ("webwait", "wait") if full else ("webreg", "register")
    return button(label, verb, webinar.key, style="primary")


def _gone(webinar: Webinar, now: datetime) -> Text | None:
    """Say why nobody can register any more; none while it lies ahead or is on."""
    if webinar.state == "cancelled":
        return say("we_cancelled")
    if webinars.closed(webinar, now) == "over":
        shown = webinar.state in ("recording", "archived") and webinar.recording_link
        return say("we_over") if shown else (say("we_over"), " ", say("we_recording_comes"))
    return None


def _watch(webinar: Webinar) -> tuple[AnyButton, ...]:
    if webinar.state not in ("recording", "archived") or not webinar.recording_link.startswith(SAFE):
        return ()
    return (LinkButton(say("b_watch"), webinar.recording_link),)


async def own(
    db: Session, webinar: Webinar, registrant: Registrant | None, member: Member, community: Community, now: datetime
) -> Message:
    """Draw a person's own card by the state of their registration."""
    guest = member.state == GUEST
    foot = () if guest else offer(("home", "home"))
    gone = _gone(webinar, now)
    if gone is not None:
        return Message((Bold(webinar.title), when(webinar), gone), rows(_watch(webinar), foot))
    details = button("details", "webdet", webinar.key)
    if registrant is None or registrant.state == CANCELLED:
        full = webinar.seats is not None and await webinars.taken(db, webinar) >= webinar.seats
        state_line = say("we_unregistered") if registrant is not None else say("we_not_registered")
        lines: list[Text] = [Bold(webinar.title), when(webinar), state_line]
        if registrant is None:
            lines += [say("we_free"), *((line,) if (line := funding(community)) else ())]
        if full:
            lines.append(say("we_full"))
        return Message(tuple(lines), rows(row(enter(webinar, full=full), details), foot))
    if registrant.state == WAITING:
        place = 1 + sum(each.id != registrant.id and _before(each, registrant) for each in await _queue(db, webinar))
        lines = [Bold(webinar.title), when(webinar), say("we_waiting"), say("we_place", n=str(place))]
        return Message(tuple(lines), rows(row(button("leave_wait", "webun", webinar.key), details), foot))
    now_on = webinar_days.open_now(webinar, now)
    return Message(
        (_confirmed(webinar, now, guest=guest),),
        rows(
            (LinkButton(say("b_join"), webinar.join_link),) if _openable(webinar, now) else (),
            row(
                can("here", "webhere", webinar.key) if now_on and registrant.attended_at is None else None,
                can("ask_speaker", "webask", webinar.key) if now_on else None,
                button("calendar", "webcal", webinar.key),
                button("unregister", "webun", webinar.key),
                details,
            ),
            foot,
        ),
        (funding(community),) if funding(community) else (),
    )


def _openable(webinar: Webinar, now: datetime) -> bool:
    return shows_link(webinar, now) and webinar.join_link.startswith(SAFE)


def _confirmed(webinar: Webinar, now: datetime, *, guest: bool) -> Text:
    """Confirm a registration; close to the start the link stands there instead of its promise."""
    title, at = Bold(webinar.title), when(webinar)
    if not shows_link(webinar, now) and webinar.state == "open" and now < link_from(webinar):
        return say("webinar_registered", webinar_title=title, when_local=at, cmd_my=Cmd("webinar" if guest else "my"))
    lines: tuple[Text, ...] = (Bold(say("we_registered")), "\n", title, "\n", at)
    if shows_link(webinar, now):
        return (*lines, "\n", say("we_join", link=Link(webinar.join_link, webinar.join_link)))
    return (*lines, "\n", say("we_link_soon"))


def _before(one: Registrant, other: Registrant) -> bool:
    return (one.registered_at, one.id) < (other.registered_at, other.id)


async def _queue(db: Session, webinar: Webinar) -> list[Registrant]:
    return await webinars.registered(db, webinar, WAITING)


async def details(db: Session, webinar: Webinar, community: Community, now: datetime, *, back: bool) -> Message:
    """Show what else is known: about, speakers, moderator, the notices; the join link is never here."""
    lines: list[Text] = [Bold(webinar.title), when(webinar)]
    if webinar.about:
        lines.append(webinar.about)
    lines += await who(db, webinar)
    lines += [say("we_free"), say("we_on_record"), *notices(community)]
    if contact := community.public_contact or community.organiser_contact:
        shown: Text = Link(contact, contact) if contact.startswith("https://") else contact
        lines.append(say("we_contact", contact=shown))
    line = funding(community)
    link = webinar.page_link if webinar.page_link.startswith(SAFE) and not _gone(webinar, now) else ""
    return Message(
        tuple(lines),
        rows(
            row(
                LinkButton(say("b_we_page"), link) if link else None,
                button("back", "web", webinar.key) if back else None,
            )
        ),
        (line,) if line else (),
    )


async def who(db: Session, webinar: Webinar) -> list[Text]:
    """Name speakers and moderator, who stand in public: a webinar is on the record."""
    ids = [*webinar.speakers, *([webinar.moderator_id] if webinar.moderator_id else [])]
    if not ids:
        return []
    names = {each.id: each.name for each in await db.scalars(select(Member).where(Member.id.in_(ids)))}
    lines: list[Text] = []
    if speakers := [names[each] for each in webinar.speakers if each in names]:
        lines.append(say("we_speakers", names=", ".join(speakers)))
    if webinar.moderator_id in names:
        lines.append(say("we_moderator", name=names[webinar.moderator_id]))
    return lines
