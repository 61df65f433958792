"""The demo's surroundings: a sandbox whose people, chats and tokens match a community file."""

from __future__ import annotations

import socket
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from bot.settings import SettingsError
from storage.community_file import load

EXAMPLES = Path(__file__).parent.parent / "examples"
BOT_NAME = "convenor_demo_bot"
TOKEN_TAIL = "demo-token-for-the-sandbox-only-000"  # noqa: S105 - the stand-in's own, worth nothing elsewhere


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Know how to start a bot inside the demo's world: what the sandbox loads and the bot's environment."""

    spec: dict[str, Any]
    environment: dict[str, str]


def read_file(path: Path) -> dict[str, Any]:
    """Check and read a community file. Raise `FileError` naming line and field of what is wrong.

    Raise `SettingsError` for one with further connections: the demo plays one workspace and one bot.
    """
    checked = load(path)
    if checked.connections:
        raise SettingsError("the demo plays one Slack workspace and one Telegram bot; leave `connections` out")
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    people = {each.id: each for each in checked.people}
    for each in (*(found.get("staff") or ()), *(found.get("members") or ())):  # what a file may leave out
        entry = people[str(each["id"])]
        each["zone"], each["language"] = entry.zone, entry.language
        teams = {account.platform: account.workspace for account in entry.accounts}
        if "slack" in (each.get("accounts") or {}):
            each["accounts"]["slack"].setdefault("team", teams["slack"])
    for each, channel in zip(found.get("channels") or (), checked.channels, strict=True):
        each["workspace"] = channel.workspace
    return found


def surroundings(file: dict[str, Any], clock: datetime, reach: str = "") -> Surroundings:
    """Make a world in which everybody of a community file has their accounts and the bot is in every channel.

    `reach` is where the platforms reach the bot by HTTP; without it, it asks them (polling, Socket Mode).
    """
    people = [_person(each, "Staff") for each in file.get("staff", [])]
    people += [_person(each, "Members") for each in file.get("members", [])]
    staff = {each["id"] for each in file.get("staff", [])}
    spec: dict[str, Any] = {"people": people, "clock": clock.isoformat()}
    environment: dict[str, str] = {}
    channels = file.get("channels", [])
    slack = [each for each in channels if each["platform"] == "slack"]
    telegram = [each for each in channels if each["platform"] == "telegram"]
    teams = [each["workspace"] for each in slack] + [each["slack"]["team"] for each in people if "slack" in each]
    if teams:
        team = teams[0]
        tokens = {"token": f"xoxb-{TOKEN_TAIL}", "app_token": f"xapp-{TOKEN_TAIL}", "signing_secret": TOKEN_TAIL}
        spec["slack"] = {
            "teams": [
                {
                    "id": team, "name": file["community"]["name"], "bot_user": "U0CONVENOR", **tokens,
                    "channels": [_slack_channel(each, people, staff) for each in slack],
                }
            ],
            "request_url": f"{reach}/slack/events" if reach else None,
        }  # fmt: skip
        environment["SLACK_BOT_TOKEN"] = tokens["token"]
        if reach:
            environment["SLACK_SIGNING_SECRET"] = tokens["signing_secret"]
        else:
            environment["SLACK_APP_TOKEN"] = tokens["app_token"]
    if telegram:
        bot = str(telegram[0]["workspace"])
        token = f"{bot}:{TOKEN_TAIL}"
        spec["telegram"] = {
            "token": token,
            "bot": {"id": int(bot), "username": BOT_NAME, "name": "Convenor"},
            "chats": [_telegram_chat(each, people, staff) for each in telegram],
        }
        environment["TELEGRAM_BOT_TOKEN"] = token
        if reach:
            environment |= {"TELEGRAM_WEBHOOK_SECRET": TOKEN_TAIL, "PUBLIC_URL": reach}
    return Surroundings(spec, environment)


def _person(each: dict[str, Any], group: str) -> dict[str, Any]:
    accounts = each.get("accounts") or {}
    about = ", ".join(each.get("roles") or ()) or each.get("organisation") or each.get("category") or ""
    made: dict[str, Any] = {
        "id": each["id"], "name": each["name"], "zone": each["zone"], "language": each.get("language", "en"),
        "group": group, "about": str(about).replace("_", " ").capitalize(),
    }  # fmt: skip
    if "slack" in accounts:
        made["slack"] = {"team": accounts["slack"]["team"], "user": accounts["slack"]["user"]}
    if "telegram" in accounts:
        made["telegram"] = {"user": int(accounts["telegram"]["user"]), "started": True}
    return made


def _belongs(channel: dict[str, Any], person: dict[str, Any], staff: set[str]) -> bool:
    return channel["platform"] in person and (channel["purpose"] != "organisers" or person["id"] in staff)


def _slack_channel(channel: dict[str, Any], people: list[dict[str, Any]], staff: set[str]) -> dict[str, Any]:
    return {
        "id": channel["chat"], "name": channel.get("title") or channel["purpose"], "bot": True, "private": True,
        "members": [each["id"] for each in people if _belongs(channel, each, staff)],
    }  # fmt: skip


def _telegram_chat(channel: dict[str, Any], people: list[dict[str, Any]], staff: set[str]) -> dict[str, Any]:
    return {
        "id": int(channel["chat"]), "type": "supergroup", "title": channel.get("title") or channel["purpose"],
        "bot": True, "members": [each["id"] for each in people if _belongs(channel, each, staff)],
    }  # fmt: skip


def free_port() -> int:
    """Give a port of this machine that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def new_folder() -> Path:
    """Make a fresh folder for one demo's database and key."""
    return Path(tempfile.mkdtemp(prefix="convenor-demo-"))
