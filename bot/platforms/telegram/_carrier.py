"""Messages with a file: one document with the words as its caption and the buttons below (platforms §2.5)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from bot.platforms.telegram._bot import QuietBot
from bot.platforms.telegram._documents import Documents
from bot.platforms.telegram._errors import settle
from bot.platforms.telegram._multipart import Multipart
from bot.platforms.telegram._names import chat_of, file_name
from bot.platforms.telegram._render import CAPTION_MAX, Raw, Rendered, units
from chat.errors import NotSent, Rejected
from chat.message import Attachment
from chat.people import MessageRef
from chat.platform import Shelf

SHOWN_KEPT = 5_000
"""Messages whose file is remembered; of others it is put in anew when they are edited, which changes nothing else."""
SAID_KEPT = 500
_WORDS = "message.txt"
_NOTE = "-"
"""Stands for the little text file that took the place of a file."""


class Carrier:
    """Send and edit messages with files for one bot."""

    def __init__(self, bot: QuietBot, workspace: str, shelf: Shelf | None) -> None:
        self._bot, self._documents = bot, Documents(shelf, workspace)
        self._shown: OrderedDict[tuple[str, int], str] = OrderedDict()
        self._said: OrderedDict[tuple[Any, str], None] = OrderedDict()

    async def close(self) -> None:
        """Give up what is going up."""
        await self._documents.close()

    async def send(self, fields: Raw, made: Rendered, file: Attachment) -> Any:
        """Send a document and give Telegram's answer; `fields` say where to and how.

        Words that are too long for a caption go first as a message of their own. If only that arrived, it is not said
        again when the file is tried once more.
        """
        chat = str(fields["chat_id"])
        shown, said = made, (fields["chat_id"], made.text)
        if units(made.text) > CAPTION_MAX:
            if said not in self._said:
                words: Raw = {**fields, "text": made.text, "link_preview_options": {"is_disabled": True}}
                await settle(self._bot.call("sendMessage", words | _optional(entities=made.entities)), chat)
                _keep(self._said, said, None, SAID_KEPT)
            shown = replace(made, text="", entities=())
        fields = {**fields, **_captioned(shown), **_keyboard(made), "disable_content_type_detection": True}

        async def known(name: str) -> Any:
            return await settle(self._bot.call("sendDocument", {**fields, "document": name}), chat)

        async def fresh(pieces: AsyncIterator[bytes]) -> Any:
            return await self._upload("sendDocument", fields, file, pieces, chat)

        try:
            sent = await self._documents.put(file, known, fresh)
        except NotSent:  # it will be tried again
            raise
        except BaseException:
            self._said.pop(said, None)
            raise
        self._said.pop(said, None)
        if isinstance(sent, dict):
            self._note(chat, sent.get("message_id"), file.file)
        return sent

    def carries(self, ref: MessageRef) -> bool:
        """Tell whether a message is known to be a document."""
        return bool(ref.message.isdecimal() and self._shown.get((ref.chat, int(ref.message))))

    async def edit(self, ref: MessageRef, made: Rendered, file: Attachment | None) -> None:
        """Give a message, document or text, other words, buttons and file.

        Without a file the document becomes a little text that holds the words: nothing of a file that was withdrawn or
        replaced may stay under the button that opens it. An unchanged message is a success.
        """
        at: Raw = {"chat_id": chat_of(ref.chat), "message_id": int(ref.message)}
        try:
            if file is None:
                await self._turn_to_words(at, made, ref.chat)
            elif self._shown.get((ref.chat, int(ref.message))) != file.file or not await self._caption(
                at, made, ref.chat
            ):
                await self._replace(at, made, file, ref.chat)
        except Rejected as error:
            if "message is not modified" not in error.reason.lower():
                raise
        self._note(ref.chat, int(ref.message), file.file if file else _NOTE)

    async def _caption(self, at: Raw, made: Rendered, chat: str) -> bool:
        """Change words and buttons alone; false when there is no file with that message after all."""
        try:
            await settle(self._bot.call("editMessageCaption", {**at, **_captioned(made), **_keyboard(made)}), chat)
        except Rejected as error:
            if "no caption" not in error.reason.lower():
                raise
            return False
        return True

    async def _replace(self, at: Raw, made: Rendered, file: Attachment, chat: str) -> None:
        async def known(name: str) -> Any:
            fields = {**at, **_media(name, made), **_keyboard(made)}
            return await settle(self._bot.call("editMessageMedia", fields), chat)

        async def fresh(pieces: AsyncIterator[bytes]) -> Any:
            fields = {**at, **_media("attach://document", made), **_keyboard(made)}
            return await self._upload("editMessageMedia", fields, file, pieces, chat)

        await self._documents.put(file, known, fresh)

    async def _turn_to_words(self, at: Raw, made: Rendered, chat: str) -> None:
        content = made.text.encode(errors="replace")

        async def pieces() -> AsyncIterator[bytes]:
            yield content

        note = Attachment(_NOTE, _WORDS, len(content), "text/plain; charset=utf-8")
        fields = {**at, **_media("attach://document", made), **_keyboard(made)}
        await self._upload("editMessageMedia", fields, note, pieces(), chat)

    async def _upload(self, method: str, fields: Raw, file: Attachment, pieces: AsyncIterator[bytes], chat: str) -> Any:
        body = Multipart(fields, "document", file_name(file.name), file.media, file.size, pieces)
        return await settle(self._bot.upload(method, body), chat)

    def _note(self, chat: str, message: Any, file: str) -> None:
        if type(message) is int:
            _keep(self._shown, (chat, message), file, SHOWN_KEPT)


def _captioned(made: Rendered) -> Raw:
    return _optional(caption=made.text, caption_entities=made.entities)


def _media(name: str, made: Rendered) -> Raw:
    media: Raw = {"type": "document", "media": name, "disable_content_type_detection": True}
    return {"media": media | _captioned(made)}


def _keyboard(made: Rendered) -> Raw:
    return {"reply_markup": {"inline_keyboard": made.keyboard}} if made.keyboard else {}


def _optional(**fields: Any) -> Raw:
    return {name: value for name, value in fields.items() if value}


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
