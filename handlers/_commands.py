"""Words to commands: exact, then a unique beginning, then the nearest ones; and what happens to who may not.

Case, accents, `-`, `_` and a leading `/` or `!` do not count (conversation §2). The longest words win, so `meeting
status M6` is the command `meeting status` with the rest `M6`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from chat.copy import COPY
from chat.message import Button, Message, Press, Row, rows
from chat.outbound import Reply
from chat.text import Text, say
from handlers._feature import Answers, CommandRoute, Context, Feature, Who
from handlers._welcome import go, no_right, stranger, welcome_consent

PREFIX_MIN = 3
NEAR_MAX = 3
"""Commands suggested at most."""
NEAR = 2
"""Letters that may be wrong in a word that is suggested (conversation §2)."""
NEARLY = 4
"""Of other words for a command one letter in so many may be wrong."""
JOINED = frozenset({"active", "paused", "stopped"})
"""Member states of people who have agreed once; the others get the question again instead of an answer."""

RESERVED = frozenset({"courses", "course", "requests", "faq"})
"""Words of features that are not switched on (conversation §2): answered with `e_off`."""

_BOT = re.compile(r"^(/[^\s@]+)@\w+")
"""Telegram in groups: `/meetings@convenor_bot`."""
_TOKEN = re.compile(r"[^\s_\-]+")
_LETTERS = str.maketrans({"ı": "i", "ى": "ي", "ة": "ه", "ـ": "", "œ": "oe"})


@dataclass(frozen=True, slots=True)
class Found:
    """Be the command that was meant and what follows its words, as typed."""

    route: CommandRoute
    rest: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """Be an unknown word with the nearest commands the asker may use, at most three."""

    word: str
    near: tuple[CommandRoute, ...]


def fold(text: str) -> tuple[str, ...]:
    """Give the words of a text in their compared form: no case, accents, dashes and punctuation around."""
    return tuple(_fold(each) for each in _TOKEN.findall(text))


def match(words: str, features: Sequence[Feature], may: Callable[[Who], bool]) -> Found | NotFound:
    """Find the command meant by typed words; `may` tells whether the asker may use a level.

    An exact word is found even if the asker may not use it (the caller refuses it); beginnings and suggestions look
    only at what they may use.
    """
    text = _BOT.sub(r"\1", words.strip()).lstrip("/!").strip()
    tokens = list(_TOKEN.finditer(text))
    folded = [_fold(each.group()) for each in tokens]
    routes = [(route, fold(each)) for route in _routes(features) for each in (route.words, *route.aliases)]

    def rest(count: int) -> str:
        return text[tokens[count - 1].end() :].lstrip(" _-\t\n")

    if not folded:
        home = next((route for route, known in routes if known == ("home",)), None)
        return Found(home, "") if home else NotFound("", ())
    for route, known in sorted(routes, key=lambda each: -len(each[1])):
        if tuple(folded[: len(known)]) == known:
            return Found(route, rest(len(known)))
    allowed = [(route, known) for route, known in routes if may(route.who)]
    begun = [(route, known) for route, known in allowed if _begins(folded, known)]
    own = [(route, known) for route, known in begun if known == fold(route.words)]
    begun = own or begun  # the words themselves before other words for them
    longest = max((len(known) for _, known in begun), default=0)
    meant = _distinct(route for route, known in begun if len(known) == longest)
    if len(meant) == 1:
        return Found(meant[0], rest(longest))
    offered = [(route, known) for route, known in allowed if route.who != "moderator" or may("organiser")]
    near = meant or _nearest(folded, offered) or _holding(folded[0], offered)
    return NotFound(tokens[0].group(), near[:NEAR_MAX])


def may_use(who: Who, ctx: Context) -> bool:
    """Tell whether the actor may use what is meant for `who`, by account and roles alone (reliability S12)."""
    if who == "anyone":
        return True
    if ctx.member is None or ctx.member.state not in JOINED:
        return False
    return who in ("member", "moderator") or (ctx.organiser if who == "organiser" else bool(ctx.roles))


async def refuse(ctx: Context, who: Who) -> Answers:
    """Answer somebody who may not: strangers and people who have not agreed yet learn what to do instead.

    In a group nobody else sees it: Slack shows it to the asker alone, elsewhere it comes in private.
    """
    group = ctx.inbound.where.kind == "group" and ctx.reader.command_pattern.startswith("/{")
    if ctx.member is None:
        return [Reply(stranger(), private=group)]
    if ctx.member.state not in JOINED:
        return [Reply(welcome_consent(ctx), private=True)]
    return [Reply(no_right(), private=group)]


async def run(ctx: Context, route: CommandRoute, rest: str) -> Answers:
    """Run a command for the actor if they may; what is meant for private chats never appears in a group."""
    if not may_use(route.who, ctx):
        return await refuse(ctx, route.who)
    answers = await route.handler(ctx, rest)
    if route.where != "any" and ctx.inbound.where.kind == "group":
        return [replace(each, private=True) if isinstance(each, Reply) else each for each in answers]
    return answers


def _fold(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.translate(_LETTERS).casefold())
    letters = "".join(each for each in plain if not unicodedata.combining(each)).translate(_LETTERS)
    return letters.strip(".,;:!؟،…\"'()«»“”") or letters


def _routes(features: Iterable[Feature]) -> list[CommandRoute]:
    return [route for feature in features for route in feature.commands]


def _begins(typed: Sequence[str], known: Sequence[str]) -> bool:
    if len(typed) < len(known):
        return False
    return all(
        each == word or (len(each) >= PREFIX_MIN and word.startswith(each))
        for each, word in zip(typed, known, strict=False)
    )


def _distinct(routes: Iterable[CommandRoute]) -> tuple[CommandRoute, ...]:
    return tuple({id(route): route for route in routes}.values())


def _nearest(typed: Sequence[str], known: Sequence[tuple[CommandRoute, Sequence[str]]]) -> tuple[CommandRoute, ...]:
    """Give the commands a slip of the keys away, the nearest first, by their own words before other words for them.

    Other words are many and short: one counts only if it is nearly whole, so that `he` is not taken for `here`.
    """
    scored = []
    for route, words in known:
        whole, own = " ".join(words), words == fold(route.words)
        far = distance(" ".join(typed[: len(words)]), whole)
        if far <= (NEAR if own else min(NEAR, len(whole) // NEARLY)) and far < len(whole) - 1:
            scored.append((far, not own, route))
    return _distinct(route for _, _, route in sorted(scored, key=lambda each: each[:2]))


def _holding(word: str, known: Sequence[tuple[CommandRoute, Sequence[str]]]) -> tuple[CommandRoute, ...]:
    """Give the commands of several words of which this is one, whole or begun: `status` is meant for a meeting."""
    if len(word) < PREFIX_MIN:
        return ()
    return _distinct(
        route
        for route, words in known
        if words == fold(route.words) and any(each.startswith(word) for each in words[1:])
    )


def distance(one: str, other: str) -> int:
    """Count the letters to insert, delete, replace or swap with the neighbour to turn one word into the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]


