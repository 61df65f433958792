"""What people do in Slack besides filling forms: write, run the command, press, share files, come, go, open the app."""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from sandbox.errors import WrongCall
from sandbox.people import Person
from sandbox.slack.blocks import elements
from sandbox.slack.door import Asked, Refused
from sandbox.slack.files import address, share
from sandbox.slack.responses import apply
from sandbox.slack.users import user as user_view
from sandbox.slack.views import View, field, state
from sandbox.slack.workspace import File, Post, Room, Team, fresh
from sandbox.world import Call, Done

if TYPE_CHECKING:
    from sandbox.slack import SlackSide

Found = tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]
"""A block, the element in it, and the option of the element, if it has options."""


def active(side: SlackSide, person: Person) -> tuple[Team, str]:
    """Give workspace and user of a person who may do something; raise `WrongCall` (409) if deactivated."""
    team, user = side.team_of(person)
    if user in team.deleted:
        raise WrongCall(f"the Slack account of {person.id} is deactivated", 409)
    return team, user


def place(side: SlackSide, team: Team, user: str, call: Call) -> Room:
    """Give the room a call names, by default the direct messages with the app; the person must be in it."""
    wanted = call.get("chat")
    room = side.room(team, str(wanted)) if wanted else team.dm(user)
    if user not in room.members:
        raise WrongCall(f"{call.get('person')} is not in {room.id}", 409)
    return room


async def say(side: SlackSide, person: Person, call: Call) -> Done:
    """Write a message or run a slash command."""
    team, user = active(side, person)
    text, room, thread = str(call.get("text") or ""), place(side, team, user, call), str(call.get("thread") or "")
    if not text.strip():
        raise WrongCall('give the "text" to say')
    if thread and thread not in room.posts:
        raise WrongCall(f"there is no message {thread!r} in {room.id}", 404)
    if text.startswith("/"):
        return await _command(side, team, user, room, text, thread)
    mention = re.compile(
        rf"@(?:convenor|{re.escape(team.bot_user)})\b|&lt;@{re.escape(team.bot_user)}&gt;", re.IGNORECASE
    )
    text = mention.sub(f"<@{team.bot_user}>", escape(text, quote=False))
    now = side.world.clock.now()
    post = Post(team.stamp(room, now), user, text, now, thread=thread)
    if thread:
        room.posts[thread].replies += 1
    room.posts[post.ts] = post
    return {"message": post.ts, "chat": room.id, "acked": await _tell(side, team, room, post)}


async def _tell(side: SlackSide, team: Team, room: Room, post: Post) -> bool:
    """Tell the app of a person's message: in direct messages, by mention, or where it may read the channel."""
    if team.bot_user not in room.members:
        return False
    event = {**team.payload(room, post), "channel": room.id, "event_ts": post.ts, "client_msg_id": fresh("c")}
    kind = {"im": "im", "groups": "group", "channels": "channel"}[room.kind]
    heard = False
    if post.files:
        event["subtype"] = "file_share"
        for each in event["files"]:
            each["url_private"] = each["url_private_download"] = address(side, team, team.files[each["id"]])
    if not room.user and f"<@{team.bot_user}>" in post.text:
        heard = await side.events.tell(team, {**event, "type": "app_mention"})
    return await side.events.tell(team, {**event, "channel_type": kind}, f"message.{room.kind}") or heard


async def _command(side: SlackSide, team: Team, user: str, room: Room, text: str, thread: str) -> Done:
    command, _, rest = text.partition(" ")
    person = side.world.people.on_slack(team.id, user)
    refusal = ""
    if command not in team.commands:
        refusal = f"{command} is not a valid command"
    elif thread:
        refusal = f"{command} is not supported in threads"
    elif "commands" not in team.scopes or (person and person.slack and person.slack.traits.get("external")):
        refusal = f"{command} is not available to you"
    if refusal:
        side.notice(team, user, room.id, refusal)
        return {"error": refusal}
    payload = {
        "token": "verification",
        "team_id": team.id,
        "team_domain": team.name.lower(),
        "channel_id": room.id,
        "channel_name": "directmessage" if room.user else room.name,
        "user_id": user,
        "user_name": user.lower(),
        "command": command,
        "text": rest.strip(),
        "api_app_id": team.app_id,
        "is_enterprise_install": "false",
        "response_url": side.responses.make(team, room, user),
        "trigger_id": side.desks[team.id].trigger(user),
    }
    answer, ms = await side.events.ask(team, user, room.id, "slash_commands", payload)
    if answer and (answer.get("text") or answer.get("blocks")):
        _answered(Asked(side, team, "command.ack", answer, room), user)
    return {"acked": answer is not None, "ms": ms, "chat": room.id}


