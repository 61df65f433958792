"""Publications as cards: what members and channels get, what organisers and the approver see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chat.message import AnyButton, Button, LinkButton, Message, Press, Row, button, row, rows
from chat.text import Bold, LanguageName, Link, Text, When, say
from handlers import _broadcast, _files
from handlers._webinar_cards import funding
from handlers._welcome import go
from storage import publications
from storage.communities import Community
from storage.documents import Document, DocumentDecision
from storage.files import StoredFile
from storage.publications import CHECKS, OUT, QUIETLY, READY, WORK

KIND, CHANNEL_KIND, STATUS, APPROVAL, NEWS = (
    "publication_out", "publication_public", "publication_status", "publication_approval", "publication_step",
)  # fmt: skip
OWN = (STATUS, APPROVAL, NEWS)
"""Cards of those who work on it; those of readers change only when it is withdrawn."""
EVERY = (KIND, CHANNEL_KIND, *OWN)
LETTER = "p"
LETTERS = {"funding": "f", "emblem": "e", "disclaimer": "d", "names": "n"}
"""Letters of the visibility check in button data."""
STEPS = {each: str(number) for number, each in enumerate(WORK)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Be what else a card of a publication says: its files by language, names of people, who looks at it."""

    files: Mapping[str, StoredFile]
    names: Mapping[int, str]
    zone: str
    organiser: bool = False
    decision: DocumentDecision | None = None

    def name(self, one: int | None) -> str:
        """Name somebody who has to do with it."""
        return self.names.get(one or 0, "–")


def kind_name(document: Document) -> Text:
    """Name the kind of a publication."""
    return say(f"pu_kind_{document.kind}")


def out_card(
    document: Document,
    files: Mapping[str, StoredFile],
    community: Community,
    *,
    private: bool,
    on: datetime | None = None,
) -> Message:
    """Draw a publication that is out, for a member or a channel; the funding line stands on both (domain A12).

    `on` is the moment of its release where none is planned yet.
    """
    library = row(go("library", "library")) if private else ()
    if document.state == "withdrawn":
        return Message((say("pu_withdrawn", title=Bold(document.title)),), rows(library))
    line, title = funding(community), Bold(document.title)
    link: Text = Link(document.link, document.link) if document.link else ""
    lines: list[Text] = []
    if document.link and line:
        lines.append(say("publication_out", publication_title=title, publication_link=link, funding_line=line))
    elif document.link:
        lines.append(say("pu_out_link", title=title, link=link))
    else:
        lines += [say("pu_out_file", title=title), *((line,) if line else ())]
    # Sending and publishing are two pieces of work of one moment: whichever comes first, the card says the same.
    at = document.published_at or publications.release_at(document) or on
    when = (" · ", When(at, community.zone, part="date")) if at else ()
    lines.insert(1, (kind_name(document), *when))
    read = LinkButton(say("b_read_pub"), document.link, "primary") if document.link else None
    return Message(tuple(lines), rows(row(read, *gets(document, files)), library))


def gets(document: Document, files: Mapping[str, StoredFile]) -> list[Button]:
    """Make the buttons that send the file: one, or one for each language."""
    if len(files) == 1:
        return [button("get_file", "pubget", document.key)]
    return [Button(LanguageName(each), Press("pubget", document.key, "", each)) for each in files]


def status(document: Document, standing: Standing) -> Message:
    """Draw how a publication stands, with the next step as buttons (organisers and its author)."""
    lines: list[Text] = [
        Bold((kind_name(document), ": ", document.title)),
        say("pu_state", state=say(f"pu_state_{document.state}")),
        say("pu_people", author=standing.name(document.author_id), approver=standing.name(document.approver_id)),
        *_content(document, standing),
    ]
    at = publications.release_at(document)
    if publications.planned(document) and at is not None:
        key = "pu_planned_quiet" if document.details.get("release") == QUIETLY else "pu_planned"
        lines.append(Bold(say(key, when=When(at, standing.zone))))
    elif document.embargo_until is not None and document.state not in (*OUT, "withdrawn"):
        lines.append(say("pu_embargo", when=When(document.embargo_until, standing.zone)))
    if document.published_at is not None:
        lines.append(say("pu_published", when=When(document.published_at, standing.zone)))
    decision = standing.decision
    returned = decision is not None and decision.kind == "returned" and document.state in WORK
    if decision is not None and (returned or (decision.kind == "approved" and document.state in READY)):
        lines.append(say(f"pu_by_{decision.kind}", name=standing.name(decision.member_id)))
    if document.state == "visibility_check":
        ticked = publications.checked(document)
        lines.append(Bold(say("pu_check")))
        lines += [("✓ " if each in ticked else "– ", say(f"pu_check_{each}")) for each in CHECKS]
        if named := sum((document.details.get("named") or {}).values()):
            lines.append(say("pu_named", n=named))
    if document.state == "withdrawn":
        lines.append(say("pu_withdrawn_why", reason=document.reason))
    why = button("pu_why", "pubwhy", document.key) if returned and decision is not None and decision.note else None
    made = [*_steps(document, standing), row(why), *_always(document, standing)]
    return Message(tuple(lines), rows(*made), silent=True)


