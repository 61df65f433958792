"""Telegram's updates as things people do (`chat.inbound`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from telegram import CallbackQuery, Chat, ChatMember, ChatMemberUpdated, Message, Update, User

from chat.inbound import AnyInbound, BotPlaced, Click, Command, Dropped, Moved, Reachable, Said, Started
from chat.people import MessageRef, Person, Place, PlaceKind

PLATFORM = "telegram"
NAME_MAX = 200
"""Characters of a file's name that are kept."""
_COMMAND = re.compile(r"/([^\s@/]+)(?:@([A-Za-z0-9_]+))?(?:\s+(.*))?\Z", re.DOTALL)
_PRESENT = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER})


@dataclass(frozen=True, slots=True)
class Me:
    """Be our own bot: its id and its name without `@`."""

    id: str
    username: str


@dataclass(frozen=True, slots=True)
class Nameless:
    """A command of an anonymous admin or a channel: nobody we could answer in private (platforms §2.7)."""

    where: Place


Parsed: TypeAlias = AnyInbound | Nameless | None


def parse(update: Update, me: Me, now: datetime) -> Parsed:
    """Read an update; `None` is nothing of ours.

    `at` is the time Telegram gives; for a press it gives none, so it is `now`, the moment we heard of it (UTC).
    """
    key = f"u:{update.update_id}"
    if update.callback_query is not None:
        return _press(key, update.callback_query, me, now)
    if update.my_chat_member is not None:
        return _membership(key, update.my_chat_member, me)
    message = update.message or update.channel_post  # edited messages are not read: a command counts once
    return _message(key, message, me) if message is not None else None


def _person(user: User | None, me: Me) -> Person:
    if user is None:
        return Person(PLATFORM, me.id, "")
    return Person(PLATFORM, me.id, str(user.id), _tidy(user.full_name), user.language_code or "")


def _place(chat: Chat, me: Me, thread: int | None = None) -> Place:
    kind: PlaceKind = "dm" if chat.type == Chat.PRIVATE else "group"
    return Place(PLATFORM, me.id, str(chat.id), kind, str(thread or ""))


def _tidy(text: str) -> str:
    """Drop what databases refuse: NUL and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _message(key: str, message: Message, me: Me) -> Parsed:
    topic = message.message_thread_id if message.is_topic_message else None
    where = _place(message.chat, me, topic)
    at = message.date
    handle = {"chat": where.chat, "message": str(message.message_id)}
    if message.migrate_to_chat_id or message.migrate_from_chat_id:
        old = str(message.migrate_from_chat_id or message.chat.id)
        new = str(message.migrate_to_chat_id or message.chat.id)
        return Moved(
            key=key, by=_person(message.from_user, me), where=Place(PLATFORM, me.id, old, "group"), at=at, chat=new
        )
    text = _tidy(message.text or "")
    command = _command(text, me)
    if where.kind == "group":
        if command is None or message.forward_origin or message.is_automatic_forward:
            return None
        if message.sender_chat is not None or message.from_user is None:
            return Nameless(where)
        if message.from_user.is_bot:
            return None
        return Command(key=key, by=_person(message.from_user, me), where=where, at=at, handle=handle, words=command)
    if message.from_user is None or message.from_user.is_bot:
        return None
    by = _person(message.from_user, me)
    if command is not None:
        if message.forward_origin:
            return None
        word, _, rest = command.partition(" ")
        if word.lower() == "start":
            return Started(key=key, by=by, where=where, at=at, handle=handle, payload=rest.strip()[:64])
        return Command(key=key, by=by, where=where, at=at, handle=handle, words=command)
    if (file := message.document) is not None and not message.animation:
        return Dropped(
            key=key, by=by, where=where, at=at, handle=handle, file=file.file_id, size=file.file_size or 0,
            name=_tidy(file.file_name or "")[:NAME_MAX], media=_tidy(file.mime_type or "")[:NAME_MAX],
            text=_tidy(message.caption or ""),
        )  # fmt: skip
    if text or message.effective_attachment is not None:
        return Said(key=key, by=by, where=where, at=at, handle=handle, text=text)
    return None


def _command(text: str, me: Me) -> str | None:
    """Give the words of `/meeting_new@Bot M6` as `meeting new M6`; `None` if it is no command or another bot's."""
    found = _COMMAND.match(text)
    if found is None or (found[2] and found[2].lower() != me.username.lower()):
        return None
    return f"{found[1].replace('_', ' ').strip()} {(found[3] or '').strip()}".strip()


def _press(key: str, query: CallbackQuery, me: Me, now: datetime) -> Parsed:
    if query.data is None:
        return None
    by = _person(query.from_user, me)
    handle = {"callback": query.id}
    if query.message is None:  # the button stands in a message we did not send ourselves
        where, ref = Place(PLATFORM, me.id, by.user), None
    else:  # too old a message is only known by its ids; they are enough
        chat, number = query.message.chat, str(query.message.message_id)
        topic = None
        if isinstance(query.message, Message) and query.message.is_topic_message:
            topic = query.message.message_thread_id
        where, ref = _place(chat, me, topic), MessageRef(PLATFORM, me.id, str(chat.id), number)
    return Click(key=key, by=by, where=where, at=now, handle=handle, data=_tidy(query.data), message=ref)


def _membership(key: str, change: ChatMemberUpdated, me: Me) -> Parsed:
    by, where = _person(change.from_user, me), _place(change.chat, me)
    before, after = _present(change.old_chat_member), _present(change.new_chat_member)
    if where.kind == "dm":
        return Reachable(
            key=key, by=by, where=where, at=change.date, reachable=after, reason="" if after else "blocked"
        )
    if before == after:  # made or unmade an admin
        return None
    return BotPlaced(
        key=key, by=by, where=where, at=change.date, present=after, title=_tidy(change.chat.title or "")[:120]
    )


def _present(member: ChatMember) -> bool:
    if member.status == ChatMember.RESTRICTED:
        return bool(getattr(member, "is_member", False))
    return member.status in _PRESENT
