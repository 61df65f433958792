"""The people of the sandbox, and where each of them can be met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.errors import WrongCall


@dataclass(slots=True)
class TelegramAccount:
    """Be a Telegram account: `user` is the numeric id; `started` says whether they ever pressed Start of the bot."""

    user: int
    started: bool = False


@dataclass(slots=True)
class SlackAccount:
    """Be a Slack account; `traits` are what the Slack side knows besides (guest, external, deleted, ...)."""

    team: str
    user: str
    traits: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Person:
    """Be somebody a test or a visitor can play; `zone` is an IANA zone, `language` an IETF tag."""

    id: str
    name: str
    zone: str = "Europe/Brussels"
    language: str = "en"
    telegram: TelegramAccount | None = None
    slack: SlackAccount | None = None
    group: str = ""
    """Under which heading a page lists them, such as "Staff"; `about` is a line about them."""
    about: str = ""

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Person:
        """Read a person of a world file; raise `WrongCall` naming what is missing."""
        if not isinstance(spec, Mapping) or not isinstance(spec.get("id"), str) or not spec["id"]:
            raise WrongCall('a person needs an "id", such as "m15"')
        person = cls(
            spec["id"],
            str(spec.get("name") or spec["id"]),
            str(spec.get("zone") or "Europe/Brussels"),
            str(spec.get("language") or "en"),
            group=str(spec.get("group") or ""),
            about=str(spec.get("about") or ""),
        )
        telegram, slack = spec.get("telegram"), spec.get("slack")
        if telegram:
            user = telegram.get("user") if isinstance(telegram, Mapping) else None
            if not isinstance(user, int) or user <= 0:
                raise WrongCall(f'{person.id}: "telegram" needs a numeric "user"')
            person.telegram = TelegramAccount(user, bool(telegram.get("started", False)))
        if slack:
            if not isinstance(slack, Mapping) or not slack.get("team") or not slack.get("user"):
                raise WrongCall(f'{person.id}: "slack" needs a "team" and a "user"')
            traits = {key: value for key, value in slack.items() if key not in {"team", "user"}}
            person.slack = SlackAccount(str(slack["team"]), str(slack["user"]), traits)
        return person

    def view(self) -> dict[str, Any]:
        """Give the person as the control interface shows them."""
        return asdict(self)


class People:
    """Find people by our id or by an account; every look-up is one step."""

    def __init__(self) -> None:
        self._by_id: dict[str, Person] = {}
        self._by_telegram: dict[int, Person] = {}
        self._by_slack: dict[tuple[str, str], Person] = {}

    def __iter__(self) -> Iterator[Person]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, person: Person) -> None:
        """Add a person, or put a new description in the place of the old one."""
        old = self._by_id.get(person.id)
        if person.telegram and (taken := self._by_telegram.get(person.telegram.user)) and taken is not old:
            raise WrongCall(f"{person.id}: Telegram user {person.telegram.user} is {taken.id} already")
        if person.slack:
            taken = self._by_slack.get((person.slack.team, person.slack.user))
            if taken and taken is not old:
                raise WrongCall(f"{person.id}: Slack user {person.slack.user} is {taken.id} already")
        if old and old.telegram:
            del self._by_telegram[old.telegram.user]
        if old and old.slack:
            del self._by_slack[old.slack.team, old.slack.user]
        self._by_id[person.id] = person
        if person.telegram:
            self._by_telegram[person.telegram.user] = person
        if person.slack:
            self._by_slack[person.slack.team, person.slack.user] = person

    def clear(self) -> None:
        """Forget everybody."""
        self._by_id.clear()
        self._by_telegram.clear()
        self._by_slack.clear()

    def get(self, id: str) -> Person | None:
        """Give a person by our id."""
        return self._by_id.get(id)

    def named(self, id: object) -> Person:
        """Give the person a control call names; raise `WrongCall` (404) if there is none."""
        if not isinstance(id, str) or not id:
            raise WrongCall('name the "person", such as "m15"')
        person = self._by_id.get(id)
        if person is None:
            raise WrongCall(f"there is no person {id!r}", 404)
        return person

    def on_telegram(self, user: int) -> Person | None:
        """Give the person behind a Telegram user id."""
        return self._by_telegram.get(user)

    def on_slack(self, team: str, user: str) -> Person | None:
        """Give the person behind a Slack user of a workspace."""
        return self._by_slack.get((team, user))
