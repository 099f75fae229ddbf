"""When a row of a timeline happened, and what is said where it does not say."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from tests.importers.made_up import FIRST_ROW, HEAD, faults, of, times
from tocsin.importers.post_mortem.times import Known

EVENT = "Something"
VIENNA = ZoneInfo("Europe/Vienna")


@pytest.mark.parametrize(
    ("written", "put", "known"),
    [
        ("2021-03-01 14:05", "03-01 14:05", Known.EXACT),
        ("2021-03-01   14:05:59", "03-01 14:05", Known.EXACT),
        ("2021-03-01T14:05Z", "03-01 14:05", Known.EXACT),
        ("2021-03-01 9:05", "03-01 09:05", Known.EXACT),
        ("2021-03-01 10:45~", "03-01 10:45", Known.ABOUT),
        ("2021-03-01 ca. 10:45", "03-01 10:45", Known.ABOUT),
        ("2021-03-01 09:00 - 11:00", "03-01 09:00", Known.SPAN),
        ("2021-03-01 09:00\u201311:00", "03-01 09:00", Known.SPAN),
        ("2021-03-01 22:00 - 2021-03-02 01:00", "03-01 22:00", Known.SPAN),
        ("2021-03-01 14:??", "03-01 14:00", Known.OPEN),
        ("2021-03-01 14:?", "03-01 14:00", Known.OPEN),
        ("2021-03-01 14:3?", "03-01 14:30", Known.OPEN),
        ("2021-03-01 --:--", "03-01 00:00", Known.OPEN),
        ("2021-03-01 ??:??", "03-01 00:00", Known.OPEN),
        ("2021-03-01", "03-01 00:00", Known.OPEN),
    ],
)
def test_a_time_is_read_as_well_as_it_is_known(written: str, put: str, known: Known) -> None:
    found = of((written, EVENT))
    assert faults(found) == []
    assert (times(found), found.rows[0].moment.known) == ([put], known)


@pytest.mark.parametrize(
    ("written", "earliest", "latest"),
    [("14:??", "14:00", "14:59"), ("14:3?", "14:30", "14:39"), ("", "00:00", "23:59")],
)
def test_an_open_time_says_from_when_to_when_it_may_have_been(
    written: str, earliest: str, latest: str
) -> None:
    moment = of((f"2021-03-01 {written}", EVENT)).rows[0].moment
    assert (f"{moment.earliest:%H:%M}", f"{moment.latest:%H:%M}") == (earliest, latest)


def test_an_open_time_goes_behind_the_certain_row_above_it() -> None:
    """The earliest instant that its own words and the rows above allow."""
    found = of(
        ("2021-03-01 14:05", EVENT), ("14:??", EVENT), ("2021-03-02 --:--", EVENT), ("07:00", EVENT)
    )
    assert times(found) == ["03-01 14:05", "03-01 14:05", "03-02 00:00", "03-02 07:00"]


def test_an_open_time_is_not_put_behind_a_row_that_is_later_for_certain() -> None:
    found = of(("2021-03-01 16:00", EVENT), ("2021-03-01 14:??", EVENT))
    assert times(found) == ["03-01 16:00", "03-01 14:00"]


def test_another_open_time_is_no_certain_row_to_go_behind() -> None:
    found = of(("2021-03-01 14:??", EVENT), ("2021-03-01 --:--", EVENT))
    assert times(found) == ["03-01 14:00", "03-01 00:00"]


def test_a_row_without_a_date_is_of_the_day_above_it() -> None:
    found = of(("2021-03-01 23:50", EVENT), ("23:55", EVENT), ("2021-03-02 00:10", EVENT))
    assert times(found) == ["03-01 23:50", "03-01 23:55", "03-02 00:10"]


def test_a_row_without_a_date_that_goes_back_may_be_of_the_next_day_and_is_not_guessed() -> None:
    found = of(("2021-03-01 23:50", EVENT), ("00:10", EVENT))
    assert faults(found) == [
        (FIRST_ROW + 1, "It is before the row above, and says no date: write the date.")
    ]


def test_the_day_of_a_row_that_cannot_be_read_is_not_handed_down() -> None:
    found = of(("2021-03-01 10:00", EVENT), ("2021-02-30 10:00", EVENT), ("11:00", EVENT))
    assert [line for line, _ in faults(found)] == [FIRST_ROW + 1, FIRST_ROW + 2]


def test_a_date_and_a_time_may_stand_in_columns_of_their_own() -> None:
    head = "| Date | Time (CET) | Who | What |\n|---|---|---|---|"
    found = of(("2021-03-01 | 14:05 | AB", EVENT), (" | 14:06 | ", EVENT), head=head, zone="")
    assert times(found) == ["03-01 13:05", "03-01 13:06"]
    assert [row.text for row in found.rows] == ["Something (AB)", "Something"]


def test_rows_of_the_same_minute_keep_their_order_and_others_find_theirs() -> None:
    found = of(
        ("2021-03-01 10:00", "a"),
        ("2021-03-01 12:00", "b"),
        ("2021-03-01 11:00", "c"),
        ("2021-03-01 12:00", "d"),
    )
    assert [row.text for row in found.course] == ["a", "c", "b", "d"]
    assert [(row.text, says) for row, says in found.remarks()] == [
        ("c", "It is earlier than the row above it: it was put where it belongs.")
    ]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("20202-01-16 12:00", "a year of four digits"),
        ("2021-02-30 12:00", "no such day or time"),
        ("2021-02-28 25:61", "no such day or time"),
        ("0001-01-01 00:00 CET", "no such day or time"),
        ("2026-01-01 00:01", "in the future"),
        ("2021-03-01 11:00 - 09:00", "ends before it begins"),
        ("yesterday", "says no date"),
        ("2021-03-01 noon", "Times look like"),
        ("", "Times look like"),
        ("12:00", "says no date"),
        ("2021-03-01 12:00 EST", "Name one of UTC"),
        ("2021-03-01 12:00 UTC-30:00", "Name one of UTC"),
        ("2021-03-01 " + "1" * 200, "longer than 100 characters"),
        ("28/02/2021 12:00", "a year of four digits"),
    ],
)
def test_a_time_that_cannot_have_been_is_a_fault_of_its_line(written: str, reason: str) -> None:
    found = of(
        ("2021-03-01 12:00" if written.startswith("2") else written, EVENT), (written, EVENT)
    )
    assert found.faults[-1].line == FIRST_ROW + 1
    assert reason in found.faults[-1].advice
    assert found.faults[-1].column in ("time", "time zone")


@pytest.mark.parametrize(
    ("zone", "head", "put"),
    [
        ("All times in UTC.", HEAD, "14:05"),
        ("All times in CET.", HEAD, "13:05"),
        ("All times are in CEST", HEAD, "12:05"),
        ("All times in Europe/Lisbon.", HEAD, "14:05"),
        ("All times in UTC+05:30.", HEAD, "08:35"),
        ("", "| Date and Time in CET | Event |\n|:---|---|", "13:05"),
        ("", "| TIME | EVENT |\n|:---|---|", "14:05"),
        ("All times in CET.", "| Time (CET) | Event |\n|:---|---|", "13:05"),
        ("Nobody knows.", HEAD, "14:05"),
    ],
)
def test_the_zone_is_what_the_document_says(zone: str, head: str, put: str) -> None:
    found = of(("2021-03-01 14:05", EVENT), zone=zone, head=head)
    assert (faults(found), times(found)) == ([], [f"03-01 {put}"])


def test_a_row_may_say_a_zone_of_its_own() -> None:
    found = of(("2021-03-01 14:05 CET", EVENT), ("2021-03-01 14:05 +02:00", EVENT))
    assert times(found) == ["03-01 13:05", "03-01 12:05"]


def test_two_zones_at_once_are_a_fault() -> None:
    head = "| Time in CET | Event |\n|---|---|"
    (fault,) = of(("2021-03-01 14:05", EVENT), head=head).faults
    assert (fault.value, fault.advice) == ("CET and UTC", "Say only one.")


@pytest.mark.parametrize(
    ("told", "put"), [(UTC, "11:05"), (VIENNA, "10:05"), (ZoneInfo("Asia/Tokyo"), "11:05")]
)
def test_winter_time_on_a_summer_day_is_the_clock_of_a_place_only_if_that_was_told(
    told: ZoneInfo, put: str
) -> None:
    """People there say CET all year. It is read as written, and remarked, unless told otherwise."""
    found = of(("2021-06-01 12:05", EVENT), zone="All times in CET.", told=told)
    assert times(found) == [f"06-01 {put}"]
    remarks = [says for _, says in found.remarks()]
    assert len(remarks) == (told is not VIENNA)
    assert all("CET on a day of summer: UTC+1 was taken." in says for says in remarks)


def test_times_that_say_no_zone_are_in_the_one_that_was_told() -> None:
    found = of(("2021-06-01 12:05", EVENT), zone="", told=VIENNA)
    assert (times(found), list(found.remarks())) == (["06-01 10:05"], [])


def test_a_time_that_the_clocks_left_out_is_a_fault() -> None:
    (fault,) = of(("2021-03-28 02:30", EVENT), zone="", told=VIENNA).faults
    assert "never showed that" in fault.advice
