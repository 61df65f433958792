"""Names as Telegram takes them: of chats and of files."""

from __future__ import annotations

NAME_MAX = 100


def chat_of(chat: str) -> int | str:
    """Give a chat's id as a number, or its public name."""
    return int(chat) if chat.lstrip("-").isdecimal() else chat


def file_name(name: str) -> str:
    """Make a name safe to send: no folders, no control characters, at most 100 characters (reliability S33)."""
    bare = "".join(each for each in name.replace("\\", "/").split("/")[-1] if each.isprintable() and each != '"')
    bare = bare.strip(" .")
    stem, dot, ending = bare.rpartition(".")
    if len(bare) > NAME_MAX and dot and len(ending) < 10:
        bare = f"{stem[: NAME_MAX - len(ending) - 1]}.{ending}"
    return bare[:NAME_MAX] or "file"
