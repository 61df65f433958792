"""Calendar files as two independent parsers read them, and the dialogue that hands them over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import vobject
from icalendar import Calendar

from chat.errors import UserError
from chat.message import LinkButton, Press
from chat.outbound import Edit, Reply, SendFile
from chat.people import Place
from chat.text import Reader, plain
from handlers import _ics
from storage.communities import Community
from storage.meetings import Invitation, Meeting
from storage.members import Member
from tests.kinds import on_one

CHANNEL = Place("slack", "T1", "C1", "group")
SECRET = "https://meet.example.org/secret"
NOW = datetime(2026, 4, 22, 7, tzinfo=UTC)
DAY_BEFORE = datetime(2026, 5, 19, 12, tzinfo=UTC)
HOSTILE = (
    "Skills; jobs, and \\ backslashes\nEND:VEVENT\r\nBEGIN:VEVENT",
    "\x00\x07Bell\x1b[2J \x85 \u2028 lines \u202etxt.exe\u2066\x7f",
    'Quotes " and : colons; CN="x":mailto:a@example.org',
    "اجتماع المجموعة حول المهارات والعمل في بلدان المنشأ؛ " * 2,
    "👩🏽‍⚖️" * 30,
)


def a_meeting(**more: Any) -> Meeting:
    start = more.pop("starts_at", datetime(2026, 5, 20, 8, tzinfo=UTC))
    given = {
        "key": "abcdefghjk", "code": "M6", "title": "Jobs and skills", "format": "online", "starts_at": start,
        "ends_at": start + timedelta(hours=2), "zone": "Europe/Brussels", "state": "inviting", "revision": 3,
        "rsvp_deadline": start - timedelta(days=14), "join_link": SECRET, "passcode": "4711", "place": "",
        "agenda_link": "", "chatham_house": True, "details": {}, "schedule": {},
    }  # fmt: skip
    return Meeting(**(given | more))


def whose(now: datetime = NOW, *, contact: str = "coprr@example.org", name: str = "COPRR", **more: Any) -> _ics.For:
    given = {"code": "m", "name": "Tahmina U", "zone": "Asia/Dhaka", "language": "en", "country": "BD"}
    quiet = {"weekend": "4,5", "quiet_from": 20, "quiet_to": 8}
    community = Community(key="coprr", name=name, zone="Europe/Brussels", organiser_contact=contact, settings={})
    return _ics.For(Member(**(given | quiet | more)), community, now)


def said(reply: str, mode: str = "") -> Invitation:
    return Invitation(reply=reply, mode=mode)


def read(content: bytes) -> Any:
    """Give the one entry of a file, after both parsers have agreed on it and its form is right."""
    lines = content.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(each) <= 75 for each in lines), "a line of more than 75 octets"
    text = content.decode()
    assert text.count("\n") == text.count("\r\n") == text.count("\r")
    assert not [each for each in text if ord(each) < 32 and each not in "\r\n"]
    assert "ATTENDEE" not in text
    assert "TZID" not in text
    ours, theirs = Calendar.from_ical(content), vobject.readOne(text)
    (event,) = ours.walk("VEVENT")
    (same,) = theirs.vevent_list
    assert not event.errors
    for name in ("uid", "summary", "status", "location", "description"):
        if name in event:
            assert str(event[name]) == getattr(same, name).value, name
    for name in ("dtstart", "dtend"):
        assert event[name].dt == getattr(same, name).value
        assert event[name].dt.utcoffset() == timedelta(0)
    assert int(same.sequence.value) == event["sequence"]
    return event


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_breaks_a_file(title: str) -> None:
    meeting = a_meeting(title=title[:120], place=title, format="hybrid", agenda_link="https://example.org/a?b=1;c,d")
    person = whose(DAY_BEFORE, name=title, contact=f"Olivia\n{title}", language="ar")
    for content in (
        _ics.publish(meeting, said("yes"), person),
        _ics.cancel(meeting, person),
        _ics.feed([(meeting, said("maybe"))], person),
    ):
        event = read(content)
        shown = " ".join(title[:120].split())
        assert str(event["summary"]).endswith(shown) or any(not each.isprintable() for each in title)
        assert str(event["organizer"]) == "invalid:nomail"
        assert event["organizer"].params["CN"]


@pytest.mark.parametrize(
    ("start", "stamp"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), b"DTSTART:20260329T003000Z"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), b"DTSTART:20261025T003000Z"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), b"DTSTART:20261025T013000Z"),
    ],
)
def test_times_are_utc_also_in_the_night_of_a_clock_change(start: datetime, stamp: bytes) -> None:
    content = _ics.publish(a_meeting(starts_at=start), said("yes"), whose())
    event = read(content)
    assert stamp in content
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(hours=2)


def test_a_meeting_of_several_days_is_one_entry() -> None:
    event = read(_ics.publish(a_meeting(ends_at=datetime(2026, 5, 22, 15, tzinfo=UTC)), said("yes"), whose()))
    assert event["dtend"].dt == datetime(2026, 5, 22, 15, tzinfo=UTC)


def test_a_moved_meeting_keeps_its_name_and_raises_its_number() -> None:
    meeting = a_meeting()
    before = read(_ics.publish(meeting, said("yes"), whose()))
    meeting.starts_at += timedelta(days=7)
    meeting.ends_at += timedelta(days=7)
    meeting.revision += 1
    later = NOW + timedelta(hours=1)
    after = read(_ics.publish(meeting, said("yes"), whose(later)))
    meeting.state, meeting.revision = "cancelled", 5
    gone = read(_ics.cancel(meeting, whose(later)))
    assert before["uid"] == after["uid"] == gone["uid"]
    assert [each["sequence"] for each in (before, after, gone)] == [3, 4, 5]
    assert after["dtstamp"].dt == later
    assert str(gone["status"]) == "CANCELLED"
    assert str(gone["summary"]) == "Cancelled: Jobs and skills"


def test_methods_fit_what_the_file_is_for() -> None:
    meeting, person = a_meeting(), whose()
    for content, method in ((_ics.publish(meeting, None, person), "PUBLISH"), (_ics.cancel(meeting, person), "CANCEL")):
        calendar = Calendar.from_ical(content)
        assert calendar["method"] == method
        assert calendar["version"] == "2.0"
        assert str(calendar.walk("VEVENT")[0]["organizer"]) == "mailto:coprr@example.org"


def test_the_state_of_an_entry_follows_the_reply() -> None:
    states = {
        "yes": "CONFIRMED", "maybe": "TENTATIVE", "none": "TENTATIVE", "waitlisted": "TENTATIVE",
        "asked": "TENTATIVE", "reconfirm": "TENTATIVE",
    }  # fmt: skip
    for reply, state in states.items():
        event = read(_ics.feed([(a_meeting(), said(reply))], whose()))
        assert str(event["status"]) == state, reply
        assert str(event["transp"]) == ("OPAQUE" if reply == "yes" else "TRANSPARENT")
    cancelled = read(_ics.feed([(a_meeting(state="cancelled"), said("yes"))], whose()))
    assert str(cancelled["status"]) == "CANCELLED"
    assert "description" not in cancelled


def test_a_description_speaks_the_members_language() -> None:
    content = _ics.feed([(a_meeting(), said("none"))], whose(language="fr", zone="Europe/Paris"))
    about = str(read(content)["description"])
    assert about.startswith("Vous n'avez pas encore répondu.")
    assert "10:00 (Paris)" in about  # two weeks before, in the reader's zone
    assert "coprr@example.org" in about


def test_the_join_link_is_for_those_who_come_online_from_the_day_before() -> None:
    def given(now: datetime, reply: str = "yes", mode: str = "", **more: Any) -> bool:
        meeting, person = a_meeting(**more), whose(now)
        found = {SECRET in str(read(make)) or SECRET in make.decode().replace("\r\n ", "") for make in (
            _ics.publish(meeting, said(reply, mode), person), _ics.feed([(meeting, said(reply, mode))], person),
        )}  # fmt: skip
        assert len(found) == 1
        return found.pop()

    ten_in_dhaka = datetime(2026, 5, 19, 4, tzinfo=UTC)
    assert not given(NOW)
    assert not given(ten_in_dhaka - timedelta(seconds=1))
    assert given(ten_in_dhaka)
    assert given(DAY_BEFORE, format="hybrid", mode="online", place="Brussels")
    assert not given(DAY_BEFORE, format="hybrid", mode="room", place="Brussels")
    assert not given(DAY_BEFORE, format="in_person", place="Brussels")
    assert not given(DAY_BEFORE + timedelta(days=5), state="held")
    for reply in ("none", "maybe", "waitlisted", "asked", "reconfirm"):
        assert not given(DAY_BEFORE, reply), reply
    assert SECRET not in _ics.publish(a_meeting(), None, whose(DAY_BEFORE)).decode().replace("\r\n ", "")


def test_a_reminder_that_comes_earlier_brings_the_link_into_the_calendar_with_it() -> None:
    sunday = a_meeting(starts_at=datetime(2026, 5, 17, 3, tzinfo=UTC))  # 09:00 in Dhaka, after the weekend there
    assert _ics.link_from(sunday, whose()) < datetime(2026, 5, 15, 0, tzinfo=UTC)


def test_the_place_is_the_one_the_member_chose() -> None:
    hybrid = a_meeting(format="hybrid", place="Rue de la Loi 1, Brussels")
    wheres = {}
    for mode in ("room", "online", ""):
        wheres[mode] = str(read(_ics.publish(hybrid, said("yes", mode), whose()))["location"])
    assert wheres == {
        "room": "Rue de la Loi 1, Brussels",
        "online": "online",
        "": "Rue de la Loi 1, Brussels, or online",
    }


def test_links_carry_utc_times_and_never_the_way_in() -> None:
    person = whose(DAY_BEFORE)
    google, outlook = _ics.google(a_meeting(), person), _ics.outlook(a_meeting(), person)
    asked = parse_qs(urlsplit(google).query)
    assert asked["dates"] == ["20260520T080000Z/20260520T100000Z"]
    assert asked["text"] == ["Jobs and skills"]
    asked = parse_qs(urlsplit(outlook).query)
    assert asked["startdt"] == ["2026-05-20T08:00:00Z"]
    assert asked["enddt"] == ["2026-05-20T10:00:00Z"]
    for address in (google, outlook):
        assert "secret" not in address
        assert "4711" not in address
    long = a_meeting(title="ع" * 120, place="م" * 200, format="in_person")
    for address in (_ics.google(long, person), _ics.outlook(long, person)):
        LinkButton("x", address)
        assert "%D8%B9" in address


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an announced meeting; Tahmina and Claire are invited, Tahmina has said yes."""
    async with town.write() as db:
        made = a_meeting()
        db.add(made)
        await db.flush()
        db.add(Invitation(meeting_id=made.id, member_id=town.tahmina.id, invited_at=NOW, reply="yes", replied_at=NOW))
        db.add(Invitation(meeting_id=made.id, member_id=town.claire.id, invited_at=NOW))
    return made


