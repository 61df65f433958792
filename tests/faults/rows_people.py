"""Refused for good: people who cannot be reached, a dead token, content nobody takes (F24-F26)."""

from __future__ import annotations

from datetime import UTC, datetime

from storage.communities import Channel
from storage.deliveries import Campaign, Delivery
from storage.members import Account
from tests.faults import planning, town
from tests.faults.planning import COMMUNITY
from tests.faults.register import row
from tests.faults.rows_limits import METHOD, calls
from tests.faults.stage import Stage
from tests.faults.verdict import Verdict


@row("F24", "30 % blocked, deactivated or not found, and a group that moved",
     expected="one attempt each, accounts flagged, the move followed, all others delivered")  # fmt: skip
async def f24(stage: Stage, seed: int, n: int) -> Verdict:
    gone: dict[str, str] = {}
    for each in METHOD:
        gone |= (await stage.box.control("unreachable", platform=each, share=0.3, seed=seed))["people"]
    moved = await stage.box.control("migrate", platform="telegram", chat=int(town.MEMBERS["telegram"]))
    await stage.plan()
    now = datetime.now(UTC)
    async with stage.database.write(COMMUNITY) as db:
        meeting = await planning.meeting(db, 99, "Topic099", await stage.now())
        await planning.to_channels(db, "meeting_card", meeting.key, "members", now)
    stage.note("meeting_card", meeting.key, "Topic099")
    await stage.bot()
    await stage.rest(60 + n / 20)
    found = await stage.judge()
    people = [each for each in await stage.deliveries() if each.member_id]
    dead = [each for each in people if each.state == "dead"]
    found.demand(len(dead) == len(gone), f"{len(dead)} are dead, {len(gone)} cannot be reached")
    found.demand({each.attempts for each in dead} <= {1}, "somebody was tried twice")
    flagged = await stage.rows(Account, Account.reachable.is_(False))
    found.demand(len(flagged) == len(gone), f"{len(flagged)} accounts are flagged for {len(gone)} people")
    for each in METHOD:
        asked = len([call for call in calls(stage, each) if call["person"]])
        found.notes[f"{each} requests"] = asked
    channels = await stage.rows(Delivery, Delivery.channel_id.is_not(None))
    found.demand([each.state for each in channels] == ["sent", "sent"], "a channel got no card")
    chats = [
        each.chat for each in await stage.rows(Channel, Channel.platform == "telegram", Channel.purpose == "members")
    ]
    found.demand(chats == [str(moved["chat"])], f"the group is {chats}, it moved to {moved}")
    return found


@row("F25", "the token is revoked in the middle of a send and restored later",
     expected="the circuit opens at once, nothing dies, organisers are told, the rest goes later")  # fmt: skip
async def f25(stage: Stage, seed: int, n: int) -> Verdict:
    await stage.box.slow(0.02, count=n // 2)
    rule = await stage.box.fault("unauthorized", "telegram", METHOD["telegram"], skip=0)
    send = await stage.plan()
    await stage.bot()
    await stage.box.until(lambda: any(each["status"] == 401 for each in calls(stage, "telegram")), 60)

    async def others() -> bool:
        return (await stage.states(send, "slack"))["sent"] == n

    await stage.until(others, 60)
    await stage.until(lambda: _told(stage, "dead"), 10)
    states, asked = await stage.states(send, "telegram"), await stage.box.hits(rule)
    told = await _told(stage, "dead")
    await stage.box.heal()
    await stage.rest(60 + n / 30)
    found = await stage.judge()
    found.notes["refused requests"] = asked
    found.demand(states["dead"] == 0, f"while the token was dead: {dict(states)}")
    found.demand(states["queued"] >= n // 2 - 8, f"the circuit let {states} through")
    found.demand(asked <= 8 + 30, f"{asked} requests with a dead token")
    found.demand(found.states == {"sent": 2 * n}, "not everybody was written to after it was restored")
    found.demand(told, "no alert of the dead connection")
    desk = [each for each in stage.box.posts("slack", people=False) if each["chat"] == town.DESK["slack"]]
    found.demand(bool(desk), "the other platform's organisers saw no alert")
    found.demand(bool(await stage.until(lambda: _told(stage, "alive"), 10)), "nobody was told that it works again")
    return found


async def _told(stage: Stage, kind: str) -> bool:
    return bool(await stage.rows(Campaign, Campaign.kind == "alert", Campaign.subject == kind))


@row("F26", "one recipient is always refused with 400", expected="dead after one attempt, also after a restart")
async def f26(stage: Stage, seed: int, n: int) -> Verdict:
    victims = {each: stage.chance.choice(stage.on(each)) for each in METHOD}
    for each, error in (("telegram", "Bad Request: message is too long"), ("slack", "msg_too_long")):
        await stage.box.fault(
            "error_before", each, METHOD[each], error=error, status=400, match={"person": victims[each].id}
        )
    await stage.plan()
    bot = await stage.bot()
    await stage.rest(60)
    await bot.terminate()
    await stage.bot()
    await stage.plan("invitation", [each for each in stage.people if each not in victims.values()][:10])
    await stage.rest(60)
    found = await stage.judge()
    dead = await stage.deliveries(Delivery.state == "dead")
    found.demand([each.attempts for each in dead] == [1, 1], f"{len(dead)} are dead")
    for each, victim in victims.items():
        tried = [call for call in calls(stage, each) if call["person"] == victim.id]
        found.demand(len(tried) == 1, f"{each}: the refused one was tried {len(tried)} times")
    found.demand(found.states == {"sent": 2 * n - 2 + 10, "dead": 2}, "others were not delivered")
    return found
