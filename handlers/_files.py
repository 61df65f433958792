"""Files that people give us to keep, and links: judged, named safely, refused with words that help."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

import reading
from chat.errors import FieldError, UserError
from chat.form import GivenFile, size_text
from chat.message import Attachment
from chat.text import LanguageName, Text, say
from handlers._feature import Context
from storage.database import Session
from storage.files import StoredFile
from storage.members import Member
from storage.vault import Vault

FIELD_LIMIT = reading.LIMIT
"""Bytes of a file in a form."""
NAME_MAX, NAME_BYTES = 100, 200
"""Characters and bytes of a name: Telegram takes longer ones, file systems 255 bytes."""
NAME_SHOWN = 40
LINK_MAX = 500
_ENDINGS = frozenset({*reading.ENDINGS, "jpeg", "txt", "markdown", "doc", "docm", "exe"})
_NOT_TEXT = frozenset({"pdf", "docx", "png", "jpg", "jpeg"})
"""Endings whose files are never plain text: such a one is broken or something else."""
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
"""Names that Windows gives to devices."""
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Marks that turn the direction of writing, so that an ending may look like another."""
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Be a file that was taken: sealed in the vault under `blob`, with its safe name; `keep` makes its row.

    `pages` is none for pictures; `text` is that of each page and must not reach any log, nor an unsealed column.
    """

    blob: str
    name: str
    kind: str
    size: int
    sha256: str
    pages: int | None
    text: tuple[str, ...]


async def take(ctx: Context, given: str, language: str = "", kinds: Sequence[str] = reading.DOCUMENTS) -> Taken:
    """Take the file of a `FileField` value; call it before anything else is done, because the act is done again.

    `kinds` are taken, whatever the name says; `language` names the file in a refusal where a form has several. A file
    that is taken and never kept is forgotten after a day. Raise `UserError` with what to do.
    """
    found = GivenFile.parse(given)
    if found is None:
        raise UserError(say("f_file_send"))
    if ctx.vault is None:
        raise UserError(say("do_no_vault"))
    vault = ctx.vault
    try:
        return ctx.file(found.file, FIELD_LIMIT, lambda content: receive(vault, content, found.name, kinds))
    except UserError as error:
        if not language:
            raise
        raise UserError(say("do_of", language=LanguageName(language), why=error.text)) from None


def receive(vault: Vault, content: bytes, name: str, kinds: Sequence[str] = reading.DOCUMENTS) -> Taken:
    """Read a file and seal it; it blocks and belongs into a thread. Raise `UserError`."""
    try:
        read = reading.read(content, name)
    except reading.Refused as refused:
        raise UserError(refusal(refused.why, name, kinds)) from None
    claimed = name.rpartition(".")[2].casefold()
    if read.kind not in kinds or (read.kind == "md" and claimed in _NOT_TEXT):
        raise UserError(refusal("kind", name, kinds))
    return Taken(
        blob=vault.keep(content), name=safe_name(name, read.kind), kind=read.kind, size=len(content),
        sha256=hashlib.sha256(content).hexdigest(), pages=read.pages, text=read.text,
    )  # fmt: skip


def refusal(why: reading.Why, name: str, kinds: Sequence[str] = reading.DOCUMENTS) -> Text:
    """Say what is wrong with a file and what to do."""
    shown = _shown(name)
    match why:
        case "large":
            return say("do_large", name=shown, max=size_text(reading.LIMIT))
        case "kind":
            return say("do_kind", name=shown, kinds=_listed(kinds))
        case _:
            return say(f"do_{why}", name=shown)


async def keep(db: Session, taken: Taken, by: Member | int | None, now: datetime) -> StoredFile:
    """Write the row of a file that was taken."""
    stored = StoredFile(
        blob=taken.blob, name=taken.name, kind=taken.kind, size=taken.size, sha256=taken.sha256, pages=taken.pages,
        created_at=now, created_by=by.id if isinstance(by, Member) else by,
    )  # fmt: skip
    db.add(stored)
    await db.flush()
    return stored


def attachment(stored: StoredFile) -> Attachment:
    """Give the file of a message."""
    return Attachment(stored.key, stored.name, stored.size, reading.MEDIA.get(stored.kind, "application/octet-stream"))


def safe_name(name: str, kind: str) -> str:
    """Make a name that is safe everywhere, with the ending of what the file is (reliability S33).

    No folders, no control characters, quotes or marks that turn the writing, no device of Windows, at most 100
    characters and 200 bytes; "file" where nothing is left.
    """
    bare = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    bare = _TURNING.sub("", "".join(each if each.isprintable() else " " for each in bare))
    bare = " ".join(re.sub(r'["“”<>|:*?%;]', " ", bare).split()).strip(" .-")
    while (parts := bare.rpartition("."))[0] and parts[2].casefold() in _ENDINGS:
        bare = parts[0].rstrip(" .-")
    if bare.casefold() in _ENDINGS or not bare:
        bare = "file"
    if _DEVICES.fullmatch(bare):
        bare = f"file {bare}"
    ending = f".{kind}"
    bare = bare[: NAME_MAX - len(ending)]
    while len(bare.encode(errors="replace")) > NAME_BYTES - len(ending):
        bare = bare[:-1]
    return bare.encode(errors="replace").decode().rstrip(" .") + ending


def clean_link(text: str) -> str:
    """Give an https address as it really is: a host in other letters stands in punycode (reliability S25).

    Raise `FieldError` for anything but https, for user names before an @, addresses of machines instead of names,
    spaces, and what could end the address within a message.
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        asked = host.encode("idna").decode().casefold().rstrip(".")
    except ValueError:
        raise FieldError(say("do_link")) from None
    if parts.scheme.casefold() != "https" or len(text) > LINK_MAX or re.search(r"[\s<>\"|\\^`{}\x00-\x20]", text):
        raise FieldError(say("do_link"))
    if not _HOST.fullmatch(asked) or _machine(asked) or not all(each.isprintable() for each in text):
        raise FieldError(say("do_link"))
    if "@" in parts.netloc:
        raise FieldError(say("do_link_hidden", host=asked))
    rest = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    rest += f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    rest += f"#{quote(parts.fragment, safe='/%:@!$&()*+,;=~-._?')}" if parts.fragment else ""
    made = f"https://{asked}{f':{port}' if port not in (None, 443) else ''}{rest}"
    if len(made) > LINK_MAX:
        raise FieldError(say("do_link"))
    return made


def host_of(link: str) -> str:
    """Give the real host of a link, to be shown beside it; "" for what is no link."""
    try:
        host = urlsplit(link).hostname or ""
        return host.encode("idna").decode().casefold()
    except ValueError:
        return ""


def _machine(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.endswith((".localhost", ".local", ".internal"))
    return True


def _shown(name: str) -> str:
    bare = " ".join(_TURNING.sub("", "".join(each if each.isprintable() else " " for each in name)).split())
    return bare if len(bare) <= NAME_SHOWN else f"{bare[: NAME_SHOWN - 6]}…{bare[-5:]}"


def _listed(kinds: Sequence[str]) -> Text:
    words = [each.upper() for each in kinds]
    return words[0] if len(words) == 1 else say("do_or", some=", ".join(words[:-1]), last=words[-1])
