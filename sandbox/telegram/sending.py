"""Methods that write: messages, documents, edits, deletions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.telegram.errors import NOT_MODIFIED, Refused, bad
from sandbox.telegram.formatting import CAPTION_MAX, TEXT_MAX, formatted
from sandbox.telegram.keyboard import keyboard
from sandbox.telegram.params import Params
from sandbox.telegram.server import Server, method
from sandbox.telegram.state import Chat, Message

ANY_SEND = (
    "business_connection_id chat_id message_thread_id disable_notification protect_content allow_paid_broadcast "
    "message_effect_id reply_parameters reply_markup parse_mode "
)
ANY_EDIT = "business_connection_id chat_id message_id inline_message_id reply_markup "
PREVIEW = {"is_disabled", "url", "prefer_small_media", "prefer_large_media", "show_above_text"}
MEDIA = {"type", "media", "thumbnail", "caption", "parse_mode", "caption_entities", "disable_content_type_detection"}
DELETE_WITHIN = timedelta(hours=48)
FILE_MAX, DOWNLOAD_MAX = 50 * 2**20, 20 * 2**20


@method("sendMessage", ANY_SEND + "text entities link_preview_options")
def send_message(server: Server, params: Params) -> dict[str, Any]:
    """Write a text of 1 to 4096 characters."""
    chat = server.chat(params)
    text, entities = formatted(params, "text", TEXT_MAX)
    if not text:
        raise bad("message text is empty")
    _check_preview(params)
    message = _draft(server, params, chat)
    message.text, message.entities = text, entities
    return _post(server, message)


@method("sendDocument", ANY_SEND + "document thumbnail caption caption_entities disable_content_type_detection")
def send_document(server: Server, params: Params) -> dict[str, Any]:
    """Send a file: an upload of at most 50 MB or the id of one that was sent before; a caption of at most 1024."""
    chat = server.chat(params)
    text, entities = formatted(params, "caption", CAPTION_MAX)
    message = _draft(server, params, chat)
    message.text, message.entities = text, entities
    message.document = _document(server, params)
    return _post(server, message)


@method("editMessageText", ANY_EDIT + "text parse_mode entities link_preview_options")
def edit_text(server: Server, params: Params) -> dict[str, Any]:
    """Give a message of the bot another text and keyboard; without a keyboard it loses its own."""
    message = server.own_message(params, "edit")
    text, entities = formatted(params, "text", TEXT_MAX)
    if message.document:
        raise bad("there is no text in the message to edit")
    if not text:
        raise bad("message text is empty")
    _check_preview(params)
    return _edit(server, message, params, text, entities)


@method("editMessageCaption", ANY_EDIT + "caption parse_mode caption_entities show_caption_above_media")
def edit_caption(server: Server, params: Params) -> dict[str, Any]:
    """Give a file of the bot another caption and keyboard."""
    message = server.own_message(params, "edit")
    text, entities = formatted(params, "caption", CAPTION_MAX)
    if not message.document:
        raise bad("there is no caption in the message to edit")
    return _edit(server, message, params, text, entities)


@method("editMessageMedia", ANY_EDIT + "media")
def edit_media(server: Server, params: Params) -> dict[str, Any]:
    """Give a message of the bot, a file or a text, another file, caption and keyboard."""
    message = server.own_message(params, "edit")
    media = params.object("media")
    if not media:
        raise bad("media is empty")
    if strange := sorted(set(media) - MEDIA):
        raise bad(f"media has no {', '.join(strange)} (refused by the sandbox)")
    if media.get("type") != "document":
        raise bad(f"the sandbox has no media of type {media.get('type')!r}")
    text, entities = formatted(Params(dict(media)), "caption", CAPTION_MAX)
    named = str(media.get("media") or "")
    files = params.files if named.startswith("attach://") else {}
    document = _document(server, Params({"document": named}, files))
    return _edit(server, message, params, text, entities, document)


@method("editMessageReplyMarkup", ANY_EDIT)
def edit_keyboard(server: Server, params: Params) -> dict[str, Any]:
    """Give a message of the bot another keyboard, or none."""
    message = server.own_message(params, "edit")
    return _edit(server, message, params, message.text, message.entities)


@method("deleteMessage", "chat_id message_id")
def delete_message(server: Server, params: Params) -> bool:
    """Delete a message of at most 48 virtual hours: the bot's own, any in private, any in a group it administers."""
    chat = server.chat(params)
    message = chat.messages.get(params.number("message_id"))
    if message is None:
        raise bad("message to delete not found")
    own = message.sender["id"] == server.bot.id
    if server.world.clock.now() - message.at > DELETE_WITHIN or not (
        own or chat.private or chat.bot == "administrator"
    ):
        raise bad("message can't be deleted for everyone")
    del chat.messages[message.id]
    return True


