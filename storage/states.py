"""The states of a meeting and what may follow what (glossary, domain 2); changed here and nowhere else."""

from __future__ import annotations

from storage.database import Session
from storage.meetings import Meeting

FOLLOWS: dict[str, tuple[str, ...]] = {
    "draft": ("scheduled", "cancelled"),
    "scheduled": ("draft", "inviting", "live", "cancelled"),
    "inviting": ("scheduled", "closed", "live", "cancelled"),
    "closed": ("scheduled", "inviting", "live", "cancelled"),
    "live": ("held",),
    "held": ("memo_issued", "archived"),
    "memo_issued": ("archived",),
    "archived": (),
    "cancelled": ("scheduled",),
}
"""Back to `scheduled`: every invitation was undone, or a cancelled meeting is opened again; `closed` to `inviting`: the
deadline was moved. Live without invitations: somebody forgot to send them, the meeting takes place all the same."""
LATE = {"held": ("scheduled", "inviting", "closed")}
"""After an outage the end may be noticed before the begin: through `live` to `held` in one step."""


def may_turn(meeting: Meeting, state: str) -> bool:
    """Tell whether a meeting may come into a state from the one it is in. Raise `ValueError` for an unknown state."""
    if state not in FOLLOWS:
        raise ValueError(f"no state {state!r}")
    return state in FOLLOWS[meeting.state] or meeting.state in LATE.get(state, ())


async def turn(db: Session, meeting: Meeting, state: str) -> bool:
    """Bring a meeting into a state; false, and nothing changes, if it cannot follow the one it is in.

    The caller holds the row (`storage.meetings.lock`) where two could act at once, and touches the cards. The
    revision stays: it counts what calendars show, and opening or closing replies does not change that.
    """
    if not may_turn(meeting, state):
        return False
    meeting.state = state
    await db.flush()
    return True
