"""What happens to a log behind our back: bits that flip, and people who may write its file.

Against bits, what is inside the log suffices. Against people it cannot: whoever may write the file
and has the key can write another history, in order in itself. What they cannot do is make it agree
with a checkpoint that somebody outside holds.
"""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from tests.audit.corruption import LOG, TAIL, Home, flips, found_wrong, made, proved
from tests.cli.running import answer
from tests.cli.test_verify import tamper
from tests.cli.test_verify_tree import rebuilt
from tocsin.drivers import sqlite3

Attack = Callable[[Path], None]


@pytest.fixture(scope="module")
def _sound(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return made(tmp_path_factory.mktemp("sound") / "home")


@pytest.fixture
def audited(_sound: Home, tmp_path: Path) -> Home:
    """A log of the test's own, and what an auditor keeps of it."""
    shutil.copytree(_sound.path, tmp_path / "home")
    (tmp_path / "held.txt").write_text(_sound.held, "utf-8")
    return Home(tmp_path / "home", _sound.key, _sound.held)


def test_every_bit_that_changes_an_event_is_noticed(audited: Home) -> None:
    """By whoever looks at the log, and by whoever is given an export of it."""
    found = list(flips(audited, 30, seed=12))
    altered = [flip for flip in found if flip.altered]
    assert [flip for flip in altered if not (flip.verify and flip.export)] == []
    assert len(altered) >= 10
    assert proved(audited), "and the bits were flipped back"


@pytest.mark.slow
def test_every_one_of_hundreds_of_bits_that_changes_an_event_is_noticed(audited: Home) -> None:
    """`scripts/ledger-fuzz flips` does a thousand. SQLite's own check notices few of them."""
    altered = [flip for flip in flips(audited, 250, seed=3) if flip.altered]
    assert [flip for flip in altered if not (flip.verify and flip.export)] == []
    assert sum(flip.sqlite for flip in altered) < len(altered) / 2


def cut(audited: Path) -> None:
    """The last events never happened."""
    tamper(audited / LOG, f"DELETE FROM events WHERE position > (SELECT max(position) - {TAIL} + 1"
                       " FROM events)")  # fmt: skip
    mended(audited)


def rewritten(audited: Path) -> None:
    """It was never urgent."""
    of, to = '"priority":2', '"priority":4'
    tamper(
        audited / LOG,
        f"UPDATE events SET body = CAST(replace(CAST(body AS TEXT), '{of}', '{to}') AS BLOB)"
        f" WHERE position = 3 AND instr(CAST(body AS TEXT), '{of}')",
    )
    mended(audited)


def swapped(audited: Path) -> None:
    """Two incidents have each other's priority."""
    with closing(sqlite3.connect(audited / LOG, isolation_level=None)) as connection:
        bodies = connection.execute(
            "SELECT body FROM events WHERE topic = 'incident.prioritised' ORDER BY position LIMIT 2"
        ).fetchall()
    one, two = (orjson.loads(body) for (body,) in bodies)
    one["data"], two["data"] = two["data"], one["data"]
    changes = [
        f"UPDATE events SET body = x'{orjson.dumps(event, option=orjson.OPT_SORT_KEYS).hex()}'"
        f" WHERE position = {event['position']}"
        for event in (one, two)
    ]
    tamper(audited / LOG, *changes)
    mended(audited)


def mended(audited: Path) -> None:
    """Everything that is kept about the events is made to fit them, and what was signed is gone."""
    with closing(sqlite3.connect(audited / LOG, isolation_level=None)) as connection:
        bodies = [body for (body,) in connection.execute("SELECT body FROM events").fetchall()]
        kept = {orjson.loads(body)["command_id"].replace("-", "") for body in bodies}
        for (command,) in connection.execute("SELECT command_id FROM commands").fetchall():
            if command.hex() not in kept:
                connection.execute("DELETE FROM commands WHERE command_id = ?", (command,))
        connection.execute("DELETE FROM checkpoints")
    rebuilt(audited)


@pytest.mark.parametrize("attack", [cut, rewritten, swapped])
def test_without_an_outside_checkpoint_a_consistent_forgery_is_not_found(
    audited: Home, attack: Attack
) -> None:
    """A tree alone proves that a log agrees with itself. We say so, and here it is."""
    attack(audited.path)
    assert answer("--home", audited.path, "verify", "--log-only").exit_code == 0
    assert exported(audited) == []


@pytest.mark.parametrize("attack", [cut, rewritten, swapped])
def test_with_an_outside_checkpoint_the_same_forgery_is_found(
    audited: Home, attack: Attack
) -> None:
    attack(audited.path)
    held = audited.path.parent / "held.txt"
    assert answer("--home", audited.path, "ledger", "check", held).exit_code == 1
    assert exported(audited, held=True)


def test_an_old_backup_in_the_place_of_the_log_is_found(audited: Home, tmp_path: Path) -> None:
    """It is sound, and signed: only it is not all."""
    file = audited.path / LOG
    later = file.read_bytes()
    cut(audited.path)
    held = tmp_path / "held.txt"
    assert answer("--home", audited.path, "ledger", "check", held).exit_code == 1
    file.write_bytes(later)
    assert answer("--home", audited.path, "ledger", "check", held).exit_code == 0


def test_an_export_with_the_auditors_checkpoints_warns_whoever_makes_it(audited: Home) -> None:
    cut(audited.path)
    held, file = audited.path.parent / "held.txt", audited.path.parent / "export.jsonl"
    made = answer("--home", audited.path, "audit", "export", "--all", "-o", file, "--held", held)
    assert made.exit_code == 1
    assert "is longer than the log here" in made.err
    assert "The file was written, and does not verify." in made.err


def exported(audited: Home, *, held: bool = False) -> list[str]:
    """What an auditor finds wrong in an export of everything."""
    file = audited.path.parent / "export.jsonl"
    answer("--home", audited.path, "audit", "export", "--all", "-o", file, "--force")
    return found_wrong(file.read_bytes(), audited, held=held)
