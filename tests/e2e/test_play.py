"""The scenarios of `convenor demo --play`, where no other test plays the same."""

from __future__ import annotations

import pytest

from bot.demo_world import EXAMPLES
from bot.play import Scenario
from bot.play._meeting import play_meeting
from bot.play._memo import play_memo
from bot.play._webinar import play_webinar


@pytest.mark.timeout(180)
@pytest.mark.parametrize("scenario", [play_meeting, play_memo, play_webinar])
async def test_it_is_lived_through_and_everybody_gets_exactly_what_they_should(scenario: Scenario) -> None:
    said: list[str] = []
    result = await scenario(EXAMPLES / "coprr.yaml", said.append)
    assert result["ok"], "\n".join(said)
