"""The scenarios of `convenor demo --play`, where no other test plays the same."""

from __future__ import annotations

import pytest

from bot.demo_world import EXAMPLES
from bot.play._meeting import play_meeting


@pytest.mark.timeout(180)
async def test_a_meeting_in_person_is_lived_through_and_everybody_gets_exactly_what_they_should() -> None:
    said: list[str] = []
    result = await play_meeting(EXAMPLES / "coprr.yaml", said.append)
    assert result["ok"], "\n".join(said)