def exists(words: str) -> bool:
    """Tell whether a command exists now: a button appears only with its feature (design §9)."""
    from handlers import features

    return any(route.words == words.replace("_", " ") for route in _routes(features()))


def offer(*labels_and_words: tuple[str, str]) -> Row:
    """Make buttons that run commands, leaving out those whose feature is not there."""
    return tuple(go(label, words) for label, words in labels_and_words if exists(words))


def command_button(route: CommandRoute) -> Button:
    """Make the button that runs a command; its label is `b_<words>` or the words themselves."""
    joined = route.words.replace(" ", "_")
    if joined == "calendar":  # "Add to calendar" is about one meeting
        return Button(say("b_feed"), Press("go", "", "", joined))
    label: Text = say(f"b_{joined}") if f"b_{joined}" in COPY else route.words.capitalize()
    return Button(label, Press("go", "", "", joined))


def unknown(miss: NotFound) -> Message:
    """Answer a word that is no command: the nearest ones as buttons (`e_unknown`), or that it is not switched on."""
    if "".join(fold(miss.word)) in RESERVED:
        return Message((say("e_off"),), rows(offer(("home", "home"), ("help", "help"))))
    near = [command_button(route) for route in miss.near]
    words = {each.press.arg for each in near}
    more = offer(*((each, each) for each in ("home", "help") if each not in words and not (near and each == "home")))
    return Message((say("e_unknown", word=miss.word[:40]),), rows((*near, *more)))
