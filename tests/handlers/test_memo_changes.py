"""A memo after it has gone out: corrections, withdrawal, its end, and that every message of it is protected."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chat.message import Message, Press
from chat.outbound import Ask, Invalid, Reply
from handlers import _asks
from scheduler.contract import Skip
from storage.deliveries import Delivery
from storage.documents import Acknowledgment, DocumentDecision
from storage.members import Member
from storage.page_links import PageLink
from storage.search_entry import SearchEntry
from tests.handlers.memo_posting import SENT, Post, build_post, files, messages, refused
from tests.handlers.memoing import file
from tests.kinds import on_one


@pytest.fixture
async def post(town: Any, show: Any) -> Post:
    """Give an approved memo on Fri, 20 Feb 2026, for two people."""
    return await build_post(town, show)


async def test_a_correction_waits_for_somebody_else_and_then_replaces_every_card(town: Any, post: Post) -> None:
    channel = await post.channel("slack")
    await post.change(targets={"dm": "card", "channels": {str(channel.id): "card"}})
    await post.out()
    await town.click(town.claire, Press("mread", post.key, "", "1"))
    await post.post_card("memo", town.tahmina)
    await post.post_card("memo_again", town.claire, f"{post.key}-1")
    await post.post_card("memo_channel", channel)
    await post.outdated()
    subject = await post.correct()
    document = await post.document()
    assert (document.version, document.state) == (1, "distributed")
    assert files(await town.click(town.tahmina, Press("mget", post.key))) != files(
        await town.click(post.dana, Press("mfixsee", post.key, "", "2"))
    )
    await refused(post.preview("mc", subject), "md_not_approved")
    async with town.read() as db:
        (waits,) = await _asks.waiting(db, post.dana, town.clock.now())
        assert await _asks.waiting(db, town.olivia, town.clock.now()) == []
    assert waits.line.key == "md_wait_fix"
    asked = post.show(await town.click(post.dana, waits.button))
    assert "Olivia Organiser asks you to approve a correction, version 2:" in asked.text
    own = post.show(await town.click(town.olivia, asked.button("Approve")))  # who made it has no say
    assert (await post.document()).details["correction"]["state"] == "in_approval"
    assert "approved" not in own.text
    done = post.show(await town.click(post.dana, asked.button("Approve")))
    assert "Version 2 is approved and not sent yet." in done.text
    assert "md_todo_fix" in await post.tasks()
    seen = await post.preview("mc", subject)
    assert "Version 2, corrected: Figure 3 was wrong" in seen.text
    progress = await post.send("mc", subject)
    assert (await post.document()).version == 2
    await town.click(town.olivia, progress.button("Undo"))
    assert (await post.document()).version == 1
    assert (await post.card_of(town.claire)).text.startswith("You confirmed reading on")
    await post.send("mc", subject)
    assert await post.outdated() >= {
        ("memo", post.key), ("memo_again", f"{post.key}-1"), ("memo_channel", post.key),
    }  # fmt: skip
    in_channel = await post.drawn("memo_channel", channel)
    assert isinstance(in_channel, Message)
    assert post.show([Reply(in_channel)]).text == "The note of M5 was corrected: version 2."  # no reason in a group
    await post.arrive()
    assert [each.channel_id for each in await post.rows(Delivery) if each.channel_id] == [channel.id]  # no new post
    for who in (town.tahmina, town.claire):
        old = await post.card_of(who)
        assert old.text == "Replaced by version 2: Figure 3 was wrong"
        assert old.labels == ["Open"]
        new = await post.card_of(who, "memo_corrected", subject)
        assert "Version 2, corrected: Figure 3 was wrong" in new.text
        assert "I have read it" in new.labels  # asked anew
        stale = post.show(await town.click(who, Press("mread", post.key, "", "1")))
        assert "Replaced by version 2" in stale.text
        assert "You confirmed" in post.show(await town.click(who, new.button("I have read it"))).text
    (first, second) = sorted(await post.rows(Acknowledgment), key=lambda each: each.member_id)
    assert {first.version, second.version} == {2}
    assert all(each.at is not None for each in (first, second))


@on_one
async def test_a_returned_or_changed_correction_cannot_be_sent(town: Any, post: Post) -> None:
    await post.out()
    (own,) = await town.submit(
        town.olivia, "memo_fix", post.key,
        {"file": file(town, "F8"), "language": "en", "reason": "Wrong", "approver": town.olivia.key},
    )  # fmt: skip
    assert isinstance(own, Invalid)
    subject = await post.correct()
    before = await post.card_of(post.dana, "memo_fix", subject)
    (ask,) = await town.click(post.dana, before.button("Return to author"))
    assert isinstance(ask, Ask)
    await town.submit(post.dana, "memo_fix_no", ask.subject, {"text": "CANARY paragraph is missing"})
    assert (await post.document()).details["correction"]["state"] == "returned"
    assert "CANARY" not in repr([each.note for each in await post.rows(DocumentDecision)])
    await refused(post.preview("mc", subject), "md_not_approved")
    news = await post.card_of(town.olivia, "memo_fix_news", subject)
    assert "Dana Approves returned the correction" in news.text
    newer = await post.correct()
    assert newer == f"{post.key}-3"
    stale = post.show(await town.click(post.dana, before.button("Approve")))
    assert "Something newer replaced this correction." in stale.text
    assert (await post.document()).details["correction"]["state"] == "in_approval"
    await refused(post.preview("mc", subject), "md_fix_replaced")


async def test_a_withdrawn_memo_is_gone_everywhere(town: Any, post: Post) -> None:
    telegram = await post.channel("telegram")
    await post.change(targets={"dm": "file", "channels": {str(telegram.id): "file"}})
    town.page_link = lambda path: f"https://convenor.example.org{path}"
    await post.out()
    await town.click(town.claire, Press("mopen", post.key))
    for each in (town.tahmina, town.claire):
        await post.post_card("memo", each)
    await post.post_card("memo_channel", telegram)
    await post.outdated()
    seen = post.show(await town.click(town.olivia, Press("mwith", post.key)))
    assert seen.labels == ["Withdraw the note", "Keep the note"]
    assert "It is on the list of 2 people." in seen.text
    (ask,) = await town.click(town.olivia, seen.button("Withdraw the note"))
    assert isinstance(ask, Ask)
    (wrong,) = await town.submit(town.olivia, "memo_withdraw", post.key, {"reason": "A name stood in it", "count": "3"})
    assert isinstance(wrong, Invalid)
    assert (await post.document()).state == "distributed"
    given = {"reason": "A passage can be traced", "count": "2"}
    done = post.show(await town.submit(town.olivia, "memo_withdraw", post.key, given))
    assert "2 people had it." in done.text
    assert (await post.document()).state == "withdrawn"
    assert await post.outdated() == {("memo", post.key), ("memo_channel", post.key)}
    for who in (town.tahmina, town.claire):
        made = await post.drawn("memo", who)
        assert isinstance(made, Message)
        assert made.file is None  # a document in Telegram is replaced
        assert post.show([Reply(made)]).text.startswith("Withdrawn on Sun, 22 Feb 2026. Please delete copies.")
        for verb in ("mget", "mopen", "mcard", "mcorr"):
            await refused(town.click(who, Press(verb, post.key)))
        assert "No memos for you yet" in post.show(await town.command(who, "memos")).text
    shown = await post.drawn("memo_channel", telegram)
    assert isinstance(shown, Message)
    assert shown.file is None
    assert await post.rows(PageLink) == []
    assert await post.rows(SearchEntry) == []
    assert await post.sent("memo_withdrawn") == []  # nobody is told before it is chosen
    await refused(town.submit(town.olivia, "memo_withdraw", post.key, given), "md_withdrawn_already")
    await post.send("mr")
    assert len(await post.sent("memo_withdrawn")) == 2
    await refused(post.preview("mr"), "md_told_already")


async def test_nobody_but_organisers_opens_it_after_its_end(town: Any, post: Post) -> None:
    end = SENT + timedelta(days=20)
    await town.submit(town.olivia, "memo_until", post.key, {"at": end.isoformat()})
    await post.out()
    assert len(files(await town.click(town.tahmina, Press("mget", post.key)))) == 1
    town.clock.set(end)
    assert await town.work("memo.expire") == 1
    await refused(town.click(town.tahmina, Press("mget", post.key)))
    assert (await post.card_of(town.tahmina)).text == "This note could be opened until Thu, 12 Mar 2026."
    assert len(files(await town.click(town.olivia, Press("mget", post.key)))) == 1


@on_one
async def test_who_has_left_is_told_what_everybody_is_told(town: Any, post: Post, stranger: Any) -> None:
    await post.out()
    async with town.write() as db:
        (await db.get_one(Member, town.tahmina.id)).state = "left"
    for who in (town.tahmina, stranger):
        for verb in ("mread", "mget", "mopen", "mcorr", "mcard"):
            await refused(town.click(who, Press(verb, post.key, "", "1")))
            await refused(town.click(who, Press(verb, "nosuchkey1", "", "1")))


@on_one
@pytest.mark.parametrize("form", ["file", "card", "link"])
async def test_every_message_about_a_memo_is_protected(town: Any, post: Post, form: str) -> None:
    channel = await post.channel("telegram")
    await post.change(targets={"dm": form, "channels": {str(channel.id): form}})
    seen: list[Message | Skip] = []
    said: list[Message] = []
    await post.out()

    async def look(*subjects: str) -> None:
        for subject in (post.key, *subjects):
            for kind in ("memo", "memo_again", "memo_corrected", "memo_withdrawn"):
                seen.append(await post.drawn(kind, town.tahmina, subject))
                notifies = await post.drawn(kind, town.claire, subject)
                if isinstance(notifies, Message):  # Slack shows two lines in a notification
                    assert "Counting" not in repr(notifies.lines[:2])
            for kind in ("memo_channel", "memo_refreshed"):
                seen.append(await post.drawn(kind, channel, subject))

    await look(f"{post.key}-1")
    for press in (
        Press("mget", post.key), Press("mopen", post.key), Press("mcard", post.key),
        Press("mread", post.key, "", "1"), Press("mlist"),
    ):  # fmt: skip
        said += messages(await town.click(town.tahmina, press))
    said += messages(await town.command(town.tahmina, "memos"))
    await look(f"{post.key}-1")
    subject = await post.corrected()
    await look(f"{post.key}-1", subject)
    for press in (Press("mreport", post.key), Press("mnames", post.key, "0"), Press("mwith", post.key)):
        said += messages(await town.click(town.olivia, press))
    await town.submit(town.olivia, "memo_withdraw", post.key, {"reason": "Wrong", "count": "2"})
    await look(f"{post.key}-1", subject)
    drawn = [each for each in seen if isinstance(each, Message)]
    assert len(drawn) > 20
    assert [each for each in (*drawn, *said) if not each.protect] == []
    for each in drawn:
        words = post.show([Reply(each)]).text
        assert "Counting" not in words.splitlines()[0]  # the push text


@on_one
async def test_a_correction_in_another_language_is_looked_at_again_and_can_be_given_up(town: Any, post: Post) -> None:
    await post.out()
    subject = await post.correct()
    asked = await post.card_of(post.dana, "memo_fix", subject)
    await town.click(post.dana, asked.button("Approve"))
    (ask,) = await town.click(town.olivia, Press("mfixl", post.key, "", "2"))
    assert isinstance(ask, Ask)
    given = {"file": file(town, "F7", text="Corrigé"), "language": "fr"}
    await town.submit(town.olivia, "memo_fixl", ask.subject, given)
    assert (await post.document()).details["correction"]["state"] == "in_approval"
    assert len(files(await town.click(post.dana, Press("mfixsee", post.key, "", "2")))) == 2
    again = await post.card_of(post.dana, "memo_fix", subject)
    await town.click(post.dana, again.button("Approve"))
    assert "No file of their own" not in (await post.preview("mc", subject)).text
    report = post.show(await town.click(town.olivia, Press("mreport", post.key)))
    assert "Version 2 is approved and not sent yet." in report.text
    gone = post.show(await town.click(town.olivia, report.button("Discard draft")))
    assert "The correction was given up." in gone.text
    assert "given up or replaced" in (await post.card_of(post.dana, "memo_fix", subject)).text
    await refused(post.preview("mc", subject), "md_fix_replaced")
