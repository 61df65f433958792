"""Public webinars: registration open to everybody, a link for those who registered, a recording once speakers agree.

A registrant from outside is a `Member` in state `registrant`: they have an account and a language, and nothing else
of a member; every question about members leaves them out. Who came by the web form alone has no member at all.

Seats: whoever registers takes one while one is free, else waits; a seat that becomes free goes to whoever has waited
longest. All of it happens while the webinar's row is held, so there are never more people than seats.
"""

from storage.webinars._counts import WEB, Counts, counts
from storage.webinars._guests import connect, idle_guests, move
from storage.webinars._registering import (
    NotOpen,
    Outsider,
    cancel,
    come_back,
    fill,
    find,
    of_member,
    people,
    register,
    registered,
    taken,
)
from storage.webinars._tables import (
    CANCELLED,
    CONNECTS,
    FOLLOWS,
    HELD,
    OPENS,
    REGISTERED,
    STATES,
    TOKEN_BYTES,
    WAITING,
    Registrant,
    Webinar,
    WebinarQuestion,
    by_key,
    by_page,
    by_token,
    closed,
    coming,
    email_hash,
    everything,
    fingerprint,
    lock,
    of_address,
    opens_by_default,
    turn,
)

__all__ = [
    "CANCELLED", "CONNECTS", "FOLLOWS", "HELD", "OPENS", "REGISTERED", "STATES", "TOKEN_BYTES", "WAITING", "WEB",
    "Counts",
    "NotOpen", "Outsider", "Registrant", "Webinar", "WebinarQuestion", "by_key", "by_page", "by_token", "cancel",
    "closed", "come_back", "coming", "connect", "counts", "email_hash", "everything", "fill", "find", "fingerprint",
    "idle_guests", "lock", "move", "of_address", "of_member", "opens_by_default", "people", "register", "registered",
    "taken", "turn",
]  # fmt: skip