def reachable(town: Any, base: str = "https://convenor.example.org") -> None:
    """Let our pages be open to the public, as with PUBLIC_URL."""
    town.page_link = lambda path: base + path


def address(answers: Any) -> str:
    (answer,) = answers
    text = [plain(each, Reader()) for each in answer.message.lines]
    return next((each for each in text if each.startswith("http")), "")


@on_one
async def test_a_tap_hands_over_the_file_and_links(town: Any, meeting: Meeting, show: Any) -> None:
    reachable(town)
    file, reply = await town.click(town.claire, Press("cal", meeting.key))
    assert isinstance(file, SendFile)
    assert file.name == "meeting.ics"
    assert str(read(file.content)["status"]) == "TENTATIVE"
    seen = show([reply], language="fr")
    assert seen.labels == ["Google Agenda", "Outlook", "Mon lien d'agenda"]
    assert plain(file.caption, Reader(zone="Europe/Paris")).startswith("Jobs and skills\nWed, 20 May 2026, 10:00")


@on_one
async def test_from_a_group_everything_comes_in_private(town: Any, meeting: Meeting) -> None:
    for verb in ("cal", "caloff", "feed"):
        answers = await town.click(town.claire, Press(verb, meeting.key), CHANNEL)
        assert all(isinstance(each, SendFile) or (isinstance(each, Reply) and each.private) for each in answers), verb


