"""The pages of a memo as HTML: no script, no inline style; usable by keyboard, screen reader and in both directions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from chat.form import size_text
from chat.language import LANGUAGE_NAMES, RTL
from chat.text import LanguageName, Reader, Text, When, plain, say
from storage.communities import Community
from storage.documents import Document, DocumentVersion
from storage.files import StoredFile
from storage.meetings import Meeting
from storage.members import Member
from storage.memo_reading import Acknowledged

STYLE = (Path(__file__).parent / "static" / "document.css").read_bytes()
STYLE_NAME = f"style-{hashlib.sha256(STYLE).hexdigest()[:12]}.css"
"""Its name changes with its content, so that browsers may keep it for good."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_ICONS = {
    "lock": '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
    "clock": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.5 2"/>',
    "note": '<circle cx="12" cy="12" r="9"/><path d="M12 11v6m0-9.500v.3"/>',
    "check": '<path d="M4 12.5 9.5 18 20 6.5"/>',
    "load": '<path d="M12 4v11m-5-5 5 5 5-5M4 20h16"/>',
}
_MARK = (
    '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="15"/>'
    '<path d="M21.500 10.800a8 8 0 1 0 0 10.400"/><circle class="dot" cx="22.500" cy="16" r="2.300"/></svg>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Be what one reader's page of a memo shows; `files` by language, theirs first."""

    document: Document
    version: DocumentVersion | None
    meeting: Meeting | None
    community: Community
    member: Member
    reader: Reader
    files: Mapping[str, StoredFile]
    asked: bool
    """Whether their confirmation is asked for: they are on the list, and it went out."""
    said: Acknowledged | None
    state: str
    """"" for one that its readers can open; `not_sent` or `expired` for those who may see it anyway."""
    opened: When
    line: str
    """What stands across the page: the reader's name and the day."""
    form: str
    """What proves that a form comes from this page."""
    funding: Text
    base: str


def locked(reader: Reader, base: str) -> str:
    """Draw the page before a note is opened: the same for every note and everybody, with one button."""
    return _one(
        reader, base, "lock", "pg_locked_title", ("pg_locked",), "pg_locked_log",
        f'<form method="post"><button class="btn main" type="submit">{_html(say("pg_open"), reader)}</button></form>',
    )  # fmt: skip


def closed(reader: Reader, base: str) -> str:
    """Draw the page for everything that cannot be shown; it tells nothing about why."""
    return _one(reader, base, "clock", "pg_closed_title", ("pg_closed", "pg_closed_why"), "pg_closed_who")


def trouble(reader: Reader, base: str, name: str, back: str = "") -> str:
    """Draw the page for a file that cannot be read (`no_open`), or for too many requests (`busy`)."""
    link = f'<a class="btn" href="{escape(back)}">{_html(say("pg_back"), reader)}</a>' if back else ""
    return _one(reader, base, "note", f"pg_{name}_title", (f"pg_{name}",), "", link)


def note(shown: Note) -> str:
    """Draw the page of a note for one reader."""
    reader = shown.reader
    parts = [
        f'<div class="in lay"><article class="sheet" aria-labelledby="title">{_watermark(shown.line)}',
        f'<p class="kick">{_icon("lock")}<span>{_html(say("pg_restricted"), reader)}</span></p>',
        f'<h1 id="title"><bdi>{escape(shown.document.title)}</bdi></h1>',
        f'<p class="meta">{"".join(f"<span>{_html(each, reader)}</span>" for each in _meta(shown))}</p>',
        *_changed(shown),
        _facts(shown),
        _files(shown),
        f'<div class="by"><p>{_html(_opened(shown), reader)}</p></div></article>',
        f'<aside class="rail" aria-label="{_html(say("pg_about"), reader)}">{_asking(shown)}{_copy(shown)}',
        "</aside></div>",
    ]
    foot = f"<b>{_html(shown.funding, reader)}</b>" if shown.funding else ""
    return _page(
        reader, shown.base, plain(say("pg_kind"), reader), "".join(parts), shown.community.name, say("pg_kind"),
        f"{foot}<span>{_html(say('pg_log'), reader)}</span>",
    )  # fmt: skip


def _meta(shown: Note) -> list[Text]:
    found: list[Text] = [say("pg_kind")]
    if shown.version is not None:
        made = When(shown.version.created_at, shown.community.zone, part="date")
        found.append(say("pg_version", n=str(shown.version.number), date=made))
    first = next(iter(shown.files.values()), None)
    if first is not None and first.pages:
        found.append(say("pg_pages", n=first.pages))
    return [*found, say("pg_chatham")]


def _changed(shown: Note) -> list[str]:
    """Say first what is new, and to those who see it all the same, that readers do not."""
    reader, found = shown.reader, []
    if shown.state:
        found.append(_html(say(f"pg_{shown.state}"), reader))
    if shown.version is not None and shown.version.number > 1 and shown.version.reason:
        head = _html(say("pg_changed", n=str(shown.version.number)), reader)
        found.append(f"<b>{head}</b> <bdi>{escape(shown.version.reason)}</bdi>")
    return [f'<p class="fix">{_icon("note")}<span>{each}</span></p>' for each in found]


def _facts(shown: Note) -> str:
    rows: list[tuple[str, str]] = []
    if shown.meeting is not None:
        day = _html(When(shown.meeting.starts_at, shown.meeting.zone, part="date"), shown.reader)
        rows.append(("pg_meeting", f"<bdi>{escape(shown.meeting.title)}</bdi><br>{day}"))
    if shown.document.theme:
        rows.append(("pg_theme", f"<bdi>{escape(shown.document.theme)}</bdi>"))
    made = "".join(f"<div><dt>{_html(say(name), shown.reader)}</dt><dd>{value}</dd></div>" for name, value in rows)
    return f'<dl class="facts">{made}</dl>' if made else ""


def _files(shown: Note) -> str:
    reader = shown.reader
    parts = [f'<section class="files"><h2>{_html(say("pg_file"), reader)}</h2>']
    if not shown.files:
        parts.append(f'<p class="hint">{_html(say("pg_no_file"), reader)}</p>')
    items = [_file(shown, language, file, first=not n) for n, (language, file) in enumerate(shown.files.items())]
    parts += [f"<ul>{''.join(items)}</ul>"] if items else []
    kinds = {each.kind == "pdf" for each in shown.files.values()}
    parts += [f'<p class="hint">{_html(say("pg_marked"), reader)}</p>'] if True in kinds else []
    parts += [f'<p class="hint">{_html(say("pg_named"), reader)}</p>'] if False in kinds else []
    return "".join(parts) + "</section>"


def _file(shown: Note, language: str, file: StoredFile, *, first: bool) -> str:
    """Draw the button for one language; the words of a language stand in it, as its readers look for them."""
    label = _html(say("pg_download", kind=file.kind.upper(), size=size_text(file.size)), shown.reader)
    name = f'<span lang="{escape(language)}">{escape(LANGUAGE_NAMES.get(language, language))}</span>'
    address = f"{shown.base}/m/d/{shown.document.key}/file?language={escape(language)}"
    kind = "btn main" if first and not _wanted(shown) else "btn"
    more = f" · {name}" if len(shown.files) > 1 else ""
    return f'<li><a class="{kind}" href="{address}">{_icon("load")}<span>{label}{more}</span></a></li>'


def _wanted(shown: Note) -> bool:
    return shown.asked and (shown.said is None or shown.said.version < shown.document.version)


def _asking(shown: Note) -> str:
    """Ask whether they have read it, or say that they did."""
    reader, said, zone = shown.reader, shown.said, shown.community.zone
    if said is not None and said.version >= shown.document.version:
        when = say("pg_thanks_when", n=str(said.version), when=When(said.at, zone, part="inside"))
        return (
            f'<section class="box done" role="status"><h2>{_icon("check")} {_html(say("pg_thanks"), reader)}</h2>'
            f"<p>{_html(when, reader)}</p></section>"
        )
    if not shown.asked:
        return ""
    texts: list[Text] = [say("pg_ask_again", n=str(said.version))] if said is not None else []
    texts.append(say("pg_ask_meaning"))
    if shown.document.ack_by is not None:
        texts.append(say("pg_ask_by", when=When(shown.document.ack_by, zone, part="inside")))
    hidden = f'<input type="hidden" name="version" value="{shown.document.version}">'
    return (
        f'<section class="box ask"><h2>{_html(say("pg_ask"), reader)}</h2>'
        f"{''.join(f'<p>{_html(each, reader)}</p>' for each in texts)}"
        f"{_form(shown, 'read', 'btn main', _icon('check') + _html(say('b_read'), reader), hidden)}</section>"
    )


def _copy(shown: Note) -> str:
    reader = shown.reader
    rows = [
        ("pg_reader", f"<bdi>{escape(shown.member.name)}</bdi>"),
        ("pg_languages", " · ".join(f"<bdi>{_html(LanguageName(each), reader)}</bdi>" for each in shown.files)),
        ("pg_stays", _html(say("pg_stays_how"), reader)),
    ]
    made = "".join(f"<div><dt>{_html(say(name), reader)}</dt><dd>{value}</dd></div>" for name, value in rows if value)
    return (
        f'<section class="box"><h2>{_html(say("pg_copy"), reader)}</h2><dl>{made}</dl>'
        f"<p>{_html(say('pg_correct'), reader)}</p>"
        f"{_form(shown, 'close', 'btn', _html(say('pg_leave'), reader))}</section>"
    )


def _form(shown: Note, name: str, kind: str, label: str, hidden: str = "") -> str:
    return (
        f'<form method="post" action="{shown.base}/m/d/{shown.document.key}/{name}">{hidden}'
        f'<input type="hidden" name="form" value="{shown.form}">'
        f'<button class="{kind}" type="submit">{label}</button></form>'
    )


def _opened(shown: Note) -> Text:
    return say("pg_opened_by", name=shown.member.name, when=shown.opened)


def _watermark(line: str) -> str:
    """Draw the reader's name all over the sheet, hidden from screen readers; attributes alone, no style."""
    text = f'direction="ltr">{escape(line)}</text>'
    return (
        '<svg class="wm" aria-hidden="true" focusable="false"><defs><pattern id="w" width="420" height="190" '
        'patternUnits="userSpaceOnUse" patternTransform="rotate(-24)">'
        f'<text x="10" y="40" {text}<text x="-200" y="135" {text}<text x="220" y="135" {text}'
        '</pattern></defs><rect width="100%" height="100%" fill="url(#w)"/></svg>'
    )


def _one(reader: Reader, base: str, icon: str, title: str, texts: Sequence[str], small: str, action: str = "") -> str:
    first, *others = texts
    parts = [
        f'<div class="one"><div><div class="g">{_icon(icon)}</div><h1>{_html(say(title), reader)}</h1>',
        f'<p class="strong">{_html(say(first), reader)}</p>',
        *(f"<p>{_html(say(each), reader)}</p>" for each in others),
        action,
        f'<p class="small">{_html(say(small), reader)}</p>' if small else "",
        "</div></div>",
    ]
    return _page(reader, base, plain(say(title), reader), "".join(parts))


def _page(
    reader: Reader, base: str, title: str, body: str, community: str = "", kind: Text = "", foot: str = ""
) -> str:
    direction = "rtl" if reader.language in RTL else "ltr"
    small = f"<small>{_html(kind, reader)}</small>" if kind else ""
    top = f"<div><bdi>{escape(community)}</bdi>{small}</div>" if community else ""
    return (
        f'<!doctype html>\n<html lang="{reader.language}" dir="{direction}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{escape(title)}</title>\n'
        f'<link rel="stylesheet" href="{base}/m/{STYLE_NAME}">\n</head>\n<body>\n'
        + (f'<header class="top"><div class="in">{_MARK}{top}</div></header>\n' if top else "")
        + f"<main>{body}</main>\n"
        + (f'<footer class="foot"><div class="in">{foot}</div></footer>\n' if foot else "")
        + "</body>\n</html>\n"
    )


def _html(text: Text, reader: Reader) -> str:
    return escape(plain(text, reader))


def _icon(name: str) -> str:
    return f'<svg class="i" viewBox="0 0 24 24" aria-hidden="true">{_ICONS[name]}</svg>'
