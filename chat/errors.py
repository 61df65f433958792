"""The error tree.

```
ConvenorError
├── UserError(text)            the person can mend it; the text is shown to them
│   └── FieldError(text, ...)  one field of a form; may offer better values as buttons
├── FileWanted(file, ...)      a handler needs a file's content: the act is done again once it is there
└── PlatformError              the platform failed
    ├── NotSent                surely not processed: try again later (connect refused, DNS, pool)
    │   └── RateLimited(after) wait that many seconds; not counted as an attempt
    ├── Ambiguous              the answer was lost: it may or may not have arrived (timeout after writing, 5xx)
    ├── Unreachable(reason)    this person or chat cannot be reached: permanent for the recipient
    ├── Rejected(reason)       the platform refuses this content or right: permanent, our mistake or an admin's
    ├── MessageGone            the message to edit is not there any more
    ├── ChatMoved(chat)        the chat has a new id: use it and send again
    └── AccountDead(reason)    our token is dead: stop this connection, alert
```
Anything else is a bug: one place logs it and answers with a reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chat.text import Text


class ConvenorError(Exception):
    """Be the root of every error we raise on purpose."""


class UserError(ConvenorError):
    """Tell the person what to mend; `text` is a catalogue phrase, shown as it is, with `buttons` rows below."""

    def __init__(self, text: Text) -> None:
        super().__init__(repr(text))
        self.text = text


class FieldError(UserError):
    """Refuse one field's value; `offers` are `(label, raw value)` pairs shown as buttons instead of a guess."""

    def __init__(self, text: Text, offers: tuple[tuple[Text, str], ...] = ()) -> None:
        super().__init__(text)
        self.offers = offers


class FileWanted(ConvenorError):
    """Ask for the content of a file that somebody sent: at most `limit` bytes, turned into something by `read`.

    It is raised within the transaction, which is taken back; nothing is fetched and read while it is open.
    """

    def __init__(self, file: str, limit: int, read: Callable[[bytes], object]) -> None:
        super().__init__("file wanted")
        self.file, self.limit, self.read = file, limit, read


class PlatformError(ConvenorError):
    """Be the root of what the platforms do to us."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class NotSent(PlatformError):
    """The request surely had no effect: safe to try again."""


class RateLimited(NotSent):
    """The platform asks to wait `after` seconds; `scope` is the chat or `""` for the whole bot."""

    def __init__(self, after: float, scope: str = "") -> None:
        super().__init__(f"rate limited for {after:g} s")
        self.after = after
        self.scope = scope


class Ambiguous(PlatformError):
    """The request left but its answer was lost: it may have been processed (reliability L1-L3).

    `strange` marks an answer nobody has told us about; `reason` is its code then, and the operator should hear of it.
    """

    def __init__(self, reason: str = "", *, strange: bool = False) -> None:
        super().__init__(reason)
        self.strange = strange


class Unreachable(PlatformError):
    """This person or chat cannot be reached; final until they act (blocked, deactivated, never started)."""


class Rejected(PlatformError):
    """The platform refuses the content or the right; trying the same again is useless."""


class MessageGone(PlatformError):
    """The message to edit no longer exists or can no longer be edited."""


class ChatMoved(PlatformError):
    """A group became a supergroup: `chat` is the new id (platforms §2.7)."""

    def __init__(self, chat: str) -> None:
        super().__init__("chat moved")
        self.chat = chat


class AccountDead(PlatformError):
    """Our token or app was revoked: every send on this connection would fail."""