def _answered(asked: Asked, user: str) -> None:
    """Show what came with the acknowledgment of a command, by default to this person alone."""
    assert asked.room is not None
    asked.person = asked.side.person_id(asked.team, user)
    try:
        apply(asked, asked.room, user, "")
    except Refused as refused:
        asked.side.notice(asked.team, user, asked.room.id, str(refused))
        asked.side.note(asked, 400, asked.args | refused.answer)
    else:
        asked.side.note(asked, 200, asked.args | asked.noted)


def pressable(blocks: list[dict[str, Any]]) -> Iterator[Found]:
    """Give everything one can press or pick at once: buttons, and options outside inputs."""
    for block in blocks:
        if block["type"] not in ("actions", "section"):
            continue
        for each in elements(block):
            if each["type"] == "button":
                yield block, each, None
            for option in each.get("options") or ():
                yield block, each, option


def match(blocks: list[dict[str, Any]], wanted: str) -> Found | None:
    """Find a button or option by label, action_id or value."""
    for block, element, option in pressable(blocks):
        known = option or element
        names = (known["text"]["text"], known.get("value"), None if option else element.get("action_id"))
        if wanted in names:
            return block, element, option
    return None


async def press(side: SlackSide, person: Person, call: Call) -> Done:
    """Press a button: in the open modal, in the named or newest message that has it, or in the home tab.

    With `forge`, `button` is an action no message carries, pressed on the newest one of the app in private.
    """
    team, user = active(side, person)
    wanted, desk, message = str(call.get("button") or ""), side.desks[team.id], str(call.get("message") or "")
    if not wanted:
        raise WrongCall('give the "button": its label, action_id or value')
    if call.get("forge"):
        own = [(room, post) for room in team.seen_by(user) if room.user for post in room.posts.values() if post.by_app]
        if not own:
            raise WrongCall(f"{person.id} has no message of the app", 404)
        made = stamped(side, {"block_id": "b"}, {"type": "button", "action_id": wanted})
        return await press_message(side, team, user, *own[-1], made)
    top = desk.top(user)
    if top and not message and not call.get("chat") and (found := match(top["blocks"], wanted)):
        return await press_view(side, team, user, top, describe(side, found))
    rooms = [place(side, team, user, call)] if call.get("chat") else team.seen_by(user)
    best: tuple[float, Room, Post, Found] | None = None
    for room in rooms:
        posts = [room.posts[message]] if message in room.posts else [] if message else reversed(room.posts.values())
        for post in posts:
            visible = post.by_app and post.only_for in ("", user)
            if visible and post.blocks and (found := match(post.blocks, wanted)):
                if best is None or float(post.ts) > best[0]:
                    best = float(post.ts), room, post, found
                break
    if best:
        return await press_message(side, team, user, best[1], best[2], describe(side, best[3]))
    home = desk.homes.get(user)
    if home and not message and not call.get("chat") and (found := match(home["blocks"], wanted)):
        return await press_view(side, team, user, home, describe(side, found))
    raise WrongCall(f"{person.id} sees no button {wanted!r}" + (f" in {message}" if message else ""), 404)


_PRESSES = itertools.count(1)


def describe(side: SlackSide, found: Found) -> dict[str, Any]:
    """Describe a press as the app hears of it."""
    block, element, option = found
    shown = stamped(side, block, element)
    if option:
        name = field(element["type"]) or "selected_option"
        shown[name] = [option] if name == "selected_options" else option
        return shown
    return {key: element[key] for key in ("text", "value", "style", "url") if key in element} | shown


def stamped(side: SlackSide, block: dict[str, Any], element: dict[str, Any]) -> dict[str, Any]:
    """Begin to describe a press; its time is the world's, with a serial number as microseconds: no two are equal."""
    shown = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
    shown["action_ts"] = f"{int(side.world.clock.now().timestamp())}.{next(_PRESSES) % 1_000_000:06}"
    return shown


def _keep(values: dict[str, Any], action: dict[str, Any]) -> None:
    name = field(action["type"])
    if name:
        kept = {"type": action["type"], name: action[name]}
        values.setdefault(action["block_id"], {})[action["action_id"]] = kept


