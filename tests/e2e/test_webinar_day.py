"""The day of a webinar on both platforms: link, check-in, a question, feedback, recording once speakers agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from storage.webinar_feedback import WebinarAnswer
from storage.webinars import Registrant, Webinar

EVE = datetime(2026, 6, 23, 7, 30, tzinfo=UTC)
START = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)
END = START + timedelta(minutes=75)
JOIN, RECORDING = "https://meet.example.org/after-return", "https://video.example.org/after-return"


async def test_a_webinar_from_the_link_to_the_recording(town: Any) -> None:
    async with town(clock=EVE, current=False) as people:
        await people.demo.control("person", id="x1", name="Ada Outside", telegram={"user": 8101})
        await people.demo.control("limits", enabled=False)
        await people.answer("o01", "slack", "/cop webinar", "Draft: nobody has been told.")
        await people.press("o01", "slack", "1 · Status")
        await people.press("o01", "slack", "Edit")
        await people.modal("o01")
        await people.submit("o01")
        await people.submit("o01", link=JOIN)
        await people.see("o01", "slack", "The link to join is there.")
        await people.press("o01", "slack", "Preview")
        await people.press("o01", "slack", "Send")
        await people.run_until(EVE + timedelta(minutes=5))
        await people.press("m05", "slack", "Register", "C0MEMBERS")
        await people.see("m05", "slack", "Votre inscription")
        [(token,)] = await people.rows(select(Webinar.public_token))
        await people.demo.control("start", person="x1", platform="telegram", payload=f"w_{token}")
        await people.see("x1", "telegram", "Your name")
        await people.answer("x1", "telegram", "Ada Outside", "Type of organisation")
        await people.press("x1", "telegram", "Media")
        await people.see("x1", "telegram", "Country")
        await people.answer("x1", "telegram", "Belgium", "Do you agree")
        await people.press("x1", "telegram", "I agree")
        await people.press("x1", "telegram", "Register")
        await people.see("x1", "telegram", "You are registered for")

        await people.run_until(START - timedelta(hours=20))
        await people.see("x1", "telegram", "Your link for “After return: what makes reintegration last?”")
        await people.see("m05", "slack", JOIN)
        await people.run_until(START - timedelta(minutes=10))
        await people.see("m05", "slack", "commence dans une heure")
        await people.press("x1", "telegram", "I am here")
        await people.see("x1", "telegram", "You are checked in")
        await people.press("m05", "slack", "Je suis là")
        await people.see("m05", "slack", "Votre présence est notée")
        await people.run_until(START + timedelta(minutes=1))
        await people.see("x1", "telegram", "is on now")
        await people.press("x1", "telegram", "Ask a question")
        await people.see("x1", "telegram", "Your question")
        await people.answer("x1", "telegram", "What makes it last?", "Does the moderator see your name?")
        await people.press("x1", "telegram", "No, without my name")
        await people.see("x1", "telegram", "without your name")
        await people.see("o02", "slack", "1. What makes it last?")
        await people.press("o02", "slack", "1 · Done")
        await people.see("o02", "slack", "1 question is done")

        await people.run_until(END + timedelta(minutes=65))
        await people.press("x1", "telegram", "Answer now")
        await people.see("x1", "telegram", "How useful was the webinar")
        await people.press("x1", "telegram", "4")
        await people.see("x1", "telegram", "How relevant")
        await people.press("x1", "telegram", "5")
        await people.press("x1", "telegram", "Send")
        await people.see("x1", "telegram", "prepare the next webinar")
        assert [each[0] for each in await people.rows(select(WebinarAnswer.answers))] == [{"F1": "4", "F2": "5"}]
        assert sum(at is not None for (at,) in await people.rows(select(Registrant.attended_at))) == 2

        await people.run_until(START + timedelta(days=5))
        await people.see("o01", "slack", "The recording is due", "C0ORG")
        await people.press("o01", "slack", "Recording", "C0ORG")
        await people.modal("o01")
        await people.submit("o01", link=RECORDING)
        await people.see("o01", "slack", "0 of 2 speakers have agreed.")
        await people.run_until(START + timedelta(days=5, hours=20))
        for speaker, platform, label in (("m15", "telegram", "I agree"), ("m21", "slack", "/^webagree:.*yes/")):
            await people.press(speaker, platform, label)
        await people.see("o01", "slack", "2 of 2 speakers have agreed.")
        await people.press("o01", "slack", "Preview")
        await people.press("o01", "slack", "/^bsend:/")
        await people.run_until(START + timedelta(days=6, hours=1))
        await people.see("x1", "telegram", RECORDING)
        await people.see("m05", "slack", RECORDING)
        await people.see("m01", "slack", RECORDING, "C0NEWS")
