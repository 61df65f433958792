"""The pages of a webinar as HTML: no script, no cookie, nothing from elsewhere; made for keyboards and readers, too."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape

from chat.language import LANGUAGE_NAMES, LANGUAGES, RTL
from chat.text import Reader, Text, render, say
from handlers import _countries
from handlers._webinar_fields import TYPES

STYLE = """
:root{color-scheme:light dark;--paper:#f4f2ec;--surface:#fff;--sunken:#eae7de;--ink:#15212a;--ink-2:#45525c;
--line:#858c90;--brand:#0e5563;--on-brand:#fff;--bad:#a3271d;
--serif:"Iowan Old Style","Palatino Linotype",Palatino,"Noto Serif",Georgia,serif}
@media (prefers-color-scheme:dark){:root{--paper:#0f161b;--surface:#172027;--sunken:#1f2a32;--ink:#e9eef0;
--ink-2:#b4c0c7;--line:#6f7e87;--brand:#6cc5d2;--on-brand:#06242a;--bad:#f49b90}}
:root:lang(ar){--serif:"Noto Naskh Arabic","Geeza Pro","Noto Sans Arabic","Segoe UI",Tahoma,sans-serif}
*{box-sizing:border-box}
body{font:1rem/1.5 system-ui,"Noto Sans","Noto Sans Arabic",sans-serif;margin:0;color:var(--ink);
background:var(--paper);overflow-wrap:anywhere}
main,header{max-width:40rem;margin:0 auto;padding:1rem}
main{padding-bottom:3rem}
main>p{margin:.4rem 0}
main>p:first-child{color:var(--ink-2);margin:0}
h1{font:600 1.75rem/1.25 var(--serif);margin:.25rem 0 .75rem;text-wrap:balance}
label,legend{display:block;font-weight:600;margin:1.1rem 0 .3rem}
input,select{font:inherit;width:100%;min-height:2.9rem;padding:.5rem .75rem;border:1px solid var(--line);
border-radius:8px;background:var(--surface);color:inherit}
input[type=checkbox]{width:1.25rem;height:1.25rem;min-height:0;margin:0;margin-inline-end:.6rem;vertical-align:-.2em;
accent-color:var(--brand)}
.check{font-weight:400}
.hint{margin:.2rem 0;color:var(--ink-2)}
.wrong{color:var(--bad);font-weight:600;margin:.2rem 0}
.box{background:var(--sunken);border-radius:8px;padding:.25rem 1rem;margin:1.25rem 0}
.box p{margin:.6rem 0}
button{font:inherit;font-weight:600;margin-top:1.25rem;min-height:2.9rem;padding:.6rem 1.4rem;
border:1px solid var(--brand);border-radius:8px;background:var(--brand);color:var(--on-brand);cursor:pointer}
button.plain{background:var(--surface);color:var(--brand)}
a{color:var(--brand)}
a:focus,button:focus,input:focus,select:focus{outline:3px solid var(--brand);outline-offset:2px}
nav a,nav strong{margin-inline-end:1rem;display:inline-block;padding:.3rem 0}
@media (max-width:30rem){button{width:100%}}
""".strip()
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",  # with none at all, browsers do not say where a form was sent from
}
"""Headers of these pages: forms go to ourselves alone, the one style sheet is named by its hash."""
FIELDS = ("name", "organisation", "country", "email", "agree")


def page(title: Text, parts: Iterable[str], reader: Reader, *, languages: bool = True) -> str:
    """Make a whole page; `parts` are HTML already."""
    direction = "rtl" if reader.language in RTL else "ltr"
    nav = _languages(reader.language) if languages else ""
    body = "\n".join(each for each in parts if each)
    return (
        f'<!doctype html>\n<html lang="{reader.language}" dir="{direction}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(_flat(title, reader))}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{nav}<main>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def written(text: str, tag: str = "p") -> str:
    """Write what organisers typed; its own language decides the direction."""
    return f'<{tag} dir="auto">{escape(text)}</{tag}>' if text else ""


def paragraph(text: Text, reader: Reader, kind: str = "") -> str:
    """Write a paragraph; an empty text gives none."""
    inner = html(text, reader)
    return f'<p class="{kind}">{inner}</p>' if inner and kind else f"<p>{inner}</p>" if inner else ""


def box(texts: Iterable[Text], reader: Reader) -> str:
    """Write paragraphs in a frame."""
    return '<div class="box">' + "".join(paragraph(each, reader) for each in texts) + "</div>"


def anchor(label: Text, address: str, reader: Reader) -> str:
    """Write a link to an address we made or checked."""
    return f'<p><a href="{escape(address)}" rel="noreferrer noopener">{html(label, reader)}</a></p>'


def html(text: Text, reader: Reader) -> str:
    """Render a text; everything is escaped, only links that start with https become links."""
    made: list[str] = []
    for run in render(text, reader):
        inner = escape(run.text).replace("\n", "<br>")
        inner = f"<strong>{inner}</strong>" if run.bold else inner
        if run.url.startswith("https://"):
            inner = f'<a href="{escape(run.url)}" rel="noreferrer noopener">{inner}</a>'
        made.append(inner)
    return "".join(made)


def _flat(text: Text, reader: Reader) -> str:
    return " ".join("".join(run.text for run in render(text, reader)).split())


def _languages(current: str) -> str:
    made = [
        f"<strong>{LANGUAGE_NAMES[each]}</strong>"
        if each == current
        else f'<a href="?lang={each}" lang="{each}" hreflang="{each}">{LANGUAGE_NAMES[each]}</a>'
        for each in LANGUAGES
    ]
    return f"<header><nav>{''.join(made)}</nav></header>\n"


def form(token: str, reader: Reader, values: Mapping[str, str], wrong: Mapping[str, Text], *, email: bool) -> str:
    """Write the form; what was wrong stands above it with links to the fields, and at each field."""
    types = [(each, say(f"we_org_{each}")) for each in TYPES]
    countries = list(_countries.names(reader.language).items())
    parts = [
        _summary(wrong, reader),
        '<form id="form" method="post" novalidate>',
        f'<input type="hidden" name="token" value="{escape(token)}">',
        _text("name", say("we_q_name"), reader, values, wrong, 'autocomplete="name" maxlength="80" required'),
        _select("organisation", say("we_q_organisation"), types, reader, values, wrong),
        _select("country", say("we_q_country"), countries, reader, values, wrong, 'autocomplete="country"'),
        _text(
            "email", say("we_p_email"), reader, values, wrong, 'type="email" autocomplete="email" maxlength="254"',
            say("we_p_email_hint"),
        ) if email else "",
        _agree(reader, values, wrong),
        f'<button type="submit">{html(say("b_register"), reader)}</button>',
        "</form>",
    ]  # fmt: skip
    return "\n".join(each for each in parts if each)


def action(name: str, label: Text, reader: Reader, *, plain: bool = False) -> str:
    """Write a form of one button."""
    kind = ' class="plain"' if plain else ""
    return (
        f'<form method="post"><input type="hidden" name="do" value="{name}">'
        f'<button{kind} type="submit">{html(label, reader)}</button></form>'
    )


def _summary(wrong: Mapping[str, Text], reader: Reader) -> str:
    if not wrong:
        return ""
    items = "".join(f'<li><a href="#{name}">{html(text, reader)}</a></li>' for name, text in wrong.items())
    return f'<div class="box" role="alert"><p>{html(say("we_p_wrong"), reader)}</p><ul>{items}</ul></div>'


def _about(name: str, reader: Reader, wrong: Mapping[str, Text], hint: Text | None) -> tuple[str, str]:
    """Give the lines that explain a field, and the attributes that tie them to it."""
    lines, ids = "", []
    if hint is not None:
        lines += f'<p class="hint" id="{name}-hint">{html(hint, reader)}</p>'
        ids.append(f"{name}-hint")
    if name in wrong:
        lines += f'<p class="wrong" id="{name}-wrong">{html(wrong[name], reader)}</p>'
        ids.append(f"{name}-wrong")
    tied = f' aria-describedby="{" ".join(ids)}"' if ids else ""
    return lines, tied + (' aria-invalid="true"' if name in wrong else "")


def _text(
    name: str, label: Text, reader: Reader, values: Mapping[str, str], wrong: Mapping[str, Text], more: str,
    hint: Text | None = None,
) -> str:  # fmt: skip
    lines, tied = _about(name, reader, wrong, hint)
    value = escape(values.get(name, ""))
    return (
        f'<label for="{name}">{html(label, reader)}</label>{lines}'
        f'<input id="{name}" name="{name}" value="{value}" {more}{tied}>'
    )


def _select(
    name: str, label: Text, options: Iterable[tuple[str, Text]], reader: Reader, values: Mapping[str, str],
    wrong: Mapping[str, Text], more: str = "",
) -> str:  # fmt: skip
    lines, tied = _about(name, reader, wrong, None)
    chosen = values.get(name, "")
    made = [f'<option value="">{html(say("we_p_choose"), reader)}</option>']
    made += [
        f'<option value="{value}"{" selected" if value == chosen else ""}>{escape(_flat(shown, reader))}</option>'
        for value, shown in options
    ]
    return (
        f'<label for="{name}">{html(label, reader)}</label>{lines}'
        f'<select id="{name}" name="{name}" required {more}{tied}>{"".join(made)}</select>'
    )


def _agree(reader: Reader, values: Mapping[str, str], wrong: Mapping[str, Text]) -> str:
    lines, tied = _about("agree", reader, wrong, None)
    checked = " checked" if values.get("agree") == "yes" else ""
    return (
        f'{lines}<label class="check" for="agree"><input type="checkbox" id="agree" name="agree" value="yes" required'
        f"{checked}{tied}>{html(say('we_p_agree'), reader)}</label>"
    )
