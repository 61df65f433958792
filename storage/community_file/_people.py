"""Read the community, its channels and its people."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from storage.community_file._reading import Block, Value
from storage.community_file._shape import AccountEntry, ChannelEntry, CommunityEntry, PersonEntry
from storage.community_file._wall import zone
from storage.members import CATEGORIES, ROLES

LANGUAGES = ("en", "fr", "tr", "ar", "es")
PLATFORMS = ("slack", "telegram")
PURPOSES = ("members", "announcements", "organisers")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,19}")


def code(value: Value) -> str:
    """Read a short id: letters, digits, `-`, `_` and `.`, at most 20."""
    written = value.text()
    if not _CODE.fullmatch(written):
        value.complain(f'"{written}" is no short id: 1 to 20 letters, digits, "-", "_" or "."')
    return written


def zone_of(block: Block, default: str) -> str:
    """Read the field `zone`."""
    found = block.field("zone")
    return (found.read(zone) or default) if found else default


def country_of(block: Block) -> str:
    """Read the field `country`: two capital letters of ISO 3166-1."""
    found = block.field("country")
    written = found.text() if found else ""
    if found and not re.fullmatch(r"[A-Z]{2}", written):
        found.complain(f'"{written}" is no country code; write two capital letters such as BE')
    return written


def link_of(block: Block, name: str) -> str:
    """Read an https address."""
    found = block.field(name)
    written = found.text() if found else ""
    if found and not re.fullmatch(r"https://[^\s/@]+\.[^\s/@]+(/\S*)?", written):
        found.complain(f'"{written}" is no https address')
    return written


def read_community(value: Value) -> tuple[CommunityEntry, bool]:
    """Read the block `community`; give it and whether everybody's agreement is on record."""
    block = value.block()
    key = block.field("key", required=True)
    written = key.text() if key else ""
    if key and not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", written):
        key.complain(f'"{written}" is no key: small letters, digits and "-", at most 40')
    settings: dict[str, Any] = {}
    programme = block.field("programme")
    if programme:
        settings["programme"] = _programme(programme)
    days = [each.read(_day) for each in block.items("no_send")]
    if any(days):
        settings["no_send"] = sorted(each for each in days if each)
    cap, schedule = block.field("weekly_cap"), block.field("schedule")
    if cap:
        settings["weekly_cap"] = cap.number(0, 50)
    if schedule:
        settings["schedule"] = schedule.mapping()
    consented = block.flag("consented")
    entry = CommunityEntry(
        key=written,
        name=block.text("name", most=120, required=True),
        zone=zone_of(block, "UTC"),
        language=block.choice("language", LANGUAGES, "en"),
        organiser_contact=block.text("organiser_contact", most=200),
        controller_name=block.text("controller_name", most=200),
        privacy_link=link_of(block, "privacy_link"),
        public_contact=block.text("public_contact", most=200),
        settings=settings,
    )
    if "zone" not in block:
        block.field("zone", required=True)
    block.finish()
    return entry, consented


def _programme(value: Value) -> dict[str, Any]:
    block = value.block()
    programme: dict[str, Any] = {
        name: block.text(name) for name in ("name", "funding_line", "period", "duration") if block.field(name)
    }
    ends = block.field("ends")
    if ends:  # what would come after it goes out before (domain 3.2)
        programme["ends"] = ends.read(_day)
    targets = block.field("targets")
    if targets:
        each = targets.block()
        programme["targets"] = {name: found.read(_count) for name in each.names() if (found := each.field(name))}
    block.finish()
    return programme


def _count(written: str) -> int:
    if not re.fullmatch(r"\d{1,6}", written):
        raise ValueError(f'"{written}" is no whole number')
    return int(written)


def _day(written: str) -> str:
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        raise ValueError(f'"{written}" is no date; write it as 2026-12-25') from None


def read_channel(value: Value, language: str, homes: dict[str, str]) -> ChannelEntry:
    """Read one entry of `channels`; its workspace is the only one known unless it is written."""
    block = value.block()
    platform = block.choice("platform", PLATFORMS, required=True)
    workspace = block.text("workspace", homes.get(platform, ""), most=64)
    if platform and not workspace:
        value.complain("the field `workspace` is missing (Slack: team id, Telegram: bot id)")
    entry = ChannelEntry(
        platform=platform,
        workspace=workspace,
        chat=block.text("chat", most=64, required=True),
        purpose=block.choice("purpose", PURPOSES, required=True),
        title=block.text("title", most=120),
        language=block.choice("language", LANGUAGES, language),
    )
    block.finish()
    return entry


def read_person(
    value: Value, community: CommunityEntry, homes: dict[str, str], *, staff: bool, consented: bool
) -> PersonEntry:
    """Read one entry of `members` or `staff`; zone and language are the community's unless given.

    `homes` names the workspace of accounts that do not name theirs: the Slack team, the Telegram bot.
    """
    block = value.block()
    name = block.field("id", required=True)
    roles = [each.choice(ROLES) for each in block.items("roles")]
    if staff and not roles:
        value.complain("staff need at least one role")
    if not staff and block.flag("focal_point"):
        roles.append("focal_point")
    entry = PersonEntry(
        id=code(name) if name else "",
        name=block.text("name", most=120, required=True),
        staff=staff,
        roles=tuple(dict.fromkeys(roles)),
        category="" if staff else block.choice("category", CATEGORIES, required=True),
        organisation=block.text("organisation", most=160),
        country=country_of(block),
        zone=zone_of(block, community.zone),
        language=block.choice("language", LANGUAGES, community.language),
        weekend=_weekend(block),
        accounts=_accounts(block, homes),
        consented=block.flag("consented", consented),
    )
    block.finish()
    return entry


def _weekend(block: Block) -> str:
    found = block.field("weekend")
    if not found:
        return "5,6"
    days = {each.choice(DAYS) for each in (found.items() if found.listed else [found])} & set(DAYS)
    return ",".join(str(number) for number, day in enumerate(DAYS) if day in days)


def _accounts(block: Block, homes: dict[str, str]) -> tuple[AccountEntry, ...]:
    found = block.field("accounts")
    if not found:
        return ()
    accounts = found.block()
    entries = [
        _account(each, platform, homes) for platform in PLATFORMS if (each := accounts.field(platform)) is not None
    ]
    accounts.finish()
    return tuple(entries)


def _account(value: Value, platform: str, homes: dict[str, str]) -> AccountEntry:
    fields, home = value.block(), "team" if platform == "slack" else "bot"
    workspace = fields.text(home, homes.get(platform, ""), most=64)
    user = fields.field("user", required=True)
    written = user.text(64) if user else ""
    if user and platform == "slack" and not re.fullmatch(r"[UW][A-Z0-9]+", written):
        user.complain(f'"{written}" is no Slack user id; it begins with U or W')
    if user and platform == "telegram" and not re.fullmatch(r"[1-9]\d{0,18}", written):
        user.complain(f'"{written}" is no Telegram user id; it is a number')
    if not workspace:
        hint = "write `team`" if platform == "slack" else "set TELEGRAM_BOT_TOKEN or write `bot`"
        value.complain(f"it is not clear which {platform} {home} this account belongs to; {hint}")
    fields.finish()
    return AccountEntry(platform, workspace, written)
