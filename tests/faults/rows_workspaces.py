"""Two Slack workspaces and Telegram in one installation: each is a bulkhead of its own (F16)."""

from __future__ import annotations

from tests.faults import town
from tests.faults.planning import COMMUNITY
from tests.faults.register import row
from tests.faults.stage import Send, Stage
from tests.faults.verdict import Verdict


@row("F16", "Slack workspace A refuses with 429 for 2 min", platforms=("slack", "slack2", "telegram"), n=40, full=400,
     seeds=1, alone=True, expected="workspace B and Telegram take as long as without it, within 10 %")  # fmt: skip
async def f16(stage: Stage, seed: int, n: int) -> Verdict:
    await _connect(stage)
    await stage.bot()
    await stage.box.slow(0.4)
    calm = await _times(stage, await stage.plan())
    await stage.rest(60 + n / 5)
    long = 120 if stage.full else 8
    await stage.box.heal()
    where = {"match": {"workspace": town.WORKSPACES["slack"][1]}}
    rule = await stage.box.fault(
        "429", "slack", "chat.postMessage", **where, seconds_long=long, begins="now", retry_after=2
    )
    await stage.box.slow(0.4)
    hurt = await _times(stage, await stage.plan())
    states = await stage.states(stage.sends[-1])
    await stage.rest(60 + long + n / 5)
    found = await stage.judge()
    found.demand(await stage.box.hits(rule) > 0, "nothing was refused")
    found.demand(states["queued"] + states["sending"] >= n - 8, f"workspace A was not held up: {dict(states)}")
    for side in ("slack2", "telegram"):
        found.notes |= {f"{side} alone, s": round(calm[side], 2), f"{side} beside it, s": round(hurt[side], 2)}
        within = calm[side] * 1.1 + (0.0 if stage.full else 1.0)
        found.demand(hurt[side] <= within, f"{side} took {hurt[side]:.1f} s instead of {calm[side]:.1f} s")
    return found


async def _connect(stage: Stage) -> None:
    """Describe the second workspace as a community file with `connections:` does."""
    from storage.connections import NAME
    from storage.sharing import connection

    async with stage.database.write(COMMUNITY) as db:
        second = await connection(db, "slack", town.SECOND)
        second.variables = {NAME: "second", "bot": "SECOND_BOT_TOKEN", "app": "SECOND_APP_TOKEN"}


async def _times(stage: Stage, send: Send) -> dict[str, float]:
    """Wait until workspace B and Telegram have everything; give the seconds from the first message to the last."""
    found = {}
    for side in ("slack2", "telegram"):
        wanted = {each.id for each in stage.on(side)}

        def got(wanted: set[str] = wanted) -> list[float]:
            posts = [each for each in stage.box.posts() if each["person"] in wanted]
            return sorted(each["real"] for each in posts if send.title in str(each["body"]))

        assert await stage.box.until(lambda got=got, wanted=wanted: len(got()) >= len(wanted), 60 + len(wanted) / 5)
        found[side] = got()[-1] - got()[0]
    return found
