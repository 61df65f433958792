"""A participant list from a platform, handed in on Slack by a form or in the chat, and on Telegram as a document."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from storage.drafts import FormDraft
from storage.inbox import InboxRow

NOW = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
TEAMS = "Name\tFirst Join\tLast Leave\tDuration\r\nUdaharon, Tahmina\t9:58 AM\t11:58 AM\t2h\r\nNora CANARY\t\t\t1m\r\n"
ZOOM = "Name (original name),Email,Duration (minutes)\nClaire E. (Claire Exemple),c@example.org,140\n"


@pytest.fixture(scope="module")
async def people(town: Any) -> AsyncIterator[Any]:
    async with town(clock=NOW, current=False) as found:
        await found.demo.control("limits", enabled=False)
        yield found


async def test_a_list_is_imported_by_a_form_in_slack(people: Any) -> None:
    await people.answer("o01", "slack", "/cop meeting attendance M5", "Attendance of M5")
    await people.press("o01", "slack", "Import a list")
    opened = await people.modal("o01")
    assert opened["title"]["text"] == "Import a list"
    bad = {"list": {"name": "list.csv", "text": "no list at all"}}
    done = await people.demo.control("submit", person="o01", platform="slack", values=bad)
    assert "I found no column with names" in str(done)
    good = {"list": {"name": "list.csv", "text": ZOOM}}
    await people.demo.control("submit", person="o01", platform="slack", values=good)
    await people.see("o01", "slack", "1 person found")
    await people.press("o01", "slack", "Save")
    await people.see("o01", "slack", "Saved: ")


async def test_on_telegram_the_document_answers_the_question(people: Any) -> None:
    await people.answer("o04", "telegram", "/meeting_attendance M5", "Attendance of M5")
    await people.press("o04", "telegram", "Import a list")
    await people.see("o04", "telegram", "Participant list of Zoom, Teams or Webex")
    wrong = {"name": "list.pdf", "text": "%PDF"}
    await people.demo.control("upload", person="o04", platform="telegram", **wrong)
    await people.see("o04", "telegram", "This is PDF, 1 kB.")
    text = TEAMS.encode("utf-16")
    given = {"name": "report.csv", "base64": base64.b64encode(text).decode()}
    await people.demo.control("upload", person="o04", platform="telegram", **given)
    await people.see("o04", "telegram", "Nora CANARY")
    await people.see("o04", "telegram", "1 person found")
    kept = await people.rows(select(FormDraft.values)), await people.rows(select(InboxRow.body))
    assert "CANARY" not in str(kept)
    await people.press("o04", "telegram", "Save")
    await people.see("o04", "telegram", "Saved: ")


async def test_a_workbook_dropped_in_slack_after_closing_the_form_counts(people: Any) -> None:
    book, content = openpyxl.Workbook(), io.BytesIO()
    sheet = book.create_sheet(index=0)
    sheet.append(["Name", "Duration"])
    sheet.append(["Zofia Przyklad", 10])
    book.save(content)
    await people.answer("o01", "slack", "/cop meeting attendance M5", "Attendance of M5")
    await people.press("o01", "slack", "Import a list")
    await people.modal("o01")
    await people.demo.control("submit", person="o01", platform="slack", close=True)
    given = {"name": "list.xlsx", "base64": base64.b64encode(content.getvalue()).decode()}
    await people.demo.control("upload", person="o01", platform="slack", **given)
    await people.see("o01", "slack", "1 person found, 1 for a part.")
