"""A form as questions one by one, for platforms without modals; it survives a restart.

The draft row says which question is open and keeps the clean answers. Sensitive forms keep no answer with us: the
answers so far ride in the button data, one character a question (reliability §5.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot import calendar_grid
from chat.errors import FieldError
from chat.form import Asking, ChoiceField, Field, FileField, Form, MomentField, TextField
from chat.message import Button, Message, Press, button
from chat.text import Bold, Text, plain, say
from handlers._feature import Context
from storage.drafts import FormDraft

REVIEW = "?"
OFFERS = "?offers"
PENDING = "?pending"
SKIPPED = "-"
QUESTION = "question"
"""Kind of the card that carries a question, with the draft's key; it is noted in the draft, not among the cards."""


@dataclass(slots=True)
class Step:
    """Be the result of one answer: what to show next, or complete values when the form is done."""

    show: Message | None = None
    values: dict[str, str] | None = None
    cancelled: bool = False
    toast: Text | None = None


def asked_fields(form: Form) -> tuple[Field, ...]:
    """Give the fields an interview asks: of sensitive forms all but typed texts, unless they are all there is."""
    if not form.sensitive:
        return form.fields
    return tuple(each for each in form.fields if not isinstance(each, TextField)) or form.fields


def _asking(ctx: Context, draft: FormDraft) -> Asking:
    return Asking(ctx.now, ctx.reader.zone, ctx.reader.language, {k: v for k, v in draft.values.items() if k[0] != "?"})


def _cells(options: list[Button], width: int) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(options[start : start + width]) for start in range(0, len(options), width))


def _in_turn(form: Form) -> tuple[Field, ...]:
    """Give the fields that are asked one after the other; optional ones wait on the review, if there is one."""
    fields = asked_fields(form)
    needed = tuple(each for each in fields if each.required)
    return needed if _reviewed(form) and needed and not form.sensitive else fields


def _reviewed(form: Form) -> bool:
    return form.review and len(asked_fields(form)) > 2


def _unanswered(form: Form, draft: FormDraft) -> Field | None:
    return next((each for each in _in_turn(form) if each.id not in draft.values), None)


def begin(ctx: Context, form: Form, draft: FormDraft) -> Message:
    """Ask the first question without an answer."""
    first = _unanswered(form, draft)
    return review(ctx, form, draft) if first is None else question(ctx, form, draft, first)


def question(
    ctx: Context, form: Form, draft: FormDraft, current: Field, *, so_far: str = "", error: FieldError | None = None
) -> Message:
    """Draw one question with its quick replies and Back, Skip, Cancel."""
    draft.asked, draft.touched_at = current.id, ctx.now
    turn = _in_turn(form)
    counted = f" {turn.index(current) + 1}/{len(turn)}" if current in turn and len(turn) > 1 else ""
    lines: list[Text] = [Bold((form.title, counted))]
    if current is turn[0] and form.intro and error is None:
        lines.append(form.intro)
    if error is not None:
        lines.append(error.text)
    lines.append(current.label)
    if current.hint:
        lines.append(current.hint)
    rows: tuple[tuple[Button, ...], ...] = ()
    values = {k: v for k, v in draft.values.items() if k != OFFERS}
    if error is not None and error.offers:
        values[OFFERS] = [raw for _, raw in error.offers]
        offers = [Button(label, Press("q", draft.key, "o", str(n))) for n, (label, _) in enumerate(error.offers)]
        rows = _cells(offers, 3)
    elif isinstance(current, ChoiceField):
        rows = _choices(form, draft, current, so_far)
    elif isinstance(current, MomentField):
        rows = calendar_grid.month(ctx, draft.key, calendar_grid.first_month(ctx, current, draft.values))
    draft.values = values
    return Message(tuple(lines), (*rows, _navigation(form, draft, current, so_far)))


def answered(form: Form, draft: FormDraft) -> Message | None:
    """Draw the open question without its buttons: what stays of it once it was answered in words."""
    current = next((each for each in asked_fields(form) if each.id == draft.asked), None)
    return Message((Bold(form.title), current.label)) if current else None


def _choices(form: Form, draft: FormDraft, current: ChoiceField, so_far: str) -> tuple[tuple[Button, ...], ...]:
    index = asked_fields(form).index(current)
    if form.sensitive:
        made = [Button(o.label, Press("qs", draft.key, str(index), so_far + o.value)) for o in current.options]
    else:
        made = [Button(o.label, Press("q", draft.key, str(index), str(n))) for n, o in enumerate(current.options)]
    if current.scale:
        short = [each for each in made if isinstance(each.label, str) and len(each.label) <= 3]
        return (*_cells(short, 8), *_cells([each for each in made if each not in short], 1))
    return _cells(made, 2 if len(made) > 4 else 3)


