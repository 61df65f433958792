"""A publication on its way, for tests: written, checked, approved, released, step by step as people do it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from chat.errors import UserError
from chat.message import Press
from chat.people import Place
from handlers._files import Taken
from storage import search
from storage.communities import Channel
from storage.deliveries import Campaign, Delivery
from storage.documents import Document
from storage.members import Account, Member, RoleGrant

EMBARGO = datetime(2026, 6, 25, 12, tzinfo=UTC)
LINK = "https://example.org/brief"
GROUP = Place("telegram", "700", "-1001", "group")
GIVEN = {
    "kind": "policy_brief", "title": "Five questions", "link": LINK, "embargo": "", "to": "both", "channels": "members",
    "theme": "Reintegration", "keywords": "counselling",
}  # fmt: skip


async def approver(town: Any, code: str = "o02", name: str = "Paul Approver", user: str = "U2") -> Member:
    """Give somebody on Slack with the right to approve."""
    async with town.write() as db:
        made = Member(
            code=code, name=name, staff=True, country="BE", zone="Europe/Brussels", joined_at=town.clock.now()
        )
        made.accounts = [Account(platform="slack", workspace="T1", user=user, chat=f"D{user}")]
        db.add(made)
        await db.flush()
        db.add(RoleGrant(member_id=made.id, role="approver"))
    return made


async def one(town: Any) -> Document:
    async with town.read() as db:
        return (await db.scalars(select(Document).order_by(Document.id.desc()))).first()


async def checked(town: Any, show: Any, paul: Member, **more: str) -> Any:
    """Write it, take its steps and tick the checks; give the card Olivia sees then."""
    card = show(await town.submit(town.olivia, "publication", "", GIVEN | {"approver": paul.key} | more))
    key = (await one(town)).key
    for label in ("Outline", "Draft", "Internal review", "External review", "Visibility check"):
        if label in card.labels:
            card = show(await town.click(town.olivia, card.button(label)))
    for letter in "fedn":
        card = show(await town.click(town.olivia, Press("pubvis", key, "", f"{letter}1")))
    return card


async def asked(town: Any, show: Any, paul: Member, **more: str) -> Any:
    """Bring it to approval; give the card its approver sees."""
    card = await checked(town, show, paul, **more)
    await town.click(town.olivia, card.button("Ask for approval"))
    return show(await town.click(paul, Press("pubsee", (await one(town)).key)))


async def approved(town: Any, show: Any, paul: Member, **more: str) -> Document:
    card = await asked(town, show, paul, **more)
    await town.click(paul, card.button("Approve"))
    return await one(town)


async def confirmed(town: Any, show: Any, document: Document) -> Any:
    """Preview and confirm its release; give the card of the send."""
    preview = show(await town.click(town.olivia, Press("bprev", document.key, "", "p")))
    send = next(each for each in preview._buttons() if str(each.press).startswith("bsend"))
    return show(await town.click(town.olivia, send))


async def released(town: Any, show: Any, document: Document) -> Document:
    """Let its moment come."""
    await confirmed(town, show, document)
    town.clock.set(max(document.embargo_until or town.clock.now(), town.clock.now() + timedelta(minutes=3)))
    await town.work("publication.release")
    return await one(town)


def taken(town: Any, file: str, text: str, name: str = "brief.pdf") -> str:
    """Make a file somebody gives; give the value of the form's field."""
    content = text.encode()
    blob = town.vault.keep(content)
    town.files[file] = Taken(
        blob=blob, name=name, kind="pdf", size=len(content), sha256=blob, pages=3, text=(text,)
    )  # fmt: skip
    return f"{file}|{len(content)}|{name}"


async def rows_of(town: Any) -> list[tuple[str, str, datetime]]:
    async with town.read() as db:
        query = select(Campaign.kind, Delivery.state, Delivery.due_at).join(Delivery)
        return sorted(
            tuple(each)
            for each in await db.execute(query.where(Campaign.kind.in_(("publication_out", "publication_public"))))
        )


async def channel(town: Any) -> Channel:
    async with town.read() as db:
        return (await db.scalars(select(Channel).where(Channel.purpose == "members"))).first()


async def gone(act: Any) -> bool:
    """Tell whether an act answers that there is no such thing."""
    try:
        answers = await act
    except UserError as error:
        return error.text.key == "e_gone"
    return not answers


async def found(town: Any, who: Any, words: str) -> int:
    """Count what somebody's search finds."""
    async with town.read() as db:
        return (await search.find(db, who, frozenset(), words, town.clock.now())).total
