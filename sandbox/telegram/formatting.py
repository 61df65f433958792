"""Formatted text as Telegram takes it: HTML or entities, offsets in UTF-16 code units (platforms §2.4)."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from sandbox.telegram.errors import bad
from sandbox.telegram.params import Params

TEXT_MAX, CAPTION_MAX, ENTITIES_MAX = 4096, 1024, 100
SIMPLE = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
TYPES = frozenset(SIMPLE.values()) | {
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "expandable_blockquote",
    "text_link",
    "text_mention",
    "custom_emoji",
    "date_time",
}
EXTRA = {"text_link": "url", "text_mention": "user", "custom_emoji": "custom_emoji_id", "date_time": "unix_time"}
"""What an entity of this type cannot be without."""
TIME_FORMAT = re.compile(r"r|(?=.)w?[dD]?[tT]?")
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
ATTRIBUTE = re.compile(r"\s+([a-zA-Z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([a-zA-Z0-9.-]+)))?")
KNOWN_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")
LINK = re.compile(r"(?:https?|tg|mailto|tel)://?[^\s]+", re.IGNORECASE)

Entity = dict[str, Any]
Formatted = tuple[str, list[Entity]]


def units(text: str) -> int:
    """Count UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def formatted(params: Params, name: str, limit: int) -> Formatted:
    """Give the text of a call and its entities; raise `Refused` for what Telegram would refuse."""
    mode, prefix = params.text("parse_mode"), "caption_" if name == "caption" else ""
    given = params.array(f"{prefix}entities")
    text = params.text(name)
    if mode and given:
        raise bad("give parse_mode or entities, not both")
    if mode.lower() in {"markdown", "markdownv2"}:
        raise bad(f"the sandbox does not support parse_mode {mode}; use HTML or entities")
    if mode and mode.lower() != "html":
        raise bad("unsupported parse_mode")
    text, entities = parse_html(text) if mode else (text, check(text, given or []))
    text, entities = trim(text, entities)
    if units(text) > limit:
        raise bad("message is too long" if name == "text" else "message caption is too long")
    return text, entities[:ENTITIES_MAX]


