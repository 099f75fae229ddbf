"""`tocsin replay --digest` and `--into`: what they say, and what they refuse."""

import signal
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.running import answer, ended, process
from tests.replaying.kit import bodies
from tocsin.cli.frame import INTERRUPTED, UNREACHABLE, USAGE, WRONG
from tocsin.replaying.digest import digest
from tocsin.replaying.period import Period
from tocsin.settings import Settings
from tocsin.store.log import Log


def test_a_period_is_said_in_hashes(source: Settings) -> None:
    with closing(Log.open(source)) as log:
        expected = digest(log, Period())
    said = answer("--home", source.home, "replay", "--digest")
    assert said.exit_code == 0
    for part in (expected.events_sha256, expected.states_sha256, expected.root):
        assert str(part) in said.out
    document = answer("--home", source.home, "--json", "replay", "--digest").document
    assert document == {**vars(expected), "since": None, "until": None}


def test_both_names_of_the_ends_mean_the_same(source: Settings) -> None:
    ends = ("2026-03-01T09:00", "2026-03-01T10:00")
    home = ("--home", source.home, "--json", "replay", "--digest")
    first = answer(*home, "--from", ends[0], "--to", ends[1]).document
    assert first == answer(*home, "--since", ends[0], "--until", ends[1]).document
    assert 0 < first["events"] < first["last"]
    assert first["since"] == "2026-03-01T09:00:00Z"


def test_a_log_is_played_to_another_store_that_can_be_used_at_once(
    source: Settings, place: str
) -> None:
    said = answer("--home", source.home, "--json", "replay", "--into", place)
    assert said.exit_code == 0
    there = ("--database", place) if "://" in place else ("--home", place)
    home = ("--home", str(source.home))
    ours = answer(*home, "--json", "rebuild", "--all")
    assert ours.exit_code == 0
    here, copied = (
        answer(*options, "--json", "replay", "--digest", "--read-models").document
        for options in (home, (*home, *there))
    )
    assert copied == here
    assert copied["root"] == said.document["root"]
    assert len(copied["read_models"]) == len(said.document["read_models"]) > 5


def test_played_again_it_says_that_nothing_was_missing(source: Settings, tmp_path: Path) -> None:
    place = tmp_path / "copy"
    command = ("--home", source.home, "replay", "--into", place, "--no-read-models")
    assert "0 events were added" not in answer(*command).out
    said = answer(*command)
    assert "\n0 events were added" in said.out
    assert not (place / "readmodels.db").exists()


def test_without_its_vault_nobody_writes_to_a_copy(source: Settings, tmp_path: Path) -> None:
    """New names would be sealed with keys that know nothing of the old ones."""
    place = tmp_path / "copy"
    assert answer("--home", source.home, "replay", "--into", place).exit_code == 0
    refused = answer("--home", place, "demo")
    assert refused.exit_code == UNREACHABLE
    assert "vault" in refused.err
    for file in source.home.glob("vault.*"):
        (place / file.name).write_bytes(file.read_bytes())
        (place / file.name).chmod(0o600)
    assert answer("--home", place, "demo").exit_code == 0


def test_another_log_is_refused(source: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert answer("--home", other, "demo").exit_code == 0
    before = bodies_of(other)
    said = answer("--home", source.home, "replay", "--into", other)
    assert (said.exit_code, bodies_of(other)) == (WRONG, before)
    assert "holds another log" in said.err


def bodies_of(home: Path) -> list[tuple[int, bytes]]:
    with closing(Log.open(Settings(home=home))) as log:
        return bodies(log)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "Name incidents, or say"),
        (("INC0000001", "--digest"), "one of them"),
        (("--digest", "--into", "x"), "one of them"),
        (("--digest", "--version", "3"), "need incidents"),
        (("INC0000001", "--since", "2026-03-01"), "say --digest"),
        (("INC0000001", "--read-models"), "--read-models goes with"),
        (("--digest", "--since", "2026-03-02", "--until", "2026-03-01"), "not after --since"),
        (("--into", "mysql://host/db"), "neither a folder"),
    ],
)
def test_what_makes_no_sense_is_wrong_use(
    source: Settings, options: tuple[str, ...], says: str
) -> None:
    said = answer("--home", source.home, "replay", *options)
    assert said.exit_code == USAGE
    assert says in said.err


def test_the_log_is_not_played_to_itself(source: Settings) -> None:
    said = answer("--home", source.home, "replay", "--into", source.home)
    assert said.exit_code == USAGE
    assert "where the log is" in said.err


@pytest.mark.parametrize("options", [("--digest",), ("--into", "copy")])
def test_interrupted_it_says_how_to_go_on(
    source: Settings, options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes at the first page."""
    from tocsin.replaying import period

    monkeypatch.chdir(tmp_path)
    ask = Log.raw_page

    def interrupted(log: Log, after: int, limit: int) -> list[tuple[int, bytes]]:
        signal.raise_signal(signal.SIGINT)
        return ask(log, after, limit)

    monkeypatch.setattr(Log, "raw_page", interrupted)
    monkeypatch.setattr(period, "PAGE_EVENTS", 50)
    said = answer("--home", source.home, "replay", *options)
    assert said.exit_code == INTERRUPTED
    assert "the same" in said.err.lower()
    monkeypatch.setattr(Log, "raw_page", ask)
    assert answer("--home", source.home, "replay", *options).exit_code == 0


def test_a_process_of_its_own_gives_the_same_digest(source: Settings) -> None:
    here = answer("--home", source.home, "--json", "replay", "--digest").document
    settings = {"TOCSIN_HOME": str(source.home), "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "99"}
    there = ended(process("--json", "replay", "--digest", **settings))
    assert there.document == here
