"""What the app hears: events with their redelivery, and interactions with their one chance."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from sandbox.slack.transport import Answer, NotAcknowledged
from sandbox.slack.workspace import Team, fresh

if TYPE_CHECKING:
    from sandbox.slack import SlackSide

RETRY_DELAYS = (0.0, 60.0, 300.0)
"""Seconds before each of the three retries (platforms §3.4), times `Events.retry_scale`."""
NEEDED = {
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "user_change": "users:read",
}
"""The scope an event needs to be sent at all."""


class Events:
    """Tell the app what happens."""

    def __init__(self, side: SlackSide) -> None:
        self._side = side
        self.retry_scale = 0.1

    async def tell(self, team: Team, event: dict[str, Any], kind: str = "") -> bool:
        """Send an event the app listens to and may hear; give whether the first attempt was acknowledged.

        One that is not acknowledged comes again up to three times, beside the running program.
        """
        kind = kind or event["type"]
        if kind not in team.events or (kind in NEEDED and NEEDED[kind] not in team.scopes):
            return False
        now = self._side.world.clock.now().timestamp()
        event.setdefault("event_ts", f"{now:.6f}")
        bot = {"enterprise_id": None, "team_id": team.id, "user_id": team.bot_user, "is_bot": True}
        payload = {
            "token": "verification",
            "team_id": team.id,
            "api_app_id": team.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": fresh("Ev"),
            "event_time": int(now),
            "authorizations": [{**bot, "is_enterprise_install": False}],
            "is_ext_shared_channel": False,
            "event_context": fresh("4-"),
        }
        try:
            await self._side.transport.deliver(team, "events_api", payload)
        except NotAcknowledged as lost:
            if str(lost) != "no_retry":
                self._side.later(self._again(team, payload, reason_of(lost)))
            return False
        return True

    async def _again(self, team: Team, payload: Answer, reason: str) -> None:
        for attempt, delay in enumerate(RETRY_DELAYS, 1):
            await asyncio.sleep(delay * self.retry_scale)
            try:
                await self._side.transport.deliver(team, "events_api", payload, attempt, reason)
            except NotAcknowledged as lost:
                if str(lost) == "no_retry":
                    return
                reason = reason_of(lost)
            else:
                return

    async def ask(self, team: Team, user: str, room: str, kind: str, payload: Answer) -> tuple[Answer | None, int]:
        """Send an interaction once; give the acknowledgment, `None` if there was none, and the milliseconds it took.

        Without one the person sees an error, in the room if there is one.
        """
        start = time.monotonic()
        try:
            answer = await self._side.transport.deliver(team, kind, payload)
        except NotAcknowledged as lost:
            text = "dispatch_failed" if str(lost) == "no_retry" else str(lost)
            self._side.notice(team, user, room, text)
            return None, round((time.monotonic() - start) * 1000)
        return answer, round((time.monotonic() - start) * 1000)

    def base(self, team: Team, user: str, trigger: bool = True) -> Answer:
        """Give the part that all interactive payloads have."""
        person = self._side.world.people.on_slack(team.id, user)
        home = str(person.slack.traits.get("home_team") or team.id) if person and person.slack else team.id
        name = user.lower()
        shown: Answer = {
            "team": {"id": team.id, "domain": team.name.lower()},
            "user": {"id": user, "username": name, "name": name, "team_id": home},
            "api_app_id": team.app_id,
            "token": "verification",
            "enterprise": None,
            "is_enterprise_install": False,
        }
        if trigger:
            shown["trigger_id"] = self._side.desks[team.id].trigger(user)
        return shown


def reason_of(lost: NotAcknowledged) -> str:
    """Give the reason Slack names in a retry."""
    return "http_timeout" if str(lost) == "operation_timeout" else "http_error"
