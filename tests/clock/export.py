"""What the export of the real history says itself, without any clock of ours."""

from itertools import groupby, islice, pairwise
from typing import NamedTuple

from tests.readmodels.figures import micros

OVER = ("Resolved", "Closed")


class Row(NamedTuple):
    """A row of the export, as far as it matters here."""

    at: int
    state: str
    priority: int


def rows_of(lines: list[dict[str, str]]) -> list[Row]:
    """The rows of an incident. -100 says nothing; nor does New, unless it was over."""
    state, found = "New", []
    for line in lines:
        said = line["incident_state"]
        if said == "New":
            state = "Active" if state in OVER else state
        elif said != "-100":
            state = said
        found.append(Row(micros(line["sys_updated_at"]), state, int(line["priority"][0])))
    return found


def end_of(rows: list[Row]) -> Row:
    """The row that ended an incident first: for ServiceNow, the last of those that say so."""
    states = ([*same] for _, same in groupby(rows, key=lambda row: row.state))
    return next(same[-1] for same in states if same[-1].state in OVER)


def resolution(rows: list[Row]) -> Row | None:
    """The row that resolved an incident; none if it waited before, or was opened again."""
    over = [row.state in OVER for row in rows]
    waited = any(row.state.startswith("Awaiting") for row in rows)
    return None if waited or over != sorted(over) else end_of(rows)


def priority_at(rows: list[Row], at: int) -> int:
    """What came first by then: rows of one minute are one change, and the last of them holds."""
    return [row.priority for row in rows if row.at <= at][-1]


def response(rows: list[Row]) -> Row:
    """The row with which somebody began to work on it, or with which it was over."""
    if rows[0].state != "New":
        return rows[0]
    steps = pairwise(rows)
    began = (row for before, row in steps if (before.state, row.state) == ("New", "Active"))
    return min([end_of(rows), *islice(began, 1)])