@on_one
async def test_only_invited_people_and_staff_get_a_file(town: Any, meeting: Meeting) -> None:
    file, _ = await town.click(town.olivia, Press("cal", meeting.key))
    assert str(read(file.content)["status"]) == "CONFIRMED"
    async with town.write() as db:
        stranger = Member(code="m9", name="Not Invited", zone="Europe/Paris")
        stranger.accounts = [type(town.claire.accounts[0])(platform="slack", workspace="T1", user="U9")]
        db.add(stranger)
    with pytest.raises(UserError):
        await town.click(stranger, Press("cal", meeting.key))
    with pytest.raises(UserError):
        await town.click(stranger, Press("caloff", meeting.key))
    with pytest.raises(UserError):
        await town.click(town.claire, Press("cal", "nothing"))


@on_one
async def test_a_cancelled_meeting_is_taken_away_and_says_what_a_file_cannot_do(
    town: Any, meeting: Meeting, show: Any
) -> None:
    added, _ = await town.click(town.tahmina, Press("cal", meeting.key))
    async with town.write() as db:
        found = await db.get(Meeting, meeting.id)
        found.state, found.revision = "cancelled", 4
    for verb in ("caloff", "cal"):
        file, reply = await town.click(town.tahmina, Press(verb, meeting.key))
        assert Calendar.from_ical(file.content)["method"] == "CANCEL"
        assert read(file.content)["uid"] == read(added.content)["uid"]
        assert read(file.content)["sequence"] == 4
        assert "please delete it by hand" in show([reply]).text


