from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.message import Press
from chat.people import Person, Place
from handlers import features
from handlers._commands import Found, NotFound, distance, match
from handlers._personal import looks_like_a_case, looks_personal
from storage.meetings import Invitation, Meeting
from storage.members import RoleGrant
from tests.kinds import on_one


def meant(words: str, may: str = "member") -> str:
    member = {"anyone", "member", "moderator"}
    allowed = {"stranger": {"anyone"}, "member": member}.get(may, {*member, "organiser"})
    found = match(words, features(), lambda who: who in allowed)
    return f"{found.route.words}|{found.rest}" if isinstance(found, Found) else f"? {[r.words for r in found.near]}"


def commands_of(text: str) -> list[str]:
    return [line.split(": ")[0] for line in text.splitlines() if line.startswith("/")]


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("help", "help|"), ("/HELP", "help|"), ("!help", "help|"), ("?", "help|"), ("Yardım", "help|"),
        ("YARDIM", "help|"), ("yardim", "help|"), ("مساعدة", "help|"), ("aide", "help|"), ("hel", "help|"),
        ("", "home|"), ("menu", "home|"), ("ana_sayfa", "home|"), ("/home@convenor_bot", "home|"), ("hi.", "home|"),
        ("À-propos", "about|"), ("join aB_c-9", "join|aB_c-9"), ("help meeting new", "help|meeting new"),
        ("priv", "privacy|"), ("lang FR", "language|FR"), ("settngs", "? ['settings']"), ("he", "? ['help', 'home']"),
    ],
)  # fmt: skip
def test_words_match_without_case_accents_dashes_and_slashes(typed: str, command: str) -> None:
    assert meant(typed) == command


def test_only_what_the_asker_may_use_is_completed_or_suggested() -> None:
    assert meant("des", "organiser") == "desk|"
    assert meant("des") == "? []"
    assert meant("desl", "organiser") == "? ['desk']"
    assert meant("desk") == "desk|"  # found, and refused by the caller


def test_a_beginning_of_two_commands_is_not_guessed() -> None:
    found = match("se", features(), lambda _who: True)
    assert isinstance(found, NotFound)


def test_other_words_for_a_command_are_suggested_only_when_nearly_whole() -> None:
    assert meant("preferenes") == "? ['settings']"  # one letter of eleven
    assert meant("surfey") == "? ['feedback']"
    assert meant("her") == "checkin|"  # a beginning of three letters
    assert meant("dts") == "? []"  # two letters from `dates`, as from half of all short words


def test_the_second_word_of_a_command_alone_finds_it() -> None:
    assert meant("status M6", "organiser") == "? ['meeting status']"
    assert meant("rost", "organiser") == "? ['meeting roster']"
    assert meant("status") == "? []"  # nothing is suggested that would be refused


def test_distance_counts_swapped_letters_once() -> None:
    assert (distance("metings", "meetings"), distance("hlep", "help"), distance("", "abc")) == (1, 1, 3)


async def test_help_has_six_lines_for_the_role_and_all_words_behind_more(town: Any, show: Any) -> None:
    member = show(await town.command(town.tahmina, "help"), platform="telegram")
    assert commands_of(member.text) == ["/meetings", "/my", "/polls", "/feedback", "/memos", "/library"]
    organiser = show(await town.command(town.olivia, "help"))
    assert commands_of(organiser.text)[:4] == ["/cop desk", "/cop todo", "/cop meeting new", "/cop meeting status"]
    assert len(commands_of(organiser.text)) == 6
    everything = show(await town.click(town.olivia, organiser.button("More")))
    assert show(await town.click(town.olivia, everything.button("Back"))).text == organiser.text


@on_one
async def test_all_commands_are_turned_page_by_page_the_own_role_first(town: Any, show: Any) -> None:
    shown = show(await town.click(town.olivia, Press("help", "", "", "all")))
    assert shown.text.startswith("All commands 1/6\nFor organisers\n/cop desk: ")
    pages = [shown]
    while "Next" in pages[-1].labels:
        pages.append(show(await town.click(town.olivia, pages[-1].button("Next"))))
    seen = [each for page in pages for each in commands_of(page.text)]
    assert sorted(seen) == sorted({f"/cop {route.words}" for feature in features() for route in feature.commands})
    assert all(len(page.text.splitlines()) <= 14 for page in pages)
    assert "For everybody" in pages[-1].text
    assert "/cop language: Choose your language" in pages[-2].text + pages[-1].text
    before = show(await town.click(town.olivia, pages[2].button("Back")))
    assert before.text == pages[1].text
    assert show(await town.click(town.olivia, Press("help", "", "99", "all"))).text == pages[-1].text


