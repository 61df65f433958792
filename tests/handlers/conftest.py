"""A small community and a direct way into the features: what the dispatcher does, without inbox and platforms."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import select

from chat.inbound import AnyInbound, Click, Command, HomeOpened, Said, Started, Submission
from chat.message import Button, Message, Press
from chat.outbound import Answer, Edit, Home, Reply, Toast
from chat.people import MessageRef, Person, Place
from chat.text import Reader, plain
from handlers import features
from handlers._commands import Found, match, may_use, refuse, run
from handlers._feature import Context
from scheduler.clock import MovableClock
from scheduler.contract import Drawing, Skip
from storage import Database
from storage.communities import Channel, Community
from storage.members import Account, Member, Organisation, RoleGrant, acting, by_account, roles_of
from storage.timers import Timer, finish
from storage.vault import Vault

PATTERNS = {"slack": "/cop {words}", "telegram": "/{joined}"}
SLACK_TEAM, TELEGRAM_BOT = "T1", "700"


@dataclass
class Town:
    """One COPRR-like community: Olivia organises (Slack); Tahmina (Telegram, Dhaka), Claire (Slack, French) take part.

    `command`, `click`, `submit`, `said`, `started` and `home` act as a member (or as a `Person`: a stranger) in a
    private chat and give the answers; each is one committed transaction.
    """

    database: Database
    clock: MovableClock
    community: Community
    olivia: Member
    tahmina: Member
    claire: Member
    vault: Vault | None = None
    page_link: Callable[[str], str] = lambda _path: ""
    files: dict[str, object] = field(default_factory=dict)
    """What was read from files people send, by the platform's name: put it here before the act."""
    _keys: Any = field(default_factory=itertools.count)

    def write(self) -> Any:
        return self.database.write(self.community.id)

    def read(self) -> Any:
        return self.database.read(self.community.id)

    def person(self, who: Member | Person) -> Person:
        if isinstance(who, Person):
            return who
        account = who.accounts[0]
        return Person(account.platform, account.workspace, account.user, who.name, who.language)

    def place(self, who: Member | Person) -> Place:
        person = self.person(who)
        return Place(
            person.platform, person.workspace, f"D{person.user}" if person.platform == "slack" else person.user
        )

    async def command(self, who: Member | Person, words: str, where: Place | None = None) -> Sequence[Answer]:
        inbound = Command(words=words, **self._common(who, where))
        async with self.write() as db:
            ctx = await self._context(db, inbound)
            found = match(words, features(), lambda level: may_use(level, ctx))
            if isinstance(found, Found):
                return await run(ctx, found.route, found.rest)
            lost = next(each.events["unknown"] for each in features() if "unknown" in each.events)
            return await lost(ctx, found)

    async def click(
        self, who: Member | Person, pressed: Press | Button, where: Place | None = None, message: str | None = "m1"
    ) -> Sequence[Answer]:
        common = self._common(who, where)
        place: Place = common["where"]
        ref = MessageRef(place.platform, place.workspace, place.chat, message) if message else None
        press = pressed.press if isinstance(pressed, Button) else pressed
        inbound = Click(data=str(press), message=ref, **common)
        async with self.write() as db:
            ctx = await self._context(db, inbound)
            level, handler = next(each.clicks[press.verb] for each in features() if press.verb in each.clicks)
            if not may_use(level, ctx):
                return await refuse(ctx, level)
            return await handler(ctx, press)

    async def submit(
        self, who: Member | Person, form_key: str, subject: str, values: dict[str, str]
    ) -> Sequence[Answer]:
        """Hand a complete form with clean values to its feature."""
        inbound = Submission(draft="d1", page=0, values=values, **self._common(who, None))
        async with self.write() as db:
            ctx = await self._context(db, inbound)
            feature = next(each for each in features() if form_key in each.submissions)
            level, _ = feature.forms[form_key]
            if not may_use(level, ctx):
                return await refuse(ctx, level)
            return await feature.submissions[form_key](ctx, subject, values)

    async def said(self, who: Member | Person, text: str) -> Sequence[Answer]:
        return await self._event(Said(text=text, **self._common(who, None)))

    async def started(self, who: Member | Person, payload: str = "") -> Sequence[Answer]:
        return await self._event(Started(payload=payload, **self._common(who, None)))

    async def home(self, who: Member | Person) -> Sequence[Answer]:
        return await self._event(HomeOpened(**self._common(who, None)))

    async def event(self, inbound: AnyInbound) -> Sequence[Answer]:
        """Hand any other inbound object to its feature."""
        return await self._event(inbound)

    async def draw(
        self, kind: str, subject: str, to: Member | Channel | None = None, /, *, first: bool = True, **details: Any
    ) -> Message | Skip:
        """Draw a card as the engine does, for a member or a channel."""
        composer = next(each.cards[kind] for each in features() if kind in each.cards)
        member, channel = (to, None) if isinstance(to, Member) else (None, to)
        async with self.read() as db:
            drawing = Drawing(kind, subject, member, channel, Reader(), self.clock.now(), first, details)
            return await composer(db, drawing)

    async def work(self, kind: str) -> int:
        """Do the due timers of a kind, as the engine does; give how many."""
        work = next(each.timers[kind] for each in features() if kind in each.timers)
        async with self.write() as db:
            due = select(Timer).where(Timer.kind == kind, Timer.state == "waiting", Timer.due_at <= self.clock.now())
            found = list(await db.scalars(due))
            for timer in found:
                at = timer.due_at
                timer.state = "running"
                await db.flush()
                await work(db, timer, self.clock.now())
                await finish(db, timer, at, "done")
            return len(found)

    async def reload(self, who: Member) -> Member:
        async with self.read() as db:
            return (await db.scalars(select(Member).where(Member.id == who.id))).one()

    def _common(self, who: Member | Person, where: Place | None) -> dict[str, Any]:
        place = where or self.place(who)
        return {"key": f"k{next(self._keys)}", "by": self.person(who), "where": place, "at": self.clock.now()}

    async def _event(self, inbound: AnyInbound) -> Sequence[Answer]:
        async with self.write() as db:
            ctx = await self._context(db, inbound)
            handler = next(each.events[inbound.kind] for each in features() if inbound.kind in each.events)
            return await handler(ctx, inbound)

    async def _context(self, db: Any, inbound: AnyInbound) -> Context:
        by, now = inbound.by, self.clock.now()
        community = await db.get(Community, self.community.id)
        account = await by_account(db, by.platform, by.workspace, by.user)
        member = acting(account)
        roles = await roles_of(db, member, now) if member else frozenset()
        reader = Reader(
            language=member.language if member else (by.language or community.language),
            zone=member.zone if member else community.zone,
            territory=member.country if member else "",
            command_pattern=PATTERNS[by.platform],
        )
        link = {"telegram": "https://t.me/convenor_bot?start="}
        return Context(
            db, community, member, account, roles, now, inbound, reader,
            lambda platform, payload: link[platform] + payload if platform in link else "",
            self.page_link, self.vault, self.files,
        )  # fmt: skip


