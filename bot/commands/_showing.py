"""Tables for people, from the same figures as the JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.table import Table

NOTHING = "–"


def _table(title: str, *columns: str, numbers: bool = True) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for index, each in enumerate(columns):
        table.add_column(each, justify="right" if numbers and index > 1 else "left")
    return table


def _cells(values: Iterable[Any]) -> list[str]:
    return [NOTHING if each is None else str(each) for each in values]


def stats_table(stats: dict[str, Any]) -> list[Table]:
    """Show meetings and indicators of `stats_json`."""
    names = {"key": "key", "state": "state", "invited": "invited", "yes": "yes", "no": "no", "maybe": "maybe",
             "none": "none", "attended": "came", "feedback": "feedback", "satisfied": "good",
             "acknowledged": "read"}  # fmt: skip
    meetings = _table(f"{stats['community']}: meetings", *names.values())
    for row in stats["meetings"]:
        meetings.add_row(*_cells(row[name] for name in names))
    indicators = _table("Indicators over the meetings held", "id", "indicator", "count", "of", "percent")
    for key, each in stats["indicators"].items():
        of = each["denominator"] if each["denominator"] is not None else each.get("target")
        indicators.add_row(*_cells((key, each["name"].replace("_", " "), each["numerator"], of, each["percent"])))
    return [meetings, indicators]


def deliveries_table(deliveries: dict[str, Any]) -> list[Table | str]:
    """Show campaigns by state, what may or may not have arrived, who cannot be reached; rare states only if any."""
    lines = [
        (each, platform, each[platform])
        for each in deliveries["campaigns"]
        for platform in ("slack", "telegram", "none")
        if any(each.get(platform, {}).values())
    ]
    rare = [state for state in ("skipped", "expired", "cancelled") if any(states[state] for _, _, states in lines)]
    shown = {"waiting": ("queued", "sending"), "sent": ("sent",), "unknown": ("unknown",), "failed": ("dead",)}
    shown |= {state: (state,) for state in rare}
    campaigns = _table("What was sent", "kind", "about", "to", "platform", *shown, "is")
    for each, platform, states in lines:
        numbers = (sum(states[state] for state in group) for group in shown.values())
        campaigns.add_row(*_cells((each["kind"], each["subject"], each["audience"], platform, *numbers, each["state"])))
    tables: list[Table | str] = [campaigns if lines else "Nothing was sent yet."]
    if deliveries["unknown"]:
        doubtful = _table(
            "What may or may not have arrived", "kind", "about", "to", "platform", "why", "decided", numbers=False
        )
        for each in deliveries["unknown"]:
            who, decided = each["member"] or each["channel"], "left so" if each["left"] else None
            doubtful.add_row(*_cells((each["kind"], each["subject"], who, each["platform"], each["reason"], decided)))
        tables.append(doubtful)
    if deliveries["unreachable"]:
        missing = _table("Who cannot be reached", "member", "platform", "reason", numbers=False)
        for each in deliveries["unreachable"]:
            missing.add_row(*_cells((each["member"], each["platform"], each["reason"])))
        tables.append(missing)
    if "rows" in deliveries:
        rows = _table("Deliveries", "id", "member", "platform", "state", "reason", "attempts", numbers=False)
        for each in deliveries["rows"]:
            who = each["member"] or each["channel"]
            rows.add_row(*_cells((each["id"], who, each["platform"], each["state"], each["reason"], each["attempts"])))
        tables.append(rows)
    return tables


def audit_table(entries: list[dict[str, Any]]) -> Table:
    """Show who did what and when."""
    table = _table("Audit", "when (UTC)", "who", "what", "about", numbers=False)
    for each in entries:
        when = each["at"][:19].replace("T", " ")
        table.add_row(*_cells((when, each["member"] or "system", each["act"], each["subject"])))
    return table
