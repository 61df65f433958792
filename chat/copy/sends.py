"""Sends as organisers see them: running, stopped, taken back, of unknown fate; alerts when sending is in trouble."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    # the card of a send, by state
    "d_sending": "Sending: {sent} of {n} sent, {waiting} waiting, unknown {unknown}, failed {failed}.",
    "d_stopped_you": "Stopped by you.",
    "d_stopped_by": "Stopped by {who}.",
    "d_stopped": "Stopped.",
    "d_sent_rest": "Sent {sent} ({platforms}), not sent {rest}.",
    "d_none_sent": "Sent 0, not sent {rest}.",
    "d_on_the_way": ("{n} message is still on its way.", "{n} messages are still on their way."),
    "d_taking_back": "Taking back: {deleted} of {n} deleted.",
    "d_taken_back": "Taken back: {deleted} deleted.",
    "d_taken_kept": (
        "Taken back: {deleted} deleted; {n} could not be and now reads “{note}”",
        "Taken back: {deleted} deleted; {n} could not be and now read “{note}”",
    ),
    "d_deleted": "deleted {n}",
    "d_unknown": (
        "{n} message may or may not have arrived: {platforms} did not answer. Re-sending can make a copy.",
        "{n} messages may or may not have arrived: {platforms} did not answer. Re-sending can make a copy.",
    ),
    "d_unknown_restored": (
        "{n} message may have gone out before an older copy was restored. Re-sending can make a copy.",
        "{n} messages may have gone out before an older copy was restored. Re-sending can make a copy.",
    ),
    "d_unknown_left": (
        "{n} message may or may not have arrived; it is left as it is.",
        "{n} messages may or may not have arrived; they are left as they are.",
    ),
    "d_refused": (
        "{platform} refuses our key. {n} message waits; nothing is lost.",
        "{platform} refuses our key. {n} messages wait; nothing is lost.",
    ),
    "d_restored": "An older copy was restored. Sending waits for you.",
    "d_take_back_ask": (
        "Delete {n} message? Some people may have read it.",
        "Delete {n} messages? Some people may have read them.",
    ),
    "d_take_back_none": "Nothing has been sent. What waits will not be sent either.",
    "d_too_old": (
        "{n} Telegram copy can no longer be deleted; it will be edited.",
        "{n} Telegram copies can no longer be deleted; they will be edited.",
    ),
    "d_unknown_stay": (
        "{n} more message may or may not have arrived; it cannot be deleted.",
        "{n} more messages may or may not have arrived; they cannot be deleted.",
    ),
    "d_cards_too": "The cards in the channels go, too.",
    "d_uninvited": "Whoever has not replied is no longer invited.",
    "withdrawn_note": "This message was sent by mistake. Please ignore it.",
    # answers to presses
    "t_stopped": "Stopped. What was already on its way may still arrive.",
    "t_resumed": "Sending goes on.",
    "t_taking_back": "The messages are being deleted.",
    "t_resent": ("{n} message goes out again.", "{n} messages go out again."),
    "t_left": "Left as it is.",
    "t_quicker": "{who} was quicker. This is how it stands now.",
    # what organisers are told
    "d_notice_stopped": "{what}: stopped. Nothing more goes out unless somebody resumes it.",
    "d_notice_taken_back": "{what}: stopped and taken back. Nothing more goes out from it.",
    "d_ended": "A send of yours is over, but not everything arrived.",
    "d_stuck": "A send of yours makes no progress.",
    # the list
    "d_sends_of": "{community} · Sends",
    "d_none": "Nothing was sent yet.",
    "d_no_doubt": "Of every message we know whether it arrived.",
    "d_doubtful": "Messages that may or may not have arrived",
    "d_summary": "Running: {running} · unknown: {unknown} · not reachable: {unreached}",
    "d_n_sent": "sent {sent} of {n}",
    "d_n_waiting": "waiting {n}",
    "d_n_unknown": "unknown {n}",
    "d_n_failed": "failed {n}",
    "ds_held": "can be undone",
    "ds_sending": "sending",
    "ds_stopped": "stopped",
    "ds_done": "over",
    "ds_cancelled": "undone",
    "ds_taking_back": "being taken back",
    "ds_taken_back": "taken back",
    "dr_sent": "sent",
    "dr_queued": "waiting",
    "dr_sending": "on its way",
    "dr_unknown": "unknown",
    "dr_dead": "failed",
    "dr_skipped": "skipped",
    "dr_expired": "too late",
    "dr_cancelled": "cancelled",
    "d_why_expired": "too late",
    "d_why_poison": "three crashes on the way",
    "d_why_restored": "an older copy was restored",
    "d_why_kept": "could not be deleted",
    "d_send_reminder": "Reminders for {code}: {title}",
    "d_send_feedback": "Questions about {code}: {title}",
    "d_send_card": "Card in the channels for {code}: {title}",
    "d_send_offer": "Offer of a seat for {code}: {title}",
    "d_send_row": "{what} · {code}: {title}",
    "d_send_poll": "A poll",
    "d_send_result": "Result of a poll",
    "d_send_poll_of": "Poll: {question}",
    "d_send_poll_card": "Card in the channels for the poll: {question}",
    "d_send_result_of": "Result of the poll: {question}",
    "d_send_digest": "Digest: what waits, in one message",
    "d_send_unnamed": "A send",
    # who cannot be reached
    "d_unreached": ("{n} person cannot be reached: {reasons}.", "{n} people cannot be reached: {reasons}."),
    "dw_not_started": ("{n} has not started the chat", "{n} have not started the chat"),
    "dw_blocked": ("{n} blocked it", "{n} blocked it"),
    "dw_deactivated": ("{n} has a switched-off account", "{n} have switched-off accounts"),
    "dw_no_account": ("{n} has no account here", "{n} have no account here"),
    "dw_other": ("{n} for another reason", "{n} for another reason"),
    "dd_not_started": "Not started: a new link opens the chat at the first tap.",
    "dd_blocked": "Blocked: only they can lift it. Please ask them another way.",
    "dd_deactivated": "Switched off: a new link connects another account.",
    "dd_no_account": "No account: give them a new link.",
    "d_lost_channels": "I cannot write in: {channels}. Please add me there again.",
    # alerts
    "da_dead": "{platform} refuses our key since {time}.",
    "da_dead_waits": ("{n} message waits; nothing is lost.", "{n} messages wait; nothing is lost."),
    "da_dead_do": "Whoever runs this assistant has to renew the key. Then everything goes on by itself.",
    "da_other": "{platform} is not affected.",
    "da_alive": "{platform} works again. What waited goes out now.",
    "da_conflict": "A second program takes in what people write to us on {platform}.",
    "da_conflict_do": (
        "Messages still go out; some replies may be missed. Whoever runs this assistant has to stop the other program."
    ),
    "da_strange": "{platform} gave an answer that I do not know.",
    "da_strange_do": (
        "Sending goes on. Messages this concerns count as unknown and are not sent twice. Please tell whoever runs "
        "this assistant: {reason}"
    ),
    "da_behind": ("{n} message leaves later than planned.", "{n} messages leave later than planned."),
    "da_behind_do": "Nothing is lost. If it lasts, please tell whoever runs this assistant.",
    "da_restored_do": (
        "Nothing goes out until an organiser agrees. What was due before {until} may have gone out already: it counts "
        "as unknown and is not sent again by itself."
    ),
    "da_restored_do_all": (
        "Nothing goes out until an organiser agrees. What may have gone out already counts as unknown and is not sent "
        "again by itself."
    ),
    "da_restored_ask": "Shall sending go on, for everybody who uses this assistant?",
    "da_restored_on": "Sending goes on.",
    "da_restored_over": "Sending goes on already.",
    "h_deliveries": "Running and past sends, and who cannot be reached",
}