def messages(answers: Sequence[Answer]) -> list[Message]:
    """Give the messages of replies, edits and home screens, in order."""
    found: list[Message] = []
    for each in answers:
        if isinstance(each, Reply | Edit):
            found.append(each.message)
        elif isinstance(each, Home):
            found.extend(each.sections)
    return found


@dataclass(frozen=True)
class Shown:
    """Look at answers as a person would: `text` and `labels` in a language, `button` by its label."""

    answers: Sequence[Answer]
    reader: Reader

    @property
    def text(self) -> str:
        lines = [plain(line, self.reader) for each in messages(self.answers) for line in (*each.lines, *each.fine)]
        lines += [plain(each.text, self.reader) for each in self.answers if isinstance(each, Toast)]
        return "\n".join(lines)

    @property
    def labels(self) -> list[str]:
        return [plain(each.label, self.reader) for each in self._buttons()]

    def button(self, label: str) -> Button:
        return next(
            each for each in self._buttons() if isinstance(each, Button) and plain(each.label, self.reader) == label
        )

    def _buttons(self) -> list[Any]:
        return [button for each in messages(self.answers) for row in each.rows for button in row]


@pytest.fixture
def show() -> Any:
    """Give `show(answers, language="en", zone="Europe/Brussels", platform="slack")` to read answers as a person."""

    def look(
        answers: Sequence[Answer], language: str = "en", zone: str = "Europe/Brussels", platform: str = "slack"
    ) -> Shown:
        return Shown(answers, Reader(language=language, zone=zone, command_pattern=PATTERNS[platform]))

    return look


async def build_town(database: Database, clock: MovableClock) -> Town:
    """Write the community into an empty database."""
    now: datetime = clock.now()
    async with database.write() as db:
        community = Community(
            key="coprr", name="COPRR", zone="Europe/Brussels", organiser_contact="coprr@example.org",
            controller_name="ICMPD", privacy_link="https://example.org/privacy", public_contact="https://example.org/help",
        )  # fmt: skip
        db.add(community)
        await db.flush()
    async with database.write(community.id) as db:
        office = Organisation(name="Secretariat", country="BE")
        db.add(office)
        await db.flush()
        shared = {"organisation_id": office.id, "joined_at": now}
        olivia = Member(code="o01", name="Olivia Organiser", staff=True, country="BE", zone="Europe/Brussels", **shared)
        tahmina = Member(
            code="m15", name="Tahmina Udaharon", category="country_of_origin", country="BD", zone="Asia/Dhaka",
            weekend="4,5", **shared,
        )  # fmt: skip
        claire = Member(
            code="m05", name="Claire Exemple", category="eu_member_state", country="FR", zone="Europe/Paris",
            language="fr", **shared,
        )  # fmt: skip
        olivia.accounts = [Account(platform="slack", workspace=SLACK_TEAM, user="U1", chat="DU1")]
        tahmina.accounts = [Account(platform="telegram", workspace=TELEGRAM_BOT, user="5015", chat="5015")]
        claire.accounts = [Account(platform="slack", workspace=SLACK_TEAM, user="U5", chat="DU5")]
        db.add_all([olivia, tahmina, claire])
        await db.flush()
        db.add(RoleGrant(member_id=olivia.id, role="organiser"))
        db.add_all(
            [
                Channel(platform="slack", workspace=SLACK_TEAM, chat="C1", purpose="members", title="coprr"),
                Channel(platform="telegram", workspace=TELEGRAM_BOT, chat="-1001", purpose="members", title="COPRR"),
                Channel(platform="slack", workspace=SLACK_TEAM, chat="C9", purpose="organisers", title="coprr-team"),
            ]
        )
    return Town(database, clock, community, olivia, tahmina, claire)


@pytest.fixture
async def town(database: Database, clock: MovableClock, tmp_path: Path) -> Town:
    """Give the community on both kinds of database, at the demo clock."""
    made = await build_town(database, clock)
    made.vault = Vault(tmp_path / "files", MultiFernet([Fernet(Fernet.generate_key())]))
    return made


@pytest.fixture
def stranger() -> Person:
    """Give somebody nobody knows, on Telegram."""
    return Person("telegram", TELEGRAM_BOT, "999", "Somebody", "en")


__all__ = ["Shown", "Town", "build_town", "messages"]
