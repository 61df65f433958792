"""Answers to what people do: toasts, trouble, edge cases."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "your_time": "your time:",
    "e_gone": "I cannot find that here. It may have been removed, or it is not meant for this account.",
    "e_role": "Only organisers can do that.",
    "e_anon": "I cannot see who is asking. Please write to me in private.",
    "e_link": "This link has been used or has expired. The organisers can give you a new one.",
    "e_unknown": "I do not know “{word}”. Did you mean one of these?",
    "e_off": "That is not part of this community yet.",
    "e_free": "I work with buttons. Here is what I can do for you.",
    "e_slow": "One moment, please. I will go on in 10 seconds.",
    "e_stranger": (
        "This assistant serves members of a professional community. If you were invited, open your "
        "invitation link or enter the code."
    ),
    "t_stale": "This card was out of date. Here is the current one.",
    "t_saved": "Already saved.",
}
