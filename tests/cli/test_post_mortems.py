"""`tocsin import post-mortem` and `tocsin post-mortems`."""

from pathlib import Path

import pytest

from tests.cli.running import Run
from tests.importers.made_up import LIFE, document, folder

LAST = ("2021-03-01 09:58", "The last lamp glows")
EXPLAINED = (
    "PM2 recovery 42, written 58 minutes: They count to line 19, 16 min after ours (line 18)."
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of two post-mortems; those who wrote the second counted further."""
    texts = document(*LIFE), document(*LIFE[:-1], LAST, recovery="58 minutes")
    return folder(tmp_path / "post-mortems", *texts)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where they are imported to."""
    return tmp_path / "home"


def test_a_folder_is_imported_and_its_incidents_can_be_asked_for(
    run: Run, home: Path, place: Path
) -> None:
    answer = run("--home", home, "import", "post-mortem", place)
    assert answer.exit_code == 0
    assert "new incidents                               2" in answer.out
    assert "service restored" in run("--home", home, "incident", "PM1").out
    report = run("--home", home, "--json", "import", "post-mortem", place).document
    assert (report["known"], report["imported"], report["remarks"]) == (14, 0, [])


def test_remarks_are_shown_and_faults_end_in_a_one(run: Run, home: Path, place: Path) -> None:
    folder(place, document(*LIFE, ("2021-03-02 --:--", "Slept")), document(("soon", "Dark")))
    answer = run("--home", home, "import", "post-mortem", place)
    assert answer.exit_code == 1
    assert "PM1 - Dark.md, line 20 (PM1): Its time is open" in answer.out
    assert "PM2 - Dark.md, line 13 (PM2): time is 'soon'." in answer.out
    assert "more" not in answer.out


def test_more_remarks_than_fit_are_counted(run: Run, home: Path, place: Path) -> None:
    rows = [("2021-03-01 10:??", f"Row {n}") for n in range(25)]
    folder(place, document(*rows))
    assert "and 5 more remarks" in run("--home", home, "import", "post-mortem", place).out


def test_a_file_is_no_folder(run: Run, home: Path, place: Path) -> None:
    assert run("--home", home, "import", "post-mortem", place / "PM1 - Dark.md").exit_code == 2


def test_figures_stand_side_by_side_and_differences_are_explained(run: Run, place: Path) -> None:
    answer = run("post-mortems", place)
    assert answer.exit_code == 0
    lines = answer.out.splitlines()
    assert lines[1].split() == [
        "PM1",
        "7",
        "7",
        "7",
        "42",
        "42",
        "1",
        "(60)",
        "1560",
        "1",
        "(1458)",
    ]
    assert [line for line in lines if line.startswith("PM2 recovery")] == [EXPLAINED]


def test_the_comparison_as_json_has_the_numbers(run: Run, place: Path) -> None:
    first, second = run("--json", "post-mortems", place).document["documents"]
    assert first["detection"]["why"] == ["same"]
    assert first["began"] == {
        "line": 14,
        "at": "2021-03-01T09:00:00Z",
        "known": "exact",
        "written": "2021-03-01 09:00",
    }
    assert (second["recovery"]["why"], second["recovery"]["written_minutes"]) == (
        ["to-a-row-after"],
        58,
    )
    assert second["recovery"]["computed_minutes"] == {"from": 42, "to": 42, "about": False}


def test_what_was_inferred_has_a_star_and_what_cannot_be_read_is_named(
    run: Run, place: Path
) -> None:
    folder(place, document(LIFE[0], LIFE[2], LIFE[5]), document(("soon", "Dark")))
    answer = run("post-mortems", place)
    assert answer.exit_code == 1
    assert "67*" in answer.out
    assert "PM2 - Dark.md, line 13: time is 'soon'. It says no date" in answer.out


def test_times_that_say_no_zone_are_in_the_one_that_is_said(run: Run, place: Path) -> None:
    folder(place, document(*LIFE, zone=""))
    answer = run("--json", "post-mortems", "--time-zone", "Asia/Tokyo", place)
    assert answer.document["documents"][0]["began"]["at"] == "2021-03-01T00:00:00Z"
