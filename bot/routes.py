"""All features' handlers in one place, by command word, button verb, form, event, timer and card kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from handlers._feature import (
    CardComposer,
    ClickHandler,
    EventHandler,
    Feature,
    FormBuilder,
    SubmissionHandler,
    TimerHandler,
    Who,
)


@dataclass(slots=True)
class Routes:
    """Find the handler for what came in; made once at start from the features found."""

    features: tuple[Feature, ...]
    clicks: dict[str, tuple[Who, ClickHandler]] = field(default_factory=dict)
    forms: dict[str, tuple[Who, FormBuilder]] = field(default_factory=dict)
    submissions: dict[str, SubmissionHandler] = field(default_factory=dict)
    events: dict[str, EventHandler] = field(default_factory=dict)
    timers: dict[str, TimerHandler] = field(default_factory=dict)
    cards: dict[str, CardComposer] = field(default_factory=dict)

    @classmethod
    def of(cls, features: Sequence[Feature]) -> Routes:
        """Gather the features' handlers; `handlers.features` has checked that nothing stands twice."""
        made = cls(tuple(features))
        for each in features:
            made.clicks.update(each.clicks)
            made.forms.update(each.forms)
            made.submissions.update(each.submissions)
            made.events.update(each.events)
            made.timers.update(each.timers)
            made.cards.update(each.cards)
        return made
