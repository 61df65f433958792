"""Who knows about which kind of send: features that send to many register here, and previews, lists and undo ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chat.message import Button, Message
from chat.text import Text, say
from handlers._feature import Context
from storage import polls
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import Campaign
from storage.members import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """Be one send as its feature describes it, worked out from the truth of this moment; instants are aware UTC."""

    kind: str
    """Kind of the messages to members; the feature draws it as a card."""
    subject: str
    occurrence: str
    """Tells sends of one kind and subject apart: `v2`, `nudge-1`."""
    title: Text
    sample: Message
    back: Button
    """Leads back to what is sent."""
    people: Sequence[Member] = ()
    channels: Sequence[Channel] = ()
    channel_kind: str = ""
    """Kind of the cards in channels, if it is another one."""
    at: datetime | None = None
    """Not before this moment; none = now."""
    bulk: bool = True
    """Members get it at their bulk hour, 10:00; else as soon as their hours allow."""
    expires: datetime | None = None
    capped: bool = False
    """Whether it may turn into a digest for those who have had three messages that week."""
    count: bool = False
    """Whether the number of people is typed however small it is (memos)."""
    warnings: Sequence[Text] = ()
    stands_for: Sequence[object] = ()
    """Whatever else a confirmation is about: a version, a text. A change makes the preview out of date."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Goes to the campaign, for drawing; never a text or a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Be a feature's side of its sends."""

    letter: str
    """One or two lowercase letters in the buttons of the preview; unique."""
    kinds: tuple[str, ...]
    """Every kind of message it plans, to members and channels."""
    build: Callable[[Session, str, datetime], Awaitable[Broadcast]]
    """Describe the send by the key of its subject. Raise `UserError` when nothing may be sent now."""
    name: Callable[[Session, str], Awaitable[Text]]
    """Name the send for lists and for its card."""
    confirmed: Callable[[Context, Broadcast, Campaign], Awaitable[None]]
    """Change the truth, in the transaction that confirms."""
    undone: Callable[[Session, Campaign, Member | None, datetime], Awaitable[None]]
    """Change it back after Undo or when messages are taken back."""
    onward: Callable[[Session, str], Awaitable[Button | None]]
    """Give the button on the send's card that leads to its subject."""


POLLS = dict.fromkeys(
    ("topic_poll", "date_poll", "quick_poll", "topic_poll_reminder", "date_poll_reminder"), "d_send_poll_of"
) | {"poll_public": "d_send_poll_card", "poll_result": "d_send_result_of"}
"""Kinds that are about a poll and are not registered, with how they are named."""
_BY_LETTER: dict[str, Sending] = {}
_BY_KIND: dict[str, Sending] = {}


def register(sending: Sending) -> Sending:
    """Make a send known; call it where the feature's module is loaded. Raise `ValueError` if its names are taken."""
    known = _BY_LETTER.get(sending.letter)
    taken = [kind for kind in sending.kinds if kind in _BY_KIND and _BY_KIND[kind].letter != sending.letter]
    if taken or (known is not None and known.kinds != sending.kinds):
        raise ValueError(f"sends {sending.letter!r} {taken}: the letter or a kind is taken")
    _BY_LETTER[sending.letter] = sending
    _BY_KIND.update(dict.fromkeys(sending.kinds, sending))
    return sending


def by_letter(letter: str) -> Sending | None:
    """Give the send with that letter in its buttons."""
    return _BY_LETTER.get(letter)


def of(kind: str) -> Sending | None:
    """Give the send that plans messages of a kind; none for those about meetings and polls."""
    return _BY_KIND.get(kind)


async def name(db: Session, campaign: Campaign) -> Text | None:
    """Name a send by its feature, that of a poll by its question; none if nobody knows its kind."""
    if campaign.kind in POLLS:
        poll = await polls.by_key(db, campaign.subject)
        return say(POLLS[campaign.kind], question=poll.question) if poll else None
    sending = of(campaign.kind)
    return await sending.name(db, campaign.subject) if sending else None


async def onward(db: Session, campaign: Campaign) -> Button | None:
    """Give the button that leads to what a send is about, if a feature registered its kind."""
    sending = of(campaign.kind)
    return await sending.onward(db, campaign.subject) if sending else None