async def press_message(side: SlackSide, team: Team, user: str, room: Room, post: Post, action: dict[str, Any]) -> Done:
    """Tell the app of a press or pick in a message."""
    where: dict[str, Any] = {"type": "message", "message_ts": post.ts, "channel_id": room.id}
    values = state(post.blocks, {})
    _keep(values, action)
    payload = side.events.base(team, user) | {
        "type": "block_actions",
        "container": {**where, "is_ephemeral": bool(post.only_for)},
        "channel": {"id": room.id, "name": "directmessage" if room.user else room.name},
        "state": {"values": values},
        "response_url": side.responses.make(team, room, user, post.ts),
        "actions": [action],
    }
    if not post.only_for:  # what only one person sees is not sent along
        payload["message"] = team.payload(room, post)
    answer, ms = await side.events.ask(team, user, room.id, "interactive", payload)
    done: Done = {"acked": answer is not None, "ms": ms, "chat": room.id, "message": post.ts}
    return done | ({"url": action["url"]} if "url" in action else {})


async def press_view(side: SlackSide, team: Team, user: str, view: View, action: dict[str, Any]) -> Done:
    """Tell the app of a press or pick in a modal or in the home tab."""
    _keep(view["state"]["values"], action)
    payload = side.events.base(team, user) | {
        "type": "block_actions",
        "container": {"type": "view", "view_id": view["id"]},
        "view": view,
        "actions": [action],
    }
    answer, ms = await side.events.ask(team, user, "", "interactive", payload)
    return {"acked": answer is not None, "ms": ms, "view": view["id"]}


async def upload(side: SlackSide, person: Person, call: Call) -> Done:
    """Share a file with the app or in a channel."""
    team, user = active(side, person)
    room = place(side, team, user, call)
    file = taken(team, user, call)
    comment = escape(str(call.get("comment") or ""), quote=False)
    post = share(side, team, room, Post("", user, comment, side.world.clock.now()), [file])
    return {"file": file.id, "message": post.ts, "chat": room.id, "acked": await _tell(side, team, room, post)}


def taken(team: Team, user: str, given: Any) -> File:
    """Take a file somebody picked: `name` and `text` or `base64`, or the id of one that was uploaded before."""
    if isinstance(given, str) and given in team.files:
        return team.files[given]
    name = str(given.get("name") or "") if isinstance(given, Mapping) else ""
    if not name:
        raise WrongCall('give the file a "name"')
    try:
        content = (
            base64.b64decode(str(given.get("base64") or ""), validate=True) or str(given.get("text") or "").encode()
        )
    except binascii.Error:
        raise WrongCall('"base64" is not valid') from None
    file = File(fresh("F"), name, len(content), user, content=content)
    team.files[file.id] = file
    return file


async def deactivate(side: SlackSide, person: Person, gone: bool) -> Done:
    """Deactivate an account or activate it again."""
    team, user = side.team_of(person)
    if gone:
        team.deleted.add(user)
        side.desks[team.id].stacks.pop(user, None)
    else:
        team.deleted.discard(user)
        team.missing.discard(user)
    shown = user_view(Asked(side, team, "", {}), person, locale=True)
    acked = await side.events.tell(team, {"type": "user_change", "user": shown, "cache_ts": side.world.clock.stamp()})
    return {"acked": acked}


async def move(side: SlackSide, person: Person, call: Call, joins: bool) -> Done:
    """Join or leave a channel; the app hears of it where it is a member itself."""
    team, user = active(side, person)
    room = side.room(team, str(call.get("chat") or ""))
    if room.user or (user in room.members) == joins:
        raise WrongCall(f"{person.id} is {'in' if joins else 'not in'} {room.id}", 409)
    if joins:
        room.members.add(user)
    else:
        room.members.discard(user)
    acked = False
    if team.bot_user in room.members and f"{room.kind}:read" in team.scopes:
        kind = "member_joined_channel" if joins else "member_left_channel"
        where = {"channel": room.id, "channel_type": "G" if room.private else "C", "team": team.id}
        acked = await side.events.tell(team, {"type": kind, "user": user, **where})
    return {"chat": room.id, "acked": acked}


async def open_app(side: SlackSide, person: Person, tab: str) -> Done:
    """Open the home or messages tab of the app."""
    team, user = active(side, person)
    event: dict[str, Any] = {"type": "app_home_opened", "user": user, "channel": team.dm(user).id, "tab": tab}
    home = side.desks[team.id].homes.get(user)
    if home and tab == "home":
        event["view"] = home
    return {"acked": await side.events.tell(team, event)}
