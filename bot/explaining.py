"""What a person is told when an act did not go through: the reason they can mend, or a reference."""

from __future__ import annotations

from chat.inbound import AnyInbound, Click, Command, Dropped, Said, Submission
from chat.message import Message
from chat.outbound import Answer, Invalid, Reply, Toast
from chat.platform import Outcome
from chat.text import Reader, Text

NOTHING = Outcome((), Reader())
"""Nothing is said: it was done before, or it is done later."""


def explain(inbound: AnyInbound, text: Text, reader: Reader) -> Outcome:
    """Say a text where the person looks after this kind of act; events nobody caused are answered by silence."""
    answer: Answer
    match inbound:
        case Click():
            answer = Toast(text, alert=True)
        case Submission():
            answer = Invalid({"": text})
        case Command() | Said() | Dropped():
            answer = Reply(Message((text,)), private=inbound.where.kind == "group")
        case _:
            return Outcome((), reader)
    return Outcome((answer,), reader)
