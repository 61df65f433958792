"""The people and the meeting that everything is measured with, the same for us and for the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from scheduler.clock import SystemClock
from storage import schema
from storage.communities import Channel, Community
from storage.database import Database
from storage.deliveries import CardCopy
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member

TEAM = "T0BENCH"
BOT_ID = 7_000_000_001
TELEGRAM_TOKEN = f"{BOT_ID}:bench-token-for-loopback-only-00000"
SLACK_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-bench-loopback-only", "xapp-bench-loopback-only", "bench-signing-secret"
GROUP, CHANNEL = "-1007000000001", "C0BENCH"
KEY = "benchmeet1"
"""Key of the meeting in the data of its buttons."""
CHOICES = ("yes", "maybe", "no")
WORKSPACES = {"telegram": str(BOT_ID), "slack": TEAM}
TITLE = "Reintegration of returning migrants: what works"


@dataclass(frozen=True, slots=True)
class Person:
    """Be one member with one account on one platform."""

    number: int
    platform: str

    @property
    def id(self) -> str:
        """Give the short name, in the sandbox and as the member's code."""
        return f"{self.platform[0]}{self.number:05}"

    @property
    def user(self) -> str:
        """Give the user id on the platform."""
        return str(5_000_000 + self.number) if self.platform == "telegram" else f"U{self.number:07}"

    @property
    def chat(self) -> str:
        """Give the private chat with the bot as the platform names it, where messages are not really sent."""
        return self.user if self.platform == "telegram" else f"D{self.number:07}"

    @property
    def message(self) -> str:
        """Give the id of the card in that chat, where messages are not really sent."""
        return str(1_000 + self.number) if self.platform == "telegram" else f"1790000000.{self.number:06}"


def crowd(platform: str, number: int) -> list[Person]:
    """Make so many members of one platform."""
    return [Person(each, platform) for each in range(1, number + 1)]


def data(choice: str) -> str:
    """Give what the button of a choice carries."""
    return f"rsvp:{KEY}:0:{choice}"


def keyboard() -> dict[str, Any]:
    """Give the buttons of the card as Telegram takes them."""
    buttons = [{"text": each.title(), "callback_data": data(each)} for each in CHOICES]
    more = {"text": "Details", "callback_data": f"details:{KEY}:0:"}
    return {"inline_keyboard": [buttons, [more]]}


def blocks() -> list[dict[str, Any]]:
    """Give the card as Slack takes it."""
    shown = [(each.title(), data(each)) for each in CHOICES] + [("Details", f"details:{KEY}:0:")]
    buttons = [{"type": "button", "action_id": value, "text": _plain(label)} for label, value in shown]
    return [
        {"type": "section", "block_id": "s0", "text": {"type": "mrkdwn", "text": card_text()}},
        {"type": "actions", "block_id": "r0", "elements": buttons},
    ]


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def card_text() -> str:
    """Give the words of the card."""
    return (
        f"Dear colleague, you are invited to the next meeting of the community, {TITLE}, Wednesday 20 May 2026, "
        "14:00 to 15:30 (Brussels), online. Please reply by Wednesday 13 May 2026, 18:00. Will you come?"
    )


def world(people: Sequence[Person]) -> dict[str, Any]:
    """Describe the sandbox in which these people live."""
    shown = [
        {
            "id": each.id,
            "name": f"Member {each.number}",
            **({"telegram": {"user": int(each.user), "started": True}} if each.platform == "telegram" else {}),
            **({"slack": {"team": TEAM, "user": each.user}} if each.platform == "slack" else {}),
        }
        for each in people
    ]
    bot = {"id": BOT_ID, "username": "bench_bot", "name": "Convenor"}
    group = {"id": int(GROUP), "type": "supergroup", "title": "Members", "bot": True, "members": []}
    team = {
        "id": TEAM, "name": "Bench", "bot_user": "U0CONVENOR", "token": SLACK_TOKEN, "app_token": APP_TOKEN,
        "signing_secret": SIGNING_SECRET, "channels": [{"id": CHANNEL, "name": "members", "bot": True}],
    }  # fmt: skip
    return {
        "people": shown,
        "clock": SystemClock().now().isoformat(),
        "telegram": {"token": TELEGRAM_TOKEN, "bot": bot, "chats": [group]},
        "slack": {"teams": [team]},
    }


async def fill(url: str, people: Sequence[Person], *, invited: bool = True) -> None:
    """Make the tables and a community with these members and one meeting; `invited` writes their invitations."""
    await schema.upgrade(url)
    now = SystemClock().now()
    database = Database(url)
    try:
        async with database.write() as db:
            community = Community(
                key="bench", name="Community of practice", zone="Europe/Brussels", settings={"weekly_cap": 0}
            )
            db.add(community)
            await db.flush()
            db.scope(community.id)
            members = {each: _member(each) for each in people}
            meeting = Meeting(
                key=KEY, code="M1", title=TITLE, zone="Europe/Brussels", state="inviting", audience={},
                starts_at=now + timedelta(days=28), ends_at=now + timedelta(days=28, hours=2),
                rsvp_deadline=now + timedelta(days=21),
            )  # fmt: skip
            db.add_all([*members.values(), meeting])
            for platform, chat in (("telegram", GROUP), ("slack", CHANNEL)):
                where = {"platform": platform, "workspace": WORKSPACES[platform], "chat": chat}
                db.add(Channel(purpose="members", title="Members", **where))
            await db.flush()
            if invited:
                for member in members.values():
                    db.add(Invitation(meeting_id=meeting.id, member_id=member.id, invited_at=now, delivered=True))
    finally:
        await database.close()


def _member(person: Person) -> Member:
    account = Account(platform=person.platform, workspace=WORKSPACES[person.platform], user=person.user)
    return Member(
        code=person.id, name=f"Member {person.number}", zone="Europe/Brussels", preferred=person.platform,
        state="active", accounts=[account], category="expert",
    )  # fmt: skip


async def note_cards(url: str, cards: Mapping[Person, tuple[str, str]], public: tuple[str, str, str]) -> None:
    """Note the posted cards (chat and message of each person; platform, chat and message of the channel's card).

    They stand as if our engine had sent them, so that a press touches as many rows as it does in a real community.
    """
    database = Database(url)
    try:
        async with database.write() as db:
            db.scope((await db.scalars(select(Community.id))).one())
            ids = {row.code: row.id for row in await db.execute(select(Member.code, Member.id))}
            for person, (chat, message) in cards.items():
                where = {"platform": person.platform, "workspace": WORKSPACES[person.platform]}
                card = CardCopy(kind="invitation", subject=KEY, chat=chat, message=message, **where)
                card.member_id = ids[person.id]
                db.add(card)
            platform, chat, message = public
            channel = (await db.scalars(select(Channel).where(Channel.platform == platform))).one()
            where = {"platform": platform, "workspace": WORKSPACES[platform], "chat": chat, "message": message}
            db.add(CardCopy(kind="meeting_card", subject=KEY, channel_id=channel.id, **where))
    finally:
        await database.close()


async def replies(url: str) -> dict[str, int]:
    """Count the replies that stand in our database."""
    database = Database(url)
    try:
        async with database.read() as db:
            found = await db.execute(select(Invitation.reply, func.count()).group_by(Invitation.reply))
            return {reply: number for reply, number in found if reply != "none"}
    finally:
        await database.close()
