"""How a send is shown before it happens; from its confirmation on, `_sends` draws it."""

from __future__ import annotations

from chat.message import Button, Message, Press, button, row, rows
from chat.text import Bold, Italic, LanguageName, Text, When, say
from handlers._cards import invitation_text, nudge_text
from handlers._feature import Context
from handlers._planning import Plan, Recipient
from handlers._sends import LETTERS, listed, platform_name, reason, title
from handlers._welcome import go
from storage.meetings import Meeting

PAGE = 10
NAMES = 200
"""More names than this are not listed in chat (conversation §4.1)."""


def heading(kind: str, meeting: Meeting) -> Text:
    """Name a send: what, for which meeting."""
    return Bold(title(kind, meeting))


def _numbers(counts: dict[str, int]) -> Text:
    return ", ".join(f"{n} {platform_name(name)}" for name, n in sorted(counts.items()))


def preview(ctx: Context, plan: Plan) -> Message:
    """Draw the card that comes before a send: who, where, when, in which languages, and who cannot be reached."""
    meeting, zone = plan.meeting, plan.meeting.zone
    lines: list[Text] = [heading(plan.kind, meeting)]
    if not plan.reached:
        lines.append(say("m_nobody"))
    else:
        lines.append(say("m_people", n=len(plan.reached), platforms=_numbers(plan.platforms)))
        lines.append(say("m_languages", languages=_languages(plan)))
        one = plan.first == plan.last
        lines.append(
            say("m_all_at", first=When(plan.first, zone))
            if one
            else say("m_first_last", first=When(plan.first, zone), last=When(plan.last, zone))
        )
    lines.append(_not_reached(plan))
    if plan.digested:
        lines.append(say("sc_in_digest", n=len(plan.digested)))
    if plan.not_joined:
        lines.append(say("m_not_joined", n=plan.not_joined))
    if plan.channels:
        names = listed([f"{each.title or each.chat} ({platform_name(each.platform)})" for each in plan.channels])
        lines.append(say("m_channels", channels=names))
    if meeting.format != "in_person" and not meeting.join_link:
        lines.append(say("m_no_link_yet"))
    if not plan.reached:
        return Message(tuple(lines), rows(row(_edit(meeting), _schedule(meeting), _status(meeting))))
    sample = (
        invitation_text(meeting, ctx.me, ctx.community) if plan.kind == "invitation" else nudge_text(meeting, ctx.me)
    )
    lines += [say("m_they_get"), Italic(sample)]
    minute = int(ctx.now.timestamp() // 60)
    arg = f"{LETTERS[plan.kind]}.{plan.digest(minute)}.{minute}"
    letter = LETTERS[plan.kind]
    return Message(
        tuple(lines),
        rows(
            row(
                button("test_me", "test", meeting.key, "", letter),
                button("who", "who", meeting.key, "0", letter),
                _edit(meeting) if plan.kind == "invitation" else None,
                _schedule(meeting),
            ),
            row(
                Button(say("b_send_n", n=str(len(plan.reached))), Press("send", meeting.key, "", arg), "primary"),
                button("cancel_form", "drop", meeting.key),
            ),
        ),
        (say("m_confirm_within"),),
    )


def _edit(meeting: Meeting) -> Button:
    return button("edit", "medit", meeting.key)


def _schedule(meeting: Meeting) -> Button:
    return button("sc_schedule", "sched", meeting.key)


def _status(meeting: Meeting) -> Button:
    return button("status", "status", meeting.key)


def _languages(plan: Plan) -> Text:
    return listed([(LanguageName(code), f" {n}") for code, n in plan.languages.most_common()])


def _not_reached(plan: Plan) -> Text:
    if not plan.reasons:
        return say("m_all_reached")
    why = listed([(reason(word), f" {n}") for word, n in plan.reasons.most_common()])
    return say("m_not_reached", n=sum(plan.reasons.values()), reasons=why)


def names(plan: Plan, page: int) -> Message:
    """List who would get it and when, ten a page; who would not, with the reason. Private chats only."""
    people = sorted(plan.everybody, key=lambda each: (bool(each.reason), each.due, each.member.name))
    zone = plan.meeting.zone
    lines: list[Text] = [heading(plan.kind, plan.meeting)]
    if len(people) > NAMES:
        lines.append(say("m_too_many", n=len(people)))
        people = []
    for number, each in enumerate(people[page * PAGE : (page + 1) * PAGE], page * PAGE + 1):
        lines.append((f"{number}. ", each.member.name, " · ", _fate(each, zone)))
    letter = LETTERS[plan.kind]
    more = len(people) > (page + 1) * PAGE
    navigation = row(
        button("back", "who", plan.meeting.key, page - 1, letter) if page else None,
        button("next", "who", plan.meeting.key, page + 1, letter) if more else None,
        Button(say("b_preview"), Press("preview", plan.meeting.key, "", letter)),
    )
    return Message(tuple(lines), rows(navigation))


def _fate(each: Recipient, zone: str) -> Text:
    if each.reason:
        return reason(each.reason)
    fate: tuple[Text, ...] = (platform_name(each.platform), " · ", When(each.due, zone))
    return (*fate, " · ", say("sc_why_digest")) if each.digest else fate


def dropped(meeting: Meeting) -> Message:
    """Say that nothing was sent."""
    return Message((say("m_nothing_sent"),), rows(row(_status(meeting), go("desk", "desk"))))


def changed(meeting: Meeting, kind: str) -> Message:
    """Say that the preview is out of date."""
    again = Button(say("b_preview"), Press("preview", meeting.key, "", LETTERS[kind]), "primary")
    return Message((heading(kind, meeting), say("m_changed")), rows(row(again)))
