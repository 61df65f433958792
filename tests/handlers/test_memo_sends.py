"""A memo that goes out: who gets it, what they can do with it, reminders, the report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from chat.message import LinkButton, Message, Press
from chat.outbound import Ask, Invalid, Reply
from chat.people import Place
from handlers import _asks
from scheduler.contract import Skip
from storage import statistics
from storage.communities import Channel
from storage.deliveries import Campaign, Delivery
from storage.documents import Acknowledgment, DocumentDecision, DocumentFile, DocumentVersion, MemoReader
from storage.files import StoredFile
from storage.meetings import Meeting
from storage.members import Account, Member
from storage.page_links import AccessEntry, PageLink
from storage.search_entry import SearchEntry
from storage.timers import Timer
from tests.handlers.memo_posting import GROUP, SENT, Post, build_post, files, messages, refused
from tests.kinds import on_one


@pytest.fixture
async def post(town: Any, show: Any) -> Post:
    """Give an approved memo on Fri, 20 Feb 2026, for two people."""
    return await build_post(town, show)


async def test_it_goes_to_the_list_after_the_number_was_typed_and_can_be_undone(town: Any, post: Post) -> None:
    seen = await post.preview()
    assert "2 people: 1 Slack, 1 Telegram" in seen.text
    assert "A restricted note is ready: meeting of Thu, 22 Jan 2026." in seen.text
    assert "Please confirm by Fri, 6 Mar 2026" in seen.text
    assert "No file of their own: Français 1. They get the one in English." in seen.text
    (ask,) = await town.click(town.olivia, seen.button("Send to 2"))
    assert isinstance(ask, Ask)
    (wrong,) = await town.submit(town.olivia, "bcount", ask.subject, {"count": "24"})
    assert isinstance(wrong, Invalid)
    progress = await post.send()
    document = await post.document()
    assert document.state == "distributed"
    assert document.recipients == 2
    assert {each.member_id for each in await post.rows(MemoReader)} == {town.tahmina.id, town.claire.id}
    assert len(await post.rows(SearchEntry)) == 1
    kinds = sorted(each.kind for each in await post.rows(Timer) if each.kind.startswith("memo."))
    assert [each for each in kinds if each not in ("memo.due", "memo.facts")] == [
        "memo.close", "memo.close", "memo.issued", "memo.remind", "memo.remind",
    ]  # fmt: skip
    await town.click(town.olivia, progress.button("Undo"))
    document = await post.document()
    assert (document.state, document.distributed_at, document.recipients) == ("approved", None, 0)
    assert await post.rows(MemoReader) == []
    assert await post.rows(SearchEntry) == []
    assert not [each for each in await post.rows(Timer) if each.kind == "memo.remind"]
    await post.send()  # and once more
    assert [each.state for each in await post.rows(Delivery) if each.member_id == town.tahmina.id][-1] == "queued"


@on_one
async def test_nothing_is_sent_without_approval_or_twice(town: Any, post: Post) -> None:
    await post.change(state="in_approval")
    await refused(post.preview(), "md_not_approved")
    await post.change(state="approved")
    async with town.write() as db:
        for each in await db.scalars(select(DocumentDecision).where(DocumentDecision.kind == "approved")):
            each.version = 7
    await refused(post.preview(), "md_not_approved")
    async with town.write() as db:
        await db.execute(update(DocumentDecision).values(version=1))
    seen = await post.preview()
    await post.send()
    assert "Planned by" in post.show(await town.click(town.olivia, seen.button("Send to 2"))).text
    await refused(post.preview(), "md_sent_already")
    assert len([each for each in await post.rows(Campaign) if each.kind == "memo"]) == 1


@on_one
async def test_who_left_between_preview_and_sending_gets_nothing(town: Any, post: Post) -> None:
    await post.send()
    async with town.write() as db:
        (await db.get_one(Member, town.claire.id)).state = "left"
        await db.delete((await db.scalars(select(MemoReader).where(MemoReader.member_id == town.tahmina.id))).one())
    town.clock.set(SENT + timedelta(days=3))
    for each in (town.claire, town.tahmina):
        assert await post.drawn("memo", each, first=True) == Skip("not_entitled")
    left = await post.card_of(town.claire)  # a file in their chat goes with the next edit
    assert "I cannot find that here" in left.text


@on_one
async def test_channels_that_may_and_may_not_have_it(town: Any, post: Post) -> None:
    slack, telegram = await post.channel("slack"), await post.channel("telegram")
    async with town.write() as db:
        public = Channel(platform="slack", workspace="T1", chat="C5", purpose="announcements", title="news")
        db.add(public)
        await db.flush()
        office = await db.scalar(select(Channel.id).where(Channel.purpose == "organisers"))
    forms = {str(slack.id): "card", str(telegram.id): "file", str(public.id): "file", str(office): "card"}
    await post.change(targets={"dm": "card", "channels": forms})
    seen = await post.preview()
    assert "Goes to the channels: coprr (Slack), COPRR (Telegram)" in seen.text
    assert "COPRR (Telegram): everybody there will have the file" in seen.text
    assert "coprr (Slack): everybody" not in seen.text
    await post.out()
    sent = [each.channel_id for each in await post.rows(Delivery) if each.channel_id]
    assert sorted(sent) == sorted([slack.id, telegram.id])
    assert await post.drawn("memo_channel", public, first=True) == Skip("gone")
    card = await post.drawn("memo_channel", slack, first=True)
    assert isinstance(card, Message)
    shown = post.show([Reply(card)])
    assert shown.text.splitlines()[0] == "The note of M5 is ready."
    assert "Counting" not in shown.text
    assert card.file is None
    carrying = await post.drawn("memo_channel", telegram, first=True)
    assert isinstance(carrying, Message)
    assert carrying.file is not None
    answers = await town.click(town.tahmina, shown.button("Send me the file"), GROUP)
    assert all(each.private and each.message.protect for each in answers if isinstance(each, Reply))
    assert len(files(answers)) == 1
    await refused(town.click(town.olivia.__class__() if False else post.dana, Press("mget", "nosuchkey1"), GROUP))
    async with town.write() as db:
        other = Member(code="m99", name="Other One", zone="Europe/Brussels", joined_at=SENT)
        other.accounts = [Account(platform="telegram", workspace="700", user="9999", chat="9999")]
        db.add(other)
    for verb in ("mget", "mopen", "mread", "mcorr", "mcard"):
        await refused(town.click(other, Press(verb, post.key, "", "1"), GROUP))


@on_one
async def test_it_waits_for_the_moment_that_was_chosen(town: Any, post: Post) -> None:
    seen = await post.preview()
    seen = post.show(await town.click(town.olivia, seen.button("Edit")))
    assert "as soon as you have confirmed" in seen.text
    assert "30 days after" in seen.labels  # Sat, 21 Feb
    seen = post.show(await town.click(town.olivia, seen.button("30 days after")))
    assert "Goes out: from Sat, 21 Feb 2026, 00:00" in seen.text
    channel = await post.channel("slack")
    await post.change(targets={"dm": "card", "channels": {str(channel.id): "card"}})
    assert "21 Feb 2026, 09:00" in post.show(await town.click(town.olivia, Press("mwhen", post.key))).text
    (ask,) = await town.click(town.olivia, seen.button("Another date"))
    assert isinstance(ask, Ask)
    (past,) = await town.submit(town.olivia, "memo_date", post.key, {"at": (SENT - timedelta(1)).isoformat()})
    assert isinstance(past, Invalid)
    at = SENT + timedelta(days=10)
    seen = post.show(await town.submit(town.olivia, "memo_date", post.key, {"at": at.isoformat()}))
    await post.send()
    document = await post.document()
    assert document.distributed_at is not None
    assert document.distributed_at >= at
    async with town.read() as db:
        of_memo = select(Delivery.due_at).join(Campaign).where(Campaign.kind == "memo")
        assert min(await db.scalars(of_memo)) >= at
    await refused(town.click(town.tahmina, Press("mget", post.key)))  # not before it has gone out
    assert "No memos for you yet" in post.show(await town.command(town.tahmina, "memos")).text


@on_one
async def test_the_meeting_follows_when_it_has_gone_out(town: Any, post: Post) -> None:
    await post.send()
    assert await town.work("memo.issued") == 0
    await post.arrive()
    (meeting,) = await post.rows(Meeting)
    assert meeting.state == "memo_issued"


async def test_it_is_read_on_both_platforms_and_nothing_is_counted_twice(town: Any, post: Post) -> None:
    await post.out()
    for who in (town.tahmina, town.claire):
        seen = await post.card_of(who)
        assert seen.text.splitlines()[0] == "A restricted note is ready: meeting of Thu, 22 Jan 2026."
        title = seen.text.splitlines().index("Counting what matters")
        assert title == (1 if who is town.tahmina else 2)  # Slack notifies with the first two lines
        assert seen.labels == ["Send me the file", "I have read it", "Suggest a correction"]  # no pages here
        first = post.show(await town.click(who, seen.button("I have read it")))
        assert first.text.startswith("You confirmed reading on")
        again = post.show(await town.click(who, seen.button("I have read it")))
        assert "Already saved." in again.text
        assert first.labels == ["Send me the file", "Suggest a correction"]
    assert len(await post.rows(Acknowledgment)) == 2
    async with town.read() as db:
        (figures,) = [each for each in await statistics.figures(db, town.clock.now()) if each.memos]
        found = await statistics.indicators(db, town.clock.now())
    assert (figures.acknowledged, figures.memo_sent, figures.memos_on_time) == (2, 2, 1)
    assert (found["I17"].numerator, found["I17"].denominator) == (2, 2)


@on_one
async def test_pages_are_opened_by_a_link_that_is_in_no_card(town: Any, post: Post) -> None:
    town.page_link = lambda path: f"https://convenor.example.org{path}"
    await post.out()
    made = await post.drawn("memo", town.claire)
    assert isinstance(made, Message)
    assert not [each for line in made.rows for each in line if isinstance(each, LinkButton)]
    seen = post.show([Reply(made)])
    assert seen.labels == ["Open", "I have read it", "Send me the file", "Suggest a correction"]
    answers = await town.click(town.claire, seen.button("Open"))
    (shown,) = messages(answers)
    (link,) = shown.rows[0]
    assert isinstance(link, LinkButton)
    assert link.url.startswith("https://convenor.example.org/m/")
    assert shown.protect
    assert isinstance(answers[0], Reply)
    assert answers[0].private
    (row,) = await post.rows(PageLink)
    assert row.member_id == town.claire.id
    assert row.token_hash not in link.url


@on_one
async def test_the_form_file_is_one_message_on_telegram_and_a_card_on_slack(town: Any, post: Post) -> None:
    await post.change(targets={"dm": "file", "channels": {}})
    await post.out()
    telegram = await post.drawn("memo", town.tahmina, first=True)
    slack = await post.drawn("memo", town.claire, first=True)
    assert isinstance(telegram, Message)
    assert isinstance(slack, Message)
    assert telegram.file is not None
    assert telegram.file.name == "note-m5-v1.pdf"  # a notification shows it: no title
    assert slack.file is None
    seen = post.show([Reply(telegram)])
    assert seen.labels == ["I have read it", "Suggest a correction"]
    assert "Send me the file" in post.show([Reply(slack)]).labels
    (after,) = messages(await town.click(town.tahmina, seen.button("I have read it")))
    assert after.file == telegram.file  # the edit must not take it away


@on_one
async def test_each_reader_gets_their_language(town: Any, post: Post) -> None:
    async with town.write() as db:
        version = (await db.scalars(select(DocumentVersion))).one()
        french = StoredFile(
            blob="f" * 32, name="note.pdf", kind="pdf", size=3, sha256="", created_at=SENT, created_by=town.olivia.id
        )
        db.add(french)
        await db.flush()
        db.add(DocumentFile(version_id=version.id, language="fr", file_id=french.id))
        key = french.key
    assert "No file of their own" not in (await post.preview()).text
    await post.out()
    assert files(await town.click(town.claire, Press("mget", post.key))) == [key]
    assert files(await town.click(town.tahmina, Press("mget", post.key))) != [key]
    assert [(each.what, each.member_id) for each in await post.rows(AccessEntry)] == [
        ("sent", town.claire.id), ("sent", town.tahmina.id),
    ]  # fmt: skip


@on_one
async def test_the_list_is_private_unread_first_and_home_names_no_title(town: Any, post: Post) -> None:
    await post.out()
    async with town.read() as db:
        (waits,) = await _asks.waiting(db, town.tahmina, town.clock.now())
    assert waits.kind == "memo"
    assert waits.line.key == "md_wait"
    assert waits.button is not None
    shown = await town.click(town.tahmina, waits.button)
    assert isinstance(shown[0], Reply)  # never an edit: Home is not protected
    assert shown[0].card is not None
    answers = await town.command(town.tahmina, "memos", GROUP)
    assert all(each.private for each in answers if isinstance(each, Reply))
    seen = post.show(answers)
    assert "1. Counting what matters · Thu, 22 Jan 2026 · please confirm by" in seen.text
    await town.click(town.tahmina, Press("mread", post.key, "", "1"))
    async with town.read() as db:
        assert await _asks.waiting(db, town.tahmina, town.clock.now()) == []
    assert "you confirmed on" in post.show(await town.command(town.tahmina, "memos")).text


@on_one
async def test_a_suggestion_is_sealed_and_tells_author_and_organisers(town: Any, post: Post) -> None:
    await post.out()
    (ask,) = await town.click(town.tahmina, Press("mcorr", post.key))
    assert isinstance(ask, Ask)
    (personal,) = await town.submit(
        town.tahmina, "memo_correct", post.key, {"text": "the migrant Karim, +32 470 11 22 33"}
    )
    assert isinstance(personal, Invalid)
    answers = await town.submit(town.tahmina, "memo_correct", post.key, {"text": "The CANARY figure is from 2024"})
    assert "Thank you" in post.show(answers).text
    said = [each for each in await post.rows(DocumentDecision) if each.kind == "suggestion"]
    assert len(said) == 1
    assert "CANARY" not in said[0].note
    assert await post.sent("memo_suggestion") == [("o01", f"s{said[0].id}")]
    told = await post.card_of(town.olivia, "memo_suggestion")
    assert "CANARY" not in told.text
    assert "CANARY" in post.show(await town.click(town.olivia, told.button("Notes"))).text


async def test_the_silent_are_reminded_twice_at_most_and_then_it_closes(town: Any, post: Post) -> None:
    await post.out()
    await town.click(town.claire, Press("mread", post.key, "", "1"))
    subject = f"{post.key}-1"
    town.clock.set(datetime(2026, 2, 27, 23, tzinfo=UTC))  # T+37 is a Saturday
    assert await town.work("memo.remind") == 1
    assert await post.sent("memo_again") == [("m15", "v1-1")]
    again = await post.card_of(town.tahmina, "memo_again", subject)
    assert again.text.splitlines()[:2] == [
        "A reminder: a restricted note waits for you, meeting of Thu, 22 Jan 2026.",
        "Have you read “Counting what matters”? Please tap “I have read it”. Deadline: Fri, 6 Mar 2026",
    ]
    await post.arrive()
    seen = post.show(await town.click(town.olivia, Press("mnudge", post.key)))
    assert "Send to 1" in seen.labels
    await town.click(town.olivia, seen.button("Send to 1"))
    town.clock.set(datetime(2026, 3, 4, 23, tzinfo=UTC))
    assert await town.work("memo.remind") == 1
    assert len(await post.sent("memo_again")) == 2  # by hand and by the schedule together
    await town.click(town.tahmina, Press("mread", post.key, "", "1"))
    assert await post.drawn("memo_again", town.tahmina, subject, first=True) == Skip("replied")
    town.clock.set(datetime(2026, 3, 7, tzinfo=UTC))
    assert await town.work("memo.close") == 1
    assert (await post.document()).state == "acknowledged_closed"
    town.clock.set(datetime(2026, 3, 8, tzinfo=UTC))
    assert await town.work("memo.close") == 1
    assert (await post.document()).state == "archived"
    assert len(files(await town.click(town.tahmina, Press("mget", post.key)))) == 1  # archived is still readable


@on_one
async def test_the_report_counts_and_names_stay_private(town: Any, post: Post) -> None:
    await post.out()
    await town.click(town.claire, Press("mread", post.key, "", "1"))
    await town.click(town.claire, Press("mget", post.key))
    async with town.write() as db:
        await db.execute(
            update(Delivery).where(Delivery.member_id == town.tahmina.id).values(state="dead", reason="blocked")
        )
    seen = post.show(await town.click(town.olivia, Press("mreport", post.key)))
    assert "Read 1 of 2." in seen.text
    assert "Slack 1 of 1" in seen.text
    assert "1 person was not reached" in seen.text
    assert "sent in chat to 1" in seen.text
    assert "Next reminder Sun, 1 Mar 2026, to 1." in seen.text  # her week ends on Friday and Saturday
    assert seen.labels[:2] == ["Remind 1", "Show names"]
    assert "Tahmina" not in seen.text
    names = post.show(await town.click(town.olivia, seen.button("Show names")))
    assert "1. Tahmina Udaharon: not confirmed · " in names.text
    assert "2. Claire Exemple: confirmed " in names.text
    group = await town.click(town.olivia, Press("mnames", post.key, "0"), Place("slack", "T1", "C9", "group"))
    assert all(isinstance(each, Reply) and each.private for each in group)
    assert "Only organisers" in post.show(await town.click(town.tahmina, Press("mnames", post.key, "0"))).text
