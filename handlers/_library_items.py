"""Documents as the library shows them: a line in a list, the card of one, and the buttons that open it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat.form import size_text
from chat.language import LANGUAGE_NAMES
from chat.message import AnyButton, Button, LinkButton, Message, Press, Row, button, row, rows
from chat.text import Bold, LanguageName, Text, When, say
from handlers._card_lines import can
from handlers._cards import short
from handlers._feature import Context
from handlers._files import host_of
from storage import memos
from storage.documents import MEMO, RESOURCE, Document
from storage.files import StoredFile
from storage.meetings import Meeting
from storage.shelves import Item


@dataclass(frozen=True, slots=True)
class Origin:
    """Say which list an item was opened from: a shelf (`by`, digest of the place) or a search (`find`, draft), page."""

    by: str = ""
    place: str = ""
    page: int = 0

    @property
    def button(self) -> Button:
        """Give the button that leads back to it."""
        if self.by == "find":
            return button("back", "find", self.place, self.page)
        return button("back", "shelf", self.by, self.page, self.place)

    def open(self, label: Text, document: Document) -> Button:
        """Give the button that opens a document from here."""
        return Button(label, Press("ritem", document.key, str(self.page), f"{self.by}.{self.place}"))

    @classmethod
    def of(cls, press: Press) -> Origin:
        """Read it from a pressed button; nonsense leads to the library's first screen."""
        by, _, place = press.arg.partition(".")
        page = int(press.rev) if press.rev.isdecimal() else 0
        return cls(by, place, page) if by.isalpha() and (place.isalnum() or not place) else cls()


def kind_label(kind: str) -> Text:
    """Name a kind of document."""
    return say(f"li_kind_{kind}")


def languages(codes: Sequence[str]) -> Text:
    """Name languages in their own words."""
    named = [LanguageName(each) if each in LANGUAGE_NAMES else each for each in codes]
    return tuple(part for each in named for part in (each, ", "))[:-1]


def listed(items: Sequence[Item], origin: Origin, zone: str) -> tuple[list[Text], list[Row]]:
    """Write documents as numbered lines, with a button each that opens it."""
    lines: list[Text] = []
    made: list[Row] = []
    for number, item in enumerate(items, 1):
        facts: list[Text] = [kind_label(item.document.kind)]
        facts += [each for each in (item.theme if item.theme != item.document.title else "", item.region) if each]
        if item.at is not None:
            facts.append(When(item.at, zone, part="date"))
        if item.languages:
            facts.append(languages(item.languages))
        line: list[Text] = [f"{number}. ", Bold(item.document.title), "\n"]
        line += [part for fact in facts for part in (fact, " · ")][:-1]
        if item.extract is not None:
            before, hit, after = item.extract
            line += ["\n", before, Bold(hit), after]
        lines.append(tuple(line))
        made.append(row(origin.open(short(f"{number} · {item.document.title}"), item.document)))
    return lines, made


async def card(ctx: Context, item: Item, origin: Origin) -> Message:
    """Draw one document: what it is, and how to read it."""
    document = item.document
    files = await memos.files_of(ctx.db, document)
    lines = await facts(ctx, item)
    buttons: list[AnyButton | None] = []
    if document.kind == MEMO:
        lines.append(say("li_memo_note"))
        buttons = [can("open", "mcard", document.key)]  # the memo's own card, protected where a platform can
    else:
        if document.link:
            lines.append(say("li_link", host=host_of(document.link)))
            label = say("b_open" if document.kind == RESOURCE else "b_read_pub")
            buttons.append(LinkButton(label, document.link, "primary"))
        buttons += get_buttons(document, files)
    own = document.kind == RESOURCE and (ctx.organiser or document.author_id == ctx.me.id)
    end = button("li_withdraw", "rgone", document.key, document.revision) if own else None
    pairs = [row(*buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
    back = origin.button if origin.by else None
    return Message(tuple(lines), rows(*pairs, row(end), row(back, button("library", "lib"))), silent=True)


async def facts(ctx: Context, item: Item) -> list[Text]:
    """Write what is known about a document, line by line."""
    document = item.document
    first: list[Text] = [kind_label(document.kind)]
    if item.at is not None:
        first += [" · ", When(item.at, ctx.community.zone, part="date")]
    lines: list[Text] = [Bold(document.title), tuple(first)]
    if document.kind != MEMO and (summary := str((document.details or {}).get("summary", ""))):
        lines.append(summary)
    meeting = await ctx.db.get(Meeting, document.meeting_id) if document.meeting_id else None
    if meeting is not None:
        lines.append(say("li_meeting", meeting=f"{meeting.code} · {meeting.title}"))
    if item.theme and (meeting is None or item.theme != meeting.title):
        lines.append(say("li_theme", theme=item.theme))
    if item.region:
        lines.append(say("li_region", region=item.region))
    if item.languages:
        lines.append(say("li_languages", languages=languages(item.languages)))
    return lines


def get_buttons(document: Document, files: dict[str, StoredFile]) -> list[Button]:
    """Make the buttons that send the file: one, or one for each language there is."""
    if len(files) <= 1:
        return [button("get_file", "libget", document.key) for _ in files]
    return [
        Button((say("b_get_file") if len(files) == 1 else LanguageName(each)), Press("libget", document.key, "", each))
        for each in files
        if each in LANGUAGE_NAMES
    ]


def file_line(stored: StoredFile) -> Text:
    """Name a file with its size."""
    return say("li_file", name=stored.name, size=size_text(stored.size))
