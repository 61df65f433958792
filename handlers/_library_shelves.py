"""Screens of the library: its first one, the places of a shelf, what stands at a place, and what a search found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from chat.errors import UserError
from chat.message import Button, Message, Press, Row, button, row, rows
from chat.text import Bold, LanguageName, Text, say
from handlers._cards import short
from handlers._feature import Context
from handlers._library_items import Origin, kind_label, listed
from handlers._welcome import go
from storage import drafts, search, shelves
from storage.drafts import FormDraft
from storage.shelves import PAGE, SHELVES, Filters, Place

ALL = "all"
"""The shelf where everything stands, the newest first."""
KEPT_AS = "library_found"
"""The draft that keeps the words of somebody's last search, so that its pages can be turned."""
_PLACE = 8


def digest(value: str) -> str:
    """Give a short name for a place, for buttons: its value may be in any script and of any length."""
    return hashlib.sha256(value.encode()).hexdigest()[:_PLACE]


def label_of(by: str, place: Place) -> Text:
    """Write what stands on a place."""
    if by == "kind":
        return kind_label(place.value)
    return LanguageName(place.value) if by == "language" else place.label


async def first(ctx: Context) -> Message:
    """Draw the library's first screen: the shelves, search, share a resource."""
    _, total = await shelves.standing(ctx.db, ctx.me, ctx.roles, ctx.now, Filters())
    share = Button(say("b_li_share"), Press("rshare"))
    if not total:
        lines: tuple[Text, ...] = (Bold(say("li_title")), say("li_empty"))
        return Message(lines, rows(row(share), row(go("home", "home"))), silent=True)
    made = [button("li_all", "shelf", ALL), *(button(f"li_{by}", "libsh", by) for by in SHELVES)]
    pairs = [row(*made[at : at + 2]) for at in range(0, len(made), 2)]
    return Message(
        (Bold(say("li_title")), say("li_n", n=total)),
        rows(row(_search("primary")), *pairs, row(share), row(go("home", "home"))),
        silent=True,
    )


async def places(ctx: Context, by: str, page: int) -> Message:
    """Draw the places of a shelf, `PAGE` at a time."""
    if by not in SHELVES:
        raise UserError(say("e_gone"))
    found = await shelves.places(ctx.db, ctx.me, ctx.roles, ctx.now, by)
    title = Bold((say("li_title"), " · ", say(f"b_li_{by}")))
    if not found:
        return Message((title, say("li_no_places")), rows(row(_search()), row(button("library", "lib"))), silent=True)
    page = max(0, min(page, (len(found) - 1) // PAGE))
    lines: list[Text] = [title]
    made: list[Row] = []
    for number, each in enumerate(found[page * PAGE : (page + 1) * PAGE], 1):
        label = label_of(by, each)
        lines.append((f"{number}. ", say("li_place", label=label, n=each.count)))
        shown: Text = short(f"{number} · {label}") if isinstance(label, str) else (f"{number} · ", label)
        made.append(row(Button(shown, Press("shelf", by, "0", digest(each.value)))))
    nav = _nav(len(found), page, lines, lambda to: Press("libsh", by, str(to)))
    return Message(tuple(lines), rows(*made, nav, row(_search(), button("library", "lib"))), silent=True)


async def standing(ctx: Context, by: str, place: str, page: int) -> Message:
    """Draw the documents at a place of a shelf, or all of them, `PAGE` at a time."""
    filters, title = Filters(), say("b_li_all")
    named: Text = title
    if by != ALL:
        if by not in SHELVES:
            raise UserError(say("e_gone"))
        found = await shelves.places(ctx.db, ctx.me, ctx.roles, ctx.now, by)
        chosen = next((each for each in found if digest(each.value) == place), None)
        if chosen is None:  # what stood there has gone since
            return await places(ctx, by, 0)
        value: str | int = int(chosen.value) if by == "year" else chosen.value
        filters, named = Filters(**{by: value}), label_of(by, chosen)  # type: ignore[arg-type]
    items, total = await shelves.standing(ctx.db, ctx.me, ctx.roles, ctx.now, filters, page)
    if not items:
        return await first(ctx)
    page = max(0, min(page, (total - 1) // PAGE))
    lines: list[Text] = [Bold((say("li_title"), " · ", named)), say("li_n", n=total)]
    more, made = listed(items, Origin(by, place, page), ctx.community.zone)
    lines += more
    nav = _nav(total, page, lines, lambda to: Press("shelf", by, str(to), place))
    up = Button(say(f"b_li_{by}"), Press("libsh", by)) if by != ALL else None
    return Message(tuple(lines), rows(*made, nav, row(up, _search(), button("library", "lib"))), silent=True)


async def searched(ctx: Context, words: str) -> Message:
    """Search, and keep the words for the pages that follow."""
    words = " ".join(words.split())[: search.TYPED_MOST]
    if (refused := search.understand(words).refused) != "":
        text = say("li_no_words") if refused == "empty" else say("li_short", words=words)
        return Message((text,), rows(row(_search("primary"), button("library", "lib"))), silent=True)
    draft = await drafts.begin(
        ctx.db, member_id=ctx.me.id, account=ctx.inbound.by.id, form=KEPT_AS, subject="", sensitive=False,
        values={"words": words}, now=ctx.now,
    )  # fmt: skip
    return await results(ctx, draft, 0)


async def again(ctx: Context, key: str, page: int) -> Message:
    """Turn the pages of a search by the key of its draft; an older one is over."""
    draft = await drafts.by_key(ctx.db, key, ctx.inbound.by.id)
    if draft is None or draft.form != KEPT_AS:
        return Message((say("li_search_over"),), rows(row(_search("primary"), button("library", "lib"))), silent=True)
    return await results(ctx, draft, page)


async def results(ctx: Context, draft: FormDraft, page: int) -> Message:
    """Draw what a search found, `PAGE` at a time, the best first."""
    words = str(draft.values["words"])
    found = await search.find(ctx.db, ctx.me, ctx.roles, words, ctx.now, page=page)
    if not found.items:
        by_theme = button("li_theme", "libsh", "theme")
        ends = rows(row(_search("primary"), by_theme), row(button("library", "lib")))
        return Message((say("li_none", words=words),), ends, silent=True)
    head = (
        say("li_found_many", n=found.total, words=words) if found.many else say("li_found", n=found.total, words=words)
    )
    lines: list[Text] = [Bold(head)]
    more, made = listed(found.items, Origin("find", draft.key, found.page), ctx.community.zone)
    lines += more
    nav = _nav(found.total, found.page, lines, lambda to: Press("find", draft.key, str(to)))
    return Message(tuple(lines), rows(*made, nav, row(_search(), button("library", "lib"))), silent=True)


def _search(style: str = "default") -> Button:
    return Button(say("b_search"), Press("find"), "primary" if style == "primary" else "default")


def _nav(total: int, page: int, lines: list[Text], to: Callable[[int], Press]) -> Row:
    """Make the buttons between pages, and say which one it is."""
    pages = -(-total // PAGE)
    if pages < 2:
        return ()
    lines.append(say("li_page", page=page + 1, pages=pages))
    back = Button(say("b_back"), to(page - 1)) if page else None
    return row(back, Button(say("b_next"), to(page + 1)) if page + 1 < pages else None)
