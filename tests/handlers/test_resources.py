"""Resources that members share: proposed, decided by somebody else, found, withdrawn."""

from __future__ import annotations

import io
from typing import Any

import docx
import pytest
from sqlalchemy import select

import reading
from chat.errors import FieldError, UserError
from chat.form import Asking
from chat.message import LinkButton, Press
from chat.outbound import Ask, Invalid, Reply
from handlers import _asks, _files, features
from handlers._feature import Context
from scheduler.contract import Skip
from storage import resources
from storage.audit import AuditEntry
from storage.deliveries import Campaign, Delivery
from storage.documents import Document
from storage.members import Member, RoleGrant
from storage.search import SearchEntry
from tests.conftest import DEMO_NOW
from tests.kinds import on_one
from tests.reading.making import png, written_pdf

PHRASES = {
    "en": "Counselling before departure shapes what happens after arrival",
    "fr": "L’accueil après le retour réussit à l’échelle des communautés",
    "tr": "Gönüllü geri dönüşte İstanbul’daki toplulukların ışık tutan desteği",
    "ar": "دعم العودة الطوعية وإعادة الإدماج في المجتمعات المحلية",
    "es": "El acompañamiento después del regreso ayuda a los niños",
}
ASKED = {
    "en": '"before DEPARTURE shapes"', "fr": '"apres le retour"', "tr": '"toplulukların isik tutan"',
    "ar": '"اعادة الادماج"', "es": '"despues del regreso"',
}  # fmt: skip


def values(**changes: str) -> dict[str, str]:
    return {
        "title": "Guide to counselling", "line": "Short and practical.", "link": "https://example.org/guide",
        "language": "en", "theme": "Counselling", **changes,
    }  # fmt: skip


async def the_resource(town: Any) -> Document:
    async with town.read() as db:
        return (await db.scalars(select(Document).where(Document.kind == "resource"))).one()


async def sends(town: Any, kind: str) -> list[tuple[str, str]]:
    async with town.read() as db:
        found = await db.execute(
            select(Member.code, Campaign.occurrence)
            .join(Delivery, Delivery.campaign_id == Campaign.id)
            .join(Member, Member.id == Delivery.member_id)
            .where(Campaign.kind == kind)
            .order_by(Campaign.id, Member.code)
        )
        return [(code, occurrence) for code, occurrence in found]


async def test_a_resource_is_shared_approved_found_and_withdrawn(town: Any, show: Any) -> None:
    seen = show(await town.submit(town.tahmina, "resource", "link", values()))
    assert seen.text == "Thank you. “Guide to counselling” goes to the moderators; you will hear from me."
    made = await the_resource(town)
    assert "nothing was found" in show(await town.command(town.claire, "find counselling")).text
    own = show(await town.click(town.tahmina, seen.button("Details")))
    assert "It waits for a moderator." in own.text
    assert await sends(town, "resource_ask") == [("o01", "ask")]
    async with town.read() as db:
        (waits,) = await _asks.todo(db, DEMO_NOW)
    assert show([Reply(await town.draw("resource_ask", made.key, town.olivia))]).labels == ["Approve", "Refuse", "Open"]
    seen = show(await town.click(town.olivia, waits.button))
    for part in ("A resource waits for your approval", "Guide to counselling", "Short and practical.",
                 "Theme: Counselling", "Link to example.org", "Shared by Tahmina Udaharon"):  # fmt: skip
        assert part in seen.text
    seen = show(await town.click(town.olivia, seen.button("Approve")))
    assert "It is in the library." in seen.text
    assert await sends(town, "resource_told") == [("m15", "shared")]
    told = show([Reply(await town.draw("resource_told", made.key, town.tahmina))])
    assert told.text == "Your resource “Guide to counselling” is in the library now. Thank you for sharing it."

    seen = show(await town.command(town.claire, "find counselling practical"))
    seen = show(await town.click(town.claire, seen.button("1 · Guide to counselling")))
    assert "Short and practical." in seen.text
    assert "Tahmina" not in seen.text
    (link,) = [each for each in seen._buttons() if isinstance(each, LinkButton)]
    assert link.url == "https://example.org/guide"
    with pytest.raises(UserError, match="e_gone"):
        await town.click(town.claire, Press("rgone", made.key))
    seen = show(await town.click(town.tahmina, Press("ritem", made.key)))
    seen = show(await town.click(town.tahmina, seen.button("Withdraw")))
    assert "1 document" in show(await town.command(town.claire, "find counselling")).text
    await town.click(town.tahmina, seen.button("Withdraw"))
    assert "nothing was found" in show(await town.command(town.claire, "find counselling")).text
    async with town.read() as db:
        assert (await db.scalars(select(SearchEntry))).all() == []
        acts = list(await db.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))
    assert acts == ["resource_proposed", "resource_shared", "resource_withdrawn"]


