"""Runs as Slack's mrkdwn, in which nothing a person wrote can format, mention or link.

mrkdwn has no escape character. We write `&`, `<` and `>` as entities, once; that alone stops every `<...>` token, so
`<!channel>` stays text. A mark (`*`, `_`, `~`) formats only with a boundary outside and no space inside; one that
stands between two letters or digits can do neither and stays as it is (`snake_case`), any other gets a hair space
(U+200A) on both sides, which leaves it visible and inert. A backtick, which formats even beside spaces, becomes U+02CB.
A quote sign at the start of a line and the first colon of an emoji name are followed or led by U+2060 (word joiner).
Text objects are `verbatim`, so Slack makes no links, channels or people out of bare words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from chat.text import Run

HAIR, JOINER, EDGE = "\u200a", "\u2060", "\u200b"
DATE_FORMAT = "{date_short_pretty} {time}"
_MARK = re.compile(r"[*_~]")
_EMOJI = re.compile(r":(?=[a-z0-9_+'-]*[a-z][a-z0-9_+'-]*:)")
_QUOTE = re.compile(r"^(\s*)(?=&gt;)", re.MULTILINE)
_SPLIT = re.compile(r"(\n)")
_OPENING = frozenset("([{\"'“‘’«")
"""Marks after which a style begins without an edge: a line may break at an edge, and a quotation mark stay behind."""
_CLOSED = re.compile(rf"{EDGE}(?=[\s)\]}}\"'”’».,:;!?…]|$)")


def escape(text: str) -> str:
    """Write the three characters Slack reads as its own as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Read the three entities back."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def literal(text: str) -> str:
    """Write text that Slack shows as it is, whatever it contains."""

    def inert(found: re.Match[str]) -> str:
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        return found[0] if before.isalnum() and after.isalnum() else f"{HAIR}{found[0]}{HAIR}"

    shown = escape(_MARK.sub(inert, text).replace("`", "\u02cb"))
    return _EMOJI.sub(f":{JOINER}", _QUOTE.sub(rf"\1{JOINER}", shown))


def mrkdwn(runs: tuple[Run, ...]) -> str:
    """Join runs; bold and italic never reach over a line end, and have the boundaries Slack asks for around them."""
    text = ""
    for run in _merged(runs):
        if run.instant is not None:
            fallback = escape(run.text).replace("|", "/")
            text += _styled(text, f"<!date^{int(run.instant.timestamp())}^{DATE_FORMAT}|{fallback}>", run)
        elif run.url:
            label = literal(run.text).replace("\n", " ").strip(" ") or escape(run.url)
            text += _styled(text, f"<{_address(run.url)}|{label}>", run)
        else:
            for part in _SPLIT.split(run.text):
                text += _styled(text, literal(part), run)
    return _CLOSED.sub("", text)


def _merged(runs: tuple[Run, ...]) -> Iterator[Run]:
    """Join neighbours of one style: each would have marks of its own, and a place where a line may break between."""
    last: Run | None = None
    for run in runs:
        if last is not None and run.instant is None and last == replace(run, text=last.text):
            last = replace(last, text=last.text + run.text)
            continue
        if last is not None:
            yield last
        last = run
    if last is not None:
        yield last


def _address(url: str) -> str:
    return escape(url).replace("|", "%7C").replace(" ", "%20")


def _styled(before: str, text: str, run: Run) -> str:
    """Put marks around the words of a piece, outside of them its spaces; an invisible edge where a word would touch.

    Words that begin or end with a mark of their own, or contain the one we would put around them, stay plain: ours
    would not format, and stand there for everybody to see.
    """
    core = text.strip(" \t\n")
    if not core or not (run.bold or run.italic) or HAIR in (core[0], core[-1]):
        return text
    lead, tail = text[: text.index(core)], text[text.index(core) + len(core) :]
    marked = f"_{core}_" if run.italic and "_" not in core else core
    marked = f"*{marked}*" if run.bold and "*" not in core else marked
    if marked == core:
        return text
    outside = (before + lead)[-1:]
    edge = "" if not outside or outside.isspace() or outside == EDGE or outside in _OPENING else EDGE
    return f"{lead}{edge}{marked}{EDGE}{tail}" if not tail else f"{lead}{edge}{marked}{tail}"


def fit(runs: tuple[Run, ...], most: int) -> list[str]:
    """Write runs as texts of at most `most` characters each, cut between words where there are any."""
    text = mrkdwn(runs)
    if len(text) <= most:
        return [text]
    longest = max(range(len(runs)), key=lambda index: len(runs[index].text))
    run = runs[longest]
    if len(run.text) < 2 or run.instant is not None:
        if len(runs) == 1:  # an address longer than a section
            return [literal(run.text)[:most]]
        middle = len(runs) // 2
        return [*fit(runs[:middle], most), *fit(runs[middle:], most)]
    half = len(run.text) // 2
    cut = max(run.text.rfind("\n", 1, half), run.text.rfind(" ", 1, half))
    cut = half if cut < 1 else cut + 1
    left = (*runs[:longest], replace(run, text=run.text[:cut]))
    right = (replace(run, text=run.text[cut:]), *runs[longest + 1 :])
    return [*fit(left, most), *fit(right, most)]
