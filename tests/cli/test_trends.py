"""`tocsin trends`, `signals`, `similar`: tables with courses, files for programs, charts."""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.analysis import kit
from tests.cli.running import Run
from tests.whatif.kit import record, stream_of, writing
from tocsin.cli.sparklines import sparkline
from tocsin.cli.trend_tables import length
from tocsin.settings import Settings


@pytest.fixture
def ask(run: Run, analysed: Settings) -> Any:
    """Run a command on the home with the history."""
    return lambda *words: run("--home", analysed.home, *words)


def test_a_trend_is_shown_with_its_course(ask: Any) -> None:
    said = ask("trends", "volume", "--grain", "week")
    assert said.exit_code == 0, said.err
    lines = said.out.splitlines()
    (reported,) = [line.split() for line in lines if line.startswith("reported")]
    course, lowest, highest, last, total = reported[1:]
    assert len(course) == kit.WEEKS
    assert course[14] > course[13] < course[20]
    assert (lowest, highest, last, total) == ("20", "60", "60", f"{kit.INCIDENTS:,}")
    assert "void" not in said.out, "what is nothing all the time needs no line"
    assert f"From the log up to position {4 * kit.INCIDENTS:,}" in said.out


def test_each_series_has_its_line(ask: Any) -> None:
    said = ask("trends", "volume", "--by", "category", "--where", "category=vpn", "--rows")
    assert [line.split() for line in said.out.splitlines()[1:3]] == [
        ["period", "category", "reported", "resolved", "closed", "void", "void_percent"],
        ["2026-07-01", "vpn", "120", "120", "0", "0", "0.0"],
    ]
    courses = ask("trends", "volume", "--by", "category").out
    firsts = [line.split()[0] for line in courses.splitlines()[2:] if "reported" in line]
    assert set(firsts) == {"network", "e-mail", "storage", "vpn", "printing"}


def test_without_a_name_every_trend_is_listed(ask: Any) -> None:
    said = ask("trends")
    assert "How many incidents were reported, resolved and closed in each period." in said.out
    about = ask("trends", "volume", "--about").out
    assert "An incident counts as reported in the period of its report" in about
    assert "Usual: month." in about
    told = ask("--json", "trends").document["trends"]
    assert "survival" in [each["name"] for each in told]


def test_programs_get_data(ask: Any, tmp_path: Path) -> None:
    told = ask("--json", "trends", "volume", "--grain", "all").document
    assert told["rows"] == [[kit.INCIDENTS, kit.INCIDENTS, 0, 0, 0.0]]
    lines = ask("trends", "volume", "--grain", "all", "--format", "csv").out.splitlines()
    assert lines[0] == "reported,resolved,closed,void,void_percent"
    file = tmp_path / "volume.arrow"
    said = ask("trends", "volume", "--format", "arrow", "-o", file)
    assert (said.exit_code, said.out) == (0, "")
    assert pa.ipc.open_stream(file.read_bytes()).read_all().column_names[0] == "period"


@pytest.mark.parametrize(
    ("suffix", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("html", b"<!DOCTYPE html>")]
)
def test_a_chart_is_drawn_into_a_file(ask: Any, tmp_path: Path, suffix: str, begins: bytes) -> None:
    file = tmp_path / f"chart.{suffix}"
    said = ask("trends", "resolve-time", "--grain", "week", "--chart", file)
    assert said.exit_code == 0, said.err
    assert file.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("volum",), "There is no 'volum'. Did you mean volume?"),
        (("volume", "--by", "colour"), "--by volume has no dimension 'colour'"),
        (("volume", "--from", "soon"), "--from is a date as in 2026-03-01, not 'soon'."),
        (("volume", "--chart", "x.pdf"), "--chart takes a file that ends in .svg, .png, .html"),
        (("volume", "--format", "arrow"), "--format arrow is not for a terminal"),
        (("volume", "-o", "x"), "-o takes a --format"),
        (("volume", "--measure", "colour", "--chart", "x.svg"), "--chart: measure: 'colour'"),
        (("volume", "--engine", "abacus"), "There is no engine 'abacus'"),
    ],
)
def test_what_cannot_be_asked_is_said_by_its_option(
    ask: Any, words: tuple[str, ...], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = ask("trends", *words)
    assert (said.exit_code, said.out) == (2, "")
    assert reason in said.err
    assert list(tmp_path.iterdir()) == []


def test_signals_are_said_in_sentences(ask: Any) -> None:
    said = ask("signals", "--by", "category", "--kind", "rising", "--kind", "recurring")
    assert said.exit_code == 0, said.err
    assert "category vpn: 112 in the last 4 weeks" in said.out
    assert "print / PRN-7 / printing: 15 times from 2026-03-16 to 2026-03-20" in said.out
    told = ask("--json", "signals", "--kind", "change-points").document
    assert [each["when"] for each in told["change_points"]] == ["2026-05-25"]
    wrong = ask("signals", "--window", "0")
    assert (wrong.exit_code, "--window is a whole number from 1 to 366" in wrong.err) == (2, True)


def test_incidents_alike_are_listed(ask: Any) -> None:
    last = stream_of(kit.LAST)
    said = ask("similar", last, "--limit", "3")
    assert said.exit_code == 0, said.err
    assert said.out.count("VPN tunnel") == 3
    assert len(ask("--json", "similar", last).document["items"]) == 10
    assert ask("similar", "INC7777777").exit_code == 1


def test_a_lake_that_lags_says_so_and_can_be_caught_up(
    run: Run, analysed: Settings, tmp_path: Path
) -> None:
    settings = kit.copied(analysed, tmp_path / "home")
    with writing(settings) as log:
        record(log, stream_of("INC0009999"), kit.story(7, kit.FLOOD, "storage"))
    asked = ("--home", settings.home, "trends", "volume", "--grain", "all", "--format", "csv")
    behind = run(*asked)
    end = 4 * kit.INCIDENTS
    assert f"The lake is at position {end:,}, the log at {end + 4:,}" in behind.err
    assert f"\n{kit.INCIDENTS}," in behind.out
    caught_up = run(*asked, "--follow")
    assert "The lake is at" not in caught_up.err
    assert f"\n{kit.INCIDENTS + 1}," in caught_up.out


def test_without_a_lake_the_way_to_one_is_said(run: Run, tmp_path: Path) -> None:
    said = run("--home", tmp_path, "trends", "volume")
    assert (said.exit_code, said.out) == (1, "")
    assert "There is no lake in" in said.err
    assert "tocsin lake follow" in said.err


def test_who_lacks_the_libraries_for_charts_is_told_which(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    said = ask("trends", "volume", "--chart", "x.svg")
    assert (said.exit_code, "pip install 'tocsin[charts]'" in said.err) == (2, True)


def test_a_sparkline_shows_more_as_more() -> None:
    assert sparkline([0, 1, 4, None, 8]) == "▁▂▅ █"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
    assert sparkline([1.0] * 50 + [3.0] * 50, widest=4) == "▃▃██"


def test_a_length_is_said_in_two_units() -> None:
    assert [length(s) for s in (42, 61, 3_600, 90_061)] == ["42s", "1m", "1h 0m", "1d 1h"]
