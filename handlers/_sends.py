"""The card of a send from its confirmation to its end: numbers that add up, and what may be done now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from chat.message import Button, Message, Press, Row, button, row, rows
from chat.text import Bold, Text, When, say
from handlers import _sending
from handlers._cards import REMINDERS
from handlers._schedule import RULES
from storage import installation, sends
from storage.communities import own_community
from storage.database import Session
from storage.deliveries import Campaign
from storage.meetings import Meeting, by_key
from storage.members import Member
from storage.sends import Refused, Tally

PLATFORMS = {"slack": "Slack", "telegram": "Telegram"}
HEADINGS = {
    "invitation": "m_send_invitation",
    "rsvp_nudge": "m_send_nudge",
    "meeting_card": "d_send_card",
    "feedback_request": "d_send_feedback",
    "feedback_again": "d_send_feedback",
    "reschedule": "d_send_reschedule",
    "place_change": "d_send_place",
    "cancellation": "d_send_cancellation",
    "reconfirm_nudge": "d_send_reconfirm",
    "meeting_line": "d_send_line",
    "waitlist_offer": "d_send_offer",
    **dict.fromkeys(REMINDERS, "d_send_reminder"),
}
ROWS = {each.kind: f"sc_row_{each.key}" for each in RULES if each.kind not in HEADINGS}
"""Kinds that the schedule sends by itself, with the name of their row."""
ALONE = {
    "topic_poll": "d_send_poll", "date_poll": "d_send_poll", "quick_poll": "d_send_poll", "poll_public": "d_send_poll",
    "topic_poll_reminder": "d_send_poll", "date_poll_reminder": "d_send_poll", "poll_result": "d_send_result",
    "digest": "d_send_digest",
}  # fmt: skip
"""Kinds that are about no meeting."""
REASONS = {
    "paused": "m_why_paused", "stopped": "m_why_stopped", "too_late": "m_why_too_late",
    "not_started": "p_why_not_started", "blocked": "p_why_blocked", "deactivated": "p_why_deactivated",
    "no_account": "p_why_no_account", "expired": "d_why_expired", "poison": "d_why_poison",
    "restored": "d_why_restored", "kept": "d_why_kept",
}  # fmt: skip
LETTERS = {"invitation": "i", "rsvp_nudge": "n"}
"""Kinds that have a preview, with the letter in its button."""
LEAVABLE = ("sending", "done", "stopped")


def platform_name(name: str) -> str:
    """Name a platform as people do."""
    return PLATFORMS.get(name, name.capitalize() or "–")


def reason(word: str) -> Text:
    """Say why somebody does not get a message."""
    return say(REASONS.get(word, "p_why_other"))


def refused_line(found: Refused) -> Text:
    """Say that a platform refuses our key, and how many messages wait for it."""
    return say("d_refused", platform=connection_name(found.platform, found.name), n=found.waiting)


def connection_name(platform: str, name: str) -> str:
    """Name a connection: the platform, and which workspace or bot if that is known."""
    return f"{platform_name(platform)} ({name})" if name else platform_name(platform)


def listed(parts: list[Text]) -> Text:
    """Join texts with commas."""
    joined: list[Text] = []
    for each in parts:
        joined += [each, ", "]
    return tuple(joined[:-1])


def title(kind: str, meeting: Meeting | None, name: Text | None = None) -> Text:
    """Name a send: what, for which meeting; `name` is what its feature calls it."""
    if name is not None:
        return name
    if meeting is None:
        return say(ALONE.get(kind, "d_send_unnamed"))
    if kind in ROWS:
        return say("d_send_row", what=say(ROWS[kind]), code=meeting.code, title=meeting.title)
    return say(HEADINGS.get(kind, "m_send_other"), code=meeting.code, title=meeting.title)


@dataclass(frozen=True, slots=True)
class Sight:
    """Be everything the card of one send says, read in one transaction; `viewer` is None in a channel: no names."""

    campaign: Campaign
    meeting: Meeting | None
    name: Text | None
    onward: Button | None
    """Leads to what it is about, where that is no meeting."""
    zone: str
    tallies: dict[str, Tally]
    why: dict[str, int]
    by: Member | None
    stopper: Member | None
    viewer: Member | None
    again: int
    """How many of unknown fate can still be sent again."""
    next_due: datetime | None
    refused: tuple[Refused, ...]
    restored: bool
    now: datetime

    @property
    def total(self) -> Tally:
        """Add up the platforms."""
        return sends.whole(self.tallies)


async def see(db: Session, campaign: Campaign, now: datetime, viewer: Member | None) -> Sight:
    """Read what the card of a send says."""
    counted = (await sends.tallies(db, [campaign.id]))[campaign.id]
    going = campaign.state == "sending"
    dead = [each for each in await sends.refused(db, now, campaign) if each.waiting] if going else []
    meeting = await by_key(db, campaign.subject)
    return Sight(
        campaign,
        meeting,
        await _sending.name(db, campaign),
        await _sending.onward(db, campaign),
        meeting.zone if meeting else (await own_community(db)).zone,
        counted,
        await sends.reasons(db, campaign),
        await db.get(Member, campaign.created_by) if campaign.created_by else None,
        await db.get(Member, campaign.stopped_by) if campaign.stopped_by else None,
        viewer,
        await sends.resendable(db, campaign, now) if campaign.state in LEAVABLE else 0,
        await sends.next_due(db, campaign) if going else None,
        tuple(dead),
        going and bool(await installation.paused(db)),
        now,
    )


async def draw(db: Session, campaign: Campaign, now: datetime, viewer: Member | None) -> Message:
    """Draw the card of a send as it stands."""
    return card(await see(db, campaign, now, viewer))


def card(sight: Sight, head: Text | None = None) -> Message:
    """Draw the card of a send; `head` goes on top of a message that says why it comes."""
    campaign = sight.campaign
    lines: list[Text] = ([head] if head else []) + [Bold(title(campaign.kind, sight.meeting, sight.name))]
    held = campaign.held_until
    if campaign.state == "cancelled":
        lines.append(say("m_undone"))
    elif campaign.state == "held" and held is not None and held > sight.now:
        lines.append(say("m_held", who=sight.by.name if sight.by else "–", first=When(held, sight.zone)))
    else:
        lines += [_state(sight), *_numbers(sight), *_trouble(sight), *_doubt(sight)]
        if sight.why:
            lines.append(
                say("m_why", reasons=listed([(reason(word), f" {n}") for word, n in sorted(sight.why.items())]))
            )
        if sight.by is not None and sight.viewer is not None:
            lines.append(say("m_started_by", who=sight.by.name))
    return Message(tuple(lines), rows(*_choices(sight), _onward(sight)))


def _state(sight: Sight) -> Text:
    total, state = sight.total, sight.campaign.state
    match state:
        case "stopped":
            return (_stopped(sight), " ", _sent_rest(sight))
        case "taking_back":
            return say("d_taking_back", deleted=total.deleted, n=total.deleted + total.sent)
        case "taken_back" if total.kept:
            return say("d_taken_kept", deleted=total.deleted, n=total.kept, note=say("withdrawn_note"))
        case "taken_back":
            return say("d_taken_back", deleted=total.deleted)
        case "done":
            return say("m_sent_of", sent=total.sent, n=total.audience)
    return say(
        "d_sending", sent=total.sent, n=total.audience, waiting=total.waiting, unknown=total.unknown,
        failed=total.failed,
    )  # fmt: skip


def _stopped(sight: Sight) -> Text:
    if sight.stopper is None or sight.viewer is None:
        return say("d_stopped")
    if sight.stopper.id == sight.viewer.id:
        return say("d_stopped_you")
    return say("d_stopped_by", who=sight.stopper.name)


def _sent_rest(sight: Sight) -> Text:
    total = sight.total
    rest = total.audience - total.sent - total.unknown
    if not total.sent:
        return say("d_none_sent", rest=rest)
    parts: list[Text] = [
        f"{platform_name(name)} {each.sent}" for name, each in sorted(sight.tallies.items()) if each.sent
    ]
    return say("d_sent_rest", sent=total.sent, platforms=listed(parts), rest=rest)


def _numbers(sight: Sight) -> list[Text]:
    """Give one line per platform; sent, waiting, unknown, failed, skipped and deleted are its audience."""
    lines: list[Text] = []
    for name, each in sorted(sight.tallies.items()):
        numbers = {part: getattr(each, part) for part in ("sent", "waiting", "unknown", "failed", "skipped")}
        line: Text = say("m_platform_line", platform=platform_name(name), **numbers)
        lines.append((line, ", ", say("d_deleted", n=each.deleted)) if each.deleted else line)
    if sight.campaign.state == "stopped" and sight.total.flying:
        lines.append(say("d_on_the_way", n=sight.total.flying))
    if sight.next_due is not None and sight.next_due > sight.now:
        lines.append(say("m_next_send", when=When(sight.next_due, sight.zone)))
    return lines


def _trouble(sight: Sight) -> list[Text]:
    """Say what holds a send up: the whole installation, or a platform that refuses our key."""
    return [say("d_restored")] if sight.restored else [refused_line(each) for each in sight.refused]


def _doubt(sight: Sight) -> list[Text]:
    total = sight.total
    if not total.unknown:
        return []
    if sight.campaign.unknown_left or not sight.again:
        return [say("d_unknown_left", n=total.unknown)]
    lines: list[Text] = []
    if total.restored:
        lines.append(say("d_unknown_restored", n=total.restored))
    if total.unknown > total.restored:
        silent = [name for name, each in sorted(sight.tallies.items()) if each.unknown > each.restored]
        names: list[Text] = [platform_name(each) for each in silent]
        lines.append(say("d_unknown", n=total.unknown - total.restored, platforms=listed(names)))
    return lines


def _choices(sight: Sight) -> list[Row]:
    """Give the buttons that change something, by state (conversation §4.3)."""
    campaign, total = sight.campaign, sight.total
    found: list[Row] = []
    if sight.again and not campaign.unknown_left and campaign.state in sends.OPEN:
        again = Button(say("b_resend_n", n=str(sight.again)), Press("resend", campaign.key, "", str(total.unknown)))
        found.append(row(again, button("leave_it", "leaveit", campaign.key)))
    take = button("take_back", "takeback", campaign.key, style="danger")
    match campaign.state:
        case "held" if campaign.held_until is not None and campaign.held_until > sight.now:
            found.append(row(button("undo", "undo", campaign.key)))
        case "held" | "sending":
            found.append(row(button("stop_send", "stopsend", campaign.key)))
            if sight.restored:
                found.append(row(button("resume_all", "goall", "all")))
        case "stopped":
            found.append(row(button("resume_send", "goon", campaign.key), take))
        case "done" if total.sent > total.kept:
            found.append(row(take))
    return found


def _onward(sight: Sight) -> Row:
    campaign, meeting = sight.campaign, sight.meeting
    if campaign.state == "cancelled" and meeting is not None:
        letter = LETTERS.get(campaign.kind)
        again = Button(say("b_preview"), Press("preview", meeting.key, "", letter)) if letter else None
        return row(again, button("status", "status", meeting.key))
    held = campaign.state == "held" and campaign.held_until is not None and campaign.held_until > sight.now
    off = campaign.kind == "cancellation" and meeting is not None and meeting.state == "cancelled"
    return row(
        button("c_date_poll", "mpoll", meeting.key) if meeting and off else None,
        None if held or campaign.state == "cancelled" else button("who", "sendwho", campaign.key, "0"),
        button("status", "status", meeting.key) if meeting else sight.onward,
        None if held else button("sends", "sends", campaign.key, "0"),
    )


async def family(db: Session, campaign: Campaign) -> list[Campaign]:
    """Give a send with what goes along with it: the cards in the channels are one decision with the invitations."""
    keys = [str(each) for each in campaign.details.get("with") or ()]
    found = await db.scalars(select(Campaign).where(Campaign.key.in_(keys)).order_by(Campaign.id))
    return [campaign, *found] if keys else [campaign]
