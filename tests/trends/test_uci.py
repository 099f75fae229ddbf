"""A year of a real company: what trends say of it is what its own export says."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from math import ceil, floor
from pathlib import Path
from statistics import fmean
from threading import Event
from typing import Any

import pytest

from tests.readmodels.figures import micros, rounded
from tests.readmodels.test_uci import without
from tests.trends.figures import FIGURES, NOT_ANSWERED, WITHOUT, Asked
from tests.uci import FILE, Imported, Rows, exported
from tocsin.domain.openings import microseconds
from tocsin.lake import Lake, open_lake
from tocsin.lake.writer import Writer
from tocsin.trends import Grain, Resolution
from tocsin.trends.standing import standing

pytestmark = pytest.mark.slow

APART = (
    *("time_to_resolve_by_priority", "time_to_resolve_overall", "hold_episodes", "links"),
    *("open_queue", "open_queue_by_group_2016_04_15_1200", "open_queue_by_group_2016_05_31_2359"),
    "top10_categories_first_row",
)
"""Answered, but not as they stand: each has a test of its own below, which says what differs."""
OVER = ("Resolved", "Closed")
STATES = {"new": "New", "in-progress": "Active", "on-hold": "Awaiting", "resolved": "Resolved"}
MINUTE_US = 60_000_000


@pytest.fixture(scope="module")
def lake(imported_uci: Imported, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    settings = replace(imported_uci.settings, lake_folder=tmp_path_factory.mktemp("uci_lake"))
    assert Writer(imported_uci.log, settings, processes=1).catch_up(Event())
    with open_lake(settings=settings) as lake:
        yield lake


@pytest.fixture(scope="module")
def export(uci: Path) -> Rows:
    return exported(uci / FILE)


@pytest.fixture(scope="module")
def asked(lake: Lake, export: Rows) -> Asked:
    missed: Counter[tuple[int, str, str]] = Counter()
    for first, *_, last in (rows for rows in export.values() if len(rows) > 1):
        if first["made_sla"] == "false":
            day, month, year = last["closed_at"].split()[0].split("/")
            del day
            group = last["assignment_group"].replace("?", "(none)")
            missed[int(last["priority"][0]), f"{year}-{int(month):02}", group] += 1
    assert sum(missed.values()) == 1
    return Asked(lake, dict(missed))


@pytest.fixture(scope="module")
def answers(uci: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((uci / "answers.json").read_text())
    return dict(found["answers"])


def test_every_answer_is_given_or_it_is_said_why_not(answers: dict[str, Any]) -> None:
    assert set(answers) == set(FIGURES) | set(NOT_ANSWERED) | set(APART)
    assert len(answers) == len(FIGURES) + len(NOT_ANSWERED) + len(APART)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_trends_give_the_figures_of_the_export(
    asked: Asked, answers: dict[str, Any], name: str
) -> None:
    assert FIGURES[name](asked) == without(answers[name], set(WITHOUT[name]))


def hours(minutes: list[int]) -> dict[str, Any]:
    """Statistics of minutes as the answers have them."""
    waits, place = sorted(minutes), 0.9 * (len(minutes) - 1)
    middle = (len(waits) - 1) / 2
    low, high = waits[floor(place)], waits[ceil(place)]
    median = (waits[floor(middle)] + waits[ceil(middle)]) / 2
    return {
        "n": len(waits),
        "median_h": rounded(median / 60),
        "p90_cont_h": rounded((low + (high - low) * (place - floor(place))) / 60),
        "mean_h": rounded(fmean(waits) / 60),
    }


def test_the_times_to_resolve_are_those_of_the_export(
    lake: Lake, export: Rows, answers: dict[str, Any]
) -> None:
    """The answers leave out whose column for it is empty. What the rows show of those is in the
    log like any other, so the trend is compared with the rows of all."""
    every: dict[int, list[int]] = {}
    recorded: dict[int, list[int]] = {}
    for rows in export.values():
        priority, opened = int(rows[-1]["priority"][0]), micros(rows[0]["opened_at"])
        shown = [row["sys_updated_at"] for row in rows if row["incident_state"] == "Resolved"]
        told = rows[-1]["resolved_at"]
        if told != "?":
            minutes = (micros(told) - opened) // MINUTE_US
            recorded.setdefault(priority, []).append(minutes)
            every.setdefault(priority, []).append(minutes)
        elif shown:
            minutes = (micros(shown[-1]) - opened) // MINUTE_US
            every.setdefault(priority, []).append(minutes)
    wanted = answers["time_to_resolve_by_priority"]
    assert [
        {"prio": priority, **hours(recorded[priority])} for priority in sorted(recorded)
    ] == without(wanted, {"p90_disc_h"})
    found = lake.trend(
        "resolve-time", by=("priority",), grain=Grain.ALL, resolution=Resolution.EXACT
    )
    for row in found.records():
        assert {
            "n": row["resolved"],
            "median_h": rounded(row["p50_seconds"] / 3600),
            "p90_cont_h": rounded(row["p90_seconds"] / 3600),
        } == without(hours(every[row["priority"]]), {"mean_h"})
        assert row["mean_seconds"] == pytest.approx(60 * fmean(every[row["priority"]]), abs=0.001)
    in_all = sum(found.column("resolved"))
    replayed = answers["replay_agrees_with_recorded"]["recoverable_by_replay"]
    assert in_all == answers["time_to_resolve_overall"]["n"] + replayed


def test_buckets_tell_times_to_two_percent(lake: Lake, answers: dict[str, Any]) -> None:
    """The usual percentiles lie in the buckets of the exact ones."""
    wanted = {row["prio"]: row for row in answers["time_to_close_by_priority"]}
    for row in lake.trend("close-time", by=("priority",), grain=Grain.ALL).records():
        exact = wanted[row["priority"]]
        assert row["p50_seconds"] / 3600 == pytest.approx(exact["median_h"], rel=0.0205)
        assert row["p90_seconds"] / 3600 == pytest.approx(exact["p90_cont_h"], rel=0.0205)


def test_the_waits_are_as_many_as_the_export_says(lake: Lake, answers: dict[str, Any]) -> None:
    """How long they were is what the clocks say, which heed that an end was corrected later."""
    reasons = {
        "awaiting-caller": "Awaiting User Info",
        "awaiting-vendor": "Awaiting Vendor",
        "awaiting-problem": "Awaiting Problem",
        "awaiting-evidence": "Awaiting Evidence",
    }
    rows = lake.trend("holds", grain=Grain.ALL).records()
    assert {reasons[row["reason"]]: row["holds"] for row in rows} == {
        row["st"]: row["episodes"] for row in answers["hold_episodes"]
    }
    for row in answers["hold_episodes"]:
        (mine,) = [each for each in rows if reasons[each["reason"]] == row["st"]]
        assert mine["hours"] == pytest.approx(row["total_minutes"] / 60, rel=0.02)


def test_links_are_those_that_still_hold(lake: Lake, export: Rows, answers: dict[str, Any]) -> None:
    """The answers also count what is linked no more: four incidents."""
    (row,) = lake.trend("known-errors", grain=Grain.ALL).records()
    for name, column, answer in (
        ("with_problem", "problem_id", "incidents_with_problem"),
        ("with_change", "rfc", "incidents_with_rfc"),
    ):
        assert row[name] == sum(rows[-1][column] != "?" for rows in export.values())
        ever = sum(any(row[column] != "?" for row in rows) for rows in export.values())
        assert ever == answers["links"][answer]


def test_a_first_category_may_come_after_the_first_row(
    lake: Lake, export: Rows, answers: dict[str, Any]
) -> None:
    """The answers take the first row, whatever it says."""
    named = [[r["category"] for r in rows if r["category"] != "?"] for rows in export.values()]
    wanted = Counter(each[0] if each else None for each in named)
    rows = lake.trend("volume", by=("first_category",), grain=Grain.ALL).records()
    assert {row["first_category"]: row["reported"] for row in rows} == wanted
    at_first = Counter(rows[0]["category"] for rows in export.values())
    for row in answers["top10_categories_first_row"]:
        assert at_first[row["category"]] == row["incidents"] <= wanted[row["category"]]


def state_at(rows: list[dict[str, str]], at: int, *, moved: bool) -> str | None:
    """The state of an incident; `moved`: it is over when the last row in a row says so, as
    ServiceNow has it, and the corrections in the log."""
    course: list[tuple[int, str]] = []
    for state, those in groupby(rows, key=lambda row: row["incident_state"]):
        same = [micros(row["sys_updated_at"]) for row in those]
        if moved and state in OVER:
            if not course:
                course.append((same[0], "Active"))
            course.append((same[-1], state))
        else:
            course.append((same[0], state))
    if moved:
        course.sort(key=lambda each: each[0])
    return ([None] + [state for time, state in course if time <= at])[-1]


@pytest.mark.parametrize("moved", [False, True])
def test_who_waits_at_an_instant_is_who_waits_in_the_export(
    lake: Lake, export: Rows, answers: dict[str, Any], moved: bool
) -> None:
    """As the rows were written first, the export gives the answers; as they were set right later,
    it gives what the lake says."""
    instants = [datetime.fromisoformat(f"{row['ts']}+00:00") for row in answers["open_queue"]]
    found = standing(lake, instants)
    for instant, answer in zip(instants, answers["open_queue"], strict=True):
        states = Counter(
            str(state_at(rows, microseconds(instant), moved=moved)).split()[0]
            for rows in export.values()
        )
        if moved:
            mine = {STATES[str(n)]: c for n, c in found[instant].items() if n != "reported"}
            assert {name: states[name] for name in STATES.values() if states[name]} == mine
        else:
            assert states["Awaiting"] == answer["of_which_on_hold"]
            assert states["New"] == answer["of_which_new"]
            assert states["Resolved"] == answer["resolved_awaiting_close"]
            assert states["Closed"] == answer["closed"]


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("name", ["2016_04_15_1200", "2016_05_31_2359"])
def test_whose_queue_it_is_in_is_what_the_export_says(
    lake: Lake, export: Rows, answers: dict[str, Any], name: str, moved: bool
) -> None:
    instant = datetime.strptime(name, "%Y_%m_%d_%H%M").replace(tzinfo=UTC)
    at, queues = microseconds(instant), Counter[str]()
    for rows in export.values():
        if state_at(rows, at, moved=moved) not in (None, *OVER):
            held = [r["assignment_group"] for r in rows if micros(r["sys_updated_at"]) <= at]
            queues[held[-1].replace("?", "(none)")] += 1
    if moved:
        found = standing(lake, [instant], "group")[instant]
        assert {**found, "(none)": queues["(none)"]} == queues
    else:
        for row in answers[f"open_queue_by_group_{name}"]:
            assert queues[row["grp"]] == row["unresolved"]