@method("sendChatAction", "business_connection_id chat_id message_thread_id action")
def send_chat_action(server: Server, params: Params) -> bool:
    """Show that the bot is busy."""
    server.check_reach(server.chat(params))
    if params.text("action") not in {"typing", "upload_document", "upload_photo", "find_location", "choose_sticker"}:
        raise bad("wrong parameter action in request")
    return True


@method("getFile", "file_id")
def get_file(server: Server, params: Params) -> dict[str, Any]:
    """Give the path under which a file of at most 20 MB can be fetched."""
    file = server.files.get(params.text("file_id"))
    if file is None:
        raise bad("invalid file_id")
    if len(file.content) > DOWNLOAD_MAX:
        raise bad("file is too big")
    size = len(file.content)
    return {"file_id": file.id, "file_unique_id": file.unique, "file_size": size, "file_path": file.path}


def _draft(server: Server, params: Params, chat: Chat) -> Message:
    """Check what all new messages have in common; the message gets its number when it is posted."""
    message = Message(0, chat, server.bot.user, server.world.clock.now(), keyboard=keyboard(params))
    server.check_reach(chat)
    thread = params.number("message_thread_id", 0)
    if thread and thread not in chat.topics:
        raise bad("message thread not found")
    reply = params.object("reply_parameters")
    if reply:
        answered = reply.get("message_id")
        if isinstance(answered, int) and answered in chat.messages:
            message.reply_to = answered
        elif not reply.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
    message.thread = thread
    message.protect, message.silent = params.flag("protect_content"), params.flag("disable_notification")
    return message


def _post(server: Server, message: Message) -> dict[str, Any]:
    chat = message.chat
    server.check_pace(chat)
    chat.last_id += 1
    message.id = chat.last_id
    chat.messages[message.id] = message
    return message.payload()


def _edit(
    server: Server,
    message: Message,
    params: Params,
    text: str,
    entities: list[dict[str, Any]],
    document: dict[str, Any] | None = None,
) -> dict[str, Any]:
    rows = keyboard(params, inline_only=True)
    server.check_pace(message.chat, new=False)
    if message.protect:
        params.noted["has_protected_content"] = True
    same = document is None or (message.document or {}).get("file_unique_id") == document["file_unique_id"]
    if same and (text, entities, rows) == (message.text, message.entities, message.keyboard):
        raise bad(NOT_MODIFIED)
    message.text, message.entities, message.keyboard = text, entities, rows
    message.document = document or message.document
    message.edited_at = server.world.clock.stamp()
    return message.payload()


def _check_preview(params: Params) -> None:
    options = params.object("link_preview_options")
    if options and not PREVIEW.issuperset(options):
        raise bad(f"link_preview_options has no {', '.join(sorted(set(options) - PREVIEW))} (refused by the sandbox)")


def _document(server: Server, params: Params) -> dict[str, Any]:
    named = params.text("document")
    upload = params.files.get(named.removeprefix("attach://") if named.startswith("attach://") else "document")
    if upload is not None:
        if not upload.content:
            raise bad("file must be non-empty")
        if len(upload.content) > FILE_MAX:
            raise Refused(413, "Request Entity Too Large")
        return server.store(upload.name, upload.kind, upload.content).document()
    if named.startswith(("http://", "https://")):
        raise bad("the sandbox fetches no files by HTTP URL; upload the file")
    file = server.files.get(named)
    if file is None:
        raise bad("wrong remote file identifier specified: can't unserialize it" if named else "there is no document")
    return file.document()
