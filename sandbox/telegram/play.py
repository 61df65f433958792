"""What people do on Telegram, as control calls play it, and the updates that come of it."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from typing import Any

from sandbox.errors import WrongCall
from sandbox.people import Person
from sandbox.telegram.basics import member
from sandbox.telegram.formatting import TEXT_MAX, commands, units
from sandbox.telegram.server import Server
from sandbox.telegram.state import Chat, Message, user_of
from sandbox.world import Call, Done

PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
LOOK_BACK = 200
"""Messages of a chat in which a button is looked for."""


def chat_of(server: Server, person: Person, call: Call) -> Chat:
    """Give the chat of a call: the private one by default, else a group the person is in."""
    named = call.get("chat")
    private = server.chats.private(person)
    if named in (None, "", "private", private.id, str(private.id)):
        return private
    chat = server.chats.group(named)
    if chat.migrated_to:
        raise WrongCall(f"group {chat.id} has become {chat.migrated_to}", 409)
    if person.id not in chat.members:
        raise WrongCall(f"{person.id} is not a member of {chat.title}", 409)
    return chat


def _writes(chat: Chat, person: Person) -> None:
    if not chat.private:
        return
    if chat.blocked:
        raise WrongCall(f"{person.id} has blocked the bot; use unblock", 409)
    if not chat.started:
        raise WrongCall(f"{person.id} has not pressed Start; use start", 409)


def _text(call: Call, name: str = "text", *, needed: bool = True) -> str:
    text = call.get(name) or ""
    if not isinstance(text, str) or (needed and not text.strip()):
        raise WrongCall(f'give the "{name}"')
    try:
        text.encode()
    except UnicodeEncodeError:
        raise WrongCall(f'"{name}" has half a letter in it') from None
    if units(text) > TEXT_MAX:
        raise WrongCall(f'"{name}" has at most {TEXT_MAX} characters')
    return text


def _message(chat: Chat, named: object) -> Message | None:
    """Give the message of a chat a call names, by number or as text."""
    text = str(named)
    return chat.messages.get(int(text)) if text.isdecimal() and len(text) < 20 else None


def _arrives(server: Server, message: Message, kind: str = "message") -> int:
    chat = message.chat
    if not chat.private and (chat.bot not in {"member", "administrator"} or not _bot_reads(server, message)):
        return 0
    return server.updates.push(kind, message.payload(), f"chat:{chat.id}")


def _bot_reads(server: Server, message: Message) -> bool:
    """Tell whether the bot gets a group message in privacy mode (platforms §2.7)."""
    chat, name = message.chat, f"@{server.bot.username}".lower()
    if chat.bot == "administrator" or message.service is not None or name in message.text.lower():
        return True
    answered = chat.messages.get(message.reply_to)
    if answered is not None and answered.sender["id"] == server.bot.id:
        return True
    return message.text.startswith("/") and "@" not in message.text.split()[0]


async def say(server: Server, person: Person, call: Call) -> Done:
    """Write a text; in a group the bot gets commands, mentions and answers to it only.

    `reply_to` names a message that is answered, `edit` one of the person's own that gets this text instead, `thread`
    a topic of the group.
    """
    chat, text = chat_of(server, person, call), _text(call)
    _writes(chat, person)
    if call.get("edit") is not None:
        return _edit(server, person, chat, str(call["edit"]), text.strip())
    reply = _message(chat, call.get("reply_to"))
    if reply is None and call.get("reply_to") is not None:
        raise WrongCall(f"there is no message {call['reply_to']}", 404)
    thread = _thread(chat, call)
    message = chat.post(user_of(person), server.world.clock.now(), text.strip(), commands(text.strip()))
    message.reply_to = reply.id if reply else 0
    message.thread = thread or (reply.thread if reply else 0)
    return {"chat": str(chat.id), "message": str(message.id), "update": _arrives(server, message)}


def _thread(chat: Chat, call: Call) -> int:
    """Give the topic a call names, 0 for none."""
    named = str(call.get("thread") or "0")
    if named != "0" and (not named.isdecimal() or len(named) > 18 or int(named) not in chat.topics):
        raise WrongCall(f"there is no topic {named} in {chat.title}", 404)
    return int(named)


def _edit(server: Server, person: Person, chat: Chat, named: str, text: str) -> Done:
    message = _message(chat, named)
    if message is None or message.sender["id"] != user_of(person)["id"]:
        raise WrongCall(f"there is no message {named} of {person.id}", 404)
    message.text, message.entities, message.edited_at = text, commands(text), server.world.clock.stamp()
    return {"chat": str(chat.id), "message": named, "update": _arrives(server, message, "edited_message")}


async def begin(server: Server, person: Person, call: Call) -> Done:
    """Press Start, perhaps from a link with a `payload`; a blocked bot is unblocked by that."""
    payload, chat = _text(call, "payload", needed=False), server.chats.private(person)
    if payload and not PAYLOAD.fullmatch(payload):
        raise WrongCall('"payload" is 1 to 64 characters out of A-Z a-z 0-9 _ -')
    if chat.blocked == "deactivated":
        raise WrongCall(f"{person.id} is deactivated; use unblock", 409)
    if chat.blocked:
        await unblock(server, person, call)
    chat.started = True
    return await say(server, person, {"text": f"/start {payload}".strip()})


async def press(server: Server, person: Person, call: Call) -> Done:
    """Press a button by its label or data; with `forge`, send `button` as data no message carries."""
    wanted = call.get("button")
    if not isinstance(wanted, str) or not wanted:
        raise WrongCall('name the "button" by its label or its data')
    message, button = _find(server, person, call, wanted)
    chat = message.chat
    _writes(chat, person)
    if "url" in button:
        return {"chat": str(chat.id), "message": str(message.id), "url": button["url"]}
    if "copy_text" in button:
        return {"chat": str(chat.id), "message": str(message.id), "copied": button["copy_text"]["text"]}
    query = server.open_query(person, chat)
    content = {
        "id": query.id,
        "from": user_of(person),
        "message": message.payload(),
        "chat_instance": str(-chat.id),
        "data": button["callback_data"],
    }
    update = server.updates.push("callback_query", content, f"press:{content['from']['id']}")
    return {"chat": str(chat.id), "message": str(message.id), "callback": query.id, "update": update}


def _find(server: Server, person: Person, call: Call, wanted: str) -> tuple[Message, dict[str, Any]]:
    """Give the newest message that has the button, in the chat of the call or in any the person sees."""
    chats = [chat_of(server, person, call)]
    if call.get("chat") is None:
        chats += [chat for chat in server.chats.groups if person.id in chat.members]
    named = call.get("message")
    best: tuple[Message, dict[str, Any]] | None = None
    for chat in chats:
        if named is None:
            messages = [message for _, message in zip(range(LOOK_BACK), reversed(chat.messages.values()), strict=False)]
        else:
            messages = [named_one] if (named_one := _message(chat, named)) else []
        for message in messages:
            if call.get("forge") and message.sender["id"] == server.bot.id:
                return message, {"callback_data": wanted}
            button = next(
                (
                    each
                    for row in message.keyboard
                    for each in row
                    if wanted in (each.get("callback_data"), each["text"])
                ),
                None,
            )
            if button is not None:
                if best is None or message.order > best[0].order:
                    best = message, button
                break
    if best is None:
        where = f"message {named}" if named is not None else "no message"
        raise WrongCall(
            f"{where} that {person.id} sees has {'no' if named is not None else 'a'} button {wanted!r}", 404
        )
    return best


async def upload(server: Server, person: Person, call: Call) -> Done:
    """Send a file: `name`, content as `text` or `base64`, and perhaps a `caption`."""
    chat, name = chat_of(server, person, call), _text(call, "name")
    _writes(chat, person)
    try:
        content = base64.b64decode(str(call["base64"]), validate=True) if call.get("base64") else None
    except binascii.Error:
        raise WrongCall('"base64" is no Base64') from None
    if content is None:
        content = str(call.get("text") or "").encode()
    if not content:
        raise WrongCall('give the content as "text" or "base64"')
    thread, caption = _thread(chat, call), _text(call, "caption", needed=False)
    file = server.store(name, mimetypes.guess_type(name)[0] or "application/octet-stream", content)
    message = chat.post(user_of(person), server.world.clock.now(), caption)
    message.document, message.thread = file.document(), thread
    return {"chat": str(chat.id), "message": str(message.id), "file": file.id, "update": _arrives(server, message)}


def _bot_becomes(server: Server, person: Person, chat: Chat, old: str, new: str) -> int:
    content = {
        "chat": chat.payload(),
        "from": user_of(person),
        "date": server.world.clock.stamp(),
        "old_chat_member": member(server.bot.user, old),
        "new_chat_member": member(server.bot.user, new),
    }
    return server.updates.push("my_chat_member", content, f"chat:{chat.id}")


async def block(server: Server, person: Person, call: Call) -> Done:
    """Block the bot; with `"how": "deactivated"` the account is gone, of which the bot hears nothing."""
    chat, how = server.chats.private(person), call.get("how", "blocked")
    if how not in ("blocked", "deactivated"):
        raise WrongCall('"how" is "blocked" or "deactivated"')
    before, chat.blocked = chat.blocked, how
    quiet = before or how == "deactivated"
    return {"chat": str(chat.id), "update": 0 if quiet else _bot_becomes(server, person, chat, "member", "kicked")}


async def unblock(server: Server, person: Person, call: Call) -> Done:
    """Let the bot write again."""
    chat = server.chats.private(person)
    before, chat.blocked = chat.blocked, ""
    loud = before == "blocked"
    return {"chat": str(chat.id), "update": _bot_becomes(server, person, chat, "kicked", "member") if loud else 0}


async def leave(server: Server, person: Person, call: Call) -> Done:
    """Leave a group; with `"who": "bot"` the person throws the bot out."""
    chat = chat_of(server, person, call)
    if chat.private:
        raise WrongCall('name the "chat" to leave')
    if call.get("who") == "bot":
        old, chat.bot = chat.bot, "kicked"
        return {"chat": str(chat.id), "update": _bot_becomes(server, person, chat, old, "kicked")}
    chat.members.discard(person.id)
    chat.admins.discard(person.id)
    chat.gone.add(person.id)
    return _moved(server, person, chat, "member", "left", {"left_chat_member": user_of(person)})


async def join(server: Server, person: Person, call: Call) -> Done:
    """Join a group; with `"who": "bot"` the person, a member, adds the bot."""
    chat = server.chats.group(call.get("chat"))
    if call.get("who") == "bot":
        old, chat.bot = chat.bot, "member"
        return {"chat": str(chat.id), "update": _bot_becomes(server, person, chat, old, "member")}
    if person.id in chat.members:
        raise WrongCall(f"{person.id} is a member of {chat.title} already", 409)
    chat.members.add(person.id)
    chat.gone.discard(person.id)
    return _moved(server, person, chat, "left", "member", {"new_chat_members": [user_of(person)]})


def _moved(server: Server, person: Person, chat: Chat, old: str, new: str, service: dict[str, Any]) -> Done:
    user, now = user_of(person), server.world.clock.now()
    message = chat.post(user, now)
    message.service = service
    if chat.bot == "administrator":  # others are not told (API: chat_member)
        content = {"chat": chat.payload(), "from": user, "date": int(now.timestamp())}
        content |= {"old_chat_member": member(user, old), "new_chat_member": member(user, new)}
        server.updates.push("chat_member", content, f"chat:{chat.id}")
    return {"chat": str(chat.id), "message": str(message.id), "update": _arrives(server, message)}


async def migrate(server: Server, call: Call) -> Done:
    """Turn a group into a supergroup with another id (`to`, by default the old one with -100 in front)."""
    old = server.chats.group(call.get("chat"))
    to = call.get("to", int(f"-100{abs(old.id)}"))
    if old.migrated_to or not isinstance(to, int) or to >= 0 or to in server.chats.by_id:
        raise WrongCall('the group has moved already, or "to" is not a free negative id', 409)
    new = Chat(to, "supergroup", old.title, members=set(old.members), admins=set(old.admins), bot=old.bot)
    new.topics = dict(old.topics)
    server.chats.add_group(new)
    someone = next((each for each in server.world.people if each.id in old.members and each.telegram), None)
    sender, now = user_of(someone) if someone else server.bot.user, server.world.clock.now()
    left = old.post(sender, now)
    left.service = {"migrate_to_chat_id": to}
    update = _arrives(server, left)
    old.migrated_to = to
    arrived = new.post(sender, now)
    arrived.service = {"migrate_from_chat_id": old.id}
    _arrives(server, arrived)
    return {"chat": str(to), "update": update}
