"""Markdown: plain text in UTF-8, in which nothing is hidden and nothing runs."""

from __future__ import annotations

import re

from reading._file import TEXT_MAX, Read, Refused, document, paged

_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_PAGE = re.compile(
    r"\s*<(?:!doctype|\?xml|\?php|html|head|body|script|iframe|style|title|svg|table|div|font|meta|link|img|h[1-6]|p|a|b|br)"
    r"[\s/>]",
    re.IGNORECASE,
)
"""What browsers take for the beginning of a page."""
_ACTIVE = re.compile(
    r"<\s*(?:script|iframe|object|embed|svg|meta|base|form|link|style)[\s/>]|<[a-z][^<>]{0,500}\son[a-z]{3,20}\s*="
    r"|\]\(\s*(?:javascript|vbscript|data|file):",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    "htm|html|xhtml|xml|svg|csv|tsv|json|ya?ml|js|ts|py|sh|bat|cmd|ps1|vbs|php|rtf|eml|mht|mhtml|tex|ini|toml|sql|ics"
    "|vcf|css|lnk|url|reg|hta",
    re.IGNORECASE,
)
"""Endings of texts that are no documents."""
_ENDLESS = re.compile(r"[^\r\n]{100000}")


def read(content: bytes, ending: str) -> Read:
    """Read Markdown. Raise `Refused`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("kind") from None
    if _CONTROL.search(text) or text.startswith(("{\\rtf", "#!", "%!")) or _OTHERS.fullmatch(ending):
        raise Refused("kind")
    if _PAGE.match(text):
        raise Refused("kind")
    if _ACTIVE.search(text):
        raise Refused("macros")
    if _ENDLESS.search(text):
        raise Refused("kind")
    lines = text[:TEXT_MAX].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return document("md", paged(lines))
