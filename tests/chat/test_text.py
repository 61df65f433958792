from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from chat.copy import COPY
from chat.language import known, locale
from chat.text import (
    FSI,
    PDI,
    RLM,
    Bold,
    Cmd,
    Italic,
    LanguageName,
    Link,
    Reader,
    Run,
    When,
    plain,
    render,
    say,
    zone_city,
)  # fmt: skip

START = datetime(2026, 5, 20, 8, 0, tzinfo=UTC)
END = datetime(2026, 5, 20, 10, 30, tzinfo=UTC)
DHAKA = Reader(zone="Asia/Dhaka", territory="BD")


def test_markup_in_a_value_stays_text() -> None:
    runs = render(say("s_help_words", words="<b>*_x_* <!channel> & {when}"), Reader())
    assert [(each.text, each.bold) for each in runs] == [
        ("Other words: ", False),
        ("<b>*_x_* <!channel> & {when}", False),
    ]


def test_spans_nest_and_keep_their_style() -> None:
    text = (Bold(("You replied: ", Italic("Yes"))), " ", Link("agenda", "https://example.org/a"))
    assert render(text, Reader()) == (
        Run("You replied: ", bold=True),
        Run("Yes", bold=True, italic=True),
        Run(" "),
        Run("agenda", url="https://example.org/a"),
    )


def test_a_phrase_needs_exactly_its_values() -> None:
    with pytest.raises(ValueError, match="p_welcome"):
        say("p_welcome")
    with pytest.raises(ValueError, match="p_welcome"):
        say("p_welcome", community="COPRR", other="x")
    with pytest.raises(KeyError):
        say("no_such_key")


def test_a_counted_phrase_takes_the_plural_of_its_language() -> None:
    one, many = COPY["p_not_reached_n"]
    assert plain(say("p_not_reached_n", n=1), Reader()) == one.format(n=1)
    assert plain(say("p_not_reached_n", n=0), Reader()) == many.format(n=0)


def test_a_time_stands_in_the_readers_zone_with_the_hosts_beside_it() -> None:
    when = When(START, "Europe/Brussels", END)
    assert plain(when, DHAKA) == "Wed, 20 May 2026, 14:00–16:30 (Dhaka) · 10:00 Brussels"
    assert plain(when, Reader(zone="Europe/Paris")) == "Wed, 20 May 2026, 10:00–12:30 (Paris)"
    assert plain(when, Reader("fr", "Europe/Paris", "FR")) == "mer. 20 mai 2026, 10:00–12:30 (Paris)"


def test_the_hosts_date_is_named_when_it_is_another_day() -> None:
    late = When(datetime(2026, 5, 20, 20, 0, tzinfo=UTC), "Europe/Brussels")
    assert plain(late, DHAKA) == "Thu, 21 May 2026, 02:00 (Dhaka) · Wed, 20 May 2026, 22:00 Brussels"


def test_a_meeting_over_midnight_names_both_days() -> None:
    when = When(START, "Europe/Brussels", datetime(2026, 5, 21, 10, 30, tzinfo=UTC))
    assert plain(when, Reader(zone="Europe/Brussels")) == (
        "Wed, 20 May 2026, 10:00 – Thu, 21 May 2026, 12:30 (Brussels)"
    )


def test_a_date_has_no_second_zone_and_a_time_has_a_city() -> None:
    assert plain(When(START, "Europe/Brussels", part="date"), DHAKA) == "Wed, 20 May 2026"
    assert plain(When(START, "Europe/Brussels", part="time"), DHAKA) == "14:00 (Dhaka) · 10:00 Brussels"


def test_a_channel_sees_the_hosts_time_first_and_then_its_own() -> None:
    runs = render(When(START, "Europe/Brussels"), Reader(zone="Europe/Brussels", public=True))
    assert "".join(each.text for each in runs) == "Wed, 20 May 2026, 10:00 (Brussels) · your time: 08:00 UTC"
    assert [each.instant for each in runs if each.instant] == [START]


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        When(START.replace(tzinfo=None), "Europe/Brussels")


