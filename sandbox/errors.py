"""What can be wrong with a control call."""

from __future__ import annotations


class WrongCall(Exception):
    """Refuse a control call with a sentence that says what is wrong; `status` is the HTTP status (4xx)."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
