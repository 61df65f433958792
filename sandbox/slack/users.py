"""users.info, users.list, auth.test: what Slack tells about people (platforms §3.7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.people import Person
from sandbox.slack.door import Asked, Refused, method
from sandbox.slack.rooms import page
from sandbox.slack.workspace import Team


def zone_of(zone: str, now: datetime) -> tuple[int, str]:
    """Give the offset from UTC in seconds at an instant, and a label."""
    local = now.astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    return int(offset.total_seconds()) if offset else 0, local.tzname() or zone


def user(asked: Asked, person: Person, locale: bool) -> dict[str, Any]:
    """Show a person as the API does: zone, language (not of external people), kinds of guest, deleted or not."""
    assert person.slack is not None
    team, traits, external = asked.team, person.slack.traits, bool(person.slack.traits.get("external"))
    offset, label = zone_of(person.zone, asked.side.world.clock.now())
    profile = {"real_name": person.name, "display_name": person.name.split(" ")[0], "image_48": ""}
    if "users:read.email" in team.scopes and traits.get("email"):
        profile["email"] = traits["email"]
    shown: dict[str, Any] = {
        "id": person.slack.user,
        "team_id": str(traits.get("home_team") or team.id),
        "name": person.slack.user.lower(),
        "real_name": person.name,
        "deleted": person.slack.user in team.deleted,
        "tz": person.zone,
        "tz_label": label,
        "tz_offset": offset,
        "is_admin": bool(traits.get("admin")),
        "is_owner": False,
        "is_bot": False,
        "is_app_user": False,
        "is_restricted": bool(traits.get("guest") or traits.get("single_channel_guest")),
        "is_ultra_restricted": bool(traits.get("single_channel_guest")),
        "is_stranger": bool(traits.get("stranger")),
        "profile": profile,
        "updated": 0,
    }
    if locale and not external:
        shown["locale"] = str(traits.get("locale") or locale_of(person.language))
    return shown


def locale_of(language: str) -> str:
    """Give the locale Slack would show for a language."""
    return {"en": "en-US", "fr": "fr-FR", "tr": "tr-TR", "ar": "ar-SA", "es": "es-ES"}.get(language, language)


def _bot(team: Team) -> dict[str, Any]:
    return {
        "id": team.bot_user,
        "team_id": team.id,
        "name": "convenor",
        "real_name": "Convenor",
        "deleted": False,
        "is_bot": True,
        "profile": {"real_name": "Convenor", "bot_id": team.bot_id, "api_app_id": team.app_id},
    }


@method("users.info", "tier4", "users:read")
async def user_info(asked: Asked) -> dict[str, Any]:
    """Describe one person."""
    id = asked.text("user", needed=True)
    if id == asked.team.bot_user:
        return {"user": _bot(asked.team)}
    person = asked.side.world.people.on_slack(asked.team.id, id)
    if person is None or id in asked.team.missing:
        raise Refused("user_not_found")
    asked.person = person.id
    return {"user": user(asked, person, asked.flag("include_locale"))}


@method("users.list", "tier2", "users:read")
async def user_list(asked: Asked) -> dict[str, Any]:
    """List everybody in the workspace, the app too."""
    people = [each for each in asked.side.world.people if each.slack and each.slack.team == asked.team.id]
    shown = [_bot(asked.team), *(user(asked, each, asked.flag("include_locale")) for each in people)]
    members, more = page(asked, shown, 1000)
    return {"members": members, "cache_ts": asked.side.world.clock.stamp(), **more}


@method("auth.test", "special")
async def auth_test(asked: Asked) -> dict[str, Any]:
    """Tell the app who it is; its scopes stand in a header of every answer."""
    team = asked.team
    return {
        "url": f"https://{team.id.lower()}.slack.com/",
        "team": team.name,
        "team_id": team.id,
        "user": "convenor",
        "user_id": team.bot_user,
        "bot_id": team.bot_id,
        "is_enterprise_install": False,
    }
