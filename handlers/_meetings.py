"""Which meeting is meant? A short name, a number, words of the title, or the only one there is (conversation §2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps

from chat.errors import UserError
from chat.message import Button, Message, Press, row, rows
from chat.outbound import Reply
from chat.text import Text, say
from handlers._cards import short
from handlers._commands import fold
from handlers._feature import Answers, CommandHandler, Context
from handlers._welcome import go
from storage.meetings import Meeting, all_meetings, by_key

PICK = 5
_WHICH = say("m_which")


Among = Callable[[Context, Sequence[Meeting]], Awaitable[list[Meeting]]]
"""Keeps the meetings somebody may be offered. May raise `UserError`."""


def about(
    command: str, states: Sequence[str], among: Among | None = None
) -> Callable[[Callable[[Context, Meeting], Awaitable[Answers]]], CommandHandler]:
    """Turn what follows a command's words into the meeting that is meant.

    Without words the candidates are the meetings in these states: one is taken, of several the asker picks; `among`
    keeps the meetings this person may be offered.
    """

    def wrap(handler: Callable[[Context, Meeting], Awaitable[Answers]]) -> CommandHandler:
        @wraps(handler)
        async def answer(ctx: Context, rest: str) -> Answers:
            found = await meant(ctx, rest, states, among)
            if len(found) == 1:
                return await handler(ctx, found[0])
            if not found and rest.strip() and (others := await meant(ctx, "", states, among)):
                return [Reply(pick_list(ctx, others, command, say("m_none_such")))]
            return [Reply(pick_list(ctx, found, command) if found else nothing(ctx))]

        return answer

    return wrap


async def meant(ctx: Context, words: str, states: Sequence[str], among: Among | None = None) -> list[Meeting]:
    """Give the meetings that fit, the nearest in time first; a short name or number fits exactly one."""
    everything = await all_meetings(ctx.db)
    if among is not None:
        everything = await among(ctx, everything)
    asked = fold(words)
    if not asked:
        found = [each for each in everything if each.state in states]
    else:
        wanted = "".join(asked)
        named = [each for each in everything if wanted in (each.code.casefold(), each.key, _number(each))]
        found = named[:1] or [each for each in everything if _mentions(each, asked)]
    return sorted(found, key=lambda each: abs(each.starts_at - ctx.now))


def pick_list(ctx: Context, found: Sequence[Meeting], command: str, text: Text = _WHICH) -> Message:
    """Offer the first five as buttons."""
    words = command.replace(" ", "_")
    buttons = [
        row(Button(short(f"{each.code} · {each.title}"), Press("go", arg=f"{words}_{each.code}")))
        for each in found[:PICK]
    ]
    return Message((text,), rows(*buttons, row(go("meetings", "meetings_list" if ctx.organiser else "meetings"))))


def nothing(ctx: Context) -> Message:
    """Say that there is no meeting for it, with the next step."""
    new = go("meeting_new", "meeting_new") if ctx.organiser else None
    return Message((say("m_none_planned"),), rows(row(new, go("meetings", "meetings"))))


async def pressed(ctx: Context, key: str) -> Meeting:
    """Find the meeting of a pressed button. Raise `UserError` with one answer for missing and foreign things."""
    found = await by_key(ctx.db, key)
    if found is None:
        raise UserError(say("e_gone"))
    return found


def _number(meeting: Meeting) -> str:
    return "".join(each for each in meeting.code if each.isdigit())


def _mentions(meeting: Meeting, words: Sequence[str]) -> bool:
    known = fold(f"{meeting.title} {meeting.theme}")
    return all(any(each.startswith(word) for each in known) for word in words)
