"""The command line: results on standard output, logs and complaints on standard error, never a traceback.

Exit codes: 0 good, 1 a finding, 2 wrong usage, settings or input (design §4).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot import commands, log
from bot.settings import Settings, SettingsError, load_settings
from storage import reports, statistics
from storage.community_file import FileError, Refused, Report
from storage.lock import DatabaseBusy
from storage.schema import SchemaError

PATIENCE = 9.7
"""Seconds after the wish to stop at which we are gone, whatever hangs (a name look-up, a disk): all that matters is on
disk and settled at the next start, and a service manager would kill us a moment later."""
T = TypeVar("T")
EXPECTED = (SettingsError, SchemaError, DatabaseBusy, FileError, Refused, commands.CommandError)

app = typer.Typer(
    name="convenor",
    help="Convenor: the secretariat's hands in Slack and Telegram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
memo = typer.Typer(help="Memos.", no_args_is_help=True)
app.add_typer(memo, name="memo")
FileArgument = Annotated[Path, typer.Argument(help="A community file (YAML).", metavar="FILE")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object for scripts.")]
Community = Annotated[str, typer.Option("--community", help="Key of the community, where there are several.")]


def main() -> None:
    """Run the command line."""
    for descriptor in (0, 1, 2):  # a file of ours opened in the place of a closed one would get what is printed
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    app()


def _settings() -> Settings:
    """Read the settings and begin to log."""
    try:
        settings = load_settings()
    except SettingsError as error:
        raise _complain(error) from None
    log.set_up(settings.log_level, settings.log_format, settings.secrets)
    return settings


def _complain(error: BaseException, code: int = 2) -> typer.Exit:
    for line in str(error).splitlines() or [type(error).__name__]:
        print(f"convenor: {line}", file=sys.stderr)
    return typer.Exit(code)


def _do(settings: Settings, work: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end; what a person can mend is one line and exit code 2."""
    try:
        return asyncio.run(work)
    except EXPECTED as error:
        raise _complain(error) from None
    except (SQLAlchemyError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise _complain(SettingsError(f"the database or a file cannot be used: {str(cause).splitlines()[0]}")) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except Exception as error:
        if settings.log_level == "DEBUG":
            raise
        name = type(error).__name__
        raise _complain(RuntimeError(f"unexpected error ({name}); LOG_LEVEL=DEBUG shows where"), 1) from None


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))


def _show(report: Report) -> None:
    for line in report.lines():
        print(line)


@app.command("init")
def init(file: FileArgument) -> None:
    """Create database, key file and community; print claim links for staff without an account."""
    settings = _settings()
    report, links = _do(settings, commands.initialise(settings, file, datetime.now(UTC)))
    _show(report)
    print(f"Key file: {settings.secret_key_file} (keep a copy in a safe place)")
    for each in links:
        print(*each.lines(), sep="\n")


@app.command("import")
def import_(
    file: FileArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, change nothing.")] = False,
) -> None:
    """Bring the database in step with a community file; doing it twice changes nothing."""
    settings = _settings()
    _show(_do(settings, commands.import_file(settings, file, datetime.now(UTC), dry_run=dry_run)))
    if dry_run:
        print("Nothing was changed (dry run).")


@app.command()
def links(
    people: Annotated[list[str] | None, typer.Option("--for", help="Id of a person; may be repeated.")] = None,
    as_json: Json = False,
    community: Community = "",
) -> None:
    """Make one-time join links, valid 72 hours: for those named, else for all who have not joined yet."""
    settings = _settings()
    made = _do(settings, commands.make_links(settings.database_url, datetime.now(UTC), people or (), community))
    if as_json:
        _print_json({"links": [each.as_json() for each in made]})
    elif not made:
        print("Everybody has joined; --for ID makes a link for one more account of a person.")
    for each in made if not as_json else ():
        print(*each.lines(), sep="\n")


@app.command()
def migrate() -> None:
    """Bring the tables of the database up to date."""
    settings = _settings()
    before, after = _do(settings, commands.migrate(settings))
    print(f"The database is up to date ({after})." if before == after else f"{before or 'no tables'} -> {after}")


@app.command()
def stats(as_json: Json = False, community: Community = "") -> None:
    """Show the meetings and indicators of a community."""

    async def read(url: str) -> dict[str, Any]:
        async with commands.reading(url, community) as db:
            return await statistics.stats_json(db, datetime.now(UTC))

    settings = _settings()
    found = _do(settings, read(settings.database_url))
    if as_json:
        _print_json(found)
    else:
        Console().print(*commands.stats_table(found), sep="\n\n")