def test_right_to_left_text_is_marked_and_values_are_isolated() -> None:
    runs = render(say("p_welcome", community="COPRR"), Reader("ar"))
    assert runs[0].text == RLM
    joined = "".join(each.text for each in runs)
    assert f"{FSI}COPRR{PDI}" in joined
    assert RLM not in plain(say("p_welcome", community="COPRR"), Reader("ar"))


def test_a_command_is_written_as_on_the_readers_platform() -> None:
    assert plain(Cmd("meeting new"), Reader(command_pattern="/{joined}")) == "/meeting_new"
    assert plain(Cmd("meeting new"), Reader(command_pattern="/cop {words}")) == "/cop meeting new"


def test_only_https_becomes_a_link() -> None:
    for address in ("http://example.org", "javascript:alert(1)", "tg://user?id=1", ""):
        with pytest.raises(ValueError, match="only https"):
            Link("x", address)


def test_languages_are_named_in_their_own_words_and_tags_are_understood() -> None:
    assert plain(LanguageName("ar"), Reader("fr")) == "العربية"
    assert [known(each) for each in ("fr-BE", "ES_mx", "zh-Hans", "")] == ["fr", "es", "en", "en"]
    assert str(locale("en", "BD")) == "en_GB"
    assert zone_city("Europe/Brussels", Reader("fr")) == "Bruxelles"


def test_french_marks_never_stand_alone_at_the_end_or_the_beginning_of_a_line() -> None:
    french = Reader("fr", "Europe/Paris", "FR")
    asked = say("d_unfinished", form="Oui ? Non : « x »")
    whole = "Vous avez déjà commencé «\u00a0Oui ? Non : « x »\u00a0». Continuer ou recommencer\u202f?"
    assert plain(asked, french) == "".join(each.text for each in render(asked, french)) == whole  # not in the value
    assert plain(say("fb_one_tap"), french).endswith("part\u00a0:")
    assert "\u202f; " in plain(say("fb_so_far", steps=5, asked=9), french)
    for tongue in ("en", "tr", "ar", "es"):
        assert not {"\u00a0", "\u202f"} & set(plain(asked, Reader(tongue)))


def test_no_french_text_can_break_before_a_high_mark() -> None:
    for key, english in COPY.items():
        forms = english if isinstance(english, tuple) else (english,)
        names = {name: "x" for form in forms for name in re.findall(r"\{(\w+)\}", form)}
        for n in (1, 2):
            values = {**names, "n": n} if isinstance(english, tuple) else names
            assert not re.search(r" [:;?!»]|« ", plain(say(key, **values), Reader("fr"))), key


@pytest.mark.parametrize(
    ("tongue", "shown", "inside"),
    [
        ("en", "Wed, 20 May 2026, 10:00 (", ", Brussels"),
        ("fr", "mer. 20 mai 2026, 10:00 (", ", Bruxelles"),
        ("tr", "20 May 2026 Çar 10:00 (", ", Brüksel"),
        ("ar", "الأربعاء، 20 مايو 2026، 10:00 (", "، بروكسل"),
        ("es", "mié, 20 may 2026, 10:00 (", ", Bruselas"),
    ],
)
def test_date_clock_time_and_city_are_joined_as_the_language_does(tongue: str, shown: str, inside: str) -> None:
    reader = Reader(tongue, "Europe/Brussels")
    assert plain(When(START, "Europe/Brussels"), reader).startswith(shown)
    assert plain(When(START, "Europe/Brussels", part="inside"), reader) == shown[:-2] + inside


def test_the_marks_around_a_bold_value_are_bold_too() -> None:
    runs = render(say("p_welcome", community=Bold("COPRR")), Reader("ar"))
    assert "".join(each.text for each in runs if each.bold) == f"{FSI}COPRR{PDI}"
