"""Further bots and workspaces: the file names the environment variables that hold their tokens, never the tokens."""

from __future__ import annotations

import re

from sqlalchemy import select

from storage.communities import Connection
from storage.community_file._merge import Merge
from storage.community_file._people import PLATFORMS
from storage.community_file._reading import Value
from storage.community_file._report import Change, Refused
from storage.community_file._shape import CommunityFile, ConnectionEntry
from storage.connections import NAME
from storage.database import Session

PURPOSES = {"slack": ("bot", "app", "signing"), "telegram": ("bot", "webhook")}
"""What a platform needs tokens for, the first of them always."""
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


def read_connection(value: Value) -> ConnectionEntry:
    """Read one entry of `connections`."""
    block = value.block()
    platform = block.choice("platform", PLATFORMS, required=True)
    name = block.field("name", required=True)
    written = name.text() if name else ""
    if name and not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,19}", written):
        name.complain(f'"{written}" is no name: small letters, digits and "-", at most 20')
    workspace = block.field("workspace", required=True)
    place = workspace.text(64) if workspace else ""
    if workspace and platform == "slack" and not re.fullmatch(r"[TE][A-Z0-9]+", place):
        workspace.complain(f'"{place}" is no Slack team id; it begins with T or E')
    if workspace and platform == "telegram" and not re.fullmatch(r"[1-9]\d{0,18}", place):
        workspace.complain(f'"{place}" is no id of a Telegram bot; it is the number before the colon of its token')
    tokens = block.field("tokens", required=True)
    variables = _variables(tokens, platform) if tokens and platform in PURPOSES else {}
    block.finish()
    return ConnectionEntry(platform=platform, name=written, workspace=place, tokens=variables)


def _variables(value: Value, platform: str) -> dict[str, str]:
    block, found = value.block(), {}
    for purpose in PURPOSES[platform]:
        each = block.field(purpose, required=purpose == "bot")
        if each is None:
            continue
        variable = each.text()
        if not _VARIABLE.fullmatch(variable):  # not repeated here: it could be the token itself
            each.complain("write the name of an environment variable, such as NORTH_BOT_TOKEN, never the token itself")
        found[purpose] = variable
    if platform == "slack" and "bot" in found and not found.keys() & {"app", "signing"}:
        value.complain("`app` (Socket Mode) or `signing` (signed HTTP) is missing")
    block.finish()
    return found


async def take_in_connections(db: Session, merge: Merge, file: CommunityFile) -> None:
    """Remember where the tokens of further connections are; one no longer in the file is not used any more.

    Raise `Refused` when a name belongs to another bot or workspace, described by another community's file.
    """
    rows = list(await db.scalars(select(Connection)))
    for entry in file.connections:
        here = (entry.platform, entry.workspace)
        row = next((each for each in rows if (each.platform, each.workspace) == here), None)
        if any(each.variables.get(NAME) == entry.name and each is not row for each in rows):
            raise Refused(f"the connection name {entry.name} belongs to another bot or workspace")
        if row is None:
            row = Connection(platform=entry.platform, workspace=entry.workspace, variables={})
            db.add(row)
            rows.append(row)
        wanted, before = {NAME: entry.name, **entry.tokens}, row.variables
        if before != wanted:
            row.variables = wanted
        if entry.platform == "slack":  # a Telegram bot's own name makes its links and is known once it runs
            row.name = entry.name
        values = {"platform": entry.platform, "workspace": entry.workspace, **entry.tokens}
        changed = ["variables"] if before != wanted else []
        merge.done("connection", entry.name, values, added=not before, changed=changed)
    for name in merge.gone("connection"):
        for row in rows:
            if row.variables.get(NAME) == name:
                row.variables = {}
        said = ("no longer in the file, not used any more",)
        merge.report.changes.append(Change("changed", "connection", name, said))