@on_one
async def test_members_see_what_is_for_moderators_only_if_they_are_one(town: Any, show: Any) -> None:
    async def everything() -> str:
        pages = [show(await town.click(town.claire, Press("help", "", str(at), "all"))) for at in range(3)]
        return "\n".join(each.text for each in pages)

    assert "/cop meeting" not in (await everything()).replace("/cop meetings", "")
    await invite(town, "M6")
    async with town.write() as db:
        meeting = (await db.scalars(select(Meeting))).one()
        db.add(RoleGrant(member_id=town.claire.id, role="moderator", meeting_id=meeting.id))
    seen = await everything()
    assert "For the moderators of a meeting\n/cop meeting status: " in seen
    assert "/cop meeting roster: " in seen
    assert "/cop meeting new" not in seen


@on_one
async def test_help_explains_one_word(town: Any, show: Any) -> None:
    shown = show(await town.command(town.tahmina, "help stop"), platform="telegram")
    assert shown.text.startswith("/stop: Stop all messages at once\nOther words: unsubscribe")
    assert "Did you mean" in show(await town.command(town.tahmina, "help stopp")).text


@on_one
async def test_buttons_run_commands_with_the_rights_of_the_presser(town: Any, stranger: Person, show: Any) -> None:
    assert "Organiser desk" in show(await town.click(town.olivia, Press("go", "", "", "desk"))).text
    assert show(await town.click(town.claire, Press("go", "", "", "desk"))).text == "Only organisers can do that."
    assert "serves members" in show(await town.click(stranger, Press("go", "", "", "settings"))).text
    assert "I do not know" in show(await town.click(stranger, Press("go", "", "", "zzz"))).text
    assert show(await town.click(town.olivia, Press("go", "", "", "faq"))).text.startswith("That is not part of")


@on_one
async def test_about_says_who_runs_it(town: Any, show: Any) -> None:
    async with town.database.write() as db:
        (await db.merge(town.community)).settings = {
            "programme": {"name": "COPRR phase 2", "funding_line": "Funded by the European Union"}
        }
    shown = show(await town.command(town.tahmina, "about"))
    assert shown.text.splitlines()[2:] == [
        "Programme: COPRR phase 2", "Responsible: ICMPD", "Contact: coprr@example.org",
        "Funded by the European Union",
    ]  # fmt: skip


async def invite(town: Any, *codes: str) -> None:
    now = town.clock.now()
    async with town.write() as db:
        for code in codes:
            meeting = Meeting(
                code=code, title=f"Jobs and skills {code}", starts_at=now + timedelta(days=28),
                ends_at=now + timedelta(days=28, hours=2), zone="Europe/Brussels", state="inviting",
                rsvp_deadline=now + timedelta(days=14),
            )  # fmt: skip
            db.add(meeting)
            await db.flush()
            db.add(Invitation(meeting_id=meeting.id, member_id=town.tahmina.id, invited_at=now))


async def test_free_text_changes_nothing_and_opens_the_open_question(town: Any, show: Any) -> None:
    await invite(town, "M6")
    for text in ("ok yes then", "yes", "I think my colleague could come to this one instead of me"):
        shown = show(await town.said(town.tahmina, text))
        assert shown.text.splitlines()[0] == "Jobs and skills M6"
        assert shown.text.endswith("Please tap your reply; typed text is not saved.")


@on_one
async def test_free_text_without_an_open_question_shows_what_can_be_tapped(town: Any, show: Any) -> None:
    shown = show(await town.said(town.tahmina, "what a lovely day for a walk"))
    assert shown.text == "I work with buttons. Here is what I can do for you."
    assert "Home" in shown.labels
    assert "Help" in shown.labels
    await invite(town, "M6", "M7")
    assert show(await town.said(town.tahmina, "ok yes then")).text.startswith("I work with buttons")