def _navigation(form: Form, draft: FormDraft, current: Field, so_far: str) -> tuple[Button, ...]:
    verb = "qs" if form.sensitive else "q"
    index = asked_fields(form).index(current)
    made = []
    if index:
        made.append(button("back", verb, draft.key, "back", so_far if form.sensitive else str(index)))
    if not current.required:
        made.append(button("skip", verb, draft.key, str(index) if form.sensitive else "skip",
                           so_far + SKIPPED if form.sensitive else str(index)))  # fmt: skip
    made.append(button("cancel_form", verb, draft.key, "stop"))
    return tuple(made)


def review(ctx: Context, form: Form, draft: FormDraft, so_far: str = "") -> Message:
    """Show all answers, numbered, before they are sent; a tap on a number asks that question again."""
    draft.asked, draft.touched_at = REVIEW, ctx.now
    asking, fields = _asking(ctx, draft), asked_fields(form)
    given = dict(zip((each.id for each in fields), so_far, strict=False)) if form.sensitive else asking.values
    lines: list[Text] = [Bold(form.title)]
    for number, each in enumerate(fields, 1):
        value = given.get(each.id, "")
        shown: Text = each.show(value, asking) if value and value != SKIPPED else say("d_skipped")
        colon = " " if plain(each.label, ctx.reader).rstrip().endswith(("?", "؟")) else ": "
        lines.append((f"{number}. ", each.label, colon, shown))
    verb = "qs" if form.sensitive else "q"
    if form.sensitive:
        lines.append(say("d_final"))
        last = (
            Button(form.submit, Press(verb, draft.key, "send", so_far), "primary"),
            button("back", verb, draft.key, "back", so_far),
            button("cancel_form", verb, draft.key, "stop"),
        )
        return Message(tuple(lines), (last,))
    numbers = range(1, len(fields) + 1)
    edits = [Button(say("d_edit_n", n=str(n)), Press(verb, draft.key, "edit", str(n - 1))) for n in numbers]
    save = (
        Button(form.submit, Press(verb, draft.key, "send", ""), "primary"),
        button("cancel_form", verb, draft.key, "stop"),
    )
    return Message(tuple(lines), (save, *_cells(edits, 3)))


def _next(ctx: Context, form: Form, draft: FormDraft) -> Step:
    missing = _unanswered(form, draft)
    if missing is not None:
        return Step(show=question(ctx, form, draft, missing))
    if _reviewed(form):
        return Step(show=review(ctx, form, draft))
    return Step(values=_values(ctx, form, draft))


def _values(ctx: Context, form: Form, draft: FormDraft) -> dict[str, str]:
    """Give the complete clean values; what was not asked is empty."""
    return dict.fromkeys((each.id for each in form.fields), "") | _asking(ctx, draft).values


def take(ctx: Context, form: Form, draft: FormDraft, current: Field, raw: str) -> Step:
    """Take one answer, typed or tapped, and go on; a refused one is asked again with its explanation."""
    try:
        clean = current.clean(raw, _asking(ctx, draft))
    except FieldError as error:
        return Step(show=question(ctx, form, draft, current, error=error))
    if form.sensitive:
        return Step(values={current.id: clean})
    if isinstance(current, MomentField) and draft.values.get(PENDING) != clean:
        draft.values = {**draft.values, PENDING: clean}
        return Step(show=_confirm_moment(ctx, form, draft, current, clean))
    draft.values = {k: v for k, v in draft.values.items() if k[0] != "?"} | {current.id: clean}
    return _next(ctx, form, draft)


def _confirm_moment(ctx: Context, form: Form, draft: FormDraft, current: Field, clean: str) -> Message:
    draft.asked, draft.touched_at = current.id, ctx.now
    shown = current.show(clean, _asking(ctx, draft))
    lines: tuple[Text, ...] = (Bold(form.title), current.label, Bold(shown), say("d_is_right"))
    buttons = (
        Button(say("b_right"), Press("q", draft.key, "right", ""), "primary"),
        Button(say("b_edit"), Press("q", draft.key, "again", "")),
        button("cancel_form", "q", draft.key, "stop"),
    )
    return Message(lines, (buttons,))


def said(ctx: Context, form: Form, draft: FormDraft, text: str) -> Step:
    """Take typed text as the answer to the open question."""
    current = next((each for each in asked_fields(form) if each.id == draft.asked), None)
    if current is None:
        return Step(show=begin(ctx, form, draft))
    if not text:
        return Step(show=question(ctx, form, draft, current, error=FieldError(say("f_text_only"))))
    if form.sensitive and not isinstance(current, TextField):
        return Step(show=question(ctx, form, draft, current, error=FieldError(say("f_choice"))))
    if isinstance(current, FileField):  # only a file that was sent is one
        return Step(show=question(ctx, form, draft, current, error=FieldError(say("f_file_send"))))
    return take(ctx, form, draft, current, text)


