from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from chat.errors import Ambiguous, Unreachable
from scheduler.delivery import choose_account, undo
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.members import Account, Member

MINUTES = timedelta(minutes=2)


async def test_every_message_arrives_once_and_is_noted(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=9, slack=15))
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.totals(campaign) == {"telegram": {"sent": 9}, "slack": {"sent": 15}}
    assert set(world.telegram.copies.values()) == {1}
    assert len(world.telegram.ledger) == 9
    assert len(world.slack.ledger) == 15
    assert len(world.sent) == 24
    copies = await world.rows(CardCopy)
    assert {each.kind for each in copies} == {"invitation"}
    assert len(copies) == 24
    assert (await world.rows(Campaign))[0].state == "done"


async def test_a_second_decision_of_the_same_kind_adds_only_new_people(world: Any) -> None:
    members = await world.people(telegram=4)
    first = await world.send(members[:2])
    async with world.running() as engine:
        assert await engine.settle()
        second = await world.send(members)
        assert await engine.settle()
    assert (second.id, second.audience) == (first.id, 4)
    assert len(world.telegram.ledger) == 4


async def test_people_who_cannot_or_must_not_be_reached_have_a_reason_at_once(world: Any) -> None:
    members = await world.people(telegram=4, none=1)
    async with world.database.write(world.community) as db:
        for member, state in zip(members, ("stopped", "paused", "left"), strict=False):
            (await db.get_one(Member, member.id)).state = member.state = state
        account = await db.get_one(Account, members[3].accounts[0].id)
        account.reachable, account.reason = False, "not_started"
        members[3].accounts[0].reachable, members[3].accounts[0].reason = False, "not_started"
    campaign = await world.send(members)
    reasons = {(each.state, each.reason) for each in await world.rows(Delivery)}
    assert reasons == {
        ("skipped", "stopped"), ("skipped", "paused"), ("skipped", "left"), ("dead", "not_started"),
        ("dead", "no_account"),
    }  # fmt: skip
    assert campaign.audience == 5
    assert sum((await world.states(campaign)).values()) == 5


async def test_a_held_campaign_can_be_undone_and_nothing_leaves(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=3), hold=MINUTES)
    async with world.running() as engine:
        assert await engine.settle()
        assert world.telegram.ledger == []
        async with world.database.write(world.community) as db:
            assert await undo(db, campaign, world.clock.now())
        world.clock.advance(MINUTES)
        assert await engine.settle()
    assert world.telegram.ledger == []
    assert await world.states(campaign) == Counter(cancelled=3)


async def test_after_the_hold_it_is_sent_and_undo_is_refused(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=3), hold=MINUTES)
    async with world.running() as engine:
        world.clock.advance(MINUTES)
        assert await engine.settle()
        async with world.database.write(world.community) as db:
            assert not await undo(db, campaign, world.clock.now())
    assert await world.states(campaign) == Counter(sent=3)


async def test_what_was_undone_can_be_decided_again(world: Any) -> None:
    members = await world.people(telegram=3)
    campaign = await world.send(members, hold=MINUTES)
    async with world.database.write(world.community) as db:
        assert await undo(db, campaign, world.clock.now())
    again = await world.send(members[:2], hold=MINUTES)
    world.clock.advance(MINUTES)
    async with world.running() as engine:
        assert await engine.settle()
    assert again.id == campaign.id
    assert await world.states(campaign) == Counter(sent=2, cancelled=1)
    assert set(world.telegram.copies.values()) == {1}


async def test_reminders_that_expired_during_an_outage_are_not_sent(world: Any) -> None:
    members = await world.people(telegram=3)
    late = await world.send(members, "reminder_1h", expires=world.clock.now() + timedelta(hours=1))
    fine = await world.send(members, "invitation", expires=world.clock.now() + timedelta(hours=9))
    world.clock.advance(timedelta(hours=3))
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(late) == Counter(expired=3)
    assert await world.states(fine) == Counter(sent=3)


async def test_a_person_who_blocked_us_gets_it_on_the_other_platform_once(world: Any) -> None:
    members = await world.people(both=1, telegram=1)
    world.telegram.fail = lambda _place, _key: Unreachable("blocked")
    campaign = await world.send(members)
    async with world.running() as engine:
        assert await engine.settle()
    assert world.telegram.asked == 2
    assert len(world.slack.ledger) == 1
    assert await world.states(campaign) == Counter(sent=1, dead=1)
    telegram = [each for each in await world.rows(Account) if each.platform == "telegram"]
    assert {(each.reachable, each.reason) for each in telegram} == {(False, "blocked")}


async def test_a_lost_answer_is_unknown_and_never_sent_again_or_elsewhere(world: Any) -> None:
    world.telegram.lose = lambda _place, _key: Ambiguous("timeout")
    campaign = await world.send(await world.people(both=2))
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(unknown=2)
    assert set(world.telegram.copies.values()) == {1}
    assert world.slack.ledger == []


async def test_who_stopped_or_replied_meanwhile_is_skipped_at_the_last_look(world: Any) -> None:
    members = await world.people(telegram=3)
    campaign = await world.send(members)
    world.skip.add("m1")
    async with world.database.write(world.community) as db:
        (await db.get_one(Member, members[0].id)).state = "stopped"
    async with world.running() as engine:
        assert await engine.settle()
    assert {each.reason for each in await world.rows(Delivery)} == {"stopped", "replied", ""}
    assert await world.states(campaign) == Counter(sent=1, skipped=2)


async def test_a_stopped_campaign_sends_nothing_more(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=3))
    async with world.database.write(world.community) as db:
        (await db.get_one(Campaign, campaign.id)).state = "stopped"
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(queued=3)
    assert world.telegram.ledger == []


async def test_a_mistake_in_drawing_stops_only_its_own_message(world: Any) -> None:
    members = await world.people(telegram=2)
    broken = await world.send(members, "broken")
    fine = await world.send(members)
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(broken) == Counter(dead=2)
    assert await world.states(fine) == Counter(sent=2)


async def test_the_preferred_platform_comes_first(world: Any) -> None:
    member = (await world.people(both=1))[0]
    assert choose_account(member).platform == "telegram"
    member.preferred = "slack"
    assert choose_account(member).platform == "slack"
    member.accounts[1].reachable = False
    assert choose_account(member).platform == "telegram"