@on_one
async def test_a_word_in_a_chat_works_without_a_slash(town: Any, show: Any) -> None:
    assert "COPRR · Home" in show(await town.said(town.tahmina, "Home")).text
    assert "Did you mean" in show(await town.said(town.tahmina, "setings")).text
    assert (await town.reload(town.tahmina)).state == "active"
    await town.said(town.tahmina, "please do not stop sending me things")
    assert (await town.reload(town.tahmina)).state == "active"


@on_one
async def test_an_unknown_command_is_answered_with_the_nearest_ones(town: Any, stranger: Person, show: Any) -> None:
    shown = show(await town.command(town.tahmina, "setings"))
    assert shown.text == "I do not know “setings”. Did you mean one of these?"
    assert (shown.labels[0], shown.labels[-1]) == ("Settings", "Help")
    assert show(await town.command(town.tahmina, "courses")).text == "That is not part of this community yet."
    assert show(await town.command(stranger, "zzzzzz")).labels == ["Home", "Help"]
    slack = await town.command(town.claire, "zzzzzz", Place("slack", "T1", "C1", "group"))
    assert [each.private for each in slack] == [True]
    assert await town.command(town.tahmina, "ban", Place("telegram", "700", "-1001", "group")) == []


@on_one
async def test_voice_and_pictures_are_declined(town: Any, show: Any) -> None:
    assert show(await town.said(town.tahmina, "")).text == "I can only read text and buttons here."


@on_one
async def test_a_member_who_names_a_person_is_warned(town: Any, show: Any) -> None:
    shown = show(await town.said(town.tahmina, "please call the migrant Ahmed on +90 555 123 45 67"))
    assert "personal data" in shown.text
    assert "Ahmed" not in shown.text


async def test_a_person_with_a_case_gets_one_answer_in_ten_minutes(town: Any, show: Any) -> None:
    person = Person("telegram", "700", uuid.uuid4().hex)
    text = "I am in Izmir, my file number is 12345678 and I want to go home, please help"
    first = show(await town.said(person, text))
    assert "cannot help with individual cases" in first.text
    assert first.text.endswith("https://example.org/help\nYour message was not kept.")
    assert await town.said(person, text) == []
    town.clock.advance(timedelta(minutes=11))
    assert show(await town.said(person, "but what happens with my papers")).text.startswith("I am sorry")


@on_one
async def test_strangers_learn_how_to_join(town: Any, stranger: Person, show: Any) -> None:
    shown = show(await town.said(stranger, "good morning"))
    assert shown.text.startswith("This assistant serves members")
    assert shown.labels == ["Webinars", "About", "Language"]


@pytest.mark.parametrize(
    "text",
    [
        "write to jane.doe@example.org", "call +49 151 2345 6789", "tel 0212 555 44 33", "passport number U12345678",
        "dossier n° 2024/3345", "dosya numarası 998877", "expediente 2023-4455", "رقم الهوية ٩٨٧٦٥٤٣٢١",
        "she was born on 3 May 1990", "née le 4 juin 1988", "the migrant Ahmed", "göçmen Ahmet yarın",
    ],
)  # fmt: skip
def test_personal_data_is_noticed(text: str) -> None:
    assert looks_personal(text)


@pytest.mark.parametrize(
    "text",
    [
        "20/5/2026 10.30", "2026-05-20 10:00", "Wed, 20 May 2026, 10:00–12:30", "24 people, 15 Slack, 9 Telegram",
        "https://example.org/agenda/20260520", "how do you involve employers early?", "the migrant population grows",
        "EUR 11,104,285.46", "Regulation (EU) 2018/1725",
    ],
)  # fmt: skip
def test_dates_links_and_figures_are_no_personal_data(text: str) -> None:
    assert not looks_personal(text)


@pytest.mark.parametrize(
    "text",
    ["what happens with my papers", "je veux rentrer chez moi", "أريد العودة إلى بلدي", "quiero volver a mi país"],
)  # fmt: skip
def test_a_question_about_the_own_case_is_noticed(text: str) -> None:
    assert looks_like_a_case(text)
    assert not looks_like_a_case("when is the next meeting")