async def test_a_refused_resource_leaves_no_text_and_its_sharer_reads_why(town: Any, show: Any) -> None:
    await town.submit(town.tahmina, "resource", "link", values())
    made = await the_resource(town)
    assert list(await town.click(town.olivia, Press("rno", made.key))) == [Ask("resource_no", made.key)]
    answers = await town.submit(town.olivia, "resource_no", made.key, {"reason": "It is not about return."})
    assert "It was not taken into the library. Reason: It is not about return." in show(answers).text
    assert await sends(town, "resource_told") == [("m15", "refused")]
    told = show([Reply(await town.draw("resource_told", made.key, town.tahmina))])
    assert told.text.endswith("was not taken into the library. Reason: It is not about return.")
    async with town.read() as db:
        assert (await db.scalars(select(SearchEntry))).all() == []
    assert "It was not taken" in show(await town.click(town.tahmina, Press("ritem", made.key))).text


async def test_the_first_decision_stands(town: Any, show: Any) -> None:
    await town.submit(town.tahmina, "resource", "link", values())
    made = await the_resource(town)
    await town.click(town.olivia, Press("rok", made.key))
    for press in (Press("rok", made.key), Press("rno", made.key)):
        assert "It is in the library." in show(await town.click(town.olivia, press)).text
    answers = await town.submit(town.olivia, "resource_no", made.key, {"reason": "Too late."})
    assert "It is in the library." in show(answers).text
    assert await sends(town, "resource_told") == [("m15", "shared")]
    assert isinstance(await town.draw("resource_ask", made.key, town.olivia), Skip)


async def test_only_who_may_decide_decides_and_nobody_about_their_own(town: Any, show: Any) -> None:
    await town.submit(town.tahmina, "resource", "link", values())
    made = await the_resource(town)
    for press in (Press("rok", made.key), Press("rno", made.key), Press("libget", made.key)):
        with pytest.raises(UserError, match="e_gone"):
            await town.click(town.claire, press)
    with pytest.raises(UserError, match="e_gone"):
        await town.click(town.claire, Press("ritem", made.key))
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.tahmina.id, role="moderator"))
    for press in (Press("rok", made.key), Press("rno", made.key)):
        with pytest.raises(UserError, match="li_own"):
            await town.click(town.tahmina, press)
    assert isinstance(await town.draw("resource_ask", made.key, town.claire), Skip)
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.claire.id, role="moderator"))
    assert "It is in the library." in show(await town.click(town.claire, Press("rok", made.key))).text


@on_one
async def test_where_nobody_else_could_decide_it_is_shared_at_once(town: Any, show: Any) -> None:
    seen = show(await town.submit(town.olivia, "resource", "link", values()))
    assert seen.text == "Thank you. “Guide to counselling” is in the library now."
    assert "1. Guide" in show(await town.command(town.tahmina, "find guide")).text


@on_one
async def test_no_more_is_taken_while_too_much_waits(town: Any) -> None:
    for n in range(resources.WAITING_MOST):
        await town.submit(town.tahmina, "resource", "link", values(title=f"Guide {n}"))
    (refused,) = await town.submit(town.tahmina, "resource", "link", values())
    assert isinstance(refused, Invalid)
    assert set(refused.errors) == {"title"}


@pytest.mark.parametrize(
    ("field", "typed", "why"),
    [
        ("title", "Passport no. AB1234567 of a returnee", "pii_warning"),
        ("line", "Call +32 470 12 34 56", "pii_warning"),
        ("link", "http://example.org/a", "do_link"),
        ("link", "javascript:alert(1)", "do_link"),
        ("link", "https://example.org@evil.example/a", "do_link_hidden"),
    ],
)
@on_one
async def test_the_form_refuses_personal_data_and_bad_links(town: Any, field: str, typed: str, why: str) -> None:
    form = await the_form(town)
    asking = Asking(DEMO_NOW, "UTC", "en", {})
    with pytest.raises(FieldError, match=why):
        next(each for each in form.fields if each.id == field).clean(typed, asking)


