"""The report of a what-if as tables: before and after, side by side."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

from tocsin.cli.frame import Session, console

Json = dict[str, Any]
SHOWN = 20
"""Incidents of each list, and groups, that are shown; the JSON report has more."""
STATES = ("breached", "met", "attainment_percent", "timers")
COLUMNS = ("breached", "after", "met", "after", "kept %", "after", "timers", "after")
TITLES = {
    "measure": "By measure",
    "priority": "By priority of the timer",
    "group": "By group that held it",
    "month": "By month of the timer's start (UTC)",
}


def printed(session: Session, answer: Json, *, plain: bool) -> bytes:
    """Show a report: on the terminal, or, if `plain`, as the bytes of a file."""
    if not plain:
        _show(session, answer)
        return b""
    file, shown = io.StringIO(), session.out
    session.out = console(file)
    try:
        _show(session, answer)
    finally:
        session.out = shown
    return file.getvalue().encode()


def _show(session: Session, answer: Json) -> None:
    for line in _summary(answer):
        session.out.print(line)
    for part, title in TITLES.items():
        rows, said = answer[f"by_{part}"], title
        if part == "group" and len(rows) > SHOWN:
            said = f"{title}: the {SHOWN} of {len(rows)} that change most"
            rows = sorted(rows, key=_change, reverse=True)[:SHOWN]
        _headed(session, said)
        columns = (part, *COLUMNS)
        session.table(columns, [_row(row, part) for row in rows], right=columns[1:])
    _show_verdicts(session, answer["verdicts"])
    _show_priorities(session, answer["priorities"])
    _show_escalations(session, answer["escalations"])


def _summary(answer: Json) -> Iterator[str]:
    question, timers = answer["question"], answer["timers"]
    before, after = timers["before"], timers["after"]
    against = question["against"]
    yield f"Policy {question['policy'][:12]} instead of {_named(against)}"
    yield f"History up to position {question['position']:,}, clocks up to {question['as_of']}"
    chosen = [f"{name} {question[name]}" for name in ("since", "until") if question[name]]
    if chosen := [*chosen, *question["where"]]:
        yield f"Incidents: {', '.join(chosen)}"
    yield (
        f"{answer['incidents']:,} incidents; timers {before['timers']:,} before,"
        f" {after['timers']:,} after; breaches {before['breached']:,} before,"
        f" {after['breached']:,} after"
    )


def _named(against: str | None) -> str:
    return against[:12] if against else "those that were in force"


def _headed(session: Session, title: str) -> None:
    session.out.print()
    session.out.print(title, style="bold")


def _row(row: Json, part: str) -> list[str]:
    cells = [_cell(row[side][state]) for state in STATES for side in ("before", "after")]
    return [_value(row[part]), *cells]


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return f"{value:,}" if value is not None else ""


def _value(value: Any) -> str:
    return "none" if value is None else str(value)


def _change(row: Json) -> int:
    return abs(int(row["after"]["breached"]) - int(row["before"]["breached"]))


def _show_verdicts(session: Session, found: Json) -> None:
    _headed(session, f"{found['incidents']:,} incidents change verdict")
    rows = [
        (
            incident["reference"] or incident["incident_id"],
            change["measure"] + (f" of {change['group']}" if change["group"] else ""),
            change["before"]["verdict"],
            change["after"]["verdict"],
            _clock(change["before"]["clocks"]),
            _clock(change["after"]["clocks"]),
        )
        for incident in found["listed"][:SHOWN]
        for change in incident["changes"]
    ]
    columns = ("incident", "measure", "before", "after", "clock before", "clock after")
    _table(session, columns, rows, found)


def _clock(clocks: list[Json]) -> str:
    """The clock that explains a verdict: the first that breached, or else the last."""
    if not clocks:
        return "nothing promised"
    told = next((each for each in clocks if each["state"] == "breached"), clocks[-1])
    spent, goal = (_duration(told[name]) for name in ("spent_seconds", "goal_seconds"))
    paused = f", {_duration(told['paused_seconds'])} paused" if told["paused_seconds"] else ""
    return f"{told['target']}: {spent} of {goal}{paused}"


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3_600)
    return f"{hours}h {rest // 60}m" if hours else f"{rest // 60}m"


def _show_priorities(session: Session, found: Json) -> None:
    _headed(session, f"{found['incidents']:,} incidents end with another priority")
    columns = ("before", "after", "incidents")
    rows = [
        (_value(move["before"]), _value(move["after"]), f"{move['incidents']:,}")
        for move in found["moves"]
    ]
    if rows:
        session.table(columns, rows, right=columns)


def _show_escalations(session: Session, found: Json) -> None:
    _headed(session, f"Escalations fall due otherwise for {found['incidents']:,} incidents")
    columns = ("escalation", "step", "times", "after", "incidents", "after")
    rows = [
        (
            each["escalation"],
            str(each["step"]),
            *(f"{each[s][what]:,}" for what in columns[2::2] for s in ("before", "after")),
        )
        for each in found["steps"]
    ]
    if rows:
        session.table(columns, rows, right=columns[1:])


def _table(
    session: Session, columns: Sequence[str], rows: Sequence[Sequence[str]], found: Json
) -> None:
    if rows:
        session.table(columns, rows)
    left = found["incidents"] - min(SHOWN, len(found["listed"]))
    if left > 0:
        session.out.print(f"… and {left:,} more: `--format json` lists them.")