def _content(document: Document, standing: Standing) -> list[Text]:
    """Say what there is to read: the link with its real host (reliability S25), the file of each language."""
    lines: list[Text] = []
    if document.link:
        lines.append(say("an_has_link", host=_files.host_of(document.link), link=Link(document.link, document.link)))
    for language, stored in standing.files.items():
        lines.append(
            say("pu_has_file", language=LanguageName(language), name=stored.name, version=str(document.version))
        )
    return lines or [say("pu_no_content")]


def _steps(document: Document, standing: Standing) -> list[Row]:
    key, state = document.key, document.state
    if state == "visibility_check":
        ticked = publications.checked(document)
        marks = [_mark(document, each, each in ticked) for each in CHECKS]
        done = len(ticked) == len(CHECKS)
        ask = button("pu_submit", "pubask", key, style="primary") if done else None
        return [row(*marks[:2]), row(*marks[2:]), row(ask, _to(key, WORK[-2], "back"))]
    if state in WORK:
        at = WORK.index(state)
        return [row(_to(key, WORK[at + 1], "on"), _to(key, WORK[at - 1], "back") if at else None)]
    if not standing.organiser:
        return []
    release = str(document.details.get("release") or "")
    if publications.planned(document):
        off = button("pu_call_off", "pubrel", key, "", "x") if release == QUIETLY else None
        return [row(button("sends", "sendcard", release) if off is None else off)]
    preview = _broadcast.preview_button("preview", LETTER, key)
    if state in READY:
        return [row(preview, _audience(document), button("pu_quiet", "pubrel", key))]
    if state in ("published", "disseminated"):
        sends: AnyButton | None = button("sends", "sendcard", release) if release else preview
        return [row(sends, Button(say("b_pu_archive"), Press("pubst", key, "", "a")))]
    return []


def _mark(document: Document, check: str, ticked: bool) -> Button:
    arg = LETTERS[check] + ("0" if ticked else "1")
    return Button((("✓ " if ticked else ""), say(f"b_pu_{check}")), Press("pubvis", document.key, "", arg))


def _to(key: str, state: str, way: str) -> Button:
    """Make the button to another step; its label is the state it leads to."""
    label: Text = say(f"pu_state_{state}") if way == "on" else ("↩ ", say(f"pu_state_{state}"))
    return Button(label, Press("pubst", key, "", STEPS[state]), "primary" if way == "on" else "default")


def _audience(document: Document) -> Button | None:
    return button("an_audience", "aud", document.key) if (document.targets or {}).get("private", True) else None


def _always(document: Document, standing: Standing) -> list[Row]:
    every = go("pu_all", "publication")
    if document.state == "withdrawn":
        return [row(every)]
    fixed = publications.planned(document)
    edit = button("edit", "pubedit", document.key) if not fixed else None
    file = button("pu_file", "pubfile", document.key) if not fixed and document.state not in OUT else None
    opened = gets(document, standing.files)
    back = button("pu_withdraw", "pubback", document.key) if standing.organiser else None
    return [row(edit, file), row(*opened), row(back, every)]


def approval(document: Document, standing: Standing, *, decides: bool) -> Message:
    """Draw the request to approve, or what became of it."""
    asked = say("pu_ask", author=standing.name(document.author_id), kind=kind_name(document))
    lines: list[Text] = [asked, Bold(document.title), *_content(document, standing)]
    if document.embargo_until is not None and document.state not in OUT:
        lines.append(say("pu_embargo", when=When(document.embargo_until, standing.zone)))
    opened = row(*gets(document, standing.files))
    if document.state != "in_approval":
        decision = standing.decision
        stands = decision is not None and (decision.kind == "returned") == (document.state in WORK)
        key = f"pu_by_{decision.kind}" if decision is not None and stands else "pu_not_asked"
        who = standing.name(decision.member_id) if decision is not None else "–"
        lines.append(Bold(say(key, name=who) if stands else say(key)))
        return Message(tuple(lines), rows(opened, row(go("home", "home"))), silent=True)
    revision = str(document.revision)
    approve = Button(say("b_approve"), Press("pubok", document.key, revision), "primary")
    back = Button(say("b_return"), Press("pubno", document.key, revision))
    return Message(tuple(lines), rows(row(approve, back) if decides else (), opened))
