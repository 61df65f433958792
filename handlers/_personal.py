"""Personal data of migrants and returnees in typed text: noticed before anything is kept (domain, boundary rule).

The patterns look for e-mail addresses, phone, document and case numbers, birth dates and "the migrant X", in the five
languages. They are a net with holes, not a proof: a person can always describe somebody in words.
"""

from __future__ import annotations

import re

_DATES = re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b|\b\d{1,2}[:.]\d{2}\b")
_LINKS = re.compile(r"https?://\S+")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE = re.compile(r"(?<![\w/])(?:\+|00|0|\()\d[\d\s().-]{6,}\d")
_LONG_NUMBER = re.compile(r"(?<!\w)[A-Z]{0,3}[-/ ]?\d{7,}(?!\w)")
_NUMBERED = re.compile(
    r"\b(?:case|file|passport|visa|permit|document|dossier|passeport|titre de séjour|dosya|pasaport|kimlik|ikamet|"
    r"expediente|pasaporte|permiso|documento|nie|tckn)\b\W*(?:number|num|no|nr|n°|nº|id|numéro|numarası|numara|número)?"
    r"[\s.:#º°]*[A-Z]{0,4}[-/]?\d[\w/-]{3,}"
    r"|(?:ملف|جواز|قضية|هوية)\S*\s*(?:السفر)?\s*(?:رقم)?[\s:#]*\d{4,}",
    re.IGNORECASE,
)
_BORN = re.compile(
    r"\b(?:born (?:on|in)|date of birth|d\.?o\.?b\b|née? le|date de naissance|doğum tarihi|doğumlu|nacid[oa] el|"
    r"fecha de nacimiento)|تاريخ الميلاد|مواليد",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?i:the migrant|the returnee|the refugee|asylum seeker|le migrant|la migrante|le réfugié|göçmen|sığınmacı|"
    r"el migrante|la migrante|el retornado|la retornada)\s+"
    r"(?:(?i:named|called|mr|ms|mrs|nommée?|adlı|llamad[oa])\.?\s+)?"
    r"[A-ZÀ-ÖØ-ÞĞİŞÇ]\w+"
    r"|(?:المهاجر|المهاجرة|العائد|العائدة)\s+(?:المدعو|المدعوة|اسمه|اسمها)\s+\w+"
)
_OWN_CASE = re.compile(
    r"\b(?:my (?:case|file|papers|asylum|visa|passport|deportation|return application|residence permit)|"
    r"i (?:want|need|wish|would like) to (?:go (?:home|back)|return)|deport(?:ed)? me|"
    r"mon (?:dossier|visa|passeport|asile)|mes papiers|je (?:veux|voudrais|souhaite) (?:rentrer|retourner)|"
    r"dosyam|evraklarım|ülkeme dönmek|eve dönmek|memleketime|"
    r"mi (?:expediente|caso|visado|pasaporte|asilo)|mis papeles|quiero (?:volver|regresar))\b"
    r"|ملفي|قضيتي|أوراقي|أريد العودة|اريد العودة|أرغب في العودة",
    re.IGNORECASE,
)


def looks_personal(text: str) -> bool:
    """Tell whether a text seems to name or number a person; dates, times and links alone do not count."""
    if _BORN.search(text) or _EMAIL.search(text) or _NAMED.search(text):
        return True
    rest = _DATES.sub(" ", _LINKS.sub(" ", text))
    phone = _PHONE.search(rest)
    if phone and sum(each.isdigit() for each in phone.group()) >= 8:
        return True
    return bool(_NUMBERED.search(rest) or _LONG_NUMBER.search(rest))


def looks_like_a_case(text: str) -> bool:
    """Tell whether the writer seems to ask about their own or one person's case."""
    return looks_personal(text) or _OWN_CASE.search(text) is not None
