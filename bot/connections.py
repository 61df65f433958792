"""The connections beyond the first of each platform: a community file names the variables that hold their tokens."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dotenv import dotenv_values

from bot.settings import Settings, SettingsError
from storage import connections
from storage.communities import Connection
from storage.database import Database

NAME = connections.NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Be the tokens of one connection; `name` is "" for the first of its platform, which the settings describe.

    `workspace` is what the community file says it is (Slack: team id, Telegram: bot id), "" when nobody said.
    """

    platform: str
    name: str = ""
    workspace: str = ""
    bot: str = field(default="", repr=False)
    app: str = field(default="", repr=False)
    signing: str = field(default="", repr=False)
    webhook: str = field(default="", repr=False)

    @property
    def hears(self) -> str:
        """Tell how it takes things in: `socket`, `http`, `webhook` or `polling`."""
        if self.platform == "slack":
            return "socket" if self.app else "http"
        return "webhook" if self.webhook else "polling"

    @property
    def path(self) -> str:
        """Give where the platform reaches it by HTTP, "" when we ask or keep a connection open."""
        own = {"http": "/slack/events", "webhook": "/telegram/webhook"}.get(self.hears, "")
        return f"/connections/{self.name}{own}" if own and self.name else own

    @property
    def secrets(self) -> tuple[str, ...]:
        """Give every secret value, for the filter that keeps them out of the logs."""
        return tuple(each for each in (self.bot, self.app, self.signing, self.webhook) if each)


def first(settings: Settings) -> list[Tokens]:
    """Give the first connection of every platform that has a token in the settings."""
    made = []
    if settings.slack:
        made.append(
            Tokens(
                platform="slack",
                bot=settings.slack_bot_token.get_secret_value(),
                app=settings.slack_app_token.get_secret_value(),
                signing=settings.slack_signing_secret.get_secret_value(),
            )
        )
    if settings.telegram:
        made.append(
            Tokens(
                platform="telegram",
                bot=settings.telegram_bot_token.get_secret_value(),
                webhook=settings.telegram_webhook_secret.get_secret_value(),
            )
        )
    return made


async def further(database: Database, settings: Settings) -> list[Tokens]:
    """Give the connections that community files describe. Raise `SettingsError` naming a variable that is not set.

    One whose token is also the first connection's is left out: it is that one.
    """
    async with database.read() as db:
        rows = await connections.described(db)
    environment = {**dotenv_values(".env"), **os.environ} if rows else {}
    known = {each.bot for each in first(settings)}
    found = [_tokens(each, environment, settings) for each in rows]
    return [each for each in found if each.bot not in known]


def _tokens(row: Connection, environment: Mapping[str, str | None], settings: Settings) -> Tokens:
    name = row.variables[NAME]
    values: dict[str, str] = {}
    for purpose, variable in row.variables.items():
        if purpose == NAME:
            continue
        values[purpose] = (environment.get(variable) or "").strip()
        if not values[purpose]:
            raise SettingsError(f"connection {name}: the variable {variable} is not set")
    if row.platform == "telegram" and values.get("webhook") and not settings.public_url:
        raise SettingsError(f"connection {name}: its webhook needs PUBLIC_URL, the address Telegram reaches us at")
    return Tokens(platform=row.platform, name=name, workspace=row.workspace, **values)


def title(platform: str, name: str) -> str:
    """Give a connection's name for people: `slack`, or `slack (north)` for one of a community file."""
    return f"{platform} ({name})" if name else platform


def single(found: Sequence[tuple[str, str]]) -> None:
    """Check that no bot or workspace `(platform, workspace)` is connected twice. Raise `SettingsError`."""
    for each in found:
        if found.count(each) > 1:
            raise SettingsError(f"two connections are the same {each[0]} bot or workspace ({each[1]}); remove one")


def expected(tokens: Tokens, workspace: str) -> None:
    """Check that a token belongs to the workspace the community file names. Raise `SettingsError`."""
    if tokens.workspace and tokens.workspace != workspace:
        raise SettingsError(
            f"connection {tokens.name}: its token is of {tokens.platform} {workspace}, "
            f"the community file says {tokens.workspace}"
        )
