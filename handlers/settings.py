"""Language and time zone of a person, by buttons or typed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from zoneinfo import available_timezones

from babel.core import get_global
from babel.dates import get_day_names

from chat.language import LANGUAGE_NAMES, LANGUAGES, known, locale
from chat.message import Button, Message, Press, rows
from chat.outbound import Reply, Toast
from chat.text import Bold, Cmd, LanguageName, say, zone_city
from handlers import _delegating, _webinar_registering
from handlers._commands import JOINED, fold, offer
from handlers._feature import Answers, Context, Feature
from handlers._screens import chats
from handlers._welcome import languages, turn, welcome_consent

feature = Feature("settings")

NEAR = 8
"""Time zones offered at once (conversation §5.2, f_zone)."""


@feature.command("settings", "preferences", "réglages", "ayarlar", "الإعدادات", "ajustes", where="slack", menu=True)
async def settings(ctx: Context, _rest: str) -> Answers:
    """Show language, zone, quiet hours and chat, with what can be changed."""
    member = ctx.me
    names = get_day_names("abbreviated", locale=locale(ctx.reader.language))
    days = ", ".join(names[int(each)] for each in member.weekend.split(",") if each.isdigit())
    chat = chats(ctx)
    lines = (
        Bold(say("p_settings")),
        say("p_set_language", language=LanguageName(known(member.language))),
        say("p_set_zone", zone=zone_city(member.zone, ctx.reader)),
        say("p_set_quiet", start=f"{member.quiet_from:02}:00", end=f"{member.quiet_to:02}:00", days=days or "–"),
        say("p_set_chat", platforms=chat) if chat else say("p_set_no_chat"),
    )
    buttons = rows(offer(("language", "language"), ("zone", "zone")), offer(("privacy", "privacy"), ("home", "home")))
    return [Reply(Message(lines, buttons))]


@feature.command("language", "lang", "langue", "dil", "اللغة", "idioma", who="anyone", where="slack")
async def language(ctx: Context, rest: str) -> Answers:
    """Offer the five languages, or take the one that was named."""
    for code, name in LANGUAGE_NAMES.items():
        if rest and fold(rest) in (fold(code), fold(name)):
            return _speak(ctx, code)
    return [Reply(Message((say("p_language"),), languages()))]


@feature.click("lang", who="anyone")
async def language_pressed(ctx: Context, press: Press) -> Answers:
    """Answer in the chosen language from now on; a consent card is shown again in it."""
    if press.arg not in LANGUAGES:
        return [Toast(say("e_gone"))]
    if press.key == "join" and ctx.member is not None and ctx.member.state not in JOINED:
        _choose(ctx, press.arg)
        return [turn(ctx, await _delegating.with_ask(ctx, welcome_consent(ctx)), private=True)]
    return _speak(ctx, press.arg)


@feature.command("zone", "timezone", "fuseau", "saat dilimi", "المنطقة الزمنية", "zona", where="slack")
async def zone(ctx: Context, rest: str) -> Answers:
    """Show the zone with those of the member's country, or take a typed city or IANA name."""
    if not rest:
        here = zone_city(ctx.me.zone, ctx.reader)
        near = [each for each in _of_country(ctx.me.country) if each != ctx.me.zone]
        text = say("p_zone", zone=here, example=Cmd("zone Istanbul"))
        return [Reply(Message((text,), rows(*_buttons(ctx, near), offer(("settings", "settings"), ("home", "home")))))]
    meant = _named(rest)
    if len(meant) == 1:
        return _move(ctx, meant[0])
    if meant:
        return [Reply(Message((say("p_zone_which"),), rows(*_buttons(ctx, list(meant)))))]
    text = say("p_zone_unknown", place=rest[:40], example=Cmd("zone Istanbul"))
    return [Reply(Message((text,), rows(offer(("zone", "zone"), ("settings", "settings")))))]


@feature.click("zone")
async def zone_pressed(ctx: Context, press: Press) -> Answers:
    """Take a zone by button."""
    return _move(ctx, press.arg) if press.arg in _cities() else [Toast(say("e_gone"))]


def _choose(ctx: Context, code: str) -> None:
    if (person := _webinar_registering.owner(ctx)) is not None:
        person.language = code
    ctx.reader = replace(ctx.reader, language=code)


def _speak(ctx: Context, code: str) -> Answers:
    _choose(ctx, code)
    buttons = offer(("home", "home"), ("settings", "settings")) if ctx.member else offer(("about", "about"))
    return [turn(ctx, Message((say("p_language_set", language=LanguageName(code)),), rows(buttons)))]


def _move(ctx: Context, name: str) -> Answers:
    ctx.me.zone = name
    ctx.reader = replace(ctx.reader, zone=name)
    text = say("p_zone_set", zone=zone_city(name, ctx.reader))
    return [turn(ctx, Message((text,), rows(offer(("settings", "settings"), ("home", "home")))))]


def _buttons(ctx: Context, names: list[str]) -> tuple[tuple[Button, ...], ...]:
    made = [Button(zone_city(name, ctx.reader)[:24], Press("zone", "", "", name)) for name in names[:NEAR]]
    return tuple(tuple(made[start : start + 2]) for start in range(0, len(made), 2))


@cache
def _cities() -> dict[str, tuple[str, ...]]:
    """Give every IANA zone of a place with its folded name: `{"Asia/Dhaka": ("dhaka",)}`."""
    return {
        name: fold(name.rpartition("/")[2])
        for name in sorted(available_timezones())
        if name in get_global("zone_territories")
    }


def _of_country(country: str) -> list[str]:
    return [name for name in _cities() if country and get_global("zone_territories").get(name) == country]


def _named(text: str) -> tuple[str, ...]:
    """Find the zones whose city or IANA name was typed, in any of the five languages."""
    wanted = fold(text.replace("/", " "))
    exact = tuple(name for name, city in _cities().items() if wanted in (city, fold(name.replace("/", " "))))
    return exact or tuple(
        dict.fromkeys(name for code in LANGUAGES for name in _cities() if fold(_city(name, code)) == wanted)
    )


@cache
def _city(name: str, code: str) -> str:
    from chat.text import Reader

    return zone_city(name, Reader(language=code))
