"""Screens around sends: the list, the names of one send, the question before taking back, who cannot be reached."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import select

from chat.message import Button, Message, Press, button, row, rows
from chat.text import Bold, Text, When, say
from handlers import _sending
from handlers._commands import offer
from handlers._sends import REASONS, family, listed, platform_name, reason, refused_line, title
from storage import installation, sends
from storage.communities import Community, own_community
from storage.database import Session
from storage.deliveries import Campaign
from storage.meetings import Meeting, by_key
from storage.members import Member
from storage.sends import Tally

PAGE = 10
NAMES = 200
"""More names than this are not listed in chat (conversation §4.1)."""
DOUBTFUL = "u"
"""The `arg` of the list that shows only messages of unknown fate."""
REACH = ("not_started", "blocked", "deactivated", "no_account")
"""Reasons that have a sentence of their own and something to do about them."""
LINKED = ("not_started", "deactivated", "no_account")
"""Reasons about which a new link helps."""


async def summary(db: Session, now: datetime) -> Text:
    """Say in one line how sending stands: running, unknown, not reachable."""
    return say(
        "d_summary",
        running=await sends.running(db),
        unknown=await sends.undecided(db, now),
        unreached=len(await sends.out_of_reach(db)),
    )


async def sends_list(db: Session, me: Member, now: datetime, number: int = 0, arg: str = "") -> Message:
    """List running and past sends, newest first, ten a page; with `DOUBTFUL` those of unknown fate alone."""
    community, doubtful = await own_community(db), arg == DOUBTFUL
    found, count = await sends.page(db, number, PAGE, now if doubtful else None)
    number = min(number, max(count - 1, 0) // PAGE)
    lines: list[Text] = [Bold(say("d_doubtful") if doubtful else say("d_sends_of", community=community.name))]
    paused = bool(await installation.paused(db))
    if not doubtful:
        lines += [await summary(db, now), *([say("d_restored")] if paused else [])]
        lines += [refused_line(each) for each in await sends.refused(db, now)]
    if not found:
        lines.append(say("d_no_doubt") if doubtful else say("d_none"))
    counted = await sends.tallies(db, [each.id for each in found])
    names = {each.subject for each in found}
    meetings = {each.key: each for each in await db.scalars(select(Meeting).where(Meeting.key.in_(names)))}
    for index, each in enumerate(found, number * PAGE + 1):
        named = title(each.kind, meetings.get(each.subject), await _sending.name(db, each))
        lines.append((f"{index}. ", *_line(each, named, meetings.get(each.subject), counted[each.id], community)))
    opens = [
        Button((f"{index} · ", say("b_open")), Press("sendcard", each.key))
        for index, each in enumerate(found, number * PAGE + 1)
    ]
    doubts = not doubtful and await sends.undecided(db, now) > 0
    turns = row(
        button("back", "sends", me.key, number - 1, arg) if number else None,
        button("more", "sends", me.key, number + 1, arg) if (number + 1) * PAGE < count else None,
    )
    others = row(
        button("resume_all", "goall", "all") if paused else None,
        button("doubtful", "sends", me.key, 0, DOUBTFUL) if doubts else None,
        button("sends", "sends", me.key, 0) if doubtful else None,
        button("unreached", "unreach", me.key, 0) if not doubtful and await sends.out_of_reach(db) else None,
    )
    pairs = [row(*opens[at : at + 3]) for at in range(0, len(opens), 3)]
    return Message(tuple(lines), rows(*pairs, turns, others, offer(("desk", "desk"))), silent=True)


def _line(
    campaign: Campaign, named: Text, meeting: Meeting | None, counted: dict[str, Tally], community: Community
) -> tuple[Text, ...]:
    total = sends.whole(counted)
    at = When(campaign.created_at, meeting.zone if meeting else community.zone)
    line: tuple[Text, ...] = (" · ", say("d_n_sent", sent=total.sent, n=total.audience))
    for key, number in (("d_n_waiting", total.waiting), ("d_n_unknown", total.unknown), ("d_n_failed", total.failed)):
        if number:
            line += (" · ", say(key, n=number))
    state = say(f"ds_{campaign.state}")
    return (Bold(named), "\n", at, " · ", state, *line)


async def names(db: Session, campaign: Campaign, me: Member, number: int = 0) -> Message:
    """List who gets it and what became of it, ten a page. Private chats only."""
    found, count = await sends.recipients(db, campaign, number, PAGE)
    number = min(number, max(count - 1, 0) // PAGE)
    lines: list[Text] = [
        Bold(title(campaign.kind, await by_key(db, campaign.subject), await _sending.name(db, campaign)))
    ]
    if count > NAMES:
        lines.append(say("m_too_many", n=count))
        found = []
    for index, (each, name) in enumerate(found, number * PAGE + 1):
        fate: Text = say(f"dr_{each.state}")
        if each.reason == sends.TAKEN_BACK:
            fate = say("ds_taken_back")
        elif (
            each.reason
            and each.state in ("dead", "skipped", "unknown", "sent")
            and (each.state == "dead" or each.reason in REASONS)
        ):
            fate = (fate, ": ", reason(each.reason))
        lines.append((f"{index}. ", name, " · ", platform_name(each.platform), " · ", fate))
    turns = row(
        button("back", "sendwho", campaign.key, number - 1) if number else None,
        button("next", "sendwho", campaign.key, number + 1) if (number + 1) * PAGE < count <= NAMES else None,
        Button(say("b_status"), Press("sendcard", campaign.key)),
    )
    return Message(tuple(lines), rows(turns), silent=True)


async def take_back_question(db: Session, campaign: Campaign, now: datetime) -> Message:
    """Ask before messages are deleted: how many, what cannot be, what else changes. Valid for ten minutes."""
    total = sends.whole((await sends.tallies(db, [campaign.id]))[campaign.id])
    number = total.sent - total.kept
    lines: list[Text] = [
        Bold(title(campaign.kind, await by_key(db, campaign.subject), await _sending.name(db, campaign)))
    ]
    lines.append(say("d_take_back_ask", n=number) if number else say("d_take_back_none"))
    if old := await sends.too_old(db, campaign, now):
        lines.append(say("d_too_old", n=old))
    if total.unknown:
        lines.append(say("d_unknown_stay", n=total.unknown))
    if len(await family(db, campaign)) > 1:
        lines.append(say("d_cards_too"))
    if campaign.kind == "invitation":
        lines.append(say("d_uninvited"))
    arg = f"{int(now.timestamp() // 60)}.{number}"
    return Message(
        tuple(lines),
        rows(
            row(
                button("take_back", "takeyes", campaign.key, "", arg, "danger"),
                button("leave_sent", "sendcard", campaign.key),
            )
        ),
    )


async def unreachable(db: Session, me: Member, number: int = 0) -> Message:
    """Say who cannot be reached, why, and what to do. Private chats only."""
    people = await sends.out_of_reach(db)
    number = min(number, max(len(people) - 1, 0) // PAGE)
    lines: list[Text] = []
    if people:
        why = Counter(word if word in REACH else "other" for _, word in people)
        parts: list[Text] = [say(f"dw_{word}", n=why[word]) for word in (*REACH, "other") if why[word]]
        lines.append(Bold(say("d_unreached", n=len(people), reasons=listed(parts))))
        lines += [say(f"dd_{word}") for word in REACH if why[word]]
    else:
        lines.append(Bold(say("p_all_reached")))
    lost = await sends.lost_channels(db)
    if lost:
        named: list[Text] = [f"{each.title or each.chat} ({platform_name(each.platform)})" for each in lost]
        lines.append(say("d_lost_channels", channels=listed(named)))
    shown = list(enumerate(people[number * PAGE : (number + 1) * PAGE], number * PAGE + 1))
    lines += [(f"{index}. ", member.name, " · ", reason(word)) for index, (member, word) in shown]
    links = [
        Button((f"{index} · ", say("b_new_link")), Press("newlink", member.key))
        for index, (member, word) in shown
        if word in LINKED
    ]
    turns = row(
        button("back", "unreach", me.key, number - 1) if number else None,
        button("more", "unreach", me.key, number + 1) if (number + 1) * PAGE < len(people) else None,
    )
    pairs = [row(*links[at : at + 3]) for at in range(0, len(links), 3)]
    onward = row(button("sends", "sends", me.key, 0), *offer(("members", "members")))
    return Message(tuple(lines), rows(*pairs, turns, onward), silent=True)
