"""Votes under load: exact totals on both databases, one ballot per member, Borda against a naive count."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage import Database, poll_totals, polls
from storage.communities import Community
from storage.members import Member
from storage.poll_totals import Choices
from storage.polls import Cast, Poll, PollOption

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)


async def a_poll(database: Database, people: int, kind: str = "topic", options: int = 4) -> tuple[Poll, list[Member]]:
    """Write a community with so many members and one open poll."""
    async with database.write() as db:
        community = Community(key="coprr", name="COPRR", zone="Europe/Brussels")
        db.add(community)
        await db.flush()
        db.scope(community.id)
        members = [Member(code=f"m{n:03}", name=f"Member {n}", zone="Europe/Brussels") for n in range(people)]
        poll = Poll(
            kind=kind, question="Which topic?", state="open", closes_at=NOW + timedelta(days=10), zone="Europe/Brussels"
        )
        db.add_all([*members, poll])
        await db.flush()
        start = NOW + timedelta(days=30)
        rows: list[dict[str, Any]] = [
            {"starts_at": start + timedelta(days=n)} if kind == "date" else {"title": f"Option {n}"}
            for n in range(options)
        ]
        await polls.replace_options(db, poll, rows)
    return poll, members


async def ids(database: Database, poll: Poll) -> list[int]:
    async with database.read(poll.community_id) as db:
        return [each.id for each in await polls.options(db, poll)]


async def vote(database: Database, poll: Poll, member: Member, choices: Choices, at: datetime = NOW) -> Cast:
    async with database.write(poll.community_id) as db:
        return await polls.cast_vote(db, poll, member, lambda _before: choices, at)


async def pick(database: Database, poll: Poll, member: Member, option: int, at: datetime = NOW) -> Cast:
    """Add an option to a member's order, as a tap does."""
    async with database.write(poll.community_id) as db:
        return await polls.cast_vote(
            db, poll, member, lambda old: {"order": [*old.get("order", []), option][: poll_totals.RANKS]}, at
        )


def naive(kind: str, options: list[int], ballots: list[Choices]) -> dict[int, dict[str, int]]:
    """Count one ballot after the other, as one would on paper."""
    if kind == "topic":
        return {
            each: {
                "points": sum(
                    {0: 3, 1: 2, 2: 1}[b["order"].index(each)] for b in ballots if each in b.get("order", [])
                ),
                "first": sum(1 for b in ballots if b.get("order", [None])[:1] == [each]),
            }
            for each in options
        }
    return {
        each: {
            word: sum(1 for b in ballots if b.get(str(each)) == letter) for letter, word in poll_totals.WORDS.items()
        }
        for each in options
    }


@pytest.mark.parametrize("kind", ["topic", "date"])
def test_totals_are_those_of_a_count_by_hand(kind: str) -> None:
    chance = random.Random(20260422)
    for _ in range(200):
        options = list(range(1, chance.randint(2, 6) + 1))
        ballots: list[Choices] = []
        for _ in range(chance.randint(0, 40)):
            if kind == "topic":
                ballots.append({"order": chance.sample(options, chance.randint(1, min(3, len(options))))})
            else:
                ballots.append({str(each): chance.choice("ymn") for each in options if chance.random() < 0.8})
        assert poll_totals.count(kind, options, [(each, 1) for each in ballots]) == naive(kind, options, ballots)


def option(number: int, day: int = 0, **totals: int) -> PollOption:
    return PollOption(id=number, position=number, totals=totals, starts_at=NOW + timedelta(days=day) if day else None)


def test_more_first_choices_break_a_tie_and_equal_ones_are_left_to_the_organisers() -> None:
    one, two, three = option(1, points=9, first=1), option(2, points=9, first=2), option(3, points=4, first=3)
    assert [each.id for each in poll_totals.ranked("topic", [one, two, three])] == [2, 1, 3]
    assert poll_totals.best("topic", [one, two, three]) == [two]
    same = option(4, points=9, first=2)
    assert poll_totals.best("topic", [one, two, same]) == [two, same]
    assert poll_totals.best("topic", [option(1, points=0, first=0)]) == []


def test_the_best_date_has_most_yes_then_most_who_can_come_then_is_the_earlier() -> None:
    many, some = option(1, 3, yes=5, maybe=0, no=9), option(2, 2, yes=4, maybe=9, no=0)
    more, late = option(3, 5, yes=5, maybe=1, no=9), option(4, 9, yes=5, maybe=1, no=0)
    assert [each.id for each in poll_totals.ranked("date", [many, some, more, late])] == [3, 4, 1, 2]
    assert poll_totals.best("date", [late, more]) == [more]
    assert poll_totals.best("date", [option(1, 3, yes=0, maybe=0, no=4)]) == []


