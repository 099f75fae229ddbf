"""What a fault test is: it is run so often, counts what was acknowledged, and is judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgres import Postgres


@dataclass(frozen=True)
class Site:
    """Where a trial runs."""

    folder: Path
    """Empty, and the trial's own."""
    postgres: Postgres
    """A running server of which it may make databases; whatever else it does to it, it undoes."""
    seed: int


@dataclass(frozen=True)
class Result:
    """What was left after a trial. A control is `ok` when it failed as it had to."""

    runs: int
    ok: bool
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    gaps: int = 0
    recoveries: Sequence[float] = field(default=())
    """Seconds from each fault until all was well again."""
    remark: str = ""
    """What else it found, in a few words and figures."""


def together(results: Sequence[Result]) -> Result:
    """What was left after several of one kind, with the last remark."""
    return Result(
        runs=sum(each.runs for each in results),
        ok=all(each.ok for each in results),
        acknowledged=sum(each.acknowledged for each in results),
        lost=sum(each.lost for each in results),
        doubled=sum(each.doubled for each in results),
        gaps=sum(each.gaps for each in results),
        recoveries=[seconds for each in results for seconds in each.recoveries],
        remark=results[-1].remark,
    )


@dataclass(frozen=True)
class Trial:
    """One line of the table."""

    number: str
    """Of the list of fault tests, such as `T2`; letters tell its parts and controls apart."""
    name: str
    run: Callable[[Site, int], Result]
    """Asked with the number of runs: deaths, cuts, operations, minutes, as the name says."""
    short: int
    """None at all when the suite already does as much."""
    long: int
    lacks: Callable[[], str] = lambda: ""
    """Why it cannot run on this machine, with the way out; empty when it can."""
    alone: bool = False
    """Whether what it says of speed would be spoilt by another trial beside it."""


def within(trial: Trial, wanted: Sequence[str]) -> bool:
    """Whether it is asked for: by its number, or by that of which it is a part; `T1` is not T10."""
    names = [trial.number, trial.number.rstrip("abcdefghijklmnopqrstuvwxyz")]
    return not wanted or any(name.lower() in names_of(wanted) for name in names)


def names_of(wanted: Sequence[str]) -> set[str]:
    """What was asked for, however it was written."""
    return {each.lower() for each in wanted}
