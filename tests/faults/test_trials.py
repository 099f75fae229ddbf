"""Are trials run as they are asked for, and is what they leave told as it was?"""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from tests.faults import __main__ as program
from tests.faults.board import Book, Table
from tests.faults.clocks import going_back
from tests.faults.flushes import premature
from tests.faults.powercuts import root
from tests.faults.probing import Heard
from tests.faults.running import MODULES, Ended, Order, every_trial
from tests.faults.trials import Result, Site, Trial, within
from tests.faults.wire import Answer
from tests.ledger.kit import grow
from tests.postgres import Postgres
from tests.store.samples import ACKNOWLEDGED, NOON, drafts
from tests.whatif.kit import writing
from tocsin.settings import Settings

FINE = Result(2, ok=True, acknowledged=1_234, recoveries=[1.0, 2.0, 6.0], remark="all there")
WORSE = Result(2, ok=False, lost=3)


def trial(number: str, lacks: str = "") -> Trial:
    return Trial(number, f"trial {number}", lambda site, size: FINE, 1, 2, lambda: lacks)


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "each", [each for each in every_trial() if each.short], ids=lambda each: str(each.number)
)
def test_it_holds(each: Trial, tmp_path: Path, postgres: Postgres) -> None:
    """As often as in the short form of `scripts/faults`."""
    if why := each.lacks():
        pytest.skip(why)
    postgres.start()
    result = each.run(Site(tmp_path, postgres, seed=7), each.short)
    assert result.ok, result


def test_each_trial_has_a_number_of_its_own_and_every_module_of_trials_is_run() -> None:
    numbers = [each.number for each in every_trial()]
    having = {
        file.stem
        for file in Path(program.__file__).parent.glob("*.py")
        if "\nTRIALS" in file.read_text("utf-8")
    }
    assert len(set(numbers)) == len(numbers)
    assert set(MODULES) == having


def test_a_trial_is_asked_for_by_its_number_or_by_that_of_which_it_is_a_part() -> None:
    asked = {number: within(trial(number), ["T1", "t2B"]) for number in ("T1", "T1b", "T10", "T2")}
    assert asked == {"T1": True, "T1b": True, "T10": False, "T2": False}
    assert within(trial("T2b"), ["t2B"])
    assert within(trial("T9"), [])


def test_a_line_says_what_was_left() -> None:
    table = Table([trial("T1"), trial("T10")])
    (head, fine, worse, missing) = (
        table.head,
        table.line(trial("T1"), FINE),
        table.line(trial("T10"), WORSE),
        table.not_run(trial("T10"), "no root"),
    )
    assert fine.split()[3:] == "2 1,234 0 0 0 2.00 s 6.00 s ok all there".split()
    assert worse.split()[3:] == "2 0 3 0 0 - - FAILED".split()
    assert missing.endswith("not run  no root")
    assert head.index("verdict") == fine.index("ok  ") == worse.index("FAILED")


def test_what_went_well_is_not_run_again_and_what_failed_is(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    book = Book(file, resume=False)
    book.keep(trial("T1"), 2, FINE)
    book.keep(trial("T2"), 2, WORSE)
    again = Book(file, resume=True)
    assert again.find(trial("T1"), 2) == FINE
    assert again.find(trial("T1"), 500) is None
    assert again.find(trial("T2"), 2) is None
    assert Book(file, resume=False).find(trial("T1"), 2) is None


def test_lines_stand_in_order_and_one_that_failed_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = [trial("T1"), trial("T2", lacks="no root"), trial("T3")]
    left = {"T1": WORSE, "T3": FINE}

    def run_all(orders: list[Order], jobs: int) -> Any:
        for order in reversed(orders):
            yield Ended(order, left[order.trial.number], 0.1)

    monkeypatch.setattr(program, "run_all", run_all)
    want: Any = SimpleNamespace(work=tmp_path, resume=False, runs=None, short=True, seed=1, jobs=2)
    assert not program.hold(trials, want)
    said = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in said] == ["T1", "T2", "T3"]
    left["T1"] = FINE
    assert program.hold(trials, want), "the short form may do without what a machine lacks"
    want.short = False
    assert not program.hold(trials, want)
    kept = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert {(each["number"], each["size"]) for each in kept} == {("T1", 2), ("T3", 2)}


def heard(sent: float, received: float, status: int = 201) -> Heard:
    headers = b"content-type: application/problem+json\r\nretry-after: 1"
    return Heard(f"{sent}", sent, received, Answer(status, headers, b"{}"))


def test_an_answer_that_left_before_its_flush_is_found() -> None:
    """A flush that began before the command was sent, ended after its answer, or failed, is not
    its own."""
    flushes = [(1.0, 2.0, True), (3.0, 4.0, False)]
    kept, early, late, failed, refused = (
        heard(0.9, 2.1), heard(0.9, 1.9), heard(1.1, 2.1), heard(2.9, 4.1), heard(5.0, 6.0, 503)
    )  # fmt: skip
    found = premature([kept, early, late, failed, refused], flushes)
    assert found == [early.key, late.key, failed.key]


def test_a_no_says_why_and_when_to_come_back() -> None:
    assert heard(1, 2, 503).in_order
    assert not heard(1, 2, 500).in_order
    assert not Heard("key", 1, 2, None).in_order
    assert not Heard("key", 1, 2, Answer(503, b"", b"")).in_order


def test_the_tree_is_made_anew_from_what_is_stored(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with writing(settings) as log:
        grow(log, 5)
        first = log.tree_root(5)
        grow(log, 3)
    assert root(settings, 5) == first
    assert root(settings, 8) != first
    assert root(settings, 9) is None


def test_an_event_that_was_recorded_before_the_one_before_it_is_found() -> None:
    one, other = uuid4(), uuid4()
    first, second = drafts(ACKNOWLEDGED, ACKNOWLEDGED, stream=one, after=0, command_id=uuid4())
    (elsewhere,) = drafts(ACKNOWLEDGED, stream=other, after=0, command_id=uuid4())
    earlier = NOON - timedelta(days=1)
    assert going_back([first, replace(elsewhere, recorded_at=earlier), second]) == []
    assert going_back([first, replace(second, recorded_at=earlier)]) == [f"version 2 of {one}"]