async def test_two_hundred_members_at_once_leave_exact_totals(database: Database) -> None:
    poll, members = await a_poll(database, 200)
    a, b, c, d = await ids(database, poll)
    orders = [[a, b, c], [b, a], [c], [d, c, b]]

    results = await asyncio.gather(
        *(vote(database, poll, each, {"order": orders[n % 4]}) for n, each in enumerate(members))
    )

    assert all(each.counts for each in results)
    async with database.read(poll.community_id) as db:
        assert await polls.turnout(db, poll) == (200, 200)
        assert await polls.tally(db, poll) == {
            a: {"points": 250, "first": 50},
            b: {"points": 300, "first": 50},
            c: {"points": 300, "first": 50},
            d: {"points": 150, "first": 50},
        }


async def test_one_member_on_both_platforms_at_once_has_one_ballot(database: Database) -> None:
    poll, (member,) = await a_poll(database, 1)
    options = await ids(database, poll)

    results = await asyncio.gather(*(pick(database, poll, member, each) for each in options[:3]))

    assert sum(each.counts for each in results) == 1
    async with database.read(poll.community_id) as db:
        assert await polls.voters(db, poll) == 1
        mine = await polls.ballot(db, poll, member)
        assert mine is not None
        assert sorted(mine.choices["order"]) == sorted(options[:3])


async def test_an_older_press_never_overwrites_a_newer_one_not_even_a_cleared_vote(database: Database) -> None:
    poll, (member,) = await a_poll(database, 1)
    a, b, *_ = await ids(database, poll)
    await vote(database, poll, member, {"order": [a]}, NOW + timedelta(minutes=2))
    late = await vote(database, poll, member, {"order": [b]}, NOW + timedelta(minutes=1))
    assert (late.older, late.choices) == (True, {"order": [a]})

    await vote(database, poll, member, {}, NOW + timedelta(minutes=3))
    assert (await vote(database, poll, member, {"order": [b]}, NOW + timedelta(minutes=2))).older
    async with database.read(poll.community_id) as db:
        assert await polls.voters(db, poll) == 0


async def test_votes_that_race_with_the_close_are_counted_or_refused(database: Database) -> None:
    poll, members = await a_poll(database, 30)
    a, *_ = await ids(database, poll)

    async def shut() -> None:
        async with database.write(poll.community_id) as db:
            held = await polls.lock(db, poll.key)
            assert held is not None
            assert await polls.close(db, held, NOW + timedelta(days=1))

    votes = [vote(database, poll, each, {"order": [a]}) for each in members]
    results = await asyncio.gather(*votes[:15], shut(), *votes[15:])

    taken = sum(1 for each in results if each is not None and not each.refused)
    async with database.read(poll.community_id) as db:
        first, *_ = await polls.options(db, poll)
        assert first.totals == {"points": 3 * taken, "first": taken}
        assert await polls.voters(db, poll) == taken


async def test_nobody_votes_outside_the_audience_or_after_the_end(database: Database) -> None:
    poll, (member, other) = await a_poll(database, 2)
    a, *_ = await ids(database, poll)
    async with database.write(poll.community_id) as db:
        held = await polls.lock(db, poll.key)
        assert held is not None
        held.audience = {"members": [member.id]}
    assert (await vote(database, held, other, {"order": [a]})).refused == "not_entitled"
    assert (await vote(database, held, member, {"order": [a]}, NOW + timedelta(days=10))).refused == "closed"
    assert (await vote(database, held, member, {"order": [a]})).counts
    async with database.read(poll.community_id) as db:
        assert await polls.turnout(db, held) == (1, 1)
        assert await polls.silent(db, held) == []


async def test_six_options_are_the_most_and_suggestions_do_not_repeat(database: Database) -> None:
    poll, _ = await a_poll(database, 1, options=4)
    async with database.write(poll.community_id) as db:
        made = [await polls.suggest(db, poll, f"New {n}") for n in range(3)]
        assert await polls.suggest(db, poll, "OPTION 1") == "known"
        assert await polls.suggest(db, poll, "new 2") == "known"
        taken = [await polls.let_in(db, poll, each) for each in made if isinstance(each, PollOption)]
        assert taken == [True, True, False]
        assert await polls.suggest(db, poll, "Another") == "full"
        assert [each.title for each in await polls.options(db, poll)][-2:] == ["New 0", "New 1"]
