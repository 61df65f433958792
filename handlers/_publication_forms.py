"""The questions about a publication, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chat.errors import UserError
from chat.form import ChoiceField, FileField, Form, MomentField, Option, TextField, size_text
from chat.language import LANGUAGES
from chat.text import LanguageName, say
from handlers import _announcement_forms, _files, _memo_forms
from handlers._announcement_forms import NOBODY, AddressField
from handlers._feature import Context
from storage import publications
from storage.documents import PUBLICATIONS, Document
from storage.members import Member, by_key

CHANNELS = ("none", "members", "announcements", "all")


async def approvers(ctx: Context, document: Document | None) -> list[Member]:
    """Give who may approve it: approvers first, then organisers; nobody who wrote it, nor who begins it."""
    but = publications.writers(document) if document is not None else {ctx.me.id}
    return await _memo_forms.approvers(ctx.db, but, ctx.now)


async def publication_form(ctx: Context, document: Document | None) -> Form:
    """Build the form; of one that is out only what helps to find it can change."""
    theme = TextField(id="theme", label=say("m_q_theme"), required=False, max=120)
    keywords = TextField(
        id="keywords", label=say("pu_q_keywords"), hint=say("pu_q_keywords_hint"), required=False, max=300
    )
    if document is not None and document.published_at is not None:
        return Form("publication", say("pu_form_edit"), ((theme, keywords),))
    people = await approvers(ctx, document)
    if not people:
        raise UserError(say("pu_no_approver"))
    first = (
        ChoiceField(
            id="kind",
            label=say("pu_q_kind"),
            options=tuple(Option(each, say(f"pu_kind_{each}")) for each in PUBLICATIONS),
        ),
        TextField(id="title", label=say("m_q_title"), min=3, max=120),
        AddressField(id="link", label=say("pu_q_link"), hint=say("pu_q_link_hint"), required=False),
        ChoiceField(
            id="approver", label=say("pu_q_approver"), options=tuple(Option(each.key, each.name) for each in people)
        ),
    )
    places = tuple(
        Option(each, say(key))
        for each, key in zip(
            CHANNELS, ("an_no_channel", "an_members_channels", "an_news_channels", "pu_all_channels"), strict=True
        )
    )
    to = (Option("both", say("an_to_people")), Option(NOBODY, say("an_to_channels")))
    second = (
        MomentField(
            id="embargo", label=say("pu_q_embargo"), hint=say("pu_q_embargo_hint"), required=False, future=False
        ),
        ChoiceField(id="to", label=say("an_q_to"), options=to),
        ChoiceField(id="channels", label=say("an_q_channels"), options=places),
        theme,
        keywords,
    )
    return Form("publication", say("pu_form" if document else "b_pu_new"), (first, second))


def filled(document: Document) -> dict[str, str]:
    """Give the answers that stand, but the approver and the channels, which the caller knows."""
    return {
        "kind": document.kind, "title": document.title, "link": document.link, "theme": document.theme,
        "keywords": document.keywords, "embargo": document.embargo_until.isoformat() if document.embargo_until else "",
        "to": "both" if (document.targets or {}).get("private", True) else NOBODY,
        "channels": str((document.targets or {}).get("choice", NOBODY)),
    }  # fmt: skip


async def values_of(ctx: Context, given: Mapping[str, str]) -> dict[str, Any]:
    """Turn answers into columns. Raise `UserError` if the approver is gone."""
    if "kind" not in given:
        return {"theme": given.get("theme", ""), "keywords": given.get("keywords", "")}
    approver = await by_key(ctx.db, given["approver"])
    if approver is None:
        raise UserError(say("e_gone"))
    return {
        "kind": given["kind"], "title": given["title"], "link": given.get("link", ""), "approver_id": approver.id,
        "theme": given.get("theme", ""), "keywords": given.get("keywords", ""),
        "embargo_until": datetime.fromisoformat(given["embargo"]) if given.get("embargo") else None,
        "targets": {
            "private": given["to"] != NOBODY, "choice": given["channels"],
            "channels": await _announcement_forms.chosen(ctx.db, given["channels"]),
        },
    }  # fmt: skip


def file_form() -> Form:
    """Build the question for the file of a publication."""
    most = size_text(_files.FIELD_LIMIT)
    fields = (
        FileField(id="file", label=say("pu_q_file", max=most), endings=_memo_forms.ENDINGS, max=_files.FIELD_LIMIT),
        ChoiceField(
            id="language",
            label=say("pu_q_language"),
            options=tuple(Option(each, LanguageName(each)) for each in LANGUAGES),
        ),
    )
    return Form("publication_file", say("pu_form_file"), (fields,), review=False)