def parse_html(text: str) -> Formatted:
    """Read Telegram's HTML; raise `Refused` for an unknown tag, a wrong attribute, or a tag that is not closed."""
    if "<" not in text and "&" not in text:
        return text, []
    parts: list[str] = []
    entities: list[Entity] = []
    open_tags: list[tuple[str, int, dict[str, str]]] = []
    at = offset = 0

    def put(chunk: str) -> None:
        nonlocal offset
        chunk = KNOWN_ENTITY.sub(lambda match: unescape(match[0]), chunk)
        parts.append(chunk)
        offset += units(chunk)

    while (start := text.find("<", at)) >= 0:
        put(text[at:start])
        where = len(text[:start].encode())
        tag = TAG.match(text, start)
        if tag is None:
            raise _unparsed(f"Unsupported start tag at byte offset {where}")
        name, at = tag[2].lower(), tag.end()
        if not tag[1]:
            open_tags.append((name, offset, _attributes(name, tag[3], where)))
            continue
        if not open_tags:
            raise _unparsed(f"Unexpected end tag at byte offset {where}")
        begun, since, attributes = open_tags.pop()
        if begun != name:
            raise _unparsed(f'Unmatched end tag at byte offset {where}, expected "</{begun}>", found "</{name}>"')
        if offset > since and (entity := _entity(name, attributes, open_tags)):
            entities.append({"type": entity.pop("type"), "offset": since, "length": offset - since, **entity})
    put(text[at:])
    if open_tags:
        raise _unparsed(f'Can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return "".join(parts), entities


def _unparsed(reason: str) -> Exception:
    return bad(f"can't parse entities: {reason}")


def _attributes(name: str, rest: str, where: int) -> dict[str, str]:
    found: dict[str, str] = {}
    end = 0
    for match in ATTRIBUTE.finditer(rest):
        if match.start() != end:
            break
        end = match.end()
        value = next((group for group in match.groups()[1:] if group is not None), "")
        found[match[1].lower()] = KNOWN_ENTITY.sub(lambda each: unescape(each[0]), value)
    if rest[end:].strip():
        raise _unparsed(f"Unexpected attribute of tag at byte offset {where}")
    if name == "span" and found.get("class") != "tg-spoiler":
        raise _unparsed(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
    if name == "tg-time":
        if not re.fullmatch(r"[0-9]{1,11}", found.get("unix", "")):
            raise _unparsed(f'Tag "tg-time" must have a whole number "unix" at byte offset {where}')
        if not TIME_FORMAT.fullmatch(found.get("format", "r")):
            raise _unparsed(f'Tag "tg-time" has a wrong "format" at byte offset {where}')
    elif name == "tg-emoji" and not found.get("emoji-id", "").isdigit():
        raise _unparsed(f'Tag "tg-emoji" must have "emoji-id" at byte offset {where}')
    elif name not in SIMPLE and name not in {"a", "span", "tg-emoji"}:
        raise _unparsed(f'Unsupported start tag "{name}" at byte offset {where}')
    return found


def _entity(name: str, attributes: dict[str, str], around: list[tuple[str, int, dict[str, str]]]) -> Entity | None:
    match name:
        case "a":
            href = attributes.get("href", "")
            if user := re.fullmatch(r"tg://user\?id=([0-9]+)", href):
                return {"type": "text_mention", "user": {"id": int(user[1]), "is_bot": False, "first_name": "user"}}
            return {"type": "text_link", "url": href} if LINK.fullmatch(href) else None
        case "tg-time":
            made: Entity = {"type": "date_time", "unix_time": int(attributes["unix"])}
            return {**made, "date_time_format": attributes["format"]} if "format" in attributes else made
        case "tg-emoji":
            return {"type": "custom_emoji", "custom_emoji_id": attributes["emoji-id"]}
        case "span":
            return {"type": "spoiler"}
        case "blockquote" if "expandable" in attributes:
            return {"type": "expandable_blockquote"}
        case "code" if around and around[-1][0] == "pre":
            return None
        case _:
            return {"type": SIMPLE[name]}


def check(text: str, given: list[Any]) -> list[Entity]:
    """Check entities a call brought along."""
    if not given:
        return []
    total = units(text)
    middles = _middles(text) if total > len(text) else frozenset()
    for entity in given:
        if not isinstance(entity, dict) or str(entity.get("type")) not in TYPES:
            raise bad("can't parse MessageEntity: Unsupported type specified")
        kind, offset, length = entity["type"], entity.get("offset"), entity.get("length")
        if type(offset) is not int or type(length) is not int or offset < 0 or length <= 0:
            raise bad('can\'t parse MessageEntity: "offset" and "length" must be whole numbers, "length" above 0')
        if offset + length > total:
            raise bad(
                f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {total}"
            )
        if offset in middles or offset + length in middles:
            raise bad(f"entity at UTF-16 offset {offset} begins or ends in a middle of a UTF-16 symbol")
        if (needed := EXTRA.get(kind)) and not entity.get(needed) and entity.get(needed) != 0:
            raise bad(f"can't parse MessageEntity: Can't find field \"{needed}\"")
        if kind == "date_time" and (
            type(entity["unix_time"]) is not int
            or not TIME_FORMAT.fullmatch(str(entity.get("date_time_format") or "r"))
        ):
            raise bad("can't parse MessageEntity: wrong date_time")
    return sorted((dict(entity) for entity in given), key=lambda entity: (entity["offset"], -entity["length"]))


def _middles(text: str) -> frozenset[int]:
    """Give the offsets that lie within a letter of two code units."""
    found, at = set(), 0
    for letter in text:
        if ord(letter) > 0xFFFF:
            found.add(at + 1)
            at += 1
        at += 1
    return frozenset(found)


def trim(text: str, entities: list[Entity]) -> Formatted:
    """Take white space off both ends, as Telegram does, and move the entities along."""
    kept = text.strip()
    if kept == text:
        return text, entities
    lost, total = units(text[: len(text) - len(text.lstrip())]), units(kept)
    moved = []
    for entity in entities:
        start = max(entity["offset"] - lost, 0)
        end = min(entity["offset"] + entity["length"] - lost, total)
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return kept, moved


def commands(text: str) -> list[Entity]:
    """Find the bot commands in what a person wrote."""
    found = re.finditer(r"(?<![^\s])/[a-zA-Z0-9_]{1,32}(?:@[a-zA-Z0-9_]{3,32})?(?![a-zA-Z0-9_@])", text)
    return [
        {"type": "bot_command", "offset": units(text[: match.start()]), "length": units(match[0])} for match in found
    ]
