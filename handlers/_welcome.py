"""First words: to strangers, to people who have not agreed yet, and to those who may not do something."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from chat.copy import COPY
from chat.inbound import Click
from chat.language import LANGUAGES
from chat.message import Button, Message, Press, Row, button, row, rows
from chat.outbound import Answer, Edit, Reply
from chat.text import Bold, Cmd, LanguageName, Link, Text, When, say, zone_city
from handlers._feature import Context

OPEN_FOR = timedelta(days=30)
"""How long somebody who said "not now" may still agree; then their invitation data is erased (domain 3.7)."""


def go(label: str, words: str, *, primary: bool = False) -> Button:
    """Make a button that runs a command: label `b_<label>`, words as in `meeting_new` or `meeting_status_M6`."""
    return button(label, "go", arg=words, style="primary" if primary else "default")


def languages(purpose: str = "", whose: str = "") -> tuple[Row, ...]:
    """Make the five language buttons, each in its own words; `purpose` says which card is drawn again, and for whom."""
    made = [Button(LanguageName(code), Press("lang", purpose, whose, code)) for code in LANGUAGES]
    return rows(row(*made[:3]), row(*made[3:]))


def stranger() -> Message:
    """Tell somebody we do not know what this is; offers only what anybody may use."""
    return Message(
        (say("e_stranger"),), rows(row(go("webinars", "webinar"), go("about", "about"), go("language", "language")))
    )


def no_right() -> Message:
    """Tell a member that this is for organisers."""
    return Message((say("e_role"),), rows(row(go("home", "home"), go("help", "help"))))


def consent_version(language: str) -> str:
    """Name the text somebody agreed to: its key, language and a digest of its English source."""
    digest = hashlib.sha256(str(COPY["welcome_consent"]).encode()).hexdigest()[:8]
    return f"welcome_consent:{language}:{digest}"


def welcome_consent(ctx: Context) -> Message:
    """Ask for consent, with the community's controller and privacy link."""
    address = ctx.community.privacy_link
    details: Text = Link(address, address) if address.startswith("https://") else Cmd("privacy")
    text = say(
        "welcome_consent",
        first_name=ctx.me.first_name,
        community_name=ctx.community.name,
        controller_name=ctx.community.controller_name or ctx.community.name,
        privacy_link=details,
        cmd_stop=Cmd("stop"),
    )
    key = ctx.me.key  # names the community, for somebody who is in several
    answers = row(button("agree", "agree", key, style="primary"), button("not_now", "notnow", key))
    return Message((text,), rows(answers, *languages("join", key)))


def not_now(ctx: Context) -> Message:
    """Confirm that nothing is sent, and keep the door open."""
    until = When(ctx.now + OPEN_FOR, ctx.community.zone, part="date")
    return Message((say("p_not_now", date=until),), rows(row(button("agree", "agree", ctx.me.key, style="primary"))))


def place_line(ctx: Context) -> Text:
    """Say language and zone as in `English, Helsinki`."""
    return (LanguageName(ctx.reader.language), ", ", zone_city(ctx.me.zone, ctx.reader))


def welcome(ctx: Context) -> Message:
    """Greet a new member: check language and zone, say what comes."""
    lines: tuple[Text, ...] = (
        Bold(say("p_welcome", community=ctx.community.name)),
        say("p_right", what=place_line(ctx)),
        say("p_comes", cmd_stop=Cmd("stop")),
    )
    return Message(
        lines,
        rows(
            row(button("right", "right", style="primary"), go("language", "language"), go("zone", "zone")),
            row(go("home", "home")),
        ),
    )


def turn(ctx: Context, message: Message, *, private: bool = False) -> Answer:
    """Turn the pressed message into this one; where none was pressed (commands, App Home), say it anew."""
    if isinstance(ctx.inbound, Click) and ctx.inbound.message is not None:
        return Edit(message)
    return Reply(message, private=private)
