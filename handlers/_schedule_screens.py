"""The schedule as organisers see it: one calendar of who gets what and when, and one card for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chat.message import Button, Message, Press, button, row, rows
from chat.text import Bold, Text, When, say
from handlers import _recipients, _reminding, _schedule_drafts
from handlers._schedule import Calendar, Row, rows_of
from handlers._welcome import go
from handlers.reminders import pack_known
from storage.communities import Community
from storage.database import Session
from storage.meetings import HELD, INVITED, Meeting

PAGE = 8
"""Rows of one page; each is one line and one button."""
USUAL = "c"
"""Stands for the community's own schedule where a button carries a meeting's key."""
FORMATS = ("online", "in_person")


@dataclass(frozen=True, slots=True)
class Line:
    """Be one row as it stands now: when it is due for the host, for how many, and why nothing will be sent."""

    row: Row
    at: datetime
    people: int | None
    early: bool = False
    reason: str = ""
    note: str = ""


async def lines(db: Session, meeting: Meeting, now: datetime) -> list[Line]:
    """Work out every row of a meeting that some feature draws, in the order of time.

    Of an announced meeting, rows from before the announcement whose moment is past are left out.
    """
    dates = await _reminding.calendar(db, meeting)
    known = await _recipients.numbers(db, meeting) if meeting.state in (*INVITED, *HELD) else {}
    found = [
        Line(each.row, each.at, None, reason=each.reason, note=each.note)
        for each in await _schedule_drafts.stands(db, dates, now)
        if _reminding.drawn(each.row.kind)
    ]
    for each in dates.rows:
        if not each.rule.draft and _reminding.drawn(each.kind):
            people = _recipients.counted(each, known) if known else None
            found.append(Line(each, dates.nominal(each), people, dates.early(each), reason(dates, each, people, now)))
    return sorted(found, key=lambda line: line.at)


def reason(dates: Calendar, found: Row, people: int | None, now: datetime) -> str:
    """Tell why a row sends nothing as things stand: a key of the copy, "" if it will."""
    if found.off:
        return "sc_why_off"
    if dates.pointless(found):
        return "sc_why_project"
    if dates.nominal(found) <= now:
        return "sc_why_past"
    if found.rule.to in ("silent", "maybe") and dates.nominal(found) >= dates.closing:
        return "sc_why_expired"
    if found.key == "practical_pack" and not pack_known(dates.meeting):
        return "sc_why_unknown"
    return "sc_why_nobody" if people == 0 else ""


def screen(meeting: Meeting, found: Sequence[Line], page: int | None = None, note: Text | None = None) -> Message:
    """Draw the calendar of a meeting, eight rows a page; a row opens with its number.

    Without a page it is the first with something still ahead. `note` goes below the title.
    """
    zone = meeting.zone
    if page is None:
        page = next((place for place, each in enumerate(found) if each.reason != "sc_why_past"), 0) // PAGE
    page = max(0, min(page, (len(found) - 1) // PAGE))
    shown = list(enumerate(found, 1))[page * PAGE : (page + 1) * PAGE]
    text: list[Text] = [Bold(say("sc_of", code=meeting.code, title=meeting.title))]
    if note is not None:
        text.append(note)
    if meeting.state not in (*INVITED, *HELD):
        text.append(say("sc_not_invited"))
    for number, each in shown:
        name, *rest = words(each)
        text.append((f"{number}. ", Bold(name), *rest, "\n", When(each.at, zone)))
    text.append(say("sc_local"))
    buttons = [
        Button((f"{number} · ", say("b_edit")), Press("rowedit", meeting.key, "", each.row.key))
        for number, each in shown
    ]
    first_step = None
    if meeting.state in ("draft", "scheduled"):
        first_step = Button(say("b_preview"), Press("preview", meeting.key, "", "i"))
    return Message(
        tuple(text),
        rows(
            *(tuple(buttons[start : start + 4]) for start in range(0, len(buttons), 4)),
            row(
                button("back", "sched", meeting.key, page - 1) if page else None,
                button("next", "sched", meeting.key, page + 1) if len(found) > (page + 1) * PAGE else None,
            ),
            row(button("sc_one", "schedone", meeting.key), first_step, button("status", "status", meeting.key)),
        ),
        silent=True,
    )


def words(line: Line) -> tuple[Text, ...]:
    """Say what a row is, for whom, how many now, and why it may not go out."""
    parts: list[Text] = [say(f"sc_row_{line.row.rule.key}"), " · ", whom(line.row)]
    if line.people:
        parts += [" · ", say("sc_now_n", n=line.people)]
    if line.reason:
        parts += [" · ", say(line.reason)]
    elif line.early:
        parts += [" · ", say("sc_early")]
    elif line.note:
        parts += [" · ", say(line.note)]
    return tuple(parts)


def whom(found: Row) -> Text:
    """Name who a row is for; of a hybrid meeting also in which way they take part."""
    who: Text = say(f"sc_to_{found.rule.to}")
    return (who, ", ", say(f"sc_mode_{found.mode}")) if found.mode else who


def usual(community: Community, form: str, page: int) -> Message:
    """Draw the community's usual schedule of one format."""
    found = usual_rows(community, form)
    page = max(0, min(page, (len(found) - 1) // PAGE))
    shown = list(enumerate(found, 1))[page * PAGE : (page + 1) * PAGE]
    text: list[Text] = [Bold(say("sc_usual_of", community=community.name, format=say(f"b_{form}")))]
    for number, each in shown:
        off: tuple[Text, ...] = (" · ", say("sc_why_off")) if each.off else ()
        text.append((f"{number}. ", distance(each), " · ", say(f"sc_row_{each.rule.key}"), " · ", whom(each), *off))
    buttons = [
        Button((f"{number} · ", say("b_edit")), Press("rowedit", USUAL, "", f"{each.key}@{form}"))
        for number, each in shown
    ]
    other = next(each for each in FORMATS if each != form)
    return Message(
        tuple(text),
        rows(
            *(tuple(buttons[start : start + 4]) for start in range(0, len(buttons), 4)),
            row(
                button("back", "sched", USUAL, page - 1, form) if page else None,
                button("next", "sched", USUAL, page + 1, form) if len(found) > (page + 1) * PAGE else None,
            ),
            row(button(other, "sched", USUAL, "", other), go("desk", "desk")),
        ),
        silent=True,
    )


def usual_rows(community: Community, form: str) -> list[Row]:
    """Give the rows of a meeting of this format in this community that some feature draws."""
    pattern = Meeting(format=form, schedule={})
    return [each for each in rows_of(pattern, community.settings) if _reminding.drawn(each.kind)]


def distance(found: Row) -> Text:
    """Say how far from the meeting a row is."""
    if found.rule.follows:
        return say("sc_after_poll", n=found.days)
    if found.hour is None:
        return say("sc_by_itself")
    hour = f"{found.hour:%H:%M}"
    if not found.days:
        return say("sc_on_the_day", hour=hour)
    return say("sc_after" if found.days < 0 else "sc_before", n=abs(found.days), hour=hour)


def card(key: str, name: str, found: Row, line: Line | None, zone: str, head: Text) -> Message:
    """Draw one row with what may be done about it; `key` is the meeting's or `USUAL`, `name` the row's in buttons."""
    text: list[Text] = [Bold(head), (say(f"sc_row_{found.rule.key}"), " · ", whom(found)), distance(found)]
    if line is not None:
        text.append(When(line.at, zone))
        if line.early:
            text.append(say("sc_early"))
        if line.reason or line.note:
            text.append(say(line.reason or line.note))
    elif found.off:
        text.append(say("sc_why_off"))
    if found.rule.follows:
        text.append(say("sc_follows"))
    changed = found.own if key != USUAL else found.changed
    text.append(say("sc_own" if found.own else "sc_own_community" if found.changed else "sc_usual"))
    over = line is not None and line.reason == "sc_why_past"
    switch = ("sc_on", "on") if found.off else ("sc_off", "off")
    choices = row(
        button("sc_change", "rowedit", key, "f", name) if found.rule.timed and not found.off else None,
        None if found.rule.stays else button(switch[0], "rowoff", key, switch[1], name),
        button("sc_usual", "rowoff", key, "usual", name) if changed else None,
    )
    if found.rule.follows and key != USUAL:  # no meeting has polls of its own
        choices = row(button("sc_dates", "sched", USUAL))
    back = button("back", "sched", key, "", name.partition("@")[2] if key == USUAL else "")
    return Message(tuple(text), rows(() if over and not found.rule.timed else choices, row(back)), silent=True)
