"""What a row comes out as: counts in the checker's words, and every sentence that says what was wrong."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Verdict:
    """Count as reliability §1.1 does. `ok` as long as nobody complained."""

    planned: int = 0
    accepted: int = 0
    """Messages the platforms took."""
    lost: int = 0
    """Deliveries that we call sent and that never arrived."""
    duplicated: int = 0
    """Copies beyond the first."""
    most: int = 0
    """The most copies of one message."""
    unexpected: int = 0
    """Messages that arrived although their row says that they did not leave."""
    unknown: int = 0
    """Deliveries whose fate nobody can know; they are listed to organisers."""
    recovered: int = 0
    """Deliveries whose answer was lost and which arrived once all the same."""
    states: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: dict[str, float] = field(default_factory=dict)
    """Figures worth showing, such as seconds or kills."""
    story: str = ""
    """The last lines of the bots' logs, for who has to find out why."""

    @property
    def ok(self) -> bool:
        return not self.problems

    def demand(self, good: bool, otherwise: str) -> None:
        """Complain unless something holds."""
        if not good:
            self.problems.append(otherwise)

    def __add__(self, other: Verdict) -> Verdict:
        """Sum two runs."""
        states = {key: self.states.get(key, 0) + other.states.get(key, 0) for key in {**self.states, **other.states}}
        notes = {key: max(self.notes.get(key, 0), other.notes.get(key, 0)) for key in {**self.notes, **other.notes}}
        return Verdict(
            self.planned + other.planned, self.accepted + other.accepted, self.lost + other.lost,
            self.duplicated + other.duplicated, max(self.most, other.most), self.unexpected + other.unexpected,
            self.unknown + other.unknown, self.recovered + other.recovered, states, self.problems + other.problems,
            notes, self.story or other.story,
        )  # fmt: skip

    def __str__(self) -> str:
        counts = (
            f"planned {self.planned}, accepted {self.accepted}, lost {self.lost}, duplicated {self.duplicated}, "
            f"unknown {self.unknown}, unexpected {self.unexpected}, recovered {self.recovered}; {self.states}"
        )
        return "\n".join((counts, str(self.notes), *self.problems, self.story))
