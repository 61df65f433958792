"""Polls of topics as dialogues: votes stay private, totals are for everybody, equal ones are decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.outbound import Ask, Edit, Invalid, Reply
from handlers._asks import todo, waiting
from scheduler.contract import Skip
from storage.audit import AuditEntry
from storage.communities import Channel
from storage.deliveries import Campaign, CardCopy
from storage.members import Account, Member
from storage.polls import Ballot
from storage.timers import Timer
from tests.handlers.polling import MEMBERS, Stage, listed, press
from tests.kinds import on_one


@pytest.fixture
def stage(town: Any, show: Any) -> Stage:
    return Stage(town, show)


@on_one
async def test_a_topic_poll_is_previewed_sent_and_undone_as_a_draft(stage: Stage) -> None:
    town = stage.town
    (asked,) = await town.command(town.olivia, "poll topic")
    assert isinstance(asked, Ask)
    preview = stage.show(await stage.submit("topic"))
    assert "2 people: 1 Slack, 1 Telegram" in preview.text
    assert "A card with counts goes to: coprr (Slack), COPRR (Telegram)" in preview.text
    assert "how to involve employers early" in preview.text
    assert preview.labels == ["Send a test to me", "Edit", "Send to 2", "Cancel"]

    sent = stage.show(answers := await town.click(town.olivia, preview.button("Send to 2")))
    assert "Until then you can undo." in sent.text
    assert isinstance(answers[0], Edit)
    assert [each.state for each in await stage.sent("topic_poll")] == ["queued", "queued"]
    assert len(await stage.sent("poll_public")) == 2
    async with town.read() as db:
        assert await waiting(db, town.tahmina, town.clock.now()) == []  # it may still be undone

    again = stage.show(await town.click(town.olivia, preview.button("Send to 2")))
    assert "open" in again.text
    assert len(await stage.sent("topic_poll")) == 2

    assert sent.button("Undo").press.verb == "pundo"  # the poll is taken back with its messages
    undone = stage.show(await town.click(town.olivia, sent.button("Undo")))
    assert "Undone. Nothing was sent." in undone.text
    stage.key = preview.button("Edit").press.key
    assert (await stage.poll()).state == "draft"
    assert {each.state for each in await stage.sent("topic_poll") + await stage.sent("poll_public")} == {"cancelled"}
    async with town.read() as db:
        waiting_still = list(await db.scalars(select(Timer).where(Timer.state == "waiting")))
        assert [each.kind for each in waiting_still if each.kind.startswith("poll")] == []
    assert isinstance(await town.draw("topic_poll", stage.key, town.tahmina), Skip)


@on_one
async def test_a_preview_that_is_out_of_date_sends_nothing(stage: Stage) -> None:
    town = stage.town
    preview = stage.show(await stage.submit("topic"))
    key = preview.button("Edit").press.key
    assert "at most" not in preview.text
    changed = stage.show(await stage.submit("topic", key, question="Which topic after that?"))
    assert "Which topic after that?" in changed.text
    stale = stage.show(await town.click(town.olivia, preview.button("Send to 2")))
    assert "Something changed since this preview." in stale.text
    assert await stage.sent("topic_poll") == []

    town.clock.set(town.clock.now() + timedelta(minutes=11))
    late = stage.show(await town.click(town.olivia, changed.button("Send to 2")))
    assert "Something changed since this preview." in late.text
    assert await stage.sent("topic_poll") == []


@on_one
async def test_fifty_people_make_the_organiser_type_the_number(stage: Stage) -> None:
    town = stage.town
    async with town.write() as db:
        for n in range(50):
            member = Member(code=f"x{n:03}", name=f"Extra {n}", zone="Europe/Brussels", category="expert")
            member.accounts = [Account(platform="slack", workspace="T1", user=f"UX{n}", chat=f"UX{n}")]
            db.add(member)
    preview = stage.show(await stage.submit("topic"))
    (asked,) = await town.click(town.olivia, preview.button("Send to 52"))
    assert isinstance(asked, Ask)
    (wrong,) = await town.submit(town.olivia, "poll_count", asked.subject, {"count": "24"})
    assert isinstance(wrong, Invalid)
    assert await stage.sent("topic_poll") == []
    done = stage.show(await town.submit(town.olivia, "poll_count", asked.subject, {"count": "52"}))
    assert "Until then you can undo." in done.text
    assert len(await stage.sent("topic_poll")) == 52


async def test_each_tap_on_a_topic_saves_and_done_shows_the_vote(stage: Stage) -> None:
    town = stage.town
    await stage.opened()
    card = await stage.card(town.tahmina)
    assert card.labels == ["1 · Jobs", "2 · Housing", "3 · Health", "Done", "Suggest a topic"]
    assert "1. Jobs: how to involve employers early" in card.text
    assert "(Dhaka)" in card.text

    first = await stage.press(town.tahmina, "1 · Jobs")
    assert "1st: Jobs. You may add a 2nd and a 3rd, or stop here." in first.text
    assert first.labels == ["2 · Housing", "3 · Health", "Done", "Clear", "Suggest a topic"]
    second = await stage.press(town.tahmina, "3 · Health")
    assert "1st: Jobs. 2nd: Health. You may add a 3rd, or stop here." in second.text
    done = await stage.press(town.tahmina, "Done")
    assert "Your vote: 1 Jobs, 2 Health" in done.text
    assert done.labels == ["Change my vote", "Polls"]

    twice = stage.seen(await town.click(town.tahmina, card.button("1 · Jobs")), town.tahmina)
    assert "1st: Jobs. 2nd: Health." in twice.text  # an old card; nobody gets two ranks
    changed = await stage.press(town.tahmina, "Clear")
    assert "Your vote is cleared." in changed.text
    refused = stage.seen(await town.click(town.tahmina, changed.button("Done")), town.tahmina)
    assert refused.text == "Please choose at least one option first."
    listed = stage.seen(await town.command(town.tahmina, "polls"), town.tahmina)
    assert "You have not voted yet." in listed.text


@on_one
async def test_the_channel_sees_how_many_voted_and_nothing_else(stage: Stage) -> None:
    town = stage.town
    await stage.opened()
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "-1001"))).one()
        before = stage.show([Reply(await town.draw("poll_public", stage.key, channel))])
    assert "0 of 2 have voted." in before.text
    opened = await town.click(town.tahmina, before.button("Vote"), MEMBERS)
    assert isinstance(opened[0], Reply)
    assert opened[0].private
    assert "1 · Jobs" in stage.seen(opened, town.tahmina).labels

    async with town.write() as db:
        db.add(CardCopy(kind="poll_public", subject=stage.key, platform="telegram", workspace="700", chat="-1001",
                        message="9", channel_id=channel.id, shown=1, wanted=1))  # fmt: skip
    await stage.press(town.tahmina, "1 · Jobs")
    async with town.read() as db:
        copy = (await db.scalars(select(CardCopy).where(CardCopy.kind == "poll_public"))).one()
        assert copy.wanted > copy.shown
    after = stage.show([Reply(await town.draw("poll_public", stage.key, channel, first=False))])
    assert "1 of 2 have voted." in after.text
    assert "Jobs" not in after.text
    assert after.labels == ["Vote"]


async def test_the_close_counts_decides_and_tells_without_names(stage: Stage) -> None:
    town = stage.town
    await stage.opened()
    await stage.press(town.tahmina, "1 · Jobs")
    await stage.press(town.tahmina, "2 · Housing")
    await stage.press(town.claire, "1 · Jobs")
    before = stage.show(await town.click(town.olivia, press("pshow", stage.key)))
    assert "2 of 2 have voted." in before.text
    assert "point" not in before.text
    assert "Tahmina" not in before.text

    town.clock.set((await stage.poll()).closes_at)
    assert await town.work("poll_close") == 1
    mine = await stage.card(town.tahmina, first=False)
    assert "Jobs: 6 points" in mine.text
    assert "Chosen: Jobs" in mine.text
    assert "Your vote: 1 Jobs, 2 Housing" in mine.text
    assert mine.labels == ["Polls", "Meetings"]
    results = await stage.sent("poll_result")
    assert len(results) == 3  # two members' channels and the organisers' one
    status = stage.show([Reply(await town.draw("poll_status", stage.key, town.olivia))])
    (meeting,) = await town.click(town.olivia, status.button("Make it a meeting"))
    assert isinstance(meeting, Ask)
    assert (meeting.form, meeting.values["theme"]) == ("meeting", "Jobs")
    post = stage.show([Reply(await town.draw("poll_result", stage.key))])
    assert "Jobs: 6 points" in post.text
    assert "2 of 2 have voted." in post.text
    assert [each.member_id for each in await stage.sent("poll_status")] == [town.olivia.id]

    late = stage.seen(await town.click(town.claire, press("pclear", stage.key)), town.claire)
    assert "This closed on" in late.text
    listed = stage.seen(await town.command(town.claire, "polls"), town.claire)
    assert "Chosen: Jobs" in listed.text


@on_one
async def test_equal_topics_are_decided_by_an_organiser_and_noted(stage: Stage) -> None:
    town = stage.town
    await stage.opened()
    await stage.press(town.tahmina, "1 · Jobs")
    await stage.press(town.claire, "2 · Housing")
    ask = stage.show(await town.click(town.olivia, press("pclose", stage.key)))
    assert ask.labels == ["Close the poll now", "Leave it open"]
    assert (await stage.poll()).state == "open"
    tie = stage.show(await town.click(town.olivia, ask.button("Close the poll now")))
    assert "These are equal in points and in first choices." in tie.text
    assert tie.labels[:2] == ["Jobs", "Housing"]
    assert await stage.sent("poll_result") == []
    async with town.read() as db:
        assert "To be decided" in stage.show([Reply(listed(await todo(db, town.clock.now())))]).text

    decided = stage.show(await town.click(town.olivia, tie.button("Housing")))
    assert "Chosen: Housing" in decided.text
    assert len(await stage.sent("poll_result")) == 3
    stale = stage.show(await town.click(town.olivia, tie.button("Jobs")))
    assert "Chosen: Housing" in stale.text
    async with town.read() as db:
        acts = list(await db.scalars(select(AuditEntry.act).where(AuditEntry.subject == stage.key)))
        assert acts.count("decide_poll") == 1


@on_one
async def test_those_who_are_silent_are_reminded_once_after_a_week(stage: Stage) -> None:
    town = stage.town
    await stage.opened()
    await stage.press(town.tahmina, "1 · Jobs")
    town.clock.set(town.clock.now() + timedelta(days=6, hours=22))
    assert await town.work("poll_remind") == 0
    town.clock.set(town.clock.now() + timedelta(days=2))
    assert await town.work("poll_remind") == 1
    (reminder,) = await stage.sent("topic_poll_reminder")
    assert reminder.member_id == town.claire.id
    card = await stage.card(town.claire, "topic_poll_reminder")
    assert "there is still time to vote" in card.text
    await stage.press(town.claire, "1 · Jobs", "topic_poll_reminder")
    assert isinstance(await town.draw("topic_poll_reminder", stage.key, town.claire), Skip)


@on_one
async def test_a_suggestion_goes_to_the_organisers_without_a_name_and_onto_every_ballot(stage: Stage) -> None:
    town = stage.town
    await stage.opened()
    card = await stage.card(town.tahmina)
    (asked,) = await town.click(town.tahmina, card.button("Suggest a topic"))
    assert isinstance(asked, Ask)
    (pii,) = await town.submit(town.tahmina, "poll_suggest", stage.key, {"topic": "Case no 4711-22 of a migrant"})
    (known,) = await town.submit(town.tahmina, "poll_suggest", stage.key, {"topic": "housing"})
    assert isinstance(pii, Invalid)
    assert isinstance(known, Invalid)
    thanks = stage.seen(
        await town.submit(town.tahmina, "poll_suggest", stage.key, {"topic": "Digital tools"}), town.tahmina
    )
    assert "Thank you." in thanks.text

    (told,) = await stage.sent("poll_suggestion")
    assert told.member_id == town.olivia.id
    async with town.read() as db:
        subject = (await db.scalars(select(Campaign.subject).where(Campaign.kind == "poll_suggestion"))).one()
    asking = stage.show([Reply(await town.draw("poll_suggestion", subject, town.olivia))])
    assert "Digital tools" in asking.text
    assert "Tahmina" not in asking.text
    assert "4 · Digital tools" not in (await stage.card(town.claire)).labels
    assert "1 · Add to the poll" in stage.show(await town.click(town.olivia, press("pshow", stage.key))).labels
    added = stage.show(await town.click(town.olivia, asking.button("Add to the poll")))
    assert "It is on the ballot now." in added.text
    assert "4 · Digital tools" in (await stage.card(town.claire)).labels
    stale = stage.seen(await town.click(town.tahmina, card.button("1 · Jobs")), town.tahmina)
    assert "This card was out of date." in stale.text
    assert "1st: Jobs." in stale.text
    again = stage.show(await town.click(town.olivia, asking.button("Leave it out")))
    assert "It is on the ballot now." in again.text


async def test_only_the_audience_may_vote_and_organisers_are_not_in_it(stage: Stage) -> None:
    town = stage.town
    await stage.opened(audience="eu_member_state")
    assert [each.member_id for each in await stage.sent("topic_poll")] == [town.claire.id]
    assert await stage.sent("poll_public") == []
    assert isinstance(await town.draw("topic_poll", stage.key, town.tahmina), Skip)
    for who in (town.tahmina, town.olivia):
        for verb in ("vote", "pclear", "psug"):
            with pytest.raises(Exception, match="e_gone"):
                await town.click(who, press(verb, stage.key))
    async with town.read() as db:
        assert list(await db.scalars(select(Ballot))) == []
        assert await waiting(db, town.tahmina, town.clock.now()) == []
        mine = await waiting(db, town.claire, town.clock.now())
    assert [each.kind for each in mine] == ["topic_poll"]
    listed = stage.seen(await town.command(town.olivia, "polls"), town.olivia)
    assert "0 of 1 have voted." in listed.text  # who has no vote is not told that they have not voted
    assert "You have not voted yet." not in listed.text
    refused = stage.seen(await town.click(town.claire, press("pclose", stage.key)), town.claire)
    assert "Only organisers can do that." in refused.text


async def test_a_vote_on_one_platform_shows_on_the_other(stage: Stage) -> None:
    town = stage.town
    async with town.write() as db:
        member = await db.get(Member, town.tahmina.id)
        member.accounts.append(Account(platform="slack", workspace="T1", user="U15", chat="DU15"))
    await stage.opened()
    async with town.write() as db:
        for platform, workspace, chat in (("telegram", "700", "5015"), ("slack", "T1", "DU15")):
            db.add(CardCopy(kind="topic_poll", subject=stage.key, platform=platform, workspace=workspace, chat=chat,
                            message="m1", member_id=town.tahmina.id, shown=1, wanted=1))  # fmt: skip
    await stage.press(town.tahmina, "1 · Jobs")
    async with town.read() as db:
        copies = {each.platform: each.wanted > each.shown for each in await db.scalars(select(CardCopy))}
        assert copies == {"telegram": False, "slack": True}  # the pressed one is edited by the answer itself
        assert len(list(await db.scalars(select(Ballot)))) == 1
    both = await town.reload(town.tahmina)
    both.accounts.reverse()
    other = stage.seen(await town.click(both, (await stage.card(both, first=False)).button("2 · Housing")), both)
    assert "1st: Jobs. 2nd: Housing." in other.text


@on_one
async def test_a_poll_nobody_voted_in_closes_without_anything_to_decide(stage: Stage) -> None:
    town = stage.town
    await stage.opened()
    ask = stage.show(await town.click(town.olivia, press("pclose", stage.key)))
    closed = stage.show(await town.click(town.olivia, ask.button("Close the poll now")))
    assert "Nobody has voted." in closed.text
    assert await stage.sent("poll_result") == []
    async with town.read() as db:
        assert await todo(db, town.clock.now()) == []


@on_one
async def test_the_card_of_a_send_names_the_poll(stage: Stage) -> None:
    await stage.opened("topic")
    async with stage.town.read() as db:
        campaign = (await db.scalars(select(Campaign).where(Campaign.kind == "topic_poll"))).one()
    shown = stage.show([Reply(await stage.town.draw("progress", campaign.key, stage.town.olivia))])
    assert shown.text.startswith("Poll: Which topic next?")
    listed = stage.show(await stage.town.command(stage.town.olivia, "sends")).text
    assert "Poll: Which topic next?" in listed
    assert "Card in the channels for the poll: Which topic next?" in listed
