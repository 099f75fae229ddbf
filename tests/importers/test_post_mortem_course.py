"""Which rows detection and recovery are measured between, and why engineers came to others."""

import pytest

from tests.importers.made_up import FIRST_ROW, LIFE, of
from tocsin.importers.post_mortem.course import Course, course
from tocsin.importers.post_mortem.differences import Difference, Why, differences
from tocsin.importers.post_mortem.wording import Sign, signs

DAY = "2021-03-01"
BROKE = (f"{DAY} 09:00", "Lamps crash")
KNEW = (f"{DAY} 09:07", "An alert")
FIXED = (f"{DAY} 09:42", "Service restored")


def measured(*rows: tuple[str, str]) -> Course:
    return course(of(*rows).course)


def told(
    *rows: tuple[str, str], detection: str = "?", recovery: str = "?"
) -> tuple[Difference, Difference]:
    found = of(*rows, detection=detection, recovery=recovery)
    return differences(course(found.course), found.stats.detection, found.stats.recovery)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Service restored", {Sign.RESTORED}),
        ("Most services restored", set()),
        ("Service not restored", set()),
        ("We tried whether the service is restored", set()),
        ("Service should be operational", set()),
        ("Is the service restored?", set()),
        ("Alarm over, everything is back to normal", {Sign.RESTORED}),
        ("Fix applied", {Sign.MITIGATED}),
        ("Fix applied, service fully down", {Sign.BROKE}),
        ("Long-term fix applied", {Sign.LASTING}),
        ("Issue resolved and permanently fixed", {Sign.RESTORED, Sign.LASTING}),
        ("The issue is unresolved", set()),
        ("First user reports that it works", {Sign.RESTORED}),
        ("A customer reported errors", {Sign.KNOWN}),
        ("Node starts reporting errors", set()),
        ("It went unnoticed: there was no alert", set()),
        ("The alert was silenced", set()),
        ("Started investigating", {Sign.KNOWN, Sign.TAKEN_ON}),
        ("Potential culprit identified", {Sign.FOUND}),
        ("Root cause was found", {Sign.CAUSE}),
        ("Root cause was found later", set()),
        ("Root cause was not found", set()),
        ("Informed all users", {Sign.USERS_TOLD}),
        ("We will update the status page", set()),
        ("Status page updated", {Sign.PUBLIC_TOLD}),
        ("All services returning 503", {Sign.BROKE}),
        ("Tests say all is fine", {Sign.FINE}),
        ("Had lunch", set()),
    ],
)
def test_a_row_says_no_more_than_its_words(text: str, expected: set[Sign]) -> None:
    assert signs(text) == expected


def test_rows_before_the_impact_and_after_the_recovery_are_not_part_of_it() -> None:
    found = measured(*LIFE)
    assert (str(found.detection), str(found.recovery), found.minutes) == ("7", "42", 1_560)
    assert found.before is not None
    assert found.after is not None
    assert (found.before.rows, found.before.minutes) == (1, 60)
    assert (found.after.rows, found.after.minutes) == (1, 1_458)


def test_where_no_row_says_what_broke_the_last_one_before_the_detection_is_inferred() -> None:
    found = measured(
        (f"{DAY} 08:00", "New lamps bought"), (f"{DAY} 09:00", "New lamps put in"), KNEW, FIXED
    )
    assert (str(found.detection), found.inferred) == ("7", True)


def test_a_row_that_says_that_all_is_fine_begins_no_impact() -> None:
    found = measured((f"{DAY} 09:00", "New lamps"), (f"{DAY} 09:05", "Tests: all fine"), KNEW)
    assert (str(found.detection), found.inferred) == ("7", True)


def test_where_the_first_row_is_the_detection_nobody_knows_when_it_began() -> None:
    found = measured(KNEW, BROKE, FIXED)
    assert str(found.detection) == "7"
    found = measured(KNEW, FIXED)
    assert (found.began, found.detection, found.recovery, found.before) == (None,) * 4


def test_service_that_was_back_before_anybody_knew_is_no_recovery_from_it() -> None:
    early = (f"{DAY} 09:03", "Service restored")
    assert str(measured(BROKE, early, KNEW, FIXED).recovery) == "42"


def test_users_who_can_work_again_have_recovered_whatever_is_repaired_later() -> None:
    mitigated = (f"{DAY} 09:20", "Issue mitigated with candles")
    assert str(measured(BROKE, KNEW, mitigated, FIXED).recovery) == "20"


