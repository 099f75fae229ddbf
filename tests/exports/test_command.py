"""`tocsin export`: the same from the command line."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import answer, command, environment, process
from tests.exports.kit import REFERENCE, record_story
from tests.whatif.kit import many, writing
from tocsin.exports import formats
from tocsin.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    settings = Settings(home=tmp_path / "home")
    with writing(settings) as log:
        record_story(log)
    return settings.home


def test_every_format_is_a_subcommand(home: Path, tmp_path: Path) -> None:
    shown = answer("export", "--help").out
    assert sorted(formats()) == ["cloudevents", "csv", "ocel-json", "ocel-sqlite", "xes"]
    for name, form in formats().items():
        file = tmp_path / f"log.{name}"
        said = answer("--home", home, "export", name, "-o", file)
        assert (said.exit_code, said.out) == (0, ""), said.err
        assert f"Written to {file}: " in said.err
        assert file.stat().st_size > 0
        assert (form.__doc__ or "").partition(":")[0] in shown


def test_programs_get_the_figures_as_json(home: Path, tmp_path: Path) -> None:
    said = answer("--home", home, "--json", "export", "xes", "-o", tmp_path / "log.xes")
    assert said.document == {
        "format": "xes",
        "file": str(tmp_path / "log.xes"),
        "position": 12,
        "events": 10,
        "incidents": 1,
    }


def test_a_file_is_not_replaced_by_accident(home: Path, tmp_path: Path) -> None:
    ask = ("--home", home, "export", "csv", "-o", tmp_path / "log.csv")
    assert answer(*ask).exit_code == 0
    said = answer(*ask)
    assert (said.exit_code, "--force replaces it" in said.err) == (2, True)
    assert answer(*ask, "--force").exit_code == 0


def test_lines_go_to_standard_output(home: Path) -> None:
    said = answer("--home", home, "export", "cloudevents", "-o", "-", "--source", "urn:a:b")
    assert said.exit_code == 0
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert {line["source"] for line in lines} == {"urn:a:b"}
    rest = answer("--home", home, "export", "csv", "-o", "-", "--after", "9", "--no-header").out
    assert [line.split(",")[0] for line in rest.splitlines()] == ["10", "11", "12"]


def test_a_selection_is_read_from_the_options(home: Path) -> None:
    times = ("--since", "2026-03-02T09:02+01:00", "--until", "2026-03-02T08:09")
    ask = ("--home", home, "export", "csv", "-o", "-", "--no-header", "--incident", REFERENCE)
    more = ("--where", "group=mail", "--events", "incident.assigned,clock.*", "--at", "10")
    lines = answer(*ask, *times, *more).out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["7", "10"]
    none = answer(*ask, *more, "--since", "2026-03-02T08:05", "--by", "recorded").out
    assert [line.split(",")[0] for line in none.splitlines()] == ["10"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("csv", "--incident", "INC9"), "There is no incident INC9."),
        (("csv", "--events", "incident.heal"), "--events knows no event 'incident.heal'"),
        (("csv", "--where", "colour=red"), "--where knows category, group"),
        (("csv", "--where", "priority"), "--where takes 1 to 500 characters for priority"),
        (("csv", "--at", "99"), "--at is beyond the end of the log, which is position 12"),
        (("csv", "--after", "99"), "--after is beyond the end"),
        (("csv", "--since", "2026-03-02", "--until", "2026-03-01"), "--until is not after --since"),
        (("csv", "--since", "noon"), "is no time"),
        (("cloudevents", "--source", "a b"), "--source takes a URI"),
        (("ocel-sqlite",), "--output takes a file: ocel-sqlite"),
        (("xes", "--after", "1"), "No such option"),
    ],
)
def test_what_cannot_be_is_said_with_the_way_out(
    home: Path, asked: tuple[str, ...], sentence: str
) -> None:
    said = answer("--home", home, "export", asked[0], "-o", "-", *asked[1:])
    assert said.exit_code in (1, 2)
    assert sentence in said.err
    assert said.out == ""


def test_data_and_a_report_do_not_share_standard_output(home: Path) -> None:
    said = answer("--home", home, "--json", "export", "csv", "-o", "-")
    assert said.exit_code == 2
    assert "choose one" in said.err


def streaming(*arguments: str | Path, **variables: str) -> "subprocess.Popen[bytes]":
    """The program, with every byte as it is."""
    pipe, variables = subprocess.PIPE, environment(variables)
    return subprocess.Popen(command(*arguments), env=variables, stdout=pipe, stderr=pipe)


def bytes_of(*arguments: str | Path) -> bytes:
    with streaming(*arguments) as started:
        out, err = started.communicate(timeout=60)
    assert started.returncode == 0, err
    return out


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A log that takes a while."""
    settings = Settings(home=tmp_path / "long")
    with writing(settings) as log:
        many(log, 3_000)
    return settings.home


def test_an_interruption_leaves_nothing(long: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with process("--home", long, "export", "ocel-sqlite", "-o", folder / "log") as started:
        while not any(folder.iterdir()):
            assert started.poll() is None
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Nothing is kept" in err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_stream_that_was_interrupted_goes_on_behind_its_last_line(
    long: Path, unbuffered: str
) -> None:
    ask = ("--home", long, "export", "csv", "-o", "-")
    whole = bytes_of(*ask)
    with streaming(*ask, PYTHONUNBUFFERED=unbuffered) as started:
        assert started.stdout is not None
        part = os.read(started.stdout.fileno(), 1_000)
        started.send_signal(signal.SIGINT)
        rest, err = started.communicate(timeout=60)
    part += rest
    assert started.returncode == 130, err
    assert len(part) < len(whole)
    last = part.splitlines()[-1].split(b",")[0].decode()
    assert f"--after {last} goes on behind it" in err.decode()
    assert part + bytes_of(*ask, "--no-header", "--after", last) == whole


def test_a_reader_that_goes_away_ends_it_without_a_word(long: Path) -> None:
    with streaming("--home", long, "export", "csv", "-o", "-") as started:
        assert started.stdout is not None
        assert started.stdout.readline().startswith(b"position,")
        started.stdout.close()
        assert started.stderr is not None
        err = started.stderr.read()
    assert started.returncode == 1
    assert err == b""
