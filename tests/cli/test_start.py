"""Does the program say what it can do, at once, and what went wrong, in one sentence?"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli.running import Run, command, ended, environment, process
from tocsin import __version__
from tocsin.cli import main

COMMANDS = (
    "demo doctor import incident keys project projections rebuild replay serve verify".split()
)
HELP_SECONDS, TRIES = 0.3, 5


def test_the_help_names_every_command(run: Run) -> None:
    answer = run("--help")
    assert answer.exit_code == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in answer.out] == []


def everything() -> list[tuple[str, ...]]:
    """Every command and subcommand, as it is typed."""

    def within(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
        with click.Context(group) as ctx:
            for name in group.list_commands(ctx):
                each = group.get_command(ctx, name)
                if isinstance(each, click.Group):
                    yield from within(each, *names, name)
                else:
                    yield (*names, name)

    return list(within(main))


@pytest.mark.parametrize("names", everything(), ids=" ".join)
def test_the_help_of_every_command_says_what_its_exit_codes_mean(
    run: Run, names: tuple[str, ...]
) -> None:
    said = " ".join(run(*names, "--help").out.split())
    assert (
        "Exit codes: 0 fine, 1 something is wrong or was refused, 2 wrong use, 3 no store" in said
    )
    assert "--json" in said


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version").out == f"tocsin {__version__}\n"


def test_help_comes_at_once() -> None:
    """Counted is what the processor does for it: what else the machine does is not its fault."""
    took = []
    for _ in range(TRIES):
        helped = subprocess.Popen(command("--help"), env=environment({}), stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(helped.pid, 0)
        helped.returncode = os.waitstatus_to_exitcode(status)
        assert helped.returncode == 0
        took.append(used.ru_utime + used.ru_stime)
    assert min(took) < HELP_SECONDS


def test_help_needs_neither_the_store_nor_the_web_framework() -> None:
    """What is not needed is not imported: that is what makes it quick on any machine."""
    code = (
        "import sys; from click.testing import CliRunner; from tocsin.cli import main;"
        "CliRunner().invoke(main, ['--help']);"
        "print(*sorted({'sqlalchemy', 'fastapi', 'eventsourcing', 'rich', 'pydantic'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


def test_an_unknown_command_is_wrong_use(run: Run) -> None:
    answer = run("dance")
    assert answer.exit_code == 2
    assert answer.out == ""
    assert "No such command 'dance'" in answer.err


def test_an_unknown_setting_is_named_without_a_traceback(tmp_path: Path) -> None:
    answer = ended(process("incident", "INC0000001", TOCSIN_HOME=str(tmp_path), TOCSIN_HUT="x"))
    expected = "Error: TOCSIN_HUT is not a setting; `tocsin doctor` lists them all.\n"
    assert (answer.exit_code, answer.err) == (2, expected)


@pytest.mark.parametrize(
    "arguments",
    [
        ("incident", "INC0000001"),
        ("replay", "INC0000001"),
        ("projections",),
        ("rebuild", "--all"),
        ("verify",),
        ("project",),
        ("keys", "list"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_home_without_a_store_cannot_be_asked(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """And asking leaves nothing behind that somebody else could not write later."""
    answer = run(*arguments, "--home", tmp_path / "none", "--json")
    assert answer.exit_code == 3
    assert "`tocsin serve` makes" in answer.err
    assert answer.document["error"]["exit_code"] == 3
    assert not (tmp_path / "none").exists()


def test_an_address_that_is_no_database_is_wrong_use(run: Run) -> None:
    answer = run("--database", "mysql://x", "incident", "INC0000001")
    assert answer.exit_code == 2
    assert "postgresql://" in answer.err


@pytest.mark.parametrize("password", ["xyzzy/plugh", "xyzzy#plugh", "xyzzy?plugh", "xyz@zy/plugh"])
def test_a_password_that_should_have_been_quoted_is_refused_and_not_shown(
    run: Run, password: str
) -> None:
    answer = run("--database", f"postgresql://me:{password}@127.0.0.1:1/x", "projections")
    assert answer.exit_code == 2
    assert "TOCSIN_DATABASE has a user or a password with a / ? or # in it" in answer.err
    assert "plugh" not in answer.out + answer.err


@pytest.mark.parametrize("password", ["xyzzy%2Fplugh", "xyzzy:plugh", "xyz@zy"])
def test_any_other_password_is_taken(run: Run, password: str) -> None:
    address = f"postgresql://me:{password}@127.0.0.1:1/x?application_name=a@b"
    assert run("--database", address, "projections").exit_code == 3


def test_a_server_that_is_not_there_cannot_be_reached(run: Run) -> None:
    answer = run("--database", "postgresql://me:secret@127.0.0.1:1/x", "projections")
    assert answer.exit_code == 3
    assert "127.0.0.1:1" in answer.err
    assert "secret" not in answer.out + answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_defect_is_one_sentence_and_its_place_is_shown_on_request(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("two\nlines")

    monkeypatch.setattr("tocsin.cli.histories.find", broken)
    answer = run("--home", played, "incident", "INC0000001")
    assert answer.exit_code == 4
    assert answer.err == (
        "Error: This is a defect of Tocsin: ValueError: two lines (`--debug` shows where).\n"
    )
    with pytest.raises(ValueError, match="two"):
        run("--debug", "--home", played, "incident", "INC0000001")


def test_a_reader_who_has_seen_enough_is_no_error(played: Path) -> None:
    """`tocsin … | head -1` must not end in a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command("replay", "--home", played, "INC0000001"),
        env=environment({}),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert "Traceback" not in done.stderr