@pytest.mark.parametrize(
    ("began", "detection"), [("09:00~", "~7"), ("09:0?", "0-7"), ("09:00 - 09:30", "7")]
)
def test_a_figure_is_as_certain_as_the_times_that_it_rests_on(began: str, detection: str) -> None:
    assert str(measured((f"{DAY} {began}", "Lamps crash"), KNEW).detection) == detection


LATER = (f"{DAY} 09:20", "Another alert")
EARLIER = (f"{DAY} 08:30", "Candles bought")
LAST = (f"{DAY} 09:58", "The last lamp glows")


@pytest.mark.parametrize(
    ("rows", "written", "why"),
    [
        ((BROKE, KNEW, FIXED), ("7 minutes", "42 minutes"), (Why.SAME, Why.SAME)),
        ((BROKE, KNEW, FIXED), ("?", "N/A"), (Why.NOT_WRITTEN, Why.NOT_WRITTEN)),
        ((BROKE, KNEW, FIXED), ("quickly", "?"), (Why.UNREADABLE, Why.NOT_WRITTEN)),
        ((BROKE,), ("?", "?"), (Why.NEITHER, Why.NEITHER)),
        ((BROKE, KNEW, LATER, FIXED), ("20 min", "42 min"), (Why.TO_A_ROW_AFTER, Why.SAME)),
        ((BROKE, KNEW, FIXED, LAST), ("7 min", "58 min"), (Why.SAME, Why.TO_A_ROW_AFTER)),
        ((BROKE, KNEW, LATER, FIXED), ("7 min", "20 min"), (Why.SAME, Why.TO_A_ROW_BEFORE)),
        (
            (EARLIER, BROKE, KNEW, FIXED),
            ("37 min", "72 min"),
            (Why.FROM_A_ROW_BEFORE, Why.FROM_A_ROW_BEFORE),
        ),
        (
            (BROKE, KNEW, LATER, FIXED),
            ("13 min", "35 min"),
            (Why.FROM_A_ROW_AFTER, Why.FROM_A_ROW_AFTER),
        ),
        ((BROKE, KNEW, LATER, FIXED), ("?", "35 min"), (Why.NOT_WRITTEN, Why.FROM_A_ROW_AFTER)),
        ((BROKE, KNEW, LAST), ("7 min", "58 min"), (Why.SAME, Why.NO_CERTAIN_ROW)),
        ((BROKE, KNEW, FIXED), ("7 min", "40 min"), (Why.SAME, Why.ROUNDED)),
        ((BROKE, KNEW, FIXED), ("7 min", "102 min"), (Why.SAME, Why.ZONE)),
        ((BROKE, KNEW, FIXED), ("7 min", "61 min"), (Why.SAME, Why.UNEXPLAINED)),
        (((f"{DAY} 09:0?", "Lamps crash"), KNEW), ("5 min", "?"), (Why.OPEN_TIME, Why.NEITHER)),
        ((KNEW, FIXED), ("?", "35 min"), (Why.NEITHER, Why.NO_CERTAIN_ROW)),
        ((KNEW, FIXED), ("?", "36 min"), (Why.NEITHER, Why.UNEXPLAINED)),
    ],
)
def test_each_difference_has_its_reason(
    rows: tuple[tuple[str, str], ...], written: tuple[str, str], why: tuple[Why, Why]
) -> None:
    found = told(*rows, detection=written[0], recovery=written[1])
    assert tuple(each.why[0] for each in found) == why
    silent = {Why.SAME, Why.NEITHER, Why.NOT_WRITTEN}
    assert all(bool(each.says) != (each.why[0] in silent) for each in found)


def test_a_reason_names_the_lines() -> None:
    _, recovery = told(BROKE, KNEW, FIXED, LAST, recovery="58 minutes")
    ours = FIRST_ROW + 2
    assert recovery.says == f"They count to line {ours + 1}, 16 min after ours (line {ours})."


def test_both_figures_are_counted_from_the_same_row_of_two_that_would_do() -> None:
    """Thirty minutes fit from 08:30 as well; seven do not."""
    noon = (f"{DAY} 08:23", "Candles bought")
    detection, recovery = told(
        noon, EARLIER, BROKE, KNEW, FIXED, detection="37 min", recovery="72 min"
    )
    assert "from line 14" in detection.says
    assert "from line 14" in recovery.says
