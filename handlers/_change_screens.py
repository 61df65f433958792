"""How a change is shown before it happens, and how it is told: previews, messages to members, lines in channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from chat.form import Asking, Field
from chat.message import Button, Message, Press, Row, button, row, rows
from chat.text import Bold, Italic, Link, Text, When, say
from handlers._card_lines import can
from handlers._cards import answers, below, choice_label, details_row, fine_print, join_info, member_card, place, when
from handlers._changing import Change, Told, digest, platforms, reached
from handlers._feature import Context
from handlers._meeting_fields import NOT_ANNOUNCED
from handlers._seat_cards import reconfirm_card
from handlers._sends import listed, platform_name, reason
from handlers._welcome import go
from storage.communities import Community
from storage.drafts import FormDraft
from storage.meetings import Invitation, Meeting
from storage.members import Member

ASKED = ("none", "no", "maybe", "reconfirm")
"""Replies that a new time puts as a question; others stand, and the message says so."""


def title_line(meeting: Meeting) -> Text:
    """Name a meeting to organisers."""
    return Bold(f"{meeting.code} · {meeting.title}")


def preview(
    ctx: Context, meeting: Meeting, change: Change, told: Sequence[Told], draft: FormDraft, no_send: frozenset[date]
) -> Message:
    """Draw the card that comes before a change: what, who is told, when; nothing has changed yet."""
    there, minute = reached(told), int(ctx.now.timestamp() // 60)
    confirm = Press("msave", draft.key, "", f"{minute}.{digest(meeting, change, told, minute)}")
    lines: list[Text] = [Bold(say(f"c_head_{change.kind}", code=meeting.code, title=meeting.title))]
    lines += _what(meeting, change, told, no_send)
    if told:
        lines += [_who(told), *_when(there, meeting, ctx.now)]
        if len(there) < len(told):
            lines.append(_unreached(told))
        lines += [say("m_they_get"), Italic(_sample(ctx, meeting, change))]
    else:
        lines.append(say("c_nobody_told"))
    fine: tuple[Text, ...] = (say("c_effect"),) if told else ()
    return Message(tuple(lines), _buttons(change, confirm, draft, len(there)), (*fine, say("m_confirm_within")))


def _buttons(change: Change, confirm: Press, draft: FormDraft, n: int) -> tuple[Row, ...]:
    edit = Button(say("b_edit"), Press("form", draft.key))
    if change.kind == "cancellation":
        cancel = Button(say("b_cancel_meeting"), confirm, "danger")
        return rows(row(cancel, button("keep_meeting", "mkeep", draft.key)), row(edit))
    label = say("b_send_n", n=str(n)) if n else say("b_save")
    return rows(row(edit), row(Button(label, confirm, "primary"), button("cancel_form", "mkeep", draft.key)))


def _what(meeting: Meeting, change: Change, told: Sequence[Told], no_send: frozenset[date]) -> list[Text]:
    match change.kind:
        case "reschedule":
            lines: list[Text] = [say("c_before", when=when(meeting))]
            lines.append(say("c_now", when=When(change.start, meeting.zone, change.end)))
            lines += _place_lines(meeting, change)
            if told:
                yes = sum(each.reply == "yes" for each in told)
                lines.append(say("c_asked_again", n=yes) if change.asks else say("c_replies_stand"))
            return [*lines, *clashes(meeting, change.start, told, no_send)]
        case "cancellation":
            return [when(meeting)]
    return [when(meeting), *(say(f"c_new_{each}", value=change.values[each] or "–") for each in change.tell)]


def _place_lines(meeting: Meeting, change: Change) -> list[Text]:
    found: list[Text] = []
    for field, old in (("place", meeting.place), ("link", meeting.join_link)):
        if change.values.get(field, old) != old:
            found.append(say(f"c_new_{field}", value=change.values[field] or "–"))
    return found


def clashes(meeting: Meeting, start: datetime, told: Sequence[Told], no_send: frozenset[date]) -> list[Text]:
    """Hint at what a new time falls on: the host's days without messages, people's weekends and nights."""
    lines: list[Text] = []
    if start.astimezone(ZoneInfo(meeting.zone)).date() in no_send:
        lines.append(say("c_clash_no_send"))
    local = [(each.member, start.astimezone(ZoneInfo(each.member.zone))) for each in told]
    weekend = sum(str(moment.weekday()) in member.weekend.split(",") for member, moment in local)
    night = sum(_night(member, moment.hour) for member, moment in local)
    if weekend:
        lines.append(say("c_clash_weekend", n=weekend))
    if night:
        lines.append(say("c_clash_quiet", n=night))
    return lines


def _night(member: Member, hour: int) -> bool:
    start, end = member.quiet_from, member.quiet_to
    return start <= hour < end if start <= end else hour >= start or hour < end


def _who(told: Sequence[Told]) -> Text:
    counted = ", ".join(f"{n} {platform_name(name)}" for name, n in sorted(platforms(told).items()))
    return say("c_told_once", n=len(reached(told)), platforms=counted or "–")


def _when(there: Sequence[Told], meeting: Meeting, now: datetime) -> list[Text]:
    if not there:
        return []
    first, last = min(each.due for each in there), max(each.due for each in there)
    if first == last == now:
        return [say("c_all_at_once")]
    if first == last:
        return [say("m_all_at", first=When(first, meeting.zone))]
    return [say("m_first_last", first=When(first, meeting.zone), last=When(last, meeting.zone))]


def _unreached(told: Sequence[Told]) -> Text:
    missing = [each for each in told if each.reason]
    words = sorted({each.reason for each in missing})
    why = listed([(reason(word), f" {sum(each.reason == word for each in missing)}") for word in words])
    return say("m_not_reached", n=len(missing), reasons=why)


def _sample(ctx: Context, meeting: Meeting, change: Change) -> Text:
    match change.kind:
        case "reschedule":
            ending = When(change.start, meeting.zone, change.end)
            return moved_text(meeting, when(meeting), ending, change.values.get("reason", ""), asked=change.asks)
        case "cancellation":
            return cancelled_text(meeting, change.values.get("reason", ""), ctx.community)
    return say("c_place_change", meeting_title=Bold(meeting.title), when_local=when(meeting))


def moved_text(meeting: Meeting, old: When, new: When, why: str, *, asked: bool) -> Text:
    """Write the news of a new time; with a question to those who are asked."""
    return say(
        "reschedule" if asked else "c_moved_note",
        meeting_title=Bold(meeting.title), old_when=old, when_local=new, reason=why or "–",
    )  # fmt: skip


def cancelled_text(meeting: Meeting, why: str, community: Community) -> Text:
    """Write the news that a meeting does not take place."""
    return say(
        "cancellation", meeting_title=Bold(meeting.title), when_local=When(
            meeting.starts_at, meeting.zone, meeting.ends_at, "inside"
        ), reason=why or "–", organiser_contact=community.organiser_contact or community.name,
    )  # fmt: skip


def moved_card(
    meeting: Meeting,
    invitation: Invitation,
    member: Member,
    community: Community,
    now: datetime,
    details: Mapping[str, object],
) -> Message:
    """Draw the message about a new time, as it is sent."""
    before = str(details.get("from") or meeting.details.get("moved_from") or meeting.starts_at.isoformat())
    old = When(datetime.fromisoformat(before).astimezone(UTC), meeting.zone)
    asked = invitation.reply in ASKED
    why = str(meeting.details.get("reason") or "")
    lines: list[Text] = [moved_text(meeting, old, when(meeting), why, asked=asked)]
    changed = details.get("change")
    if isinstance(changed, dict) and "place" in changed:
        lines.append(say("c_where", place=place(meeting)))
    if not asked:
        return Message(tuple(lines), member_card(meeting, invitation, member, community, now).rows, fine_print(meeting))
    return Message(tuple(lines), question(meeting, invitation, now), fine_print(meeting))


def question(meeting: Meeting, invitation: Invitation, now: datetime) -> tuple[Row, ...]:
    """Make the rows that ask whether a new time suits: the first yes says so in its label."""
    if invitation.reply == "reconfirm":
        return reconfirm_card(meeting, now).rows
    first = answers(meeting, now)
    renamed = tuple(
        Button(say("b_new_time_ok"), each.press, each.style)
        if isinstance(each, Button) and each.press.verb == "rsvp" and each.press.arg == "yes"
        else each
        for each in first
    )
    if renamed == first:
        return rows(first, below(meeting))
    return rows(renamed[:1], renamed[1:], below(meeting))  # the long label stands alone, so that no row breaks


def place_card(meeting: Meeting, invitation: Invitation, tell: Sequence[str]) -> Message:
    """Draw the notice about a new place or way in; the way in is only for those who come."""
    comes = invitation.reply in ("yes", "reconfirm")
    lines: list[Text] = [say("c_place_change", meeting_title=Bold(meeting.title), when_local=when(meeting))]
    if "place" in tell:
        lines.append(say("c_where", place=place(meeting)))
    if comes and {"link", "passcode"} & set(tell):
        lines.append(say("c_access", join_info=join_info(meeting)))
    details = meeting.details
    for field in ("map_link", "pack_link"):
        address = str(details.get(field) or "")
        if comes and field in tell and address:
            lines.append(say(f"c_new_{field}", value=Link(address, address)))
    if comes and "phone" in tell and details.get("phone"):
        lines.append(say("c_new_phone", value=str(details["phone"])))
    reply: Text = say("c_reconfirm_word") if invitation.reply == "reconfirm" else choice_label(invitation.reply)
    lines.append(say("c_reply_stands", reply=reply))
    return Message(tuple(lines), rows(row(can("calendar", "cal", meeting.key), *details_row(meeting, change=True))))


def cancelled_card(meeting: Meeting, community: Community) -> Message:
    """Draw the message that a meeting is cancelled."""
    text = cancelled_text(meeting, str(meeting.details.get("reason") or ""), community)
    # The long label stands alone, so that it does not break on a phone.
    return Message((text,), rows(row(can("cal_off", "caloff", meeting.key)), row(go("my", "my"))))


def nudge_card(meeting: Meeting, invitation: Invitation, member: Member, now: datetime) -> Message:
    """Draw the one reminder to those who have not said whether the new time suits them."""
    text = say(
        "c_reconfirm_nudge", first_name=member.first_name, meeting_title=Bold(meeting.title), when_local=when(meeting)
    )
    return Message((text,), question(meeting, invitation, now), fine_print(meeting))


def channel_line(meeting: Meeting) -> Message:
    """Draw the one line a channel gets about a move or a cancellation: no reason, no place, no names."""
    if meeting.state == "cancelled":
        return Message((say("c_line_cancelled", meeting_title=Bold(meeting.title), when_local=when(meeting)),))
    return Message((say("c_line_moved", meeting_title=Bold(meeting.title), when_local=when(meeting)),), silent=True)


def differences(
    fields: Sequence[Field],
    before: Mapping[str, str],
    after: Mapping[str, str],
    names: Sequence[str],
    mine: Mapping[str, str],
    ctx: Context,
) -> list[Text]:
    """Say field by field what changed, and where the reader changed the same otherwise, what they wrote.

    In words: they need no arrow in right-to-left languages, and a label may be a question.
    """
    asking = Asking(ctx.now, ctx.reader.zone, ctx.reader.language, {})
    lines: list[Text] = []
    for each in fields:
        if each.id in names:
            given = (before[each.id], after[each.id], mine.get(each.id, ""))
            old, new, own = (each.show(value, asking) if value else "–" for value in given)
            if each.id in mine and mine[each.id] != after[each.id]:
                lines.append(say("c_difference_both", field=each.label, old=old, new=new, mine=own))
            else:
                lines.append(say("c_difference", field=each.label, old=old, new=new))
    return lines


def conflict(meeting: Meeting, who: str, lines: Sequence[Text], draft: FormDraft) -> Message:
    """Tell the second of two organisers what changed meanwhile; what they wrote is kept."""
    head = say("c_meanwhile", who=who, code=meeting.code)
    save = Button(say("b_save"), Press("msave", draft.key), "primary")
    back = Button(say("b_back"), Press("form", draft.key))
    return Message((Bold(head), *lines[:12], say("c_save_over")), rows(row(save, back)))


def reopen_preview(meeting: Meeting, replied: int, now: datetime) -> Message:
    """Ask before a cancelled meeting is planned again."""
    minute = int(now.timestamp() // 60)
    again = Button(say("b_reopen"), Press("reopen", meeting.key, str(meeting.revision), str(minute)), "primary")
    lines = (title_line(meeting), when(meeting), say("c_reopen_ask"), say("c_reopen_replies", n=replied))
    return Message(lines, rows(row(again, button("status", "status", meeting.key))), (say("m_confirm_within"),))


def done(meeting: Meeting, key: str) -> Message:
    """Say what became of a meeting about which nobody had to be told."""
    first = button("c_date_poll", "mpoll", meeting.key) if meeting.state == "cancelled" else None
    if meeting.state in NOT_ANNOUNCED:
        first = Button(say("b_preview"), Press("preview", meeting.key, "", "i"), "primary")
    return Message(
        (Bold(say(key, code=meeting.code)), Bold(meeting.title), when(meeting)),
        rows(row(first, button("status", "status", meeting.key), go("desk", "desk"))),
    )