@on_one
async def test_a_look_alike_host_is_shown_as_it_is(town: Any, show: Any) -> None:
    form = await the_form(town)
    link = next(each for each in form.fields if each.id == "link")
    clean = link.clean("https://exаmple.org/a", Asking(DEMO_NOW, "UTC", "en", {}))  # a Cyrillic а
    await town.submit(town.tahmina, "resource", "link", values(link=clean))
    seen = show(await town.click(town.olivia, Press("ritem", (await the_resource(town)).key)))
    assert "Link to xn--exmple-4nf.org" in seen.text


async def the_form(town: Any, way: str = "link") -> Any:
    feature = next(each for each in features() if each.name == "library")
    async with town.read() as db:
        ctx = Context(
            db, town.community, town.tahmina, None, frozenset(), DEMO_NOW, None, None, vault=town.vault
        )  # fmt: skip
        return await feature.forms["resource"][1](ctx, way)


@on_one
async def test_without_a_key_file_only_links_are_asked_for(town: Any) -> None:
    assert [each.id for each in (await the_form(town, "file")).fields] == ["file", "title", "line", "language", "theme"]
    town.vault = None
    assert list(await town.click(town.tahmina, Press("rshare"))) == [Ask("resource", "link")]
    assert [each.id for each in (await the_form(town)).fields] == ["link", "title", "line", "language", "theme"]
    for way, why in (("file", "do_no_vault"), ("", "e_gone")):
        with pytest.raises(UserError, match=why):
            await the_form(town, way)


def written(kind: str, text: str) -> bytes:
    if kind == "pdf":
        return written_pdf(f"Before.\n{text}.\nAfter.")
    made, out = docx.Document(), io.BytesIO()
    made.add_paragraph("Before.")
    made.add_paragraph(f"{text}.")
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["pdf", "docx"])
@on_one
async def test_a_phrase_inside_a_file_is_found_in_each_language(town: Any, show: Any, kind: str) -> None:
    for language, text in PHRASES.items():
        name = f"guide-{language}.{kind}"
        content = written(kind, text)
        town.files["F1"] = _files.receive(town.vault, content, name)
        given = values(title=f"Guide {language}", link="", file=f"F1|{len(content)}|{name}", language=language)
        await town.submit(town.tahmina, "resource", "file", given)
        assert "nothing was found" in show(await town.command(town.claire, f"find {ASKED[language]}")).text
    async with town.read() as db:
        keys = list(await db.scalars(select(Document.key).where(Document.state == "proposed")))
    for key in keys:
        await town.click(town.olivia, Press("rok", key))
    for language in PHRASES:
        seen = show(await town.command(town.claire, f"find {ASKED[language]}"))
        assert f"1. Guide {language}\n" in seen.text, language
        assert "\n2. " not in seen.text
        item = show(await town.click(town.claire, seen.button(f"1 · Guide {language}")))
        (answer,) = await town.click(town.claire, item.button("Send me the file"))
        assert isinstance(answer, Reply)
        assert answer.private
        assert answer.message.file.name == f"guide-{language}.{kind}"


@on_one
async def test_a_picture_is_shared_as_well_and_found_by_its_title(town: Any, show: Any) -> None:
    content = png()
    taken = _files.receive(town.vault, content, "poster.png", reading.ENDINGS)
    town.files["F1"] = taken
    given = values(title="Poster of the fair", link="", file=f"F1|{len(content)}|poster.png")
    await town.submit(town.tahmina, "resource", "file", given)
    await town.click(town.olivia, Press("rok", (await the_resource(town)).key))
    seen = show(await town.command(town.claire, "find poster"))
    item = show(await town.click(town.claire, seen.button("1 · Poster of the fair")))
    (answer,) = await town.click(town.claire, item.button("Send me the file"))
    assert (answer.message.file.name, answer.message.file.media) == ("poster.png", "image/png")
    field = next(each for each in (await the_form(town, "file")).fields if each.id == "file")
    assert {"png", "jpg", "jpeg", "pdf"} <= set(field.endings)