async def test_the_personal_link_is_made_shown_once_replaced_and_ended(town: Any, show: Any) -> None:
    reachable(town)
    made = await town.command(town.claire, "calendar")
    first = address(made)
    assert first.startswith("https://convenor.example.org/calendar/")
    assert first.endswith(".ics")
    assert "webcal:" in show(made).text
    seen = show(await town.click(town.claire, Press("feed")))
    assert first not in seen.text
    assert "It cannot be shown again." in seen.text
    assert seen.labels[:2] == ["New link", "Switch the link off"]
    replaced = await town.click(town.claire, seen.button("New link"))
    assert isinstance(replaced[0], Edit)
    assert address(replaced) not in ("", first)
    assert "no longer works" in show(replaced).text
    ended = show(await town.click(town.claire, seen.button("Switch the link off")))
    assert "is off" in ended.text
    assert address(await town.command(town.claire, "calendar")) not in ("", first, address(replaced))


@on_one
async def test_without_a_public_address_the_link_is_said_to_be_off(town: Any, meeting: Meeting, show: Any) -> None:
    for base in ("", "http://convenor.example.org"):
        if base:
            reachable(town, base)
        for answers in (
            await town.command(town.claire, "calendar"),
            await town.click(town.claire, Press("newfeed")),
        ):
            assert "The organisers have not switched calendar links on." in show(answers).text
            assert address(answers) == ""
        assert "My calendar link" not in show(await town.click(town.claire, Press("cal", meeting.key))).labels
