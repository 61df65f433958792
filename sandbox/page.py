"""The plain page: a read-only transcript of what each person sees on each platform."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from aiohttp import web

from sandbox.people import Person
from sandbox.world import ChatView, MessageView, World

STYLE = """
:root{color-scheme:light dark;--paper:#F4F2EC;--surface:#FFFFFF;--ink:#15212A;--ink-2:#45525C;--line:#858C90;
--brand:#0E5563;--soft:#DCECED}
@media (prefers-color-scheme:dark){:root{--paper:#0F161B;--surface:#172027;--ink:#E9EEF0;--ink-2:#B4C0C7;
--line:#6F7E87;--brand:#6CC5D2;--soft:#15353C}}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:760px;margin:0 auto;padding:24px 16px 48px}
h1,h2{font-family:"Iowan Old Style",Palatino,"Noto Serif",Georgia,serif;line-height:1.25}
h2{margin:48px 0 4px;padding-top:16px;border-top:1px solid var(--line)}h3{margin:24px 0 8px}
a{color:var(--brand)}a:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
nav ul{display:flex;flex-wrap:wrap;gap:4px 16px;padding:0;list-style:none}nav a{display:inline-block;padding:4px 0}
.who,time,.fine{color:var(--ink-2);font-size:13px}
.message{background:var(--surface);border-radius:8px;padding:8px 12px;margin:8px 0;overflow-wrap:anywhere}
.mine{background:var(--soft);margin-left:15%}.text{white-space:pre-wrap;unicode-bidi:plaintext;margin:4px 0}
.button{display:inline-block;border:1px solid var(--line);border-radius:8px;padding:2px 10px;margin:4px 4px 0 0;
font-size:13px}
"""


def page(title: str, body: str) -> web.Response:
    """Wrap a page; nothing in it may run or load anything."""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return web.Response(body=text.encode(errors="replace"), content_type="text/html", charset="utf-8", headers=headers)


class Pages:
    """Answer `/control/screen.html`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        """Give the route of the page."""
        return [web.get("/control/screen.html", self.transcript)]

    async def transcript(self, request: web.Request) -> web.Response:
        """Show every chat of every person, or of the one named by `person`."""
        people = list(self.world.people)
        if wanted := request.query.get("person"):
            people = [self.world.people.named(wanted)]
        links = "".join(f'<li><a href="#{escape(each.id)}">{escape(each.name)}</a></li>' for each in people)
        now = escape(self.world.clock.now().strftime("%A %Y-%m-%d %H:%M"))
        head = f'<h1>What each person sees</h1><p>{now} UTC</p><nav aria-label="People"><ul>{links}</ul></nav>'
        return page("What each person sees", head + "".join(self._person(each) for each in people))

    def _person(self, person: Person) -> str:
        where = [side for name, side in self.world.sides.items() if getattr(person, name, None)]
        about = f"{person.id} · {person.zone} · {person.language}"
        parts = [f'<section id="{escape(person.id)}"><h2>{escape(person.name)}</h2><p class="who">{escape(about)}</p>']
        for side in where:
            parts += [_chat(side.name.title(), chat, person) for chat in side.screen(person)]
            parts += [_view(side.name.title(), name, view) for name, view in side.views(person).items()]
        if len(parts) == 1:
            parts.append("<p>Nothing yet.</p>")
        return "".join(parts) + "</section>"


def _chat(platform: str, chat: ChatView, person: Person) -> str:
    title = f"{platform}: {chat['title']}"
    messages = "".join(_message(each, person) for each in chat["messages"])
    toasts = "".join(
        f'<p class="fine">Note at {_time(each["at"])}: <span dir="auto">{escape(each["text"])}</span></p>'
        for each in chat["toasts"]
    )
    return f"<h3>{escape(title)}</h3>{messages or '<p>Nothing yet.</p>'}{toasts}"


def _rows(shown: Mapping[str, Any]) -> str:
    return "".join(
        "<div>" + "".join(f'<span class="button" dir="auto">{escape(each["label"])}</span>' for each in row) + "</div>"
        for row in shown.get("buttons") or []
    )


def _message(message: MessageView, person: Person) -> str:
    sender = message.get("from", "")
    marks = [word for word in ("edited", "silent") if message.get(word)] + (
        ["protected"] * bool(message.get("protect"))
    )
    rows = _rows(message)
    document = f'<p class="fine">File: {escape(message["document"])}</p>' if message.get("document") else ""
    about = " · ".join([escape(sender), _time(message.get("at", "")), *marks])
    mine = " mine" if sender == person.name else ""
    text = str(message.get("shown") or message.get("text") or "")
    return (
        f'<div class="message{mine}"><div class="who">{about}</div>'
        f'<p class="text" dir="auto">{escape(text)}</p>{document}{rows}</div>'
    )


def _view(platform: str, name: str, view: object) -> str:
    """Draw what is open besides chats: a modal or a home tab, as far as it has a text and buttons."""
    if not isinstance(view, dict) or "text" not in view:
        return ""
    inputs = [f"{each.get('label', '')}: {each.get('value') or 'empty'}" for each in view.get("inputs") or ()]
    fields = "".join(f'<p class="fine" dir="auto">{escape(each)}</p>' for each in inputs)
    text = f'<p class="text" dir="auto">{escape(str(view["text"]))}</p>'
    return f'<h3>{escape(platform)}: {escape(name)}</h3><div class="message">{text}{fields}{_rows(view)}</div>'


def _time(at: str) -> str:
    return f'<time datetime="{escape(at)}">{escape(at[:16].replace("T", " "))} UTC</time>'
