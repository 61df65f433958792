"""Everything out: one call of the Bot API each, never repeated here, errors in our words."""

from __future__ import annotations

import hashlib
import mimetypes
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import structlog
from telegram import InputFile, MessageEntity
from telegram.error import TelegramError

from bot.platforms.telegram._again import twice
from bot.platforms.telegram._bot import QuietBot
from bot.platforms.telegram._carrier import Carrier
from bot.platforms.telegram._edits import Freshest
from bot.platforms.telegram._errors import settle, too_late, unchanged
from bot.platforms.telegram._names import chat_of, file_name
from bot.platforms.telegram._parse import PLATFORM
from bot.platforms.telegram._render import CAPTION_MAX, TEXT_MAX, Raw, Rendered, caption, compose
from chat.errors import Ambiguous, MessageGone, Rejected
from chat.message import Attachment, Message
from chat.outbound import SendFile
from chat.people import MessageRef, Place
from chat.platform import Shelf
from chat.text import Reader

log = structlog.get_logger(__name__)
mimetypes.add_type("text/calendar", ".ics")  # PTB asks the system's table, which a slim container does not have
FILES_KEPT = 256
_NO_PREVIEW = {"is_disabled": True}


class Sender:
    """Send, edit and delete for one bot; knows which files Telegram holds already."""

    def __init__(self, bot: QuietBot, workspace: str, edits_per_minute: float, shelf: Shelf | None = None) -> None:
        self._bot = bot
        self._carrier = Carrier(bot, workspace, shelf)
        self._workspace = workspace
        self._freshest = Freshest(edits_per_minute)
        self._files: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def close(self) -> None:
        """Give up what is going up."""
        await self._carrier.close()

    async def send(self, to: Place, messages: Sequence[Message], reader: Reader) -> MessageRef:
        """Send one message made of one or several of ours. Raise the neutral errors."""
        made, file = compose(messages, reader), next((each.file for each in messages if each.file), None)
        try:
            return await self._send(to, made, to.thread, file)
        except Rejected as error:
            if not to.thread or "thread not found" not in error.reason.lower():
                raise
        # Refused, so nothing was sent: the topic is gone and General takes no thread id (platforms §2.7).
        log.warning("telegram_topic_gone", chat=to.chat, thread=to.thread)
        return await self._send(to, made, "", file)

    async def _send(self, to: Place, made: Rendered, thread: str, file: Attachment | None) -> MessageRef:
        fields: Raw = {"chat_id": chat_of(to.chat)}
        if made.silent:
            fields["disable_notification"] = True
        if made.protect:
            fields["protect_content"] = True
        if thread:
            fields["message_thread_id"] = int(thread)
        if file is not None:
            sent = await self._carrier.send(fields, made, file)
        else:
            sent = await settle(self._bot.call("sendMessage", {**fields, **_shown(made)}), to.chat)
        return self._ref(to.chat, sent.get("message_id") if isinstance(sent, dict) else None)

    async def edit(
        self, ref: MessageRef, message: Message, reader: Reader, *, paced: bool = False, patient: bool = False
    ) -> None:
        """Edit a message of ours; an unchanged one is a success. Raise the neutral errors.

        `paced` keeps the pace of a group, `patient` tries once more: both for answers to a press.
        """
        most = CAPTION_MAX if message.file is not None or self._carrier.carries(ref) else TEXT_MAX
        made = compose((message,), reader, most)

        async def once() -> None:
            await self._edit(ref, made, message.file)

        async def do() -> None:
            nonlocal made
            try:
                await (twice(once, idempotent=True) if patient else once())
            except Rejected as error:
                # 400 without a known text about a message with other content: a file with a caption
                if message.file is not None or "no text in the message" not in error.reason.lower():
                    raise
                made = compose((message,), reader, CAPTION_MAX)
                await self._carrier.edit(ref, made, None)

        await self._freshest.edit(ref, do, paced=paced)

    async def _edit(self, ref: MessageRef, made: Rendered, file: Attachment | None) -> None:
        if file is not None or self._carrier.carries(ref):
            await self._carrier.edit(ref, made, file)
            return
        await settle(self._turn(ref, made), ref.chat)

    async def _turn(self, ref: MessageRef, made: Rendered) -> None:
        try:
            await self._bot.call(
                "editMessageText", {"chat_id": chat_of(ref.chat), "message_id": int(ref.message), **_shown(made)}
            )
        except TelegramError as error:
            if not unchanged(error):
                raise

    async def upload(self, to: Place, file: SendFile, reader: Reader) -> MessageRef:
        """Send a file; the same content under the same name is uploaded once per run. Raise the neutral errors."""
        name = file_name(file.name)
        key = (hashlib.sha256(file.content).hexdigest(), name)
        known = self._files.get(key)
        if known is not None:
            try:
                return await self._document(to, file, reader, known, key)
            except Rejected as error:
                if "file" not in error.reason.lower():
                    raise
                del self._files[key]  # Telegram forgot it: nothing was sent, so upload it again
        return await self._document(to, file, reader, InputFile(file.content, filename=name), key)

    async def _document(
        self, to: Place, file: SendFile, reader: Reader, document: InputFile | str, key: tuple[str, str]
    ) -> MessageRef:
        text, entities = caption(file.caption, reader)
        sent = await settle(
            self._bot.send_document(
                chat_of(to.chat),
                document,
                caption=text or None,
                caption_entities=[MessageEntity.de_json(each, self._bot) for each in entities] or None,
                disable_content_type_detection=True,
                disable_notification=True,  # the person asked for it (conversation §8)
                message_thread_id=int(to.thread) if to.thread else None,
            ),
            to.chat,
        )
        if sent.document is not None and isinstance(sent.document.file_id, str):
            self._files[key] = sent.document.file_id
            while len(self._files) > FILES_KEPT:
                self._files.popitem(last=False)
        return self._ref(to.chat, sent.message_id)

    async def delete(self, ref: MessageRef) -> bool:
        """Delete a message; false when Telegram does not let us (older than 48 hours, no right, gone)."""
        try:
            done = await settle(
                self._bot.call("deleteMessage", {"chat_id": chat_of(ref.chat), "message_id": int(ref.message)}),
                ref.chat,
            )
        except (MessageGone, Rejected):
            return False
        if done is not True:
            raise Ambiguous("garbled")
        return True

    async def answer(self, callback: str, text: str = "", *, alert: bool = False, url: str = "") -> None:
        """Answer a press, which stops its spinner; too late is harmless. Raise the neutral errors."""
        fields: Raw = {"callback_query_id": callback}
        fields |= {name: value for name, value in (("text", text), ("show_alert", alert), ("url", url)) if value}

        async def once() -> None:
            try:
                await self._bot.call("answerCallbackQuery", fields)
            except TelegramError as error:
                if not too_late(error):
                    raise

        await settle(once())

    def _ref(self, chat: str, message: Any) -> MessageRef:
        """Name what was sent. Raise `Ambiguous` when Telegram's answer names no message."""
        if type(message) is not int or message <= 0:
            raise Ambiguous("garbled")
        return MessageRef(PLATFORM, self._workspace, chat, str(message))


def _shown(made: Rendered) -> Raw:
    """Give the fields of a text that sending and editing share."""
    fields: Raw = {"text": made.text, "link_preview_options": _NO_PREVIEW}
    if made.entities:
        fields["entities"] = made.entities
    if made.keyboard:
        fields["reply_markup"] = {"inline_keyboard": made.keyboard}
    return fields