def file_wanted(form: Form, draft: FormDraft) -> Field | None:
    """Give the question a file would answer: the open one; in a modal that was left, the first without an answer."""
    if form.sensitive:
        return None
    if draft.asked:
        return next((each for each in form.fields if each.id == draft.asked and isinstance(each, FileField)), None)
    return next((each for each in form.fields if isinstance(each, FileField) and not draft.values.get(each.id)), None)


def pressed(ctx: Context, form: Form, draft: FormDraft, press: Press) -> Step:
    """Take a tap on a question's button: `q:<draft>:<what>:<arg>` or, for sensitive forms, `qs:...`."""
    if press.rev == "stop":
        return Step(cancelled=True)
    if form.sensitive:
        return _pressed_sensitive(ctx, form, draft, press)
    fields = asked_fields(form)
    current = next((each for each in fields if each.id == draft.asked), None)
    match press.rev:
        case "send":
            done = _unanswered(form, draft) is None
            return Step(values=_values(ctx, form, draft)) if done else _next(ctx, form, draft)
        case "edit" | "back" if press.arg.isdigit() and int(press.arg) < len(fields):
            draft.values = {k: v for k, v in draft.values.items() if k != PENDING}
            wanted = fields[int(press.arg)]
            if press.rev == "back":
                turn = _in_turn(form)
                if wanted not in turn:
                    return Step(show=review(ctx, form, draft))
                wanted = turn[max(turn.index(wanted) - 1, 0)]
            return Step(show=question(ctx, form, draft, wanted))
        case "skip" if current and not current.required and fields[int(press.arg or 0)] is current:
            draft.values = {**draft.values, current.id: ""}
            return _next(ctx, form, draft)
        case "o" if current and press.arg.isdigit():
            offers = draft.values.get(OFFERS, [])
            if int(press.arg) < len(offers):
                return take(ctx, form, draft, current, str(offers[int(press.arg)]))
        case "again" if current:
            draft.values = {k: v for k, v in draft.values.items() if k != PENDING}
            return Step(show=question(ctx, form, draft, current))
        case "right" if current and PENDING in draft.values:
            return take(ctx, form, draft, current, str(draft.values[PENDING]))
        case "cal" if isinstance(current, MomentField):
            return _calendar(ctx, form, draft, current, press.arg)
        case index if index.isdigit() and current and int(index) == fields.index(current):
            if isinstance(current, ChoiceField) and press.arg.isdigit() and int(press.arg) < len(current.options):
                return take(ctx, form, draft, current, current.options[int(press.arg)].value)
    shown = question(ctx, form, draft, current) if current else begin(ctx, form, draft)
    return Step(show=shown, toast=say("t_stale"))


def _pressed_sensitive(ctx: Context, form: Form, draft: FormDraft, press: Press) -> Step:
    fields, so_far = asked_fields(form), press.arg
    if press.rev == "back":
        so_far = so_far[:-1]
    valid = all(
        each == SKIPPED or (isinstance(f, ChoiceField) and any(each == o.value for o in f.options))
        for f, each in zip(fields, so_far, strict=False)
    )
    if not valid or len(so_far) > len(fields):
        return Step(show=question(ctx, form, draft, fields[0]), toast=say("t_stale"))
    if (press.rev == "send" or not form.review) and len(so_far) == len(fields):
        values = {f.id: "" if each == SKIPPED else each for f, each in zip(fields, so_far, strict=True)}
        if all(values[f.id] or not f.required for f in fields):
            return Step(values=values)
    if len(so_far) == len(fields):
        return Step(show=review(ctx, form, draft, so_far))
    return Step(show=question(ctx, form, draft, fields[len(so_far)], so_far=so_far))


def _calendar(ctx: Context, form: Form, draft: FormDraft, current: MomentField, arg: str) -> Step:
    picked = calendar_grid.read(arg)
    match picked:
        case ("month", datetime() as first):
            base = question(ctx, form, draft, current)
            return Step(show=Message(base.lines, (*calendar_grid.month(ctx, draft.key, first), base.rows[-1])))
        case ("day", datetime() as day):
            if day.date() < ctx.now.astimezone(calendar_grid.zone(ctx)).date():
                return Step(toast=say("f_past"))
            base = question(ctx, form, draft, current)
            last = tuple(each for each in base.rows[-1] if each.label != say("b_back"))  # the grid goes back by itself
            return Step(show=Message(base.lines, (*calendar_grid.times(draft.key, day), last)))
        case ("time", datetime() as moment):
            return take(ctx, form, draft, current, f"{moment:%d/%m/%Y %H:%M}")
        case _:
            return Step(show=question(ctx, form, draft, current, error=FieldError(say("d_type_date"))))
