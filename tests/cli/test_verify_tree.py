"""`tocsin verify` and the hash tree: an alteration that reads well is found, and where."""

from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.running import Run
from tests.cli.test_verify import faults, tamper
from tests.store.samples import entry, noted
from tocsin.drivers import sqlite3
from tocsin.ledger.merkle import Frontier
from tocsin.settings import Settings
from tocsin.store.log import Log

EVENTS = 45
"""Two kept subtrees of sixteen events, and thirteen events at the right edge."""
SIGNED = (10, 25, 40)
MADE = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALTER = (
    "UPDATE events SET body = CAST(replace(CAST(body AS TEXT), 'seen at 9', 'seen at 8') AS BLOB)"
    " WHERE position = {}"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A log of plain notes with three checkpoints."""
    with closing(Log.open(Settings(home=tmp_path, vault=False), writer=True)) as log:
        for _ in range(EVENTS):
            log.commit([entry(noted("seen at 9"))])
        for size in SIGNED:
            log.add_checkpoint(size, note(size, log.tree_root(size)), MADE)
    return tmp_path


def note(size: int, root: bytes) -> str:
    """A checkpoint whose signature is none: that is examined elsewhere."""
    signed = b64encode(bytes(68)).decode()
    return f"example.com/log\n{size}\n{b64encode(root).decode()}\n\n— example.com/log {signed}\n"


def rebuilt(home: Path) -> None:
    """Work out the whole tree again from what the events are now, as a patient forger would."""
    file = home / "tocsin.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        rows = connection.execute("SELECT body FROM events ORDER BY position").fetchall()
        frontier = Frontier()
        nodes = frontier.extend(body for (body,) in rows)
        connection.execute("DELETE FROM nodes")
        connection.executemany("INSERT INTO nodes VALUES (?, ?, ?)", nodes)
        connection.execute(
            "UPDATE head SET position = ?, tree_size = ?, frontier = ?",
            (frontier.size, frontier.size, frontier.to_bytes()),
        )


def test_a_sound_tree_is_shown_with_its_root(run: Run, home: Path) -> None:
    with closing(Log.open(Settings(home=home, vault=False))) as log:
        root = b64encode(log.tree_root()).decode()
    out = run("--home", home, "verify", "--log-only").out
    assert f"  hash tree: root {root} over 45 events, agreeing with 3 checkpoints\n" in out
    document = run("--home", home, "--json", "verify", "--log-only").document
    expected = {"kept": 45, "followed": 45, "root": root, "checkpoints": 3}
    assert (document["ok"], document["tree"]) == (True, expected)


@pytest.mark.parametrize(
    ("position", "place", "signed"),
    [(1, "1 to 16", "1 to 10"), (16, "1 to 16", "11 to 25"), (17, "17 to 32", "11 to 25"),
     (36, "33 to 40", "26 to 40"), (44, "41 to 44", ""), (45, "45 to 45", "")],
)  # fmt: skip
def test_an_event_that_was_altered_is_found_among_sixteen(
    run: Run, home: Path, position: int, place: str, signed: str
) -> None:
    """It is canonical, can be read, and is the same wherever it is looked up."""
    tamper(home / "tocsin.db", ALTER.format(position))
    expected = {f"an event from position {place} was altered, or what the tree keeps of them"}
    if signed:
        since = "was altered since the checkpoint of 2026-03-01 12:00 UTC"
        expected.add(f"an event from position {signed} {since}")
    found = faults(run, home)
    assert {check: set(says) for check, says in found.items()} == {"tree": expected}


def test_a_forger_who_mends_the_tree_is_given_away_by_the_next_checkpoint(
    run: Run, home: Path
) -> None:
    tamper(home / "tocsin.db", ALTER.format(13))
    rebuilt(home)
    (says,) = faults(run, home)["tree"]
    assert says.startswith("an event from position 11 to 25 was altered since the checkpoint")


def test_a_forger_who_mends_one_row_is_given_away_by_the_edge(run: Run, home: Path) -> None:
    tamper(home / "tocsin.db", ALTER.format(20))
    with closing(sqlite3.connect(home / "tocsin.db", isolation_level=None)) as connection:
        (edge,) = connection.execute("SELECT frontier FROM head").fetchone()
        rebuilt(home)
        connection.execute("UPDATE head SET frontier = ?", (edge,))
    says = "an event from position 1 to 32 was altered, or what the tree keeps of them"
    assert says in faults(run, home)["tree"]


def test_two_altered_events_are_two_faults(run: Run, home: Path) -> None:
    tamper(home / "tocsin.db", ALTER.format(3), ALTER.format(30), "DELETE FROM checkpoints")
    places = [says.split(" was ")[0] for says in faults(run, home)["tree"]]
    assert places == ["an event from position 1 to 16", "an event from position 17 to 32"]


def test_a_log_whose_end_was_cut_off_is_shorter_than_what_was_signed(run: Run, home: Path) -> None:
    """Nothing inside the file says so: it looks like an older copy."""
    tamper(home / "tocsin.db", "DELETE FROM events WHERE position > 38")
    rebuilt(home)
    assert faults(run, home)["tree"] == [
        "a checkpoint of 40 events was made, the log has 38: its end is gone"
    ]


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM nodes WHERE number = 1", "nothing is kept about positions 17 to 32"),
        ("UPDATE nodes SET hash = zeroblob(32) WHERE number = 0", "an event from position 1 to 16"),
        ("UPDATE head SET frontier = zeroblob(128)", "an event from position 1 to 32"),
        ("UPDATE head SET frontier = zeroblob(64)", "changed from outside: 2 hashes are not the"),
        ("UPDATE head SET tree_size = 99", "changed from outside: the tree has 99 events"),
        ("UPDATE checkpoints SET note = 'x' WHERE size = 25", "checkpoint of 25 events cannot be"),
        ("UPDATE checkpoints SET size = 26 WHERE size = 25", "from position 11 to 26 was altered"),
    ],
)
def test_what_was_done_to_the_tree_itself_is_found(
    run: Run, home: Path, statement: str, says: str
) -> None:
    tamper(home / "tocsin.db", statement)
    found = faults(run, home)
    assert set(found) == {"tree"}
    assert any(says in each for each in found["tree"]), found


def test_behind_a_gap_the_tree_is_not_followed(run: Run, home: Path) -> None:
    """The gap is named; that everything behind it differs would say no more."""
    tamper(home / "tocsin.db", "DELETE FROM events WHERE position = 20")
    document = run("--home", home, "--json", "verify", "--log-only").document
    assert set(document["faults_by_check"]) == {"gap"}
    assert document["tree"]["checkpoints"] == 1


def test_events_that_no_tree_has_yet_are_no_fault_but_said(run: Run, home: Path) -> None:
    settings = Settings(home=home, vault=False, ledger=False)
    with closing(Log.open(settings, writer=True)) as log:
        log.commit([entry(noted("later"))])
    out = run("--home", home, "verify", "--log-only").out
    assert "the store keeps the tree of 45 of 46 events: `tocsin serve` adds the rest" in out
    assert out.endswith("Everything agrees.\n")


def test_events_that_come_while_it_looks_are_no_fault(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two questions, the log may grow and be signed again."""
    with closing(Log.open(Settings(home=home, vault=False), writer=True)) as writer:
        monkeypatch.setattr(Log, "head", _growing(writer, Log.head))
        document = run("--home", home, "--json", "verify", "--log-only").document
    assert document["faults"] == []
    assert document["tree"]["followed"] >= EVENTS


def _growing(writer: Log, head: Callable[[Log], int]) -> Callable[[Log], int]:
    def growing(log: Log) -> int:
        found = head(log)
        writer.commit([entry(noted("meanwhile"))])
        size, _ = writer.tree()
        writer.add_checkpoint(size, note(size, writer.tree_root()), MADE)
        return found

    return growing
