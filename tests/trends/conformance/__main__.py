"""Every trend on every engine, held against DuckDB row by row: `scripts/trends-conformance`."""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.trends.conformance import lakes
from tests.trends.conformance.cluster import WORKERS, Cluster, cluster, until
from tests.trends.conformance.lakes import Known
from tests.trends.conformance.running import ROOT, Asked, Failed, ask, differences

HERE = Path(sys.executable)
SHOWN = 5
MEBIBYTE = 1_048_576


@dataclass(frozen=True)
class Engine:
    """One way to work out trends."""

    name: str
    address: str
    extra: str = ""
    """What its own environment is called after; without one it shares ours."""
    shapes: str = "many"
    """Which questions it is asked of the lake drawn by lot."""
    elsewhere: str = "many"
    """And of the others."""
    cluster: bool = False
    dies: bool = False
    """Whether a worker dies while it works."""


ENGINES = (
    Engine("DuckDB, not continued", "duckdb"),
    Engine("ClickHouse (chDB)", "chdb"),
    Engine("Sail", "sail", "sail"),
    Engine("Spark, local[2]", "local[2]", "spark", "few", "usual"),
    Engine("Spark, 2 workers", "", "spark", "few", "usual", cluster=True),
    Engine("Spark, 1 of 2 killed", "", "spark", "few", "usual", cluster=True, dies=True),
)


def main() -> int:
    """Ask all of them, and print a table; 1 if any row differs."""
    wanted = argparse.ArgumentParser(prog="scripts/trends-conformance", description=__doc__)
    wanted.add_argument("--short", action="store_true", help="DuckDB and ClickHouse alone")
    wanted.add_argument("--only", default="", help="engines whose names match, as in chdb|sail")
    wanted.add_argument("--lake", default="", help="drawn, demo or real year; all if not said")
    said = wanted.parse_args()
    asked = ENGINES[:2] if said.short else ENGINES
    engines = [each for each in asked if re.search(said.only, each.name, re.IGNORECASE)]
    environments = {each.extra: environment(each.extra) for each in engines}
    right = True
    with TemporaryDirectory(prefix="tocsin-trends-") as name:
        folder = Path(name)
        found = lakes.all_of_them(folder / "lakes")
        for known in (each for each in found if said.lake in each.name):
            ours = ask(HERE, "duckdb", known, folder / known.name / "ours")
            trends = {line["question"]["trend"] for line in ours.answers.values()}
            rows = sum(len(line["rows"]) for line in ours.answers.values())
            say(f"\nLake {known.name}: {len(trends)} trends, {rows:,} rows in all answers")
            say(HEAD)
            say(line_of("DuckDB", ours, 0))
            for engine in engines:
                place = folder / known.name / str(ENGINES.index(engine))
                right &= compared(engine, environments[engine.extra], known, place, ours)
    return 0 if right else 1


HEAD = f"{'engine':24} {'trends':>6} {'questions':>9} {'equal':>6} {'seconds':>8} {'peak MiB':>8}"


def line_of(name: str, asked: Asked, different: int) -> str:
    """One line of the table."""
    trends = {line["question"]["trend"] for line in asked.answers.values()}
    questions = len(asked.answers)
    return (
        f"{name:24} {len(trends):6} {questions:9} {questions - different:6}"
        f" {asked.seconds:8.0f} {asked.peak_bytes // MEBIBYTE:8}"
    )


def compared(engine: Engine, python: Path, known: Known, place: Path, ours: Asked) -> bool:
    """Ask one engine, and say what came of it; false if any row differs."""
    with cluster(python, place / "cluster") if engine.cluster else nullcontext() as there:
        try:
            theirs = ask(
                python,
                there.address if there else engine.address,
                known,
                place / "asked",
                shapes=engine.shapes if known.name == lakes.DRAWN else engine.elsewhere,
                fresh=engine.name.endswith("not continued"),
                also=there.pids if there else (),
                told=killer(there) if there and engine.dies else lambda _: None,
            )
        except Failed as failed:
            say(f"{engine.name:24} {failed}")
            return False
        if there:
            left = there.alive()
            assert left == WORKERS - engine.dies, f"{left} workers are left"
    found = differences(ours, theirs)
    say(line_of(engine.name, theirs, len(found)))
    for sentence in found[:SHOWN]:
        say(f"    {sentence}")
    return not found


def environment(extra: str) -> Path:
    """The Python of an environment with that engine; it is made if it is not there."""
    if not extra:
        return HERE
    place = ROOT / f".venv-{extra}"
    python, stamp = place / "bin" / "python", place / "tocsin-bootstrap"
    wanted = "".join((ROOT / name).read_text() for name in ("pyproject.toml", "constraints.txt"))
    if not stamp.exists() or stamp.read_text() != wanted:
        say(f"Making {place.name}, for {extra}")
        subprocess.run([HERE, "-m", "venv", "--clear", place], check=True)
        pip = "-m pip --quiet --quiet --disable-pip-version-check install"
        words = [
            str(python),
            *pip.split(),
            "--constraint",
            "constraints.txt",
            "--editable",
            f".[trends,{extra}]",
        ]
        subprocess.run(words, cwd=ROOT, check=True)
        stamp.write_text(wanted)
    return python


def killer(there: Cluster) -> Callable[[int], None]:
    """Something that ends a worker after some answers, while both of them work."""
    killed: list[int] = []

    def told(number: int) -> None:
        if number == KILLED_AFTER and not killed:
            until(lambda: there.busy() == WORKERS, "work for both workers")
            there.kill_worker()
            killed.append(number)

    return told


KILLED_AFTER = 10


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
