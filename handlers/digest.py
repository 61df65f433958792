"""One message instead of many: what waits for a member, numbered, each with its button (conversation §8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chat.errors import UserError
from chat.message import DATA_MAX, Button, Message, Press, rows
from chat.outbound import Answer, Edit, Reply
from chat.text import Bold, Text, say
from handlers import _asks, agenda
from handlers._cards import join_info, when
from handlers._commands import may_use, refuse
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._quota import DIGEST
from handlers._welcome import go
from scheduler.contract import Drawing, Skip
from storage import invitations
from storage.database import Session
from storage.meetings import Invitation, Meeting
from storage.members import Member

feature = Feature("digest")

MOST = 8
"""Things of one digest; the rest is on Home."""
SOON = timedelta(days=8)
"""A meeting somebody comes to is named so long before it: the digest stands for its reminders as well."""
WAY_IN = timedelta(hours=36)
"""From here on the way in is said, too."""
VERB = "dgo"


@feature.card(DIGEST)
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the digest from the truth of this moment; nothing is sent when nothing waits any more."""
    member = drawing.member
    if member is None:
        return Skip("gone")
    mine = await invitations.of_member(db, member, drawing.now)
    found = await _waiting(db, member, mine, drawing.now)
    coming = _coming(mine, drawing.now)
    if not found and not coming:
        return Skip("nothing_waits")
    lines: list[Text] = []
    buttons: list[Button] = []
    presses: set[str] = set()
    for number, each in enumerate(found[:MOST], 1):
        lines.append((f"{number}. ", each.line))
        shown = each.button and _numbered(each.button, number)
        if shown and shown.data not in presses:
            presses.add(shown.data)
            buttons.append(shown)
    head = [Bold(say("sc_digest", n=len(found)))] if found else []
    paired = tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))
    return Message((*head, *lines, *coming), rows(*paired, (go("home", "home"),)))


async def sent(db: Session, member_id: int, now: datetime) -> None:
    """Mark the invitations a digest brought as delivered, when a platform accepted it: response rates divide by these.

    Mostly there are none, and that costs one question.
    """
    open_ones = await invitations.undelivered(db, member_id, now)
    member = await db.get(Member, member_id) if open_ones else None
    if member is None:
        return
    mine = await invitations.of_member(db, member, now)
    for each in (await _waiting(db, member, mine, now))[:MOST]:
        if each.kind == "invitation" and each.button is not None and each.button.press.key in open_ones:
            await invitations.accepted(db, each.button.press.key, member_id)


async def _waiting(
    db: Session, member: Member, mine: Sequence[tuple[Meeting, Invitation]], now: datetime
) -> list[Waiting]:
    """Give what waits for somebody, with the questions that only a digest asks."""
    return _asks.ordered([*await _asks.waiting(db, member, now), *await agenda.put_off(db, member, mine, now)])


def _coming(mine: Sequence[tuple[Meeting, Invitation]], now: datetime) -> list[Text]:
    lines: list[Text] = []
    for meeting, invitation in mine:
        ahead = meeting.starts_at - now
        if invitation.reply == "yes" and timedelta(0) < ahead <= SOON:
            lines.append(say("sc_digest_coming", title=Bold(meeting.title), when=when(meeting)))
            if ahead <= WAY_IN:
                lines.append(_way_in(meeting))
    return lines


def _way_in(meeting: Meeting) -> Text:
    return say("sc_digest_access", join_info=join_info(meeting))


def _numbered(button: Button, number: int) -> Button:
    """Make the numbered button; it answers below the digest, which stays as a list."""
    press = button.press
    own = Press(VERB, f"{press.verb}.{press.key}", press.rev, press.arg)
    if len(str(own)) > DATA_MAX:
        own = press
    return Button((f"{number} · ", button.label), own)


@feature.click(VERB, who="anyone")
async def answer(ctx: Context, press: Press) -> Answers:
    """Do what the button of one thing does, as a new message."""
    from handlers import features

    verb, _, key = press.key.partition(".")
    found = next((each.clicks[verb] for each in features() if verb in each.clicks and verb != VERB), None)
    if found is None:
        raise UserError(say("e_gone"))
    who, handler = found
    if not may_use(who, ctx):
        return await refuse(ctx, who)
    return [_below(each) for each in await handler(ctx, Press(verb, key, press.rev, press.arg))]


def _below(answer: Answer) -> Answer:
    return Reply(answer.message, private=True, card=answer.card) if isinstance(answer, Edit) else answer