@app.command()
def deliveries(
    as_json: Json = False,
    rows: Annotated[bool, typer.Option("--rows", help="Every single delivery, too.")] = False,
    community: Community = "",
) -> None:
    """Show what was sent, what became of it, and who cannot be reached."""

    async def read(url: str) -> dict[str, Any]:
        async with commands.reading(url, community) as db:
            return await reports.deliveries_json(db, rows)

    settings = _settings()
    found = _do(settings, read(settings.database_url))
    if as_json:
        _print_json(found)
    else:
        Console().print(*commands.deliveries_table(found), sep="\n\n")


@app.command()
def audit(
    last: Annotated[int, typer.Option("--last", min=1, max=100_000, help="How many entries.")] = 100,
    as_json: Json = False,
    community: Community = "",
) -> None:
    """Show who did what and when (never content), the latest entries last."""

    async def read(url: str) -> list[dict[str, Any]]:
        async with commands.reading(url, community) as db:
            return await reports.audit_json(db, last)

    settings = _settings()
    found = _do(settings, read(settings.database_url))
    if as_json:
        _print_json({"audit": found})
    else:
        Console().print(commands.audit_table(found))


@memo.command("add")
def memo_add(
    meeting: Annotated[str, typer.Argument(help="Short name of the meeting: M5.")],
    file: Annotated[Path, typer.Argument(help="PDF, DOCX or MD.", metavar="FILE")],
    author: Annotated[str, typer.Option(help="Id of who wrote it, as in the community file.")],
    approver: Annotated[str, typer.Option(help="Id of who is to approve it: somebody else.")],
    title: Annotated[str, typer.Option()] = "",
    language: Annotated[str, typer.Option()] = "",
    community: Community = "",
) -> None:
    """Check a memo and leave it as a draft; its text is printed nowhere. Not while the bot runs on SQLite."""
    settings = _settings()
    new = commands.NewMemo(
        meeting=meeting, file=file, author=author, approver=approver, title=title, language=language,
        community=community,
    )  # fmt: skip
    print(*_do(settings, commands.add_memo(settings, new, datetime.now(UTC))), sep="\n")


@app.command()
def check(as_json: Json = False) -> None:
    """Look for what would keep this installation from working: tokens, scopes, database, key file, clock."""
    from bot.checking import findings

    settings = _settings()
    found = _do(settings, findings(settings))
    if as_json:
        _print_json({"ok": not found, "findings": found})
    else:
        print(*(found or ["All is well."]), sep="\n")
    raise typer.Exit(1 if found else 0)


@app.command()
def resume() -> None:
    """Let messages go out again after a backup was restored; the bot may be running."""
    settings = _settings()
    print(_do(settings, commands.resume(settings.database_url, datetime.now(UTC))))


@app.command()
def run() -> None:
    """Run the bot until it is stopped (Ctrl+C or SIGTERM)."""
    from bot.app import serve

    settings = _settings()
    last = threading.Timer(PATIENCE, os._exit, (0,))
    last.daemon = True
    code = _do(settings, serve(settings, stopping=last.start))
    with suppress(ValueError):  # only the main thread of a program may
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)  # all is done; a second wish to stop must not spoil the exit code
    log.close()
    raise typer.Exit(code)


@app.command("demo")
def demo(
    play: Annotated[
        bool, typer.Option("--play", help="Play meetings, a memo and a webinar unattended and count what arrived.")
    ] = False,
    as_json: Json = False,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="With --play: main, meeting, memo or webinar.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of the sandbox; 0: any free one.")] = 9000,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in your browser.")] = False,
    community: Annotated[Path | None, typer.Option("--community", help="Community file; COPRR by default.")] = None,
) -> None:
    """Run the bot on a stand-in Slack and Telegram on this machine, with the COPRR community and a movable clock."""
    from bot import demo_command

    log.set_up("WARNING", "console")
    file = community or demo_command.COPRR
    try:
        code = asyncio.run(
            demo_command.play(file, tuple(scenario or ()), as_json=as_json)
            if play
            else demo_command.show(file, port, open_page=open_page)
        )
    except KeyboardInterrupt:
        code = 0
    except (*EXPECTED, ValueError, RuntimeError) as error:
        raise _complain(error, 1 if isinstance(error, RuntimeError) else 2) from None
    raise typer.Exit(code)
