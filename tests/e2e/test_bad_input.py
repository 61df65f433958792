"""What goes wrong at a keyboard gets a clear message; nothing is lost and nothing half done."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.app import Bot
from bot.demo_world import EXAMPLES
from bot.settings import Settings, SettingsError
from chat.text import Reader, plain, say
from storage.audit import AuditEntry
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Member

WRONG = "wrong-token-wrong-token-wrong-token-00"
GONE = "I cannot find that here."
NASTY = "<b>Bold</b> <!channel> & *star* _x_ @here 🎉 عنوان"
NAMES = {"Tahmina Udaharon": "ليلى 🌍 <b>مثال</b>", "Elin Exempel": "Ełin <!channel> *& Co*"}


@pytest.fixture(scope="module")
async def people(town: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    """Run a demo by signed HTTP and webhook, in which two people have difficult names."""
    folder = tmp_path_factory.mktemp("names")
    text = (EXAMPLES / "coprr.yaml").read_text(encoding="utf-8")
    for usual, odd in NAMES.items():
        assert f"name: {usual}\n" in text
        text = text.replace(f"name: {usual}\n", f'name: "{odd}"\n')
    (folder / "coprr.yaml").write_text(text, encoding="utf-8")
    shutil.copy(EXAMPLES / "coprr-history.yaml", folder)
    async with town(community=folder / "coprr.yaml", webhooks=True) as found:
        await found.demo.control("limits", enabled=False)
        yield found


async def count(people: Any, table: Any) -> int:
    return int((await people.rows(select(func.count()).select_from(table)))[0][0])


async def test_an_unknown_command_gets_the_nearest_ones_as_buttons(people: Any) -> None:
    shown = await people.answer("o02", "slack", "/cop metings", "I do not know “metings”. Did you mean")
    assert "Meetings" in [each["label"] for line in shown["buttons"] for each in line]
    shown = await people.answer("m14", "telegram", "/metings", "I do not know “metings”. Did you mean")
    assert "Meetings" in [each["label"] for line in shown["buttons"] for each in line]
    await people.answer("m14", "telegram", "/xyzzy", "I do not know “xyzzy”.")
    await people.answer("m14", "telegram", "/courses", "That is not part of this community yet.")


@pytest.mark.parametrize(("person", "platform"), [("m13", "telegram"), ("m03", "slack")])
async def test_forged_buttons_find_nothing_and_do_nothing(people: Any, person: str, platform: str) -> None:
    key = await people.key_of("M6")
    await people.say(person, platform, "/cop home" if platform == "slack" else "/home")
    await people.see(person, platform, "Waiting for you")
    before = await people.rows(select(Invitation.id, Invitation.reply).order_by(Invitation.id))
    audits, campaigns = await count(people, AuditEntry), await count(people, Campaign)
    forged = [
        "rsvp:nosuchkey000:0:yes", f"rsvp:{key}:0:perhaps", "nonsense:::", "garbage", "a:b:c:d:e",
        "q:nosuchkey000:send:", "form:nosuchkey000::anew", "change:nosuchkey000::", "fbnow:nosuchkey000::",
        f"fbcomm:{key}::",
    ]  # fmt: skip
    for number, data in enumerate(forged, 1):
        await people.forge(person, platform, data)
        await refusals(people, person, platform, GONE, number)
    organisers = [f"send:{key}::i.0123456789abcdef.29614080", f"undo:{key}::", f"medit:{key}::", f"roster:{key}:0:"]
    for number, data in enumerate(organisers, 1):
        await people.forge(person, platform, data)
        await refusals(people, person, platform, "Only organisers can do that.", number)
    assert await people.rows(select(Invitation.id, Invitation.reply).order_by(Invitation.id)) == before
    assert await count(people, AuditEntry) == audits
    assert await count(people, Campaign) == campaigns


async def refusals(people: Any, person: str, platform: str, text: str, number: int) -> None:
    """Wait until the person has been told so many times."""

    async def look() -> bool | None:
        if platform == "slack":
            told = [each["text"] for each in await people.messages(person, platform)]
        else:
            told = [one["text"] for each in (await people.screen(person, platform))["chats"] for one in each["toasts"]]
        return True if sum(text in each for each in told) >= number else None

    await people.until(look, f"{person} was not told {text!r} {number} times")


async def test_a_button_of_somebody_elses_form_is_refused(people: Any) -> None:
    await people.answer("o04", "telegram", "/meeting_new", "New meeting")
    _, _, data = await people.button("o04", "telegram", "Cancel")
    await people.answer("o02", "telegram", "/home", "COPRR · Home")
    await people.forge("o02", "telegram", data)
    await people.toast("o02", GONE)
    await people.press("o04", "telegram", "Cancel")
    await people.see("o04", "telegram", "Nothing was saved.")


async def test_a_stale_button_is_taken_and_the_card_drawn_anew(people: Any) -> None:
    key = await people.key_of("M6")
    await people.answer("m22", "telegram", "/my", "Your replies")
    await people.forge("m22", "telegram", f"rsvp:{key}:99:maybe")
    await people.toast("m22", "This card was out of date. Here is the current one.")
    await people.see("m22", "telegram", "You replied: Maybe.")
    await people.press("m22", "telegram", "Yes")
    await people.see("m22", "telegram", "You replied: Yes.")


async def test_typed_dates_are_explained_when_they_are_wrong(people: Any) -> None:
    """Malformed, past, skipped and doubled at a clock change; then the right one, shown back."""
    said = lambda text, expected: people.answer("o04", "telegram", text, expected)  # noqa: E731
    await said("/meeting_new", "New meeting 1/")
    await people.press("o04", "telegram", "Online")
    await people.see("o04", "telegram", "Theme")
    await said("x" * 200, "That is 200 characters; at most 120 fit.")
    await said("ab", "Please write at least 3 characters.")
    await said(NASTY, "Region")
    await said("لبنان 🇱🇧", "When does it start?")
    await said("the day after the feast", "I could not read a date. For example: 20 May 10:00.")
    await said("31 June 10:00", "I could not read a date.")
    await said("1 March 2026 10:00", "That moment has passed. Please choose a later one.")
    await said("x" * 4000, "I could not read a date.")
    shown = await said("28 March 2027 02:30", "02:30 does not exist in Brussels on Sun, 28 Mar 2027")
    assert [each["label"] for each in shown["buttons"][0]] == ["01:30", "03:30"]
    shown = await said("25 Oct 2026 02:30", "02:30 comes twice in Brussels on Sun, 25 Oct 2026.")
    assert [each["label"] for each in shown["buttons"][0]] == ["First (summer time)", "Second (winter time)"]
    await people.press("o04", "telegram", "Second (winter time)")
    await people.see("o04", "telegram", "Sun, 25 Oct 2026, 02:30 (Brussels)")
    await people.press("o04", "telegram", "That is right")
    await people.see("o04", "telegram", "How long does it last?")
    await said("for ever", "Please tap one of the buttons.")
    await people.press("o04", "telegram", "Cancel")
    await people.see("o04", "telegram", "Nothing was saved.")
    assert (await people.rows(select(func.count()).where(Meeting.region == "لبنان 🇱🇧")))[0][0] == 0


@pytest.mark.parametrize("platform", ["slack", "telegram"])
async def test_ten_thousand_characters_and_files_get_a_short_answer(people: Any, platform: str) -> None:
    person = "o02"
    if platform == "slack":
        await people.answer(person, platform, "blah " * 2000, "I work with buttons.")
        await people.answer(person, platform, "/cop " + "x" * 10_000, "I do not know “xxxx")
        await people.answer(person, platform, "/cop fnord " + "🎉" * 3_000, "I do not know “fnord")
    else:
        await people.answer(person, platform, "blah " * 800, "I work with buttons.")
        await people.answer(person, platform, "/" + "x" * 4_000, "I do not know “xxxx")
    await people.demo.control("upload", person=person, platform=platform, name="cat.png", text="meow")
    await people.see(person, platform, "I can only read text and buttons here.")
    assert max(len(each["text"]) for each in await people.messages(person, platform) if each["from"] == "bot") < 1500


async def test_organiser_words_are_refused_to_members_and_strangers(people: Any) -> None:
    await people.answer("m09", "slack", "/cop meeting invite M6", "Only organisers can do that.")
    await people.answer("m14", "telegram", "/meeting_new", "Only organisers can do that.")
    await people.answer("d01", "slack", "/cop meeting edit M6", "Only organisers can do that.")
    group = "-1001000000001"
    seen = len(await people.messages("m15", "telegram", group))
    before = (await people.last("m12", "telegram"))["id"] if await people.messages("m12", "telegram") else ""
    await people.say("m12", "telegram", "/meeting_new@convenor_demo_bot", chat=group)
    await people.see("m12", "telegram", plain(say("e_role"), Reader(language="fr")), after=before)
    assert len(await people.messages("m15", "telegram", group)) == seen + 1  # what m12 wrote, nothing else
    accounts = {"telegram": {"user": 9001}, "slack": {"team": "T0COPRR", "user": "U0X1"}}
    await people.demo.control("person", id="x1", name="Somebody Else", **accounts)
    await people.demo.control("start", person="x1", platform="telegram")
    await people.see("x1", "telegram", "This assistant serves members of a professional community.")
    for words in ("/meeting_invite M6", "/my", "/settings"):
        await people.answer("x1", "telegram", words, "This assistant serves members")
    key = await people.key_of("M6")
    await people.forge("x1", "telegram", f"rsvp:{key}:0:yes")
    await people.toast("x1", "This assistant serves members")
    await people.answer("x1", "slack", "/cop meeting roster M6", "This assistant serves members")


async def test_nobody_is_called_and_nothing_is_markup_in_what_a_title_says(people: Any) -> None:
    """HTML, `<!channel>`, emoji and right-to-left letters in title and names; one person blocked us, one is gone."""
    seen = (await people.ledger())[-1]["n"]
    await people.say("o01", "slack", "/cop meeting new")
    await people.modal("o01")
    start = datetime(2026, 6, 17, 8, 0, tzinfo=UTC)
    done = await people.submit(
        "o01", format="online", theme="Safe words", region="Cross-regional", start=start.isoformat(), length="90",
        zone="Europe/Brussels", title=NASTY,
    )  # fmt: skip
    assert "errors" not in done, done
    await people.submit("o01")
    await people.submit("o01", audience="all")
    await people.see("o01", "slack", "M7")
    await people.see("o01", "slack", NASTY)
    await people.demo.control("block", person="m13", platform="telegram")
    await people.demo.control("block", person="m14", platform="telegram", how="deactivated")
    await people.demo.settle(cards=False)
    await people.say("o01", "slack", "/cop meeting invite M7")
    shown = await people.see("o01", "slack", "Invitations for M7")
    assert "1 person is not reached: blocked the chat 1" in shown["text"]
    assert "23 people: 15 Slack, 8 Telegram" in shown["text"]
    await people.press("o01", "slack", "/^send:/")
    await people.see("o01", "slack", "you can undo")
    await people.run_until(await people.now() + timedelta(hours=23))
    await people.see("m15", "telegram", NASTY)
    await people.see("m15", "telegram", "ليلى, you are invited")
    await people.see("m01", "slack", NASTY)
    await people.see("m01", "slack", NASTY, chat="C0MEMBERS")
    await people.see("m15", "telegram", NASTY, chat="-1001000000001")
    await people.say("o01", "slack", "/cop meeting roster M7")
    await people.see("o01", "slack", NAMES["Elin Exempel"])
    await people.say("o04", "telegram", "/meeting_roster M7")
    await people.press("o04", "telegram", "Next")
    await people.see("o04", "telegram", "11. ")
    await people.press("o04", "telegram", "Next")
    await people.see("o04", "telegram", NAMES["Tahmina Udaharon"])
    bodies = [row for row in await people.ledger(seen) if "Bold" in str(row["body"])]
    assert {row["platform"] for row in bodies} == {"slack", "telegram"}
    for row in bodies:
        assert row["status"] == 200 or row["person"] == "m14", row
        assert row["platform"] == "telegram" or "<!channel>" not in str(row["body"]), row
        assert "<!here>" not in str(row["body"])
    await people.say("o01", "slack", "/cop meeting status M7")
    await people.see("o01", "slack", "2 people could not be reached.")
    dead = await people.rows(
        select(Member.code, Delivery.state, Delivery.reason)
        .join(Delivery, Delivery.member_id == Member.id)
        .where(Delivery.state != "sent")
        .order_by(Member.code)
    )
    assert [tuple(each) for each in dead] == [("m13", "dead", "blocked"), ("m14", "dead", "deactivated")]


async def test_wrong_surroundings_end_the_program_with_one_line(people: Any, town: Any, tmp_path: Path) -> None:
    """A second process, a wrong token, a broken file: exit code 2 and why; ports taken and the other token likewise."""
    own = {
        "CONVENOR_CLOCK_URL": "",
        "TELEGRAM_WEBHOOK_SECRET": "",
        "DATABASE_URL": f"sqlite:///{tmp_path}/one.sqlite3",
        # A copy of a database beside the beat of the running one would be taken for a restored backup, and rightly so.
        "CONVENOR_DATA_DIR": str(tmp_path / "other"),
        "CONVENOR_SECRET_KEY_FILE": f"{people.demo.environment['CONVENOR_DATA_DIR']}/convenor.key",
    }
    with (
        contextlib.closing(sqlite3.connect(people.demo.database_url.removeprefix("sqlite:///"))) as source,
        contextlib.closing(sqlite3.connect(tmp_path / "one.sqlite3")) as target,
    ):
        source.backup(target)
    broken = tmp_path / "broken.yaml"
    broken.write_text("community: {key: x, name: X, zone: Europe/Nowhere}\nmembers: [", encoding="utf-8")
    expected = {
        "in use by another Convenor": people.convenor("run"),
        "telegram refuses our token": people.convenor("run", **own, TELEGRAM_BOT_TOKEN=f"7000000001:{WRONG}"),
        "broken.yaml, line 2": people.convenor("demo", "--port", "0", "--community", str(broken)),
    }
    for words, (code, _out, err) in zip(expected, await asyncio.gather(*expected.values()), strict=True):
        assert code == 2, err
        assert [line for line in err.splitlines() if line.startswith("convenor: ") and words in line], err
        assert len(err.splitlines()) == 1, err
        assert WRONG not in err
    port = people.demo.sandbox.rpartition(":")[2]
    with pytest.raises(SettingsError, match=f"port {port} is in use; choose another one"):
        async with town(port=int(port)):
            pass
    wrong = ({"SLACK_BOT_TOKEN": f"xoxb-{WRONG}", "TELEGRAM_BOT_TOKEN": ""}, {"HTTP_PORT": port})
    for words, setting in zip(("slack refuses our token", "set HTTP_PORT"), wrong, strict=True):
        given = {key.lower(): value for key, value in (people.demo.environment | own | setting).items()}
        bot = Bot(Settings(**given, _env_file=None))
        with pytest.raises(SettingsError, match=words):
            await bot.start()
        await bot.stop()
