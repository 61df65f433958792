"""What an installation may set: the longest wait for an answer, the lanes, the pace; and no pace at all."""

from __future__ import annotations

from bot.platforms.slack import SlackPlatform
from scheduler.pacing import Pace


def slack(**options):
    return SlackPlatform("xoxb-1", "xapp-1", **options)


def test_the_pace_of_a_workspace_is_slacks_unless_told_otherwise():
    limits = slack().limits
    assert (limits.per_minute, limits.chat_interval, limits.edits_per_minute, limits.lanes) == (300, 1.0, 30, 8)
    assert slack(per_minute=60, lanes=3).limits.per_minute == 60
    assert slack(per_minute=60, lanes=3).limits.lanes == 3


def test_without_a_pace_nothing_waits():
    pace = Pace(slack(per_minute=0).limits, clock=lambda: 100.0)
    for _ in range(2000):
        assert pace.bot_wait() == pace.chat_wait("D1", group=False) == pace.edit_wait("D1", group=False) == 0
        pace.take("D1", group=False)
        pace.take_edit("D1", group=False)
