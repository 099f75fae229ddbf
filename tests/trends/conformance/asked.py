"""All questions to all trends of one lake on one engine, in a process of its own.

It asks twice: while only the first half of the lake is there, and when all of it is. The second
answers are those of the first, kept and continued by what was added. It says when it has answered
how many, and writes what it was answered.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from tests.trends.conformance import questions
from tocsin.lake import open_lake
from tocsin.lake.lake import Lake
from tocsin.lake.segments import Segments
from tocsin.settings import Settings

HIDDEN = ".hidden"


def main() -> int:
    """Ask, and write the answers as lines of JSON."""
    wanted = argparse.ArgumentParser()
    wanted.add_argument("engine")
    wanted.add_argument("lake", type=Path)
    wanted.add_argument("answers", type=Path)
    wanted.add_argument("--shapes", choices=("usual", "oddest", "few", "many"), default="many")
    wanted.add_argument("--calendars", action="store_true")
    wanted.add_argument("--fresh", action="store_true", help="only when all of it is there")
    said = wanted.parse_args()
    settings = Settings.from_environment()
    with (
        said.answers.open("wb") as answers,
        open_lake(said.lake, settings=settings, engine=said.engine) as lake,
    ):
        tell("ready")
        if not said.fresh:
            with half(lake.segments):
                for line in answered(lake, said.shapes, said.calendars, "half"):
                    answers.write(line)
        for line in answered(lake, said.shapes, said.calendars, "whole"):
            answers.write(line)
    return 0


def answered(lake: Lake, shapes: str, calendars: bool, stage: str) -> Iterator[bytes]:
    """Each question with its rows, the position they are of, and how long they took."""
    for trend in lake.trends.values():
        for question in getattr(questions, shapes)(trend, calendars):
            began = time.perf_counter()
            said = {"stage": stage, "question": question.said()}
            try:
                answer = lake.ask(question)
            except Exception as error:
                # One that fails must not hide what the others come to.
                said |= {"error": f"{type(error).__name__}: {str(error)[:1_000]}", "rows": []}
            else:
                said |= {"rows": answer.json()["rows"], "position": answer.position}
            said["seconds"] = round(time.perf_counter() - began, 3)
            yield orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)
            tell(f"{trend.name}")


@contextmanager
def half(segments: Segments) -> Iterator[None]:
    """The lake as it was when half of its segments were there, and no tail."""
    manifests = sorted((segments.folder / "segments").glob("*.json"))
    later = manifests[len(manifests) // 2 :] if len(manifests) > 1 else []
    tails = segments.folder / "tail"
    moved = [*later, *([tails] if tails.exists() and manifests else [])]
    for path in moved:
        path.rename(path.with_name(path.name + HIDDEN))
    try:
        yield
    finally:
        for path in moved:
            path.with_name(path.name + HIDDEN).rename(path)


def tell(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
