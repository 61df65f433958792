"""Home for everybody and the desk for organisers."""

from __future__ import annotations

from chat.inbound import HomeOpened
from chat.outbound import Home, Reply
from handlers import _delegating
from handlers._commands import JOINED
from handlers._desk import desk_screen, todo_screen
from handlers._feature import Answers, Context, Feature
from handlers._screens import home_screen, home_sections
from handlers._welcome import stranger, welcome_consent

feature = Feature("home")


@feature.command(
    "home", "menu", "start", "hi", "hello", "accueil", "ana sayfa", "الرئيسية", "inicio",
    who="anyone", where="slack", menu=True,
)  # fmt: skip
async def home(ctx: Context, _rest: str) -> Answers:
    """Show what waits for the member; a stranger learns how to join, an invited person is asked first."""
    if ctx.member is None:
        return [Reply(stranger())]
    if ctx.member.state not in JOINED:
        return [Reply(await _delegating.with_ask(ctx, welcome_consent(ctx)), private=True)]
    return [Reply(await home_screen(ctx))]


@feature.on("home")
async def opened(ctx: Context, _inbound: HomeOpened) -> Answers:
    """Publish the home tab."""
    if ctx.member is None:
        return [Home((stranger(),))]
    if ctx.member.state not in JOINED:
        return [Home((await _delegating.with_ask(ctx, welcome_consent(ctx)),))]
    return [Home(await home_sections(ctx))]


@feature.command("desk", "organiser", "espace organisation", "panel", who="organiser", where="dm", menu=True)
async def desk(ctx: Context, _rest: str) -> Answers:
    """Show the organisers' desk."""
    return [Reply(await desk_screen(ctx))]


@feature.command("todo", "next", "handover", "à faire", "yapılacaklar", "pendientes", who="organiser", menu=True)
async def todo(ctx: Context, _rest: str) -> Answers:
    """Show what is to be done and what goes out in the next thirty days."""
    return [Reply(await todo_screen(ctx))]
