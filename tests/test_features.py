"""The structure of the features and texts: what no single feature's test would notice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from chat import language
from chat.copy import COPY
from chat.form import TITLE_MAX
from chat.text import Reader, plain, say
from handlers import FeatureError, check, features
from handlers._commands import exists
from handlers._feature import Answers, Context, Feature

ROOT = Path(__file__).parent.parent
PACKAGES = ("chat", "storage", "scheduler", "handlers", "bot", "web")
TO_COME = frozenset({"decline_ack", "b_ask", "b_its_me", "e_slow"})
"""Texts of the message copy whose feature is still to come (pause, quiet hours, requests, linking accounts)."""


@cache
def sources() -> tuple[tuple[Path, ast.Module], ...]:
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple((path, ast.parse(path.read_text())) for path in paths if path.parent.name != "copy")


def forms_of(text: str | tuple[str, str]) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (text,)


async def nothing(_ctx: Context, _rest: object) -> Answers:
    return []


def test_the_features_found_agree_on_every_name() -> None:
    assert [each.name for each in features()] == sorted({each.name for each in features()})
    check(features())


@pytest.mark.parametrize("kind", ["command", "alias", "verb", "form", "card", "timer", "event"])
def test_two_features_that_claim_one_name_are_both_named(kind: str) -> None:
    one, two = Feature("first"), Feature("second")
    for feature in (one, two):
        match kind:
            case "command":
                feature.command("meeting new" if feature is one else "Meeting_NEW")(nothing)
            case "alias":
                feature.command(feature.name, "préférences" if feature is one else "preferences")(nothing)
            case "verb":
                feature.click("yes")(nothing)
            case "form":
                feature.form("f_meeting")(nothing)  # type: ignore[arg-type]  # never called
            case "card":
                feature.card("invitation")(nothing)  # type: ignore[arg-type]  # never called
            case "timer":
                feature.timers["close"] = nothing  # type: ignore[assignment]  # never called
            case _:
                feature.on("said")(nothing)
    with pytest.raises(FeatureError, match=r"'first'.*'second'"):
        check([one, two])


@pytest.mark.parametrize("verb", ["muchtoolong", "with:colon", "", "café"])
def test_verbs_are_one_to_eight_ascii_letters(verb: str) -> None:
    feature = Feature("one")
    feature.click(verb)(nothing)
    with pytest.raises(FeatureError):
        check([feature])


def test_every_form_can_be_submitted_and_every_submission_has_a_form() -> None:
    for feature in features():
        assert set(feature.forms) == set(feature.submissions), feature.name


def test_every_command_has_a_help_text() -> None:
    routes = [route for feature in features() for route in feature.commands]
    assert [route.words for route in routes if route.help_key not in COPY] == []


def test_telegram_can_list_every_command_of_the_menu() -> None:
    for feature in features():
        for route in feature.commands:
            joined = route.words.replace(" ", "_")
            assert re.fullmatch(r"[a-z0-9_]{1,32}", joined), route.words
            assert len(plain(say(route.help_key), Reader())) <= 256


def literal_calls(names: tuple[str, ...]) -> Iterator[tuple[Path, ast.Call]]:
    """Find calls of names that a module took from `chat` or `handlers`."""
    for path, tree in sources():
        taken = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("chat", "handlers"))
            for alias in node.names
        }
        own = taken | ({"say", "Phrase"} if path.name == "text.py" else set())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in own & set(names):
                yield path, node


def first_word(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def test_every_text_that_is_said_exists() -> None:
    missing = [
        f"{path.name}: {key}"
        for names, prefix in ((("say", "Phrase"), ""), (("button",), "b_"))
        for path, call in literal_calls(names)
        if first_word(call) and (key := prefix + first_word(call)) not in COPY
    ]
    assert missing == []


def test_every_button_that_runs_a_command_names_one_that_exists() -> None:
    missing = []
    for path, call in literal_calls(("go",)):
        words = call.args[1]
        if isinstance(words, ast.Constant) and not exists(str(words.value)):
            missing.append(f"{path.name}: {words.value}")
    assert missing == []


def test_every_text_is_used_somewhere() -> None:
    constants: set[str] = set()
    prefixes: set[str] = set()
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                prefixes.add(str(node.values[0].value))
    prefixes = {each for each in prefixes if re.fullmatch(r"[a-z]+_[a-z0-9_]*", each) and each != "b_"}
    words = {route.help_key for feature in features() for route in feature.commands}
    unused = [
        key
        for key in COPY
        if key not in constants
        and key not in words
        and not (key.startswith("b_") and key[2:] in constants)
        and not any(key.startswith(prefix) for prefix in prefixes)
    ]
    assert set(unused) <= TO_COME, " ".join(sorted(set(unused) - TO_COME))


def translated(key: str, code: str) -> tuple[str, ...]:
    catalogue, english = language.translations(code), COPY[key]
    if isinstance(english, tuple):
        return tuple({catalogue.npgettext(key, *english, n) for n in (0, 1, 2, 3, 11, 100)})
    return (catalogue.pgettext(key, english),)


def test_texts_are_at_most_sixty_words_and_have_no_exclamation_marks() -> None:
    long = [key for key, text in COPY.items() for form in forms_of(text) if len(form.split()) > 65]
    assert long == []
    assert [key for key, text in COPY.items() if any("!" in form for form in forms_of(text))] == []


@pytest.mark.parametrize("code", language.LANGUAGES)
def test_titles_of_forms_fit_a_modal(code: str) -> None:
    keys = {
        first_word(call.args[1])
        for _, call in literal_calls(("Form",))
        if len(call.args) > 1 and isinstance(call.args[1], ast.Call)
    }
    keys |= {
        first_word(each.value)
        for _, call in literal_calls(("Form",))
        for each in call.keywords
        if each.arg == "title" and isinstance(each.value, ast.Call)
    }
    for key in keys - {""}:
        assert all(len(text) <= TITLE_MAX for text in translated(key, code)), key
