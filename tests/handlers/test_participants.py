"""Lists of participants as platforms write them, in several languages; hostile ones are refused with a reason."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest

from chat.errors import UserError
from handlers._names import Match, Names, fold
from handlers._participants import ROWS_MAX, SIZE_MAX, read

TEN = datetime(2026, 5, 20, 10, tzinfo=UTC).replace(tzinfo=None)
"""A cell of a workbook knows no zone."""
ZOOM = (
    "Topic,ID,Host,Duration (minutes),Start time,End time,Participants\r\n"
    "Jobs and skills,999,Olivia,150,05/20/2026 10:00:00 AM,05/20/2026 12:30:00 PM,3\r\n\r\n"
    "Name (original name),Email,Join time,Leave time,Duration (minutes),Guest\r\n"
    "Claire E. (Claire Exemple),,05/20/2026 10:00:00 AM,05/20/2026 10:40:00 AM,40,Yes\r\n"
    "Tahmina Udaharon,,05/20/2026 09:58:00 AM,05/20/2026 12:30:00 PM,152,Yes\r\n"
    "Claire E. (Claire Exemple),,05/20/2026 11:00:00 AM,05/20/2026 12:30:00 PM,90,Yes\r\n"
)
TEAMS = (
    "1. Summary\r\nMeeting title\tJobs and skills\r\nAttended participants\t2\r\n\r\n2. Participants\r\n"
    "Name\tFirst Join\tLast Leave\tIn-Meeting Duration\tEmail\tParticipant ID (UPN)\tRole\r\n"
    "Exemple, Claire\t5/20/26, 9:58:02 AM\t5/20/26, 12:30:11 PM\t1h 20m 5s\tc@example.org\tc\tAttendee\r\n"
    "Tahmina Udaharon (Guest)\t5/20/26, 10:01:00 AM\t5/20/26, 10:31:00 AM\t30m\t\t\tAttendee\r\n\r\n"
    "3. In-Meeting Activities\r\nName\tJoin Time\tLeave Time\tDuration\tEmail\tRole\r\n"
    "Exemple, Claire\t5/20/26, 9:58:02 AM\t5/20/26, 11:18:07 AM\t1h 20m 5s\tc@example.org\tAttendee\r\n"
)


def seconds(content: bytes) -> dict[str, int | None]:
    return {each.name: each.present for each in read(content)}


def test_a_list_of_zoom_adds_up_the_stays_of_one_person() -> None:
    expected = {"Claire E. (Claire Exemple)": 130 * 60, "Tahmina Udaharon": 152 * 60}
    assert seconds(ZOOM.encode()) == expected
    assert seconds(ZOOM.encode("utf-8-sig")) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_report_of_teams_counts_each_person_once(encoding: str) -> None:
    assert seconds(TEAMS.encode(encoding)) == {"Exemple, Claire": 4805, "Tahmina Udaharon (Guest)": 1800}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nom complet;Heure d’arrivée;Heure de départ\nÉlodie Müller;10:00;11:30\n", 5400),
        ("Prénom;Nom;Durée (minutes)\nÉlodie;Müller;90\n", 5400),
        ("Ad,Soyad,Süre\nÉlodie,Müller,1 sa 30 dk\n", 5400),
        ("Nombre\tApellidos\tDuración\nÉlodie\tMüller\t1:30\n", 5400),
        ("الاسم,المدة (دقيقة)\nÉlodie Müller,90\n", 5400),
        ("Vollständiger Name;Dauer\nÉlodie Müller;1 Std. 30 Min.\n", 5400),
        ("Display Name,Attendee Email,Attendance Duration\nÉlodie Müller,e@example.org,90 mins\n", 5400),
        ("Name,Email\nÉlodie Müller,e@example.org\n", None),
        ("Name,Duration (seconds)\nÉlodie Müller,5400\n", 5400),
        ("Name,Join,Leave\nÉlodie Müller,11:30 PM,01:00 AM\n", 5400),
    ],
)
def test_headings_and_durations_are_understood_in_several_languages(text: str, expected: int | None) -> None:
    assert seconds(text.encode()) == {"Élodie Müller": expected}


def test_a_file_of_old_windows_keeps_its_accents() -> None:
    assert seconds("Name;Duration\nÉlodie Müller;90\n".encode("cp1252")) == {"Élodie Müller": 5400}


def test_two_devices_at_once_do_not_count_twice() -> None:
    text = "Name,Join,Leave,Duration\nA Person,10:00,10:30,30\nA Person,10:10,10:40,30\n"
    assert seconds(text.encode()) == {"A Person": 40 * 60}


def workbook(*rows: list[object]) -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    sheet = book.create_sheet(index=0)
    for each in rows:
        sheet.append(each)
    book.save(content)
    return content.getvalue()


def test_a_workbook_is_read_and_its_formulas_are_not_worked_out() -> None:
    content = workbook(
        ["Report of the meeting"],
        ["Name", "Join time", "Leave time"],
        ["Claire Exemple", TEN, TEN + timedelta(minutes=90)],
        ['=HYPERLINK("https://example.org","Tahmina")', None, None],
    )
    assert seconds(content) == {"Claire Exemple": 5400}


def packed(**parts: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, part in parts.items():
            made.writestr(name.replace("__", "/") + ".xml", part)
    return content.getvalue()


HOSTILE = {
    "nothing": b"",
    "blanks": b"\r\n \r\n",
    "an image called csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
    "a PDF called csv": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "an old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "text without headings": b"just, some\nwords, here\n",
    "headings alone": b"Name,Duration\n",
    "an archive of something else": packed(hello=b"<a/>"),
    "a broken archive": b"PK\x03\x04 nothing behind it",
    "a broken workbook": packed(xl__workbook=b"<broken"),
    "a bomb": packed(xl__workbook=b"<a/>", xl__bomb=bytes(50_000_000)),
    "entities": packed(xl__workbook=b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>'),
    "too many rows": b"Name,Duration\n" + b"A Person,1\n" * (ROWS_MAX + 1),
    "too large": b"Name,Duration\n" + b"A Person,1\n" * (SIZE_MAX // 11 + 1),
    "one endless field": b'Name,Duration\n"' + b"x" * 200_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_list_is_refused_with_a_reason(kind: str) -> None:
    with pytest.raises(UserError):
        read(HOSTILE[kind])


def test_a_sheet_that_claims_to_be_endless_is_read_to_its_rows() -> None:
    content = io.BytesIO(workbook(["Name", "Duration"], ["Claire Exemple", 90]))
    made = io.BytesIO()
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(made, "w") as new:
        for each in old.infolist():
            part = old.read(each)
            if each.filename.endswith("sheet1.xml"):
                part = part.replace(b'<row r="2"', b'<row r="1048576"').replace(b'r="A2"', b'r="A1048576"')
                part = part.replace(b'r="B2"', b'r="B1048576"').replace(b"A1:B2", b"A1:XFD1048576")
            new.writestr(each, part)
    with pytest.raises(UserError):  # beyond what is read: an empty list, at once
        read(made.getvalue())


PEOPLE = Names(
    [(1, "Claire Exemple"), (2, "Tahmina Udaharon"), (3, "María José García López"), (4, "Marta García"),
     (5, "Ömer Işık"), (6, "ليلى حدّاد"), (7, "Jan Łukasz Øst"), (8, "Maria Rossi"), (9, "Maria Rossi")]
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("claire exemple", 1), ("EXEMPLE, Claire", 1), ("Claire E.", 1), ("C. Exemple", 1), ("Dr Claire Exemple", 1),
        ("iPad (Claire Exemple)", 1), ("Claire Exemple - ICMPD", 1), ("Maria Jose Garcia Lopez", 3),
        ("García López, María José", 3), ("María García", 3), ("Omer Isik", 5), ("ليلى حداد", 6), ("Jan Ost", 7),
    ],
)  # fmt: skip
def test_names_are_found_without_accents_order_and_additions(name: str, found: int) -> None:
    assert PEOPLE.find(name) == Match((found,), sure=True)


@pytest.mark.parametrize(
    ("name", "people"),
    [("M. García", (4,)), ("Maria Rossi", (8, 9)), ("Claire", (1,)), ("García", (3, 4)), ("Unknown Person", ()),
     ("", ()), ("...", ()), ("C. E.", ())],
)  # fmt: skip
def test_what_may_be_several_or_too_little_is_asked_or_unknown(name: str, people: tuple[int, ...]) -> None:
    match = PEOPLE.find(name)
    assert match.people == people
    assert match.sure is (name == "M. García")


def test_letters_are_compared_in_one_form() -> None:
    assert fold("O’Brien-Ünlü, İpek") == ("o", "brien", "unlu", "ipek")
